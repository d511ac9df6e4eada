/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h - the facts that rules may name, by table, and what becomes of a rule's conditions when they are held
 * against the facts of a container. Private to policy/, beside what policy.h declares. */
#ifndef BW_POLICY_FACTS_H
#define BW_POLICY_FACTS_H

#include "policy/profile.h"

/* Who decides what a fact says. */
enum bw_fact_source {
	BW_FACT_HOST,	/* the host's engine or its administrator */
	BW_FACT_AUTHOR, /* whoever writes the image or the task */
};

/* One kind of fact. */
struct bw_fact {
	const char *name; /* "docker.name"; a '*' stands for names that others choose */
	enum bw_fact_source source;
	/* Whether anything that this fact can say matches pattern; NULL: every pattern may. */
	bool (*possible)(const char *pattern);
	const char *looks; /* what it says, for the sentence about a pattern that cannot match */
};

/* NULL when there is no such fact. "docker.label.absent" and the like are none: see bw_fact_group(). */
const struct bw_fact *bw_fact_find(const char *name);

/* The group of facts that a condition such as "docker.label.absent" speaks of: the length of "docker.label", or 0
 * when key is no such condition. */
size_t bw_fact_group(const char *key);

/* The rows, for tests that hold the manual page against them; ends with a name of NULL. */
extern const struct bw_fact bw_facts[];

/* policy_match.c: whether all conditions hold. Conditions over docker's metadata that could not be read are in
 * doubt. *ret_why (may be NULL): the first condition that decided, or NULL when all hold. */
enum bw_judgement bw_rule_judge(const struct bw_policy_rule *rule, const struct bw_policy_facts *facts,
	const struct bw_key_strs **ret_why);

#endif
