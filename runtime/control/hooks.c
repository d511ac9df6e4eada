/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.c - hooks of the container's creation (config.md "POSIX-platform Hooks"). prestart and createRuntime
 * run on the host while the child waits; createContainer runs in the container's mount namespace before the
 * pivot, with the rootfs as working directory; startContainer inside, just before the program. poststart and
 * poststop are the container's (container/start.c, delete.c). */
#include "control/control.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/hook_check.h"
#include "control/hook_run.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_RUNTIME, OP_CREATE_CONTAINER, OP_START_CONTAINER };

/* A failed hook's wait status travels as an errno above the kernel's own. */
enum { STATUS_BASE = BW_HOOK_STATUS_BASE, TEXT_MAX = 128 * 1024 };

struct packed_hook {
	uint32_t index, args, env;
	int32_t timeout_ms; /* 0: none */
	uint64_t files_soft, files_hard; /* of open files, as our caller has them; 0: as they are */
	bool own_env;       /* the hook names an environment; else the program's */
	/* then path, args..., env..., state */
};

static const struct {
	const char *name;
	size_t offset;
	bool on_host;
} kinds[] = {
	{"prestart", offsetof(struct bw_spec_hooks, prestart), true},
	{"createRuntime", offsetof(struct bw_spec_hooks, create_runtime), true},
	{"createContainer", offsetof(struct bw_spec_hooks, create_container), true},
	{"startContainer", offsetof(struct bw_spec_hooks, start_container), false},
	{"poststart", offsetof(struct bw_spec_hooks, poststart), true},
	{"poststop", offsetof(struct bw_spec_hooks, poststop), true},
};

static const struct bw_spec_hook_list *list_at(const struct bw_spec_hooks *hooks, size_t kind)
{
	return (const struct bw_spec_hook_list *)(const void *)((const char *)hooks + kinds[kind].offset);
}

/* All of them before anything is done, poststop included: a container must not start that cannot end as asked. */
static int check_hooks(const struct bw_spec *spec, struct bw_err *err)
{
	char path[PATH_MAX];

	for (size_t k = 0; k < BW_COUNT(kinds); k++) {
		const struct bw_spec_hook_list *list = list_at(spec->hooks, k);

		for (size_t i = 0; i < list->n && kinds[k].on_host; i++)
			if (bw_hook_check(spec->hardening, &list->v[i], kinds[k].name, i, path, err) < 0)
				return -1;
	}
	return 0;
}

static void add_text(struct bw_buf *buf, const char *text)
{
	bw_buf_addn(buf, text, strlen(text) + 1);
}

static int pack(const struct bw_request *request, const struct bw_spec_hook *hook, const char *path, size_t index,
	uint16_t op, enum bw_phase phase, const char *status, struct bw_plan *plan, struct bw_err *err)
{
	struct packed_hook head = {
		.index = (uint32_t)index,
		.args = (uint32_t)(hook->args.n ? hook->args.n : 1),
		.env = (uint32_t)hook->env.n,
		.timeout_ms = hook->timeout.set ? (int32_t)hook->timeout.v * 1000 : 0,
		.own_env = hook->env.n > 0,
	};
	auto_free char *bytes = malloc(sizeof head + TEXT_MAX);
	struct rlimit files;
	auto_free char *state = NULL;
	struct bw_buf buf;

	if (!bytes)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "hooks");
	/* Inside, the init is 1 in a pid namespace of its own; elsewhere its number is not known yet. */
	if (bw_hook_state(request->spec, request->id, request->bundle, status,
		    bw_spec_has_new_namespace(request->spec, "pid") ? 1 : 0, &state, err) < 0)
		return -1;
	/* Inside, rlimits.c has done it by then. */
	if (op == OP_CREATE_CONTAINER && request->caller_files) {
		if (getrlimit(RLIMIT_NOFILE, &files) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "hooks: RLIMIT_NOFILE");
		head.files_soft = request->caller_files;
		head.files_hard = files.rlim_max;
	}
	buf = bw_buf_over(bytes + sizeof head, TEXT_MAX);
	add_text(&buf, path);
	for (size_t i = 0; i < hook->args.n; i++)
		add_text(&buf, hook->args.v[i]);
	if (!hook->args.n)
		add_text(&buf, path);
	for (size_t i = 0; i < hook->env.n; i++)
		add_text(&buf, hook->env.v[i]);
	add_text(&buf, state);
	if (buf.overflow)
		return bw_fail(err, BW_E_SPEC, 0, "/hooks: a hook is larger than %d bytes", TEXT_MAX);
	memcpy(bytes, &head, sizeof head);
	return bw_plan_add(plan, BW_CONTROL_hooks, op, phase, bytes, sizeof head + buf.len, err);
}

