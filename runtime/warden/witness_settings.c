/* SPDX-License-Identifier: Apache-2.0 */
/* witness_settings.c - the rows of the configuration; see bulwark-witness(8), which has a paragraph for each. */
#include "warden/witness_settings.h"

#include <limits.h>
#include <string.h>

#include "warden/witness.h"

enum { MAX_ID = UINT32_MAX - 1 };

static int check_id(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;

	if (strlen(text) > BW_WITNESS_MAX_ID)
		return bw_fail(err, BW_E_SPEC, 0, "must have at most %d bytes", BW_WITNESS_MAX_ID);
	return 0;
}

static int check_files(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	if (list->n > BW_WITNESS_MAX_FILES / 2)
		return bw_fail(err, BW_E_SPEC, 0, "must have at most %d elements, has %zu", BW_WITNESS_MAX_FILES / 2, list->n);
	return 0;
}

static const struct bw_field fields[] = {
	BW_FIELD(struct bw_witness_settings, id, "id", .flags = BW_REQUIRED | BW_NOT_EMPTY, .check = check_id,
		.doc = "Name of the container in events."),
	BW_FIELD(struct bw_witness_settings, user, "user", .flags = BW_REQUIRED, .min = 1, .max = MAX_ID,
		.doc = "User ID that the witness runs with, which nobody else should have."),
	BW_FIELD(struct bw_witness_settings, group, "group", .flags = BW_REQUIRED, .min = 1, .max = MAX_ID,
		.doc = "Group ID, likewise."),
	BW_FIELD(struct bw_witness_settings, pid, "pid", .flags = BW_REQUIRED, .min = 1, .max = INT_MAX,
		.doc = "The container's init, in whose root the files are looked up."),
	BW_FIELD(struct bw_witness_settings, programs, "programs", .flags = BW_ABSOLUTE_PATH, .check = check_files,
		.doc = "Files in the container that may be executed; when absent, all."),
	BW_FIELD(struct bw_witness_settings, interpreters, "interpreters", .flags = BW_ABSOLUTE_PATH, .check = check_files,
		.doc = "Files that are loaded with those, and are no programs themselves."),
	BW_END,
};

const struct bw_schema bw_witness_settings_schema = {
	"witness", sizeof(struct bw_witness_settings), BW_UNKNOWN_REFUSE, fields};

int bw_witness_settings_parse(const char *text, size_t len, struct bw_arena *arena, const struct bw_witness_settings **ret,
	struct bw_err *err)
{
	struct bw_json *tree;
	void *object;

	if (bw_json_parse(text, len, "configuration", arena, &tree, err) < 0 ||
		bw_schema_read(&bw_witness_settings_schema, tree, BW_E_SPEC, arena, &object, NULL, err) < 0)
		return -1;
	*ret = object;
	return 0;
}
