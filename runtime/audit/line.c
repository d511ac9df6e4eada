/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - the text of one line. Members stand in one order, without blanks: the sequence number first and the hash of
 * the line before last, so that a writer need not parse what is there. */
#include "audit/line.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "json/text.h"

const char bw_audit_torn[] = "torn";
const char bw_audit_nothing[BW_SHA256_HEX] = "0000000000000000000000000000000000000000000000000000000000000000";

static const char head[] = "{\"seq\":", tail[] = ",\"previous\":\"";

static const char *const words[] = {
	[BW_AUDIT_CREATE] = "create",
	[BW_AUDIT_START] = "start",
	[BW_AUDIT_EXEC] = "exec",
	[BW_AUDIT_EXIT] = "exit",
	[BW_AUDIT_KILL] = "kill",
	[BW_AUDIT_PAUSE] = "pause",
	[BW_AUDIT_RESUME] = "resume",
	[BW_AUDIT_UPDATE] = "update",
	[BW_AUDIT_CHECKPOINT] = "checkpoint",
	[BW_AUDIT_DELETE] = "delete",
	[BW_AUDIT_REFUSAL] = "refusal",
	[BW_AUDIT_DEGRADED] = "degraded",
	[BW_AUDIT_PROGRAM_DENIED] = "program-denied",
	[BW_AUDIT_DESTINATION_DENIED] = "destination-denied",
	[BW_AUDIT_SIZE_VIOLATION] = "size-violation",
	[BW_AUDIT_WRITE_DENIED] = "write-denied",
	[BW_AUDIT_TIME_LIMIT] = "time-limit",
	[BW_AUDIT_ALERT] = "alert",
	[BW_AUDIT_KILL_SWITCH] = "kill-switch",
	[BW_AUDIT_STAGE] = "stage",
	[BW_AUDIT_REAP] = "reap",
};
_Static_assert(BW_COUNT(words) == BW_AUDIT_EVENTS, "each event has its word");

const char *bw_audit_word(enum bw_audit_event event)
{
	return (unsigned)event < BW_COUNT(words) ? words[event] : "unknown";
}

int bw_audit_event_of(const char *word)
{
	for (size_t i = 0; i < BW_COUNT(words); i++)
		if (bw_streq(words[i], word))
			return (int)i;
	return -1;
}

/* One character of text as it stands in a JSON string; how many bytes of text it was. */
static size_t escape(const char *text, size_t len, char out[8])
{
	unsigned char c = (unsigned char)text[0];
	size_t good;

	if (c == '"' || c == '\\') {
		snprintf(out, 8, "\\%c", c);
		return 1;
	}
	if (c < 0x20 || c == 0x7f) {
		snprintf(out, 8, "\\u%04x", c);
		return 1;
	}
	if (c < 0x80) {
		snprintf(out, 8, "%c", c);
		return 1;
	}
	for (good = 2; good <= 4 && good <= len; good++) {
		if (bw_utf8_check(text, good) == good) {
			snprintf(out, 8, "%.*s", (int)good, text);
			return good;
		}
	}
	snprintf(out, 8, "\\ufffd");
	return 1;
}

/* At most max bytes of it between the quotes, whole characters; what was cut ends with "...". */
static void add_text(struct bw_buf *buf, const char *text, size_t max)
{
	size_t len = strlen(text), at = 0, used = 0;
	char one[8];

	bw_buf_add(buf, "\"");
	while (at < len) {
		size_t step = escape(text + at, len - at, one), n = strlen(one);

		if (used + n > max - 3) {
			bw_buf_add(buf, "...");
			break;
		}
		bw_buf_addn(buf, one, n);
		used += n;
		at += step;
	}
	bw_buf_add(buf, "\"");
}

static void add_member(struct bw_buf *buf, const char *name, const char *text)
{
	if (!text)
		return;
	bw_buf_addf(buf, ",\"%s\":", name);
	add_text(buf, text, BW_AUDIT_TEXT_MAX);
}

static bool stands_before(const struct bw_audit_record *record, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (record->more[k].key && record->more[k].value && bw_streq(record->more[k].key, record->more[i].key))
			return true;
	return false;
}

/* A name that comes twice would make an object that strict readers refuse. */
static void add_more(struct bw_buf *buf, const struct bw_audit_record *record)
{
	size_t n = 0;

	for (size_t i = 0; i < record->more_n && n < BW_AUDIT_MORE_MAX; i++) {
		const struct bw_audit_more *pair = &record->more[i];

		if (!pair->key || !pair->value || stands_before(record, i))
			continue;
		bw_buf_add(buf, n++ ? "," : ",\"more\":{");
		add_text(buf, pair->key, BW_AUDIT_NAME_MAX);
		bw_buf_add(buf, ":");
		add_text(buf, pair->value, BW_AUDIT_TEXT_MAX);
	}
	if (n)
		bw_buf_add(buf, "}");
}

static void begin(struct bw_buf *buf, uint64_t seq, const struct timespec *now, const char *event)
{
	struct tm tm = {0};
	char when[32] = "1970-01-01T00:00:00";

	if (gmtime_r(&now->tv_sec, &tm))
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	bw_buf_addf(buf, "%s%llu,\"time\":\"%s.%06ldZ\",\"event\":\"%s\"", head, (unsigned long long)seq, when,
		now->tv_nsec / 1000, event);
}

void bw_audit_line_build(struct bw_buf *buf, const struct bw_audit_record *record, const struct bw_audit_link *link,
	const struct timespec *now)
{
	begin(buf, link->seq, now, bw_audit_word(record->event));
	add_member(buf, "id", record->id);
	add_member(buf, "tenant", record->tenant);
	add_member(buf, "session", record->session);
	add_member(buf, "profile", record->profile);
	add_member(buf, "rule", record->rule);
	add_member(buf, "policy", record->policy);
	add_member(buf, "reason", record->reason);
	add_more(buf, record);
	bw_buf_addf(buf, "%s%s\"}", tail, link->previous);
}

void bw_audit_line_build_torn(struct bw_buf *buf, const struct bw_audit_link *link, const char *after, uint64_t bytes,
	const struct timespec *now)
{
	begin(buf, link->seq, now, bw_audit_torn);
	bw_buf_addf(buf,
		",\"reason\":\"the line before was not finished by its "
		"writer\",\"more\":{\"after\":\"%s\",\"bytes\":\"%llu\"}",
		after, (unsigned long long)bytes);
	bw_buf_addf(buf, "%s%s\"}", tail, link->previous);
}

void bw_audit_line_hash(const char *text, size_t len, char hash[BW_SHA256_HEX])
{
	unsigned char digest[BW_SHA256_BYTES];

	bw_sha256_of(text, len, digest);
	bw_sha256_hex(digest, hash);
}

bool bw_audit_line_seq(const char *text, size_t len, uint64_t *ret)
{
	const size_t end = sizeof tail - 1 + BW_SHA256_HEX - 1 + 2;
	char digits[24] = "";
	size_t n = 0;

	if (len < sizeof head - 1 + end || memcmp(text, head, sizeof head - 1) != 0 ||
		memcmp(text + len - end, tail, sizeof tail - 1) != 0 || memcmp(text + len - 2, "\"}", 2) != 0)
		return false;
	for (size_t at = sizeof head - 1; n < sizeof digits - 1 && text[at] >= '0' && text[at] <= '9'; at++)
		digits[n++] = text[at];
	return digits[0] != '0' && text[sizeof head - 1 + n] == ',' && bw_parse_u64(digits, INT64_MAX, ret) == 0;
}
