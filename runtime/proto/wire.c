/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - writing and reading of fields. */
#include "proto/wire.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum { MAX_FIELD = (1 << 29) - 1, VARINT_BYTES = 10 };

void bw_wire_done(struct bw_wire *wire)
{
	free(wire->bytes);
	*wire = (struct bw_wire){0};
}

void bw_wire_raw(struct bw_wire *wire, const void *bytes, size_t len)
{
	size_t size = wire->size ? wire->size : 256;
	unsigned char *grown;

	if (wire->no_memory || len == 0)
		return;
	while (size - wire->len < len && size < SIZE_MAX / 2)
		size *= 2;
	if (size != wire->size) {
		grown = size - wire->len < len ? NULL : realloc(wire->bytes, size);
		if (!grown) {
			wire->no_memory = true;
			return;
		}
		wire->bytes = grown;
		wire->size = size;
	}
	memcpy(wire->bytes + wire->len, bytes, len);
	wire->len += len;
}

static void append_varint(struct bw_wire *wire, uint64_t value)
{
	unsigned char bytes[VARINT_BYTES];
	size_t n = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[n++] = (unsigned char)(value | 0x80);
	bytes[n++] = (unsigned char)value;
	bw_wire_raw(wire, bytes, n);
}

void bw_wire_number(struct bw_wire *wire, unsigned field, uint64_t value)
{
	append_varint(wire, (uint64_t)field << 3 | VARINT);
	append_varint(wire, value);
}

/* Its bits, the lowest byte first. */
void bw_wire_double(struct bw_wire *wire, unsigned field, double value)
{
	unsigned char bytes[sizeof(uint64_t)];
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(bits >> (8 * i));
	append_varint(wire, (uint64_t)field << 3 | FIXED64);
	bw_wire_raw(wire, bytes, sizeof bytes);
}

void bw_wire_bytes(struct bw_wire *wire, unsigned field, const void *bytes, size_t len)
{
	append_varint(wire, (uint64_t)field << 3 | BYTES);
	append_varint(wire, len);
	bw_wire_raw(wire, bytes, len);
}

void bw_wire_text(struct bw_wire *wire, unsigned field, const char *text)
{
	bw_wire_bytes(wire, field, text, strlen(text));
}

void bw_wire_message(struct bw_wire *wire, unsigned field, const struct bw_wire *inner)
{
	wire->no_memory = wire->no_memory || inner->no_memory;
	bw_wire_bytes(wire, field, inner->bytes, inner->len);
}

static int read_varint(struct bw_wire_reader *reader, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_BYTES; i++) {
		unsigned char byte;

		if (reader->at == reader->end)
			return -1;
		byte = *reader->at++;
		/* Of the tenth byte one bit has room. */
		if (i == VARINT_BYTES - 1 && byte > 1)
			return -1;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*ret = value;
			return 0;
		}
	}
	return -1;
}

static int read_bytes(struct bw_wire_reader *reader, struct bw_wire_field *field)
{
	uint64_t len;

	if (read_varint(reader, &len) < 0 || len > (uint64_t)(reader->end - reader->at))
		return -1;
	field->is_bytes = true;
	field->bytes = reader->at;
	field->len = (size_t)len;
	reader->at += len;
	return 1;
}

/* Little-endian. */
static int read_fixed(struct bw_wire_reader *reader, size_t size, struct bw_wire_field *field)
{
	if ((size_t)(reader->end - reader->at) < size)
		return -1;
	field->is_fixed = true;
	for (size_t i = 0; i < size; i++)
		field->value |= (uint64_t)*reader->at++ << (8 * i);
	return 1;
}

int bw_wire_next(struct bw_wire_reader *reader, struct bw_wire_field *ret)
{
	uint64_t tag;

	*ret = (struct bw_wire_field){0};
	if (reader->at == reader->end)
		return 0;
	if (read_varint(reader, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > MAX_FIELD)
		return -1;
	ret->number = (unsigned)(tag >> 3);
	switch (tag & 7) {
	case VARINT:
		return read_varint(reader, &ret->value) < 0 ? -1 : 1;
	case BYTES:
		return read_bytes(reader, ret);
	case FIXED64:
		return read_fixed(reader, sizeof(uint64_t), ret);
	case FIXED32:
		return read_fixed(reader, sizeof(uint32_t), ret);
	default: /* groups are of old times, and nobody we talk to has one */
		return -1;
	}
}
