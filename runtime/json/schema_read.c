/* SPDX-License-Identifier: Apache-2.0 */
/* schema_read.c - a JSON tree into a C struct, by table. Every fault names its JSON pointer. */
#include <stdio.h>
#include <strings.h>

#include "base/auto.h"
#include "json/schema_engine.h"
#include "json/text.h"

struct reader {
	struct bw_arena *arena;
	struct bw_notes *notes;
	enum bw_code code;
	struct bw_err *err;
};

typedef int read_fn(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member);

/* ---- faults and notes ---- */

/* Puts the place in front of what was just said. A check may have named a place within its member
 * by bw_at(err, "/3"): that is appended to ours. */
static int locate(struct reader *r, const struct bw_place *place)
{
	struct bw_err *err = r->err;
	char pointer[sizeof err->field];
	struct bw_buf buf;

	if (!err)
		return -1;
	/* No longer than err->field: the pointer must not push the sentence out of err->text. */
	bw_place_text(place, pointer, sizeof pointer);
	buf = (struct bw_buf){pointer, sizeof pointer, strlen(pointer), false};
	bw_buf_add(&buf, err->field);
	if (err->code != BW_E_MEMORY)
		err->code = r->code;
	err->field[0] = '\0';
	bw_at(err, "%s", pointer);
	if (pointer[0])
		bw_wrap(err, "%s", err->field);
	bw_text_make_printable(err->field);
	bw_text_make_printable(err->text);
	return -1;
}

static int no_memory(struct reader *r, const struct bw_place *place)
{
	bw_fail(r->err, BW_E_MEMORY, 0, "out of memory");
	return locate(r, place);
}

static int fail_type(struct reader *r, const struct bw_place *place, const char *expected,
	const struct bw_json *json)
{
	bw_fail(r->err, r->code, 0, "must be %s, not %s", expected, bw_json_type_words(json->type));
	return locate(r, place);
}

static int fail_value(
	struct reader *r, const struct bw_place *place, const char *expected, const char *found)
{
	char quoted[128];

	bw_quote(found, quoted, sizeof quoted);
	bw_fail(r->err, r->code, 0, "must %s, not \"%s\"", expected, quoted);
	return locate(r, place);
}

static int add_note(struct reader *r, const struct bw_place *place, const char *text)
{
	char pointer[BW_POINTER_SIZE];
	struct bw_note note, *slot;

	if (!r->notes)
		return 0;
	bw_place_text(place, pointer, sizeof pointer);
	note.pointer = bw_arena_strdup(r->arena, pointer);
	note.text = bw_arena_strdup(r->arena, text);
	slot = note.pointer && note.text ? bw_push(r->arena, r->notes) : NULL;
	if (!slot)
		return no_memory(r, place);
	*slot = note;
	return 0;
}

/* ---- scalars ---- */

static int fail_number(struct reader *r, const struct bw_place *place, const struct bw_json *json,
	const char *range)
{
	char digits[128];

	bw_quote(json->text, digits, sizeof digits);
	if (strpbrk(json->text, ".eE"))
		bw_fail(r->err, r->code, 0, "must be a whole number, not %s", digits);
	else
		bw_fail(r->err, r->code, 0, "must be a number from %s, not %s", range, digits);
	return locate(r, place);
}

static int read_int(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	struct bw_opt_int *number = member;
	int64_t min, max;
	char range[64];

	if (json->type != BW_JSON_NUMBER)
		return fail_type(r, place, "a number", json);
	bw_int_range(field, &min, &max);
	if (bw_parse_i64(json->text, min, max, &number->v) == 0) {
		number->set = true;
		return 0;
	}
	snprintf(range, sizeof range, "%lld to %lld", (long long)min, (long long)max);
	return fail_number(r, place, json, range);
}

static int parse_uint(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, uint64_t *ret)
{
	uint64_t min, max;
	char range[64];

	if (json->type != BW_JSON_NUMBER)
		return fail_type(r, place, "a number", json);
	bw_uint_range(field, &min, &max);
	if (bw_parse_u64(json->text, max, ret) == 0 && *ret >= min)
		return 0;
	snprintf(range, sizeof range, "%llu to %llu", (unsigned long long)min,
		(unsigned long long)max);
	return fail_number(r, place, json, range);
}

static int read_uint(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	struct bw_opt_uint *number = member;

	if (parse_uint(r, place, field, json, &number->v) < 0)
		return -1;
	number->set = true;
	return 0;
}

