/* SPDX-License-Identifier: Apache-2.0 */
/* test_mount_options.c - each word by itself, then in company: the later word wins, access times
 * are one value, and what is not known is the file system's. */
#include <errno.h>
#include <stdarg.h>
#include <sys/statvfs.h>

#include "control_test.h"

#include "base/sys.h"
#include "control/mount_options.h"

#define NOATIME MOUNT_ATTR_NOATIME
#define STRICT	MOUNT_ATTR_STRICTATIME
#define ATIME	MOUNT_ATTR__ATIME

/* What one word alone does. given: it is a flag of mount(2). */
static const struct row {
	const char *word;
	struct bw_mount_options expected;
} rows[] = {
	{"async", {.flags = {.n = 1}, .given = true}},
	{"atime", {.clear = ATIME, .given = true, .no_access = 1}},
	{"bind", {.bind = true}},
	{"defaults", {0}},
	{"dev", {.clear = MOUNT_ATTR_NODEV, .given = true}},
	{"diratime", {.clear = MOUNT_ATTR_NODIRATIME, .given = true, .no_access = 8}},
	{"dirsync", {.flags = {.n = 1}, .given = true}},
	{"exec", {.clear = MOUNT_ATTR_NOEXEC, .given = true}},
	{"idmap", {.idmap = true}},
	{"iversion", {.given = true}},
	{"lazytime", {.flags = {.n = 1}, .given = true}},
	{"loud", {.given = true}},
	{"mand", {.given = true}},
	{"noatime", {.set = NOATIME, .clear = ATIME, .given = true, .access = 1}},
	{"nodev", {.set = MOUNT_ATTR_NODEV, .given = true}},
	{"nodiratime", {.set = MOUNT_ATTR_NODIRATIME, .given = true, .access = 8}},
	{"noexec", {.set = MOUNT_ATTR_NOEXEC, .given = true}},
	{"noiversion", {.given = true}},
	{"nolazytime", {.flags = {.n = 1}, .given = true}},
	{"nomand", {.given = true}},
	{"norelatime", {.clear = ATIME, .given = true, .no_access = 2}},
	{"nostrictatime", {.clear = ATIME, .given = true, .no_access = 4}},
	{"nosuid", {.set = MOUNT_ATTR_NOSUID, .given = true}},
	{"nosymfollow", {.set = MOUNT_ATTR_NOSYMFOLLOW, .given = true}},
	{"private", {.propagation = MS_PRIVATE}},
	{"ratime", {.rec_clear = ATIME}},
	{"rbind", {.bind = true, .recursive = true}},
	{"rdev", {.rec_clear = MOUNT_ATTR_NODEV}},
	{"rdiratime", {.rec_clear = MOUNT_ATTR_NODIRATIME}},
	/* MOUNT_ATTR_RELATIME is 0: it is what remains when the field is cleared. */
	{"relatime", {.clear = ATIME, .given = true, .access = 2}},
	{"remount", {.remount = true}},
	{"rexec", {.rec_clear = MOUNT_ATTR_NOEXEC}},
	{"ridmap", {.idmap = true, .ridmap = true}},
	{"rnoatime", {.rec_set = NOATIME, .rec_clear = ATIME}},
	{"rnodev", {.rec_set = MOUNT_ATTR_NODEV}},
	{"rnodiratime", {.rec_set = MOUNT_ATTR_NODIRATIME}},
	{"rnoexec", {.rec_set = MOUNT_ATTR_NOEXEC}},
	{"rnorelatime", {.rec_clear = ATIME}},
	{"rnostrictatime", {.rec_clear = ATIME}},
	{"rnosuid", {.rec_set = MOUNT_ATTR_NOSUID}},
	{"rnosymfollow", {.rec_set = MOUNT_ATTR_NOSYMFOLLOW}},
	{"ro", {.set = MOUNT_ATTR_RDONLY, .given = true}},
	{"rprivate", {.propagation = MS_PRIVATE | MS_REC}},
	{"rrelatime", {.rec_clear = ATIME}},
	{"rro", {.rec_set = MOUNT_ATTR_RDONLY}},
	{"rrw", {.rec_clear = MOUNT_ATTR_RDONLY}},
	{"rshared", {.propagation = MS_SHARED | MS_REC}},
	{"rslave", {.propagation = MS_SLAVE | MS_REC}},
	{"rstrictatime", {.rec_set = STRICT, .rec_clear = ATIME}},
	{"rsuid", {.rec_clear = MOUNT_ATTR_NOSUID}},
	{"rsymfollow", {.rec_clear = MOUNT_ATTR_NOSYMFOLLOW}},
	{"runbindable", {.propagation = MS_UNBINDABLE | MS_REC}},
	{"rw", {.clear = MOUNT_ATTR_RDONLY, .given = true}},
	{"shared", {.propagation = MS_SHARED}},
	{"silent", {.given = true}},
	{"slave", {.propagation = MS_SLAVE}},
	{"strictatime", {.set = STRICT, .clear = ATIME, .given = true, .access = 4}},
	{"suid", {.clear = MOUNT_ATTR_NOSUID, .given = true}},
	{"symfollow", {.clear = MOUNT_ATTR_NOSYMFOLLOW, .given = true}},
	{"sync", {.flags = {.n = 1}, .given = true}},
	{"tmpcopyup", {.tmpcopyup = true}},
	{"unbindable", {.propagation = MS_UNBINDABLE}},
};

