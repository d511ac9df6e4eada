/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h - what is allowed: the policy file and its profiles as structs. Pure but for bw_policy_load(). */
#ifndef BW_POLICY_POLICY_H
#define BW_POLICY_POLICY_H

#include "policy/findings.h"
#include "spec/spec.h"

struct bw_policy;  /* the whole file, checked; lives in the arena it was read into */
struct bw_profile; /* one profile with everything it extends folded in */

/* Facts that are not a container author's to write, by name: "docker.name", "cgroup.parent", "caller.root", ...;
 * labels have one entry each: "docker.label.<name>". Gathered by container/facts.c. */
struct bw_policy_facts {
	struct bw_pairs values;
	/* Why docker's metadata, which should be there, cannot be trusted; NULL: they can, or are not docker's to
	 * have. Rules that rest on them are in doubt then. */
	const char *unreadable;
};

/* The file at path: root-owned, not writable by group or others, strict. path NULL: BW_SYSCONFDIR
 * "/policy.json" when it exists, else the built-in default. */
int bw_policy_load(const char *path, struct bw_arena *arena, const struct bw_policy **ret, struct bw_err *err) BW_MUST_CHECK;
/* From text, for tests, lint and fuzzing; no file is looked at. */
int bw_policy_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	const struct bw_policy **ret, struct bw_err *err) BW_MUST_CHECK;

/* Chooses a profile: asked (--profile, may be NULL), else the first rule that matches facts, else the
 * annotation org.bulwark.profile where the policy lists it and it is at least as strict, else the default. A rule in
 * doubt ends the search as if no rule matched, or, where the policy says docker.unreadable: refuse, with BW_E_DENIED.
 * *ret_reason (in arena): one clause for log and state, "rule \"user code\"". */
int bw_policy_choose(const struct bw_policy *policy, const char *asked, const struct bw_policy_facts *facts,
	const struct bw_pairs *annotations, struct bw_arena *arena, const struct bw_profile **ret,
	const char **ret_reason, struct bw_err *err) BW_MUST_CHECK;

/* A profile of policy for one container of which these facts are known: with the names that they give it. In arena; NULL
 * when memory is out. */
const struct bw_profile *bw_policy_name(const struct bw_policy *policy, const struct bw_profile *profile,
	const struct bw_policy_facts *facts, struct bw_arena *arena);
/* The same for a container that has got its names (either may be NULL), by its stored profile. */
const struct bw_profile *bw_profile_named(const struct bw_profile *profile, const char *tenant, const char *session,
	struct bw_arena *arena);
/* Whether this can be the name of a tenant or session. */
bool bw_is_plain_name(const char *name);

/* ---- facts ---- */

/* Whether a rule that has a say, with this --profile (may be NULL), or the section names asks for a fact that begins with
 * prefix: what nobody needs is not gathered. "": whether there is any such rule or name. */
bool bw_policy_needs(const struct bw_policy *policy, const char *asked, const char *prefix);
/* Where docker keeps its data, absolute paths in the order in which they are looked at. */
const struct bw_strs *bw_policy_docker_roots(const struct bw_policy *policy);
/* Sets one fact; value NULL: nothing. */
int bw_policy_facts_add(struct bw_policy_facts *facts, const char *name, const char *value, struct bw_arena *arena,
	struct bw_err *err) BW_MUST_CHECK;
/* Adds the facts of a JSON object of strings; the member "docker.unreadable" says why docker's are in doubt. */
int bw_policy_facts_parse(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_policy_facts *facts, struct bw_err *err) BW_MUST_CHECK;

/* ---- what an administrator wants to know ---- */

/* Whether a rule names this fact with a pattern that the value matches. */
bool bw_policy_has_rule_for(const struct bw_policy *policy, const char *fact, const char *value);
/* Whether refusals stop a container; whether it is kept from the host's network, from metadata services. */
bool bw_profile_enforces(const struct bw_profile *profile);
bool bw_profile_refuses_host_network(const struct bw_profile *profile);
bool bw_profile_blocks_metadata(const struct bw_profile *profile);

enum bw_judgement { BW_RULE_FAILS, BW_RULE_IN_DOUBT, BW_RULE_HOLDS };
const char *bw_judgement_word(enum bw_judgement judgement); /* "does not hold", "is in doubt", "holds" */
struct bw_verdict_of_rule {
	const char *name;
	enum bw_judgement judgement;
	const char *why; /* one clause */
};
size_t bw_policy_rules_n(const struct bw_policy *policy);
/* Rule number index against facts, alone; words in arena. */
int bw_policy_judge(const struct bw_policy *policy, size_t index, const struct bw_policy_facts *facts,
	struct bw_arena *arena, struct bw_verdict_of_rule *ret, struct bw_err *err) BW_MUST_CHECK;
/* What is not wrong and yet not what anybody wants: rules that can never match, that others cannot be kept from
 * matching, profiles that compile refuses. Pointers and sentences in arena. */
int bw_policy_lint(const struct bw_policy *policy, struct bw_arena *arena, struct bw_notes *ret,
	struct bw_err *err) BW_MUST_CHECK;

/* A profile by name, folded; NULL when there is none. */
const struct bw_profile *bw_policy_profile(const struct bw_policy *policy, const char *name);
const char *bw_profile_name(const struct bw_profile *profile);
/* Variables whose values are secrets: the name of number index, NULL behind the last. */
const char *bw_profile_secret_variable(const struct bw_profile *profile, size_t index);
/* Whether any profile of the file itself makes files of secrets. */
bool bw_policy_has_secrets(const struct bw_policy *policy);
/* SHA-256 of the file's text in hexadecimal digits, "built-in" where there is no file; the policy's. */
char *bw_policy_hash(const struct bw_policy *policy);
/* What is recorded of a request for which no profile was chosen, and where: everything. policy NULL: that cannot be read. */
void bw_policy_audit(const struct bw_policy *policy, struct bw_spec_audit *ret);
/* The same of one for which profile was chosen, and which came to no hardened spec; false: nothing. */
bool bw_profile_audit(const struct bw_policy *policy, const struct bw_profile *profile, struct bw_spec_audit *ret);

/* The program of the runtime that makes its containers, or NULL: we do. */
const char *bw_profile_backend(const struct bw_profile *profile);
/* Whether it lets verb, "checkpoint" or "restore", be done: 0; 1: it does not, but is in mode audit; or -1 with
 * BW_E_DENIED. */
int bw_profile_check_images(const struct bw_profile *profile, const char *verb, struct bw_err *err) BW_MUST_CHECK;

/* Whether it lets that program of the host's have a container's output: BW_E_DENIED unless loggers.allow names it by this
 * very path. */
int bw_profile_check_logger(const struct bw_profile *profile, const char *program, struct bw_err *err) BW_MUST_CHECK;

/* Whether it lets a container's output be appended to that file of the host's: BW_E_DENIED unless loggers.files has a
 * directory above it, or is not there at all. *ret_restricted: it is, and so links in the path are to be refused. */
int bw_profile_check_log_file(const struct bw_profile *profile, const char *path, bool *ret_restricted,
	struct bw_err *err) BW_MUST_CHECK;

/* A policy file that holds this profile alone, with everything it extends folded in: what is stored with a
 * container, so that exec is decided by what was decided at create. bw_policy_parse() reads it. */
void bw_profile_write(const struct bw_profile *profile, struct bw_json_writer *w);

/* The folded policy as JSON (`policy show`), and the JSON Schema (`policy schema`, config-schema/). */
void bw_policy_write(const struct bw_policy *policy, struct bw_json_writer *w);
void bw_policy_publish(struct bw_json_writer *w);

#endif
