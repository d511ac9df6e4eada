/* SPDX-License-Identifier: Apache-2.0 */
/* wishes.c - see wishes.h. */
#include "scratch/wishes.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/auto.h"
#include "base/str.h"

/* An ext4 of less has no room for its own tables. */
enum { SMALLEST = 1 << 20, BYTES_FOR_A_FILE = 8192 };

static const struct number {
	const char *prefix;
	uint64_t min, max;
	size_t offset;
} numbers[] = {
	{"size=", SMALLEST, UINT64_C(1) << 43, offsetof(struct bw_wishes, size)},
	{"nr_inodes=", 1, UINT32_MAX, offsetof(struct bw_wishes, inodes)},
	{"mode=", 0, 07777, offsetof(struct bw_wishes, mode)},
	{"uid=", 0, UINT32_MAX - 1, offsetof(struct bw_wishes, uid)},
	{"gid=", 0, UINT32_MAX - 1, offsetof(struct bw_wishes, gid)},
};

/* Digits of a mode are octal ones. */
static int parse(const struct number *number, const char *text, uint64_t *ret)
{
	if (!bw_streq(number->prefix, "mode="))
		return bw_parse_u64(text, number->max, ret) < 0 || *ret < number->min ? -1 : 0;
	*ret = 0;
	if (!*text || strspn(text, "01234567") != strlen(text) || strlen(text) > 4)
		return -1;
	while (*text)
		*ret = *ret * 8 + (uint64_t)(*text++ - '0');
	return 0;
}

/* Whether word was one of the numbers, noted in seen; -1: it is one that cannot be had. */
static int read_number(const char *word, struct bw_wishes *wishes, unsigned *seen, struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(numbers); i++) {
		const char *text = bw_after_prefix(word, numbers[i].prefix);

		if (!text)
			continue;
		*seen |= 1U << i;
		if (parse(&numbers[i], text, (uint64_t *)(void *)((char *)wishes + numbers[i].offset)) < 0)
			return bw_fail(err, BW_E_USAGE, 0, "%s cannot be had: %llu to %llu can", word,
				(unsigned long long)numbers[i].min, (unsigned long long)numbers[i].max);
		return 1;
	}
	return 0;
}

int bw_wishes_read(char *const *words, size_t n, struct bw_wishes *ret, struct bw_err *err)
{
	struct bw_wishes wishes = {0};
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++) {
		int r = read_number(words[i], &wishes, &seen, err);
		const char *context = bw_after_prefix(words[i], "context=");

		if (r < 0)
			return -1;
		if (context)
			wishes.context = context;
		else if (r == 0)
			return bw_fail(err, BW_E_USAGE, 0, "%s is not known", words[i]);
	}
	for (size_t i = 0; i < BW_COUNT(numbers); i++)
		if (!(seen & 1U << i))
			return bw_fail(err, BW_E_USAGE, 0, "%s is missing", numbers[i].prefix);
	wishes.size -= wishes.size % BW_SCRATCH_BLOCK;
	/* A small disk that could have that many files would be nothing but tables of them. */
	if (wishes.inodes > wishes.size / BYTES_FOR_A_FILE)
		wishes.inodes = wishes.size / BYTES_FOR_A_FILE;
	*ret = wishes;
	return 0;
}
