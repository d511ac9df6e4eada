/* SPDX-License-Identifier: Apache-2.0 */
/* image_mounts.c - finding them in a running container; putting them together for one that is restored. */
#include "container/image_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/cgroup.h"
#include "control/encrypted_sources.h"
#include "control/mount_source.h"
#include "control/rootfs_open.h"

enum { MAX_TABLE_BYTES = 16 << 20 };

/* In a user namespace these are the host's. */
static const char *const default_nodes[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

static bool is_bind(const struct bw_spec_mount *mount)
{
	return (bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind")) &&
	       !bw_strs_has(&mount->options, "remount");
}

static bool is_cgroup(const char *type)
{
	return bw_streq0(type, "cgroup") || bw_streq0(type, "cgroup2");
}

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "mounts of the image");
}

/* Once for each key. */
static int add(struct bw_arena *arena, struct bw_criu_pairs *list, const char *key, const char *value, struct bw_err *err)
{
	for (size_t i = 0; i < list->n; i++)
		if (bw_streq(list->v[i].key, key))
			return 0;
	return bw_criu_pair_add(arena, list, key, value) < 0 ? out_of_memory(err) : 0;
}

/* ---- of a running container ---- */

struct search {
	int root;
	struct bw_mounts mounts;
	struct bw_arena *arena;
	struct bw_criu_pairs *found;
};

/* The mount whose root is at path, as the container sees it; NULL: nothing is mounted there. ret_st: what it is. */
static const struct bw_mount *mount_at(const struct search *search, const char *path, struct statx *ret_st)
{
	auto_close int fd = bw_open_in(search->root, path, O_PATH, 0);

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, ret_st) < 0 ||
		!(ret_st->stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return NULL;
	for (size_t i = 0; i < search->mounts.n; i++)
		if (search->mounts.v[i].id == ret_st->stx_mnt_id)
			return &search->mounts.v[i];
	return NULL;
}

static int find_binds(const struct search *search, const struct bw_spec *spec, struct bw_err *err)
{
	struct statx st;

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct bw_mount *mount =
			is_bind(&spec->mounts.v[i]) ? mount_at(search, spec->mounts.v[i].destination, &st) : NULL;

		if (mount && add(search->arena, search->found, mount->point, mount->point, err) < 0)
			return -1;
	}
	return 0;
}

/* Directories of cgroups are bound, on v2 as well. */
static int find_cgroups(const struct search *search, struct bw_err *err)
{
	for (size_t i = 0; i < search->mounts.n; i++) {
		const struct bw_mount *mount = &search->mounts.v[i];

		if (is_cgroup(mount->type) && add(search->arena, search->found, mount->point, mount->point, err) < 0)
			return -1;
	}
	return 0;
}

static bool is_null(const struct statx *st)
{
	return S_ISCHR(st->stx_mode) && st->stx_rdev_major == 1 && st->stx_rdev_minor == 3;
}

/* Masked directories have a tmpfs, which is in the image. */
static int find_masks(const struct search *search, const struct bw_spec_linux *linux_, struct bw_err *err)
{
	struct statx st;

	for (size_t i = 0; i < linux_->masked_paths.n; i++) {
		const struct bw_mount *mount = mount_at(search, linux_->masked_paths.v[i], &st);

		if (mount && is_null(&st) && add(search->arena, search->found, mount->point, "/dev/null", err) < 0)
			return -1;
	}
	return 0;
}

static int find_node(const struct search *search, const char *path, struct bw_err *err)
{
	struct statx st;
	const struct bw_mount *mount = mount_at(search, path, &st);

	return mount ? add(search->arena, search->found, mount->point, path, err) : 0;
}

static int find_nodes(const struct search *search, const struct bw_spec_linux *linux_, struct bw_err *err)
{
	for (size_t i = 0; i < linux_->devices.n; i++)
		if (find_node(search, linux_->devices.v[i].path, err) < 0)
			return -1;
	for (size_t i = 0; i < BW_COUNT(default_nodes); i++)
		if (find_node(search, default_nodes[i], err) < 0)
			return -1;
	return 0;
}

