/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_learn.h - which system calls a program has made, as a set that becomes an OCI seccomp section and is
 * read back from one. Pure: who watches the program is seccomp_recorder.h. */
#ifndef BW_CONTROL_SECCOMP_LEARN_H
#define BW_CONTROL_SECCOMP_LEARN_H

#include "spec/spec.h"

/* Numbers from CALLS on have no name in any table of today's. Of a call with more than VALUES different
 * arguments the name alone is kept. */
enum { BW_LEARNED_CALLS = 512, BW_LEARNED_ARGS = 3, BW_LEARNED_VALUES = 16, BW_LEARNED_ROWS = 16 };

/* What the arguments of one call have been. */
struct bw_learned_values {
	bool any; /* too many, or nobody knows */
	uint32_t n;
	uint32_t v[BW_LEARNED_VALUES][BW_LEARNED_ARGS];
};

/* Plain memory without pointers: it lies between two processes while it grows. */
struct bw_learned {
	bool seen[BW_LEARNED_CALLS];
	uint8_t row_of[BW_LEARNED_CALLS]; /* 0, or the place in values, counted from 1 */
	struct bw_learned_values values[BW_LEARNED_ROWS];
	uint64_t nameless; /* calls made that no profile could name */
};

/* How much a set has, or has more than another. */
struct bw_learned_size {
	size_t calls, values;
};

/* The empty set. */
void bw_learned_init(struct bw_learned *set);
/* One call of the native architecture. */
void bw_learned_add(struct bw_learned *set, int number, const uint64_t args[6]);
/* A call by its name, with whatever arguments; one that this architecture does not have is passed over. */
void bw_learned_add_name(struct bw_learned *set, const char *name);
/* All that other has, too. */
void bw_learned_merge(struct bw_learned *set, const struct bw_learned *other);
/* What set has and before (NULL: nothing) has not. */
struct bw_learned_size bw_learned_size(const struct bw_learned *set, const struct bw_learned *before);
/* The section that allows just that and answers ENOSYS to the rest: names in their order, one rule for each
 * combination of arguments. In the arena; NULL when memory is out. */
struct bw_spec_seccomp *bw_learned_section(const struct bw_learned *set, struct bw_arena *arena);
/* The opposite. A section that bw_learned_section() cannot have made is an error (BW_E_SPEC, with the JSON
 * pointer in field): something in it would be lost. */
int bw_learned_from_section(const struct bw_spec_seccomp *section, struct bw_learned *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
