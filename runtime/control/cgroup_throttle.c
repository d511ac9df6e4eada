/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_throttle.c - see cgroup_throttle.h. By the kernel's files alone: whoever does this beside a container can start no
 * program that would speak to systemd, which writes the unit's own quota again when it is reloaded. */
#include "control/cgroup_throttle.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/str.h"

enum { TEXT_MAX = 256, MILLI = 1000, MIN_QUOTA_USEC = 1000, PERIOD_USEC = 100000 };

/* The directory with this controller: v1's where it is mounted so. Negative: none. */
static int dir_of(struct bw_cgroup_handle *handle, const char *controller, bool *ret_v1)
{
	int i = bw_cgroup_find(handle->set, controller);

	*ret_v1 = i >= 0;
	if (i < 0)
		i = bw_cgroup_find(handle->set, NULL);
	return i < 0 ? -1 : bw_cgroup_dir_fd(handle, (size_t)i);
}

/* "0-3,7": how many. */
static uint64_t count_set(const char *text)
{
	uint64_t n = 0;

	while (*text >= '0' && *text <= '9') {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		n += last >= first ? last - first + 1 : 0;
		text = end + (*end == ',');
	}
	return n;
}

uint64_t bw_cgroup_processors(struct bw_cgroup_handle *handle)
{
	char text[TEXT_MAX];
	bool v1;
	int dir = dir_of(handle, "cpuset", &v1);

	if (dir < 0 || bw_read_at(dir, v1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective", text, sizeof text) <= 0)
		return 0;
	return count_set(text);
}

/* In microseconds; quota 0: none ("max", -1). */
static void read_quota(int dir, bool v1, uint64_t *ret_quota, uint64_t *ret_period)
{
	char text[TEXT_MAX] = "";

	*ret_quota = 0;
	*ret_period = PERIOD_USEC;
	if (bw_read_at(dir, v1 ? "cpu.cfs_quota_us" : "cpu.max", text, sizeof text) > 0 &&
		bw_parse_word(text, 0, UINT64_MAX / MILLI, ret_quota) < 0)
		*ret_quota = 0;
	if (v1 && bw_read_at(dir, "cpu.cfs_period_us", text, sizeof text) <= 0)
		return;
	if (bw_parse_word(text, v1 ? 0 : 1, UINT64_MAX / MILLI, ret_period) < 0 || !*ret_period)
		*ret_period = PERIOD_USEC;
}

int bw_cgroup_throttle(struct bw_cgroup_handle *handle, uint64_t cpu_milli, struct bw_err *err)
{
	uint64_t quota, period, wanted;
	char text[64];
	bool v1;
	int dir = dir_of(handle, "cpu", &v1), r;

	if (dir < 0)
		return bw_fail(err, BW_E_HOST, 0, "the container has no cgroup with the controller cpu");
	read_quota(dir, v1, &quota, &period);
	wanted = cpu_milli * period / MILLI;
	if (wanted < MIN_QUOTA_USEC)
		wanted = MIN_QUOTA_USEC;
	if (quota && quota <= wanted)
		return 0;
	if (v1)
		snprintf(text, sizeof text, "%llu", (unsigned long long)wanted);
	else
		snprintf(text, sizeof text, "%llu %llu", (unsigned long long)wanted, (unsigned long long)period);
	r = bw_write_at(dir, v1 ? "cpu.cfs_quota_us" : "cpu.max", text);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "lowering the container's quota of processor time") : 0;
}
