/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h - every container of this host, under whatever --root, for what is done to all of them or to all of a
 * tenant's. Of containers of callers who are not root nothing is known here. */
#ifndef BW_CONTAINER_REGISTRY_H
#define BW_CONTAINER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct bw_container;
struct bw_spec_hardening;

/* One container. Its directory may be gone by the time somebody looks. */
struct bw_registered {
	const char *root, *id; /* root as it can be opened from here */
	const char *tenant;    /* NULL: nobody's by name */
	/* What leads from our root directory to the one that its paths are of: "", or for a container of another mount
	 * namespace "/proc/PID/root" of a process there; NULL: no process is left in that, and root leads nowhere. */
	const char *prefix;
};
struct bw_registry {
	struct bw_registered *v;
	size_t n;
};

/* Enters a container whose directory is there and holds nothing yet; again: its line is replaced. store: bw_lease_open().
 * 0 or -1. */
int bw_registry_enter(int store, int dir, const char *tenant, struct bw_err *err) BW_MUST_CHECK;
/* Strikes the container whose directory was dir, which is removed by now but still open: so no other one can have its
 * number. One that is not there is no error. */
int bw_registry_strike(int store, int dir, struct bw_err *err) BW_MUST_CHECK;
/* Those that are there, in arena. Lines of containers whose directory is gone are removed on the way. */
int bw_registry_read(int store, struct bw_arena *arena, struct bw_registry *ret, struct bw_err *err) BW_MUST_CHECK;

/* The same with this host's store, and for each container what fn says: it ends with the first that is not 0. */
int bw_registry_each(int (*fn)(const struct bw_registered *r, void *ctx), void *ctx, struct bw_err *err) BW_MUST_CHECK;
/* For create and restore: enters the new container as its policy has it. Where the host has no such store, a container
 * that no policy holds starts all the same. */
int bw_registry_take(const struct bw_container *container, const struct bw_spec_hardening *hardening,
	struct bw_err *err) BW_MUST_CHECK;
/* For whoever has removed its directory; errors are logged. */
void bw_registry_give_back(const struct bw_container *container);

#endif
