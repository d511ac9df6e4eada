/* SPDX-License-Identifier: Apache-2.0 */
/* test_scheduler.c - CPU affinity, scheduling policy, I/O priority. */
#include "control_test.h"

#include <linux/capability.h>

#include "base/sys.h"

START_TEST(without_a_word_all_cpus_are_allowed)
{
	struct bench *b = bench_new("", "");

	bench_prepare(b, &bw_scheduler);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(
		b, &bw_scheduler, 0, BW_PHASE_NODE, BW_SIDE_CHILD, "allow all CPUs of the cpuset");
	bench_free(b);
}
END_TEST

START_TEST(affinity_is_for_exec_and_comes_in_two_halves)
{
	struct bench *b =
		bench_new("\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"0-1\"}", "");

	bench_prepare(b, &bw_scheduler);
	bench_step(
		b, &bw_scheduler, 0, BW_PHASE_NODE, BW_SIDE_CHILD, "allow all CPUs of the cpuset");
	b->request.exec = true;
	bench_prepare(b, &bw_scheduler);
	ck_assert_uint_eq(b->plan.n, 3);
	bench_step(b, &bw_scheduler, 1, BW_PHASE_JOIN, BW_SIDE_CHILD, "set initial CPU affinity");
	bench_step(b, &bw_scheduler, 2, BW_PHASE_NODE, BW_SIDE_CHILD, "set final CPU affinity");
	bench_free(b);
}
END_TEST

START_TEST(a_bad_list_of_cpus_is_named)
{
	static char bad[] = "0-x";
	struct bench *b = bench_new("\"execCPUAffinity\":{\"final\":\"0\"}", "");

	b->request.exec = true;
	b->spec->process->exec_cpu_affinity->final = bad;
	bench_refused(b, &bw_scheduler, BW_E_SPEC, "/process/execCPUAffinity/final",
		"/process/execCPUAffinity/final: invalid list \"0-x\": \"x\" is not a number from "
		"0 to "
		"8191");
	bench_free(b);
}
END_TEST

static const struct word_row {
	const char *process, *said;
} word_rows[] = {
	{"\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":5}", "set policy SCHED_OTHER"},
	{"\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":5}", "set policy SCHED_FIFO"},
	{"\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":5}", "set policy SCHED_RR"},
	{"\"scheduler\":{\"policy\":\"SCHED_BATCH\"}", "set policy SCHED_BATCH"},
	{"\"scheduler\":{\"policy\":\"SCHED_ISO\"}", "set policy SCHED_ISO"},
	{"\"scheduler\":{\"policy\":\"SCHED_IDLE\"}", "set policy SCHED_IDLE"},
	{"\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1}",
		"set policy SCHED_DEADLINE"},
	{"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":7}",
		"set I/O priority IOPRIO_CLASS_RT 7"},
	{"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":0}",
		"set I/O priority IOPRIO_CLASS_BE 0"},
	{"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"}",
		"set I/O priority IOPRIO_CLASS_IDLE 0"},
};

START_TEST(every_word_of_the_spec_is_known)
{
	struct bench *b = bench_new(word_rows[_i].process, "");

	bench_prepare(b, &bw_scheduler);
	bench_step(b, &bw_scheduler, 1, BW_PHASE_NODE, BW_SIDE_CHILD, word_rows[_i].said);
	bench_free(b);
}
END_TEST

START_TEST(unknown_words_are_refused)
{
	static char unknown[] = "SCHED_X";
	struct bench *b = bench_new("\"scheduler\":{\"policy\":\"SCHED_OTHER\"}", "");

	b->spec->process->scheduler->policy = unknown;
	bench_refused(b, &bw_scheduler, BW_E_SPEC, "/process/scheduler/policy",
		"/process/scheduler/policy: unknown word \"SCHED_X\"");
	bench_free(b);
}
END_TEST

START_TEST(a_cpuset_and_a_policy_that_exclude_each_other_are_named)
{
	struct bench *b = bench_new("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1}",
		_i ? "\"linux\":{\"resources\":{\"cpu\":{\"cpus\":\"0\"}}}" : "");

	bench_prepare(b, &bw_scheduler);
	/* No words of its own: the usual ones are used. */
	bench_complaint(b, &bw_scheduler, 1, EPERM,
		_i ? "process scheduler can't be used together with AllowedCPUs" : "");
	bench_free(b);
}
END_TEST

static void look(void)
{
	struct bw_sched_attr attr = {.size = sizeof attr};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0);
	syscall(SYS_sched_getaffinity, 0, sizeof cpus, &cpus);
	printf("policy %u nice %d flags 0x%llx, io 0x%x, cpus %d", attr.policy, attr.nice,
		(unsigned long long)attr.flags, (unsigned)syscall(SYS_ioprio_get, 1, 0),
		CPU_COUNT(&cpus));
}

START_TEST(the_process_is_scheduled_like_this)
{
	struct bench *b = bench_new("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":19,"
				    "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]},"
				    "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"},"
				    "\"execCPUAffinity\":{\"final\":\"0\"}",
		"");
	const char *seen;

	b->request.exec = true;
	bench_prepare(b, &bw_scheduler);
	seen = bench_apply(b, 0, NULL, look);
	ck_assert_str_eq(seen, "policy 3 nice 19 flags 0x1, io 0x6000, cpus 1");
	bench_free(b);
}
END_TEST

static void look_at_policy(void)
{
	printf("%ld", syscall(SYS_sched_getscheduler, 0));
}

START_TEST(a_deadline_is_taken_by_the_kernel)
{
	struct bench *b;

	if (skip_unless(geteuid() == 0 && have_capability(CAP_SYS_NICE), "CAP_SYS_NICE"))
		return;
	b = bench_new("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":19,"
		      "\"runtime\":42000,\"deadline\":100000,\"period\":1000000,"
		      "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]}",
		"");
	bench_prepare(b, &bw_scheduler);
	ck_assert_str_eq(bench_apply(b, 0, NULL, look_at_policy), "1073741830");
	bench_free(b);
}
END_TEST

START_TEST(an_inherited_affinity_is_undone)
{
	struct bench *b = bench_new("", "");
	cpu_set_t before, one;
	int seen;

	ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
	CPU_ZERO(&one);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	bench_prepare(b, &bw_scheduler);
	ck_assert_int_eq(
		sscanf(strstr(bench_apply(b, 0, NULL, look), "cpus "), "cpus %d", &seen), 1);
	ck_assert_int_eq(sched_setaffinity(0, sizeof before, &before), 0);
	ck_assert_int_ge(seen, CPU_COUNT(&before));
	bench_free(b);
}
END_TEST

BENCH_MAIN("scheduler", {without_a_word_all_cpus_are_allowed, 0},
	{affinity_is_for_exec_and_comes_in_two_halves, 0}, {a_bad_list_of_cpus_is_named, 0},
	{every_word_of_the_spec_is_known, BW_COUNT(word_rows)}, {unknown_words_are_refused, 0},
	{a_cpuset_and_a_policy_that_exclude_each_other_are_named, 2},
	{the_process_is_scheduled_like_this, 0}, {a_deadline_is_taken_by_the_kernel, 0},
	{an_inherited_affinity_is_undone, 0})
