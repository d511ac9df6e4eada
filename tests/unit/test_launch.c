/* SPDX-License-Identifier: Apache-2.0 */
/* test_launch.c - the parent's state machine against children that say what they like: a launch put
 * together by hand, a socketpair, and a process that stands for the container's init. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sys.h"
#include "launch/child.h"
#include "launch/parent.h"
#include "launch/wire.h"
#include "spec/spec.h"

static char version[] = "1.2.0", root_dir[] = "/";
static struct bw_plan plan;
static struct bw_spec spec;
static struct bw_spec_hooks hooks;
static char mount_word[] = "mount";
static struct bw_spec_namespace mount_namespace = {.type = mount_word};
static struct bw_spec_linux linux_part = {.namespaces = {&mount_namespace, 1}};
/* Of the step that attaches the rootfs, as rootfs.c lays it out: nowhere but over "/". */
static const struct {
	int tree, target;
	uint32_t propagation;
} attach = {-1, -1, 0};
static struct bw_request request;
static struct bw_launch launch;
static struct bw_err err;
static int child_end = -1;

/* A process that does nothing until it is killed. */
static void be_child(int exit_code)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	launch.pid = fork();
	ck_assert_int_ge(launch.pid, 0);
	if (launch.pid == 0) {
		close(child_end);
		close(launch.channel);
		close(ready[0]);
		close(ready[1]);
		if (exit_code >= 0)
			_exit(exit_code);
		for (;;)
			pause();
	}
	/* Its copies of the channel must be gone, or a hang-up would not be one. */
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	launch.pidfd = bw_pidfd_open(launch.pid, 0);
	ck_assert_int_ge(launch.pidfd, 0);
}

