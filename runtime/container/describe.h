/* SPDX-License-Identifier: Apache-2.0 */
/* describe.h - the state of a container that is to be: what create, run and restore store before they make anything. */
#ifndef BW_CONTAINER_DESCRIBE_H
#define BW_CONTAINER_DESCRIBE_H

#include "container/decide.h"
#include "container/prepare.h"

/* From the decision over bundle. Its cgroups are named, and seen to be nobody else's: before the set is stored, lest a
 * later delete ends processes that were there before us. All in arena. */
int bw_describe(const struct bw_context *ctx, const char *id, const char *bundle, const struct bw_decision *decision,
	struct bw_preparation *preparation, struct bw_arena *arena, struct bw_state **ret, struct bw_err *err) BW_MUST_CHECK;
/* Once it is chosen: what keeps the blocked endpoints from it. */
int bw_describe_guard(struct bw_state *state, const struct bw_guard *guard, struct bw_arena *arena,
	struct bw_err *err) BW_MUST_CHECK;

#endif
