/* SPDX-License-Identifier: Apache-2.0 */
/* devices.c - the default nodes and links of /dev and linux.devices (config-linux.md "Devices", "Default
 * Devices"; runtime-linux.md "Dev symbolic links"). Made beneath the rootfs descriptor, parents included: a
 * /dev that is a symlink in the image stays inside it (CVE-2026-41579). In a user namespace, be it ours, where mknod(2)
 * is refused, the host's node is bound instead. */
#include "control/control.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_NODE, OP_BIND, OP_LINK };

struct node {
	uint32_t mode; /* type and permissions */
	uint32_t major, minor;
	uint32_t uid, gid;
	int tree; /* OP_BIND: detached clone of the host's node */
	/* then the path */
};

static const struct {
	const char *path;
	unsigned major, minor;
} default_nodes[] = {
	{"/dev/null", 1, 3},
	{"/dev/zero", 1, 5},
	{"/dev/full", 1, 7},
	{"/dev/random", 1, 8},
	{"/dev/urandom", 1, 9},
	{"/dev/tty", 5, 0},
};

static const char *const links[][2] = {
	{"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
	{"pts/ptmx", "/dev/ptmx"},
};

/* A /dev that is bound from elsewhere is the caller's own business, as in runc. */
static bool dev_is_bound(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct bw_spec_mount *mount = &spec->mounts.v[i];
		char destination[PATH_MAX];

		if (!bw_path_clean(mount->destination, destination, sizeof destination) || !bw_streq(destination, "/dev"))
			continue;
		if (bw_strs_has(&mount->options, "bind") || bw_strs_has(&mount->options, "rbind"))
			return true;
	}
	return false;
}

static int add_node(const struct bw_request *request, struct node node, const char *path, struct bw_plan *plan,
	struct bw_err *err)
{
	struct stat st;

	/* Engines of a user call from a namespace that they have made. */
	if ((!bw_spec_namespace(request->spec, "user") && request->host->root.v) || S_ISFIFO(node.mode))
		return bw_plan_add_text(plan, BW_CONTROL_devices, OP_NODE, BW_PHASE_ROOTFS, &node, sizeof node, path, err);
	node.tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (node.tree < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "devices: opening the host's %s", path);
	if (bw_plan_own_fd(plan, node.tree, err) < 0)
		return -1;
	if (fstat(node.tree, &st) < 0 || st.st_rdev != makedev(node.major, node.minor) ||
		(st.st_mode & S_IFMT) != (node.mode & S_IFMT))
		return bw_fail(err, BW_E_HOST, 0, "devices: the host's %s is not device %u:%u", path, node.major, node.minor);
	return bw_plan_add_text(plan, BW_CONTROL_devices, OP_BIND, BW_PHASE_ROOTFS, &node, sizeof node, path, err);
}

static int add_default_nodes(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(default_nodes); i++) {
		struct node node = {
			.mode = S_IFCHR | 0666,
			.major = default_nodes[i].major,
			.minor = default_nodes[i].minor,
			.tree = -1,
		};

		if (add_node(request, node, default_nodes[i].path, plan, err) < 0)
			return -1;
	}
	return 0;
}

static int type_bits(const char *type, uint32_t *ret)
{
	switch (type[0]) {
	case 'c':
	case 'u':
		*ret = S_IFCHR;
		return 0;
	case 'b':
		*ret = S_IFBLK;
		return 0;
	case 'p':
		*ret = S_IFIFO;
		return 0;
	default:
		return -1;
	}
}

static bool is_default(const char *path)
{
	for (size_t i = 0; i < BW_COUNT(default_nodes); i++)
		if (bw_streq(path, default_nodes[i].path))
			return true;
	return bw_streq(path, "/dev/ptmx");
}

