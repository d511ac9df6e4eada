/* SPDX-License-Identifier: Apache-2.0 */
/* textdiff.h - a unified diff of two short texts, for `explain --format diff`. */
#ifndef BW_CONTAINER_TEXTDIFF_H
#define BW_CONTAINER_TEXTDIFF_H

#include "base/err.h"

/* The difference between before and after as diff -u writes it, with three lines around each
 * change; the empty text when there is none. malloc'd into *ret. Fails only when memory is out. */
int bw_text_diff(const char *before, const char *after, const char *before_name,
	const char *after_name, char **ret, struct bw_err *err) BW_MUST_CHECK;

#endif
