/* SPDX-License-Identifier: Apache-2.0 */
/* test_shim_call.c - the shim's command line, as the versions of containerd write it. */
#include <check.h>
#include <stdlib.h>

#include "base/str.h"
#include "shim/shim.h"

static struct bw_shim_call call;
static struct bw_err err;

static void setup(void)
{
	call = (struct bw_shim_call){0};
	err = (struct bw_err){0};
}

static int read_words(const char *const *words)
{
	return bw_shim_call_read(words, &call, &err);
}

START_TEST(start_of_containerd_1_6_is_understood)
{
	const char *words[] = {"-namespace", "moby", "-address", "/run/containerd/containerd.sock", "-publish-binary",
		"/usr/bin/containerd", "-id", "c1", "-debug", "start", NULL};

	ck_assert_int_eq(read_words(words), 0);
	ck_assert_str_eq(call.namespace, "moby");
	ck_assert_str_eq(call.address, "/run/containerd/containerd.sock");
	ck_assert_str_eq(call.publish_binary, "/usr/bin/containerd");
	ck_assert_str_eq(call.id, "c1");
	ck_assert_str_eq(call.action, "start");
	ck_assert(call.debug && !call.version && !call.info);
	ck_assert_ptr_null(call.bundle);
}
END_TEST

/* Each of {word, ...} means -id c1 delete. */
static const char *const spellings[][4] = {
	{"-id", "c1", "delete", NULL},
	{"--id", "c1", "delete", NULL},
	{"-id=c1", "delete", NULL},
	{"--id=c1", "delete", NULL},
	{"-id=c1", "--", "delete", NULL},
};

START_TEST(a_flag_is_read_in_all_of_go_s_spellings)
{
	ck_assert_int_eq(read_words(spellings[_i]), 0);
	ck_assert_str_eq(call.id, "c1");
	ck_assert_str_eq(call.action, "delete");
}
END_TEST

START_TEST(a_switch_takes_its_value_behind_the_equals_sign_alone)
{
	const char *off[] = {"-debug=false", "-info=true", "start", NULL}, *next[] = {"-debug", "false", NULL};

	ck_assert_int_eq(read_words(off), 0);
	ck_assert(!call.debug && call.info);
	ck_assert_int_eq(read_words(next), 0);
	ck_assert(call.debug);
	ck_assert_str_eq(call.action, "false");
}
END_TEST

START_TEST(words_behind_the_action_are_not_flags)
{
	const char *words[] = {"start", "-unheard-of", NULL};

	ck_assert_int_eq(read_words(words), 0);
	ck_assert_str_eq(call.action, "start");
}
END_TEST

START_TEST(without_words_it_is_the_server)
{
	const char *none[] = {NULL}, *empty[] = {"-namespace", "n", "-address", "", NULL};

	ck_assert_int_eq(read_words(none), 0);
	ck_assert_ptr_null(call.action);
	ck_assert_int_eq(read_words(empty), 0);
	ck_assert_ptr_null(call.action);
	ck_assert_ptr_null(call.address);
}
END_TEST

static const struct {
	const char *words[3], *text;
} refusals[] = {
	{{"-unheard", "start"}, "flag provided but not defined: -unheard"},
	{{"--=x"}, "flag provided but not defined: -"},
	{{"-id"}, "flag needs an argument: -id"},
	{{"-debug=maybe"}, "invalid value \"maybe\" for flag -debug: expected true or false"},
};

START_TEST(what_is_no_flag_is_refused)
{
	ck_assert_int_eq(read_words(refusals[_i].words), -1);
	ck_assert_int_eq(err.code, BW_E_USAGE);
	ck_assert_str_eq(err.text, refusals[_i].text);
	ck_assert_ptr_null(call.id);
}
END_TEST

static const struct {
	const char *name;
	bool good;
} names[] = {
	{"moby", true}, {"k8s.io", true}, {"a", true}, {"0_b-c+d.e", true},
	{"", false}, {NULL, false}, {".", false}, {"..", false}, {".hidden", false}, {"-x", false},
	{"a/b", false}, {"a b", false}, {"a\n", false}, {"\xc3\xa4", false},
};

START_TEST(a_name_can_be_a_file_s)
{
	ck_assert_int_eq(bw_shim_name_check("-id", names[_i].name, &err), names[_i].good ? 0 : -1);
	if (!names[_i].good)
		ck_assert_int_eq(err.code, BW_E_USAGE);
}
END_TEST

START_TEST(a_name_has_a_longest_length)
{
	char name[202];

	memset(name, 'a', sizeof name);
	name[200] = '\0';
	ck_assert_int_eq(bw_shim_name_check("-id", name, &err), 0);
	name[200] = 'a';
	name[201] = '\0';
	ck_assert_int_eq(bw_shim_name_check("-id", name, &err), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_call");
	TCase *tc = tcase_create("call");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, start_of_containerd_1_6_is_understood);
	tcase_add_loop_test(tc, a_flag_is_read_in_all_of_go_s_spellings, 0, sizeof spellings / sizeof *spellings);
	tcase_add_test(tc, a_switch_takes_its_value_behind_the_equals_sign_alone);
	tcase_add_test(tc, words_behind_the_action_are_not_flags);
	tcase_add_test(tc, without_words_it_is_the_server);
	tcase_add_loop_test(tc, what_is_no_flag_is_refused, 0, sizeof refusals / sizeof *refusals);
	tcase_add_loop_test(tc, a_name_can_be_a_file_s, 0, sizeof names / sizeof *names);
	tcase_add_test(tc, a_name_has_a_longest_length);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
