/* SPDX-License-Identifier: Apache-2.0 */
/* mount_sysfs.h - a sysfs that the child may not mount. */
#ifndef BW_CONTROL_MOUNT_SYSFS_H
#define BW_CONTROL_MOUNT_SYSFS_H

#include "base/err.h"

/* A new, detached mount of the sysfs of the network namespace at this path; a descriptor, or -1. host_proc: the host's
 * procfs. For the time of the call we are in that namespace. */
int bw_sysfs_of_network(int host_proc, const char *network, struct bw_err *err) BW_MUST_CHECK;

#endif
