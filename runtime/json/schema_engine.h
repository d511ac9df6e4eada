/* SPDX-License-Identifier: Apache-2.0 */
/* schema_engine.h - what the files of the engine (schema*.c) share, and nobody else includes:
 * places as JSON pointers, and access to members by row. */
#ifndef BW_JSON_SCHEMA_ENGINE_H
#define BW_JSON_SCHEMA_ENGINE_H

#include <string.h>

#include "base/str.h"
#include "json/schema.h"

/* A place in the document, from the innermost step outwards; lives on the stack of the recursion,
 * so that a pointer is spelt out only when somebody is told of it. The root is NULL. */
struct bw_place {
	const struct bw_place *up;
	const char *key; /* NULL: an element of an array */
	size_t index;
};

enum { BW_POINTER_SIZE = 512 };

/* The JSON pointer (RFC 6901), '~' and '/' escaped, control characters as '?'. A pointer that does
 * not fit is cut at the step that does not. */
void bw_place_text(const struct bw_place *place, char *text, size_t size);

/* Copy of text for a message: control characters as '?', cut after some 60 bytes with "...". */
void bw_quote(const char *text, char *quoted, size_t size);

/* The whole range of a row: see min and max in struct bw_field. */
void bw_int_range(const struct bw_field *field, int64_t *ret_min, int64_t *ret_max);
void bw_uint_range(const struct bw_field *field, uint64_t *ret_min, uint64_t *ret_max);

/* Whether the row has a member in the struct: what is ignored or refused has none. */
static inline bool bw_field_is_stored(const struct bw_field *field)
{
	return !(field->flags & (BW_IGNORED | BW_NEVER));
}

static inline void *bw_member(const struct bw_field *field, void *object)
{
	return (unsigned char *)object + field->offset;
}

/* The member of an absent (NULL) object reads as absent. */
const void *bw_member_of(const struct bw_field *field, const void *object);

/* Typed lists and object pointers have different C types: they are moved by memcpy. */
static inline struct bw_any_list bw_list_load(const void *member)
{
	struct bw_any_list list;

	memcpy(&list, member, sizeof list);
	return list;
}

static inline void bw_list_store(void *member, struct bw_any_list list)
{
	memcpy(member, &list, sizeof list);
}

static inline const void *bw_list_at(
	const struct bw_field *field, struct bw_any_list list, size_t i)
{
	return (const unsigned char *)list.v + i * field->elem_size;
}

static inline void *bw_object_load(const void *member)
{
	void *object;

	memcpy(&object, member, sizeof object);
	return object;
}

/* Whether the member was said (and is to be written). */
bool bw_member_is_set(const struct bw_field *field, const void *member);

#endif
