/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c - the strict reader and the writer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "json/json.h"
#include "json/text.h"

/* ---- verdicts ---- */

/* refusal NULL: accepted. */
struct verdict {
	const char *text;
	size_t len; /* 0: strlen */
	const char *refusal;
};
static const struct verdict verdicts[] = {
	{"{}", 0, NULL},
	{" [ ] ", 0, NULL},
	{"\"x\"", 0, NULL},
	{"18446744073709551615", 0, NULL},
	{"18446744073709551616", 0, NULL}, /* as written: the table decides */
	{"{\"a\":{\"a\":1},\"b\":{\"a\":1}}", 0, NULL},
	{"\"d/\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"", 0, NULL},
	{"\"\\ud83d\\ude00\"", 0, NULL},
	{"\"\\\\ud800\"", 0, NULL}, /* an escaped backslash, then letters */
	{"\"\x7f\"", 0, NULL},
	{"", 0, "t:1:1: expected more, found the end of the text"},
	{"{\"a\":1,\"b\":2,\n \"a\":3}", 0, "t:2:2: expected each name once, found \"a\" again"},
	{"{\"a\":1,\"\\u0061\":3}", 0, "t:1:8: expected each name once, found \"a\" again"},
	{"\"/etc\\u0000/evil\"", 0, "t:1:6: expected text without NUL, found \\u0000"},
	{"\"/etc\0/evil\"", 12, "t:1:6: expected text without NUL, found byte 0x00"},
	{"{}\0", 3, "t:1:3: expected text without NUL, found byte 0x00"},
	{"\"\\ud800\"", 0, "t:1:2: expected a surrogate pair, found half of one"},
	{"\"\\ud800\\ud800\"", 0, "t:1:2: expected a surrogate pair, found half of one"},
	{"\"\\udc00\"", 0, "t:1:2: expected a surrogate pair, found half of one"},
	{"\"\\ud800", 0, "t:1:2: expected a surrogate pair, found half of one"},
	{"\"\xc0\xaf\"", 0, "t:1:2: expected UTF-8, found byte 0xc0"},
	{"\"\xe0\x80\xaf\"", 0, "t:1:2: expected UTF-8, found byte 0xe0"},
	{"\"\xf0\x80\x80\xaf\"", 0, "t:1:2: expected UTF-8, found byte 0xf0"},
	{"\"\xed\xa0\x80\"", 0, "t:1:2: expected UTF-8, found byte 0xed"},
	{"\"\xf4\x90\x80\x80\"", 0, "t:1:2: expected UTF-8, found byte 0xf4"},
	{"\"\xff\"", 0, "t:1:2: expected UTF-8, found byte 0xff"},
	{"\"\x80\"", 0, "t:1:2: expected UTF-8, found byte 0x80"},
	{"\"\xc3\xa9\xe2\x82\"", 0, "t:1:3: expected UTF-8, found byte 0xe2"},
	{"/* x */ {}", 0, "t:1:1: expected no comment, found '/'"},
	{"{} // x", 0, "t:1:4: expected nothing behind the value, found '/'"},
	{"[NaN]", 0, "t:1:2: expected JSON, found 'N'"},
	{"[Infinity]", 0, "t:1:2: expected JSON, found 'I'"},
	{"['x']", 0, "t:1:2: expected JSON, found '''"},
	{"{a:1}", 0, "t:1:2: expected JSON, found 'a'"},
	{"[tru]", 0, "t:1:2: expected JSON, found 't'"},
	{"\"a\nb\"", 0, "t:1:3: expected no control character in a string, found byte 0x0a"},
	{"\"a\tb\"", 0, "t:1:3: expected no control character in a string, found byte 0x09"},
	{"\"\\q\"", 0, "t:1:3: expected an escape that JSON knows, found 'q'"},
	{"\"\\u12g4\"", 0, "t:1:6: expected four hexadecimal digits, found 'g'"},
	{"{} {}", 0, "t:1:4: expected nothing behind the value, found '{'"},
	{"{}x", 0, "t:1:3: expected nothing behind the value, found 'x'"},
	{"[1,]", 0, "t:1:4: expected a value, found ']'"},
	{"[1,,2]", 0, "t:1:4: expected a value, found ','"},
	{"{\"a\":1,}", 0, "t:1:8: expected a name in double quotes, found '}'"},
	{"{\"a\" 1}", 0, "t:1:6: expected ':', found a number"},
	{"{\"a\":1 \"b\":2}", 0, "t:1:8: expected ',' or '}', found a string"},
	{"[1 2]", 0, "t:1:4: expected ',' or ']', found a number"},
	{"{1:2}", 0, "t:1:2: expected a name in double quotes, found a number"},
	{"[01]", 0, "t:1:3: expected ',' or ']', found a number"},
	{"[1.]", 0, "t:1:4: expected a digit, found ']'"},
	{"[+1]", 0, "t:1:2: expected JSON, found '+'"},
	{"[0x10]", 0, "t:1:3: expected JSON, found 'x'"},
	{"]", 0, "t:1:1: expected a value, found ']'"},
	{"[}", 0, "t:1:2: expected a value, found '}'"},
	{"{\"a\":", 0, "t:1:6: expected more, found the end of the text"},
	{"{\"a\":\"b", 0, "t:1:8: expected more, found the end of the text"},
	{"[[", 0, "t:1:3: expected more, found the end of the text"},
	{"\xef\xbb\xbf{}", 0, "t:1:1: expected JSON, found byte 0xef"},
	/* columns are characters, not bytes */
	{"{\n\"\xc3\xa9\": x}", 0, "t:2:6: expected JSON, found 'x'"},
};

START_TEST(the_verdict_is_the_wanted_one)
{
	const struct verdict *v = &verdicts[_i];
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	size_t len = v->len ? v->len : strlen(v->text);
	struct bw_json *tree = NULL;
	struct bw_err err = {0};
	int n = bw_json_parse(v->text, len, "t", &arena, &tree, &err);

	if (!v->refusal) {
		ck_assert_msg(n == 0, "%s: %s", v->text, err.text);
		ck_assert_ptr_nonnull(tree);
		return;
	}
	ck_assert_msg(n == -1, "accepted: %s", v->text);
	ck_assert_str_eq(err.text, v->refusal);
	ck_assert_int_eq(err.code, BW_E_SPEC);
	ck_assert_msg(bw_utf8_check(err.text, strlen(err.text)) == strlen(err.text), "not UTF-8");
	ck_assert_ptr_null(tree);
}
END_TEST

START_TEST(every_prefix_of_a_document_is_refused_or_read)
{
	static const char text[] =
		"{\"a\":[1,-2.5e3,true,null],\"b\":{\"c\":\"\\u00e9\\ud83d\\ude00\"}}";
	struct bw_json *tree;

	for (size_t len = 0; len < strlen(text); len++) {
		auto_arena struct bw_arena arena = BW_ARENA_INIT;
		struct bw_err err = {0};

		ck_assert_int_eq(bw_json_parse(text, len, "t", &arena, &tree, &err), -1);
		ck_assert_str_ne(err.text, "");
		ck_assert_str_ne(err.field, "");
	}
}
END_TEST

/* ---- limits ---- */

/* count times text, with before and behind. */
static char *repeat(const char *before, const char *text, size_t count, const char *behind)
{
	size_t len = strlen(text), at = strlen(before);
	char *all = malloc(at + count * len + strlen(behind) + 1);

	ck_assert_ptr_nonnull(all);
	memcpy(all, before, at);
	for (size_t i = 0; i < count; i++, at += len)
		memcpy(all + at, text, len);
	strcpy(all + at, behind);
	return all;
}

static void expect(const char *text, const char *refusal)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json *tree = NULL;
	struct bw_err err = {0};
	int n = bw_json_parse(text, strlen(text), "t", &arena, &tree, &err);

	ck_assert_str_eq(err.text, refusal);
	ck_assert_int_eq(n, *refusal ? -1 : 0);
}

