/* SPDX-License-Identifier: Apache-2.0 */
/* str.c - text helpers. */
#include "base/str.h"

#include <stdio.h>

struct bw_buf bw_buf_over(char *text, size_t size)
{
	text[0] = '\0';
	return (struct bw_buf){.text = text, .size = size};
}

void bw_buf_addn(struct bw_buf *buf, const char *text, size_t len)
{
	if (buf->overflow || len >= buf->size - buf->len) {
		buf->overflow = true;
		return;
	}
	memcpy(buf->text + buf->len, text, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
}

void bw_buf_add(struct bw_buf *buf, const char *text)
{
	bw_buf_addn(buf, text, strlen(text));
}

void bw_buf_addf(struct bw_buf *buf, const char *fmt, ...)
{
	size_t room = buf->size - buf->len;
	va_list ap;
	int len;

	if (buf->overflow)
		return;
	va_start(ap, fmt);
	len = vsnprintf(buf->text + buf->len, room, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room) {
		buf->text[buf->len] = '\0';
		buf->overflow = true;
		return;
	}
	buf->len += (size_t)len;
}

int bw_parse_u64(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = text;

	if (!*p)
		return -1;
	for (; *p; p++) {
		if (*p < '0' || *p > '9' || __builtin_mul_overflow(value, 10U, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -1;
	}
	if (value > max)
		return -1;
	*ret = value;
	return 0;
}

int bw_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = text[0] == '-';
	uint64_t size;
	int64_t value;

	if (bw_parse_u64(text + negative, negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, &size) <
		0)
		return -1;
	value = negative ? (int64_t)(0 - size) : (int64_t)size;
	if (value < min || value > max)
		return -1;
	*ret = value;
	return 0;
}

/* "k", "KB", "KiB", "": the power of two, or -1. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *letter = *unit ? strchr(letters, *unit | 0x20) : NULL;
	int shift = letter && *letter ? 10 * (int)(letter - letters + 1) : 0;

	unit += shift ? 1 : 0;
	if (shift && (*unit == 'i' || *unit == 'I'))
		unit++;
	if (*unit == 'b' || *unit == 'B')
		unit++;
	return *unit ? -1 : shift;
}

/* The digits behind the point, as so many 10^-9; those after the ninth are below a byte up to gigabytes. */
static uint64_t parse_billionths(const char **text)
{
	uint64_t value = 0, weight = 100000000;

	for (; **text >= '0' && **text <= '9'; ++*text, weight /= 10)
		value += weight * (uint64_t)(**text - '0');
	return value;
}

int bw_parse_size(const char *text, int64_t *ret)
{
	uint64_t whole = 0, billionths = 0;
	unsigned __int128 bytes;
	const char *p = text;
	int shift;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(whole, 10U, &whole) ||
			__builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return -1;
	}
	if (p == text)
		return -1;
	if (p[0] == '.' && p[1] >= '0' && p[1] <= '9') {
		p++;
		billionths = parse_billionths(&p);
	}
	p += *p == ' ' && p[1];
	shift = unit_shift(p);
	if (shift < 0)
		return -1;
	bytes = ((unsigned __int128)whole << shift) +
		(((unsigned __int128)billionths << shift) / 1000000000);
	if (bytes > INT64_MAX)
		return -1;
	*ret = (int64_t)bytes;
	return 0;
}

/* The nanoseconds of the unit at *text, which moves on behind it; 0: none. */
static uint64_t take_unit(const char **text)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000},
		{"h", 3600000000000}};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*text, units[i].name, len) == 0) {
			*text += len;
			return units[i].ns;
		}
	}
	return 0;
}

int bw_parse_duration_ms(const char *text, int64_t *ret)
{
	unsigned __int128 ns = 0;
	bool zero = strcmp(text, "0") == 0;

	if (!*text)
		return -1;
	while (*text && !zero) {
		uint64_t whole = 0, billionths = 0, unit;
		const char *digits = text;

		for (; *text >= '0' && *text <= '9'; text++)
			if (__builtin_mul_overflow(whole, 10U, &whole) ||
				__builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole))
				return -1;
		if (text == digits)
			return -1;
		if (text[0] == '.' && text[1] >= '0' && text[1] <= '9') {
			text++;
			billionths = parse_billionths(&text);
		}
		unit = take_unit(&text);
		if (!unit)
			return -1;
		ns += (unsigned __int128)whole * unit + (unsigned __int128)billionths * unit / 1000000000;
		if (ns > INT64_MAX)
			return -1;
	}
	*ret = (int64_t)((ns + 999999) / 1000000);
	return 0;
}

int bw_parse_word(const char *text, size_t n, uint64_t max, uint64_t *ret)
{
	static const char separators[] = " \n";
	char word[sizeof "18446744073709551615"];
	size_t len;

	text += strspn(text, separators);
	for (; n > 0; n--) {
		text += strcspn(text, separators);
		text += strspn(text, separators);
	}
	len = strcspn(text, separators);
	if (len >= sizeof word)
		return -1;
	memcpy(word, text, len);
	word[len] = '\0';
	return bw_parse_u64(word, max, ret);
}

const char *bw_after_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool bw_has_suffix(const char *text, const char *suffix)
{
	size_t a = strlen(text), b = strlen(suffix);

	return a >= b && memcmp(text + a - b, suffix, b) == 0;
}

/* Linear: on a mismatch only the newest star is widened, which is enough for '*' alone. */
bool bw_glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *mark = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			mark = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++mark;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

unsigned bw_edit_distance(const char *a, const char *b)
{
	enum { MAX = 31 };
	size_t la = strlen(a), lb = strlen(b);
	unsigned char row[MAX + 1];

	if (la > MAX || lb > MAX)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned char diagonal = row[0];

		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned char above = row[j], best = diagonal;

			best = (unsigned char)(best + (a[i - 1] != b[j - 1]));
			if (above + 1 < best)
				best = (unsigned char)(above + 1);
			if (row[j - 1] + 1 < best)
				best = (unsigned char)(row[j - 1] + 1);
			row[j] = best;
			diagonal = above;
		}
	}
	return row[lb];
}