/* Two steps of the parent's, at NETWORK and HOOKS, and one of the child's that has words. */
static void setup(void)
{
	int pair[2];

	err = (struct bw_err){0};
	plan = (struct bw_plan)BW_PLAN_INIT;
	spec = (struct bw_spec){.oci_version = version, .hooks = &hooks, .linux_ = &linux_part};
	request = (struct bw_request){
		.spec = &spec, .id = "c1", .bundle = "/", .state_fd = -1, .host_proc = -1};
	ck_assert_int_eq(
		bw_plan_add_parent(&plan, BW_CONTROL_hooks, 0, BW_PHASE_NETWORK, NULL, 0, &err), 0);
	ck_assert_int_eq(
		bw_plan_add_parent(&plan, BW_CONTROL_hooks, 0, BW_PHASE_HOOKS, NULL, 0, &err), 0);
	ck_assert_int_eq(
		bw_plan_add(&plan, BW_CONTROL_rootfs, 0, BW_PHASE_ROOTFS, &attach, sizeof attach, &err), 0);
	ck_assert_int_eq(bw_plan_freeze(&plan, &err), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	launch = (struct bw_launch)BW_LAUNCH_INIT;
	launch.plan = &plan;
	launch.request = &request;
	launch.channel = pair[0];
	child_end = pair[1];
}

static void hang_up(void)
{
	if (child_end >= 0)
		close(child_end);
	child_end = -1;
}

static void teardown(void)
{
	bw_launch_abort(&launch);
	bw_launch_done(&launch);
	hang_up();
	bw_plan_done(&plan);
}

static void say(uint32_t kind, uint32_t which, int value)
{
	struct bw_message message = {.kind = kind, .which = which, .value = value};

	ck_assert_int_eq(
		send(child_end, &message, sizeof message, MSG_NOSIGNAL), (ssize_t)sizeof message);
}

static void hear_go(void)
{
	struct bw_message message;

	ck_assert_int_eq(
		recv(child_end, &message, sizeof message, MSG_DONTWAIT), (ssize_t)sizeof message);
	ck_assert_uint_eq(message.kind, BW_MSG_GO);
}

static void hear_nothing(void)
{
	struct bw_message message;

	ck_assert_int_le(recv(child_end, &message, sizeof message, MSG_DONTWAIT), 0);
}

static void step_gives(enum bw_launch_state state)
{
	ck_assert_msg(bw_launch_step(&launch, &err) == (int)state, "%s", err.text);
	ck_assert_int_eq(launch.state, state);
}

/* The step fails with these words; the init is dead and nobody has to wait for it. */
static void step_fails(const char *text)
{
	pid_t pid = launch.pid;

	ck_assert_int_eq(bw_launch_step(&launch, &err), -1);
	ck_assert_str_eq(err.text, text);
	ck_assert_int_eq(launch.state, BW_LAUNCH_FAILED);
	ck_assert_int_eq(launch.pid, 0);
	if (pid > 0) {
		ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
		ck_assert_int_eq(errno, ECHILD);
	}
}

START_TEST(a_launch_in_order_ends_running)
{
	be_child(-1);
	say(BW_MSG_SYNC, BW_PHASE_NETWORK, 0);
	step_gives(BW_LAUNCH_STARTING);
	hear_go();
	say(BW_MSG_SYNC, BW_PHASE_HOOKS, 0);
	step_gives(BW_LAUNCH_STARTING);
	hear_go();
	say(BW_MSG_EXEC, 0, 0);
	step_gives(BW_LAUNCH_STARTING);
	hang_up();
	step_gives(BW_LAUNCH_RUNNING);
	ck_assert_int_eq(kill(launch.pid, 0), 0);
}
END_TEST

START_TEST(a_created_container_is_ready)
{
	be_child(-1);
	say(BW_MSG_READY, 0, 0);
	ck_assert_int_eq(bw_launch_wait(&launch, &err), 0);
	ck_assert_int_eq(launch.state, BW_LAUNCH_READY);
	ck_assert_int_eq(kill(launch.pid, 0), 0);
	/* It waits for start: to be done with the launch is not to end the container. */
	bw_launch_done(&launch);
	ck_assert_int_eq(kill(launch.pid, 0), 0);
}
END_TEST

static const struct sync_row {
	uint32_t first, second; /* phases; first: NO_SYNC for none */
	const char *text;
} sync_rows[] = {
#define NO_SYNC 1000
	/* twice */
	{BW_PHASE_NETWORK, BW_PHASE_NETWORK, "the child asked for phase 2 out of turn"},
	{BW_PHASE_HOOKS, BW_PHASE_HOOKS, "the child asked for phase 3 out of turn"},
	/* back */
	{BW_PHASE_HOOKS, BW_PHASE_NETWORK, "the child asked for phase 2 out of turn"},
	/* without a step of the parent's */
	{NO_SYNC, BW_PHASE_JOIN, "the child asked for phase 0 out of turn"},
	{NO_SYNC, BW_PHASE_ROOTFS, "the child asked for phase 4 out of turn"},
	{NO_SYNC, BW_PHASE_EXEC, "the child asked for phase 14 out of turn"},
	/* no phase at all */
	{NO_SYNC, BW_PHASE_COUNT, "the child asked for phase 15 out of turn"},
	{NO_SYNC, 32 + BW_PHASE_NETWORK, "the child asked for phase 34 out of turn"},
	{NO_SYNC, UINT32_MAX, "the child asked for phase 4294967295 out of turn"},
};

START_TEST(a_sync_out_of_turn_ends_the_launch)
{
	const struct sync_row *row = &sync_rows[_i];

	be_child(-1);
	if (row->first != NO_SYNC) {
		say(BW_MSG_SYNC, row->first, 0);
		step_gives(BW_LAUNCH_STARTING);
		hear_go();
	}
	say(BW_MSG_SYNC, row->second, 0);
	step_fails(row->text);
	hear_nothing();
}
END_TEST

START_TEST(a_sync_before_the_pid_is_known_is_refused)
{
	say(BW_MSG_SYNC, BW_PHASE_NETWORK, 0);
	step_fails("the child asked for phase 2 out of turn");
}
END_TEST

/* Only the joiner may say these, and on its own pipe; GO is ours. */
static const uint32_t strange_kinds[] = {
	0, BW_MSG_PID, BW_MSG_JOIN_FAILED, BW_MSG_GO, BW_MSG_FD + 1, UINT32_MAX};

START_TEST(an_unexpected_message_ends_the_launch)
{
	char text[64];

	be_child(-1);
	say(strange_kinds[_i], 1, 1);
	snprintf(text, sizeof text, "unexpected message %u from the child", strange_kinds[_i]);
	step_fails(text);
}
END_TEST

/* A message with copies of standard input, as many as there is room for. */
static void say_with_descriptors(uint32_t kind, uint32_t which, int value, size_t n)
{
	enum { MANY = 5 };
	struct bw_message message = {.kind = kind, .which = which, .value = value};
	union {
		char bytes[CMSG_SPACE(MANY * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = &message, .iov_len = sizeof message};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_SPACE(n * sizeof(int))};

	ck_assert_uint_le(n, MANY);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(n * sizeof(int)); /* descriptor 0, n times */
	ck_assert_int_eq(sendmsg(child_end, &msg, BW_SEND_OVER_FLAGS), (ssize_t)sizeof message);
}

/* The next descriptor that is free. */
static int lowest_free(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD, 0);

	ck_assert_int_ge(fd, 0);
	close(fd);
	return fd;
}

static const struct {
	uint32_t kind, which;
	int value;
	size_t n;
	const char *text; /* of the failure, or NULL */
} with_descriptors[] = {
	{BW_MSG_EXEC, 0, 0, 1, NULL},
	{BW_MSG_EXEC, 0, 0, 5, NULL},
	{BW_MSG_SYNC, BW_PHASE_EXEC, 0, 1, "the child asked for phase 14 out of turn"},
	/* rootfs takes none; there is no such step */
	{BW_MSG_FD, 2, -1, 1, "the child offers a descriptor out of turn"},
	{BW_MSG_FD, 99, -1, 1, "the child offers a descriptor out of turn"},
};

START_TEST(a_descriptor_that_nobody_asked_for_is_closed)
{
	int before;

	be_child(-1);
	before = lowest_free();
	say_with_descriptors(with_descriptors[_i].kind, with_descriptors[_i].which, with_descriptors[_i].value,
		with_descriptors[_i].n);
	if (with_descriptors[_i].text)
		step_fails(with_descriptors[_i].text);
	else
		step_gives(BW_LAUNCH_STARTING);
	ck_assert_int_eq(lowest_free(), before);
}
END_TEST

/* Either a number or the descriptor itself. */
START_TEST(a_filter_s_listener_comes_in_one_way)
{
	bw_plan_done(&plan);
	plan = (struct bw_plan)BW_PLAN_INIT;
	ck_assert_int_eq(bw_plan_add(&plan, BW_CONTROL_seccomp, 0, BW_PHASE_FILTER, NULL, 0, &err), 0);
	ck_assert_int_eq(bw_plan_freeze(&plan, &err), 0);
	be_child(-1);
	if (_i == 0)
		say(BW_MSG_FD, 0, -1);
	else
		say_with_descriptors(BW_MSG_FD, 0, STDIN_FILENO, 1);
	step_fails("the child offers a descriptor out of turn");
}
END_TEST

static const size_t wrong_sizes[] = {
	1, sizeof(struct bw_message) - 1, sizeof(struct bw_message) + 1, 2 * sizeof(struct bw_message)};

START_TEST(a_message_of_another_size_ends_the_launch)
{
	char bytes[2 * sizeof(struct bw_message)] = {BW_MSG_READY};

	be_child(-1);
	ck_assert_int_eq(send(child_end, bytes, wrong_sizes[_i], 0), (ssize_t)wrong_sizes[_i]);
	step_fails("bad message from the child");
}
END_TEST

START_TEST(a_failed_step_is_put_into_words_from_the_plan)
{
	be_child(-1);
	say(BW_MSG_FAILED, 2, EPERM);
	step_fails("rootfs: attach over /: operation not permitted");
	ck_assert_int_eq(err.sys, EPERM);
	ck_assert_int_eq(err.code, BW_E_KERNEL);
}
END_TEST

static const uint32_t no_steps[] = {3, 1000, UINT32_MAX};

START_TEST(a_failed_step_that_is_none_is_refused)
{
	be_child(-1);
	say(BW_MSG_FAILED, no_steps[_i], EPERM);
	step_fails("unexpected message 7 from the child");
}
END_TEST

/* No step of this plan has a descriptor for the parent: what the child's memory says is not looked at. */
static const uint32_t no_givers[] = {0, 2, 3, UINT32_MAX};

START_TEST(a_descriptor_that_no_step_of_the_plan_has_is_not_taken)
{
	be_child(-1);
	say(BW_MSG_FD, no_givers[_i], 0);
	step_fails("the child offers a descriptor out of turn");
	hear_nothing();
}
END_TEST

static const struct fd_row {
	uint32_t step;
	uint32_t received; /* those below it have had their turn */
	const char *text;
} fd_rows[] = {
	{0, 0, "seccomp: this filter has no listener"},
	{1, 1,
		"failed to connect with seccomp agent specified in the seccomp profile: connecting to /nobody.sock: "
		"no such file or directory"},
	{0, 1, "the child offers a descriptor out of turn"},
	{1, 2, "the child offers a descriptor out of turn"},
};

/* Two filters, of which the second has a listener, and an agent that is not there. */
START_TEST(a_listener_is_taken_from_its_step_alone_and_once)
{
	__attribute__((cleanup(bw_plan_done))) struct bw_plan steps = BW_PLAN_INIT;
	struct bw_spec_seccomp section = {.listener_path = (char[]){"/nobody.sock"}};
	struct bw_spec_linux lin = {.seccomp = &section};

	spec.linux_ = &lin;
	for (uint16_t op = 1; op <= 2; op++)
		ck_assert_int_eq(bw_plan_add(&steps, BW_CONTROL_seccomp, op, BW_PHASE_FILTER, NULL, 0, &err), 0);
	ck_assert_int_eq(bw_plan_freeze(&steps, &err), 0);
	launch.plan = &steps;
	launch.next_giver = fd_rows[_i].received;
	be_child(-1);
	say(BW_MSG_FD, fd_rows[_i].step, 0);
	step_fails(fd_rows[_i].text);
	hear_nothing();
	launch.plan = &plan;
}
END_TEST

START_TEST(an_end_before_the_program_is_a_failure)
{
	be_child(42);
	hang_up();
	step_fails("the container's init ended with status 42 before its program started");
}
END_TEST

START_TEST(a_kill_before_the_program_is_noted_for_who_explains_it)
{
	be_child(-1);
	kill(launch.pid, SIGKILL);
	hang_up();
	step_fails("the container's init was killed by signal 9 before its program started");
	ck_assert_int_eq(launch.killed_by, SIGKILL);
}
END_TEST

START_TEST(another_signal_is_named_alone)
{
	be_child(-1);
	kill(launch.pid, SIGUSR1);
	hang_up();
	step_fails("the container's init was killed by signal 10 before its program started");
}
END_TEST

/* A message that was never read makes the end a reset. */
START_TEST(an_end_by_reset_is_an_end)
{
	struct bw_message go = {.kind = BW_MSG_GO};

	be_child(-1);
	launch.exec_announced = true;
	ck_assert_int_gt(send(launch.channel, &go, sizeof go, 0), 0);
	hang_up();
	step_gives(BW_LAUNCH_RUNNING);
}
END_TEST

START_TEST(a_failure_after_the_announcement_is_still_one)
{
	be_child(-1);
	say(BW_MSG_EXEC, 0, 0);
	step_gives(BW_LAUNCH_STARTING);
	say(BW_MSG_FAILED, 2, ENOENT);
	step_fails("rootfs: attach over /: no such file or directory");
}
END_TEST

START_TEST(a_failing_hook_ends_the_launch_and_no_go_is_said)
{
	char false_[] = "/bin/false";
	struct bw_spec_hook hook = {.path = false_};

	hooks = (struct bw_spec_hooks){.prestart = {&hook, 1}};
	be_child(-1);
	say(BW_MSG_SYNC, BW_PHASE_NETWORK, 0);
	step_fails("error running prestart hook #0: /bin/false: exit status 1");
	hear_nothing();
	hooks = (struct bw_spec_hooks){0};
}
END_TEST

START_TEST(an_init_that_left_before_go_is_reported)
{
	be_child(-1);
	say(BW_MSG_SYNC, BW_PHASE_NETWORK, 0);
	hang_up();
	step_fails("the container's init went away: broken pipe");
}
END_TEST

START_TEST(a_launch_given_up_leaves_no_process)
{
	pid_t pid;

	be_child(-1);
	pid = launch.pid;
	bw_launch_done(&launch);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
	ck_assert_int_eq(launch.channel, -1);
	ck_assert_int_eq(launch.pidfd, -1);
	bw_launch_done(&launch);
}
END_TEST

/* ---- the child's half, for real: an empty plan and a plan that fails, without namespaces ---- */

static int launch_for_real(struct bw_plan *steps)
{
	bw_launch_done(&launch);
	ck_assert_int_eq(bw_plan_freeze(steps, &err), 0);
	ck_assert_msg(bw_launch_begin(&launch, steps, &request, &err) == 0, "%s", err.text);
	ck_assert_int_gt(launch.pid, 0);
	return bw_launch_wait(&launch, &err);
}

static void add_program(struct bw_plan *steps, char *path)
{
	char *args[] = {path};
	struct bw_spec_process process = {.cwd = root_dir, .args = {args, 1}};

	request.process = &process;
	ck_assert_msg(bw_program.prepare(&request, steps, &err) == 0, "%s", err.text);
	request.process = NULL;
}

START_TEST(a_program_runs_and_the_parent_learns_it)
{
	__attribute__((cleanup(bw_plan_done))) struct bw_plan steps = BW_PLAN_INIT;
	char path[] = "/bin/true";
	int status;

	ck_assert_int_eq(
		bw_plan_add_parent(&steps, BW_CONTROL_hooks, 0, BW_PHASE_HOOKS, NULL, 0, &err), 0);
	/* After setns() into a mount namespace "/" is the root; here it is ours. */
	request.exec = true;
	ck_assert_int_eq(bw_rootfs.prepare(&request, &steps, &err), 0);
	add_program(&steps, path);
	ck_assert_msg(launch_for_real(&steps) == 0, "%s", err.text);
	ck_assert_int_eq(launch.state, BW_LAUNCH_RUNNING);
	ck_assert_int_eq(waitpid(launch.pid, &status, 0), launch.pid);
	ck_assert_int_eq(status, 0);
	launch.pid = 0;
}
END_TEST

START_TEST(a_program_that_is_not_there_is_named)
{
	__attribute__((cleanup(bw_plan_done))) struct bw_plan steps = BW_PLAN_INIT;
	char path[] = "no-such-program";

	request.exec = true;
	ck_assert_int_eq(bw_rootfs.prepare(&request, &steps, &err), 0);
	add_program(&steps, path);
	ck_assert_int_eq(launch_for_real(&steps), -1);
	ck_assert_str_eq(err.text, "exec: \"no-such-program\": executable file not found in $PATH");
	ck_assert_int_eq(launch.state, BW_LAUNCH_FAILED);
}
END_TEST

START_TEST(a_plan_that_does_not_end_in_a_program_fails)
{
	__attribute__((cleanup(bw_plan_done))) struct bw_plan steps = BW_PLAN_INIT;

	request.exec = true;
	ck_assert_int_eq(bw_rootfs.prepare(&request, &steps, &err), 0);
	ck_assert_int_eq(launch_for_real(&steps), -1);
	ck_assert_str_eq(err.text, "rootfs: open: exec format error");
}
END_TEST

#define ROWS(table) ((int)BW_COUNT(table))

int main(void)
{
	Suite *s = suite_create("launch");
	TCase *t = tcase_create("launch");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_launch_in_order_ends_running);
	tcase_add_test(t, a_created_container_is_ready);
	tcase_add_loop_test(t, a_sync_out_of_turn_ends_the_launch, 0, ROWS(sync_rows));
	tcase_add_test(t, a_sync_before_the_pid_is_known_is_refused);
	tcase_add_loop_test(t, a_descriptor_that_nobody_asked_for_is_closed, 0, (int)BW_COUNT(with_descriptors));
	tcase_add_loop_test(t, a_filter_s_listener_comes_in_one_way, 0, 2);
	tcase_add_loop_test(t, an_unexpected_message_ends_the_launch, 0, ROWS(strange_kinds));
	tcase_add_loop_test(t, a_message_of_another_size_ends_the_launch, 0, ROWS(wrong_sizes));
	tcase_add_test(t, a_failed_step_is_put_into_words_from_the_plan);
	tcase_add_loop_test(t, a_failed_step_that_is_none_is_refused, 0, ROWS(no_steps));
	tcase_add_loop_test(t, a_descriptor_that_no_step_of_the_plan_has_is_not_taken, 0, ROWS(no_givers));
	tcase_add_loop_test(t, a_listener_is_taken_from_its_step_alone_and_once, 0, ROWS(fd_rows));
	tcase_add_test(t, an_end_before_the_program_is_a_failure);
	tcase_add_test(t, a_kill_before_the_program_is_noted_for_who_explains_it);
	tcase_add_test(t, another_signal_is_named_alone);
	tcase_add_test(t, an_end_by_reset_is_an_end);
	tcase_add_test(t, a_failure_after_the_announcement_is_still_one);
	tcase_add_test(t, a_failing_hook_ends_the_launch_and_no_go_is_said);
	tcase_add_test(t, an_init_that_left_before_go_is_reported);
	tcase_add_test(t, a_launch_given_up_leaves_no_process);
	tcase_add_test(t, a_program_runs_and_the_parent_learns_it);
	tcase_add_test(t, a_program_that_is_not_there_is_named);
	tcase_add_test(t, a_plan_that_does_not_end_in_a_program_fails);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
