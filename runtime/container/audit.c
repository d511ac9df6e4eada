/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - the audit trail for those who are outside: whom a record is about, and what the trail says. */
#include "container/audit_note.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "json/text.h"

int bw_audit_of(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_audited *ret,
	struct bw_err *err)
{
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	if (bw_container_open(ctx, id, false, false, arena, &container, err) < 0)
		return -1;
	*ret = bw_audited_state(container.state);
	return 0;
}

int bw_container_record(const struct bw_context *ctx, const char *id, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_audited who;

	if (bw_audit_of(ctx, id, &arena, &who, err) < 0)
		return -1;
	return bw_audit_note(&who, event, reason, more, more_n, err);
}

/* ---- the files ---- */

/* Where the trail of this host is by the policy file. */
static int find_file(const struct bw_context *ctx, char path[PATH_MAX], struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_policy *policy;
	struct bw_spec_audit audit;

	if (bw_policy_load(ctx->policy_path, &arena, &policy, err) < 0)
		return -1;
	bw_policy_audit(policy, &audit);
	if (!audit.trail || !audit.trail->file)
		return bw_audit_default_file(path, PATH_MAX, err);
	snprintf(path, PATH_MAX, "%s", audit.trail->file);
	return 0;
}

static int open_files(const struct bw_context *ctx, const char *const *files, struct bw_audit_files *ret, struct bw_err *err)
{
	char path[PATH_MAX];

	if (files && *files) {
		for (; *files; files++)
			if (bw_audit_files_add(ret, *files, err) < 0)
				return -1;
		return 0;
	}
	return find_file(ctx, path, err) < 0 ? -1 : bw_audit_files_open(path, ret, err);
}

/* ---- verify ---- */

struct verification {
	struct bw_audit_check check;
	FILE *out;
};

static void say_finding(const struct bw_audit_finding *finding, void *ctx)
{
	struct verification *v = ctx;

	fprintf(v->out, "%s:%llu: %s%s\n", finding->file, (unsigned long long)finding->line,
		finding->explained ? "explained by a crash: " : "", finding->text);
}

static int check_line(const struct bw_audit_line *line, void *ctx, struct bw_err *err)
{
	struct verification *v = ctx;

	(void)err;
	bw_audit_check_line(&v->check, line);
	return 0;
}

/* "SEQ:HASH"; *ret_hash points into it. */
static int parse_anchor(const char *anchor, uint64_t *ret_seq, const char **ret_hash, struct bw_err *err)
{
	const char *colon = anchor ? strchr(anchor, ':') : NULL;
	char digits[24];

	*ret_hash = NULL;
	if (!anchor)
		return 0;
	if (colon && colon - anchor < (ptrdiff_t)sizeof digits && strlen(colon + 1) == BW_SHA256_HEX - 1 &&
		strspn(colon + 1, "0123456789abcdef") == BW_SHA256_HEX - 1) {
		snprintf(digits, sizeof digits, "%.*s", (int)(colon - anchor), anchor);
		if (bw_parse_u64(digits, INT64_MAX, ret_seq) == 0 && *ret_seq > 0) {
			*ret_hash = colon + 1;
			return 0;
		}
	}
	return bw_fail(err, BW_E_USAGE, 0,
		"--anchor: expected a sequence number, a colon and 64 digits from 0 to f, found \"%.100s\"", anchor);
}

static void say_all(const struct verification *v)
{
	const struct bw_audit_check *check = &v->check;

	if (check->last_seq)
		fprintf(v->out, "%s: %llu lines, numbers %llu to %llu, last hash %s\n",
			check->damaged ? "damaged" : "whole", (unsigned long long)check->lines,
			(unsigned long long)check->first_seq, (unsigned long long)check->last_seq, check->last_hash);
	else
		fprintf(v->out, "%s: %llu lines, none of them a record\n", check->damaged ? "damaged" : "whole",
			(unsigned long long)check->lines);
}

int bw_audit_verify(const struct bw_context *ctx, const char *const *files, const char *anchor, char **ret_text,
	int *ret_verdict, struct bw_err *err)
{
	auto_audit_files struct bw_audit_files open = BW_AUDIT_FILES_INIT;
	struct verification v = {0};
	const char *hash;
	uint64_t seq = 0;
	size_t len;
	int r;

	if (parse_anchor(anchor, &seq, &hash, err) < 0 || open_files(ctx, files, &open, err) < 0)
		return -1;
	v.out = open_memstream(ret_text, &len);
	if (!v.out)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "audit");
	bw_audit_check_begin(&v.check, seq, hash, say_finding, &v);
	r = bw_audit_each(&open, check_line, &v, err);
	bw_audit_check_end(&v.check, open.v[open.n - 1].path);
	say_all(&v);
	if (fclose(v.out) != 0 && r == 0)
		r = bw_fail(err, BW_E_MEMORY, errno, "audit");
	if (r < 0) {
		free(take_ptr(ret_text));
		return -1;
	}
	*ret_verdict = v.check.damaged ? 1 : v.check.explained ? 3 : 0;
	return 0;
}

