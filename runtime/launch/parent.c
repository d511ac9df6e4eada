/* SPDX-License-Identifier: Apache-2.0 */
/* parent.c - the parent's half of a launch. Messages are accepted only when the present state permits them,
 * each sync point once and in order: whatever runs in the child, we do our steps exactly once. */
#include "launch/parent.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/sys.h"
#include "control/compile.h"
#include "control/hook_run.h"
#include "host/host.h"
#include "launch/child.h"
#include "launch/wire.h"

static uint32_t parent_phases(const struct bw_plan *plan)
{
	uint32_t phases = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->steps[i].side == BW_SIDE_PARENT)
			phases |= 1U << plan->steps[i].phase;
	return phases;
}

static int clone_init(struct bw_launch *launch, const struct bw_child_setup *setup, struct bw_err *err)
{
	const struct bw_plan *plan = launch->plan;
	bool joins = plan->joins_n || plan->time_offsets[0];
	struct bw_clone_args args = {
		.flags = CLONE_PIDFD | (joins ? 0 : plan->clone_flags),
		.pidfd = (uint64_t)(uintptr_t)&launch->pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (plan->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)plan->cgroup_fd;
	}
	pid = bw_clone3(&args);
	if (pid == 0) {
		if (joins)
			bw_joiner_run(setup);
		bw_child_run(setup);
	}
	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "clone3 (namespaces 0x%llx%s)", (unsigned long long)plan->clone_flags,
			plan->cgroup_fd >= 0 ? ", into cgroup" : "");
	if (joins) {
		launch->joiner = (pid_t)pid;
		close(take_fd(&launch->pidfd));
	} else {
		launch->pid = (pid_t)pid;
	}
	return 0;
}

static void reap(pid_t *pid)
{
	int status;

	if (*pid > 0)
		(void)bw_wait(*pid, &status);
	*pid = 0;
}

static int join_failed(const struct bw_launch *launch, const struct bw_message *message, struct bw_err *err)
{
	if (message->which == BW_JOIN_TIME_OFFSETS)
		return bw_fail(err, BW_E_KERNEL, message->value, "namespaces: time offsets");
	if (message->which == BW_JOIN_CLONE)
		return bw_fail(err, BW_E_KERNEL, message->value, "clone3 (namespaces 0x%llx)",
			(unsigned long long)launch->plan->clone_flags);
	return bw_fail(err, BW_E_KERNEL, message->value, "namespaces: setns");
}

/* The joiner reports over a pipe of its own: on the channel its word could come after the init's first. The
 * pid is our unreaped child's (CLONE_PARENT), so it cannot be somebody else's by now. */
static int learn_pid(struct bw_launch *launch, int report, struct bw_err *err)
{
	struct bw_message message;
	ssize_t got = TEMP_FAILURE_RETRY(read(report, &message, sizeof message));

	reap(&launch->joiner);
	if (got != (ssize_t)sizeof message)
		return bw_fail(err, BW_E_KERNEL, 0, "the joining process died");
	if (message.kind == BW_MSG_JOIN_FAILED)
		return join_failed(launch, &message, err);
	launch->pid = message.value;
	launch->pidfd = bw_pidfd_open(launch->pid, 0);
	return launch->pidfd < 0 ? bw_fail(err, BW_E_KERNEL, errno, "pidfd_open") : 0;
}

/* Not reaped yet, so the number is certainly its own when there is no pidfd. */
static void kill_init(struct bw_launch *launch)
{
	if (launch->pidfd >= 0)
		bw_pidfd_send_signal(launch->pidfd, SIGKILL);
	else if (launch->pid > 0)
		kill(launch->pid, SIGKILL);
	reap(&launch->pid);
	reap(&launch->joiner);
}

static int fail(struct bw_launch *launch)
{
	kill_init(launch);
	launch->state = BW_LAUNCH_FAILED;
	return -1;
}

int bw_launch_begin(struct bw_launch *launch, const struct bw_plan *plan, const struct bw_request *request,
	struct bw_err *err)
{
	int pair[2], report[2], r;
	struct bw_child_setup setup = {
		.plan = plan,
		.start_sock = request->wait_for_start ? request->start_sock : -1,
		.host_proc = request->host_proc,
		.preserve_fds = request->preserve_fds,
		.parent_phases = parent_phases(plan),
		.seen_until_mapped = (plan->clone_flags & CLONE_NEWUSER) && !request->host->root.v,
	};

