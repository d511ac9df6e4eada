/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - reading and writing of messages by the rows of their tables. Reading looks at the fields twice: first it
 * finds what is malformed and how long each list will be, so that a list is allocated once; then it stores. */
#include "proto/message.h"

#include <string.h>

#include "base/auto.h"

/* What stays the same from the outermost message to the innermost. */
struct reading {
	struct bw_arena *arena;
	struct bw_err *err;
};

static bool wants_bytes(enum bw_proto_kind kind)
{
	switch (kind) {
	case BW_PROTO_TEXT:
	case BW_PROTO_BYTES:
	case BW_PROTO_TEXTS:
	case BW_PROTO_MESSAGE:
	case BW_PROTO_LIST:
	case BW_PROTO_PART:
		return true;
	case BW_PROTO_END:
	case BW_PROTO_NUMBER:
	case BW_PROTO_BOOL:
		return false;
	}
	return false;
}

static size_t element_size(const struct bw_proto_row *row)
{
	return row->kind == BW_PROTO_TEXTS ? sizeof(char *) : row->of->size;
}

static bool is_list(const struct bw_proto_row *row)
{
	return row->kind == BW_PROTO_TEXTS || row->kind == BW_PROTO_LIST;
}

static const struct bw_proto_row *find_row(const struct bw_proto_table *table, unsigned number)
{
	for (const struct bw_proto_row *row = table->rows; row->kind != BW_PROTO_END; row++) {
		if (row->number == number)
			return row;
	}
	return NULL;
}

/* A row's place in the struct. */
static void *place_of(void *value, const struct bw_proto_row *row)
{
	return (unsigned char *)value + row->offset;
}

static const void *content_of(const void *value, const struct bw_proto_row *row)
{
	return (const unsigned char *)value + row->offset;
}

/* Lists and pointers have many types; as bytes they are all copied alike. */
static struct bw_proto_list get_list(const void *at)
{
	struct bw_proto_list list;

	memcpy(&list, at, sizeof list);
	return list;
}

static void *get_pointer(const void *at)
{
	void *pointer;

	memcpy(&pointer, at, sizeof pointer);
	return pointer;
}

/* --- reading --- */

static void empty_texts(const struct bw_proto_row *rows, void *ret)
{
	for (const struct bw_proto_row *row = rows; row && row->kind != BW_PROTO_END; row++) {
		if (row->kind == BW_PROTO_TEXT)
			*(const char **)place_of(ret, row) = "";
		if (row->kind == BW_PROTO_PART)
			empty_texts(row->of->rows, ret);
	}
}

static int out_of_memory(const struct reading *reading, const struct bw_proto_table *table)
{
	return bw_fail(reading->err, BW_E_MEMORY, 0, "out of memory for %s", table->name);
}

static int check_type(const struct reading *reading, const struct bw_proto_table *table, const struct bw_proto_row *row,
	const struct bw_wire_field *field)
{
	bool bytes = wants_bytes(row->kind);

	if (bytes == field->is_bytes && !field->is_fixed)
		return 0;
	return bw_fail(reading->err, BW_E_USAGE, 0, "field %u of %s: expected %s, found %s", row->number, table->name,
		bytes ? "bytes" : "a varint", field->is_bytes ? "bytes" : field->is_fixed ? "a fixed-size number" : "a varint");
}

/* How often a list's field is there, so far in the list itself. */
static int count_element(const struct reading *reading, const struct bw_proto_table *table, const struct bw_proto_row *row,
	void *ret)
{
	struct bw_proto_list list = get_list(content_of(ret, row));

	if (list.n == BW_PROTO_MAX_ELEMENTS)
		return bw_fail(reading->err, BW_E_USAGE, 0, "field %u of %s: more than %d elements", row->number, table->name,
			BW_PROTO_MAX_ELEMENTS);
	list.n++;
	memcpy(place_of(ret, row), &list, sizeof list);
	return 0;
}

static int look_through(const struct reading *reading, const struct bw_proto_table *table, const unsigned char *bytes,
	size_t len, void *ret)
{
	struct bw_wire_reader reader = {.at = bytes, .end = bytes + len};
	const unsigned char *before = reader.at;
	struct bw_wire_field field;
	int r;

	while ((r = bw_wire_next(&reader, &field)) > 0) {
		const struct bw_proto_row *row = find_row(table, field.number);

		before = reader.at;
		if (!row)
			continue;
		if (check_type(reading, table, row, &field) < 0)
			return -1;
		if (is_list(row) && count_element(reading, table, row, ret) < 0)
			return -1;
	}
	if (r == 0)
		return 0;
	return bw_fail(reading->err, BW_E_USAGE, 0, "%s: expected a field at byte %zu, found none that is whole", table->name,
		(size_t)(before - bytes));
}

