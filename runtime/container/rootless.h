/* SPDX-License-Identifier: Apache-2.0 */
/* rootless.h - what a caller needs who is not root, before anything is prepared. */
#ifndef BW_CONTAINER_ROOTLESS_H
#define BW_CONTAINER_ROOTLESS_H

#include "spec/spec.h"

/* Nothing for a caller who may mount. Another one, and this process with it, enters a user namespace of its own, in
 * which each id that spec maps is itself, and a mount namespace of that: there we have the rights that preparing takes,
 * and the container's own user namespace is made from there. Where spec names one by its path, which the caller must own,
 * that is entered, and *ret_joined is true. Fails when spec has no user namespace, and when the ids are not the caller's
 * to map (newuidmap(1)). */
int bw_rootless_enter(const struct bw_spec *spec, bool *ret_joined, struct bw_err *err) BW_MUST_CHECK;
/* To be called when a container has been cloned into the namespace that was joined: there, its root might trace this
 * process if it sees it. Undumpable, the kernel asks it for rights in the namespace in which our program was started. */
int bw_rootless_hide(bool joined, struct bw_err *err) BW_MUST_CHECK;

#endif
