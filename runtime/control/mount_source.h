/* SPDX-License-Identifier: Apache-2.0 */
/* mount_source.h - what a bind source really is, whatever its name: hardening.check_mounts and
 * plain_sources. */
#ifndef BW_CONTROL_MOUNT_SOURCE_H
#define BW_CONTROL_MOUNT_SOURCE_H

#include "control/control.h"
#include "control/mount_options.h"
#include "control/refused_sources.h"

/* The name of the kernel's own file system of this number (statfs(2)), which is no storage; NULL: it is none. */
const char *bw_kernel_filesystem(uint32_t magic);
/* Opens source (absolute, or relative to bundle) as O_PATH. Under hardening.plain_sources no
 * symbolic link may be on its way: the policy has judged the name, so the name must be the place.
 * A directory of hardening.volumes is opened by bw_mount_volume_open(). Descriptor or -1. */
int bw_mount_source_open(const struct bw_request *request, int bundle, const char *source,
	size_t index, struct bw_err *err) BW_MUST_CHECK;
/* What the policy says of this bind source, if it is a directory of the tenant's (hardening.volumes); else NULL. */
const struct bw_spec_volume *bw_mount_source_volume(const struct bw_request *request, const char *source);
/* Opens it as O_PATH: no link on the way, nobody but root able to change the way, owner, group and mode as the policy has
 * them. Made first where that is wanted and it is missing. Descriptor or -1. */
int bw_mount_volume_open(const struct bw_request *request, const struct bw_spec_volume *volume, size_t index,
	struct bw_err *err) BW_MUST_CHECK;
/* Refuses sockets, devices, the kernel's file systems, hardening.refused_sources, whatever their name, and a read-only
 * rootfs to be written to; for a recursive bind every mount below the source too. refused NULL: nothing is. */
int bw_mount_source_check(const struct bw_request *request, const struct bw_refused_sources *refused, int fd,
	const char *source, const struct bw_mount_options *options, size_t index, struct bw_err *err) BW_MUST_CHECK;

/* A bind source in the container's own tree is what the container sees there, earlier mounts included: only the child
 * can open it, beneath the root. 1: so it is, ret is its path there; 0: it is a source as any other; -1: sources are
 * checked, and something is mounted there: a second view of /proc, say, would be one without masks. */
int bw_mount_source_own_tree(const struct bw_request *request, const struct bw_refused_sources *refused, size_t index,
	const struct bw_mount_options *options, char *ret, size_t size, struct bw_err *err) BW_MUST_CHECK;

#endif
