/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_why.c - bulwark why, bulwark-why(8). */
#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/verb.h"

struct why_options {
	const char *format;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct bw_option why_options[] = {
	BW_OPT_CHOICE(struct why_options, format, "format", 'f', formats, "form of the output"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct why_options *options = call->options;
	auto_free char *text = NULL;

	if (bw_why_text(call->ctx, call->args[0], bw_streq(options->format, "json"), &text, err) < 0)
		return -1;
	return bw_put_text(text, err);
}

const struct bw_verb bw_verb_why = {
	.name = "why",
	.group = BW_VERB_INSPECT,
	.about = "show the last failure of a container",
	.synopsis = "CONTAINER",
	.details = "What was tried, which step failed and why, also when the container is gone. The "
		   "record is\n"
		   "kept until such a command succeeds for the same name.\n",
	.options = why_options,
	.options_size = sizeof(struct why_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
