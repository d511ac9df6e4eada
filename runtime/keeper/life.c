/* SPDX-License-Identifier: Apache-2.0 */
/* life.c - see life.h. */
#include "keeper/life.h"

/* Until the next blow, when one has not ended everything. */
enum { AGAIN_MS = 1000 };

static uint64_t later(uint64_t now_ms, uint64_t ms)
{
	uint64_t at;

	return __builtin_add_overflow(now_ms, ms, &at) ? UINT64_MAX : at;
}

void bw_life_begin(struct bw_kept_life *life, uint64_t limit_ms, uint64_t now_ms)
{
	if (life->begun)
		return;
	life->begun = true;
	life->began_ms = now_ms;
	life->due_ms = limit_ms ? later(now_ms, limit_ms) : 0;
}

enum bw_life_step bw_life_step(struct bw_kept_life *life, uint64_t grace_ms, uint64_t now_ms)
{
	if (!life->due_ms || now_ms < life->due_ms)
		return BW_LIFE_NOTHING;
	if (!life->told) {
		life->told = true;
		life->due_ms = later(now_ms, grace_ms);
		return BW_LIFE_TELL;
	}
	life->forced = true;
	life->due_ms = later(now_ms, AGAIN_MS);
	return BW_LIFE_KILL;
}

void bw_life_end_now(struct bw_kept_life *life, uint64_t now_ms)
{
	life->told = true;
	life->due_ms = now_ms;
}
