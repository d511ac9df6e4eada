/* SPDX-License-Identifier: Apache-2.0 */
/* delegate_stage.c - another runtime walks paths once more, long after we have looked at them: whoever can write one of
 * the directories on the way would lead it elsewhere. So what it gets are paths beneath the container's own directory,
 * which is root's alone, and on them lies what was looked at: the root, each source of a bind, by descriptor. The mounts are
 * in a namespace of their own, which ends with the last process in it: a crash leaves nothing behind. */
#include "container/delegate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/hook_check.h"
#include "control/encrypted_sources.h"
#include "control/mount_source.h"
#include "control/rlimits.h"
#include "control/rootfs_open.h"

struct staging {
	const struct bw_request *request;
	const char *dir; /* of the bundle */
	struct bw_refused_sources *refused;
	int bundle; /* the caller's */
	struct bw_spec *spec;
};

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "configuration for the backend");
}

static bool is_bind(const struct bw_spec_mount *mount)
{
	return (bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind") ||
		       bw_streq0(mount->type, "bind")) &&
	       !bw_strs_has(&mount->options, "remount");
}

/* ---- places ---- */

/* options: NULL for the root. Readonly is for the runtime to make, which first makes places for what is mounted within. */
static int restrict_tree(int tree, const struct bw_mount_options *options, struct bw_err *err)
{
	enum { OURS = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW };
	struct mount_attr one = {.attr_set = options->set & OURS},
			  all = {.attr_set = options->rec_set & (OURS | MOUNT_ATTR_RDONLY)};

	if ((one.attr_set && mount_setattr(tree, "", AT_EMPTY_PATH, &one, sizeof one) < 0) ||
		(all.attr_set && mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &all, sizeof all) < 0))
		return bw_fail(err, BW_E_KERNEL, errno, "attributes of a mount");
	return 0;
}

