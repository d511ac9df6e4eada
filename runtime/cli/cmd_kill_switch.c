/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_kill_switch.c - bulwark kill-switch, bulwark-kill-switch(8). */
#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/verb.h"

struct kill_switch_options {
	const char *tenant, *reason, *format;
	bool all, quarantine, lift;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct bw_option kill_switch_options[] = {
	BW_OPT_TEXT(struct kill_switch_options, tenant, "tenant", 't', "NAME", "all containers of this tenant"),
	BW_OPT_FLAG(struct kill_switch_options, all, "all", 'a', "all containers of this host"),
	BW_OPT_FLAG(struct kill_switch_options, quarantine, "quarantine", 0,
		"stop them where they are and cut them off, instead of killing"),
	BW_OPT_FLAG(struct kill_switch_options, lift, "lift", 0, "new ones may start again"),
	BW_OPT_TEXT(struct kill_switch_options, reason, "reason", 0, "TEXT", "for whoever is refused, and the record"),
	BW_OPT_CHOICE(struct kill_switch_options, format, "format", 'f', formats, "form of the output"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct kill_switch_options *given = call->options;
	const struct bw_kill_switch_options options = {
		.tenant = given->tenant,
		.all = given->all,
		.quarantine = given->quarantine,
		.lift = given->lift,
		.reason = given->reason,
		.json = bw_streq(given->format, "json"),
	};
	auto_free char *text = NULL;
	int verdict = 0;

	if (bw_kill_switch(call->ctx, &options, &text, &verdict, err) < 0)
		return -1;
	return bw_put_text(text, err) < 0 ? -1 : verdict;
}

const struct bw_verb bw_verb_kill_switch = {
	.name = "kill-switch",
	.group = BW_VERB_SECURE,
	.about = "stop all containers of a tenant, and its new ones",
	.synopsis = "",
	.details = "Under whatever state root they are. New ones are refused until --lift, also after a restart of\n"
		   "the host. Without options: who is stopped. Exits with 1 when a container could not be killed, or\n"
		   "not stopped and cut off; each is named.\n",
	.options = kill_switch_options,
	.options_size = sizeof(struct kill_switch_options),
	.run = run,
};
