/* SPDX-License-Identifier: Apache-2.0 */
/* policy_match.c - rules against facts. A condition holds, does not hold, or is in doubt: docker's metadata should
 * be there and cannot be trusted. A rule in doubt ends the search, for the rules behind it were written for
 * containers that it does not match: whoever can spoil the metadata could otherwise choose among them. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/facts.h"

static bool any_fact(const struct bw_policy_facts *facts, const char *prefix, size_t len)
{
	for (size_t i = 0; i < facts->values.n; i++)
		if (strncmp(facts->values.v[i].key, prefix, len) == 0)
			return true;
	return false;
}

static bool is_there(const struct bw_policy_facts *facts, const char *group, size_t len, const char *name)
{
	for (size_t i = 0; i < facts->values.n; i++) {
		const char *key = facts->values.v[i].key;

		if (strncmp(key, group, len) == 0 && key[len] == '.' && bw_streq(key + len + 1, name))
			return true;
	}
	return false;
}

/* "docker.label.absent": "x" holds when there is no fact docker.label.x, and only where facts of that source were
 * found at all: a container that docker knows nothing of must not look like one that lacks a label. */
static bool all_absent(const struct bw_policy_facts *facts, const struct bw_key_strs *condition, size_t len)
{
	if (!any_fact(facts, condition->key, strcspn(condition->key, ".") + 1))
		return false;
	for (size_t i = 0; i < condition->values.n; i++)
		if (is_there(facts, condition->key, len, condition->values.v[i]))
			return false;
	return true;
}

static bool any_matches(const struct bw_policy_facts *facts, const struct bw_key_strs *condition)
{
	for (size_t i = 0; i < facts->values.n; i++) {
		if (!bw_streq(facts->values.v[i].key, condition->key))
			continue;
		for (size_t k = 0; k < condition->values.n; k++)
			if (bw_glob_match(condition->values.v[k], facts->values.v[i].value))
				return true;
	}
	return false;
}

static enum bw_judgement judge(const struct bw_policy_facts *facts, const struct bw_key_strs *condition)
{
	size_t group = bw_fact_group(condition->key);
	bool holds;

	if (facts->unreadable && bw_after_prefix(condition->key, "docker."))
		return BW_RULE_IN_DOUBT;
	holds = group ? all_absent(facts, condition, group) : any_matches(facts, condition);
	return holds ? BW_RULE_HOLDS : BW_RULE_FAILS;
}

enum bw_judgement bw_rule_judge(const struct bw_policy_rule *rule, const struct bw_policy_facts *facts,
	const struct bw_key_strs **ret_why)
{
	const struct bw_key_strs *doubtful = NULL;

	/* One condition that fails settles it, whatever the doubtful ones would say. */
	for (size_t i = 0; i < rule->when.n; i++) {
		enum bw_judgement judgement = judge(facts, &rule->when.v[i]);

		if (judgement == BW_RULE_HOLDS)
			continue;
		if (judgement == BW_RULE_FAILS) {
			if (ret_why)
				*ret_why = &rule->when.v[i];
			return BW_RULE_FAILS;
		}
		if (!doubtful)
			doubtful = &rule->when.v[i];
	}
	if (ret_why)
		*ret_why = doubtful;
	return doubtful ? BW_RULE_IN_DOUBT : BW_RULE_HOLDS;
}

/* ---- in words ---- */

static const char *say_absent(const struct bw_policy_facts *facts, const struct bw_key_strs *condition,
	struct bw_arena *arena)
{
	size_t len = bw_fact_group(condition->key);

	for (size_t i = 0; i < condition->values.n; i++)
		if (is_there(facts, condition->key, len, condition->values.v[i]))
			return bw_arena_printf(arena, "%.*s.%s is there", (int)len, condition->key,
				condition->values.v[i]);
	return bw_arena_printf(arena, "nothing is known of %.*s", (int)strcspn(condition->key, "."), condition->key);
}

static const char *say_mismatch(const struct bw_policy_facts *facts, const struct bw_key_strs *condition,
	struct bw_arena *arena)
{
	const char *value = bw_pairs_get(&facts->values, condition->key);

	if (!value)
		return bw_arena_printf(arena, "there is no %s", condition->key);
	return bw_arena_printf(arena, "%s is \"%s\", not \"%s\"%s", condition->key, value, condition->values.v[0],
		condition->values.n > 1 ? " or another of the list" : "");
}

int bw_policy_judge(const struct bw_policy *policy, size_t index, const struct bw_policy_facts *facts,
	struct bw_arena *arena, struct bw_verdict_of_rule *ret, struct bw_err *err)
{
	const struct bw_policy_rule *rule = &policy->rules.v[index];
	const struct bw_key_strs *why = NULL;

	ret->name = rule->name;
	ret->judgement = bw_rule_judge(rule, facts, &why);
	switch (ret->judgement) {
	case BW_RULE_HOLDS:
		ret->why = "all of its conditions hold";
		break;
	case BW_RULE_IN_DOUBT:
		ret->why = facts->unreadable;
		break;
	case BW_RULE_FAILS:
		ret->why = bw_fact_group(why->key) ? say_absent(facts, why, arena) : say_mismatch(facts, why, arena);
		break;
	}
	return ret->why ? 0 : bw_fail(err, BW_E_MEMORY, 0, "judging the rules: out of memory");
}

size_t bw_policy_rules_n(const struct bw_policy *policy)
{
	return policy->rules.n;
}

const char *bw_judgement_word(enum bw_judgement judgement)
{
	switch (judgement) {
	case BW_RULE_FAILS:
		return "does not hold";
	case BW_RULE_IN_DOUBT:
		return "is in doubt";
	case BW_RULE_HOLDS:
		return "holds";
	}
	return "unknown";
}
