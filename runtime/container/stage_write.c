/* SPDX-License-Identifier: Apache-2.0 */
/* stage_write.c - the writer of `stage`: a process that puts files into a container's workspace. Its memory counts as the
 * container's, as that of the files does; it has the rights of the container's user over files and none besides; it holds
 * the workspace and one file at a time, which we hand it, and cannot be traced. Nothing of the container is executed, and
 * its mount namespace is not entered: names are looked up beneath the descriptor of the workspace, without links, and a
 * file has no name before it is complete. */
#include "container/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"

enum { CHUNK = 64 << 10, TRIES = 16 };

enum outcome { DONE, TOO_LARGE, NO_DIRECTORY, NO_FILE, NOT_READ, NOT_WRITTEN, NO_NAME, NO_CHARGE, NO_RIGHTS };

struct order {
	uint64_t index, max; /* of the item; bytes that may still come */
};
struct answer {
	uint64_t bytes, patterns;
	int32_t outcome, sys;
};

/* ---- in the writer ---- */

struct work {
	const struct bw_stage *stage;
	const struct bw_stage_writer *writer;
	int sock;
	size_t longest; /* of the patterns */
	unsigned char buf[BW_STAGE_PATTERN_LONGEST + CHUNK];
};

static void give_up_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capset, &header, none) < 0)
		_exit(1);
}

/* Memory first: from here on what is written counts as the container's. Ids of the process stay ours, so that nobody in the
 * container can send it a signal; over files it is the container's user. */
static enum outcome become(const struct work *work, pid_t parent)
{
	const struct bw_stage_writer *writer = work->writer;
	const struct rlimit none = {0, 0};

	/* Where memory ends, the writer is to be killed and not the container's program. */
	if (bw_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "1000") < 0)
		return NO_RIGHTS;
	if (writer->charge >= 0 && write(writer->charge, "0", 1) < 0)
		return NO_CHARGE;
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return NO_RIGHTS;
	if (geteuid() == 0 && setgroups(0, NULL) < 0)
		return NO_RIGHTS;
	setfsgid(writer->gid);
	setfsuid(writer->uid);
	if ((uid_t)setfsuid((uid_t)-1) != writer->uid || (gid_t)setfsgid((gid_t)-1) != writer->gid) {
		errno = EPERM;
		return NO_RIGHTS;
	}
	give_up_capabilities();
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return NO_RIGHTS;
	if (getppid() != parent)
		_exit(1);
	umask(0);
	return DONE;
}

/* One component; made where it is missing. Whoever puts a link there meanwhile has it refused. */
static int enter(int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int fd = bw_openat2(dir, name, &how);

	for (int i = 0; fd < 0 && (errno == ENOENT || errno == EAGAIN) && i < TRIES; i++) {
		if (errno == ENOENT && mkdirat(dir, name, 0750) < 0 && errno != EEXIST)
			return -1;
		fd = bw_openat2(dir, name, &how);
	}
	return fd;
}

/* The directory of the first len bytes of name. */
static int enter_all(int workspace, const char *name, size_t len)
{
	auto_close int dir = fcntl(workspace, F_DUPFD_CLOEXEC, 3);
	char one[NAME_MAX + 1];

	while (dir >= 0 && len) {
		size_t n = 0;
		int next;

		while (n < len && name[n] != '/')
			n++;
		snprintf(one, sizeof one, "%.*s", (int)n, name);
		next = enter(dir, one);
		if (next < 0)
			return -1;
		close(dir);
		dir = next;
		n += n < len;
		name += n;
		len -= n;
	}
	return take_fd(&dir);
}

/* Which texts are in the bytes; those of the chunk before that could begin one are kept in front. */
static void look_for_patterns(const struct work *work, size_t len, uint64_t *patterns)
{
	for (size_t i = 0; i < work->writer->patterns.n; i++) {
		const char *text = work->writer->patterns.v[i];

		if (memmem(work->buf, len, text, strlen(text)))
			*patterns |= UINT64_C(1) << i;
	}
}

static enum outcome copy(struct work *work, int from, int to, uint64_t max, struct answer *answer)
{
	size_t kept = 0;
	ssize_t n;

	while ((n = read(from, work->buf + kept, CHUNK)) != 0) {
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NOT_READ;
		answer->bytes += (uint64_t)n;
		if (answer->bytes > max)
			return TOO_LARGE;
		r = bw_write_all(to, work->buf + kept, (size_t)n);
		if (r < 0) {
			errno = -r;
			return NOT_WRITTEN;
		}
		if (!work->longest)
			continue;
		look_for_patterns(work, kept + (size_t)n, &answer->patterns);
		n += (ssize_t)kept;
		kept = (size_t)n < work->longest ? (size_t)n : work->longest - 1;
		memmove(work->buf, work->buf + n - kept, kept);
	}
	return DONE;
}

