/* SPDX-License-Identifier: Apache-2.0 */
/* test_proto.c - messages by table: what is written, what is read, what is refused and by which words. */
#include <check.h>
#include <malloc.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "proto/message.h"

struct leaf {
	const char *name;
	uint64_t count;
	struct leaf *below;
};
struct sample {
	const char *text, *part_text, *others;
	struct bw_proto_bytes bytes;
	uint64_t number;
	bool flag, part_flag;
	struct bw_proto_texts texts, part_texts;
	struct leaf *leaf;
	struct {
		struct leaf *v;
		size_t n;
	} leaves;
};

static const struct bw_proto_table leaf_table = {
	.name = "Leaf",
	.size = sizeof(struct leaf),
	.rows =
		(const struct bw_proto_row[]){
			{1, BW_PROTO_TEXT, offsetof(struct leaf, name), NULL},
			{2, BW_PROTO_NUMBER, offsetof(struct leaf, count), NULL},
			{3, BW_PROTO_MESSAGE, offsetof(struct leaf, below), &leaf_table},
			{0, BW_PROTO_END, 0, NULL},
		},
};
static const struct bw_proto_table part_table = {
	.name = "Part",
	.size = sizeof(struct sample),
	.rows =
		(const struct bw_proto_row[]){
			{1, BW_PROTO_TEXT, offsetof(struct sample, part_text), NULL},
			{2, BW_PROTO_BOOL, offsetof(struct sample, part_flag), NULL},
			{3, BW_PROTO_TEXTS, offsetof(struct sample, part_texts), NULL},
			{0, BW_PROTO_END, 0, NULL},
		},
};
static const struct bw_proto_table sample_table = {
	.name = "Sample",
	.size = sizeof(struct sample),
	.rows =
		(const struct bw_proto_row[]){
			{1, BW_PROTO_TEXT, offsetof(struct sample, text), NULL},
			{2, BW_PROTO_BYTES, offsetof(struct sample, bytes), NULL},
			{3, BW_PROTO_NUMBER, offsetof(struct sample, number), NULL},
			{4, BW_PROTO_BOOL, offsetof(struct sample, flag), NULL},
			{5, BW_PROTO_TEXTS, offsetof(struct sample, texts), NULL},
			{6, BW_PROTO_MESSAGE, offsetof(struct sample, leaf), &leaf_table},
			{7, BW_PROTO_LIST, offsetof(struct sample, leaves), &leaf_table},
			{16, BW_PROTO_PART, 0, &part_table},
			{0, BW_PROTO_END, 0, NULL},
		},
	.texts =
		(const struct bw_proto_row[]){
			{0, BW_PROTO_TEXT, offsetof(struct sample, others), NULL},
			{0, BW_PROTO_END, 0, NULL},
		},
};

/* The bytes of a text, a NUL within it, too. */
#define B(literal) (literal), sizeof(literal) - 1

/* All kinds at once, a field a line; where each field ends is in whole_ends. */
static const char whole[] = "\x0a\x02hi"
			    "\x12\x03\x00\xff\x00"
			    "\x18\xac\x02"
			    "\x20\x01"
			    "\x2a\x01"
			    "a"
			    "\x2a\x00"
			    "\x32\x05\x0a\x01n\x10\x07"
			    "\x3a\x00"
			    "\x3a\x04\x1a\x02\x10\x01"
			    "\x82\x01\x0a\x0a\x01p\x10\x01\x1a\x03xyz";
static const size_t whole_ends[] = {0, 4, 9, 12, 14, 17, 19, 26, 28, 34, 47};

static int read_sample(struct bw_arena *arena, const char *bytes, size_t len, struct sample *ret, struct bw_err *err)
{
	*err = (struct bw_err){0};
	memset(ret, 0x5a, sizeof *ret);
	return bw_proto_read(&sample_table, bytes, len, arena, ret, err);
}

