/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_completion.c - bulwark completion, bulwark-completion(8). */
#include "base/auto.h"
#include "base/str.h"
#include "cli/completion.h"
#include "cli/output.h"
#include "cli/verb.h"

static const struct {
	const char *name;
	void (*put)(void);
} shells[] = {
	{"bash", bw_completion_bash},
	{"zsh", bw_completion_zsh},
	{"fish", bw_completion_fish},
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(shells); i++) {
		if (!bw_streq(shells[i].name, call->args[0]))
			continue;
		shells[i].put();
		return bw_put_done(err);
	}
	return bw_fail(err, BW_E_USAGE, 0,
		"no completion for \"%s\": expected one of bash, zsh, fish", call->args[0]);
}

const struct bw_verb bw_verb_completion = {
	.name = "completion",
	.group = BW_VERB_OTHER,
	.about = "print a script that completes bulwark's words in a shell",
	.synopsis = "bash|zsh|fish",
	.details = "EXAMPLE:\n"
		   "   bulwark completion bash > /etc/bash_completion.d/bulwark\n",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
