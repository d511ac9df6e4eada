/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c - see resolve.h. Only DNS: the host's /etc/hosts and its search domains are none of the container's
 * business. */
#include "warden/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/auto.h"
#include "base/str.h"
#include "warden/warden.h"

enum { QUERY_MS = 2000, QUERY_TRIES = 2 };

struct bw_resolver {
	ares_channel channel;
	const struct bw_ranges *ranges;
	int epoll;
	uint64_t data, now_ms;
	void (*done)(struct bw_lookup *lookup, void *ctx);
	void *ctx;
	struct bw_lookup lookups[BW_LOOKUP_MAX];
};

/* What c-ares calls back with. */
struct asked {
	struct bw_resolver *resolver;
	struct bw_lookup *lookup;
};

static void watch_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	const struct bw_resolver *r = data;
	struct epoll_event event = {
		.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U), .data.u64 = r->data | (uint32_t)fd};

	/* It may have been closed already. */
	if (!event.events)
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &event) < 0)
		epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int fail_ares(int status, struct bw_err *err)
{
	return bw_fail(err, status == ARES_ENOMEM ? BW_E_MEMORY : BW_E_HOST, 0, "name servers: %s", ares_strerror(status));
}

static int set_servers(ares_channel channel, const struct bw_strs *servers, struct bw_err *err)
{
	char list[BW_WARDEN_MAX_NAMESERVERS * (INET6_ADDRSTRLEN + sizeof "[]:65535,")];
	struct bw_buf buf = bw_buf_over(list, sizeof list);
	int status;

	if (servers->n == 0)
		return 0;
	for (size_t i = 0; i < servers->n; i++)
		bw_buf_addf(&buf, "%s%s", i ? "," : "", servers->v[i]);
	if (buf.overflow)
		return bw_fail(err, BW_E_INTERNAL, 0, "name servers: too long");
	status = ares_set_servers_ports_csv(channel, list);
	return status == ARES_SUCCESS ? 0 : fail_ares(status, err);
}

int bw_resolver_open(const struct bw_settings *settings, const struct bw_ranges *ranges, int epoll, uint64_t data,
	struct bw_resolver **ret, struct bw_err *err)
{
	static char dns_only[] = "b";
	struct bw_resolver *r = calloc(1, sizeof *r);
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = QUERY_MS,
		.tries = QUERY_TRIES,
		.lookups = dns_only,
		.sock_state_cb = watch_socket,
		.sock_state_cb_data = r,
	};
	int status = ARES_ENOMEM;

	if (r)
		status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init_options(&r->channel, &options,
			ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS |
				ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS || set_servers(r->channel, &settings->nameservers, err) < 0) {
		free(r);
		return status == ARES_SUCCESS ? -1 : fail_ares(status, err);
	}
	r->ranges = ranges;
	r->epoll = epoll;
	r->data = data;
	*ret = r;
	return 0;
}

void bw_resolver_on_done(struct bw_resolver *r, void (*done)(struct bw_lookup *lookup, void *ctx), void *ctx)
{
	r->done = done;
	r->ctx = ctx;
}

/* Takes the address when it may be connected to. */
static void add_address(const struct bw_resolver *r, const struct ares_addrinfo_node *node, struct bw_lookup *l)
{
	union bw_socket_address one = {0};
	struct bw_address address;

	if ((size_t)node->ai_addrlen > sizeof one)
		return;
	memcpy(&one, node->ai_addr, (size_t)node->ai_addrlen);
	if (bw_address_of(&one.any, &address) < 0)
		return;
	if (bw_address_refused(&address, r->ranges)) {
		l->reason = bw_address_refused(&address, r->ranges);
		bw_address_text(&address, l->refused);
		return;
	}
	if (one.any.sa_family == AF_INET6)
		one.v6.sin6_scope_id = 0;
	if (l->n < BW_LOOKUP_ADDRESSES)
		l->addresses[l->n++] = one;
}