/* The complete file gets its name, which nobody else may have. */
static int give_name(const struct work *work, int fd, int dir, const char *name)
{
	char link[64];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	for (int i = 0; i < TRIES; i++) {
		if (linkat(AT_FDCWD, link, dir, name, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST || !work->writer->force)
			return -1;
		if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
			return -1;
	}
	return -1;
}

static enum outcome put(struct work *work, const struct bw_stage_item *item, int from, uint64_t max, struct answer *answer)
{
	const char *slash = strrchr(item->name, '/');
	auto_close int dir = enter_all(work->writer->workspace, item->name,
		item->directory ? strlen(item->name)
		: slash		? (size_t)(slash - item->name)
				: 0);
	auto_close int to = -1;
	enum outcome outcome;

	if (dir < 0)
		return NO_DIRECTORY;
	if (item->directory)
		return DONE;
	to = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
	if (to < 0)
		return NO_FILE;
	outcome = copy(work, from, to, max, answer);
	if (outcome != DONE)
		return outcome;
	return give_name(work, to, dir, slash ? slash + 1 : item->name) < 0 ? NO_NAME : DONE;
}

/* One order, with the file that it is about; false: there are no more. */
static bool take(int sock, struct order *order, int *ret_fd)
{
	struct iovec iov = {.iov_base = order, .iov_len = sizeof *order};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control};
	const struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof *order)
		return false;
	c = CMSG_FIRSTHDR(&msg);
	*ret_fd = -1;
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
	return true;
}

static void write_all(struct work *work, pid_t parent)
{
	struct answer answer = {.outcome = (int32_t)become(work, parent), .sys = errno};
	struct order order;
	int from;

	/* The first answer says whether the process is what it should be. */
	while (send(work->sock, &answer, sizeof answer, MSG_NOSIGNAL) == (ssize_t)sizeof answer && answer.outcome == DONE &&
		take(work->sock, &order, &from)) {
		answer = (struct answer){0};
		answer.outcome = (int32_t)put(work, &work->stage->items.v[order.index], from, order.max, &answer);
		answer.sys = errno;
		if (from >= 0)
			close(from);
	}
}

/* Nothing of the host stays open but what it is for. */
static void keep_only(struct bw_stage_writer *writer, int *sock)
{
	int kept[3], *places[3] = {sock, &writer->workspace, &writer->charge};

	for (int i = 0; i < 3; i++)
		kept[i] = *places[i] < 0 ? -1 : fcntl(*places[i], F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < 3; i++) {
		if (kept[i] >= 0 && dup3(kept[i], i, O_CLOEXEC) < 0)
			_exit(1);
		*places[i] = kept[i] < 0 ? -1 : i;
	}
	(void)bw_close_range(3, ~0U, 0);
}

static void be_writer(const struct bw_stage *stage, const struct bw_stage_writer *writer, int sock, pid_t parent)
{
	struct bw_stage_writer own = *writer;
	struct work *work = calloc(1, sizeof *work);

	if (!work)
		_exit(1);
	keep_only(&own, &sock);
	*work = (struct work){.stage = stage, .writer = &own, .sock = sock};
	for (size_t i = 0; i < own.patterns.n; i++)
		if (strlen(own.patterns.v[i]) > work->longest)
			work->longest = strlen(own.patterns.v[i]);
	write_all(work, parent);
	_exit(0);
}

/* ---- in front of it ---- */

struct session {
	const struct bw_stage *stage;
	int sock;
	pid_t pid;
};

/* The kernel kills in a cgroup that is out of memory, and `delete` all that is in it. */
static int writer_gone(struct session *session, struct bw_err *err)
{
	int status = 0;

	if (session->pid > 0 && bw_wait(session->pid, &status) == 0)
		session->pid = -1;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return bw_fail(err, BW_E_STATE, 0,
			"the writer was killed in the container's cgroup: the container has ended, or its memory is full");
	return bw_fail(err, BW_E_INTERNAL, 0, "the writer has ended before its time");
}

