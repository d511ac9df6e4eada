/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kill.c - bulwark kill, bulwark-kill(8). */
#include "cli/verb.h"

#include "base/proc.h"

struct kill_options {
	bool all;
};

static const struct bw_option kill_options[] = {
	BW_OPT_FLAG(struct kill_options, all, "all", 'a',
		"obsolete; a container that has stopped is no error"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct kill_options *options = call->options;
	const char *word = call->args_n > 1 ? call->args[1] : "TERM";
	int signal = bw_signal_number(word);

	if (signal < 0)
		return bw_fail(err, BW_E_USAGE, 0, "unknown signal \"%s\"", word);
	return bw_container_kill(call->ctx, call->args[0], signal, options->all, err);
}

const struct bw_verb bw_verb_kill = {
	.name = "kill",
	.group = BW_VERB_RUN,
	.about = "send a signal to a container",
	.synopsis = "CONTAINER [SIGNAL]",
	.details = "SIGNAL is a name or a number: TERM, SIGKILL, 9. The default is TERM.\n",
	.options = kill_options,
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.takes_id = true,
	.run = run,
};
