/* SPDX-License-Identifier: Apache-2.0 */
/* mount_idmap.h - mounts that show their files with other owners (config.md "Mounts", uidMappings and gidMappings). */
#ifndef BW_CONTROL_MOUNT_IDMAP_H
#define BW_CONTROL_MOUNT_IDMAP_H

#include "control/control.h"

/* Maps the ids of the detached tree of mount number index: by the mount's own mappings, or else by those of the
 * container's user namespace, be it new or joined. recursive: of what is mounted below it too. Fails where the
 * kernel or the file system cannot (mount_setattr(2), MOUNT_ATTR_IDMAP). */
int bw_mount_idmap(const struct bw_request *request, size_t index, bool recursive, int tree, struct bw_err *err)
	BW_MUST_CHECK;

/* A user namespace with the mappings that the container's new one gets: a descriptor, or -1. */
int bw_idmap_namespace(const struct bw_request *request, struct bw_err *err) BW_MUST_CHECK;

#endif
