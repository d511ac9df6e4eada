/* SPDX-License-Identifier: Apache-2.0 */
/* test_ttrpc.c - frames: the header, byte for byte; any cut of the stream gives the same frames; what is too long is read
 * over; memory is held only while something waits. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "shim/ttrpc.h"

#define auto_input __attribute__((cleanup(bw_ttrpc_input_done)))
#define B(literal) (literal), sizeof(literal) - 1

/* len bytes as reads give them, at most at_a_time of them. */
static void feed(struct bw_ttrpc_input *input, const unsigned char *bytes, size_t len, size_t at_a_time)
{
	unsigned char *room;
	size_t size;

	if (len > at_a_time)
		len = at_a_time;
	while (len) {
		ck_assert_int_eq(bw_ttrpc_input_room(input, &room, &size), 0);
		ck_assert_uint_ge(size, 1);
		size = size < len ? size : len;
		memcpy(room, bytes, size);
		bw_ttrpc_input_filled(input, size);
		bytes += size;
		len -= size;
	}
}

START_TEST(a_frame_is_a_header_and_data)
{
	auto_wire struct bw_wire out = {0};
	static const char wanted[] = "\x00\x00\x00\x05\x01\x02\x03\x04\x01\x00hello"
				     "\x00\x00\x00\x00\x00\x00\x00\x03\x02\x00";

	bw_ttrpc_frame_write(&out, BW_TTRPC_REQUEST, 0x01020304, "hello", 5);
	bw_ttrpc_frame_write(&out, BW_TTRPC_RESPONSE, 3, NULL, 0);
	ck_assert_uint_eq(out.len, sizeof wanted - 1);
	ck_assert_mem_eq(out.bytes, wanted, out.len);
}
END_TEST

START_TEST(four_mebibytes_are_written_and_a_byte_more_is_not)
{
	auto_wire struct bw_wire out = {0};
	auto_free unsigned char *data = calloc(1, BW_TTRPC_MAX_DATA + 1);

	bw_ttrpc_frame_write(&out, BW_TTRPC_RESPONSE, 1, data, BW_TTRPC_MAX_DATA);
	ck_assert_uint_eq(out.len, BW_TTRPC_HEADER + BW_TTRPC_MAX_DATA);
	ck_assert_mem_eq(out.bytes, "\x00\x40\x00\x00", 4);
	ck_assert(!out.no_memory);
	out.len = 0;
	bw_ttrpc_frame_write(&out, BW_TTRPC_RESPONSE, 1, data, BW_TTRPC_MAX_DATA + 1);
	ck_assert_uint_eq(out.len, 0);
	ck_assert(out.no_memory);
}
END_TEST

/* Three frames, one without data, one of a type that nobody knows. */
static const char stream[] = "\x00\x00\x00\x03\x00\x00\x00\x01\x01\x02one"
			     "\x00\x00\x00\x00\x80\x00\x00\x03\x02\x00"
			     "\x00\x00\x00\x05\xff\xff\xff\xff\xc8\x04three";
static const struct {
	const char *data;
	uint32_t stream;
	uint8_t type, flags;
} frames[] = {
	{"one", 1, BW_TTRPC_REQUEST, BW_TTRPC_REMOTE_OPEN},
	{"", 0x80000003, BW_TTRPC_RESPONSE, 0},
	{"three", 0xffffffff, 0xc8, BW_TTRPC_NO_DATA},
};

static void is_frame(const struct bw_ttrpc_frame *frame, size_t i)
{
	ck_assert_uint_lt(i, BW_COUNT(frames));
	ck_assert_uint_eq(frame->stream, frames[i].stream);
	ck_assert_uint_eq(frame->type, frames[i].type);
	ck_assert_uint_eq(frame->flags, frames[i].flags);
	ck_assert_uint_eq(frame->len, strlen(frames[i].data));
	ck_assert_ptr_nonnull(frame->data);
	ck_assert_mem_eq(frame->data, frames[i].data, frame->len);
}

