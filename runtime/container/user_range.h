/* SPDX-License-Identifier: Apache-2.0 */
/* user_range.h - ids of the host for a container whose policy says user.root: userns. Rules are pure: they say where
 * the ids may lie, and these are the ones. */
#ifndef BW_CONTAINER_USER_RANGE_H
#define BW_CONTAINER_USER_RANGE_H

#include "container/state.h"

/* Takes a range of ids for the container, which must have its directory by now, and makes it the mappings of spec's user
 * namespace, in arena. Nothing where the policy gives no range. Fails when all are taken, when others have ids there by
 * /etc/subuid or /etc/subgid, and when they are not ours to give (in a user namespace). */
int bw_user_range_take(const struct bw_container *container, struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err)
	BW_MUST_CHECK;
/* The mappings that spec would get were no other container there, for who makes none. */
int bw_user_range_suppose(struct bw_spec *spec, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;
/* Gives the range back, if there is one; only when no process of the container is left. */
int bw_user_range_give_back(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* The first id of the host in spec's own range. */
struct bw_opt_uint bw_user_range_first(const struct bw_spec *spec);
/* Pipes that the caller made for process become the property of its user, whom the range's ids hide from the child: or
 * it could not open /dev/stdout. */
void bw_user_range_give_pipes(const struct bw_spec *spec, const struct bw_spec_process *process);

#endif
