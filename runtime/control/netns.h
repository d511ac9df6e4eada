/* SPDX-License-Identifier: Apache-2.0 */
/* netns.h - the check from outside that a network namespace still refuses the blocked endpoints. */
#ifndef BW_CONTROL_NETNS_H
#define BW_CONTROL_NETNS_H

#include <stddef.h>

#include "base/err.h"
#include "json/schema.h"

/* Whether the guard of netns.c still holds for each of endpoints in a network namespace: ns is a
 * pidfd of a process in it, or a descriptor of the namespace. Asks that namespace's own routing,
 * from a child that enters it; sends no packet. Fails with BW_E_DENIED and the name of the first
 * endpoint for which the kernel does not answer "prohibited", be it reachable already or only by
 * the next route that somebody adds. */
int bw_netns_verify(int ns, const struct bw_strs *endpoints, struct bw_err *err) BW_MUST_CHECK;

#endif
