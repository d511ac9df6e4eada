/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_paths.c - which hierarchies there are, where they are mounted and where in them a
 * container lies. Pure: texts and facts in, names out. See cgroups(7), proc_pid_mountinfo(5),
 * proc_pid_cgroup(5). */
#include "control/cgroup_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/mountinfo.h"
#include "base/path.h"
#include "base/str.h"
#include "host/host.h"

static bool has_parent(const struct bw_mounts *mounts, const struct bw_mount *mount)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->v[i].id == mount->parent && &mounts->v[i] != mount)
			return true;
	return false;
}

/* Of the mounts on at (NULL: of those without a parent here) the one that a walk along path meets
 * first. */
static const struct bw_mount *step_onto(
	const struct bw_mounts *mounts, const struct bw_mount *at, const char *path)
{
	const struct bw_mount *best = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct bw_mount *mount = &mounts->v[i];

		if (mount == at || !bw_path_beneath(path, mount->point))
			continue;
		if (at ? mount->parent != at->id : has_parent(mounts, mount))
			continue;
		if (!best || strlen(mount->point) < strlen(best->point))
			best = mount;
	}
	return best;
}

/* Mounts may lie beneath later ones: a private mount namespace with cgroup2 over all of
 * /sys/fs/cgroup still lists the v1 hierarchies. A mount counts when its mountpoint leads to it. */
static bool is_visible(const struct bw_mounts *mounts, const struct bw_mount *mount)
{
	const struct bw_mount *at = step_onto(mounts, NULL, mount->point), *next;

	for (size_t i = 0; at && i < mounts->n; i++) {
		next = step_onto(mounts, at, mount->point);
		if (!next)
			break;
		at = next;
	}
	return at == mount;
}

bool bw_word_in(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ", \n");

		if (n == len && strncmp(list, word, len) == 0)
			return true;
		list += n + strspn(list + n, ", \n");
	}
	return false;
}

/* Whether a v1 mount is that of these controllers; they are always mounted together, so the first
 * decides. */
static bool mount_has(const struct bw_mount *mount, const char *controllers)
{
	char first[64];
	size_t len = strcspn(controllers, ",");

	if (!bw_streq(mount->type, "cgroup") || len >= sizeof first)
		return false;
	memcpy(first, controllers, len);
	first[len] = '\0';
	return bw_word_in(mount->super, first);
}

/* The best visible mount: one of the whole hierarchy, else one that shows our own cgroup.
 * controllers NULL: cgroup2. */
static const struct bw_mount *find_mount(
	const struct bw_mounts *mounts, const char *controllers, const char *own)
{
	const struct bw_mount *best = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct bw_mount *mount = &mounts->v[i];
		int rank = bw_streq(mount->root, "/")	       ? 2
			   : bw_path_beneath(own, mount->root) ? 1
							       : 0;

		if (controllers ? !mount_has(mount, controllers)
				: !bw_streq(mount->type, "cgroup2"))
			continue;
		if (rank > best_rank && is_visible(mounts, mount)) {
			best = mount;
			best_rank = rank;
		}
	}
	return best;
}

/* Our own cgroup as seen from the mountpoint. Outside of what is mounted (root "/.." and the like):
 * its top. */
static char *own_beneath(const struct bw_mount *mount, const char *own, struct bw_arena *arena)
{
	size_t root = strlen(mount->root);

	if (root == 1)
		return bw_arena_strdup(arena, own);
	if (bw_path_beneath(own, mount->root) && own[root])
		return bw_arena_strdup(arena, own + root);
	return bw_arena_strdup(arena, "/");
}

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "looking at the cgroups");
}

static int add_hierarchy(struct bw_host *host, const struct bw_mounts *mounts, const char *controllers,
	const char *own, struct bw_arena *arena, struct bw_err *err)
{
	const struct bw_mount *mount = find_mount(mounts, controllers, own);
	struct bw_host_hierarchy *hierarchy;

	if (!mount)
		return 0;
	hierarchy = bw_push(arena, &host->hierarchies);
	if (!hierarchy)
		return out_of_memory(err);
	hierarchy->controllers = bw_arena_strdup(arena, controllers);
	hierarchy->mountpoint = bw_arena_strdup(arena, mount->point);
	hierarchy->own_path = own_beneath(mount, own, arena);
	if (!hierarchy->controllers || !hierarchy->mountpoint || !hierarchy->own_path)
		return out_of_memory(err);
	return 0;
}

static int add_unified(struct bw_host *host, const struct bw_mounts *mounts, const char *own,
	struct bw_arena *arena, struct bw_err *err)
{
	const struct bw_mount *mount = find_mount(mounts, NULL, own);

