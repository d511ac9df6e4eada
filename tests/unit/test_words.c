/* SPDX-License-Identifier: Apache-2.0 */
/* test_words.c - words as numbers, lists of ids as masks. */
#include "control_test.h"

#include "control/words.h"

static const struct bw_word colours[] = {{"RED", 1}, {"GREEN", 2}, {"BLUE", 4}, {NULL, 0}};

START_TEST(words_are_found_by_name_and_by_value)
{
	ck_assert_uint_eq(bw_word_find(colours, "GREEN")->value, 2);
	ck_assert_ptr_null(bw_word_find(colours, "green"));
	ck_assert_ptr_null(bw_word_find(colours, NULL));
	ck_assert_str_eq(bw_word_name(colours, 4), "BLUE");
	ck_assert_str_eq(bw_word_name(colours, 3), "?");
}
END_TEST

START_TEST(flags_are_collected_and_the_first_unknown_one_is_named)
{
	static char red[] = "RED", blue[] = "BLUE", pink[] = "PINK";
	char *names[] = {red, blue, pink};
	struct bw_strs list = {names, 2};
	uint64_t flags = 99;

	ck_assert_ptr_null(bw_word_flags(colours, &list, &flags));
	ck_assert_uint_eq(flags, 5);
	list.n = 3;
	ck_assert_str_eq(bw_word_flags(colours, &list, &flags), "PINK");
	ck_assert_uint_eq(flags, 5);
}
END_TEST

static const struct list_row {
	const char *text;
	int count;
	unsigned long low, high; /* bits 0-63, 64-127 */
	const char *wrong;
} list_rows[] = {
	{"0", 1, 1, 0, NULL},
	{"0-3,7", 5, 0x8f, 0, NULL},
	{" 1 , 3-4 ,,", 3, 0x1a, 0, NULL},
	{"63-64", 2, 1UL << 63, 1, NULL},
	{"127", 1, 0, 1UL << 63, NULL},
	{"2,2,1-2", 2, 6, 0, NULL},
	{"128", -1, 0, 0, "\"128\" is not a number from 0 to 127"},
	{"0-9876543210", -1, 0, 0, "\"9876543210\" is not a number from 0 to 127"},
	{"99999999999999999999999", -1, 0, 0,
		"\"99999999999999999999999\" is not a number from 0 to 127"},
	{"3-1", -1, 0, 0, "the range 3-1 goes backwards"},
	{"-1", -1, 0, 0, "\"\" is not a number from 0 to 127"},
	{"1-", -1, 0, 0, "\"\" is not a number from 0 to 127"},
	{"1-2-3", -1, 0, 0, "\"2-3\" is not a number from 0 to 127"},
	{"0x1", -1, 0, 0, "\"0x1\" is not a number from 0 to 127"},
	{"+1", -1, 0, 0, "\"+1\" is not a number from 0 to 127"},
	{",", -1, 0, 0, "the list has no members"},
	{"", -1, 0, 0, "the list has no members"},
};

START_TEST(lists_become_masks)
{
	const struct list_row *row = &list_rows[_i];
	unsigned long mask[BW_ID_WORDS(128)] = {~0UL, ~0UL};
	struct bw_err err = {0};

	ck_assert_uint_eq(BW_COUNT(mask), 128 / BW_ID_BITS);
	ck_assert_int_eq(bw_id_list_parse(row->text, mask, 128, &err), row->count);
	if (row->wrong) {
		ck_assert_str_eq(err.text, row->wrong);
		return;
	}
	ck_assert_uint_eq(mask[0], row->low);
	ck_assert_uint_eq(mask[1], row->high);
}
END_TEST

BENCH_MAIN("words", {words_are_found_by_name_and_by_value, 0},
	{flags_are_collected_and_the_first_unknown_one_is_named, 0},
	{lists_become_masks, BW_COUNT(list_rows)})
