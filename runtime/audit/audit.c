/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - one record: to the file, then to the sinks, which learn its number and hash. */
#include "audit/audit.h"

#include "audit/trail.h"
#include "base/auto.h"

static const char *const sinks[] = {"journald", "syslog", NULL};

static const struct bw_field trail_fields[] = {
	BW_FIELD(struct bw_audit_trail, file, "file", .flags = BW_ABSOLUTE_PATH,
		.doc = "The file that records are appended to. Its path has no symbolic links; nobody else may write "
		       "its directory."),
	BW_FIELD(struct bw_audit_trail, max_bytes, "maxBytes", .min = BW_AUDIT_MIN_BYTES, .max = 1ULL << 40,
		.doc = "A file that would become larger is FILE.1 from then on, and a new one goes on with its chain."),
	BW_FIELD(struct bw_audit_trail, keep, "keep", .max = BW_AUDIT_KEEP_MAX,
		.doc = "How many such older files stay."),
	BW_FIELD(struct bw_audit_trail, sync, "sync",
		.doc = "Whether each record is on the disk before anything goes on."),
	BW_FIELD(struct bw_audit_trail, sinks, "sinks", .names = sinks,
		.doc = "Who is told as well, with the sequence number and the hash of each line."),
	BW_END,
};

const struct bw_schema bw_audit_trail_schema = {
	.name = "auditTrail",
	.size = sizeof(struct bw_audit_trail),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = trail_fields,
};

int bw_audit_write(const struct bw_audit_trail *trail, const struct bw_audit_record *record, struct bw_err *err)
{
	auto_free struct bw_audit_text *text = malloc(sizeof *text);
	struct bw_audit_place place;
	int r;

	if (!text)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "audit");
	r = bw_audit_append(trail, record, text, &place, err);
	if (trail && trail->sinks.n)
		bw_audit_tell(trail, record, text, r == 0 ? &place : NULL);
	return r;
}
