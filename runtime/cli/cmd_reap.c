/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_reap.c - bulwark reap, bulwark-reap(8). */
#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/verb.h"

struct reap_options {
	const char *older_than, *format;
	bool dry_run;
};

enum { USUAL_MS = 600000 };

static const char *const formats[] = {"text", "json", NULL};

static const struct bw_option reap_options[] = {
	BW_OPT_FLAG(struct reap_options, dry_run, "dry-run", 'n', "only say what would be done"),
	BW_OPT_TEXT(struct reap_options, older_than, "older-than", 0, "TIME", "what has been left for so long (10m)"),
	BW_OPT_CHOICE(struct reap_options, format, "format", 'f', formats, "form of the output"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct reap_options *given = call->options;
	struct bw_reap_options options = {
		.dry_run = given->dry_run, .json = bw_streq(given->format, "json"), .older_than_ms = USUAL_MS};
	auto_free char *text = NULL;
	int64_t ms;
	int verdict = 0;

	if (given->older_than) {
		if (bw_parse_duration_ms(given->older_than, &ms) < 0)
			return bw_fail(err, BW_E_USAGE, 0, "--older-than: \"%s\" is not a time such as 10m, 90s or 0",
				given->older_than);
		options.older_than_ms = (uint64_t)ms;
	}
	if (bw_reap(call->ctx, &options, &text, &verdict, err) < 0)
		return -1;
	return bw_put_text(text, err) < 0 ? -1 : verdict;
}

const struct bw_verb bw_verb_reap = {
	.name = "reap",
	.group = BW_VERB_RUN,
	.about = "remove what a crash has left of containers",
	.synopsis = "",
	.details = "Of all state roots of this host: containers whose creation was killed, that have stopped and that\n"
		   "nobody deletes, or that are past their time limit. Exits with 1 when something could not be removed.\n",
	.options = reap_options,
	.options_size = sizeof(struct reap_options),
	.run = run,
};
