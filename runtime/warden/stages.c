/* SPDX-License-Identifier: Apache-2.0 */
/* stages.c - what a connection goes through, as a table of state and event. Through the proxy: request, address,
 * connection, "200", ClientHello, relay. Straight to a port: ClientHello, address, connection, relay. No byte of the
 * client goes out before its ClientHello was found to be for the name that is allowed. */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "warden/clienthello.h"
#include "warden/connect.h"
#include "warden/dns.h"
#include "warden/gate.h"

enum {
	HEAD_MS = 8000,
	ATTEMPT_MS = 3000, /* for an address, when there is another */
	LINGER_MS = 2000,
	HEAD_ROOM = BW_HEAD_MAX + 1024,
	HELLO_ROOM = BW_HELLO_MAX_RAW + 1024,
	HELD_ROOM = 2 * HELLO_ROOM, /* the first, as far as it has not gone yet, and the second */
	DNS_ROOM = 2 + BW_DNS_MAX_QUERY,
	ACCESS_DENIED = 49,
	UNRECOGNIZED_NAME = 112,
	INTERNAL_ERROR = 80,
};

/* ---- how it ends ---- */

static void write_event(struct bw_gate *g, const struct bw_conn *c, enum bw_event_kind kind, const char *reason)
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
static void end(struct bw_gate *g, struct bw_conn *c, const char *reason)
{
	if (c->is_let_out)
		write_event(g, c, BW_EVENT_CLOSED, reason);
	bw_gate_release(g, c, reason != NULL);
}

static void close_up(struct bw_conn *c)
{
	if (c->up.fd >= 0)
		close(c->up.fd);
	c->up.fd = -1;
	c->up.watched = 0;
}

/* What waits for the client goes; then the end is said, and what it still sends is read, for a reset would take the
 * answer from it again. */
static void linger(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_send(&c->up, &c->client, SIZE_MAX);

	if (r < 0) {
		end(g, c, NULL);
		return;
	}
	if (bw_side_waiting(&c->up) == 0)
		bw_side_shut(&c->client);
}

/* Tells the client, in the language that it speaks at this stage. The event was written. */
static void turn_down(struct bw_gate *g, struct bw_conn *c, int status, uint8_t alert, const char *reason)
{
	char text[512];
	struct bw_buf buf = bw_buf_over(text, sizeof text);
	uint8_t record[BW_ALERT_SIZE];
	int r = 0;

	close_up(c);
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
		end(g, c, NULL);
	else
		linger(g, c);
}

/* A rule says no. */
static void refuse(struct bw_gate *g, struct bw_conn *c, uint8_t alert, const char *reason)
{
	write_event(g, c, BW_EVENT_REFUSED, reason);
	turn_down(g, c, 403, alert, reason);
}

/* It was allowed and did not come about. */
static void fail(struct bw_gate *g, struct bw_conn *c, int status, const char *reason)
{
	write_event(g, c, BW_EVENT_FAILED, reason);
	turn_down(g, c, status, INTERNAL_ERROR, reason);
}

static void discard(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, HEAD_ROOM);

	if (r == 0 || (r < 0 && r != -EAGAIN))
		end(g, c, NULL);
	else
		bw_side_drop(&c->client, bw_side_waiting(&c->client));
}

/* ---- relay ---- */

/* Bytes have gone one way. False: it is over. */
static bool count(struct bw_gate *g, struct bw_conn *c, uint64_t *counter, size_t n)
{
	*counter += n;
	g->bytes += n;
	c->deadline_ms = g->now_ms + g->settings->idle_s.v * 1000;
	if (!g->settings->bytes.v || g->bytes < g->settings->bytes.v)
		return true;
	end(g, c, "all bytes are used up");
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
		end(g, c, NULL);
	/* The rest of a second ClientHello never comes. */
	else if (c->is_held && c->client.eof && bw_side_waiting(&c->client) > c->cleared)
		end(g, c, "ended within its second ClientHello");
}

static void flush_out(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_send(&c->client, &c->up, c->is_held ? c->cleared : SIZE_MAX);

	if (r < 0) {
		end(g, c, "reset");
		return;
	}
	if (c->is_held)
		c->cleared -= (uint32_t)r;
	if (r == 0 || count(g, c, &c->bytes_out, (size_t)r))
		settle(g, c);
}

