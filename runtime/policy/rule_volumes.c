/* SPDX-License-Identifier: Apache-2.0 */
/* rule_volumes.c - directories of the host that outlive a container, one for each tenant: the container's tenant gets its
 * own, and no bind leads to another's. Here they are names; the mounts control looks at what they are, as it mounts them. */
#include "base/path.h"
#include "base/str.h"
#include "policy/rules.h"

#include <stdlib.h>

enum { PATH_SIZE = 4096, USUAL_MODE = 0750 };

static const char *source_of(struct bw_run *r, const struct bw_profile_volume *volume)
{
	return bw_text(r, "%s/%s", volume->source, r->spec->hardening->tenant);
}

static void collect_options(struct bw_run *r, const struct bw_profile_volume *volume, struct bw_strs *options)
{
	static const char *const always[] = {"bind", "nosuid", "nodev", "noexec", "nosymfollow", NULL};

	for (size_t i = 0; always[i]; i++)
		bw_collect(r, options, always[i]);
	if (bw_is_on(&volume->readonly))
		bw_collect(r, options, "ro");
}

static bool is_this(struct bw_run *r, const struct bw_profile_volume *volume, const struct bw_spec_mount *m)
{
	struct bw_strs options = {0};

	if (!bw_streq0(m->destination, volume->destination) || !bw_streq0(m->type, "bind") ||
		!bw_streq0(m->source, source_of(r, volume)) || m->uid_mappings.n || m->gid_mappings.n)
		return false;
	collect_options(r, volume, &options);
	for (size_t i = 0; i < options.n; i++)
		if (i >= m->options.n || !bw_streq(options.v[i], m->options.v[i]))
			return false;
	return m->options.n == options.n;
}

bool bw_is_volume(struct bw_run *r, const struct bw_spec_mount *m)
{
	const struct bw_profile_workspace *policy = r->profile->workspace;

	if (!policy || !r->spec->hardening || !r->spec->hardening->tenant)
		return false;
	for (size_t i = 0; i < policy->volumes.n; i++)
		if (is_this(r, &policy->volumes.v[i], m))
			return true;
	return false;
}

void bw_collect_volumes(struct bw_run *r, struct bw_strs *list)
{
	const struct bw_profile_workspace *policy = r->profile->workspace;

	for (size_t i = 0; policy && i < policy->volumes.n; i++)
		if (!bw_strs_has(list, policy->volumes.v[i].source))
			bw_collect(r, list, policy->volumes.v[i].source);
}

/* ---- the caller's own mounts ---- */

/* Whether path is among the tenants' directories of volume; *ret_own: in that of the container's own tenant. */
static bool is_among(struct bw_run *r, const struct bw_profile_volume *volume, const char *path, bool *ret_own)
{
	*ret_own = bw_path_beneath(path, source_of(r, volume));
	return bw_path_beneath(path, volume->source);
}

static void check_bind(struct bw_run *r, size_t index, const struct bw_profile_volume *volume, const char *path)
{
	const struct bw_spec_mount *m = &r->spec->mounts.v[index];
	struct bw_strs options = {0};
	bool own;

	if (!is_among(r, volume, path, &own))
		return;
	if (!own) {
		bw_deny(r, bw_text(r, "/mounts/%zu/source", index), m->source,
			bw_text(r, "lies in %s, where it is not the tenant's own", volume->source),
			"workspace.volumes of the policy has a directory there for each tenant");
		return;
	}
	for (size_t i = 0; i < m->options.n; i++)
		bw_collect(r, &options, m->options.v[i]);
	bw_restrict_volume(r, m, &options);
	bw_change_strs(r, &m->options, &options, bw_text(r, "/mounts/%zu/options", index),
		"what an earlier session has left behind must not give a later one anything");
}

/* What the kernel makes up has nobody's files in it. Of all else (an overlay, a disk) only who mounts it knows what it
 * shows. */
static void check_type(struct bw_run *r, size_t index)
{
	static const char *const types[] = {"proc", "sysfs", "tmpfs", "ramfs", "devpts", "mqueue", "cgroup", "cgroup2", NULL};
	const struct bw_spec_mount *m = &r->spec->mounts.v[index];

	for (size_t i = 0; types[i]; i++)
		if (bw_streq0(m->type, types[i]))
			return;
	if (!bw_is_disk_of_ours(r, m))
		bw_deny(r, bw_text(r, "/mounts/%zu/type", index), m->type,
			"is a file system that could show directories of workspace.volumes, whose ever they are",
			"bind a directory that the host has mounted");
}

static bool is_bind(const struct bw_spec_mount *m)
{
	return bw_streq0(m->type, "bind") || bw_strs_has(&m->options, "bind") || bw_strs_has(&m->options, "rbind");
}

