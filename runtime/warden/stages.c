/* SPDX-License-Identifier: Apache-2.0 */
/* stages.c - what a connection goes through, as a table of state and event. Through the proxy: request, address,
 * connection, "200", ClientHello, relay. Straight to a port: ClientHello, address, connection, relay. No byte of the
 * client goes out before its ClientHello was found to be for the name that is allowed. */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "warden/clienthello.h"
#include "warden/connect.h"
#include "warden/dns.h"
#include "warden/gate.h"
#include "warden/relay.h"
#include "warden/verdict.h"

enum {
	HEAD_MS = 8000,
	ATTEMPT_MS = 3000, /* for an address, when there is another */
	HEAD_ROOM = BW_HEAD_MAX + 1024,
	HELLO_ROOM = BW_HELLO_MAX_RAW + 1024,
	DNS_ROOM = 2 + BW_DNS_MAX_QUERY,
	ACCESS_DENIED = 49,
	UNRECOGNIZED_NAME = 112,
};

/* ---- addresses and connections ---- */

static void set_port(union bw_socket_address *endpoint, uint16_t port)
{
	if (endpoint->any.sa_family == AF_INET)
		endpoint->v4.sin_port = htons(port);
	else
		endpoint->v6.sin6_port = htons(port);
}

static socklen_t size_of(const union bw_socket_address *endpoint)
{
	return endpoint->any.sa_family == AF_INET ? sizeof endpoint->v4 : sizeof endpoint->v6;
}

/* Whether packets to this address would stay on this host: then the kernel takes the same for their source. That covers
 * addresses that the host has got since we started. No packet is sent. */
static bool is_own(const union bw_socket_address *endpoint)
{
	int fd = socket(endpoint->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union bw_socket_address local = {0};
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
static bool try_address(struct bw_gate *g, struct bw_conn *c, union bw_socket_address endpoint)
{
	const int on = 1;
	struct bw_address address;

	set_port(&endpoint, c->port);
	c->error = 0;
	if (bw_address_of(&endpoint.any, &address) < 0)
		return false;
	bw_address_text(&address, c->address);
	if (is_own(&endpoint)) {
		bw_verdict_event(g, c, BW_EVENT_REFUSED, "this host's own");
		return false;
	}
	c->up.fd = socket(endpoint.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->up.fd >= 0) {
		setsockopt(c->up.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (connect(c->up.fd, &endpoint.any, size_of(&endpoint)) == 0 || errno == EINPROGRESS)
			return true;
	}
	c->error = errno;
	bw_verdict_close_up(c);
	return false;
}

static void no_address(struct bw_gate *g, struct bw_conn *c)
{
	if (c->error == 0)
		bw_verdict_turn_down(g, c, 403, ACCESS_DENIED, "the address is this host's own");
	else if (c->error == ETIMEDOUT)
		bw_verdict_fail(g, c, 504, "the host does not answer");
	else
		bw_verdict_fail(g, c, 502, c->error == ECONNREFUSED ? "the host refuses the connection" : "the host cannot be reached");
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
		bw_relay_begin(g, c);
		return;
	}
	c->is_accepted = true;
	c->state = BW_CONN_HELLO;
	c->deadline_ms = g->now_ms + g->settings->handshake_s.v * 1000;
	if (bw_side_add(&c->up, ok, sizeof ok - 1) < 0) {
		bw_verdict_end(g, c, NULL);
		return;
	}
	bw_relay_client_out(g, c);
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
	bw_verdict_close_up(c);
	try_next(g, c);
}

static void connect_late(struct bw_gate *g, struct bw_conn *c)
{
	bw_verdict_close_up(c);
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
		bw_verdict_event(g, c, BW_EVENT_REFUSED, l->reason);
		bw_verdict_turn_down(g, c, 403, ACCESS_DENIED, "the address is not one that is connected to");
	} else {
		bw_verdict_fail(g, c, l->status, l->reason);
	}
}

static void resolve_late(struct bw_gate *g, struct bw_conn *c)
{
	bw_verdict_fail(g, c, 504, "the name servers do not answer");
}

static void begin_resolving(struct bw_gate *g, struct bw_conn *c)
{
	c->state = BW_CONN_RESOLVING;
	c->deadline_ms = c->overall_ms = g->now_ms + g->settings->handshake_s.v * 1000;
	c->lookup = bw_resolver_lookup(g->resolver, c->name, g->now_ms);
	if (!c->lookup)
		bw_verdict_fail(g, c, 503, "too many names at once");
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
			bw_relay_begin(g, c);
			return;
		}
		memcpy(c->name, hello->name, sizeof c->name);
		bw_verdict_refuse(g, c, UNRECOGNIZED_NAME, "the server name is not the one of CONNECT");
		return;
	}
	memcpy(c->name, hello->name, sizeof c->name);
	if (bw_names_match(&g->settings->allow, c->name))
		begin_resolving(g, c);
	else
		bw_verdict_refuse(g, c, ACCESS_DENIED, "the name is not on the list");
}