static void flush_in(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_send(&c->up, &c->client, SIZE_MAX);

	if (r < 0) {
		end(g, c, "reset");
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
	flush_out(g, c);
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
	write_event(g, c, BW_EVENT_REFUSED, hello.reason);
	end(g, c, hello.reason);
}

/* What the client sends before the server has answered waits. */
static void held_out(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, HELD_ROOM);

	if (r == -EAGAIN)
		return;
	if (r < 0)
		end(g, c, "reset");
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
	flush_in(g, c);
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
		end(g, c, "reset");
	else if (count(g, c, &c->bytes_out, sent))
		settle(g, c);
}

/* Only the first request was looked at: a second could be for any name that the server has. */
static void plain_out(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, HEAD_ROOM);

	if (r > 0) {
		write_event(g, c, BW_EVENT_REFUSED, "data behind the request");
		end(g, c, "data behind the request");
	} else if (r < 0 && r != -EAGAIN) {
		end(g, c, "reset");
	}
}

static void client_in(struct bw_gate *g, struct bw_conn *c)
{
	if (c->is_plain)
		plain_out(g, c);
	else
		relay_out(g, c);
}

static void relay_in(struct bw_gate *g, struct bw_conn *c)
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
		end(g, c, "reset");
	else if (count(g, c, &c->bytes_in, sent))
		settle(g, c);
}

static void idle(struct bw_gate *g, struct bw_conn *c)
{
	end(g, c, "idle");
}

static void begin_relay(struct bw_gate *g, struct bw_conn *c)
{
	write_event(g, c, BW_EVENT_CONNECT, NULL);
	c->is_let_out = true;
	c->state = BW_CONN_RELAY;
	c->deadline_ms = g->now_ms + g->settings->idle_s.v * 1000;
	flush_out(g, c);
}

/* ---- addresses and connections ---- */

static void set_port(union bw_endpoint *endpoint, uint16_t port)
{
	if (endpoint->any.sa_family == AF_INET)
		endpoint->v4.sin_port = htons(port);
	else
		endpoint->v6.sin6_port = htons(port);
}

static socklen_t size_of(const union bw_endpoint *endpoint)
{
	return endpoint->any.sa_family == AF_INET ? sizeof endpoint->v4 : sizeof endpoint->v6;
}

/* Whether packets to this address would stay on this host: then the kernel takes the same for their source. That covers
 * addresses that the host has got since we started. No packet is sent. */
