/* SPDX-License-Identifier: Apache-2.0 */
/* schema_case.c - letter case of property names. Go's readers overlook it, and callers of `update` have come to
 * count on that. config.json is not read like this: there a near miss is noted. */
#include <strings.h>

#include "json/schema_engine.h"

static void fold_key(const struct bw_schema *schema, struct bw_json *member)
{
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		if (strcasecmp(f->name, member->key) == 0) {
			member->key = f->name;
			return;
		}
	}
}

static const struct bw_field *field_of(const struct bw_schema *schema, const struct bw_json *member)
{
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++)
		if (bw_streq(f->name, member->key))
			return f;
	return NULL;
}

/* "cpu" and "CPU" in one object: which of them counts would be chance. */
static int check_once(const struct bw_json *object, const char *key, enum bw_code code, struct bw_err *err)
{
	size_t n = 0;

	for (const struct bw_json *m = object->child; m; m = m->next)
		n += bw_streq(m->key, key);
	return n < 2 ? 0 : bw_fail(err, code, 0, "\"%s\" is given more than once", key);
}

static int fold_object(const struct bw_schema *schema, struct bw_json *object, enum bw_code code, struct bw_err *err);

/* Elements of lists and members of maps are objects of the child's kind. */
static int fold_value(const struct bw_field *field, struct bw_json *value, enum bw_code code, struct bw_err *err)
{
	if (field->kind == BW_OBJECT && field->child)
		return fold_object(field->child, value, code, err);
	if (field->kind != BW_LIST && field->kind != BW_MAP)
		return 0;
	for (struct bw_json *e = value->child; e; e = e->next)
		if (fold_object(field->child, e, code, err) < 0)
			return -1;
	return 0;
}

static int fold_object(const struct bw_schema *schema, struct bw_json *object, enum bw_code code, struct bw_err *err)
{
	if (object->type != BW_JSON_OBJECT)
		return 0; /* the reader will say so, with the place */
	for (struct bw_json *m = object->child; m; m = m->next)
		fold_key(schema, m);
	for (struct bw_json *m = object->child; m; m = m->next) {
		const struct bw_field *field = field_of(schema, m);

		if (field && (check_once(object, m->key, code, err) < 0 || fold_value(field, m, code, err) < 0))
			return -1;
	}
	return 0;
}

int bw_schema_fold_case(const struct bw_schema *schema, struct bw_json *tree, enum bw_code code, struct bw_err *err)
{
	return fold_object(schema, tree, code, err);
}
