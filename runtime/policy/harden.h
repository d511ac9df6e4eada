/* SPDX-License-Identifier: Apache-2.0 */
/* harden.h - the pure heart: what was asked and a profile give what will be, and a finding for each
 * difference. Same input, same output; idempotent; never grants. */
#ifndef BW_POLICY_HARDEN_H
#define BW_POLICY_HARDEN_H

#include "policy/policy.h"

/* *ret_hardened is a copy of asked in arena with the profile's rules applied in the order of rules.c, its
 * `hardening` filled in. Denials are findings, and the call fails with BW_E_DENIED (the first denial's
 * sentence) unless the profile's mode is "audit"; findings are complete in either case. */
int bw_harden(const struct bw_spec *asked, const struct bw_profile *profile, struct bw_arena *arena,
	struct bw_spec **ret_hardened, struct bw_findings *findings, struct bw_err *err) BW_MUST_CHECK;

/* The clamp of exec: asked process against the container's stored hardened spec and the stored profile name's
 * rules: never more than init had. uid, groups, capabilities, no_new_privs, labels, environment, rlimits. */
int bw_harden_exec(const struct bw_spec_process *asked, const struct bw_spec *container,
	const struct bw_profile *profile, struct bw_arena *arena, struct bw_spec_process **ret_process,
	struct bw_findings *findings, struct bw_err *err) BW_MUST_CHECK;

/* The clamp of update: resources that the caller asks for a container, with the stored spec and profile. A limit
 * that the profile sets is not raised beyond the greater of the two; denials are as in bw_harden(). *ret_resources
 * is what may be written; pointers of findings begin at the resources. */
int bw_harden_update(const struct bw_spec_resources *asked, const struct bw_spec *container,
	const struct bw_profile *profile, struct bw_arena *arena, struct bw_spec_resources **ret_resources,
	struct bw_findings *findings, struct bw_err *err) BW_MUST_CHECK;

/* Whether mount is an engine's own program, such as docker-init: bound from one of excepted to a place that allow lists,
 * under a name that allow lists, and no file of other use. Lexical. */
bool bw_mount_is_program(const struct bw_spec_mount *mount, const struct bw_strs *allow, const struct bw_strs *excepted);

#endif