static int add_asked_nodes(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;

	for (size_t i = 0; i < linux_->devices.n; i++) {
		const struct bw_spec_device *device = &linux_->devices.v[i];
		struct node node = {
			.major = (uint32_t)device->major.v,
			.minor = (uint32_t)device->minor.v,
			.uid = (uint32_t)device->uid.v,
			.gid = (uint32_t)device->gid.v,
			.tree = -1,
		};

		if (is_default(device->path))
			continue;
		if (type_bits(device->type, &node.mode) < 0) {
			bw_fail(err, BW_E_SPEC, 0, "/linux/devices/%zu/type: \"%s\" is none of c, b, u, p", i, device->type);
			return bw_at(err, "/linux/devices/%zu/type", i);
		}
		node.mode |= device->file_mode.set ? (uint32_t)device->file_mode.v & 07777 : 0666;
		if (add_node(request, node, device->path, plan, err) < 0)
			return -1;
	}
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	char both[128];

	if (request->exec || dev_is_bound(request->spec))
		return 0;
	if (add_default_nodes(request, plan, err) < 0 || add_asked_nodes(request, plan, err) < 0)
		return -1;
	for (size_t i = 0; i < BW_COUNT(links); i++) {
		struct bw_buf buf = bw_buf_over(both, sizeof both);

		bw_buf_addn(&buf, links[i][0], strlen(links[i][0]) + 1);
		bw_buf_addn(&buf, links[i][1], strlen(links[i][1]) + 1);
		if (bw_plan_add(plan, BW_CONTROL_devices, OP_LINK, BW_PHASE_ROOTFS, both, buf.len, err) < 0)
			return -1;
	}
	return 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct node *node = data;
	const char *text = data;

	(void)len;
	if (op == OP_LINK)
		snprintf(buf, size, "link %s to %s", text + strlen(text) + 1, text);
	else
		snprintf(buf, size, "%s %s (%c %u:%u)", op == OP_NODE ? "make" : "bind", (const char *)(node + 1),
			S_ISBLK(node->mode) ? 'b' : S_ISFIFO(node->mode) ? 'p' : 'c', node->major, node->minor);
}

const struct bw_control bw_devices = {
	.name = "devices",
	.about = "default device nodes and links, linux.devices",
	.prepare = prepare,
	.say = say,
};

/* What is there already must be that device (a MUST of the spec), or somebody else's file would be used. */
static int check_existing(int dir, const char *name, const struct node *node)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != (node->mode & S_IFMT))
		return -EEXIST;
	if (!S_ISFIFO(st.st_mode) && st.st_rdev != makedev(node->major, node->minor))
		return -EEXIST;
	return 0;
}

static int make_node(struct bw_child *child, const struct node *node, const char *path)
{
	char name[NAME_MAX + 1];
	int dir = bw_parent_in(child->root, path, name, sizeof name);
	int r = 0;

	if (dir < 0)
		return dir;
	if (mknodat(dir, name, node->mode, makedev(node->major, node->minor)) < 0)
		r = errno == EEXIST ? check_existing(dir, name, node) : -errno;
	/* mknod applies the umask, which is 0 here (child.c); owners only when they differ from ours. */
	else if ((node->uid || node->gid) && fchownat(dir, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	close(dir);
	return r;
}

static int bind_node(struct bw_child *child, const struct node *node, const char *path)
{
	int target = bw_mkfile_in(child->root, path, 0666);
	int r;

	if (target < 0)
		return target;
	r = move_mount(node->tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
	close(target);
	close(node->tree);
	return r;
}

/* An existing name is left alone: images may ship their own /dev, and ptmx is replaced only when it is the
 * node of the host's devpts. */
static int make_link(struct bw_child *child, const char *text, const char *path)
{
	char name[NAME_MAX + 1];
	int dir = bw_parent_in(child->root, path, name, sizeof name);
	int r = 0;

	if (dir < 0)
		return dir;
	if (symlinkat(text, dir, name) < 0 && errno != EEXIST)
		r = -errno;
	close(dir);
	return r;
}

int bw_devices_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct node *node = data;
	const char *text = data;

	(void)len;
	if (op == OP_LINK)
		return make_link(child, text, text + strlen(text) + 1);
	if (op == OP_BIND)
		return bind_node(child, node, (const char *)(node + 1));
	return make_node(child, node, (const char *)(node + 1));
}
