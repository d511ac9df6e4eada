/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_builtin.h - our own filters, compiled from profiles/seccomp/ when bulwark is built, with
 * their rules for the case that the policy exempts a family. */
#ifndef BW_CONTROL_SECCOMP_BUILTIN_H
#define BW_CONTROL_SECCOMP_BUILTIN_H

#include "control/seccomp_rules.h"

struct bw_seccomp_builtin {
	const struct bw_seccomp_ruleset *rules;
	const struct sock_filter *program; /* nothing exempt */
	size_t program_n;
};

/* Generated; ends with rules == NULL. */
extern const struct bw_seccomp_builtin bw_seccomp_builtins[];

/* The filter called "baseline" or "python-node", or NULL. */
const struct bw_seccomp_builtin *bw_seccomp_builtin_find(const char *name);

#endif
