/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_stage.c - bulwark stage, bulwark-stage(8). */
#include "cli/verb.h"

#include <errno.h>
#include <string.h>

struct stage_options {
	const char *const *patterns;
	bool force;
};

static const struct bw_option stage_options[] = {
	BW_OPT_FLAG(struct stage_options, force, "force", 'f', "replace files that are there"),
	BW_OPT_LIST(struct stage_options, patterns, "warn-pattern", 0, "TEXT",
		"say which files have this text; they are staged all the same"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct stage_options *given = call->options;
	struct bw_stage_options options = {
		.destination = call->args[call->args_n - 1],
		.patterns = given->patterns,
		.force = given->force,
	};
	size_t n = call->args_n - 2;
	const char **sources = bw_arena_alloc(call->arena, (n + 1) * sizeof *sources);

	if (!sources)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "stage");
	memcpy(sources, call->args + 1, n * sizeof *sources);
	options.sources = sources;
	return bw_container_stage(call->ctx, call->args[0], &options, err);
}

const struct bw_verb bw_verb_stage = {
	.name = "stage",
	.group = BW_VERB_RUN,
	.about = "copy files into a container's workspace",
	.synopsis = "CONTAINER SRC... DST",
	.details = "SRC is a file or directory of this host, - standard input. DST is seen from the workspace:\n"
		   "the new name of SRC, or with a slash at its end, \".\" or several SRC the directory for them.\n"
		   "Links, devices and files with several names are refused, and so is what is too large for\n"
		   "the policy; then nothing is copied.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark stage app1 ./upload input/\n"
		   "   bulwark stage app1 - main.py <main.py\n",
	.options = stage_options,
	.options_size = sizeof(struct stage_options),
	.min_args = 3,
	.max_args = BW_ARGS_ANY,
	.takes_id = true,
	.run = run,
};
