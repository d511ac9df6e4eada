/* SPDX-License-Identifier: Apache-2.0 */
/* beside.c - a process that stays beside one container and has everything done by forks of itself, as a shim does:
 *	beside ROOT PROFILE BUNDLE ID WORD[=TEXT]...
 * An empty profile is the policy's choice (file in BESIDE_POLICY). Each word is one thing to do, each line printed says what came of it. The first that fails ends it with status 1. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/bulwark.h"
#include "launch/selfexe.h"

enum { PATIENCE_MS = 10000 };

struct beside {
	struct bw_context ctx;
	const char *bundle, *id;
	const char *after; /* of the word that is done: what is behind its '=' */
	struct bw_watch *watch;
	int console[2]; /* ours and theirs */

};

static const char *words_file(void)
{
	static char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", STDIN_FILENO);
	return path;
}

/* --- what the forks do --- */

static int create(struct beside *b, struct bw_err *err)
{
	const struct bw_create_options options = {
		.bundle = b->bundle, .console_fd = b->console[1], .keeps_time = bw_streq0(b->after, "keeps-time")};

	return bw_container_create(&b->ctx, b->id, &options, err);
}

static int start(struct beside *b, struct bw_err *err)
{
	return bw_container_start(&b->ctx, b->id, err);
}

/* The process is on our standard input. */
static int exec_process(struct beside *b, struct bw_err *err)
{
	const struct bw_exec_options options = {
		.process_path = words_file(), .console_fd = b->console[1], .detach = true};
	int code;

	return bw_container_exec(&b->ctx, b->id, &options, &code, err);
}

static int end(struct beside *b, struct bw_err *err)
{
	return bw_container_kill(&b->ctx, b->id, SIGKILL, false, err);
}

static int delete(struct beside *b, struct bw_err *err)
{
	return bw_container_delete(&b->ctx, b->id, false, err);
}

