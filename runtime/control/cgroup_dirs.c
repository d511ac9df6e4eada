/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_dirs.c - the directories of a container's cgroups: opening, making, walking and removing
 * them. Each is reached from its hierarchy's mountpoint by descriptor, and only when that is a
 * cgroup file system: a stored set must do no harm where something else is mounted by now. See
 * cgroups(7). */
#include "control/cgroup_unit.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

/* Beneath the mountpoint, not across another mount: cgroupfs has no symlinks of its own. */
enum { STAY = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };

int bw_cgroup_root_fd(const struct bw_cgroup_dir *dir)
{
	auto_close int fd = open(dir->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != (dir->controllers ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC))
		return -ENODEV;
	return take_fd(&fd);
}

void bw_cgroup_handle_init(struct bw_cgroup_handle *handle, const struct bw_cgroup_set *set)
{
	handle->set = set;
	for (size_t i = 0; i < BW_CGROUP_MAX_DIRS; i++)
		handle->fds[i] = -1;
}

void bw_cgroup_handle_done(struct bw_cgroup_handle *handle)
{
	for (size_t i = 0; i < BW_CGROUP_MAX_DIRS; i++)
		bw_close_p(&handle->fds[i]);
}

static int open_dir(int root, const char *path)
{
	return bw_open_in(root, path, O_RDONLY | O_DIRECTORY, STAY);
}

int bw_cgroup_open_beneath(int dir, const char *path)
{
	path += strspn(path, "/");
	return bw_open_in(dir, *path ? path : ".", O_RDONLY | O_DIRECTORY, STAY);
}

int bw_cgroup_dir_fd(struct bw_cgroup_handle *handle, size_t i)
{
	auto_close int root = -1;

	if (i >= BW_CGROUP_MAX_DIRS)
		return -EINVAL;
	if (handle->fds[i] >= 0)
		return handle->fds[i];
	root = bw_cgroup_root_fd(&handle->set->dirs.v[i]);
	if (root < 0)
		return root;
	return handle->fds[i] = open_dir(root, handle->set->dirs.v[i].path);
}

int bw_cgroup_find(const struct bw_cgroup_set *set, const char *controller)
{
	for (size_t i = 0; i < set->dirs.n; i++) {
		const char *has = set->dirs.v[i].controllers;

		if (controller ? has && bw_word_in(has, controller) : !has)
			return (int)i;
	}
	return -1;
}

bool bw_cgroup_holds(const struct bw_cgroup_set *set, const char *proc_cgroup)
{
	static const char gone[] = " (deleted)";
	int unified = bw_cgroup_find(set, NULL);
	const struct bw_cgroup_dir *dir = unified >= 0 ? &set->dirs.v[unified] : set->dirs.v;
	char path[PATH_MAX];

	if (!set->dirs.n || !bw_cgroup_line(proc_cgroup, dir->controllers, path, sizeof path))
		return false;
	if (bw_has_suffix(path, gone))
		path[strlen(path) - strlen(gone)] = '\0';
	return bw_path_beneath(path, dir->path);
}

/* --- walking --- */

struct level {
	char **names; /* of the cgroups in it */
	size_t n, next;
};
struct walk {
	int at;
	struct level *levels;
	size_t depth, room, visits;
};

static void level_free(struct level *level)
{
	for (size_t i = 0; i < level->n; i++)
		free(level->names[i]);
	free(level->names);
}

static int add_name(struct level *level, const char *name)
{
	char **bigger;

	/* Room is made by doubling: n a power of two means full. */
	if ((level->n & (level->n - 1)) == 0) {
		bigger = realloc(level->names, (level->n ? 2 * level->n : 1) * sizeof *bigger);
		if (!bigger)
			return -ENOMEM;
		level->names = bigger;
	}
	level->names[level->n] = strdup(name);
	return level->names[level->n++] ? 0 : -ENOMEM;
}

/* The names of the cgroups in dir. Its place in the directory stays as it was. */
static int list_children(int dir, struct level *level)
{
	auto_closedir DIR *stream = NULL;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	int r = 0;

	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (entry = readdir(stream)))
		if (entry->d_type == DT_DIR && !bw_streq(entry->d_name, ".") &&
			!bw_streq(entry->d_name, ".."))
			r = add_name(level, entry->d_name);
	return r;
}

