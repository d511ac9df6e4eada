/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c - see gate.h: epoll, new connections and their limits, time. What a connection goes through is stages.c. */
#include "warden/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "warden/connect.h"
#include "warden/dns.h"

enum { BATCH = 64, ACCEPTS = 32, SWEEP_MS = 250, NOBODY = UINT32_MAX };
enum { QUESTIONS_PER_MINUTE = 6000, QUESTIONS_AT_ONCE = 500 };
enum { RESOLVER_FILES = 64 };

/* What an event of epoll is about, in the upper byte of its data. Connections have their generation too: one batch can
 * hold events of a connection that the same batch has ended. */
enum source { OF_INIT, OF_SUPERVISOR, OF_LISTENER, OF_RESOLVER, OF_CLIENT, OF_UP };

static uint64_t data_of(enum source source, uint32_t generation, uint32_t index)
{
	return (uint64_t)source << 56 | (uint64_t)(generation & 0xffffff) << 32 | index;
}

static uint64_t clock_ms(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t bw_gate_files(const struct bw_settings *settings)
{
	return 2 * settings->connections.v + RESOLVER_FILES;
}

/* ---- connections ---- */

static struct bw_conn *take_place(struct bw_gate *g)
{
	struct bw_conn *c;

	if (g->first_free == NOBODY && g->high == g->settings->connections.v)
		return NULL;
	if (g->first_free != NOBODY) {
		c = &g->conns[g->first_free];
		g->first_free = c->next_free;
	} else {
		c = &g->conns[g->high++];
	}
	g->used++;
	return c;
}

void bw_gate_release(struct bw_gate *g, struct bw_conn *c, bool reset)
{
	uint32_t generation = c->generation;

	bw_side_close(&c->client, reset);
	bw_side_close(&c->up, reset);
	if (c->lookup)
		bw_lookup_unpin(c->lookup);
	memset(c, 0, sizeof *c);
	c->generation = generation + 1;
	c->next_free = g->first_free;
	g->first_free = (uint32_t)(c - g->conns);
	g->used--;
}

/* Why no connection is taken now, or NULL. */
static const char *why_full(struct bw_gate *g)
{
	if (g->settings->bytes.v && g->bytes >= g->settings->bytes.v)
		return "all bytes are used up";
	if (g->used >= g->settings->connections.v)
		return "too many connections at once";
	return bw_meter_take(&g->accepted, g->now_ms) ? NULL : "too many new connections";
}

/* It has no place to wait in, so the answer goes at once or not at all. */
static void turn_away(struct bw_gate *g, const struct bw_listener *listener, int fd, const char *reason)
{
	char answer[512];
	struct bw_buf buf = bw_buf_over(answer, sizeof answer);

	bw_events_write(&g->events, &(struct bw_event){.kind = BW_EVENT_REFUSED, .port = listener->port, .reason = reason},
		g->now_ms);
	if (listener->kind == BW_LISTEN_PROXY) {
		bw_head_answer(503, reason, &buf);
		if (send(fd, answer, buf.len, MSG_NOSIGNAL) > 0)
			shutdown(fd, SHUT_WR);
	}
	close(fd);
}

static void take_connection(struct bw_gate *g, const struct bw_listener *listener, int fd)
{
	const char *reason = why_full(g);
	struct bw_conn *c = reason ? NULL : take_place(g);
	uint32_t index;

	if (!c) {
		turn_away(g, listener, fd, reason ? reason : "too many connections at once");
		return;
	}
	index = (uint32_t)(c - g->conns);
	c->client = (struct bw_side){.fd = fd, .data = data_of(OF_CLIENT, c->generation, index)};
	c->up = (struct bw_side){.fd = -1, .data = data_of(OF_UP, c->generation, index)};
	c->kind = listener->kind;
	c->port = listener->port;
	bw_stage_begin(g, c);
}

static void take_connections(struct bw_gate *g, const struct bw_listener *listener)
{
	for (unsigned i = 0; i < ACCEPTS; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take_connection(g, listener, fd);
			continue;
		}
		/* What the kernel has no room for stays in the queue: asking again at once would only spin. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void answer_datagrams(struct bw_gate *g, const struct bw_listener *listener)
{
	uint8_t query[BW_DNS_MAX_QUERY + 1], reply[BW_DNS_MAX_REPLY];

	for (unsigned i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof from;
		ssize_t n = recvfrom(listener->fd, query, sizeof query, 0, (struct sockaddr *)&from, &from_len);
		size_t len;

		if (n < 0)
			return;
		if (!bw_meter_take(&g->questions, g->now_ms))
			continue;
		len = bw_stage_answer(g, query, (size_t)n, reply);
		if (len > 0)
			sendto(listener->fd, reply, len, MSG_NOSIGNAL, (const struct sockaddr *)&from, from_len);
	}
}

/* ---- the loop ---- */

static void serve_connection(struct bw_gate *g, uint64_t data, uint32_t events)
{
	struct bw_conn *c = &g->conns[(uint32_t)data];
	bool is_client = data >> 56 == OF_CLIENT;
	const struct bw_side *side = is_client ? &c->client : &c->up;
	uint32_t watched = side->watched;

	/* A hang-up or an error is found out by whoever reads or writes. */
	if (c->state != BW_CONN_FREE && side->data == data && watched & EPOLLIN && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		bw_stage_event(g, c, is_client ? BW_ON_CLIENT_IN : BW_ON_UP_IN);
	if (c->state != BW_CONN_FREE && side->data == data && watched & EPOLLOUT && events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		bw_stage_event(g, c, is_client ? BW_ON_CLIENT_OUT : BW_ON_UP_OUT);
}

static void serve(struct bw_gate *g, const struct epoll_event *event)
{
	uint32_t index = (uint32_t)event->data.u64;

	switch ((enum source)(event->data.u64 >> 56)) {
	case OF_INIT:
	case OF_SUPERVISOR:
		return;
	case OF_LISTENER:
		if (g->listeners->v[index].kind == BW_LISTEN_DNS_UDP)
			answer_datagrams(g, &g->listeners->v[index]);
		else
			take_connections(g, &g->listeners->v[index]);
		return;
	case OF_RESOLVER:
		bw_resolver_serve(g->resolver, (int)index, event->events & (EPOLLIN | EPOLLHUP | EPOLLERR),
			event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR), g->now_ms);
		return;
	case OF_CLIENT:
	case OF_UP:
		serve_connection(g, event->data.u64, event->events);
		return;
	}
}

static void resolved(struct bw_lookup *lookup, void *ctx)
{
	struct bw_gate *g = ctx;

	for (uint32_t i = 0; i < g->high; i++)
		if (g->conns[i].state == BW_CONN_RESOLVING && g->conns[i].lookup == lookup)
			bw_stage_event(g, &g->conns[i], BW_ON_RESOLVED);
}

static void sweep(struct bw_gate *g)
{
	if (g->now_ms < g->swept_ms + SWEEP_MS)
		return;
	g->swept_ms = g->now_ms;
	for (uint32_t i = 0; i < g->high; i++)
		if (g->conns[i].state != BW_CONN_FREE && g->now_ms >= g->conns[i].deadline_ms)
			bw_stage_event(g, &g->conns[i], BW_ON_TIME);
}

int bw_gate_run(struct bw_gate *g)
{
	struct epoll_event events[BATCH];

	bw_events_write(&g->events, &(struct bw_event){.kind = BW_EVENT_START}, g->now_ms);
	for (;;) {
		int n = epoll_wait(g->epoll, events, BATCH, bw_resolver_timeout_ms(g->resolver, g->used ? SWEEP_MS : -1));

		if (n < 0 && errno != EINTR)
			return BW_WARDEN_FAILED;
		g->now_ms = clock_ms();
		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == data_of(OF_INIT, 0, 0)) {
				bw_events_end(&g->events);
				return BW_WARDEN_ENDED;
			}
			if (events[i].data.u64 == data_of(OF_SUPERVISOR, 0, 0)) {
				(void)!write(g->kill_fd, "1", 1);
				return BW_WARDEN_FAILED;
			}
		}
		for (int i = 0; i < n; i++)
			serve(g, &events[i]);
		bw_resolver_serve(g->resolver, -1, false, false, g->now_ms);
		sweep(g);
	}
}

static int watch(int epoll, int fd, uint64_t data, struct bw_err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? bw_fail(err, BW_E_KERNEL, errno, "epoll_ctl") : 0;
}

int bw_gate_open(const struct bw_settings *settings, const struct bw_listeners *listeners, const struct bw_prefixes *own,
	int init_pidfd, int events_fd, struct bw_gate *ret, struct bw_err *err)
{
	uint64_t now_ms = clock_ms();

	*ret = (struct bw_gate){
		.settings = settings,
		.listeners = listeners,
		.ranges = {.refuse = settings->refused, .own = *own},
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.now_ms = now_ms,
		.first_free = NOBODY,
		.accepted = bw_meter_make(settings->per_minute.v, settings->per_minute.v, now_ms),
		.questions = bw_meter_make(QUESTIONS_PER_MINUTE, QUESTIONS_AT_ONCE, now_ms),
		.conns = calloc(settings->connections.v, sizeof *ret->conns),
	};
	bw_events_init(&ret->events, events_fd, settings->id, BW_WARDEN_MAX_LOG, now_ms);
	if (ret->epoll < 0 || !ret->conns)
		return bw_fail(err, BW_E_KERNEL, errno, "preparing the gate");
	if (bw_resolver_open(settings, &ret->ranges, ret->epoll, data_of(OF_RESOLVER, 0, 0), &ret->resolver, err) < 0)
		return -1;
	bw_resolver_on_done(ret->resolver, resolved, ret);
	if (watch(ret->epoll, init_pidfd, data_of(OF_INIT, 0, 0), err) < 0)
		return -1;
	for (uint32_t i = 0; i < listeners->n; i++)
		if (watch(ret->epoll, listeners->v[i].fd, data_of(OF_LISTENER, 0, i), err) < 0)
			return -1;
	return 0;
}

int bw_gate_watch_supervisor(struct bw_gate *gate, int pidfd, int kill_fd, struct bw_err *err)
{
	gate->kill_fd = kill_fd;
	return watch(gate->epoll, pidfd, data_of(OF_SUPERVISOR, 0, 0), err);
}
