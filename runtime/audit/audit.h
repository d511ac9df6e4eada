/* SPDX-License-Identifier: Apache-2.0 */
/* audit.h - the audit trail: one JSON object a line, each with the hash of the line before, in a file that only grows;
 * and the same to journald and syslog. Here it is written, read and checked; what is worth a record, container/ decides.
 *
 * What the chain shows by itself: a line that was changed, taken out, put in or moved, and a line that a writer was
 * killed in. What it cannot show: that lines are missing at the end, or that somebody with the right to write has made the
 * whole chain anew. For that the sequence number and hash of a line must have been kept elsewhere; the sinks have both. */
#ifndef BW_AUDIT_AUDIT_H
#define BW_AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/sha256.h"
#include "json/schema.h"

enum bw_audit_event {
	BW_AUDIT_CREATE,
	BW_AUDIT_START,
	BW_AUDIT_EXEC,
	BW_AUDIT_EXIT,
	BW_AUDIT_KILL,
	BW_AUDIT_PAUSE,
	BW_AUDIT_RESUME,
	BW_AUDIT_UPDATE,
	BW_AUDIT_CHECKPOINT,
	BW_AUDIT_DELETE,
	BW_AUDIT_REFUSAL,	     /* the policy refuses what was asked for */
	BW_AUDIT_DEGRADED,	     /* a control that is preferred, and that this host lacks */
	BW_AUDIT_PROGRAM_DENIED,
	BW_AUDIT_DESTINATION_DENIED,
	BW_AUDIT_SIZE_VIOLATION,
	BW_AUDIT_WRITE_DENIED,
	BW_AUDIT_TIME_LIMIT,
	BW_AUDIT_ALERT,
	BW_AUDIT_KILL_SWITCH,
	BW_AUDIT_STAGE,
	BW_AUDIT_REAP,
	BW_AUDIT_EVENTS
};

/* A line is never longer, with its newline; of a text so many bytes are kept, as they stand in the line; of further
 * strings so many. */
enum { BW_AUDIT_LINE_MAX = 32 << 10, BW_AUDIT_TEXT_MAX = 1024, BW_AUDIT_MORE_MAX = 16, BW_AUDIT_NAME_MAX = 64 };

/* Defaults and limits of the rows. */
enum { BW_AUDIT_MAX_BYTES = 64 << 20, BW_AUDIT_MIN_BYTES = 64 << 10, BW_AUDIT_KEEP = 8, BW_AUDIT_KEEP_MAX = 99 };

/* Nobody waits longer for those who write at the same time. */
enum { BW_AUDIT_WAIT_MS = 2000 };

/* Where it goes: section audit of a policy file, and a member of each stored spec. */
struct bw_audit_trail {
	char *file; /* absolute; NULL: the default, see bw_audit_default_file() */
	struct bw_opt_uint max_bytes, keep;
	struct bw_opt_bool sync;
	struct bw_strs sinks; /* "journald", "syslog" */
};
extern const struct bw_schema bw_audit_trail_schema;

/* A further string by its name; both stay the caller's, and a NULL value is left out. */
struct bw_audit_more {
	const char *key, *value;
};
struct bw_audit_record {
	enum bw_audit_event event;
	const char *id, *tenant, *session, *profile, *rule, *policy /* hash of its file */, *reason; /* each may be NULL */
	const struct bw_audit_more *more;
	size_t more_n;
};

/* Appends one line and tells the sinks. Texts may hold anything: they are escaped, and cut. Thread- and process-safe;
 * waits at most BW_AUDIT_WAIT_MS for others. -1: the file has no such line, nor a part of it; the sinks were told all the
 * same. A sink that is not there is a warning in the log. trail NULL: the default file, no sink. */
int bw_audit_write(
	const struct bw_audit_trail *trail, const struct bw_audit_record *record, struct bw_err *err) BW_MUST_CHECK;

/* "create", "program-denied"; and back: -1 when there is none such. */
const char *bw_audit_word(enum bw_audit_event event);
int bw_audit_event_of(const char *word);

