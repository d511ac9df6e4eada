/* SPDX-License-Identifier: Apache-2.0 */
/* landlock_abi.h - what each version of Landlock's interface can restrict, as facts: no kernel is asked here. */
#ifndef BW_CONTROL_LANDLOCK_ABI_H
#define BW_CONTROL_LANDLOCK_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sys.h"

/* What may be asked for: bits. */
enum {
	BW_LANDLOCK_WANT_WRITING = 1 << 0,  /* writing, and what goes with it, only where a mount is writable */
	BW_LANDLOCK_WANT_PROGRAMS = 1 << 1, /* executing the listed files only */
	BW_LANDLOCK_WANT_CONNECT = 1 << 2,  /* only these ports of others */
	BW_LANDLOCK_WANT_BIND = 1 << 3,     /* only these ports of one's own */
	BW_LANDLOCK_WANT_SCOPE = 1 << 4,    /* no abstract sockets and signals to the outside */
};

/* The ruleset for what is wanted, as far as this ABI goes; one newer than we know is the newest we know. */
struct bw_landlock_ruleset bw_landlock_ruleset_of(uint64_t abi, unsigned wanted);
/* Flags of landlock_restrict_self(2): denials after execve are on record, where this ABI can do that. */
uint32_t bw_landlock_flags_of(uint64_t abi);
/* What is wanted and this ABI has not, one after the other: from *at on (0 at first) the next one as a sentence in
 * buf. *ret_named: a row of the policy names just that, so who requires Landlock requires it. False: no more. */
bool bw_landlock_next_lack(uint64_t abi, unsigned wanted, size_t *at, bool *ret_named, char *buf, size_t size);
/* "ABI 2, without truncate, ports, ...; errata fixed: 1 3" for `bulwark check`. */
void bw_landlock_describe(uint64_t abi, uint64_t errata, char *buf, size_t size);

#endif
