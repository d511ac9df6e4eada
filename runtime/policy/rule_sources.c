/* SPDX-License-Identifier: Apache-2.0 */
/* rule_sources.c - where bind mounts come from, and what else is mounted over. Here a source is
 * judged by its name; the mounts control holds the same list against what the source really is
 * (hardening.checkMounts), since a name can be a link to anything. */
#include "base/path.h"
#include "base/str.h"
#include "policy/rules.h"

enum { PATH_SIZE = 4096 };

static bool is_bind(const struct bw_spec_mount *m)
{
	return bw_streq0(m->type, "bind") || bw_strs_has(&m->options, "bind") ||
	       bw_strs_has(&m->options, "rbind");
}

static bool is_excepted(const struct bw_profile_mounts *policy, const char *path)
{
	for (size_t i = 0; i < policy->except.n; i++)
		if (bw_path_relate(path, policy->except.v[i]) == BW_SAME)
			return true;
	return false;
}

static const char *refused_by(
	const struct bw_profile_mounts *policy, const char *path, enum bw_relation *ret)
{
	for (size_t i = 0; i < policy->refuse.n; i++) {
		*ret = bw_path_relate(path, policy->refuse.v[i]);
		if (*ret != BW_APART)
			return policy->refuse.v[i];
	}
	return NULL;
}

static bool is_listed(const struct bw_profile_mounts *policy, const char *path)
{
	for (size_t i = 0; i < policy->only.n; i++) {
		enum bw_relation how = bw_path_relate(path, policy->only.v[i]);

		if (how == BW_SAME || how == BW_BENEATH)
			return true;
	}
	return false;
}

static void deny_source(struct bw_run *r, size_t i, const char *source, const char *reason)
{
	bw_deny(r, bw_text(r, "/mounts/%zu/source", i), source, reason,
		"mount a directory of its own, or change mounts.refuse, mounts.only or "
		"mounts.except in the policy");
}

static const char *refusal(struct bw_run *r, const char *path)
{
	const struct bw_profile_mounts *policy = r->profile->mounts;
	enum bw_relation how = BW_APART;
	const char *name = strrchr(path, '/') + 1, *listed;

	if (bw_streq(path, "/") && policy->refuse.n)
		return "is the root of the host";
	listed = refused_by(policy, path, &how);
	if (listed && how == BW_ABOVE)
		return bw_text(r, "holds %s, which mounts.refuse of the policy names", listed);
	if (listed)
		return bw_text(r, "%s %s, which mounts.refuse of the policy names",
			how == BW_SAME ? "is" : "lies beneath", listed);
	if (bw_strs_has(&policy->refuse_names, name))
		return "has the name of an engine's socket, which gives the host away";
	if (policy->only.v && !is_listed(policy, path))
		return "lies beneath nothing that mounts.only of the policy names";
	return NULL;
}

/* /var/run is /run on every distribution; the list need not say both. */
static bool clean_source(const char *source, char *clean, size_t size)
{
	char shorter[PATH_SIZE];
	struct bw_buf buf = bw_buf_over(shorter, sizeof shorter);

	if (!bw_path_clean(source, clean, size))
		return false;
	if (!bw_path_beneath(clean, "/var/run"))
		return true;
	bw_buf_add(&buf, clean + strlen("/var"));
	return !buf.overflow && bw_path_clean(shorter, clean, size);
}

static bool climbs(const char *path)
{
	for (; *path; path += strcspn(path, "/"), path += strspn(path, "/"))
		if (strncmp(path, "..", 2) == 0 && (path[2] == '/' || !path[2]))
			return true;
	return false;
}

static void check_bind(struct bw_run *r, size_t i, const char *source)
{
	const struct bw_profile_mounts *policy = r->profile->mounts;
	char clean[PATH_SIZE];
	const char *reason;

	if (source[0] != '/') {
		/* Relative to the bundle, which the engine made. */
		if (climbs(source))
			deny_source(r, i, source, "leaves the bundle by way of \"..\"");
		else if (policy->only.v)
			deny_source(r, i, source,
				"lies beneath nothing that mounts.only of the policy names");
		return;
	}
	if (!clean_source(source, clean, sizeof clean)) {
		deny_source(r, i, source, "is too long for a path");
		return;
	}
	if (is_excepted(policy, clean))
		return;
	reason = refusal(r, clean);
	if (reason)
		deny_source(r, i, source, reason);
}

static void check_type(struct bw_run *r, size_t i, const struct bw_spec_mount *m)
{
	const struct bw_strs *types = &r->profile->mounts->types;

	if (types->v && !bw_strs_has(types, m->type ? m->type : "") && !bw_is_disk_of_ours(r, m))
		bw_deny(r, bw_text(r, "/mounts/%zu/type", i), m->type,
			"is a file system type that mounts.types of the policy does not name",
			"bind a directory that the host has mounted, or name the type in "
			"mounts.types");
}

