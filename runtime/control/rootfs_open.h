/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_open.h - the directory that config.json calls the container's root, if it may be one. */
#ifndef BW_CONTROL_ROOTFS_OPEN_H
#define BW_CONTROL_ROOTFS_OPEN_H

#include "control/control.h"

/* Opens request->spec->root->path (O_PATH), seen from the bundle. Fails where it is no real directory; and by the policy with
 * BW_E_DENIED where it is the host's own root, or has to do with directories of tenants (hardening.volumes). */
int bw_rootfs_open(const struct bw_request *request, struct bw_err *err) BW_MUST_CHECK;

#endif
