/* SPDX-License-Identifier: Apache-2.0 */
/* schema_diff.c - where two objects of one table differ, as JSON pointers to the deepest
 * properties. */
#include "json/schema_engine.h"

struct differ {
	void (*seen)(const char *pointer, void *ctx);
	void *ctx;
};

static size_t diff_members(const struct differ *d, const struct bw_place *place,
	const struct bw_schema *schema, const void *a, const void *b);

static size_t tell(const struct differ *d, const struct bw_place *place, bool differs)
{
	char pointer[BW_POINTER_SIZE];

	if (!differs)
		return 0;
	if (d->seen) {
		bw_place_text(place, pointer, sizeof pointer);
		d->seen(pointer, d->ctx);
	}
	return 1;
}

static size_t shorter(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- lists by index ---- */

static size_t diff_strs(const struct differ *d, const struct bw_place *place,
	const struct bw_strs *a, const struct bw_strs *b)
{
	size_t found = 0;

	for (size_t i = 0; i < shorter(a->n, b->n); i++) {
		const struct bw_place at = {place, NULL, i};

		found += tell(d, &at, !bw_streq(a->v[i], b->v[i]));
	}
	return found + tell(d, place, a->n != b->n);
}

static size_t diff_uints(const struct differ *d, const struct bw_place *place,
	const struct bw_uints *a, const struct bw_uints *b)
{
	size_t found = 0;

	for (size_t i = 0; i < shorter(a->n, b->n); i++) {
		const struct bw_place at = {place, NULL, i};

		found += tell(d, &at, a->v[i] != b->v[i]);
	}
	return found + tell(d, place, a->n != b->n);
}

static size_t diff_list(const struct differ *d, const struct bw_place *place,
	const struct bw_field *field, struct bw_any_list a, struct bw_any_list b)
{
	size_t found = 0;

	for (size_t i = 0; i < shorter(a.n, b.n); i++) {
		const struct bw_place at = {place, NULL, i};

		found += diff_members(
			d, &at, field->child, bw_list_at(field, a, i), bw_list_at(field, b, i));
	}
	return found + tell(d, place, a.n != b.n);
}

/* ---- maps by key ---- */

/* Elements of every kind of map begin with char *key. */
static const void *find_key(struct bw_any_list list, size_t size, const char *key)
{
	for (size_t i = 0; i < list.n; i++) {
		const void *element = (const unsigned char *)list.v + i * size;

		if (bw_streq(bw_object_load(element), key))
			return element;
	}
	return NULL;
}

/* One entry, of which a or b may be NULL: not both. */
typedef size_t diff_entry_fn(const struct differ *d, const struct bw_place *place,
	const struct bw_schema *schema, const void *a, const void *b);

static size_t diff_pair(const struct differ *d, const struct bw_place *place,
	const struct bw_schema *schema, const void *a, const void *b)
{
	const struct bw_pair *one = a, *other = b;

	(void)schema;
	return tell(d, place, !one || !other || !bw_streq0(one->value, other->value));
}

static size_t diff_key_strs(const struct differ *d, const struct bw_place *place,
	const struct bw_schema *schema, const void *a, const void *b)
{
	const struct bw_key_strs *one = a, *other = b;

	(void)schema;
	return one && other ? diff_strs(d, place, &one->values, &other->values)
			    : tell(d, place, true);
}

static size_t diff_entry(const struct differ *d, const struct bw_place *place,
	const struct bw_schema *schema, const void *a, const void *b)
{
	size_t found = diff_members(d, place, schema, a, b);

	return found || (a && b) ? found : tell(d, place, true);
}

struct map_kind {
	size_t size;
	diff_entry_fn *diff;
	const struct bw_schema *schema;
};

static size_t diff_map(const struct differ *d, const struct bw_place *place,
	const struct map_kind *kind, const void *member_a, const void *member_b)
{
	struct bw_any_list a = bw_list_load(member_a), b = bw_list_load(member_b);
	size_t found = 0;

	for (size_t i = 0; i < a.n; i++) {
		const void *element = (const unsigned char *)a.v + i * kind->size;
		const struct bw_place at = {place, bw_object_load(element), 0};

		found += kind->diff(d, &at, kind->schema, element, find_key(b, kind->size, at.key));
	}
	for (size_t i = 0; i < b.n; i++) {
		const void *element = (const unsigned char *)b.v + i * kind->size;
		const struct bw_place at = {place, bw_object_load(element), 0};

		if (!find_key(a, kind->size, at.key))
			found += kind->diff(d, &at, kind->schema, NULL, element);
	}
	return found;
}

/* ---- one member ---- */

static bool ints_differ(const struct bw_opt_int *a, const struct bw_opt_int *b)
{
	return a->set != b->set || (a->set && a->v != b->v);
}

static bool uints_differ(const struct bw_opt_uint *a, const struct bw_opt_uint *b)
{
	return a->set != b->set || (a->set && a->v != b->v);
}

static bool bools_differ(const struct bw_opt_bool *a, const struct bw_opt_bool *b)
{
	return a->set != b->set || (a->set && a->v != b->v);
}

static size_t diff_object(const struct differ *d, const struct bw_place *place,
	const struct bw_schema *schema, const void *a, const void *b)
{
	return a || b ? diff_members(d, place, schema, a, b) : 0;
}

static size_t diff_values(const struct differ *d, const struct bw_place *place,
	const struct bw_field *field, const void *a, const void *b)
{
	const struct map_kind pairs = {sizeof(struct bw_pair), diff_pair, NULL};
	const struct map_kind strs_map = {sizeof(struct bw_key_strs), diff_key_strs, NULL};
	const struct map_kind objects = {field->elem_size, diff_entry, field->child};

	switch (field->kind) {
	case BW_END_OF_TABLE:
		return 0;
	case BW_STRING:
		return tell(d, place, !bw_streq0(bw_object_load(a), bw_object_load(b)));
	case BW_INT:
		return tell(d, place, ints_differ(a, b));
	case BW_UINT:
		return tell(d, place, uints_differ(a, b));
	case BW_BOOL:
		return tell(d, place, bools_differ(a, b));
	case BW_STRINGS:
		return diff_strs(d, place, a, b);
	case BW_UINTS:
		return diff_uints(d, place, a, b);
	case BW_PAIRS:
		return diff_map(d, place, &pairs, a, b);
	case BW_STRS_MAP:
		return diff_map(d, place, &strs_map, a, b);
	case BW_OBJECT:
		return diff_object(d, place, field->child, bw_object_load(a), bw_object_load(b));
	case BW_LIST:
		return diff_list(d, place, field, bw_list_load(a), bw_list_load(b));
	case BW_MAP:
		return diff_map(d, place, &objects, a, b);
	}
	return 0;
}

static size_t diff_member(const struct differ *d, const struct bw_place *place,
	const struct bw_field *field, const void *a, const void *b)
{
	size_t found = diff_values(d, place, field, a, b);

	/* Said and empty is not the same as absent: "capabilities": {} drops all of them. */
	return found ? found
		     : tell(d, place, bw_member_is_set(field, a) != bw_member_is_set(field, b));
}

static size_t diff_members(const struct differ *d, const struct bw_place *place,
	const struct bw_schema *schema, const void *a, const void *b)
{
	size_t found = 0;

	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		const struct bw_place at = {place, f->name, 0};

		if (bw_field_is_stored(f))
			found += diff_member(d, &at, f, bw_member_of(f, a), bw_member_of(f, b));
	}
	return found;
}

size_t bw_schema_diff(const struct bw_schema *schema, const void *a, const void *b,
	void (*seen)(const char *pointer, void *ctx), void *ctx)
{
	const struct differ d = {seen, ctx};

	return diff_members(&d, NULL, schema, a, b);
}
