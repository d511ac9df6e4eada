/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_resume.c - bulwark resume, bulwark-resume(8). */
#include "cli/verb.h"

static int run(const struct bw_call *call, struct bw_err *err)
{
	return bw_container_resume(call->ctx, call->args[0], err);
}

const struct bw_verb bw_verb_resume = {
	.name = "resume",
	.group = BW_VERB_RUN,
	.about = "let the processes of a paused container go on",
	.synopsis = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
