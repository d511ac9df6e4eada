/* SPDX-License-Identifier: Apache-2.0 */
/* in_force.h - which locks of a container are in force now: what was stored at create, less what has died since. */
#ifndef BW_CONTAINER_IN_FORCE_H
#define BW_CONTAINER_IN_FORCE_H

#include "container/state.h"

/* Sentences into the arena: what is in force, and what is not. Of a container that has stopped it is what was. */
int bw_in_force_now(const struct bw_container *container, struct bw_arena *arena, struct bw_strs *ret_layers,
	struct bw_strs *ret_degraded, struct bw_err *err) BW_MUST_CHECK;

#endif
