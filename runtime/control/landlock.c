/* SPDX-License-Identifier: Apache-2.0 */
/* landlock.c - writing only where a mount is writable, said a second time and irrevocably by
 * Landlock (landlock(7)): a remount, a mount that a kernel fault lets through, or a descriptor of
 * the image's tree does not get round it. Reading and executing are not restricted; ioctls on
 * devices neither, because images open their terminals in ways that no mount table tells.
 *
 * The rules follow from the final mounts. Few of them, for each open(2) of the container walks up
 * to one: what lies beneath a writable mount needs no rule of its own. */
#include "control/control.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/mount_options.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_CREATE, OP_ALLOW, OP_ALLOW_STDIO, OP_ENFORCE };

#define RIGHTS_ON_FILES (BW_LANDLOCK_WRITE_FILE | BW_LANDLOCK_TRUNCATE)

/* Each ABI's new rights to change something. */
static const struct {
	unsigned abi;
	uint64_t rights;
} writing[] = {
	{1, BW_LANDLOCK_WRITE_FILE | BW_LANDLOCK_REMOVE_DIR | BW_LANDLOCK_REMOVE_FILE |
			BW_LANDLOCK_MAKE_CHAR | BW_LANDLOCK_MAKE_DIR | BW_LANDLOCK_MAKE_REG |
			BW_LANDLOCK_MAKE_SOCK | BW_LANDLOCK_MAKE_FIFO | BW_LANDLOCK_MAKE_BLOCK |
			BW_LANDLOCK_MAKE_SYM},
	{2, BW_LANDLOCK_REFER},
	{3, BW_LANDLOCK_TRUNCATE},
};

enum { ABI_WITH_REFER = 2, ABI_WITH_SCOPES = 6 };

/* OP_ALLOW: followed by the path. OP_ALLOW_STDIO: alone. */
struct allow {
	uint64_t rights;
};

struct writable {
	char *path; /* clean */
	uint64_t rights;
};
struct writables {
	struct writable *v;
	size_t n;
};

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	int abi = bw_landlock_create_ruleset(NULL, 0, BW_LANDLOCK_CREATE_VERSION);

	(void)arena, (void)err;
	host->landlock_abi = (struct bw_opt_uint){.set = true, .v = abi > 0 ? (uint64_t)abi : 0};
	return 0;
}

static uint64_t rights_of(uint64_t abi)
{
	uint64_t rights = 0;

	for (size_t i = 0; i < BW_COUNT(writing); i++)
		if (abi >= writing[i].abi)
			rights |= writing[i].rights;
	return rights;
}

/* ---- what is writable ---- */

static bool is_covered(const struct writables *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (bw_path_beneath(path, list->v[i].path))
			return true;
	return false;
}

static int add_writable(const char *path, uint64_t rights, struct writables *list,
	struct bw_arena *arena, struct bw_err *err)
{
	struct writable *writable;

	if (is_covered(list, path))
		return 0;
	writable = bw_push(arena, list);
	if (!writable || !(writable->path = bw_arena_strdup(arena, path)))
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "landlock");
	writable->rights = rights;
	return 0;
}

/* Whether a later mount lies over this one, or over a directory above it. */
static bool is_hidden(const struct bw_spec *spec, size_t at, const char *path)
{
	char later[PATH_MAX];

	for (size_t i = at + 1; i < spec->mounts.n; i++)
		if (bw_path_clean(spec->mounts.v[i].destination, later, sizeof later) &&
			bw_path_beneath(path, later))
			return true;
	return false;
}

static int add_mount(const struct bw_request *request, size_t at, uint64_t rights,
	struct writables *list, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &request->spec->mounts.v[at];
	struct bw_mount_options options;
	char path[PATH_MAX];

	if (!bw_path_clean(mount->destination, path, sizeof path))
		return bw_fail(err, BW_E_SPEC, ENAMETOOLONG, "/mounts/%zu/destination", at);
	if (is_hidden(request->spec, at, path))
		return 0;
	if (bw_mount_options_parse(&mount->options, request->arena, &options) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "landlock");
	if ((options.set | options.rec_set) & MOUNT_ATTR_RDONLY)
		return 0;
	return add_writable(path, rights, list, request->arena, err);
}