/* createContainer hooks are programs of the host, though run in the container's mount namespace. */
static int pack_host_side(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hook_list *list = &request->spec->hooks->create_container;
	char path[PATH_MAX];

	for (size_t i = 0; i < list->n; i++)
		if (bw_hook_check(request->spec->hardening, &list->v[i], "createContainer", i, path, err) < 0 ||
			pack(request, &list->v[i], path, i, OP_CREATE_CONTAINER, BW_PHASE_NODE, "creating", plan, err) < 0)
			return -1;
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_hooks *hooks = request->spec->hooks;

	if (request->exec || !hooks)
		return 0;
	if (check_hooks(request->spec, err) < 0)
		return -1;
	if ((hooks->prestart.n || hooks->create_runtime.n) &&
		bw_plan_add_parent(plan, BW_CONTROL_hooks, OP_RUNTIME, BW_PHASE_HOOKS, NULL, 0, err) < 0)
		return -1;
	if (pack_host_side(request, plan, err) < 0)
		return -1;
	for (size_t i = 0; i < hooks->start_container.n; i++)
		if (pack(request, &hooks->start_container.v[i], hooks->start_container.v[i].path, i, OP_START_CONTAINER,
			    BW_PHASE_WAIT, "created", plan, err) < 0)
			return -1;
	return 0;
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	const struct bw_request *request = now->request;
	const struct bw_spec_hooks *hooks = request->spec->hooks;
	auto_free char *state = NULL;

	(void)op, (void)data, (void)len;
	if (bw_hook_state(request->spec, request->id, request->bundle, "creating", now->pid, &state, err) < 0)
		return -1;
	if (bw_hooks_run(request->spec, &hooks->prestart, "prestart", state, request->bundle, err) < 0)
		return -1;
	return bw_hooks_run(request->spec, &hooks->create_runtime, "createRuntime", state, request->bundle, err);
}

static const char *const op_names[] = {
	[OP_RUNTIME] = "prestart and createRuntime",
	[OP_CREATE_CONTAINER] = "createContainer",
	[OP_START_CONTAINER] = "startContainer",
};

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct packed_hook *hook = data;

	(void)len;
	if (op == OP_RUNTIME)
		snprintf(buf, size, "%s hooks on the host", op_names[op]);
	else
		snprintf(buf, size, "error running %s hook #%u", op_names[op], hook->index);
}

static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	char words[64];

	say(op, data, len, words, sizeof words);
	bw_hook_complain(words, sys, err);
}

const struct bw_control bw_hooks = {
	.name = "hooks",
	.about = "OCI hooks; on the host only programs owned by root, with the state on stdin",
	.prepare = prepare,
	.say = say,
	.settle = settle,
	.complain = complain,
};

/* ---- the child ---- */

static const char *fill(char **vector, uint32_t n, const char *text)
{
	for (uint32_t i = 0; i < n; i++, text += strlen(text) + 1)
		vector[i] = (char *)(uintptr_t)text;
	vector[n] = NULL;
	return text;
}

enum { INPUT, OUTPUT, FAULT, PIPES };

/* What is wrong goes out by number, through the descriptor that a program's start closes. A filter may refuse even
 * that: then there is only the status. */
_Noreturn static void become_hook(struct bw_child *child, uint16_t op, const struct packed_hook *hook, char **args, char **env,
	const int pipes[PIPES][2])
{
	const struct rlimit files = {.rlim_cur = hook->files_soft, .rlim_max = hook->files_hard};
	const char *path = (const char *)(hook + 1);
	int input = pipes[INPUT][0], output = pipes[OUTPUT][1], fault = pipes[FAULT][1], error;
	bool inside = op == OP_START_CONTAINER;

	if (dup3(input, 0, 0) == 0 && dup3(output, 1, 0) == 1 && dup3(output, 2, 0) == 2 &&
		(op != OP_CREATE_CONTAINER || fchdir(child->root) == 0) && (fault == 3 || dup3(fault, 3, O_CLOEXEC) == 3) &&
		(!hook->files_soft || setrlimit(RLIMIT_NOFILE, &files) == 0) &&
		(bw_close_range(4, ~0U, 0) == 0 || (errno == ENOSYS && inside))) {
		int r;

		/* A filter that is in force already may not know close_range: what is not CLOEXEC by now is what the
		 * program alone is to have. */
		for (unsigned fd = 4; inside && fd < 3 + child->preserve_fds; fd++)
			close((int)fd);
		/* It is a program of the image like any other: it must not run with more than the container's
		 * own has. */
		r = inside ? child->filter(child) : 0;
		if (r == 0)
			execve(path, args, env);
		else
			errno = -r;
	}
	error = errno;
	(void)!write(3, &error, sizeof error);
	_exit(error == ENOENT ? 127 : 126);
}