static void is_whole(const struct sample *sample)
{
	ck_assert_str_eq(sample->text, "hi");
	ck_assert_uint_eq(sample->bytes.len, 3);
	ck_assert_mem_eq(sample->bytes.v, "\0\xff\0", 3);
	ck_assert_uint_eq(sample->number, 300);
	ck_assert(sample->flag && sample->part_flag);
	ck_assert_uint_eq(sample->texts.n, 2);
	ck_assert_str_eq(sample->texts.v[0], "a");
	ck_assert_str_eq(sample->texts.v[1], "");
	ck_assert_str_eq(sample->leaf->name, "n");
	ck_assert_uint_eq(sample->leaf->count, 7);
	ck_assert_ptr_null(sample->leaf->below);
	ck_assert_uint_eq(sample->leaves.n, 2);
	ck_assert_str_eq(sample->leaves.v[0].name, "");
	ck_assert_uint_eq(sample->leaves.v[1].below->count, 1);
	ck_assert_str_eq(sample->part_text, "p");
	ck_assert_uint_eq(sample->part_texts.n, 1);
	ck_assert_str_eq(sample->part_texts.v[0], "xyz");
	ck_assert_str_eq(sample->others, "");
}

START_TEST(every_kind_is_read_and_written_again_byte_for_byte)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_wire struct bw_wire wire = {0};
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena, B(whole), &sample, &err), 0);
	is_whole(&sample);
	bw_proto_write(&sample_table, &sample, &wire);
	ck_assert(!wire.no_memory);
	ck_assert_uint_eq(wire.len, sizeof whole - 1);
	ck_assert_mem_eq(wire.bytes, whole, wire.len);
}
END_TEST

START_TEST(what_is_absent_is_empty_and_is_not_written)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_wire struct bw_wire wire = {0};
	static const struct sample nothing;
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena, NULL, 0, &sample, &err), 0);
	ck_assert_str_eq(sample.text, "");
	ck_assert_str_eq(sample.part_text, "");
	ck_assert_str_eq(sample.others, "");
	ck_assert(!sample.flag && !sample.part_flag && !sample.leaf && !sample.number);
	ck_assert(!sample.bytes.len && !sample.texts.n && !sample.leaves.n && !sample.part_texts.n);
	bw_proto_write(&sample_table, &sample, &wire);
	bw_proto_write(&sample_table, &nothing, &wire);
	ck_assert_uint_eq(wire.len, 0);
}
END_TEST

START_TEST(cut_at_every_byte_it_is_an_error_or_has_fewer_fields)
{
	size_t field = 0;

	for (size_t len = 0; len < sizeof whole - 1; len++) {
		auto_arena struct bw_arena arena = BW_ARENA_INIT;
		struct bw_err err;
		struct sample sample;
		bool ends = len == whole_ends[field];

		ck_assert_int_eq(read_sample(&arena, whole, len, &sample, &err), ends ? 0 : -1);
		if (ends) {
			field++;
			continue;
		}
		ck_assert_int_eq(err.code, BW_E_USAGE);
		ck_assert_msg(strstr(err.text, "found none that is whole"), "%s", err.text);
	}
	ck_assert_uint_eq(field, BW_COUNT(whole_ends) - 1);
}
END_TEST