/* A device node can be written to on a read-only file system as well. */
static int add_devices(const struct bw_request *request, struct writables *list, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	char path[PATH_MAX];

	if (add_writable("/dev", RIGHTS_ON_FILES, list, request->arena, err) < 0)
		return -1;
	for (size_t i = 0; linux_ && i < linux_->devices.n; i++) {
		if (!bw_path_clean(linux_->devices.v[i].path, path, sizeof path))
			return bw_fail(err, BW_E_SPEC, ENAMETOOLONG, "/linux/devices/%zu/path", i);
		if (add_writable(path, RIGHTS_ON_FILES, list, request->arena, err) < 0)
			return -1;
	}
	return 0;
}

static int collect(const struct bw_request *request, uint64_t rights, struct writables *ret,
	struct bw_err *err)
{
	const struct bw_spec *spec = request->spec;

	if (!spec->root->readonly.v)
		return add_writable("/", rights, ret, request->arena, err);
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (add_mount(request, i, rights, ret, err) < 0)
			return -1;
	return add_devices(request, ret, err);
}

/* ---- planning ---- */

static int add_rules(
	const struct writables *list, uint64_t handled, struct bw_plan *plan, struct bw_err *err)
{
	struct allow stdio = {.rights = RIGHTS_ON_FILES & handled};

	for (size_t i = 0; i < list->n; i++) {
		struct allow allow = {.rights = list->v[i].rights & handled};

		if (bw_plan_add_text(plan, BW_CONTROL_landlock, OP_ALLOW, BW_PHASE_PRIVS, &allow,
			    sizeof allow, list->v[i].path, err) < 0)
			return -1;
	}
	return bw_plan_add(plan, BW_CONTROL_landlock, OP_ALLOW_STDIO, BW_PHASE_PRIVS, &stdio,
		sizeof stdio, err);
}

/* What is missing for the files: ABI 1 cannot allow a rename from one directory to another, and
 * would break package managers in their own workspace. That is for those who require Landlock, not
 * for those who prefer it. */
static const char *obstacle(uint64_t abi, bool required)
{
	if (abi == 0)
		return "this kernel has no Landlock";
	if (abi < ABI_WITH_REFER && !required)
		return "Landlock ABI 1 (before Linux 5.19) would forbid every rename from one "
		       "directory to another";
	return NULL;
}

static int cannot(const char *why, bool required, struct bw_plan *plan, struct bw_err *err)
{
	if (required)
		return bw_fail(err, BW_E_HOST, 0, "the policy requires Landlock: %s", why);
	bw_plan_degrade(plan, BW_CONTROL_landlock, why);
	return 0;
}

static int add_steps(const struct bw_request *request, uint64_t scoped, bool required, struct bw_plan *plan,
	struct bw_err *err)
{
	struct bw_landlock_ruleset ruleset = {
		.handled_fs = rights_of(request->host->landlock_abi.v),
		.scoped = scoped,
	};
	struct writables list = {0};

