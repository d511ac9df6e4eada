/* SPDX-License-Identifier: Apache-2.0 */
/* test_no_new_privs.c - set when asked for, and only then. */
#include "control_test.h"

#include <sys/prctl.h>

static void look(void)
{
	printf("%d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

START_TEST(it_is_set_when_asked_for)
{
	struct bench *b = bench_new("\"noNewPrivileges\":true", "");

	bench_prepare(b, &bw_no_new_privs);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(b, &bw_no_new_privs, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD,
		"no new privileges by execve");
	ck_assert_str_eq(bench_apply(b, 0, NULL, look), "1");
	bench_free(b);
}
END_TEST

START_TEST(it_is_left_alone_otherwise)
{
	static const char *const rows[] = {"", "\"noNewPrivileges\":false"};
	struct bench *b = bench_new(rows[_i], "");

	bench_prepare(b, &bw_no_new_privs);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

BENCH_MAIN("no_new_privs", {it_is_set_when_asked_for, 0}, {it_is_left_alone_otherwise, 2})