/* Takes fd over as the place where we are. */
static int walk_down(struct walk *walk, int fd)
{
	struct level *bigger;

	bw_close_p(&walk->at);
	walk->at = fd;
	if (++walk->visits > BW_CGROUP_MAX_VISITS)
		return -E2BIG;
	if (walk->depth == walk->room) {
		bigger = realloc(walk->levels, (walk->room + 16) * sizeof *bigger);
		if (!bigger)
			return -ENOMEM;
		walk->levels = bigger;
		walk->room += 16;
	}
	walk->levels[walk->depth] = (struct level){0};
	return list_children(fd, &walk->levels[walk->depth++]);
}

static int walk_up(struct walk *walk, const struct bw_cgroup_visitor *visitor)
{
	struct level *above;
	int fd;

	level_free(&walk->levels[--walk->depth]);
	if (walk->depth == 0)
		return 0;
	fd = openat(walk->at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(walk->at);
	walk->at = fd;
	above = &walk->levels[walk->depth - 1];
	above->next++;
	return visitor->after ? visitor->after(fd, above->names[above->next - 1], visitor->ctx) : 0;
}

static int walk_step(struct walk *walk, const struct bw_cgroup_visitor *visitor)
{
	struct level *level = &walk->levels[walk->depth - 1];
	int fd, r;

	if (level->next == level->n) {
		r = visitor->inside ? visitor->inside(walk->at, visitor->ctx) : 0;
		return r < 0 ? r : walk_up(walk, visitor);
	}
	fd = openat(walk->at, level->names[level->next],
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		level->next++; /* gone meanwhile */
		return 0;
	}
	return fd < 0 ? -errno : walk_down(walk, fd);
}

int bw_cgroup_walk(int dir, const struct bw_cgroup_visitor *visitor)
{
	struct walk walk = {.at = -1};
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : walk_down(&walk, fd);

	while (r == 0 && walk.depth)
		r = walk_step(&walk, visitor);
	while (walk.depth)
		level_free(&walk.levels[--walk.depth]);
	free(walk.levels);
	bw_close_p(&walk.at);
	return r;
}

/* --- making --- */

/* Copies cpus or mems from the parent where the kernel left them empty; without them nobody can
 * join. */
static int inherit(int parent, int child, const char *file)
{
	char text[4096];
	ssize_t len = bw_read_at(child, file, text, sizeof text);

	if (len > 0)
		return 0;
	if (len == 0)
		len = bw_read_at(parent, file, text, sizeof text);
	if (len < 0)
		return (int)len;
	return bw_write_at(child, file, text);
}

static int inherit_cpuset(int parent, int child)
{
	int r = inherit(parent, child, "cpuset.cpus");

	return r < 0 ? r : inherit(parent, child, "cpuset.mems");
}

/* Goes down path from root, making what is missing (counted in *ret_made). Directory or -errno. */
static int make_each(int root, const char *path, bool cpuset, uint64_t *ret_made)
{
	auto_close int at = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];

	*ret_made = 0;
	while (at >= 0 && *path) {
		size_t len = strcspn(++path, "/");
		int next, r = 0;

		if (len >= sizeof name)
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		if (mkdirat(at, name, 0755) == 0)
			++*ret_made;
		else if (errno != EEXIST)
			return -errno;
		next = bw_open_in(at, name, O_RDONLY | O_DIRECTORY, STAY);
		if (next >= 0 && cpuset)
			r = inherit_cpuset(at, next);
		close(at);
		at = next;
		if (r < 0)
			return r;
	}
	return at < 0 ? (at == -1 ? -errno : take_fd(&at)) : take_fd(&at);
}

