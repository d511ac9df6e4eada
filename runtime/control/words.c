/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - looking up words, parsing lists of ids. */
#include "control/words.h"

#include <string.h>

#include "base/str.h"

enum { DIGITS_MAX = 20, SHOWN_MAX = 60 };

const struct bw_word *bw_word_find(const struct bw_word *words, const char *name)
{
	if (!name)
		return NULL;
	for (; words->name; words++)
		if (bw_streq(words->name, name))
			return words;
	return NULL;
}

const char *bw_word_name(const struct bw_word *words, uint64_t value)
{
	for (; words->name; words++)
		if (words->value == value)
			return words->name;
	return "?";
}

const char *bw_word_flags(const struct bw_word *words, const struct bw_strs *names, uint64_t *ret)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < names->n; i++) {
		const struct bw_word *word = bw_word_find(words, names->v[i]);

		if (!word)
			return names->v[i];
		flags |= word->value;
	}
	*ret = flags;
	return NULL;
}

/* One number of len digits, below limit. */
static int parse_id(const char *text, size_t len, unsigned limit, unsigned *ret, struct bw_err *err)
{
	char digits[DIGITS_MAX + 1];
	uint64_t id;

	if (len <= DIGITS_MAX) {
		memcpy(digits, text, len);
		digits[len] = '\0';
		if (bw_parse_u64(digits, limit - 1, &id) == 0) {
			*ret = (unsigned)id;
			return 0;
		}
	}
	return bw_fail(err, BW_E_SPEC, 0, "\"%.*s\" is not a number from 0 to %u",
		len > SHOWN_MAX ? SHOWN_MAX : (int)len, text, limit - 1);
}

/* "3" or "0-3". */
static int parse_range(
	const char *text, size_t len, unsigned long *mask, unsigned limit, struct bw_err *err)
{
	const char *dash = memchr(text, '-', len);
	size_t first_len = dash ? (size_t)(dash - text) : len;
	unsigned first, last;

	if (parse_id(text, first_len, limit, &first, err) < 0)
		return -1;
	last = first;
	if (dash && parse_id(dash + 1, len - first_len - 1, limit, &last, err) < 0)
		return -1;
	if (last < first)
		return bw_fail(err, BW_E_SPEC, 0, "the range %u-%u goes backwards", first, last);
	for (unsigned id = first; id <= last; id++)
		mask[id / BW_ID_BITS] |= 1UL << (id % BW_ID_BITS);
	return 0;
}

static int count_ids(const unsigned long *mask, unsigned limit)
{
	int count = 0;

	for (size_t i = 0; i < BW_ID_WORDS(limit); i++)
		count += __builtin_popcountl(mask[i]);
	return count;
}

int bw_id_list_parse(const char *text, unsigned long *mask, unsigned limit, struct bw_err *err)
{
	int count;

	memset(mask, 0, BW_ID_WORDS(limit) * sizeof *mask);
	for (;;) {
		size_t len = strcspn(text, ","), used = len;
		const char *element = text;

		for (; used && *element == ' '; element++)
			used--;
		while (used && element[used - 1] == ' ')
			used--;
		if (used && parse_range(element, used, mask, limit, err) < 0)
			return -1;
		if (!text[len])
			break;
		text += len + 1;
	}
	count = count_ids(mask, limit);
	return count ? count : bw_fail(err, BW_E_SPEC, 0, "the list has no members");
}
