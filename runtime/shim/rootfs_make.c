/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_make.c - bind mounts, file systems, and what all kinds share. A place is a descriptor: what lies on it may be an
 * image's, and no path into it is looked up twice. See mount(2), open_tree(2), mount_setattr(2). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "shim/rootfs_parts.h"

struct bw_fd_path bw_fd_path(int fd)
{
	struct bw_fd_path path;

	snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
	return path;
}

bool bw_rootfs_data_fits(const char *data)
{
	return strlen(data) < (size_t)sysconf(_SC_PAGESIZE);
}

void bw_rootfs_unmount_at(int at, size_t n)
{
	struct bw_fd_path path = bw_fd_path(at);

	/* umount2(2) takes the topmost of what is mounted where the link leads to. */
	while (n-- > 0)
		umount2(path.text, MNT_DETACH);
}

static int do_mount(const struct bw_rootfs_job *job, const char *source, const char *data, struct bw_err *err)
{
	struct bw_fd_path at = bw_fd_path(job->at);

	if (mount(source, at.text, job->mount->type, job->options.flags, data) == 0)
		return 0;
	bw_fail(err, BW_E_KERNEL, errno, "mounting %.200s", source);
	if (err->sys == ENODEV)
		return bw_because(err, "this kernel knows no file system %.40s", job->mount->type);
	if (err->sys == EINVAL)
		(void)bw_hint(err, "the kernel's log may say what it objects to");
	return -1;
}

int bw_rootfs_mount_at(const struct bw_rootfs_job *job, const char *source, const char *directory, const char *data,
	struct bw_err *err)
{
	auto_close int before = -1;
	int r;

	if (!bw_rootfs_data_fits(data))
		return bw_fail(err, BW_E_SPEC, 0, "expected options of less than %ld bytes, found %zu",
			sysconf(_SC_PAGESIZE), strlen(data));
	if (!directory)
		return do_mount(job, source, data, err);
	before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (before < 0 || chdir(directory) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "chdir %s", directory);
	r = do_mount(job, source, data, err);
	/* Whoever comes next may have relative names of its own. */
	if (fchdir(before) < 0 && r == 0) {
		bw_rootfs_unmount_at(job->at, 1);
		return bw_fail(err, BW_E_KERNEL, errno, "chdir back from %s", directory);
	}
	return r;
}

int bw_rootfs_attach(const struct bw_rootfs_job *job, int tree, struct bw_err *err)
{
	if (move_mount(tree, "", job->at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	return bw_fail(err, BW_E_KERNEL, errno, "mounting %.200s on %.200s%s%.100s", job->mount->source,
		job->place->path, *job->place->target ? "/" : "", job->place->target);
}

int bw_rootfs_lift(const struct bw_rootfs_job *job, size_t n, struct bw_err *err)
{
	auto_close int top = bw_rootfs_place_open(job->place, err);
	int tree = -1;

	if (top >= 0) {
		tree = open_tree(top, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
		if (tree < 0)
			bw_fail(err, BW_E_KERNEL, errno, "open_tree %.200s", job->place->path);
	}
	bw_rootfs_unmount_at(job->at, n);
	return tree;
}

/* Of a bind mount only what is asked for is changed: flags that the source's mount has, and that may be locked, stay. */
static int set_flags(int tree, unsigned long flags, struct bw_err *err)
{
	static const struct {
		unsigned long flag;
		uint64_t set, clear;
	} rows[] = {
		{MS_RDONLY, MOUNT_ATTR_RDONLY, 0},
		{MS_NOSUID, MOUNT_ATTR_NOSUID, 0},
		{MS_NODEV, MOUNT_ATTR_NODEV, 0},
		{MS_NOEXEC, MOUNT_ATTR_NOEXEC, 0},
		{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME, 0},
		{MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW, 0},
		/* One of several values; in mount(2)'s order of precedence. */
		{MS_STRICTATIME, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
		{MS_NOATIME, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
		{MS_RELATIME, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	};
	struct mount_attr attr = {0};

	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		if (!(flags & rows[i].flag) || attr.attr_clr & rows[i].clear)
			continue;
		attr.attr_set |= rows[i].set;
		attr.attr_clr |= rows[i].clear;
	}
	if (!attr.attr_set && !attr.attr_clr)
		return 0;
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mount_setattr");
	return 0;
}

/* What is unmounted beneath a mount that is a peer of its source goes there, too. A slave still sees what the host mounts
 * later. */
static int leave_peers(int tree, struct bw_err *err)
{
	struct mount_attr attr = {.propagation = MS_SLAVE};

	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mount_setattr");
	return 0;
}

static int map_ids(const struct bw_rootfs_job *job, int tree, struct bw_err *err)
{
	auto_close int user = -1;

	if (!job->options.uid_map)
		return 0;
	user = bw_rootfs_user_namespace(job, err);
	if (user < 0)
		return -1;
	return bw_rootfs_map_ids(tree, job->options.recursive, user, job->mount->source, err);
}

/* A source that is not absolute would be looked up in our own working directory. */
static int check_source(const char *source, struct bw_err *err)
{
	if (source[0] != '/')
		return bw_fail(err, BW_E_SPEC, 0, "source: expected an absolute path, found \"%.200s\"", source);
	return 0;
}

int bw_rootfs_bind(const struct bw_rootfs_job *job, struct bw_err *err)
{
	const char *source = job->mount->source;
	auto_close int tree = -1;

	if (check_source(source, err) < 0)
		return -1;
	tree = open_tree(AT_FDCWD, source,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (job->options.recursive ? AT_RECURSIVE : 0U));
	if (tree < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "source %.300s", source);
	if (leave_peers(tree, err) < 0 || map_ids(job, tree, err) < 0 || set_flags(tree, job->options.flags, err) < 0)
		return -1;
	return bw_rootfs_attach(job, tree, err);
}

static int remap(const struct bw_rootfs_job *job, struct bw_err *err)
{
	auto_close int tree = -1;

	if (!job->options.uid_map)
		return 0;
	tree = bw_rootfs_lift(job, 1, err);
	if (tree < 0 || map_ids(job, tree, err) < 0)
		return -1;
	return bw_rootfs_attach(job, tree, err);
}

int bw_rootfs_file_system(const struct bw_rootfs_job *job, struct bw_err *err)
{
	const char *data = bw_rootfs_options_data(&job->options, NULL, job->arena), *source = job->mount->source;
	auto_close int loop = -1;
	char device[32];

	if (!data)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "options of a mount");
	if (job->options.loop) {
		if (check_source(source, err) < 0)
			return -1;
		loop = bw_rootfs_loop(job, device, sizeof device, err);
		if (loop < 0)
			return -1;
		source = device;
	}
	if (bw_rootfs_mount_at(job, source, NULL, data, err) < 0)
		return job->options.loop ? bw_because(err, "the image is %.200s", job->mount->source) : -1;
	return remap(job, err);
}
