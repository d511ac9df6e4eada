/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - whether a trail is whole. Pure: gets lines, says what is wrong with them, each fault once: a line that is
 * missing also breaks the chain, and that is not told a second time. */
#include "audit/audit.h"

#include <stdio.h>
#include <string.h>

#include "audit/line.h"
#include "json/text.h"

void bw_audit_check_begin(struct bw_audit_check *check, uint64_t anchor_seq, const char *anchor_hash,
	bw_audit_finding_fn *found, void *ctx)
{
	*check = (struct bw_audit_check){.found = found, .ctx = ctx, .anchor_seq = anchor_hash ? anchor_seq : 0};
	snprintf(check->anchor_hash, sizeof check->anchor_hash, "%s", anchor_hash ? anchor_hash : "");
	snprintf(check->previous, sizeof check->previous, "%s", bw_audit_nothing);
	snprintf(check->before, sizeof check->before, "%s", bw_audit_nothing);
}

static void say(struct bw_audit_check *check, const struct bw_audit_finding *finding)
{
	check->damaged += !finding->explained;
	check->explained += finding->explained;
	check->found(finding, check->ctx);
}

static void flush(struct bw_audit_check *check)
{
	if (check->is_pending)
		say(check, &check->pending);
	check->is_pending = false;
}

static BW_PRINTF(4, 5) void find(struct bw_audit_check *check, const struct bw_audit_line *line, uint64_t number,
	const char *fmt, ...)
{
	struct bw_audit_finding finding = {.file = line->file, .line = number};
	va_list args;

	va_start(args, fmt);
	vsnprintf(finding.text, sizeof finding.text, fmt, args);
	va_end(args);
	bw_text_make_printable(finding.text);
	say(check, &finding);
}

/* The line becomes the one before. */
static void step(struct bw_audit_check *check, const char *hash)
{
	memcpy(check->before, check->previous, sizeof check->before);
	snprintf(check->previous, sizeof check->previous, "%s", hash);
	check->begun = true;
}

static void take(struct bw_audit_check *check, const struct bw_audit_line *line, uint64_t seq, const char *hash)
{
	check->before_seq = check->last_seq;
	check->last_seq = seq;
	snprintf(check->last_hash, sizeof check->last_hash, "%s", hash);
	check->bad = 0;
	step(check, hash);
	if (seq != check->anchor_seq)
		return;
	check->anchor_seen = true;
	if (!bw_streq(hash, check->anchor_hash))
		find(check, line, line->number, "is not the line that was kept: hash %s expected, %s found",
			check->anchor_hash, hash);
}

/* A line that counts for nothing: the chain may go on behind it, or behind the one before. */
static void pass_over(struct bw_audit_check *check, const char *hash)
{
	if (!check->bad)
		check->before_seq = check->last_seq;
	check->bad++;
	step(check, hash);
}

static void not_ours(struct bw_audit_check *check, const struct bw_audit_line *line, const char *why, const char *hash)
{
	flush(check);
	check->pending = (struct bw_audit_finding){.file = line->file, .line = line->number, .explained = !line->whole};
	if (line->whole)
		snprintf(check->pending.text, sizeof check->pending.text, "a record expected, this found: %.300s", why);
	else
		snprintf(check->pending.text, sizeof check->pending.text,
			"the line is not finished (%zu bytes): its writer was killed, or the host went down",
			line->len);
	bw_text_make_printable(check->pending.text);
	check->is_pending = true;
	pass_over(check, hash);
}

/* Whether it is the record by which a later writer has closed the line before. */
static bool closes_torn(const struct bw_audit_check *check, const struct bw_audit_entry *entry)
{
	uint64_t seq = check->bad ? check->last_seq : check->before_seq;
	const char *after = bw_pairs_get(&entry->more, "after");

	return bw_streq(entry->event, bw_audit_torn) && check->begun && after && bw_streq(after, check->before) &&
	       bw_streq(entry->previous, check->previous) && entry->seq.v == seq + 1;
}

static void close_torn(struct bw_audit_check *check, const struct bw_audit_line *line, const struct bw_audit_entry *entry,
	const char *hash)
{
	const char *bytes = bw_pairs_get(&entry->more, "bytes");
	struct bw_audit_finding finding = {.file = line->file, .line = line->number - 1, .explained = true};

	check->is_pending = false;
	snprintf(finding.text, sizeof finding.text,
		"the line is not finished (%.20s bytes): its writer was killed, or the host went down; the next one says so",
		bytes ? bytes : "?");
	bw_text_make_printable(finding.text);
	say(check, &finding);
	if (!check->first_seq || check->first_seq > entry->seq.v)
		check->first_seq = entry->seq.v;
	take(check, line, entry->seq.v, hash);
}

static void first(struct bw_audit_check *check, const struct bw_audit_line *line, const struct bw_audit_entry *entry,
	const char *hash)
{
	flush(check);
	check->first_seq = entry->seq.v;
	/* Behind another number stands what rotation has removed. */
	if (entry->seq.v == 1 && !check->begun && !bw_streq(entry->previous, bw_audit_nothing))
		find(check, line, line->number, "no line before the first expected, one with hash %.64s found",
			entry->previous);
	take(check, line, entry->seq.v, hash);
}

static void follow(struct bw_audit_check *check, const struct bw_audit_line *line, const struct bw_audit_entry *entry,
	const char *hash)
{
	uint64_t seq = entry->seq.v, expected = check->last_seq + 1;
	bool chained = bw_streq(entry->previous, check->previous), was_bad = check->bad > 0;

	flush(check);
	if (seq < expected) {
		find(check, line, line->number,
			"sequence number %llu expected, %llu found: the line was put in or moved here",
			(unsigned long long)expected, (unsigned long long)seq);
		pass_over(check, hash);
		return;
	}
	/* Of lines that are none of ours each may have been one. */
	if (seq > expected + check->bad)
		find(check, line, line->number, "sequence number %llu expected, %llu found: %llu lines before it are missing",
			(unsigned long long)expected + check->bad, (unsigned long long)seq,
			(unsigned long long)seq - expected - check->bad);
	else if (!was_bad && !chained)
		find(check, line, line->number > 1 ? line->number - 1 : line->number,
			"%shash %.64s expected (by the line that follows), %s found: it was changed",
			line->number > 1 ? "" : "of the last line of the file before: ", entry->previous, check->previous);
	take(check, line, seq, hash);
}

void bw_audit_check_line(struct bw_audit_check *check, const struct bw_audit_line *line)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_audit_entry *entry;
	struct bw_err why = {0};
	char hash[BW_SHA256_HEX];

	check->lines++;
	bw_audit_line_hash(line->text, line->len, hash);
	if (bw_audit_parse(line->text, line->len, &arena, &entry, &why) < 0 || !line->whole)
		not_ours(check, line, why.text, hash);
	else if (closes_torn(check, entry))
		close_torn(check, line, entry, hash);
	else if (!check->first_seq)
		first(check, line, entry, hash);
	else
		follow(check, line, entry, hash);
}

void bw_audit_check_end(struct bw_audit_check *check, const char *file)
{
	const struct bw_audit_line end = {.file = file};

	flush(check);
	if (check->anchor_seq && !check->anchor_seen)
		find(check, &end, 0, "sequence number %llu expected, for its hash was kept; %llu to %llu found",
			(unsigned long long)check->anchor_seq, (unsigned long long)check->first_seq,
			(unsigned long long)check->last_seq);
}
