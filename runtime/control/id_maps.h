/* SPDX-License-Identifier: Apache-2.0 */
/* id_maps.h - the id maps of a user namespace as the kernel reads them; user_namespaces(7). */
#ifndef BW_CONTROL_ID_MAPS_H
#define BW_CONTROL_ID_MAPS_H

#include <sys/types.h>

#include "spec/spec.h"

/* The kernel takes no more lines, and each has at most so many bytes. */
enum { BW_ID_MAP_LINES = 340, BW_ID_MAP_TEXT = BW_ID_MAP_LINES * 36 };

/* What is written to uid_map and gid_map. */
struct bw_id_maps {
	char uid[BW_ID_MAP_TEXT], gid[BW_ID_MAP_TEXT];
};

/* Fills *ret from the two lists, which are at pointer ("/linux", "/mounts/3"): each needs 1 to 340 mappings. */
int bw_id_maps_text(const struct bw_spec_id_mappings *uids, const struct bw_spec_id_mappings *gids, const char *pointer,
	struct bw_id_maps *ret, struct bw_err *err) BW_MUST_CHECK;
/* Writes them for process pid; host_proc: the host's procfs. */
int bw_id_maps_write(int host_proc, pid_t pid, const struct bw_id_maps *maps, struct bw_err *err) BW_MUST_CHECK;

#endif