static void check_mounts(struct bw_run *r)
{
	const struct bw_profile_workspace *policy = r->profile->workspace;
	char clean[PATH_SIZE];

	for (size_t i = 0; i < r->spec->mounts.n; i++) {
		const struct bw_spec_mount *m = &r->spec->mounts.v[i];

		if (bw_strs_has(&m->options, "remount"))
			bw_deny(r, bw_text(r, "/mounts/%zu/options", i), "remount",
				"could give a tenant's directory options that workspace.volumes of the policy takes away",
				"give the entry before the options");
		else if (!is_bind(m))
			check_type(r, i);
		if (!is_bind(m) || !m->source || m->source[0] != '/' || bw_is_volume(r, m) ||
			!bw_path_clean(m->source, clean, sizeof clean))
			continue;
		for (size_t k = 0; k < policy->volumes.n; k++)
			check_bind(r, i, &policy->volumes.v[k], clean);
	}
}

/* ---- the policy's own ---- */

static bool is_recorded(const struct bw_spec_hardening *h, const char *source)
{
	for (size_t i = 0; i < h->volumes.n; i++)
		if (bw_streq(h->volumes.v[i].source, source))
			return true;
	return false;
}

/* How the directory must be is said once for each; exec and a second run find it there. */
static void record(struct bw_run *r, const struct bw_profile_volume *volume, const char *source)
{
	static const struct bw_spec_user root = {.uid = {true, 0}, .gid = {true, 0}};
	const struct bw_spec_hardening *h = r->spec->hardening;
	const struct bw_spec_user *user = r->spec->process && r->spec->process->user ? r->spec->process->user : &root;
	struct bw_spec_volume entry = {
		.source = (char *)(uintptr_t)source,
		.uid = {true, volume->uid.set ? volume->uid.v : user->uid.v},
		.gid = {true, volume->gid.set ? volume->gid.v : user->gid.v},
		.mode = {true, volume->mode ? strtoul(volume->mode, NULL, 8) : USUAL_MODE},
		.create = volume->create,
	};

	if (!is_recorded(h, source))
		bw_insert(r, &h->volumes, h->volumes.n, &entry, sizeof entry,
			bw_text(r, "%s of %llu:%llu, mode %04llo", source, (unsigned long long)entry.uid.v,
				(unsigned long long)entry.gid.v, (unsigned long long)entry.mode.v),
			bw_text(r, "/hardening/volumes/%zu", h->volumes.n), "looked at as it is mounted");
}

static void add(struct bw_run *r, const struct bw_profile_volume *volume)
{
	static char type[] = "bind";
	const char *source = source_of(r, volume);
	struct bw_spec_mount mount = {
		.destination = volume->destination, .type = type, .source = (char *)(uintptr_t)source};
	size_t index;

	record(r, volume, source);
	for (size_t i = 0; i < r->spec->mounts.n; i++)
		if (is_this(r, volume, &r->spec->mounts.v[i]))
			return;
	if (bw_is_mounted(r->spec, volume->destination, &index)) {
		bw_deny(r, "/mounts", volume->destination,
			"is where workspace.volumes of the policy mounts the tenant's directory",
			"mount something elsewhere");
		return;
	}
	collect_options(r, volume, &mount.options);
	bw_insert(r, &r->spec->mounts, index, &mount, sizeof mount,
		bw_text(r, "bind of %s on %s %s", source, volume->destination, bw_list_text(r, &mount.options)),
		index == r->spec->mounts.n ? bw_text(r, "/mounts/%zu", index) : "/mounts",
		"files of the tenant that outlive a session");
}

void bw_rule_volumes(struct bw_run *r)
{
	const struct bw_profile_workspace *policy = r->profile->workspace;
	const struct bw_spec_hardening *h = r->spec->hardening;
	struct bw_strs own = {0};

	if (!policy || !policy->volumes.n || !h || !r->spec->root)
		return;
	if (!h->tenant) {
		bw_deny(r, "/annotations", NULL,
			"nobody says whose the container is, and workspace.volumes of the policy is about tenants",
			"annotations.tenant of the policy lets the annotation org.bulwark.tenant say it");
		return;
	}
	if (bw_spec_namespace(r->spec, "user")) {
		bw_deny(r, "/linux/namespaces", "user",
			"gives other ids than those that own the directories of workspace.volumes", NULL);
		return;
	}
	check_mounts(r);
	for (size_t i = 0; i < policy->volumes.n; i++) {
		bw_collect(r, &own, source_of(r, &policy->volumes.v[i]));
		add(r, &policy->volumes.v[i]);
	}
	bw_change_strs(r, &h->own_sources, &own, "/hardening/ownSources", "a tenant's own, of what is kept from the others");
	bw_change_bool(r, &h->plain_sources, true, "/hardening/plainSources",
		"whose a directory is goes by its name, so a name must be the place");
}
