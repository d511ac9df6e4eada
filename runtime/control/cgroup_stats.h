/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_stats.h - what a container uses, and when it runs out of memory: read from its cgroups. Parent side. */
#ifndef BW_CONTROL_CGROUP_STATS_H
#define BW_CONTROL_CGROUP_STATS_H

#include "control/cgroup.h"

/* Writes the members of "data" in an event of runc (cpu, cpuset, memory, pids, blkio, hugetlb, intel_rdt,
 * network_interfaces) into the object that is open in w. What this host does not count is left out. -1 with
 * err->sys ENOENT when the container has no cgroup any more. */
int bw_cgroup_stats(const struct bw_cgroup_set *set, struct bw_json_writer *w, struct bw_err *err) BW_MUST_CHECK;

/* Watching for the OOM killer. fd is to be polled for events; -1: this host does not say (no memory controller). */
struct bw_cgroup_oom {
	int fd, dir;
	short events;
	uint64_t seen; /* v2: kills that were told of */
};
#define BW_CGROUP_OOM_INIT {.fd = -1, .dir = -1}
#define auto_cgroup_oom	   __attribute__((cleanup(bw_cgroup_oom_close)))

/* What happened before does not count. */
int bw_cgroup_oom_open(const struct bw_cgroup_set *set, struct bw_cgroup_oom *ret, struct bw_err *err) BW_MUST_CHECK;
/* Whether the container has run out of memory since the last call. Never waits. Once the cgroup is gone fd is never ready
 * again. */
bool bw_cgroup_oom_happened(struct bw_cgroup_oom *oom);
void bw_cgroup_oom_close(struct bw_cgroup_oom *oom);

#endif
