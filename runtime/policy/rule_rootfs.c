/* SPDX-License-Identifier: Apache-2.0 */
/* rule_rootfs.c - the root file system is read-only, and scratch directories stand where programs
 * expect to write and the caller mounts nothing; and a workspace that is the container's user's own. */
#include "base/path.h"
#include "base/str.h"
#include "policy/rules.h"

enum { PATH_SIZE = 4096 };

bool bw_is_mounted(const struct bw_spec *spec, const char *destination, size_t *ret_before)
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
	struct bw_run *r, const struct bw_profile_tmpfs *tmpfs, bool exec, struct bw_strs *options)
{
	const struct bw_profile_mounts *mounts = r->profile->mounts;
	const struct bw_profile_programs *programs = r->profile->programs;
	const struct bw_spec_user *user = r->spec->process ? r->spec->process->user : NULL;

	bw_collect(r, options, "nosuid");
	bw_collect(r, options, "nodev");
	if (!exec && ((mounts && bw_is_on(&mounts->noexec_writable)) || (programs && bw_is_on(&programs->noexec))))
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

/* A tmpfs, or the disk that control/scratch.c makes of it. */
static struct bw_spec_mount mount_of(const struct bw_profile_tmpfs *tmpfs, bool disk)
{
	static char memory[] = "tmpfs", type[] = "ext4", source[] = "bulwark-scratch";

	return (struct bw_spec_mount){
		.destination = tmpfs->destination, .type = disk ? type : memory, .source = disk ? source : memory};
}

/* False: the caller has something there, which stays. */
static bool add_scratch(struct bw_run *r, const struct bw_profile_tmpfs *tmpfs, bool exec, bool disk, const char *reason)
{
	struct bw_spec_mount mount = mount_of(tmpfs, disk);
	const char *pointer;
	size_t index;

	if (bw_is_mounted(r->spec, tmpfs->destination, &index))
		return false;
	collect_options(r, tmpfs, exec, &mount.options);
	/* In the middle it moves all that follow: then the place is the list. */
	pointer = index == r->spec->mounts.n ? bw_text(r, "/mounts/%zu", index) : "/mounts";
	bw_insert(r, &r->spec->mounts, index, &mount, sizeof mount,
		bw_text(r, "%s on %s %s", mount.type, tmpfs->destination, bw_list_text(r, &mount.options)),
		pointer, reason);
	return true;
}

/* NULL: the names that it has are missing. */
static const char *place_of_workspace(struct bw_run *r, const struct bw_profile_workspace *policy)
{
	const struct bw_spec_hardening *h = r->spec->hardening;
	const char *destination = policy->destination ? policy->destination : "/workspace";

	if (!bw_is_on(&policy->per_session))
		return destination;
	return h && h->tenant && h->session ? bw_text(r, "%s/%s/%s", destination, h->tenant, h->session) : NULL;
}

/* The workspace of the policy as the tmpfs that it is; without a destination where that is not known. */
static struct bw_profile_tmpfs workspace_of(struct bw_run *r, const struct bw_profile_workspace *policy)
{
	static char mode[] = "0750";
	static const struct bw_opt_uint size = {true, 1ULL << 31}, inodes = {true, 1 << 18};

