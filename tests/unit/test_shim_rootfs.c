/* SPDX-License-Identifier: Apache-2.0 */
/* test_shim_rootfs.c - the options of containerd's mounts: flags, words of the shim's own, what is left for the file
 * system, and overlay's list of layers. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/sys.h"
#include "shim/rootfs_mounts.h"
#include "shim/rootfs_options.h"

static struct bw_arena arena;
static struct bw_err err;
static struct bw_rootfs_options options;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	err = (struct bw_err){0};
	memset(&options, 0, sizeof options);
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

static int read_words(const char *type, ...)
{
	struct bw_proto_texts words = {0};
	const char *word;
	va_list list;

	va_start(list, type);
	while ((word = va_arg(list, const char *)))
		*bw_push(&arena, &words) = word;
	va_end(list);
	return bw_rootfs_options_read(type, &words, &arena, &options, &err);
}

static const char *data(const char *lower)
{
	return bw_rootfs_options_data(&options, lower, &arena);
}

/* before: flags that the word finds. */
static const struct flag_row {
	const char *before, *word;
	unsigned long flags;
} flag_rows[] = {
	{"sync", "async", 0},
	{"noatime", "atime", 0},
	{"ro", "defaults", MS_RDONLY},
	{"nodev", "dev", 0},
	{"nodiratime", "diratime", 0},
	{"ro", "dirsync", MS_RDONLY | MS_DIRSYNC},
	{"noexec", "exec", 0},
	{"ro", "mand", MS_RDONLY | MS_MANDLOCK},
	{"ro", "noatime", MS_RDONLY | MS_NOATIME},
	{"ro", "nodev", MS_RDONLY | MS_NODEV},
	{"ro", "nodiratime", MS_RDONLY | MS_NODIRATIME},
	{"ro", "noexec", MS_RDONLY | MS_NOEXEC},
	{"mand", "nomand", 0},
	{"relatime", "norelatime", 0},
	{"strictatime", "nostrictatime", 0},
	{"ro", "nosuid", MS_RDONLY | MS_NOSUID},
	{"ro", "nosymfollow", MS_RDONLY | MS_NOSYMFOLLOW},
	{"ro", "relatime", MS_RDONLY | MS_RELATIME},
	{"rw", "ro", MS_RDONLY},
	{"ro", "rw", 0},
	{"ro", "strictatime", MS_RDONLY | MS_STRICTATIME},
	{"nosuid", "suid", 0},
	{"nosymfollow", "symfollow", 0},
	{"ro", "sync", MS_RDONLY | MS_SYNCHRONOUS},
};

START_TEST(each_flag_is_set_or_cleared_by_its_word)
{
	const struct flag_row *row = &flag_rows[_i];

	ck_assert_int_eq(read_words("ext4", row->before, row->word, NULL), 0);
	ck_assert_uint_eq(options.flags, row->flags);
	ck_assert_str_eq(data(NULL), "");
	ck_assert(!options.bind && !options.loop && !options.recursive);
}
END_TEST

START_TEST(what_no_word_is_stays_the_file_systems_in_its_order)
{
	ck_assert_int_eq(read_words("overlay", "index=off", "ro", "workdir=/w", "upperdir=/u", "userxattr", "lowerdir=/a:/b",
				 "volatile", NULL),
		0);
	ck_assert_uint_eq(options.flags, MS_RDONLY);
	ck_assert_str_eq(options.lower, "/a:/b");
	ck_assert_str_eq(data(NULL), "index=off,workdir=/w,upperdir=/u,userxattr,lowerdir=/a:/b,volatile");
	ck_assert_str_eq(data("7:8"), "index=off,workdir=/w,upperdir=/u,userxattr,lowerdir=7:8,volatile");
}
END_TEST

START_TEST(several_options_in_one_text_are_several)
{
	ck_assert_int_eq(read_words("tmpfs", "nosuid,size=1m,,nodev", "mode=755,", NULL), 0);
	ck_assert_uint_eq(options.flags, MS_NOSUID | MS_NODEV);
	ck_assert_str_eq(data(NULL), "size=1m,mode=755");
}
END_TEST

START_TEST(a_quoted_or_escaped_comma_ends_no_option)
{
	ck_assert_int_eq(read_words("overlay", "context=\"s0:c1,ro\",lowerdir=/a\\,ro:/b\\\\,nosuid", NULL), 0);
	ck_assert_uint_eq(options.flags, MS_NOSUID);
	ck_assert_str_eq(options.lower, "/a\\,ro:/b\\\\");
	ck_assert_str_eq(data(NULL), "context=\"s0:c1,ro\",lowerdir=/a\\,ro:/b\\\\");
}
END_TEST

