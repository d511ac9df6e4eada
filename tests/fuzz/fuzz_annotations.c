/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_annotations.c - any bytes as annotations org.systemd.property.NAME, one "NAME=VALUE" on each line (a VALUE may hold
 * line breaks as "\n" only). They are refused in words that name the annotation, or become properties that bulwark-systemd
 * can send: of a known type, with as many values as it has, each of them in its range; what is sent comes back as it was.
 * The same bytes as such a message: refused, or written again as they were. */
#include <math.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/cgroup_unit.h"
#include "fuzz.h"

#define PREFIX "org.systemd.property."

enum { MAX_LINES = 64 };

static void must_be_a_value(char type, const char *value)
{
	const struct bw_unit_integer *kind = bw_unit_integer(type);
	uint64_t big;
	int64_t small;
	char *end;

	if (kind)
		must(kind->min < 0 ? bw_parse_i64(value, kind->min, (int64_t)kind->max, &small) == 0
				   : bw_parse_u64(value, kind->max, &big) == 0);
	else if (type == 'd')
		must(isfinite(strtod(value, &end)) && end != value && !*end);
	else if (type == 'b')
		must(bw_streq(value, "true") || bw_streq(value, "false"));
	else
		must(type == 's');
}

static void must_be_properties(const struct bw_unit_properties *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct bw_unit_property *property = &list->v[i];
		bool array = property->signature[0] == 'a';

		must(property->name[0] && bw_unit_signature_is_known(property->signature));
		must(!bw_streq(property->signature, "a(ss)"));
		must(array || property->values.n == 1);
		for (size_t k = 0; k < property->values.n; k++)
			must_be_a_value(property->signature[array], property->values.v[k]);
	}
}

static void must_come_back(const struct bw_unit_properties *list, struct bw_arena *arena)
{
	struct bw_unit_properties back;
	struct bw_err err = {0};
	char *bytes, *again;
	size_t len, again_len;

	if (bw_unit_message_write(list, arena, &bytes, &len, &err) < 0)
		return;
	must(bw_unit_message_read(bytes, len, arena, &back, &err) == 0 && back.n == list->n);
	must(bw_unit_message_write(&back, arena, &again, &again_len, &err) == 0);
	must(again_len == len && memcmp(again, bytes, len) == 0);
}

/* The lines as annotations; those without "=" are not any. */
static void read_lines(char *text, struct bw_pair pairs[MAX_LINES], struct bw_pairs *ret, struct bw_arena *arena)
{
	char *line;

	*ret = (struct bw_pairs){pairs, 0};
	while (ret->n < MAX_LINES && (line = strsep(&text, "\n"))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		pairs[ret->n].key = bw_arena_printf(arena, PREFIX "%s", line);
		pairs[ret->n].value = value;
		must(pairs[ret->n++].key);
	}
}

static void read_annotations(const uint8_t *data, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_pair pairs[MAX_LINES];
	struct bw_pairs annotations;
	struct bw_unit_properties list = {0};
	struct bw_err err = {0};
	char *text = bw_arena_alloc(&arena, size + 1);

	must(text);
	if (size)
		memcpy(text, data, size);
	read_lines(text, pairs, &annotations, &arena);
	if (bw_unit_annotations(&annotations, &arena, &list, &err) < 0) {
		must(strstr(err.text, "annotation " PREFIX) && bw_after_prefix(err.field, "/annotations/" PREFIX));
		return;
	}
	must(list.n == annotations.n);
	must_be_properties(&list);
	must_come_back(&list, &arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_unit_properties list = {0};
	struct bw_err err = {0};

	read_annotations(data, size);
	if (bw_unit_message_read((const char *)data, size, &arena, &list, &err) == 0)
		must_come_back(&list, &arena);
	else
		must(err.text[0]);
	return 0;
}