START_TEST(frames_are_the_same_however_the_stream_is_cut)
{
	size_t len = sizeof stream - 1;

	for (size_t at_a_time = 1; at_a_time <= len; at_a_time++) {
		auto_input struct bw_ttrpc_input input = {0};
		struct bw_ttrpc_frame frame;
		size_t n = 0;

		for (size_t at = 0; at < len; at += at_a_time) {
			feed(&input, (const unsigned char *)stream + at, len - at, at_a_time);
			while (bw_ttrpc_input_next(&input, &frame) == BW_TTRPC_FRAME)
				is_frame(&frame, n++);
		}
		ck_assert_uint_eq(n, BW_COUNT(frames));
		ck_assert_ptr_null(input.bytes);
	}
}
END_TEST

START_TEST(a_frame_that_is_not_whole_waits)
{
	static const size_t ends[] = {13, 23, 38};

	for (size_t len = 0; len < sizeof stream - 1; len++) {
		auto_input struct bw_ttrpc_input input = {0};
		struct bw_ttrpc_frame frame;
		size_t n = 0, wanted = 0;

		while (ends[wanted] <= len)
			wanted++;
		feed(&input, (const unsigned char *)stream, len, len);
		while (bw_ttrpc_input_next(&input, &frame) == BW_TTRPC_FRAME)
			n++;
		ck_assert_uint_eq(n, wanted);
		ck_assert_uint_eq(input.len, len - (n ? ends[n - 1] : 0));
		ck_assert(!input.bytes == !input.len);
	}
}
END_TEST

START_TEST(four_mebibytes_are_read)
{
	auto_input struct bw_ttrpc_input input = {0};
	auto_wire struct bw_wire out = {0};
	auto_free unsigned char *data = malloc(BW_TTRPC_MAX_DATA);
	struct bw_ttrpc_frame frame;

	for (size_t i = 0; i < BW_TTRPC_MAX_DATA; i++)
		data[i] = (unsigned char)(i * 31 >> 3);
	bw_ttrpc_frame_write(&out, BW_TTRPC_REQUEST, 1, data, BW_TTRPC_MAX_DATA);
	feed(&input, out.bytes, out.len - 1, SIZE_MAX);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_NONE);
	ck_assert_uint_le(input.size, BW_TTRPC_HEADER + BW_TTRPC_MAX_DATA + 4096);
	feed(&input, out.bytes + out.len - 1, 1, 1);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_FRAME);
	ck_assert_uint_eq(frame.len, BW_TTRPC_MAX_DATA);
	ck_assert_mem_eq(frame.data, data, BW_TTRPC_MAX_DATA);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_NONE);
	ck_assert_ptr_null(input.bytes);
}
END_TEST

START_TEST(a_longer_frame_is_told_of_once_and_read_over)
{
	static const size_t steps[] = {1000, 4096};
	auto_wire struct bw_wire out = {0};
	auto_free unsigned char *data = malloc(BW_TTRPC_MAX_DATA + 1);

	memset(data, 0xff, BW_TTRPC_MAX_DATA + 1);
	bw_wire_raw(&out, B("\x00\x40\x00\x01\x00\x00\x00\x07\x01\x00"));
	bw_wire_raw(&out, data, BW_TTRPC_MAX_DATA + 1);
	bw_wire_raw(&out, B(stream));
	for (size_t i = 0; i < BW_COUNT(steps); i++) {
		auto_input struct bw_ttrpc_input input = {0};
		struct bw_ttrpc_frame frame;
		size_t n = 0, too_long = 0;
		enum bw_ttrpc_next next;

		for (size_t at = 0; at < out.len; at += steps[i]) {
			feed(&input, out.bytes + at, out.len - at, steps[i]);
			while ((next = bw_ttrpc_input_next(&input, &frame)) != BW_TTRPC_NONE) {
				if (next == BW_TTRPC_FRAME) {
					is_frame(&frame, n++);
					continue;
				}
				too_long++;
				ck_assert_uint_eq(frame.len, BW_TTRPC_MAX_DATA + 1);
				ck_assert_uint_eq(frame.stream, 7);
				ck_assert_ptr_null(frame.data);
			}
			ck_assert_uint_le(input.size, 8192);
		}
		ck_assert_uint_eq(too_long, 1);
		ck_assert_uint_eq(n, BW_COUNT(frames));
	}
}
END_TEST

