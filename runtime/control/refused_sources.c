/* SPDX-License-Identifier: Apache-2.0 */
/* refused_sources.c - a directory has as many names as there are links and bind mounts that lead to it. A source and
 * what is refused are compared by path without links, by inode, and by their place in the file system: the last knows
 * a bind mount of something beneath, or above, by whatever name it goes on this host. */
#include "control/refused_sources.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "spec/spec.h"

enum { MOUNTINFO_MAX = 16 << 20, PLACES_MAX = 16384 };

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "looking for what the policy refuses to share");
}

static ssize_t path_of(int fd, char *real, size_t size)
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, real, size - 1);
	if (len >= 0)
		real[len] = '\0';
	return len;
}

/* The mount in which fd lies, and the rest of real behind its root. NULL: not to be told. */
static const struct bw_mount *mount_of(const struct bw_mounts *mounts, int fd, const char *real, const char **ret_rest)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 || !(stx.stx_mask & STATX_MNT_ID))
		return NULL;
	for (size_t i = 0; i < mounts->n; i++) {
		const struct bw_mount *mount = &mounts->v[i];

		if (mount->id != stx.stx_mnt_id)
			continue;
		if (!bw_path_beneath(real, mount->point))
			return NULL;
		*ret_rest = bw_streq(mount->point, "/") ? real : real + strlen(mount->point);
		return mount;
	}
	return NULL;
}

/* The path in the file system: what of it is mounted, and where in that. False: too long. */
static bool inside_of(const struct bw_mount *mount, const char *rest, char *inside, size_t size)
{
	char joined[PATH_MAX];
	struct bw_buf buf = bw_buf_over(joined, sizeof joined);

	bw_buf_add(&buf, mount->root);
	bw_buf_add(&buf, "/");
	bw_buf_add(&buf, rest);
	return !buf.overflow && bw_path_clean(joined, inside, size);
}

static bool is_known(const struct bw_refused_sources *refused, const struct stat *st)
{
	for (size_t i = 0; i < refused->above.n; i++)
		if (refused->above.v[i].dev == st->st_dev && refused->above.v[i].ino == st->st_ino)
			return true;
	return false;
}

/* All directories above path, which is changed. Neighbours in the list have the same above them as a rule. */
static int add_above(struct bw_refused_sources *refused, char *path, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_refused_directory *added;
	char *slash = strrchr(path, '/');
	struct stat st;

	if (!slash || strncmp(path, refused->last_parent, (size_t)(slash - path) + 1) == 0)
		return 0;
	snprintf(refused->last_parent, sizeof refused->last_parent, "%.*s", (int)(slash - path) + 1, path);
	while ((slash = strrchr(path, '/')) && path[1]) {
		slash[slash == path] = '\0';
		if (stat(path, &st) < 0 || is_known(refused, &st))
			continue;
		added = bw_push(arena, &refused->above);
		if (!added)
			return out_of_memory(err);
		*added = (struct bw_refused_directory){.dev = st.st_dev, .ino = st.st_ino};
	}
	return 0;
}

/* What name leads to; real stays NULL when it leads nowhere. */
static int look_up(const struct bw_refused_sources *refused, const char *name, const char *listed, struct bw_arena *arena,
	struct bw_refused_place *ret, struct bw_err *err)
{
	auto_close int fd = open(name, O_PATH | O_CLOEXEC);
	char real[PATH_MAX], inside[PATH_MAX];
	const struct bw_mount *mount;
	const char *rest;
	struct stat st;

	*ret = (struct bw_refused_place){0};
	if (fd < 0 || fstat(fd, &st) < 0 || path_of(fd, real, sizeof real) < 0)
		return 0;
	*ret = (struct bw_refused_place){
		.name = bw_arena_strdup(arena, name),
		.listed = listed,
		.real = bw_arena_strdup(arena, real),
		.dev = st.st_dev,
		.ino = st.st_ino,
	};
	mount = mount_of(&refused->mounts, fd, real, &rest);
	if (mount && inside_of(mount, rest, inside, sizeof inside)) {
		ret->device = mount->device;
		ret->inside = bw_arena_strdup(arena, inside);
	}
	return ret->name && ret->real && (!ret->device || ret->inside) ? 0 : out_of_memory(err);
}

static int add_place(struct bw_refused_sources *refused, const char *name, const char *listed, struct bw_arena *arena,
	struct bw_err *err)
{
	struct bw_refused_place *added, place;
	char path[PATH_MAX];

