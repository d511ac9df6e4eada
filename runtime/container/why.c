/* SPDX-License-Identifier: Apache-2.0 */
/* why.c - the last failure of a container, for people and as JSON. */
#include "container/bulwark.h"

#include <errno.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/failure.h"

static void put_row(FILE *out, const char *key, const char *value)
{
	if (value && *value)
		fprintf(out, "%-10s %s\n", key, value);
}

static int put_text(const struct bw_failure *failure, char **ret_text, struct bw_err *err)
{
	size_t len;
	FILE *out = open_memstream(ret_text, &len);

	if (!out)
		return bw_fail(err, BW_E_MEMORY, errno, "why");
	put_row(out, "id", failure->id);
	put_row(out, "failed", failure->verb);
	put_row(out, "time", failure->time);
	put_row(out, "error", failure->message);
	put_row(out, "because", failure->hint);
	put_row(out, "kind", failure->code);
	put_row(out, "errno", failure->sys);
	put_row(out, "rule", failure->rule);
	put_row(out, "field", failure->field);
	put_row(out, "profile", failure->profile);
	put_row(out, "chosen by", failure->profile_reason);
	put_row(out, "bundle", failure->bundle);
	for (size_t i = 0; i < failure->steps.n; i++)
		fprintf(out, "%-10s %-11s  %s\n", i ? "" : "steps", failure->steps.v[i].result, failure->steps.v[i].what);
	return fclose(out) == 0 ? 0 : bw_fail(err, BW_E_MEMORY, errno, "why");
}

static int put_json(const struct bw_failure *failure, char **ret_text, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "why");
	bw_schema_write(&bw_failure_schema, failure, w);
	r = bw_json_writer_end(w, ret_text, NULL, err);
	bw_json_writer_free(w);
	return r;
}

int bw_why_text(const struct bw_context *ctx, const char *id, bool json, char **ret_text, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_failure *failure;

	if (bw_failure_load(ctx, id, &arena, &failure, err) < 0)
		return -1;
	return json ? put_json(failure, ret_text, err) : put_text(failure, ret_text, err);
}
