/* SPDX-License-Identifier: Apache-2.0 */
/* rule_secrets.c - which secrets a container gets as files, and that they are mounted where nobody else sees them. Of their
 * contents nothing is known here: the values of such variables are taken out of config.json before the rules run
 * (container/secret_variables.c), and the control reads files of the host. */
#include "base/str.h"
#include "policy/rules.h"

static char usual_directory[] = "/run/secrets";

const char *bw_profile_secret_variable(const struct bw_profile *profile, size_t index)
{
	const struct bw_profile_secrets *secrets = profile->secrets;

	for (size_t i = 0; secrets && i < secrets->files.n; i++)
		if (secrets->files.v[i].env && index-- == 0)
			return secrets->files.v[i].env;
	return NULL;
}

bool bw_policy_has_secrets(const struct bw_policy *policy)
{
	for (size_t i = 0; i < policy->profiles.n; i++)
		if (policy->profiles.v[i].secrets)
			return true;
	return false;
}

bool bw_is_secret_variable(const struct bw_profile *profile, const char *name)
{
	const char *secret;

	for (size_t i = 0; (secret = bw_profile_secret_variable(profile, i)); i++)
		if (bw_streq(secret, name))
			return true;
	return false;
}

static bool has_variable(const struct bw_strs *env, const char *name)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *rest = bw_after_prefix(env->v[i], name);

		if (rest && *rest == '=')
			return true;
	}
	return false;
}

/* What was decided is not decided otherwise when it is looked at again. */
static bool has_secret(const struct bw_spec_secrets *secrets, const char *name)
{
	for (size_t i = 0; secrets && i < secrets->files.n; i++)
		if (bw_streq(secrets->files.v[i].name, name))
			return true;
	return false;
}

static bool is_there(struct bw_run *r, const struct bw_profile_secret *policy)
{
	if (policy->file || has_variable(&r->spec->process->env, policy->env) ||
		has_secret(r->spec->hardening->secrets, policy->name))
		return true;
	if (!bw_is_on(&policy->optional))
		bw_deny(r, "/process/env", NULL,
			bw_text(r, "has no %s, which the policy makes the secret %s of", policy->env, policy->name),
			"secrets.files of the policy can call it optional");
	return false;
}

static bool is_same(const struct bw_spec_secret *one, const struct bw_spec_secret *other)
{
	return bw_streq(one->name, other->name) && bw_streq(one->file ? one->file : "", other->file ? other->file : "") &&
	       bw_streq(one->env ? one->env : "", other->env ? other->env : "") &&
	       bw_is_on(&one->optional) == bw_is_on(&other->optional);
}

static void choose(struct bw_run *r, const struct bw_profile_secrets *policy)
{
	__typeof__(((struct bw_spec_secrets *)0)->files) files = {0};
	const struct bw_spec_secrets *secrets;
	struct bw_strs names = {0};
	bool changed;

	for (size_t i = 0; i < policy->files.n; i++) {
		const struct bw_profile_secret *from = &policy->files.v[i];
		struct bw_spec_secret *slot;

		if (!is_there(r, from))
			continue;
		slot = bw_push(r->arena, &files);
		if (!slot) {
			r->out_of_memory = true;
			return;
		}
		*slot = (struct bw_spec_secret){from->name, from->file, from->env, from->optional};
		bw_collect(r, &names, from->name);
	}
	secrets = files.n ? bw_ensure(r, &r->spec->hardening->secrets) : NULL;
	if (!secrets)
		return;
	bw_change_string(r, &secrets->directory, policy->directory ? policy->directory : usual_directory,
		"/hardening/secrets/directory", "where the container finds its secrets");
	changed = secrets->files.n != files.n;
	for (size_t i = 0; !changed && i < files.n; i++)
		changed = !is_same(&secrets->files.v[i], &files.v[i]);
	if (changed)
		bw_change_list(r, &secrets->files, files.v, files.n, NULL, bw_list_text(r, &names),
			"/hardening/secrets/files", "secrets are files that the container's user alone can read");
}

/* Mounted on what others have, too, the secrets would be mounted for them. Where a mount really lies its name does not
 * say: the image may have a link there. */
static void check_sharing(struct bw_run *r)
{
	static const char reason[] = "would show the container's secrets to others";
	const struct bw_spec *spec = r->spec;

	if (!bw_spec_has_new_namespace(spec, "mount"))
		bw_deny(r, "/linux/namespaces", NULL, "has no new mount namespace, which the container's secrets need", NULL);
	if (spec->linux_ && spec->linux_->rootfs_propagation && strstr(spec->linux_->rootfs_propagation, "shared"))
		bw_deny(r, "/linux/rootfsPropagation", spec->linux_->rootfs_propagation, reason, "use private or slave");
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct bw_strs *options = &spec->mounts.v[i].options;

		if (bw_strs_has(options, "shared") || bw_strs_has(options, "rshared"))
			bw_deny(r, bw_text(r, "/mounts/%zu/options", i), NULL, reason, "use private or slave");
	}
}

void bw_rule_secrets(struct bw_run *r)
{
	const struct bw_profile_secrets *policy = r->profile->secrets;

	if (!policy || !r->spec->process || !r->spec->root || !r->spec->hardening)
		return;
	choose(r, policy);
	if (r->spec->hardening->secrets)
		check_sharing(r);
}
