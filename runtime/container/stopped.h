/* SPDX-License-Identifier: Apache-2.0 */
/* stopped.h - whom the kill switch has stopped: a file each, which outlives a restart of the host. While it is there nothing
 * of theirs is started.
 *
 * Why nobody slips through: the switch writes the file first and looks for containers afterwards; whoever starts something
 * makes it findable first (the container's line in the registry and its init's pid, the process in its cgroup) and looks for
 * the file afterwards, while it still waits for its program. So for each start one of the two sees the other: the look that
 * comes first in time finds nothing only when its owner's own mark was made even before. */
#ifndef BW_CONTAINER_STOPPED_H
#define BW_CONTAINER_STOPPED_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum { BW_STOPPED_REASON_MAX = 200 };

/* What is on record of one. */
struct bw_stopped {
	char *tenant; /* NULL: everybody */
	char *since;  /* RFC 3339 in UTC */
	char *reason; /* may be NULL */
	char *mode;   /* "kill", "quarantine" */
};
struct bw_stopped_list {
	struct bw_stopped *v;
	size_t n;
};

/* Whether containers of tenant (may be NULL) may start: BW_E_DENIED with who is stopped, since when and why. Where it cannot
 * be seen they may not. */
int bw_stopped_check(const char *tenant, struct bw_err *err) BW_MUST_CHECK;
/* Stops a tenant, or everybody (NULL): on disk when it returns. Who is stopped already is so with the new reason and mode,
 * and since the same time. */
int bw_stopped_write(const char *tenant, const char *reason, bool quarantine, struct bw_err *err) BW_MUST_CHECK;
/* Ends that: 1, 0 when it was not stopped, or -1. */
int bw_stopped_lift(const char *tenant, struct bw_err *err) BW_MUST_CHECK;
/* All who are stopped, in arena. */
int bw_stopped_read(struct bw_arena *arena, struct bw_stopped_list *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
