/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_throttle.h - taking processor time from a container that runs. Parent side. */
#ifndef BW_CONTROL_CGROUP_THROTTLE_H
#define BW_CONTROL_CGROUP_THROTTLE_H

#include "control/cgroup_files.h"

/* How many processors the container may run on; 0: not known. */
uint64_t bw_cgroup_processors(struct bw_cgroup_handle *handle);
/* Lowers the quota to so many thousandths of a processor, whatever it was; never raises it. */
int bw_cgroup_throttle(struct bw_cgroup_handle *handle, uint64_t cpu_milli, struct bw_err *err) BW_MUST_CHECK;

#endif
