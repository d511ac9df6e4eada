/* SPDX-License-Identifier: Apache-2.0 */
/* resolv.h - a container behind the egress gate asks the gate for names: its /etc/resolv.conf. */
#ifndef BW_CONTAINER_RESOLV_H
#define BW_CONTAINER_RESOLV_H

#include "container/state.h"

/* Where spec has an egress gate: writes resolv.conf into the container's directory and gives, in *ret, a copy of spec
 * in which that file takes the place of whatever was to be mounted on /etc/resolv.conf. Else *ret is spec. */
int bw_resolv_spec(const struct bw_container *container, const struct bw_spec *spec, struct bw_arena *arena,
	const struct bw_spec **ret, struct bw_err *err) BW_MUST_CHECK;

#endif
