/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_idmap.c - mounts whose files have other owners than their file system says. The kernel takes the map from a user
 * namespace: a process is born into one, its maps are written, the namespace is opened, and the process ends; see
 * mount_setattr(2). */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/keeper.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "shim/rootfs_parts.h"

/* What the kernel takes in one write; it has room for 340 ranges. */
enum { MAX_MAP = 4096 };

/* "0:100000:65536,65536:200000:1" as the kernel has it: "0 100000 65536\n65536 200000 1\n". Each range is id in the file
 * system, id in the mount, how many. */
static int map_text(const char *name, const char *map, char *ret, size_t size, struct bw_err *err)
{
	struct bw_buf buf = bw_buf_over(ret, size);
	unsigned colons = 0, digits = 0;
	bool good = true;

	for (const char *p = map;; p++) {
		if (*p >= '0' && *p <= '9') {
			digits++;
			bw_buf_addn(&buf, p, 1);
			continue;
		}
		good = good && digits > 0 && (*p == ':' ? ++colons <= 2 : colons == 2);
		good = good && (*p == ':' || *p == ',' || !*p);
		if (!good || !*p)
			break;
		bw_buf_add(&buf, *p == ':' ? " " : "\n");
		digits = 0;
		if (*p == ',')
			colons = 0;
	}
	bw_buf_add(&buf, "\n");
	if (!good)
		return bw_fail(err, BW_E_SPEC, 0, "option %s: expected ranges ID:ID:COUNT, found \"%.200s\"", name, map);
	if (buf.overflow)
		return bw_fail(err, BW_E_SPEC, 0, "option %s: expected less than %zu bytes, found %zu", name, size, strlen(map));
	return 0;
}

static int write_map(pid_t pid, const char *name, const char *text, struct bw_err *err)
{
	char path[48];
	int r;

	snprintf(path, sizeof path, "/proc/%d/%s_map", (int)pid, name);
	r = bw_write_at(AT_FDCWD, path, text);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "option %smap: the kernel refuses the ranges", name);
	return 0;
}

static int open_namespace(pid_t pid, struct bw_err *err)
{
	char path[48];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening a user namespace");
	return fd;
}

int bw_rootfs_user_namespace(const struct bw_rootfs_job *job, struct bw_err *err)
{
	char uids[MAX_MAP], gids[MAX_MAP];
	struct bw_keeper keeper = {.pid = -1, .pipe = -1};
	int fd = -1;

	if (map_text("uidmap", job->options.uid_map, uids, sizeof uids, err) < 0 ||
		map_text("gidmap", job->options.gid_map, gids, sizeof gids, err) < 0)
		return -1;
	if (bw_keeper_begin(&keeper, err) < 0)
		return -1;
	if (write_map(keeper.pid, "uid", uids, err) == 0 && write_map(keeper.pid, "gid", gids, err) == 0)
		fd = open_namespace(keeper.pid, err);
	bw_keeper_end(&keeper);
	return fd;
}

int bw_rootfs_map_ids(int tree, bool recursive, int user, const char *what, struct bw_err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)user};

	if (mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), &attr, sizeof attr) == 0)
		return 0;
	bw_fail(err, BW_E_KERNEL, errno, "mapping the ids of %.300s", what);
	if (err->sys == EINVAL)
		(void)bw_hint(err, "not every file system can be mounted with mapped ids");
	return -1;
}
