/* SPDX-License-Identifier: Apache-2.0 */
/* rule_hooks.c - hooks run on the host as root: engines need some, so those that the policy names stay, and the
 * hooks control holds each against program, arguments, environment, owner and mode. */
#include "policy/rules.h"

void bw_rule_hooks(struct bw_run *r)
{
	const struct bw_profile_hooks *policy = r->profile->hooks;
	const struct bw_spec_hardening *hardening = r->spec->hardening;

	if (!policy || !hardening)
		return;
	if (bw_is_on(&policy->root_owned))
		bw_change_bool(r, &hardening->check_hooks, true, "/hardening/checkHooks",
			"hooks run as root on the host, so only root's own programs may be hooks");
	if (!policy->allow.v)
		return;
	bw_change_strs(r, &hardening->hooks, &policy->allow, "/hardening/hooks",
		"hooks run as root on the host, so the policy says which there may be");
	if (policy->env.n)
		bw_change_strs(r, &hardening->hook_env, &policy->env, "/hardening/hookEnv",
			"a program of the host does what its environment says");
}
