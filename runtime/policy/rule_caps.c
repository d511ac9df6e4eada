/* SPDX-License-Identifier: Apache-2.0 */
/* rule_caps.c - all five capability sets become part of the policy's list. No sets at all would be
 * the kernel's choice, for user id 0 everything: they become empty ones. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/rules.h"

static void intersect(struct bw_run *r, const struct bw_strs *set, const char *pointer)
{
	const struct bw_strs *allow = &r->profile->capabilities->allow;
	struct bw_strs kept = {0}, dropped = {0};

	for (size_t i = 0; i < set->n; i++)
		bw_collect(r, bw_strs_has(allow, set->v[i]) ? &kept : &dropped, set->v[i]);
	if (dropped.n)
		bw_change_strs(r, set, &kept, pointer,
			"capabilities.allow of the policy has not all of these");
}

void bw_no_capabilities(
	struct bw_run *r, const struct bw_spec_process *process, const char *pointer)
{
	static char *nothing[1];
	const struct bw_strs none = {.v = nothing};
	const struct bw_spec_capabilities *caps = bw_ensure(r, &process->capabilities);

	if (caps)
		bw_change_strs(r, &caps->bounding, &none, pointer,
			"where none are named, root would have all");
}

void bw_rule_caps(struct bw_run *r)
{
	const struct bw_profile_capabilities *policy = r->profile->capabilities;
	const struct bw_spec_capabilities *caps =
		r->spec->process ? r->spec->process->capabilities : NULL;

	if (!policy)
		return;
	if (policy->allow.v && !caps && r->spec->process)
		bw_no_capabilities(r, r->spec->process, "/process/capabilities/bounding");
	if (caps && policy->allow.v) {
		intersect(r, &caps->bounding, "/process/capabilities/bounding");
		intersect(r, &caps->effective, "/process/capabilities/effective");
		intersect(r, &caps->inheritable, "/process/capabilities/inheritable");
		intersect(r, &caps->permitted, "/process/capabilities/permitted");
		intersect(r, &caps->ambient, "/process/capabilities/ambient");
	}
	if (bw_is_on(&policy->lock_securebits) && r->spec->hardening)
		bw_change_bool(r, &r->spec->hardening->lock_securebits, true,
			"/hardening/lockSecurebits", "user id 0 must not get capabilities back");
}
