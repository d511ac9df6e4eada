/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_metrics.h - what a container uses, in containerd's words. Parent side. */
#ifndef BW_CONTROL_CGROUP_METRICS_H
#define BW_CONTROL_CGROUP_METRICS_H

#include "control/cgroup.h"
#include "proto/wire.h"

/* io.containerd.cgroups.v2.Metrics where the host has v2 alone, else v1.Metrics, appended; *ret_type is its name. Numbers
 * that this host does not have are left out, no limit is 2^64-1. BW_E_NOT_FOUND when the container has no cgroup any
 * more. Source: cgroup1/stats/metrics.proto and cgroup2/stats/metrics.proto of github.com/containerd/cgroups. */
int bw_cgroup_metrics(const struct bw_cgroup_set *set, struct bw_wire *ret, const char **ret_type,
	struct bw_err *err) BW_MUST_CHECK;

#endif
