/* SPDX-License-Identifier: Apache-2.0 */
/* Workers of the shim: what comes back from them, also when they die, and what they have in their hands. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "shim/worker.h"

static struct bw_loop loop;
static struct bw_workers workers;
static struct bw_report got;
static int answers;

static void done(void *owner, const struct bw_report *report)
{
	ck_assert_ptr_eq(owner, &answers);
	got = *report;
	answers++;
}

/* A process that stays: the worker's child, and ours when the worker has ended. */
static int start_one(void *ctx, struct bw_report *report, struct bw_err *err)
{
	(void)ctx;
	(void)err;
	report->pid = fork();
	if (report->pid == 0) {
		pause();
		_exit(0);
	}
	return 0;
}

static int end_at_once(void *ctx, struct bw_report *report, struct bw_err *err)
{
	(void)ctx;
	(void)err;
	report->pid = fork();
	if (report->pid == 0)
		_exit(7);
	/* It has ended before anybody hears of it. */
	usleep(20000);
	return 0;
}

static int refuse(void *ctx, struct bw_report *report, struct bw_err *err)
{
	(void)report;
	return bw_fail(err, BW_E_DENIED, 0, "no: %s", (const char *)ctx);
}

static int crash(void *ctx, struct bw_report *report, struct bw_err *err)
{
	(void)ctx;
	(void)report;
	(void)err;
	raise(SIGKILL);
	return 0;
}

static int leave(void *ctx, struct bw_report *report, struct bw_err *err)
{
	(void)ctx;
	(void)report;
	(void)err;
	_exit(3);
}

/* pid holds the descriptors above 2 that are open, as bits. */
static int count_descriptors(void *ctx, struct bw_report *report, struct bw_err *err)
{
	(void)ctx;
	(void)err;
	for (int fd = 3; fd < 30; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			report->pid |= 1 << fd;
	return 0;
}

static int check_signals(void *ctx, struct bw_report *report, struct bw_err *err)
{
	struct sigaction pipe_action;
	sigset_t blocked;
	int death = 0;

	(void)ctx;
	(void)err;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	sigaction(SIGPIPE, NULL, &pipe_action);
	prctl(PR_GET_PDEATHSIG, &death);
	report->pid = sigismember(&blocked, SIGCHLD) == 0 && pipe_action.sa_handler == SIG_DFL && death == SIGKILL;
	return 0;
}

static void begin(bw_worker_body *body, void *ctx, const int *keep, size_t keep_n)
{
	struct bw_work work = {.body = body, .ctx = ctx, .keep = keep, .keep_n = keep_n, .done = done, .owner = &answers};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_worker_begin(&workers, &work, &err), 0);
}

/* As the shim does it, until an answer is there. */
static void await(void)
{
	struct bw_err err = {0};
	int status;
	pid_t pid;

	for (int i = 0; i < 500 && !answers; i++) {
		ck_assert_int_eq(bw_loop_turn(&loop, 10, &err), 0);
		while (!answers && (pid = waitpid(-1, &status, WNOHANG)) > 0)
			bw_worker_ended(&workers, pid, status);
	}
	ck_assert_int_eq(answers, 1);
}

static void setup(void)
{
	struct bw_err err = {0};
	sigset_t chld;

	/* The library's own end whole process groups, and a fork without exec has them until it sets its own. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	ck_assert_int_eq(bw_loop_open(&loop, &err), 0);
	workers = (struct bw_workers){.loop = &loop};
	answers = 0;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static void teardown(void)
{
	int status;

	while (waitpid(-1, &status, 0) > 0)
		;
	bw_loop_close(&loop);
}

START_TEST(what_a_worker_starts_becomes_our_child)
{
	int status;

	begin(start_one, NULL, NULL, 0);
	await();
	ck_assert(!got.failed);
	ck_assert_int_gt(got.pid, 0);
	ck_assert_int_eq(kill(got.pid, SIGKILL), 0);
	/* The worker ends, and then it is ours to wait for. */
	for (int i = 0; i < 500 && waitpid(got.pid, &status, WNOHANG) != got.pid; i++)
		usleep(10000);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}
END_TEST

START_TEST(what_ended_before_the_report_is_still_to_be_waited_for)
{
	int status = 0;

	begin(end_at_once, NULL, NULL, 0);
	await();
	ck_assert_int_gt(got.pid, 0);
	for (int i = 0; i < 500 && waitpid(got.pid, &status, WNOHANG) != got.pid; i++)
		usleep(10000);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

START_TEST(an_error_comes_back_whole)
{
	char why[] = "the policy";

	begin(refuse, why, NULL, 0);
	await();
	ck_assert(got.failed);
	ck_assert(!got.died);
	ck_assert_int_eq(got.err.code, BW_E_DENIED);
	ck_assert_str_eq(got.err.text, "no: the policy");
}
END_TEST

START_TEST(a_worker_that_dies_is_told_of)
{
	begin(crash, NULL, NULL, 0);
	await();
	ck_assert(got.failed);
	ck_assert(got.died);
	ck_assert_str_eq(got.err.text, "the worker was killed by signal 9");
}
END_TEST

START_TEST(a_worker_that_leaves_is_told_of)
{
	begin(leave, NULL, NULL, 0);
	await();
	ck_assert(got.failed);
	ck_assert(got.died);
	ck_assert_str_eq(got.err.text, "the worker has ended with status 3 and no report");
}
END_TEST

START_TEST(a_worker_has_what_it_is_given_and_no_more)
{
	int kept[] = {21, 9}, others[] = {8, 10, 20, 22};
	int bits;

	for (size_t i = 0; i < BW_COUNT(kept); i++)
		ck_assert_int_eq(dup2(0, kept[i]), kept[i]);
	for (size_t i = 0; i < BW_COUNT(others); i++)
		ck_assert_int_eq(dup2(0, others[i]), others[i]);
	begin(count_descriptors, NULL, kept, BW_COUNT(kept));
	await();
	bits = got.pid;
	ck_assert(bits & 1 << 21);
	ck_assert(bits & 1 << 9);
	/* Two more are the report's and the log's. */
	ck_assert_int_eq(__builtin_popcount((unsigned)bits), 4);
	for (size_t i = 0; i < BW_COUNT(others); i++)
		ck_assert(!(bits & 1 << others[i]));
}
END_TEST

START_TEST(a_worker_hears_signals_and_dies_with_the_shim)
{
	begin(check_signals, NULL, NULL, 0);
	await();
	ck_assert_int_eq(got.pid, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim worker");
	TCase *cases = tcase_create("worker");
	SRunner *runner;
	int failures;

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, what_a_worker_starts_becomes_our_child);
	tcase_add_test(cases, what_ended_before_the_report_is_still_to_be_waited_for);
	tcase_add_test(cases, an_error_comes_back_whole);
	tcase_add_test(cases, a_worker_that_dies_is_told_of);
	tcase_add_test(cases, a_worker_that_leaves_is_told_of);
	tcase_add_test(cases, a_worker_has_what_it_is_given_and_no_more);
	tcase_add_test(cases, a_worker_hears_signals_and_dies_with_the_shim);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
