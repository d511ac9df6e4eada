/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the rows of the configuration; see bulwark-keeper(8), which has a paragraph for each. */
#include "keeper/settings.h"

/* The greatest that can be added to a clock of milliseconds. */
#define MAX_MS (INT64_MAX / 4)

static const struct bw_field fields[] = {
	BW_FIELD(struct bw_keeper_settings, root, "root", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "Where the container's directory lies."),
	BW_FIELD(struct bw_keeper_settings, id, "id", .flags = BW_REQUIRED | BW_NOT_EMPTY, .doc = "The container."),
	BW_FIELD(struct bw_keeper_settings, ttl_ms, "ttlMs", .min = 1, .max = MAX_MS,
		.doc = "Milliseconds that it may live from its start on; when absent, somebody else sees to it, or nobody."),
	BW_FIELD(struct bw_keeper_settings, grace_ms, "graceMs", .max = MAX_MS,
		.doc = "Milliseconds between SIGTERM and SIGKILL then."),
	BW_END,
};

const struct bw_schema bw_keeper_settings_schema = {
	"keeper", sizeof(struct bw_keeper_settings), BW_UNKNOWN_REFUSE, fields};

int bw_keeper_settings_parse(const char *text, size_t len, struct bw_arena *arena, const struct bw_keeper_settings **ret,
	struct bw_err *err)
{
	struct bw_json *tree;
	void *object;

	if (bw_json_parse(text, len, "configuration", arena, &tree, err) < 0 ||
		bw_schema_read(&bw_keeper_settings_schema, tree, BW_E_SPEC, arena, &object, NULL, err) < 0)
		return -1;
	*ret = object;
	return 0;
}
