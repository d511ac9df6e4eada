/* SPDX-License-Identifier: Apache-2.0 */
/* delegate_call.c - one command of another runtime. As hooks it gets nothing of ours but what it is given: no descriptor,
 * no environment. Its program is looked at and executed by one descriptor, so that what was looked at is what runs. */
#include "container/delegate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/host_side.h"
#include "json/json.h"

enum { LOG_MAX = 1 << 20, SAID_MAX = 1 << 13 };

static const char log_name[] = "backend.log";

struct running {
	pid_t pid;
	int pidfd;
	int hold;  /* the process waits until a byte comes, or the end: then it does not go on */
	int fault; /* an errno comes here when the program cannot be executed */
	int said;  /* a file with what it has written */
};

static void running_done(struct running *run)
{
	int *const fds[] = {&run->pidfd, &run->hold, &run->fault, &run->said};

	for (size_t i = 0; i < BW_COUNT(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
}

/* Which file the name stands for is found out once. */
static int open_program(const char *path, struct bw_err *err)
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	char real[PATH_MAX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_HOST, errno, "backend %s", path);
	if (!S_ISREG(st.st_mode) || !bw_only_root_writes(&st) || bw_real_path(fd, real) < 0 || !bw_path_is_roots(real)) {
		bw_fail(err, BW_E_DENIED, 0,
			"backend %s: the file and the directories above it must belong to root and be writable by "
			"nobody else",
			path);
		snprintf(err->rule, sizeof err->rule, "backend");
		return -1;
	}
	return take_fd(&fd);
}

/* ---- the words ---- */

static int add_word(struct bw_arena *arena, struct bw_strs *list, const char *word)
{
	return word ? bw_strs_add(arena, list, word) : -1;
}

/* As execve(2) wants it. */
static int terminate(struct bw_arena *arena, struct bw_strs *list)
{
	char **slot = bw_push(arena, list);

	if (slot)
		*slot = NULL;
	return slot ? 0 : -1;
}

static int add_words(const struct bw_delegate_call *call, struct bw_arena *arena, struct bw_strs *list)
{
	const char *dir = call->container->path;
	const char *const own[] = {"--root", bw_arena_printf(arena, "%s/backend", dir), "--log",
		bw_arena_printf(arena, "%s/%s", dir, log_name), "--log-format", "json"};

	if (add_word(arena, list, call->backend->program) < 0)
		return -1;
	for (size_t i = 0; i < call->backend->args.n; i++)
		if (add_word(arena, list, call->backend->args.v[i]) < 0)
			return -1;
	for (size_t i = 0; i < BW_COUNT(own); i++)
		if (add_word(arena, list, own[i]) < 0)
			return -1;
	for (size_t i = 0; call->words[i]; i++)
		if (add_word(arena, list, call->words[i]) < 0)
			return -1;
	return terminate(arena, list);
}

/* ---- the process ---- */

/* fds: hold, fault, program, input, output. */
_Noreturn static void become(char **args, const int fds[5])
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = {path, NULL}, go;
	sigset_t none;
	int error;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (TEMP_FAILURE_RETRY(read(fds[0], &go, 1)) != 1)
		_exit(125);
	if ((fds[3] < 0 || dup2(fds[3], 0) >= 0) && (fds[4] < 0 || (dup2(fds[4], 1) >= 0 && dup2(fds[4], 2) >= 0)) &&
		bw_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 && bw_proc_give_back_files() == 0)
		execveat(fds[2], "", args, env, AT_EMPTY_PATH);
	error = errno;
	(void)bw_write_all(fds[1], &error, sizeof error);
	_exit(126);
}

