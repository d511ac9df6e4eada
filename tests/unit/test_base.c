/* SPDX-License-Identifier: Apache-2.0 */
/* test_base.c - the floor that everything stands on: errors, arenas, text, descriptors, names in a
 * hostile tree, processes, log lines. */
#include <check.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"

/* ---- a directory of our own ---- */

static char tmp_dir[64];
static int tmp = -1;

static void make_tmp(void)
{
	strcpy(tmp_dir, "/tmp/bw-test-base.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tmp_dir));
	tmp = open(tmp_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(tmp, 0);
}

/* Depth first, never across a symlink. */
static void remove_in(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_closedir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!bw_streq(entry->d_name, ".") && !bw_streq(entry->d_name, ".."))
			remove_in(fd, entry->d_name);
	if (unlinkat(dirfd, name, 0) < 0)
		(void)unlinkat(dirfd, name, AT_REMOVEDIR);
}

static void drop_tmp(void)
{
	close(tmp);
	tmp = -1;
	remove_in(AT_FDCWD, tmp_dir);
}

static void put_file(const char *path, const char *text)
{
	auto_close int fd = openat(tmp, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bw_write_all(fd, text, strlen(text)), 0);
}

static const char *in_tmp(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", tmp_dir, name);
	return path;
}

/* ---- err ---- */

START_TEST(a_failure_says_what_and_the_kernels_words)
{
	struct bw_err err = {0};

	ck_assert_int_eq(bw_fail(&err, BW_E_KERNEL, ENOENT, "open %s", "x"), -1);
	ck_assert_str_eq(err.text, "open x: no such file or directory");
	ck_assert_int_eq(err.sys, ENOENT);
	ck_assert_int_eq(err.code, BW_E_KERNEL);
	ck_assert_int_eq(bw_wrap(&err, "reading %d", 7), -1);
	ck_assert_str_eq(err.text, "reading 7: open x: no such file or directory");
	ck_assert_int_eq(bw_fail(&err, BW_E_MEMORY, ENOMEM, "%s", ""), -1);
	ck_assert_str_eq(err.text, "cannot allocate memory");
}
END_TEST

START_TEST(the_first_place_that_is_said_stays)
{
	struct bw_err err = {0};

	bw_fail(&err, BW_E_SPEC, 0, "no");
	ck_assert_int_eq(bw_at(&err, "/a/%d", 1), -1);
	ck_assert_int_eq(bw_at(&err, "/b"), -1);
	ck_assert_int_eq(bw_hint(&err, "try %s", "this"), -1);
	ck_assert_str_eq(err.field, "/a/1");
	ck_assert_str_eq(err.hint, "try this");
	ck_assert_str_eq(err.text, "no");
}
END_TEST

START_TEST(nobody_has_to_listen)
{
	ck_assert_int_eq(bw_fail(NULL, BW_E_SPEC, 0, "no"), -1);
	ck_assert_int_eq(bw_wrap(NULL, "x"), -1);
	ck_assert_int_eq(bw_at(NULL, "x"), -1);
	ck_assert_int_eq(bw_hint(NULL, "x"), -1);
}
END_TEST

START_TEST(long_texts_are_cut_and_stay_texts)
{
	char longer[2000];
	struct bw_err err = {0};

	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	bw_fail(&err, BW_E_SPEC, EPERM, "%s", longer);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
	bw_wrap(&err, "%s", longer);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
	bw_at(&err, "%s", longer);
	ck_assert_uint_eq(strlen(err.field), sizeof err.field - 1);
}
END_TEST

START_TEST(errnos_and_codes_have_names)
{
	ck_assert_str_eq(bw_errno_name(EPERM), "EPERM");
	ck_assert_str_eq(bw_errno_name(12345), "EUNKNOWN");
	ck_assert_str_eq(bw_errno_words(EPERM), "operation not permitted");
	ck_assert_str_eq(bw_errno_words(EDOTDOT), "RFS specific error");
	ck_assert_str_eq(bw_errno_words(12345), "unknown error");
	ck_assert_str_eq(bw_code_name(BW_E_NOT_FOUND), "not-found");
	for (unsigned code = 0; code < BW_E_COUNT; code++)
		ck_assert_ptr_nonnull(bw_code_name((enum bw_code)code));
	ck_assert_str_eq(bw_code_name(BW_E_COUNT), "internal");
}
END_TEST

/* ---- arena ---- */

START_TEST(an_arena_gives_zeroed_aligned_memory)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	static const size_t sizes[] = {0, 1, 15, 16, 17, 8000, 8192, 8193, 16384, 100000, 3};

	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < BW_COUNT(sizes); i++) {
			unsigned char *p = bw_arena_alloc(&arena, sizes[i]);

			ck_assert_ptr_nonnull(p);
			ck_assert_uint_eq((uintptr_t)p % 16, 0);
			ck_assert(sizes[i] == 0 || (!p[0] && !memcmp(p, p + 1, sizes[i] - 1)));
			memset(p, 0xff, sizes[i]);
		}
	}
	ck_assert_ptr_null(bw_arena_alloc(&arena, SIZE_MAX));
	ck_assert_ptr_null(bw_arena_alloc(&arena, SIZE_MAX / 2));
	ck_assert_ptr_null(bw_arena_strndup(&arena, "x", SIZE_MAX));
}
END_TEST

