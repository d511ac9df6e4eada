/* SPDX-License-Identifier: Apache-2.0 */
/* ranges.c - see ranges.h. After the IANA special-purpose address registries, with what clouds have put elsewhere. */
#include "warden/ranges.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

/* clang-format off */
#define V4(a, b, c, d, n) {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}}, 96 + (n)}
#define V6(a, b, c, d, n) {{{(a) >> 8, (a) & 0xff, (b) >> 8, (b) & 0xff, (c) >> 8, (c) & 0xff, (d) >> 8, (d) & 0xff}}, n}

static const struct {
	struct bw_prefix prefix;
	const char *why;
} table[] = {
	{V4(0, 0, 0, 0, 8),          "this network"},
	{V4(10, 0, 0, 0, 8),         "private"},
	{V4(100, 64, 0, 0, 10),      "shared (carrier-grade NAT)"},
	{V4(127, 0, 0, 0, 8),        "loopback"},
	{V4(169, 254, 0, 0, 16),     "link-local"},
	{V4(172, 16, 0, 0, 12),      "private"},
	{V4(192, 0, 0, 0, 24),       "reserved for protocols"},
	{V4(192, 0, 2, 0, 24),       "documentation"},
	{V4(192, 88, 99, 0, 24),     "6to4 relays"},
	{V4(192, 168, 0, 0, 16),     "private"},
	{V4(198, 18, 0, 0, 15),      "benchmarks"},
	{V4(198, 51, 100, 0, 24),    "documentation"},
	{V4(203, 0, 113, 0, 24),     "documentation"},
	{V4(224, 0, 0, 0, 4),        "multicast"},
	{V4(240, 0, 0, 0, 4),        "reserved"},
	{V4(168, 63, 129, 16, 32),   "Azure's host"},
	{V6(0, 0, 0, 0, 96),         "unspecified, loopback or IPv4-compatible"},
	{V6(0x64, 0xff9b, 0, 0, 96), "NAT64"},
	{V6(0x64, 0xff9b, 1, 0, 48), "NAT64"},
	{V6(0x100, 0, 0, 0, 64),     "discard"},
	{V6(0x2001, 0, 0, 0, 23),    "reserved for protocols"},
	{V6(0x2001, 0xdb8, 0, 0, 32), "documentation"},
	{V6(0x2002, 0, 0, 0, 16),    "6to4"},
	{V6(0x3fff, 0, 0, 0, 20),    "documentation"},
	{V6(0xfc00, 0, 0, 0, 7),     "private"},
	{V6(0xfe80, 0, 0, 0, 10),    "link-local"},
	{V6(0xfec0, 0, 0, 0, 10),    "site-local"},
	{V6(0xff00, 0, 0, 0, 8),     "multicast"},
};
static const struct bw_prefix ipv4 = V4(0, 0, 0, 0, 0);
static const struct bw_prefix global_unicast = V6(0x2000, 0, 0, 0, 3);
/* clang-format on */

/* Byte and bit masks rather than one number of 128 bits. */
static bool is_in(const struct bw_address *address, const struct bw_prefix *prefix)
{
	size_t whole = prefix->length / 8;
	uint8_t mask = (uint8_t)(0xff00U >> (prefix->length % 8));

	return memcmp(address->bytes, prefix->address.bytes, whole) == 0 &&
	       (mask == 0 || (address->bytes[whole] & mask) == (prefix->address.bytes[whole] & mask));
}

static bool is_in_any(const struct bw_address *address, const struct bw_prefixes *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_in(address, &list->v[i]))
			return true;
	return false;
}

static void from_ipv4(const void *four, struct bw_address *ret)
{
	*ret = ipv4.address;
	memcpy(ret->bytes + 12, four, 4);
}

static bool has_bits_behind(const struct bw_prefix *prefix)
{
	for (unsigned bit = prefix->length; bit < 128; bit++)
		if (prefix->address.bytes[bit / 8] & (0x80U >> (bit % 8)))
			return true;
	return false;
}

int bw_prefix_parse(const char *text, struct bw_prefix *ret)
{
	size_t len = strcspn(text, "/");
	struct bw_prefix prefix = {0};
	uint64_t length = 128;
	unsigned char four[4];
	bool is_ipv4 = false;
	char address[64];

	if (len >= sizeof address)
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, four) == 1) {
		from_ipv4(four, &prefix.address);
		is_ipv4 = true;
	} else if (inet_pton(AF_INET6, address, prefix.address.bytes) != 1) {
		return -1;
	}
	if (text[len] == '/' && bw_parse_u64(text + len + 1, is_ipv4 ? 32 : 128, &length) < 0)
		return -1;
	prefix.length = (unsigned)length + (text[len] == '/' && is_ipv4 ? 96U : 0U);
	if (has_bits_behind(&prefix))
		return -1;
	*ret = prefix;
	return 0;
}

int bw_address_of(const struct sockaddr *sockaddr, struct bw_address *ret)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (sockaddr->sa_family == AF_INET) {
		memcpy(&v4, sockaddr, sizeof v4);
		from_ipv4(&v4.sin_addr, ret);
		return 0;
	}
	if (sockaddr->sa_family != AF_INET6)
		return -1;
	memcpy(&v6, sockaddr, sizeof v6);
	memcpy(ret->bytes, &v6.sin6_addr, sizeof ret->bytes);
	return 0;
}

const char *bw_address_refused(const struct bw_address *address, const struct bw_ranges *ranges)
{
	for (size_t i = 0; i < BW_COUNT(table); i++)
		if (is_in(address, &table[i].prefix))
			return table[i].why;
	if (!is_in(address, &ipv4) && !is_in(address, &global_unicast))
		return "not global unicast";
	if (is_in_any(address, &ranges->refuse))
		return "refused by the configuration";
	return is_in_any(address, &ranges->own) ? "this host's own" : NULL;
}

void bw_address_text(const struct bw_address *address, char ret[BW_ADDRESS_TEXT])
{
	bool is_ipv4 = is_in(address, &ipv4);

	if (!inet_ntop(is_ipv4 ? AF_INET : AF_INET6, address->bytes + (is_ipv4 ? 12 : 0), ret, BW_ADDRESS_TEXT))
		ret[0] = '\0';
}
