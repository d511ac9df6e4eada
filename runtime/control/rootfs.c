/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.c - the container's tree becomes the whole world: one descriptor of it is opened on the host, cloned
 * detached, attached over the new mount namespace's "/", and pivoted into. Nothing here resolves a path that
 * the image controls; see pivot_root(2), open_tree(2), mount_namespaces(7). */
#include "control/control.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/mountinfo.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/rootfs_ids.h"
#include "control/rootfs_open.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_ATTACH, OP_ATTACH_THERE, OP_DETACH, OP_PIVOT, OP_CHROOT, OP_READONLY, OP_PROPAGATION, OP_OPEN, OP_ENTER };

enum { MOUNTINFO_MAX = 16 << 20 };

struct attach {
	int tree;             /* -1 with OP_ATTACH_THERE: the path follows */
	int target;           /* where, in the mount namespace of the host; -1: over "/" in one of its own */
	uint32_t propagation; /* of the host's mounts in our copy: private or slave */
};

static const struct {
	const char *word;
	unsigned flag;
} propagations[] = {
	{"private", MS_PRIVATE},
	{"rprivate", MS_PRIVATE | MS_REC},
	{"slave", MS_SLAVE},
	{"rslave", MS_SLAVE | MS_REC},
	{"shared", MS_SHARED},
	{"rshared", MS_SHARED | MS_REC},
	{"unbindable", MS_UNBINDABLE},
	{"runbindable", MS_UNBINDABLE | MS_REC},
};

static int propagation_of(const struct bw_spec *spec, unsigned *ret, struct bw_err *err)
{
	const char *word = spec->linux_->rootfs_propagation;

	*ret = 0;
	if (!word || !*word)
		return 0;
	for (size_t i = 0; i < BW_COUNT(propagations); i++) {
		if (bw_streq(word, propagations[i].word)) {
			*ret = propagations[i].flag;
			return 0;
		}
	}
	bw_fail(err, BW_E_SPEC, 0, "/linux/rootfsPropagation: unknown propagation \"%s\"", word);
	return bw_at(err, "/linux/rootfsPropagation");
}

/* The clone leaves the host's peer group at once, or mounts below it would appear on the host. Everything but
 * "private" still sees the host's later mounts; "shared" is what the root becomes at the end, after the pivot,
 * for namespaces made from the container's. */
static unsigned while_mounting(unsigned propagation)
{
	return propagation & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE;
}

/* What the host has mounted inside the rootfs comes along in the clone. OP_READONLY is for the root alone, as by
 * then the container's own mounts are attached below it, so the host's get their attributes here. */
static int restrict_mounts(const struct bw_spec *spec, int tree, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = spec->hardening;
	bool noexec = hardening && hardening->programs && hardening->programs->noexec.v;
	bool restricted = hardening && hardening->restrict_rootfs.v, readonly = restricted && spec->root->readonly.v;
	struct mount_attr below = {0}, top = {.attr_clr = MOUNT_ATTR_RDONLY};

	if (restricted)
		below.attr_set |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	if (readonly)
		below.attr_set |= MOUNT_ATTR_RDONLY;
	/* What may be executed is excepted by the control programs. */
	if (noexec)
		below.attr_set |= MOUNT_ATTR_NOEXEC;
	if (!below.attr_set)
		return 0;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &below, sizeof below) < 0 ||
		(readonly && mount_setattr(tree, "", AT_EMPTY_PATH, &top, sizeof top) < 0))
		return bw_fail(err, BW_E_KERNEL, errno, "rootfs: restricting what is mounted in it");
	return 0;
}

static int clone_rootfs(const struct bw_request *request, int dir, unsigned propagation, struct bw_plan *plan,
	struct bw_err *err)
{
	struct mount_attr attr = {.propagation = while_mounting(propagation)};
	auto_close int tree = open_tree(dir, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

	if (tree < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "rootfs: open_tree %s", request->spec->root->path);
	if (bw_rootfs_ids(request, dir, &tree, plan, err) < 0)
		return -1;
	if (restrict_mounts(request->spec, tree, err) < 0)
		return -1;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "rootfs: setting attributes");
	return take_fd(&tree);
}

/* Without a pivot the host's tree stays below ours. A procfs or sysfs in it that is seen whole would let whoever makes a
 * user namespace in the container mount another one, without our masks (see mount_namespaces(7)): each of them goes,
 * the last that was mounted first. */
static int detach_kernel_filesystems(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	struct bw_mounts mounts = {0};
	auto_free char *text = NULL;

	if (bw_read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err) < 0 ||
		bw_mountinfo_parse(text, request->arena, &mounts, err) < 0)
		return -1;
	for (size_t i = mounts.n; i-- > 0;) {
		const struct bw_mount *mount = &mounts.v[i];

		if (!bw_streq(mount->root, "/") || (!bw_streq(mount->type, "proc") && !bw_streq(mount->type, "sysfs")))
			continue;
		if (bw_plan_add_text(plan, BW_CONTROL_rootfs, OP_DETACH, BW_PHASE_PIVOT, NULL, 0, mount->point, err) < 0)
			return -1;
	}
	return 0;
}

