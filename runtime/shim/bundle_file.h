/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_file.h - what the server leaves in a container's bundle for `delete`, which runs when the server may be gone and is
 * told nothing but the id. containerd removes the bundle, and this with it. */
#ifndef BW_SHIM_BUNDLE_FILE_H
#define BW_SHIM_BUNDLE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

#define BW_BUNDLE_FILE "bulwark.json"

struct bw_bundle_file {
	const char *root;	      /* of states, with the namespace behind it */
	const char *policy, *profile; /* or NULL */
	bool systemd_cgroup;
	pid_t pid;		      /* of the init; 0 before there is one */
};

/* Into the directory bundle, atomically, mode 0600: before create, and again when the pid is known. */
int bw_bundle_file_write(const char *bundle, const struct bw_bundle_file *file, struct bw_err *err) BW_MUST_CHECK;
/* Texts are the arena's. BW_E_NOT_FOUND when there is none; any other error says what is wrong with it. */
int bw_bundle_file_read(const char *bundle, struct bw_arena *arena, struct bw_bundle_file *ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
