/* SPDX-License-Identifier: Apache-2.0 */
/* start_rate.h - how often a tenant may start containers: a bucket of tokens for each, whatever the state root. */
#ifndef BW_CONTAINER_START_RATE_H
#define BW_CONTAINER_START_RATE_H

#include <stdint.h>

#include "container/bulwark.h"
#include "spec/spec.h"

struct bw_state;

/* One token out of the bucket of that name, which holds per_minute of them and is filled evenly with as many in each
 * minute. store: bw_lease_open(); now_ms: of a clock that runs while the host sleeps. 0, or 1 when there is none, and in
 * *ret_wait_ms the time until there is one; nothing is taken then. -1 with *err. */
int bw_start_rate_take(int store, const char *bucket, uint64_t per_minute, uint64_t now_ms, uint64_t *ret_wait_ms,
	struct bw_err *err) BW_MUST_CHECK;

/* Removes buckets that nobody has used for an hour, which are full in any case. */
int bw_start_rate_sweep(int store, uint64_t now_ms, struct bw_err *err) BW_MUST_CHECK;

/* For create, run and restore: BW_E_DENIED when the policy's number is reached. Where a caller who is not root has no
 * store, state is degraded by it. */
int bw_start_rate_check(const struct bw_context *ctx, const struct bw_spec_hardening *hardening, struct bw_state *state,
	struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;

#endif
