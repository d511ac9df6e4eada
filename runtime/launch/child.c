/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - we are the container's first process, cloned from bulwark and not yet the program. Our job is to do
 * the plan's steps in order and then execve. Nothing but system calls on prepared data: no allocation, no
 * stdio, no locale, no library that could look into the container's tree. tests/rules/child-symbols.sh proves
 * it from the object files. */
#include "launch/child.h"

#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "launch/wire.h"

static bw_apply_fn *const apply_table[] = {
#define BW_CONTROL(name) [BW_CONTROL_##name] = bw_##name##_apply,
#include "control/list.h"
#undef BW_CONTROL
};

static void send_message(int channel, const struct bw_message *message)
{
	/* Plain write: it is the call that a container's own filter is least likely to refuse. */
	while (write(channel, message, sizeof *message) < 0 && errno == EINTR)
		;
}

static void tell(int channel, uint32_t kind, uint32_t which, int value)
{
	const struct bw_message message = {.kind = kind, .which = which, .value = value};

	send_message(channel, &message);
}

/* A parent that is gone (killed, crashed) must not leave a half-made container behind. */
static void await_go(int channel)
{
	struct bw_message message;
	ssize_t got;

	do
		got = read(channel, &message, sizeof message);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof message || message.kind != BW_MSG_GO)
		_exit(1);
}

/* The plan's descriptors are for its steps; those of namespaces and of the cgroup have done their work with the
 * clone. */
static bool is_of_a_step(const struct bw_plan *plan, int fd)
{
	if (fd == plan->cgroup_fd)
		return false;
	for (size_t i = 0; i < plan->joins_n; i++)
		if (fd == plan->joins[i].fd)
			return false;
	return true;
}

/* The lowest descriptor from `from` on that we need; UINT_MAX if none. */
static unsigned next_needed(const struct bw_child_setup *setup, int report, unsigned from)
{
	const int ours[] = {setup->channel, setup->start_sock, setup->host_proc, report};
	const struct bw_plan *plan = setup->plan;
	unsigned next = UINT_MAX;

	for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++)
		if (ours[i] >= 0 && (unsigned)ours[i] >= from && (unsigned)ours[i] < next)
			next = (unsigned)ours[i];
	for (size_t i = 0; i < plan->fds_n; i++)
		if (plan->fds[i] >= 0 && (unsigned)plan->fds[i] >= from && (unsigned)plan->fds[i] < next &&
			is_of_a_step(plan, plan->fds[i]))
			next = (unsigned)plan->fds[i];
	return next;
}

/* What the caller leaked to us, the log, the state's directory: close-on-exec is too late for them, for until
 * then we live among the container's processes, and one that may trace us could take them (CVE-2016-9962). */
static int close_unneeded(const struct bw_child_setup *setup, int report)
{
	unsigned from = 3 + setup->preserve_fds, next;

	do {
		next = next_needed(setup, report, from);
		if (next > from && bw_close_range(from, next - 1, 0) < 0)
			return -errno;
		from = next + 1;
	} while (next != UINT_MAX);
	return 0;
}

/* From here on a filter may be in force, and ids are given up. Every descriptor above the preserved ones is
 * closed, whatever flag it has (CVE-2024-21626), but for the channel, the socket to wait on and the root, which
 * move below the rest and are CLOEXEC. */
static int drop_descriptors(struct bw_child *child)
{
	enum { KEPT = 3 };
	int *const kept[KEPT] = {&child->channel, &child->start_sock, &child->root};
	int to = 3 + (int)child->preserve_fds;

	for (unsigned i = 0; i < KEPT; i++) {
		if (*kept[i] < 0)
			continue;
		/* The target may hold another one of them: all get numbers out of the way first. */
		*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, to + KEPT);
		if (*kept[i] < 0)
			return -errno;
	}
	for (unsigned i = 0; i < KEPT; i++) {
		if (*kept[i] < 0)
			continue;
		if (dup3(*kept[i], to, O_CLOEXEC) < 0)
			return -errno;
		*kept[i] = to++;
	}
	child->scratch = child->host_proc = child->null = -1;
	return bw_close_range((unsigned)to, ~0U, 0) < 0 ? -errno : 0;
}