/* The usual case costs one mkdir: the parent is there. */
static int make_dir(int root, struct bw_cgroup_dir *dir)
{
	bool cpuset = dir->controllers && bw_word_in(dir->controllers, "cpuset");
	uint64_t made = 0;
	int fd;

	if (!cpuset && mkdirat(root, dir->path + 1, 0755) == 0) {
		dir->made = (struct bw_opt_uint){.set = true, .v = 1};
		return open_dir(root, dir->path);
	}
	fd = make_each(root, dir->path, cpuset, &made);
	if (made)
		dir->made = (struct bw_opt_uint){.set = true, .v = made};
	return fd;
}

void bw_cgroup_enable(const struct bw_cgroup_dir *dir, const char *controllers)
{
	auto_close int at = bw_cgroup_root_fd(dir);
	const char *path = dir->path;
	char name[NAME_MAX + 2], one[64];

	while (at >= 0) {
		size_t len = strcspn(path + 1, "/");
		int next;

		if (bw_write_at(at, "cgroup.subtree_control", controllers) < 0) {
			/* All or nothing, says the kernel; one by one those that can be had. */
			for (const char *word = controllers; *word; word += strspn(word, " ")) {
				snprintf(one, sizeof one, "%.*s", (int)strcspn(word, " "), word);
				(void)!bw_write_at(at, "cgroup.subtree_control", one);
				word += strcspn(word, " ");
			}
		}
		path += 1 + len;
		if (!*path || len >= sizeof name)
			return;
		snprintf(name, sizeof name, "%.*s", (int)len, path - len);
		next = bw_open_in(at, name, O_PATH | O_DIRECTORY, STAY);
		close(at);
		at = next;
	}
}

/* On a v2 host the container gets all controllers that there are: limits may come with an update,
 * and statistics need them. */
static void enable_all(int leaf, const struct bw_cgroup_dir *dir)
{
	auto_close int root = bw_cgroup_root_fd(dir);
	char all[1024], has[1024], wanted[2048];
	struct bw_buf buf = bw_buf_over(wanted, sizeof wanted);

	if (root < 0 || bw_read_at(root, "cgroup.controllers", all, sizeof all) <= 0 ||
		bw_read_at(leaf, "cgroup.controllers", has, sizeof has) < 0)
		return;
	for (char *rest = all, *word; (word = strsep(&rest, " "));)
		if (*word && !bw_word_in(has, word))
			bw_buf_addf(&buf, "%s+%s", buf.len ? " " : "", word);
	if (buf.len && !buf.overflow)
		bw_cgroup_enable(dir, wanted);
}

int bw_cgroup_create_one(struct bw_cgroup_handle *handle, struct bw_cgroup_set *set, size_t i, bool joined,
	struct bw_err *err)
{
	struct bw_cgroup_dir *dir = &set->dirs.v[i];
	auto_close int root = bw_cgroup_root_fd(dir);

	if (root < 0)
		return bw_fail(err, BW_E_HOST, -root, "cgroup file system on %s", dir->mountpoint);
	dir->made = (struct bw_opt_uint){0};
	handle->fds[i] = make_dir(root, dir);
	if (handle->fds[i] < 0) {
		bw_fail(err, BW_E_KERNEL, -handle->fds[i], "creating cgroup %s%s", dir->mountpoint,
			dir->path);
		return bw_at(err, "/linux/cgroupsPath");
	}
	if (!dir->made.set && !joined && bw_cgroup_check_dir(handle->fds[i], dir, err) < 0)
		return -1;
	if (!dir->controllers && bw_streq(set->mode, "v2"))
		enable_all(handle->fds[i], dir);
	return 0;
}

void bw_cgroup_leave_out(struct bw_cgroup_handle *handle, struct bw_cgroup_set *set, size_t i)
{
	size_t behind = set->dirs.n - i - 1;

	bw_close_p(&handle->fds[i]);
	memmove(&set->dirs.v[i], &set->dirs.v[i + 1], behind * sizeof *set->dirs.v);
	memmove(&handle->fds[i], &handle->fds[i + 1], behind * sizeof *handle->fds);
	handle->fds[--set->dirs.n] = -1;
}

bool bw_cgroup_is_forbidden(int sys)
{
	return sys == EACCES || sys == EPERM || sys == EROFS;
}

