/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - strict UTF-8 and escapes. The table is that of Unicode 15, 3.9, "Well-Formed UTF-8 Byte
 * Sequences" (also RFC 3629, 4). */
#include "json/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"

/* The second byte of a sequence has a range of its own: that is where overlong forms, surrogates
 * and numbers beyond Unicode are shut out. All later bytes are 80..BF. */
struct lead {
	uint8_t first, last, low, high, length;
};
static const struct lead leads[] = {
	{0xC2, 0xDF, 0x80, 0xBF, 2},
	{0xE0, 0xE0, 0xA0, 0xBF, 3},
	{0xE1, 0xEC, 0x80, 0xBF, 3},
	{0xED, 0xED, 0x80, 0x9F, 3},
	{0xEE, 0xEF, 0x80, 0xBF, 3},
	{0xF0, 0xF0, 0x90, 0xBF, 4},
	{0xF1, 0xF3, 0x80, 0xBF, 4},
	{0xF4, 0xF4, 0x80, 0x8F, 4},
};

/* Length of the sequence at p, of which at most room bytes are there; 0 when it is malformed. */
static size_t sequence_length(const unsigned char *p, size_t room)
{
	for (size_t i = 0; i < BW_COUNT(leads); i++) {
		const struct lead *lead = &leads[i];

		if (*p < lead->first || *p > lead->last)
			continue;
		if (room < lead->length || p[1] < lead->low || p[1] > lead->high)
			return 0;
		for (size_t k = 2; k < lead->length; k++) {
			if ((p[k] & 0xC0) != 0x80)
				return 0;
		}
		return lead->length;
	}
	return 0;
}

/* Whether eight bytes are ASCII without NUL: no high bit before and after subtracting 1 from each
 * (a NUL borrows; a borrow from a neighbour only makes us look at the bytes one by one). */
static bool eight_plain(const unsigned char *p)
{
	const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return ((word | (word - ones)) & highs) == 0;
}

size_t bw_utf8_check(const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t at = 0, step;

	while (at < len) {
		if (len - at >= 8 && eight_plain(bytes + at)) {
			at += 8;
			continue;
		}
		if (bytes[at] < 0x80)
			step = bytes[at] != 0;
		else
			step = sequence_length(bytes + at, len - at);
		if (!step)
			break;
		at += step;
	}
	return at;
}

void bw_text_make_printable(char *text)
{
	size_t len = strlen(text), at = 0;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	}
	while ((at += bw_utf8_check(text + at, len - at)) < len)
		text[at] = '?';
}

/* Value of four hexadecimal digits, or -1. */
static int four_hex(const char *text, size_t room)
{
	int value = 0;

	if (room < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

static bool is_high_surrogate(int unit)
{
	return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(int unit)
{
	return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* The escape at text (a backslash), its length into *ret_length. Wrong digits and letters are the
 * parser's to refuse. */
static enum bw_escape_fault check_escape(const char *text, size_t room, size_t *ret_length)
{
	int unit = room > 2 && text[1] == 'u' ? four_hex(text + 2, room - 2) : -1;

	*ret_length = room < 2 ? 1 : 2;
	if (unit == 0)
		return BW_ESCAPE_NUL;
	if (is_low_surrogate(unit))
		return BW_ESCAPE_SURROGATE;
	if (!is_high_surrogate(unit))
		return BW_ESCAPE_FINE;
	*ret_length = 12;
	if (room < 12 || text[6] != '\\' || text[7] != 'u' ||
		!is_low_surrogate(four_hex(text + 8, room - 8)))
		return BW_ESCAPE_SURROGATE;
	return BW_ESCAPE_FINE;
}

enum bw_escape_fault bw_escapes_check(const char *text, size_t len, size_t *ret_offset)
{
	const char *end = text + len, *at = text;
	enum bw_escape_fault fault;
	size_t length;

	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		fault = check_escape(at, (size_t)(end - at), &length);
		if (fault != BW_ESCAPE_FINE) {
			*ret_offset = (size_t)(at - text);
			return fault;
		}
		at += length;
	}
	return BW_ESCAPE_FINE;
}