static int place(int fd, const char *path, bool recursive, const struct bw_mount_options *options, struct bw_err *err)
{
	auto_close int tree =
		open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0));
	struct stat st;

	if (tree < 0 || fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening what %s is for", path);
	if (options && restrict_tree(tree, options, err) < 0)
		return -1;
	if ((S_ISDIR(st.st_mode) ? mkdir(path, 0755) : mknod(path, S_IFREG | 0600, 0)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making %s", path);
	if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mounting %s", path);
	return 0;
}

static int place_root(struct staging *staging, struct bw_err *err)
{
	struct bw_spec_root *root = staging->spec->root;
	auto_close int fd = bw_rootfs_open(staging->request, err);
	char *path = bw_arena_printf(staging->request->arena, "%s/rootfs", staging->dir);

	if (fd < 0)
		return -1;
	if (!path)
		return out_of_memory(err);
	if (place(fd, path, true, NULL, err) < 0)
		return -1;
	root->path = path;
	return 0;
}

/* What lies in the container's own tree only its own child could open there. */
static int check_place(
	const struct staging *staging, size_t index, const struct bw_mount_options *options, struct bw_err *err)
{
	char path[PATH_MAX];
	int own = bw_mount_source_own_tree(staging->request, staging->refused, index, options, path, sizeof path, err);

	if (own <= 0)
		return own;
	bw_fail(err, BW_E_SPEC, 0,
		"/mounts/%zu/source: lies in the container's own tree, which a backend cannot be told", index);
	return bw_at(err, "/mounts/%zu/source", index);
}

/* Words of OCI 1.1 for whole trees are unknown to older runtimes, and some stop at them. The tree has them by now. */
static int plain_words(const struct staging *staging, struct bw_spec_mount *mount, struct bw_err *err)
{
	static const struct {
		const char *word, *plain; /* NULL: nothing */
	} words[] = {{"rro", "ro"}, {"rnosuid", "nosuid"}, {"rnodev", "nodev"}, {"rnoexec", "noexec"}, {"rnosymfollow", NULL},
		{"nosymfollow", NULL}, {"rrw", NULL}, {"rsuid", NULL}, {"rdev", NULL}, {"rexec", NULL}, {"rsymfollow", NULL}};
	struct bw_strs plain = {0};

	for (size_t i = 0; i < mount->options.n; i++) {
		const char *word = mount->options.v[i];

		for (size_t k = 0; word && k < BW_COUNT(words); k++)
			if (bw_streq(mount->options.v[i], words[k].word))
				word = words[k].plain;
		if (word && !bw_strs_has(&plain, word) && bw_strs_add(staging->request->arena, &plain, word) < 0)
			return out_of_memory(err);
	}
	mount->options = plain;
	return 0;
}

static int place_source(struct staging *staging, size_t index, struct bw_err *err)
{
	struct bw_arena *arena = staging->request->arena;
	struct bw_spec_mount *mount = &staging->spec->mounts.v[index];
	char *path = bw_arena_printf(arena, "%s/source-%zu", staging->dir, index);
	const struct bw_spec_volume *volume;
	struct bw_mount_options options;
	auto_close int fd = -1;

	if (!mount->source)
		return bw_fail(err, BW_E_SPEC, 0, "/mounts/%zu/source: a bind mount needs a source", index);
	if (!path || bw_mount_options_parse(&mount->options, arena, &options) < 0)
		return out_of_memory(err);
	if (check_place(staging, index, &options, err) < 0)
		return -1;
	volume = bw_mount_source_volume(staging->request, mount->source);
	fd = volume ? bw_mount_volume_open(staging->request, volume, index, err)
		    : bw_mount_source_open(staging->request, staging->bundle, mount->source, index, err);
	if (fd < 0 ||
		bw_mount_source_check(staging->request, staging->refused, fd, mount->source, &options, index, err) < 0 ||
		bw_encrypted_source_check(staging->request, fd, mount->source, &options, index, err) < 0 ||
		place(fd, path, options.recursive, &options, err) < 0)
		return -1;
	mount->source = path;
	return plain_words(staging, mount, err);
}

/* What is no bind to us must be none to anybody: there are runtimes that bind whatever has no type, and what a remount of
 * a source is, is their own idea. A source that is no path is nobody's file. */
static int settle_mount(struct staging *staging, size_t index, struct bw_err *err)
{
	struct bw_spec_mount *mount = &staging->spec->mounts.v[index];
	bool binds = bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind") ||
		     bw_streq0(mount->type, "bind");

	if (is_bind(mount))
		return place_source(staging, index, err);
	if (binds || !mount->type || !*mount->type || bw_streq(mount->type, "none")) {
		bw_fail(err, BW_E_SPEC, 0,
			"/mounts/%zu/type: a backend is told of mounts with a type, and of no remounts of binds",
			index);
		return bw_at(err, "/mounts/%zu/type", index);
	}
	mount->source = mount->type;
	return 0;
}

/* ---- what else it would walk ---- */

static int settle_hooks(const struct staging *staging, struct bw_spec_hook_list *hooks, const char *kind, struct bw_err *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < hooks->n; i++) {
		if (bw_hook_check(staging->request->spec->hardening, &hooks->v[i], kind, i, path, err) < 0)
			return -1;
		hooks->v[i].path = bw_arena_strdup(staging->request->arena, path);
		if (!hooks->v[i].path)
			return out_of_memory(err);
	}
	return 0;
}

static int settle_all_hooks(const struct staging *staging, struct bw_err *err)
{
	struct bw_spec_hooks *hooks = staging->spec->hooks;

	if (!hooks)
		return 0;
	if (settle_hooks(staging, &hooks->prestart, "prestart", err) < 0 ||
		settle_hooks(staging, &hooks->create_runtime, "createRuntime", err) < 0 ||
		settle_hooks(staging, &hooks->create_container, "createContainer", err) < 0 ||
		settle_hooks(staging, &hooks->poststart, "poststart", err) < 0)
		return -1;
	return settle_hooks(staging, &hooks->poststop, "poststop", err);
}

/* A limit that the policy set is met by a lower one of ours, which nobody without CAP_SYS_RESOURCE can raise. */
static void lower_limits(const struct staging *staging)
{
	const struct bw_spec_hardening *hardening = staging->request->spec->hardening;
	struct bw_spec_process *process = staging->spec->process;

	for (size_t i = 0; process && i < process->rlimits.n; i++) {
		struct bw_spec_rlimit *limit = &process->rlimits.v[i];
		int number = bw_rlimit_number(limit->type);
		struct rlimit ours;

		if (number < 0 || !bw_strs_has(&hardening->ceilings, limit->type) ||
			getrlimit((__rlimit_resource_t)number, &ours) < 0 || ours.rlim_max >= limit->hard.v)
			continue;
		limit->hard.v = ours.rlim_max;
		if (limit->soft.v > limit->hard.v)
			limit->soft.v = limit->hard.v;
	}
}

/* ---- all of it ---- */

static int build(struct staging *staging, struct bw_err *err)
{
	const struct bw_request *request = staging->request;
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	staging->bundle = open(request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (staging->bundle < 0)
		return bw_fail(err, BW_E_SPEC, errno, "opening the bundle %s", request->bundle);
	if (hardening->check_mounts.v && bw_refused_sources_look(request, &staging->refused, err) < 0)
		return -1;
	for (size_t i = 0; i < staging->spec->mounts.n; i++)
		if (settle_mount(staging, i, err) < 0)
			return -1;
	if (place_root(staging, err) < 0 || settle_all_hooks(staging, err) < 0)
		return -1;
	lower_limits(staging);
	return 0;
}

int bw_delegate_stage_enter(struct bw_detour *detour, const struct bw_request *request, const char *dir, struct bw_spec **ret,
	struct bw_err *err)
{
	struct staging staging = {.request = request, .dir = dir, .bundle = -1};
	struct bw_err ignored = {0};
	int r;

	staging.spec = bw_schema_copy(&bw_hardened_schema, request->spec, request->arena);
	if (!staging.spec)
		return out_of_memory(err);
	if (bw_detour_begin(detour, MS_SLAVE, "the backend", err) < 0)
		return -1;
	r = build(&staging, err);
	if (staging.bundle >= 0)
		close(staging.bundle);
	*ret = staging.spec;
	if (r < 0)
		(void)!bw_detour_end(detour, &ignored);
	return r;
}