static int read_bool(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	struct bw_opt_bool *flag = member;

	(void)field;
	if (json->type != BW_JSON_TRUE && json->type != BW_JSON_FALSE)
		return fail_type(r, place, "a boolean", json);
	flag->set = true;
	flag->v = json->type == BW_JSON_TRUE;
	return 0;
}

/* ---- strings ---- */

/* "be one of a, b or c", or as much of it as fits. */
static void list_names(const char *const *names, char *text, size_t size)
{
	struct bw_buf buf = bw_buf_over(text, size);

	bw_buf_add(&buf, names[1] ? "be one of " : "be ");
	for (size_t i = 0; names[i]; i++) {
		struct bw_buf before = buf;

		bw_buf_addf(&buf, "%s%s", !i ? "" : names[i + 1] ? ", " : " or ", names[i]);
		if (!buf.overflow)
			continue;
		text[before.len] = '\0';
		snprintf(text + before.len, size - before.len, ", ...");
		return;
	}
}

/* The name that was probably meant, or NULL. */
static const char *nearest_name(const char *const *names, const char *found)
{
	const char *best = NULL;
	unsigned distance, least = 3;

	for (size_t i = 0; names[i]; i++) {
		if (strcasecmp(names[i], found) == 0)
			return names[i];
		distance = bw_edit_distance(names[i], found);
		if (distance < least && distance < strlen(names[i])) {
			least = distance;
			best = names[i];
		}
	}
	return best;
}

static int check_name(
	struct reader *r, const struct bw_place *place, const char *const *names, const char *found)
{
	char expected[320];
	const char *near;

	for (size_t i = 0; names[i]; i++) {
		if (bw_streq(names[i], found))
			return 0;
	}
	list_names(names, expected, sizeof expected - 8);
	fail_value(r, place, expected, found);
	near = nearest_name(names, found);
	return near ? bw_hint(r->err, "did you mean \"%s\"?", near) : -1;
}

/* One string of a BW_STRING or BW_STRINGS row. */
static int take_string(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, char **ret)
{
	char *copy;

	if (json->type != BW_JSON_STRING)
		return fail_type(r, place, "a string", json);
	if ((field->flags & BW_ABSOLUTE_PATH) && json->text[0] != '/')
		return fail_value(r, place, "be an absolute path", json->text);
	if (field->names && check_name(r, place, field->names, json->text) < 0)
		return -1;
	copy = bw_arena_strdup(r->arena, json->text);
	if (!copy)
		return no_memory(r, place);
	*ret = copy;
	return 0;
}

static int fail_empty(struct reader *r, const struct bw_place *place)
{
	bw_fail(r->err, r->code, 0, "must not be empty");
	return locate(r, place);
}

static int read_string(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	if ((field->flags & BW_NOT_EMPTY) && json->type == BW_JSON_STRING && !json->text[0])
		return fail_empty(r, place);
	return take_string(r, place, field, json, member);
}

/* ---- lists ---- */

/* Room for count elements, into *ret. An empty list that was said keeps an address. */
static int make_list(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	size_t count, size_t size, void *ret)
{
	void *room = NULL;

	if (!count && (field->flags & BW_NOT_EMPTY))
		return fail_empty(r, place);
	if (count || (field->flags & BW_EMPTY_IS_SET)) {
		room = bw_arena_alloc(r->arena, bw_arena_room(count) * size);
		if (!room)
			return no_memory(r, place);
	}
	memcpy(ret, &room, sizeof room);
	return 0;
}

static int read_strings(struct reader *r, const struct bw_place *place,
	const struct bw_field *field, const struct bw_json *json, void *member)
{
	struct bw_strs *list = member;
	const struct bw_json *element = json->child;
	size_t count = json->count;
	bool single = json->type == BW_JSON_STRING && (field->flags & BW_SINGLE_OR_LIST);

	if (!single && json->type != BW_JSON_ARRAY)
		return fail_type(r, place,
			(field->flags & BW_SINGLE_OR_LIST) ? "a string or an array" : "an array",
			json);
	if (make_list(r, place, field, single ? 1 : count, sizeof *list->v, &list->v) < 0)
		return -1;
	if (single) {
		list->n = 1;
		return take_string(r, place, field, json, &list->v[0]);
	}
	for (; element; element = element->next, list->n++) {
		const struct bw_place at = {place, NULL, list->n};

		if (take_string(r, &at, field, element, &list->v[list->n]) < 0)
			return -1;
	}
	return 0;
}

