/* SPDX-License-Identifier: Apache-2.0 */
/* test_options.c - the option table parser, its messages, and the words near to a word. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/options.h"

struct values {
	bool flag;
	const char *text, *path, *choice;
	const char *const *list;
	unsigned number;
};

static const char *const choices[] = {"table", "json", NULL};

static const struct bw_option rows[] = {
	BW_OPT_FLAG(struct values, flag, "flag", 'f', "a flag"),
	BW_OPT_TEXT(struct values, text, "text", 't', "TEXT", "a text"),
	BW_OPT_PATH(struct values, path, "path", 'p', "FILE", "a path"),
	BW_OPT_LIST(struct values, list, "list", 'l', "WORD", "a list"),
	BW_OPT_NUMBER(struct values, number, "number", 'n', "N", "a number"),
	BW_OPT_CHOICE(struct values, choice, "choice", 'c', choices, "a choice"),
	BW_OPT_END,
};

enum { MAX_WORDS = 8 };

static struct bw_arena arena;
static struct values values;
static struct bw_words others;
static struct bw_err err;

static int parse(unsigned stop_after, const char *const *words)
{
	memset(&values, 0, sizeof values);
	memset(&others, 0, sizeof others);
	memset(&err, 0, sizeof err);
	return bw_options_parse(rows, stop_after, words, &arena, &values, &others, &err);
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* Each spelling of a value. */
static const char *const spellings[][MAX_WORDS] = {
	{"--text", "value"},
	{"--text=value"},
	{"-text", "value"},
	{"-text=value"},
	{"-t", "value"},
	{"-t=value"},
};

START_TEST(every_spelling_of_a_value_is_read)
{
	ck_assert_int_eq(parse(0, spellings[_i]), 0);
	ck_assert_str_eq(values.text, "value");
	ck_assert_uint_eq(others.n, 0);
}
END_TEST

START_TEST(a_short_option_carries_a_value_that_is_no_lower_case_word)
{
	ck_assert_int_eq(parse(0, (const char *[]){"-t/x", "-n12", "-lA=b", NULL}), 0);
	ck_assert_str_eq(values.text, "/x");
	ck_assert_uint_eq(values.number, 12);
	ck_assert_str_eq(values.list[0], "A=b");
	ck_assert_int_eq(parse(0, (const char *[]){"-tvalue", NULL}), -1);
	ck_assert_str_eq(err.text, "flag provided but not defined: -tvalue");
}
END_TEST

START_TEST(a_value_may_begin_with_a_dash_or_hold_an_equals_sign)
{
	ck_assert_int_eq(parse(0, (const char *[]){"--text", "-1", "--list=A=b=c", NULL}), 0);
	ck_assert_str_eq(values.text, "-1");
	ck_assert_str_eq(values.list[0], "A=b=c");
	ck_assert_ptr_null(values.list[1]);
}
END_TEST

START_TEST(a_list_grows_and_other_options_take_the_last_value)
{
	const char *const words[] = {"-l", "1", "-n1", "-l", "2", "-n", "2", NULL};

	ck_assert_int_eq(parse(0, words), 0);
	ck_assert_str_eq(values.list[0], "1");
	ck_assert_str_eq(values.list[1], "2");
	ck_assert_ptr_null(values.list[2]);
	ck_assert_uint_eq(values.number, 2);
}
END_TEST

START_TEST(what_is_not_given_is_zero_and_a_choice_its_first_value)
{
	ck_assert_int_eq(parse(0, (const char *[]){NULL}), 0);
	ck_assert(!values.flag);
	ck_assert_ptr_null(values.text);
	ck_assert_ptr_null(values.path);
	ck_assert_ptr_null(values.list);
	ck_assert_uint_eq(values.number, 0);
	ck_assert_str_eq(values.choice, "table");
}
END_TEST