START_TEST(an_arena_copies_and_prints)
{
	struct bw_arena arena = BW_ARENA_INIT;

	ck_assert_str_eq(bw_arena_strdup(&arena, "abc"), "abc");
	ck_assert_str_eq(bw_arena_strndup(&arena, "abcdef", 2), "ab");
	ck_assert_str_eq(bw_arena_strndup(&arena, "", 0), "");
	ck_assert_str_eq(bw_arena_printf(&arena, "%d-%s", 5, "x"), "5-x");
	bw_arena_done(&arena);
	ck_assert_ptr_null(arena.newest);
	ck_assert_str_eq(bw_arena_strdup(&arena, "again"), "again");
	bw_arena_done(&arena);
	bw_arena_done(&arena);
}
END_TEST

START_TEST(a_list_grows_and_keeps_what_it_has)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct {
		size_t *v;
		size_t n;
	} list = {0};

	for (size_t i = 0; i < 1000; i++) {
		size_t *element = bw_push(&arena, &list);

		ck_assert_ptr_nonnull(element);
		ck_assert_uint_eq(*element, 0);
		*element = i;
	}
	ck_assert_uint_eq(list.n, 1000);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(list.v[i], i);
}
END_TEST

/* ---- str ---- */

START_TEST(a_builder_never_writes_past_its_end)
{
	char text[8] = "xxxxxxx";
	struct bw_buf buf = bw_buf_over(text, sizeof text - 1);

	bw_buf_add(&buf, "abc");
	bw_buf_addf(&buf, "%d", 42);
	ck_assert_str_eq(text, "abc42");
	ck_assert(!buf.overflow);
	bw_buf_addn(&buf, "zzz", 1);
	ck_assert_str_eq(text, "abc42z");
	bw_buf_add(&buf, "!");
	ck_assert(buf.overflow);
	bw_buf_add(&buf, "");
	bw_buf_addf(&buf, "x");
	ck_assert_str_eq(text, "abc42z");
	ck_assert_int_eq(text[7], '\0');
	buf = bw_buf_over(text, 4);
	bw_buf_addf(&buf, "%s", "long text");
	ck_assert(buf.overflow);
	ck_assert_str_eq(text, "");
}
END_TEST

