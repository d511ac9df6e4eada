/* SPDX-License-Identifier: Apache-2.0 */
/* wire_dump.h - a message of protocol buffers as text, so that a test can say what it expects. */
#ifndef BW_TESTS_UNIT_WIRE_DUMP_H
#define BW_TESTS_UNIT_WIRE_DUMP_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire.h"

/* "1=1 2={1=5 3=1} 13='/r'": fields in their order. Which byte strings are messages is said by the caller: "[2] [2.27]". */
static inline void wire_dump(struct bw_wire_reader reader, const char *messages, const char *above, char *buf, size_t size)
{
	struct bw_wire_field field;
	size_t used = strlen(buf);
	char name[64], inner[2048];
	int r;

	while ((r = bw_wire_next(&reader, &field)) > 0) {
		snprintf(name, sizeof name, "[%s%u]", above, field.number);
		used += (size_t)snprintf(buf + used, size - used, "%s%u=", used ? " " : "", field.number);
		if (!field.is_bytes) {
			used += (size_t)snprintf(buf + used, size - used, "%llu", (unsigned long long)field.value);
			continue;
		}
		if (!strstr(messages, name)) {
			used += (size_t)snprintf(buf + used, size - used, "'%.*s'", (int)field.len, (const char *)field.bytes);
			continue;
		}
		inner[0] = '\0';
		snprintf(name, sizeof name, "%s%u.", above, field.number);
		wire_dump((struct bw_wire_reader){field.bytes, field.bytes + field.len}, messages, name, inner, sizeof inner);
		used += (size_t)snprintf(buf + used, size - used, "{%s}", inner);
	}
	ck_assert_int_eq(r, 0);
}

#endif
