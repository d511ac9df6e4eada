/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_rules.h - the language of our own filters and its compiler. Unlike an OCI profile: the
 * first rule that matches wins; an argument is compared with a set, or with its complement, after a
 * mask, and always as the 32 bits that the kernel itself looks at (CVE-2019-10063: a 64-bit compare
 * of an ioctl request can be dodged with a bit in the upper half). One architecture, the native
 * one. */
#ifndef BW_CONTROL_SECCOMP_RULES_H
#define BW_CONTROL_SECCOMP_RULES_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/schema.h"

/* (argument & mask) is in values, or (negate) is not. */
struct bw_seccomp_cond {
	uint8_t index;
	bool negate;
	uint32_t mask;
	const uint32_t *values;
	size_t values_n; /* 1..BW_SECCOMP_MAX_VALUES */
};

struct bw_seccomp_rule {
	const char *family; /* what hardening.seccomp_allow names, or NULL */
	bool when_exempt;   /* holds only when the family is exempt; else: only when it is not */
	uint32_t action;    /* SECCOMP_RET_* with its data */
	const uint16_t *calls;
	size_t calls_n;
	const struct bw_seccomp_cond *conds; /* all must hold */
	size_t conds_n;
};

struct bw_seccomp_ruleset {
	const char *name;
	uint32_t arch; /* AUDIT_ARCH_* */
	uint32_t default_action;
	uint32_t foreign_action; /* any other ABI, x32 included */
	uint32_t unknown_action; /* numbers above newest, and -1 */
	uint16_t newest;
	const struct bw_seccomp_rule *rules;
	size_t rules_n;
};

enum { BW_SECCOMP_MAX_VALUES = 200, BW_SECCOMP_MAX_CONDS = 6 };

/* A filter; v is malloc'd and owned. */
struct bw_seccomp_program {
	struct sock_filter *v;
	size_t n;
};

void bw_seccomp_program_done(struct bw_seccomp_program *program);
#define auto_program __attribute__((cleanup(bw_seccomp_program_done)))

/* Whether the rules speak of this family. */
bool bw_seccomp_has_family(const struct bw_seccomp_ruleset *set, const char *family);

/* Whether the rule holds when these families are exempt (NULL: none). */
bool bw_seccomp_rule_active(const struct bw_seccomp_rule *rule, const struct bw_strs *exempt);

/* The program for set with these families exempt, a binary tree over the numbers: at install the
 * kernel emulates the filter for every number, so short paths are start-up time (performance.md 1).
 * Fails with BW_E_INTERNAL when it would be longer than the kernel takes, BW_E_MEMORY. */
int bw_seccomp_rules_compile(const struct bw_seccomp_ruleset *set, const struct bw_strs *exempt,
	struct bw_seccomp_program *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
