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

static void scrub(struct bw_run *r, const struct bw_strs *env, const char *pointer)
{
	const struct bw_profile_environment *policy = r->profile->environment;
	struct bw_strs rest = {0}, names = {0};
	char name[NAME_MAX_LEN + 1];

	for (size_t i = 0; i < env->n; i++) {
		const char *pattern;

		name_of(env->v[i], name);
		pattern = is_kept(policy, name) ? NULL : matching(&r->profile->derived.scrub, name);
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

void bw_harden_env(struct bw_run *r, const struct bw_strs *env, const char *pointer)
{
	const struct bw_profile_environment *policy = r->profile->environment;
	const struct bw_pairs *proxy = &r->profile->derived.proxy;

	if (policy && r->profile->derived.scrub.n)
		scrub(r, env, pointer);
	for (size_t i = 0; policy && i < policy->set.n; i++)
		set_one(r, env, &policy->set.v[i], pointer,
			"the policy sets this variable, so that programs do not ask the metadata service");
	for (size_t i = 0; i < proxy->n; i++)
		set_one(r, env, &proxy->v[i], pointer, "the egress gate is the only way out");
}

void bw_rule_environment(struct bw_run *r)
{
	if (r->spec->process)
		bw_harden_env(r, &r->spec->process->env, "/process/env");
}
