/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_layers.c - an overlay of the layers of another one. The upper layer is a lower one here: nobody writes to it by
 * way of us, and who writes to it otherwise (an engine that copies files into the container) may not be seen. What the
 * layers are the kernel tells in mountinfo; see the kernel's overlayfs.rst. */
#include "control/rootfs_layers.h"

#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "spec/spec.h"

/* As many as the kernel takes, and what it takes of one option. */
enum { MAX_LAYERS = 500, MAX_OPTION = 255, MAX_MOUNTINFO = 16 << 20 };

struct layers {
	struct bw_strs lower; /* the upper one first */
	bool follows, metacopy;
	int v[MAX_LAYERS];
	size_t n;
};

static void layers_close(struct layers *layers)
{
	while (layers->n > 0)
		close(layers->v[--layers->n]);
}

#define auto_layers __attribute__((cleanup(layers_close)))

/* The text up to end, without backslashes, which stand before what separates. */
static char *unescaped(struct bw_arena *arena, const char *text, size_t len)
{
	char *copy = bw_arena_alloc(arena, len + 1), *to = copy;

	for (size_t i = 0; copy && i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		*to++ = text[i];
	}
	return copy;
}

/* Length of text up to a separator that is not escaped. */
static size_t length_to(const char *text, size_t len, char separator)
{
	size_t i = 0;

	while (i < len && text[i] != separator)
		i += text[i] == '\\' && i + 1 < len ? 2 : 1;
	return i;
}

/* "a:b"; "::" is before layers of data alone, which no engine has. */
static int add_lower(struct bw_arena *arena, const char *value, size_t size, struct bw_strs *ret)
{
	char *text = bw_arena_alloc(arena, size + 1);
	size_t len;

	if (!text)
		return -1;
	memcpy(text, value, size);
	len = strlen(bw_mountinfo_unescape(text));
	while (len > 0) {
		size_t n = length_to(text, len, ':');
		char *path = unescaped(arena, text, n);

		if (!path || n == 0 || bw_strs_add(arena, ret, path) < 0)
			return -1;
		n += n < len;
		text += n;
		len -= n;
	}
	return 0;
}

/* One label over all files, layers of data alone, marks (whiteouts, opaque directories) in other attributes, and checks of
 * what metadata says about data: the overlay that we make would show what this one hides or refuses. */
static bool is_beyond_us(const char *option)
{
	static const char *const options[] = {"context=", "datadir+=", "userxattr", "verity="};

	for (size_t i = 0; i < BW_COUNT(options); i++)
		if (bw_after_prefix(option, options[i]))
			return true;
	return false;
}

/* What the options of the super block say. NULL: understood. */
static const char *read_options(struct bw_arena *arena, const char *options, struct layers *ret)
{
	struct bw_strs lower = {0};
	const char *value;

	if (!options)
		return "the kernel says nothing of its overlay";
	for (size_t len; *options; options += len + (options[len] == ',')) {
		len = length_to(options, strlen(options), ',');
		value = bw_after_prefix(options, "upperdir=");
		if (value && add_lower(arena, value, len - (size_t)(value - options), &ret->lower) < 0)
			return "the layers of its overlay cannot be read";
		value = bw_after_prefix(options, "lowerdir=");
		value = value ? value : bw_after_prefix(options, "lowerdir+=");
		if (value && add_lower(arena, value, len - (size_t)(value - options), &lower) < 0)
			return "the layers of its overlay cannot be read";
		ret->follows = ret->follows || bw_after_prefix(options, "redirect_dir=on") || bw_after_prefix(options, "redirect_dir=follow");
		ret->metacopy = ret->metacopy || bw_after_prefix(options, "metacopy=on");
		if (is_beyond_us(options))
			return "its overlay has an option that a second one cannot have";
	}
	for (size_t i = 0; i < lower.n; i++)
		if (bw_strs_add(arena, &ret->lower, lower.v[i]) < 0)
			return "the layers of its overlay cannot be read";
	return ret->lower.n > 0 && ret->lower.n <= MAX_LAYERS ? NULL : "its overlay has no layers, or too many";
}

