/* SPDX-License-Identifier: Apache-2.0 */
/* test_secrets.c - values of secret variables leave what was read of config.json, and nothing of them stays behind. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/secret_variables.h"

static struct bw_arena arena;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* A profile that makes secrets of A and B. */
static const struct bw_profile *profile(void)
{
	static const char text[] = "{\"version\":1,\"profiles\":{\"x\":{\"secrets\":{\"files\":["
				   "{\"name\":\"a\",\"env\":\"A\"},{\"name\":\"b\",\"env\":\"B\"}]}}}}";
	const struct bw_policy *policy;
	struct bw_err err = {0};

	ck_assert_msg(bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, &err) == 0, "%s", err.text);
	ck_assert(bw_policy_has_secrets(policy));
	return bw_policy_profile(policy, "x");
}

static struct bw_spec_process *process_with(const char *const *env)
{
	struct bw_spec_process *process = bw_arena_alloc(&arena, sizeof *process);

	for (; *env; env++)
		ck_assert_int_eq(bw_strs_add(&arena, &process->env, *env), 0);
	return process;
}

START_TEST(values_are_moved_to_memory_of_their_own)
{
	struct bw_spec_process *process = process_with((const char *[]){"A=one", "AB=x", "B=two words", "A=three", "C=A=y", NULL});
	struct bw_secret_values values = {0};
	struct bw_err err = {0};

	ck_assert_msg(bw_secrets_take(profile(), process, &values, &err) == 0, "%s", err.text);
	ck_assert_str_eq(process->env.v[0], "A=");
	ck_assert_str_eq(process->env.v[1], "AB=x");
	ck_assert_str_eq(process->env.v[2], "B=");
	ck_assert_str_eq(process->env.v[3], "A=");
	ck_assert_str_eq(process->env.v[4], "C=A=y");
	ck_assert_mem_eq(process->env.v[2], "B=\0\0\0\0\0\0\0\0\0", 12);
	ck_assert_uint_eq(values.n, 2);
	ck_assert_str_eq(values.v[0].variable, "A");
	ck_assert_uint_eq(values.v[0].len, 5);
	ck_assert_mem_eq(values.memory + values.v[0].at, "three", 5);
	ck_assert_mem_eq(values.memory + values.v[1].at, "two words", 9);
	bw_secret_values_wipe(&values);
	ck_assert_ptr_null(values.memory);
	ck_assert_uint_eq(values.n, 0);
	bw_secret_values_wipe(&values);
}
END_TEST

START_TEST(whom_nobody_keeps_values_for_has_none_either)
{
	struct bw_spec_process *process = process_with((const char *[]){"B=secret", NULL});
	struct bw_err err = {0};

	ck_assert_int_eq(bw_secrets_take(profile(), process, NULL, &err), 0);
	ck_assert_mem_eq(process->env.v[0], "B=\0\0\0\0\0\0", 9);
	ck_assert_int_eq(bw_secrets_take(profile(), NULL, NULL, &err), 0);
}
END_TEST

START_TEST(a_value_that_is_too_long_is_refused_and_wiped)
{
	auto_free char *text = malloc(BW_SECRET_BYTES + 4);
	struct bw_secret_values values = {0};
	struct bw_spec_process *process;
	struct bw_err err = {0};

	for (size_t more = 0; more < 2; more++) {
		memset(text, 'x', BW_SECRET_BYTES + 3);
		memcpy(text, "A=", 2);
		text[2 + BW_SECRET_BYTES + more] = '\0';
		process = process_with((const char *[]){text, NULL});
		ck_assert_int_eq(bw_secrets_take(profile(), process, &values, &err), more ? -1 : 0);
		ck_assert_str_eq(process->env.v[0], "A=");
		ck_assert_int_eq(process->env.v[0][3], 0);
		bw_secret_values_wipe(&values);
	}
	ck_assert_str_eq(err.text, "/process/env: the secret A has 65537 bytes, more than 65536");
}
END_TEST

START_TEST(no_core_dump_is_left_while_there_is_something_to_hide)
{
	int before = prctl(PR_GET_DUMPABLE);

	bw_secrets_show();
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), before);
	bw_secrets_hide();
	bw_secrets_hide();
	ck_assert_int_ne(prctl(PR_GET_DUMPABLE), 1);
	bw_secrets_show();
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), before);
}
END_TEST

START_TEST(an_arena_that_is_wiped_is_empty_and_can_be_used)
{
	struct bw_arena other = BW_ARENA_INIT;
	char *text = bw_arena_strdup(&other, "text");

	ck_assert_str_eq(text, "text");
	bw_arena_wipe(&other);
	ck_assert_ptr_null(other.newest);
	ck_assert_ptr_nonnull(bw_arena_alloc(&other, 1 << 20));
	bw_arena_wipe(&other);
	bw_arena_wipe(&other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("secrets");
	TCase *c = tcase_create("secrets");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, values_are_moved_to_memory_of_their_own);
	tcase_add_test(c, whom_nobody_keeps_values_for_has_none_either);
	tcase_add_test(c, a_value_that_is_too_long_is_refused_and_wiped);
	tcase_add_test(c, no_core_dump_is_left_while_there_is_something_to_hide);
	tcase_add_test(c, an_arena_that_is_wiped_is_empty_and_can_be_used);
	suite_add_tcase(s, c);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
