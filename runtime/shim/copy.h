/* SPDX-License-Identifier: Apache-2.0 */
/* copy.h - one direction of copying, from one descriptor to another, in the loop. It waits for one of the two at a
 * time: for something to read, and when that does not go out, for room. So a slow reader slows its own writer and
 * nobody else, and while nothing happens nothing is held. */
#ifndef BW_SHIM_COPY_H
#define BW_SHIM_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/loop.h"

struct bw_copy {
	int in, out; /* its own, O_NONBLOCK; out -1: what comes is dropped */
	bool spliced; /* both are pipes or fifos */
	bool from_terminal;
	void (*done)(void *ctx); /* at the end; both are closed by then. The copy may be freed from there */
	void *ctx;
	/* its own business */
	struct bw_loop *loop;
	struct bw_source source; /* of the one that is waited for */
	struct bw_timer retry;
	uint32_t waits_for;
	bool running, last;
	char *held; /* read and not yet written: malloc'd, NULL while there is none */
	size_t held_len;
};
#define BW_COPY_INIT {.in = -1, .out = -1, .source = BW_SOURCE_INIT}

/* Ends of itself when in is at its end, or out takes nothing any more. A terminal that nobody has open is not at its
 * end: somebody may open it again. */
int bw_copy_begin(struct bw_copy *copy, struct bw_loop *loop, struct bw_err *err) BW_MUST_CHECK;
/* Nothing more will be written to the terminal at in: its end is where nothing is left to read. Calls done, maybe at once. */
void bw_copy_last(struct bw_copy *copy);
/* Closes both ends, whatever is left, and does not call done. Fine for one that has not begun, or is over. */
void bw_copy_stop(struct bw_copy *copy);

#endif
