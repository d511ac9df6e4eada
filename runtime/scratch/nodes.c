/* SPDX-License-Identifier: Apache-2.0 */
/* nodes.c - see nodes.h. To open a character device that a module would bring loads that module. */
#include "scratch/nodes.h"

#include <sys/stat.h>

#include "base/auto.h"
#include "base/sys.h"

int bw_nodes_make(struct bw_err *err)
{
	auto_close int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int tree;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", "64k", 0) < 0 ||
		fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making a tmpfs for device nodes");
	tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return tree < 0 ? bw_fail(err, BW_E_KERNEL, errno, "mounting a tmpfs for device nodes") : tree;
}

int bw_node_open(int nodes, const char *name, mode_t type, dev_t device, int flags)
{
	if (mknodat(nodes, name, type | 0600, device) < 0 && errno != EEXIST)
		return -1;
	return openat(nodes, name, flags | O_CLOEXEC);
}