START_TEST(sixty_four_levels_are_read_and_one_more_is_refused)
{
	auto_free char *deep = repeat("", "[", 63, "[]");
	auto_free char *closed = repeat(deep, "]", 63, "");
	auto_free char *deeper = repeat("", "[", 65, "");
	auto_free char *deepest = repeat("", "[", 1000000, "");

	expect(closed, "");
	expect(deeper, "t:1:65: expected at most 64 levels, found more");
	expect(deepest, "t:1:65: expected at most 64 levels, found more");
}
END_TEST

START_TEST(two_to_the_eighteen_values_are_read_and_one_more_is_refused)
{
	auto_free char *many = repeat("[", "1,", BW_JSON_MAX_VALUES - 2, "1]");
	auto_free char *more = repeat("[", "1,", BW_JSON_MAX_VALUES - 1, "1]");

	expect(many, "");
	expect(more, "t:1:524288: expected at most 262144 values, found more");
}
END_TEST

static char *members(size_t count, const char *behind)
{
	char *text = malloc(count * 16 + 64);
	size_t at = 1;

	ck_assert_ptr_nonnull(text);
	text[0] = '{';
	for (size_t i = 0; i < count; i++)
		at += (size_t)sprintf(text + at, "%s\"k%zu\":1", i ? "," : "", i * 7919 % 10007);
	strcpy(text + at, behind);
	return text;
}

