/* SPDX-License-Identifier: Apache-2.0 */
/* rule_audit.c - what of a container goes on record, and where. config.json has no say in it. */
#include "base/str.h"
#include "policy/rules.h"

#define POINTER "/hardening/audit"

static void name_trail(struct bw_run *r, const struct bw_spec_audit *audit, const struct bw_audit_trail *trail)
{
	static const char reason[] = "the policy says where the trail goes";
	const struct bw_audit_trail *ours = bw_ensure(r, &audit->trail);

	if (!ours)
		return;
	if (trail->file)
		bw_change_string(r, &ours->file, trail->file, POINTER "/trail/file", reason);
	if (trail->max_bytes.set)
		bw_change_uint(r, &ours->max_bytes, trail->max_bytes.v, POINTER "/trail/maxBytes", reason);
	if (trail->keep.set)
		bw_change_uint(r, &ours->keep, trail->keep.v, POINTER "/trail/keep", reason);
	if (trail->sync.set)
		bw_change_bool(r, &ours->sync, trail->sync.v, POINTER "/trail/sync", reason);
	if (trail->sinks.n)
		bw_change_strs(r, &ours->sinks, &trail->sinks, POINTER "/trail/sinks", reason);
}

void bw_rule_audit(struct bw_run *r)
{
	const struct bw_profile_audit *policy = r->profile->audit;
	const struct bw_spec_audit *audit;

	if (!r->spec->hardening || !policy || !policy->record || bw_streq(policy->record, "off"))
		return;
	audit = bw_ensure(r, &r->spec->hardening->audit);
	if (!audit)
		return;
	bw_change_string(r, &audit->record, policy->record, POINTER "/record", "what has happened can be told afterwards");
	bw_change_string(r, &audit->on_failure, policy->on_failure ? policy->on_failure : "continue", POINTER "/onFailure",
		"a full disk is a way to go unrecorded");
	if (r->profile->derived.trail)
		name_trail(r, audit, r->profile->derived.trail);
}
