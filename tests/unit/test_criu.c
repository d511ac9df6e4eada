/* SPDX-License-Identifier: Apache-2.0 */
/* test_criu.c - what is said to criu and heard of it, byte by byte. No criu is needed; tests/root/checkpoint.sh talks to
 * one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "criu/message.h"
#include "criu/talk.h"
#include "wire_dump.h"

static struct bw_arena arena;

static void teardown(void)
{
	bw_arena_done(&arena);
}

static const char *written(const struct bw_criu_request *request)
{
	static char text[4096];
	auto_wire struct bw_wire wire = {0};

	text[0] = '\0';
	bw_criu_request_write(request, &wire);
	ck_assert(!wire.no_memory);
	wire_dump((struct bw_wire_reader){wire.bytes, wire.bytes + wire.len}, "[2] [2.11] [2.23] [2.25] [2.27] [2.39] [5]", "", text,
		sizeof text);
	return text;
}

START_TEST(what_is_not_set_is_not_sent)
{
	struct bw_criu_options options = BW_CRIU_OPTIONS_INIT;
	const struct bw_criu_request request = {.type = BW_CRIU_DUMP, .options = &options};

	ck_assert_str_eq(written(&request), "1=1 2={}");
	ck_assert_str_eq(written(&(struct bw_criu_request){.type = BW_CRIU_VERSION}), "1=10");
}
END_TEST

START_TEST(every_option_has_the_number_that_criu_knows_it_by)
{
	static const char *externals[] = {"net[1]:a", "pid[2]:b"};
	struct bw_criu_options options = {
		.images_dir_fd = 5, .work_dir_fd = 6, .status_fd = 7, .pid = 8, .leave_running = true, .ext_unix_sk = true,
		.tcp_established = true, .tcp_skip_in_flight = true, .evasive_devices = true, .shell_job = true,
		.file_locks = true, .track_mem = true, .auto_dedup = true, .link_remap = true, .rst_sibling = true,
		.lazy_pages = true, .orphan_pts_master = true, .notify_scripts = true, .manage_cgroups = true,
		.log_level = 4, .empty_ns = 0x40000000, .cgroups_mode = BW_CRIU_CGROUPS_IGNORE, .log_file = "l",
		.root = "/r", .parent_img = "../p", .freeze_cgroup = "/f", .config_file = "/c", .lsm_profile = "apparmor:x",
		.lsm_mount_context = "m", .server_address = "127.0.0.1", .server_port = 300,
		.external = {.v = externals, .n = 2},
	};
	const struct bw_criu_request request = {.type = BW_CRIU_RESTORE, .options = &options};

	ck_assert_int_eq(bw_criu_pair_add(&arena, &options.ext_mnt, "/m", "/host/m"), 0);
	ck_assert_int_eq(bw_criu_pair_add(&arena, &options.cg_root, "pids", "/c1"), 0);
	ck_assert_int_eq(bw_criu_pair_add(&arena, &options.cg_root, NULL, "/c2"), 0);
	ck_assert_int_eq(bw_criu_pair_add(&arena, &options.join_ns, "ipc", "/n"), 0);
	ck_assert_int_eq(bw_criu_inherit(&arena, &options, "pipe:[9]", 0), 0);
	ck_assert_str_eq(written(&request),
		"1=2 2={1=5 2=8 3=1 4=1 5=1 6=1 7=1 8=1 9=4 10='l' 12=1 13='/r' 14='../p' 15=1 16=1 17=6 18=1 "
		"23={1='/m' 2='/host/m'} 24=1 25={1='pids' 2='/c1'} 25={2='/c2'} 26=1 27={1='pipe:[9]' 2=0} 34=0 "
		"37='net[1]:a' 37='pid[2]:b' 38=1073741824 39={1='ipc' 2='/n'} 44='/f' 46=1 48=1 49=7 50=1 51='/c' "
		"53='apparmor:x' 63='m' 11={1='127.0.0.1' 2=300}}");
}
END_TEST

START_TEST(features_and_answers_to_notifications_are_requests)
{
	ck_assert_str_eq(written(&(struct bw_criu_request){.type = BW_CRIU_NOTIFY, .notify_success = true}), "1=6 3=1");
	ck_assert_str_eq(written(&(struct bw_criu_request){.type = BW_CRIU_FEATURE_CHECK, .mem_track = true}), "1=9 5={1=1}");
	ck_assert_str_eq(written(&(struct bw_criu_request){.type = BW_CRIU_FEATURE_CHECK, .lazy_pages = true}), "1=9 5={2=1}");
}
END_TEST

START_TEST(a_long_text_has_a_long_length)
{
	struct bw_criu_options options = BW_CRIU_OPTIONS_INIT;
	const struct bw_criu_request request = {.type = BW_CRIU_DUMP, .options = &options};
	auto_wire struct bw_wire wire = {0};
	char text[1001];

	memset(text, 'x', 1000);
	text[1000] = '\0';
	options.root = text;
	bw_criu_request_write(&request, &wire);
	/* type, message of 1003 bytes, field 13 of 1000 */
	ck_assert_uint_eq(wire.len, 2 + 3 + 1003);
	ck_assert_mem_eq(wire.bytes, "\x08\x01\x12\xeb\x07\x6a\xe8\x07xx", 10);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	struct bw_criu_response heard;
} answers[] = {
#define BYTES(text) text, sizeof text - 1
	{BYTES("\x08\x01\x10\x01"), {.type = BW_CRIU_DUMP, .success = true}},
	{BYTES("\x08\x01\x10\x00\x38\x10\x4a\x03" "bad"), {.type = BW_CRIU_DUMP, .sys = 16}},
	{BYTES("\x08\x02\x10\x01\x22\x03\x08\xac\x02"), {.type = BW_CRIU_RESTORE, .success = true, .pid = 300}},
	{BYTES("\x08\x06\x10\x01\x2a\x0d\x0a\x09" "post-dump\x10\x07"),
		{.type = BW_CRIU_NOTIFY, .success = true, .script = "post-dump", .pid = 7}},
	{BYTES("\x08\x09\x10\x01\x42\x04\x08\x01\x10\x00"), {.type = BW_CRIU_FEATURE_CHECK, .success = true, .mem_track = true}},
	{BYTES("\x08\x09\x10\x01\x42\x02\x10\x01"), {.type = BW_CRIU_FEATURE_CHECK, .success = true, .lazy_pages = true}},
	{BYTES("\x08\x0a\x10\x01\x52\x06\x08\x03\x10\x11\x20\x01"), {.type = BW_CRIU_VERSION, .success = true, .version = 31701}},
	/* built from a commit: on its way to 3.18 */
	{BYTES("\x08\x0a\x10\x01\x52\x08\x08\x03\x10\x11\x1a\x02" "ab"), {.type = BW_CRIU_VERSION, .success = true, .version = 31800}},
	/* fields that nobody knows yet, of each kind */
	{BYTES("\x08\x01\x10\x01\xa0\x06\x05\xaa\x06\x01x\xad\x06" "abcd\xa9\x06" "abcdefgh"),
		{.type = BW_CRIU_DUMP, .success = true}},
};