	*launch = (struct bw_launch)BW_LAUNCH_INIT;
	launch->plan = plan;
	launch->request = request;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socketpair");
	launch->channel = pair[0];
	setup.channel = pair[1];
	if (pipe2(report, O_CLOEXEC) < 0) {
		close(pair[1]);
		return bw_fail(err, BW_E_KERNEL, errno, "pipe");
	}
	setup.joiner_report = report[1];
	r = clone_init(launch, &setup, err);
	close(pair[1]);
	close(report[1]);
	if (r == 0 && launch->joiner)
		r = learn_pid(launch, report[0], err);
	close(report[0]);
	if (r < 0)
		return fail(launch);
	return r;
}

static int run_parent_steps(struct bw_launch *launch, uint32_t phase, struct bw_err *err)
{
	const struct bw_plan *plan = launch->plan;
	struct bw_settling now = {.pid = launch->pid, .pidfd = launch->pidfd, .host_proc = launch->request->host_proc,
		.request = launch->request};

	for (size_t i = 0; i < plan->n; i++) {
		const struct bw_step *step = &plan->steps[i];

		if (step->side != BW_SIDE_PARENT || step->phase != phase)
			continue;
		if (bw_control_of(step->control)->settle(&now, step->op, bw_plan_data(plan, step), step->len, err) < 0) {
			launch->failed_step = (int)i;
			return -1;
		}
	}
	return 0;
}