START_TEST(what_no_row_knows_is_skipped)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena,
				 B("\x50\x05"
				   "\x59"
				   "12345678"
				   "\x5d"
				   "1234"
				   "\x62\x03\x00\x00\x00"
				   "\xf8\xff\xff\xff\x0f\x01"
				   "\x18\x09"),
				 &sample, &err),
		0);
	ck_assert_uint_eq(sample.number, 9);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	const char *text;
} refused[] = {
	/* groups, field 0, types that are none, a field number of 30 bits */
	{B("\x0b\x0c"), "Sample: expected a field at byte 0, found none that is whole"},
	{B("\x20\x01\x0c"), "Sample: expected a field at byte 2, found none that is whole"},
	{B("\x53\x54"), "Sample: expected a field at byte 0, found none that is whole"},
	{B("\x00\x01"), "Sample: expected a field at byte 0, found none that is whole"},
	{B("\x0e\x01"), "Sample: expected a field at byte 0, found none that is whole"},
	{B("\x80\x80\x80\x80\x10\x01"), "Sample: expected a field at byte 0, found none that is whole"},
	/* a varint of 65 bits, of 11 bytes; a length that reaches beyond the end, also all of 64 bits */
	{B("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "Sample: expected a field at byte 0, found none that is whole"},
	{B("\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
		"Sample: expected a field at byte 0, found none that is whole"},
	{B("\x12\x02x"), "Sample: expected a field at byte 0, found none that is whole"},
	{B("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"),
		"Sample: expected a field at byte 0, found none that is whole"},
	/* types that are not the row's */
	{B("\x08\x01"), "field 1 of Sample: expected bytes, found a varint"},
	{B("\x10\x01"), "field 2 of Sample: expected bytes, found a varint"},
	{B("\x1a\x01\x01"), "field 3 of Sample: expected a varint, found bytes"},
	{B("\x1d\x01\x00\x00\x00"), "field 3 of Sample: expected a varint, found a fixed-size number"},
	{B("\x21\x01\x00\x00\x00\x00\x00\x00\x00"), "field 4 of Sample: expected a varint, found a fixed-size number"},
	{B("\x22\x00"), "field 4 of Sample: expected a varint, found bytes"},
	{B("\x28\x00"), "field 5 of Sample: expected bytes, found a varint"},
	{B("\x35\x01\x00\x00\x00"), "field 6 of Sample: expected bytes, found a fixed-size number"},
	{B("\x38\x01"), "field 7 of Sample: expected bytes, found a varint"},
	{B("\x80\x01\x01"), "field 16 of Sample: expected bytes, found a varint"},
	{B("\x32\x02\x08\x01"), "field 1 of Leaf: expected bytes, found a varint"},
	{B("\x3a\x00\x3a\x02\x12\x00"), "field 2 of Leaf: expected a varint, found bytes"},
	{B("\x82\x01\x02\x12\x00"), "field 2 of Part: expected a varint, found bytes"},
	/* within a message it is cut, too */
	{B("\x32\x01\x0a"), "Leaf: expected a field at byte 0, found none that is whole"},
	{B("\x3a\x05\x10\x01\x0a\x02x"), "Leaf: expected a field at byte 2, found none that is whole"},
	/* a NUL at the end, alone, in a list, in a message, in a part */
	{B("\x0a\x02x\x00"), "field 1 of Sample: expected a text, found a NUL in it"},
	{B("\x0a\x01\x00"), "field 1 of Sample: expected a text, found a NUL in it"},
	{B("\x2a\x01x\x2a\x02\x00x"), "field 5 of Sample: expected a text, found a NUL in it"},
	{B("\x32\x03\x0a\x01\x00"), "field 1 of Leaf: expected a text, found a NUL in it"},
	{B("\x82\x01\x03\x0a\x01\x00"), "field 1 of Part: expected a text, found a NUL in it"},
};

START_TEST(what_is_malformed_is_refused_by_message_and_field)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena, refused[_i].bytes, refused[_i].len, &sample, &err), -1);
	ck_assert_int_eq(err.code, BW_E_USAGE);
	ck_assert_str_eq(err.text, refused[_i].text);
}
END_TEST

