/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_mounts.c - the list from its beginning to its end, and back when something goes wrong. The path of the root file
 * system is containerd's, but for its last name; what lies beneath it is the image's, and is entered by openat2(2) alone. */
#include "shim/rootfs_mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "shim/rootfs_parts.h"

/* MAX_ROUNDS: of unmounting; more than a kernel lets be mounted in one namespace (fs.mount-max). */
enum { MAX_MOUNTS = 128, MAX_ROUNDS = 1 << 17, MOUNTINFO_MAX = 64 << 20 };

/* The root file system's directory: name in parent. */
struct root {
	int parent;
	char path[PATH_MAX]; /* as given, clean */
	const char *name;
	bool made;
};
#define ROOT_INIT {.parent = -1}
#define auto_root __attribute__((cleanup(root_end)))

static void root_end(struct root *root)
{
	if (root->parent >= 0)
		close(root->parent);
}

/* 0: there it is, or could be; 1: its parent is missing; -1. The directories above may be links, which are the host's. */
static int root_find(const char *path, struct root *ret, struct bw_err *err)
{
	char above[PATH_MAX];
	char *slash;

	if (path[0] != '/' || !bw_path_clean(path, ret->path, sizeof ret->path) || bw_streq(ret->path, "/"))
		return bw_fail(err, BW_E_SPEC, 0, "expected the absolute path of a directory, found \"%.200s\"", path);
	slash = strrchr(ret->path, '/');
	ret->name = slash + 1;
	snprintf(above, sizeof above, "%.*s/", (int)(slash - ret->path), ret->path);
	ret->parent = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->parent >= 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return 1;
	return bw_fail(err, BW_E_KERNEL, errno, "open %s", above);
}

static const char *kind_of(mode_t mode)
{
	return S_ISLNK(mode) ? "a symbolic link" : S_ISDIR(mode) ? "a directory" : "a file";
}

