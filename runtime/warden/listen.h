/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - the sockets within the container's network namespace. A socket stays in the namespace that it was made
 * in, so the process enters it, makes them and leaves again; whatever it makes later is born outside. */
#ifndef BW_WARDEN_LISTEN_H
#define BW_WARDEN_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "warden/settings.h"
#include "warden/warden.h"

enum bw_listener_kind { BW_LISTEN_PROXY, BW_LISTEN_TLS, BW_LISTEN_DNS_UDP, BW_LISTEN_DNS_TCP };

struct bw_listener {
	int fd;
	enum bw_listener_kind kind;
	uint16_t port;
};

enum { BW_LISTEN_MAX = 2 * (BW_WARDEN_MAX_PORTS + 3) };

struct bw_listeners {
	struct bw_listener v[BW_LISTEN_MAX];
	size_t n;
	bool with_ipv6; /* the namespace has ::1 */
};

/* On 127.0.0.1 and, where it is, ::1; all or none. Fails when netns is the namespace that we are in. The process has
 * one thread. */
int bw_listen_all(int netns, const struct bw_settings *settings, struct bw_listeners *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
