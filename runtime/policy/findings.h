/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h - what the policy changed, refused or noted: the list behind `explain`, the log and the audit. */
#ifndef BW_POLICY_FINDINGS_H
#define BW_POLICY_FINDINGS_H

#include "base/arena.h"

enum bw_verdict { BW_CHANGED, BW_DENIED, BW_NOTED };

struct bw_finding {
	const char *rule;    /* id of the rule: "caps", "mounts.source", ... */
	enum bw_verdict verdict;
	const char *pointer; /* JSON pointer into config.json (of the hardened spec for additions) */
	const char *before;  /* JSON or short words; NULL: was absent */
	const char *after;   /* NULL: is absent now */
	const char *reason;  /* one clause */
	const char *hint;    /* what the administrator can do, or NULL */
};
struct bw_findings {
	struct bw_finding *v;
	size_t n;
};

const char *bw_verdict_word(enum bw_verdict verdict); /* "changed", "denied", "noted" */

#endif
