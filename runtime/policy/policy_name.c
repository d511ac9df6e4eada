/* SPDX-License-Identifier: Apache-2.0 */
/* policy_name.c - which fact names a container's tenant and session, where the policy's section names says so. What becomes
 * of it: rule_tenant.c. */
#include "base/str.h"
#include "policy/facts.h"

/* The first fact that has a value. Before it none may be in doubt: it could have had one. */
static struct bw_named find(const struct bw_strs *names, const struct bw_policy_facts *facts)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *value = bw_pairs_get(&facts->values, names->v[i]);

		if (value)
			return (struct bw_named){.fact = names->v[i], .value = value};
		if (facts->unreadable && bw_after_prefix(names->v[i], "docker."))
			return (struct bw_named){.fact = names->v[i], .doubt = facts->unreadable};
	}
	return (struct bw_named){0};
}

static struct bw_profile *copy_of(const struct bw_profile *profile, struct bw_arena *arena)
{
	struct bw_profile *copy = bw_arena_alloc(arena, sizeof *copy);

	if (copy)
		*copy = *profile;
	return copy;
}

const struct bw_profile *bw_policy_name(const struct bw_policy *policy, const struct bw_profile *profile,
	const struct bw_policy_facts *facts, struct bw_arena *arena)
{
	struct bw_profile *named;

	if (!policy->names)
		return profile;
	named = copy_of(profile, arena);
	if (named) {
		named->derived.tenant = find(&policy->names->tenant, facts);
		named->derived.session = find(&policy->names->session, facts);
	}
	return named;
}

const struct bw_profile *bw_profile_named(const struct bw_profile *profile, const char *tenant, const char *session,
	struct bw_arena *arena)
{
	struct bw_profile *named;

	if (!tenant && !session)
		return profile;
	named = copy_of(profile, arena);
	if (named) {
		named->derived.tenant = (struct bw_named){.fact = tenant ? "its state" : NULL, .value = tenant};
		named->derived.session = (struct bw_named){.fact = session ? "its state" : NULL, .value = session};
	}
	return named;
}
