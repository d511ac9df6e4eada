/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h - the loop that serves, and what its stages share. */
#ifndef BW_WARDEN_GATE_H
#define BW_WARDEN_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "warden/conn.h"
#include "warden/events.h"
#include "warden/listen.h"
#include "warden/meter.h"
#include "warden/resolve.h"
#include "warden/settings.h"

enum bw_conn_event {
	BW_ON_CLIENT_IN,
	BW_ON_CLIENT_OUT,
	BW_ON_UP_IN,
	BW_ON_UP_OUT,
	BW_ON_RESOLVED,
	BW_ON_TIME, /* the deadline has passed */
	BW_CONN_EVENTS,
};

struct bw_gate {
	const struct bw_settings *settings;
	const struct bw_listeners *listeners;
	struct bw_ranges ranges;
	struct bw_resolver *resolver;
	struct bw_events events;
	int epoll;
	int kill_fd; /* cgroup.kill, by which the container goes with our supervisor; -1: there is none */
	uint64_t now_ms, swept_ms;
	struct bw_conn *conns; /* settings->connections of them */
	uint32_t first_free, used, high; /* high: none in use from here on */
	struct bw_meter accepted, questions;
	uint64_t bytes; /* that went either way */
};

/* Everything that needs the host: epoll, the name servers, memory. own: the host's addresses. Listeners and settings
 * stay the caller's and must live as long. */
int bw_gate_open(const struct bw_settings *settings, const struct bw_listeners *listeners, const struct bw_prefixes *own,
	int init_pidfd, int events_fd, struct bw_gate *ret, struct bw_err *err) BW_MUST_CHECK;

/* From now on the end of the process behind pidfd, which watches over us, is the container's end, too: by kill_fd. */
int bw_gate_watch_supervisor(struct bw_gate *gate, int pidfd, int kill_fd, struct bw_err *err) BW_MUST_CHECK;

/* Serves until the container's init, or the supervisor, is gone; exit status. */
int bw_gate_run(struct bw_gate *gate);

/* How many descriptors it can need beside those that it has. */
uint64_t bw_gate_files(const struct bw_settings *settings);

/* ---- for stages.c ---- */

/* Ends the connection, in order or by reset, and gives its place back. */
void bw_gate_release(struct bw_gate *gate, struct bw_conn *conn, bool reset);

/* ---- of stages.c ---- */

/* What a fresh connection waits for first. */
void bw_stage_begin(struct bw_gate *gate, struct bw_conn *conn);

/* Does what the state has for the event, and watches for what it waits for then. */
void bw_stage_event(struct bw_gate *gate, struct bw_conn *conn, enum bw_conn_event event);

/* The answer to one datagram or message, into reply; 0: none. Writes the event. */
size_t bw_stage_answer(struct bw_gate *gate, const uint8_t *query, size_t len, uint8_t *reply);

#endif
