/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - the text of an SELinux context, user:role:type:level: its parts, and the levels that separate containers
 * (multi-category security: a process reaches what has none but its own categories). Knows no policy. */
#ifndef BW_SPEC_CONTEXT_H
#define BW_SPEC_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Categories are c0 to c1023; pairs of two different ones have numbers in [0, BW_CATEGORY_PAIRS). */
enum { BW_CATEGORIES = 1024, BW_CATEGORY_PAIRS = BW_CATEGORIES * (BW_CATEGORIES - 1) / 2 };

/* Longest "s0:c1022,c1023" with its NUL, and some. */
enum { BW_LEVEL_MAX = 24 };

/* What is behind the third colon; NULL: the context has no level. */
const char *bw_context_level(const char *context);

/* Whether a level is one of a container: "s0", "s0:cA" or "s0:cA,cB". With more of them, or a range, a process would
 * reach what belongs to others. NULL (a policy without levels) is none, too. */
bool bw_level_is_narrow(const char *level);

/* Whether it is a pair of two categories, as engines give one to each container; its number then. */
bool bw_level_pair(const char *level, uint32_t *ret_number);

/* "s0:cA,cB" of that number. */
void bw_level_of_pair(uint32_t number, char buf[BW_LEVEL_MAX]);

#endif