START_TEST(numbers_have_64_bits_and_any_of_them_is_true)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_wire struct bw_wire wire = {0};
	static const char negative[] = "\x18\xf8\xff\xff\xff\xff\xff\xff\xff\xff\x01\x20\x02";
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena, B(negative), &sample, &err), 0);
	ck_assert_int_eq((int64_t)sample.number, -8);
	ck_assert(sample.flag);
	bw_proto_write(&sample_table, &sample, &wire);
	ck_assert_uint_eq(wire.len, sizeof negative - 1);
	ck_assert_mem_eq(wire.bytes, negative, wire.len - 1);
	ck_assert_uint_eq(wire.bytes[wire.len - 1], 1);
}
END_TEST

START_TEST(of_what_is_there_twice_the_last_counts)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena,
				 B("\x0a\x01x\x0a\x01y\x12\x01x\x12\x00\x18\x01\x18\x02\x20\x01\x20\x00"
				   "\x32\x05\x0a\x01n\x10\x07\x32\x02\x10\x08"
				   "\x82\x01\x06\x1a\x01x\x1a\x01y\x82\x01\x03\x1a\x01z"),
				 &sample, &err),
		0);
	ck_assert_str_eq(sample.text, "y");
	ck_assert_uint_eq(sample.bytes.len, 0);
	ck_assert_uint_eq(sample.number, 2);
	ck_assert(!sample.flag);
	ck_assert_str_eq(sample.leaf->name, "");
	ck_assert_uint_eq(sample.leaf->count, 8);
	ck_assert_uint_eq(sample.part_texts.n, 1);
	ck_assert_str_eq(sample.part_texts.v[0], "z");
}
END_TEST

START_TEST(text_that_is_not_utf8_is_read_as_it_is)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena, B("\x0a\x03\xff\xc0\x80"), &sample, &err), 0);
	ck_assert_str_eq(sample.text, "\xff\xc0\x80");
}
END_TEST

/* That many leaves in each other, as one message. */
static void nest(unsigned n, struct bw_wire *ret)
{
	for (unsigned i = 1; i < n; i++) {
		struct bw_wire outer = {0};

		bw_wire_message(&outer, 3, ret);
		bw_wire_done(ret);
		*ret = outer;
	}
}

START_TEST(eight_messages_in_each_other_are_read_and_nine_are_not)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_wire struct bw_wire eight = {0}, nine = {0};
	struct bw_err err = {0};
	struct leaf leaf;
	unsigned depth = 1;

	nest(BW_PROTO_MAX_DEPTH, &eight);
	ck_assert_int_eq(bw_proto_read(&leaf_table, eight.bytes, eight.len, &arena, &leaf, &err), 0);
	for (const struct leaf *at = &leaf; at->below; at = at->below)
		depth++;
	ck_assert_uint_eq(depth, BW_PROTO_MAX_DEPTH);
	nest(BW_PROTO_MAX_DEPTH + 1, &nine);
	ck_assert_int_eq(bw_proto_read(&leaf_table, nine.bytes, nine.len, &arena, &leaf, &err), -1);
	ck_assert_str_eq(err.text, "Leaf: more than 8 messages in each other");
}
END_TEST

START_TEST(a_list_has_at_most_65536_elements)
{
	auto_wire struct bw_wire wire = {0};
	struct bw_err err;
	struct sample sample;

	for (unsigned field = 5; field <= 7; field += 2) {
		auto_arena struct bw_arena arena = BW_ARENA_INIT;
		char text[80];

		wire.len = 0;
		for (unsigned i = 0; i < BW_PROTO_MAX_ELEMENTS; i++)
			bw_wire_bytes(&wire, field, "", 0);
		ck_assert_int_eq(read_sample(&arena, (const char *)wire.bytes, wire.len, &sample, &err), 0);
		ck_assert_uint_eq(field == 5 ? sample.texts.n : sample.leaves.n, BW_PROTO_MAX_ELEMENTS);
		bw_wire_bytes(&wire, field, "", 0);
		ck_assert_int_eq(read_sample(&arena, (const char *)wire.bytes, wire.len, &sample, &err), -1);
		snprintf(text, sizeof text, "field %u of Sample: more than 65536 elements", field);
		ck_assert_str_eq(err.text, text);
	}
}
END_TEST