START_TEST(options_stand_before_and_behind_other_words)
{
	ck_assert_int_eq(parse(0, (const char *[]){"a", "-f", "-", "b", "-t", "x", NULL}), 0);
	ck_assert(values.flag);
	ck_assert_uint_eq(others.n, 3);
	ck_assert_str_eq(others.v[0], "a");
	ck_assert_str_eq(others.v[1], "-");
	ck_assert_str_eq(others.v[2], "b");
	ck_assert_ptr_null(others.v[3]);
}
END_TEST

START_TEST(options_end_behind_the_word_that_the_verb_says)
{
	ck_assert_int_eq(parse(1, (const char *[]){"-f", "id", "-x", "--", "-t", NULL}), 0);
	ck_assert(values.flag);
	ck_assert_uint_eq(others.n, 4);
	ck_assert_str_eq(others.v[1], "-x");
	ck_assert_str_eq(others.v[2], "--");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	ck_assert_int_eq(parse(0, (const char *[]){"--", "-f", "--", NULL}), 0);
	ck_assert(!values.flag);
	ck_assert_uint_eq(others.n, 2);
	ck_assert_str_eq(others.v[1], "--");
}
END_TEST

START_TEST(help_is_seen_and_a_row_may_take_its_letter)
{
	static const struct bw_option own[] = {
		BW_OPT_FLAG(struct values, flag, "hold", 'h', "a flag"),
		BW_OPT_END,
	};

	ck_assert_int_eq(parse(0, (const char *[]){"x", "-h", NULL}), 0);
	ck_assert(others.help);
	ck_assert_int_eq(parse(1, (const char *[]){"x", "-h", NULL}), 0);
	ck_assert(!others.help);
	ck_assert_int_eq(bw_options_parse(own, 0, (const char *[]){"-h", NULL}, &arena, &values,
				 &others, &err),
		0);
	ck_assert(values.flag && !others.help);
}
END_TEST

static const struct {
	const char *words[MAX_WORDS];
	const char *text, *field, *hint;
} failures[] = {
	{{"--foo"}, "flag provided but not defined: --foo", "", ""},
	{{"--txet=1"}, "flag provided but not defined: --txet=1", "", "did you mean --text?"},
	{{"--num", "1"}, "flag provided but not defined: --num", "", "did you mean --number?"},
	{{"-z"}, "flag provided but not defined: -z", "", ""},
	{{"-fp"}, "flag provided but not defined: -fp", "", ""},
	{{"---"}, "flag provided but not defined: ---", "", ""},
	{{"--="}, "flag provided but not defined: --=", "", ""},
	{{"--text"}, "flag needs an argument: --text", "--text", ""},
	{{"-n"}, "flag needs an argument: -n", "--number", ""},
	{{"-n", ""}, "invalid value \"\" for flag --number: expected a number from 0 to 1048576",
		"--number", ""},
	{{"-n", "1048577"},
		"invalid value \"1048577\" for flag --number: expected a number from 0 to 1048576",
		"--number", ""},
	{{"-c", "xml"}, "invalid choice option \"xml\": expected one of table, json", "--choice",
		""},
	{{"--flag="}, "invalid value \"\" for flag --flag: expected true or false", "--flag", ""},
};

START_TEST(a_mistake_is_named)
{
	ck_assert_int_eq(parse(0, failures[_i].words), -1);
	ck_assert_int_eq(err.code, BW_E_USAGE);
	ck_assert_str_eq(err.text, failures[_i].text);
	ck_assert_str_eq(err.field, failures[_i].field);
	ck_assert_str_eq(err.hint, failures[_i].hint);
}
END_TEST

START_TEST(the_largest_number_is_read)
{
	ck_assert_int_eq(parse(0, (const char *[]){"-n", "1048576", NULL}), 0);
	ck_assert_uint_eq(values.number, BW_OPTION_MAX_NUMBER);
}
END_TEST

START_TEST(what_stands_before_a_mistake_is_kept)
{
	ck_assert_int_eq(parse(0, (const char *[]){"-t", "log", "--foo", NULL}), -1);
	ck_assert_str_eq(values.text, "log");
}
END_TEST

