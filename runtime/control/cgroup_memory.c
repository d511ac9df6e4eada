/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_memory.c - what the memory controller says about a container that has failed, and where its memory counts:
 * cgroup-v1/memory.rst and cgroup-v2.rst of the kernel's documents. Writes nothing. */
#include "control/cgroup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"

bool bw_cgroup_keyed(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return bw_parse_word(line, 1, UINT64_MAX, ret) == 0;
	}
	return false;
}

/* Where init is in dir's hierarchy, which may be beneath the container's own. Directory or -errno. */
static int place_of(const struct bw_cgroup_dir *dir, pid_t init)
{
	auto_close int root = bw_cgroup_root_fd(dir);
	char file[32], text[8192], path[PATH_MAX];
	ssize_t len;

	if (root < 0)
		return root;
	snprintf(file, sizeof file, "/proc/%d/cgroup", (int)init);
	len = bw_read_at(AT_FDCWD, file, text, sizeof text);
	if (len < 0)
		return (int)len;
	return bw_cgroup_line(text, dir->controllers, path, sizeof path) ? bw_cgroup_open_beneath(root, path) : -ENOENT;
}

int bw_cgroup_open_charge(const struct bw_cgroup_set *set, pid_t init, int *ret, struct bw_err *err)
{
	int at = bw_cgroup_find(set, "memory"), procs;
	auto_close int place = -1;

	*ret = -1;
	at = at < 0 ? bw_cgroup_find(set, NULL) : at;
	if (at < 0)
		return 0;
	place = place_of(&set->dirs.v[at], init);
	procs = place < 0 ? -1 : openat(place, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs < 0)
		return bw_fail(err, BW_E_KERNEL, place < 0 ? -place : errno, "opening the cgroup of the container's memory");
	*ret = procs;
	return 0;
}

bool bw_cgroup_memory(const struct bw_cgroup_set *set, uint64_t *ret_limit_bytes, uint64_t *ret_kills)
{
	/* A v1 limit that nobody has set is this, rounded down to a page. */
	const uint64_t none = INT64_MAX & ~UINT64_C(0xffff);
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int at = bw_cgroup_find(set, "memory"), dir;
	bool v1 = at >= 0;
	char text[1024];

	bw_cgroup_handle_init(&handle, set);
	at = v1 ? at : bw_cgroup_find(set, NULL);
	dir = at < 0 ? -1 : bw_cgroup_dir_fd(&handle, (size_t)at);
	if (dir < 0)
		return false;
	if (bw_read_at(dir, v1 ? "memory.limit_in_bytes" : "memory.max", text, sizeof text) <= 0)
		return false;
	if (bw_parse_u64(text, UINT64_MAX, ret_limit_bytes) < 0 || *ret_limit_bytes >= none)
		*ret_limit_bytes = UINT64_MAX;
	if (bw_read_at(dir, v1 ? "memory.oom_control" : "memory.events", text, sizeof text) <= 0)
		return false;
	return bw_cgroup_keyed(text, "oom_kill", ret_kills);
}