	if (look_up(refused, name, listed, arena, &place, err) < 0)
		return -1;
	if (!place.real)
		return 0;
	if (refused->places.n == PLACES_MAX)
		return bw_fail(err, BW_E_HOST, 0,
			"more than %d paths of this host are what mounts.refuse of the policy names", PLACES_MAX);
	added = bw_push(arena, &refused->places);
	if (!added)
		return out_of_memory(err);
	*added = place;
	snprintf(path, sizeof path, "%s", place.real);
	return add_above(refused, path, arena, err);
}

static int expand(struct bw_refused_sources *refused, const char *done, const char *rest, const char *listed,
	struct bw_arena *arena, struct bw_err *err);

/* One component with a wildcard: every entry of the directory that it matches. */
static int expand_component(struct bw_refused_sources *refused, const char *done, const char *pattern, const char *rest,
	const char *listed, struct bw_arena *arena, struct bw_err *err)
{
	DIR *dir = opendir(done);
	struct dirent *entry;
	char path[PATH_MAX];
	int r = 0;

	while (r == 0 && dir && (entry = readdir(dir))) {
		if (bw_streq(entry->d_name, ".") || bw_streq(entry->d_name, "..") ||
			!bw_glob_match(pattern, entry->d_name))
			continue;
		if (snprintf(path, sizeof path, "%s%s", done, entry->d_name) < (int)sizeof path)
			r = expand(refused, path, rest, listed, arena, err);
	}
	if (dir)
		closedir(dir);
	return r;
}

/* done: without wildcards; rest: what follows it, "" at the end. */
static int expand(struct bw_refused_sources *refused, const char *done, const char *rest, const char *listed,
	struct bw_arena *arena, struct bw_err *err)
{
	char path[PATH_MAX], component[NAME_MAX + 1];
	const char *star = strchr(rest, '*');
	const char *start = star, *end;

	if (snprintf(path, sizeof path, "%s%s", done, rest) >= (int)sizeof path)
		return 0;
	if (!star)
		return add_place(refused, path, listed, arena, err);
	while (start > rest && start[-1] != '/')
		start--;
	end = star + strcspn(star, "/");
	if ((size_t)(end - start) >= sizeof component)
		return 0;
	snprintf(component, sizeof component, "%.*s", (int)(end - start), start);
	path[strlen(done) + (size_t)(start - rest)] = '\0';
	return expand_component(refused, path, component, end, listed, arena, err);
}

/* The names may lead nowhere yet: what is above them counts all the same. */
static int look_at(struct bw_refused_sources *refused, const char *listed, struct bw_arena *arena, struct bw_err *err)
{
	char path[PATH_MAX];
	size_t fixed = strcspn(listed, "*");

	if (snprintf(path, sizeof path, "%.*s", (int)fixed, listed) >= (int)sizeof path)
		return 0;
	return add_above(refused, path, arena, err) < 0 ? -1 : expand(refused, "", listed, listed, arena, err);
}

/* By another way than its own the container would write to it. */
static int look_at_rootfs(struct bw_refused_sources *refused, const struct bw_request *request, struct bw_err *err)
{
	const struct bw_spec_root *root = request->spec->root;
	char path[PATH_MAX];

	if (!root || !root->readonly.v ||
		snprintf(path, sizeof path, "%s/%s", *root->path == '/' ? "" : request->bundle, root->path) >=
			(int)sizeof path)
		return 0;
	return look_up(refused, path, "of the container's own rootfs, which is read-only", request->arena,
		&refused->rootfs, err);
}

int bw_refused_sources_look(const struct bw_request *request, struct bw_refused_sources **ret, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	struct bw_refused_sources *refused = bw_arena_alloc(request->arena, sizeof *refused);
	char bundle[PATH_MAX];
	auto_free char *text = NULL;

	if (!refused)
		return out_of_memory(err);
	refused->listed = &hardening->refused_sources;
	refused->excepted = &hardening->excepted_sources;
	refused->own = &hardening->own_sources;
	if (!realpath(request->bundle, bundle))
		return bw_fail(err, BW_E_SPEC, errno, "looking at the bundle %s", request->bundle);
	refused->bundle = bw_arena_strdup(request->arena, bundle);
	if (!refused->bundle)
		return out_of_memory(err);
	if (bw_read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err) < 0 ||
		bw_mountinfo_parse(text, request->arena, &refused->mounts, err) < 0)
		return -1;
	for (size_t i = 0; i < refused->listed->n; i++)
		if (look_at(refused, refused->listed->v[i], request->arena, err) < 0)
			return -1;
	*ret = refused;
	return look_at_rootfs(refused, request, err);
}

/* ---- one source ---- */

struct source {
	const char *real;
	const char *device, *inside; /* or NULL */
	const struct stat *st;
};