/* Each list has become its length; now it gets its room, and is empty. */
static int make_lists(const struct reading *reading, const struct bw_proto_table *table, void *ret)
{
	for (const struct bw_proto_row *row = table->rows; row->kind != BW_PROTO_END; row++) {
		struct bw_proto_list list;

		if (!is_list(row))
			continue;
		list = get_list(content_of(ret, row));
		if (list.n == 0)
			continue;
		list.v = bw_arena_alloc(reading->arena, bw_arena_room(list.n) * element_size(row));
		if (!list.v)
			return out_of_memory(reading, table);
		list.n = 0;
		memcpy(place_of(ret, row), &list, sizeof list);
	}
	return 0;
}

/* A message that is there twice, and so its lists: the first ones are forgotten. */
static void forget_lists(const struct bw_proto_table *table, void *ret)
{
	for (const struct bw_proto_row *row = table->rows; row->kind != BW_PROTO_END; row++) {
		if (is_list(row))
			memset(place_of(ret, row), 0, sizeof(struct bw_proto_list));
	}
}

static int read_text(const struct reading *reading, const struct bw_proto_table *table, const struct bw_wire_field *field,
	const char **ret)
{
	const char *text = "";

	if (field->len && memchr(field->bytes, '\0', field->len))
		return bw_fail(reading->err, BW_E_USAGE, 0, "field %u of %s: expected a text, found a NUL in it", field->number,
			table->name);
	if (field->len)
		text = bw_arena_strndup(reading->arena, (const char *)field->bytes, field->len);
	if (!text)
		return out_of_memory(reading, table);
	*ret = text;
	return 0;
}

/* The next place in a list, which make_lists() made long enough. */
static void *next_element(const struct bw_proto_row *row, void *ret)
{
	struct bw_proto_list list = get_list(content_of(ret, row));
	void *element = (unsigned char *)list.v + list.n * element_size(row);

	list.n++;
	memcpy(place_of(ret, row), &list, sizeof list);
	return element;
}

/* The place of a message; given twice, the same. */
static void *message_place(const struct reading *reading, const struct bw_proto_row *row, void *ret)
{
	void *place = get_pointer(content_of(ret, row));

	if (place)
		return place;
	place = bw_arena_alloc(reading->arena, row->of->size);
	if (place)
		memcpy(place_of(ret, row), &place, sizeof place);
	return place;
}

static int read_fields(const struct reading *reading, const struct bw_proto_table *table, const unsigned char *bytes,
	size_t len, unsigned depth, void *ret);

static int read_message(const struct reading *reading, const struct bw_proto_table *table,
	const struct bw_wire_field *field, unsigned depth, void *ret)
{
	memset(ret, 0, table->size);
	empty_texts(table->texts, ret);
	empty_texts(table->rows, ret);
	return read_fields(reading, table, field->bytes, field->len, depth, ret);
}

static int store(const struct reading *reading, const struct bw_proto_table *table, const struct bw_proto_row *row,
	const struct bw_wire_field *field, unsigned depth, void *ret)
{
	void *at = place_of(ret, row), *place;

	switch (row->kind) {
	case BW_PROTO_END:
		return 0;
	case BW_PROTO_TEXT:
		return read_text(reading, table, field, at);
	case BW_PROTO_BYTES:
		*(struct bw_proto_bytes *)at = (struct bw_proto_bytes){.v = field->bytes, .len = field->len};
		return 0;
	case BW_PROTO_NUMBER:
		*(uint64_t *)at = field->value;
		return 0;
	case BW_PROTO_BOOL:
		*(bool *)at = field->value != 0;
		return 0;
	case BW_PROTO_TEXTS:
		return read_text(reading, table, field, next_element(row, ret));
	case BW_PROTO_MESSAGE:
		place = message_place(reading, row, ret);
		if (!place)
			return out_of_memory(reading, row->of);
		return read_message(reading, row->of, field, depth + 1, place);
	case BW_PROTO_LIST:
		return read_message(reading, row->of, field, depth + 1, next_element(row, ret));
	case BW_PROTO_PART:
		return read_fields(reading, row->of, field->bytes, field->len, depth + 1, ret);
	}
	return 0;
}

