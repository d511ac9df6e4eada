/* SPDX-License-Identifier: Apache-2.0 */
/* mount_sysfs.c - sysfs shows the network namespace that its mounter is in, and the kernel lets only those mount it who
 * have rights over that one: sysfs(5), network_namespaces(7). */
#include "control/mount_sysfs.h"

#include "base/auto.h"
#include "base/sys.h"

/* In the network namespace that we are in. */
static int mount_here(struct bw_err *err)
{
	auto_close int fs = fsopen("sysfs", FSOPEN_CLOEXEC);
	int tree;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "sysfs", 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mounting sysfs");
	tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return tree < 0 ? bw_fail(err, BW_E_KERNEL, errno, "mounting sysfs") : tree;
}

int bw_sysfs_of_network(int host_proc, const char *network, struct bw_err *err)
{
	auto_close int own = openat(host_proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_close int theirs = open(network, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int tree;

	if (own < 0 || theirs < 0)
		return bw_fail(err, BW_E_SPEC, errno, "opening network namespace %s", own < 0 ? "self" : network);
	if (setns(theirs, CLONE_NEWNET) < 0)
		return bw_fail(err, BW_E_SPEC, errno, "joining network namespace %s", network);
	tree = mount_here(err);
	if (setns(own, CLONE_NEWNET) == 0)
		return tree;
	if (tree >= 0)
		close(tree);
	return bw_fail(tree < 0 ? NULL : err, BW_E_KERNEL, errno, "leaving network namespace %s", network);
}
