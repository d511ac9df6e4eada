/* SPDX-License-Identifier: Apache-2.0 */
/* detour.h - a while in a mount namespace of our own, in which places are made ready for a program that is started from
 * there, and back to the one that we were in. Who has been started in it keeps it; it ends with the last process in it,
 * whatever happens to us. */
#ifndef BW_CONTAINER_DETOUR_H
#define BW_CONTAINER_DETOUR_H

#include "base/err.h"

struct bw_detour {
	int outside, cwd; /* the namespace and working directory that were left; -1: we are there */
};
#define BW_DETOUR_INIT {.outside = -1, .cwd = -1}

/* Enters a new one. propagation: MS_PRIVATE or MS_SLAVE, of all its mounts; whom: for messages ("criu"). On failure we are
 * where we were. */
int bw_detour_begin(struct bw_detour *detour, unsigned long propagation, const char *whom, struct bw_err *err) BW_MUST_CHECK;
/* Back; nothing to do where we are back already. */
int bw_detour_end(struct bw_detour *detour, struct bw_err *err) BW_MUST_CHECK;

#endif
