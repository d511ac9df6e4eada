/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_pause.c - bulwark pause, bulwark-pause(8). */
#include "cli/verb.h"

static int run(const struct bw_call *call, struct bw_err *err)
{
	return bw_container_pause(call->ctx, call->args[0], err);
}

const struct bw_verb bw_verb_pause = {
	.name = "pause",
	.group = BW_VERB_RUN,
	.about = "stop all processes of a container",
	.synopsis = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
