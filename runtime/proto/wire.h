/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - the wire format of protocol buffers: numbers (varints) and byte strings, one of which may hold a further
 * message. Pure. See the encoding chapter of the protocol buffers' documentation. */
#ifndef BW_PROTO_WIRE_H
#define BW_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; no_memory is for the end to look at. */
struct bw_wire {
	unsigned char *bytes; /* malloc'd */
	size_t len, size;
	bool no_memory;
};

void bw_wire_done(struct bw_wire *wire);
#define auto_wire __attribute__((cleanup(bw_wire_done)))

/* A negative int32 or int64 is its 64 bits. */
void bw_wire_number(struct bw_wire *wire, unsigned field, uint64_t value);
void bw_wire_double(struct bw_wire *wire, unsigned field, double value);
void bw_wire_bytes(struct bw_wire *wire, unsigned field, const void *bytes, size_t len);
void bw_wire_text(struct bw_wire *wire, unsigned field, const char *text);
/* inner as a message in field; what inner lacks, wire lacks, too. */
void bw_wire_message(struct bw_wire *wire, unsigned field, const struct bw_wire *inner);
/* len bytes as they are: what stands around a message. */
void bw_wire_raw(struct bw_wire *wire, const void *bytes, size_t len);

/* One field as it was read; bytes point into what is read. */
struct bw_wire_field {
	unsigned number;
	bool is_bytes, is_fixed; /* neither: a varint */
	uint64_t value;
	const unsigned char *bytes;
	size_t len;
};
struct bw_wire_reader {
	const unsigned char *at, *end;
};
/* The next field: 1, 0 at the end, -1: that is no message. Fixed-size numbers are read, too. */
int bw_wire_next(struct bw_wire_reader *reader, struct bw_wire_field *ret);

#endif
