/* SPDX-License-Identifier: Apache-2.0 */
/* masked.c - linux.maskedPaths and linux.readonlyPaths (config-linux.md). A masked file is covered by the
 * host's own /dev/null, opened while the host's tree is still "/" and verified: never by the /dev/null of the
 * image (CVE-2025-31133). Masked directories share one empty read-only tmpfs. Missing paths are skipped. */
#include "control/control.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_OPEN, OP_MASK, OP_READONLY, OP_DONE };

/* Once is enough, however often and in whatever spelling it is listed: each is a mount. */
static bool listed_before(const struct bw_strs *list, size_t at, const char *clean)
{
	char before[PATH_MAX];

	for (size_t i = 0; i < at; i++)
		if (bw_path_clean(list->v[i], before, sizeof before) && bw_streq(before, clean))
			return true;
	return false;
}

static int add_paths(const struct bw_strs *list, const char *name, uint16_t op, struct bw_plan *plan, struct bw_err *err)
{
	char clean[PATH_MAX];

	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i][0] != '/' || !bw_path_clean(list->v[i], clean, sizeof clean) || bw_streq(clean, "/")) {
			bw_fail(err, BW_E_SPEC, 0, "/linux/%s/%zu: must be an absolute path below /, not \"%s\"", name, i,
				list->v[i]);
			return bw_at(err, "/linux/%s/%zu", name, i);
		}
		if (listed_before(list, i, clean))
			continue;
		if (bw_plan_add_text(plan, BW_CONTROL_masked, op, BW_PHASE_ROOTFS, NULL, 0, clean, err) < 0)
			return -1;
	}
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;

	if (request->exec)
		return 0;
	if (add_paths(&linux_->readonly_paths, "readonlyPaths", OP_READONLY, plan, err) < 0)
		return -1;
	if (!linux_->masked_paths.n)
		return 0;
	if (bw_plan_add(plan, BW_CONTROL_masked, OP_OPEN, BW_PHASE_ROOTFS, NULL, 0, err) < 0 ||
		add_paths(&linux_->masked_paths, "maskedPaths", OP_MASK, plan, err) < 0)
		return -1;
	return bw_plan_add(plan, BW_CONTROL_masked, OP_DONE, BW_PHASE_ROOTFS, NULL, 0, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)len;
	if (op == OP_OPEN)
		snprintf(buf, size, "open the host's /dev/null");
	else if (op == OP_DONE)
		snprintf(buf, size, "close what covered");
	else
		snprintf(buf, size, "%s %s", op == OP_MASK ? "mask" : "make read-only", (const char *)data);
}

const struct bw_control bw_masked = {
	.name = "masked",
	.about = "masked and read-only paths",
	.prepare = prepare,
	.say = say,
};

/* A mount can be cloned only from within its mount namespace, so this descriptor cannot come from the parent. */
static int open_null(struct bw_child *child)
{
	struct stat st;

	child->null = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (child->null < 0 || fstat(child->null, &st) < 0)
		return -errno;
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) ? 0 : -ENODEV;
}

static int put(int tree, int target)
{
	return move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

static int clone_onto(int source, int target, unsigned flags)
{
	int tree = open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
	int r;

	if (tree < 0)
		return -errno;
	r = put(tree, target);
	close(tree);
	return r;
}

static int new_empty_directory(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), tree = -1;

	if (fs < 0)
		return -errno;
	if (fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", "2", 0) == 0 &&
		fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755", 0) == 0 &&
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		tree = fsmount(fs, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (tree < 0)
		tree = -errno;
	close(fs);
	return tree;
}

/* The first masked directory attaches the tmpfs itself, later ones clones of it: one superblock for all, and
 * no detached mount left to be torn down. */
static int mask_directory(struct bw_child *child, int target)
{
	int r;

	if (child->scratch >= 0)
		return clone_onto(child->scratch, target, 0);
	child->scratch = new_empty_directory();
	if (child->scratch < 0) {
		r = child->scratch;
		child->scratch = -1;
		return r;
	}
	return put(child->scratch, target);
}

static int mask(struct bw_child *child, const char *path)
{
	int target = bw_open_in(child->root, path, O_PATH, 0);
	struct stat st;
	int r;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return target;
	if (fstat(target, &st) < 0)
		r = -errno;
	else
		r = S_ISDIR(st.st_mode) ? mask_directory(child, target) : clone_onto(child->null, target, 0);
	close(target);
	return r;
}

/* The path is bound over itself, with its submounts, and the clone is made read-only on top of what it was. */
static int make_readonly(struct bw_child *child, const char *path)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int target = bw_open_in(child->root, path, O_PATH, 0);
	int tree, r = 0;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return target;
	tree = open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		r = -errno;
	if (r == 0)
		r = put(tree, target);
	if (tree >= 0)
		close(tree);
	close(target);
	return r;
}

static int cover_done(struct bw_child *child)
{
	if (child->scratch >= 0)
		close(child->scratch);
	close(child->null);
	child->scratch = child->null = -1;
	return 0;
}

int bw_masked_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)len;
	switch (op) {
	case OP_OPEN:
		return open_null(child);
	case OP_MASK:
		return mask(child, data);
	case OP_READONLY:
		return make_readonly(child, data);
	default: /* OP_DONE */
		return cover_done(child);
	}
}
