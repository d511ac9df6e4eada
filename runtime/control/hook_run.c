/* SPDX-License-Identifier: Apache-2.0 */
/* hook_run.c - one hook on the host. Hooks get nothing of ours: no descriptor, no limit of descriptors, no environment
 * variable, no working directory that the image controls (CVE-2025-23266). */
#include "control/hook_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/hook_check.h"

enum { STDERR_KEPT = 300 };

struct running {
	pid_t pid;
	int pidfd, input, output;
	int fault; /* an errno comes here when the program cannot be executed */
	const char *state; /* what is still to be written to input */
};

void bw_hook_state_put(struct bw_json_writer *w, const struct bw_spec *spec, const char *id, const char *bundle,
	const char *status, long pid)
{
	bw_json_begin_object(w);
	bw_json_key(w, "ociVersion");
	bw_json_string(w, spec->oci_version);
	bw_json_key(w, "id");
	bw_json_string(w, id);
	bw_json_key(w, "status");
	bw_json_string(w, status);
	if (pid) {
		bw_json_key(w, "pid");
		bw_json_int(w, pid);
	}
	bw_json_key(w, "bundle");
	bw_json_string(w, bundle);
	bw_json_key(w, "annotations");
	bw_json_begin_object(w);
	for (size_t i = 0; i < spec->annotations.n; i++) {
		bw_json_key(w, spec->annotations.v[i].key);
		bw_json_string(w, spec->annotations.v[i].value);
	}
	bw_json_end_object(w);
	bw_json_end_object(w);
}

int bw_hook_state(const struct bw_spec *spec, const char *id, const char *bundle, const char *status, long pid,
	char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "hook state");
	bw_hook_state_put(w, spec, id, bundle, status, pid);
	r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

/* NULL-terminated copy of the pointers; strings stay the spec's. */
static char **vector_of(const struct bw_strs *list, char *first)
{
	char **vector = calloc(list->n + 2, sizeof *vector);
	size_t n = 0;

	if (!vector)
		return NULL;
	if (!list->n && first)
		vector[n++] = first;
	for (size_t i = 0; i < list->n; i++)
		vector[n++] = list->v[i];
	return vector;
}

/* fds: input, output, fault. None of them is below 3: main() has seen to that. */
_Noreturn static void become_hook(const char *path, char **args, char **env, const char *bundle, const int fds[3])
{
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Without us nobody waits for it, or ends it when its time is over. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fds[0], 0) >= 0 && dup2(fds[1], 1) >= 0 && dup2(fds[1], 2) >= 0 && chdir(bundle) == 0 &&
		(fds[2] == 3 || dup3(fds[2], 3, O_CLOEXEC) == 3) && bw_close_range(4, ~0U, 0) == 0 &&
		bw_proc_give_back_files() == 0)
		execve(path, args, env);
	error = errno;
	(void)bw_write_all(3, &error, sizeof error);
	_exit(error == ENOENT ? 127 : 126);
}