/* Words, up to a NULL, through the parser. */
static struct bw_mount_options parse(struct bw_arena *arena, ...)
{
	struct bw_mount_options options;
	struct bw_strs words = {0};
	const char *word;
	va_list ap;

	va_start(ap, arena);
	while ((word = va_arg(ap, const char *)))
		ck_assert_int_eq(bw_strs_add(arena, &words, word), 0);
	va_end(ap);
	ck_assert_int_eq(bw_mount_options_parse(&words, arena, &options), 0);
	return options;
}

static void assert_same(const struct bw_mount_options *a, const struct bw_mount_options *b)
{
	ck_assert_uint_eq(a->set, b->set);
	ck_assert_uint_eq(a->clear, b->clear);
	ck_assert_uint_eq(a->rec_set, b->rec_set);
	ck_assert_uint_eq(a->rec_clear, b->rec_clear);
	ck_assert_uint_eq(a->propagation, b->propagation);
	ck_assert(a->bind == b->bind && a->recursive == b->recursive);
	ck_assert(a->tmpcopyup == b->tmpcopyup && a->given == b->given);
	ck_assert(a->remount == b->remount);
	ck_assert(a->idmap == b->idmap && a->ridmap == b->ridmap);
	ck_assert_uint_eq(a->access, b->access);
	ck_assert_uint_eq(a->no_access, b->no_access);
	ck_assert_uint_eq(a->flags.n, b->flags.n);
	ck_assert_uint_eq(a->data.n, b->data.n);
}

START_TEST(each_word_does_its_own)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options = parse(&arena, rows[_i].word, NULL);

	assert_same(&options, &rows[_i].expected);
	if (options.flags.n)
		ck_assert_str_eq(options.flags.v[0], rows[_i].word);
}
END_TEST

START_TEST(every_known_word_has_a_row_here)
{
	const char *const *known = bw_mount_option_words();

	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		ck_assert_ptr_nonnull(known[i]);
		ck_assert_str_eq(known[i], rows[i].word);
	}
	ck_assert_ptr_null(known[BW_COUNT(rows)]);
}
END_TEST

