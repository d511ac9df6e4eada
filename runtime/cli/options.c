/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - reading the command line by table. The words of the errors are those of runc's flag
 * library where people and scripts know them. Must not print or exit. */
#include "cli/options.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"

struct parse {
	const struct bw_option *rows;
	const char *const *next; /* the word to be looked at */
	size_t words_n;
	struct bw_arena *arena;
	void *values;
	struct bw_err *err;
};

bool bw_option_has_value(const struct bw_option *row)
{
	return row->kind != BW_OPTION_FLAG;
}

const struct bw_option *bw_option_find(const struct bw_option *rows, const char *name)
{
	for (const struct bw_option *row = rows; row->name; row++) {
		if (bw_streq(row->name, name))
			return row;
	}
	return NULL;
}

static size_t count_words(const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return n;
}

static unsigned closeness(const char *word, const char *name)
{
	size_t len = strlen(word);

	/* Typed halfway and then Enter: as good as one wrong letter. */
	if (len >= 2 && bw_after_prefix(name, word))
		return 1;
	return bw_edit_distance(word, name);
}

const char *bw_nearest_word(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned best_distance = 3;

	for (; *names; names++) {
		unsigned distance = closeness(word, *names);

		if (distance < best_distance && distance < strlen(word)) {
			best = *names;
			best_distance = distance;
		}
	}
	return best;
}

static bool has_dotdot(const char *path)
{
	for (const char *p = strstr(path, ".."); p; p = strstr(p + 2, "..")) {
		bool starts = p == path || p[-1] == '/';

		if (starts && (p[2] == '/' || !p[2]))
			return true;
	}
	return false;
}

int bw_absolute_path(const char *path, struct bw_arena *arena, const char **ret, struct bw_err *err)
{
	char cwd[PATH_MAX], clean[PATH_MAX];
	char *joined;

	if (path[0] == '/')
		joined = bw_arena_strdup(arena, path);
	else if (getcwd(cwd, sizeof cwd))
		joined = bw_arena_printf(arena, "%s/%s", cwd, path);
	else
		return bw_fail(err, BW_E_USAGE, errno,
			"working directory, needed for the relative path \"%s\"", path);
	if (!joined)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "path");
	if (!has_dotdot(joined)) {
		if (!bw_path_clean(joined, clean, sizeof clean))
			return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "path");
		joined = bw_arena_strdup(arena, clean);
	}
	if (!joined)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "path");
	*ret = joined;
	return 0;
}

static const struct bw_option *find_named(
	const struct bw_option *rows, const char *name, size_t len)
{
	for (const struct bw_option *row = rows; row->name; row++) {
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
		if (len == 1 && row->letter == name[0])
			return row;
	}
	return NULL;
}

/* -b/dir and -u0 carry their value with them. What goes on in lower case is a misspelt long option
 * behind a single dash ("-bundel"), and must not be taken for a value. */
static const struct bw_option *find_attached(const struct bw_option *rows, const char *name)
{
	const struct bw_option *row = find_named(rows, name, 1);

	if (!row || !bw_option_has_value(row) || (name[1] >= 'a' && name[1] <= 'z'))
		return NULL;
	return row;
}

static int fail_unknown(const struct parse *p, const char *word)
{
	const char *names[64];
	char name[32];
	size_t n = 0, len;
	const char *nearest;

	for (const struct bw_option *row = p->rows; row->name && n < 63; row++)
		names[n++] = row->name;
	names[n] = NULL;
	bw_fail(p->err, BW_E_USAGE, 0, "flag provided but not defined: %s", word);
	word += strspn(word, "-");
	len = strcspn(word, "=");
	if (len == 0 || len >= sizeof name)
		return -1;
	memcpy(name, word, len);
	name[len] = '\0';
	nearest = bw_nearest_word(name, names);
	return nearest ? bw_hint(p->err, "did you mean --%s?", nearest) : -1;
}

static int set_flag(const struct bw_option *row, const char *text, void *member, struct bw_err *err)
{
	bool on = bw_streq(text, "true") || bw_streq(text, "1");

	if (!on && !bw_streq(text, "false") && !bw_streq(text, "0"))
		return bw_fail(err, BW_E_USAGE, 0,
			"invalid value \"%s\" for flag --%s: expected true or false", text,
			row->name);
	*(bool *)member = on;
	return 0;
}

static int set_number(
	const struct bw_option *row, const char *text, void *member, struct bw_err *err)
{
	uint64_t number;

	if (bw_parse_u64(text, BW_OPTION_MAX_NUMBER, &number) < 0)
		return bw_fail(err, BW_E_USAGE, 0,
			"invalid value \"%s\" for flag --%s: expected a number from 0 to %d", text,
			row->name, BW_OPTION_MAX_NUMBER);
	*(unsigned *)member = (unsigned)number;
	return 0;
}

