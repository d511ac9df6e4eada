/* SPDX-License-Identifier: Apache-2.0 */
/* policy_choose.c - which profile a container gets. The host's caller and the host's files may
 * loosen; what comes with a container, its annotations, may only tighten. When anything is in
 * doubt: the default, or a refusal where the policy wants that. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/facts.h"

#define ANNOTATION "org.bulwark.profile"

/* The first rule that matches, or that is in doubt. */
static const struct bw_policy_rule *find_rule(
	const struct bw_policy *policy, const struct bw_policy_facts *facts, bool *ret_doubt)
{
	for (size_t i = 0; facts && i < policy->rules.n; i++) {
		enum bw_judgement judgement = bw_rule_judge(&policy->rules.v[i], facts, NULL);

		*ret_doubt = judgement == BW_RULE_IN_DOUBT;
		if (judgement != BW_RULE_FAILS)
			return &policy->rules.v[i];
	}
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

/* What decides when no rule does. */
static int choose_without_rule(const struct bw_policy *policy, const struct bw_pairs *annotations,
	struct bw_arena *arena, struct choice *ret, struct bw_err *err)
{
	const char *annotation = annotations ? bw_pairs_get(annotations, ANNOTATION) : NULL;

	ret->profile = bw_policy_fold(policy, policy->default_, err);
	if (!ret->profile)
		return -1;
	if (annotation)
		return choose_by_annotation(policy, annotation, ret->profile, arena, ret, err);
	ret->reason = "default";
	return 0;
}

static int refuse_doubt(const struct bw_policy_rule *rule, const char *why, struct bw_err *err)
{
	struct bw_buf name;

	bw_fail(err, BW_E_DENIED, 0,
		"rule \"%.64s\" cannot be judged, and the policy starts nothing in doubt (docker.unreadable: "
		"refuse): %s",
		rule->name, why);
	if (err) {
		name = bw_buf_over(err->rule, sizeof err->rule);
		bw_buf_add(&name, "docker.unreadable");
	}
	return -1;
}

static int choose_in_doubt(const struct bw_policy *policy, const struct bw_policy_rule *rule, const char *why,
	const struct bw_pairs *annotations, struct bw_arena *arena, struct choice *ret, struct bw_err *err)
{
	if (policy->docker && bw_streq0(policy->docker->unreadable, "refuse"))
		return refuse_doubt(rule, why, err);
	if (choose_without_rule(policy, annotations, arena, ret, err) < 0)
		return -1;
	ret->reason = bw_arena_printf(
		arena, "%s; rule \"%s\" cannot be judged: %s", ret->reason, rule->name, why);
	return ret->reason ? 0 : reason_fails(err);
}

/* What holds without --profile. */
static int choose_by_policy(const struct bw_policy *policy, const struct bw_policy_facts *facts,
	const struct bw_pairs *annotations, struct bw_arena *arena, struct choice *ret,
	struct bw_err *err)
{
	bool doubt = false;
	const struct bw_policy_rule *rule = find_rule(policy, facts, &doubt);

	if (!rule)
		return choose_without_rule(policy, annotations, arena, ret, err);
	if (doubt)
		return choose_in_doubt(policy, rule, facts->unreadable, annotations, arena, ret, err);
	ret->profile = bw_policy_fold(policy, rule->profile, err);
	if (!ret->profile)
		return -1;
	ret->reason = bw_arena_printf(arena, "rule \"%s\"", rule->name);
	return ret->reason ? 0 : reason_fails(err);
}

/* --profile: as far as profileFlag lets the caller. */
static int choose_by_flag(const struct bw_policy *policy, const char *asked,
	const struct choice *otherwise, struct choice *ret, struct bw_err *err)
{
	const char *flag = policy->profile_flag ? policy->profile_flag : "any";
	char row[64];

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
		bw_profile_looser_in(ret->profile, otherwise->profile, row, sizeof row))
		return bw_fail(err, BW_E_DENIED, 0,
			"--profile %s is looser than \"%s\" in %s, and the policy allows only "
			"stricter ones "
			"(profileFlag: stricter)",
			asked, otherwise->profile->key, row);
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