int bw_image_mounts_find(const struct bw_spec *spec, int host_proc, pid_t pid, struct bw_arena *arena,
	struct bw_criu_pairs *ret, struct bw_err *err)
{
	auto_close int root = -1, table = -1;
	auto_free char *text = NULL;
	struct search search = {.arena = arena, .found = ret};
	char path[64];

	snprintf(path, sizeof path, "%d/root", (int)pid);
	search.root = root = openat(host_proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "%d/mountinfo", (int)pid);
	table = openat(host_proc, path, O_RDONLY | O_CLOEXEC);
	if (root < 0 || table < 0)
		return bw_fail(err, BW_E_STATE, errno, "looking at the mounts of the container");
	if (bw_read_fd(table, "mountinfo", MAX_TABLE_BYTES, &text, NULL, err) < 0 ||
		bw_mountinfo_parse(text, arena, &search.mounts, err) < 0)
		return -1;
	if (find_binds(&search, spec, err) < 0 || find_cgroups(&search, err) < 0 ||
		find_masks(&search, spec->linux_, err) < 0)
		return -1;
	return find_nodes(&search, spec->linux_, err);
}

/* ---- of one that is restored ---- */

struct staging {
	const struct bw_request *request;
	struct bw_image_stage *stage;
	char dir[PATH_MAX]; /* without links */
	struct bw_refused_sources *refused;
	int bundle, root;
	struct bw_criu_pairs *pairs;
	char **placed; /* by index in spec.mounts: where its source is, or NULL */
};

