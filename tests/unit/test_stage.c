/* SPDX-License-Identifier: Apache-2.0 */
/* test_stage.c - what may be staged: names, kinds of files, sizes; and the writer, as far as it needs no root. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/stage.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_arena arena;
static struct bw_err err;
static struct bw_spec_stage limits;
static struct bw_stage stage;

static void setup(void)
{
	err = (struct bw_err){0};
	arena = (struct bw_arena)BW_ARENA_INIT;
	limits = (struct bw_spec_stage){.file_bytes = {true, 100}, .files = {true, 4}, .bytes = {true, 150}};
	stage = (struct bw_stage){.arena = &arena, .limits = &limits};
	scratch_make(&scratch);
}

static void teardown(void)
{
	bw_stage_done(&stage);
	scratch_remove(&scratch);
	bw_arena_done(&arena);
}

#define LONG_NAME  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NAME_256   LONG_NAME LONG_NAME LONG_NAME LONG_NAME
#define DIRS_8	   "a/a/a/a/a/a/a/a/"
#define DIRS_31	   DIRS_8 DIRS_8 DIRS_8 "a/a/a/a/a/a/a/"

static const struct {
	const char *name, *fault; /* NULL: none */
} names[] = {
	{"a", NULL},
	{"a/b c/\xc3\xa4.py", NULL},
	{"..a/.b/c..", NULL},
	{"a\\..\\b", NULL},
	{"%2e%2e/a", NULL},
	{"...", NULL},
	{"", "is empty"},
	{"/etc/passwd", "is absolute, and names are seen from the workspace"},
	{"..", "has \".\" or \"..\" in it"},
	{"../a", "has \".\" or \"..\" in it"},
	{"a/../b", "has \".\" or \"..\" in it"},
	{"a/..", "has \".\" or \"..\" in it"},
	{"./a", "has \".\" or \"..\" in it"},
	{"a//b", "has an empty component"},
	{"a/", "has an empty component"},
	{"a\nb", "has control characters"},
	{"a\x7f", "has control characters"},
	{NAME_256, "has a component longer than 255 bytes"},
	{NAME_256 "/" NAME_256 "/" NAME_256 "/" NAME_256, "is longer than 1024 bytes"},
	{DIRS_31 "a", NULL},
	{DIRS_31 "a/a", "is deeper than 32 directories"},
};

START_TEST(a_name_is_plain_or_said_to_be_none)
{
	const char *fault = bw_stage_name_fault(names[_i].name);

	ck_assert_msg(bw_streq0(fault, names[_i].fault), "%s: %s", names[_i].name, fault ? fault : "no fault");
}
END_TEST