	if (!mount)
		return 0;
	host->cgroup2_mountpoint = bw_arena_strdup(arena, mount->point);
	host->cgroup2_own_path = own_beneath(mount, own, arena);
	return host->cgroup2_mountpoint && host->cgroup2_own_path ? 0 : out_of_memory(err);
}

/* "4:memory:/docker/x" or "0::/docker/x"; line is cut up. */
static bool parse_cgroup_line(char *line, char **ret_controllers, char **ret_path)
{
	char *rest = line;

	if (!strsep(&rest, ":") || !rest)
		return false;
	*ret_controllers = strsep(&rest, ":");
	*ret_path = rest;
	return rest && rest[0] == '/';
}

int bw_cgroup_parse(struct bw_host *host, const char *mountinfo, const char *self_cgroup,
	struct bw_arena *arena, struct bw_err *err)
{
	char *copy = bw_arena_strdup(arena, self_cgroup), *line, *controllers, *own;
	struct bw_mounts mounts = {0};
	const char *mode;
	int r;

	if (!copy)
		return out_of_memory(err);
	if (bw_mountinfo_parse(mountinfo, arena, &mounts, err) < 0)
		return -1;
	while ((line = strsep(&copy, "\n"))) {
		if (!parse_cgroup_line(line, &controllers, &own))
			continue;
		r = *controllers ? add_hierarchy(host, &mounts, controllers, own, arena, err)
				 : add_unified(host, &mounts, own, arena, err);
		if (r < 0)
			return -1;
	}
	if (host->hierarchies.n)
		mode = host->cgroup2_mountpoint ? "hybrid" : "v1";
	else
		mode = host->cgroup2_mountpoint ? "v2" : "none";
	host->cgroup_mode = bw_arena_strdup(arena, mode);
	return host->cgroup_mode ? 0 : out_of_memory(err);
}

bool bw_cgroup_line(const char *self_cgroup, const char *controllers, char *buf, size_t size)
{
	const char *wanted = controllers ? controllers : "";
	size_t len = strlen(wanted);

	for (const char *line = self_cgroup; line; line = strchr(line, '\n')) {
		const char *at = strchr(line += *line == '\n', ':');

		if (at && strncmp(at + 1, wanted, len) == 0 && at[1 + len] == ':') {
			size_t path = strcspn(at + 2 + len, "\n");

			if (path >= size)
				return false;
			memcpy(buf, at + 2 + len, path);
			buf[path] = '\0';
			return true;
		}
	}
	return false;
}

static int bad_path(struct bw_err *err, const char *path, const char *why)
{
	bw_fail(err, BW_E_SPEC, 0, "/linux/cgroupsPath: \"%.200s\" %s", path, why);
	return bw_at(err, "/linux/cgroupsPath");
}

/* The path as every hierarchy will have it: '/' and clean. Cleaning ".." away would put the
 * container where nobody asked for it, so it is refused. */
static int clean_path(const char *path, char clean[PATH_MAX], struct bw_err *err)
{
	for (const char *part = path; *part;) {
		size_t len = strcspn(part, "/");

		if (len == 2 && strncmp(part, "..", 2) == 0)
			return bad_path(err, path, "must not contain \"..\"");
		if (len > NAME_MAX)
			return bad_path(err, path, "has a component of more than 255 bytes");
		if (memchr(part, '\n', len))
			return bad_path(err, path, "must not contain a newline");
		part += len + (part[len] == '/');
	}
	/* Half of PATH_MAX, so that mountpoint, our own cgroup and a file's name fit beside it. */
	if (!bw_path_clean(path, clean, PATH_MAX / 2))
		return bad_path(err, path, "is too long");
	if (bw_streq(clean, "/"))
		return bad_path(err, path, "is the root cgroup");
	return 0;
}

static int add_dir(struct bw_cgroup_set *set, const char *controllers, const char *mountpoint,
	const char *parent, const char *path, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_cgroup_dir *dir;

	if (set->dirs.n >= BW_CGROUP_MAX_DIRS)
		return bw_fail(
			err, BW_E_HOST, 0, "more than %d cgroup hierarchies", BW_CGROUP_MAX_DIRS);
	dir = bw_push(arena, &set->dirs);
	if (!dir)
		return out_of_memory(err);
	dir->mountpoint = bw_arena_strdup(arena, mountpoint);
	dir->path = bw_arena_printf(arena, "%s%s", bw_streq(parent, "/") ? "" : parent, path);
	if (controllers)
		dir->controllers = bw_arena_strdup(arena, controllers);
	if (!dir->mountpoint || !dir->path || (controllers && !dir->controllers))
		return out_of_memory(err);
	return 0;
}