START_TEST(the_later_word_wins)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options = parse(&arena, "ro", "nosuid", "rw", NULL);

	ck_assert_uint_eq(options.set, MOUNT_ATTR_NOSUID);
	ck_assert_uint_eq(options.clear, MOUNT_ATTR_RDONLY);
	options = parse(&arena, "rw", "ro", NULL);
	ck_assert_uint_eq(options.set, MOUNT_ATTR_RDONLY);
	ck_assert_uint_eq(options.clear, 0);
	options = parse(&arena, "rro", "rrw", "rnodev", NULL);
	ck_assert_uint_eq(options.rec_set, MOUNT_ATTR_NODEV);
	ck_assert_uint_eq(options.rec_clear, MOUNT_ATTR_RDONLY);
	options = parse(&arena, "rshared", "private", NULL);
	ck_assert_uint_eq(options.propagation, MS_PRIVATE);
}
END_TEST

START_TEST(this_mount_and_all_below_are_kept_apart)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options = parse(&arena, "rw", "rro", NULL);

	ck_assert_uint_eq(options.clear, MOUNT_ATTR_RDONLY);
	ck_assert_uint_eq(options.rec_set, MOUNT_ATTR_RDONLY);
	ck_assert_uint_eq(options.set | options.rec_clear, 0);
}
END_TEST

/* mount_setattr(2): to change the access time the whole field must be cleared. */
START_TEST(access_times_are_one_value)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options = parse(&arena, "noatime", "strictatime", NULL);

	ck_assert_uint_eq(options.set, STRICT);
	ck_assert_uint_eq(options.clear, ATIME);
	options = parse(&arena, "strictatime", "noatime", NULL);
	ck_assert_uint_eq(options.set, NOATIME);
	ck_assert_uint_eq(options.clear, ATIME);
	options = parse(&arena, "noatime", "relatime", NULL);
	ck_assert_uint_eq(options.set, 0);
	ck_assert_uint_eq(options.clear, ATIME);
	/* Directories' access times are a bit of their own. */
	options = parse(&arena, "nodiratime", "noatime", NULL);
	ck_assert_uint_eq(options.set, NOATIME | MOUNT_ATTR_NODIRATIME);
}
END_TEST

START_TEST(recursion_once_asked_for_stays)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options = parse(&arena, "rbind", "bind", NULL);

	ck_assert(options.bind && options.recursive);
	options = parse(&arena, "ridmap", "idmap", NULL);
	ck_assert(options.idmap && options.ridmap);
}
END_TEST

START_TEST(what_is_not_known_is_the_file_systems)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options =
		parse(&arena, "size=64m", "RO", "nosuid ", "mode=755", " ", "nosuid", NULL);
	static const char *const data[] = {"size=64m", "RO", "nosuid ", "mode=755", " "};

	ck_assert_uint_eq(options.set, MOUNT_ATTR_NOSUID);
	ck_assert_uint_eq(options.data.n, BW_COUNT(data));
	for (size_t i = 0; i < BW_COUNT(data); i++)
		ck_assert_str_eq(options.data.v[i], data[i]);
}
END_TEST

START_TEST(an_empty_word_is_none)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options = parse(&arena, "", "ro", "size=1k", "", NULL);

	ck_assert_uint_eq(options.data.n, 1);
	ck_assert_str_eq(options.data.v[0], "size=1k");
	ck_assert_uint_eq(options.set, MOUNT_ATTR_RDONLY);
}
END_TEST

START_TEST(no_words_are_no_options)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_mount_options options = parse(&arena, NULL);

	assert_same(&options, &(struct bw_mount_options){0});
}
END_TEST

#define OTHERS                                                                                                  \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW)
#define NODIR MOUNT_ATTR_NODIRATIME

