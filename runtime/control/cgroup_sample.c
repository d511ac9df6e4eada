/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_sample.c - a table says which file of which version of cgroups is which number. It is done often: each file is read
 * once, into the stack. */
#include "control/cgroup_sample.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/cgroup_files.h"

enum { TEXT = 4096 }; /* enough for what a row looks for: no line behind that is one */

struct row;
typedef bool take_fn(const struct row *row, const char *text, uint64_t *ret);

struct row {
	const char *controller; /* of v1; NULL: the unified hierarchy */
	const char *file, *key; /* key: of a line "key number"; NULL: the first number */
	size_t offset;		/* in struct bw_measures */
	uint64_t divisor;
	take_fn *take;
};

static bool take_number(const struct row *row, const char *text, uint64_t *ret)
{
	return row->key ? bw_cgroup_keyed(text, row->key, ret) : bw_parse_word(text, 0, UINT64_MAX, ret) == 0;
}

/* No limit is 0: "max", and in v1's memory the largest number of whole pages. */
static bool take_limit(const struct row *row, const char *text, uint64_t *ret)
{
	const uint64_t none = INT64_MAX & ~UINT64_C(0xffff);

	if (!take_number(row, text, ret) || *ret >= none)
		*ret = 0;
	return true;
}

/* "200000 100000" or "max 100000": thousandths of a processor. */
static bool take_cpu_max(const struct row *row, const char *text, uint64_t *ret)
{
	uint64_t quota, period;

	(void)row;
	*ret = 0;
	if (bw_parse_word(text, 0, UINT64_MAX / 1000, &quota) == 0 &&
		bw_parse_word(text, 1, UINT64_MAX, &period) == 0 && period)
		*ret = quota * 1000 / period;
	return true;
}

/* The sum over the devices of "8:0 rbytes=1 wbytes=2 ...". */
static bool take_io(const struct row *row, const char *text, uint64_t *ret)
{
	uint64_t total = 0, value;

	for (const char *at = text; (at = strstr(at, row->key));) {
		char digits[24];
		size_t len;

		at += strlen(row->key);
		len = strspn(at, "0123456789");
		if (len == 0 || len >= sizeof digits)
			continue;
		memcpy(digits, at, len);
		digits[len] = '\0';
		if (bw_parse_u64(digits, UINT64_MAX, &value) < 0 || __builtin_add_overflow(total, value, &total))
			total = UINT64_MAX;
	}
	*ret = total;
	return true;
}

#define COUNTER(which) offsetof(struct bw_measures, count[which])
#define GAUGE(which)   offsetof(struct bw_measures, gauge[which])

/* Rows of one file stand together. */
static const struct row rows[] = {
	{"cpuacct", "cpuacct.usage", NULL, COUNTER(BW_COUNT_CPU_USEC), 1000, take_number},
	{"cpu", "cpu.stat", "throttled_time", COUNTER(BW_COUNT_CPU_THROTTLED_USEC), 1000, take_number},
	{"memory", "memory.usage_in_bytes", NULL, GAUGE(BW_GAUGE_MEMORY_BYTES), 1, take_number},
	{"memory", "memory.limit_in_bytes", NULL, GAUGE(BW_GAUGE_MEMORY_LIMIT_BYTES), 1, take_limit},
	{"memory", "memory.oom_control", "oom_kill", COUNTER(BW_COUNT_OOM_KILLS), 1, take_number},
	{"pids", "pids.current", NULL, GAUGE(BW_GAUGE_PIDS), 1, take_number},
	{"pids", "pids.max", NULL, GAUGE(BW_GAUGE_PIDS_LIMIT), 1, take_limit},
	{"blkio", "blkio.throttle.io_service_bytes_recursive", " Read ", COUNTER(BW_COUNT_IO_READ_BYTES), 1, take_io},
	{"blkio", "blkio.throttle.io_service_bytes_recursive", " Write ", COUNTER(BW_COUNT_IO_WRITE_BYTES), 1, take_io},
	{NULL, "cpu.stat", "usage_usec", COUNTER(BW_COUNT_CPU_USEC), 1, take_number},
	{NULL, "cpu.stat", "throttled_usec", COUNTER(BW_COUNT_CPU_THROTTLED_USEC), 1, take_number},
	{NULL, "cpu.max", NULL, GAUGE(BW_GAUGE_CPU_LIMIT_MILLI), 1, take_cpu_max},
	{NULL, "memory.current", NULL, GAUGE(BW_GAUGE_MEMORY_BYTES), 1, take_number},
	{NULL, "memory.max", NULL, GAUGE(BW_GAUGE_MEMORY_LIMIT_BYTES), 1, take_limit},
	{NULL, "memory.events", "oom_kill", COUNTER(BW_COUNT_OOM_KILLS), 1, take_number},
	{NULL, "pids.current", NULL, GAUGE(BW_GAUGE_PIDS), 1, take_number},
	{NULL, "pids.max", NULL, GAUGE(BW_GAUGE_PIDS_LIMIT), 1, take_limit},
	{NULL, "io.stat", " rbytes=", COUNTER(BW_COUNT_IO_READ_BYTES), 1, take_io},
	{NULL, "io.stat", " wbytes=", COUNTER(BW_COUNT_IO_WRITE_BYTES), 1, take_io},
};