/* Where a relative path begins in the unified hierarchy. */
static int unified_parent(const struct bw_host *host, char parent[PATH_MAX])
{
	const char *own = host->cgroup2_own_path ? host->cgroup2_own_path : "/";
	char *slash;

	if (strlen(own) >= PATH_MAX)
		return -1;
	memcpy(parent, own, strlen(own) + 1);
	slash = strrchr(parent, '/');
	/* Where the controllers are in use, our own cgroup has processes (us) and may not have
	 * children with controllers: go beside it. */
	if (bw_streq(host->cgroup_mode, "v2") && slash)
		slash[slash == parent] = '\0';
	return 0;
}

int bw_cgroup_set_make(const struct bw_host *host, const char *cgroups_path, const char *id,
	struct bw_arena *arena, struct bw_cgroup_set **ret, struct bw_err *err)
{
	const char *asked = cgroups_path && *cgroups_path ? cgroups_path : NULL;
	bool relative = asked && asked[0] != '/';
	struct bw_cgroup_set *set = bw_arena_alloc(arena, sizeof *set);
	char path[PATH_MAX], parent[PATH_MAX] = "/";

	if (!set)
		return out_of_memory(err);
	if (clean_path(asked ? asked : id, path, err) < 0)
		return -1;
	if (!host->cgroup_mode || bw_streq(host->cgroup_mode, "none"))
		return bw_fail(err, BW_E_HOST, 0, "no cgroup hierarchy is mounted here");
	set->mode = bw_arena_strdup(arena, host->cgroup_mode);
	if (!set->mode)
		return out_of_memory(err);
	for (size_t i = 0; i < host->hierarchies.n; i++) {
		const struct bw_host_hierarchy *hierarchy = &host->hierarchies.v[i];

		if (add_dir(set, hierarchy->controllers, hierarchy->mountpoint,
			    relative ? hierarchy->own_path : "/", path, arena, err) < 0)
			return -1;
	}
	if (relative && unified_parent(host, parent) < 0)
		return bw_fail(err, BW_E_HOST, ENAMETOOLONG, "our own cgroup");
	if (host->cgroup2_mountpoint &&
		add_dir(set, NULL, host->cgroup2_mountpoint, parent, path, arena, err) < 0)
		return -1;
	*ret = set;
	return 0;
}

int bw_cgroup_set_make_none(
	const struct bw_host *host, struct bw_arena *arena, struct bw_cgroup_set **ret, struct bw_err *err)
{
	struct bw_cgroup_set *set = bw_arena_alloc(arena, sizeof *set);

	if (!set)
		return out_of_memory(err);
	set->mode = bw_arena_strdup(arena, host->cgroup_mode ? host->cgroup_mode : "none");
	set->rootless = set->optional = (struct bw_opt_bool){true, true};
	*ret = set;
	return set->mode ? 0 : out_of_memory(err);
}

static const struct bw_field dir_fields[] = {
	BW_FIELD(struct bw_cgroup_dir, controllers, "controllers",
		.doc = "of a v1 hierarchy; absent: the unified hierarchy"),
	BW_FIELD(struct bw_cgroup_dir, mountpoint, "mountpoint",
		.flags = BW_REQUIRED | BW_ABSOLUTE_PATH, .doc = "where the hierarchy is mounted"),
	BW_FIELD(struct bw_cgroup_dir, path, "path", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "the container's cgroup beneath the mountpoint"),
	BW_FIELD(struct bw_cgroup_dir, made, "made", .max = PATH_MAX,
		.doc = "how many of the path's last components bulwark made"),
	BW_END,
};
static const struct bw_schema dir_schema = {.name = "cgroup",
	.size = sizeof(struct bw_cgroup_dir),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = dir_fields};

static const char *const modes[] = {"v1", "hybrid", "v2", "none", NULL};
static const struct bw_field set_fields[] = {
	BW_FIELD(struct bw_cgroup_set, mode, "mode", .flags = BW_REQUIRED, .names = modes,
		.doc = "how the host's cgroups are mounted"),
	BW_FIELD(struct bw_cgroup_set, unit, "unit", .doc = "systemd's unit, if it makes the cgroups"),
	BW_FIELD(struct bw_cgroup_set, user_unit, "userUnit", .doc = "the unit is one of the user's own systemd"),
	BW_FIELD(struct bw_cgroup_set, rootless, "rootless", .doc = "the caller is not root"),
	BW_FIELD(struct bw_cgroup_set, optional, "optional", .doc = "cgroups that may not be made are left out"),
	BW_LIST_OF(struct bw_cgroup_set, dirs, "directories", &dir_schema,
		.doc = "the container's directory in each hierarchy"),
	BW_END,
};
const struct bw_schema bw_cgroup_set_schema = {.name = "cgroups",
	.size = sizeof(struct bw_cgroup_set),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = set_fields};