/* ---- show ---- */

struct showing {
	const struct bw_audit_filter *filter;
	char since[40];
	int (*seen)(const char *line, void *ctx, struct bw_err *err);
	void *ctx;
	uint64_t passed_over;
};

/* Times of the trail are in UTC and of one form: they are ordered as text. */
static int parse_since(const char *since, char *buf, size_t size, struct bw_err *err)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddddd";
	size_t len = since ? strlen(since) : 0;
	int64_t ms;
	time_t then;
	struct tm tm;

	buf[0] = '\0';
	if (!since)
		return 0;
	if (bw_parse_duration_ms(since, &ms) == 0) {
		then = time(NULL) - (time_t)(ms / 1000);
		if (gmtime_r(&then, &tm))
			strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
		return 0;
	}
	len -= len > 0 && since[len - 1] == 'Z';
	for (size_t i = 0; len >= 10 && len < sizeof form && i < len; i++)
		if (form[i] == 'd' ? since[i] < '0' || since[i] > '9' : since[i] != form[i])
			len = 0;
	if (len < 10 || len >= sizeof form)
		return bw_fail(err, BW_E_USAGE, 0,
			"--since: expected a time in UTC such as 2026-11-28T17:00:00Z, or one such as 15m, found "
			"\"%.100s\"",
			since);
	snprintf(buf, size, "%.*s", (int)len, since);
	return 0;
}

static bool agrees(const char *wanted, const char *found)
{
	return !wanted || bw_streq0(wanted, found);
}

static bool is_shown(const struct showing *s, const struct bw_audit_entry *entry)
{
	const struct bw_audit_filter *f = s->filter;

	return agrees(f->tenant, entry->tenant) && agrees(f->session, entry->session) && agrees(f->id, entry->id) &&
	       agrees(f->event, entry->event) && strcmp(entry->time, s->since) >= 0;
}

/* Texts come from containers: nothing of them reaches a terminal but what can be printed. */
static char *in_words(const struct bw_audit_entry *entry, struct bw_arena *arena)
{
	const struct {
		const char *name, *value;
	} named[] = {{"tenant", entry->tenant}, {"session", entry->session}, {"profile", entry->profile},
		{"rule", entry->rule}};
	char *line = bw_arena_printf(arena, "%s %s %s", entry->time, entry->event, entry->id ? entry->id : "-");

	for (size_t i = 0; line && i < BW_COUNT(named); i++)
		if (named[i].value)
			line = bw_arena_printf(arena, "%s %s=%s", line, named[i].name, named[i].value);
	for (size_t i = 0; line && i < entry->more.n; i++)
		if (*entry->more.v[i].value)
			line = bw_arena_printf(arena, "%s %s=%s", line, entry->more.v[i].key, entry->more.v[i].value);
	if (line && entry->reason)
		line = bw_arena_printf(arena, "%s: %s", line, entry->reason);
	if (line)
		bw_text_make_printable(line);
	return line;
}

static int show_line(const struct bw_audit_line *line, void *ctx, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_audit_entry *entry;
	struct showing *s = ctx;
	struct bw_err why = {0};
	const char *text;

	if (bw_audit_parse(line->text, line->len, &arena, &entry, &why) < 0) {
		s->passed_over++;
		return 0;
	}
	if (!is_shown(s, entry))
		return 0;
	text = s->filter->json ? bw_arena_strndup(&arena, line->text, line->len) : in_words(entry, &arena);
	return text ? s->seen(text, s->ctx, err) : bw_fail(err, BW_E_MEMORY, ENOMEM, "audit");
}

int bw_audit_show(const struct bw_context *ctx, const char *const *files, const struct bw_audit_filter *filter,
	int (*seen)(const char *line, void *ctx, struct bw_err *err), void *fn_ctx, struct bw_err *err)
{
	auto_audit_files struct bw_audit_files open = BW_AUDIT_FILES_INIT;
	struct showing showing = {.filter = filter, .seen = seen, .ctx = fn_ctx};

	if (filter->event && bw_audit_event_of(filter->event) < 0 && !bw_streq(filter->event, "torn"))
		return bw_fail(err, BW_E_USAGE, 0, "--event: there is no event \"%.60s\"", filter->event);
	if (parse_since(filter->since, showing.since, sizeof showing.since, err) < 0 ||
		open_files(ctx, files, &open, err) < 0 || bw_audit_each(&open, show_line, &showing, err) < 0)
		return -1;
	if (showing.passed_over)
		bw_log(BW_LOG_WARNING, "audit: %llu lines are no records: bulwark audit verify says where",
			(unsigned long long)showing.passed_over);
	return 0;
}