_Static_assert(BW_COUNT(rows) + 2 == BW_CGROUP_SAMPLE_FILES, "one for each row, and two for v1's quota");

/* The file's text, from *kept where that is open, or is opened so for the next time; kept NULL: it is not. */
static ssize_t read_file(int dir, const char *file, int *kept, char text[TEXT])
{
	ssize_t len;

	if (!kept)
		return bw_read_at(dir, file, text, TEXT);
	if (*kept < 0)
		*kept = openat(dir, file, O_RDONLY | O_CLOEXEC);
	len = *kept < 0 ? -1 : pread(*kept, text, TEXT - 1, 0);
	if (len >= 0)
		text[len] = '\0';
	return len;
}

/* v1 has quota and period in two files; a quota of -1 is none. */
static void sample_cpu_limit_v1(struct bw_cgroup_handle *handle, int *kept, struct bw_measures *measures)
{
	int at = bw_cgroup_find(handle->set, "cpu"), dir = at < 0 ? -1 : bw_cgroup_dir_fd(handle, (size_t)at);
	int *const quota_file = kept ? &kept[BW_COUNT(rows)] : NULL, *const period_file = kept ? quota_file + 1 : NULL;
	uint64_t quota = 0, period = 0;
	char text[TEXT];

	if (dir < 0 || read_file(dir, "cpu.cfs_quota_us", quota_file, text) <= 0)
		return;
	if (bw_parse_word(text, 0, UINT64_MAX / 1000, &quota) == 0 &&
		(read_file(dir, "cpu.cfs_period_us", period_file, text) <= 0 ||
			bw_parse_word(text, 0, UINT64_MAX, &period) < 0))
		return;
	measures->gauge[BW_GAUGE_CPU_LIMIT_MILLI] = period ? quota * 1000 / period : 0;
}

/* In a hybrid hierarchy the unified one counts processor time as well, but only v1's is the controllers'. */
static bool is_shadowed(const struct bw_cgroup_set *set, const struct row *row)
{
	static const char *const of_unified[][2] = {
		{"cpu.", "cpu"}, {"memory.", "memory"}, {"pids.", "pids"}, {"io.", "blkio"}};

	for (size_t i = 0; !row->controller && i < BW_COUNT(of_unified); i++)
		if (bw_after_prefix(row->file, of_unified[i][0]))
			return bw_cgroup_find(set, of_unified[i][1]) >= 0;
	return false;
}

/* What the kernel counts by device goes with the device; a counter never goes down. */
static void put(const struct row *row, uint64_t value, struct bw_measures *measures)
{
	uint64_t *member = (uint64_t *)(void *)((char *)measures + row->offset);

	if (row->offset >= GAUGE(0) || value > *member)
		*member = value;
}
_Static_assert(COUNTER(BW_COUNT_END) <= GAUGE(0), "counters come first");

/* What only `update` changes. */
static bool is_limit(const struct row *row)
{
	return row->take == take_limit || row->take == take_cpu_max;
}

bool bw_cgroup_sample_with(struct bw_cgroup_handle *handle, int *kept, bool limits, struct bw_measures *measures)
{
	const struct row *read = NULL;
	char text[TEXT];
	ssize_t len = -1;

	if (!bw_cgroup_is_there(handle))
		return false;
	for (const struct row *row = rows; row < rows + BW_COUNT(rows); row++) {
		int at = is_shadowed(handle->set, row) ? -1 : bw_cgroup_find(handle->set, row->controller);
		int dir = at < 0 ? -1 : bw_cgroup_dir_fd(handle, (size_t)at);
		uint64_t value;

		if (dir < 0 || (!limits && is_limit(row)))
			continue;
		if (!read || !bw_streq(read->file, row->file) || !bw_streq0(read->controller, row->controller))
			len = read_file(dir, row->file, kept ? &kept[row - rows] : NULL, text);
		read = row;
		if (len < 0 || !row->take(row, text, &value))
			continue;
		put(row, value / row->divisor, measures);
	}
	if (limits)
		sample_cpu_limit_v1(handle, kept, measures);
	return true;
}

bool bw_cgroup_has_run(struct bw_cgroup_handle *handle, int *kept, uint64_t cpu_usec)
{
	for (const struct row *row = rows; row < rows + BW_COUNT(rows); row++) {
		int at = is_shadowed(handle->set, row) ? -1 : bw_cgroup_find(handle->set, row->controller);
		int dir = at < 0 ? -1 : bw_cgroup_dir_fd(handle, (size_t)at);
		char text[TEXT];
		uint64_t now;

		if (dir < 0 || row->offset != COUNTER(BW_COUNT_CPU_USEC))
			continue;
		return read_file(dir, row->file, &kept[row - rows], text) < 0 || !row->take(row, text, &now) ||
		       now / row->divisor != cpu_usec;
	}
	return true;
}

bool bw_cgroup_sample(const struct bw_cgroup_set *set, struct bw_measures *measures)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, set);
	return bw_cgroup_sample_with(&handle, NULL, true, measures);
}