static int in_a_fork(struct beside *b, int (*verb)(struct beside *, struct bw_err *), struct bw_err *err)
{
	int report[2], status;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		struct bw_err failure = {0};
		int r = verb(b, &failure);

		_exit(r == 0 ? 0 : write(report[1], &failure, sizeof failure) != sizeof failure ? 2 : 1);
	}
	close(report[1]);
	if (read(report[0], err, sizeof *err) < 0 || waitpid(pid, &status, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "worker");
	close(report[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err->code ? -1 : bw_fail(err, BW_E_KERNEL, 0, "the worker died: status %#x", (unsigned)status);
}

/* --- terminals --- */

static int receive(int sock, char *name, size_t size, size_t *ret_fds)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = name, .iov_len = size - 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t len = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	int fd = -1;

	*ret_fds = 0;
	if (len <= 0)
		return -1;
	name[len] = '\0';
	if (msg.msg_controllen >= sizeof control.align && control.align.cmsg_type == SCM_RIGHTS) {
		*ret_fds = (control.align.cmsg_len - CMSG_LEN(0)) / sizeof fd;
		memcpy(&fd, control.bytes + CMSG_LEN(0), sizeof fd);
	}
	return fd;
}

/* What comes over the socket, that nobody else has its other end, and what is printed on the terminal. */
static int show_console(struct beside *b, struct bw_err *err)
{
	struct pollfd end = {.fd = b->console[0], .events = POLLIN};
	char name[64], text[256];
	size_t fds, n = 0;
	ssize_t len;
	int master;

	close(take_fd(&b->console[1]));
	b->console[1] = 0;
	master = receive(b->console[0], name, sizeof name, &fds);
	if (master < 0)
		return bw_fail(err, BW_E_KERNEL, 0, "no terminal came");
	printf("terminal %s descriptors %zu\n", name, fds);
	if (poll(&end, 1, PATIENCE_MS) != 1 || read(end.fd, name, sizeof name) != 0)
		return bw_fail(err, BW_E_KERNEL, 0, "somebody still has the other end of the socket");
	printf("nobody else has the socket\n");
	close(b->console[0]);
	while (n < sizeof text - 1 && (len = read(master, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)len;
	text[n] = '\0';
	close(master);
	printf("printed %s\n", text);
	return 0;
}

static int make_console(struct beside *b, struct bw_err *err)
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b->console) < 0
		       ? bw_fail(err, BW_E_KERNEL, errno, "socketpair")
		       : 0;
}

/* --- what the watch says --- */

static int watch(struct beside *b, struct bw_err *err)
{
	if (bw_watch_open(&b->ctx, b->id, &b->watch, err) < 0)
		return -1;
	printf("own pids %d\n", bw_watch_has_own_pids(b->watch));
	return 0;
}

static int pids(struct beside *b, struct bw_err *err)
{
	auto_free pid_t *list = NULL;
	size_t n;

	if (bw_watch_pids(b->watch, &list, &n, err) < 0)
		return -1;
	printf("pids %zu\n", n);
	return 0;
}

/* The number in the field that a path of numbers leads to; 0 is none. */
static uint64_t number_at(struct bw_wire_reader reader, const unsigned *path)
{
	struct bw_wire_field field;

	while (bw_wire_next(&reader, &field) > 0)
		if (field.number == path[0])
			return path[1] ? number_at((struct bw_wire_reader){field.bytes, field.bytes + field.len}, path + 1)
				       : field.value;
	return 0;
}

static int metrics(struct beside *b, struct bw_err *err)
{
	auto_wire struct bw_wire wire = {0};
	struct bw_wire_reader reader;
	const char *type;
	bool v1;

	if (bw_watch_metrics(b->watch, &wire, &type, err) < 0)
		return -1;
	v1 = strstr(type, ".v1.") != NULL;
	reader = (struct bw_wire_reader){wire.bytes, wire.bytes + wire.len};
	printf("metrics %s\n", type);
	printf("processes %llu\n", (unsigned long long)number_at(reader, v1 ? (unsigned[]){2, 1, 0} : (unsigned[]){1, 1, 0}));
	printf("limit %llu\n", (unsigned long long)number_at(reader, v1 ? (unsigned[]){4, 33, 1, 0} : (unsigned[]){4, 33, 0}));
	printf("%s\n", number_at(reader, v1 ? (unsigned[]){3, 1, 1, 0} : (unsigned[]){2, 1, 0}) ? "has run" : "has not run");
	return 0;
}

/* Waits as a loop would, with epoll(7). */
static int oom(struct beside *b, struct bw_err *err)
{
	auto_close int loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {0};
	short events;
	int fd = bw_watch_oom_fd(b->watch, &events);

	event.events = (uint32_t)events;
	if (fd < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "nobody tells of a lack of memory");
	for (int i = 0; i < 100; i++) {
		if (epoll_wait(loop, &event, 1, PATIENCE_MS) != 1)
			return bw_fail(err, BW_E_KERNEL, 0, "no word of a lack of memory");
		if (bw_watch_oom_happened(b->watch)) {
			printf("oom\n");
			return 0;
		}
	}
	return bw_fail(err, BW_E_KERNEL, 0, "woken for nothing again and again");
}

/* After the end: nothing happened, and whoever polls has his rest. */
static int quiet(struct beside *b, struct bw_err *err)
{
	struct pollfd fd = {0};
	bool happened = bw_watch_oom_happened(b->watch);

	fd.fd = bw_watch_oom_fd(b->watch, &fd.events);
	if (poll(&fd, 1, 0) != 0)
		return bw_fail(err, BW_E_KERNEL, 0, "the descriptor is ready still");
	printf("%s\n", happened ? "oom" : "quiet");
	return 0;
}

static int life(struct beside *b, struct bw_err *err)
{
	int64_t limit_ms = 0, grace_ms = 0;

	(void)err;
	if (bw_watch_time_limit(b->watch, &limit_ms, &grace_ms))
		printf("life %lld ms and %lld ms\n", (long long)limit_ms, (long long)grace_ms);
	else
		printf("life without a limit\n");
	return 0;
}

/* Of a container that is to be, or is there: one answer of both. */
static int logger(struct beside *b, struct bw_err *err)
{
	return bw_logger_check(&b->ctx, b->id, b->bundle, b->after, err);
}

static int stored_logger(struct beside *b, struct bw_err *err)
{
	return bw_logger_check(&b->ctx, b->id, NULL, b->after, err);
}

static int check_log(struct beside *b, const char *bundle, struct bw_err *err)
{
	bool restricted;

	if (bw_logger_check_file(&b->ctx, b->id, bundle, b->after, &restricted, err) < 0)
		return -1;
	printf("log %s %s\n", b->after, restricted ? "without links" : "anyhow");
	return 0;
}

static int log_file(struct beside *b, struct bw_err *err)
{
	return check_log(b, b->bundle, err);
}

static int stored_log_file(struct beside *b, struct bw_err *err)
{
	return check_log(b, NULL, err);
}

/* --- ourselves --- */

/* All that ends while nothing runs: the init has come to us. */
static int await(struct beside *b, struct bw_err *err)
{
	int status;

	(void)b;
	if (waitpid(-1, &status, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "no child");
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else
		printf("ended with %d\n", WEXITSTATUS(status));
	return 0;
}

static int descriptors(struct beside *b, struct bw_err *err)
{
	auto_closedir DIR *dir = opendir("/proc/self/fd");
	int n = -3; /* two dots, and this directory */

	(void)b, (void)err;
	while (readdir(dir))
		n++;
	printf("descriptors %d\n", n);
	return 0;
}

static const struct word {
	const char *name;
	int (*here)(struct beside *, struct bw_err *);
	int (*forked)(struct beside *, struct bw_err *);
} table[] = {
	{"create", NULL, create},
	{"start", NULL, start},
	{"exec", NULL, exec_process},
	{"kill", NULL, end},
	{"delete", NULL, delete},
	{"console", make_console, NULL},
	{"terminal", show_console, NULL},
	{"watch", watch, NULL},
	{"pids", pids, NULL},
	{"metrics", metrics, NULL},
	{"oom", oom, NULL},
	{"quiet", quiet, NULL},
	{"life", life, NULL},
	{"logger", NULL, logger},
	{"stored-logger", NULL, stored_logger},
	{"log-file", NULL, log_file},
	{"stored-log-file", NULL, stored_log_file},
	{"await", await, NULL},
	{"descriptors", descriptors, NULL},
};

static int do_word(struct beside *b, const char *word, struct bw_err *err)
{
	size_t len = strcspn(word, "=");

	b->after = word[len] ? word + len + 1 : NULL;
	for (size_t i = 0; i < BW_COUNT(table); i++)
		if (strlen(table[i].name) == len && strncmp(table[i].name, word, len) == 0)
			return table[i].here ? table[i].here(b, err) : in_a_fork(b, table[i].forked, err);
	return bw_fail(err, BW_E_USAGE, 0, "beside: what is %s?", word);
}

int main(int argc, char **argv)
{
	struct beside b = {.console = {-1, 0}};
	struct bw_err err = {0};
	sigset_t child;

	if (argc < 5)
		return 2;
	/* As a server has it: from here on no fork finds anything to protect. */
	if (bw_selfexe_protect(&err) < 0 || chdir("/") < 0)
		return 2;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	b.ctx = (struct bw_context){
		.root = argv[1], .profile = *argv[2] ? argv[2] : NULL, .policy_path = getenv("BESIDE_POLICY")};
	b.bundle = argv[3];
	b.id = argv[4];
	for (char **word = argv + 5; *word; word++)
		if (do_word(&b, *word, &err) < 0) {
			fprintf(stderr, "%s: %s\n", *word, err.text);
			return 1;
		}
	bw_watch_free(b.watch);
	return 0;
}
