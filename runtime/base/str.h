/* SPDX-License-Identifier: Apache-2.0 */
/* str.h - text: bounded builder, strict numbers, comparison helpers. */
#ifndef BW_BASE_STR_H
#define BW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

/* Builder over a buffer that the caller owns. Once it overflows it stays overflowed; test at the
 * end. */
struct bw_buf {
	char *text;
	size_t size, len;
	bool overflow;
};

/* A builder over size bytes at text; the text is always NUL-terminated. size must not be 0. */
struct bw_buf bw_buf_over(char *text, size_t size);
void bw_buf_add(struct bw_buf *buf, const char *text);
void bw_buf_addn(struct bw_buf *buf, const char *text, size_t len);
void bw_buf_addf(struct bw_buf *buf, const char *fmt, ...) BW_PRINTF(2, 3);

/* Strict decimal numbers: the whole text, no sign for the unsigned, no blanks, no leading '+';
 * leading zeros are accepted. 0 on success; -1 when text is no number or lies outside min..max. */
int bw_parse_u64(const char *text, uint64_t max, uint64_t *ret) BW_MUST_CHECK;
int bw_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret) BW_MUST_CHECK;

/* A size in bytes as people write it: "50M", "1.5g", "64 KiB", "4096"; a multiple of 1024 each, upper and lower
 * case alike, a fraction rounded down. -1 when text is none or has more than 63 bits. */
int bw_parse_size(const char *text, int64_t *ret) BW_MUST_CHECK;

/* A time as Go writes it: "5s", "100ms", "1m30s", "1.5h", in milliseconds, rounded up; "0" needs no unit. -1 when
 * text is none, is negative, or is longer than 63 bits of nanoseconds. */
int bw_parse_duration_ms(const char *text, int64_t *ret) BW_MUST_CHECK;

/* bw_parse_u64() of one of the words of text, which blanks and newlines separate; n counts from 0.
 * -1 as well when there are not so many words. */
int bw_parse_word(const char *text, size_t n, uint64_t max, uint64_t *ret) BW_MUST_CHECK;

static inline bool bw_streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Both may be NULL; NULL equals only NULL. */
static inline bool bw_streq0(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether text begins with prefix; the rest, or NULL. */
const char *bw_after_prefix(const char *text, const char *prefix);
bool bw_has_suffix(const char *text, const char *suffix);

/* '*' matches any run of characters (also '/'), everything else itself. No other wildcard. */
bool bw_glob_match(const char *pattern, const char *text);

/* Edit distance (insert, delete, replace), for "did you mean"; words over 31 characters give 99. */
unsigned bw_edit_distance(const char *a, const char *b);

#endif
