/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - a decision in words: asked, will be, because. */
#ifndef BW_CONTAINER_EXPLAIN_H
#define BW_CONTAINER_EXPLAIN_H

#include "container/decide.h"

/* What `explain` says and returns (bulwark.h): 0 same, 3 changed, 4 refused. */
enum { BW_EXPLAIN_SAME = 0, BW_EXPLAIN_CHANGED = 3, BW_EXPLAIN_REFUSED = 4 };

/* What is in force in a container, or would be here. */
struct bw_in_force {
	struct bw_strs layers, degraded; /* sentences of controls */
	const char *refusal;		 /* why create would fail on this host; else NULL */
};

/* The decision as text, json or diff, malloc'd into *ret_text. It takes any decision, so that a
 * running container is explained from what its state has stored: asked, hardened (NULL when it was
 * refused), profile, reason and findings must be filled in, or findings left empty for diff. A diff
 * needs hardened. in_force: NULL: nothing is said of it; a diff never does. */
int bw_explain_decision(const struct bw_decision *decision, const struct bw_in_force *in_force,
	const char *format, char **ret_text, int *ret_verdict, struct bw_err *err) BW_MUST_CHECK;

#endif
