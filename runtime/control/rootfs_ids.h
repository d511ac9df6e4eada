/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_ids.h - an image's files belong to root and other users of the host; in a container with ids of its own they
 * are shown as those of its root and users. */
#ifndef BW_CONTROL_ROOTFS_IDS_H
#define BW_CONTROL_ROOTFS_IDS_H

#include "control/control.h"

/* Maps the ids of *tree, the detached clone of the rootfs dir, or puts another mount in its place that has them mapped,
 * where the policy gives the container a range of ids. Where that cannot or must not be, files go to nobody: degraded,
 * or refused with user.idmap "require". */
int bw_rootfs_ids(const struct bw_request *request, int dir, int *tree, struct bw_plan *plan, struct bw_err *err)
	BW_MUST_CHECK;

#endif
