/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c - see relay.h. */
#include "warden/relay.h"

#include <errno.h>
#include <string.h>

#include "warden/clienthello.h"
#include "warden/verdict.h"

/* Bytes have gone one way. False: it is over. */
static bool count(struct bw_gate *g, struct bw_conn *c, uint64_t *counter, size_t n)
{
	*counter += n;
	g->bytes += n;
	c->deadline_ms = g->now_ms + g->settings->idle_s.v * 1000;
	if (!g->settings->bytes.v || g->bytes < g->settings->bytes.v)
		return true;
	bw_verdict_end(g, c, "all bytes are used up");
	return false;
}

/* Hands ends on once everything before them has gone. */
static void settle(struct bw_gate *g, struct bw_conn *c)
{
	if (c->client.eof && bw_side_waiting(&c->client) == 0 && !c->is_plain)
		bw_side_shut(&c->up);
	if (c->up.eof && bw_side_waiting(&c->up) == 0)
		bw_side_shut(&c->client);
	if (c->client.shut && (c->up.shut || c->is_plain))
		bw_verdict_end(g, c, NULL);
	/* The rest of a second ClientHello never comes. */
	else if (c->is_held && c->client.eof && bw_side_waiting(&c->client) > c->cleared)
		bw_verdict_end(g, c, "ended within its second ClientHello");
}

void bw_relay_up_out(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_send(&c->client, &c->up, c->is_held ? c->cleared : SIZE_MAX);

	if (r < 0) {
		bw_verdict_end(g, c, "reset");
		return;
	}
	if (c->is_held)
		c->cleared -= (uint32_t)r;
	if (r == 0 || count(g, c, &c->bytes_out, (size_t)r))
		settle(g, c);
}

void bw_relay_client_out(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_send(&c->up, &c->client, SIZE_MAX);

	if (r < 0) {
		bw_verdict_end(g, c, "reset");
		return;
	}
	/* The answer of the proxy itself does not count. */
	if (c->state == BW_CONN_RELAY && (r == 0 || count(g, c, &c->bytes_in, (size_t)r)))
		settle(g, c);
}

/* It is clear that no second ClientHello comes, or it was looked at. */
static void let_go(struct bw_gate *g, struct bw_conn *c)
{
	c->is_held = false;
	bw_relay_up_out(g, c);
}

/* The server has asked for a second ClientHello, and the name in that could be another. */
static void look_behind(struct bw_gate *g, struct bw_conn *c)
{
	const uint8_t *bytes = c->client.bytes + c->client.at + c->cleared;
	size_t len = bw_side_waiting(&c->client) - c->cleared, offset;
	struct bw_hello hello = {.reason = "no second ClientHello"};
	enum bw_hello_result r = bw_hello_again(bytes, len, &offset);

	if (r == BW_HELLO_FINE)
		r = bw_hello_read(bytes + offset, len - offset, &hello);
	if (r == BW_HELLO_MORE)
		return;
	if (r == BW_HELLO_FINE && strcmp(hello.name, c->name) == 0) {
		let_go(g, c);
		return;
	}
	if (r == BW_HELLO_FINE)
		hello.reason = "the second ClientHello is for another name";
	bw_verdict_event(g, c, BW_EVENT_REFUSED, hello.reason);
	bw_verdict_end(g, c, hello.reason);
}

/* What the client sends before the server has answered waits. */
static void held_out(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, BW_RELAY_HELD);

	if (r == -EAGAIN)
		return;
	if (r < 0)
		bw_verdict_end(g, c, "reset");
	else if (r == 0)
		settle(g, c);
	else if (c->is_asked)
		look_behind(g, c);
}

/* Not a byte more than is needed to see what the server wants. */
static void held_in(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->up, sizeof c->answer - c->answer_len);

	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		let_go(g, c);
		return;
	}
	memcpy(c->answer + c->answer_len, c->up.bytes + c->up.at, (size_t)r);
	c->answer_len += (uint32_t)r;
	bw_relay_client_out(g, c);
	if (c->state != BW_CONN_RELAY)
		return;
	switch (bw_hello_asks_again(c->answer, c->answer_len)) {
	case BW_HELLO_MORE:
		return;
	case BW_HELLO_BAD:
		let_go(g, c);
		return;
	case BW_HELLO_FINE:
		c->is_asked = true;
		look_behind(g, c);
		return;
	}
}

static void relay_out(struct bw_gate *g, struct bw_conn *c)
{
	size_t sent;
	int r;

	if (c->is_held) {
		held_out(g, c);
		return;
	}
	r = bw_side_pass(&c->client, &c->up, &sent);
	if (r == -EAGAIN)
		return;
	if (r < 0)
		bw_verdict_end(g, c, "reset");
	else if (count(g, c, &c->bytes_out, sent))
		settle(g, c);
}

/* Only the first request was looked at: a second could be for any name that the server has. */
static void plain_out(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, 1);

	if (r > 0) {
		bw_verdict_event(g, c, BW_EVENT_REFUSED, "data behind the request");
		bw_verdict_end(g, c, "data behind the request");
	} else if (r < 0 && r != -EAGAIN) {
		bw_verdict_end(g, c, "reset");
	}
}

void bw_relay_client_in(struct bw_gate *g, struct bw_conn *c)
{
	if (c->is_plain)
		plain_out(g, c);
	else
		relay_out(g, c);
}

void bw_relay_up_in(struct bw_gate *g, struct bw_conn *c)
{
	size_t sent;
	int r;

	if (c->is_held && !c->is_asked) {
		held_in(g, c);
		return;
	}
	r = bw_side_pass(&c->up, &c->client, &sent);
	if (r == -EAGAIN)
		return;
	if (r < 0)
		bw_verdict_end(g, c, "reset");
	else if (count(g, c, &c->bytes_in, sent))
		settle(g, c);
}

void bw_relay_idle(struct bw_gate *g, struct bw_conn *c)
{
	bw_verdict_end(g, c, "idle");
}

void bw_relay_begin(struct bw_gate *g, struct bw_conn *c)
{
	bw_verdict_event(g, c, BW_EVENT_CONNECT, NULL);
	c->is_let_out = true;
	c->state = BW_CONN_RELAY;
	c->deadline_ms = g->now_ms + g->settings->idle_s.v * 1000;
	bw_relay_up_out(g, c);
}
