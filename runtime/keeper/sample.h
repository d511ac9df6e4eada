/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h - what a container uses, looked at again and again: numbers, and alerts about them. */
#ifndef BW_KEEPER_SAMPLE_H
#define BW_KEEPER_SAMPLE_H

#include "keeper/kept.h"

/* Its program may run from now on. */
void bw_sample_begin(struct bw_keeping *keeping, uint64_t now_ms);
/* When the time has come: looks, writes, speaks up and acts. */
void bw_sample(struct bw_keeping *keeping, uint64_t now_ms);
/* The last look, when the first process has ended; its numbers go into the host's totals. */
void bw_sample_end(struct bw_keeping *keeping, uint64_t now_ms);

/* The sums of /proc/PID/net/dev but for loopback. Pure. */
void bw_sample_net(const char *text, uint64_t *ret_in_bytes, uint64_t *ret_out_bytes);
/* Adds to a counter what has come since the number was last that. One that has become smaller, as when an interface has gone
 * with what it had counted, adds nothing: counters never go down. Pure. */
void bw_sample_gain(uint64_t *sum, uint64_t *last, uint64_t now);

#endif
