/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_plan.c - bulwark plan, bulwark-plan(8). */
#include "base/auto.h"
#include "cli/output.h"
#include "cli/verb.h"

static int run(const struct bw_call *call, struct bw_err *err)
{
	const char *word = call->args_n > 0 ? call->args[0] : ".", *bundle;
	auto_free char *text = NULL;

	if (bw_absolute_path(word, call->arena, &bundle, err) < 0)
		return -1;
	if (bw_plan_text(call->ctx, bundle, &text, err) < 0)
		return -1;
	return bw_put_text(text, err);
}

const struct bw_verb bw_verb_plan = {
	.name = "plan",
	.group = BW_VERB_SECURE,
	.about = "show the steps in which create would build a container",
	.synopsis = "[BUNDLE]",
	.details = "One step a line, in the order in which they are done. Nothing is started.\n",
	.max_args = 1,
	.run = run,
};