START_TEST(an_unknown_option_of_any_length_is_an_error)
{
	char word[4096] = "--";

	memset(word + 2, 'a', sizeof word - 3);
	ck_assert_int_eq(parse(0, (const char *[]){word, NULL}), -1);
	ck_assert_int_eq(strncmp(err.text, "flag provided but not defined: --aaa", 36), 0);
}
END_TEST

static const struct {
	const char *given, *behind_cwd;
} paths[] = {
	{"x", "/x"},
	{"./x//y/", "/x/y"},
	{".", ""},
	{"../x", "/../x"},
	{"x/..", "/x/.."},
	{"..x/y..", "/..x/y.."},
};

START_TEST(a_relative_path_is_the_callers)
{
	auto_free char *cwd = getcwd(NULL, 0);
	const char *got;

	ck_assert_ptr_nonnull(cwd);
	ck_assert_int_eq(bw_absolute_path(paths[_i].given, &arena, &got, &err), 0);
	ck_assert_int_eq(strncmp(got, cwd, strlen(cwd)), 0);
	ck_assert_str_eq(got + strlen(cwd), paths[_i].behind_cwd);
}
END_TEST

START_TEST(an_absolute_path_stays)
{
	const char *got;

	ck_assert_int_eq(bw_absolute_path("/dev/fd/63", &arena, &got, &err), 0);
	ck_assert_str_eq(got, "/dev/fd/63");
	ck_assert_int_eq(parse(0, (const char *[]){"--path", "/a/./b", NULL}), 0);
	ck_assert_str_eq(values.path, "/a/b");
	ck_assert_int_eq(parse(0, (const char *[]){"--path", "/a", "--path=", NULL}), 0);
	ck_assert_ptr_null(values.path);
}
END_TEST

static const struct {
	const char *word, *nearest;
} nearest[] = {
	{"jsno", "json"},
	{"ta", "table"},
	{"tabel", "table"},
	{"JSON", NULL},
	{"x", NULL},
	{"t", NULL},
	{"", NULL},
	{"everything", NULL},
};

START_TEST(the_nearest_word_is_found)
{
	const char *got = bw_nearest_word(nearest[_i].word, choices);

	if (nearest[_i].nearest)
		ck_assert_pstr_eq(got, nearest[_i].nearest);
	else
		ck_assert_ptr_null(got);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	SRunner *runner = srunner_create(suite);
	TCase *tc = tcase_create("parse");
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, every_spelling_of_a_value_is_read, 0, (int)BW_COUNT(spellings));
	tcase_add_test(tc, a_short_option_carries_a_value_that_is_no_lower_case_word);
	tcase_add_test(tc, a_value_may_begin_with_a_dash_or_hold_an_equals_sign);
	tcase_add_test(tc, a_list_grows_and_other_options_take_the_last_value);
	tcase_add_test(tc, what_is_not_given_is_zero_and_a_choice_its_first_value);
	tcase_add_test(tc, options_stand_before_and_behind_other_words);
	tcase_add_test(tc, options_end_behind_the_word_that_the_verb_says);
	tcase_add_test(tc, two_dashes_end_the_options);
	tcase_add_test(tc, help_is_seen_and_a_row_may_take_its_letter);
	tcase_add_loop_test(tc, a_mistake_is_named, 0, (int)BW_COUNT(failures));
	tcase_add_test(tc, the_largest_number_is_read);
	tcase_add_test(tc, what_stands_before_a_mistake_is_kept);
	tcase_add_test(tc, an_unknown_option_of_any_length_is_an_error);
	tcase_add_loop_test(tc, a_relative_path_is_the_callers, 0, (int)BW_COUNT(paths));
	tcase_add_test(tc, an_absolute_path_stays);
	tcase_add_loop_test(tc, the_nearest_word_is_found, 0, (int)BW_COUNT(nearest));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
