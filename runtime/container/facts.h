/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h - what is known of a container that its author did not write, for the rules of the policy. */
#ifndef BW_CONTAINER_FACTS_H
#define BW_CONTAINER_FACTS_H

#include "container/bulwark.h"
#include "policy/policy.h"

/* The facts that the rules of policy need for a container of this bundle; all: whether needed or not. id: its name on
 * the command line, NULL where it has none yet. Nothing is read that no rule asks for. What is malformed or missing
 * is no failure but ret->unreadable. Strings in arena or spec. */
int bw_facts_gather(const struct bw_context *ctx, const char *bundle, const char *id, const struct bw_spec *spec,
	const struct bw_policy *policy, bool all, struct bw_arena *arena, struct bw_policy_facts *ret,
	struct bw_err *err) BW_MUST_CHECK;

/* cgroup.parent and what its shape says, from cgroupsPath alone; for tests. */
int bw_facts_of_cgroup(const char *cgroups_path, struct bw_arena *arena, struct bw_policy_facts *facts,
	struct bw_err *err) BW_MUST_CHECK;

#endif
