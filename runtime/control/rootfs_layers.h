/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_layers.h - engines mount an image as an overlay, and no kernel before 7.2 maps the ids of one. Those of its
 * layers can be mapped, and a read-only overlay be made of them anew. */
#ifndef BW_CONTROL_ROOTFS_LAYERS_H
#define BW_CONTROL_ROOTFS_LAYERS_H

#include "control/control.h"

/* Whether a directory may be shown with other owners; see rootfs_ids.c. */
typedef bool bw_layer_fn(const struct bw_request *request, int dir);

/* A detached mount that shows what the overlay mounted on dir does, with ids mapped by the user namespace user and nothing
 * to be written: a descriptor; or -1, and then *ret_why is why it cannot be done (text that lasts), or NULL and *err is
 * filled. Each layer has to pass is_layer. */
int bw_rootfs_of_layers(const struct bw_request *request, int dir, int user, bw_layer_fn *is_layer, const char **ret_why,
	struct bw_err *err);

#endif