static void put(const char *name, off_t size)
{
	auto_close int fd = openat(scratch.dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert(fd >= 0 && ftruncate(fd, size) == 0);
}

static void look(const char *name, const char *destination, int wanted)
{
	const char *const sources[] = {bw_arena_printf(&arena, "%s/%s", scratch.path, name), NULL};

	ck_assert_msg(bw_stage_look(&stage, sources, destination, &err) == wanted, "%s", err.text);
}

static void expect_faults(const char *only)
{
	ck_assert_msg(stage.faults.n == (only ? 1 : 0), "%zu: %s", stage.faults.n, stage.faults.n ? stage.faults.v[0] : "");
	if (only)
		ck_assert_str_eq(stage.faults.v[0], only);
}

/* What lies in the directory "in" beside a good file. */
static const struct {
	const char *kind, *fault;
	size_t too_large;
} kinds[] = {
	{"nothing", NULL, 0},
	{"empty directory", NULL, 0},
	{"file of the limit", NULL, 0},
	{"file above it", "w/x has 101 bytes, and the policy lets in 100 a file", 1},
	{"two that are too much", "w/x makes it more than 150 bytes, which the policy lets in at once", 1},
	{"symlink", "w/x is a symbolic link, which is not followed", 0},
	{"symlink to a directory", "w/x is a symbolic link, which is not followed", 0},
	{"hard link", "w/x is a file with more than one name (hard link)", 0},
	{"fifo", "w/x is neither a file nor a directory", 0},
	{"control character", "w/x? has control characters", 0},
	{"too many", "* is one more than 4 files and directories, which the policy lets in at once", 0},
};

static void make_kind(const char *kind)
{
	if (bw_streq(kind, "empty directory"))
		ck_assert_int_eq(mkdirat(scratch.dir, "in/x", 0700), 0);
	else if (bw_streq(kind, "file of the limit"))
		put("in/x", 100);
	else if (bw_streq(kind, "file above it"))
		put("in/x", 101);
	else if (bw_streq(kind, "symlink"))
		ck_assert_int_eq(symlinkat("good", scratch.dir, "in/x"), 0);
	else if (bw_streq(kind, "symlink to a directory"))
		ck_assert_int_eq(symlinkat("/", scratch.dir, "in/x"), 0);
	else if (bw_streq(kind, "fifo"))
		ck_assert_int_eq(mkfifoat(scratch.dir, "in/x", 0600), 0);
	else if (bw_streq(kind, "control character"))
		put("in/x\033", 1);
	else if (bw_streq(kind, "hard link")) {
		put("out", 1);
		ck_assert_int_eq(linkat(scratch.dir, "out", scratch.dir, "in/x", 0), 0);
	} else if (bw_streq(kind, "two that are too much")) {
		limits.file_bytes.v = 200;
		put("in/x", 151);
	} else if (bw_streq(kind, "too many")) {
		for (char name[] = "in/1"; name[3] < '5'; name[3]++)
			put(name, 0);
	}
}

START_TEST(each_kind_of_file_is_taken_or_named)
{
	const char *fault = kinds[_i].fault;

	ck_assert_int_eq(mkdirat(scratch.dir, "in", 0700), 0);
	put("in/good", 0);
	make_kind(kinds[_i].kind);
	look("in", "w", 0);
	if (fault && fault[0] == '*') {
		ck_assert_uint_eq(stage.faults.n, 1);
		ck_assert(bw_has_suffix(stage.faults.v[0], fault + 1));
	} else {
		expect_faults(fault);
	}
	ck_assert_uint_eq(stage.too_large, kinds[_i].too_large);
}
END_TEST

START_TEST(a_destination_is_a_name_or_a_directory)
{
	static const struct {
		const char *destination, *name; /* NULL: refused */
	} rows[] = {{"new", "new"}, {"new/", "new/file"}, {".", "file"}, {"./", "file"}, {"a/b", "a/b"}, {"a/b///", "a/b/file"},
		{"/new", NULL}, {"../new", NULL}, {"", NULL}, {"..", NULL}, {"/", NULL}};

	put("file", 1);
	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		stage.items.n = 0;
		err = (struct bw_err){0};
		look("file", rows[i].destination, rows[i].name ? 0 : -1);
		if (rows[i].name)
			ck_assert_str_eq(stage.items.v[0].name, rows[i].name);
		else
			ck_assert_ptr_nonnull(strstr(err.text, "the destination "));
	}
}
END_TEST

START_TEST(a_link_on_the_way_is_refused_too)
{
	ck_assert_int_eq(mkdirat(scratch.dir, "in", 0700), 0);
	put("in/file", 1);
	ck_assert_int_eq(symlinkat("in", scratch.dir, "way"), 0);
	look("way/file", "new", 0);
	ck_assert_uint_eq(stage.faults.n, 1);
	ck_assert_ptr_nonnull(strstr(stage.faults.v[0], "is reached through a symbolic link"));
}
END_TEST

/* What was looked at is what is opened, or nothing. */
START_TEST(what_is_exchanged_meanwhile_is_refused)
{
	static const char *const by[] = {"another file", "symlink", "hard link", "gone", "same"};
	auto_close int fd = -1;

	ck_assert_int_eq(mkdirat(scratch.dir, "in", 0700), 0);
	put("in/file", 1);
	put("other", 1);
	look("in", "w", 0);
	ck_assert_uint_eq(stage.items.n, 2);
	if (bw_streq(by[_i], "hard link"))
		ck_assert_int_eq(linkat(scratch.dir, "in/file", scratch.dir, "second", 0), 0);
	else if (!bw_streq(by[_i], "same"))
		ck_assert_int_eq(unlinkat(scratch.dir, "in/file", 0), 0);
	if (bw_streq(by[_i], "another file"))
		ck_assert_int_eq(renameat(scratch.dir, "other", scratch.dir, "in/file"), 0);
	else if (bw_streq(by[_i], "symlink"))
		ck_assert_int_eq(symlinkat("../other", scratch.dir, "in/file"), 0);
	fd = bw_stage_open(&stage, &stage.items.v[1], &err);
	ck_assert_int_eq(fd >= 0, bw_streq(by[_i], "same"));
	if (fd < 0)
		ck_assert_str_eq(err.text, "w/file was changed while it was staged");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stage");
	TCase *t = tcase_create("stage");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_name_is_plain_or_said_to_be_none, 0, BW_COUNT(names));
	tcase_add_loop_test(t, each_kind_of_file_is_taken_or_named, 0, BW_COUNT(kinds));
	tcase_add_test(t, a_destination_is_a_name_or_a_directory);
	tcase_add_test(t, a_link_on_the_way_is_refused_too);
	tcase_add_loop_test(t, what_is_exchanged_meanwhile_is_refused, 0, 5);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
