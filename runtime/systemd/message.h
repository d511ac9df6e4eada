/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - properties of a systemd unit, as bulwark hands them to bulwark-systemd: bulwark says what they are,
 * the helper, which has the D-Bus library, sends them. Both are built with this file. Texts only; what they mean is
 * systemd.resource-control(5) and org.freedesktop.systemd1(5). */
#ifndef BW_SYSTEMD_MESSAGE_H
#define BW_SYSTEMD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { BW_UNIT_MAX_PROPERTIES = 256, BW_UNIT_MAX_MESSAGE = 1 << 20 };

struct bw_unit_property {
	char *name;
	char *signature;      /* of its value on the bus: "s", "t", "as", "a(ss)", ... */
	unsigned min_version; /* of systemd: an older one is not told. The limit itself is in the cgroup's files */
	struct {
		char **v; /* numbers in decimal, "true", strings as they are; of "(ss)" two for each */
		size_t n;
	} values;
};
struct bw_unit_properties {
	struct bw_unit_property *v;
	size_t n;
};

/* A type of integers on the bus, and what fits into it. */
struct bw_unit_integer {
	char type;
	int64_t min;
	uint64_t max;
};
/* NULL: it is no type of integers. */
const struct bw_unit_integer *bw_unit_integer(char type);

/* Whether values of this type can be sent: the basic types, arrays of them, and a(ss). */
bool bw_unit_signature_is_known(const char *signature);

/* Appends a property without values; NULL when memory is out. */
struct bw_unit_property *bw_unit_property_add(
	struct bw_arena *arena, struct bw_unit_properties *list, const char *name, const char *signature);
/* Appends a copy of a value; -1 when memory is out. */
int bw_unit_value_add(struct bw_arena *arena, struct bw_unit_property *property, const char *value) BW_MUST_CHECK;
/* Both for a property with one value. -1 when memory is out. */
int bw_unit_set(struct bw_arena *arena, struct bw_unit_properties *list, const char *name, const char *signature,
	const char *value) BW_MUST_CHECK;

/* All of list as bytes: each property is its name, signature, version, number of values and the values, every one
 * of them ended by a NUL. Memory is the arena's. */
int bw_unit_message_write(const struct bw_unit_properties *list, struct bw_arena *arena, char **ret, size_t *ret_len,
	struct bw_err *err) BW_MUST_CHECK;
/* The other way. Fails on whatever bw_unit_message_write() does not write. */
int bw_unit_message_read(const char *bytes, size_t len, struct bw_arena *arena, struct bw_unit_properties *ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
