/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_policy.c - bulwark policy, bulwark-policy(8). */
#include "base/auto.h"
#include "cli/output.h"
#include "cli/verb.h"

#include "base/str.h"

struct policy_options {
	const char *bundle, *facts, *format;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct bw_option policy_options[] = {
	BW_OPT_PATH(struct policy_options, bundle, "bundle", 'b', "DIR", "test: facts and annotations of this bundle"),
	BW_OPT_PATH(struct policy_options, facts, "facts", 0, "FILE", "test: facts, as a JSON object of strings"),
	BW_OPT_CHOICE(struct policy_options, format, "format", 'f', formats, "test: sentences, or JSON"),
	BW_OPT_END,
};

static const char *const actions[] = {"lint", "show", "schema", "test", NULL};

static int check_action(const char *word, struct bw_err *err)
{
	const char *nearest;

	for (const char *const *action = actions; *action; action++) {
		if (bw_streq(word, *action))
			return 0;
	}
	bw_fail(err, BW_E_USAGE, 0,
		"policy has no action \"%s\": expected one of lint, show, schema, test", word);
	nearest = bw_nearest_word(word, actions);
	return nearest ? bw_hint(err, "did you mean %s?", nearest) : -1;
}

/* Options that would be read over are a mistake. */
static int check_options(const char *action, const struct policy_options *options, struct bw_err *err)
{
	if (bw_streq(action, "test") || (!options->bundle && !options->facts && bw_streq(options->format, "text")))
		return 0;
	return bw_fail(err, BW_E_USAGE, 0, "policy %s has no options: --bundle, --facts and --format are of test", action);
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct policy_options *options = call->options;
	const char *path = call->ctx->policy_path;
	auto_free char *text = NULL;

	if (check_action(call->args[0], err) < 0 || check_options(call->args[0], options, err) < 0)
		return -1;
	if (call->args_n > 1 && bw_absolute_path(call->args[1], call->arena, &path, err) < 0)
		return -1;
	if (bw_streq(call->args[0], "test")) {
		if (bw_policy_test(call->ctx, path, options->bundle, options->facts, bw_streq(options->format, "json"),
			    &text, err) < 0)
			return -1;
	} else if (bw_policy_text(call->args[0], path, &text, err) < 0) {
		return -1;
	}
	return bw_put_text(text, err);
}

const struct bw_verb bw_verb_policy = {
	.name = "policy",
	.group = BW_VERB_SECURE,
	.about = "check or show the policy",
	.synopsis = "lint|show|schema|test [FILE]",
	.details = "   lint    find mistakes in FILE; says nothing when there are none\n"
		   "   show    print the policy in force, with all defaults\n"
		   "   schema  print the JSON Schema of policy files\n"
		   "   test    say which profile a container would get, and why\n\n"
		   "Without FILE the one of --policy, or the installed one.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark policy test --bundle ./app policy.json\n",
	.options = policy_options,
	.options_size = sizeof(struct policy_options),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