START_TEST(four_thousand_and_ninety_six_members_are_read_and_one_more_is_refused)
{
	auto_free char *many = members(BW_JSON_MAX_MEMBERS, "}");
	auto_free char *more = members(BW_JSON_MAX_MEMBERS + 1, "}");
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json *tree = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_json_parse(many, strlen(many), "t", &arena, &tree, &err), 0);
	ck_assert_uint_eq(tree->count, BW_JSON_MAX_MEMBERS);
	ck_assert_int_eq(bw_json_parse(more, strlen(more), "t", &arena, &tree, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "expected at most 4096 members in an object"));
}
END_TEST

START_TEST(a_duplicate_among_thousands_is_found)
{
	auto_free char *text = members(4000, ",\"k0\":2}");
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json *tree = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_json_parse(text, strlen(text), "t", &arena, &tree, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "expected each name once, found \"k0\" again"));
}
END_TEST

START_TEST(eight_mebibytes_are_read_and_one_byte_more_is_refused)
{
	auto_free char *text = repeat("\"", "0123456789abcdef", BW_JSON_MAX_BYTES / 16, "\"");
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json *tree = NULL;
	struct bw_err err = {0};

	text[BW_JSON_MAX_BYTES - 1] = '"';
	ck_assert_int_eq(bw_json_parse(text, BW_JSON_MAX_BYTES, "t", &arena, &tree, &err), 0);
	ck_assert_uint_eq(strlen(tree->text), BW_JSON_MAX_BYTES - 2);
	ck_assert_int_eq(bw_json_parse(text, BW_JSON_MAX_BYTES + 1, "t", &arena, &tree, &err), -1);
	ck_assert_str_eq(err.text, "t: expected at most 8388608 bytes, found 8388609");
}
END_TEST

/* ---- the tree ---- */

START_TEST(the_tree_has_what_the_text_has)
{
	static const char text[] = "{\"b\":[null,-1.50e+3,\"\\u00e9\\n\"],\"a\":false}";
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_json *list;
	struct bw_json *tree;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_json_parse(text, strlen(text), "t", &arena, &tree, &err), 0);
	ck_assert_int_eq(tree->type, BW_JSON_OBJECT);
	ck_assert_uint_eq(tree->count, 2);
	ck_assert_str_eq(tree->child->key, "b");
	ck_assert_int_eq(bw_json_get(tree, "a")->type, BW_JSON_FALSE);
	ck_assert_ptr_null(bw_json_get(tree, "A"));
	list = bw_json_get(tree, "b");
	ck_assert_ptr_null(bw_json_get(list, "b"));
	ck_assert_uint_eq(list->count, 3);
	ck_assert_int_eq(list->child->type, BW_JSON_NULL);
	ck_assert_ptr_null(list->child->key);
	ck_assert_str_eq(list->child->next->text, "-1.50e+3");
	ck_assert_str_eq(list->child->next->next->text, "\xc3\xa9\n");
	ck_assert_ptr_null(list->child->next->next->next);
}
END_TEST

/* ---- writing ---- */

static void write_sample(struct bw_json_writer *w)
{
	bw_json_begin_object(w);
	bw_json_key(w, "path");
	bw_json_string(w, "/a\"b\\\n\x01\xc3\xa9");
	bw_json_key(w, "numbers");
	bw_json_begin_array(w);
	bw_json_uint(w, 18446744073709551615U);
	bw_json_int(w, -9223372036854775807LL - 1);
	bw_json_number_text(w, "1.50");
	bw_json_end_array(w);
	bw_json_key(w, "none");
	bw_json_begin_array(w);
	bw_json_end_array(w);
	bw_json_key(w, "empty");
	bw_json_begin_object(w);
	bw_json_end_object(w);
	bw_json_key(w, "yes");
	bw_json_bool(w, true);
	bw_json_key(w, "nothing");
	bw_json_null(w);
	bw_json_end_object(w);
}

static void expect_written(bool pretty, const char *expected)
{
	struct bw_json_writer *w = bw_json_writer_new(pretty);
	auto_free char *text = NULL;
	struct bw_err err = {0};
	size_t len;

	write_sample(w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, &len, &err), 0);
	bw_json_writer_free(w);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(len, strlen(expected));
}

