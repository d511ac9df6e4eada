/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h - a user namespace for a moment: the kernel takes the map of an id-mapped mount from one (mount_setattr(2)), and one
 * lives as long as somebody is in it or has it open. */
#ifndef BW_BASE_KEEPER_H
#define BW_BASE_KEEPER_H

#include <sys/types.h>

#include "base/err.h"

/* A process that does nothing in a user namespace of its own until its pipe ends, as it does when we do. */
struct bw_keeper {
	pid_t pid;
	int pipe;
};

/* Without maps yet: they are for the caller to write, and so is the opening of /proc/PID/ns/user. */
int bw_keeper_begin(struct bw_keeper *ret, struct bw_err *err) BW_MUST_CHECK;
/* Ends and reaps it. */
void bw_keeper_end(const struct bw_keeper *keeper);

#endif
