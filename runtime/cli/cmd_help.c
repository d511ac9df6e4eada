/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_help.c - bulwark help, bulwark-help(8). */
#include "base/str.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/verb.h"

/* "help tables" is for the test that holds the man pages against the tables, and for packagers. */
static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct bw_verb *verb;

	if (call->args_n == 0) {
		bw_help_overview(call->program);
	} else if (bw_streq(call->args[0], "tables")) {
		bw_help_dump();
	} else {
		if (bw_verb_find(call->args[0], &verb, err) < 0)
			return -1;
		bw_help_verb(call->program, verb);
	}
	return bw_put_done(err);
}

const struct bw_verb bw_verb_help = {
	.name = "help",
	.group = BW_VERB_OTHER,
	.about = "show help",
	.synopsis = "[COMMAND]",
	.details =
		"\"tables\" in the place of COMMAND lists every command and option, for scripts.\n",
	.max_args = 1,
	.run = run,
};
