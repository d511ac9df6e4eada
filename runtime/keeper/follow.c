/* SPDX-License-Identifier: Apache-2.0 */
/* follow.c - see follow.h. The files are root's, and what a container has chosen is escaped in them; they are read as if
 * they were anybody's. */
#include "keeper/follow.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

static void take_line(const char *line, size_t len, const char *name, bw_follow_fn *seen, void *ctx)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err ignored = {0};
	struct bw_json *tree;

	/* What a full disk has cut is no line. */
	if (bw_json_parse(line, len, name, &arena, &tree, &ignored) == 0 && tree->type == BW_JSON_OBJECT)
		seen(tree, ctx);
}

/* How many bytes were taken; 0: there is no whole line. */
static size_t take_lines(const char *text, size_t len, const char *name, uint64_t *at, bw_follow_fn *seen, void *ctx)
{
	size_t done = 0;
	const char *end;

	while ((end = memchr(text + done, '\n', len - done))) {
		size_t size = (size_t)(end - text) - done;

		*at += size + 1;
		take_line(text + done, size, name, seen, ctx);
		done += size + 1;
	}
	return done;
}

void bw_follow(int dir, const char *name, uint64_t *at, bw_follow_fn *seen, void *ctx)
{
	struct stat st;
	auto_free char *text = NULL;
	auto_close int fd = -1;

	/* As a rule there is nothing new. */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size <= *at)
		return;
	text = malloc(BW_FOLLOW_LINE);
	fd = !text ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t sum = 0; fd >= 0 && sum < BW_FOLLOW_ONCE;) {
		ssize_t len = pread(fd, text, BW_FOLLOW_LINE, (off_t)*at);
		size_t taken = len > 0 ? take_lines(text, (size_t)len, name, at, seen, ctx) : 0;

		if (len <= 0 || (!taken && len < BW_FOLLOW_LINE))
			return;
		if (!taken)
			*at += (uint64_t)len;
		sum += taken ? taken : (size_t)len;
	}
}

const char *bw_follow_text(const struct bw_json *object, const char *key)
{
	const struct bw_json *member = bw_json_get(object, key);

	return member && member->type == BW_JSON_STRING ? member->text : "";
}

uint64_t bw_follow_number(const struct bw_json *object, const char *key)
{
	const struct bw_json *member = bw_json_get(object, key);
	uint64_t number;

	return member && member->type == BW_JSON_NUMBER && bw_parse_u64(member->text, UINT64_MAX, &number) == 0 ? number : 0;
}
