/* SPDX-License-Identifier: Apache-2.0 */
/* events.h - what the gate has decided, a JSON object a line. The log never grows beyond its bound, and that it cannot
 * be written changes no decision. */
#ifndef BW_WARDEN_EVENTS_H
#define BW_WARDEN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/str.h"
#include "warden/meter.h"

enum bw_event_kind {
	BW_EVENT_START,	      /* everything listens */
	BW_EVENT_CONNECT,     /* bytes are let out */
	BW_EVENT_REFUSED,     /* by a rule */
	BW_EVENT_FAILED,      /* allowed, but the host could not be reached, or somebody was too slow */
	BW_EVENT_CLOSED,      /* the end of CONNECT */
	BW_EVENT_DNS_REFUSED, /* a question about a name that is not listed */
	BW_EVENT_END,
};

/* Members that are NULL or 0 are left out, but for the bytes of CLOSED. name may hold any byte. */
struct bw_event {
	enum bw_event_kind kind;
	const char *name;
	size_t name_len;
	uint16_t port;
	const char *address, *reason;
	uint64_t bytes_out, bytes_in;
};

struct bw_events {
	int fd;
	const char *id;
	uint64_t size, limit;	/* of the file, in bytes */
	uint64_t left_out;	/* events for which there was no room, or no disk */
	uint64_t held_back;	/* refusals since the last line, of more than the meter lets by */
	bool is_full;		/* the line that says so is written */
	struct bw_meter meter;	/* of refusals, of which a container can make any number */
};

enum { BW_EVENT_MAX_LINE = 4096 };

/* fd stays the caller's. What is in the file counts for its bound. */
void bw_events_init(struct bw_events *events, int fd, const char *id, uint64_t limit, uint64_t now_ms);

void bw_events_write(struct bw_events *events, const struct bw_event *event, uint64_t now_ms);

/* The last line, with how many were left out. */
void bw_events_end(struct bw_events *events);

/* One line with its newline. held_back: how many refusals went before it without one. Pure. */
void bw_event_format(const struct bw_event *event, const char *id, const struct timespec *time, uint64_t held_back,
	struct bw_buf *buf);

#endif
