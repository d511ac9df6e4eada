/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - see context.h. */
#include "spec/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *bw_context_level(const char *context)
{
	for (int i = 0; i < 3 && context; i++) {
		context = strchr(context, ':');
		context = context ? context + 1 : NULL;
	}
	return context;
}

/* "c12", with no zero before it: there is one spelling of each. Returns what is behind it, or NULL. */
static const char *read_category(const char *text, uint32_t *ret)
{
	uint32_t value = 0;
	size_t n = 0;

	if (*text++ != 'c' || (text[0] == '0' && text[1] >= '0' && text[1] <= '9'))
		return NULL;
	for (; text[n] >= '0' && text[n] <= '9' && n < 5; n++)
		value = value * 10 + (uint32_t)(text[n] - '0');
	if (n == 0 || value >= BW_CATEGORIES)
		return NULL;
	*ret = value;
	return text + n;
}

/* The number of categories, 0 to 2; -1: this is no level of a container. */
static int read_level(const char *level, uint32_t ret[2])
{
	if (!level || strncmp(level, "s0", 2) != 0)
		return -1;
	level += 2;
	if (!*level)
		return 0;
	for (int n = 0; n < 2; n++) {
		if (*level++ != (n ? ',' : ':'))
			return -1;
		level = read_category(level, &ret[n]);
		if (!level)
			return -1;
		if (!*level)
			return n + 1;
	}
	return -1;
}

bool bw_level_is_narrow(const char *level)
{
	uint32_t categories[2];

	return read_level(level, categories) >= 0;
}

bool bw_level_pair(const char *level, uint32_t *ret_number)
{
	uint32_t c[2], low, high;

	if (read_level(level, c) != 2 || c[0] == c[1])
		return false;
	low = c[0] < c[1] ? c[0] : c[1];
	high = c[0] < c[1] ? c[1] : c[0];
	/* Before those of low are 1023 + 1022 + ... of the lower ones. */
	*ret_number = low * (2 * BW_CATEGORIES - low - 1) / 2 + high - low - 1;
	return true;
}

void bw_level_of_pair(uint32_t number, char buf[BW_LEVEL_MAX])
{
	uint32_t low = 0;

	while (number >= BW_CATEGORIES - 1 - low) {
		number -= BW_CATEGORIES - 1 - low;
		low++;
	}
	snprintf(buf, BW_LEVEL_MAX, "s0:c%u,c%u", (unsigned)low, (unsigned)(low + 1 + number));
}
