/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_list.c - bulwark list, bulwark-list(8). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/info.h"
#include "cli/output.h"
#include "cli/verb.h"

struct list_options {
	const char *format, *tenant;
	bool quiet;
};

static const char *const formats[] = {"table", "json", NULL};

static const struct bw_option list_options[] = {
	BW_OPT_CHOICE(struct list_options, format, "format", 'f', formats, "form of the output"),
	BW_OPT_FLAG(struct list_options, quiet, "quiet", 'q', "names alone"),
	BW_OPT_TEXT(struct list_options, tenant, "tenant", 't', "NAME", "those of this tenant alone"),
	BW_OPT_END,
};

enum { COLUMNS = 6, MIN_WIDTH = 9, GAP = 3 };

struct row {
	const char *cells[COLUMNS];
};

/* Without containers "null", which is what runc's callers are used to. */
static int put_json(const struct bw_container_info *infos, size_t n, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	int failed;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "list");
	if (n == 0) {
		bw_json_null(w);
	} else {
		bw_json_begin_array(w);
		for (size_t i = 0; i < n; i++)
			bw_info_write(w, &infos[i], false);
		bw_json_end_array(w);
	}
	failed = bw_json_writer_end(w, &text, NULL, err);
	bw_json_writer_free(w);
	return failed < 0 ? -1 : bw_put_text(text, err);
}

static void put_table(const struct row *rows, size_t n)
{
	size_t widths[COLUMNS];

	for (size_t c = 0; c < COLUMNS; c++) {
		widths[c] = MIN_WIDTH;
		for (size_t r = 0; r < n; r++) {
			size_t len = strlen(rows[r].cells[c]);

			widths[c] = len > widths[c] ? len : widths[c];
		}
	}
	for (size_t r = 0; r < n; r++) {
		for (size_t c = 0; c + 1 < COLUMNS; c++)
			printf("%-*s", (int)(widths[c] + GAP), rows[r].cells[c]);
		printf("%s\n", rows[r].cells[COLUMNS - 1]);
	}
}

static int make_rows(const struct bw_container_info *infos, size_t n, struct bw_arena *arena,
	struct row **ret, struct bw_err *err)
{
	struct row *rows = bw_arena_alloc(arena, (n + 1) * sizeof *rows);

	if (!rows)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "list");
	rows[0] = (struct row){{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
	for (size_t i = 0; i < n; i++) {
		const struct bw_container_info *info = &infos[i];
		const char *pid = bw_arena_printf(arena, "%d", (int)info->pid);

		if (!pid)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "list");
		rows[i + 1] = (struct row){{info->id, pid, bw_status_word(info->status),
			info->bundle ? info->bundle : "", info->created ? info->created : "",
			info->owner ? info->owner : ""}};
	}
	*ret = rows;
	return 0;
}

static size_t keep_tenants(struct bw_container_info *infos, size_t n, const char *tenant)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (bw_streq0(infos[i].tenant, tenant))
			infos[kept++] = infos[i];
	return kept;
}

static int run(const struct bw_call *call, struct bw_err *err)
{
	const struct list_options *options = call->options;
	struct bw_container_info *infos = NULL;
	struct row *rows = NULL;
	size_t n = 0;

	if (bw_container_list(call->ctx, call->arena, &infos, &n, err) < 0)
		return -1;
	if (options->tenant)
		n = keep_tenants(infos, n, options->tenant);
	for (size_t i = 0; options->quiet && i < n; i++)
		printf("%s\n", infos[i].id);
	if (options->quiet)
		return bw_put_done(err);
	if (bw_streq(options->format, "json"))
		return put_json(infos, n, err);
	if (make_rows(infos, n, call->arena, &rows, err) < 0)
		return -1;
	put_table(rows, n + 1);
	return bw_put_done(err);
}

const struct bw_verb bw_verb_list = {
	.name = "list",
	.group = BW_VERB_INSPECT,
	.about = "list containers",
	.synopsis = "",
	.options = list_options,
	.options_size = sizeof(struct list_options),
	.run = run,
};
