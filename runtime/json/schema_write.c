/* SPDX-License-Identifier: Apache-2.0 */
/* schema_write.c - a C struct as JSON, by table: members that are set, in the order of the rows. */
#include "json/schema_engine.h"

static void write_strs(const struct bw_strs *list, struct bw_json_writer *w)
{
	bw_json_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		bw_json_string(w, list->v[i]);
	bw_json_end_array(w);
}

static void write_uints(const struct bw_uints *list, struct bw_json_writer *w)
{
	bw_json_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		bw_json_uint(w, list->v[i]);
	bw_json_end_array(w);
}

static void write_pairs(const struct bw_pairs *pairs, struct bw_json_writer *w)
{
	bw_json_begin_object(w);
	for (size_t i = 0; i < pairs->n; i++) {
		bw_json_key(w, pairs->v[i].key);
		bw_json_string(w, pairs->v[i].value);
	}
	bw_json_end_object(w);
}

static void write_strs_map(const struct bw_strs_map *map, struct bw_json_writer *w)
{
	bw_json_begin_object(w);
	for (size_t i = 0; i < map->n; i++) {
		bw_json_key(w, map->v[i].key);
		write_strs(&map->v[i].values, w);
	}
	bw_json_end_object(w);
}

static void write_list(
	const struct bw_field *field, struct bw_any_list list, struct bw_json_writer *w)
{
	bw_json_begin_array(w);
	for (size_t i = 0; i < list.n; i++)
		bw_schema_write(field->child, bw_list_at(field, list, i), w);
	bw_json_end_array(w);
}

static void write_map(
	const struct bw_field *field, struct bw_any_list list, struct bw_json_writer *w)
{
	bw_json_begin_object(w);
	for (size_t i = 0; i < list.n; i++) {
		const void *element = bw_list_at(field, list, i);

		bw_json_key(w, bw_object_load(element)); /* T begins with char *key */
		bw_schema_write(field->child, element, w);
	}
	bw_json_end_object(w);
}

static void write_value(const struct bw_field *field, const void *member, struct bw_json_writer *w)
{
	switch (field->kind) {
	case BW_END_OF_TABLE:
		break;
	case BW_STRING:
		bw_json_string(w, bw_object_load(member));
		break;
	case BW_INT:
		bw_json_int(w, ((const struct bw_opt_int *)member)->v);
		break;
	case BW_UINT:
		bw_json_uint(w, ((const struct bw_opt_uint *)member)->v);
		break;
	case BW_BOOL:
		bw_json_bool(w, ((const struct bw_opt_bool *)member)->v);
		break;
	case BW_STRINGS:
		write_strs(member, w);
		break;
	case BW_UINTS:
		write_uints(member, w);
		break;
	case BW_PAIRS:
		write_pairs(member, w);
		break;
	case BW_STRS_MAP:
		write_strs_map(member, w);
		break;
	case BW_OBJECT:
		bw_schema_write(field->child, bw_object_load(member), w);
		break;
	case BW_LIST:
		write_list(field, bw_list_load(member), w);
		break;
	case BW_MAP:
		write_map(field, bw_list_load(member), w);
		break;
	}
}

void bw_schema_write(const struct bw_schema *schema, const void *object, struct bw_json_writer *w)
{
	bw_json_begin_object(w);
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		const void *member = bw_member_of(f, object);

		if (!bw_field_is_stored(f) || !bw_member_is_set(f, member))
			continue;
		bw_json_key(w, f->name);
		write_value(f, member, w);
	}
	bw_json_end_object(w);
}
