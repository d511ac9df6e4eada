/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_sample.h - what a container uses, as the few numbers that metrics are made of. Parent side. */
#ifndef BW_CONTROL_CGROUP_SAMPLE_H
#define BW_CONTROL_CGROUP_SAMPLE_H

#include <stdbool.h>

#include "control/cgroup.h"
#include "metrics/metrics.h"

/* Sets the counters and gauges that the container's cgroups know (processor, memory, pids, io, kills for want of memory) and
 * leaves the others as they are, and so those that this host does not count. False: it has no cgroup any more. */
bool bw_cgroup_sample(const struct bw_cgroup_set *set, struct bw_measures *measures);

#endif
