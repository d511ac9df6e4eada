/* SPDX-License-Identifier: Apache-2.0 */
/* profiles.h - the kernel's list of loaded AppArmor profiles: a line "name (mode)" each. */
#ifndef BW_LABEL_PROFILES_H
#define BW_LABEL_PROFILES_H

#include <stdio.h>

enum bw_profile_state {
	BW_PROFILE_MISSING,
	BW_PROFILE_WEAK,     /* complain, unconfined, prompt: loaded, but forbids nothing */
	BW_PROFILE_ENFORCED, /* enforce, kill */
};

/* The state of label in list, which is read to its end: of a stack ("a//&b") the best one, for what
 * any of its profiles forbids is forbidden, but MISSING when one is. */
enum bw_profile_state bw_profile_state(FILE *list, const char *label);

#endif