static int read_fields(const struct reading *reading, const struct bw_proto_table *table, const unsigned char *bytes,
	size_t len, unsigned depth, void *ret)
{
	struct bw_wire_reader reader = {.at = bytes, .end = bytes + len};
	struct bw_wire_field field;

	if (depth > BW_PROTO_MAX_DEPTH)
		return bw_fail(reading->err, BW_E_USAGE, 0, "%s: more than %d messages in each other", table->name,
			BW_PROTO_MAX_DEPTH);
	forget_lists(table, ret);
	if (look_through(reading, table, bytes, len, ret) < 0 || make_lists(reading, table, ret) < 0)
		return -1;
	while (bw_wire_next(&reader, &field) > 0) {
		const struct bw_proto_row *row = find_row(table, field.number);

		if (row && store(reading, table, row, &field, depth, ret) < 0)
			return -1;
	}
	return 0;
}

/* --- writing --- */

static void write_text(unsigned number, const char *text, struct bw_wire *wire)
{
	if (text && *text)
		bw_wire_text(wire, number, text);
}

static void write_texts(unsigned number, const struct bw_proto_texts *texts, struct bw_wire *wire)
{
	for (size_t i = 0; i < texts->n; i++)
		bw_wire_text(wire, number, texts->v[i] ? texts->v[i] : "");
}

static void write_number(unsigned number, uint64_t value, struct bw_wire *wire)
{
	if (value)
		bw_wire_number(wire, number, value);
}

static void write_message(const struct bw_proto_row *row, const void *value, struct bw_wire *wire)
{
	auto_wire struct bw_wire inner = {0};

	if (!value)
		return;
	bw_proto_write(row->of, value, &inner);
	bw_wire_message(wire, row->number, &inner);
}

static void write_list(const struct bw_proto_row *row, struct bw_proto_list list, struct bw_wire *wire)
{
	auto_wire struct bw_wire inner = {0};

	for (size_t i = 0; i < list.n; i++) {
		inner.len = 0;
		bw_proto_write(row->of, (const unsigned char *)list.v + i * row->of->size, &inner);
		bw_wire_message(wire, row->number, &inner);
	}
}

static void write_part(const struct bw_proto_row *row, const void *value, struct bw_wire *wire)
{
	auto_wire struct bw_wire inner = {0};

	bw_proto_write(row->of, value, &inner);
	if (inner.len || inner.no_memory)
		bw_wire_message(wire, row->number, &inner);
}

static void write_row(const struct bw_proto_row *row, const void *value, struct bw_wire *wire)
{
	const void *at = content_of(value, row);
	const struct bw_proto_bytes *bytes;

	switch (row->kind) {
	case BW_PROTO_END:
		return;
	case BW_PROTO_TEXT:
		write_text(row->number, *(const char *const *)at, wire);
		return;
	case BW_PROTO_BYTES:
		bytes = at;
		if (bytes->len)
			bw_wire_bytes(wire, row->number, bytes->v, bytes->len);
		return;
	case BW_PROTO_NUMBER:
		write_number(row->number, *(const uint64_t *)at, wire);
		return;
	case BW_PROTO_BOOL:
		write_number(row->number, *(const bool *)at, wire);
		return;
	case BW_PROTO_TEXTS:
		write_texts(row->number, at, wire);
		return;
	case BW_PROTO_MESSAGE:
		write_message(row, get_pointer(at), wire);
		return;
	case BW_PROTO_LIST:
		write_list(row, get_list(at), wire);
		return;
	case BW_PROTO_PART:
		write_part(row, value, wire);
		return;
	}
}

/* --- what others call --- */

int bw_proto_read(const struct bw_proto_table *table, const void *bytes, size_t len, struct bw_arena *arena, void *ret,
	struct bw_err *err)
{
	const struct reading reading = {.arena = arena, .err = err};
	/* No bytes may be NULL, and nothing is to be added to that. */
	const struct bw_wire_field whole = {.is_bytes = true, .bytes = len ? bytes : (const void *)"", .len = len};

	return read_message(&reading, table, &whole, 1, ret);
}

void bw_proto_write(const struct bw_proto_table *table, const void *value, struct bw_wire *ret)
{
	for (const struct bw_proto_row *row = table->rows; row->kind != BW_PROTO_END; row++)
		write_row(row, value, ret);
}
