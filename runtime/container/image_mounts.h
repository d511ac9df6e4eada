/* SPDX-License-Identifier: Apache-2.0 */
/* image_mounts.h - the mounts of a container that are not in its image: what is bound from the host. criu is told of each
 * by a key: where it is in the container. */
#ifndef BW_CONTAINER_IMAGE_MOUNTS_H
#define BW_CONTAINER_IMAGE_MOUNTS_H

#include <limits.h>

#include "container/detour.h"
#include "control/control.h"
#include "criu/message.h"
#include "spec/spec.h"

/* Those of the running container whose init is pid, as its own table of mounts has them. */
int bw_image_mounts_find(const struct bw_spec *spec, int host_proc, pid_t pid, struct bw_arena *arena,
	struct bw_criu_pairs *ret, struct bw_err *err) BW_MUST_CHECK;

/* The place that criu restores from: a mount namespace in which the rootfs is a mount of its own, with every mount point
 * that the spec needs, and the sources of binds, checked as create checks them, are where nobody else can reach. It ends
 * with the last process in it, whatever happens to us. */
struct bw_image_stage {
	struct bw_detour detour;
	char root[PATH_MAX];
};
#define BW_IMAGE_STAGE_INIT {.detour = BW_DETOUR_INIT}

/* Enters a new one, with its files at dir, an absolute path of root's own. request: spec, bundle and cgroups, which have
 * been named. Pairs of key and source in ret. On failure it has been left; else bw_detour_end() leads back. */
int bw_image_stage_enter(struct bw_image_stage *stage, const struct bw_request *request, const char *rootfs, const char *dir,
	struct bw_criu_pairs *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
