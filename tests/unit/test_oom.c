/* SPDX-License-Identifier: Apache-2.0 */
/* test_oom.c - oom_score_adj: written when said, by whom, and what is said when it fails. */
#include "control_test.h"

START_TEST(unset_is_untouched)
{
	struct bench *b = bench_new("", "");

	bench_prepare(b, &bw_oom);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

START_TEST(the_child_writes_it_and_in_a_user_namespace_the_parent)
{
	struct bench *b = bench_new("\"oomScoreAdj\":-500", _i ? BENCH_USERNS : "");

	bench_prepare(b, &bw_oom);
	bench_step(b, &bw_oom, 0, _i ? BW_PHASE_JOIN : BW_PHASE_NODE,
		_i ? BW_SIDE_PARENT : BW_SIDE_CHILD, "set oom_score_adj to -500");
	bench_free(b);
}
END_TEST

static void print_own(void)
{
	char text[16];

	if (bw_read_at(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof text) > 0)
		printf("%s", text);
}

START_TEST(the_process_has_this_score)
{
	struct bench *b = bench_new("\"oomScoreAdj\":917", "");

	bench_prepare(b, &bw_oom);
	ck_assert_str_eq(bench_apply(b, 0, NULL, print_own), "917");
	bench_free(b);
}
END_TEST

START_TEST(the_parent_sets_the_score_of_the_child)
{
	auto_close int proc = open("/proc", O_PATH | O_CLOEXEC);
	struct bench *b = bench_new("\"oomScoreAdj\":918", BENCH_USERNS);
	const struct bw_step *step;
	char path[64], text[16] = "";
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	bench_prepare(b, &bw_oom);
	step = &b->plan.steps[0];
	ck_assert_int_eq(bw_oom.settle(&(struct bw_settling){.pid = pid, .host_proc = proc},
				 step->op, bw_plan_data(&b->plan, step), step->len, &b->err),
		0);
	snprintf(path, sizeof path, "%d/oom_score_adj", (int)pid);
	ck_assert_int_gt((int)bw_read_at(proc, path, text, sizeof text), 0);
	ck_assert_str_eq(text, "918");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bench_free(b);
}
END_TEST

START_TEST(a_refusal_says_what_is_missing)
{
	struct bench *b = bench_new("\"oomScoreAdj\":-1000", "");

	bench_prepare(b, &bw_oom);
	bench_complaint(
		b, &bw_oom, 0, EACCES, "oom: set oom_score_adj to -1000: permission denied");
	ck_assert_str_eq(b->err.hint, "going below the caller's own value needs CAP_SYS_RESOURCE");
	bench_free(b);
}
END_TEST

BENCH_MAIN("oom", {unset_is_untouched, 0},
	{the_child_writes_it_and_in_a_user_namespace_the_parent, 2},
	{the_process_has_this_score, 0}, {the_parent_sets_the_score_of_the_child, 0},
	{a_refusal_says_what_is_missing, 0})
