/* SPDX-License-Identifier: Apache-2.0 */
/* nodes.h - device nodes that nobody else sees: they are in a tmpfs that is mounted nowhere, and is gone with its last
 * descriptor. So no udev is needed, no devtmpfs, and nothing is left in /dev. */
#ifndef BW_SCRATCH_NODES_H
#define BW_SCRATCH_NODES_H

#include <sys/types.h>

#include "base/err.h"

/* The root of such a tmpfs, or -1. */
int bw_nodes_make(struct bw_err *err) BW_MUST_CHECK;
/* Makes the node name (type S_IFCHR or S_IFBLK), if it is not there, and opens it. Descriptor or -1 and errno; ENXIO,
 * ENODEV: there is no such device. */
int bw_node_open(int nodes, const char *name, mode_t type, dev_t device, int flags);

#endif
