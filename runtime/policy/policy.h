/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h - what is allowed: the policy file and its profiles as structs. Pure but for bw_policy_load(). */
#ifndef BW_POLICY_POLICY_H
#define BW_POLICY_POLICY_H

#include "policy/findings.h"
#include "spec/spec.h"

struct bw_policy;  /* the whole file, checked; lives in the arena it was read into */
struct bw_profile; /* one profile with everything it extends folded in */

/* Facts that a container's author cannot forge, by name: "docker.name", "docker.image", "cgroup.parent",
 * "caller.root", ... ; multi-valued facts (labels) have one entry each: "docker.label.<name>". */
struct bw_policy_facts {
	struct bw_pairs values;
};

/* The file at path: root-owned, not writable by group or others, strict. path NULL: BW_SYSCONFDIR
 * "/policy.json" when it exists, else the built-in default. */
int bw_policy_load(const char *path, struct bw_arena *arena, const struct bw_policy **ret, struct bw_err *err) BW_MUST_CHECK;
/* From text, for tests, lint and fuzzing; no file is looked at. */
int bw_policy_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	const struct bw_policy **ret, struct bw_err *err) BW_MUST_CHECK;

/* Chooses a profile: asked (--profile, may be NULL), else the first rule that matches facts, else the
 * annotation org.bulwark.profile where the policy lists it and it is at least as strict, else the default.
 * *ret_reason (in arena): one clause for log and state, "rule \"user code\"". */
int bw_policy_choose(const struct bw_policy *policy, const char *asked, const struct bw_policy_facts *facts,
	const struct bw_pairs *annotations, struct bw_arena *arena, const struct bw_profile **ret,
	const char **ret_reason, struct bw_err *err) BW_MUST_CHECK;

/* A profile by name, folded; NULL when there is none. */
const struct bw_profile *bw_policy_profile(const struct bw_policy *policy, const char *name);
const char *bw_profile_name(const struct bw_profile *profile);

/* A policy file that holds this profile alone, with everything it extends folded in: what is stored with a
 * container, so that exec is decided by what was decided at create. bw_policy_parse() reads it. */
void bw_profile_write(const struct bw_profile *profile, struct bw_json_writer *w);

/* The folded policy as JSON (`policy show`), and the JSON Schema (`policy schema`, config-schema/). */
void bw_policy_write(const struct bw_policy *policy, struct bw_json_writer *w);
void bw_policy_publish(struct bw_json_writer *w);

#endif