static uint64_t bounded_ttl_s(const struct ares_addrinfo *info)
{
	uint64_t ttl = BW_LOOKUP_MAX_TTL_S;

	for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next)
		if (node->ai_ttl < (int)ttl)
			ttl = node->ai_ttl > BW_LOOKUP_MIN_TTL_S ? (uint64_t)node->ai_ttl : BW_LOOKUP_MIN_TTL_S;
	return ttl;
}

/* A refused address is a decision; that nothing was found is none. */
static void fail_lookup(struct bw_lookup *l, int status)
{
	l->state = BW_LOOKUP_FAILED;
	if (l->refused[0]) {
		l->status = 403;
	} else if (status == ARES_ETIMEOUT) {
		l->status = 504;
		l->reason = "the name servers do not answer";
	} else {
		l->status = 502;
		l->reason = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_SUCCESS
				    ? "the name has no address"
				    : "the name servers do not know";
	}
}

static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct asked *asked = arg;
	struct bw_resolver *r = asked->resolver;
	struct bw_lookup *l = asked->lookup;
	uint64_t ttl_s = BW_LOOKUP_MIN_TTL_S;

	(void)timeouts;
	free(asked);
	if (status == ARES_SUCCESS && info) {
		ttl_s = bounded_ttl_s(info);
		for (const struct ares_addrinfo_node *node = info->nodes; node; node = node->ai_next)
			add_address(r, node, l);
	}
	if (info)
		ares_freeaddrinfo(info);
	l->expires_ms = r->now_ms + ttl_s * 1000;
	if (l->n > 0)
		l->state = BW_LOOKUP_READY;
	else
		fail_lookup(l, status);
	if (r->done)
		r->done(l, r->ctx);
}

static struct bw_lookup *find(struct bw_resolver *r, const char *name)
{
	for (size_t i = 0; i < BW_LOOKUP_MAX; i++) {
		struct bw_lookup *l = &r->lookups[i];

		if (l->state != BW_LOOKUP_EMPTY && bw_streq(l->name, name) &&
			(l->state == BW_LOOKUP_ASKING || l->expires_ms > r->now_ms))
			return l;
	}
	return NULL;
}

/* An entry that nobody needs, the one that expires first; NULL when all are needed. */
static struct bw_lookup *find_room(struct bw_resolver *r)
{
	struct bw_lookup *found = NULL;

	for (size_t i = 0; i < BW_LOOKUP_MAX; i++) {
		struct bw_lookup *l = &r->lookups[i];

		if (l->state == BW_LOOKUP_EMPTY)
			return l;
		if (l->state != BW_LOOKUP_ASKING && l->pins == 0 && (!found || l->expires_ms < found->expires_ms))
			found = l;
	}
	return found;
}

struct bw_lookup *bw_resolver_lookup(struct bw_resolver *r, const char *name, uint64_t now_ms)
{
	static const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct bw_lookup *l;
	struct asked *asked;

	r->now_ms = now_ms;
	l = find(r, name);
	if (l) {
		l->pins++;
		return l;
	}
	l = find_room(r);
	asked = l ? malloc(sizeof *asked) : NULL;
	if (!asked)
		return NULL;
	*asked = (struct asked){r, l};
	memset(l, 0, sizeof *l);
	memcpy(l->name, name, strlen(name) + 1);
	l->state = BW_LOOKUP_ASKING;
	l->pins = 1;
	ares_getaddrinfo(r->channel, l->name, NULL, &hints, answered, asked);
	return l;
}

void bw_lookup_unpin(struct bw_lookup *lookup)
{
	lookup->pins--;
}

void bw_resolver_serve(struct bw_resolver *r, int fd, bool readable, bool writable, uint64_t now_ms)
{
	r->now_ms = now_ms;
	ares_process_fd(r->channel, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
}

int bw_resolver_timeout_ms(const struct bw_resolver *r, int max_ms)
{
	struct timeval max = {.tv_sec = max_ms / 1000, .tv_usec = max_ms % 1000 * 1000L}, wait;
	const struct timeval *t = ares_timeout(r->channel, max_ms < 0 ? NULL : &max, &wait);

	return t ? (int)(t->tv_sec * 1000 + t->tv_usec / 1000) + 1 : -1;
}