static int hear(struct session *session, struct answer *answer, struct bw_err *err)
{
	ssize_t n;

	do
		n = recv(session->sock, answer, sizeof *answer, 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof *answer ? 0 : writer_gone(session, err);
}

static int judge(const struct session *session, const struct bw_stage_item *item, const struct answer *answer, uint64_t max,
	struct bw_err *err)
{
	const char *name = item ? bw_stage_printable(item->name, session->stage->arena) : NULL;
	const char *shown = name ? name : "a file";
	int sys = answer->sys;

	switch ((enum outcome)answer->outcome) {
	case DONE:
		return 0;
	case TOO_LARGE:
		return bw_fail(err, BW_E_DENIED, 0, "%s has more than the %llu bytes that the policy lets in", shown,
			(unsigned long long)max);
	case NO_DIRECTORY:
		if (sys == ELOOP || sys == EXDEV || sys == ENOTDIR)
			return bw_fail(err, BW_E_STATE, 0,
				"%s: there is something else than a directory on the way in the workspace", shown);
		return bw_fail(err, BW_E_STATE, sys, "%s: making its directory in the workspace", shown);
	case NO_FILE:
	case NOT_WRITTEN:
		if (sys == ENOSPC || sys == EDQUOT)
			return bw_fail(err, BW_E_STATE, 0, "%s: the workspace is full", shown);
		return bw_fail(err, BW_E_STATE, sys, "%s: writing it to the workspace", shown);
	case NOT_READ:
		return bw_fail(err, BW_E_USAGE, sys, "%s: reading it", shown);
	case NO_NAME:
		if (sys != EEXIST)
			return bw_fail(err, BW_E_STATE, sys, "%s: giving it its name in the workspace", shown);
		bw_fail(err, BW_E_EXISTS, 0, "%s is in the workspace already", shown);
		return bw_hint(err, "--force replaces it");
	case NO_CHARGE:
		return bw_fail(err, BW_E_KERNEL, sys, "entering the container's cgroup, in which what is staged is to count");
	case NO_RIGHTS:
		return bw_fail(err, BW_E_KERNEL, sys, "taking the rights of the container's user");
	}
	return bw_fail(err, BW_E_INTERNAL, 0, "the writer says what it never says");
}

static int order_one(struct session *session, size_t index, uint64_t max, struct answer *answer, struct bw_err *err)
{
	const struct bw_stage_item *item = &session->stage->items.v[index];
	const struct order order = {.index = index, .max = max};
	auto_close int from = -1;

	if (item->directory) {
		if (send(session->sock, &order, sizeof order, MSG_NOSIGNAL) < 0)
			return writer_gone(session, err);
	} else {
		from = bw_stage_open(session->stage, item, err);
		if (from < 0)
			return -1;
		if (bw_send_fd(session->sock, from, &order, sizeof order, err) < 0)
			return -1;
	}
	return hear(session, answer, err);
}

static int order_all(struct session *session, bw_stage_seen_fn *seen, void *ctx, size_t *ret_written, bool *ret_too_large,
	struct bw_err *err)
{
	const struct bw_stage *stage = session->stage;
	uint64_t left = stage->limits->bytes.v;
	struct answer answer;

	if (hear(session, &answer, err) < 0 || judge(session, NULL, &answer, 0, err) < 0)
		return -1;
	for (size_t i = 0; i < stage->items.n; i++) {
		const struct bw_stage_item *item = &stage->items.v[i];
		uint64_t max = stage->limits->file_bytes.v < left ? stage->limits->file_bytes.v : left;

		if (order_one(session, i, max, &answer, err) < 0)
			return -1;
		*ret_too_large = answer.outcome == TOO_LARGE;
		if (judge(session, item, &answer, max, err) < 0)
			return -1;
		left -= answer.bytes < left ? answer.bytes : left;
		++*ret_written;
		if (answer.patterns)
			seen(item, answer.patterns, ctx);
	}
	return 0;
}

static void session_end(struct session *session)
{
	int status;

	if (session->sock >= 0)
		close(session->sock);
	if (session->pid > 0)
		(void)bw_wait(session->pid, &status);
}

int bw_stage_write(const struct bw_stage *stage, const struct bw_stage_writer *writer, bw_stage_seen_fn *seen, void *ctx,
	size_t *ret_written, bool *ret_too_large, struct bw_err *err)
{
	__attribute__((cleanup(session_end))) struct session session = {.stage = stage, .sock = -1, .pid = -1};
	pid_t parent = getpid();
	int pair[2];

	*ret_written = 0;
	*ret_too_large = false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "a socket pair for the writer");
	session.pid = fork();
	if (session.pid == 0)
		be_writer(stage, writer, pair[1], parent);
	session.sock = pair[0];
	close(pair[1]);
	if (session.pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "starting the writer");
	return order_all(&session, seen, ctx, ret_written, ret_too_large, err);
}
