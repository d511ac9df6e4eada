/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_events.c - bulwark events, bulwark-events(8). */
#include "cli/verb.h"

#include "base/str.h"
#include "cli/output.h"

struct events_options {
	const char *interval;
	bool stats;
};

static const struct bw_option events_options[] = {
	BW_OPT_TEXT(struct events_options, interval, "interval", 0, "TIME",
		"time between two statistics, such as 500ms or 1m; 5s unless given"),
	BW_OPT_FLAG(struct events_options, stats, "stats", 0, "print the statistics once and end"),
	BW_OPT_END,
};

/* Each event at once: the reader at the other end of the pipe waits for it. */
static int print(const char *event, void *ctx, struct bw_err *err)
{
	(void)ctx;
	return bw_put_text(event, err);
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct events_options *options = call->options;
	const char *text = options->interval ? options->interval : "5s";
	int64_t interval_ms;

	if (bw_parse_duration_ms(text, &interval_ms) < 0)
		return bw_fail(err, BW_E_USAGE, 0,
			"invalid value \"%s\" for flag --interval: expected a time such as 5s, 500ms or 1m30s", text);
	if (interval_ms <= 0)
		return bw_fail(err, BW_E_USAGE, 0, "duration interval must be greater than 0");
	return bw_container_events(call->ctx, call->args[0], options->stats ? 0 : interval_ms, print, NULL, err);
}

const struct bw_verb bw_verb_events = {
	.name = "events",
	.group = BW_VERB_INSPECT,
	.about = "show what a container uses, and when it runs out of memory",
	.synopsis = "CONTAINER",
	.details = "One JSON object a line, until the container ends.\n",
	.options = events_options,
	.options_size = sizeof(struct events_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
