/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - unit properties to bytes and back. */
#include "systemd/message.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

const struct bw_unit_integer *bw_unit_integer(char type)
{
	static const struct bw_unit_integer integers[] = {
		{'y', 0, UINT8_MAX},
		{'n', INT16_MIN, INT16_MAX},
		{'q', 0, UINT16_MAX},
		{'i', INT32_MIN, INT32_MAX},
		{'u', 0, UINT32_MAX},
		{'x', INT64_MIN, INT64_MAX},
		{'t', 0, UINT64_MAX},
	};

	for (size_t i = 0; i < BW_COUNT(integers); i++)
		if (integers[i].type == type)
			return &integers[i];
	return NULL;
}

bool bw_unit_signature_is_known(const char *signature)
{
	const char *basic = signature + (signature[0] == 'a');

	if (bw_streq(signature, "a(ss)"))
		return true;
	return basic[0] && strchr("bynqiuxtds", basic[0]) && !basic[1];
}

struct bw_unit_property *bw_unit_property_add(
	struct bw_arena *arena, struct bw_unit_properties *list, const char *name, const char *signature)
{
	struct bw_unit_property *added = bw_push(arena, list);

	if (!added)
		return NULL;
	added->name = bw_arena_strdup(arena, name);
	added->signature = bw_arena_strdup(arena, signature);
	return added->name && added->signature ? added : NULL;
}

int bw_unit_value_add(struct bw_arena *arena, struct bw_unit_property *property, const char *value)
{
	char **added = bw_push(arena, &property->values);

	if (!added)
		return -1;
	*added = bw_arena_strdup(arena, value);
	return *added ? 0 : -1;
}

int bw_unit_set(struct bw_arena *arena, struct bw_unit_properties *list, const char *name, const char *signature,
	const char *value)
{
	struct bw_unit_property *property = bw_unit_property_add(arena, list, name, signature);

	return property ? bw_unit_value_add(arena, property, value) : -1;
}

/* --- writing --- */

static void put(struct bw_buf *buf, const char *text)
{
	bw_buf_addn(buf, text, strlen(text) + 1);
}

static void put_number(struct bw_buf *buf, size_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%zu", number);
	put(buf, text);
}

static size_t length_of(const struct bw_unit_properties *list)
{
	size_t len = 1;

	for (size_t i = 0; i < list->n; i++) {
		len += strlen(list->v[i].name) + strlen(list->v[i].signature) + 64;
		for (size_t k = 0; k < list->v[i].values.n; k++)
			len += strlen(list->v[i].values.v[k]) + 1;
	}
	return len;
}

int bw_unit_message_write(const struct bw_unit_properties *list, struct bw_arena *arena, char **ret, size_t *ret_len,
	struct bw_err *err)
{
	size_t room = length_of(list);
	struct bw_buf buf;
	char *bytes;

	if (list->n > BW_UNIT_MAX_PROPERTIES)
		return bw_fail(err, BW_E_SPEC, 0, "more than %d properties for systemd", BW_UNIT_MAX_PROPERTIES);
	if (room > BW_UNIT_MAX_MESSAGE)
		return bw_fail(err, BW_E_SPEC, 0, "the properties for systemd are longer than %d bytes", BW_UNIT_MAX_MESSAGE);
	bytes = bw_arena_alloc(arena, room);
	if (!bytes)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "properties for systemd");
	buf = bw_buf_over(bytes, room);
	for (size_t i = 0; i < list->n; i++) {
		const struct bw_unit_property *property = &list->v[i];

		put(&buf, property->name);
		put(&buf, property->signature);
		put_number(&buf, property->min_version);
		put_number(&buf, property->values.n);
		for (size_t k = 0; k < property->values.n; k++)
			put(&buf, property->values.v[k]);
	}
	*ret = bytes;
	*ret_len = buf.len;
	return 0;
}

/* --- reading --- */

struct reader {
	const char *at, *end;
};

/* The next text, or NULL when there is none that ends. */
static const char *next(struct reader *reader)
{
	const char *text = reader->at;
	const char *nul = memchr(text, '\0', (size_t)(reader->end - text));

	if (!nul)
		return NULL;
	reader->at = nul + 1;
	return text;
}

static bool next_number(struct reader *reader, uint64_t max, uint64_t *ret)
{
	const char *text = next(reader);

	return text && bw_parse_u64(text, max, ret) == 0;
}

static int read_values(struct reader *reader, uint64_t count, struct bw_arena *arena, struct bw_unit_property *property,
	struct bw_err *err)
{
	for (uint64_t i = 0; i < count; i++) {
		const char *value = next(reader);

		if (!value)
			return bw_fail(err, BW_E_INTERNAL, 0, "property %s: cut off", property->name);
		if (bw_unit_value_add(arena, property, value) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "properties for systemd");
	}
	return 0;
}

static bool count_fits(const char *signature, uint64_t count)
{
	if (bw_streq(signature, "a(ss)"))
		return count % 2 == 0;
	return signature[0] == 'a' || count == 1;
}

static int read_property(struct reader *reader, struct bw_arena *arena, struct bw_unit_properties *list, struct bw_err *err)
{
	const char *name = next(reader), *signature = name ? next(reader) : NULL;
	struct bw_unit_property *property;
	uint64_t version, count;

	if (!signature || !next_number(reader, INT_MAX, &version) ||
		!next_number(reader, BW_UNIT_MAX_MESSAGE, &count))
		return bw_fail(err, BW_E_INTERNAL, 0, "property %zu: cut off", list->n);
	if (!name[0] || !bw_unit_signature_is_known(signature) || !count_fits(signature, count))
		return bw_fail(err, BW_E_INTERNAL, 0, "property %s: type \"%s\" with %llu values", name, signature,
			(unsigned long long)count);
	property = bw_unit_property_add(arena, list, name, signature);
	if (!property)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "properties for systemd");
	property->min_version = (unsigned)version;
	return read_values(reader, count, arena, property, err);
}

int bw_unit_message_read(const char *bytes, size_t len, struct bw_arena *arena, struct bw_unit_properties *ret,
	struct bw_err *err)
{
	struct reader reader = {bytes, bytes + len};
	struct bw_unit_properties list = {0};

	while (reader.at < reader.end) {
		if (list.n >= BW_UNIT_MAX_PROPERTIES)
			return bw_fail(err, BW_E_INTERNAL, 0, "more than %d properties", BW_UNIT_MAX_PROPERTIES);
		if (read_property(&reader, arena, &list, err) < 0)
			return -1;
	}
	*ret = list;
	return 0;
}
