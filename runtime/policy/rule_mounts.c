/* SPDX-License-Identifier: Apache-2.0 */
/* rule_mounts.c - the options of every mount: no set-user-id programs, no devices, no propagation;
 * kernel file systems read-only; noexec where it is writable if the profile says so. What is asked
 * for and stricter stays. */
#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "policy/rules.h"

static bool is_any(const char *text, const char *const *names)
{
	for (; *names; names++)
		if (bw_streq(text, *names))
			return true;
	return false;
}

static bool has_any(const struct bw_strs *options, const char *const *names)
{
	for (size_t i = 0; i < options->n; i++)
		if (is_any(options->v[i], names))
			return true;
	return false;
}

/* A restriction: the option, its recursive form, and the options that would undo it. */
static const struct restriction {
	const char *option, *recursive;
	const char *undo[5];
} nosuid = {"nosuid", "rnosuid", {"suid", "rsuid", NULL}},
  nodev = {"nodev", "rnodev", {"dev", "rdev", NULL}},
  noexec = {"noexec", "rnoexec", {"exec", "rexec", NULL}},
  nosymfollow = {"nosymfollow", "rnosymfollow", {"symfollow", "rsymfollow", NULL}},
  readonly = {"ro", "rro", {"rw", "rrw", NULL}};

/* Brings options to where the restriction holds. A recursive bind can carry mounts of the host
 * along, so it gets the recursive form. */
static void restrict_to(
	struct bw_run *r, struct bw_strs *options, const struct restriction *to, bool recursive)
{
	const char *wanted = recursive ? to->recursive : to->option;
	const char *const present[] = {wanted, recursive ? NULL : to->recursive, NULL};
	struct bw_strs kept = {0};

	if (has_any(options, present) && !has_any(options, to->undo))
		return;
	for (size_t i = 0; i < options->n; i++)
		if (!is_any(options->v[i], to->undo))
			bw_collect(r, &kept, options->v[i]);
	if (!has_any(&kept, present))
		bw_collect(r, &kept, wanted);
	*options = kept;
}

void bw_make_noexec(struct bw_run *r, const struct bw_spec_mount *m, struct bw_strs *options)
{
	restrict_to(r, options, &noexec, bw_strs_has(&m->options, "rbind"));
}

void bw_restrict_volume(struct bw_run *r, const struct bw_spec_mount *m, struct bw_strs *options)
{
	const struct restriction *const all[] = {&nosuid, &nodev, &noexec, &nosymfollow};

	for (size_t i = 0; i < BW_COUNT(all); i++)
		restrict_to(r, options, all[i], bw_strs_has(&m->options, "rbind"));
}

static void make_private(struct bw_run *r, struct bw_strs *options)
{
	static const char *const spreading[] = {"shared", "rshared", "slave", "rslave", NULL};
	struct bw_strs kept = {0};

	if (!has_any(options, spreading))
		return;
	for (size_t i = 0; i < options->n; i++)
		if (!is_any(options->v[i], spreading))
			bw_collect(r, &kept, options->v[i]);
	bw_collect(r, &kept, "rprivate");
	*options = kept;
}

static bool is_type(const struct bw_spec_mount *m, const char *type)
{
	return bw_streq0(m->type, type);
}

/* /dev and /dev/pts are where device nodes belong. */
static bool needs_devices(const struct bw_spec_mount *m)
{
	return is_type(m, "devpts") || (is_type(m, "tmpfs") && bw_streq0(m->destination, "/dev"));
}

static bool is_read_only(const struct bw_strs *options)
{
	static const char *const read_only[] = {"ro", "rro", NULL};

	return has_any(options, read_only) && !has_any(options, readonly.undo);
}

static void harden_options(struct bw_run *r, const struct bw_spec_mount *m, struct bw_strs *options)
{
	const struct bw_profile_mounts *policy = r->profile->mounts;
	bool recursive = bw_strs_has(&m->options, "rbind");

	if (bw_is_on(&policy->private_))
		make_private(r, options);
	if (bw_is_on(&policy->nosuid_nodev)) {
		restrict_to(r, options, &nosuid, recursive);
		if (!needs_devices(m))
			restrict_to(r, options, &nodev, recursive);
	}
	if (bw_is_on(&policy->readonly_kernel) &&
		(is_type(m, "sysfs") || is_type(m, "cgroup") || is_type(m, "cgroup2")))
		restrict_to(r, options, &readonly, false);
	/* A read-only bind that is recursive may still hold writable mounts: only rro says that
	 * none is. */
	if (bw_is_on(&policy->noexec_writable) && !bw_is_workspace_for_programs(r, m) &&
		(!is_read_only(options) || (recursive && !bw_strs_has(options, "rro"))))
		restrict_to(r, options, &noexec, recursive);
}

/* The container's user would write to the host as the owner that the map gives it, root of the host included: a
 * program that it leaves there set-user-id is that owner's. */
static void check_ids(struct bw_run *r, size_t index)
{
	const struct bw_spec_mount *m = &r->spec->mounts.v[index];

	if (m->uid_mappings.n || bw_strs_has(&m->options, "idmap") || bw_strs_has(&m->options, "ridmap"))
		bw_deny(r, bw_text(r, "/mounts/%zu", index), NULL,
			"has mapped ids, which let the container write as other users of the host",
			"mounts.mappedIds of the policy can allow it");
}

/* It would undo what was decided for the entry before, or for the rest of a file system that the host has, too. */
static void check_remount(struct bw_run *r, size_t index)
{
	if (bw_strs_has(&r->spec->mounts.v[index].options, "remount"))
		bw_deny(r, bw_text(r, "/mounts/%zu/options", index), "remount",
			"changes what an earlier entry has mounted",
			"give that entry the options");
}

static bool looks_at_options(const struct bw_profile_mounts *policy)
{
	return bw_is_on(&policy->private_) || bw_is_on(&policy->nosuid_nodev) || bw_is_on(&policy->readonly_kernel) ||
	       bw_is_on(&policy->noexec_writable) || bw_is_on(&policy->check_sources);
}

void bw_rule_mounts(struct bw_run *r)
{
	const struct bw_profile_mounts *policy = r->profile->mounts;

	if (!policy)
		return;
	if (bw_is_on(&policy->nosuid_nodev) && r->spec->hardening)
		bw_change_bool(r, &r->spec->hardening->restrict_rootfs, true, "/hardening/restrictRootfs",
			"the image can hold setuid programs and device nodes");
	for (size_t i = 0; i < r->spec->mounts.n; i++) {
		const struct bw_spec_mount *m = &r->spec->mounts.v[i];
		struct bw_strs options = {0};

		if (bw_streq0(policy->mapped_ids, "refuse"))
			check_ids(r, i);
		if (looks_at_options(policy))
			check_remount(r, i);
		for (size_t k = 0; k < m->options.n; k++)
			bw_collect(r, &options, m->options.v[k]);
		harden_options(r, m, &options);
		if (options.n || m->options.n)
			bw_change_strs(r, &m->options, &options,
				bw_text(r, "/mounts/%zu/options", i),
				bw_text(r, "what is mounted on %s must not give privileges",
					m->destination ? m->destination : "?"));
	}
	if (bw_is_on(&policy->private_) && r->spec->linux_)
		bw_change_string(r, &r->spec->linux_->rootfs_propagation, "private",
			"/linux/rootfsPropagation",
			"mounts must not spread between host and container");
}
