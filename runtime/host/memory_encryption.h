/* SPDX-License-Identifier: Apache-2.0 */
/* memory_encryption.h - whether the machine's memory is seen to be encrypted. Never says more than was seen: what a
 * processor could do is not what it does. */
#ifndef BW_HOST_MEMORY_ENCRYPTION_H
#define BW_HOST_MEMORY_ENCRYPTION_H

#include <stdbool.h>
#include <stdint.h>

enum { BW_SEEN_SIZE = 200 };

struct bw_memory_encryption {
	bool encrypted;
	char seen[BW_SEEN_SIZE]; /* which encryption; or what was looked at and found */
};

/* Looks beneath root, a directory that holds proc, sys and dev of a machine: "/", or a test's. machine: as uname(2) has
 * it; major: of the kernel's version. */
void bw_memory_encryption_look(const char *root, const char *machine, uint64_t major, struct bw_memory_encryption *ret);

#endif
