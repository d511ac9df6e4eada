/* SPDX-License-Identifier: Apache-2.0 */
/* rule_rootfs.c - the root file system is read-only, and scratch directories stand where programs
 * expect to write and the caller mounts nothing. */
#include "base/path.h"
#include "base/str.h"
#include "policy/rules.h"

enum { PATH_SIZE = 4096 };

/* Whether something is mounted there; *ret_before: the first mount that lies beneath, or the end. A
 * tmpfs must come before what lies beneath it, or it would hide that. */
static bool is_mounted(const struct bw_spec *spec, const char *destination, size_t *ret_before)
{
	char clean[PATH_SIZE];

	*ret_before = spec->mounts.n;
	for (size_t i = spec->mounts.n; i-- > 0;) {
		const struct bw_spec_mount *m = &spec->mounts.v[i];

		if (!m->destination || !bw_path_clean(m->destination, clean, sizeof clean))
			continue;
		if (bw_streq(clean, destination))
			return true;
		if (bw_path_beneath(clean, destination))
			*ret_before = i;
	}
	return false;
}

static void collect_options(
	struct bw_run *r, const struct bw_profile_tmpfs *tmpfs, struct bw_strs *options)
{
	const struct bw_profile_mounts *mounts = r->profile->mounts;
	const struct bw_spec_user *user = r->spec->process ? r->spec->process->user : NULL;

	bw_collect(r, options, "nosuid");
	bw_collect(r, options, "nodev");
	if (mounts && bw_is_on(&mounts->noexec_writable))
		bw_collect(r, options, "noexec");
	bw_collect(r, options, bw_text(r, "mode=%s", tmpfs->mode));
	bw_collect(r, options, bw_text(r, "size=%llu", (unsigned long long)tmpfs->size.v));
	bw_collect(r, options, bw_text(r, "nr_inodes=%llu", (unsigned long long)tmpfs->inodes.v));
	/* A directory that not everybody may write belongs to the container's user, who is not
	 * root. */
	if (user && !bw_has_suffix(tmpfs->mode, "1777") && user->uid.set && user->gid.set) {
		bw_collect(r, options, bw_text(r, "uid=%llu", (unsigned long long)user->uid.v));
		bw_collect(r, options, bw_text(r, "gid=%llu", (unsigned long long)user->gid.v));
	}
}

static void add_tmpfs(struct bw_run *r, const struct bw_profile_tmpfs *tmpfs)
{
	static char type[] = "tmpfs";
	struct bw_spec_mount mount = {
		.destination = tmpfs->destination, .type = type, .source = type};
	const char *pointer;
	size_t index;

	if (is_mounted(r->spec, tmpfs->destination, &index))
		return;
	collect_options(r, tmpfs, &mount.options);
	/* In the middle it moves all that follow: then the place is the list. */
	pointer = index == r->spec->mounts.n ? bw_text(r, "/mounts/%zu", index) : "/mounts";
	bw_insert(r, &r->spec->mounts, index, &mount, sizeof mount,
		bw_text(r, "tmpfs on %s %s", tmpfs->destination, bw_list_text(r, &mount.options)),
		pointer, "programs need room for scratch files on a read-only root");
}

void bw_rule_rootfs(struct bw_run *r)
{
	const struct bw_profile_rootfs *policy = r->profile->rootfs;

	if (!policy || !r->spec->root)
		return;
	if (bw_is_on(&policy->readonly))
		bw_change_bool(r, &r->spec->root->readonly, true, "/root/readonly",
			"what runs must not change what is installed");
	for (size_t i = 0; i < policy->tmpfs.n; i++)
		add_tmpfs(r, &policy->tmpfs.v[i]);
}
