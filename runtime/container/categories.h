/* SPDX-License-Identifier: Apache-2.0 */
/* categories.h - the pair of SELinux categories of a tenant: nobody else on this host has it while one of his containers
 * lives. Says which pair; what is done with it is the control selinux's. */
#ifndef BW_CONTAINER_CATEGORIES_H
#define BW_CONTAINER_CATEGORIES_H

#include "container/state.h"

struct bw_host;

/* Where spec will have a context of our own, or keeps a caller's with a pair of its own: takes the pair for the container,
 * whose directory is there, and puts the level into spec's hardening and into the state. A pair that the caller chose and
 * that somebody else holds is refused (BW_E_DENIED). A host without SELinux: nothing. */
int bw_categories_take(struct bw_container *container, struct bw_spec *spec, const struct bw_host *host,
	struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;
/* The level that a container of that id would try first; nothing is taken. */
int bw_categories_guess(struct bw_spec *spec, const struct bw_host *host, const char *id, struct bw_arena *arena,
	struct bw_err *err) BW_MUST_CHECK;
/* Gives back what the state says that the container took. Only when none of its processes is left. */
int bw_categories_release(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;

#endif