static void staging_done(struct staging *staging)
{
	int *const fds[] = {&staging->bundle, &staging->root};

	for (size_t i = 0; i < BW_COUNT(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
}

static int attach(int tree, const char *path, struct bw_err *err)
{
	if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mounting %s", path);
	return 0;
}

/* A directory, or an empty file, of our own. */
static int make_place(const char *path, bool directory, struct bw_err *err)
{
	if (directory ? mkdir(path, 0755) : mknod(path, S_IFREG | 0600, 0))
		return bw_fail(err, BW_E_KERNEL, errno, "making %s", path);
	return 0;
}

/* As a mount that nobody outside sees or can change the name of. */
static int open_source(const struct staging *staging, size_t index, struct stat *ret_st, struct bw_err *err)
{
	const struct bw_request *request = staging->request;
	const struct bw_spec_mount *mount = &request->spec->mounts.v[index];
	struct bw_mount_options options;
	auto_close int fd = -1;
	int tree;

	if (!mount->source)
		return bw_fail(err, BW_E_SPEC, 0, "/mounts/%zu/source: a bind mount needs a source", index);
	if (bw_mount_options_parse(&mount->options, request->arena, &options) < 0)
		return out_of_memory(err);
	options.recursive = true;
	fd = bw_mount_source_open(request, staging->bundle, mount->source, index, err);
	if (fd < 0 || bw_mount_source_check(request, staging->refused, fd, mount->source, &options, index, err) < 0 ||
		bw_encrypted_source_check(request, fd, mount->source, &options, index, err) < 0)
		return -1;
	tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0 || fstat(fd, ret_st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the mount source %s", mount->source);
	return tree;
}

static int place_source(struct staging *staging, size_t index, struct bw_err *err)
{
	auto_close int tree = -1;
	struct stat st;
	char *path = bw_arena_printf(staging->request->arena, "%s/source-%zu", staging->dir, index);

	if (!path)
		return out_of_memory(err);
	tree = open_source(staging, index, &st, err);
	if (tree < 0 || make_place(path, S_ISDIR(st.st_mode), err) < 0 || attach(tree, path, err) < 0)
		return -1;
	staging->placed[index] = path;
	return 0;
}

/* Whether path lies in a file system that comes from the image, with all that is in it. */
static bool is_in_image(const struct bw_spec *spec, const char *path)
{
	char other[PATH_MAX];

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (!is_bind(&spec->mounts.v[i]) && bw_path_clean(spec->mounts.v[i].destination, other, sizeof other) &&
			!bw_streq(other, path) && bw_path_beneath(path, other))
			return true;
	return false;
}

/* Where fd is in the new root; the destination may have led through links. */
static const char *place_in_root(const struct staging *staging, int fd)
{
	char link[64], real[PATH_MAX];
	const char *inside;
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, real, sizeof real - 1);
	real[len > 0 ? len : 0] = '\0';
	inside = bw_after_prefix(real, staging->stage->root);
	return inside && *inside == '/' ? bw_arena_strdup(staging->request->arena, inside) : NULL;
}

/* The same once more at its destination, so that mount points of later entries are made in it. */
static int cover(const char *source, int destination, struct bw_err *err)
{
	auto_close int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0 || move_mount(tree, "", destination, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mounting %s", source);
	return 0;
}

static int make_point(const struct staging *staging, const char *path, const char *source)
{
	struct stat st;

	if (source && stat(source, &st) == 0 && !S_ISDIR(st.st_mode))
		return bw_mkfile_in(staging->root, path, 0755);
	return bw_mkdir_in(staging->root, path, 0755);
}

static int stage_one(struct staging *staging, size_t index, struct bw_err *err)
{
	const struct bw_spec *spec = staging->request->spec;
	const struct bw_spec_mount *mount = &spec->mounts.v[index];
	const char *source = staging->placed[index], *key;
	auto_close int point = -1;
	char clean[PATH_MAX];

	if (!bw_path_clean(mount->destination, clean, sizeof clean))
		return bw_fail(err, BW_E_SPEC, 0, "/mounts/%zu/destination: is too long", index);
	if (bw_strs_has(&mount->options, "remount") || bw_streq(clean, "/"))
		return 0;
	key = bw_arena_strdup(staging->request->arena, clean);
	if (!is_in_image(spec, clean)) {
		point = make_point(staging, clean, source);
		if (point < 0)
			return bw_fail(err, BW_E_SPEC, -point, "making the mount point %s in the rootfs", clean);
		key = place_in_root(staging, point);
	}
	if (!key)
		return bw_fail(err, BW_E_SPEC, 0, "/mounts/%zu/destination: \"%s\" is no place in the rootfs", index, clean);
	if (!source)
		return 0;
	if (add(staging->request->arena, staging->pairs, key, source, err) < 0)
		return -1;
	return point < 0 ? 0 : cover(source, point, err);
}

/* Key and directory of each hierarchy, as mounts.c binds them. */
static int pair_cgroups(const struct staging *staging, const char *destination, struct bw_err *err)
{
	const struct bw_cgroup_set *set = staging->request->cgroups;
	struct bw_arena *arena = staging->request->arena;
	bool unified = set->dirs.n == 1 && !set->dirs.v[0].controllers;

	for (size_t i = 0; i < set->dirs.n; i++) {
		const struct bw_cgroup_dir *dir = &set->dirs.v[i];
		const char *slash = strrchr(dir->mountpoint, '/');
		char *source = bw_arena_printf(arena, "%s%s", dir->mountpoint, dir->path);
		char *key = unified ? bw_arena_strdup(arena, destination)
				    : bw_arena_printf(arena, "%s/%s", destination, slash ? slash + 1 : dir->mountpoint);

		if (!source || !key)
			return out_of_memory(err);
		if (add(arena, staging->pairs, key, source, err) < 0)
			return -1;
	}
	return 0;
}

static int pair_rest(const struct staging *staging, struct bw_err *err)
{
	const struct bw_spec *spec = staging->request->spec;
	struct bw_arena *arena = staging->request->arena;
	char clean[PATH_MAX];

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (is_cgroup(spec->mounts.v[i].type) && bw_path_clean(spec->mounts.v[i].destination, clean, sizeof clean) &&
			pair_cgroups(staging, clean, err) < 0)
			return -1;
	for (size_t i = 0; i < BW_COUNT(default_nodes); i++)
		if (add(arena, staging->pairs, default_nodes[i], default_nodes[i], err) < 0)
			return -1;
	for (size_t i = 0; i < spec->linux_->devices.n; i++)
		if (add(arena, staging->pairs, spec->linux_->devices.v[i].path, spec->linux_->devices.v[i].path, err) < 0)
			return -1;
	return 0;
}

/* What a policy lets be no root at create, it lets be none here. */
static int open_root(const struct bw_request *request, const char *rootfs, struct bw_err *err)
{
	int fd;

	if (request->spec->hardening)
		return bw_rootfs_open(request, err);
	fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? bw_fail(err, BW_E_SPEC, errno, "opening the rootfs %s", rootfs) : fd;
}

/* criu wants the rootfs as a mount with nothing over it or its parent. */
static int place_root(struct staging *staging, const char *rootfs, struct bw_err *err)
{
	auto_close int dir = open_root(staging->request, rootfs, err);
	auto_close int tree = -1;

	if (dir < 0)
		return -1;
	tree = open_tree(dir, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return bw_fail(err, BW_E_SPEC, errno, "opening the rootfs %s", rootfs);
	if (mount("bulwark", staging->dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=1m") < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mounting a tmpfs at %s", staging->dir);
	if (snprintf(staging->stage->root, sizeof staging->stage->root, "%s/root", staging->dir) >=
		(int)sizeof staging->stage->root)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "%s", staging->dir);
	if (make_place(staging->stage->root, true, err) < 0 || attach(tree, staging->stage->root, err) < 0)
		return -1;
	staging->root = open(staging->stage->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return staging->root < 0 ? bw_fail(err, BW_E_KERNEL, errno, "opening %s", staging->stage->root) : 0;
}

/* What was mounted in the root to make mount points is criu's to mount: it goes again, the last one first. */
static void uncover(const struct staging *staging)
{
	char link[64];

	for (size_t i = staging->request->spec->mounts.n; i-- > 0;) {
		const struct bw_spec_mount *mount = &staging->request->spec->mounts.v[i];
		auto_close int fd = -1;
		struct statx st;

		if (!staging->placed[i])
			continue;
		fd = bw_open_in(staging->root, mount->destination, O_PATH, 0);
		if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) < 0 ||
			!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
			continue;
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		umount2(link, MNT_DETACH);
	}
}

static int look_at_sources(struct staging *staging, struct bw_err *err)
{
	const struct bw_request *request = staging->request;
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	staging->bundle = open(request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (staging->bundle < 0)
		return bw_fail(err, BW_E_SPEC, errno, "opening the bundle %s", request->bundle);
	staging->placed = bw_arena_alloc(request->arena, (request->spec->mounts.n + 1) * sizeof *staging->placed);
	if (!staging->placed)
		return out_of_memory(err);
	return hardening && hardening->check_mounts.v ? bw_refused_sources_look(request, &staging->refused, err) : 0;
}

static int build(struct staging *staging, const char *rootfs, struct bw_err *err)
{
	const struct bw_spec *spec = staging->request->spec;

	/* From here on: what was opened before is of mounts that cannot be bound in this namespace. */
	if (look_at_sources(staging, err) < 0)
		return -1;
	if (place_root(staging, rootfs, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (is_bind(&spec->mounts.v[i]) && place_source(staging, i, err) < 0)
			return -1;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (!is_cgroup(spec->mounts.v[i].type) && stage_one(staging, i, err) < 0)
			return -1;
	uncover(staging);
	return pair_rest(staging, err);
}

int bw_image_stage_enter(struct bw_image_stage *stage, const struct bw_request *request, const char *rootfs, const char *dir,
	struct bw_criu_pairs *ret, struct bw_err *err)
{
	__attribute__((cleanup(staging_done))) struct staging staging = {
		.request = request, .stage = stage, .bundle = -1, .root = -1, .pairs = ret};
	struct bw_err ignored = {0};

	if (!realpath(dir, staging.dir))
		return bw_fail(err, BW_E_KERNEL, errno, "%s", dir);
	if (bw_detour_begin(&stage->detour, MS_PRIVATE, "criu", err) < 0)
		return -1;
	if (build(&staging, rootfs, err) == 0)
		return 0;
	(void)!bw_detour_end(&stage->detour, &ignored);
	return -1;
}
