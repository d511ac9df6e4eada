/* SPDX-License-Identifier: Apache-2.0 */
/* schema_publish.c - the tables as a JSON Schema document (json-schema.org, draft 2020-12), so that
 * editors complete and check a policy while it is being written. */
#include "json/schema_engine.h"

/* Ample: the whole of the OCI configuration has 37 tables. A unit test counts. */
enum { MAX_DEFS = 128 };

struct publisher {
	struct bw_json_writer *w;
	const struct bw_schema *defs[MAX_DEFS];
	size_t n;
};

static void member_text(struct publisher *p, const char *key, const char *text)
{
	bw_json_key(p->w, key);
	bw_json_string(p->w, text);
}

static void collect(struct publisher *p, const struct bw_schema *schema)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->defs[i] == schema)
			return;
	}
	if (p->n < MAX_DEFS)
		p->defs[p->n++] = schema;
}

/* All tables that the rows of the collected ones lead to: p->n grows while we walk. */
static void collect_nested(struct publisher *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (const struct bw_field *f = p->defs[i]->fields; f->kind != BW_END_OF_TABLE;
			f++) {
			if (f->child)
				collect(p, f->child);
		}
	}
}

static void publish_string(struct publisher *p, const struct bw_field *field)
{
	member_text(p, "type", "string");
	if (field->flags & BW_ABSOLUTE_PATH)
		member_text(p, "pattern", "^/");
	if (!field->names)
		return;
	bw_json_key(p->w, "enum");
	bw_json_begin_array(p->w);
	for (size_t i = 0; field->names[i]; i++)
		bw_json_string(p->w, field->names[i]);
	bw_json_end_array(p->w);
}

static void publish_int(struct publisher *p, const struct bw_field *field)
{
	int64_t min, max;

	bw_int_range(field, &min, &max);
	member_text(p, "type", "integer");
	bw_json_key(p->w, "minimum");
	bw_json_int(p->w, min);
	bw_json_key(p->w, "maximum");
	bw_json_int(p->w, max);
}

static void publish_uint(struct publisher *p, const struct bw_field *field)
{
	uint64_t min, max;

	bw_uint_range(field, &min, &max);
	member_text(p, "type", "integer");
	bw_json_key(p->w, "minimum");
	bw_json_uint(p->w, min);
	bw_json_key(p->w, "maximum");
	bw_json_uint(p->w, max);
}

static void publish_ref(struct publisher *p, const struct bw_field *field)
{
	char ref[128];
	struct bw_buf buf = bw_buf_over(ref, sizeof ref);

	bw_buf_addf(&buf, "#/$defs/%s", field->child->name);
	member_text(p, "$ref", ref);
}

static void begin_member_object(struct publisher *p, const char *key)
{
	bw_json_key(p->w, key);
	bw_json_begin_object(p->w);
}

/* An array whose elements are what element says. */
static void publish_array(struct publisher *p, const struct bw_field *field,
	void (*element)(struct publisher *p, const struct bw_field *field))
{
	member_text(p, "type", "array");
	if (field->flags & BW_NOT_EMPTY) {
		bw_json_key(p->w, "minItems");
		bw_json_uint(p->w, 1);
	}
	begin_member_object(p, "items");
	element(p, field);
	bw_json_end_object(p->w);
}

/* An object with free keys whose values are what element says. */
static void publish_free_keys(struct publisher *p, const struct bw_field *field,
	void (*element)(struct publisher *p, const struct bw_field *field))
{
	member_text(p, "type", "object");
	begin_member_object(p, "additionalProperties");
	element(p, field);
	bw_json_end_object(p->w);
}

static void publish_string_or_array(struct publisher *p, const struct bw_field *field)
{
	bw_json_key(p->w, "anyOf");
	bw_json_begin_array(p->w);
	bw_json_begin_object(p->w);
	publish_string(p, field);
	bw_json_end_object(p->w);
	bw_json_begin_object(p->w);
	publish_array(p, field, publish_string);
	bw_json_end_object(p->w);
	bw_json_end_array(p->w);
}

static void publish_kind(struct publisher *p, const struct bw_field *field)
{
	switch (field->kind) {
	case BW_END_OF_TABLE:
		break;
	case BW_STRING:
		publish_string(p, field);
		if (field->flags & BW_NOT_EMPTY) {
			bw_json_key(p->w, "minLength");
			bw_json_uint(p->w, 1);
		}
		break;
	case BW_INT:
		publish_int(p, field);
		break;
	case BW_UINT:
		publish_uint(p, field);
		break;
	case BW_BOOL:
		member_text(p, "type", "boolean");
		break;
	case BW_STRINGS:
		if (field->flags & BW_SINGLE_OR_LIST)
			publish_string_or_array(p, field);
		else
			publish_array(p, field, publish_string);
		break;
	case BW_UINTS:
		publish_array(p, field, publish_uint);
		break;
	case BW_PAIRS:
		publish_free_keys(p, field, publish_string);
		break;
	case BW_STRS_MAP:
		publish_free_keys(p, field, publish_string_or_array);
		break;
	case BW_OBJECT:
		publish_ref(p, field);
		break;
	case BW_LIST:
		publish_array(p, field, publish_ref);
		break;
	case BW_MAP:
		publish_free_keys(p, field, publish_ref);
		break;
	}
}

static void publish_field(struct publisher *p, const struct bw_field *field)
{
	begin_member_object(p, field->name);
	if (field->doc)
		member_text(p, "description", field->doc);
	if (field->flags & BW_NEVER) {
		member_text(p, "$comment", "refused");
		begin_member_object(p, "not");
		bw_json_end_object(p->w);
	} else if (field->flags & BW_IGNORED) {
		member_text(p, "$comment", "for another platform, and ignored");
	} else {
		publish_kind(p, field);
	}
	bw_json_end_object(p->w);
}

static bool has_required(const struct bw_schema *schema)
{
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
		if (f->flags & BW_REQUIRED)
			return true;
	}
	return false;
}

static void publish_members(struct publisher *p, const struct bw_schema *schema)
{
	member_text(p, "type", "object");
	begin_member_object(p, "properties");
	for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++)
		publish_field(p, f);
	bw_json_end_object(p->w);
	if (has_required(schema)) {
		bw_json_key(p->w, "required");
		bw_json_begin_array(p->w);
		for (const struct bw_field *f = schema->fields; f->kind != BW_END_OF_TABLE; f++) {
			if (f->flags & BW_REQUIRED)
				bw_json_string(p->w, f->name);
		}
		bw_json_end_array(p->w);
	}
	if (schema->unknown == BW_UNKNOWN_REFUSE) {
		bw_json_key(p->w, "additionalProperties");
		bw_json_bool(p->w, false);
	}
}

void bw_schema_publish(const struct bw_schema *schema, const char *title, struct bw_json_writer *w)
{
	struct publisher p = {.w = w};

	collect(&p, schema);
	collect_nested(&p);
	bw_json_begin_object(w);
	member_text(&p, "$schema", "https://json-schema.org/draft/2020-12/schema");
	member_text(&p, "title", title);
	publish_members(&p, schema);
	begin_member_object(&p, "$defs");
	for (size_t i = 1; i < p.n; i++) {
		begin_member_object(&p, p.defs[i]->name);
		publish_members(&p, p.defs[i]);
		bw_json_end_object(w);
	}
	bw_json_end_object(w);
	bw_json_end_object(w);
}
