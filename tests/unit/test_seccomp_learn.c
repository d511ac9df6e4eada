/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp_learn.c - what was seen as a set: its section, what that answers when it is compiled, the way back, two
 * sets in one; and the filter that asks. Loads nothing. */
#include <check.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "bpf_sim.h"
#include "control/control.h"
#include "control/seccomp_filter.h"
#include "control/seccomp_learn.h"
#include "control/seccomp_names.h"
#include "control/seccomp_recorder.h"

#define REFUSED (SECCOMP_RET_ERRNO | ENOSYS)
#define DIRT	0xabcd000000000000ULL /* what a caller may leave in the upper half of an int's register */

static struct bw_arena arena;
static struct bw_learned set;
static struct bw_err err;

static void setup(void)
{
	memset(&err, 0, sizeof err);
	bw_learned_init(&set);
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

static void see(int number, uint64_t a, uint64_t b, uint64_t c)
{
	bw_learned_add(&set, number, (const uint64_t[6]){a, b, c});
}

static uint32_t run(const struct sock_filter *code, size_t n, uint32_t arch, int number, uint64_t a, uint64_t b, uint64_t c)
{
	struct seccomp_data data = {.nr = number, .arch = arch, .args = {a, b, c}};
	uint32_t ret = 0;

	ck_assert(bpf_run(code, n, &data, &ret));
	return ret;
}

/* What the learned profile answers in the kernel. */
static uint32_t answer(int number, uint64_t a, uint64_t b, uint64_t c)
{
	auto_program struct bw_seccomp_program program = {0};
	const struct bw_spec_seccomp *section;

	bw_learned_add_name(&set, "execve");
	section = bw_learned_section(&set, &arena);
	ck_assert_ptr_nonnull(section);
	ck_assert_msg(bw_seccomp_filter_check(section, &err) == 0 && bw_seccomp_filter_compile(section, &program, &err) == 0,
		"%s", err.text);
	return run(program.v, program.n, seccomp_arch_native(), number, a, b, c);
}

static char *text_of(const struct bw_learned *of)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	char *text = NULL;

	bw_schema_write(&bw_spec_seccomp_schema, bw_learned_section(of, &arena), w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	return text;
}

START_TEST(a_call_is_allowed_once_it_was_seen)
{
	ck_assert_uint_eq(answer(SYS_getpid, 0, 0, 0), REFUSED);
	see(SYS_getpid, 1, 2, 3);
	ck_assert_uint_eq(answer(SYS_getpid, 7, 8, 9), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(SYS_getppid, 0, 0, 0), REFUSED);
}
END_TEST

/* Each call with a table row: what was seen, and what differs by one value. */
static const struct {
	const char *name;
	uint64_t seen[3], other[3];
} by_arguments[] = {
	{"socket", {2, 1, 6}, {2, 1, 17}},
	{"socket", {2, 1, 6}, {2, 2, 6}},
	{"socket", {2, 1, 6}, {16, 1, 6}},
	{"socketpair", {1, 1, 0}, {38, 1, 0}},
	{"ioctl", {5, 0x5401, 1}, {5, 0x5412, 1}},
	{"prctl", {15, 0, 0}, {23, 0, 0}},
	{"clone", {0x3d0f00, 0, 0}, {0x10000011, 0, 0}},
	{"personality", {UINT32_MAX, 0, 0}, {0x40000, 0, 0}},
	{"futex", {0, 128, 0}, {0, 6, 0}},
	{"setsockopt", {3, 1, 2}, {3, 6, 2}},
	{"setsockopt", {3, 1, 2}, {3, 1, 31}},
	{"memfd_create", {0, 1, 0}, {0, 16, 0}},
	{"mknodat", {0, 0, S_IFIFO | 0600}, {0, 0, S_IFCHR | 0600}},
	{"unshare", {0x200, 0, 0}, {0x10000000, 0, 0}},
	{"setns", {3, 0x20000, 0}, {3, 0, 0}},
	{"keyctl", {0, 0, 0}, {1, 0, 0}},
#if defined(__x86_64__)
	{"arch_prctl", {0x1002, 0, 0}, {0x1001, 0, 0}},
	{"mknod", {0, S_IFREG, 0}, {0, S_IFBLK, 0}},
#endif
};

START_TEST(arguments_that_decide_what_a_call_is_are_learned_with_it)
{
	const uint64_t *seen = by_arguments[_i].seen, *other = by_arguments[_i].other;
	struct bw_seccomp_number call;

	ck_assert(bw_seccomp_lookup(by_arguments[_i].name, seccomp_arch_native(), &call));
	see(call.number, seen[0], seen[1], seen[2]);
	ck_assert_uint_eq(answer(call.number, seen[0], seen[1], seen[2]), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(call.number, seen[0] | DIRT, seen[1] | DIRT, seen[2] | DIRT), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(call.number, other[0], other[1], other[2]), REFUSED);
}
END_TEST

START_TEST(other_arguments_do_not_count)
{
	struct bw_seccomp_number mknodat;

	ck_assert(bw_seccomp_lookup("mknodat", seccomp_arch_native(), &mknodat));
	see(SYS_ioctl, 5, 0x5401, 1);
	see(mknodat.number, 0, 0, S_IFIFO | 0600);
	ck_assert_uint_eq(answer(SYS_ioctl, 6, 0x5401, 2), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(mknodat.number, 1, 2, S_IFIFO | 0644), SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(after_sixteen_different_arguments_the_name_alone_is_kept)
{
	for (uint64_t i = 0; i < BW_LEARNED_VALUES; i++) {
		see(SYS_ioctl, 0, 0x1000 + i, 0);
		see(SYS_ioctl, 0, 0x1000 + i, 0);
	}
	ck_assert_uint_eq(bw_learned_size(&set, NULL).values, BW_LEARNED_VALUES);
	ck_assert_uint_eq(answer(SYS_ioctl, 0, 0x1000 + BW_LEARNED_VALUES - 1, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(SYS_ioctl, 0, 0x2000, 0), REFUSED);
	see(SYS_ioctl, 0, 0x1fff, 0);
	ck_assert_uint_eq(answer(SYS_ioctl, 0, 0x2000, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(bw_learned_size(&set, NULL).values, 0);
}
END_TEST

START_TEST(a_number_without_a_name_is_counted_and_not_written)
{
	see(BW_LEARNED_CALLS, 0, 0, 0);
	see(100000, 0, 0, 0);
	see(-1, 0, 0, 0);
	ck_assert_uint_eq(set.nameless, 3);
	ck_assert_uint_eq(bw_learned_size(&set, NULL).calls, 0);
}
END_TEST

START_TEST(calls_younger_than_libseccomp_have_their_names)
{
	auto_free char *text = NULL;

	see(462, 0, 0, 0);
	see(470, 0, 0, 0);
	text = text_of(&set);
	ck_assert_ptr_nonnull(strstr(text, "\"names\":[\"listns\",\"mseal\"]"));
}
END_TEST

START_TEST(the_text_does_not_depend_on_the_order)
{
	auto_free char *one = NULL, *two = NULL;

	see(SYS_socket, 16, 3, 0);
	see(SYS_getpid, 0, 0, 0);
	see(SYS_socket, 2, 1, 6);
	see(SYS_close, 0, 0, 0);
	one = text_of(&set);
	bw_learned_init(&set);
	see(SYS_close, 0, 0, 0);
	see(SYS_socket, 2, 1, 6);
	see(SYS_socket, 16, 3, 0);
	see(SYS_getpid, 0, 0, 0);
	two = text_of(&set);
	ck_assert_str_eq(one, two);
	ck_assert_ptr_nonnull(strstr(one, "\"names\":[\"close\",\"getpid\"]"));
}
END_TEST

START_TEST(a_section_is_read_back_as_it_was_written)
{
	auto_free char *one = NULL, *two = NULL;
	struct bw_learned back;

	see(SYS_socket, 16, 3, 0);
	see(SYS_socket, 2, 1, 6);
	see(SYS_getpid, 0, 0, 0);
	see(SYS_prctl, 15, 0, 0);
	bw_learned_add_name(&set, "ioctl");
	ck_assert_msg(bw_learned_from_section(bw_learned_section(&set, &arena), &back, &err) == 0, "%s", err.text);
	one = text_of(&set);
	two = text_of(&back);
	ck_assert_str_eq(one, two);
}
END_TEST

START_TEST(two_sets_make_one_and_what_is_new_is_counted)
{
	struct bw_learned first;
	struct bw_learned_size more;

	see(SYS_getpid, 0, 0, 0);
	see(SYS_socket, 2, 1, 6);
	see(SYS_prctl, 15, 0, 0);
	first = set;
	bw_learned_init(&set);
	see(SYS_getppid, 0, 0, 0);
	see(SYS_socket, 2, 1, 6);
	see(SYS_socket, 1, 1, 0);
	bw_learned_add_name(&set, "prctl");
	bw_learned_merge(&set, &first);
	more = bw_learned_size(&set, &first);
	ck_assert_uint_eq(more.calls, 1);
	ck_assert_uint_eq(more.values, 1);
	ck_assert_uint_eq(answer(SYS_getpid, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(SYS_getppid, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(SYS_socket, 2, 1, 6), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(SYS_socket, 1, 1, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(answer(SYS_socket, 16, 3, 0), REFUSED);
	ck_assert_uint_eq(answer(SYS_prctl, 99, 0, 0), SECCOMP_RET_ALLOW);
}
END_TEST

#if defined(__x86_64__)
#define ARCH "SCMP_ARCH_X86_64"
#else
#define ARCH "SCMP_ARCH_AARCH64"
#endif
#define HEAD "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"architectures\":[\"" ARCH "\"]"

static const struct {
	const char *text, *field;
} foreign[] = {
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "/defaultAction"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", "/defaultErrnoRet"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1}", "/defaultErrnoRet"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}", "/architectures"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"architectures\":[\"" ARCH "\",\"SCMP_ARCH_X86\"]}",
		"/architectures"},
	{"{" HEAD ",\"flags\":[]}", "/flags"},
	{"{" HEAD ",\"listenerPath\":\"/a\"}", "/listenerPath"},
	{"{" HEAD ",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\"}]}", "/syscalls/0/action"},
	{"{" HEAD ",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1}]}", "/syscalls/0/action"},
	{"{" HEAD ",\"syscalls\":[{\"names\":[\"raed\"],\"action\":\"SCMP_ACT_ALLOW\"}]}", "/syscalls/0/names"},
	{"{" HEAD ",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
	 "\"args\":[{\"index\":0,\"value\":4294967295,\"valueTwo\":1,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		"/syscalls/0/args"},
	{"{" HEAD ",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","
	 "\"args\":[{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"/syscalls/0/args"},
	{"{" HEAD ",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","
	 "\"args\":[{\"index\":1,\"value\":255,\"valueTwo\":1,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		"/syscalls/0/args"},
	{"{" HEAD ",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","
	 "\"args\":[{\"index\":1,\"value\":4294967295,\"valueTwo\":4294967296,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		"/syscalls/0/args"},
};

START_TEST(a_section_of_somebody_elses_is_not_taken_for_one)
{
	struct bw_json *tree;
	struct bw_learned back;
	void *section;

	ck_assert_int_eq(bw_json_parse(foreign[_i].text, strlen(foreign[_i].text), "x", &arena, &tree, &err), 0);
	ck_assert_msg(bw_schema_read(&bw_spec_seccomp_schema, tree, BW_E_SPEC, &arena, &section, NULL, &err) == 0, "%s", err.text);
	ck_assert_int_eq(bw_learned_from_section(section, &back, &err), -1);
	ck_assert_int_eq(err.code, BW_E_SPEC);
	ck_assert_str_eq(err.field, foreign[_i].field);
	ck_assert_ptr_eq(strstr(err.text, foreign[_i].field), err.text);
}
END_TEST

/* Seventeen rules would come back as the name alone. */
START_TEST(a_section_with_more_arguments_than_are_kept_is_not_ours)
{
	struct bw_spec_seccomp *section;
	struct bw_spec_seccomp_rule *more;
	struct bw_learned back;

	for (uint64_t i = 0; i < BW_LEARNED_VALUES; i++)
		see(SYS_ioctl, 0, i, 0);
	section = bw_learned_section(&set, &arena);
	ck_assert_int_eq(bw_learned_from_section(section, &back, &err), 0);
	bw_learned_init(&set);
	see(SYS_ioctl, 0, 77, 0);
	more = bw_push(&arena, &section->syscalls);
	ck_assert_ptr_nonnull(more);
	*more = bw_learned_section(&set, &arena)->syscalls.v[0];
	ck_assert_int_eq(bw_learned_from_section(section, &back, &err), -1);
	ck_assert_str_eq(err.field, "/syscalls/16/args");
}
END_TEST

START_TEST(the_filter_asks_about_every_call_but_the_one_that_sends_the_listener)
{
	struct sock_filter code[BW_RECORDER_FILTER_MAX];
	size_t n = bw_recorder_filter(code);
	uint32_t native = seccomp_arch_native();

	for (int i = 0; i < 1000; i++)
		ck_assert_uint_eq(run(code, n, native, i, 0, 0, MSG_NOSIGNAL), SECCOMP_RET_USER_NOTIF);
	ck_assert_uint_eq(run(code, n, native, SYS_sendmsg, 5, 0, BW_SEND_OVER_FLAGS), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(run(code, n, native, SYS_sendto, 5, 0, BW_SEND_OVER_FLAGS), SECCOMP_RET_USER_NOTIF);
	ck_assert_uint_eq(run(code, n, native, -1, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(run(code, n, native, 0x40000000, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	ck_assert_uint_eq(run(code, n, AUDIT_ARCH_I386, 20, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	ck_assert_uint_eq(run(code, n, AUDIT_ARCH_ARM, SYS_sendmsg, 5, 0, BW_SEND_OVER_FLAGS), SECCOMP_RET_KILL_PROCESS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("learned profiles");
	TCase *all = tcase_create("learn");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, a_call_is_allowed_once_it_was_seen);
	tcase_add_loop_test(all, arguments_that_decide_what_a_call_is_are_learned_with_it, 0, (int)BW_COUNT(by_arguments));
	tcase_add_test(all, other_arguments_do_not_count);
	tcase_add_test(all, after_sixteen_different_arguments_the_name_alone_is_kept);
	tcase_add_test(all, a_number_without_a_name_is_counted_and_not_written);
	tcase_add_test(all, calls_younger_than_libseccomp_have_their_names);
	tcase_add_test(all, the_text_does_not_depend_on_the_order);
	tcase_add_test(all, a_section_is_read_back_as_it_was_written);
	tcase_add_test(all, two_sets_make_one_and_what_is_new_is_counted);
	tcase_add_loop_test(all, a_section_of_somebody_elses_is_not_taken_for_one, 0, (int)BW_COUNT(foreign));
	tcase_add_test(all, a_section_with_more_arguments_than_are_kept_is_not_ours);
	tcase_add_test(all, the_filter_asks_about_every_call_but_the_one_that_sends_the_listener);
	suite_add_tcase(suite, all);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
