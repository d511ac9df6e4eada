/* SPDX-License-Identifier: Apache-2.0 */
/* test_failure.c - records of failures: what is in one, what makes none, how many there are, and that a success
 * takes it away. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/failure.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_arena arena;
static struct bw_context ctx;
static struct bw_err err;
static char root[300];

static void setup(void)
{
	scratch_make(&scratch);
	snprintf(root, sizeof root, "%s/root", scratch.path);
	ctx = (struct bw_context){.root = root};
	err = (struct bw_err){0};
}

static void teardown(void)
{
	bw_arena_done(&arena);
	scratch_remove(&scratch);
}

/* A refused create of this id. */
static void refuse(const char *id, enum bw_code code)
{
	struct bw_attempt attempt = BW_ATTEMPT_INIT("create", id);

	bw_attempt_enter(&attempt, "read the bundle and ask the policy");
	attempt.bundle = "/b\xff";
	attempt.profile = "hardened";
	bw_fail(&err, code, EPERM, "refused for \"%s\"\n", id);
	bw_at(&err, "/mounts/3");
	bw_hint(&err, "leave it out");
	snprintf(err.rule, sizeof err.rule, "mounts.source");
	ck_assert_int_eq(bw_attempt_end(&ctx, &attempt, -1, &err), -1);
}

static struct bw_failure *load(const char *id)
{
	struct bw_failure *failure = NULL;
	struct bw_err why = {0};

	ck_assert_msg(bw_failure_load(&ctx, id, &arena, &failure, &why) == 0, "%s", why.text);
	return failure;
}

static void expect_none(const char *id)
{
	struct bw_failure *failure = NULL;
	struct bw_err why = {0};

	ck_assert_int_eq(bw_failure_load(&ctx, id, &arena, &failure, &why), -1);
	ck_assert_int_eq(why.code, BW_E_NOT_FOUND);
}

