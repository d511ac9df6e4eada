/* SPDX-License-Identifier: Apache-2.0 */
/* filesystem.h - an ext4 that nobody will ever repair, on a device in the working directory. */
#ifndef BW_SCRATCH_FILESYSTEM_H
#define BW_SCRATCH_FILESYSTEM_H

#include "base/err.h"
#include "scratch/wishes.h"

/* The program that makes it, or NULL and err: this host has none. */
const char *bw_filesystem_maker(struct bw_err *err);
/* Makes it on the device of this name. */
int bw_filesystem_make(const char *device, const struct bw_wishes *wishes, struct bw_err *err) BW_MUST_CHECK;
/* Mounts it nowhere: descriptor of the mount (nosuid, nodev), its top directory as wished; or -1. */
int bw_filesystem_mount(const char *device, const struct bw_wishes *wishes, struct bw_err *err) BW_MUST_CHECK;

#endif
