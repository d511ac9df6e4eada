/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine.h - a container is cut off from every network, for good: nothing here takes that back. */
#ifndef BW_CONTROL_QUARANTINE_H
#define BW_CONTROL_QUARANTINE_H

#include "control/cgroup.h"

/* By programs on the container's own cgroup of v2, which let no packet in or out of a socket that was made in it, whatever
 * network namespace that is in. Once more is as good as once. BW_E_HOST where there is no such cgroup. */
int bw_cgroup_cut_network(const struct bw_cgroup_set *set, struct bw_err *err) BW_MUST_CHECK;
/* By taking every link down in the network namespace of a process (its pidfd): only for one that is the container's
 * alone. */
int bw_netns_cut(int pidfd, struct bw_err *err) BW_MUST_CHECK;

#endif