static void read_hello(struct bw_gate *g, struct bw_conn *c)
{
	struct bw_hello hello;

	switch (bw_hello_read(c->client.bytes + c->client.at, bw_side_waiting(&c->client), &hello)) {
	case BW_HELLO_MORE:
		return;
	case BW_HELLO_BAD:
		bw_verdict_refuse(g, c, hello.alert, hello.reason);
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
		bw_verdict_refuse(g, c, 0, "ended before its ClientHello");
}

static void hello_late(struct bw_gate *g, struct bw_conn *c)
{
	bw_verdict_refuse(g, c, 0, "no ClientHello in time");
}

/* ---- requests to the proxy ---- */

static void refuse_head(struct bw_gate *g, struct bw_conn *c, const struct bw_head *head)
{
	bw_events_write(&g->events,
		&(struct bw_event){.kind = BW_EVENT_REFUSED, .name = head->target, .name_len = head->target_len, .reason = head->reason},
		g->now_ms);
	bw_verdict_turn_down(g, c, head->status, 0, head->reason);
}

static void take_plain(struct bw_gate *g, struct bw_conn *c, const struct bw_head *head)
{
	char text[HEAD_ROOM];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	if (c->port != 80 || !bw_names_match(&g->settings->plain, c->name)) {
		bw_verdict_refuse(g, c, 0, "without TLS the name is not on the list");
		return;
	}
	if (bw_side_waiting(&c->client) > head->len) {
		bw_verdict_refuse(g, c, 0, "data behind the request");
		return;
	}
	bw_head_rewrite(head, &buf);
	bw_side_drop(&c->client, head->len);
	if (buf.overflow || bw_side_add(&c->client, text, buf.len) < 0) {
		bw_verdict_refuse(g, c, 0, "the head is too long");
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
		bw_verdict_refuse(g, c, 0, "the port is not on the list");
		return;
	}
	if (!bw_names_match(&g->settings->allow, c->name)) {
		bw_verdict_refuse(g, c, 0, "the name is not on the list");
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
		bw_verdict_end(g, c, NULL);
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
	bw_verdict_fail(g, c, 408, "no request in time");
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
		bw_verdict_end(g, c, NULL);
	else
		bw_relay_client_out(g, c);
}

/* ---- the table ---- */

static void over(struct bw_gate *g, struct bw_conn *c)
{
	bw_verdict_end(g, c, NULL);
}

static void (*const actions[BW_CONN_STATES][BW_CONN_EVENTS])(struct bw_gate *g, struct bw_conn *c) = {
	[BW_CONN_HEAD] = {[BW_ON_CLIENT_IN] = head_in, [BW_ON_TIME] = head_late},
	[BW_CONN_HELLO] = {[BW_ON_CLIENT_IN] = hello_in, [BW_ON_CLIENT_OUT] = bw_relay_client_out, [BW_ON_TIME] = hello_late},
	[BW_CONN_RESOLVING] = {[BW_ON_RESOLVED] = resolved, [BW_ON_TIME] = resolve_late},
	[BW_CONN_CONNECTING] = {[BW_ON_UP_OUT] = connect_done, [BW_ON_TIME] = connect_late},
	[BW_CONN_RELAY] = {[BW_ON_CLIENT_IN] = bw_relay_client_in, [BW_ON_CLIENT_OUT] = bw_relay_client_out, [BW_ON_UP_IN] = bw_relay_up_in,
		[BW_ON_UP_OUT] = bw_relay_up_out, [BW_ON_TIME] = bw_relay_idle},
	[BW_CONN_LINGER] = {[BW_ON_CLIENT_IN] = bw_verdict_discard, [BW_ON_CLIENT_OUT] = bw_verdict_linger, [BW_ON_TIME] = over},
	[BW_CONN_DNS] = {[BW_ON_CLIENT_IN] = dns_in, [BW_ON_CLIENT_OUT] = bw_relay_client_out, [BW_ON_TIME] = over},
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
		return out | (c->client.eof || bw_side_waiting(&c->client) >= (c->is_held ? BW_RELAY_HELD : 1) ? 0U : EPOLLIN);
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