/* What lxcfs and the like show instead of the kernel's files; and the file systems themselves. */
static bool is_usual_kernel_mount(const struct bw_spec_mount *m, const char *destination)
{
	static const char *const files[] = {"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg",
		"/proc/meminfo", "/proc/net/dev", "/proc/slabinfo", "/proc/stat", "/proc/swaps",
		"/proc/uptime", NULL};
	const char *type = is_bind(m) ? "bind" : m->type ? m->type : "";

	if (bw_streq(destination, "/proc"))
		return bw_streq(type, "proc");
	if (bw_streq(destination, "/sys"))
		return bw_streq(type, "sysfs");
	if (bw_path_beneath(destination, "/sys/fs/cgroup"))
		return bw_streq(type, "cgroup") || bw_streq(type, "cgroup2") ||
		       bw_streq(type, "tmpfs");
	for (size_t i = 0; files[i]; i++)
		if (bw_streq(files[i], destination))
			return bw_streq(type, "bind");
	return false;
}

/* What is hidden and read-only beneath /proc and /sys would be neither in a second one elsewhere.
 */
static bool is_of_kernel(const struct bw_spec_mount *m)
{
	return !is_bind(m) &&
	       (bw_streq0(m->type, "proc") || bw_streq0(m->type, "sysfs") ||
		       bw_streq0(m->type, "cgroup") || bw_streq0(m->type, "cgroup2"));
}

static void check_destination(struct bw_run *r, size_t i, const struct bw_spec_mount *m)
{
	char clean[PATH_SIZE];

	if (!m->destination || !bw_path_clean(m->destination, clean, sizeof clean))
		return;
	if (!bw_path_beneath(clean, "/proc") && !bw_path_beneath(clean, "/sys")) {
		if (is_of_kernel(m))
			bw_deny(r, bw_text(r, "/mounts/%zu/destination", i), m->destination,
				"shows the kernel's own files where nothing of them is masked",
				"mount proc on /proc, sysfs on /sys and cgroups on /sys/fs/cgroup "
				"only");
		return;
	}
	if (!is_usual_kernel_mount(m, clean))
		bw_deny(r, bw_text(r, "/mounts/%zu/destination", i), m->destination,
			"covers the kernel's own files, so that labels and limits could be set on "
			"a fake "
			"(CVE-2019-16884)",
			"mount it elsewhere");
}

static void hold_against_inodes(struct bw_run *r)
{
	static const struct bw_profile_mounts none;
	const struct bw_spec_hardening *h = r->spec->hardening;
	const struct bw_profile_mounts *policy = r->profile->mounts ? r->profile->mounts : &none;
	const struct bw_strs *except = &policy->except;
	struct bw_strs paths = {0};

	if (!h)
		return;
	bw_change_bool(r, &h->check_mounts, true, "/hardening/checkMounts",
		"a source may be a link to what its name hides");
	if (policy->only.v)
		bw_change_bool(r, &h->plain_sources, true, "/hardening/plainSources",
			"mounts.only of the policy judges names, so a name must be the place");
	for (size_t i = 0; bw_is_on(&policy->check_sources) && i < policy->refuse.n; i++)
		bw_collect(r, &paths, policy->refuse.v[i]);
	bw_collect_volumes(r, &paths);
	if (paths.n)
		bw_change_strs(r, &h->refused_sources, &paths, "/hardening/refusedSources",
			"held against what each source really is");
	if (paths.n && except->n)
		bw_change_strs(r, &h->excepted_sources, except, "/hardening/exceptedSources",
			"what the policy lets be mounted all the same");
}

static void check_mounts(struct bw_run *r, const struct bw_profile_mounts *policy)
{
	for (size_t i = 0; i < r->spec->mounts.n; i++) {
		const struct bw_spec_mount *m = &r->spec->mounts.v[i];

		if (!is_bind(m))
			check_type(r, i, m);
		else if (m->source && !bw_is_volume(r, m))
			check_bind(r, i, m->source);
		if (bw_is_on(&policy->guard_kernel))
			check_destination(r, i, m);
	}
}

void bw_rule_mount_sources(struct bw_run *r)
{
	const struct bw_profile_mounts *policy = r->profile->mounts;

	if (policy)
		check_mounts(r, policy);
	if ((policy && bw_is_on(&policy->check_sources)) || (r->profile->workspace && r->profile->workspace->volumes.n))
		hold_against_inodes(r);
}
