/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h - how a connection ends: what is written down, and what the client is told. */
#ifndef BW_WARDEN_VERDICT_H
#define BW_WARDEN_VERDICT_H

#include <stdint.h>

#include "warden/gate.h"

/* One event about the connection; reason may be NULL. */
void bw_verdict_event(struct bw_gate *g, const struct bw_conn *c, enum bw_event_kind kind, const char *reason);

/* Over. reason: NULL when both sides have come to their end. What was cut off must not look like one. */
void bw_verdict_end(struct bw_gate *g, struct bw_conn *c, const char *reason);

/* A rule says no: 403 or the alert (0: none), and the event. */
void bw_verdict_refuse(struct bw_gate *g, struct bw_conn *c, uint8_t alert, const char *reason);

/* It was allowed and did not come about. */
void bw_verdict_fail(struct bw_gate *g, struct bw_conn *c, int status, const char *reason);

/* Tells the client only, in the language that it speaks at this stage; the event was written. */
void bw_verdict_turn_down(struct bw_gate *g, struct bw_conn *c, int status, uint8_t alert, const char *reason);

/* Of BW_CONN_LINGER: the client can be written to; it has sent something, or its end. */
void bw_verdict_linger(struct bw_gate *g, struct bw_conn *c);
void bw_verdict_discard(struct bw_gate *g, struct bw_conn *c);

/* Gives up the connection outside, the place for another stays. */
void bw_verdict_close_up(struct bw_conn *c);

#endif
