/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.h - the addresses that a container must not reach, read from the policy's words. */
#ifndef BW_CONTROL_ENDPOINT_H
#define BW_CONTROL_ENDPOINT_H

#include <stddef.h>

#include "base/err.h"
#include "json/schema.h"

/* Each costs every connection of the container a comparison. */
enum { BW_MAX_ENDPOINTS = 64 };

/* An address, or all addresses that begin like it. */
struct bw_endpoint {
	size_t len;    /* 4 or 16 */
	int family;    /* AF_INET or AF_INET6 */
	unsigned bits; /* that count: 8 * len for one address */
	unsigned char addr[16];
};

/* "169.254.169.254", "169.254.172.0/22", "fd00:ec2::254": numeric, without zone, no bit set behind the prefix. An
 * IPv4-mapped one is its IPv4 address: that is how the kernel sends to it. Fails with BW_E_POLICY: only policies
 * name endpoints. */
int bw_endpoint_parse(const char *text, struct bw_endpoint *ret, struct bw_err *err) BW_MUST_CHECK;

/* A whole list of them, each once; ret has room for BW_MAX_ENDPOINTS. Fails when there are more. */
int bw_endpoints_parse(const struct bw_strs *texts, struct bw_endpoint *ret, size_t *ret_n,
	struct bw_err *err) BW_MUST_CHECK;

#endif
