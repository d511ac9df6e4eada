/* SPDX-License-Identifier: Apache-2.0 */
/* rule_identity.c - nothing runs as user or group 0: outside a user namespace that is the host's
 * root, held back only by what other rules took from it. A user namespace into which the host's
 * root is mapped, or whose maps we do not see because it is joined, is as good as none.
 *
 * With "userns" root gets a user namespace instead, whose ids are the container's alone. Which they are is not known
 * here: container/user_range.c takes them. */
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
	else if (bw_streq(r->profile->user->root, "userns"))
		bw_deny(r, pointer, "0", "runs as root without a user namespace of the container's own",
			"user.always of the policy gives one to every container");
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

	if (applies && policy->root && !bw_streq(policy->root, "keep") &&
		!(user_namespace && bw_streq(policy->root, "userns"))) {
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

/* Of an id beyond the range the kernel would only say that it is unmapped. */
static void check_id(struct bw_run *r, uint64_t id, const char *pointer)
{
	if (id >= BW_RANGE_IDS)
		bw_deny(r, pointer, bw_text(r, "%llu", (unsigned long long)id), "has no place in a range of 65536 ids",
			"ids from 0 to 65535 have");
}

static void check_ids(struct bw_run *r, const struct bw_spec_user *user)
{
	check_id(r, user->uid.v, "/process/user/uid");
	check_id(r, user->gid.v, "/process/user/gid");
	for (size_t i = 0; i < user->additional_gids.n; i++)
		check_id(r, user->additional_gids.v[i], bw_text(r, "/process/user/additionalGids/%zu", i));
}

/* Where ids of containers are taken from. By default none is of a system's user, of useradd's subordinate ids (to
 * 600100000), of systemd's containers (to 1879048191), of sssd's mapping (to 2000200000), or of systemd's foreign ids
 * (from 2147352576). */
static const struct bw_profile_range usual = {{.set = true, .v = 2000224256}, {.set = true, .v = 2245}};

static const struct bw_profile_range *range_of(const struct bw_run *r)
{
	return r->profile->user->range ? r->profile->user->range : &usual;
}

static bool is_within(const struct bw_spec_id_mapping *map, const struct bw_profile_range *range)
{
	uint64_t end = range->first.v + range->count.v * BW_RANGE_IDS;

	return map->host_id.v < end && map->host_id.v + map->size.v > range->first.v;
}

/* Of whichever profile: its containers are on the same host. */
static bool is_of_a_range(const struct bw_run *r, const struct bw_spec_id_mapping *map)
{
	const struct bw_profile_ranges *ranges = &r->profile->derived.ranges;

	for (size_t i = 0; i < ranges->n; i++)
		if (is_within(map, &ranges->v[i]))
			return true;
	return is_within(map, range_of(r)) || is_within(map, &usual);
}

/* Who brings maps of his own must not find other containers there. */
static void keep_off_range(struct bw_run *r, const struct bw_spec_id_mappings *mappings, const char *pointer)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct bw_spec_id_mapping *map = &mappings->v[i];

		if (is_of_a_range(r, map))
			bw_deny(r, bw_text(r, "%s/%zu", pointer, i), bw_text(r, "%llu", (unsigned long long)map->host_id.v),
				"maps ids that the policy gives to containers one by one",
				"leave the user namespace out for one with ids of its own");
	}
}

static void take_range(struct bw_run *r)
{
	static const char reason[] = "ids of the host that no other container has";
	const struct bw_profile_user *policy = r->profile->user;
	const struct bw_profile_range *from = range_of(r);
	const struct bw_spec_user_range *range =
		r->spec->hardening ? bw_ensure(r, &r->spec->hardening->user_range) : NULL;

	if (!range)
		return;
	bw_change_uint(r, &range->first, from->first.v, "/hardening/userRange/first", reason);
	bw_change_uint(r, &range->count, from->count.v, "/hardening/userRange/count", reason);
	bw_change_string(r, &range->idmap, policy->idmap ? policy->idmap : "prefer", "/hardening/userRange/idmap",
		"files of the image belong to the container's users");
	if (policy->images.n)
		bw_change_strs(r, &range->images, &policy->images, "/hardening/userRange/images",
			"nothing else is shown with owners that it has not");
}

/* Docker lets every group of the host send pings. The kernel takes no group that the namespace has not. */
static void limit_ping_groups(struct bw_run *r)
{
	const struct bw_pairs *sysctl = &r->spec->linux_->sysctl;
	char name[BW_SYSCTL_NAME_SIZE];

	for (size_t i = 0; i < sysctl->n; i++) {
		const struct bw_pair *pair = &sysctl->v[i];
		uint64_t low, high;

		if (!bw_spec_sysctl_name(pair->key, name) || !bw_streq(name, "net.ipv4.ping_group_range") ||
			bw_parse_word(pair->value, 0, UINT32_MAX, &low) < 0 || bw_parse_word(pair->value, 1, UINT32_MAX, &high) < 0)
			continue;
		if (low < BW_RANGE_IDS && high >= BW_RANGE_IDS)
			bw_change_string(r, &pair->value, bw_text(r, "%llu %d", (unsigned long long)low, BW_RANGE_IDS - 1),
				bw_text(r, "/linux/sysctl/%s", pair->key), "a range has no groups above 65535");
	}
}

/* A user namespace for who would be root of the host, or for everybody. One that the caller asked for stays if it keeps
 * the host's root out, which is to be seen only of one that is new. One that is joined has somebody's ids already. */
static void give_namespace(struct bw_run *r)
{
	static char type[] = "user";
	static const struct bw_spec_user root;
	const struct bw_spec_user *user = r->spec->process->user ? r->spec->process->user : &root;
	const struct bw_spec_linux *lin = bw_ensure(r, &r->spec->linux_);
	struct bw_spec_namespace ns = {.type = type};

	if (!lin || (!bw_is_on(&r->profile->user->always) && !is_zero(&user->uid) && !is_zero(&user->gid) &&
			    !bw_spec_joins_namespace(r->spec, type)))
		return;
	if (bw_spec_namespace(r->spec, type)) {
		if (!bw_has_own_users(r->spec))
			bw_deny(r, "/linux/namespaces", type,
				"has a user namespace that may hold the host's root, or be another container's",
				"leave it out for one with ids of its own");
		return;
	}
	check_ids(r, user);
	bw_insert(r, &lin->namespaces, lin->namespaces.n, &ns, sizeof ns, "{\"type\": \"user\"}",
		bw_text(r, "/linux/namespaces/%zu", lin->namespaces.n), "root inside is nobody outside");
	limit_ping_groups(r);
	take_range(r);
}

void bw_rule_identity(struct bw_run *r)
{
	const struct bw_spec_process *process = r->spec->process;
	const struct bw_spec_user *user;
	bool user_namespace;

	if (!r->profile->user || !process)
		return;
	if (r->profile->user->root && !bw_streq(r->profile->user->root, "keep") &&
		r->spec->linux_) {
		check_maps(r, &r->spec->linux_->uid_mappings, "/linux/uidMappings");
		check_maps(r, &r->spec->linux_->gid_mappings, "/linux/gidMappings");
		keep_off_range(r, &r->spec->linux_->uid_mappings, "/linux/uidMappings");
		keep_off_range(r, &r->spec->linux_->gid_mappings, "/linux/gidMappings");
	}
	if (bw_streq0(r->profile->user->root, "userns"))
		give_namespace(r);
	user_namespace = bw_has_own_users(r->spec);
	user = bw_own_user(r, process, user_namespace);
	if (user)
		bw_harden_user(r, user, user_namespace, "/process/user");
}
