/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h - bytes both ways, once they may go. Nothing more is read from a side while something of it waits for the
 * other; the end of one side is handed on when everything before it has gone. */
#ifndef BW_WARDEN_RELAY_H
#define BW_WARDEN_RELAY_H

#include "warden/gate.h"

/* What waits of a client that is held: the first ClientHello, as far as it has not gone yet, and the second. */
enum { BW_RELAY_HELD = 2 * (BW_HELLO_MAX_RAW + 1024) };

/* From here on bytes are let out. Writes the event. */
void bw_relay_begin(struct bw_gate *g, struct bw_conn *c);

/* Of BW_CONN_RELAY: a side can be read or written, or nothing has happened for too long. */
void bw_relay_client_in(struct bw_gate *g, struct bw_conn *c);
void bw_relay_client_out(struct bw_gate *g, struct bw_conn *c); /* of other states too */
void bw_relay_up_in(struct bw_gate *g, struct bw_conn *c);
void bw_relay_up_out(struct bw_gate *g, struct bw_conn *c);
void bw_relay_idle(struct bw_gate *g, struct bw_conn *c);

#endif
