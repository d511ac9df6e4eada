/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - host names: their one spelling, and whether a list has them. Pure. */
#ifndef BW_WARDEN_NAMES_H
#define BW_WARDEN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "json/schema.h"

/* A name as text, without the dot behind, and the NUL (RFC 1035, 2.3.4). */
enum { BW_NAME_SIZE = 254 };

enum bw_name_kind {
	BW_NAME_FINE,
	BW_NAME_LITERAL, /* an address in any spelling that some resolver reads as one */
	BW_NAME_BAD,	 /* no host name of two labels or more */
};

/* Writes the name in lower case, without one dot behind it; "" unless FINE. Letters, digits and hyphens only: other alphabets come as
 * A-labels (RFC 5890). */
enum bw_name_kind bw_name_normalise(const char *text, size_t len, char ret[BW_NAME_SIZE]);

/* Whether text, which may end in one dot, can stand in a list: a name in lower case, or one behind "*." that has two
 * labels or more. Fails with BW_E_SPEC. Names of bw_name_never() are refused too. */
int bw_name_check_pattern(const char *text, struct bw_err *err) BW_MUST_CHECK;

/* Whether a list of such patterns has name, which is normalised: the same name, or "*." and an end of it that leaves
 * at least one label. */
bool bw_names_match(const struct bw_strs *list, const char *name);

/* Names behind which clouds and clusters keep credentials, and those of the machine itself: what they are, or NULL. No
 * list can allow them. */
const char *bw_name_never(const char *name);

#endif