static long long now_ms(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What a hook writes; the first bytes are kept. False at its end. */
static bool listen_to(struct bw_child *child, int output, size_t *len)
{
	char some[512];
	ssize_t got = read(output, some, sizeof some);

	for (ssize_t i = 0; i < got && *len < sizeof child->said - 1; i++)
		child->said[(*len)++] = some[i];
	child->said[*len] = '\0';
	return got > 0;
}

/* Until the hook has ended or its time is over. */
static int watch(struct bw_child *child, int pidfd, int output, int timeout_ms)
{
	struct pollfd fds[] = {{.fd = output, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	long long deadline = timeout_ms ? now_ms() + timeout_ms : 0;
	size_t len = 0;

	for (;;) {
		long long left = timeout_ms ? deadline - now_ms() : -1;
		int n = timeout_ms && left <= 0 ? 0 : poll(fds, 2, (int)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -EIO : -ETIMEDOUT;
		if (fds[0].revents && !listen_to(child, output, &len))
			fds[0].fd = -1;
		/* What it has started may go on writing for ever. */
		if (fds[1].revents && (!fds[0].revents || len == sizeof child->said - 1))
			return 0;
	}
}

static int await(struct bw_child *child, int pidfd, int output, int timeout_ms)
{
	siginfo_t info = {0};
	int r = watch(child, pidfd, output, timeout_ms);

	if (r < 0)
		bw_pidfd_send_signal(pidfd, SIGKILL);
	if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		return r < 0 ? r : -errno;
	if (r < 0)
		return r;
	if (info.si_code == CLD_EXITED)
		return info.si_status ? -(STATUS_BASE + (info.si_status << 8)) : 0;
	return -(STATUS_BASE + info.si_status);
}

static void close_ends(int pipes[PIPES][2], bool ours)
{
	for (int i = 0; i < PIPES; i++) {
		int *fd = &pipes[i][(i == INPUT) == ours];

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

/* A hook that does not read its state must not kill us. */
static int write_state(int input, const char *state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int r;

	sigaction(SIGPIPE, &ignore, &before);
	r = write(input, state, strlen(state)) < 0 && errno != EPIPE ? -errno : 0;
	sigaction(SIGPIPE, &before, NULL);
	return r;
}

static int attend(struct bw_child *child, const struct packed_hook *hook, const char *state, int pidfd,
	int pipes[PIPES][2])
{
	int error, ended, r = write_state(pipes[INPUT][1], state);

	close(pipes[INPUT][1]);
	pipes[INPUT][1] = -1;
	ended = await(child, pidfd, pipes[OUTPUT][0], hook->timeout_ms);
	/* It has ended, and so has the pipe. */
	if (ended < 0 && read(pipes[FAULT][0], &error, sizeof error) == (ssize_t)sizeof error)
		ended = -error;
	return r ? r : ended;
}

/* What it writes is for the message about its failure, and the program's output the program's alone. */
static int run(struct bw_child *child, uint16_t op, const struct packed_hook *hook, char **vector)
{
	const char *path = (const char *)(hook + 1);
	char **args = vector, **env = vector + hook->args + 1;
	const char *state = fill(env, hook->env, fill(args, hook->args, path + strlen(path) + 1));
	int pidfd = -1, pipes[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, r;
	long pid = -1;

	if (!hook->own_env && child->envp)
		env = child->envp;
	if (pipe2(pipes[INPUT], O_CLOEXEC) == 0 && pipe2(pipes[OUTPUT], O_CLOEXEC) == 0 &&
		pipe2(pipes[FAULT], O_CLOEXEC) == 0)
		pid = bw_fork_pidfd(&pidfd);
	r = pid < 0 ? -errno : 0;
	if (pid == 0)
		become_hook(child, op, hook, args, env, pipes);
	close_ends(pipes, false);
	if (r == 0) {
		r = attend(child, hook, state, pidfd, pipes);
		close(pidfd);
	}
	close_ends(pipes, true);
	if (r == 0)
		child->said[0] = '\0';
	return r;
}

int bw_hooks_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct packed_hook *hook = data;
	size_t size = (hook->args + hook->env + 2UL) * sizeof(char *);
	char **vector = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r;

	(void)len;
	if (vector == MAP_FAILED)
		return -errno;
	r = run(child, op, hook, vector);
	munmap(vector, size);
	return r;
}
