/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_annotations.c - annotations org.systemd.property.NAME as unit properties, in runc's form: values are
 * GVariant texts ("true", "uint64 5", "'text'", "['a', 'b']"). Pure. See "GVariant Text Format" in GLib's
 * documentation; tuples, dictionaries and variants are not read. */
#include "control/cgroup_unit.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

#define PREFIX "org.systemd.property."

enum { VALUE_MAX = 4096, SECOND_US = 1000000 };

static const struct {
	const char *word;
	char type;
} keywords[] = {
	{"boolean", 'b'},
	{"byte", 'y'},
	{"int16", 'n'},
	{"uint16", 'q'},
	{"int32", 'i'},
	{"uint32", 'u'},
	{"int64", 'x'},
	{"uint64", 't'},
	{"double", 'd'},
	{"string", 's'},
};

/* The text under the reader. type: 0 as long as nothing has said it; of an array that of its elements. */
struct reader {
	const char *at;
	bool array;
	char type;
	struct bw_arena *arena;
	struct bw_unit_property *property;
};

static void skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t\n");
}

static bool take(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (*reader->at != c)
		return false;
	reader->at++;
	return true;
}

/* NULL, or what is wrong. */
typedef const char *complaint;

static complaint add(struct reader *reader, const char *value)
{
	return bw_unit_value_add(reader->arena, reader->property, value) < 0 ? "out of memory" : NULL;
}

static complaint be(struct reader *reader, char type)
{
	if (reader->type && reader->type != type)
		return "the value is not of its type";
	reader->type = type;
	return NULL;
}

static int unescape(char c)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : -1;
}

static complaint read_string(struct reader *reader)
{
	char text[VALUE_MAX], quote = *reader->at++;
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	while (*reader->at && *reader->at != quote) {
		int c = (unsigned char)*reader->at++;

		if (c == '\\')
			c = unescape(*reader->at++);
		if (c < 0)
			return "unknown escape in a string";
		bw_buf_addn(&buf, &(char){(char)c}, 1);
	}
	if (!*reader->at++)
		return "a string without an end";
	if (buf.overflow)
		return "the value is too long";
	return be(reader, 's') ? be(reader, 's') : add(reader, text);
}

static const char out_of_range[] = "a number out of the range of its type";

static complaint check_integer(char type, const char *text, char out[32])
{
	const struct bw_unit_integer *kind = bw_unit_integer(type);
	char *end;

	if (!kind)
		return "the value is not of its type";
	errno = 0;
	if (text[0] == '-' || kind->min < 0) {
		int64_t v = strtoll(text, &end, 0);

		if (errno || *end || v < kind->min || (v > 0 && (uint64_t)v > kind->max))
			return out_of_range;
		snprintf(out, 32, "%lld", (long long)v);
	} else {
		uint64_t v = strtoull(text, &end, 0);

		if (errno || *end || v > kind->max)
			return out_of_range;
		snprintf(out, 32, "%llu", (unsigned long long)v);
	}
	return NULL;
}

static complaint read_number(struct reader *reader)
{
	size_t len = strspn(reader->at, "+-0123456789abcdefxABCDEFX.");
	char text[64], out[32], *end;
	complaint bad;
	double number;

	if (!len || len >= sizeof text)
		return "no value";
	memcpy(text, reader->at, len);
	text[len] = '\0';
	reader->at += len;
	if (!reader->type)
		reader->type = strpbrk(text, ".") || (strpbrk(text, "eE") && !strpbrk(text, "xX")) ? 'd' : 'i';
	if (reader->type == 'd') {
		number = strtod(text, &end);
		if (*end)
			return "no value";
		return isfinite(number) ? add(reader, text) : out_of_range;
	}
	bad = check_integer(reader->type, text, out);
	return bad ? bad : add(reader, out);
}

static bool take_word(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(reader->at, word, len) != 0 || isalnum((unsigned char)reader->at[len]))
		return false;
	reader->at += len;
	return true;
}

static complaint read_scalar(struct reader *reader)
{
	skip_blanks(reader);
	for (size_t i = 0; i < BW_COUNT(keywords); i++) {
		if (take_word(reader, keywords[i].word)) {
			complaint bad = be(reader, keywords[i].type);

			if (bad)
				return bad;
			skip_blanks(reader);
			break;
		}
	}
	if (*reader->at == '\'' || *reader->at == '"')
		return read_string(reader);
	for (size_t i = 0; i < 2; i++) {
		const char *word = i ? "true" : "false";

		if (take_word(reader, word))
			return be(reader, 'b') ? be(reader, 'b') : add(reader, word);
	}
	return read_number(reader);
}

