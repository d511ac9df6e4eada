/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_overlay.c - overlay mounts. mount(2) takes one page of options, and the names of a hundred layers are longer than
 * that; then they are given relative to the directory that they share, as containerd does it, and where that does not do,
 * as descriptors, relative to /proc/self/fd: a few bytes each, on every kernel. (fsconfig(2)'s "lowerdir+" needs 6.5, and
 * takes 255 bytes of a name.) */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "shim/rootfs_parts.h"

/* As many as the kernel takes, OVL_MAX_STACK. */
enum { MAX_LAYERS = 500 };

/* Descriptors of the layers, in order; -1 for an empty one. */
struct opened {
	int *v;
	size_t n;
};

static int no_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "layers of an overlay");
}

static void opened_close(struct opened *opened)
{
	for (size_t i = 0; i < opened->n; i++)
		if (opened->v[i] >= 0)
			close(opened->v[i]);
	opened->n = 0;
}

/* Gives the soft limit of open files back, which the program of the container is to have. */
static void restore_files(const struct rlimit *before)
{
	setrlimit(RLIMIT_NOFILE, before);
}

static struct rlimit raise_files(void)
{
	struct rlimit before = {0}, most;

	getrlimit(RLIMIT_NOFILE, &before);
	most = before;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
	return before;
}

static int open_layer(const char *path, int user, struct bw_err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
	auto_close int fd = -1;

	if (path[0] != '/')
		return bw_fail(err, BW_E_SPEC, 0, "layer \"%.200s\": expected an absolute path", path);
	fd = user < 0 ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)
		      : open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "layer %.300s", path);
	if (user >= 0) {
		/* Other containers use this layer: nobody may write to it by way of us. */
		if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "layer %.300s: mount_setattr", path);
		if (bw_rootfs_map_ids(fd, false, user, path, err) < 0)
			return -1;
	}
	return take_fd(&fd);
}

/* user: a user namespace whose maps the layers get, or -1. */
static int open_layers(const struct bw_rootfs_job *job, const struct bw_proto_texts *layers, int user, struct opened *ret,
	struct bw_err *err)
{
	if (layers->n > MAX_LAYERS)
		return bw_fail(err, BW_E_SPEC, 0, "expected at most %d layers, found %zu", MAX_LAYERS, layers->n);
	ret->v = bw_arena_alloc(job->arena, (layers->n + 1) * sizeof *ret->v);
	if (!ret->v)
		return no_memory(err);
	for (size_t i = 0; i < layers->n; i++) {
		int fd = *layers->v[i] ? open_layer(layers->v[i], user, err) : -1;

		if (fd < 0 && *layers->v[i])
			return -1;
		ret->v[ret->n++] = fd;
	}
	return 0;
}

/* "11:12::13" */
static char *numbers_of(const struct bw_rootfs_job *job, const struct opened *opened)
{
	size_t size = opened->n * 12 + 1;
	char *text = bw_arena_alloc(job->arena, size);
	struct bw_buf buf;

	if (!text)
		return NULL;
	buf = bw_buf_over(text, size);
	for (size_t i = 0; i < opened->n; i++) {
		bw_buf_add(&buf, i ? ":" : "");
		if (opened->v[i] >= 0)
			bw_buf_addf(&buf, "%d", opened->v[i]);
	}
	return text;
}

static int mount_opened(const struct bw_rootfs_job *job, const struct opened *opened, struct bw_err *err)
{
	const char *numbers = numbers_of(job, opened);
	const char *data = numbers ? bw_rootfs_options_data(&job->options, numbers, job->arena) : NULL;

	if (!data)
		return no_memory(err);
	return bw_rootfs_mount_at(job, job->mount->source, "/proc/self/fd", data, err);
}

/* Relative layers are looked up elsewhere than relative directories for what is written, which stay as they are. */
static int check_absolute(const struct bw_rootfs_job *job, struct bw_err *err)
{
	static const char *const names[] = {"upperdir=", "workdir="};

	for (size_t i = 0; i < job->options.data.n; i++)
		for (size_t k = 0; k < BW_COUNT(names); k++) {
			const char *value = bw_after_prefix(job->options.data.v[i], names[k]);

			if (value && value[0] != '/')
				return bw_fail(err, BW_E_SPEC, 0, "%s: expected an absolute path, found \"%.200s\"", names[k],
					value);
		}
	return 0;
}

static int mount_by_descriptors(const struct bw_rootfs_job *job, const struct bw_proto_texts *layers, struct bw_err *err)
{
	struct rlimit before = raise_files();
	struct opened opened = {0};
	int r = open_layers(job, layers, -1, &opened, err);

	if (r == 0)
		r = mount_opened(job, &opened, err);
	opened_close(&opened);
	restore_files(&before);
	return r;
}

