/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_state.c - bulwark state, bulwark-state(8). */
#include <errno.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/info.h"
#include "cli/output.h"
#include "cli/verb.h"

struct state_options {
	const char *format;
};

static const char *const formats[] = {"json", "text", NULL};

static const struct bw_option state_options[] = {
	BW_OPT_CHOICE(struct state_options, format, "format", 'f', formats,
		"JSON as other runtimes write it, or lines to read"),
	BW_OPT_END,
};

static int put_json(const struct bw_container_info *info, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	auto_free char *text = NULL;
	int failed;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	bw_info_write(w, info, true);
	failed = bw_json_writer_end(w, &text, NULL, err);
	bw_json_writer_free(w);
	return failed < 0 ? -1 : bw_put_text(text, err);
}

static void put_row(const char *key, const char *value)
{
	if (value && *value)
		printf("%-10s %s\n", key, value);
}

/* What runc's JSON has no place for comes last: the profile, what is in force, and what this host could not
 * enforce.
 */
static int put_rows(const struct bw_container_info *info, struct bw_err *err)
{
	put_row("id", info->id);
	put_row("status", bw_status_word(info->status));
	printf("%-10s %d\n", "pid", (int)info->pid);
	put_row("bundle", info->bundle);
	put_row("rootfs", info->rootfs);
	put_row("created", info->created);
	put_row("owner", info->owner);
	put_row("profile", info->profile);
	put_row("because", info->profile_reason);
	put_row("tenant", info->tenant);
	put_row("session", info->session);
	put_row("backend", info->backend);
	put_row("guard", info->guard);
	if (info->gate > 0)
		printf("%-10s %d\n", "gate", (int)info->gate);
	if (info->witness > 0)
		printf("%-10s %d\n", "witness", (int)info->witness);
	if (info->keeper > 0)
		printf("%-10s %d\n", "keeper", (int)info->keeper);
	put_row("programs", info->programs);
	for (size_t i = 0; info->layers && info->layers[i]; i++)
		put_row("layer", info->layers[i]);
	for (size_t i = 0; info->degraded && info->degraded[i]; i++)
		put_row("degraded", info->degraded[i]);
	return bw_put_done(err);
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct state_options *options = call->options;
	struct bw_container_info info = {0};

	if (bw_container_info(call->ctx, call->args[0], call->arena, &info, err) < 0)
		return -1;
	return bw_streq(options->format, "json") ? put_json(&info, err) : put_rows(&info, err);
}

const struct bw_verb bw_verb_state = {
	.name = "state",
	.group = BW_VERB_INSPECT,
	.about = "show the state of a container",
	.synopsis = "CONTAINER",
	.options = state_options,
	.options_size = sizeof(struct state_options),
	.min_args = 1,
	.max_args = 1,
	.takes_id = true,
	.run = run,
};