START_TEST(a_record_has_all_that_is_known_and_is_private)
{
	struct bw_failure *f;
	struct stat st;

	refuse("c1", BW_E_DENIED);
	f = load("c1");
	ck_assert_str_eq(f->id, "c1");
	ck_assert_str_eq(f->verb, "create");
	ck_assert_str_eq(f->message, "refused for \"c1\"?: operation not permitted");
	ck_assert_str_eq(f->code, "denied");
	ck_assert_str_eq(f->sys, "EPERM");
	ck_assert_str_eq(f->rule, "mounts.source");
	ck_assert_str_eq(f->field, "/mounts/3");
	ck_assert_str_eq(f->hint, "leave it out");
	ck_assert_str_eq(f->bundle, "/b?");
	ck_assert_str_eq(f->profile, "hardened");
	ck_assert_ptr_null(f->profile_reason);
	ck_assert_uint_eq(f->steps.n, 1);
	ck_assert_str_eq(f->steps.v[0].result, "failed");
	ck_assert_int_eq(fstatat(scratch.dir, "root/.failures/c1.json", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(fstatat(scratch.dir, "root/.failures", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(steps_stand_around_the_one_that_failed)
{
	static char words[20][8];
	char *steps[20];
	struct bw_strs late = {steps, 20};
	struct bw_attempt attempt = BW_ATTEMPT_INIT("start", "c1");
	struct bw_failure *f;

	for (int i = 0; i < 20; i++) {
		snprintf(words[i], sizeof words[i], "step %d", i);
		steps[i] = words[i];
	}
	bw_attempt_enter(&attempt, "first");
	bw_attempt_enter(&attempt, "second");
	attempt.late = &late;
	attempt.failed_step = 10;
	bw_fail(&err, BW_E_KERNEL, EIO, "x");
	bw_attempt_end(&ctx, &attempt, -1, &err);
	f = load("c1");
	ck_assert_uint_eq(f->steps.n, 2 + 1 + 6 + 1 + 3 + 1);
	ck_assert_str_eq(f->steps.v[0].result, "done");
	ck_assert_str_eq(f->steps.v[1].result, "failed");
	ck_assert_str_eq(f->steps.v[2].what, "4 steps of the plan");
	ck_assert_str_eq(f->steps.v[3].what, "step 4");
	ck_assert_str_eq(f->steps.v[3].result, "done");
	ck_assert_str_eq(f->steps.v[9].what, "step 10");
	ck_assert_str_eq(f->steps.v[9].result, "failed");
	ck_assert_str_eq(f->steps.v[12].what, "step 13");
	ck_assert_str_eq(f->steps.v[12].result, "not reached");
	ck_assert_str_eq(f->steps.v[13].what, "6 more steps of the plan");
	/* At both ends, and where the number is none of the steps. */
	for (int at = 0; at < 20; at += 19) {
		attempt.failed_step = at;
		bw_attempt_end(&ctx, &attempt, -1, &err);
		ck_assert_uint_eq(load("c1")->steps.n, at ? 2 + 1 + 6 + 1 : 2 + 1 + 3 + 1);
	}
	attempt.failed_step = 20;
	bw_attempt_end(&ctx, &attempt, -1, &err);
	ck_assert_uint_eq(load("c1")->steps.n, 2);
}
END_TEST

START_TEST(a_success_removes_the_record)
{
	struct bw_attempt attempt = BW_ATTEMPT_INIT("start", "c1");

	refuse("c1", BW_E_SPEC);
	refuse("c2", BW_E_SPEC);
	ck_assert_int_eq(bw_attempt_end(&ctx, &attempt, 0, NULL), 0);
	expect_none("c1");
	ck_assert_str_eq(load("c2")->id, "c2");
}
END_TEST

START_TEST(a_success_makes_nothing)
{
	struct bw_attempt attempt = BW_ATTEMPT_INIT("start", "c1");

	ck_assert_int_eq(bw_attempt_end(&ctx, &attempt, 0, NULL), 0);
	ck_assert(!scratch_has(&scratch, "root"));
	expect_none("c1");
	ck_assert(!scratch_has(&scratch, "root"));
}
END_TEST

static const enum bw_code wrong_calls[] = {BW_E_USAGE, BW_E_STATE, BW_E_NOT_FOUND, BW_E_EXISTS};

START_TEST(a_wrong_call_leaves_what_is_known)
{
	refuse("c1", BW_E_KERNEL);
	refuse("c1", wrong_calls[_i]);
	ck_assert_str_eq(load("c1")->code, "kernel");
	refuse("c2", wrong_calls[_i]);
	expect_none("c2");
}
END_TEST

static const char *const bad_ids[] = {"", ".", "..", "../c1", "a/b", ".failures", "c1.json/x"};

START_TEST(an_id_that_is_no_name_makes_no_file)
{
	struct bw_failure *failure;
	struct bw_err why = {0};

	refuse(bad_ids[_i], BW_E_SPEC);
	ck_assert(!scratch_has(&scratch, "root"));
	ck_assert_int_eq(bw_failure_load(&ctx, bad_ids[_i], &arena, &failure, &why), -1);
	ck_assert_int_eq(why.code, BW_E_USAGE);
}
END_TEST

START_TEST(a_long_id_fits_or_is_left_out)
{
	char id[300];

	for (size_t len = 200; len < sizeof id; len += 1) {
		memset(id, 'a', len);
		id[len] = '\0';
		refuse(id, BW_E_SPEC);
	}
	id[222] = '\0';
	ck_assert_str_eq(load(id)->id, id);
	id[222] = 'a';
	id[250] = '\0';
	expect_none(id);
}
END_TEST

static size_t entries(void)
{
	char path[400];
	struct dirent *entry;
	auto_closedir DIR *dir = NULL;
	size_t n = 0;

	snprintf(path, sizeof path, "%s/.failures", root);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	return n;
}

START_TEST(the_oldest_goes_when_there_are_too_many)
{
	const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	char id[32];

	for (int i = 0; i < BW_FAILURES_KEPT; i++) {
		snprintf(id, sizeof id, "c%d", i);
		refuse(id, BW_E_SPEC);
	}
	ck_assert_uint_eq(entries(), BW_FAILURES_KEPT);
	ck_assert_int_eq(utimensat(scratch.dir, "root/.failures/c17.json", old, 0), 0);
	refuse("new", BW_E_SPEC);
	ck_assert_uint_eq(entries(), BW_FAILURES_KEPT);
	expect_none("c17");
	ck_assert_str_eq(load("c16")->id, "c16");
	ck_assert_str_eq(load("new")->id, "new");
}
END_TEST

START_TEST(a_link_in_place_of_the_directory_is_not_followed)
{
	scratch_mkdir(&scratch, "root");
	scratch_mkdir(&scratch, "elsewhere");
	scratch_link(&scratch, "root/.failures", "../elsewhere");
	refuse("c1", BW_E_SPEC);
	ck_assert(!scratch_has(&scratch, "elsewhere/c1.json"));
}
END_TEST

START_TEST(a_record_too_large_or_damaged_is_an_error)
{
	static char text[BW_FAILURE_BYTES + 10];
	struct bw_failure *failure;
	struct bw_err why = {0};

	refuse("c1", BW_E_SPEC);
	scratch_write(&scratch, "root/.failures/c1.json", "{\"id\":1}", 0600);
	ck_assert_int_eq(bw_failure_load(&ctx, "c1", &arena, &failure, &why), -1);
	memset(text, ' ', sizeof text - 1);
	scratch_write(&scratch, "root/.failures/c1.json", text, 0600);
	ck_assert_int_eq(bw_failure_load(&ctx, "c1", &arena, &failure, &why), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("failure");
	TCase *tc = tcase_create("records");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_record_has_all_that_is_known_and_is_private);
	tcase_add_test(tc, steps_stand_around_the_one_that_failed);
	tcase_add_test(tc, a_success_removes_the_record);
	tcase_add_test(tc, a_success_makes_nothing);
	tcase_add_loop_test(tc, a_wrong_call_leaves_what_is_known, 0, (int)BW_COUNT(wrong_calls));
	tcase_add_loop_test(tc, an_id_that_is_no_name_makes_no_file, 0, (int)BW_COUNT(bad_ids));
	tcase_add_test(tc, a_long_id_fits_or_is_left_out);
	tcase_add_test(tc, the_oldest_goes_when_there_are_too_many);
	tcase_add_test(tc, a_link_in_place_of_the_directory_is_not_followed);
	tcase_add_test(tc, a_record_too_large_or_damaged_is_an_error);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
