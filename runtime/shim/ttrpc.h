/* SPDX-License-Identifier: Apache-2.0 */
/* ttrpc.h - ttrpc's frames (github.com/containerd/ttrpc, PROTOCOL.md): a header of ten bytes, then data. Pure: what has been
 * read goes in, whole frames come out; the other way round for what is to be written. */
#ifndef BW_SHIM_TTRPC_H
#define BW_SHIM_TTRPC_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

enum { BW_TTRPC_HEADER = 10, BW_TTRPC_MAX_DATA = 4 << 20 };
enum bw_ttrpc_type { BW_TTRPC_REQUEST = 1, BW_TTRPC_RESPONSE = 2, BW_TTRPC_DATA = 3 };
enum { BW_TTRPC_REMOTE_CLOSED = 1, BW_TTRPC_REMOTE_OPEN = 2, BW_TTRPC_NO_DATA = 4 };
/* google.rpc.Code, as far as shims use it. */
enum bw_ttrpc_code {
	BW_TTRPC_OK = 0,
	BW_TTRPC_CANCELED = 1,
	BW_TTRPC_UNKNOWN = 2,
	BW_TTRPC_INVALID_ARGUMENT = 3,
	BW_TTRPC_DEADLINE_EXCEEDED = 4,
	BW_TTRPC_NOT_FOUND = 5,
	BW_TTRPC_ALREADY_EXISTS = 6,
	BW_TTRPC_PERMISSION_DENIED = 7,
	BW_TTRPC_RESOURCE_EXHAUSTED = 8,
	BW_TTRPC_FAILED_PRECONDITION = 9,
	BW_TTRPC_UNIMPLEMENTED = 12,
	BW_TTRPC_INTERNAL = 13,
	BW_TTRPC_UNAVAILABLE = 14,
};

struct bw_ttrpc_frame {
	uint32_t stream;
	uint8_t type, flags;
	uint32_t len; /* of the data, as the header says */
	const unsigned char *data; /* NULL when TOO_LONG */
};
/* What has been read and is not a whole frame yet. Memory is held only while there is something. */
struct bw_ttrpc_input {
	unsigned char *bytes; /* malloc'd */
	size_t len, size, used; /* used: of the frame that was given out last */
	uint32_t discard; /* of a frame that was too long, still to come */
};

/* Where to read to next: at least one byte of room at *ret, *ret_size of it; -1 when memory is out. At most one frame and
 * a few KiB are kept. */
int bw_ttrpc_input_room(struct bw_ttrpc_input *input, unsigned char **ret, size_t *ret_size);
/* len bytes were read to there; 0 gives the memory back if nothing waits. */
void bw_ttrpc_input_filled(struct bw_ttrpc_input *input, size_t len);
enum bw_ttrpc_next {
	BW_TTRPC_NONE,	   /* more is to be read */
	BW_TTRPC_FRAME,
	BW_TTRPC_TOO_LONG, /* ret is set but for its data, which is read over; to be answered by RESOURCE_EXHAUSTED */
};
/* The next whole frame; its data is good until the next call. */
enum bw_ttrpc_next bw_ttrpc_input_next(struct bw_ttrpc_input *input, struct bw_ttrpc_frame *ret);
void bw_ttrpc_input_done(struct bw_ttrpc_input *input);

/* Header and data, appended. Data that are longer than BW_TTRPC_MAX_DATA are not: out->no_memory shows it. */
void bw_ttrpc_frame_write(struct bw_wire *out, enum bw_ttrpc_type type, uint32_t stream, const void *data, size_t len);

#endif
