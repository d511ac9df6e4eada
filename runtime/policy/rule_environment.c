/* SPDX-License-Identifier: Apache-2.0 */
/* rule_environment.c - credentials and loader tricks leave the environment, the settings that keep
 * SDKs from the metadata service come in. Findings carry names; a value is never copied into one.
 */
#include <ctype.h>

#include "base/str.h"
#include "policy/rules.h"

enum { NAME_MAX_LEN = 255 };

/* The name of a NAME=value entry; longer ones than anybody uses are cut. */
static void name_of(const char *entry, char name[NAME_MAX_LEN + 1])
{
	size_t len = strcspn(entry, "=");
	struct bw_buf buf = bw_buf_over(name, NAME_MAX_LEN + 1);

	bw_buf_addn(&buf, entry, len < NAME_MAX_LEN ? len : NAME_MAX_LEN);
}

static const char *matching(const struct bw_strs *patterns, const char *name)
{
	char capitals[NAME_MAX_LEN + 1];
	size_t i;

	for (i = 0; name[i]; i++)
		capitals[i] = (char)toupper((unsigned char)name[i]);
	capitals[i] = 0;
	for (i = 0; i < patterns->n; i++)
		if (bw_glob_match(patterns->v[i], capitals))
			return patterns->v[i];
	return NULL;
}

static bool is_kept(const struct bw_profile_environment *policy, const char *name)
{
	for (size_t i = 0; i < policy->keep.n; i++)
		if (bw_glob_match(policy->keep.v[i], name))
			return true;
	return bw_pairs_get(&policy->set, name) != NULL;
}

/* The variable that says where a secret is, whatever its own name looks like. */
static bool names_secret(const struct bw_run *r, const char *name)
{
	const struct bw_spec_secrets *secrets = r->spec->hardening ? r->spec->hardening->secrets : NULL;

	for (size_t i = 0; secrets && i < secrets->files.n; i++) {
		const char *rest = secrets->files.v[i].env ? bw_after_prefix(name, secrets->files.v[i].env) : NULL;

		if (rest && bw_streq(rest, "_FILE"))
			return true;
	}
	return false;
}

static void scrub(struct bw_run *r, const struct bw_strs *env, const char *pointer)
{
	const struct bw_profile_environment *policy = r->profile->environment;
	struct bw_strs rest = {0}, names = {0};
	char name[NAME_MAX_LEN + 1];

	for (size_t i = 0; i < env->n; i++) {
		const char *pattern;

		name_of(env->v[i], name);
		pattern = is_kept(policy, name) || names_secret(r, name) ? NULL : matching(&r->profile->derived.scrub, name);
		bw_collect(r, pattern ? &names : &rest, pattern ? name : env->v[i]);
	}
	if (names.n)
		bw_change_env(r, env, &rest, bw_list_text(r, &names), NULL, pointer,
			"these carry credentials, or change what programs load");
}

/* Drops what env says of name and appends entry, unless that is all it says. */
static void set_one(struct bw_run *r, const struct bw_strs *env, const struct bw_pair *pair,
	const char *pointer, const char *reason)
{
	const char *entry = bw_text(r, "%s=%s", pair->key, pair->value);
	struct bw_strs rest = {0};
	char name[NAME_MAX_LEN + 1];
	size_t said = 0, same = 0;

	for (size_t i = 0; i < env->n; i++) {
		name_of(env->v[i], name);
		if (!bw_streq(name, pair->key)) {
			bw_collect(r, &rest, env->v[i]);
			continue;
		}
		said++;
		same += bw_streq(env->v[i], entry);
	}
	if (said == 1 && same == 1)
		return;
	bw_collect(r, &rest, entry);
	bw_change_env(r, env, &rest, said ? pair->key : NULL, entry, pointer, reason);
}

/* Whatever a caller says of them later, too: a variable is in each program's environ, which the whole container reads. */
static void take_secrets(struct bw_run *r, const struct bw_strs *env, const char *pointer)
{
	struct bw_strs rest = {0}, names = {0};
	char name[NAME_MAX_LEN + 1];

	for (size_t i = 0; i < env->n; i++) {
		bool secret;

		name_of(env->v[i], name);
		secret = bw_is_secret_variable(r->profile, name);
		if (!secret || !bw_strs_has(&names, name))
			bw_collect(r, secret ? &names : &rest, secret ? name : env->v[i]);
	}
	if (names.n)
		bw_change_env(r, env, &rest, bw_list_text(r, &names), NULL, pointer,
			"the policy gives these as files: an environment can be read by every program of the container");
}

static void name_secrets(struct bw_run *r, const struct bw_strs *env, const char *pointer)
{
	const struct bw_spec_secrets *secrets = r->spec->hardening ? r->spec->hardening->secrets : NULL;

	for (size_t i = 0; secrets && i < secrets->files.n; i++) {
		const struct bw_spec_secret *secret = &secrets->files.v[i];
		struct bw_pair pair;

		if (!secret->env)
			continue;
		pair.key = (char *)(uintptr_t)bw_text(r, "%s_FILE", secret->env);
		pair.value = (char *)(uintptr_t)bw_text(r, "%s/%s", secrets->directory, secret->name);
		set_one(r, env, &pair, pointer, "where the secret is that was a variable");
	}
}

void bw_harden_env(struct bw_run *r, const struct bw_strs *env, const char *pointer)
{
	const struct bw_profile_environment *policy = r->profile->environment;
	const struct bw_pairs *proxy = &r->profile->derived.proxy;

	if (r->profile->secrets)
		take_secrets(r, env, pointer);
	if (policy && r->profile->derived.scrub.n)
		scrub(r, env, pointer);
	for (size_t i = 0; policy && i < policy->set.n; i++)
		set_one(r, env, &policy->set.v[i], pointer,
			"the policy sets this variable, so that programs do not ask the metadata service");
	for (size_t i = 0; i < proxy->n; i++)
		set_one(r, env, &proxy->v[i], pointer, "the egress gate is the only way out");
	if (r->profile->secrets)
		name_secrets(r, env, pointer);
}

void bw_rule_environment(struct bw_run *r)
{
	if (r->spec->process)
		bw_harden_env(r, &r->spec->process->env, "/process/env");
}