	return (struct bw_profile_tmpfs){
		.destination = (char *)(uintptr_t)place_of_workspace(r, policy),
		.size = policy->size.set ? policy->size : size,
		.inodes = policy->inodes.set ? policy->inodes : inodes,
		.mode = mode,
	};
}

bool bw_is_disk_of_ours(struct bw_run *r, const struct bw_spec_mount *m)
{
	const struct bw_spec_hardening *h = r->spec->hardening;

	return h && h->scratch && bw_streq0(m->destination, h->workspace);
}

/* The caller's own mount in its place, and be it a tmpfs, too, has what every mount has. */
bool bw_is_workspace_for_programs(struct bw_run *r, const struct bw_spec_mount *m)
{
	const struct bw_profile_workspace *policy = r->profile->workspace;
	struct bw_profile_tmpfs tmpfs;
	struct bw_strs options = {0};

	if (!policy || !bw_is_on(&policy->exec))
		return false;
	tmpfs = workspace_of(r, policy);
	if (!tmpfs.destination || !bw_streq0(m->destination, tmpfs.destination) ||
		(!bw_streq0(m->type, "tmpfs") && !bw_is_disk_of_ours(r, m)))
		return false;
	collect_options(r, &tmpfs, true, &options);
	for (size_t i = 0; i < options.n; i++)
		if (i >= m->options.n || !bw_streq(options.v[i], m->options.v[i]))
			return false;
	return m->options.n == options.n;
}

static void deny_nameless(struct bw_run *r)
{
	const struct bw_spec_hardening *h = r->spec->hardening;

	bw_deny(r, "/annotations", NULL,
		bw_text(r, "nobody says %s, and workspace.perSession of the policy puts the workspace beneath that name",
			h->tenant    ? "which session it is"
			: h->session ? "whose the container is"
				     : "whose the container is, nor which session it is"),
		"annotations.tenant and annotations.session of the policy let annotations say it");
}

/* The usual number where the profile has none. */
static void limit_stage(struct bw_run *r, const struct bw_opt_uint *member, const struct bw_opt_uint *limit, uint64_t usual,
	const char *pointer)
{
	bw_change_uint(r, member, limit && limit->set ? limit->v : usual, pointer, "what is brought in has an end");
}

static void decide_stage(struct bw_run *r)
{
	static const struct bw_profile_stage none;
	const struct bw_profile_stage *policy = r->profile->stage ? r->profile->stage : &none;
	const struct bw_spec_stage *stage = bw_ensure(r, &r->spec->hardening->stage);

	if (!stage)
		return;
	limit_stage(r, &stage->file_bytes, &policy->file_bytes, 1 << 20, "/hardening/stage/fileBytes");
	limit_stage(r, &stage->files, &policy->files, 1000, "/hardening/stage/files");
	limit_stage(r, &stage->bytes, &policy->bytes, 64 << 20, "/hardening/stage/bytes");
	if (policy->patterns.n)
		bw_change_strs(r, &stage->patterns, &policy->patterns, "/hardening/stage/patterns",
			"somebody may want to look");
}

void bw_rule_workspace(struct bw_run *r)
{
	const struct bw_profile_workspace *policy = r->profile->workspace;
	const struct bw_spec_process *process = r->spec->process;
	struct bw_profile_tmpfs tmpfs;
	bool ours;

	if (!policy || !r->spec->root || !r->spec->hardening)
		return;
	tmpfs = workspace_of(r, policy);
	if (!tmpfs.destination) {
		deny_nameless(r);
		return;
	}
	ours = add_scratch(r, &tmpfs, bw_is_on(&policy->exec), policy->disk,
		bw_is_on(&policy->exec) ? "room for a session's files; weaker than without workspace.exec: native code "
					  "can be loaded from it, and "
					  "only Landlock or an LSM still keeps programs in it from being executed"
					: "room for a session's files, which are data and source text: native code "
					  "cannot be loaded from it");
	if (ours && process && bw_is_on(&policy->cwd) && bw_streq0(process->cwd, "/"))
		bw_change_string(r, &process->cwd, tmpfs.destination, "/process/cwd", "programs write where they begin");
	bw_change_string(r, &r->spec->hardening->workspace, tmpfs.destination, "/hardening/workspace",
		"a session's files are not swapped out where the kernel can do without");
	decide_stage(r);
	if (ours && policy->disk)
		bw_change_string(r, &r->spec->hardening->scratch, policy->disk->directory, "/hardening/scratch",
			"a session's files lie on a disk, under a key that ends with the container");
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
		(void)add_scratch(r, &policy->tmpfs.v[i], false, false,
			"programs need room for scratch files on a read-only root");
}