START_TEST(the_longest_length_is_read_over_too)
{
	auto_input struct bw_ttrpc_input input = {0};
	struct bw_ttrpc_frame frame;
	uint64_t left = UINT32_MAX;
	unsigned char *room;
	size_t size;

	feed(&input, (const unsigned char *)"\xff\xff\xff\xff\x00\x00\x00\x07\x01\x00", 10, 10);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_TOO_LONG);
	while (left) {
		ck_assert_int_eq(bw_ttrpc_input_room(&input, &room, &size), 0);
		size = size < left ? size : (size_t)left;
		bw_ttrpc_input_filled(&input, size);
		ck_assert_ptr_null(input.bytes);
		left -= size;
	}
	feed(&input, (const unsigned char *)stream, 13, 13);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_FRAME);
	is_frame(&frame, 0);
}
END_TEST

START_TEST(memory_grows_with_what_has_come_not_with_what_is_promised)
{
	auto_input struct bw_ttrpc_input input = {0};
	struct bw_ttrpc_frame frame;
	unsigned char *room, zero[100] = {0};
	size_t size;

	feed(&input, (const unsigned char *)"\x00\x40\x00\x00\x00\x00\x00\x07\x01\x00", 10, 10);
	for (size_t len = 10; len < BW_TTRPC_MAX_DATA; len += 100) {
		ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_NONE);
		feed(&input, zero, 100, 100);
		ck_assert_uint_le(input.size, 2 * (len + 100) + 4096);
	}
	ck_assert_int_eq(bw_ttrpc_input_room(&input, &room, &size), 0);
}
END_TEST

START_TEST(memory_goes_back_when_nothing_waits)
{
	auto_input struct bw_ttrpc_input input = {0};
	auto_free unsigned char *data = calloc(1, 1 << 20);
	auto_wire struct bw_wire out = {0};
	struct bw_ttrpc_frame frame;
	unsigned char *room;
	size_t size;

	/* nothing was there to read */
	ck_assert_int_eq(bw_ttrpc_input_room(&input, &room, &size), 0);
	bw_ttrpc_input_filled(&input, 0);
	ck_assert_ptr_null(input.bytes);
	/* behind a long frame a short one has begun */
	bw_ttrpc_frame_write(&out, BW_TTRPC_REQUEST, 1, data, 1 << 20);
	bw_wire_raw(&out, stream, 12);
	feed(&input, out.bytes, out.len, SIZE_MAX);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_FRAME);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_NONE);
	ck_assert_uint_eq(input.len, 12);
	ck_assert_uint_le(input.size, 4096);
	feed(&input, (const unsigned char *)"e", 1, 1);
	ck_assert_int_eq(bw_ttrpc_input_next(&input, &frame), BW_TTRPC_FRAME);
	is_frame(&frame, 0);
}
END_TEST

START_TEST(who_never_takes_a_frame_gets_no_more_room_than_for_the_longest)
{
	auto_input struct bw_ttrpc_input input = {0};
	unsigned char *room;
	size_t size;

	while (bw_ttrpc_input_room(&input, &room, &size) == 0) {
		memset(room, 0, size);
		bw_ttrpc_input_filled(&input, size);
		ck_assert_uint_le(input.len, BW_TTRPC_HEADER + BW_TTRPC_MAX_DATA + 4096);
	}
	ck_assert_uint_ge(input.len, BW_TTRPC_HEADER + BW_TTRPC_MAX_DATA);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ttrpc");
	TCase *tcase = tcase_create("frames");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_frame_is_a_header_and_data);
	tcase_add_test(tcase, four_mebibytes_are_written_and_a_byte_more_is_not);
	tcase_add_test(tcase, frames_are_the_same_however_the_stream_is_cut);
	tcase_add_test(tcase, a_frame_that_is_not_whole_waits);
	tcase_add_test(tcase, four_mebibytes_are_read);
	tcase_add_test(tcase, a_longer_frame_is_told_of_once_and_read_over);
	tcase_add_test(tcase, the_longest_length_is_read_over_too);
	tcase_add_test(tcase, memory_grows_with_what_has_come_not_with_what_is_promised);
	tcase_add_test(tcase, memory_goes_back_when_nothing_waits);
	tcase_add_test(tcase, who_never_takes_a_frame_gets_no_more_room_than_for_the_longest);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