/* All is set up; what follows is the container's own, or waits for long. The root goes too, by the call that
 * filters are least likely to refuse; with the rest of what CREDS and PROGRAM could have left open. */
static void drop_root(struct bw_child *child)
{
	int last = child->root;

	if (last < 0)
		last = child->start_sock > child->channel ? child->start_sock : child->channel;
	if (child->root >= 0)
		close(child->root);
	child->root = -1;
	/* A filter of the container's may know nothing of it: then drop_descriptors() has done it. */
	(void)bw_close_range((unsigned)last + 1, ~0U, 0);
}

/* The first process of a pid namespace is spared every signal that it has no handler for, but SIGKILL. A created
 * container is to end by what ends other programs, and with runc's status: a Go program dies by exit(2) there. execve
 * takes the handler away. */
static void end_by(int number)
{
	(void)number;
	_exit(2);
}

static void heed_signals(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGTERM};
	const struct sigaction end = {.sa_handler = end_by};

	for (unsigned i = 0; getpid() == 1 && i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &end, NULL);
}

/* created: one connection, from root of the initial namespace as the socket's directory is 0700, says go. It
 * stays open as the place to report to; its end by close-on-exec tells `start` that the program runs. */
static int await_start(struct bw_child *child)
{
	int connection;

	heed_signals();
	tell(child->channel, BW_MSG_READY, 0, 0);
	close(child->channel);
	do
		connection = accept4(child->start_sock, NULL, NULL, SOCK_CLOEXEC);
	while (connection < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (connection < 0)
		_exit(1);
	close(child->start_sock);
	child->start_sock = -1;
	child->channel = connection;
	await_go(connection);
	return 0;
}

/* After the pivot nothing of the host may be in reach, not even by descriptor. */
static void forget_host(struct bw_child *child)
{
	if (child->host_proc >= 0)
		close(child->host_proc);
	child->host_proc = -1;
}

static int enter_phase(struct bw_child *child, const struct bw_child_setup *setup, unsigned phase)
{
	if (setup->parent_phases & (1U << phase)) {
		tell(child->channel, BW_MSG_SYNC, phase, 0);
		await_go(child->channel);
	}
	/* In a new user namespace, and a new pid namespace as a rule, nobody is inside before this. */
	if (phase == BW_PHASE_IDENTITY && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	if (phase == BW_PHASE_PIVOT + 1)
		forget_host(child);
	if (phase == BW_PHASE_EARLY_FILTER)
		return drop_descriptors(child);
	if (phase == BW_PHASE_WAIT) {
		drop_root(child);
		return child->start_sock < 0 ? 0 : await_start(child);
	}
	if (phase == BW_PHASE_FILTER)
		tell(child->channel, BW_MSG_EXEC, 0, 0);
	return 0;
}

_Noreturn static void give_up(struct bw_child *child, uint32_t step, int sys)
{
	struct bw_message message = {.kind = BW_MSG_FAILED, .which = step, .value = sys};

	memcpy(message.said, child->said, sizeof message.said);
	send_message(child->channel, &message);
	_exit(1);
}

static int hand_over(struct bw_child *child, int fd)
{
	tell(child->channel, BW_MSG_FD, child->step, fd);
	await_go(child->channel);
	return 0;
}

static int send_over(struct bw_child *child, int fd)
{
	struct bw_message message = {.kind = BW_MSG_FD, .which = child->step, .value = -1};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = &message, .iov_len = sizeof message};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};

	memset(&control, 0, sizeof control);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(control.bytes + CMSG_LEN(0), &fd, sizeof fd);
	while (sendmsg(child->channel, &msg, BW_SEND_OVER_FLAGS) < 0)
		if (errno != EINTR)
			return -errno;
	await_go(child->channel);
	return 0;
}

