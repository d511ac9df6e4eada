/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - the text of one line of the trail: how it is built, and how a writer finds out where a chain ends. Knows no
 * file. */
#ifndef BW_AUDIT_LINE_H
#define BW_AUDIT_LINE_H

#include <time.h>

#include "audit/audit.h"
#include "base/str.h"

/* What a line is chained to. */
struct bw_audit_link {
	uint64_t seq; /* of the line that is to be written */
	char previous[BW_SHA256_HEX];
};

/* The line without its newline into buf, which has BW_AUDIT_LINE_MAX bytes. */
void bw_audit_line_build(struct bw_buf *buf, const struct bw_audit_record *record, const struct bw_audit_link *link,
	const struct timespec *now);
/* The line that stands behind one which a writer was killed in: torn is that one's hash (in link), after the hash of the
 * last whole one, bytes its length. */
void bw_audit_line_build_torn(struct bw_buf *buf, const struct bw_audit_link *link, const char *after, uint64_t bytes,
	const struct timespec *now);
/* "torn": what the event of such a line is called. */
extern const char bw_audit_torn[];

void bw_audit_line_hash(const char *text, size_t len, char hash[BW_SHA256_HEX]);
/* Whether text looks like a line of ours from both ends; its sequence number. */
bool bw_audit_line_seq(const char *text, size_t len, uint64_t *ret);
/* 64 zeros: what the first line of all has before it. */
extern const char bw_audit_nothing[BW_SHA256_HEX];

#endif
