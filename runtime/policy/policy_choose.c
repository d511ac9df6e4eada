/* SPDX-License-Identifier: Apache-2.0 */
/* policy_choose.c - which profile a container gets. The host's caller and the host's files may
 * loosen; what comes with a container, its annotations, may only tighten. When anything is in
 * doubt: the default. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/profile.h"

#define ANNOTATION "org.bulwark.profile"

/* A fact is there when it or, for docker.label and the like, something of its name and a dot was
 * found. */
static bool any_fact(const struct bw_policy_facts *facts, const char *pattern, size_t prefix_len)
{
	for (size_t i = 0; i < facts->values.n; i++)
		if (strncmp(facts->values.v[i].key, pattern, prefix_len) == 0)
			return true;
	return false;
}

/* "docker.label.absent": "x" holds when there is no fact docker.label.x. It holds only where facts
 * of that source were found at all: unreadable metadata must not look like metadata that lack a
 * label. */
static bool is_absent(
	const struct bw_policy_facts *facts, const char *prefix, size_t len, const char *name)
{
	size_t source = strcspn(prefix, ".") + 1;

	if (!any_fact(facts, prefix, source))
		return false;
	for (size_t i = 0; i < facts->values.n; i++) {
		const char *key = facts->values.v[i].key;

		if (strncmp(key, prefix, len) == 0 && key[len] == '.' &&
			bw_streq(key + len + 1, name))
			return false;
	}
	return true;
}

static bool all_absent(
	const struct bw_policy_facts *facts, const struct bw_key_strs *condition, size_t len)
{
	for (size_t i = 0; i < condition->values.n; i++)
		if (!is_absent(facts, condition->key, len, condition->values.v[i]))
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

static bool rule_matches(const struct bw_policy_rule *rule, const struct bw_policy_facts *facts)
{
	static const char absent[] = ".absent";

	for (size_t i = 0; i < rule->when.n; i++) {
		const struct bw_key_strs *condition = &rule->when.v[i];
		size_t len = strlen(condition->key);
		bool holds;

		if (bw_has_suffix(condition->key, absent))
			holds = all_absent(facts, condition, len - (sizeof absent - 1));
		else
			holds = any_matches(facts, condition);
		if (!holds)
			return false;
	}
	return rule->when.n > 0;
}

static const struct bw_policy_rule *find_rule(
	const struct bw_policy *policy, const struct bw_policy_facts *facts)
{
	for (size_t i = 0; facts && i < policy->rules.n; i++)
		if (rule_matches(&policy->rules.v[i], facts))
			return &policy->rules.v[i];
	return NULL;
}

static int reason_fails(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, 0, "choosing a profile: out of memory");
}

/* A choice under way: what was chosen and why. */
struct choice {
	const struct bw_profile *profile;
	const char *reason;
};

/* The annotation, if it may decide; otherwise the default with the reason why not. */
static int choose_by_annotation(const struct bw_policy *policy, const char *name,
	const struct bw_profile *standard, struct bw_arena *arena, struct choice *ret,
	struct bw_err *err)
{
	const struct bw_policy_annotations *listed = policy->annotations;
	const struct bw_profile *wanted;

	ret->profile = standard;
	if (!listed || !bw_strs_has(&listed->profile, name)) {
		ret->reason = bw_arena_printf(arena,
			"default (the policy does not let annotation %s choose \"%.64s\")",
			ANNOTATION, name);
		return ret->reason ? 0 : reason_fails(err);
	}
	wanted = bw_policy_fold(policy, name, err);
	if (!wanted)
		return -1;
	if (bw_profile_looser(wanted, standard, NULL, NULL) > 0) {
		ret->reason = bw_arena_printf(arena,
			"default (annotation %s asks for \"%s\", which is looser)", ANNOTATION,
			name);
	} else {
		ret->profile = wanted;
		ret->reason = bw_arena_printf(arena, "annotation %s", ANNOTATION);
	}
	return ret->reason ? 0 : reason_fails(err);
}

/* What holds without --profile. */
static int choose_by_policy(const struct bw_policy *policy, const struct bw_policy_facts *facts,
	const struct bw_pairs *annotations, struct bw_arena *arena, struct choice *ret,
	struct bw_err *err)
{
	const struct bw_policy_rule *rule = find_rule(policy, facts);
	const char *annotation = annotations ? bw_pairs_get(annotations, ANNOTATION) : NULL;

	ret->profile = bw_policy_fold(policy, rule ? rule->profile : policy->default_, err);
	if (!ret->profile)
		return -1;
	if (rule) {
		ret->reason = bw_arena_printf(arena, "rule \"%s\"", rule->name);
		return ret->reason ? 0 : reason_fails(err);
	}
	if (annotation)
		return choose_by_annotation(policy, annotation, ret->profile, arena, ret, err);
	ret->reason = "default";
	return 0;
}

struct first_row {
	char row[64];
};

static void keep_first(const char *row, void *ctx)
{
	struct first_row *first = ctx;
	struct bw_buf text;

	if (first->row[0])
		return;
	text = bw_buf_over(first->row, sizeof first->row);
	bw_buf_add(&text, row);
}

/* --profile: as far as profileFlag lets the caller. */
static int choose_by_flag(const struct bw_policy *policy, const char *asked,
	const struct choice *otherwise, struct choice *ret, struct bw_err *err)
{
	const char *flag = policy->profile_flag ? policy->profile_flag : "any";
	struct first_row first = {{0}};

	if (!bw_policy_has_profile(policy, asked)) {
		bw_fail(err, BW_E_USAGE, 0, "there is no profile \"%s\"", asked);
		return bw_hint(err, "bulwark policy show lists them");
	}
	if (bw_streq(flag, "never"))
		return bw_fail(err, BW_E_DENIED, 0,
			"the policy does not allow --profile (profileFlag: never)");
	ret->profile = bw_policy_fold(policy, asked, err);
	if (!ret->profile)
		return -1;
	if (bw_streq(flag, "stricter") &&
		bw_profile_looser(ret->profile, otherwise->profile, keep_first, &first) > 0)
		return bw_fail(err, BW_E_DENIED, 0,
			"--profile %s is looser than \"%s\" in %s, and the policy allows only "
			"stricter ones "
			"(profileFlag: stricter)",
			asked, otherwise->profile->key, first.row);
	ret->reason = "--profile";
	return 0;
}

int bw_policy_choose(const struct bw_policy *policy, const char *asked,
	const struct bw_policy_facts *facts, const struct bw_pairs *annotations,
	struct bw_arena *arena, const struct bw_profile **ret, const char **ret_reason,
	struct bw_err *err)
{
	bool only_asked = asked && (!policy->profile_flag || bw_streq(policy->profile_flag, "any"));
	struct choice choice = {0}, by_flag = {0};

	if (!only_asked && choose_by_policy(policy, facts, annotations, arena, &choice, err) < 0)
		return -1;
	if (asked) {
		if (choose_by_flag(policy, asked, &choice, &by_flag, err) < 0)
			return -1;
		choice = by_flag;
	}
	*ret = choice.profile;
	*ret_reason = choice.reason;
	return 0;
}
