/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c - see verdict.h. */
#include "warden/verdict.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "warden/clienthello.h"
#include "warden/connect.h"

enum { LINGER_MS = 2000, DISCARD_BYTES = 8 << 10, INTERNAL_ERROR = 80 };

void bw_verdict_event(struct bw_gate *g, const struct bw_conn *c, enum bw_event_kind kind, const char *reason)
{
	bw_events_write(&g->events,
		&(struct bw_event){.kind = kind,
			.name = c->name[0] ? c->name : NULL,
			.name_len = strlen(c->name),
			.port = c->port,
			.address = c->address[0] ? c->address : NULL,
			.reason = reason,
			.bytes_out = c->bytes_out,
			.bytes_in = c->bytes_in},
		g->now_ms);
}

/* reason: NULL when both sides have come to their end. What was cut off must not look like one. */
void bw_verdict_end(struct bw_gate *g, struct bw_conn *c, const char *reason)
{
	if (c->is_let_out)
		bw_verdict_event(g, c, BW_EVENT_CLOSED, reason);
	bw_gate_release(g, c, reason != NULL);
}

void bw_verdict_close_up(struct bw_conn *c)
{
	if (c->up.fd >= 0)
		close(c->up.fd);
	c->up.fd = -1;
	c->up.watched = 0;
}

/* What waits for the client goes; then the end is said, and what it still sends is read, for a reset would take the
 * answer from it again. */
void bw_verdict_linger(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_send(&c->up, &c->client, SIZE_MAX);

	if (r < 0) {
		bw_verdict_end(g, c, NULL);
		return;
	}
	if (bw_side_waiting(&c->up) == 0)
		bw_side_shut(&c->client);
}

/* Tells the client, in the language that it speaks at this stage. The event was written. */
void bw_verdict_turn_down(struct bw_gate *g, struct bw_conn *c, int status, uint8_t alert, const char *reason)
{
	char text[512];
	struct bw_buf buf = bw_buf_over(text, sizeof text);
	uint8_t record[BW_ALERT_SIZE];
	int r = 0;

	bw_verdict_close_up(c);
	bw_side_drop(&c->client, bw_side_waiting(&c->client));
	bw_side_drop(&c->up, bw_side_waiting(&c->up));
	if (c->kind == BW_LISTEN_PROXY && !c->is_accepted) {
		bw_head_answer(status, reason, &buf);
		r = bw_side_add(&c->up, text, buf.len);
	} else if (alert) {
		bw_hello_alert(alert, record);
		r = bw_side_add(&c->up, record, sizeof record);
	}
	c->state = BW_CONN_LINGER;
	c->deadline_ms = g->now_ms + LINGER_MS;
	if (r < 0)
		bw_verdict_end(g, c, NULL);
	else
		bw_verdict_linger(g, c);
}

/* A rule says no. */
void bw_verdict_refuse(struct bw_gate *g, struct bw_conn *c, uint8_t alert, const char *reason)
{
	bw_verdict_event(g, c, BW_EVENT_REFUSED, reason);
	bw_verdict_turn_down(g, c, 403, alert, reason);
}

/* It was allowed and did not come about. */
void bw_verdict_fail(struct bw_gate *g, struct bw_conn *c, int status, const char *reason)
{
	bw_verdict_event(g, c, BW_EVENT_FAILED, reason);
	bw_verdict_turn_down(g, c, status, INTERNAL_ERROR, reason);
}

void bw_verdict_discard(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, DISCARD_BYTES);

	if (r == 0 || (r < 0 && r != -EAGAIN))
		bw_verdict_end(g, c, NULL);
	else
		bw_side_drop(&c->client, bw_side_waiting(&c->client));
}