	if (collect(request, ruleset.handled_fs, &list, err) < 0)
		return -1;
	if (is_covered(&list, "/")) {
		if (cannot("the root file system is writable, which leaves nothing to keep from being written",
			    required, plan, err) < 0)
			return -1;
		ruleset.handled_fs = 0;
	}
	if (!ruleset.handled_fs && !ruleset.scoped)
		return 0;
	if (bw_plan_add(plan, BW_CONTROL_landlock, OP_CREATE, BW_PHASE_PRIVS, &ruleset,
		    sizeof ruleset, err) < 0)
		return -1;
	if (ruleset.handled_fs && add_rules(&list, ruleset.handled_fs, plan, err) < 0)
		return -1;
	return bw_plan_add(plan, BW_CONTROL_landlock, OP_ENFORCE, BW_PHASE_PRIVS, NULL, 0, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	uint64_t abi = request->host->landlock_abi.v, scoped = 0;
	const char *why;
	bool required;

	if (!hardening || !hardening->landlock)
		return 0;
	required = !bw_streq(hardening->landlock, "prefer");
	why = obstacle(abi, required);
	if (why)
		return cannot(why, required, plan, err);
	if (hardening->landlock_scope.v) {
		scoped = BW_LANDLOCK_SCOPE_ABSTRACT | BW_LANDLOCK_SCOPE_SIGNAL;
		if (abi < ABI_WITH_SCOPES) {
			scoped = 0;
			if (cannot("scopes need Landlock ABI 6 (Linux 6.12)", required, plan, err) <
				0)
				return -1;
		}
	}
	return add_steps(request, scoped, required, plan, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct bw_landlock_ruleset *ruleset = data;
	const struct allow *allow = data;

	(void)len;
	switch (op) {
	case OP_CREATE:
		snprintf(buf, size, "deny%s%s%s", ruleset->handled_fs ? " writing" : "",
			ruleset->handled_fs && ruleset->scoped ? "," : "",
			ruleset->scoped ? " abstract sockets and signals to the outside" : "");
		break;
	case OP_ALLOW:
		snprintf(buf, size, "allow %s %s",
			(allow->rights & ~RIGHTS_ON_FILES) ? "everything beneath"
							   : "writing to files at",
			(const char *)data + sizeof *allow);
		break;
	case OP_ALLOW_STDIO:
		snprintf(buf, size, "allow opening standard output again");
		break;
	default:
		snprintf(buf, size, "enforce");
		break;
	}
}

const struct bw_control bw_landlock = {
	.name = "landlock",
	.about = "writing only to writable mounts, by Landlock",
	.probe = probe,
	.prepare = prepare,
	.say = say,
};

/* ---- the child ---- */

static int create(struct bw_child *child, const struct bw_landlock_ruleset *ruleset)
{
	child->scratch = bw_landlock_create_ruleset(ruleset, sizeof *ruleset, 0);
	return child->scratch < 0 ? -errno : 0;
}

/* The kernel refuses rights over directory entries for anything else than a directory. */
static int allow_fd(int ruleset, int fd, uint64_t rights)
{
	struct bw_landlock_path_beneath rule = {.allowed = rights, .parent_fd = fd};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		rule.allowed &= RIGHTS_ON_FILES;
	return bw_landlock_add_path(ruleset, &rule) < 0 ? -errno : 0;
}

static int allow_path(struct bw_child *child, const struct allow *allow)
{
	int fd = bw_open_in(child->root, (const char *)(allow + 1), O_PATH, 0);
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	r = allow_fd(child->scratch, fd, allow->rights);
	close(fd);
	return r;
}

/* Programs open /dev/stdout, a link to what they have already. A file or named pipe of the host
 * lies beneath no mount of ours, so it gets a rule of its own, if it was handed over for writing.
 * Pipes and sockets need none (EBADFD: they are in no hierarchy). */
static int allow_stdio(struct bw_child *child, uint64_t rights)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fcntl(fd, F_GETFL), r;

		if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH))
			continue;
		r = allow_fd(child->scratch, fd, rights);
		if (r < 0 && r != -EBADFD)
			return r;
	}
	return 0;
}

static int enforce(struct bw_child *child)
{
	int r = bw_landlock_restrict_self(child->scratch, 0) < 0 ? -errno : 0;

	close(child->scratch);
	child->scratch = -1;
	return r;
}

int bw_landlock_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)len;
	switch (op) {
	case OP_CREATE:
		return create(child, data);
	case OP_ALLOW:
		return allow_path(child, data);
	case OP_ALLOW_STDIO:
		return allow_stdio(child, ((const struct allow *)data)->rights);
	default: /* OP_ENFORCE */
		return enforce(child);
	}
}