static int read_uints(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	struct bw_uints *list = member;

	if (json->type != BW_JSON_ARRAY)
		return fail_type(r, place, "an array", json);
	if (make_list(r, place, field, json->count, sizeof *list->v, &list->v) < 0)
		return -1;
	for (const struct bw_json *e = json->child; e; e = e->next, list->n++) {
		const struct bw_place at = {place, NULL, list->n};

		if (parse_uint(r, &at, field, e, &list->v[list->n]) < 0)
			return -1;
	}
	return 0;
}

static int read_pairs(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	struct bw_pairs *list = member;

	if (json->type != BW_JSON_OBJECT)
		return fail_type(r, place, "an object", json);
	if (make_list(r, place, field, json->count, sizeof *list->v, &list->v) < 0)
		return -1;
	for (const struct bw_json *e = json->child; e; e = e->next, list->n++) {
		const struct bw_place at = {place, e->key, 0};
		struct bw_pair *pair = &list->v[list->n];

		pair->key = bw_arena_strdup(r->arena, e->key);
		if (!pair->key)
			return no_memory(r, &at);
		if (take_string(r, &at, field, e, &pair->value) < 0)
			return -1;
	}
	return 0;
}

static int read_strs_map(struct reader *r, const struct bw_place *place,
	const struct bw_field *field, const struct bw_json *json, void *member)
{
	struct bw_field values = *field;
	struct bw_strs_map *list = member;

	/* Each value may be one string; the flags of the row speak of the map. */
	values.flags = (field->flags & BW_ABSOLUTE_PATH) | BW_SINGLE_OR_LIST;
	if (json->type != BW_JSON_OBJECT)
		return fail_type(r, place, "an object", json);
	if (make_list(r, place, field, json->count, sizeof *list->v, &list->v) < 0)
		return -1;
	for (const struct bw_json *e = json->child; e; e = e->next, list->n++) {
		const struct bw_place at = {place, e->key, 0};
		struct bw_key_strs *entry = &list->v[list->n];

		entry->key = bw_arena_strdup(r->arena, e->key);
		if (!entry->key)
			return no_memory(r, &at);
		if (read_strings(r, &at, &values, e, &entry->values) < 0)
			return -1;
	}
	return 0;
}

/* ---- objects ---- */

/* Tables are nested in tables: their depth bounds the recursion. */
static read_fn read_value;

static const struct bw_field *find_field(const struct bw_schema *schema, const char *name)
{
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		if (bw_streq(f->name, name))
			return f;
	}
	return NULL;
}

/* The property that was probably meant, or NULL. In config.json only letter case counts, which Go's
 * readers overlook; a policy is written by hand. */
static const char *nearest_field(const struct bw_schema *schema, const char *name, bool case_only)
{
	const char *best = NULL;
	unsigned distance, least = 3;

	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		if (strcasecmp(f->name, name) == 0)
			return f->name;
		distance = bw_edit_distance(f->name, name);
		if (!case_only && distance < least && distance < strlen(f->name)) {
			least = distance;
			best = f->name;
		}
	}
	return best;
}

static int read_unknown(struct reader *r, const struct bw_place *place,
	const struct bw_schema *schema, const char *name)
{
	bool refuse = schema->unknown == BW_UNKNOWN_REFUSE;
	const char *near = nearest_field(schema, name, !refuse);
	char text[160];

	if (refuse) {
		bw_fail(r->err, r->code, 0, "is not a known property");
		locate(r, place);
		return near ? bw_hint(r->err, "did you mean \"%s\"?", near) : -1;
	}
	if (!near)
		return add_note(r, place, "is not a known property, and ignored");
	snprintf(text, sizeof text,
		"is not a known property, and ignored: \"%.64s\" differs in letter case", near);
	return add_note(r, place, text);
}

static bool reads_as_absent(const struct bw_field *field, const struct bw_json *json)
{
	return (field->flags & BW_EMPTY_IS_ABSENT) && json->type == BW_JSON_STRING &&
	       !json->text[0];
}

