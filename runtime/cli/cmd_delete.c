/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_delete.c - bulwark delete, bulwark-delete(8). */
#include "cli/verb.h"

struct delete_options {
	bool force;
};

static const struct bw_option delete_options[] = {
	BW_OPT_FLAG(struct delete_options, force, "force", 'f',
		"kill it first; a container that is not there is no error"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct delete_options *options = call->options;

	return bw_container_delete(call->ctx, call->args[0], options->force, err);
}

const struct bw_verb bw_verb_delete = {
	.name = "delete",
	.group = BW_VERB_RUN,
	.about = "remove what a container has left behind",
	.synopsis = "CONTAINER",
	.options = delete_options,
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
