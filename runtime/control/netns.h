/* SPDX-License-Identifier: Apache-2.0 */
/* netns.h - the endpoints a container must not reach, as addresses, and the check from outside that
 * its network namespace still refuses them. */
#ifndef BW_CONTROL_NETNS_H
#define BW_CONTROL_NETNS_H

#include <stddef.h>

#include "base/err.h"
#include "json/schema.h"

/* More would make every route look-up of the container slow: the kernel walks the rules one by one.
 */
enum { BW_NETNS_MAX_ENDPOINTS = 64 };

struct bw_endpoint {
	int family; /* AF_INET or AF_INET6 */
	size_t len; /* 4 or 16 */
	unsigned char addr[16];
};

/* A numeric address without prefix length or zone. An IPv4-mapped one is its IPv4 address: that is
 * how the kernel routes it. Fails with BW_E_POLICY: only policies name endpoints. */
int bw_endpoint_parse(const char *text, struct bw_endpoint *ret, struct bw_err *err) BW_MUST_CHECK;

/* Whether the guard of netns.c still holds for each of endpoints in a network namespace: ns is a
 * pidfd of a process in it, or a descriptor of the namespace. Asks that namespace's own routing,
 * from a child that enters it; sends no packet. Fails with BW_E_DENIED and the name of the first
 * endpoint for which the kernel does not answer "prohibited", be it reachable already or only by
 * the next route that somebody adds. */
int bw_netns_verify(int ns, const struct bw_strs *endpoints, struct bw_err *err) BW_MUST_CHECK;

#endif
