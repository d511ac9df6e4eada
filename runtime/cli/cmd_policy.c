/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_policy.c - bulwark policy, bulwark-policy(8). */
#include "base/auto.h"
#include "cli/output.h"
#include "cli/verb.h"

#include "base/str.h"

static const char *const actions[] = {"lint", "show", "schema", NULL};

static int check_action(const char *word, struct bw_err *err)
{
	const char *nearest;

	for (const char *const *action = actions; *action; action++) {
		if (bw_streq(word, *action))
			return 0;
	}
	bw_fail(err, BW_E_USAGE, 0,
		"policy has no action \"%s\": expected one of lint, show, schema", word);
	nearest = bw_nearest_word(word, actions);
	return nearest ? bw_hint(err, "did you mean %s?", nearest) : -1;
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const char *path = call->ctx->policy_path;
	auto_free char *text = NULL;

	if (check_action(call->args[0], err) < 0)
		return -1;
	if (call->args_n > 1 && bw_absolute_path(call->args[1], call->arena, &path, err) < 0)
		return -1;
	if (bw_policy_text(call->args[0], path, &text, err) < 0)
		return -1;
	return bw_put_text(text, err);
}

const struct bw_verb bw_verb_policy = {
	.name = "policy",
	.group = BW_VERB_SECURE,
	.about = "check or show the policy",
	.synopsis = "lint|show|schema [FILE]",
	.details = "   lint    find mistakes in FILE; says nothing when there are none\n"
		   "   show    print the policy in force, with all defaults\n"
		   "   schema  print the JSON Schema of policy files\n\n"
		   "Without FILE the one of --policy, or the installed one.\n",
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