/* "@as", "@t": the type of all that follows. */
static complaint read_type(struct reader *reader)
{
	char signature[8];
	size_t len = strcspn(reader->at, " \t\n[");

	if (len >= sizeof signature)
		return "an unknown type";
	memcpy(signature, reader->at, len);
	signature[len] = '\0';
	reader->at += len;
	if (!bw_unit_signature_is_known(signature) || bw_streq(signature, "a(ss)"))
		return "an unknown type";
	reader->array = signature[0] == 'a';
	reader->type = signature[reader->array];
	return NULL;
}

static complaint read_array(struct reader *reader)
{
	complaint bad;

	if (take(reader, ']'))
		return reader->type ? NULL : "an empty array needs its type before it";
	do {
		bad = read_scalar(reader);
		if (bad)
			return bad;
	} while (take(reader, ','));
	return take(reader, ']') ? NULL : "an array without an end";
}

static complaint read_value(struct reader *reader)
{
	bool said = take(reader, '@'), array;
	complaint bad = said ? read_type(reader) : NULL;

	if (bad)
		return bad;
	array = take(reader, '[');
	if (said && array != reader->array)
		return "the value is not of its type";
	reader->array = array;
	bad = array ? read_array(reader) : read_scalar(reader);
	if (bad)
		return bad;
	skip_blanks(reader);
	return *reader->at ? "more than one value" : NULL;
}

/* --- names --- */

static complaint check_name(const char *name)
{
	if (strlen(name) < 3)
		return "too short";
	for (; *name; name++)
		if (!isalpha((unsigned char)*name) || (unsigned char)*name > 127)
			return "contains non-alphabetic character";
	return NULL;
}

/* "TimeoutStopSec", which unit files have, is on the bus "TimeoutStopUSec". */
static bool is_in_seconds(const char *name)
{
	size_t len = strlen(name);

	return bw_has_suffix(name, "Sec") && len > 3 && islower((unsigned char)name[len - 4]);
}

static complaint to_microseconds(struct bw_arena *arena, struct bw_unit_property *property)
{
	const char *value = property->values.n == 1 ? property->values.v[0] : "";
	size_t stem = strlen(property->name) - strlen("Sec");
	uint64_t whole = 0, product = 0;

	if (!strchr("ynqiuxtd", property->signature[0]) || property->signature[1])
		return "not a number";
	if (property->signature[0] == 'd') {
		double seconds = strtod(value, NULL);

		if (!(seconds >= 0 && seconds < 1e12))
			return out_of_range;
		product = (uint64_t)(seconds * SECOND_US);
	} else if (bw_parse_u64(value, UINT64_MAX, &whole) < 0) {
		return out_of_range;
	} else if (__builtin_mul_overflow(whole, (uint64_t)SECOND_US, &product)) {
		product = UINT64_MAX; /* for ever, as systemd has it */
	}
	property->name = bw_arena_printf(arena, "%.*sUSec", (int)stem, property->name);
	property->signature = bw_arena_strdup(arena, "t");
	property->values.v[0] = bw_arena_printf(arena, "%llu", (unsigned long long)product);
	return property->name && property->signature && property->values.v[0] ? NULL : "out of memory";
}

static int bad_annotation(const struct bw_pair *pair, const char *what, complaint why, struct bw_err *err)
{
	bw_fail(err, BW_E_SPEC, 0, "annotation %.100s%s%.100s %s: %s", pair->key, *what == 'v' ? "=" : "",
		*what == 'v' ? pair->value : "", what, why);
	return bw_at(err, "/annotations/%.100s", pair->key);
}

static int read_annotation(const struct bw_pair *pair, const char *name, struct bw_arena *arena,
	struct bw_unit_properties *list, struct bw_err *err)
{
	struct reader reader = {.at = pair->value, .arena = arena};
	complaint bad = check_name(name);

	if (bad)
		return bad_annotation(pair, "name incorrect", bad, err);
	reader.property = bw_unit_property_add(arena, list, name, "");
	if (!reader.property)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "annotations");
	bad = read_value(&reader);
	if (bad)
		return bad_annotation(pair, "value parse error", bad, err);
	reader.property->signature = bw_arena_printf(arena, "%s%c", reader.array ? "a" : "", reader.type);
	if (!reader.property->signature)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "annotations");
	bad = is_in_seconds(name) ? to_microseconds(arena, reader.property) : NULL;
	return bad ? bad_annotation(pair, "value parse error", bad, err) : 0;
}

int bw_unit_annotations(const struct bw_pairs *annotations, struct bw_arena *arena, struct bw_unit_properties *list,
	struct bw_err *err)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const char *name = bw_after_prefix(annotations->v[i].key, PREFIX);

		if (name && read_annotation(&annotations->v[i], name, arena, list, err) < 0)
			return -1;
	}
	return 0;
}
