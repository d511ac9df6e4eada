/* SPDX-License-Identifier: Apache-2.0 */
/* updates.c - the resources of create against those that are stored now. The schema engine says where they differ;
 * the values are looked up in what it writes. */
#include "container/updates.h"

#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

struct search {
	struct bw_arena *arena;
	const struct bw_json *decided, *now;
	struct bw_findings *findings;
	bool out_of_memory;
};

/* As a JSON tree; NULL stays NULL. */
static int tree_of(const struct bw_spec_resources *resources, struct bw_arena *arena, const struct bw_json **ret,
	struct bw_err *err)
{
	struct bw_json_writer *w = resources ? bw_json_writer_new(false) : NULL;
	auto_free char *text = NULL;
	struct bw_json *tree;
	size_t len;
	int r;

	*ret = NULL;
	if (!resources)
		return 0;
	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "explaining");
	bw_schema_write(&bw_spec_resources_schema, resources, w);
	r = bw_json_writer_end(w, &text, &len, err);
	bw_json_writer_free(w);
	if (r < 0 || bw_json_parse(text, len, "resources", arena, &tree, err) < 0)
		return -1;
	*ret = tree;
	return 0;
}

static const struct bw_json *step(const struct bw_json *at, const char *name, size_t len)
{
	size_t index = 0;

	for (const struct bw_json *child = at->child; child; child = child->next, index++) {
		if (at->type == BW_JSON_OBJECT && strlen(child->key) == len && memcmp(child->key, name, len) == 0)
			return child;
		if (at->type == BW_JSON_ARRAY && strtoul(name, NULL, 10) == index)
			return child;
	}
	return NULL;
}

/* The value at pointer in words, or NULL. Names with '/' or '~' in them, which no resource has, are not found. */
static const char *value_at(const struct bw_json *tree, const char *pointer)
{
	while (tree && *pointer) {
		size_t len = strcspn(pointer + 1, "/");

		tree = step(tree, pointer + 1, len);
		pointer += 1 + len;
	}
	if (!tree)
		return NULL;
	switch (tree->type) {
	case BW_JSON_NUMBER:
	case BW_JSON_STRING:
		return tree->text;
	case BW_JSON_TRUE:
		return "true";
	case BW_JSON_FALSE:
		return "false";
	case BW_JSON_NULL:
	case BW_JSON_ARRAY:
	case BW_JSON_OBJECT:
		break;
	}
	return bw_json_type_words(tree->type);
}

static void note(const char *pointer, void *ctx)
{
	struct search *search = ctx;
	struct bw_finding *slot = bw_push(search->arena, search->findings);
	char *place = bw_arena_printf(search->arena, "/linux/resources%s", pointer);

	if (!slot || !place) {
		search->out_of_memory = true;
		return;
	}
	*slot = (struct bw_finding){
		.rule = "update",
		.verdict = BW_CHANGED,
		.pointer = place,
		.before = value_at(search->decided, pointer),
		.after = value_at(search->now, pointer),
		.reason = "update has changed it since create",
	};
}

int bw_updates_find(const struct bw_spec_resources *decided, const struct bw_spec_resources *now, struct bw_arena *arena,
	struct bw_findings *findings, struct bw_err *err)
{
	struct search search = {.arena = arena, .findings = findings};

	if (tree_of(decided, arena, &search.decided, err) < 0 || tree_of(now, arena, &search.now, err) < 0)
		return -1;
	bw_schema_diff(&bw_spec_resources_schema, decided, now, note, &search);
	return search.out_of_memory ? bw_fail(err, BW_E_MEMORY, ENOMEM, "explaining") : 0;
}