START_TEST(a_backslash_is_no_escape_outside_of_overlay)
{
	ck_assert_int_eq(read_words("ext4", "a\\,ro", NULL), 0);
	ck_assert_uint_eq(options.flags, MS_RDONLY);
	ck_assert_str_eq(data(NULL), "a\\");
}
END_TEST

START_TEST(binds_are_known_by_type_or_word)
{
	ck_assert_int_eq(read_words("bind", NULL), 0);
	ck_assert(options.bind && !options.recursive);
	ck_assert_int_eq(read_words("bind", "rbind", "ro", NULL), 0);
	ck_assert(options.bind && options.recursive);
	ck_assert_int_eq(read_words("", "bind", NULL), 0);
	ck_assert(options.bind && !options.recursive);
	ck_assert_int_eq(read_words("rbind", NULL), 0);
	ck_assert(options.bind && options.recursive);
}
END_TEST

START_TEST(loop_and_its_direct_io_are_not_the_file_systems)
{
	ck_assert_int_eq(read_words("erofs", "ro", "loop", "direct-io", "dax=never", NULL), 0);
	ck_assert(options.loop && options.direct_io);
	ck_assert_str_eq(data(NULL), "dax=never");
	ck_assert_int_eq(read_words("9p", "direct-io", NULL), 0);
	ck_assert(!options.loop && !options.direct_io);
	ck_assert_str_eq(data(NULL), "direct-io");
}
END_TEST

START_TEST(maps_of_ids_keep_their_commas)
{
	ck_assert_int_eq(read_words("overlay", "uidmap=0:1:2,2:9:1", "gidmap=0:1:3", "lowerdir=/a", NULL), 0);
	ck_assert_str_eq(options.uid_map, "0:1:2,2:9:1");
	ck_assert_str_eq(options.gid_map, "0:1:3");
	ck_assert_str_eq(data(NULL), "lowerdir=/a");
}
END_TEST

static const struct refusal {
	const char *type, *words[3], *says;
} refusals[] = {
	{"overlay", {"X-containerd.mkdir.path=/x"}, "option X-containerd.mkdir.path=/x: expected containerd's mount manager"},
	{"erofs", {"loop,X-containerd.dmverity.roothash=1"}, "expected containerd's mount manager"},
	{"ext4", {"X-mount.mkdir"}, "option X-mount.mkdir: expected one that a file system knows"},
	{"ext4", {"x-systemd.automount"}, "expected one that a file system knows"},
	{"ext4", {"ro", "remount"}, "option remount: expected a mount to make"},
	{"overlay", {"lowerdir=/a", "lowerdir=/b"}, "option lowerdir: expected it once, found it twice"},
	{"overlay", {"uidmap=0:1:2"}, "expected uidmap and gidmap, found one"},
	{"bind", {"gidmap=0:1:2"}, "expected uidmap and gidmap, found one"},
	{"overlay", {"ro,uidmap=0:1:2", "gidmap=0:1:2"}, "option uidmap=0:1:2: expected it as an option of its own"},
	{"bind", {"ro", "size=1m"}, "option size=1m: expected none of a file system for a bind mount"},
	{"bind", {"sync"}, "expected no sync"},
	{"bind", {"loop"}, "expected bind or loop, found both"},
};

START_TEST(what_would_be_dropped_is_refused)
{
	const struct refusal *row = &refusals[_i];

	ck_assert_int_eq(read_words(row->type, row->words[0], row->words[1], row->words[2], NULL), -1);
	ck_assert_int_eq(err.code, BW_E_SPEC);
	ck_assert_msg(strstr(err.text, row->says), "\"%s\" lacks \"%s\"", err.text, row->says);
}
END_TEST