static void close_all(const int fds[3])
{
	for (size_t i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int begin(const struct bw_spec_hook *hook, const char *path, const char *bundle, struct running *ret, struct bw_err *err)
{
	auto_free char **args = vector_of(&hook->args, hook->path), **env = vector_of(&hook->env, NULL);
	struct bw_clone_args clone = {.flags = CLONE_PIDFD, .exit_signal = SIGCHLD};
	int in[2] = {-1, -1}, out[2] = {-1, -1}, fault[2] = {-1, -1};
	long pid = -1;

	clone.pidfd = (uint64_t)(uintptr_t)&ret->pidfd;
	/* Our end must not block: a hook may never read, and has its timeout all the same. */
	if (args && env && pipe2(in, O_CLOEXEC) == 0 && fcntl(in[1], F_SETFL, O_NONBLOCK) == 0 &&
		pipe2(out, O_CLOEXEC) == 0 && pipe2(fault, O_CLOEXEC) == 0)
		pid = bw_clone3(&clone);
	if (pid == 0)
		become_hook(path, args, env, bundle, (const int[]){in[0], out[1], fault[1]});
	if (pid < 0)
		bw_fail(err, BW_E_KERNEL, errno, "starting %s", hook->path);
	close_all((const int[]){in[0], out[1], fault[1]});
	ret->pid = (pid_t)pid;
	ret->input = in[1];
	ret->output = out[0];
	ret->fault = fault[0];
	if (pid > 0)
		return 0;
	close_all((const int[]){in[1], out[0], fault[0]});
	return -1;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_input(struct running *run)
{
	if (run->input >= 0)
		close(run->input);
	run->input = -1;
}

/* Some of the state, as much as the pipe takes. A hook that does not read it must not kill us: the signal is
 * taken back, for where the caller has it blocked it would come when that ends. */
static void feed(struct running *run)
{
	const struct timespec now = {0};
	sigset_t broken_pipe, before;
	ssize_t put;
	int error;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &broken_pipe, &before);
	put = write(run->input, run->state, strlen(run->state));
	error = put < 0 ? errno : 0;
	if (error == EPIPE)
		(void)sigtimedwait(&broken_pipe, NULL, &now);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (put > 0)
		run->state += put;
	if ((error && error != EAGAIN && error != EINTR) || !*run->state)
		close_input(run);
}

/* What the hook says; the first bytes are kept for the message. False at its end. */
static bool listen_to(int output, char *said, size_t size, size_t *len)
{
	char some[512];
	ssize_t got = read(output, some, sizeof some);

	for (ssize_t i = 0; i < got && *len < size - 1; i++)
		said[(*len)++] = some[i];
	said[*len] = '\0';
	return got > 0;
}

/* Writes the state and reads what the hook says until it has ended or its time is over. */
static int watch(struct running *run, int timeout_ms, char *said, size_t size)
{
	long long deadline = now_ms() + timeout_ms;
	struct pollfd fds[3] = {{.fd = run->output, .events = POLLIN}, {.fd = run->pidfd, .events = POLLIN},
		{.fd = run->input, .events = POLLOUT}};
	size_t len = 0;

	for (;;) {
		long long left = timeout_ms > 0 ? deadline - now_ms() : -1;

		if (timeout_ms > 0 && left <= 0)
			return -ETIMEDOUT;
		if (poll(fds, 3, (int)left) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (fds[2].revents) {
			feed(run);
			fds[2].fd = run->input;
		}
		if (fds[0].revents && !listen_to(run->output, said, size, &len))
			fds[0].fd = -1;
		/* What it has started may go on writing for ever. */
		if (fds[1].revents && (!fds[0].revents || len == size - 1))
			return 0;
	}
}

static int run_one(const struct bw_spec_hook *hook, const char *path, const char *state, const char *bundle, struct bw_err *err)
{
	char said[STDERR_KEPT] = "";
	struct running run = {.pidfd = -1, .state = state};
	int status = 0, fault = 0, r;

	if (begin(hook, path, bundle, &run, err) < 0)
		return -1;
	r = watch(&run, hook->timeout.set ? (int)hook->timeout.v * 1000 : 0, said, sizeof said);
	if (r < 0)
		bw_pidfd_send_signal(run.pidfd, SIGKILL);
	(void)bw_wait(run.pid, &status);
	close_input(&run);
	if (read(run.fault, &fault, sizeof fault) != (ssize_t)sizeof fault)
		fault = 0;
	close_all((const int[]){run.output, run.pidfd, run.fault});
	said[strcspn(said, "\n")] = '\0';
	if (r == -ETIMEDOUT)
		return bw_fail(err, BW_E_SPEC, 0, "%s ran past the timeout of %llds", hook->path, (long long)hook->timeout.v);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "waiting for %s", hook->path);
	if (fault)
		return bw_fail(err, BW_E_SPEC, fault, "%s", hook->path);
	if (status)
		return bw_fail(err, BW_E_SPEC, 0, "%s: exit status %d%s%s", hook->path, bw_exit_code(status),
			said[0] ? ", output: " : "", said);
	return 0;
}

int bw_hook_complain(const char *words, int sys, struct bw_err *err)
{
	int status = sys - BW_HOOK_STATUS_BASE;

	if (sys < BW_HOOK_STATUS_BASE)
		return bw_fail(err, BW_E_SPEC, sys, "%s", words);
	if (WIFSIGNALED(status))
		return bw_fail(err, BW_E_SPEC, 0, "%s: signal: %s", words,
			WTERMSIG(status) == SIGSYS ? "bad system call" : strsignal(WTERMSIG(status)));
	return bw_fail(err, BW_E_SPEC, 0, "%s: exit status %d", words, WEXITSTATUS(status));
}

void bw_hook_said(const char *said, size_t size, struct bw_err *err)
{
	size_t used = strlen(err->text);
	struct bw_buf text = bw_buf_over(err->text + used, sizeof err->text - used);

	for (size_t i = 0; i < size && said[i] && said[i] != '\n'; i++) {
		char c = said[i];

		if (i == 0)
			bw_buf_add(&text, ", output: ");
		/* It is a program of the image that speaks, perhaps to a terminal. */
		bw_buf_addn(&text, (unsigned char)c < ' ' || c == 0x7f ? "?" : &c, 1);
	}
}

int bw_hook_run(const struct bw_spec *spec, const struct bw_spec_hook_list *hooks, size_t at, const char *which,
	const char *state, const char *bundle, struct bw_err *err)
{
	char path[PATH_MAX];

	/* Again, though create has checked: the path may lead elsewhere by now, as /proc/PID/exe does. */
	if (bw_hook_check(spec->hardening, &hooks->v[at], which, at, path, err) < 0 ||
		run_one(&hooks->v[at], path, state, bundle, err) < 0)
		return bw_wrap(err, "error running %s hook #%zu", which, at);
	return 0;
}

int bw_hooks_run(const struct bw_spec *spec, const struct bw_spec_hook_list *hooks, const char *which,
	const char *state, const char *bundle, struct bw_err *err)
{
	for (size_t i = 0; i < hooks->n; i++) {
		if (bw_hook_run(spec, hooks, i, which, state, bundle, err) < 0)
			return -1;
	}
	return 0;
}
