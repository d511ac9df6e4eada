/* SPDX-License-Identifier: Apache-2.0 */
/* decide.h - from a bundle to a decision: config.json, policy file, profile, hardened spec, findings. Shared by
 * create, run, explain and plan, so that what is explained is what is done. */
#ifndef BW_CONTAINER_DECIDE_H
#define BW_CONTAINER_DECIDE_H

#include "container/bulwark.h"
#include "control/secrets.h"
#include "policy/harden.h"

struct bw_decision {
	struct bw_spec *asked; /* without the values of variables that are secrets */
	struct bw_spec *hardened;
	const struct bw_policy *policy;
	const struct bw_profile *profile;
	const char *reason;
	struct bw_findings findings;
	struct bw_notes notes;
};

/* id: the container's name on the command line, or NULL. All memory in arena. With a refusal -1 and BW_E_DENIED; ret
 * is complete but for hardened then. ret_secrets gets the values of variables that are secrets; NULL: nobody does. */
int bw_decide(const struct bw_context *ctx, const char *bundle, const char *id, struct bw_arena *arena,
	struct bw_decision *ret, struct bw_secret_values *ret_secrets, struct bw_err *err) BW_MUST_CHECK;

/* The same as far as the profile: ret has no hardened spec and no findings. */
int bw_decide_profile(const struct bw_context *ctx, const char *bundle, const char *id, struct bw_arena *arena,
	struct bw_decision *ret, struct bw_policy_facts *ret_facts, struct bw_err *err) BW_MUST_CHECK;

/* The decision that was made for a container at create: its bundle against the profile stored with it. */
int bw_decide_stored(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_decision *ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
