/* SPDX-License-Identifier: Apache-2.0 */
/* rootless.h - what a caller needs who is not root, before anything is prepared. */
#ifndef BW_CONTAINER_ROOTLESS_H
#define BW_CONTAINER_ROOTLESS_H

#include "spec/spec.h"

/* Nothing for a caller who may mount. Another one, and this process with it, enters a user namespace of its own, in
 * which each id that spec maps is itself, and a mount namespace of that: there we have the rights that preparing takes,
 * and the container's own user namespace is made from there. Fails when spec has no new user namespace, and when the
 * ids are not the caller's to map (newuidmap(1)). */
int bw_rootless_enter(const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;

#endif
