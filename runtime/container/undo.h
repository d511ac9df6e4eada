/* SPDX-License-Identifier: Apache-2.0 */
/* undo.h - the end of a container: its processes, cgroups and directory. From the stored state alone, so that
 * it works for whatever a kill at any moment has left. */
#ifndef BW_CONTAINER_UNDO_H
#define BW_CONTAINER_UNDO_H

#include "container/state.h"

/* After a failed creation: kills what runs, removes cgroups and directory; errors are only logged, since the
 * failure that led here is what the caller must see. */
void bw_undo(struct bw_container *container);
/* The ordinary end: remaining processes, cgroups, directory, then the poststop hooks (spec may be NULL: none).
 * err may be NULL. */
int bw_remove(struct bw_container *container, const struct bw_spec *spec, struct bw_err *err);
/* Kills every process of a container and waits until they are gone (at most ten seconds); nothing of it is removed. */
int bw_end_processes(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* Lets a paused container go on, so that a SIGKILL that was sent before reaches it. */
void bw_thaw(const struct bw_container *container);
/* SIGKILL to whatever the descriptor names. */
void bw_pidfd_kill(int pidfd);

#endif
