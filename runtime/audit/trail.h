/* SPDX-License-Identifier: Apache-2.0 */
/* trail.h - what the files of this room share, and nobody else includes. */
#ifndef BW_AUDIT_TRAIL_H
#define BW_AUDIT_TRAIL_H

#include "audit/audit.h"

/* What a line got when it was written. */
struct bw_audit_place {
	uint64_t seq;
	char hash[BW_SHA256_HEX];
};

/* Room for a line, with its newline, and for what is written when a torn one stands before it. */
enum { BW_AUDIT_TORN_MAX = 1024 };
struct bw_audit_text {
	char line[BW_AUDIT_LINE_MAX];
	size_t len; /* of line */
	char torn[BW_AUDIT_TORN_MAX], all[BW_AUDIT_TORN_MAX + BW_AUDIT_LINE_MAX];
};

/* Appends the record: *ret_place is where, text->line what. */
int bw_audit_append(const struct bw_audit_trail *trail, const struct bw_audit_record *record, struct bw_audit_text *text,
	struct bw_audit_place *ret_place, struct bw_err *err) BW_MUST_CHECK;

/* Tells the sinks. place NULL: the file has no such line, and text holds none. What goes wrong is in the log. */
void bw_audit_tell(const struct bw_audit_trail *trail, const struct bw_audit_record *record, struct bw_audit_text *text,
	const struct bw_audit_place *place);

/* Descriptor of the file, locked (LOCK_SH, LOCK_EX) and still the one of that name; BW_E_NOT_FOUND. */
int bw_audit_lock(int dir, const char *name, int flags, int lock, const char *path, struct bw_err *err) BW_MUST_CHECK;
/* Descriptor of the directory of path, which holds no links; *ret_name its last part. make: what is missing. */
int bw_audit_directory(const char *path, bool make, const char **ret_name, struct bw_err *err) BW_MUST_CHECK;

#endif
