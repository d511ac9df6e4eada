/* SPDX-License-Identifier: Apache-2.0 */
/* ttrpc.c - frames out of a stream of bytes, however it was cut, and into one. */
#include "shim/ttrpc.h"

#include <stdlib.h>
#include <string.h>

/* What is read at a time when nothing is known yet. */
enum { CHUNK = 4096 };

static uint32_t big_endian(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_big_endian(unsigned char *bytes, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Drops the first n bytes, and what they said: the environment of an exec may hold secrets, and a shim lives long. Memory
 * that a long frame took, or all of it, goes back. */
static void drop(struct bw_ttrpc_input *input, size_t n)
{
	unsigned char *shorter;

	input->len -= n;
	if (input->len == 0) {
		if (input->bytes)
			explicit_bzero(input->bytes, n);
		free(input->bytes);
		input->bytes = NULL;
		input->size = 0;
		return;
	}
	memmove(input->bytes, input->bytes + n, input->len);
	explicit_bzero(input->bytes + input->len, n);
	if (input->size <= CHUNK || input->len > CHUNK)
		return;
	shorter = realloc(input->bytes, CHUNK);
	if (!shorter)
		return;
	input->bytes = shorter;
	input->size = CHUNK;
}

/* Drops what nobody will ask for again: the frame that was given out, and what of a frame that was too long is there. */
static void settle(struct bw_ttrpc_input *input)
{
	size_t over;

	if (input->used)
		drop(input, input->used);
	input->used = 0;
	over = input->len < input->discard ? input->len : input->discard;
	if (over)
		drop(input, over);
	input->discard -= (uint32_t)over;
	if (input->len == 0)
		drop(input, 0);
}

/* How long the frame is that begins here, as far as is known; 0: not at all. */
static size_t frame_size(const struct bw_ttrpc_input *input)
{
	uint32_t len;

	if (input->len < BW_TTRPC_HEADER)
		return 0;
	len = big_endian(input->bytes);
	return len > BW_TTRPC_MAX_DATA ? 0 : BW_TTRPC_HEADER + (size_t)len;
}

/* Memory grows with what has come, not with what a header promises. */
static int grow(struct bw_ttrpc_input *input)
{
	size_t limit = frame_size(input), size = input->size ? 2 * input->size : CHUNK;
	unsigned char *grown;

	if (limit < input->len + CHUNK)
		limit = input->len + CHUNK;
	if (limit > BW_TTRPC_HEADER + BW_TTRPC_MAX_DATA + CHUNK)
		limit = BW_TTRPC_HEADER + BW_TTRPC_MAX_DATA + CHUNK;
	if (size > limit)
		size = limit;
	if (size <= input->len)
		return -1;
	grown = malloc(size);
	if (!grown)
		return -1;
	if (input->len) {
		memcpy(grown, input->bytes, input->len);
		explicit_bzero(input->bytes, input->len);
	}
	free(input->bytes);
	input->bytes = grown;
	input->size = size;
	return 0;
}

int bw_ttrpc_input_room(struct bw_ttrpc_input *input, unsigned char **ret, size_t *ret_size)
{
	settle(input);
	if (input->len == input->size && grow(input) < 0)
		return -1;
	*ret = input->bytes + input->len;
	*ret_size = input->size - input->len;
	return 0;
}

void bw_ttrpc_input_filled(struct bw_ttrpc_input *input, size_t len)
{
	input->len += len;
	settle(input);
}

enum bw_ttrpc_next bw_ttrpc_input_next(struct bw_ttrpc_input *input, struct bw_ttrpc_frame *ret)
{
	size_t size;

	settle(input);
	if (input->len < BW_TTRPC_HEADER)
		return BW_TTRPC_NONE;
	size = frame_size(input);
	if (size && input->len < size)
		return BW_TTRPC_NONE;
	*ret = (struct bw_ttrpc_frame){
		.len = big_endian(input->bytes),
		.stream = big_endian(input->bytes + 4),
		.type = input->bytes[8],
		.flags = input->bytes[9],
		.data = size ? input->bytes + BW_TTRPC_HEADER : NULL,
	};
	if (!size)
		input->discard = ret->len;
	input->used = size ? size : BW_TTRPC_HEADER;
	return size ? BW_TTRPC_FRAME : BW_TTRPC_TOO_LONG;
}

void bw_ttrpc_input_done(struct bw_ttrpc_input *input)
{
	if (input->bytes)
		explicit_bzero(input->bytes, input->len);
	free(input->bytes);
	*input = (struct bw_ttrpc_input){0};
}

void bw_ttrpc_frame_write(struct bw_wire *out, enum bw_ttrpc_type type, uint32_t stream, const void *data, size_t len)
{
	unsigned char header[BW_TTRPC_HEADER] = {0};

	if (len > BW_TTRPC_MAX_DATA) {
		out->no_memory = true;
		return;
	}
	put_big_endian(header, (uint32_t)len);
	put_big_endian(header + 4, stream);
	header[8] = (unsigned char)type;
	bw_wire_raw(out, header, sizeof header);
	bw_wire_raw(out, data, len);
}
