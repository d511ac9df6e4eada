/* SPDX-License-Identifier: Apache-2.0 */
/* mount_source.c - a source is judged by what it is: a symlink to the engine's socket, or another
 * bind of it, is still the engine's socket. The policy has judged the name before. */
#include "control/mount_source.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "spec/spec.h"

/* One bind mount that is being judged. */
struct judgement {
	const struct bw_request *request;
	const struct bw_refused_sources *refused;
	const char *source;
	size_t index;
};

static const struct {
	uint32_t magic;
	const char *name;
} kernel_filesystems[] = {
	{PROC_SUPER_MAGIC, "procfs"},
	{SYSFS_MAGIC, "sysfs"},
	{CGROUP_SUPER_MAGIC, "cgroup"},
	{CGROUP2_SUPER_MAGIC, "cgroup2"},
	{DEBUGFS_MAGIC, "debugfs"},
	{TRACEFS_MAGIC, "tracefs"},
	{SECURITYFS_MAGIC, "securityfs"},
	{BPF_FS_MAGIC, "bpf"},
	{PSTOREFS_MAGIC, "pstore"},
	{EFIVARFS_MAGIC, "efivarfs"},
	{NSFS_MAGIC, "nsfs"},
	{SELINUX_MAGIC, "selinuxfs"},
	{0x62656570, "configfs"},
	{0x42494e4d, "binfmt_misc"},
	{0x19800202, "mqueue"},
	{HUGETLBFS_MAGIC, "hugetlbfs"},
};

static int deny(const struct judgement *j, const char *what, struct bw_err *err)
{
	bw_fail(err, BW_E_DENIED, 0, "/mounts/%zu/source: the policy refuses to share %s: it is %s",
		j->index, j->source, what);
	snprintf(err->rule, sizeof err->rule, "mounts.source");
	return bw_at(err, "/mounts/%zu/source", j->index);
}

const char *bw_kernel_filesystem(uint32_t magic)
{
	for (size_t i = 0; i < BW_COUNT(kernel_filesystems); i++)
		if (kernel_filesystems[i].magic == magic)
			return kernel_filesystems[i].name;
	return NULL;
}

static int examine(const struct judgement *j, int fd, bool writable, char *real, size_t size, struct bw_err *err)
{
	char link[64];
	const char *found;
	struct statfs fs;
	struct stat st;
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, real, size - 1);
	if (len < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the mount source %s", j->source);
	real[len] = '\0';
	if (S_ISSOCK(st.st_mode))
		return deny(j, "a socket", err);
	if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		return deny(j, "a device", err);
	found = bw_kernel_filesystem((uint32_t)fs.f_type);
	if (found)
		return deny(j, found, err);
	found = bw_refused_sources_find(j->refused, fd, real, &st, writable);
	return found ? deny(j, found, err) : 0;
}

/* rbind takes along what is mounted below: a socket or a procfs there is shared as if it had been
 * named. */
static int check_submounts(const struct judgement *j, const char *real, bool writable, struct bw_err *err)
{
	const struct bw_mounts *mounts = &j->refused->mounts;
	char below[PATH_MAX];

	for (size_t i = 0; i < mounts->n; i++) {
		const char *place = mounts->v[i].point;
		auto_close int fd = -1;

		if (!bw_path_beneath(place, real) || bw_streq(place, real))
			continue;
		fd = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		/* Gone, or hidden under another mount: then it is not taken along either. */
		if (fd >= 0 && examine(j, fd, writable, below, sizeof below, err) < 0)
			return -1;
	}
	return 0;
}

/* Where the source lies in the container's own tree: its path in there, in ret. It need not be there yet, as an earlier
 * mount may bring it. */