static bool is_own(const union bw_endpoint *endpoint)
{
	int fd = socket(endpoint->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union bw_endpoint local = {0};
	socklen_t len = sizeof local;
	struct bw_address a, b;
	bool r;

	if (fd < 0)
		return true;
	r = connect(fd, &endpoint->any, size_of(endpoint)) == 0 &&
	    (getsockname(fd, &local.any, &len) < 0 || bw_address_of(&local.any, &a) < 0 ||
		    bw_address_of(&endpoint->any, &b) < 0 || memcmp(&a, &b, sizeof a) == 0);
	close(fd);
	return r;
}

/* The very address that was checked. Under way, or false with c->error. */
static bool try_address(struct bw_gate *g, struct bw_conn *c, union bw_endpoint endpoint)
{
	const int on = 1;
	struct bw_address address;

	set_port(&endpoint, c->port);
	c->error = 0;
	if (bw_address_of(&endpoint.any, &address) < 0)
		return false;
	bw_address_text(&address, c->address);
	if (is_own(&endpoint)) {
		write_event(g, c, BW_EVENT_REFUSED, "this host's own");
		return false;
	}
	c->up.fd = socket(endpoint.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->up.fd >= 0) {
		setsockopt(c->up.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (connect(c->up.fd, &endpoint.any, size_of(&endpoint)) == 0 || errno == EINPROGRESS)
			return true;
	}
	c->error = errno;
	close_up(c);
	return false;
}

static void no_address(struct bw_gate *g, struct bw_conn *c)
{
	if (c->error == 0)
		turn_down(g, c, 403, ACCESS_DENIED, "the address is this host's own");
	else if (c->error == ETIMEDOUT)
		fail(g, c, 504, "the host does not answer");
	else
		fail(g, c, 502, c->error == ECONNREFUSED ? "the host refuses the connection" : "the host cannot be reached");
}

static void try_next(struct bw_gate *g, struct bw_conn *c)
{
	c->state = BW_CONN_CONNECTING;
	while (c->next_address < c->lookup->n) {
		if (!try_address(g, c, c->lookup->addresses[c->next_address++]))
			continue;
		c->deadline_ms = c->overall_ms;
		if (c->next_address < c->lookup->n && g->now_ms + ATTEMPT_MS < c->overall_ms)
			c->deadline_ms = g->now_ms + ATTEMPT_MS;
		return;
	}
	no_address(g, c);
}

static void read_hello(struct bw_gate *g, struct bw_conn *c);

static void connected(struct bw_gate *g, struct bw_conn *c)
{
	static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	bw_lookup_unpin(c->lookup);
	c->lookup = NULL;
	if (c->kind != BW_LISTEN_PROXY || c->is_plain) {
		begin_relay(g, c);
		return;
	}
	c->is_accepted = true;
	c->state = BW_CONN_HELLO;
	c->deadline_ms = g->now_ms + g->settings->handshake_s.v * 1000;
	if (bw_side_add(&c->up, ok, sizeof ok - 1) < 0) {
		end(g, c, NULL);
		return;
	}
	flush_in(g, c);
	if (c->state == BW_CONN_HELLO && bw_side_waiting(&c->client) > 0)
		read_hello(g, c);
}

static void connect_done(struct bw_gate *g, struct bw_conn *c)
{
	socklen_t len = sizeof c->error;

	if (getsockopt(c->up.fd, SOL_SOCKET, SO_ERROR, &c->error, &len) < 0)
		c->error = errno;
	if (c->error == 0) {
		connected(g, c);
		return;
	}
	close_up(c);
	try_next(g, c);
}

static void connect_late(struct bw_gate *g, struct bw_conn *c)
{
	close_up(c);
	c->error = ETIMEDOUT;
	if (g->now_ms < c->overall_ms)
		try_next(g, c);
	else
		no_address(g, c);
}

static void resolved(struct bw_gate *g, struct bw_conn *c)
{
	const struct bw_lookup *l = c->lookup;

	if (l->state == BW_LOOKUP_READY) {
		try_next(g, c);
		return;
	}
	memcpy(c->address, l->refused, sizeof c->address);
	if (l->status == 403) {
		write_event(g, c, BW_EVENT_REFUSED, l->reason);
		turn_down(g, c, 403, ACCESS_DENIED, "the address is not one that is connected to");
	} else {
		fail(g, c, l->status, l->reason);
	}
}

static void resolve_late(struct bw_gate *g, struct bw_conn *c)
{
	fail(g, c, 504, "the name servers do not answer");
}

static void begin_resolving(struct bw_gate *g, struct bw_conn *c)
{
	c->state = BW_CONN_RESOLVING;
	c->deadline_ms = c->overall_ms = g->now_ms + g->settings->handshake_s.v * 1000;
	c->lookup = bw_resolver_lookup(g->resolver, c->name, g->now_ms);
	if (!c->lookup)
		fail(g, c, 503, "too many names at once");
	else if (c->lookup->state != BW_LOOKUP_ASKING)
		resolved(g, c);
}

/* ---- ClientHello ---- */

static void hello_fine(struct bw_gate *g, struct bw_conn *c, const struct bw_hello *hello)
{
	c->is_held = true;
	c->cleared = (uint32_t)hello->raw_len;
	if (c->kind == BW_LISTEN_PROXY) {
		if (strcmp(hello->name, c->name) == 0) {
			begin_relay(g, c);
			return;
		}
		memcpy(c->name, hello->name, sizeof c->name);
		refuse(g, c, UNRECOGNIZED_NAME, "the server name is not the one of CONNECT");
		return;
	}
	memcpy(c->name, hello->name, sizeof c->name);
	if (bw_names_match(&g->settings->allow, c->name))
		begin_resolving(g, c);
	else
		refuse(g, c, ACCESS_DENIED, "the name is not on the list");
}

static void read_hello(struct bw_gate *g, struct bw_conn *c)
{
	struct bw_hello hello;

	switch (bw_hello_read(c->client.bytes + c->client.at, bw_side_waiting(&c->client), &hello)) {
	case BW_HELLO_MORE:
		return;
	case BW_HELLO_BAD:
		refuse(g, c, hello.alert, hello.reason);
		return;
	case BW_HELLO_FINE:
		hello_fine(g, c, &hello);
		return;
	}
}

static void hello_in(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, HELLO_ROOM);

	if (r > 0)
		read_hello(g, c);
	else if (r != -EAGAIN)
		refuse(g, c, 0, "ended before its ClientHello");
}

static void hello_late(struct bw_gate *g, struct bw_conn *c)
{
	refuse(g, c, 0, "no ClientHello in time");
}

/* ---- requests to the proxy ---- */

static void refuse_head(struct bw_gate *g, struct bw_conn *c, const struct bw_head *head)
{
	bw_events_write(&g->events,
		&(struct bw_event){.kind = BW_EVENT_REFUSED, .name = head->target, .name_len = head->target_len, .reason = head->reason},
		g->now_ms);
	turn_down(g, c, head->status, 0, head->reason);
}

static void take_plain(struct bw_gate *g, struct bw_conn *c, const struct bw_head *head)
{
	char text[HEAD_ROOM];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	if (c->port != 80 || !bw_names_match(&g->settings->plain, c->name)) {
		refuse(g, c, 0, "without TLS the name is not on the list");
		return;
	}
	if (bw_side_waiting(&c->client) > head->len) {
		refuse(g, c, 0, "data behind the request");
		return;
	}
	bw_head_rewrite(head, &buf);
	bw_side_drop(&c->client, head->len);
	if (buf.overflow || bw_side_add(&c->client, text, buf.len) < 0) {
		refuse(g, c, 0, "the head is too long");
		return;
	}
	c->is_plain = true;
	begin_resolving(g, c);
}

static void take_head(struct bw_gate *g, struct bw_conn *c, const struct bw_head *head)
{
	memcpy(c->name, head->name, sizeof c->name);
	c->port = head->port;
	if (head->method != BW_HEAD_CONNECT) {
		take_plain(g, c, head);
		return;
	}
	if (!bw_settings_has_port(g->settings, c->port)) {
		refuse(g, c, 0, "the port is not on the list");
		return;
	}
	if (!bw_names_match(&g->settings->allow, c->name)) {
		refuse(g, c, 0, "the name is not on the list");
		return;
	}
	bw_side_drop(&c->client, head->len);
	begin_resolving(g, c);
}

static void head_in(struct bw_gate *g, struct bw_conn *c)
{
	int r = bw_side_read(&c->client, HEAD_ROOM);
	struct bw_head head;

	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		end(g, c, NULL);
		return;
	}
	switch (bw_head_read((const char *)c->client.bytes + c->client.at, bw_side_waiting(&c->client), &head)) {
	case BW_HEAD_MORE:
		return;
	case BW_HEAD_BAD:
		refuse_head(g, c, &head);
		return;
	case BW_HEAD_FINE:
		take_head(g, c, &head);
		return;
	}
}