static const struct number_row {
	const char *text;
	bool is_unsigned,
		is_signed; /* a number within 0..UINT64_MAX, within INT64_MIN..INT64_MAX */
	uint64_t u;
	int64_t i;
} number_rows[] = {
	{"0", true, true, 0, 0},
	{"007", true, true, 7, 7},
	{"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
	{"9223372036854775808", true, false, 9223372036854775808ULL, 0},
	{"18446744073709551615", true, false, UINT64_MAX, 0},
	{"18446744073709551616", false, false, 0, 0},
	{"99999999999999999999", false, false, 0, 0},
	{"-1", false, true, 0, -1},
	{"-9223372036854775808", false, true, 0, INT64_MIN},
	{"-9223372036854775809", false, false, 0, 0},
	{"-0", false, true, 0, 0},
	{"", false, false, 0, 0},
	{"-", false, false, 0, 0},
	{"--1", false, false, 0, 0},
	{"+1", false, false, 0, 0},
	{" 1", false, false, 0, 0},
	{"1 ", false, false, 0, 0},
	{"1x", false, false, 0, 0},
	{"0x1", false, false, 0, 0},
	{"1.0", false, false, 0, 0},
	{"1e3", false, false, 0, 0},
};

START_TEST(numbers_are_read_strictly)
{
	const struct number_row *row = &number_rows[_i];
	uint64_t u = 99;
	int64_t i = 99;

	ck_assert_int_eq(bw_parse_u64(row->text, UINT64_MAX, &u), row->is_unsigned ? 0 : -1);
	ck_assert_uint_eq(u, row->is_unsigned ? row->u : 99);
	ck_assert_int_eq(
		bw_parse_i64(row->text, INT64_MIN, INT64_MAX, &i), row->is_signed ? 0 : -1);
	ck_assert_int_eq(i, row->is_signed ? row->i : 99);
}
END_TEST

START_TEST(numbers_have_a_range)
{
	uint64_t u;
	int64_t i;

	ck_assert_int_eq(bw_parse_u64("10", 10, &u), 0);
	ck_assert_int_eq(bw_parse_u64("11", 10, &u), -1);
	ck_assert_int_eq(bw_parse_i64("-5", -5, 5, &i), 0);
	ck_assert_int_eq(bw_parse_i64("-6", -5, 5, &i), -1);
	ck_assert_int_eq(bw_parse_i64("6", -5, 5, &i), -1);
}
END_TEST

static const struct word_row {
	const char *text;
	size_t n;
	int64_t number; /* -1: none */
} word_rows[] = {
	{"12 345\n", 0, 12},
	{"12 345\n", 1, 345},
	{"12 345\n", 2, -1},
	{"12", 0, 12},
	{" S  1 -7\n", 1, 1},
	{" S  1 -7\n", 0, -1},
	{" S  1 -7\n", 2, -1},
	{" S  1 -7\n", 3, -1},
	{"1000 1001", 0, 1000},
	{"1000 1001", 1, -1},
	{"", 0, -1},
	{"\n", 0, -1},
	{"00000000000000000000000000001", 0, -1},
};

START_TEST(words_are_read_as_numbers)
{
	const struct word_row *row = &word_rows[_i];
	uint64_t number = 99;

	ck_assert_int_eq(bw_parse_word(row->text, row->n, 1000, &number), row->number < 0 ? -1 : 0);
	ck_assert_uint_eq(number, row->number < 0 ? 99 : (uint64_t)row->number);
}
END_TEST

static const struct size_row {
	const char *text;
	int64_t bytes; /* -1: none */
} size_rows[] = {
	{"0", 0},
	{"4096", 4096},
	{"50M", 50 << 20},
	{"50m", 50 << 20},
	{"50MB", 50 << 20},
	{"50MiB", 50 << 20},
	{"50 mb", 50 << 20},
	{"1.5g", 3LL << 29},
	{"0.5k", 512},
	{"0.0001k", 0},
	{"12b", 12},
	{"2T", 2LL << 40},
	{"3p", 3LL << 50},
	{"8191P", 8191LL << 50},
	{"8192P", -1},
	{"18446744073709551616", -1},
	{"9223372036854775808", -1},
	{"", -1},
	{"M", -1},
	{"-1", -1},
	{"+1", -1},
	{"1.", -1},
	{".5", -1},
	{"1 ", -1},
	{"1  M", -1},
	{"1x", -1},
	{"1Mx", -1},
	{"1bb", -1},
	{"1ib", -1},
};

START_TEST(sizes_are_read_as_people_write_them)
{
	const struct size_row *row = &size_rows[_i];
	int64_t bytes = 99;

	ck_assert_int_eq(bw_parse_size(row->text, &bytes), row->bytes < 0 ? -1 : 0);
	ck_assert_int_eq(bytes, row->bytes < 0 ? 99 : row->bytes);
}
END_TEST

static const struct duration_row {
	const char *text;
	int64_t ms; /* -1: none */
} duration_rows[] = {
	{"0", 0},
	{"0s", 0},
	{"5s", 5000},
	{"100ms", 100},
	{"1m30s", 90000},
	{"1.5h", 5400000},
	{"1h2m3s4ms", 3723004},
	{"1ns", 1},
	{"1001us", 2},
	{"2562047h", 9223369200000},
	{"2562048h", -1},
	{"99999999999999999999s", -1},
	{"", -1},
	{"5", -1},
	{"s", -1},
	{"-1s", -1},
	{"1.s", -1},
	{".5s", -1},
	{"5 s", -1},
	{"5x", -1},
	{"5s1", -1},
};

START_TEST(times_are_read_as_go_writes_them)
{
	const struct duration_row *row = &duration_rows[_i];
	int64_t ms = 99;

	ck_assert_int_eq(bw_parse_duration_ms(row->text, &ms), row->ms < 0 ? -1 : 0);
	ck_assert_int_eq(ms, row->ms < 0 ? 99 : row->ms);
}
END_TEST

static const struct glob_row {
	const char *pattern, *text;
	bool match;
} glob_rows[] = {
	{"", "", true},
	{"", "a", false},
	{"*", "", true},
	{"*", "a/b", true},
	{"a*", "a", true},
	{"a*c", "abbc", true},
	{"a*c", "abbd", false},
	{"*_TOKEN", "GH_TOKEN", true},
	{"*_TOKEN", "GH_TOKENS", false},
	{"*a*b*", "xxaxxbxx", true},
	{"*a*b*", "xxbxxaxx", false},
	{"a?c", "abc", false},
	{"[a]", "a", false},
	{"**x**", "x", true},
	{"*ab", "aab", true},
	{"*aab", "aaab", true},
};

START_TEST(a_star_matches_any_run)
{
	const struct glob_row *row = &glob_rows[_i];

	ck_assert(bw_glob_match(row->pattern, row->text) == row->match);
}
END_TEST

START_TEST(a_pattern_of_many_stars_is_not_slow)
{
	char text[4096];

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ck_assert(!bw_glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}
END_TEST

START_TEST(words_are_compared)
{
	ck_assert_str_eq(bw_after_prefix("abc", "ab"), "c");
	ck_assert_str_eq(bw_after_prefix("abc", ""), "abc");
	ck_assert_ptr_null(bw_after_prefix("ab", "abc"));
	ck_assert(bw_has_suffix("a.json", ".json"));
	ck_assert(!bw_has_suffix("json", ".json"));
	ck_assert(bw_streq0(NULL, NULL));
	ck_assert(!bw_streq0(NULL, ""));
	ck_assert(bw_streq0("a", "a"));
	ck_assert_uint_eq(bw_edit_distance("", ""), 0);
	ck_assert_uint_eq(bw_edit_distance("kill", "kil"), 1);
	ck_assert_uint_eq(bw_edit_distance("detele", "delete"), 2);
	ck_assert_uint_eq(bw_edit_distance("", "abc"), 3);
	ck_assert_uint_eq(bw_edit_distance("abc", "0123456789012345678901234567890"), 31);
	ck_assert_uint_eq(bw_edit_distance("abc", "01234567890123456789012345678901"), 99);
}
END_TEST

/* ---- fd ---- */

START_TEST(a_file_is_read_whole_up_to_a_limit)
{
	auto_free char *text = NULL, *more = NULL;
	struct bw_err err = {0};
	size_t len = 0;

	put_file("ten", "0123456789");
	ck_assert_int_eq(bw_read_file(in_tmp("ten"), 10, &text, &len, &err), 0);
	ck_assert_str_eq(text, "0123456789");
	ck_assert_uint_eq(len, 10);
	ck_assert_int_eq(bw_read_file(in_tmp("ten"), 9, &more, NULL, &err), -1);
	ck_assert_ptr_null(more);
	ck_assert_msg(bw_has_suffix(err.text, "/ten is larger than 9 bytes"), "%s", err.text);
	ck_assert_int_eq(bw_read_file(in_tmp("none"), 9, &more, NULL, &err), -1);
	ck_assert_int_eq(err.sys, ENOENT);
}
END_TEST

START_TEST(a_file_whose_size_is_not_known_is_read_whole_too)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};
	char *bytes = malloc(20000);
	int ends[2];
	size_t len;

	memset(bytes, 'x', 20000);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(bw_write_all(ends[1], bytes, 20000), 0);
	close(ends[1]);
	ck_assert_int_eq(bw_read_fd(ends[0], "pipe", 1 << 20, &text, &len, &err), 0);
	ck_assert_uint_eq(len, 20000);
	ck_assert_int_eq(memcmp(text, bytes, 20000), 0);
	close(ends[0]);
	free(bytes);
}
END_TEST

