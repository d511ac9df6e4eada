/* SPDX-License-Identifier: Apache-2.0 */
/* test_keeper_life.c - what is due when in the life of a container. The clock is the test's. */
#include <check.h>

#include "base/auto.h"
#include "keeper/life.h"

START_TEST(a_life_without_a_limit_has_nothing_due)
{
	struct bw_kept_life life = {0};

	ck_assert_int_eq(bw_life_step(&life, 0, 1000), BW_LIFE_NOTHING);
	bw_life_begin(&life, 0, 1000);
	ck_assert(life.begun);
	ck_assert_int_eq(bw_life_step(&life, 0, UINT64_MAX), BW_LIFE_NOTHING);
}
END_TEST

START_TEST(a_word_comes_first_and_then_blow_after_blow)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, 2000, 1000);
	ck_assert_uint_eq(life.due_ms, 3000);
	ck_assert_int_eq(bw_life_step(&life, 500, 2999), BW_LIFE_NOTHING);
	ck_assert_int_eq(bw_life_step(&life, 500, 3000), BW_LIFE_TELL);
	ck_assert_int_eq(bw_life_step(&life, 500, 3499), BW_LIFE_NOTHING);
	ck_assert_int_eq(bw_life_step(&life, 500, 3500), BW_LIFE_KILL);
	ck_assert(life.forced);
	ck_assert_int_eq(bw_life_step(&life, 500, 4499), BW_LIFE_NOTHING);
	ck_assert_int_eq(bw_life_step(&life, 500, 4500), BW_LIFE_KILL);
}
END_TEST

START_TEST(a_life_begins_once)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, 2000, 1000);
	bw_life_begin(&life, 2000, 2500);
	ck_assert_uint_eq(life.began_ms, 1000);
	ck_assert_uint_eq(life.due_ms, 3000);
}
END_TEST

START_TEST(an_end_for_another_reason_has_no_word)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, 0, 1000);
	bw_life_end_now(&life, 5000);
	ck_assert_int_eq(bw_life_step(&life, 60000, 5000), BW_LIFE_KILL);
}
END_TEST

START_TEST(a_clock_s_end_is_no_beginning)
{
	struct bw_kept_life life = {0};

	bw_life_begin(&life, UINT64_MAX, 1000);
	ck_assert_uint_eq(life.due_ms, UINT64_MAX);
	ck_assert_int_eq(bw_life_step(&life, 0, 1ULL << 60), BW_LIFE_NOTHING);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keeper_life");
	TCase *tests = tcase_create("life");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, a_life_without_a_limit_has_nothing_due);
	tcase_add_test(tests, a_word_comes_first_and_then_blow_after_blow);
	tcase_add_test(tests, a_life_begins_once);
	tcase_add_test(tests, an_end_for_another_reason_has_no_word);
	tcase_add_test(tests, a_clock_s_end_is_no_beginning);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
