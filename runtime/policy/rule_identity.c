/* SPDX-License-Identifier: Apache-2.0 */
/* rule_identity.c - nothing runs as user or group 0: outside a user namespace that is the host's
 * root, held back only by what other rules took from it. A user namespace into which the host's
 * root is mapped, or whose maps we do not see because it is joined, is as good as none. */
#include "base/str.h"
#include "policy/rules.h"

static bool is_zero(const struct bw_opt_uint *id)
{
	return !id->set || id->v == 0; /* absent is 0 in the OCI specification */
}

static void replace_id(
	struct bw_run *r, const struct bw_opt_uint *id, uint64_t with, const char *pointer)
{
	if (!is_zero(id))
		return;
	if (bw_streq(r->profile->user->root, "refuse"))
		bw_deny(r, pointer, "0", "runs as root without a user namespace",
			"set a user in the image or the engine, or user.root to \"remap\" in the "
			"policy");
	else
		bw_change_uint(
			r, id, with, pointer, "root without a user namespace is the host's root");
}

static void drop_root_group(struct bw_run *r, const struct bw_uints *groups, const char *pointer)
{
	struct bw_uints kept = {0};

	for (size_t i = 0; i < groups->n; i++)
		if (groups->v[i] != 0)
			bw_collect_id(r, &kept, groups->v[i]);
	bw_change_ids(r, groups, &kept, pointer, "many host files are open to group 0");
}

static bool applies_to(const struct bw_profile_user *policy, bool user_namespace)
{
	return !user_namespace || bw_is_on(&policy->always);
}

const struct bw_spec_user *bw_own_user(
	struct bw_run *r, const struct bw_spec_process *process, bool user_namespace)
{
	static const struct bw_spec_user nobody;
	const struct bw_profile_user *policy = r->profile->user;

	if (process->user)
		return process->user;
	if (applies_to(policy, user_namespace) && bw_streq0(policy->root, "remap"))
		return bw_ensure(r, &process->user);
	return &nobody;
}

void bw_harden_user(
	struct bw_run *r, const struct bw_spec_user *user, bool user_namespace, const char *pointer)
{
	const struct bw_profile_user *policy = r->profile->user;
	bool applies = applies_to(policy, user_namespace);

	if (applies && policy->root && !bw_streq(policy->root, "keep")) {
		replace_id(r, &user->uid, policy->uid.set ? policy->uid.v : 1001,
			bw_text(r, "%s/uid", pointer));
		replace_id(r, &user->gid, policy->gid.set ? policy->gid.v : 1001,
			bw_text(r, "%s/gid", pointer));
	}
	if (applies && bw_streq0(policy->root_group, "drop"))
		drop_root_group(
			r, &user->additional_gids, bw_text(r, "%s/additionalGids", pointer));
}

/* The mapping that holds the host's id 0, or NULL. Its host range is never below 0, so it begins
 * there. */
static const struct bw_spec_id_mapping *host_root_in(const struct bw_spec_id_mappings *mappings)
{
	for (size_t i = 0; i < mappings->n; i++)
		if (mappings->v[i].host_id.v == 0 && mappings->v[i].size.v > 0)
			return &mappings->v[i];
	return NULL;
}

bool bw_has_own_users(const struct bw_spec *spec)
{
	return bw_spec_has_new_namespace(spec, "user") &&
	       !host_root_in(&spec->linux_->uid_mappings) &&
	       !host_root_in(&spec->linux_->gid_mappings);
}

/* Under any other number than 0 we would not know the host's root again. */
static void check_maps(
	struct bw_run *r, const struct bw_spec_id_mappings *mappings, const char *pointer)
{
	const struct bw_spec_id_mapping *map = host_root_in(mappings);

	if (map && map->container_id.v != 0)
		bw_deny(r, pointer,
			bw_text(r, "0 as %llu", (unsigned long long)map->container_id.v),
			"gives the host's root another number",
			"map ids of the host that nobody else has");
}

void bw_rule_identity(struct bw_run *r)
{
	const struct bw_spec_process *process = r->spec->process;
	const struct bw_spec_user *user;
	bool user_namespace = bw_has_own_users(r->spec);

	if (!r->profile->user || !process)
		return;
	if (r->profile->user->root && !bw_streq(r->profile->user->root, "keep") &&
		r->spec->linux_) {
		check_maps(r, &r->spec->linux_->uid_mappings, "/linux/uidMappings");
		check_maps(r, &r->spec->linux_->gid_mappings, "/linux/gidMappings");
	}
	user = bw_own_user(r, process, user_namespace);
	if (user)
		bw_harden_user(r, user, user_namespace, "/process/user");
}