static bool in_own_tree(const struct bw_request *request, const char *source, char *ret, size_t size)
{
	char rootfs[PATH_MAX], path[PATH_MAX], joined[PATH_MAX];
	const char *top = *source == '/' ? "" : request->bundle, *root = request->spec->root->path;
	int n = snprintf(joined, sizeof joined, "%s/%s", *root == '/' ? "" : request->bundle, root);

	if (n >= (int)sizeof joined || !realpath(joined, rootfs))
		return false;
	n = snprintf(joined, sizeof joined, "%s/%s", top, source);
	if (n >= (int)sizeof joined || (!realpath(joined, path) && !bw_path_clean(joined, path, sizeof path)))
		return false;
	return !bw_streq(rootfs, "/") && bw_path_beneath(path, rootfs) &&
	       bw_path_clean(path + strlen(rootfs), ret, size);
}

/* Whether an earlier entry mounts something on path, above it, or, where that is taken along, below. */
static bool is_mounted_before(const struct bw_request *request, size_t index, const char *path, bool recursive)
{
	char clean[PATH_MAX];

	for (size_t i = 0; i < index; i++)
		if (bw_path_clean(request->spec->mounts.v[i].destination, clean, sizeof clean) &&
			(bw_path_beneath(path, clean) || (recursive && bw_path_beneath(clean, path))))
			return true;
	return false;
}

int bw_mount_source_open(const struct bw_request *request, int bundle, const char *source,
	size_t index, struct bw_err *err)
{
	const struct judgement j = {.request = request, .source = source, .index = index};
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_spec_volume *volume = bw_mount_source_volume(request, source);
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	int fd;

	if (volume)
		return bw_mount_volume_open(request, volume, index, err);
	if (hardening && hardening->plain_sources.v)
		how.resolve = RESOLVE_NO_SYMLINKS;
	fd = bw_openat2(bundle, source, &how);
	if (fd >= 0)
		return fd;
	if (errno == ELOOP && how.resolve)
		return deny(&j,
			"reached through a symbolic link, so that its name is not its place", err);
	bw_fail(err, BW_E_SPEC, errno, "error mounting \"%s\" to rootfs at \"%s\"", source,
		request->spec->mounts.v[index].destination);
	return bw_at(err, "/mounts/%zu/source", index);
}

/* No list of what is refused is no leave: a source that is to be checked and cannot be is no source. */
static int check_unchecked(const struct bw_request *request, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	if (!hardening || !hardening->check_mounts.v)
		return 0;
	return bw_fail(err, BW_E_INTERNAL, 0, "mounts: a source was not checked");
}

int bw_mount_source_check(const struct bw_request *request, const struct bw_refused_sources *refused, int fd,
	const char *source, const struct bw_mount_options *options, size_t index, struct bw_err *err)
{
	const struct judgement j = {.request = request, .refused = refused, .source = source, .index = index};
	bool writable_below = !(options->rec_set & MOUNT_ATTR_RDONLY);
	bool writable = writable_below && !(options->set & MOUNT_ATTR_RDONLY);
	char real[PATH_MAX];

	if (!refused)
		return check_unchecked(request, err);
	if (examine(&j, fd, writable, real, sizeof real, err) < 0)
		return -1;
	return options->recursive ? check_submounts(&j, real, writable_below, err) : 0;
}

int bw_mount_source_own_tree(const struct bw_request *request, const struct bw_refused_sources *refused, size_t index,
	const struct bw_mount_options *options, char *ret, size_t size, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &request->spec->mounts.v[index];
	bool mounted;

	if (!refused && check_unchecked(request, err) < 0)
		return -1;
	if (!in_own_tree(request, mount->source, ret, size))
		return 0;
	mounted = is_mounted_before(request, index, ret, options->recursive);
	if (mounted && refused) {
		const struct judgement j = {.request = request, .source = mount->source, .index = index};

		return deny(&j, "in the container's own tree, where an earlier entry is mounted", err);
	}
	/* What of the image the root of a user namespace may not reach, we do; and a map of ids wants nothing of the
	 * child where it need not. */
	return !refused &&
	       (mounted || !(options->idmap || mount->uid_mappings.n || bw_spec_namespace(request->spec, "user")));
}