static int root_make(struct root *root, struct bw_err *err)
{
	struct stat st;

	if (mkdirat(root->parent, root->name, 0711) == 0) {
		root->made = true;
		return 0;
	}
	if (errno != EEXIST)
		return bw_fail(err, BW_E_KERNEL, errno, "mkdir %s", root->path);
	if (fstatat(root->parent, root->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "stat %s", root->path);
	if (!S_ISDIR(st.st_mode))
		return bw_fail(err, BW_E_SPEC, 0, "%s: expected a directory, found %s", root->path, kind_of(st.st_mode));
	return 0;
}

/* Refused also where the kernel would keep it inside: what ".." means depends on links that an image has. */
static bool has_dots(const char *path)
{
	for (const char *p = path; *p; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		if (p[0] == '.' && p[1] == '.' && (!p[2] || p[2] == '/'))
			return true;
	}
	return false;
}

int bw_rootfs_place_open(const struct bw_rootfs_place *place, struct bw_err *err)
{
	auto_close int root = openat(place->parent, place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd;

	if (root < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "open %.300s", place->path);
	if (!*place->target)
		return take_fd(&root);
	fd = bw_open_in(root, place->target, O_PATH, RESOLVE_NO_SYMLINKS);
	if (fd >= 0)
		return fd;
	bw_fail(err, BW_E_KERNEL, -fd, "target %.200s", place->target);
	if (fd == -ELOOP)
		return bw_because(err, "expected no symbolic link on the way");
	return fd == -ENOENT ? bw_because(err, "expected it in what is mounted before") : -1;
}

static bool is_fuse(const char *type)
{
	return bw_after_prefix(type, "fuse.") || bw_after_prefix(type, "fuse3.");
}

static int check_type(const char *type, bool bind, struct bw_err *err)
{
	/* "format/overlay", "mkfs/ext4": templates of containerd 2.2 and later. */
	if (strchr(type, '/'))
		return bw_fail(err, BW_E_SPEC, 0, "type %.80s: expected containerd's mount manager to have made a mount of it",
			type);
	if (!*type && !bind)
		return bw_fail(err, BW_E_SPEC, 0, "expected a type, found none");
	return 0;
}

static int make(const struct bw_rootfs_job *job, struct bw_err *err)
{
	const char *type = job->mount->type;

	if (is_fuse(type))
		return bw_rootfs_fuse(job, err);
	if (job->options.bind)
		return bw_rootfs_bind(job, err);
	if (bw_streq(type, "overlay"))
		return bw_rootfs_overlay(job, err);
	return bw_rootfs_file_system(job, err);
}

/* What the mount was made upon: descriptor, or -1. */
static int mount_one(const struct root *root, const struct bw_rootfs_mount *mount, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_rootfs_place place = {
		.parent = root->parent,
		.path = root->path,
		.name = root->name,
		.target = mount->target + strspn(mount->target, "/"),
	};
	struct bw_rootfs_job job = {.mount = mount, .place = &place, .at = -1, .arena = &arena};
	auto_close int at = -1;

	if (bw_rootfs_options_read(mount->type, &mount->options, &arena, &job.options, err) < 0 ||
		check_type(mount->type, job.options.bind, err) < 0)
		return -1;
	if (has_dots(mount->target))
		return bw_fail(err, BW_E_SPEC, 0, "target %.200s: expected no \"..\"", mount->target);
	at = bw_rootfs_place_open(&place, err);
	if (at < 0)
		return -1;
	job.at = at;
	return make(&job, err) < 0 ? -1 : take_fd(&at);
}

struct done {
	int at[MAX_MOUNTS];
	size_t n;
};

static void done_close(struct done *done, bool undo)
{
	while (done->n-- > 0) {
		if (undo)
			bw_rootfs_unmount_at(done->at[done->n], 1);
		close(done->at[done->n]);
	}
	done->n = 0;
}

static int mount_list(const struct root *root, const struct bw_rootfs_mounts *mounts, struct bw_err *err)
{
	struct done done = {.n = 0};

	for (size_t i = 0; i < mounts->n; i++) {
		const char *type = mounts->v[i].type;
		int at = mount_one(root, &mounts->v[i], err);

		if (at < 0) {
			done_close(&done, true);
			return bw_wrap(err, "mount %zu (%.40s)", i + 1, *type ? type : "no type");
		}
		done.at[done.n++] = at;
	}
	done_close(&done, false);
	return 0;
}

static int mount_all(const struct bw_rootfs_mounts *mounts, const char *rootfs, struct bw_err *err)
{
	auto_root struct root root = ROOT_INIT;
	int found;

	if (mounts->n > MAX_MOUNTS)
		return bw_fail(err, BW_E_SPEC, 0, "expected at most %d mounts, found %zu", MAX_MOUNTS, mounts->n);
	found = root_find(rootfs, &root, err);
	if (found > 0)
		return bw_fail(err, BW_E_SPEC, ENOENT, "the directory above %s", root.path);
	if (found < 0 || root_make(&root, err) < 0)
		return -1;
	if (mount_list(&root, mounts, err) == 0)
		return 0;
	if (root.made)
		unlinkat(root.parent, root.name, AT_REMOVEDIR);
	return -1;
}

int bw_rootfs_mount_all(const struct bw_rootfs_mounts *mounts, const char *rootfs, struct bw_err *err)
{
	if (mounts->n == 0)
		return 0;
	if (mount_all(mounts, rootfs, err) < 0)
		return bw_wrap(err, "mounting the root file system");
	return 0;
}

/* Everything that is mounted on name in directory, with all that is beneath: MNT_DETACH takes it along, and asks no server
 * of a file system, who may be dead. 0, or -errno; -EINVAL and -ENOENT are no failure: nothing is mounted. The name is
 * relative to our working directory, because a path through /proc/self/fd would follow a link. */
static int unmount_name(int directory, const char *name)
{
	if (fchdir(directory) < 0)
		return -errno;
	for (int i = 0; i < MAX_ROUNDS; i++)
		if (umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : -errno;
	return -EBUSY;
}

/* As the kernel's table of mounts has it. */
static int real_path(const struct root *root, char *ret, size_t size, struct bw_err *err)
{
	struct bw_fd_path link = bw_fd_path(root->parent);
	char above[PATH_MAX];
	ssize_t n = readlink(link.text, above, sizeof above - 1);
	int len;

	if (n < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "readlink %s", link.text);
	above[n] = '\0';
	len = snprintf(ret, size, "%s/%s", n == 1 ? "" : above, root->name);
	return len < 0 || (size_t)len >= size ? bw_fail(err, BW_E_KERNEL, ENAMETOOLONG, "%s", root->path) : 0;
}

/* The shortest mount point at or beneath top, from the end of top on: all that is beneath it goes with it, and on the way to
 * it there is no mount. NULL when there is none. */
static int next_point(const char *top, struct bw_arena *arena, const char **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	struct bw_mounts mounts = {0};
	const char *found = NULL;

	if (bw_read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err) < 0 ||
		bw_mountinfo_parse(text, arena, &mounts, err) < 0)
		return -1;
	for (size_t i = 0; i < mounts.n; i++) {
		const char *point = mounts.v[i].point;

		if (bw_path_beneath(point, top) && (!found || strlen(point) < strlen(found)))
			found = point;
	}
	*ret = found ? found + strlen(top) : NULL;
	return 0;
}

static int unmount_beneath(const struct root *root, const char *point, struct bw_err *err)
{
	auto_close int top = openat(root->parent, root->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int above = -1;
	char path[PATH_MAX];
	char *slash;
	int r;

	if (top < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "open %s", root->path);
	snprintf(path, sizeof path, ".%s", point);
	slash = strrchr(path, '/');
	*slash = '\0';
	above = bw_open_in(top, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	r = above < 0 ? above : unmount_name(above, slash + 1);
	return r < 0 && r != -ENOENT ? bw_fail(err, BW_E_KERNEL, -r, "%s%s", root->path, point) : 0;
}

static int unmount_all(const struct root *root, struct bw_err *err)
{
	int r = unmount_name(root->parent, root->name);
	auto_free char *last = NULL;
	char top[PATH_MAX];

	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "%s", root->path);
	if (real_path(root, top, sizeof top, err) < 0)
		return -1;
	for (int i = 0; i < MAX_ROUNDS; i++) {
		auto_arena struct bw_arena arena = BW_ARENA_INIT;
		const char *point;

		if (next_point(top, &arena, &point, err) < 0)
			return -1;
		if (!point)
			return 0;
		/* A mount that is none of ours covers it, or it belongs to a mount namespace with more rights. */
		if (!*point || bw_streq0(point, last))
			return bw_fail(err, BW_E_KERNEL, 0, "%s%s is mounted, and cannot be unmounted from here", root->path,
				point);
		free(last);
		last = strdup(point);
		if (!last)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "mount points");
		if (unmount_beneath(root, point, err) < 0)
			return -1;
	}
	return bw_fail(err, BW_E_KERNEL, EBUSY, "%s", root->path);
}

int bw_rootfs_unmount(const char *rootfs, struct bw_err *err)
{
	auto_root struct root root = ROOT_INIT;
	int found = root_find(rootfs, &root, err);

	if (found > 0)
		return 0;
	if (found < 0 || unmount_all(&root, err) < 0)
		return bw_wrap(err, "unmounting the root file system");
	return 0;
}