START_TEST(small_files_are_read_and_written_in_place)
{
	char text[8];

	put_file("f", "12345\n");
	ck_assert_int_eq((int)bw_read_at(tmp, "f", text, sizeof text), 5);
	ck_assert_str_eq(text, "12345");
	ck_assert_int_eq((int)bw_read_at(tmp, "f", text, 4), 3);
	ck_assert_str_eq(text, "123");
	ck_assert_int_eq((int)bw_read_at(tmp, "none", text, sizeof text), -ENOENT);
	ck_assert_int_eq(bw_write_at(tmp, "f", "ab"), 0);
	ck_assert_int_eq((int)bw_read_at(tmp, "f", text, sizeof text), 5);
	ck_assert_str_eq(text, "ab345");
	/* Never made: a cgroup file that is not there is an error. */
	ck_assert_int_eq(bw_write_at(tmp, "none", "ab"), -ENOENT);
	ck_assert_int_eq(faccessat(tmp, "none", F_OK, 0), -1);
}
END_TEST

START_TEST(a_file_is_replaced_at_once_and_no_link_is_followed)
{
	char text[16];
	struct bw_err err = {0};
	struct stat st;

	put_file("victim", "safe");
	ck_assert_int_eq(symlinkat("victim", tmp, "state.json"), 0);
	ck_assert_int_eq(bw_replace_at(tmp, "state.json", "new", 3, 0600, &err), 0);
	ck_assert_int_gt((int)bw_read_at(tmp, "state.json", text, sizeof text), 0);
	ck_assert_str_eq(text, "new");
	ck_assert_int_gt((int)bw_read_at(tmp, "victim", text, sizeof text), 0);
	ck_assert_str_eq(text, "safe");
	ck_assert_int_eq(fstatat(tmp, "state.json", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	/* A directory cannot be replaced, and nothing is left beside it. */
	ck_assert_int_eq(mkdirat(tmp, "d", 0700), 0);
	ck_assert_int_eq(bw_replace_at(tmp, "d", "new", 3, 0600, &err), -1);
	snprintf(text, sizeof text, ".d.%d", (int)getpid());
	ck_assert_int_eq(faccessat(tmp, text, F_OK, 0), -1);
}
END_TEST

/* Takes the descriptor and at most size bytes; how many bytes came. */
static ssize_t take_message(int sock, int *ret_fd, char *buf, size_t size)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {buf, size};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	ssize_t got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

	ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&msg));
	memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof *ret_fd);
	return got;
}

