/* SPDX-License-Identifier: Apache-2.0 */
/* test_rlimits.c - limits by name, who sets them, and that they hold. */
#include "control_test.h"

#include <sys/resource.h>

#define LIMIT(name, soft, hard) "{\"type\":\"" name "\",\"soft\":" #soft ",\"hard\":" #hard "}"

static const char *const names[] = {"RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA",
	"RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NICE",
	"RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
	"RLIMIT_SIGPENDING", "RLIMIT_STACK"};

START_TEST(every_limit_of_the_spec_is_known)
{
	char process[128], words[64];
	struct bench *b;

	snprintf(process, sizeof process,
		"\"rlimits\":[{\"type\":\"%s\",\"soft\":7,\"hard\":18446744073709551615}]",
		names[_i]);
	snprintf(words, sizeof words, "set %s to 7 (hard unlimited)", names[_i]);
	b = bench_new(process, "");
	bench_prepare(b, &bw_rlimits);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(b, &bw_rlimits, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD, words);
	bench_free(b);
}
END_TEST

START_TEST(the_callers_limit_of_open_files_is_given_back_unless_there_is_another)
{
	struct bench *b = bench_new("\"rlimits\":[" LIMIT("RLIMIT_CORE", 0, 0) "]", "");
	struct rlimit ours;
	char words[128];

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &ours), 0);
	b->request.caller_files = 17;
	bench_prepare(b, &bw_rlimits);
	ck_assert_uint_eq(b->plan.n, 2);
	snprintf(words, sizeof words, "set RLIMIT_NOFILE to 17 (hard %llu)", (unsigned long long)ours.rlim_max);
	if (ours.rlim_max != RLIM_INFINITY)
		bench_step(b, &bw_rlimits, 1, BW_PHASE_PRIVS, BW_SIDE_CHILD, words);
	bench_free(b);
	b = bench_new("\"rlimits\":[" LIMIT("RLIMIT_NOFILE", 5, 5) "]", "");
	b->request.caller_files = 17;
	bench_prepare(b, &bw_rlimits);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_free(b);
}
END_TEST

START_TEST(an_unknown_limit_is_refused)
{
	struct bench *b = bench_new("\"rlimits\":[" LIMIT("RLIMIT_CORE", 0, 0) "]", "");

	strcpy(b->spec->process->rlimits.v[0].type, "RLIMIT_X");
	bench_refused(b, &bw_rlimits, BW_E_SPEC, "/process/rlimits/0/type",
		"/process/rlimits/0/type: no such limit: \"RLIMIT_X\"");
	bench_free(b);
}
END_TEST

/* The hard limit of ours, from which a user namespace's child can only go down. */
START_TEST(only_raising_from_within_a_user_namespace_is_left_to_the_parent)
{
	static const struct {
		const char *document;
		uint64_t above; /* of our own hard limit */
		enum bw_side side;
		enum bw_phase phase;
	} rows[] = {
		{"", 0, BW_SIDE_CHILD, BW_PHASE_PRIVS},
		{"", 1, BW_SIDE_CHILD, BW_PHASE_PRIVS},
		{BENCH_USERNS, 0, BW_SIDE_CHILD, BW_PHASE_PRIVS},
		{BENCH_USERNS, 1, BW_SIDE_PARENT, BW_PHASE_EARLY_FILTER},
	};
	struct bench *b =
		bench_new("\"rlimits\":[" LIMIT("RLIMIT_NOFILE", 10, 10) "]", rows[_i].document);
	struct rlimit ours;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &ours), 0);
	ck_assert_uint_ne(ours.rlim_max, RLIM_INFINITY);
	b->spec->process->rlimits.v[0].hard.v = ours.rlim_max + rows[_i].above;
	bench_prepare(b, &bw_rlimits);
	ck_assert_uint_eq(b->plan.steps[0].side, rows[_i].side);
	ck_assert_uint_eq(b->plan.steps[0].phase, rows[_i].phase);
	bench_free(b);
}
END_TEST

static void look_at_limits(void)
{
	struct rlimit files, core;

	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_CORE, &core);
	printf("%llu %llu, %llu %llu", (unsigned long long)files.rlim_cur,
		(unsigned long long)files.rlim_max, (unsigned long long)core.rlim_cur,
		(unsigned long long)core.rlim_max);
}

START_TEST(the_process_has_these_limits)
{
	struct bench *b = bench_new(
		"\"rlimits\":[" LIMIT("RLIMIT_NOFILE", 20, 40) "," LIMIT("RLIMIT_CORE", 0, 0) "]",
		"");

	bench_prepare(b, &bw_rlimits);
	ck_assert_str_eq(bench_apply(b, 0, NULL, look_at_limits), "20 40, 0 0");
	bench_free(b);
}
END_TEST

/* The parent's way, on a process of our own that waits. */
START_TEST(the_parent_sets_a_limit_of_the_child)
{
	struct bench *b = bench_new("\"rlimits\":[" LIMIT("RLIMIT_NOFILE", 21, 22) "]", "");
	struct rlimit seen;
	pid_t pid;

	bench_prepare(b, &bw_rlimits);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(
		bw_rlimits.settle(&(struct bw_settling){.pid = pid}, b->plan.steps[0].op,
			bw_plan_data(&b->plan, &b->plan.steps[0]), b->plan.steps[0].len, &b->err),
		0);
	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &seen), 0);
	ck_assert_uint_eq(seen.rlim_cur, 21);
	ck_assert_uint_eq(seen.rlim_max, 22);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bench_free(b);
}
END_TEST

START_TEST(a_failure_names_the_limit_and_what_is_missing)
{
	struct bench *b = bench_new("\"rlimits\":[" LIMIT("RLIMIT_MEMLOCK", 1, 2) "]", "");

	bench_prepare(b, &bw_rlimits);
	bench_complaint(b, &bw_rlimits, 0, EPERM,
		"rlimits: set RLIMIT_MEMLOCK to 1 (hard 2): operation not permitted");
	ck_assert_str_eq(b->err.hint, "raising a hard limit needs CAP_SYS_RESOURCE");
	bench_free(b);
}
END_TEST

BENCH_MAIN("rlimits", {every_limit_of_the_spec_is_known, BW_COUNT(names)},
	{the_callers_limit_of_open_files_is_given_back_unless_there_is_another, 0},
	{an_unknown_limit_is_refused, 0},
	{only_raising_from_within_a_user_namespace_is_left_to_the_parent, 4},
	{the_process_has_these_limits, 0}, {the_parent_sets_a_limit_of_the_child, 0},
	{a_failure_names_the_limit_and_what_is_missing, 0})
