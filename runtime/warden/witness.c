/* SPDX-License-Identifier: Apache-2.0 */
/* witness.c - bulwark-witness: sees each attempt of a container to execute a program, and writes it down. The kernel asks
 * (seccomp_unotify(2)) before the call does anything, and the process waits for the answer.
 *
 * What is read of the process may have changed when the kernel reads it again. So no answer of ours can allow anything:
 * "go on" leaves the call to mounts, Landlock, the LSM and filters. What was denied here has failed, whatever the memory
 * says later. When this process is gone, each such call fails with ENOSYS.
 *
 * Nothing here waits for the container for ever: a timer ends the process when one look takes too long, for a page of
 * that memory, or a directory, can be one that somebody else has to bring first. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "warden/begin.h"
#include "warden/sandbox.h"
#include "warden/witness.h"
#include "warden/witness_judge.h"
#include "warden/witness_log.h"
#include "warden/witness_look.h"
#include "warden/witness_settings.h"

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE (1UL << 0)
#endif

/* stdio, what was inherited, epoll, /proc/self/fd, and what one look opens: below this. */
enum { OWN_FILES = 32, STATUS_MAX = 4096 };

/* What an event of epoll is about; listeners are OF_LISTENER + their descriptor. */
enum source { OF_INIT, OF_SOCKET, OF_LISTENER };

struct witness {
	const struct bw_witness_settings *settings;
	struct bw_list list;
	struct bw_witness_log log;
	int epoll, self_fd;
	unsigned listeners;
	struct seccomp_notif *asked;
	struct seccomp_notif_resp *answer;
	size_t asked_size, answer_size; /* as this kernel has them */
	struct bw_look look;
	struct bw_finding finding;
	char status[STATUS_MAX], base[PATH_MAX], root[PATH_MAX], path[PATH_MAX];
};

static struct witness witness;

static uint64_t clock_ms(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* SIGALRM, which nobody handles, ends what waits for a page or a directory, too. */
static void be_patient_for(time_t seconds)
{
	const struct itimerval timer = {.it_value = {.tv_sec = seconds}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- looking ---- */

static ssize_t peek(void *ctx, uint64_t address, void *buf, size_t len)
{
	const pid_t *pid = ctx;
	const struct iovec local = {buf, len}, remote = {(void *)(uintptr_t)address, len};
	ssize_t got = process_vm_readv(*pid, &local, 1, &remote, 1, 0);

	return got < 0 ? -errno : got;
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/%d/%s", (int)pid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What a link in /proc/PID shows; "" when it cannot be read. */
static void link_of(pid_t pid, const char *name, char *ret, size_t size)
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof path, "/%d/%s", (int)pid, name);
	len = readlink(path, ret, size - 1);
	ret[len > 0 ? len : 0] = '\0';
}

static void look_at_status(struct witness *w, pid_t pid)
{
	auto_close int fd = open_of(pid, "status", O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, w->status, sizeof w->status - 1);

	w->status[len > 0 ? len : 0] = '\0';
	bw_look_status(w->status, &w->look);
}

/* The link in /proc/PID from which a relative path, or none, starts. */
static const char *start_of(const struct bw_look *look, char *buf, size_t size)
{
	if (look->dirfd == AT_FDCWD)
		return "cwd";
	snprintf(buf, size, "fd/%d", look->dirfd);
	return buf;
}

/* The file that the call names, as O_PATH; or -errno. */
static int find_file(struct witness *w, pid_t pid)
{
	const struct bw_look *look = &w->look;
	char start[24], own[24];
	auto_close int root = -1;
	const char *link;

	if (look->path_errno)
		return -look->path_errno;
	if (look->empty_path)
		return open_of(pid, start_of(look, start, sizeof start), O_PATH);
	if (!look->path[0])
		return -ENOENT;
	link = bw_look_own_link(look->path, own, sizeof own);
	if (link)
		return open_of(pid, link, O_PATH);
	root = open_of(pid, "root", O_PATH | O_DIRECTORY);
	if (root < 0)
		return root;
	if (look->path[0] == '/')
		return bw_judge_open(root, look->path);
	link_of(pid, "root", w->root, sizeof w->root);
	link_of(pid, start_of(look, start, sizeof start), w->base, sizeof w->base);
	if (!bw_look_from_root(look->path, w->base, w->root, w->path, sizeof w->path))
		return -ENAMETOOLONG;
	return bw_judge_open(root, w->path);
}

/* False: the process is gone, or goes on for another reason, and what was read may be another one's. */
static bool look(struct witness *w, int listener)
{
	pid_t pid = (pid_t)w->asked->pid;
	auto_close int file = -1;

	be_patient_for(BW_WITNESS_PATIENCE_S);
	bw_look_call(&w->asked->data, peek, &pid, &w->look);
	look_at_status(w, pid);
	file = find_file(w, pid);
	bw_judge(&w->list, file, w->self_fd, &w->finding);
	be_patient_for(0);
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &w->asked->id) == 0;
}

/* ---- answering ---- */

static bool give_answer(struct witness *w, int listener)
{
	memset(w->answer, 0, w->answer_size);
	w->answer->id = w->asked->id;
	if (w->finding.result == BW_EXEC_DENIED)
		w->answer->error = -EACCES;
	else
		w->answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, w->answer) == 0;
}

