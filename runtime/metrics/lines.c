/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c - see lines.h. */
#include "metrics/lines.h"

bool bw_line_fits(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

void bw_lines_write(const char *title, const struct bw_line_row *rows, const void *object, struct bw_buf *buf)
{
	bw_buf_addf(buf, "%s\n", title);
	for (const struct bw_line_row *row = rows; row->name; row++) {
		const char *member = (const char *)object + row->offset;

		if (row->size)
			bw_buf_addf(buf, "%s %s\n", row->name, member);
		else
			bw_buf_addf(buf, "%s %llu\n", row->name, (unsigned long long)*(const uint64_t *)(const void *)member);
	}
}

/* The row of a line's first word; behind the last: none. */
static size_t find(const struct bw_line_row *rows, const char *word, size_t len)
{
	size_t i = 0;

	while (rows[i].name && (strlen(rows[i].name) != len || memcmp(rows[i].name, word, len) != 0))
		i++;
	return i;
}

/* value is what stands behind the first blank. */
static int take(const struct bw_line_row *row, const char *value, void *object)
{
	char *member = (char *)object + row->offset;

	if (!row->size)
		return bw_parse_u64(value, UINT64_MAX, (uint64_t *)(void *)member);
	if (strlen(value) >= row->size)
		return -1;
	memcpy(member, value, strlen(value) + 1);
	return 0;
}

static int take_line(const char *line, size_t len, const struct bw_line_row *rows, uint64_t *seen, void *object)
{
	char copy[256];
	size_t word = strcspn(line, " \n"), i = find(rows, line, word);

	if (word == 0 || word >= len || len >= sizeof copy)
		return -1;
	memcpy(copy, line, len);
	copy[len] = '\0';
	if (!bw_line_fits(copy))
		return -1;
	if (!rows[i].name)
		return 0;
	if (*seen & UINT64_C(1) << i)
		return -1;
	*seen |= UINT64_C(1) << i;
	return take(&rows[i], copy + word + 1, object);
}

int bw_lines_read(const char *text, size_t len, const char *name, const char *title, const struct bw_line_row *rows,
	void *object, struct bw_err *err)
{
	const char *at = bw_after_prefix(text, title);
	uint64_t seen = 0;
	unsigned n = 1;

	if (!at || *at != '\n' || strlen(text) != len)
		return bw_fail(err, BW_E_STATE, 0, "%s must be text that begins with \"%s\"", name, title);
	for (at++; *at; n++) {
		const char *end = strchr(at, '\n');

		if (!end || take_line(at, (size_t)(end - at), rows, &seen, object) < 0)
			return bw_fail(err, BW_E_STATE, 0, "%s:%u: expected a name and its value, each name once", name,
				n + 1);
		at = end + 1;
	}
	return 0;
}
