/* SPDX-License-Identifier: Apache-2.0 */
/* life.h - how long a container lives: what is to be done when, without a clock or a process of its own. Pure. */
#ifndef BW_KEEPER_LIFE_H
#define BW_KEEPER_LIFE_H

#include "keeper/kept.h"

enum bw_life_step {
	BW_LIFE_NOTHING,
	BW_LIFE_TELL, /* SIGTERM to the init */
	BW_LIFE_KILL, /* everything in the cgroup */
};

/* The program may run from now on. limit_ms 0: for ever. */
void bw_life_begin(struct bw_kept_life *life, uint64_t limit_ms, uint64_t now_ms);
/* What is due now; the next time is set. A life that is over is ended again and again, until somebody sees its end. */
enum bw_life_step bw_life_step(struct bw_kept_life *life, uint64_t grace_ms, uint64_t now_ms);
/* Its end has come for another reason: the next step is BW_LIFE_KILL. */
void bw_life_end_now(struct bw_kept_life *life, uint64_t now_ms);

#endif
