/* SPDX-License-Identifier: Apache-2.0 */
/* netns_filter.h - the second half of the guard by routing: a table of nf_tables in a namespace that is the container's
 * own. Building only, as rtnl.h. */
#ifndef BW_CONTROL_NETNS_FILTER_H
#define BW_CONTROL_NETNS_FILTER_H

#include "control/guard_program.h"
#include "control/rtnl.h"

#define BW_NETNS_TABLE "bulwark"
#define BW_NETNS_CHAIN "guard"

/* Bytes for each endpoint, and for the rest. */
enum { BW_NETNS_FILTER_RULE = 320, BW_NETNS_FILTER_FIXED = 1024 };

/* The messages of nfnetlink that make table and chain and drop what the rules refuse of IPv4: for IPv6 routing rules do it
 * alone. The last but one asks for an answer: its number, 0 when there is nothing to drop. */
uint32_t bw_netns_filter(struct bw_rtnl *batch, const struct bw_guard_rules *rules);

#endif