/* A container without a mount namespace has its rootfs mounted on itself, on the host, until it is deleted: whoever
 * deletes it must know which mount that is. */
static int attach_in_place(const struct bw_request *request, int dir, struct attach *attach, struct bw_plan *plan,
	struct bw_err *err)
{
	struct statx stx;

	if (statx(attach->tree, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "rootfs: examining its mount");
	if (request->root_mount)
		*request->root_mount = (struct bw_opt_uint){.set = true, .v = stx.stx_mnt_id};
	attach->target = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	if (attach->target < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "rootfs");
	return bw_plan_own_fd(plan, attach->target, err);
}

/* After setns(2) into the mount namespace its root is ours already; where it has none, its root is the init's. */
static int prepare_exec(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	char path[32];
	int root;

	if (bw_spec_namespace(request->spec, "mount"))
		return bw_plan_add(plan, BW_CONTROL_rootfs, OP_OPEN, BW_PHASE_ROOTFS, NULL, 0, err);
	snprintf(path, sizeof path, "%d/root", (int)request->target_pid);
	root = openat(request->host_proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "entering the container's root");
	if (bw_plan_own_fd(plan, root, err) < 0)
		return -1;
	/* The number may be somebody else's by now. */
	if (bw_pidfd_send_signal(request->target_pidfd, 0) < 0)
		return bw_fail(err, BW_E_STATE, 0, "container not running");
	return bw_plan_add(plan, BW_CONTROL_rootfs, OP_ENTER, BW_PHASE_ROOTFS, &root, sizeof root, err);
}

/* In a mount namespace that is joined the rootfs is what its path leads to in there, as with runc: the child looks. */
static int prepare_there(const struct bw_request *request, unsigned propagation, struct bw_plan *plan, struct bw_err *err)
{
	struct attach attach = {.tree = -1, .target = -1, .propagation = while_mounting(propagation)};
	const char *root = request->spec->root->path, *path;

	if (request->no_pivot)
		return bw_fail(err, BW_E_SPEC, 0, "--no-pivot: not in a mount namespace that is joined");
	path = *root == '/' ? root : bw_arena_printf(request->arena, "%s/%s", request->bundle, root);
	if (!path)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "rootfs");
	if (bw_plan_add_text(
		    plan, BW_CONTROL_rootfs, OP_ATTACH_THERE, BW_PHASE_ROOTFS, &attach, sizeof attach, path, err) < 0)
		return -1;
	return bw_plan_add(plan, BW_CONTROL_rootfs, OP_PIVOT, BW_PHASE_PIVOT, NULL, 0, err);
}

