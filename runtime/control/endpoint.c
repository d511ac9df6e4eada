/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.c - addresses and prefixes from text to bytes. Pure. */
#include "control/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { MAPPED_BITS = 96 };

static int not_one(const char *text, struct bw_err *err)
{
	return bw_fail(err, BW_E_POLICY, 0, "blocked endpoint \"%s\" is not an IPv4 or IPv6 address, nor one with /PREFIX-LENGTH",
		text);
}

static void unmap(struct bw_endpoint *endpoint)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (endpoint->family != AF_INET6 || endpoint->bits < MAPPED_BITS ||
		memcmp(endpoint->addr, mapped, sizeof mapped) != 0)
		return;
	memmove(endpoint->addr, endpoint->addr + sizeof mapped, 4);
	memset(endpoint->addr + 4, 0, sizeof endpoint->addr - 4);
	endpoint->family = AF_INET;
	endpoint->len = 4;
	endpoint->bits -= MAPPED_BITS;
}

static bool has_bits_behind(const struct bw_endpoint *endpoint)
{
	for (size_t bit = endpoint->bits; bit < 8 * endpoint->len; bit++)
		if (endpoint->addr[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

int bw_endpoint_parse(const char *text, struct bw_endpoint *ret, struct bw_err *err)
{
	struct bw_endpoint endpoint = {0};
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t bits;

	if (len >= sizeof address)
		return not_one(text, err);
	snprintf(address, sizeof address, "%.*s", (int)len, text);
	endpoint.family = strchr(address, ':') ? AF_INET6 : AF_INET;
	endpoint.len = endpoint.family == AF_INET6 ? 16 : 4;
	if (inet_pton(endpoint.family, address, endpoint.addr) != 1)
		return not_one(text, err);
	bits = 8 * endpoint.len;
	/* A prefix of no bits would be every address: that is no endpoint. */
	if (slash && (bw_parse_u64(slash + 1, 8 * endpoint.len, &bits) < 0 || bits == 0))
		return not_one(text, err);
	endpoint.bits = (unsigned)bits;
	if (has_bits_behind(&endpoint))
		return bw_fail(err, BW_E_POLICY, 0, "blocked endpoint \"%s\" has bits set behind its first %u", text,
			endpoint.bits);
	unmap(&endpoint);
	if (endpoint.bits == 0)
		return not_one(text, err);
	*ret = endpoint;
	return 0;
}

static bool same_endpoint(const struct bw_endpoint *a, const struct bw_endpoint *b)
{
	return a->family == b->family && a->bits == b->bits && memcmp(a->addr, b->addr, a->len) == 0;
}

int bw_endpoints_parse(const struct bw_strs *texts, struct bw_endpoint *ret, size_t *ret_n, struct bw_err *err)
{
	size_t n = 0, seen;

	if (texts->n > BW_MAX_ENDPOINTS)
		return bw_fail(err, BW_E_POLICY, 0, "%zu blocked endpoints are more than %d", texts->n, BW_MAX_ENDPOINTS);
	for (size_t i = 0; i < texts->n; i++) {
		if (bw_endpoint_parse(texts->v[i], &ret[n], err) < 0)
			return -1;
		for (seen = 0; seen < n && !same_endpoint(&ret[seen], &ret[n]); seen++)
			;
		if (seen == n)
			n++;
	}
	*ret_n = n;
	return 0;
}
