/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_delegate.c - a container that may write to its cgroup v2 gets it for its own (runtime-spec config-linux.md,
 * "Cgroup ownership"; cgroup-v2.rst, "Delegation"): the directory and the files that the kernel names for that. Limits
 * are not among them. */
#include "control/cgroup_files.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/spec.h"

enum { MAX_LIST_BYTES = 1 << 16 };

/* What kernels before 4.15, which do not say, have. */
static const char usual_files[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

static bool is_writable(const struct bw_strs *options)
{
	bool writable = true;

	for (size_t i = 0; i < options->n; i++) {
		if (bw_streq(options->v[i], "ro") || bw_streq(options->v[i], "rro"))
			writable = false;
		else if (bw_streq(options->v[i], "rw"))
			writable = true;
	}
	return writable;
}

static bool sees_its_cgroup(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct bw_spec_mount *mount = &spec->mounts.v[i];

		if (mount->type && (bw_streq(mount->type, "cgroup") || bw_streq(mount->type, "cgroup2")) &&
			is_writable(&mount->options))
			return true;
	}
	return false;
}

bool bw_cgroup_owner(const struct bw_spec *spec, uid_t *ret)
{
	const struct bw_spec_id_mappings *maps = spec->linux_ ? &spec->linux_->uid_mappings : NULL;
	uint64_t uid = spec->process && spec->process->user ? spec->process->user->uid.v : 0;

	if (!maps || !bw_spec_has_new_namespace(spec, "user") || !bw_spec_has_new_namespace(spec, "cgroup") ||
		!sees_its_cgroup(spec))
		return false;
	for (size_t i = 0; i < maps->n; i++) {
		const struct bw_spec_id_mapping *map = &maps->v[i];

		if (uid >= map->container_id.v && uid - map->container_id.v < map->size.v) {
			*ret = (uid_t)(map->host_id.v + (uid - map->container_id.v));
			return true;
		}
	}
	return false;
}

/* Not every cgroup has every file. */
static int give_files(int dir, char *list, uid_t uid)
{
	char *name;

	while ((name = strsep(&list, "\n")))
		if (*name && !strchr(name, '/') && fchownat(dir, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno != ENOENT)
			return -errno;
	return 0;
}

int bw_cgroup_delegate(int dir, uid_t uid, struct bw_err *err)
{
	struct bw_err ignored = {0};
	auto_free char *list = NULL;
	int r;

	if (bw_read_file("/sys/kernel/cgroup/delegate", MAX_LIST_BYTES, &list, NULL, &ignored) < 0)
		list = strdup(usual_files);
	if (!list)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "giving the cgroup to its container");
	r = fchown(dir, uid, (gid_t)-1) < 0 ? -errno : give_files(dir, list, uid);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "giving the cgroup to user %u", (unsigned)uid) : 0;
}