START_TEST(one_line_is_written_without_blanks_and_slashes_as_they_are)
{
	expect_written(false, "{\"path\":\"/a\\\"b\\\\\\n\\u0001\xc3\xa9\",\"numbers\":["
			      "18446744073709551615,-9223372036854775808,1.50],\"none\":[],"
			      "\"empty\":{},\"yes\":true,\"nothing\":null}");
}
END_TEST

START_TEST(pretty_text_is_indented_by_two_blanks)
{
	expect_written(true,
		"{\n  \"path\": \"/a\\\"b\\\\\\n\\u0001\xc3\xa9\",\n  \"numbers\": [\n"
		"    18446744073709551615,\n    -9223372036854775808,\n    1.50\n  ],\n"
		"  \"none\": [],\n  \"empty\": {},\n  \"yes\": true,\n  \"nothing\": "
		"null\n}");
}
END_TEST

START_TEST(an_empty_document_is_two_characters)
{
	for (int pretty = 0; pretty < 2; pretty++) {
		struct bw_json_writer *w = bw_json_writer_new(pretty);
		auto_free char *text = NULL;
		struct bw_err err = {0};

		bw_json_begin_object(w);
		bw_json_end_object(w);
		ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
		ck_assert_str_eq(text, "{}");
		bw_json_writer_free(w);
	}
}
END_TEST

START_TEST(what_could_not_be_read_again_is_not_written)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	struct bw_err err = {0};
	char *text = NULL;

	bw_json_string(w, "a\xff");
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), -1);
	ck_assert_str_eq(err.text, "writing JSON: expected UTF-8, found other bytes");
	ck_assert_ptr_null(text);
	bw_json_writer_free(w);
}
END_TEST

START_TEST(a_misuse_of_the_writer_is_reported_at_the_end)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	struct bw_err err = {0};
	char *text = NULL;

	bw_json_begin_object(w);
	bw_json_int(w, 1); /* where a key must stand */
	bw_json_end_object(w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), -1);
	ck_assert_int_eq(err.code, BW_E_INTERNAL);
	bw_json_writer_free(w);
}
END_TEST

START_TEST(an_unfinished_document_is_not_handed_out)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	struct bw_err err = {0};
	char *text = NULL;

	bw_json_begin_object(w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), -1);
	ck_assert_str_eq(err.text, "writing JSON: the document is not finished");
	bw_json_writer_free(w);
}
END_TEST

START_TEST(a_writer_that_could_not_be_made_reports_memory)
{
	struct bw_err err = {0};
	char *text = NULL;

	write_sample(NULL);
	ck_assert_int_eq(bw_json_writer_end(NULL, &text, NULL, &err), -1);
	ck_assert_int_eq(err.code, BW_E_MEMORY);
	bw_json_writer_free(NULL);
}
END_TEST

START_TEST(messages_are_made_printable)
{
	char text[] = "a\n\x1b[1m\x7f \xc3\xa9 \xc3";

	bw_text_make_printable(text);
	ck_assert_str_eq(text, "a??[1m? \xc3\xa9 ?");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *reading = tcase_create("reading"), *writing = tcase_create("writing");
	SRunner *runner;
	int failed;

	tcase_set_timeout(reading, 60);
	tcase_add_loop_test(reading, the_verdict_is_the_wanted_one, 0, (int)BW_COUNT(verdicts));
	tcase_add_test(reading, every_prefix_of_a_document_is_refused_or_read);
	tcase_add_test(reading, sixty_four_levels_are_read_and_one_more_is_refused);
	tcase_add_test(reading, two_to_the_eighteen_values_are_read_and_one_more_is_refused);
	tcase_add_test(
		reading, four_thousand_and_ninety_six_members_are_read_and_one_more_is_refused);
	tcase_add_test(reading, a_duplicate_among_thousands_is_found);
	tcase_add_test(reading, eight_mebibytes_are_read_and_one_byte_more_is_refused);
	tcase_add_test(reading, the_tree_has_what_the_text_has);
	tcase_add_test(writing, one_line_is_written_without_blanks_and_slashes_as_they_are);
	tcase_add_test(writing, pretty_text_is_indented_by_two_blanks);
	tcase_add_test(writing, an_empty_document_is_two_characters);
	tcase_add_test(writing, what_could_not_be_read_again_is_not_written);
	tcase_add_test(writing, a_misuse_of_the_writer_is_reported_at_the_end);
	tcase_add_test(writing, an_unfinished_document_is_not_handed_out);
	tcase_add_test(writing, a_writer_that_could_not_be_made_reports_memory);
	tcase_add_test(writing, messages_are_made_printable);
	suite_add_tcase(suite, reading);
	suite_add_tcase(suite, writing);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
