/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - the spec's words and the kernel's numbers for them, and lists of ids ("0-3,7") as
 * masks. Pure. */
#ifndef BW_CONTROL_WORDS_H
#define BW_CONTROL_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/schema.h"

/* One word; tables end with a NULL name. */
struct bw_word {
	const char *name;
	uint64_t value;
};

/* The tables that `features` prints as well. */
extern const struct bw_word bw_capability_words[];
extern const struct bw_word bw_memory_policy_modes[];
extern const struct bw_word bw_memory_policy_flags[];

/* The row with this name, or NULL; name may be NULL. */
const struct bw_word *bw_word_find(const struct bw_word *words, const char *name);
/* The name of the first row with this value, or "?". */
const char *bw_word_name(const struct bw_word *words, uint64_t value);
/* The values of all names, or'ed into *ret. The first unknown name, or NULL when all are known. */
const char *bw_word_flags(const struct bw_word *words, const struct bw_strs *names, uint64_t *ret);

enum { BW_ID_BITS = 8 * (int)sizeof(unsigned long) };
#define BW_ID_WORDS(bits) (((bits) + BW_ID_BITS - 1) / BW_ID_BITS)

/* Sets the bits of a list such as "0-3,7" (cpuset(7), "Formats"; blanks around elements and empty
 * elements are allowed) in mask, which has room for ids below limit and is zeroed first. The number
 * of ids, or -1 with a text that says what is wrong, for the caller to wrap. */
int bw_id_list_parse(
	const char *text, unsigned long *mask, unsigned limit, struct bw_err *err) BW_MUST_CHECK;

#endif