/* Written when it is answered: then it is true, and the process does not wait for the disk. */
static void serve_listener(struct witness *w, int listener)
{
	struct bw_exec_event event;

	memset(w->asked, 0, w->asked_size);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, w->asked) < 0 || !look(w, listener) || !give_answer(w, listener))
		return;
	event = (struct bw_exec_event){
		.result = w->finding.result,
		.path = w->look.path,
		.file = w->finding.file,
		.reason = w->finding.reason,
		.arg0 = w->look.arg0,
		.comm = w->look.comm,
		.pid = w->asked->pid,
		.inside_pid = w->look.inside_pid,
		.uid = w->look.uid,
	};
	bw_witness_log_exec(&w->log, &event, clock_ms());
}

/* ---- listeners ---- */

static int watch(const struct witness *w, int fd, uint64_t source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = source};

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* The listener that comes with a message of a process of root's, or -1. */
static int receive_listener(int sock)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	const struct cmsghdr *first;
	struct pollfd ready = {.fd = sock, .events = POLLIN};
	struct ucred peer;
	socklen_t size = sizeof peer;
	int fd;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != 0)
		return -1;
	/* It is sent in the same breath as the connection is made. */
	if (ppoll(&ready, 1, &(struct timespec){.tv_sec = 1}, NULL) <= 0 ||
		recvmsg(sock, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return -1;
	first = CMSG_FIRSTHDR(&message);
	if (!first || first->cmsg_level != SOL_SOCKET || first->cmsg_type != SCM_RIGHTS ||
		first->cmsg_len != CMSG_LEN(sizeof fd))
		return -1;
	memcpy(&fd, CMSG_DATA(first), sizeof fd);
	return fd;
}

static bool take_listener(struct witness *w, int fd)
{
	if (w->listeners == BW_WITNESS_MAX_LISTENERS || watch(w, fd, (uint64_t)OF_LISTENER + (uint64_t)fd) < 0)
		return false;
	w->listeners++;
	return true;
}

static void serve_socket(struct witness *w)
{
	auto_close int sock = accept4(BW_WITNESS_SOCKET, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	auto_close int fd = sock < 0 ? -1 : receive_listener(sock);

	if (fd < 0 || !take_listener(w, fd))
		return;
	take_fd(&fd);
	(void)!write(sock, BW_WITNESS_OK, strlen(BW_WITNESS_OK));
}

/* ---- the loop ---- */

static void serve(struct witness *w, const struct epoll_event *event)
{
	int fd = (int)(event->data.u64 - OF_LISTENER);

	if (event->data.u64 == OF_SOCKET) {
		serve_socket(w);
	} else if (event->events & EPOLLIN) {
		serve_listener(w, fd);
	} else {
		/* Nobody is left who could ask. */
		close(fd);
		w->listeners--;
	}
}

/* One event at a time: whoever serves it may close the descriptor of another. */
static int run(struct witness *w)
{
	for (;;) {
		struct epoll_event event;
		int n = epoll_wait(w->epoll, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			return BW_WITNESS_FAILED;
		if (n <= 0)
			continue;
		if (event.data.u64 == OF_INIT) {
			bw_witness_log_end(&w->log);
			return BW_WITNESS_ENDED;
		}
		serve(w, &event);
	}
}

/* ---- beginning ---- */

static int read_settings(struct bw_arena *arena, const struct bw_witness_settings **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t len;

	if (bw_read_fd(BW_WITNESS_CONFIG, "configuration", BW_WITNESS_MAX_CONFIG, &text, &len, err) < 0)
		return -1;
	close(BW_WITNESS_CONFIG);
	return bw_witness_settings_parse(text, len, arena, ret, err);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The kernel writes and reads as much as its own structs have. */
static int make_room(struct witness *w, struct bw_err *err)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "SECCOMP_GET_NOTIF_SIZES");
	w->asked_size = larger(sizes.seccomp_notif, sizeof *w->asked);
	w->answer_size = larger(sizes.seccomp_notif_resp, sizeof *w->answer);
	w->asked = malloc(w->asked_size);
	w->answer = malloc(w->answer_size);
	return w->asked && w->answer ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "witness");
}

static int open_all(struct witness *w, struct bw_err *err)
{
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->self_fd = open("/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->epoll < 0 || w->self_fd < 0 || watch(w, BW_WITNESS_INIT, OF_INIT) < 0 ||
		watch(w, BW_WITNESS_SOCKET, OF_SOCKET) < 0 || !take_listener(w, BW_WITNESS_LISTENER))
		return bw_fail(err, BW_E_KERNEL, errno, "preparing the witness");
	return 0;
}

/* With the rights that are left, and once: whether they are enough is known before anything runs. */
static int meet_init(struct witness *w, struct bw_err *err)
{
	pid_t pid = (pid_t)w->settings->pid.v;
	auto_close int root = open_of(pid, "root", O_PATH | O_DIRECTORY), memory = open_of(pid, "mem", O_RDONLY);
	struct pollfd gone = {.fd = BW_WITNESS_INIT, .events = POLLIN};

	if (root < 0 || memory < 0)
		return bw_fail(err, BW_E_HOST, root < 0 ? -root : -memory, "looking at the container's init");
	bw_list_fill(&w->list, root, &w->settings->programs, &w->settings->interpreters);
	/* The pid was its own as long as it lived. */
	if (ppoll(&gone, 1, &(struct timespec){0}, NULL) != 0)
		return bw_fail(err, BW_E_HOST, 0, "the container's init is gone");
	return 0;
}

static int prepare(struct witness *w, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_sandbox sandbox = {
		.files = OWN_FILES + BW_WITNESS_MAX_LISTENERS,
		.caps = 1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH,
		.filter = bw_witness_filter,
		.filter_n = bw_witness_filter_n,
	};

	if (bw_begin(BW_WITNESS_CONFIG, BW_WITNESS_FD_END, err) < 0 || read_settings(arena, &w->settings, err) < 0 ||
		make_room(w, err) < 0 || bw_sandbox_proc_root(err) < 0 || open_all(w, err) < 0)
		return -1;
	bw_witness_log_init(
		&w->log, BW_WITNESS_EVENTS, BW_WITNESS_COUNTS, w->settings->id, BW_WITNESS_MAX_LOG, clock_ms());
	sandbox.user = (uint32_t)w->settings->user.v;
	sandbox.group = (uint32_t)w->settings->group.v;
	return bw_sandbox_enter(&sandbox, err) < 0 ? -1 : meet_init(w, err);
}

int main(int argc, char **argv)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};

	(void)argv;
	if (argc != 1)
		return BW_WITNESS_USAGE;
	if (prepare(&witness, &arena, &err) < 0) {
		bw_begin_answer(BW_WITNESS_ANSWER, err.text, true);
		return err.code == BW_E_USAGE ? BW_WITNESS_USAGE : BW_WITNESS_FAILED;
	}
	bw_witness_log_start(&witness.log);
	bw_begin_answer(BW_WITNESS_ANSWER, BW_WITNESS_OK, false);
	return run(&witness);
}
