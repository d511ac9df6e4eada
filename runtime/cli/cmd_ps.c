/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_ps.c - bulwark ps, bulwark-ps(8): ps(1) of the host, cut down to the container's processes.
 */
#include <errno.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/ps_table.h"
#include "cli/verb.h"
#include "json/json.h"

struct ps_options {
	const char *format;
};

static const char *const formats[] = {"table", "json", NULL};

static const struct bw_option ps_options[] = {
	BW_OPT_CHOICE(struct ps_options, format, "format", 'f', formats, "form of the output"),
	BW_OPT_END,
};

static int put_json(const struct bw_pids *pids, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	int failed;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "ps");
	if (pids->n == 0) {
		bw_json_null(w);
	} else {
		bw_json_begin_array(w);
		for (size_t i = 0; i < pids->n; i++)
			bw_json_int(w, pids->v[i]);
		bw_json_end_array(w);
	}
	failed = bw_json_writer_end(w, &text, NULL, err);
	bw_json_writer_free(w);
	return failed < 0 ? -1 : bw_put_text(text, err);
}

/* "ps", the caller's words or -ef. */
static int make_words(const struct bw_call *call, const char *const **ret, struct bw_err *err)
{
	const char **words = bw_arena_alloc(call->arena, (call->args_n + 3) * sizeof *words);
	const char *const *more = call->args + 1;

	if (!words)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "command line of ps");
	if (*more && bw_streq(*more, "--"))
		more++;
	words[0] = "ps";
	words[1] = *more ? *more : "-ef";
	for (size_t n = 2; *more && more[n - 1]; n++)
		words[n] = more[n - 1];
	*ret = words;
	return 0;
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct ps_options *options = call->options;
	auto_free char *text = NULL;
	auto_free pid_t *held = NULL;
	const char *const *words = NULL;
	struct bw_pids pids = {0};

	if (bw_container_pids(call->ctx, call->args[0], &held, &pids.n, err) < 0)
		return -1;
	pids.v = held;
	if (bw_streq(options->format, "json"))
		return put_json(&pids, err);
	if (make_words(call, &words, err) < 0 || bw_ps_read(words, &text, err) < 0)
		return -1;
	return bw_ps_put(text, &pids, err);
}

const struct bw_verb bw_verb_ps = {
	.name = "ps",
	.group = BW_VERB_INSPECT,
	.about = "show the processes of a container",
	.synopsis = "CONTAINER [PS-OPTION...]",
	.details = "Options of ps(1) follow CONTAINER; without them -ef.\n",
	.options = ps_options,
	.options_size = sizeof(struct ps_options),
	.min_args = 1,
	.max_args = BW_ARGS_ANY,
	.stop_after = 1,
	.takes_id = true,
	.run = run,
};
