/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json.c - any bytes as JSON: refused with a place, or a tree within the limits that is the
 * same after writing and reading it again. */
#include <string.h>

#include "base/auto.h"
#include "fuzz.h"
#include "json/json.h"

static void write_tree(const struct bw_json *json, struct bw_json_writer *w)
{
	if (json->key)
		bw_json_key(w, json->key);
	switch (json->type) {
	case BW_JSON_NULL:
		bw_json_null(w);
		return;
	case BW_JSON_FALSE:
	case BW_JSON_TRUE:
		bw_json_bool(w, json->type == BW_JSON_TRUE);
		return;
	case BW_JSON_NUMBER:
		bw_json_number_text(w, json->text);
		return;
	case BW_JSON_STRING:
		bw_json_string(w, json->text);
		return;
	case BW_JSON_ARRAY:
		bw_json_begin_array(w);
		for (const struct bw_json *child = json->child; child; child = child->next)
			write_tree(child, w);
		bw_json_end_array(w);
		return;
	case BW_JSON_OBJECT:
		bw_json_begin_object(w);
		for (const struct bw_json *child = json->child; child; child = child->next)
			write_tree(child, w);
		bw_json_end_object(w);
		return;
	}
}

static int same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void compare(const struct bw_json *a, const struct bw_json *b)
{
	size_t count = 0;

	must(a->type == b->type && a->count == b->count);
	must(same_text(a->key, b->key) && same_text(a->text, b->text));
	a = a->child;
	b = b->child;
	for (; a && b; a = a->next, b = b->next, count++)
		compare(a, b);
	must(!a && !b && count <= BW_JSON_MAX_VALUES);
}

static void read_again(const struct bw_json *json, bool pretty)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json_writer *w = bw_json_writer_new(pretty);
	auto_free char *text = NULL;
	struct bw_json *again;
	struct bw_err err = {0};
	size_t len;

	write_tree(json, w);
	must(bw_json_writer_end(w, &text, &len, &err) == 0);
	bw_json_writer_free(w);
	/* Indentation can carry a document beyond the limit of size. */
	if (len > BW_JSON_MAX_BYTES)
		return;
	must(bw_json_parse(text, len, "again", &arena, &again, &err) == 0);
	compare(json, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json *json = NULL;
	struct bw_err err = {0};

	if (bw_json_parse((const char *)data, size, "input", &arena, &json, &err) < 0) {
		must(err.text[0] && !json);
		return 0;
	}
	must(!err.text[0] && json);
	read_again(json, false);
	read_again(json, true);
	return 0;
}
