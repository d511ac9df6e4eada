/* SPDX-License-Identifier: Apache-2.0 */
/* info.h - a container as JSON, for state and list. */
#ifndef BW_CLI_INFO_H
#define BW_CLI_INFO_H

#include "container/bulwark.h"
#include "json/json.h"

/* One object with runc's members in runc's order, and behind them ours if asked for; errors latch in w. */
void bw_info_write(struct bw_json_writer *w, const struct bw_container_info *info, bool ours);

#endif
