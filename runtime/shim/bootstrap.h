/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap.h - what `start` is told: on standard input, in one of three forms, and by the bundle. */
#ifndef BW_SHIM_BOOTSTRAP_H
#define BW_SHIM_BOOTSTRAP_H

#include "shim/messages.h"
#include "shim/shim.h"

struct bw_bootstrap {
	const struct bw_any *options; /* or NULL */
	const char *events;	      /* containerd's ttrpc socket, or NULL */
	const char *containerd;	      /* its socket, "" when nobody says */
	const char *socket_dir;	      /* or NULL */
	bool debug;
};

/* input: nothing; an Any with runtime options (containerd before 2.3); or BootstrapParams, which is known by holding the
 * call's id and namespace, since an Any can be read as one, too. What it does not say is taken from the call and the
 * environment. Memory is the arena's, and input's. */
int bw_bootstrap_read(const struct bw_shim_call *call, const void *input, size_t len, struct bw_arena *arena,
	struct bw_bootstrap *ret, struct bw_err *err) BW_MUST_CHECK;
/* The group that config.json in the working directory puts the container in, by annotation; NULL without one, and without
 * a config.json. A name that is none is an error. */
int bw_bootstrap_group(struct bw_arena *arena, const char **ret, struct bw_err *err) BW_MUST_CHECK;

#endif
