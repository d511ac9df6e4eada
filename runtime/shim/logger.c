/* SPDX-License-Identifier: Apache-2.0 */
/* logger.c - see logger.h. The order of the end is: no more writers, so that it reads the end of the streams and may end by
 * itself; then SIGTERM, at which those that wait for the container's deletion write down what they have; then SIGKILL. */
#include "shim/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"

/* The program's descriptors. FAULT carries the errno when it cannot be executed; it is closed when it can. */
enum { STDOUT = 3, STDERR, READY, FAULT, FIRST_OTHER, ASIDE = 16 };

struct start {
	const struct bw_logger_program *program;
	char *const *env;
	int ready, fault; /* writing ends */
};

/* Each to its number, by way of a place where it overwrites none of the others. */
static int place_descriptors(const struct start *start)
{
	const int from[] = {start->program->fds[0], start->program->fds[1], start->ready, start->fault};
	int aside[BW_COUNT(from)], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (size_t i = 0; i < BW_COUNT(from); i++) {
		aside[i] = fcntl(from[i], F_DUPFD_CLOEXEC, ASIDE);
		if (aside[i] < 0)
			return -1;
	}
	null = fcntl(null, F_DUPFD_CLOEXEC, ASIDE);
	for (int fd = 0; fd < STDOUT; fd++)
		if (null < 0 || dup3(null, fd, 0) < 0)
			return -1;
	for (size_t i = 0; i < BW_COUNT(from); i++)
		if (dup3(aside[i], STDOUT + (int)i, STDOUT + (int)i == FAULT ? O_CLOEXEC : 0) < 0)
			return -1;
	return bw_close_range(FIRST_OTHER, ~0U, 0);
}