static void head_late(struct bw_gate *g, struct bw_conn *c)
{
	fail(g, c, 408, "no request in time");
}

/* ---- DNS ---- */

size_t bw_stage_answer(struct bw_gate *g, const uint8_t *query, size_t len, uint8_t *reply)
{
	struct bw_question question;
	enum bw_dns_result result = bw_dns_read(query, len, &question);
	bool is_listed = question.name[0] && (bw_names_match(&g->settings->allow, question.name) ||
						     bw_names_match(&g->settings->plain, question.name));
	enum bw_dns_answer answer = bw_dns_decide(&question, is_listed, g->listeners->with_ipv6);

	if (result == BW_DNS_DROP)
		return 0;
	if (result != BW_DNS_QUESTION || answer == BW_DNS_NO_NAME || answer == BW_DNS_REFUSED)
		bw_events_write(&g->events,
			&(struct bw_event){.kind = BW_EVENT_DNS_REFUSED,
				.name = question.text_len ? question.text : NULL,
				.name_len = question.text_len,
				.reason = result == BW_DNS_MALFORMED   ? "malformed question"
					  : result == BW_DNS_NOT_KNOWN ? "not a question"
					  : is_listed		       ? "not of class IN"
								       : "the name is not on the list"},
			g->now_ms);
	return bw_dns_reply(query, result, &question, answer, reply);
}

/* Each question with two bytes of length before it (RFC 7766). */
static void dns_in(struct bw_gate *g, struct bw_conn *c)
{
	uint8_t reply[2 + BW_DNS_MAX_REPLY];
	int r = bw_side_read(&c->client, DNS_ROOM);

	if (r == -EAGAIN)
		return;
	while (r > 0 && bw_side_waiting(&c->client) >= 2) {
		const uint8_t *bytes = c->client.bytes + c->client.at;
		size_t len = (size_t)bytes[0] << 8 | bytes[1], n;

		if (len > BW_DNS_MAX_QUERY)
			r = -EMSGSIZE;
		if (r < 0 || bw_side_waiting(&c->client) < 2 + len)
			break;
		n = bw_meter_take(&g->questions, g->now_ms) ? bw_stage_answer(g, bytes + 2, len, reply + 2) : 0;
		reply[0] = (uint8_t)(n >> 8);
		reply[1] = (uint8_t)n;
		bw_side_drop(&c->client, 2 + len);
		r = n == 0 || bw_side_add(&c->up, reply, 2 + n) < 0 ? -ENOMSG : 1;
	}
	if (r <= 0)
		end(g, c, NULL);
	else
		flush_in(g, c);
}

