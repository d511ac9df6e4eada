/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_read.c - the forms that the kernel gives the files of a cgroup, for all who tell of statistics. */
#include "control/cgroup_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"

enum { MAX_STAT_BYTES = 4 << 20 };

char *bw_cgroup_text(int dir, const char *file)
{
	auto_close int fd = dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC);
	struct bw_err ignored = {0};
	char *text;

	return fd < 0 || bw_read_fd(fd, file, MAX_STAT_BYTES, &text, NULL, &ignored) < 0 ? NULL : text;
}

bool bw_cgroup_number(int dir, const char *file, uint64_t *ret)
{
	char text[64];

	if (dir < 0 || bw_read_at(dir, file, text, sizeof text) < 0)
		return false;
	if (bw_streq(text, "max")) {
		*ret = UINT64_MAX;
		return true;
	}
	return bw_parse_u64(text, UINT64_MAX, ret) == 0;
}

bool bw_cgroup_device_numbers(const char *word, uint64_t *ret_major, uint64_t *ret_minor)
{
	const char *colon = strchr(word, ':');
	char major[24];

	if (!colon || (size_t)(colon - word) >= sizeof major)
		return false;
	snprintf(major, sizeof major, "%.*s", (int)(colon - word), word);
	return bw_parse_u64(major, UINT32_MAX, ret_major) == 0 && bw_parse_u64(colon + 1, UINT32_MAX, ret_minor) == 0;
}

bool bw_cgroup_page_size(const char *file, const char *ending, char *size, size_t room)
{
	const char *rest = bw_after_prefix(file, "hugetlb.");
	size_t len = rest ? strcspn(rest, ".") : 0;

	if (!rest || !bw_streq(rest + len, ending) || len >= room)
		return false;
	snprintf(size, room, "%.*s", (int)len, rest);
	return true;
}

bool bw_cgroup_is_there(struct bw_cgroup_handle *handle)
{
	for (size_t i = 0; i < handle->set->dirs.n; i++)
		if (bw_cgroup_dir_fd(handle, i) >= 0)
			return true;
	return false;
}