static const struct layers_row {
	const char *lower;
	size_t n, common;
	const char *names; /* with '|' between them */
	const char *beneath; /* beneath the common directory, as a value again */
} layers_rows[] = {
	{"/s/12/fs:/s/1/fs", 2, 2, "/s/12/fs|/s/1/fs", "12/fs:1/fs"},
	{"/s/snapshots/12/fs:/s/snapshots/1/fs", 2, 12, "/s/snapshots/12/fs|/s/snapshots/1/fs", "12/fs:1/fs"},
	/* By component: "/s/1" is no directory that both lie beneath. */
	{"/s/11:/s/12", 2, 2, "/s/11|/s/12", "11:12"},
	{"/s/1:/s/1/2", 2, 2, "/s/1|/s/1/2", "1:1/2"},
	{"/s/1/2:/s/1", 2, 2, "/s/1/2|/s/1", "1/2:1"},
	{"/a/b", 1, 2, "/a/b", "b"},
	{"/a:/b", 2, 0, "/a|/b", "/a:/b"},
	{"/s/a\\:b:/s/c\\\\\\,", 2, 2, "/s/a:b|/s/c\\,", "a\\:b:c\\\\\\,"},
	{"/s/a::/s/b", 3, 2, "/s/a||/s/b", "a::b"},
	{"s/a:/s/b", 2, 0, "s/a|/s/b", "s/a:/s/b"},
	/* Text that says something else than where it leads is not cut. */
	{"/s/x/../a:/s/b", 2, 0, "/s/x/../a|/s/b", "/s/x/../a:/s/b"},
	{"/s//a:/s/b", 2, 0, "/s//a|/s/b", "/s//a:/s/b"},
	{"/s/a/:/s/b", 2, 0, "/s/a/|/s/b", "/s/a/:/s/b"},
	{"", 1, 0, "", ""},
	{"/a:", 2, 0, "/a|", "/a:"},
};

START_TEST(layers_are_split_and_shortened)
{
	const struct layers_row *row = &layers_rows[_i];
	struct bw_proto_texts layers = bw_rootfs_layers(row->lower, &arena);
	char names[256] = "";
	size_t common;

	ck_assert_uint_eq(layers.n, row->n);
	for (size_t i = 0; i < layers.n; i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? "|" : "", layers.v[i]);
	ck_assert_str_eq(names, row->names);
	common = bw_rootfs_layers_common(&layers);
	ck_assert_uint_eq(common, row->common);
	ck_assert_str_eq(bw_rootfs_layers_join(&layers, common ? common + 1 : 0, &arena), row->beneath);
}
END_TEST

START_TEST(a_list_may_have_128_mounts)
{
	static struct bw_rootfs_mount many[129];
	struct bw_rootfs_mounts mounts = {many, 129};

	for (size_t i = 0; i < BW_COUNT(many); i++)
		many[i] = (struct bw_rootfs_mount){.type = "", .source = "", .target = ""};
	ck_assert_int_eq(bw_rootfs_mount_all(&mounts, "/nowhere/rootfs", &err), -1);
	ck_assert_str_eq(err.text, "mounting the root file system: expected at most 128 mounts, found 129");
	err = (struct bw_err){0};
	mounts.n = 128;
	ck_assert_int_eq(bw_rootfs_mount_all(&mounts, "/nowhere/rootfs", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "the directory above /nowhere/rootfs"));
}
END_TEST

START_TEST(an_empty_list_and_a_missing_place_are_nothing_to_do)
{
	struct bw_rootfs_mounts none = {0};

	ck_assert_int_eq(bw_rootfs_mount_all(&none, "/nowhere/rootfs", &err), 0);
	ck_assert_int_eq(bw_rootfs_unmount("/nowhere/rootfs", &err), 0);
}
END_TEST

START_TEST(a_root_that_is_none_is_refused)
{
	ck_assert_int_eq(bw_rootfs_unmount("/", &err), -1);
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_rootfs_unmount("/..", &err), -1);
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_rootfs_unmount("rootfs", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "expected the absolute path of a directory, found \"rootfs\""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_rootfs");
	TCase *tcase = tcase_create("options");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, each_flag_is_set_or_cleared_by_its_word, 0, BW_COUNT(flag_rows));
	tcase_add_test(tcase, what_no_word_is_stays_the_file_systems_in_its_order);
	tcase_add_test(tcase, several_options_in_one_text_are_several);
	tcase_add_test(tcase, a_quoted_or_escaped_comma_ends_no_option);
	tcase_add_test(tcase, a_backslash_is_no_escape_outside_of_overlay);
	tcase_add_test(tcase, binds_are_known_by_type_or_word);
	tcase_add_test(tcase, loop_and_its_direct_io_are_not_the_file_systems);
	tcase_add_test(tcase, maps_of_ids_keep_their_commas);
	tcase_add_loop_test(tcase, what_would_be_dropped_is_refused, 0, BW_COUNT(refusals));
	tcase_add_loop_test(tcase, layers_are_split_and_shortened, 0, BW_COUNT(layers_rows));
	tcase_add_test(tcase, a_list_may_have_128_mounts);
	tcase_add_test(tcase, an_empty_list_and_a_missing_place_are_nothing_to_do);
	tcase_add_test(tcase, a_root_that_is_none_is_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
