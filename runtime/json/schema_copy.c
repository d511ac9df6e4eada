/* SPDX-License-Identifier: Apache-2.0 */
/* schema_copy.c - deep copy by table. harden works on a copy, so that what was asked stays known.
 */
#include "json/schema_engine.h"

/* Every function makes its member, which so far is a shallow copy, independent: 0, or -1 when
 * memory is out. */
static int copy_members(const struct bw_schema *schema, void *object, struct bw_arena *arena);

static int copy_text(char **text, struct bw_arena *arena)
{
	if (*text && !(*text = bw_arena_strdup(arena, *text)))
		return -1;
	return 0;
}

/* The elements of a list, still shallow. Keeps the address of an empty list: it says "was said". */
static int copy_elements(void *member, size_t size, struct bw_arena *arena)
{
	struct bw_any_list list = bw_list_load(member);
	void *copy;

	if (!list.v)
		return 0;
	copy = bw_arena_alloc(arena, bw_arena_room(list.n) * size);
	if (!copy)
		return -1;
	memcpy(copy, list.v, list.n * size);
	list.v = copy;
	bw_list_store(member, list);
	return 0;
}

static int copy_strs(struct bw_strs *list, struct bw_arena *arena)
{
	if (copy_elements(list, sizeof *list->v, arena) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		if (copy_text(&list->v[i], arena) < 0)
			return -1;
	}
	return 0;
}

static int copy_pairs(struct bw_pairs *list, struct bw_arena *arena)
{
	if (copy_elements(list, sizeof *list->v, arena) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		if (copy_text(&list->v[i].key, arena) < 0 ||
			copy_text(&list->v[i].value, arena) < 0)
			return -1;
	}
	return 0;
}

static int copy_strs_map(struct bw_strs_map *list, struct bw_arena *arena)
{
	if (copy_elements(list, sizeof *list->v, arena) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		if (copy_text(&list->v[i].key, arena) < 0 ||
			copy_strs(&list->v[i].values, arena) < 0)
			return -1;
	}
	return 0;
}

static int copy_list(const struct bw_field *field, void *member, struct bw_arena *arena)
{
	struct bw_any_list list;
	void *element;

	if (copy_elements(member, field->elem_size, arena) < 0)
		return -1;
	list = bw_list_load(member);
	for (size_t i = 0; i < list.n; i++) {
		element = (unsigned char *)list.v + i * field->elem_size;
		if (field->kind == BW_MAP && copy_text(element, arena) < 0)
			return -1;
		if (copy_members(field->child, element, arena) < 0)
			return -1;
	}
	return 0;
}

static int copy_object(const struct bw_field *field, void *member, struct bw_arena *arena)
{
	void *object = bw_object_load(member);

	if (!object)
		return 0;
	object = bw_schema_copy(field->child, object, arena);
	memcpy(member, &object, sizeof object);
	return object ? 0 : -1;
}

static int copy_member(const struct bw_field *field, void *member, struct bw_arena *arena)
{
	switch (field->kind) {
	case BW_END_OF_TABLE:
	case BW_INT:
	case BW_UINT:
	case BW_BOOL:
		return 0;
	case BW_STRING:
		return copy_text(member, arena);
	case BW_STRINGS:
		return copy_strs(member, arena);
	case BW_UINTS:
		return copy_elements(member, sizeof(uint64_t), arena);
	case BW_PAIRS:
		return copy_pairs(member, arena);
	case BW_STRS_MAP:
		return copy_strs_map(member, arena);
	case BW_OBJECT:
		return copy_object(field, member, arena);
	case BW_LIST:
	case BW_MAP:
		return copy_list(field, member, arena);
	}
	return 0;
}

static int copy_members(const struct bw_schema *schema, void *object, struct bw_arena *arena)
{
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		if (bw_field_is_stored(f) && copy_member(f, bw_member(f, object), arena) < 0)
			return -1;
	}
	return 0;
}

void *bw_schema_copy(const struct bw_schema *schema, const void *object, struct bw_arena *arena)
{
	void *copy = bw_arena_alloc(arena, schema->size);

	if (!copy)
		return NULL;
	memcpy(copy, object, schema->size);
	return copy_members(schema, copy, arena) < 0 ? NULL : copy;
}
