/* SPDX-License-Identifier: Apache-2.0 */
/* rule_metrics.c - where a container's numbers go when it has ended. config.json has no say in it. */
#include "policy/rules.h"

#define POINTER "/hardening/emf"

void bw_rule_metrics(struct bw_run *r)
{
	const struct bw_policy_metrics *policy = r->profile->derived.metrics;
	const struct bw_spec_emf *emf;

	if (!r->spec->hardening || !policy || !policy->emf)
		return;
	emf = bw_ensure(r, &r->spec->hardening->emf);
	if (!emf)
		return;
	bw_change_string(r, &emf->file, policy->emf, POINTER "/file",
		"the policy names a file for what each container has used");
	if (policy->name_space)
		bw_change_string(r, &emf->name_space, policy->name_space, POINTER "/namespace",
			"the policy names the namespace");
}