static int load_filters(struct bw_child *child)
{
	const struct bw_child_setup *setup = child->setup;
	const struct bw_plan *plan = setup->plan;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < plan->n; i++) {
		const struct bw_step *step = &plan->steps[i];

		if (step->phase == BW_PHASE_FILTER && step->side == BW_SIDE_CHILD)
			r = apply_table[step->control](child, step->op, plan->pool + step->off, step->len);
	}
	return r;
}

_Noreturn void bw_child_run(const struct bw_child_setup *setup)
{
	const struct bw_plan *plan = setup->plan;
	struct bw_child child = {
		.root = -1,
		.host_proc = setup->host_proc,
		.null = -1,
		.scratch = -1,
		.terminal = -1,
		.channel = setup->channel,
		.start_sock = setup->start_sock,
		.preserve_fds = setup->preserve_fds,
		.pool = plan->pool,
		.filter = load_filters,
		.hand_over = hand_over,
		.send_over = send_over,
		.setup = setup,
	};
	unsigned phase = 0;
	sigset_t none;
	int closed = close_unneeded(setup, -1);

	if (closed < 0)
		give_up(&child, 0, -closed);
	/* Modes of what we make are given exactly; the program's umask is set by identity. */
	umask(0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Nobody inside may look at our descriptors or memory before we are the program (CVE-2016-9962). */
	if (!setup->seen_until_mapped && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		give_up(&child, 0, errno);
	for (uint32_t i = 0; i < plan->n; i++) {
		const struct bw_step *step = &plan->steps[i];
		int r = 0;

		if (step->side != BW_SIDE_CHILD && !(setup->parent_phases & (1U << step->phase)))
			continue;
		for (; r == 0 && phase <= step->phase; phase++)
			r = enter_phase(&child, setup, phase);
		child.step = i;
		if (r == 0 && step->side == BW_SIDE_CHILD)
			r = apply_table[step->control](&child, step->op, plan->pool + step->off, step->len);
		if (r < 0)
			give_up(&child, i, -r);
	}
	/* The last step is execve: only a plan without one comes here. */
	give_up(&child, plan->n ? (uint32_t)plan->n - 1 : 0, ENOEXEC);
}

static int enter_namespaces(const struct bw_child_setup *setup, uint32_t *ret_which)
{
	const struct bw_plan *plan = setup->plan;

	for (*ret_which = 0; *ret_which < plan->joins_n; ++*ret_which)
		if (setns(plan->joins[*ret_which].fd, plan->joins[*ret_which].type) < 0)
			return -errno;
	return 0;
}

static int new_time_namespace(const struct bw_child_setup *setup)
{
	size_t len = strlen(setup->plan->time_offsets);
	int fd, r = 0;

	if (!len)
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return -errno;
	fd = openat(setup->host_proc, "self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, setup->plan->time_offsets, len) != (ssize_t)len)
		r = -errno;
	close(fd);
	return r;
}

_Noreturn void bw_joiner_run(const struct bw_child_setup *setup)
{
	/* With CLONE_PARENT the signal at exit is inherited; a clone without it would be ours, not the parent's. */
	struct bw_clone_args args = {.flags = setup->plan->clone_flags | CLONE_PARENT};
	uint32_t which = BW_JOIN_TIME_OFFSETS;
	int r = new_time_namespace(setup);
	long pid;

	if (r == 0)
		r = enter_namespaces(setup, &which);
	/* The init is among the container's processes from its first moment on: what it must not have, it must
	 * not inherit. */
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0)
		r = close_unneeded(setup, setup->joiner_report);
	if (r < 0) {
		tell(setup->joiner_report, BW_MSG_JOIN_FAILED, which, -r);
		_exit(1);
	}
	pid = bw_clone3(&args);
	if (pid == 0)
		bw_child_run(setup);
	if (pid < 0)
		tell(setup->joiner_report, BW_MSG_JOIN_FAILED, BW_JOIN_CLONE, errno);
	else
		tell(setup->joiner_report, BW_MSG_PID, 0, (int)pid);
	_exit(pid < 0);
}