static int mount_long(const struct bw_rootfs_job *job, struct bw_err *err)
{
	struct bw_proto_texts layers = bw_rootfs_layers(job->options.lower, job->arena);
	size_t common = bw_rootfs_layers_common(&layers);
	const char *directory, *lower, *data;

	if (!layers.v)
		return no_memory(err);
	if (check_absolute(job, err) < 0)
		return -1;
	if (common > 0) {
		directory = bw_arena_strndup(job->arena, layers.v[0], common);
		lower = bw_rootfs_layers_join(&layers, common + 1, job->arena);
		data = lower ? bw_rootfs_options_data(&job->options, lower, job->arena) : NULL;
		if (!directory || !data)
			return no_memory(err);
		if (bw_rootfs_data_fits(data))
			return bw_rootfs_mount_at(job, job->mount->source, directory, data, err);
	}
	return mount_by_descriptors(job, &layers, err);
}

/* What would be a layer whose ids nobody maps. */
static int check_mappable(const struct bw_rootfs_job *job, struct bw_err *err)
{
	const struct bw_proto_texts *data = &job->options.data;

	if (!job->options.lower)
		return bw_fail(err, BW_E_SPEC, 0, "expected lowerdir beside uidmap, found none");
	for (size_t i = 0; i < data->n; i++)
		if (bw_after_prefix(data->v[i], "lowerdir+") || bw_after_prefix(data->v[i], "datadir+"))
			return bw_fail(err, BW_E_SPEC, 0, "option %.80s: expected layers in lowerdir beside uidmap", data->v[i]);
	return check_absolute(job, err);
}

/* Before 6.15 a layer has to be mounted somewhere while the overlay is made. So they all are, one upon the other, at the
 * overlay's own place: should we end here, `delete` finds them, and nobody removes the files of a layer by way of a
 * forgotten mount. */
static int mount_upon(const struct bw_rootfs_job *job, const struct opened *opened, struct bw_err *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < opened->n && r == 0; i++) {
		if (opened->v[i] < 0)
			continue;
		r = bw_rootfs_attach(job, opened->v[i], err);
		n += r == 0;
	}
	if (r == 0)
		r = mount_opened(job, opened, err);
	if (r == 0)
		return bw_rootfs_lift(job, n + 1, err);
	bw_rootfs_unmount_at(job->at, n);
	return -1;
}

static int mount_mapped(const struct bw_rootfs_job *job, struct bw_err *err)
{
	struct bw_proto_texts layers;
	struct opened opened = {0};
	struct rlimit before;
	auto_close int user = -1, tree = -1;

	if (check_mappable(job, err) < 0)
		return -1;
	layers = bw_rootfs_layers(job->options.lower, job->arena);
	if (!layers.v)
		return no_memory(err);
	user = bw_rootfs_user_namespace(job, err);
	if (user < 0)
		return -1;
	before = raise_files();
	if (open_layers(job, &layers, user, &opened, err) == 0)
		tree = mount_upon(job, &opened, err);
	opened_close(&opened);
	restore_files(&before);
	return tree < 0 ? -1 : bw_rootfs_attach(job, tree, err);
}

static bool is_missing(const char *path)
{
	return *path && access(path, F_OK) < 0 && errno == ENOENT;
}

/* The first directory of an option that is not there, or NULL. */
static const char *missing_of(const char *option, struct bw_arena *arena)
{
	const char *value = bw_after_prefix(option, "upperdir=");
	struct bw_proto_texts layers;

	if (!value)
		value = bw_after_prefix(option, "workdir=");
	if (value)
		return is_missing(value) ? value : NULL;
	value = bw_after_prefix(option, "lowerdir=");
	layers = value ? bw_rootfs_layers(value, arena) : (struct bw_proto_texts){0};
	for (size_t i = 0; i < layers.n; i++)
		if (is_missing(layers.v[i]))
			return layers.v[i];
	return NULL;
}

/* The kernel says that something is missing; we say what, if we have not yet. */
static int name_missing(const struct bw_rootfs_job *job, struct bw_err *err)
{
	for (size_t i = 0; i < job->options.data.n; i++) {
		const char *path = missing_of(job->options.data.v[i], job->arena);

		if (path && !strstr(err->text, path))
			return bw_because(err, "there is no %.300s", path);
	}
	return -1;
}

int bw_rootfs_overlay(const struct bw_rootfs_job *job, struct bw_err *err)
{
	const char *data = bw_rootfs_options_data(&job->options, NULL, job->arena);
	int r;

	if (!data)
		return no_memory(err);
	if (job->options.uid_map)
		r = mount_mapped(job, err);
	else if (bw_rootfs_data_fits(data) || !job->options.lower)
		r = bw_rootfs_mount_at(job, job->mount->source, NULL, data, err);
	else
		r = mount_long(job, err);
	return r < 0 && err->sys == ENOENT ? name_missing(job, err) : r;
}