START_TEST(a_list_that_is_there_twice_is_counted_anew)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_wire struct bw_wire part = {0}, wire = {0};
	struct bw_err err;
	struct sample sample;

	for (unsigned i = 0; i < BW_PROTO_MAX_ELEMENTS; i++)
		bw_wire_bytes(&part, 3, "", 0);
	bw_wire_message(&wire, 16, &part);
	bw_wire_message(&wire, 16, &part);
	ck_assert_int_eq(read_sample(&arena, (const char *)wire.bytes, wire.len, &sample, &err), 0);
	ck_assert_uint_eq(sample.part_texts.n, BW_PROTO_MAX_ELEMENTS);
}
END_TEST

START_TEST(a_list_that_was_read_can_grow)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err;
	struct sample sample;

	ck_assert_int_eq(read_sample(&arena, B("\x3a\x02\x10\x01\x3a\x02\x10\x02\x3a\x02\x10\x03\x0a\x02hi"), &sample, &err), 0);
	for (unsigned i = 4; i <= 9; i++) {
		struct leaf *leaf = bw_push(&arena, &sample.leaves);

		leaf->count = i;
	}
	for (unsigned i = 0; i < 9; i++)
		ck_assert_uint_eq(sample.leaves.v[i].count, i + 1);
	/* The text was made behind the list. */
	ck_assert_str_eq(sample.text, "hi");
}
END_TEST

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* What costs most for its bytes: empty messages, given often, as one field and as a list; short texts; and how many times
 * its bytes. One field that is given often has one place. */
static const struct {
	const char *bytes;
	size_t len, times;
} dear[] = {
	{B("\x3a\x00"), 20},
	{B("\x32\x00"), 0},
	{B("\x32\x02\x1a\x00"), 10},
	{B("\x2a\x01x"), 10},
	{B("\x0a\x01x"), 10},
	{B("\x3a\x02\x1a\x00"), 20},
	{B("\x82\x01\x03\x1a\x01x"), 10},
};

START_TEST(memory_is_a_small_multiple_of_the_bytes)
{
	auto_wire struct bw_wire wire = {0};
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err;
	struct sample sample;
	size_t before;

	for (unsigned i = 0; i < 50000; i++)
		bw_wire_raw(&wire, dear[_i].bytes, dear[_i].len);
	before = in_use();
	ck_assert_int_eq(read_sample(&arena, (const char *)wire.bytes, wire.len, &sample, &err), 0);
	ck_assert_uint_le(in_use() - before, dear[_i].times * wire.len + 65536);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto");
	TCase *tcase = tcase_create("messages");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, every_kind_is_read_and_written_again_byte_for_byte);
	tcase_add_test(tcase, what_is_absent_is_empty_and_is_not_written);
	tcase_add_test(tcase, cut_at_every_byte_it_is_an_error_or_has_fewer_fields);
	tcase_add_test(tcase, what_no_row_knows_is_skipped);
	tcase_add_loop_test(tcase, what_is_malformed_is_refused_by_message_and_field, 0, (int)BW_COUNT(refused));
	tcase_add_test(tcase, numbers_have_64_bits_and_any_of_them_is_true);
	tcase_add_test(tcase, of_what_is_there_twice_the_last_counts);
	tcase_add_test(tcase, text_that_is_not_utf8_is_read_as_it_is);
	tcase_add_test(tcase, eight_messages_in_each_other_are_read_and_nine_are_not);
	tcase_add_test(tcase, a_list_has_at_most_65536_elements);
	tcase_add_test(tcase, a_list_that_is_there_twice_is_counted_anew);
	tcase_add_test(tcase, a_list_that_was_read_can_grow);
	tcase_add_loop_test(tcase, memory_is_a_small_multiple_of_the_bytes, 0, (int)BW_COUNT(dear));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