/* Words, what the source has, and what becomes of a bind; locked: as in a user namespace. */
static const struct bind_row {
	const char *words[3];
	unsigned long source;
	bool locked;
	int r;
	uint64_t set, clear;
} bind_rows[] = {
	{{"rprivate"}, ST_RDONLY, false, 0, 0, 0},
	{{"ro"}, 0, false, 0, MOUNT_ATTR_RDONLY, OTHERS & ~(uint64_t)MOUNT_ATTR_RDONLY},
	{{"rw"}, ST_RDONLY, false, 0, 0, OTHERS},
	{{"sync"}, ST_NOEXEC, false, 0, 0, OTHERS},
	{{"silent"}, ST_NOEXEC, false, 0, 0, OTHERS},
	{{"defaults"}, ST_NOEXEC, false, 0, 0, 0},
	/* Access times stay unless one is asked for; not to want one is no wish. */
	{{"atime"}, ST_NOATIME, false, 0, 0, OTHERS},
	{{"noatime", "atime"}, 0, false, 0, 0, OTHERS},
	{{"noatime"}, ST_NODIRATIME, false, 0, NOATIME, OTHERS | ATIME | NODIR},
	{{"nodiratime"}, ST_NOATIME, false, 0, NODIR, OTHERS | ATIME},
	{{"relatime"}, ST_NOATIME, false, 0, 0, OTHERS | ATIME | NODIR},
	{{"strictatime"}, ST_RELATIME, false, 0, STRICT, OTHERS | ATIME | NODIR},
	/* Locked: what restricts stays, unless its end is asked for. */
	{{"rprivate"}, ST_RDONLY | ST_NOATIME, true, 0, 0, 0},
	{{"nosuid"}, ST_RDONLY | ST_RELATIME, true, 0, MOUNT_ATTR_NOSUID,
		OTHERS & ~(uint64_t)(MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY)},
	{{"ro", "sync"}, ST_NODEV | ST_NOATIME, true, 0, MOUNT_ATTR_RDONLY,
		OTHERS & ~(uint64_t)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV)},
	{{"rw"}, ST_RDONLY | ST_RELATIME, true, -EPERM, 0, 0},
	{{"dev"}, ST_NODEV, true, -EPERM, 0, 0},
	{{"suid"}, ST_NOSUID, true, -EPERM, 0, 0},
	{{"exec"}, ST_NOEXEC, true, -EPERM, 0, 0},
	{{"rrw"}, ST_RDONLY, true, -EPERM, 0, 0},
	{{"exec"}, ST_RELATIME, true, 0, 0, OTHERS},
	{{"noatime"}, ST_RELATIME, true, -EPERM, 0, 0},
	{{"strictatime"}, ST_RELATIME, true, -EPERM, 0, 0},
	{{"relatime"}, ST_NOATIME, true, -EPERM, 0, 0},
	{{"ro", "atime"}, ST_NOATIME | ST_NODEV, true, -EPERM, 0, 0},
	{{"relatime"}, ST_RELATIME, true, 0, 0, OTHERS | ATIME | NODIR},
	{{"nodiratime"}, ST_RELATIME | ST_NODIRATIME, true, 0, NODIR, OTHERS | ATIME},
	{{"strictatime", "ro"}, ST_NODEV, true, 0, MOUNT_ATTR_RDONLY,
		OTHERS & ~(uint64_t)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV)},
};

START_TEST(a_bind_states_all_its_attributes_or_none)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bind_row *row = &bind_rows[_i];
	struct bw_mount_options options = parse(&arena, "bind", row->words[0], row->words[1], NULL);
	uint64_t set = 0, clear = 0;

	ck_assert_int_eq(bw_mount_options_bind(&options, row->source, row->locked, &set, &clear), row->r);
	ck_assert_uint_eq(set, row->set);
	ck_assert_uint_eq(clear, row->clear);
}
END_TEST

BENCH_MAIN("mount_options", {a_bind_states_all_its_attributes_or_none, BW_COUNT(bind_rows)}, {each_word_does_its_own, BW_COUNT(rows)},
	{every_known_word_has_a_row_here, 0}, {the_later_word_wins, 0},
	{this_mount_and_all_below_are_kept_apart, 0}, {access_times_are_one_value, 0},
	{recursion_once_asked_for_stays, 0}, {what_is_not_known_is_the_file_systems, 0},
	{an_empty_word_is_none, 0}, {no_words_are_no_options, 0})
