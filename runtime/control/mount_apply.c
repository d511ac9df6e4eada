/* SPDX-License-Identifier: Apache-2.0 */
/* mount_apply.c - the steps of mounts.c in the child: system calls on descriptors, beneath that of the rootfs; each
 * target is resolved once. See move_mount(2), fsopen(2), mount_setattr(2). */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/path.h"
#include "control/control.h"
#include "control/copy_up.h"
#include "control/mount_steps.h"

static int set_attr(int fd, uint64_t set, uint64_t clear, unsigned flags)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear};

	if (!set && !clear)
		return 0;
	return mount_setattr(fd, "", AT_EMPTY_PATH | flags, &attr, sizeof attr) < 0 ? -errno : 0;
}

static int set_propagation(int fd, unsigned propagation)
{
	struct mount_attr attr = {.propagation = propagation & ~(unsigned)MS_REC};

	if (!propagation)
		return 0;
	return mount_setattr(fd, "", AT_EMPTY_PATH | (propagation & MS_REC ? AT_RECURSIVE : 0U),
		       &attr, sizeof attr) < 0
		       ? -errno
		       : 0;
}

/* /proc and /sys: one component each, made when missing, never through a symlink. */
static int open_plain_directory(int root, const char *destination)
{
	int fd = bw_open_in(root, destination, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	struct stat st;

	if (fd != -ENOENT)
		return fd;
	if (fstatat(root, destination + 1, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -ELOOP;
	fd = bw_mkdir_in(root, destination, 0755);
	if (fd < 0)
		return fd;
	close(fd);
	return bw_open_in(root, destination, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

static int attach(
	struct bw_child *child, int tree, const struct head *head, const char *destination)
{
	struct stat st;
	int target, r;

	if (head->flags & NO_SYMLINKS)
		target = open_plain_directory(child->root, destination);
	else if (head->flags & SOURCE_IS_FILE)
		target = bw_mkfile_in(child->root, destination, 0755);
	else
		target = bw_mkdir_in(child->root, destination, 0755);
	if (target < 0)
		return target;
	r = move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
		    ? -errno
		    : 0;
	/* A file on a directory: mount(2) says what is wrong with that, and engines know its words; move_mount(2)
	 * does not. */
	if (r == -EINVAL && (head->flags & SOURCE_IS_FILE) && fstat(target, &st) == 0 && S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	close(target);
	return r;
}

/* A clone of a shared mount is its peer: what is later mounted on it, by us or by the container,
 * would appear on the host's side of it. Only who asks for "shared" gets that; the others see at
 * most the host's later mounts. */
static int leave_peer_group(int tree, unsigned asked)
{
	return asked & MS_SHARED ? 0 : set_propagation(tree, MS_SLAVE | MS_REC);
}

static int attach_bind(struct bw_child *child, int tree, const struct head *head, const char *destination)
{
	int r = leave_peer_group(tree, head->propagation);

	if (r == 0)
		r = set_attr(tree, head->set, head->clear, 0);
	if (r == 0)
		r = set_attr(tree, head->rec_set, head->rec_clear, AT_RECURSIVE);
	if (r == 0)
		r = attach(child, tree, head, destination);
	if (r == 0)
		r = set_propagation(tree, head->propagation);
	close(tree);
	return r;
}

/* A source that only the child can open, as fd; which is closed here. A map of ids comes from outside. The tree or
 * -errno. */
static int clone_opened(struct bw_child *child, int fd, const struct head *head, struct stat *ret)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (head->flags & RECURSIVE ? AT_RECURSIVE : 0U);
	int tree = open_tree(fd, "", flags), r = 0;

	if (tree < 0 || fstat(fd, ret) < 0)
		r = -errno;
	else if (head->flags & MAPPED)
		r = child->hand_over(child, tree);
	close(fd);
	if (r == 0)
		return tree;
	if (tree >= 0)
		close(tree);
	return r;
}

static int bind_opened(struct bw_child *child, int fd, const struct head *head, const char *destination)
{
	struct head now = *head;
	struct stat st = {0};
	int tree = clone_opened(child, fd, head, &st);

	if (tree < 0)
		return tree;
	if (!S_ISDIR(st.st_mode))
		now.flags |= SOURCE_IS_FILE;
	return attach_bind(child, tree, &now, destination);
}

/* The source is a directory of the host, as the plan has written it. */
static int bind_path(struct bw_child *child, const struct head *head, const char *destination, const char *source)
{
	int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return tree < 0 ? -errno : attach_bind(child, tree, head, destination);
}

/* The container's own source as it looks by now; one in a mount namespace that is joined as its processes have seen it. */
static int bind(struct bw_child *child, const struct head *head, const char *destination)
{
	const char *source = next_text(next_text(destination));
	int fd;

	if (head->flags & HOST_PATH)
		return bind_path(child, head, destination, source);
	if (!(head->flags & (OWN_TREE | THERE)))
		return attach_bind(child, head->tree, head, destination);
	if (head->flags & OWN_TREE)
		fd = bw_open_in(child->root, source, O_PATH, 0);
	else
		fd = open(source, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return head->flags & OWN_TREE ? fd : -errno;
	return bind_opened(child, fd, head, destination);
}

static int configure(int fs, const char *text, uint32_t pairs)
{
	for (uint32_t i = 0; i < pairs; i++) {
		const char *value = next_text(text);

		if (!takes_pair(fs, text, value))
			return -errno;
		text = next_text(value);
	}
	return 0;
}

/* A tmpfs without mode= takes the mode of the directory it covers, as it would look without the
 * mount. */
static int inherit_mode(struct bw_child *child, int fs, const char *destination)
{
	int dir = bw_open_in(child->root, destination, O_PATH | O_DIRECTORY, 0);
	struct stat st;
	char octal[5];
	int r;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	r = fstat(dir, &st) < 0 ? -errno : 0;
	close(dir);
	if (r < 0)
		return r;
	for (int i = 0; i < 4; i++)
		octal[i] = (char)('0' + ((st.st_mode >> (9 - 3 * i)) & 7));
	octal[4] = '\0';
	return fsconfig(fs, FSCONFIG_SET_STRING, "mode", octal, 0) < 0 ? -errno : 0;
}

/* Before it is attached: then nobody sees half of it, and the directory below is still to be seen. */
static int copy_up(struct bw_child *child, int tree, const struct head *head, const char *destination)
{
	int from = bw_open_in(child->root, destination, O_RDONLY | O_DIRECTORY, 0);
	int to, r;

	if (from < 0)
		return from == -ENOENT ? 0 : from;
	to = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = to < 0 ? -errno : bw_copy_up(from, to, head->flags & KEEP_OWNER);
	if (to >= 0)
		close(to);
	close(from);
	return r;
}

static int make_filesystem(
	struct bw_child *child, int fs, const struct head *head, const char *texts)
{
	const char *source = next_text(texts);
	const char *destination = next_text(source);
	int tree, r;

	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return -errno;
	r = configure(fs, next_text(destination), head->pairs);
	if (r == 0 && (head->flags & INHERIT_MODE))
		r = inherit_mode(child, fs, destination);
	if (r < 0)
		return r;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	/* fsmount takes no "symfollow": it is what a new mount does anyway. */
	tree = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)head->set);
	if (tree < 0)
		return -errno;
	r = head->flags & COPY_UP ? copy_up(child, tree, head, destination) : 0;
	if (r == 0)
		r = attach(child, tree, head, destination);
	if (r == 0)
		r = set_attr(tree, head->rec_set, head->rec_clear, AT_RECURSIVE);
	if (r == 0)
		r = set_propagation(tree, head->propagation);
	close(tree);
	return r;
}

static int mount_filesystem(struct bw_child *child, const struct head *head, const char *texts)
{
	int fs = fsopen(texts, FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return -errno;
	r = make_filesystem(child, fs, head, texts);
	close(fs);
	return r;
}

static int finish(struct bw_child *child, const struct head *head, const char *destination)
{
	int fd = bw_open_in(child->root, destination, O_PATH, 0);
	int r;

	if (fd < 0)
		return fd;
	r = set_attr(fd, head->set, 0, 0);
	close(fd);
	return r;
}

static int reconfigure(int fd, const char *pair, uint32_t pairs)
{
	int fs = fspick(fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC), r;

	if (fs < 0)
		return -errno;
	r = configure(fs, pair, pairs);
	if (r == 0 && fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		r = -errno;
	close(fs);
	return r;
}

static int remount(struct bw_child *child, const struct head *head, const char *destination)
{
	int fd = bw_open_in(child->root, destination, O_PATH, 0), r;

	if (fd < 0)
		return fd;
	r = set_attr(fd, head->set, head->clear, 0);
	if (r == 0)
		r = set_attr(fd, head->rec_set, head->rec_clear, AT_RECURSIVE);
	if (r == 0 && head->pairs)
		r = reconfigure(fd, next_text(destination), head->pairs);
	if (r == 0)
		r = set_propagation(fd, head->propagation);
	close(fd);
	return r;
}

static int label_directory(struct bw_child *child, const char *destination, const char *label)
{
	int fd = bw_open_in(child->root, destination, O_RDONLY | O_DIRECTORY, 0);
	int r;

	if (fd < 0)
		return fd;
	r = fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int link_name(struct bw_child *child, const char *text, const char *path)
{
	char name[NAME_MAX + 1];
	int dir = bw_parent_in(child->root, path, name, sizeof name);
	int r = 0;

	if (dir < 0)
		return dir;
	if (symlinkat(text, dir, name) < 0)
		r = -errno;
	close(dir);
	return r;
}

int bw_mounts_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct head *head = data;
	const char *texts = (const char *)data + sizeof *head;

	(void)len;
	switch (op) {
	case OP_BIND:
		return bind(child, head, texts);
	case OP_FS:
		return mount_filesystem(child, head, texts);
	case OP_LINK:
		return link_name(child, texts, next_text(texts));
	case OP_REMOUNT:
		return remount(child, head, texts);
	case OP_LABEL:
		return label_directory(child, texts, next_text(texts));
	default: /* OP_FINISH */
		return finish(child, head, texts);
	}
}
