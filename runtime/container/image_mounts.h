/* SPDX-License-Identifier: Apache-2.0 */
/* image_mounts.h - the mounts of a container that are not in its image: what is bound from the host. criu is told of each
 * by a key: where it is in the container. */
#ifndef BW_CONTAINER_IMAGE_MOUNTS_H
#define BW_CONTAINER_IMAGE_MOUNTS_H

#include <limits.h>

#include "control/control.h"
#include "criu/message.h"
#include "spec/spec.h"

/* Those of the running container whose init is pid, as its own table of mounts has them. */
int bw_image_mounts_find(const struct bw_spec *spec, int host_proc, pid_t pid, struct bw_arena *arena,
	struct bw_criu_pairs *ret, struct bw_err *err) BW_MUST_CHECK;

/* The place that criu restores from: a mount namespace in which the rootfs is a mount of its own, with every mount point
 * that the spec needs, and the sources of binds, checked as create checks them, are where nobody else can reach. It ends
 * with the last process in it, whatever happens to us. */
struct bw_stage {
	int outside, cwd; /* the namespace and working directory that were left */
	char root[PATH_MAX];
};
#define BW_STAGE_INIT {.outside = -1, .cwd = -1}

/* Enters a new one, with its files at dir, an absolute path of root's own. request: spec, bundle and cgroups, which have
 * been named. Pairs of key and source in ret. On failure it has been left. */
int bw_stage_enter(struct bw_stage *stage, const struct bw_request *request, const char *rootfs, const char *dir,
	struct bw_criu_pairs *ret, struct bw_err *err) BW_MUST_CHECK;
/* Back to where we were; its processes stay in it. */
int bw_stage_leave(struct bw_stage *stage, struct bw_err *err) BW_MUST_CHECK;

#endif