static int say_go(const struct bw_launch *launch, struct bw_err *err)
{
	struct bw_message go = {.kind = BW_MSG_GO};

	if (TEMP_FAILURE_RETRY(send(launch->channel, &go, sizeof go, MSG_NOSIGNAL)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "the container's init went away");
	return 0;
}

/* As a rule the child cannot send it: a filter is in force by now, and sendmsg(2) may be what it stops. attached: where it
 * could, else -1; stays the caller's. */
static int receive_fd(struct bw_launch *launch, const struct bw_message *message, int attached, struct bw_err *err)
{
	struct bw_settling now = {.pid = launch->pid, .pidfd = launch->pidfd, .host_proc = launch->request->host_proc,
		.request = launch->request};
	const struct bw_step *step = message->which < launch->plan->n ? &launch->plan->steps[message->which] : NULL;
	const struct bw_control *control = step ? bw_control_of(step->control) : NULL;
	auto_close int taken = -1;
	int fd = attached;

	if (!control || !control->receive || message->which < launch->next_giver || launch->pidfd < 0 ||
		(message->value < 0) != (attached >= 0))
		return bw_fail(err, BW_E_INTERNAL, 0, "the child offers a descriptor out of turn");
	launch->next_giver = message->which + 1;
	if (fd < 0) {
		taken = bw_pidfd_getfd(launch->pidfd, message->value);
		fd = taken;
	}
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s: taking a descriptor from the container's init", control->name);
	if (control->receive(&now, step->op, bw_plan_data(launch->plan, step), step->len, fd, err) < 0)
		return -1;
	return say_go(launch, err);
}

static int synchronise(struct bw_launch *launch, const struct bw_message *message, struct bw_err *err)
{
	uint32_t bit = message->which < BW_PHASE_COUNT ? 1U << message->which : 0;

	if (!launch->pid || !(parent_phases(launch->plan) & bit) || launch->phases_done >= bit)
		return bw_fail(err, BW_E_INTERNAL, 0, "the child asked for phase %u out of turn", message->which);
	launch->phases_done |= bit;
	if (run_parent_steps(launch, message->which, err) < 0)
		return -1;
	return say_go(launch, err);
}

/* What was asked for comes true with execve: a program that runs without it must not go on. */
static int verify(struct bw_launch *launch, struct bw_err *err)
{
	const struct bw_plan *plan = launch->plan;
	const struct bw_settling now = {.pid = launch->pid, .pidfd = launch->pidfd, .host_proc = launch->request->host_proc,
		.request = launch->request};

	for (size_t i = 0; i < plan->n; i++) {
		const struct bw_step *step = &plan->steps[i];
		const struct bw_control *control = bw_control_of(step->control);

		if (step->side == BW_SIDE_CHILD && control->verify &&
			control->verify(&now, step->op, bw_plan_data(plan, step), step->len, err) < 0) {
			launch->failed_step = (int)i;
			return -1;
		}
	}
	return 0;
}

/* The channel has ended. After BW_MSG_EXEC that is what close-on-exec does; before it the child has died. */
static int channel_ended(struct bw_launch *launch, struct bw_err *err)
{
	int status = 0;

	if (launch->exec_announced) {
		if (verify(launch, err) < 0)
			return -1;
		launch->state = BW_LAUNCH_RUNNING;
		return 0;
	}
	if (launch->pid > 0 && bw_wait(launch->pid, &status) == 0)
		launch->pid = 0;
	if (WIFSIGNALED(status)) {
		launch->killed_by = WTERMSIG(status);
		return bw_fail(err, BW_E_KERNEL, 0, "the container's init was killed by signal %d before its program started",
			WTERMSIG(status));
	}
	return bw_fail(err, BW_E_KERNEL, 0, "the container's init ended with status %d before its program started",
		WEXITSTATUS(status));
}

static int accept_message(struct bw_launch *launch, const struct bw_message *message, int attached, struct bw_err *err)
{
	switch ((enum bw_message_kind)message->kind) {
	case BW_MSG_SYNC:
		return synchronise(launch, message, err);
	case BW_MSG_READY:
		launch->state = BW_LAUNCH_READY;
		return 0;
	case BW_MSG_EXEC:
		launch->exec_announced = true;
		return 0;
	case BW_MSG_FAILED:
		if (message->which >= launch->plan->n)
			break;
		launch->failed_step = (int)message->which;
		launch->failed_sys = message->value;
		bw_step_complain(launch->plan, &launch->plan->steps[message->which], message->value, err);
		bw_hook_said(message->said, sizeof message->said, err);
		return -1;
	case BW_MSG_FD:
		return receive_fd(launch, message, attached, err);
	case BW_MSG_PID:
	case BW_MSG_JOIN_FAILED:
	case BW_MSG_GO:
		break;
	}
	return bw_fail(err, BW_E_INTERNAL, 0, "unexpected message %u from the child", message->kind);
}

/* As recv(2). MSG_TRUNC: the length as it was sent, so that a longer message is not taken for one of ours. There is room
 * for one descriptor; further ones are closed by the kernel. */
static ssize_t receive_message(struct bw_launch *launch, struct bw_message *message, int *ret_attached)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = message, .iov_len = sizeof *message};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t got = TEMP_FAILURE_RETRY(recvmsg(launch->channel, &msg, MSG_TRUNC | MSG_CMSG_CLOEXEC));

	*ret_attached = -1;
	if (got >= 0 && msg.msg_controllen >= CMSG_LEN(sizeof(int)) && control.align.cmsg_level == SOL_SOCKET &&
		control.align.cmsg_type == SCM_RIGHTS)
		memcpy(ret_attached, control.bytes + CMSG_LEN(0), sizeof *ret_attached);
	return got;
}

int bw_launch_step(struct bw_launch *launch, struct bw_err *err)
{
	struct bw_message message;
	auto_close int attached = -1;
	ssize_t got = receive_message(launch, &message, &attached);
	int r;

	if (got == 0 || (got < 0 && errno == ECONNRESET))
		r = channel_ended(launch, err);
	else if (got != (ssize_t)sizeof message)
		r = bw_fail(err, BW_E_INTERNAL, got < 0 ? errno : 0, "bad message from the child");
	else
		r = accept_message(launch, &message, attached, err);
	if (r < 0)
		return fail(launch);
	return (int)launch->state;
}

int bw_launch_wait(struct bw_launch *launch, struct bw_err *err)
{
	while (launch->state == BW_LAUNCH_STARTING) {
		if (bw_launch_step(launch, err) < 0)
			return -1;
	}
	return 0;
}

void bw_launch_abort(struct bw_launch *launch)
{
	kill_init(launch);
	launch->state = BW_LAUNCH_FAILED;
}

void bw_launch_done(struct bw_launch *launch)
{
	if (launch->state == BW_LAUNCH_STARTING)
		kill_init(launch);
	if (launch->channel >= 0)
		close(launch->channel);
	if (launch->pidfd >= 0)
		close(launch->pidfd);
	launch->channel = launch->pidfd = -1;
}
