/* SPDX-License-Identifier: Apache-2.0 */
/* witness_log.h - what the witness has seen, a JSON object a line, and how often. The log never grows beyond its bound;
 * the half of it that comes last is kept for what was denied. */
#ifndef BW_WARDEN_WITNESS_LOG_H
#define BW_WARDEN_WITNESS_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/str.h"
#include "warden/meter.h"

enum bw_exec_result {
	BW_EXEC_ALLOWED,    /* the file is listed: whether it runs, the kernel decides */
	BW_EXEC_DENIED,	    /* it is not: the call has failed with EACCES */
	BW_EXEC_UNRESOLVED, /* what the path names is not known: the kernel decides */
	BW_EXEC_RESULTS,
};

/* Texts that are NULL or empty and numbers that are 0 are left out, but for the user. They may hold any byte. */
struct bw_exec_event {
	enum bw_exec_result result;
	const char *path, *file; /* as asked for; as it was found */
	const char *arg0, *comm;
	const char *reason;
	uint64_t pid, inside_pid, uid;
};

struct bw_witness_log {
	int fd, counts_fd;
	const char *id;
	uint64_t size, limit; /* of the file, in bytes */
	uint64_t counts[BW_EXEC_RESULTS];
	uint64_t held_back;   /* since the last line */
	uint64_t left_out;    /* for which there was no room, or no disk */
	bool is_full;	      /* the line that says so is written */
	struct bw_meter denied, others;
};

enum { BW_WITNESS_MAX_LINE = 16384 };

/* The descriptors stay the caller's. What is in the file counts for its bound. */
void bw_witness_log_init(struct bw_witness_log *log, int fd, int counts_fd, const char *id, uint64_t limit, uint64_t now_ms);
void bw_witness_log_exec(struct bw_witness_log *log, const struct bw_exec_event *event, uint64_t now_ms);
/* The first line, and the last, with all counts. */
void bw_witness_log_start(struct bw_witness_log *log);
void bw_witness_log_end(struct bw_witness_log *log);

/* One line with its newline. held_back: how many went before it without one. Pure. */
void bw_exec_format(const struct bw_exec_event *event, const char *id, const struct timespec *time, uint64_t held_back,
	struct bw_buf *buf);

#endif
