/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ttrpc.c - any bytes as a stream of frames. The frames are the same however the stream was cut, memory stays within
 * what has come, a frame that is written again is what was read, and behind one that was too long the next is found. */
#include <string.h>

#include "fuzz.h"
#include "shim/ttrpc.h"

enum { SLACK = 4096, MAX_READ_OVER = 6 << 20 };

/* What came out so far, as one number. */
struct seen {
	uint64_t hash;
	size_t frames;
};

static void see(struct seen *seen, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		seen->hash = (seen->hash ^ at[i]) * 0x100000001b3;
}

static void must_write_the_same(const struct bw_ttrpc_frame *frame)
{
	auto_wire struct bw_wire wire = {0};

	bw_ttrpc_frame_write(&wire, frame->type, frame->stream, frame->data, frame->len);
	must(wire.len == BW_TTRPC_HEADER + (size_t)frame->len);
	/* It stands in the stream just before its data, but for the flags. */
	must(memcmp(wire.bytes, frame->data - BW_TTRPC_HEADER, BW_TTRPC_HEADER - 1) == 0);
	must(!frame->len || memcmp(wire.bytes + BW_TTRPC_HEADER, frame->data, frame->len) == 0);
}

static void take_all(struct bw_ttrpc_input *input, struct seen *seen)
{
	struct bw_ttrpc_frame frame;
	enum bw_ttrpc_next next;

	while ((next = bw_ttrpc_input_next(input, &frame)) != BW_TTRPC_NONE) {
		must((next == BW_TTRPC_TOO_LONG) == (frame.len > BW_TTRPC_MAX_DATA));
		must((next == BW_TTRPC_FRAME) == (frame.data != NULL));
		see(seen, &frame.stream, sizeof frame.stream);
		see(seen, &frame.len, sizeof frame.len);
		see(seen, &frame.type, 1);
		see(seen, &frame.flags, 1);
		if (next == BW_TTRPC_FRAME) {
			see(seen, frame.data, frame.len);
			must_write_the_same(&frame);
		}
		seen->frames++;
	}
	must((input->bytes == NULL) == (input->len == 0));
}

/* As much as fits of len bytes; NULL are any. */
static size_t put(struct bw_ttrpc_input *input, const uint8_t *data, size_t len)
{
	unsigned char *room;
	size_t size;

	must(bw_ttrpc_input_room(input, &room, &size) == 0);
	must(size > 0);
	size = size < len ? size : len;
	if (data)
		memcpy(room, data, size);
	else
		memset(room, 0xee, size);
	bw_ttrpc_input_filled(input, size);
	return size;
}

/* Behind what is too long stands a frame that must be found. */
static void must_find_the_next(struct bw_ttrpc_input *input)
{
	static const uint8_t next[BW_TTRPC_HEADER + 2] = {0, 0, 0, 2, 0, 0, 0, 9, 1, 0, 'o', 'k'};
	struct bw_ttrpc_frame frame;

	if (!input->discard || input->discard > MAX_READ_OVER)
		return;
	while (input->discard)
		put(input, NULL, input->discard);
	must(bw_ttrpc_input_next(input, &frame) == BW_TTRPC_NONE && !input->bytes);
	for (size_t at = 0; at < sizeof next;)
		at += put(input, next + at, sizeof next - at);
	must(bw_ttrpc_input_next(input, &frame) == BW_TTRPC_FRAME);
	must(frame.stream == 9 && frame.len == 2 && memcmp(frame.data, "ok", 2) == 0);
}

/* Cuts of at most limit bytes, by a seed. */
static struct seen run(const uint8_t *data, size_t size, size_t limit, uint32_t seed)
{
	struct bw_ttrpc_input input = {0};
	struct seen seen = {0};

	for (size_t at = 0; at < size;) {
		size_t left = size - at, cut;

		seed = seed * 1664525 + 1013904223;
		cut = limit == 1 ? 1 : 1 + (seed >> 8) % limit;
		at += put(&input, data + at, cut < left ? cut : left);
		must(input.size <= 2 * at + SLACK);
		take_all(&input, &seen);
	}
	if (limit == SIZE_MAX)
		must_find_the_next(&input);
	bw_ttrpc_input_done(&input);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t limits[] = {2, 7, 16, 300, SIZE_MAX};
	struct seen one = run(data, size, 1, 0);

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct seen other = run(data, size, limits[i], (uint32_t)size + (size ? data[size - 1] : 0));

		must(other.hash == one.hash && other.frames == one.frames);
	}
	return 0;
}
