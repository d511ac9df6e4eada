/* SPDX-License-Identifier: Apache-2.0 */
/* test_personality.c - the execution domain. */
#include "control_test.h"

#include <sys/personality.h>

#define DOMAIN(members) "\"linux\":{\"personality\":{" members "}}"

static void look(void)
{
	printf("0x%x", (unsigned)personality(0xffffffff));
}

static const struct row {
	const char *document, *said, *seen;
} rows[] = {
	{DOMAIN("\"domain\":\"LINUX32\""), "execution domain LINUX32", "0x8"},
	{DOMAIN("\"domain\":\"LINUX\""), "execution domain LINUX", "0x0"},
	/* none is defined: noted, not an error */
	{DOMAIN("\"domain\":\"LINUX\",\"flags\":[\"ADDR_NO_RANDOMIZE\"]"), "execution domain LINUX",
		"0x0"},
};

START_TEST(the_process_is_in_this_domain)
{
	struct bench *b = bench_new("", rows[_i].document);

	/* What the caller was started with does not come in. */
	ck_assert_int_ge(personality(ADDR_NO_RANDOMIZE), 0);
	bench_prepare(b, &bw_personality);
	bench_step(b, &bw_personality, 0, BW_PHASE_NODE, BW_SIDE_CHILD, rows[_i].said);
	ck_assert_str_eq(bench_apply(b, 0, NULL, look), rows[_i].seen);
	bench_free(b);
}
END_TEST

START_TEST(an_unknown_domain_is_refused)
{
	struct bench *b = bench_new("", DOMAIN("\"domain\":\"LINUX\""));

	b->spec->linux_->personality->domain[0] = 'M';
	bench_refused(b, &bw_personality, BW_E_SPEC, "/linux/personality/domain",
		"invalid personality domain \"MINUX\"");
	bench_free(b);
}
END_TEST

BENCH_MAIN("personality", {the_process_is_in_this_domain, BW_COUNT(rows)},
	{an_unknown_domain_is_refused, 0})
