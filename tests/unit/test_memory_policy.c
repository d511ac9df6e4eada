/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory_policy.c - NUMA policies: the words that callers match, and what the kernel was told.
 */
#include "control_test.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#define POLICY(mode, nodes) "\"linux\":{\"memoryPolicy\":{\"mode\":\"" mode "\"" nodes "}}"

static const struct policy_row {
	const char *mode, *nodes, *flag;
	const char *field, *text;
} policy_rows[] = {
	{NULL, "0-7", NULL, "mode", "invalid memory policy mode \"\""},
	{"", NULL, NULL, "mode", "invalid memory policy mode \"\""},
	{"INTERLEAVE", "0", NULL, "mode", "invalid memory policy mode \"INTERLEAVE\""},
	{"MPOL_PREFERRED", "0", "badflag", "flags", "invalid memory policy flag \"badflag\""},
	{"MPOL_DEFAULT", "0-7", NULL, "nodes",
		"invalid memory policy nodes: mode requires 0 nodes but got 8"},
	{"MPOL_LOCAL", "1", NULL, "nodes",
		"invalid memory policy nodes: mode requires 0 nodes but got 1"},
	{"MPOL_BIND", NULL, NULL, "nodes",
		"invalid memory policy nodes: mode requires at least one node but got 0"},
	{"MPOL_INTERLEAVE", "", NULL, "nodes",
		"invalid memory policy nodes: mode requires at least one node but got 0"},
	{"MPOL_BIND", "0-9876543210", NULL, "nodes",
		"invalid memory policy nodes \"0-9876543210\": \"9876543210\" is not a number from "
		"0 "
		"to 1023"},
};

/* Behind the spec's own checks, which say the same of config.json: a policy file could have changed
 * it. */
START_TEST(what_is_wrong_is_said_in_the_words_that_callers_match)
{
	const struct policy_row *row = &policy_rows[_i];
	struct bench *b = bench_new("", POLICY("MPOL_DEFAULT", ""));
	struct bw_spec_memory_policy *asked = b->spec->linux_->memory_policy;
	char field[64];

	asked->mode = row->mode ? bw_arena_strdup(&b->arena, row->mode) : NULL;
	asked->nodes = row->nodes ? bw_arena_strdup(&b->arena, row->nodes) : NULL;
	if (row->flag)
		ck_assert_int_eq(bw_strs_add(&b->arena, &asked->flags, row->flag), 0);
	snprintf(field, sizeof field, "/linux/memoryPolicy/%s", row->field);
	bench_refused(b, &bw_memory_policy, BW_E_SPEC, field, row->text);
	bench_free(b);
}
END_TEST

static void look(void)
{
	unsigned long nodes[16] = {0};
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, NULL, 0) < 0)
		printf("%s", bw_errno_name(errno));
	else
		printf("0x%x nodes 0x%lx", (unsigned)mode, nodes[0]);
}

static const struct applied_row {
	const char *document, *said, *seen;
} applied_rows[] = {
	{POLICY("MPOL_INTERLEAVE", ",\"nodes\":\"0\""), "memory policy MPOL_INTERLEAVE, 1 nodes",
		"0x3 nodes 0x1"},
	{POLICY("MPOL_BIND", ",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\"]"),
		"memory policy MPOL_BIND, 1 nodes", "0x8002 nodes 0x1"},
	{POLICY("MPOL_PREFERRED", ",\"nodes\":\"0\",\"flags\":[\"MPOL_F_RELATIVE_NODES\"]"),
		"memory policy MPOL_PREFERRED, 1 nodes", "0x4001 nodes 0x1"},
	{POLICY("MPOL_DEFAULT", ""), "memory policy MPOL_DEFAULT, 0 nodes", "0x0 nodes 0x0"},
};

START_TEST(the_process_has_this_policy)
{
	const struct applied_row *row = &applied_rows[_i];
	struct bench *b;
	int mode;

	if (skip_unless(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0, "NUMA"))
		return;
	b = bench_new("", row->document);
	bench_prepare(b, &bw_memory_policy);
	bench_step(b, &bw_memory_policy, 0, BW_PHASE_NODE, BW_SIDE_CHILD, row->said);
	ck_assert_str_eq(bench_apply(b, 0, NULL, look), row->seen);
	bench_free(b);
}
END_TEST

START_TEST(without_a_policy_nothing_is_done)
{
	struct bench *b = bench_new("", "");

	bench_prepare(b, &bw_memory_policy);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

BENCH_MAIN("memory_policy",
	{what_is_wrong_is_said_in_the_words_that_callers_match, BW_COUNT(policy_rows)},
	{the_process_has_this_policy, BW_COUNT(applied_rows)},
	{without_a_policy_nothing_is_done, 0})
