/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_mounts.h - the container's root file system as containerd describes it: a list of mounts, one upon the other
 * (containerd.types.Mount). Runs in a worker: it may wait, and change the working directory. */
#ifndef BW_SHIM_ROOTFS_MOUNTS_H
#define BW_SHIM_ROOTFS_MOUNTS_H

#include "shim/messages.h"

/* Mounts the list at rootfs (absolute; made when it is missing), or beneath it where a mount has a target. On failure what
 * was mounted is gone again. An empty list is nothing to do. */
int bw_rootfs_mount_all(const struct bw_rootfs_mounts *mounts, const char *rootfs, struct bw_err *err) BW_MUST_CHECK;
/* Unmounts everything at and beneath rootfs, and follows no link. Nothing mounted, or no such place, is fine. */
int bw_rootfs_unmount(const char *rootfs, struct bw_err *err) BW_MUST_CHECK;

#endif
