/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_audit.c - bulwark audit, bulwark-audit(8). */
#include <errno.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/verb.h"

struct audit_options {
	const char *anchor, *tenant, *session, *id, *event, *since, *format;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct bw_option audit_options[] = {
	BW_OPT_TEXT(struct audit_options, anchor, "anchor", 0, "SEQ:HASH", "verify: a line must have this hash"),
	BW_OPT_TEXT(struct audit_options, tenant, "tenant", 0, "NAME", "show: of this tenant"),
	BW_OPT_TEXT(struct audit_options, session, "session", 0, "NAME", "show: of this session"),
	BW_OPT_TEXT(struct audit_options, id, "id", 0, "CONTAINER", "show: of this container"),
	BW_OPT_TEXT(struct audit_options, event, "event", 0, "WORD", "show: events of this kind"),
	BW_OPT_TEXT(struct audit_options, since, "since", 0, "TIME", "show: from this time on, or as long ago (15m)"),
	BW_OPT_CHOICE(struct audit_options, format, "format", 'f', formats, "show: form of the output"),
	BW_OPT_END,
};

/* Options that would be read over are a mistake. */
static int check_options(const char *action, const struct audit_options *options, struct bw_err *err)
{
	bool shows = options->tenant || options->session || options->id || options->event || options->since ||
		     !bw_streq(options->format, "text");
	const char *nearest;
	static const char *const actions[] = {"verify", "show", NULL};

	if (bw_streq(action, "verify"))
		return shows ? bw_fail(err, BW_E_USAGE, 0, "audit verify has the option --anchor, and no others") : 0;
	if (bw_streq(action, "show"))
		return options->anchor ? bw_fail(err, BW_E_USAGE, 0, "audit show: --anchor is of verify") : 0;
	bw_fail(err, BW_E_USAGE, 0, "audit has no action \"%s\": expected verify or show", action);
	nearest = bw_nearest_word(action, actions);
	return nearest ? bw_hint(err, "did you mean %s?", nearest) : -1;
}

static int put_line(const char *line, void *ctx, struct bw_err *err)
{
	(void)ctx;
	return bw_put_text(line, err);
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct audit_options *options = call->options;
	const struct bw_audit_filter filter = {.tenant = options->tenant, .session = options->session, .id = options->id,
		.event = options->event, .since = options->since, .json = bw_streq(options->format, "json")};
	auto_free const char **files = NULL;
	auto_free char *text = NULL;
	int verdict;

	if (check_options(call->args[0], options, err) < 0)
		return -1;
	files = calloc(call->args_n, sizeof *files);
	if (!files)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "audit");
	for (size_t i = 1; i < call->args_n; i++)
		if (bw_absolute_path(call->args[i], call->arena, &files[i - 1], err) < 0)
			return -1;
	if (bw_streq(call->args[0], "show"))
		return bw_audit_show(call->ctx, files, &filter, put_line, NULL, err);
	if (bw_audit_verify(call->ctx, files, options->anchor, &text, &verdict, err) < 0 || bw_put_text(text, err) < 0)
		return -1;
	return verdict;
}

const struct bw_verb bw_verb_audit = {
	.name = "audit",
	.group = BW_VERB_SECURE,
	.about = "check or show the audit trail",
	.synopsis = "verify|show [FILE...]",
	.details = "   verify  say which lines were changed, taken out or put in\n"
		   "   show    print what has happened\n\n"
		   "Without FILE the trail of the policy, with its older files; several are one trail,\n"
		   "oldest first. verify ends with 0 when it is whole, 1 when it is damaged, and 3 when\n"
		   "there is only what a crash explains.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark audit show --tenant t1 --since 24h\n",
	.options = audit_options,
	.options_size = sizeof(struct audit_options),
	.min_args = 1,
	.max_args = BW_ARGS_ANY,
	.failure = 2,
	.run = run,
};
