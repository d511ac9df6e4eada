/* SPDX-License-Identifier: Apache-2.0 */
/* test_start_rate.c - how often a tenant may start: by a clock of the test's own. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "container/start_rate.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_err err;
static uint64_t wait_ms;

static void setup(void)
{
	err = (struct bw_err){0};
	wait_ms = 0;
	scratch_make(&scratch);
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

static int take(const char *bucket, uint64_t per_minute, uint64_t now_ms)
{
	int r = bw_start_rate_take(scratch.dir, bucket, per_minute, now_ms, &wait_ms, &err);

	ck_assert_msg(r >= 0, "%s", err.text);
	return r;
}

static void take_all(uint64_t n, uint64_t now_ms)
{
	for (uint64_t i = 0; i < n; i++)
		ck_assert_int_eq(take("ann", n, now_ms), 0);
}

START_TEST(the_next_one_waits_until_there_is_a_token)
{
	take_all(100, 5000);
	ck_assert_int_eq(take("ann", 100, 5000), 1);
	ck_assert_uint_eq(wait_ms, 600);
	ck_assert_int_eq(take("ann", 100, 5599), 1);
	ck_assert_uint_eq(wait_ms, 1);
	ck_assert_int_eq(take("ann", 100, 5600), 0);
	ck_assert_int_eq(take("ann", 100, 5600), 1);
}
END_TEST

START_TEST(a_minute_later_all_of_them_may_start_again)
{
	take_all(100, 5000);
	take_all(100, 65000);
	ck_assert_int_eq(take("ann", 100, 65000), 1);
	/* However long the rest was. */
	take_all(100, 9000000);
	ck_assert_int_eq(take("ann", 100, 9000000), 1);
}
END_TEST

START_TEST(a_refused_start_takes_nothing)
{
	take_all(2, 0);
	for (uint64_t now_ms = 0; now_ms < 30000; now_ms += 100)
		ck_assert_int_eq(take("ann", 2, now_ms), 1);
	ck_assert_int_eq(take("ann", 2, 30000), 0);
}
END_TEST

START_TEST(each_has_a_bucket_of_his_own)
{
	take_all(1, 0);
	ck_assert_int_eq(take("ann", 1, 0), 1);
	ck_assert_int_eq(take("bob", 1, 0), 0);
}
END_TEST

START_TEST(a_clock_that_began_anew_and_a_file_that_says_nothing_are_a_full_bucket)
{
	auto_close int fd = -1;

	take_all(3, 90000000);
	ck_assert_int_eq(take("ann", 3, 1000), 0);
	fd = openat(scratch.dir, ".tenants/ann/starts", O_WRONLY | O_TRUNC | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	take_all(3, 1000);
	ck_assert_int_eq(take("ann", 3, 1000), 1);
}
END_TEST

START_TEST(another_number_holds_from_the_next_start_on)
{
	take_all(10, 0);
	ck_assert_int_eq(take("ann", 1000000, 0), 1);
	ck_assert_int_eq(take("ann", 1000000, 1), 0);
	ck_assert_int_eq(take("ann", 1, 60000000), 0);
	ck_assert_int_eq(take("ann", 1, 60000000), 1);
	ck_assert_uint_eq(wait_ms, 60000);
}
END_TEST

START_TEST(racers_take_no_more_than_there_are)
{
	int sum = 0;

	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();
		int got = 0;

		if (pid > 0)
			continue;
		for (int k = 0; k < 20; k++)
			got += bw_start_rate_take(scratch.dir, "ann", 50, 0, &wait_ms, &err) == 0;
		_exit(got);
	}
	for (int i = 0; i < 8; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	ck_assert_int_eq(sum, 50);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("start_rate");
	TCase *t = tcase_create("start_rate");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_next_one_waits_until_there_is_a_token);
	tcase_add_test(t, a_minute_later_all_of_them_may_start_again);
	tcase_add_test(t, a_refused_start_takes_nothing);
	tcase_add_test(t, each_has_a_bucket_of_his_own);
	tcase_add_test(t, a_clock_that_began_anew_and_a_file_that_says_nothing_are_a_full_bucket);
	tcase_add_test(t, another_number_holds_from_the_next_start_on);
	tcase_add_test(t, racers_take_no_more_than_there_are);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
