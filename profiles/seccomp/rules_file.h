/* SPDX-License-Identifier: Apache-2.0 */
/* rules_file.h - a file of rules (README.md) as a ruleset for one architecture, whichever it is that reads it. For
 * programs of the build and for tests: at run time no such file is read. */
#ifndef PROFILES_SECCOMP_RULES_FILE_H
#define PROFILES_SECCOMP_RULES_FILE_H

#include "base/arena.h"
#include "control/seccomp_rules.h"

/* Reads text[0..len), called name in messages and in the ruleset, for SCMP_ARCH_X86_64 or SCMP_ARCH_AARCH64. The set
 * lives in arena. Names of calls that the architecture never had are left out. BW_E_SPEC with the place in the file for
 * whatever is not exactly as README.md has it. */
int bw_seccomp_rules_read(const char *text, size_t len, const char *name, uint32_t scmp_arch, struct bw_arena *arena,
	struct bw_seccomp_ruleset *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