/* ---- the table ---- */

static void over(struct bw_gate *g, struct bw_conn *c)
{
	end(g, c, NULL);
}

static void (*const actions[BW_CONN_STATES][BW_CONN_EVENTS])(struct bw_gate *g, struct bw_conn *c) = {
	[BW_CONN_HEAD] = {[BW_ON_CLIENT_IN] = head_in, [BW_ON_TIME] = head_late},
	[BW_CONN_HELLO] = {[BW_ON_CLIENT_IN] = hello_in, [BW_ON_CLIENT_OUT] = flush_in, [BW_ON_TIME] = hello_late},
	[BW_CONN_RESOLVING] = {[BW_ON_RESOLVED] = resolved, [BW_ON_TIME] = resolve_late},
	[BW_CONN_CONNECTING] = {[BW_ON_UP_OUT] = connect_done, [BW_ON_TIME] = connect_late},
	[BW_CONN_RELAY] = {[BW_ON_CLIENT_IN] = client_in, [BW_ON_CLIENT_OUT] = flush_in, [BW_ON_UP_IN] = relay_in,
		[BW_ON_UP_OUT] = flush_out, [BW_ON_TIME] = idle},
	[BW_CONN_LINGER] = {[BW_ON_CLIENT_IN] = discard, [BW_ON_CLIENT_OUT] = linger, [BW_ON_TIME] = over},
	[BW_CONN_DNS] = {[BW_ON_CLIENT_IN] = dns_in, [BW_ON_CLIENT_OUT] = flush_in, [BW_ON_TIME] = over},
};

/* Back-pressure: nothing more is read from a side while something of it waits for the other. */
static uint32_t client_events(const struct bw_conn *c)
{
	uint32_t out = bw_side_waiting(&c->up) ? EPOLLOUT : 0;

	switch (c->state) {
	case BW_CONN_HEAD:
	case BW_CONN_HELLO:
	case BW_CONN_LINGER:
		return EPOLLIN | out;
	case BW_CONN_DNS:
		return out ? EPOLLOUT : EPOLLIN;
	case BW_CONN_RELAY:
		return out | (c->client.eof || bw_side_waiting(&c->client) >= (c->is_held ? HELD_ROOM : 1) ? 0U : EPOLLIN);
	case BW_CONN_FREE:
	case BW_CONN_RESOLVING:
	case BW_CONN_CONNECTING:
	case BW_CONN_STATES:
		break;
	}
	return 0;
}

static uint32_t up_events(const struct bw_conn *c)
{
	size_t waiting = c->is_held ? c->cleared : bw_side_waiting(&c->client);

	if (c->state == BW_CONN_CONNECTING)
		return EPOLLOUT;
	if (c->state != BW_CONN_RELAY)
		return 0;
	return (waiting ? EPOLLOUT : 0U) | (c->up.eof || bw_side_waiting(&c->up) ? 0U : EPOLLIN);
}

static void watch(struct bw_gate *g, struct bw_conn *c)
{
	if (c->state == BW_CONN_FREE)
		return;
	bw_side_watch(&c->client, g->epoll, client_events(c));
	bw_side_watch(&c->up, g->epoll, up_events(c));
}

void bw_stage_event(struct bw_gate *g, struct bw_conn *c, enum bw_conn_event event)
{
	if (actions[c->state][event])
		actions[c->state][event](g, c);
	watch(g, c);
}

void bw_stage_begin(struct bw_gate *g, struct bw_conn *c)
{
	uint64_t handshake_ms = g->settings->handshake_s.v * 1000;
	const int on = 1;

	setsockopt(c->client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	switch (c->kind) {
	case BW_LISTEN_PROXY:
		c->state = BW_CONN_HEAD;
		c->port = 0;
		break;
	case BW_LISTEN_TLS:
		c->state = BW_CONN_HELLO;
		break;
	case BW_LISTEN_DNS_TCP:
	case BW_LISTEN_DNS_UDP:
		c->state = BW_CONN_DNS;
		break;
	}
	c->deadline_ms = g->now_ms + (c->state == BW_CONN_HEAD && handshake_ms > HEAD_MS ? HEAD_MS : handshake_ms);
	watch(g, c);
}