static int prepare_attach(const struct bw_request *request, unsigned propagation, struct bw_plan *plan, struct bw_err *err)
{
	struct attach attach = {.propagation = while_mounting(propagation), .target = -1};
	bool shared = !bw_spec_namespace(request->spec, "mount");
	uint16_t enter = request->no_pivot || shared ? OP_CHROOT : OP_PIVOT;
	auto_close int dir = -1;

	if (bw_spec_joins_namespace(request->spec, "mount"))
		return prepare_there(request, propagation, plan, err);
	dir = bw_rootfs_open(request, err);
	if (dir < 0)
		return -1;
	attach.tree = clone_rootfs(request, dir, shared ? MS_PRIVATE : propagation, plan, err);
	if (attach.tree < 0 || bw_plan_own_fd(plan, attach.tree, err) < 0 ||
		(shared && attach_in_place(request, dir, &attach, plan, err) < 0))
		return -1;
	if (bw_plan_add(plan, BW_CONTROL_rootfs, OP_ATTACH, BW_PHASE_ROOTFS, &attach, sizeof attach, err) < 0 ||
		(request->no_pivot && !shared && detach_kernel_filesystems(request, plan, err) < 0))
		return -1;
	return bw_plan_add(plan, BW_CONTROL_rootfs, enter, BW_PHASE_PIVOT, NULL, 0, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec *spec = request->spec;
	unsigned propagation;

	if (request->exec)
		return prepare_exec(request, plan, err);
	if (propagation_of(spec, &propagation, err) < 0 || prepare_attach(request, propagation, plan, err) < 0)
		return -1;
	if (spec->root->readonly.v &&
		bw_plan_add(plan, BW_CONTROL_rootfs, OP_READONLY, BW_PHASE_PIVOT, NULL, 0, err) < 0)
		return -1;
	if (!propagation)
		return 0;
	return bw_plan_add(plan, BW_CONTROL_rootfs, OP_PROPAGATION, BW_PHASE_PIVOT, &propagation, sizeof propagation, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	static const char *const words[] = {
		[OP_ATTACH] = "attach",
		[OP_ATTACH_THERE] = "attach over /, in the mount namespace that is joined:",
		[OP_DETACH] = "detach or cover the host's",
		[OP_PIVOT] = "pivot_root and detach the host's tree",
		[OP_CHROOT] = "chroot (no pivot)",
		[OP_READONLY] = "make read-only",
		[OP_PROPAGATION] = "set propagation",
		[OP_OPEN] = "open",
		[OP_ENTER] = "enter the init's",
	};
	const struct attach *attach = data;
	const char *path = op == OP_DETACH ? data : op == OP_ATTACH_THERE ? (const char *)(attach + 1) : "";

	(void)len;
	if (op == OP_ATTACH)
		snprintf(buf, size, "attach %s", attach->target < 0 ? "over /" : "on itself, in the host's mount namespace");
	else
		snprintf(buf, size, "%s%s%s", words[op], *path ? " " : "", path);
}

const struct bw_control bw_rootfs = {
	.name = "rootfs",
	.about = "the container's root: detached clone, pivot_root, read-only, propagation",
	.prepare = prepare,
	.say = say,
};

static int set_attr(int dir, unsigned at_flags, const struct mount_attr *attr)
{
	struct mount_attr copy = *attr;

	return mount_setattr(dir, "", AT_EMPTY_PATH | at_flags, &copy, sizeof copy) < 0 ? -errno : 0;
}

/* Nothing but the rootfs itself is touched: the mounts of the namespace are the host's. If it is a mount already, that one
 * leaves its peers, as with runc: a bind of a directory on itself has its parent among them, ours would be mounted there
 * as well, and with its end the host's would go. EINVAL: it is none. */
static int attach_here(struct bw_child *child, const struct attach *what)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};
	int r = set_attr(what->target, 0, &attr);

	if (r < 0 && r != -EINVAL)
		return r;
	if (move_mount(what->tree, "", what->target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	close(what->target);
	child->root = what->tree;
	return set_attr(what->tree, AT_RECURSIVE, &attr);
}

/* In a chroot our root is not that of the mount namespace. The container's would be put in its place there, and whoever
 * enters the namespace afterwards, as exec does, would be in the host's tree above it. setns(2) into the namespace that
 * one is in already leads to its root. */
static int leave_chroot(const struct bw_child *child)
{
	int ns = openat(child->host_proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int r;

	if (ns < 0)
		return -errno;
	r = setns(ns, CLONE_NEWNS) < 0 ? -errno : 0;
	close(ns);
	return r;
}

static int attach(struct bw_child *child, const struct attach *what)
{
	struct mount_attr attr = {.propagation = what->propagation};
	int r;

	if (what->target >= 0)
		return attach_here(child, what);
	r = leave_chroot(child);
	if (r < 0)
		return r;
	/* Before anything is attached: a mount in a shared tree, and be it the new root itself over "/", would
	 * show up on the host. */
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof attr) < 0)
		return -errno;
	if (move_mount(what->tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	child->root = what->tree;
	return 0;
}

/* A symlink as the last component is refused here too. */
static int attach_there(struct bw_child *child, const struct attach *what, const char *path)
{
	struct mount_attr attr = {.propagation = what->propagation};
	struct attach found = *what;
	int dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	found.tree = open_tree(dir, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	close(dir);
	if (found.tree < 0 || mount_setattr(found.tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		return -errno;
	return attach(child, &found);
}

/* pivot_root(".", ".") stacks the old root over the new one at the same place; detaching it leaves the new. */
static int pivot(struct bw_child *child)
{
	if (fchdir(child->root) < 0 || bw_pivot_root(".", ".") < 0)
		return -errno;
	/* The old root left the host's peer groups in attach(): the detaching does not travel to the host. */
	if (umount2(".", MNT_DETACH) < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

/* In a user namespace of our own the host's mounts are locked (EINVAL): then something is put over it. The path is seen
 * from the host's root, which still is ours. */
static int detach(const char *point)
{
	if (umount2(point, MNT_DETACH) == 0 || errno == ENOENT)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return -errno;
	return mount("tmpfs", point, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? -errno : 0;
}

/* Where the kernel refuses to pivot (initramfs), and where the namespace's root is the host's. */
static int enter_without_pivot(struct bw_child *child)
{
	if (fchdir(child->root) < 0 || chroot(".") < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

int bw_rootfs_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	struct mount_attr attr = {0};

	(void)len;
	switch (op) {
	case OP_ATTACH:
		return attach(child, data);
	case OP_ATTACH_THERE:
		return attach_there(child, data, (const char *)data + sizeof(struct attach));
	case OP_DETACH:
		return detach(data);
	case OP_PIVOT:
		return pivot(child);
	case OP_CHROOT:
		return enter_without_pivot(child);
	case OP_READONLY:
		attr.attr_set = MOUNT_ATTR_RDONLY;
		return set_attr(child->root, 0, &attr);
	case OP_PROPAGATION: {
		const unsigned *propagation = data;

		attr.propagation = *propagation & ~(unsigned)MS_REC;
		return set_attr(child->root, *propagation & MS_REC ? AT_RECURSIVE : 0, &attr);
	}
	case OP_ENTER: {
		const int *root = data;

		child->root = *root;
		return enter_without_pivot(child);
	}
	default: /* OP_OPEN */
		child->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return child->root < 0 ? -errno : 0;
	}
}