/* The file of a trail that names none: beneath the host's log directory for root, else in the user's state directory,
 * $XDG_STATE_HOME or ~/.local/state. BW_E_HOST when a user has neither. */
int bw_audit_default_file(char *buf, size_t size, struct bw_err *err) BW_MUST_CHECK;

/* ---- reading ---- */

/* A trail on disk: the files that rotation has left and the one that is written, oldest first, as they were at one
 * moment. */
struct bw_audit_files {
	struct bw_audit_file {
		char path[4096];
		int fd;
		uint64_t bytes; /* that were whole lines, or a torn one, when we looked */
	} * v;
	size_t n;
};
#define BW_AUDIT_FILES_INIT {NULL, 0}
#define auto_audit_files    __attribute__((cleanup(bw_audit_files_close)))
/* path and path.N. BW_E_NOT_FOUND when there is none of them. */
int bw_audit_files_open(const char *path, struct bw_audit_files *ret, struct bw_err *err) BW_MUST_CHECK;
/* One file by itself, behind those that are open. */
int bw_audit_files_add(struct bw_audit_files *files, const char *path, struct bw_err *err) BW_MUST_CHECK;
void bw_audit_files_close(struct bw_audit_files *files);

enum { BW_AUDIT_READ_MAX = 1 << 20 };

/* One line of one file: text has len bytes and no newline; whole: it had one. */
struct bw_audit_line {
	const char *file;
	uint64_t number; /* from 1 */
	const char *text;
	size_t len;
	bool whole;
};
/* Of lines longer than BW_AUDIT_READ_MAX the beginning. seen: 0 to go on, 1 to end, -1 with *err. */
typedef int bw_audit_line_fn(const struct bw_audit_line *line, void *ctx, struct bw_err *err);
int bw_audit_each(const struct bw_audit_files *files, bw_audit_line_fn *seen, void *ctx, struct bw_err *err) BW_MUST_CHECK;

/* What a line says. Strings live in the arena. */
struct bw_audit_entry {
	struct bw_opt_uint seq;
	char *time, *event, *id, *tenant, *session, *profile, *rule, *policy, *reason;
	struct bw_pairs more;
	char *previous;
};
extern const struct bw_schema bw_audit_entry_schema;
/* -1 when it is no line of a trail; *err says why. */
int bw_audit_parse(const char *text, size_t len, struct bw_arena *arena, struct bw_audit_entry **ret,
	struct bw_err *err) BW_MUST_CHECK;

/* ---- checking ---- */

struct bw_audit_finding {
	const char *file;
	uint64_t line;
	bool explained; /* a writer that was killed, or a host that went down, leaves this */
	char text[400];
};
typedef void bw_audit_finding_fn(const struct bw_audit_finding *finding, void *ctx);

/* A walk along the chain, one line after the other; files follow upon each other as one. */
struct bw_audit_check {
	bw_audit_finding_fn *found;
	void *ctx;
	uint64_t anchor_seq;			 /* 0: none */
	char anchor_hash[BW_SHA256_HEX];
	/* results */
	uint64_t lines, first_seq, last_seq; /* 0: no line of ours yet */
	char last_hash[BW_SHA256_HEX];	     /* of the line last_seq */
	uint64_t damaged, explained;
	bool anchor_seen;
	/* where it stands: hash of the line before and of the one before that, and how many lines in a row are none of
	 * ours */
	char previous[BW_SHA256_HEX], before[BW_SHA256_HEX];
	uint64_t before_seq, bad;
	bool begun, is_pending;
	struct bw_audit_finding pending;
};
/* anchor_hash may be NULL: no line's hash was kept elsewhere. */
void bw_audit_check_begin(struct bw_audit_check *check, uint64_t anchor_seq, const char *anchor_hash,
	bw_audit_finding_fn *found, void *ctx);
void bw_audit_check_line(struct bw_audit_check *check, const struct bw_audit_line *line);
/* What can be said at the end only. */
void bw_audit_check_end(struct bw_audit_check *check, const char *file);

#endif
