/* SPDX-License-Identifier: Apache-2.0 */
/* rootless.c - the rights of a caller who is not root: user_namespaces(7). A namespace made here is not the
 * container's, which lies beneath it: from inside the container this process is as much out of reach as root's. */
#include "container/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "control/helper.h"

enum { MAX_RANGES = 340 }; /* the kernel takes no more lines */

struct range {
	uint64_t first, count;
};
struct ranges {
	struct range v[MAX_RANGES];
	size_t n;
	uint64_t own;
};

/* The kinds of ids. */
static const struct kind {
	const char *file, *program;
} kinds[] = {{"/proc/self/uid_map", "newuidmap"}, {"/proc/self/gid_map", "newgidmap"}};

static bool may_mount(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & 1U << CAP_SYS_ADMIN);
}

static int add_range(struct ranges *ranges, uint64_t first, uint64_t count, const char *name, struct bw_err *err)
{
	if (ranges->n == MAX_RANGES) {
		bw_fail(err, BW_E_SPEC, 0, "/linux/%s: more than %d ranges", name, MAX_RANGES);
		return bw_at(err, "/linux/%s", name);
	}
	ranges->v[ranges->n++] = (struct range){first, count};
	return 0;
}

/* What spec maps, and our own id, which we keep. */
static int collect(const struct bw_spec_id_mappings *mappings, uint64_t own, const char *name, struct ranges *ret,
	struct bw_err *err)
{
	bool has_own = false;

	*ret = (struct ranges){.own = own};
	if (!mappings->n) {
		bw_fail(err, BW_E_SPEC, 0, "/linux/%s: rootless containers requires at least one mapping", name);
		return bw_at(err, "/linux/%s", name);
	}
	for (size_t i = 0; i < mappings->n; i++) {
		uint64_t first = mappings->v[i].host_id.v, count = mappings->v[i].size.v;

		if (add_range(ret, first, count, name, err) < 0)
			return -1;
		has_own = has_own || (own >= first && own - first < count);
	}
	return has_own ? 0 : add_range(ret, own, 1, name, err);
}

static bool is_own_alone(const struct ranges *ranges)
{
	return ranges->n == 1 && ranges->v[0].first == ranges->own && ranges->v[0].count == 1;
}

/* --- by ourselves: one's own id needs no privilege --- */

static int write_own(const char *file, uint64_t id, struct bw_err *err)
{
	char text[64];
	int r;

	snprintf(text, sizeof text, "%llu %llu 1\n", (unsigned long long)id, (unsigned long long)id);
	r = bw_write_at(AT_FDCWD, file, text);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "writing %s", file) : 0;
}

static int map_own(const struct ranges *uids, const struct ranges *gids, struct bw_err *err)
{
	int r;

	if (is_own_alone(uids) && write_own(kinds[0].file, uids->own, err) < 0)
		return -1;
	if (!is_own_alone(gids))
		return 0;
	/* Groups can be a refusal ("all but this group may read"): who drops them must have had the right to. */
	r = bw_write_at(AT_FDCWD, "/proc/self/setgroups", "deny");
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "writing /proc/self/setgroups");
	return write_own(kinds[1].file, gids->own, err);
}

/* --- by newuidmap and newgidmap, which know what root has given the caller --- */

