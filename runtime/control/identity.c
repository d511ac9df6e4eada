/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - becoming the container's user: stdio's owner, groups, gid, uid, umask; see
 * credentials(7). Ids are numbers from the spec, never names, never looked up. Raw calls: glibc's
 * wrappers signal all threads, of which there are none.
 *
 * The order is the point. Groups before the uid: afterwards they could not be dropped (CWE-271).
 * The bounding set has been dropped before, in PRIVS; caps.c gives the final sets afterwards. */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/host_side.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_STDIO, OP_GROUPS, OP_GID, OP_UID, OP_UMASK };
enum { GROUPS_MAX = 65536 };   /* NGROUPS_MAX of Linux */
enum { DEFAULT_UMASK = 0022 }; /* config.md: unset is the runtime's choice; runc's is this */
#define ID_MAX 4294967294ULL   /* (uid_t)-1 means "leave as it is" to setresuid(2) */

struct id_step {
	uint32_t id;
};

struct groups_step {
	uint32_t n;
	uint32_t may_be_denied; /* EPERM is the user namespace's setgroups=deny, and nothing was
				   asked */
	uint32_t gids[];
};

/* Whether the user namespace that we are in lets nobody change the groups, see user_namespaces(7). */
static bool is_denied_to_us(void)
{
	char text[16];

	return bw_read_at(AT_FDCWD, "/proc/self/setgroups", text, sizeof text) >= 0 && bw_after_prefix(text, "deny");
}

static int check_id(uint64_t id, const char *place, struct bw_err *err)
{
	if (id <= ID_MAX)
		return 0;
	bw_fail(err, BW_E_SPEC, 0, "/process/user/%s: %llu is not between 0 and %llu", place,
		(unsigned long long)id, ID_MAX);
	return bw_at(err, "/process/user/%s", place);
}

/* The list exactly; an empty one clears. Without privilege in the parent a new user namespace has
 * setgroups=deny (user_namespaces(7)): then the groups are the caller's own, which gives nothing
 * that the caller has not got, and only a list that was asked for fails. Root's groups are never
 * kept. */
static int add_groups(const struct bw_request *request, const struct bw_uints *gids,
	struct bw_plan *plan, struct bw_err *err)
{
	size_t len = sizeof(struct groups_step) + gids->n * sizeof(uint32_t);
	struct groups_step *step;

	if (gids->n > GROUPS_MAX) {
		bw_fail(err, BW_E_SPEC, 0,
			"/process/user/additionalGids: %zu groups are more than %d", gids->n,
			GROUPS_MAX);
		return bw_at(err, "/process/user/additionalGids");
	}
	step = bw_arena_alloc(request->arena, len);
	if (!step)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "groups");
	step->n = (uint32_t)gids->n;
	step->may_be_denied = !gids->n && !request->host->root.v &&
			      (bw_in_user_namespace(request->spec) || is_denied_to_us());
	for (size_t i = 0; i < gids->n; i++) {
		if (check_id(gids->v[i], "additionalGids", err) < 0)
			return -1;
		step->gids[i] = (uint32_t)gids->v[i];
	}
	return bw_plan_add(plan, BW_CONTROL_identity, OP_GROUPS, BW_PHASE_CREDS, step, len, err);
}

static int add_id(struct bw_plan *plan, uint16_t op, uint64_t id, struct bw_err *err)
{
	struct id_step step = {(uint32_t)id};

	return bw_plan_add(plan, BW_CONTROL_identity, op, BW_PHASE_CREDS, &step, sizeof step, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	static const struct bw_spec_user root;
	const struct bw_spec_user *user = request->process->user ? request->process->user : &root;

	if (check_id(user->uid.v, "uid", err) < 0 || check_id(user->gid.v, "gid", err) < 0)
		return -1;
	if (add_id(plan, OP_STDIO, user->uid.v, err) < 0 ||
		add_groups(request, &user->additional_gids, plan, err) < 0 ||
		add_id(plan, OP_GID, user->gid.v, err) < 0 ||
		add_id(plan, OP_UID, user->uid.v, err) < 0)
		return -1;
	return add_id(plan, OP_UMASK, user->umask.set ? user->umask.v & 0777 : DEFAULT_UMASK, err);
}

static void say_groups(const struct groups_step *step, char *buf, size_t size)
{
	if (step->n)
		snprintf(buf, size, "set %u supplementary groups", step->n);
	else
		snprintf(buf, size, "clear supplementary groups%s",
			step->may_be_denied ? ", or keep the caller's where setgroups is denied in "
					      "this user namespace"
					    : "");
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct id_step *step = data;

	(void)len;
	if (op == OP_STDIO)
		snprintf(buf, size, "give stdio to uid %u", step->id);
	else if (op == OP_GROUPS)
		say_groups(data, buf, size);
	else if (op == OP_UMASK)
		snprintf(buf, size, "set umask %04o", step->id);
	else
		snprintf(buf, size, "become %s %u", op == OP_UID ? "uid" : "gid", step->id);
}

static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	const struct id_step *step = data;
	const char *what = op == OP_UID ? "uid" : "gid";

	(void)len;
	if (sys == EINVAL && (op == OP_UID || op == OP_GID)) {
		bw_fail(err, BW_E_SPEC, 0, "cannot set%s to unmapped %s %u in user namespace", what,
			what, step->id);
		bw_at(err, "/process/user/%s", what);
	}
}

const struct bw_control bw_identity = {
	.name = "identity",
	.about = "user, groups, umask, owner of stdio",
	.prepare = prepare,
	.say = say,
	.complain = complain,
};

/* A pty or pipe that the caller opened must be usable by the container's user. The host's /dev/null
 * is everybody's: it is left alone. An owner outside our user namespace (EPERM, EINVAL) or a
 * read-only file system (EROFS) is no reason not to start. */
static int give_stdio(uint32_t uid)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0) {
			if (errno == EBADF)
				continue;
			return -errno;
		}
		if (st.st_uid == uid || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EPERM && errno != EROFS &&
			errno != EINVAL)
			return -errno;
	}
	return 0;
}

static int set_groups(const struct groups_step *step)
{
	if (syscall(SYS_setgroups, step->n, step->gids) == 0)
		return 0;
	return errno == EPERM && step->may_be_denied ? 0 : -errno;
}

int bw_identity_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const uint32_t id = ((const struct id_step *)data)->id;
	long r = 0;

	(void)child, (void)len;
	if (op == OP_STDIO)
		return give_stdio(id);
	if (op == OP_GROUPS)
		return set_groups(data);
	if (op == OP_GID)
		r = syscall(SYS_setresgid, id, id, id);
	else if (op == OP_UID)
		r = syscall(SYS_setresuid, id, id, id);
	else
		umask(id);
	return r < 0 ? -errno : 0;
}