START_TEST(a_descriptor_goes_through_a_socket_with_a_long_name)
{
	char path[256], name[120], text[8] = "", payload[8] = "";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct bw_err err = {0};
	int listener, client, server, fd, received = -1;

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ck_assert_int_eq(mkdirat(tmp, name, 0700), 0);
	snprintf(path, sizeof path, "%s/%s/s", tmp_dir, name);
	ck_assert_uint_gt(strlen(path), sizeof address.sun_path);
	fd = openat(tmp, name, O_PATH | O_CLOEXEC);
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/s", fd);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	close(fd);
	client = bw_connect_unix(path, &err);
	ck_assert_msg(client >= 0, "%s", err.text);
	ck_assert_int_eq(fcntl(client, F_GETFD), FD_CLOEXEC);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	put_file("sent", "hello");
	fd = openat(tmp, "sent", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(bw_send_fd(client, fd, "name", 4, &err), 0);
	ck_assert_int_eq((int)take_message(server, &received, payload, sizeof payload), 4);
	ck_assert_str_eq(payload, "name");
	ck_assert_int_eq((int)read(received, text, sizeof text), 5);
	ck_assert_str_eq(text, "hello");
	close(received);
	close(server);
	/* The other side is gone: an error, no signal. */
	ck_assert_int_eq(bw_send_fd(client, fd, "name", 4, &err), -1);
	ck_assert_int_eq(err.sys, EPIPE);
	close(fd);
	close(client);
	close(listener);
	ck_assert_int_eq(bw_connect_unix(path, &err), -1);
	ck_assert_int_eq(err.sys, ECONNREFUSED);
}
END_TEST

/* ---- path ---- */

static const struct clean_row {
	const char *path, *clean;
	const char *dir;
	bool beneath;
} clean_rows[] = {
	{"/", "/", "/", true},
	{"", "/", "/a", false},
	{"a", "/a", "/a", true},
	{"//a///b/", "/a/b", "/a", true},
	{"/a/./b/.", "/a/b", "/a/b", true},
	{"/a/../b", "/b", "/a", false},
	{"/../../a", "/a", "/", true},
	{"/a/b/../../..", "/", "/a", false},
	{"/ab", "/ab", "/a", false},
	{"/a/..b/...", "/a/..b/...", "/a/..b", true},
	{"/a/b/..", "/a", "/a/b", false},
};

START_TEST(paths_are_cleaned_and_compared_by_component)
{
	const struct clean_row *row = &clean_rows[_i];
	char clean[32];

	ck_assert(bw_path_clean(row->path, clean, sizeof clean));
	ck_assert_str_eq(clean, row->clean);
	ck_assert(bw_path_beneath(clean, row->dir) == row->beneath);
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_not_cut)
{
	char small[5];

	ck_assert(bw_path_clean("/abc", small, sizeof small));
	ck_assert(!bw_path_clean("/abcd", small, sizeof small));
	ck_assert(!bw_path_clean("/", small, 1));
}
END_TEST

/* root/ is the container's tree, written by somebody hostile; outside/ is the host. */
static int make_hostile_tree(void)
{
	static const char *const links[][2] = {
		{"/etc/secret", "root/abs"},
		{"../../../../outside", "root/up"},
		{"../outside/secret", "root/updir"},
		{"loop", "root/loop"},
		{"/proc/self/root", "root/magic"},
		{"/nowhere/at/all", "root/dangling"},
		{"../../../../../made", "root/dangling-up"},
		{"a/b", "root/inside"},
		{"/a", "root/a/b/top"},
	};
	int root;

	ck_assert_int_eq(mkdirat(tmp, "outside", 0755), 0);
	put_file("outside/secret", "host");
	ck_assert_int_eq(mkdirat(tmp, "root", 0755), 0);
	ck_assert_int_eq(mkdirat(tmp, "root/etc", 0755), 0);
	ck_assert_int_eq(mkdirat(tmp, "root/a", 0755), 0);
	ck_assert_int_eq(mkdirat(tmp, "root/a/b", 0755), 0);
	put_file("root/etc/secret", "container");
	put_file("root/a/b/file", "file");
	for (size_t i = 0; i < BW_COUNT(links); i++)
		ck_assert_int_eq(symlinkat(links[i][0], tmp, links[i][1]), 0);
	root = openat(tmp, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
	return root;
}

/* Where a descriptor leads, below our directory; "?" when it is not there. */
static const char *place_of(int fd)
{
	static char place[PATH_MAX];
	char link[64];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, place, sizeof place - 1);
	if (len < 0)
		return "?";
	place[len] = '\0';
	return bw_after_prefix(place, tmp_dir) ? place + strlen(tmp_dir) : "?";
}

static const struct open_row {
	const char *path, *place; /* or NULL */
	int wrong;
} open_rows[] = {
	{"/", "/root", 0},
	{"", "/root", 0},
	{"..", "/root", 0},
	{"/../../..", "/root", 0},
	{"abs", "/root/etc/secret", 0},
	{"/a/b/file", "/root/a/b/file", 0},
	{"a/../etc", "/root/etc", 0},
	{"inside/file", "/root/a/b/file", 0},
	{"a/b/top/b", "/root/a/b", 0},
	{"up", NULL, -ENOENT},
	{"updir", NULL, -ENOENT},
	{"up/secret", NULL, -ENOENT},
	{"loop", NULL, -ELOOP},
	{"magic", NULL, -ENOENT},
	{"dangling", NULL, -ENOENT},
	{"a/b/file/x", NULL, -ENOTDIR},
};

START_TEST(a_hostile_tree_cannot_be_left)
{
	const struct open_row *row = &open_rows[_i];
	auto_close int root = make_hostile_tree();
	int fd = bw_open_in(root, row->path, O_PATH, 0);

	if (row->place) {
		ck_assert_int_ge(fd, 0);
		ck_assert_str_eq(place_of(fd), row->place);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	} else {
		ck_assert_int_eq(fd, row->wrong);
	}
}
END_TEST

START_TEST(magic_links_of_procfs_are_refused)
{
	auto_close int proc = open("/proc", O_PATH | O_CLOEXEC);

	ck_assert_int_eq(bw_open_in(proc, "self/root", O_PATH, 0), -ELOOP);
	ck_assert_int_eq(bw_open_in(proc, "self/fd/0", O_PATH, 0), -ELOOP);
	ck_assert_int_eq(bw_open_in(proc, "self/stat", O_RDONLY, RESOLVE_NO_SYMLINKS), -ELOOP);
}
END_TEST

static const struct make_row {
	const char *path, *place;
	int wrong;
} make_rows[] = {
	{"/new/deep/er", "/root/new/deep/er", 0},
	{"a/b", "/root/a/b", 0},
	{"new/../../../x", "/root/x", 0},
	{"dangling", "/root/nowhere/at/all", 0},
	{"dangling/below", "/root/nowhere/at/all/below", 0},
	{"dangling-up", "/root/made", 0},
	{"up", "/root/outside", 0},
	{"inside/new", "/root/a/b/new", 0},
	{"a/b/top/c", "/root/a/c", 0},
	{"loop/x", NULL, -ELOOP},
	{"abs/x", NULL, -ENOTDIR},
	{"a/b/file/x", NULL, -ENOTDIR},
};

START_TEST(directories_are_made_inside_only)
{
	const struct make_row *row = &make_rows[_i];
	auto_close int root = make_hostile_tree();
	int fd = bw_mkdir_in(root, row->path, 0755);
	struct stat st;

	if (row->place) {
		ck_assert_int_ge(fd, 0);
		ck_assert_str_eq(place_of(fd), row->place);
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert(S_ISDIR(st.st_mode));
		close(fd);
	} else {
		ck_assert_int_eq(fd, row->wrong);
	}
	ck_assert_int_eq(faccessat(tmp, "made", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(tmp, "x", F_OK, 0), -1);
}
END_TEST

START_TEST(files_are_made_inside_only)
{
	static const struct make_row rows[] = {
		{"/new/file", "/root/new/file", 0},
		{"dangling", "/root/nowhere/at/all", 0},
		{"a/b/file", "/root/a/b/file", 0},
		{"dangling-up", "/root/made", 0},
		{"updir", "/root/outside/secret", 0},
	};
	auto_close int root = make_hostile_tree();
	char text[8];

	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		auto_close int fd = bw_mkfile_in(root, rows[i].path, 0644);
		struct stat st;

		ck_assert_int_ge(fd, 0);
		ck_assert_str_eq(place_of(fd), rows[i].place);
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert(S_ISREG(st.st_mode));
	}
	ck_assert_int_eq(faccessat(tmp, "made", F_OK, 0), -1);
	ck_assert_int_gt((int)bw_read_at(tmp, "outside/secret", text, sizeof text), 0);
	ck_assert_str_eq(text, "host");
	ck_assert_int_gt((int)bw_read_at(tmp, "root/a/b/file", text, sizeof text), 0);
	ck_assert_str_eq(text, "file");
}
END_TEST

START_TEST(a_parent_and_the_last_name)
{
	auto_close int root = make_hostile_tree();
	auto_close int fd = -1;
	char name[16], longer[400];

	fd = bw_parent_in(root, "/a/b/file", name, sizeof name);
	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(place_of(fd), "/root/a/b");
	ck_assert_str_eq(name, "file");
	ck_assert_int_eq(bw_parent_in(root, "/", name, sizeof name), -EINVAL);
	ck_assert_int_eq(bw_parent_in(root, "", name, sizeof name), -EINVAL);
	ck_assert_int_eq(bw_parent_in(root, "/a/..", name, sizeof name), -EINVAL);
	ck_assert_int_eq(
		bw_parent_in(root, "/a-name-of-17-chars", name, sizeof name), -ENAMETOOLONG);
	memset(longer, 'l', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ck_assert_int_eq(bw_mkdir_in(root, longer, 0755), -ENAMETOOLONG);
}
END_TEST

/* Who makes a name must meet the name, not what a link of the image makes of it: a /dev/stdin that
 * is already there leads, by /proc/self/fd/0, to words that are no path. */
START_TEST(the_last_name_of_a_parent_is_not_walked)
{
	auto_close int root = make_hostile_tree();
	auto_close int parent = -1;
	char name[16];
	struct stat st;

	parent = bw_parent_in(root, "a/../dangling/", name, sizeof name);
	ck_assert_int_ge(parent, 0);
	ck_assert_str_eq(place_of(parent), "/root");
	ck_assert_str_eq(name, "dangling");
	ck_assert_int_eq(fstatat(root, "nowhere", &st, AT_SYMLINK_NOFOLLOW), -1);
	/* In any other place a link is walked. */
	close(take_fd(&parent));
	parent = bw_parent_in(root, "inside/new", name, sizeof name);
	ck_assert_str_eq(place_of(parent), "/root/a/b");
}
END_TEST

START_TEST(a_file_is_not_taken_for_a_directory)
{
	auto_close int root = make_hostile_tree();

	ck_assert_int_eq(bw_mkdir_in(root, "a/b/file", 0755), -ENOTDIR);
	ck_assert_int_eq(bw_mkdir_in(root, "abs", 0755), -ENOTDIR);
}
END_TEST

/* root/swap is a directory and a symlink to the host, in turns, as fast as it goes. */
static pid_t start_swapper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			(void)syscall(SYS_renameat2, tmp, "root/swap", tmp, "root/other", 2);
	}
	return pid;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* CVE-2021-30465, CVE-2024-45310: whatever is exchanged meanwhile, nothing is opened or made
 * outside. */
START_TEST(a_race_of_exchanged_links_is_lost_by_the_attacker)
{
	auto_close int root = make_hostile_tree();
	double end = seconds() + 1.5;
	unsigned tries = 0, made = 0;
	pid_t pid;

	ck_assert_int_eq(mkdirat(tmp, "root/swap", 0755), 0);
	ck_assert_int_eq(symlinkat("../../../../../../../../outside", tmp, "root/other"), 0);
	pid = start_swapper();
	ck_assert_int_gt(pid, 0);
	for (; seconds() < end; tries++) {
		char path[64];
		int fd;

		snprintf(path, sizeof path, "swap/d%u/x", tries % 8);
		fd = tries & 1 ? bw_mkdir_in(root, path, 0755) : bw_mkfile_in(root, path, 0644);
		if (fd < 0)
			continue;
		made++;
		ck_assert_ptr_nonnull(bw_after_prefix(place_of(fd), "/root/"));
		close(fd);
		unlinkat(root, path, tries & 1 ? AT_REMOVEDIR : 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_uint_gt(tries, 0);
	ck_assert_uint_gt(made, 0);
	for (unsigned i = 0; i < 8; i++) {
		char name[32];

		snprintf(name, sizeof name, "outside/d%u", i);
		ck_assert_int_eq(faccessat(tmp, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	}
}
END_TEST

/* root/deep/er is moved up to root/swap and back, so that the ".." of a link in it would climb over
 * the root. */
static pid_t start_mover(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			(void)syscall(
				SYS_renameat2, tmp, "root/deep/er/still", tmp, "root/swap", 2);
	}
	return pid;
}

START_TEST(a_directory_that_moves_up_takes_nobody_out)
{
	auto_close int root = make_hostile_tree();
	double end = seconds() + 0.4;
	unsigned made = 0;
	struct stat st;
	pid_t pid;

	ck_assert_int_eq(mkdirat(tmp, "root/deep", 0755), 0);
	ck_assert_int_eq(mkdirat(tmp, "root/deep/er", 0755), 0);
	ck_assert_int_eq(mkdirat(tmp, "root/deep/er/still", 0755), 0);
	ck_assert_int_eq(mkdirat(tmp, "root/swap", 0755), 0);
	ck_assert_int_eq(symlinkat("../../../planted", tmp, "root/deep/er/still/link"), 0);
	pid = start_mover();
	ck_assert_int_gt(pid, 0);
	while (seconds() < end) {
		int fd = bw_mkdir_in(root, "deep/er/still/link/x", 0755);

		if (fd < 0)
			continue;
		made++;
		ck_assert_ptr_nonnull(bw_after_prefix(place_of(fd), "/root/"));
		close(fd);
		unlinkat(root, "planted/x", AT_REMOVEDIR);
		unlinkat(root, "planted", AT_REMOVEDIR);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_uint_gt(made, 0);
	ck_assert_int_eq(fstatat(tmp, "planted", &st, AT_SYMLINK_NOFOLLOW), -1);
}
END_TEST

/* ---- proc ---- */

START_TEST(a_process_is_known_by_its_start_time)
{
	struct bw_proc_stat own, stat;
	pid_t pid = fork();
	int fd, status;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_eq(bw_proc_stat(getpid(), &own), 0);
	ck_assert_int_eq(own.ppid, getppid());
	ck_assert_int_eq(own.state, 'R');
	ck_assert_int_eq(bw_proc_stat(pid, &stat), 0);
	ck_assert_int_eq(stat.ppid, getpid());
	ck_assert_uint_ge(stat.start_time, own.start_time);
	ck_assert(bw_proc_alive(pid, stat.start_time));
	ck_assert(!bw_proc_alive(pid, stat.start_time + 1));
	ck_assert_int_eq(bw_pidfd_of(pid, stat.start_time + 1), -ESRCH);
	fd = bw_pidfd_of(pid, stat.start_time);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(bw_pidfd_send_signal(fd, SIGKILL), 0);
	/* A zombie is not alive, though its pid is not free. */
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	ck_assert(!bw_proc_alive(pid, stat.start_time));
	ck_assert_int_eq(bw_wait(pid, &status), 0);
	ck_assert_int_eq(bw_exit_code(status), 128 + SIGKILL);
	ck_assert_int_eq(bw_proc_stat(pid, &stat), -ESRCH);
	ck_assert_int_eq(bw_pidfd_of(pid, stat.start_time), -ESRCH);
	ck_assert_int_eq(bw_wait(pid, &status), -ECHILD);
	close(fd);
}
END_TEST

START_TEST(pids_that_are_none_are_not_alive)
{
	ck_assert(!bw_proc_alive(0, 0));
	ck_assert(!bw_proc_alive(-1, 0));
	ck_assert_int_eq(bw_pidfd_of(0, 0), -ESRCH);
	ck_assert_int_eq(bw_pidfd_of(-1, 0), -ESRCH);
}
END_TEST

/* "x) R 1 2 (" as a name must not be taken for fields. */
START_TEST(a_hostile_process_name_does_not_disturb)
{
	struct bw_proc_stat stat;
	int ready[2], status;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)bw_write_at(AT_FDCWD, "/proc/self/comm", "x) Z 1 2 (");
		(void)bw_write_all(ready[1], "r", 1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq((int)read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(bw_proc_stat(pid, &stat), 0);
	ck_assert_int_eq(stat.ppid, getpid());
	ck_assert_int_ne(stat.state, 'Z');
	kill(pid, SIGKILL);
	ck_assert_int_eq(bw_wait(pid, &status), 0);
	close(ready[0]);
	close(ready[1]);
}
END_TEST

static const struct signal_row {
	const char *text;
	int number;
} signal_rows[] = {
	{"KILL", SIGKILL},
	{"SIGKILL", SIGKILL},
	{"kill", SIGKILL},
	{"9", 9},
	{"TERM", SIGTERM},
	{"SIGUSR1", SIGUSR1},
	{"64", 64},
	{"65", -1},
	{"-1", -1},
	{"", -1},
	{"SIG", -1},
	{"SIGSIGKILL", -1},
	{"KILLX", -1},
	{"9x", -1},
};

START_TEST(signals_have_names_and_numbers)
{
	ck_assert_int_eq(bw_signal_number(signal_rows[_i].text), signal_rows[_i].number);
}
END_TEST

START_TEST(realtime_signals_are_counted_from_both_ends)
{
	ck_assert_int_eq(bw_signal_number("RTMIN"), SIGRTMIN);
	ck_assert_int_eq(bw_signal_number("SIGRTMIN+3"), SIGRTMIN + 3);
	ck_assert_int_eq(bw_signal_number("RTMAX-1"), SIGRTMAX - 1);
	ck_assert_int_eq(bw_signal_number("RTMAX"), SIGRTMAX);
	ck_assert_int_eq(bw_signal_number("RTMIN+99"), -1);
	ck_assert_int_eq(bw_signal_number("RTMIN-1"), -1);
}
END_TEST

/* ---- log ---- */

START_TEST(a_line_of_the_log_is_one_json_object)
{
	struct bw_err err = {0};
	char text[2048], expected[256];
	const char *time_at;

	ck_assert_int_eq(bw_log_open(in_tmp("log"), true, BW_LOG_INFO, &err), 0);
	bw_log(BW_LOG_WARNING, "a \"quoted\"\nline with \\ and \x01");
	bw_debug("not this one");
	ck_assert_int_eq(bw_log_open(NULL, false, BW_LOG_INFO, &err), 0);
	ck_assert_int_gt((int)bw_read_at(tmp, "log", text, sizeof text), 0);
	snprintf(expected, sizeof expected,
		"{\"level\":\"warning\",\"msg\":\"a \\\"quoted\\\"\\nline with \\\\ and \\u0001\","
		"\"time\":\"");
	time_at = bw_after_prefix(text, expected);
	ck_assert_msg(time_at != NULL, "%s", text);
	ck_assert_str_eq(time_at + strlen("2026-01-02T03:04:05Z"), "\"}");
}
END_TEST

START_TEST(an_overlong_message_is_still_one_line)
{
	struct bw_err err = {0};
	char longer[3000], text[4096];

	memset(longer, 'm', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ck_assert_int_eq(bw_log_open(in_tmp("log"), true, BW_LOG_INFO, &err), 0);
	bw_log(BW_LOG_INFO, "%s", longer);
	ck_assert_int_eq(bw_log_open(NULL, false, BW_LOG_INFO, &err), 0);
	ck_assert_int_gt((int)bw_read_at(tmp, "log", text, sizeof text), 0);
	ck_assert_ptr_null(strchr(text, '\n'));
	ck_assert(bw_has_suffix(text, "\"}"));
}
END_TEST

/* ---- suite ---- */

static TCase *add_case(Suite *suite, const char *name, bool with_tmp)
{
	TCase *tcase = tcase_create(name);

	if (with_tmp)
		tcase_add_checked_fixture(tcase, make_tmp, drop_tmp);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_err_and_arena(Suite *suite)
{
	TCase *err = add_case(suite, "err", false), *arena = add_case(suite, "arena", false);

	tcase_add_test(err, a_failure_says_what_and_the_kernels_words);
	tcase_add_test(err, the_first_place_that_is_said_stays);
	tcase_add_test(err, nobody_has_to_listen);
	tcase_add_test(err, long_texts_are_cut_and_stay_texts);
	tcase_add_test(err, errnos_and_codes_have_names);
	tcase_add_test(arena, an_arena_gives_zeroed_aligned_memory);
	tcase_add_test(arena, an_arena_copies_and_prints);
	tcase_add_test(arena, a_list_grows_and_keeps_what_it_has);
}

static void add_str(Suite *suite)
{
	TCase *str = add_case(suite, "str", false);

	tcase_add_test(str, a_builder_never_writes_past_its_end);
	tcase_add_loop_test(str, numbers_are_read_strictly, 0, BW_COUNT(number_rows));
	tcase_add_loop_test(str, words_are_read_as_numbers, 0, BW_COUNT(word_rows));
	tcase_add_loop_test(str, times_are_read_as_go_writes_them, 0, (int)BW_COUNT(duration_rows));
	tcase_add_loop_test(str, sizes_are_read_as_people_write_them, 0, (int)BW_COUNT(size_rows));
	tcase_add_test(str, numbers_have_a_range);
	tcase_add_loop_test(str, a_star_matches_any_run, 0, BW_COUNT(glob_rows));
	tcase_add_test(str, a_pattern_of_many_stars_is_not_slow);
	tcase_add_test(str, words_are_compared);
}

static void add_fd_and_log(Suite *suite)
{
	TCase *fd = add_case(suite, "fd", true), *log = add_case(suite, "log", true);

	tcase_add_test(fd, a_file_is_read_whole_up_to_a_limit);
	tcase_add_test(fd, a_file_whose_size_is_not_known_is_read_whole_too);
	tcase_add_test(fd, small_files_are_read_and_written_in_place);
	tcase_add_test(fd, a_file_is_replaced_at_once_and_no_link_is_followed);
	tcase_add_test(fd, a_descriptor_goes_through_a_socket_with_a_long_name);
	tcase_add_test(log, a_line_of_the_log_is_one_json_object);
	tcase_add_test(log, an_overlong_message_is_still_one_line);
}

static void add_path(Suite *suite)
{
	TCase *path = add_case(suite, "path", true);

	tcase_add_loop_test(
		path, paths_are_cleaned_and_compared_by_component, 0, BW_COUNT(clean_rows));
	tcase_add_test(path, a_path_that_does_not_fit_is_not_cut);
	tcase_add_loop_test(path, a_hostile_tree_cannot_be_left, 0, BW_COUNT(open_rows));
	tcase_add_test(path, magic_links_of_procfs_are_refused);
	tcase_add_loop_test(path, directories_are_made_inside_only, 0, BW_COUNT(make_rows));
	tcase_add_test(path, files_are_made_inside_only);
	tcase_add_test(path, a_parent_and_the_last_name);
	tcase_add_test(path, the_last_name_of_a_parent_is_not_walked);
	tcase_add_test(path, a_file_is_not_taken_for_a_directory);
	tcase_add_test(path, a_directory_that_moves_up_takes_nobody_out);
	tcase_add_test(path, a_race_of_exchanged_links_is_lost_by_the_attacker);
}

static void add_proc(Suite *suite)
{
	TCase *proc = add_case(suite, "proc", false);

	tcase_add_test(proc, a_process_is_known_by_its_start_time);
	tcase_add_test(proc, pids_that_are_none_are_not_alive);
	tcase_add_test(proc, a_hostile_process_name_does_not_disturb);
	tcase_add_loop_test(proc, signals_have_names_and_numbers, 0, BW_COUNT(signal_rows));
	tcase_add_test(proc, realtime_signals_are_counted_from_both_ends);
}

int main(void)
{
	Suite *suite = suite_create("base");
	SRunner *runner = srunner_create(suite);
	int failed;

	add_err_and_arena(suite);
	add_str(suite);
	add_fd_and_log(suite);
	add_path(suite);
	add_proc(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
