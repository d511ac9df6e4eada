/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain.c - bulwark explain, bulwark-explain(8). */
#include "cli/verb.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"

struct explain_options {
	const char *profile, *format;
};

static const char *const formats[] = {"text", "json", "diff", NULL};

static const struct bw_option explain_options[] = {
	BW_OPT_TEXT(struct explain_options, profile, "profile", 0, "NAME",
		"as this profile would have it"),
	BW_OPT_CHOICE(struct explain_options, format, "format", 'f', formats,
		"sentences, JSON, or a diff of config.json"),
	BW_OPT_END,
};

/* A word with a slash is a bundle, "." too; any other word is the id of a container. */
static int find_subject(const struct bw_call *call, const char **ret, struct bw_err *err)
{
	const char *word = call->args_n > 0 ? call->args[0] : ".";

	if (strchr(word, '/') || bw_streq(word, ".") || bw_streq(word, ".."))
		return bw_absolute_path(word, call->arena, ret, err);
	*ret = word;
	return 0;
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct explain_options *options = call->options;
	struct bw_context ctx = *call->ctx;
	auto_free char *text = NULL;
	const char *subject;
	int verdict = 0;

	if (options->profile)
		ctx.profile = options->profile;
	if (find_subject(call, &subject, err) < 0)
		return -1;
	if (bw_explain(&ctx, subject, true, options->format, &text, &verdict, err) < 0)
		return -1;
	return bw_put_text(text, err) < 0 ? -1 : verdict;
}

const struct bw_verb bw_verb_explain = {
	.name = "explain",
	.group = BW_VERB_SECURE,
	.about = "show what hardening makes of a bundle, and why",
	.synopsis = "[BUNDLE|CONTAINER]",
	.details = "A word with a slash in it, or \".\", is a bundle; any other is a container.\n"
		   "Exits with 0: nothing changes; 3: something changes; 4: the policy would "
		   "refuse it.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark explain --profile untrusted-code --format diff ./app\n",
	.options = explain_options,
	.options_size = sizeof(struct explain_options),
	.max_args = 1,
	.run = run,
};
