/* SPDX-License-Identifier: Apache-2.0 */
/* test_plan.c - the list of steps: order, places in the pool, limits, and that nothing can change
 * it once it is frozen. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "plan/plan.h"

static struct bw_plan plan;
static struct bw_err err;

static void setup(void)
{
	plan = (struct bw_plan)BW_PLAN_INIT;
	err = (struct bw_err){0};
}

static void teardown(void)
{
	bw_plan_done(&plan);
}

static void add(uint16_t op, enum bw_phase phase)
{
	ck_assert_int_eq(bw_plan_add(&plan, 1, op, phase, &op, sizeof op, &err), 0);
}

static void freeze(void)
{
	ck_assert_msg(bw_plan_freeze(&plan, &err) == 0, "%s", err.text);
}

START_TEST(steps_go_by_phase_and_within_it_as_added)
{
	static const struct {
		uint16_t op;
		enum bw_phase phase;
	} given[] = {
		{0, BW_PHASE_EXEC},
		{1, BW_PHASE_JOIN},
		{2, BW_PHASE_PIVOT},
		{3, BW_PHASE_JOIN},
		{4, BW_PHASE_ROOTFS},
		{5, BW_PHASE_JOIN},
		{6, BW_PHASE_PIVOT},
	};
	static const uint16_t expected[] = {1, 3, 5, 4, 2, 6, 0};

	for (size_t i = 0; i < BW_COUNT(given); i++)
		add(given[i].op, given[i].phase);
	freeze();
	ck_assert_uint_eq(plan.n, BW_COUNT(given));
	for (size_t i = 0; i < BW_COUNT(expected); i++) {
		const struct bw_step *step = &plan.steps[i];

		ck_assert_uint_eq(step->op, expected[i]);
		/* The data has come along. */
		ck_assert_uint_eq(*(const uint16_t *)bw_plan_data(&plan, step), expected[i]);
	}
}
END_TEST

START_TEST(data_is_aligned_copied_and_zero_between)
{
	char bytes[] = "123";
	const struct bw_step *steps;

	ck_assert_int_eq(bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, bytes, 3, &err), 0);
	ck_assert_int_eq(bw_plan_add(&plan, 1, 1, BW_PHASE_JOIN, NULL, 0, &err), 0);
	ck_assert_int_eq(bw_plan_add(&plan, 1, 2, BW_PHASE_JOIN, bytes, 1, &err), 0);
	memset(bytes, 'x', sizeof bytes);
	freeze();
	steps = plan.steps;
	for (size_t i = 0; i < plan.n; i++) {
		ck_assert_uint_eq(steps[i].off % 8, 0);
		ck_assert_uint_eq((uintptr_t)bw_plan_data(&plan, &steps[i]) % 8, 0);
	}
	ck_assert_mem_eq(bw_plan_data(&plan, &steps[0]), "123\0\0\0\0\0", 8);
	ck_assert_uint_eq(steps[1].len, 0);
	ck_assert_mem_eq(bw_plan_data(&plan, &steps[2]), "1", 1);
}
END_TEST

START_TEST(a_head_and_a_text_are_one_piece)
{
	uint64_t head = 42;

	ck_assert_int_eq(
		bw_plan_add_text(&plan, 3, 4, BW_PHASE_ROOTFS, &head, sizeof head, "/proc", &err),
		0);
	ck_assert_int_eq(bw_plan_add_text(&plan, 3, 5, BW_PHASE_ROOTFS, NULL, 0, "", &err), 0);
	freeze();
	ck_assert_uint_eq(plan.steps[0].control, 3);
	ck_assert_uint_eq(plan.steps[0].len, sizeof head + 6);
	ck_assert_uint_eq(*(const uint64_t *)bw_plan_data(&plan, &plan.steps[0]), 42);
	ck_assert_str_eq((const char *)bw_plan_data(&plan, &plan.steps[0]) + sizeof head, "/proc");
	ck_assert_uint_eq(plan.steps[1].len, 1);
	ck_assert_str_eq(bw_plan_data(&plan, &plan.steps[1]), "");
}
END_TEST

START_TEST(a_parents_step_is_marked)
{
	ck_assert_int_eq(bw_plan_add_parent(&plan, 1, 0, BW_PHASE_HOOKS, NULL, 0, &err), 0);
	add(1, BW_PHASE_HOOKS);
	freeze();
	ck_assert_uint_eq(plan.steps[0].side, BW_SIDE_PARENT);
	ck_assert_uint_eq(plan.steps[1].side, BW_SIDE_CHILD);
}
END_TEST

START_TEST(a_step_more_than_the_limit_is_refused)
{
	for (int i = 0; i < BW_PLAN_MAX_STEPS; i++)
		if (bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, NULL, 0, &err) < 0)
			ck_abort_msg("step %d: %s", i, err.text);
	ck_assert_int_eq(bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, NULL, 0, &err), -1);
	ck_assert_str_eq(err.text, "the plan has more than 8192 steps or 16777216 bytes");
	ck_assert_int_eq(err.code, BW_E_INTERNAL);
	ck_assert_uint_eq(plan.n, BW_PLAN_MAX_STEPS);
	freeze();
}
END_TEST

