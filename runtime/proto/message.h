/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - messages of protocol buffers (proto3) as C structs, by table: one row per field says number, kind and
 * place; one engine reads and writes by the same rows. Pure. What a table does not know is skipped, as the encoding
 * chapter of the protocol buffers' documentation asks; what is malformed is an error. */
#ifndef BW_PROTO_MESSAGE_H
#define BW_PROTO_MESSAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "proto/wire.h"

struct bw_proto_bytes {
	const unsigned char *v;
	size_t len;
};
struct bw_proto_texts {
	const char **v;
	size_t n;
};
/* What each list of messages { T *v; size_t n; } looks like to the engine. */
struct bw_proto_list {
	void *v;
	size_t n;
};

enum bw_proto_kind {
	BW_PROTO_END,
	BW_PROTO_TEXT,	  /* const char *: "" when absent, never NULL after reading; no NUL inside */
	BW_PROTO_BYTES,	  /* struct bw_proto_bytes */
	BW_PROTO_NUMBER,  /* uint64_t: uint32, uint64, int32, int64 (64 bits, two's complement), enum */
	BW_PROTO_BOOL,	  /* bool */
	BW_PROTO_TEXTS,	  /* struct bw_proto_texts: repeated string */
	BW_PROTO_MESSAGE, /* T *: NULL when absent; given twice, the last one counts */
	BW_PROTO_LIST,	  /* struct { T *v; size_t n; }: repeated message */
	BW_PROTO_PART,	  /* a message whose fields are members of the same struct: no offset; there when one of them is */
};

struct bw_proto_row {
	unsigned number;
	enum bw_proto_kind kind;
	size_t offset;
	const struct bw_proto_table *of; /* MESSAGE, LIST, PART */
};
struct bw_proto_table {
	const char *name; /* of the message, for errors: "CreateTaskRequest" */
	size_t size;	  /* of the struct */
	const struct bw_proto_row *rows; /* the last is BW_PROTO_END */
	const struct bw_proto_row *texts; /* texts of the struct that this message has not: "", too; or NULL */
};

/* Bytes into the struct at ret, which is overwritten. Texts, lists and messages are the arena's, lists with room as bw_push()
 * wants it; BYTES point into bytes. BW_E_USAGE with message and field when they are malformed, a field is of another type
 * than its row, a text holds a NUL, a list has more than BW_PROTO_MAX_ELEMENTS, or more than BW_PROTO_MAX_DEPTH messages are
 * in each other. What is allocated is a small multiple of len. */
enum { BW_PROTO_MAX_DEPTH = 8, BW_PROTO_MAX_ELEMENTS = 1 << 16 };
int bw_proto_read(const struct bw_proto_table *table, const void *bytes, size_t len, struct bw_arena *arena, void *ret,
	struct bw_err *err) BW_MUST_CHECK;
/* The struct as bytes, appended. As proto3 has it, what is 0, false, empty or NULL is not written; an empty message that is
 * there is. ret->no_memory shows when memory is out. */
void bw_proto_write(const struct bw_proto_table *table, const void *value, struct bw_wire *ret);

#endif