/* The mount that dir is the root of, in *ret; NULL, or why not. */
static const char *find_mount(const struct bw_request *request, int dir, struct bw_mount *ret, struct bw_err *err)
{
	struct bw_mounts mounts = {0};
	auto_free char *text = NULL;
	struct statx stx;
	bool found = false;

	if (statx(dir, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 || !(stx.stx_mask & STATX_MNT_ID) ||
		!(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return "it lies within an overlay";
	if (bw_read_file("/proc/self/mountinfo", MAX_MOUNTINFO, &text, NULL, err) < 0 ||
		bw_mountinfo_parse(text, request->arena, &mounts, err) < 0)
		return NULL;
	for (size_t i = 0; i < mounts.n; i++) {
		if (mounts.v[i].parent == stx.stx_mnt_id)
			return "something is mounted in it";
		if (mounts.v[i].id != stx.stx_mnt_id)
			continue;
		*ret = mounts.v[i];
		found = true;
	}
	return found && bw_streq(ret->root, "/") ? NULL : "it is a part of an overlay";
}

/* A detached copy of one layer, with mapped ids. */
static int clone_layer(int dir, const char *path, int user, struct bw_err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_IDMAP, .propagation = MS_PRIVATE, .userns_fd = (unsigned)user};
	auto_close int fd = open_tree(dir, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "layer %.300s", path);
	return take_fd(&fd);
}

static const char *open_layers(const struct bw_request *request, int user, bw_layer_fn *is_layer, struct layers *layers,
	struct bw_err *err)
{
	for (size_t i = 0; i < layers->lower.n; i++) {
		const char *path = layers->lower.v[i];
		auto_close int dir = *path == '/' ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		int fd;

		if (*path != '/')
			return "the layers of its overlay have relative names";
		if (dir < 0)
			return "a layer of its overlay is not where its name says";
		if (!is_layer(request, dir))
			return "a layer of it lies neither in the bundle nor where user.images of the policy says";
		fd = clone_layer(dir, path, user, err);
		if (fd < 0)
			return err->sys == EINVAL ? "this kernel cannot map the ids of its layers" : NULL;
		layers->v[layers->n++] = fd;
	}
	return NULL;
}

static int set(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* By their numbers; those that do not fit into one option one by one, since 6.5. */
static int name_layers(int fs, const struct layers *layers)
{
	char numbers[MAX_OPTION + 1], number[24];
	struct bw_buf buf = bw_buf_over(numbers, sizeof numbers);

	for (size_t i = 0; i < layers->n; i++)
		bw_buf_addf(&buf, "%s%zu", i ? ":" : "", i);
	if (!buf.overflow)
		return set(fs, "lowerdir", numbers);
	for (size_t i = 0; i < layers->n; i++) {
		snprintf(number, sizeof number, "%zu", i);
		if (set(fs, "lowerdir+", number) < 0)
			return -1;
	}
	return 0;
}

static int mount_layers(const struct layers *layers)
{
	auto_close int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0 || set(fs, "source", "overlay") < 0 || name_layers(fs, layers) < 0 ||
		(layers->follows && set(fs, "redirect_dir", "follow") < 0) ||
		(layers->metacopy && set(fs, "metacopy", "on") < 0) || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
}

/* From here to mount_there() we are a process of our own, in a mount namespace of its own. */
static int enter_namespace(void)
{
	return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -1 : 0;
}

/* A directory with the layers by number becomes the current one. Where it is mounted matters to nobody. */
static int attach_layers(const struct layers *layers, const char *place)
{
	auto_close int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	auto_close int target = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int top = -1;
	char name[24];

	if (fs < 0 || target < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	top = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (top < 0 || move_mount(top, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -1;
	for (size_t i = 0; i < layers->n; i++) {
		snprintf(name, sizeof name, "%zu", i);
		if (mkdirat(top, name, 0700) < 0 || move_mount(layers->v[i], "", top, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return -1;
	}
	return fchdir(top);
}

struct answer {
	int tree, sys;
};

_Noreturn static void mount_there(const struct layers *layers, const char *place, int pipe)
{
	struct answer answer = {.tree = -1};

	if (enter_namespace() == 0 && attach_layers(layers, place) == 0)
		answer.tree = mount_layers(layers);
	answer.sys = errno;
	_exit(write(pipe, &answer, sizeof answer) != (ssize_t)sizeof answer);
}

/* Kernels from 5.14 to 6.14 take layers only of the mount namespace that one is in, where they would be everybody's to
 * see. So a process that shares our descriptors, and nothing else, has one for a moment; the overlay keeps them. */
static int mount_apart(const struct bw_request *request, const struct layers *layers, struct bw_err *err)
{
	struct bw_clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	struct answer answer = {.tree = -1};
	int pipes[2], status;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe");
	pid = (pid_t)bw_clone3(&args);
	if (pid == 0)
		mount_there(layers, request->bundle, pipes[1]);
	if (pid < 0)
		bw_fail(err, BW_E_KERNEL, errno, "clone3");
	else if (bw_wait(pid, &status) < 0 || read(pipes[0], &answer, sizeof answer) != (ssize_t)sizeof answer)
		bw_fail(err, BW_E_INTERNAL, 0, "rootfs: the process that mounts its layers died");
	else if (answer.tree < 0)
		bw_fail(err, BW_E_KERNEL, answer.sys, "rootfs: an overlay of %zu layers with mapped ids", layers->n);
	close(pipes[0]);
	close(pipes[1]);
	return answer.tree;
}

int bw_rootfs_of_layers(const struct bw_request *request, int dir, int user, bw_layer_fn *is_layer, const char **ret_why,
	struct bw_err *err)
{
	auto_layers struct layers layers = {0};
	struct bw_mount mount = {0};
	struct statfs fs;
	int tree;

	*ret_why = NULL;
	if (fstatfs(dir, &fs) < 0 || fs.f_type != OVERLAYFS_SUPER_MAGIC)
		*ret_why = "this kernel cannot map the ids of its file system";
	else if (!request->spec->root->readonly.v)
		*ret_why = "this kernel cannot map the ids of an overlay that is not read-only";
	else
		*ret_why = find_mount(request, dir, &mount, err);
	if (!*ret_why && (!err || err->code == BW_E_NONE))
		*ret_why = read_options(request->arena, mount.super, &layers);
	if (!*ret_why && err->code == BW_E_NONE)
		*ret_why = open_layers(request, user, is_layer, &layers, err);
	if (*ret_why || err->code != BW_E_NONE)
		return -1;
	if (layers.n == 1)
		return fcntl(layers.v[0], F_DUPFD_CLOEXEC, 3);
	tree = mount_apart(request, &layers, err);
	if (tree < 0 && err->sys == EINVAL)
		*ret_why = "this kernel makes no overlay of layers with mapped ids";
	return tree;
}
