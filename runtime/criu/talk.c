/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - spawning criu and talking to it over a socket that keeps messages apart. */
#include "criu/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/sys.h"

/* An answer is small; the descriptors beside it are one. */
enum { ANSWER_BYTES = 65536, GRACE_MS = 10000, SOCKET_FD = 3, MAX_FDS = 32 };

/* --- spawning --- */

/* The numbers that criu's descriptors will have may be those of others of ours: copies, out of the way. */
struct copies {
	int v[BW_CRIU_FIRST_FD + MAX_FDS];
	size_t n;
};

static void copies_done(struct copies *copies)
{
	for (size_t i = 0; i < copies->n; i++)
		if (copies->v[i] >= 0)
			close(copies->v[i]);
}

static int copy_one(struct copies *copies, int fd, struct bw_err *err)
{
	int copy = fd < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fd, far;

	far = copy < 0 ? -1 : fcntl(copy, F_DUPFD_CLOEXEC, BW_CRIU_FIRST_FD + MAX_FDS);
	if (fd < 0 && copy >= 0)
		close(copy);
	if (far < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "descriptors for criu");
	copies->v[copies->n++] = far;
	return 0;
}

static int copy_all(struct copies *copies, const struct bw_criu_program *program, int sock, struct bw_err *err)
{
	if (program->fds_n > MAX_FDS)
		return bw_fail(err, BW_E_SPEC, 0, "criu is to inherit more than %d descriptors", MAX_FDS);
	for (size_t i = 0; i < 3; i++)
		if (copy_one(copies, program->stdio[i], err) < 0)
			return -1;
	if (copy_one(copies, sock, err) < 0)
		return -1;
	for (size_t i = 0; i < program->fds_n; i++)
		if (copy_one(copies, program->fds[i], err) < 0)
			return -1;
	return 0;
}

static int set_up(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, const struct copies *copies)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	for (size_t i = 0; i < copies->n; i++)
		if (posix_spawn_file_actions_adddup2(files, copies->v[i], (int)i))
			return -1;
	if (posix_spawn_file_actions_addclosefrom_np(files, (int)copies->n) || posix_spawnattr_setsigmask(attr, &none) ||
		posix_spawnattr_setsigdefault(attr, &all))
		return -1;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* 0 or the errno. */
static int spawn(const struct bw_criu_program *program, const struct copies *copies, pid_t *ret_pid)
{
	const char *const args[] = {"criu", "swrk", "3", NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r;

	if (posix_spawn_file_actions_init(&files))
		return ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	r = set_up(&files, &attr, copies) ? ENOMEM
					  : posix_spawn(ret_pid, program->path, &files, &attr, (char *const *)(uintptr_t)args,
						    (char *const *)(uintptr_t)program->env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

int bw_criu_begin(struct bw_criu *ret, const struct bw_criu_program *program, struct bw_err *err)
{
	__attribute__((cleanup(copies_done))) struct copies copies = {.n = 0};
	auto_close int ours = -1, theirs = -1;
	int ends[2], r;
	pid_t pid;

	*ret = (struct bw_criu)BW_CRIU_INIT;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socket for criu");
	ours = ends[0];
	theirs = ends[1];
	if (copy_all(&copies, program, theirs, err) < 0)
		return -1;
	r = spawn(program, &copies, &pid);
	if (r)
		return bw_fail(err, BW_E_HOST, r, "running %s", program->path);
	ret->pid = pid;
	ret->sock = take_fd(&ours);
	return 0;
}

/* --- talking --- */

static int send_request(const struct bw_criu *criu, const struct bw_criu_request *request, struct bw_err *err)
{
	auto_wire struct bw_wire wire = {0};

	bw_criu_request_write(request, &wire);
	if (wire.no_memory)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "request to criu");
	if (send(criu->sock, wire.bytes, wire.len, MSG_NOSIGNAL) < 0)
		return bw_fail(err, BW_E_HOST, errno, "asking criu");
	return 0;
}

/* The one descriptor that a notification brings, or -1. */
static int descriptor_of(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(sizeof fd))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static int receive(const struct bw_criu *criu, struct bw_criu_response *ret, int *ret_fd, struct bw_err *err)
{
	auto_free unsigned char *bytes = malloc(ANSWER_BYTES);
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = bytes, .iov_len = ANSWER_BYTES};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t got;

	if (!bytes)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "answer of criu");
	got = TEMP_FAILURE_RETRY(recvmsg(criu->sock, &msg, MSG_CMSG_CLOEXEC));
	if (got < 0)
		return bw_fail(err, BW_E_HOST, errno, "hearing criu");
	*ret_fd = descriptor_of(&msg);
	if (got == 0)
		return bw_fail(err, BW_E_HOST, 0, "criu failed: it ended without an answer");
	if ((msg.msg_flags & MSG_TRUNC) || bw_criu_response_read(bytes, (size_t)got, ret) < 0)
		return bw_fail(err, BW_E_HOST, 0, "criu failed: its answer makes no sense");
	return 0;
}

static int check_success(const struct bw_criu_response *response, struct bw_err *err)
{
	if (response->success)
		return 0;
	return bw_fail(
		err, BW_E_HOST, 0, "criu failed: type %s errno %d", bw_criu_type_name(response->type), response->sys);
}

int bw_criu_ask(struct bw_criu *criu, const struct bw_criu_request *request, bw_criu_notify_fn *notify, void *ctx,
	struct bw_criu_response *ret, struct bw_err *err)
{
	static const struct bw_criu_request heard = {.type = BW_CRIU_NOTIFY, .notify_success = true};

	if (send_request(criu, request, err) < 0)
		return -1;
	for (;;) {
		auto_close int fd = -1;

		if (receive(criu, ret, &fd, err) < 0 || check_success(ret, err) < 0)
			return -1;
		if (ret->type == request->type)
			return 0;
		if (ret->type != BW_CRIU_NOTIFY)
			return bw_fail(err, BW_E_HOST, 0, "criu failed: it answers %s to %s", bw_criu_type_name(ret->type),
				bw_criu_type_name(request->type));
		if (notify && notify(ret->script, ret->pid, fd, ctx, err) < 0)
			return -1;
		if (send_request(criu, &heard, err) < 0)
			return -1;
	}
}

static void hang_up(struct bw_criu *criu)
{
	if (criu->sock >= 0)
		close(criu->sock);
	criu->sock = -1;
}

int bw_criu_end(struct bw_criu *criu, struct bw_err *err)
{
	int status, r;

	hang_up(criu);
	r = bw_wait(criu->pid, &status);
	criu->pid = 0;
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "waiting for criu") : bw_exit_code(status);
}

void bw_criu_abort(struct bw_criu *criu)
{
	auto_close int pidfd = criu->pid > 0 ? bw_pidfd_open(criu->pid, 0) : -1;
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};
	int status;

	hang_up(criu);
	if (criu->pid <= 0)
		return;
	if (pidfd < 0 || poll(&fd, 1, GRACE_MS) == 0)
		kill(criu->pid, SIGKILL);
	(void)bw_wait(criu->pid, &status);
	criu->pid = 0;
}