static int find_program(const char *name, char path[64])
{
	static const char *const directories[] = {"/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin"};

	for (size_t i = 0; i < BW_COUNT(directories); i++) {
		snprintf(path, 64, "%s/%s", directories[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -1;
}

static int map_by_program(const struct kind *kind, const struct ranges *ranges, pid_t pid, struct bw_err *err)
{
	auto_free char **args = calloc(3 * ranges->n + 3, sizeof *args);
	auto_free char *texts = malloc(16 + ranges->n * 48);
	char path[64], answer[400], *at = texts;
	int code;

	if (!args || !texts)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "id maps");
	if (find_program(kind->program, path) < 0)
		return bw_fail(err, BW_E_HOST, 0, "mapping more than one's own id needs %s, which is not installed", kind->program);
	args[0] = path;
	args[1] = at;
	at += sprintf(at, "%d", (int)pid) + 1;
	for (size_t i = 0; i < 3 * ranges->n; i++) {
		const struct range *range = &ranges->v[i / 3];

		args[2 + i] = at;
		at += sprintf(at, "%llu", (unsigned long long)(i % 3 == 2 ? range->count : range->first)) + 1;
	}
	code = bw_helper_run(&(struct bw_helper){.args = (const char *const *)args, .input = -1}, answer, sizeof answer, err);
	if (code == 0)
		return 0;
	if (code > 0)
		bw_fail(err, BW_E_HOST, 0, "%s: %s", kind->program, answer[0] ? answer : "ended without a word");
	return bw_hint(err, "/etc/subuid and /etc/subgid say which ids are the caller's");
}

/* In the child that has stayed outside: waits for the word, maps, reports. */
_Noreturn static void map_from_outside(int word, int report, const struct ranges *uids, const struct ranges *gids)
{
	struct bw_err err = {0};
	pid_t pid = getppid();
	char go;

	if (TEMP_FAILURE_RETRY(read(word, &go, 1)) != 1)
		_exit(1);
	if (is_own_alone(uids) || map_by_program(&kinds[0], uids, pid, &err) == 0)
		(void)!(is_own_alone(gids) || map_by_program(&kinds[1], gids, pid, &err) == 0);
	if (bw_write_all(report, &err, sizeof err) < 0)
		_exit(1);
	_exit(0);
}

struct outside {
	pid_t pid;
	int word, report; /* our ends */
};

static int fork_outside(const struct ranges *uids, const struct ranges *gids, struct outside *ret, struct bw_err *err)
{
	int word[2], report[2];

	if (pipe2(word, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe");
	if (pipe2(report, O_CLOEXEC) < 0) {
		close(word[0]);
		close(word[1]);
		return bw_fail(err, BW_E_KERNEL, errno, "pipe");
	}
	ret->pid = fork();
	if (ret->pid == 0) {
		close(word[1]);
		close(report[0]);
		map_from_outside(word[0], report[1], uids, gids);
	}
	ret->word = word[1];
	ret->report = report[0];
	close(word[0]);
	close(report[1]);
	return ret->pid < 0 ? bw_fail(err, BW_E_KERNEL, errno, "fork") : 0;
}

/* Closes both ends; said: whether it was given the word. */
static int end_outside(struct outside *outside, bool said, struct bw_err *err)
{
	struct bw_err answer = {0};
	ssize_t got = 0;
	int status;

	if (said)
		(void)!write(outside->word, "", 1);
	close(outside->word);
	if (said)
		got = TEMP_FAILURE_RETRY(read(outside->report, &answer, sizeof answer));
	close(outside->report);
	if (outside->pid > 0)
		(void)!bw_wait(outside->pid, &status);
	if (!said)
		return 0;
	if (got != (ssize_t)sizeof answer)
		return bw_fail(err, BW_E_INTERNAL, 0, "mapping ids: the process outside died");
	if (answer.code == BW_E_NONE)
		return 0;
	*err = answer;
	return -1;
}

/* --- */

static int enter(const struct ranges *uids, const struct ranges *gids, struct bw_err *err)
{
	bool alone = is_own_alone(uids) && is_own_alone(gids), entered;
	struct outside outside = {.word = -1, .report = -1};

	if (!alone && fork_outside(uids, gids, &outside, err) < 0) {
		(void)!end_outside(&outside, false, err);
		return -1;
	}
	/* The mount namespace comes with it: what lies in ours can be bound only by who has rights over it. */
	entered = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
	if (!entered)
		bw_fail(err, BW_E_KERNEL, errno, "making a user namespace");
	if (!alone && end_outside(&outside, entered, err) < 0)
		return -1;
	return entered ? map_own(uids, gids, err) : -1;
}

/* Who made a user namespace has all rights in it, and from one of our own, beside it, nobody could enter it. So we
 * prepare in the container's own: from there on the container must find no way to us, see bw_rootless_hide(). */
static int join(const struct bw_spec_namespace *ns, struct bw_err *err)
{
	auto_close int fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return bw_fail(err, BW_E_SPEC, errno, "opening user namespace %s", ns->path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
		return bw_fail(err, BW_E_SPEC, 0, "/linux/namespaces: %s is no user namespace", ns->path);
	bw_debug("not root: preparing in the user namespace %s", ns->path);
	if (setns(fd, CLONE_NEWUSER) < 0) {
		int sys = errno;

		bw_fail(err, BW_E_SPEC, sys, "joining user namespace %s", ns->path);
		return sys == EPERM ? bw_hint(err, "who is not root can join a user namespace that is his own") : -1;
	}
	if (unshare(CLONE_NEWNS) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making a mount namespace");
	return 0;
}

int bw_rootless_enter(const struct bw_spec *spec, bool *ret_joined, struct bw_err *err)
{
	const struct bw_spec_namespace *ns = bw_spec_namespace(spec, "user");
	struct ranges *ranges;
	auto_free void *room = NULL;

	*ret_joined = false;
	if (may_mount())
		return 0;
	if (!ns) {
		bw_fail(err, BW_E_SPEC, 0, "rootless container requires user namespaces");
		return bw_at(err, "/linux/namespaces");
	}
	if (ns->path) {
		*ret_joined = join(ns, err) == 0;
		return *ret_joined ? 0 : bw_at(err, "/linux/namespaces");
	}
	room = calloc(2, sizeof *ranges);
	ranges = room;
	if (!ranges)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "id maps");
	if (collect(&spec->linux_->uid_mappings, geteuid(), "uidMappings", &ranges[0], err) < 0 ||
		collect(&spec->linux_->gid_mappings, getegid(), "gidMappings", &ranges[1], err) < 0)
		return -1;
	bw_debug("not root: making a user namespace to prepare in");
	return enter(&ranges[0], &ranges[1], err);
}

int bw_rootless_hide(bool joined, struct bw_err *err)
{
	if (joined && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "hiding from the container");
	return 0;
}
