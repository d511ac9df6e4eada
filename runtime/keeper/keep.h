/* SPDX-License-Identifier: Apache-2.0 */
/* keep.h - the loop of the process that does the work. */
#ifndef BW_KEEPER_KEEP_H
#define BW_KEEPER_KEEP_H

#include "keeper/kept.h"

enum bw_keep_end {
	BW_KEEP_OVER,	  /* the container has ended, and all is done */
	BW_KEEP_ORPHANED, /* the other process is gone */
	BW_KEEP_FAILED,
};

/* Keeps the container until it ends. other: pidfd of the process that looks after this one. */
enum bw_keep_end bw_keep(struct bw_keeping *keeping, int other);

#endif