static bool is_excepted(const struct bw_refused_sources *refused, const char *path)
{
	for (size_t i = 0; i < refused->excepted->n; i++)
		if (bw_path_relate(path, refused->excepted->v[i]) == BW_SAME)
			return true;
	for (size_t i = 0; i < refused->own->n; i++)
		if (bw_path_beneath(path, refused->own->v[i]))
			return true;
	return false;
}

/* What of path lies behind dir; NULL: it is not beneath it. */
static const char *rest_beneath(const char *path, const char *dir)
{
	if (!bw_path_beneath(path, dir))
		return NULL;
	return bw_streq(dir, "/") ? path : path + strlen(dir);
}

/* What the policy excepts there is excepted by whatever name we came to it. */
static bool is_exception_of(const struct bw_refused_sources *refused, const struct bw_refused_place *place, const char *rest)
{
	char path[PATH_MAX];
	struct bw_buf buf = bw_buf_over(path, sizeof path);

	bw_buf_add(&buf, place->name);
	bw_buf_add(&buf, rest);
	return !buf.overflow && is_excepted(refused, path);
}

static bool is_of_bundle(const struct bw_refused_sources *refused, const char *path, enum bw_relation bundle)
{
	return bundle == BW_BENEATH && bw_path_beneath(path, refused->bundle);
}

static bool shares_file_system(const struct source *source, const struct bw_refused_place *place)
{
	return source->device && place->device && bw_streq(source->device, place->device);
}

/* What of the source lies behind the place, by its name or by that in its file system, or as the same thing. NULL: it
 * does not lie there. */
static const char *rest_in(const struct source *source, const struct bw_refused_place *place)
{
	const char *rest = rest_beneath(source->real, place->real);

	if (!rest && shares_file_system(source, place))
		rest = rest_beneath(source->inside, place->inside);
	if (!rest && source->st->st_dev == place->dev && source->st->st_ino == place->ino)
		rest = "";
	return rest;
}

/* The root of the host is above all, and refuses only itself; of what is beneath it the rest of the list decides. */
static bool is_in(const struct bw_refused_sources *refused, const struct source *source, const struct bw_refused_place *place)
{
	const char *rest;

	if (bw_streq(place->real, "/"))
		return source->st->st_dev == place->dev && source->st->st_ino == place->ino;
	/* An engine may keep its bundles there; what lies in one is the container's own. */
	if (bw_path_beneath(source->real, place->real) &&
		is_of_bundle(refused, source->real, bw_path_relate(refused->bundle, place->real)))
		return false;
	rest = rest_in(source, place);
	return rest && !is_exception_of(refused, place, rest);
}

static bool holds(const struct source *source, const struct bw_refused_place *place)
{
	if (bw_path_beneath(place->real, source->real))
		return true;
	return shares_file_system(source, place) && bw_path_beneath(place->inside, source->inside);
}

static const char a_directory_above[] = "a directory above what is kept from containers";

/* By what it is. */
static const char *judge(const struct bw_refused_sources *refused, const struct source *source)
{
	bool is_directory = S_ISDIR(source->st->st_mode);

	for (size_t i = 0; i < refused->places.n; i++) {
		if (is_in(refused, source, &refused->places.v[i]))
			return refused->places.v[i].listed;
		if (is_directory && holds(source, &refused->places.v[i]))
			return a_directory_above;
	}
	return is_directory && is_known(refused, source->st) ? a_directory_above : NULL;
}

/* By name alone, which also speaks of what is not there yet. */
static const char *judge_name(const struct bw_refused_sources *refused, const struct source *source)
{
	if (is_excepted(refused, source->real))
		return NULL;
	for (size_t i = 0; i < refused->listed->n; i++) {
		const char *listed = refused->listed->v[i];
		enum bw_relation how = bw_path_relate(source->real, listed);

		if (how == BW_ABOVE && S_ISDIR(source->st->st_mode))
			return a_directory_above;
		if ((how == BW_SAME || how == BW_BENEATH) && !bw_streq(listed, "/") &&
			!is_of_bundle(refused, source->real, bw_path_relate(refused->bundle, listed)))
			return listed;
	}
	return NULL;
}

const char *bw_refused_sources_find(const struct bw_refused_sources *refused, int fd, const char *real,
	const struct stat *st, bool writable)
{
	struct source source = {.real = real, .st = st};
	const struct bw_mount *mount;
	const char *rest, *found;
	char inside[PATH_MAX];

	mount = mount_of(&refused->mounts, fd, real, &rest);
	if (mount && inside_of(mount, rest, inside, sizeof inside)) {
		source.device = mount->device;
		source.inside = inside;
	}
	if (writable && refused->rootfs.real &&
		(rest_in(&source, &refused->rootfs) || holds(&source, &refused->rootfs)))
		return refused->rootfs.listed;
	found = judge(refused, &source);
	return found ? found : judge_name(refused, &source);
}
