/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.h - names to checked addresses, by c-ares. Connections are made to the very addresses that were checked
 * here; nothing is looked up a second time (DNS rebinding). */
#ifndef BW_WARDEN_RESOLVE_H
#define BW_WARDEN_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "warden/names.h"
#include "warden/ranges.h"
#include "warden/settings.h"

enum { BW_LOOKUP_MAX = 128, BW_LOOKUP_ADDRESSES = 16, BW_LOOKUP_MIN_TTL_S = 5, BW_LOOKUP_MAX_TTL_S = 300 };

union bw_socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

enum bw_lookup_state { BW_LOOKUP_EMPTY, BW_LOOKUP_ASKING, BW_LOOKUP_READY, BW_LOOKUP_FAILED };

/* One name; also the entry of the cache. */
struct bw_lookup {
	enum bw_lookup_state state;
	char name[BW_NAME_SIZE];
	union bw_socket_address addresses[BW_LOOKUP_ADDRESSES]; /* that may be connected to, without ports */
	size_t n;
	uint64_t expires_ms;
	unsigned pins;			/* of connections that are not done with it */
	int status;			/* FAILED: 403, 502, 504 */
	const char *reason;		/* FAILED: a constant */
	char refused[BW_ADDRESS_TEXT]; /* an address that was refused, or "" */
};

struct bw_resolver;

/* Reads the host's /etc/resolv.conf unless the settings name servers, so before the sandbox. Its sockets are added to
 * epoll with data | their number. */
int bw_resolver_open(const struct bw_settings *settings, const struct bw_ranges *ranges, int epoll, uint64_t data,
	struct bw_resolver **ret, struct bw_err *err) BW_MUST_CHECK;

/* done(lookup, ctx) is called when one that was ASKING is not any more; maybe before bw_resolver_lookup() returns. */
void bw_resolver_on_done(struct bw_resolver *resolver, void (*done)(struct bw_lookup *lookup, void *ctx), void *ctx);

/* Pinned; NULL when too many are under way. */
struct bw_lookup *bw_resolver_lookup(struct bw_resolver *resolver, const char *name, uint64_t now_ms);
void bw_lookup_unpin(struct bw_lookup *lookup);

/* The socket is ready; or with fd -1: time has passed. */
void bw_resolver_serve(struct bw_resolver *resolver, int fd, bool readable, bool writable, uint64_t now_ms);

/* How long epoll may sleep, at most max_ms; -1 is for ever, in both. */
int bw_resolver_timeout_ms(const struct bw_resolver *resolver, int max_ms);

#endif