static int read_member(struct reader *r, const struct bw_place *place,
	const struct bw_schema *schema, const struct bw_json *json, void *object)
{
	const struct bw_field *field = find_field(schema, json->key);
	void *member;

	if (!field)
		return read_unknown(r, place, schema, json->key);
	if (json->type == BW_JSON_NULL || reads_as_absent(field, json))
		return 0;
	if (field->flags & BW_IGNORED)
		return add_note(r, place, "is for another platform, and ignored");
	if (field->flags & BW_NEVER) {
		bw_fail(r->err, r->code, 0, "is not for a runtime of containers: %s", field->doc);
		return locate(r, place);
	}
	member = bw_member(field, object);
	if (read_value(r, place, field, json, member) < 0)
		return -1;
	return field->check && field->check(member, r->err) < 0 ? locate(r, place) : 0;
}

static int check_required(struct reader *r, const struct bw_place *place,
	const struct bw_schema *schema, const struct bw_json *json)
{
	const struct bw_json *member;

	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		const struct bw_place at = {place, f->name, 0};

		if (!(f->flags & BW_REQUIRED))
			continue;
		member = bw_json_get(json, f->name);
		if (member && member->type != BW_JSON_NULL)
			continue;
		bw_fail(r->err, r->code, 0, "is required");
		return locate(r, &at);
	}
	return 0;
}

static int read_members(struct reader *r, const struct bw_place *place,
	const struct bw_schema *schema, const struct bw_json *json, void *object)
{
	if (json->type != BW_JSON_OBJECT)
		return fail_type(r, place, "an object", json);
	for (const struct bw_json *m = json->child; m; m = m->next) {
		const struct bw_place at = {place, m->key, 0};

		if (read_member(r, &at, schema, m, object) < 0)
			return -1;
	}
	return check_required(r, place, schema, json);
}

static int read_object(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	void *object = bw_arena_alloc(r->arena, field->child->size);

	if (!object)
		return no_memory(r, place);
	if (read_members(r, place, field->child, json, object) < 0)
		return -1;
	memcpy(member, &object, sizeof object);
	return 0;
}

static int read_list(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	struct bw_any_list list = {NULL, 0};

	if (json->type != BW_JSON_ARRAY)
		return fail_type(r, place, "an array", json);
	if (make_list(r, place, field, json->count, field->elem_size, &list.v) < 0)
		return -1;
	for (const struct bw_json *e = json->child; e; e = e->next, list.n++) {
		const struct bw_place at = {place, NULL, list.n};
		void *element = (unsigned char *)list.v + list.n * field->elem_size;

		if (read_members(r, &at, field->child, e, element) < 0)
			return -1;
	}
	bw_list_store(member, list);
	return 0;
}

static int read_map(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	struct bw_any_list list = {NULL, 0};

	if (json->type != BW_JSON_OBJECT)
		return fail_type(r, place, "an object", json);
	if (make_list(r, place, field, json->count, field->elem_size, &list.v) < 0)
		return -1;
	for (const struct bw_json *e = json->child; e; e = e->next, list.n++) {
		const struct bw_place at = {place, e->key, 0};
		void *element = (unsigned char *)list.v + list.n * field->elem_size;
		char *key = bw_arena_strdup(r->arena, e->key);

		if (!key)
			return no_memory(r, &at);
		memcpy(element, &key, sizeof key); /* T begins with char *key */
		if (read_members(r, &at, field->child, e, element) < 0)
			return -1;
	}
	bw_list_store(member, list);
	return 0;
}

static int read_value(struct reader *r, const struct bw_place *place, const struct bw_field *field,
	const struct bw_json *json, void *member)
{
	static read_fn *const readers[] = {
		[BW_STRING] = read_string,
		[BW_INT] = read_int,
		[BW_UINT] = read_uint,
		[BW_BOOL] = read_bool,
		[BW_STRINGS] = read_strings,
		[BW_UINTS] = read_uints,
		[BW_PAIRS] = read_pairs,
		[BW_STRS_MAP] = read_strs_map,
		[BW_OBJECT] = read_object,
		[BW_LIST] = read_list,
		[BW_MAP] = read_map,
	};

	return readers[field->kind](r, place, field, json, member);
}

int bw_schema_read(const struct bw_schema *schema, const struct bw_json *tree, enum bw_code code,
	struct bw_arena *arena, void **ret_object, struct bw_notes *notes, struct bw_err *err)
{
	struct reader r = {arena, notes, code, err};
	void *object = bw_arena_alloc(arena, schema->size);

	if (!object)
		return no_memory(&r, NULL);
	if (read_members(&r, NULL, schema, tree, object) < 0)
		return -1;
	*ret_object = object;
	return 0;
}