static int begin(const struct bw_delegate_call *call, char **args, struct running *run, struct bw_err *err)
{
	auto_close int program = open_program(call->backend->program, err), input = -1, hold = -1, fault = -1;
	struct bw_clone_args clone = {.flags = CLONE_PIDFD, .exit_signal = SIGCHLD};
	int pipes[2][2] = {{-1, -1}, {-1, -1}};
	long pid;

	if (program < 0)
		return -1;
	clone.pidfd = (uint64_t)(uintptr_t)&run->pidfd;
	if (!call->with_stdio) {
		input = open("/dev/null", O_RDWR | O_CLOEXEC);
		run->said = memfd_create("bulwark-backend", MFD_CLOEXEC);
	}
	if ((!call->with_stdio && (input < 0 || run->said < 0)) || pipe2(pipes[0], O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "running %s", call->backend->program);
	hold = pipes[0][0];
	run->hold = pipes[0][1];
	if (pipe2(pipes[1], O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "running %s", call->backend->program);
	run->fault = pipes[1][0];
	fault = pipes[1][1];
	pid = bw_clone3(&clone);
	if (pid == 0) {
		/* Ours would keep the pipe open behind our back. */
		close(run->hold);
		become(args, (const int[]){hold, fault, program, input, run->said});
	}
	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "running %s", call->backend->program);
	run->pid = (pid_t)pid;
	return 0;
}

/* 0, or -ETIMEDOUT. */
static int await(const struct running *run, int64_t timeout_ms)
{
	struct pollfd fd = {.fd = run->pidfd, .events = POLLIN};
	int r;

	do
		r = poll(&fd, 1, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms);
	while (r < 0 && errno == EINTR);
	return r == 0 ? -ETIMEDOUT : 0;
}

/* ---- what it says ---- */

/* The last error of its log; lines that are no JSON are not its words to us. */
static bool read_log(const struct bw_delegate_call *call, struct bw_arena *arena, char *ret, size_t size)
{
	auto_close int fd = openat(call->container->dir, log_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *text = NULL;
	struct bw_err ignored = {0};
	bool found = false;
	char *rest, *line;
	size_t len;

	if (fd < 0 || bw_read_fd(fd, log_name, LOG_MAX, &text, &len, &ignored) < 0)
		return false;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		const struct bw_json *msg;
		struct bw_json *tree;

		ignored = (struct bw_err){0};
		if (!*line || bw_json_parse(line, strlen(line), log_name, arena, &tree, &ignored) < 0)
			continue;
		for (msg = tree->child; msg && !bw_streq0(msg->key, "msg"); msg = msg->next)
			;
		if (msg && msg->type == BW_JSON_STRING) {
			snprintf(ret, size, "%s", msg->text);
			found = true;
		}
	}
	return found;
}

/* The last line that it has written. */
static void read_said(const struct running *run, char *ret, size_t size)
{
	char text[SAID_MAX];
	off_t end = run->said < 0 ? 0 : lseek(run->said, 0, SEEK_END);
	ssize_t got = end > 0 ? pread(run->said, text, sizeof text - 1, end < SAID_MAX ? 0 : end - SAID_MAX + 1) : 0;
	char *line;

	ret[0] = '\0';
	text[got > 0 ? got : 0] = '\0';
	for (char *rest = text; (line = strsep(&rest, "\n"));)
		if (*line)
			snprintf(ret, size, "%s", line);
}

static int complain(const struct bw_delegate_call *call, const struct running *run, int code, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const char *name = strrchr(call->backend->program, '/') + 1;
	char said[400];

	if (!read_log(call, &arena, said, sizeof said))
		read_said(run, said, sizeof said);
	for (char *c = said; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return bw_fail(err, BW_E_HOST, 0, "backend %s: %s: exit status %d%s%s", name, call->words[0], code,
		said[0] ? ": " : "", said);
}

static int finish(const struct bw_delegate_call *call, struct running *run, struct bw_err *err)
{
	int late = await(run, (int64_t)call->backend->timeout_ms.v), status = 0, fault = 0;

	if (late)
		bw_pidfd_send_signal(run->pidfd, SIGKILL);
	(void)bw_wait(run->pid, &status);
	if (late)
		return bw_fail(err, BW_E_HOST, 0, "backend %s: %s: no end after %.10g s", call->backend->program,
			call->words[0], (double)call->backend->timeout_ms.v / 1000);
	if (read(run->fault, &fault, sizeof fault) == (ssize_t)sizeof fault)
		return bw_fail(err, BW_E_HOST, fault, "backend %s", call->backend->program);
	return status ? complain(call, run, bw_exit_code(status), err) : 0;
}

static int release(const struct bw_delegate_call *call, struct running *run, struct bw_err *err)
{
	int r = call->begun ? call->begun(run->pid, call->ctx, err) : 0;

	if (r == 0 && bw_write_all(run->hold, "g", 1) < 0)
		r = bw_fail(err, BW_E_KERNEL, 0, "backend %s: its process went away", call->backend->program);
	close(take_fd(&run->hold));
	if (r == 0 && call->started)
		r = call->started(call->ctx, err);
	return r;
}

int bw_delegate_run(const struct bw_delegate_call *call, struct bw_err *err)
{
	__attribute__((cleanup(running_done))) struct running run = {.pidfd = -1, .hold = -1, .fault = -1, .said = -1};
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_strs words = {0};
	int status;

	if (add_words(call, &arena, &words) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "running %s", call->backend->program);
	/* What an earlier command has said is not this one's. */
	unlinkat(call->container->dir, log_name, 0);
	if (begin(call, words.v, &run, err) < 0)
		return -1;
	if (release(call, &run, err) < 0) {
		bw_pidfd_send_signal(run.pidfd, SIGKILL);
		(void)bw_wait(run.pid, &status);
		return -1;
	}
	return finish(call, &run, err);
}