int bw_cgroup_create_with(
	struct bw_cgroup_handle *handle, struct bw_cgroup_set *set, struct bw_err *err)
{
	for (size_t i = 0; i < set->dirs.n; i++) {
		if (bw_cgroup_create_one(handle, set, i, false, err) < 0) {
			if (set->optional.v && err->code == BW_E_KERNEL && bw_cgroup_is_forbidden(err->sys)) {
				*err = (struct bw_err){0};
				bw_cgroup_leave_out(handle, set, i--);
				continue;
			}
			bw_cgroup_abandon(set);
			/* Refused, perhaps as somebody else's: nothing in the set is ours to end or
			 * remove. */
			set->dirs.n = 0;
			return -1;
		}
	}
	return 0;
}

int bw_cgroup_create(struct bw_cgroup_set *set, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, set);
	return bw_cgroup_create_with(&handle, set, err);
}

int bw_cgroup_check_unused(const struct bw_cgroup_set *set, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, set);
	for (size_t i = 0; i < set->dirs.n; i++) {
		int fd = bw_cgroup_dir_fd(&handle, i);

		if (fd >= 0 && bw_cgroup_check_dir(fd, &set->dirs.v[i], err) < 0)
			return -1;
	}
	return 0;
}

/* --- removing --- */

void bw_cgroup_abandon(struct bw_cgroup_set *set)
{
	for (size_t i = 0; i < set->dirs.n; i++) {
		struct bw_cgroup_dir *dir = &set->dirs.v[i];
		auto_close int root = dir->made.set ? bw_cgroup_root_fd(dir) : -1;
		char path[PATH_MAX], *slash;

		if (root < 0 || strlen(dir->path) >= sizeof path)
			continue;
		memcpy(path, dir->path, strlen(dir->path) + 1);
		for (uint64_t k = 0; k < dir->made.v && path[0]; k++) {
			if (unlinkat(root, path + 1, AT_REMOVEDIR) < 0 && errno != ENOENT)
				break;
			slash = strrchr(path, '/');
			*slash = '\0';
		}
		dir->made = (struct bw_opt_uint){0};
	}
}

static int remove_child(int parent, const char *child, void *ctx)
{
	(void)ctx;
	return unlinkat(parent, child, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* One attempt. -EBUSY: processes are still in it, or leaving. */
static int remove_once(int root, const char *path)
{
	const struct bw_cgroup_visitor visitor = {.after = remove_child};
	auto_close int dir = -1;
	int r;

	if (unlinkat(root, path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	dir = open_dir(root, path);
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	r = bw_cgroup_walk(dir, &visitor);
	if (r < 0)
		return r;
	return unlinkat(root, path + 1, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

enum { REMOVE_PATIENCE_MS = 5000, LONGEST_NAP_MS = 64 };

/* A process leaves its cgroup a little after it is dead, so busy is waited for. waited_ms is that
 * of the whole set. */
static int remove_dir(const struct bw_cgroup_dir *dir, int *waited_ms)
{
	auto_close int root = bw_cgroup_root_fd(dir);
	int nap_ms = 1, r;

	if (root < 0)
		return root;
	while ((r = remove_once(root, dir->path)) == -EBUSY && *waited_ms < REMOVE_PATIENCE_MS) {
		nanosleep(&(struct timespec){.tv_nsec = nap_ms * 1000000L}, NULL);
		*waited_ms += nap_ms;
		if (nap_ms < LONGEST_NAP_MS)
			nap_ms *= 2;
	}
	return r;
}

int bw_cgroup_remove(const struct bw_cgroup_set *set, struct bw_err *err)
{
	const struct bw_cgroup_dir *failed = NULL;
	int waited_ms = 0, first = 0;
	bool ended = !set->unit || bw_unit_end(set, err) == 0;

	/* One that stays must not keep the others from going. */
	for (size_t i = 0; i < set->dirs.n; i++) {
		int r = remove_dir(&set->dirs.v[i], &waited_ms);

		if (r < 0 && !failed) {
			failed = &set->dirs.v[i];
			first = r;
		}
	}
	if (failed && ended)
		return bw_fail(err, BW_E_KERNEL, -first, "removing cgroup %s%s", failed->mountpoint,
			failed->path);
	return ended ? 0 : -1;
}