/* What the shim ignores or blocks a program does not expect to be so. */
static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_program(const struct start *start)
{
	int fault = start->fault, sys;

	reset_signals();
	if (place_descriptors(start) == 0) {
		fault = FAULT;
		setsid();
		bw_proc_give_back_files();
		execve(start->program->argv[0], start->program->argv, start->env);
	}
	sys = errno;
	bw_write_all(fault, &sys, sizeof sys);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0 when ready. */
static int await_ready(const struct bw_logger_program *program, int ready, struct bw_err *err)
{
	int64_t end_ms = now_ms() + program->ready_ms, left;
	struct pollfd look = {.fd = ready, .events = POLLIN};
	char byte;
	ssize_t n;

	do {
		left = end_ms - now_ms();
		n = poll(&look, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return bw_fail(err, BW_E_PROGRAM, 0, "expected the logging program %s to be ready within %lld ms, found it silent",
			program->argv[0], (long long)program->ready_ms);
	n = n < 0 ? n : TEMP_FAILURE_RETRY(read(ready, &byte, 1));
	if (n < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "waiting for the logging program %s", program->argv[0]);
	if (n == 0 && program->by_byte)
		return bw_fail(err, BW_E_PROGRAM, 0,
			"expected the logging program %s to write a byte to descriptor %d when it is ready, found it closed",
			program->argv[0], READY);
	return 0;
}

/* Whether it could be executed: the pipe of its errno is closed by execve(2). */
static int await_exec(const struct bw_logger_program *program, int fault, struct bw_err *err)
{
	int sys;
	ssize_t n = TEMP_FAILURE_RETRY(read(fault, &sys, sizeof sys));

	if (n == (ssize_t)sizeof sys)
		return bw_fail(err, BW_E_PROGRAM, sys, "executing the logging program %s", program->argv[0]);
	return 0;
}

static int start_and_wait(struct start *start, int ready, int fault, pid_t *ret_pid, struct bw_err *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "fork: the logging program %s", start->program->argv[0]);
	if (pid == 0)
		become_program(start);
	close(take_fd(&start->ready));
	close(take_fd(&start->fault));
	if (await_exec(start->program, fault, err) == 0 && await_ready(start->program, ready, err) == 0) {
		*ret_pid = pid;
		return 0;
	}
	kill(pid, SIGKILL);
	bw_wait(pid, &status);
	return -1;
}

/* NAME=value, malloc'd. */
static char *variable(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = malloc(size);

	if (text) {
		struct bw_buf buf = bw_buf_over(text, size);

		bw_buf_addf(&buf, "%s=%s", name, value);
	}
	return text;
}

int bw_logger_start(const struct bw_logger_program *program, pid_t *ret_pid, struct bw_err *err)
{
	auto_free char *id = variable("CONTAINER_ID", program->id);
	auto_free char *namespace = variable("CONTAINER_NAMESPACE", program->namespace);
	char *const env[] = {id, namespace, NULL};
	int ready[2] = {-1, -1}, fault[2] = {-1, -1};
	struct start start = {.program = program, .env = env};
	int r;

	if (!id || !namespace)
		return bw_fail(err, BW_E_MEMORY, 0, "no memory");
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(fault, O_CLOEXEC) < 0) {
		r = bw_fail(err, BW_E_KERNEL, errno, "pipe2");
	} else {
		start.ready = take_fd(&ready[1]);
		start.fault = take_fd(&fault[1]);
		r = start_and_wait(&start, ready[0], fault[0], ret_pid, err);
		bw_close_p(&start.ready);
		bw_close_p(&start.fault);
	}
	for (size_t i = 0; i < BW_COUNT(ready); i++) {
		bw_close_p(&ready[i]);
		bw_close_p(&fault[i]);
	}
	return r;
}

struct bw_logger {
	struct bw_loop *loop;
	struct bw_source source; /* its pidfd */
	struct bw_timer patience;
	void (*ended)(void *ctx); /* NULL: nobody asks any more */
	void *ctx;
};

static void free_logger(struct bw_logger *logger)
{
	bw_loop_remove(logger->loop, &logger->source);
	bw_loop_cancel_timer(logger->loop, &logger->patience);
	close(logger->source.fd);
	free(logger);
}

/* Its zombie would wake us until it is reaped. */
static void seen_end(void *ctx, uint32_t events)
{
	struct bw_logger *logger = ctx;
	void (*ended)(void *ctx) = logger->ended;
	void *whose = logger->ctx;

	(void)events;
	free_logger(logger);
	if (ended)
		ended(whose);
}

static void lose_patience(void *ctx)
{
	const struct bw_logger *logger = ctx;

	bw_pidfd_send_signal(logger->source.fd, SIGKILL);
}

int bw_logger_watch(struct bw_loop *loop, pid_t pid, void (*ended)(void *ctx), void *ctx, struct bw_logger **ret,
	struct bw_err *err)
{
	auto_close int pidfd = bw_pidfd_open(pid, 0);
	struct bw_logger *logger;

	if (pidfd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "watching the logging program, process %d", (int)pid);
	logger = calloc(1, sizeof *logger);
	if (!logger)
		return bw_fail(err, BW_E_MEMORY, 0, "no memory");
	*logger = (struct bw_logger){.loop = loop, .ended = ended, .ctx = ctx};
	logger->source = (struct bw_source){.fd = take_fd(&pidfd), .seen = seen_end, .ctx = logger};
	logger->patience = (struct bw_timer){.due = lose_patience, .ctx = logger};
	if (bw_loop_add(loop, &logger->source, EPOLLIN, err) < 0) {
		free_logger(logger);
		return -1;
	}
	*ret = logger;
	return 0;
}

void bw_logger_dismiss(struct bw_logger *logger, int64_t end_ms)
{
	if (!logger)
		return;
	logger->ended = NULL;
	if (bw_pidfd_send_signal(logger->source.fd, SIGTERM) < 0)
		free_logger(logger);
	else
		bw_loop_set_timer(logger->loop, &logger->patience, end_ms);
}
