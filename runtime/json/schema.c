/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - what reading, writing, copying and comparing by table have in common; the walk over
 * the rows; and helpers over the list types. */
#include "json/schema.h"

#include <stdio.h>

#include "json/schema_engine.h"

/* ---- places ---- */

static void add_step(struct bw_buf *buf, const struct bw_place *place)
{
	bw_buf_add(buf, "/");
	if (!place->key) {
		bw_buf_addf(buf, "%zu", place->index);
		return;
	}
	for (const char *c = place->key; *c; c++) {
		if (*c == '~')
			bw_buf_add(buf, "~0");
		else if (*c == '/')
			bw_buf_add(buf, "~1");
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			bw_buf_add(buf, "?");
		else
			bw_buf_addn(buf, c, 1);
	}
}

static void add_place(struct bw_buf *buf, const struct bw_place *place)
{
	struct bw_buf before;

	if (!place)
		return;
	add_place(buf, place->up);
	before = *buf;
	add_step(buf, place);
	if (!buf->overflow)
		return;
	*buf = before;
	buf->text[buf->len] = '\0';
	buf->overflow = true;
}

void bw_place_text(const struct bw_place *place, char *text, size_t size)
{
	struct bw_buf buf = bw_buf_over(text, size);

	add_place(&buf, place);
}

void bw_pointer_step(const char *key, char *text, size_t size)
{
	const struct bw_place place = {NULL, key, 0};

	bw_place_text(&place, text, size);
}

void bw_quote(const char *text, char *quoted, size_t size)
{
	enum { LONGEST = 60 };
	size_t len = strlen(text), show = len;
	struct bw_buf buf = bw_buf_over(quoted, size);

	if (len > LONGEST) {
		show = LONGEST;
		while (show && ((unsigned char)text[show] & 0xC0) == 0x80)
			show--;
	}
	for (size_t i = 0; i < show; i++)
		bw_buf_addn(
			&buf, (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? "?" : text + i, 1);
	if (show < len)
		bw_buf_add(&buf, "...");
}

/* ---- rows and members ---- */

void bw_int_range(const struct bw_field *field, int64_t *ret_min, int64_t *ret_max)
{
	bool whole = field->min == 0 && field->max == 0;

	*ret_min = whole ? INT64_MIN : field->min;
	*ret_max = whole || field->max > INT64_MAX ? INT64_MAX : (int64_t)field->max;
}

void bw_uint_range(const struct bw_field *field, uint64_t *ret_min, uint64_t *ret_max)
{
	bool whole = field->min == 0 && field->max == 0;

	*ret_min = whole || field->min < 0 ? 0 : (uint64_t)field->min;
	*ret_max = whole ? UINT64_MAX : field->max;
}

const void *bw_member_of(const struct bw_field *field, const void *object)
{
	static const union {
		struct bw_opt_int number;
		struct bw_any_list list;
		void *pointer;
	} absent;

	return object ? (const unsigned char *)object + field->offset : (const void *)&absent;
}

bool bw_member_is_set(const struct bw_field *field, const void *member)
{
	struct bw_any_list list;

	switch (field->kind) {
	case BW_END_OF_TABLE:
		return false;
	case BW_STRING:
	case BW_OBJECT:
		return bw_object_load(member) != NULL;
	case BW_INT:
		return ((const struct bw_opt_int *)member)->set;
	case BW_UINT:
		return ((const struct bw_opt_uint *)member)->set;
	case BW_BOOL:
		return ((const struct bw_opt_bool *)member)->set;
	case BW_STRINGS:
	case BW_UINTS:
	case BW_PAIRS:
	case BW_STRS_MAP:
	case BW_LIST:
	case BW_MAP:
		list = bw_list_load(member);
		return list.n > 0 || (field->flags & BW_REQUIRED) ||
		       ((field->flags & BW_EMPTY_IS_SET) && list.v);
	}
	return false;
}

/* ---- the walk over the rows ---- */

struct walk {
	void (*seen)(const char *pointer, const struct bw_field *field, void *ctx);
	void *ctx;
};

static void walk_rows(
	const struct walk *walk, const struct bw_schema *schema, const struct bw_place *up)
{
	char pointer[BW_POINTER_SIZE];

	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		const struct bw_place here = {up, f->name, 0};
		const struct bw_place element = {&here, f->kind == BW_LIST ? "-" : "*", 0};

		bw_place_text(&here, pointer, sizeof pointer);
		walk->seen(pointer, f, walk->ctx);
		if (f->child)
			walk_rows(walk, f->child, f->kind == BW_OBJECT ? &here : &element);
	}
}

void bw_schema_walk(const struct bw_schema *schema,
	void (*seen)(const char *pointer, const struct bw_field *field, void *ctx), void *ctx)
{
	const struct walk walk = {seen, ctx};

	walk_rows(&walk, schema, NULL);
}

/* ---- lists ---- */

bool bw_strs_has(const struct bw_strs *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (bw_streq(list->v[i], text))
			return true;
	}
	return false;
}

int bw_strs_add(struct bw_arena *arena, struct bw_strs *list, const char *text)
{
	char *copy = bw_arena_strdup(arena, text);
	char **place = copy ? bw_push(arena, list) : NULL;

	if (!place)
		return -1;
	*place = copy;
	return 0;
}

const char *bw_pairs_get(const struct bw_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->n; i++) {
		if (bw_streq(pairs->v[i].key, key))
			return pairs->v[i].value;
	}
	return NULL;
}

int bw_pairs_set(struct bw_arena *arena, struct bw_pairs *pairs, const char *key, const char *value)
{
	char *value_copy = bw_arena_strdup(arena, value), *key_copy;
	struct bw_pair *pair;

	if (!value_copy)
		return -1;
	for (size_t i = 0; i < pairs->n; i++) {
		if (bw_streq(pairs->v[i].key, key)) {
			pairs->v[i].value = value_copy;
			return 0;
		}
	}
	key_copy = bw_arena_strdup(arena, key);
	pair = key_copy ? bw_push(arena, pairs) : NULL;
	if (!pair)
		return -1;
	*pair = (struct bw_pair){key_copy, value_copy};
	return 0;
}
