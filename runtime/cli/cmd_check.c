/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_check.c - bulwark check, bulwark-check(8). */
#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/verb.h"

struct check_options {
	const char *format, *host_root;
	bool json;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct bw_option check_options[] = {
	BW_OPT_CHOICE(struct check_options, format, "format", 'f', formats, "form of the output"),
	BW_OPT_FLAG(struct check_options, json, "json", 0, "the same as --format json"),
	BW_OPT_PATH(struct check_options, host_root, "host-root", 0, "DIR", "ecs: look at the files beneath DIR"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct check_options *options = call->options;
	bool json = options->json || bw_streq(options->format, "json");
	bool ecs = call->args_n == 1;
	auto_free char *text = NULL;
	int verdict = 0;

	if (ecs && !bw_streq(call->args[0], "ecs"))
		return bw_fail(err, BW_E_USAGE, 0, "check has no subject \"%s\": expected ecs, or nothing", call->args[0]);
	if (!ecs && options->host_root)
		return bw_fail(err, BW_E_USAGE, 0, "--host-root is of check ecs");
	if (ecs) {
		if (bw_check_ecs(options->host_root, json, &text, &verdict, err) < 0)
			return -1;
		return bw_put_text(text, err) < 0 ? -1 : verdict;
	}
	if (bw_check(call->ctx, json, &text, &verdict, err) < 0)
		return -1;
	return bw_put_text(text, err) < 0 ? -1 : verdict;
}

const struct bw_verb bw_verb_check = {
	.name = "check",
	.group = BW_VERB_SECURE,
	.about = "show what this host can enforce",
	.synopsis = "[ecs]",
	.max_args = 1,
	.details = "For the profile that --profile or the policy chooses. Exits with 0: all of it; "
		   "1: some\n"
		   "controls would be degraded; 2: containers would be refused, or check itself "
		   "failed.\n\n"
		   "With ecs: insecure settings in the files of an ECS host: those of its agent, of dockerd and of\n"
		   "bulwark's policy. Exits with 0: none; 1: some; 2: check itself failed.\n",
	.options = check_options,
	.options_size = sizeof(struct check_options),
	.failure = 2,
	.run = run,
};