START_TEST(a_byte_more_than_the_limit_is_refused)
{
	auto_free char *bytes = calloc(1, BW_PLAN_MAX_POOL + 1);

	ck_assert_int_eq(
		bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, bytes, BW_PLAN_MAX_POOL + 1, &err), -1);
	ck_assert_uint_eq(plan.n, 0);
	ck_assert_int_eq(
		bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, bytes, BW_PLAN_MAX_POOL - 8, &err), 0);
	ck_assert_int_eq(bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, bytes, 9, &err), -1);
	ck_assert_int_eq(bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, bytes, 8, &err), 0);
	ck_assert_int_eq(bw_plan_add(&plan, 1, 0, BW_PHASE_JOIN, bytes, 1, &err), -1);
	ck_assert_uint_eq(plan.n, 2);
	ck_assert_uint_eq(plan.pool_len, BW_PLAN_MAX_POOL);
}
END_TEST

START_TEST(a_frozen_plan_takes_no_step)
{
	add(0, BW_PHASE_JOIN);
	freeze();
	ck_assert_int_eq(bw_plan_add(&plan, 1, 1, BW_PHASE_JOIN, NULL, 0, &err), -1);
	ck_assert_uint_eq(plan.n, 1);
}
END_TEST

START_TEST(an_empty_plan_can_be_frozen)
{
	freeze();
	ck_assert_uint_eq(plan.n, 0);
	ck_assert(plan.frozen);
}
END_TEST

/* How a process ends that writes to p. */
static int write_to(volatile unsigned char *p)
{
	const struct rlimit none = {0, 0};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		*p = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(nothing_can_write_to_a_frozen_plan)
{
	int status;

	add(7, BW_PHASE_JOIN);
	status = write_to(plan.pool);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "not writable before");
	freeze();
	for (int which = 0; which < 2; which++) {
		status = write_to(which ? plan.pool : (unsigned char *)plan.steps);
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
			"%s: wait status %d", which ? "pool" : "steps", status);
	}
}
END_TEST

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(descriptors_end_with_the_plan)
{
	int a = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int b = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int cgroup = open("/", O_PATH | O_CLOEXEC);

	ck_assert_int_eq(bw_plan_own_fd(&plan, a, &err), a);
	ck_assert_int_eq(bw_plan_own_fd(&plan, b, &err), b);
	plan.cgroup_fd = cgroup;
	freeze();
	ck_assert(is_open(a) && is_open(b) && is_open(cgroup));
	bw_plan_done(&plan);
	ck_assert(!is_open(a) && !is_open(b) && !is_open(cgroup));
	ck_assert_uint_eq(plan.n, 0);
	ck_assert_int_eq(plan.cgroup_fd, -1);
}
END_TEST

START_TEST(a_descriptor_too_many_is_closed_and_refused)
{
	int fd;

	/* The table counts; the numbers need not be open. */
	for (int i = 0; i < BW_PLAN_MAX_FDS; i++)
		ck_assert_int_eq(bw_plan_own_fd(&plan, 100000 + i, &err), 100000 + i);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(bw_plan_own_fd(&plan, fd, &err), -1);
	ck_assert_str_eq(err.text, "more than 1024 descriptors are needed");
	ck_assert(!is_open(fd));
}
END_TEST

START_TEST(a_half_built_plan_can_be_given_up)
{
	add(0, BW_PHASE_JOIN);
	bw_plan_done(&plan);
	bw_plan_done(&plan);
	ck_assert_ptr_null(plan.steps);
}
END_TEST

START_TEST(what_is_degraded_is_on_record)
{
	char lots[400];

	memset(lots, 'w', sizeof lots - 1);
	lots[sizeof lots - 1] = '\0';
	bw_plan_degrade(&plan, 3, "this kernel has none");
	bw_plan_degrade(&plan, 4, lots);
	ck_assert_uint_eq(plan.degraded_n, 2);
	ck_assert_uint_eq(plan.degraded[0].control, 3);
	ck_assert_str_eq(plan.degraded[0].why, "this kernel has none");
	ck_assert_uint_eq(strlen(plan.degraded[1].why), sizeof plan.degraded[1].why - 1);
	for (int i = 0; i < 40; i++)
		bw_plan_degrade(&plan, 5, "x");
	ck_assert_uint_eq(plan.degraded_n, BW_COUNT(plan.degraded));
}
END_TEST

START_TEST(layers_are_on_record)
{
	char longer[200];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	bw_plan_layer(&plan, 3, "none at all");
	bw_plan_layer(&plan, 4, longer);
	ck_assert_uint_eq(plan.layers_n, 2);
	ck_assert_uint_eq(plan.layers[0].control, 3);
	ck_assert_str_eq(plan.layers[0].what, "none at all");
	ck_assert_uint_eq(strlen(plan.layers[1].what), sizeof plan.layers[1].what - 1);
	for (size_t i = 0; i < BW_COUNT(plan.layers); i++)
		bw_plan_layer(&plan, 5, "more than there is room for");
	ck_assert_uint_eq(plan.layers_n, BW_COUNT(plan.layers));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, steps_go_by_phase_and_within_it_as_added);
	tcase_add_test(t, data_is_aligned_copied_and_zero_between);
	tcase_add_test(t, a_head_and_a_text_are_one_piece);
	tcase_add_test(t, a_parents_step_is_marked);
	tcase_add_test(t, a_step_more_than_the_limit_is_refused);
	tcase_add_test(t, a_byte_more_than_the_limit_is_refused);
	tcase_add_test(t, a_frozen_plan_takes_no_step);
	tcase_add_test(t, an_empty_plan_can_be_frozen);
	tcase_add_test(t, nothing_can_write_to_a_frozen_plan);
	tcase_add_test(t, descriptors_end_with_the_plan);
	tcase_add_test(t, a_descriptor_too_many_is_closed_and_refused);
	tcase_add_test(t, a_half_built_plan_can_be_given_up);
	tcase_add_test(t, what_is_degraded_is_on_record);
	tcase_add_test(t, layers_are_on_record);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