START_TEST(answers_are_read)
{
	struct bw_criu_response heard = {0};
	const struct bw_criu_response *due = &answers[_i].heard;

	ck_assert_int_eq(bw_criu_response_read(answers[_i].bytes, answers[_i].len, &heard), 0);
	ck_assert_uint_eq(heard.type, due->type);
	ck_assert_int_eq(heard.success, due->success);
	ck_assert_int_eq(heard.pid, due->pid);
	ck_assert_str_eq(heard.script, due->script);
	ck_assert_int_eq(heard.sys, due->sys);
	ck_assert_int_eq(heard.mem_track, due->mem_track);
	ck_assert_int_eq(heard.lazy_pages, due->lazy_pages);
	ck_assert_uint_eq(heard.version, due->version);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
} nonsense[] = {
	{BYTES("")},				  /* no type */
	{BYTES("\x10\x01")},			  /* nor here */
	{BYTES("\x08")},			  /* a field without a value */
	{BYTES("\x08\x80")},			  /* half a number */
	{BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")}, /* more than 64 bits */
	{BYTES("\x08\x01\x2a\x05" "ab")},	  /* longer than all there is */
	{BYTES("\x08\x01\x2a\x03\x0a\x05" "a")}, /* the same, inside */
	{BYTES("\x08\x01\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
	{BYTES("\x08\x01\x28\x01")},		  /* a number for a message */
	{BYTES("\x08\x01\x0b\x0c")},		  /* a group */
	{BYTES("\x08\x01\x00\x01")},		  /* field 0 */
	{BYTES("\x08\x01\xad\x06" "abc")},	  /* a short fixed number */
};

START_TEST(nonsense_is_no_answer)
{
	/* Its own memory, so that a sanitizer sees each byte that is read beyond. */
	auto_free char *bytes = malloc(nonsense[_i].len + 1);
	struct bw_criu_response heard;

	memcpy(bytes, nonsense[_i].bytes, nonsense[_i].len);
	ck_assert_int_eq(bw_criu_response_read(bytes, nonsense[_i].len, &heard), -1);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_cut)
{
	auto_wire struct bw_wire notify = {0}, wire = {0};
	struct bw_criu_response heard;
	char text[200];

	memset(text, 'y', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	bw_wire_text(&notify, 1, text);
	bw_wire_number(&wire, 1, BW_CRIU_NOTIFY);
	bw_wire_message(&wire, 5, &notify);
	ck_assert_int_eq(bw_criu_response_read(wire.bytes, wire.len, &heard), 0);
	ck_assert_uint_eq(strlen(heard.script), sizeof heard.script - 1);
}
END_TEST

/* A program that is no criu: the shell. */
static int converse(const char *path, struct bw_err *err)
{
	static const char *const env[] = {NULL};
	const struct bw_criu_program program = {.path = path, .env = env, .stdio = {-1, -1, -1}};
	struct bw_criu criu = BW_CRIU_INIT;
	struct bw_criu_response heard;
	int r = bw_criu_begin(&criu, &program, err);

	if (r == 0)
		r = bw_criu_ask(&criu, &(struct bw_criu_request){.type = BW_CRIU_VERSION}, NULL, NULL, &heard, err);
	bw_criu_abort(&criu);
	return r;
}

START_TEST(a_program_that_says_nothing_is_an_error)
{
	struct bw_err err = {0};

	ck_assert_int_eq(converse("/bin/true", &err), -1);
	ck_assert_int_eq(err.code, BW_E_HOST);
	ck_assert_msg(strstr(err.text, "criu") != NULL, "%s", err.text);
	err = (struct bw_err){0};
	ck_assert_int_eq(converse("/nonexistent/criu", &err), -1);
	ck_assert_str_eq(err.text, "running /nonexistent/criu: no such file or directory");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("criu");
	TCase *tc = tcase_create("messages");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, what_is_not_set_is_not_sent);
	tcase_add_test(tc, every_option_has_the_number_that_criu_knows_it_by);
	tcase_add_test(tc, features_and_answers_to_notifications_are_requests);
	tcase_add_test(tc, a_long_text_has_a_long_length);
	tcase_add_loop_test(tc, answers_are_read, 0, (int)BW_COUNT(answers));
	tcase_add_loop_test(tc, nonsense_is_no_answer, 0, (int)BW_COUNT(nonsense));
	tcase_add_test(tc, a_text_that_is_too_long_is_cut);
	tcase_add_test(tc, a_program_that_says_nothing_is_an_error);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
