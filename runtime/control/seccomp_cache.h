/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_cache.h - compiled callers' filters, kept in <state root>/.cache/seccomp: libseccomp
 * takes up to 15 ms for a profile of three architectures, a third of a whole start. A cache that is
 * not entirely ours is not used, and nothing fails for want of it. */
#ifndef BW_CONTROL_SECCOMP_CACHE_H
#define BW_CONTROL_SECCOMP_CACHE_H

#include <stdbool.h>

#include "base/sha256.h"
#include "control/seccomp_rules.h"
#include "spec/spec.h"

enum {
	BW_SECCOMP_CACHE_FILES = 64, /* the oldest go first */
	BW_SECCOMP_CACHE_FORMAT =
		1, /* part of the key: raise it whenever a compiled filter may differ */
};

struct bw_seccomp_key {
	unsigned char digest[BW_SHA256_BYTES];
};

/* Everything that a compiled filter depends on: the section, libseccomp and its view of the kernel,
 * the machine, our own format. */
void bw_seccomp_cache_key(const struct bw_spec_seccomp *seccomp, struct bw_seccomp_key *ret);

/* The cache beneath the state root, made when missing: a descriptor that the caller closes, or -1
 * when it cannot be had or another than ourselves could write there. */
int bw_seccomp_cache_open(const char *state_root);

/* True: *ret is the program stored under key. False: there is none, or it is not trustworthy
 * (owner, mode, size, digest). */
bool bw_seccomp_cache_load(
	int dir, const struct bw_seccomp_key *key, struct bw_seccomp_program *ret);

/* Stores it, as well as that goes. */
void bw_seccomp_cache_store(
	int dir, const struct bw_seccomp_key *key, const struct bw_seccomp_program *program);

#endif
