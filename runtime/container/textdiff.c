/* SPDX-License-Identifier: Apache-2.0 */
/* textdiff.c - longest common subsequence of lines, by the plain table: specs have a few hundred
 * lines that differ. Where the table would become too large, all lines between the equal ends count
 * as changed. */
#include "container/textdiff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

enum { CONTEXT = 3, MAX_CELLS = 16 << 20 };

struct lines {
	const char **v; /* start of each; n + 1 entries, the last is the end */
	size_t n;
};

/* One line of the result: kept, removed (of before) or added (of after). */
struct edit {
	char sign; /* ' ', '-', '+' */
	size_t before, after;
};

struct diff {
	struct lines before, after;
	struct edit *edits;
	size_t n;
};

static int split(const char *text, struct lines *ret)
{
	size_t n = 0;
	const char *p;

	for (p = text; *p; p++)
		n += *p == '\n' || !p[1];
	ret->v = calloc(n + 1, sizeof *ret->v);
	if (!ret->v)
		return -1;
	for (p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		ret->v[ret->n++] = p;
	ret->v[ret->n] = p;
	return 0;
}

static size_t length(const struct lines *lines, size_t i)
{
	size_t len = (size_t)(lines->v[i + 1] - lines->v[i]);

	return len && lines->v[i][len - 1] == '\n' ? len - 1 : len;
}

static bool same_line(const struct diff *d, size_t i, size_t k)
{
	size_t len = length(&d->before, i);

	return len == length(&d->after, k) && memcmp(d->before.v[i], d->after.v[k], len) == 0;
}

static void add(struct diff *d, char sign, size_t before, size_t after)
{
	d->edits[d->n++] = (struct edit){sign, before, after};
}

/* The part between the equal ends: lines first..last of both, table[i][k] the length of the longest
 * common subsequence of what follows. */
struct middle {
	size_t first, before_end, after_end;
};

static void fill_table(const struct diff *d, const struct middle *m, uint32_t *table)
{
	size_t columns = m->after_end - m->first + 1;

	for (size_t i = m->before_end; i-- > m->first;)
		for (size_t k = m->after_end; k-- > m->first;) {
			uint32_t *cell = &table[(i - m->first) * columns + (k - m->first)];

			if (same_line(d, i, k))
				*cell = cell[columns + 1] + 1;
			else
				*cell = cell[columns] >= cell[1] ? cell[columns] : cell[1];
		}
}

static void walk_table(struct diff *d, const struct middle *m, const uint32_t *table)
{
	size_t columns = m->after_end - m->first + 1, i = m->first, k = m->first;

	while (i < m->before_end || k < m->after_end) {
		const uint32_t *cell =
			table ? &table[(i - m->first) * columns + (k - m->first)] : NULL;

		if (table && i < m->before_end && k < m->after_end && same_line(d, i, k)) {
			add(d, ' ', i++, k);
			k++;
		} else if (i < m->before_end &&
			   (!table || k == m->after_end || cell[columns] >= cell[1])) {
			add(d, '-', i++, k);
		} else {
			add(d, '+', i, k++);
		}
	}
}

static int compare(struct diff *d)
{
	struct middle m = {0, d->before.n, d->after.n};
	auto_free uint32_t *table = NULL;
	size_t rows, columns;

	d->edits = calloc(d->before.n + d->after.n + 1, sizeof *d->edits);
	if (!d->edits)
		return -1;
	for (; m.first < d->before.n && m.first < d->after.n && same_line(d, m.first, m.first);
		m.first++)
		add(d, ' ', m.first, m.first);
	while (m.before_end > m.first && m.after_end > m.first &&
		same_line(d, m.before_end - 1, m.after_end - 1)) {
		m.before_end--;
		m.after_end--;
	}
	rows = m.before_end - m.first + 1;
	columns = m.after_end - m.first + 1;
	if (rows < MAX_CELLS / columns) {
		table = calloc(rows * columns, sizeof *table);
		if (!table)
			return -1;
		fill_table(d, &m, table);
	}
	walk_table(d, &m, table);
	for (size_t i = m.before_end; i < d->before.n; i++)
		add(d, ' ', i, i - m.before_end + m.after_end);
	return 0;
}

/* Where the hunk that begins at edit first ends: after CONTEXT equal lines that no further change
 * follows. */
static size_t hunk_end(const struct diff *d, size_t first)
{
	size_t last = first;

	for (size_t i = first; i < d->n && i <= last + 2 * (size_t)CONTEXT + 1; i++)
		if (d->edits[i].sign != ' ')
			last = i;
	return last + CONTEXT + 1 < d->n ? last + CONTEXT + 1 : d->n;
}

static void write_hunk(const struct diff *d, size_t first, size_t end, FILE *out)
{
	size_t removed = 0, added = 0;

	for (size_t i = first; i < end; i++) {
		removed += d->edits[i].sign != '+';
		added += d->edits[i].sign != '-';
	}
	fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", d->edits[first].before + (removed > 0), removed,
		d->edits[first].after + (added > 0), added);
	for (size_t i = first; i < end; i++) {
		const struct edit *e = &d->edits[i];
		const struct lines *from = e->sign == '+' ? &d->after : &d->before;
		size_t at = e->sign == '+' ? e->after : e->before;

		fprintf(out, "%c%.*s\n", e->sign, (int)length(from, at), from->v[at]);
	}
}

static void write_diff(
	const struct diff *d, const char *before_name, const char *after_name, FILE *out)
{
	bool any = false;

	for (size_t i = 0, end = 0; i < d->n; i++) {
		size_t first;

		if (d->edits[i].sign == ' ')
			continue;
		if (!any)
			fprintf(out, "--- %s\n+++ %s\n", before_name, after_name);
		any = true;
		first = i < end + CONTEXT ? end : i - CONTEXT;
		end = hunk_end(d, i);
		write_hunk(d, first, end, out);
		i = end - 1;
	}
}

int bw_text_diff(const char *before, const char *after, const char *before_name,
	const char *after_name, char **ret, struct bw_err *err)
{
	struct diff d = {0};
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *out = NULL;
	int r = -1;

	if (split(before, &d.before) == 0 && split(after, &d.after) == 0 && compare(&d) == 0)
		out = open_memstream(&text, &size);
	if (out) {
		write_diff(&d, before_name, after_name, out);
		r = fclose(out) == 0 ? 0 : -1;
	}
	free(d.before.v);
	free(d.after.v);
	free(d.edits);
	if (r < 0)
		return bw_fail(err, BW_E_MEMORY, 0, "comparing texts: out of memory");
	*ret = take_ptr(&text);
	return 0;
}
