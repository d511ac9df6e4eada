/* SPDX-License-Identifier: Apache-2.0 */
/* ranges.h - addresses to which the gate never connects. Pure. Every address has 16 bytes here; one of IPv4 is
 * ::ffff:a.b.c.d, so that there is one way to compare and the mapped spelling is no way round. */
#ifndef BW_WARDEN_RANGES_H
#define BW_WARDEN_RANGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct bw_address {
	uint8_t bytes[16];
};
struct bw_prefix {
	struct bw_address address;
	unsigned length; /* in bits of the 128 */
};
struct bw_prefixes {
	struct bw_prefix *v;
	size_t n;
};

/* What stands beside the fixed ranges. */
struct bw_ranges {
	struct bw_prefixes refuse; /* of the configuration */
	struct bw_prefixes own;	   /* this host's own addresses */
};

/* "10.0.0.0/8", "fd00::/8"; without a length: that address alone. No bits may be set behind the length. 0, or -1. */
int bw_prefix_parse(const char *text, struct bw_prefix *ret);

/* The address of AF_INET or AF_INET6; 0, or -1 for another family. */
int bw_address_of(const struct sockaddr *sockaddr, struct bw_address *ret);

/* Why the address is refused, a constant, or NULL when it may be connected to. IPv6: only global unicast, and in that
 * none of the prefixes that carry addresses of IPv4. */
const char *bw_address_refused(const struct bw_address *address, const struct bw_ranges *ranges);

/* As people write it: of IPv4 without "::ffff:". */
enum { BW_ADDRESS_TEXT = 46 };
void bw_address_text(const struct bw_address *address, char ret[BW_ADDRESS_TEXT]);

#endif
