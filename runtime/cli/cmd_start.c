/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_start.c - bulwark start, bulwark-start(8). */
#include "cli/verb.h"

static int run(const struct bw_call *call, struct bw_err *err)
{
	return bw_container_start(call->ctx, call->args[0], err);
}

const struct bw_verb bw_verb_start = {
	.name = "start",
	.group = BW_VERB_RUN,
	.about = "start the program of a created container",
	.synopsis = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