static int set_choice(
	const struct bw_option *row, const char *text, void *member, struct bw_err *err)
{
	char all[128];
	struct bw_buf buf = bw_buf_over(all, sizeof all);

	for (const char *const *choice = row->choices; *choice; choice++) {
		if (bw_streq(text, *choice)) {
			*(const char **)member = *choice;
			return 0;
		}
		bw_buf_addf(&buf, "%s%s", buf.len ? ", " : "", *choice);
	}
	return bw_fail(err, BW_E_USAGE, 0, "invalid %s option \"%s\": expected one of %s",
		row->name, text, all);
}

/* The list gets room for every word there is, once: it can never be longer. */
static int add_to_list(const struct parse *p, const char *text, void *member)
{
	const char ***list = member;
	size_t n = 0;

	if (!*list)
		*list = bw_arena_alloc(p->arena, (p->words_n + 1) * sizeof **list);
	if (!*list)
		return bw_fail(p->err, BW_E_MEMORY, ENOMEM, "option list");
	while ((*list)[n])
		n++;
	(*list)[n] = text;
	return 0;
}

static int set_path(const struct parse *p, const char *text, void *member)
{
	if (!*text) {
		*(const char **)member = NULL;
		return 0;
	}
	return bw_absolute_path(text, p->arena, member, p->err);
}

static void *member_of(const struct bw_option *row, void *values)
{
	return (char *)values + row->offset;
}

static int set_value(const struct parse *p, const struct bw_option *row, const char *text)
{
	void *member = member_of(row, p->values);

	switch (row->kind) {
	case BW_OPTION_FLAG:
		return set_flag(row, text, member, p->err);
	case BW_OPTION_TEXT:
		*(const char **)member = text;
		return 0;
	case BW_OPTION_PATH:
		return set_path(p, text, member);
	case BW_OPTION_LIST:
		return add_to_list(p, text, member);
	case BW_OPTION_NUMBER:
		return set_number(row, text, member, p->err);
	case BW_OPTION_CHOICE:
		return set_choice(row, text, member, p->err);
	}
	return bw_fail(p->err, BW_E_INTERNAL, 0, "option row --%s has no kind", row->name);
}

/* One option, and its value when that is the next word. */
static int parse_option(struct parse *p, bool *help)
{
	const char *word = *p->next++;
	size_t dashes = word[1] == '-' ? 2 : 1, len = strcspn(word + dashes, "=");
	const char *name = word + dashes, *value = name[len] ? name + len + 1 : NULL;
	const struct bw_option *row = find_named(p->rows, name, len);

	if (!row && dashes == 1) {
		row = find_attached(p->rows, name);
		value = row ? name + 1 : value;
	}
	if (!row && (bw_streq(name, "h") || bw_streq(name, "help"))) {
		*help = true;
		return 0;
	}
	if (!row)
		return fail_unknown(p, word);
	if (!value && bw_option_has_value(row)) {
		if (!*p->next) {
			bw_fail(p->err, BW_E_USAGE, 0, "flag needs an argument: %s", word);
			return bw_at(p->err, "--%s", row->name);
		}
		value = *p->next++;
	}
	/* A flag alone is a flag set. */
	if (set_value(p, row, value ? value : "true") < 0)
		return bw_at(p->err, "--%s", row->name);
	return 0;
}

static void set_defaults(const struct bw_option *rows, void *values)
{
	for (const struct bw_option *row = rows; row->name; row++) {
		const char **member = member_of(row, values);

		if (row->kind == BW_OPTION_CHOICE)
			*member = row->choices[0];
	}
}

int bw_options_parse(const struct bw_option *rows, unsigned stop_after, const char *const *words,
	struct bw_arena *arena, void *values, struct bw_words *ret, struct bw_err *err)
{
	struct parse p = {rows, words, count_words(words), arena, values, err};
	const char **others = bw_arena_alloc(arena, (p.words_n + 1) * sizeof *others);
	bool options_end = false, help = false;
	size_t n = 0;

	if (!others)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "command line");
	set_defaults(rows, values);
	while (*p.next) {
		const char *word = *p.next;

		if (options_end || word[0] != '-' || !word[1]) {
			others[n++] = word;
			p.next++;
			options_end = options_end || (stop_after && n >= stop_after);
		} else if (bw_streq(word, "--")) {
			options_end = true;
			p.next++;
		} else if (parse_option(&p, &help) < 0) {
			return -1;
		}
	}
	*ret = (struct bw_words){others, n, help};
	return 0;
}
