/* SPDX-License-Identifier: Apache-2.0 */
/* mountinfo.c - one line after the other. */
#include "base/mountinfo.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include "base/str.h"

/* Takes the next blank-separated word out of *text. NULL: no more. */
static char *next_word(char **text)
{
	char *word = *text + strspn(*text, " ");
	char *end = word + strcspn(word, " ");

	if (!*word)
		return NULL;
	*text = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

char *bw_mountinfo_unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' &&
			in[3] >= '0' && in[3] <= '7') {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
	return text;
}

static bool parse_number(const char *word, unsigned long *ret)
{
	uint64_t number;

	if (!word || bw_parse_u64(word, ULONG_MAX, &number) < 0)
		return false;
	*ret = number;
	return true;
}

/* "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:4 - tmpfs tmpfs rw,mode=755"; line is cut up. */
static bool parse_mount(char *line, struct bw_mount *ret)
{
	char *rest = line, *word;

	if (!parse_number(next_word(&rest), &ret->id) ||
		!parse_number(next_word(&rest), &ret->parent))
		return false;
	if (!(ret->device = next_word(&rest)) || !(ret->root = next_word(&rest)) ||
		!(ret->point = next_word(&rest)))
		return false;
	do
		word = next_word(&rest);
	while (word && !bw_streq(word, "-"));
	ret->type = word ? next_word(&rest) : NULL;
	if (!ret->type || !next_word(&rest) || !(ret->super = next_word(&rest)))
		return false;
	bw_mountinfo_unescape(ret->root);
	bw_mountinfo_unescape(ret->point);
	return true;
}

int bw_mountinfo_parse(const char *text, struct bw_arena *arena, struct bw_mounts *ret, struct bw_err *err)
{
	char *copy = bw_arena_strdup(arena, text), *line;
	struct bw_mount mount;

	if (!copy)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "reading mountinfo");
	while ((line = strsep(&copy, "\n"))) {
		struct bw_mount *added;

		if (!parse_mount(line, &mount))
			continue;
		added = bw_push(arena, ret);
		if (!added)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "reading mountinfo");
		*added = mount;
	}
	return 0;
}
