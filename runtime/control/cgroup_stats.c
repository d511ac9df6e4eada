/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_stats.c - what a container uses, in the JSON of runc's events: each group from whichever version has its
 * controller. Facts are in the tables; a file that is not there is a member that is not there. See the kernel's
 * cgroup-v1/ documents and cgroup-v2.rst. */
#include "control/cgroup_stats.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/cgroup_files.h"

enum { NS_PER_US = 1000 };

/* ---- reading ---- */

static uint64_t keyed(const char *text, const char *key)
{
	uint64_t number;

	return bw_cgroup_keyed(text, key, &number) ? number : 0;
}

/* ---- writing ---- */

static void put(struct bw_json_writer *w, const char *key, uint64_t value)
{
	bw_json_key(w, key);
	bw_json_uint(w, value);
}

static void put_nonzero(struct bw_json_writer *w, const char *key, uint64_t value)
{
	if (value)
		put(w, key, value);
}

static void begin(struct bw_json_writer *w, const char *key)
{
	bw_json_key(w, key);
	bw_json_begin_object(w);
}

/* Pressure of one line, "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": numbers stay as they are written. */
static void put_pressure_line(struct bw_json_writer *w, char *line)
{
	char *word = strsep(&line, " "), *key;

	begin(w, word);
	while ((word = strsep(&line, " "))) {
		key = strsep(&word, "=");
		if (!word || !*word || word[strspn(word, "0123456789.")])
			continue;
		bw_json_key(w, key);
		bw_json_number_text(w, word);
	}
	bw_json_end_object(w);
}

/* A kernel without PSI has no such files, or says EOPNOTSUPP. */
static void put_pressure(struct bw_json_writer *w, int dir, const char *file)
{
	auto_free char *text = bw_cgroup_text(dir, file);
	char *rest = text, *line;

	if (!text || !*text)
		return;
	begin(w, "psi");
	while ((line = strsep(&rest, "\n")))
		if (*line)
			put_pressure_line(w, line);
	bw_json_end_object(w);
}

/* ---- cpu ---- */

struct source {
	struct bw_cgroup_handle *handle;
	struct bw_json_writer *w;
	int unified; /* directory, or negative */
};

/* The directory of a v1 hierarchy, or negative. */
static int v1_dir(const struct source *s, const char *controller)
{
	int i = bw_cgroup_find(s->handle->set, controller);

	return i < 0 ? -ENOENT : bw_cgroup_dir_fd(s->handle, (size_t)i);
}

static void put_numbers(struct bw_json_writer *w, const char *key, const char *text)
{
	uint64_t number;

	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (size_t n = 0; bw_parse_word(text, n, UINT64_MAX, &number) == 0; n++)
		bw_json_uint(w, number);
	bw_json_end_array(w);
}

/* One column of cpuacct.usage_all: "cpu user system", then a line for each processor. */
static void put_column(struct bw_json_writer *w, const char *key, const char *text, size_t column)
{
	const char *line = strchr(text, '\n');
	uint64_t number;

	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (; line && line[1]; line = strchr(line + 1, '\n')) {
		const char *end = strchr(line + 1, '\n');
		char one[128];

		snprintf(one, sizeof one, "%.*s", (int)(end ? end - line - 1 : (long)strlen(line + 1)), line + 1);
		if (bw_parse_word(one, column, UINT64_MAX, &number) == 0)
			bw_json_uint(w, number);
	}
	bw_json_end_array(w);
}

static void put_usage_v1(struct bw_json_writer *w, int dir)
{
	auto_free char *percpu = bw_cgroup_text(dir, "cpuacct.usage_percpu"), *all = bw_cgroup_text(dir, "cpuacct.usage_all"),
		       *stat = bw_cgroup_text(dir, "cpuacct.stat");
	uint64_t total = 0, tick_ns = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);

	if (bw_cgroup_number(dir, "cpuacct.usage", &total))
		put_nonzero(w, "total", total);
	if (percpu)
		put_numbers(w, "percpu", percpu);
	if (all) {
		put_column(w, "percpu_kernel", all, 2);
		put_column(w, "percpu_user", all, 1);
	}
	put(w, "kernel", keyed(stat, "system") * tick_ns);
	put(w, "user", keyed(stat, "user") * tick_ns);
}

static void put_usage_v2(struct bw_json_writer *w, const char *stat)
{
	put_nonzero(w, "total", keyed(stat, "usage_usec") * NS_PER_US);
	put(w, "kernel", keyed(stat, "system_usec") * NS_PER_US);
	put(w, "user", keyed(stat, "user_usec") * NS_PER_US);
}

static void put_cpu(const struct source *s)
{
	int cpuacct = v1_dir(s, "cpuacct"), cpu = v1_dir(s, "cpu"), at = cpu >= 0 ? cpu : s->unified;
	auto_free char *usage = bw_cgroup_text(s->unified, "cpu.stat"), *limits = bw_cgroup_text(at, "cpu.stat");
	uint64_t throttled_ns = cpu >= 0 ? keyed(limits, "throttled_time")
					 : keyed(limits, "throttled_usec") * NS_PER_US;

	begin(s->w, "cpu");
	begin(s->w, "usage");
	if (cpuacct >= 0)
		put_usage_v1(s->w, cpuacct);
	else
		put_usage_v2(s->w, usage);
	bw_json_end_object(s->w);
	begin(s->w, "throttling");
	put_nonzero(s->w, "periods", keyed(limits, "nr_periods"));
	put_nonzero(s->w, "throttledPeriods", keyed(limits, "nr_throttled"));
	put_nonzero(s->w, "throttledTime", throttled_ns);
	bw_json_end_object(s->w);
	if (cpu < 0)
		put_pressure(s->w, s->unified, "cpu.pressure");
	bw_json_end_object(s->w);
}

/* ---- cpuset ---- */

/* "0-3,7\n" as [0,1,2,3,7]. */
static void put_set(struct bw_json_writer *w, const char *key, const char *text)
{
	const char *p = text;

	if (!text || *p < '0' || *p > '9')
		return;
	bw_json_key(w, key);
	bw_json_begin_array(w);
	while (*p >= '0' && *p <= '9') {
		char *end;
		unsigned long first = strtoul(p, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		/* No kernel has more; a list that says so is none of the kernel's. */
		for (unsigned long n = first; n <= last && n < 1UL << 16; n++)
			bw_json_uint(w, n);
		p = end + (*end == ',');
	}
	bw_json_end_array(w);
}

static void put_cpuset(const struct source *s)
{
	static const char *const numbers[] = {"mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
		"memory_spread_slab", "memory_pressure", "sched_load_balance"};
	int v1 = v1_dir(s, "cpuset");
	auto_free char *cpus = v1 >= 0 ? bw_cgroup_text(v1, "cpuset.cpus") : bw_cgroup_text(s->unified, "cpuset.cpus.effective");
	auto_free char *mems = v1 >= 0 ? bw_cgroup_text(v1, "cpuset.mems") : bw_cgroup_text(s->unified, "cpuset.mems.effective");
	uint64_t number = 0;
	char file[64], level[32];

	begin(s->w, "cpuset");
	put_set(s->w, "cpus", cpus);
	put(s->w, "cpu_exclusive", bw_cgroup_number(v1, "cpuset.cpu_exclusive", &number) ? number : 0);
	put_set(s->w, "mems", mems);
	for (size_t i = 0; i < BW_COUNT(numbers); i++) {
		snprintf(file, sizeof file, "cpuset.%s", numbers[i]);
		put(s->w, numbers[i], bw_cgroup_number(v1, file, &number) ? number : 0);
	}
	bw_json_key(s->w, "sched_relax_domain_level");
	if (v1 >= 0 && bw_read_at(v1, "cpuset.sched_relax_domain_level", level, sizeof level) > 0)
		bw_json_number_text(s->w, level);
	else
		bw_json_uint(s->w, 0);
	bw_json_end_object(s->w);
}

/* ---- memory ---- */

struct entry {
	uint64_t limit, usage, max, failcnt;
};

static void put_entry(struct bw_json_writer *w, const char *key, struct entry entry)
{
	begin(w, key);
	put(w, "limit", entry.limit);
	put_nonzero(w, "usage", entry.usage);
	put_nonzero(w, "max", entry.max);
	put(w, "failcnt", entry.failcnt);
	bw_json_end_object(w);
}

static uint64_t number_or_0(int dir, const char *prefix, const char *name)
{
	char file[64];
	uint64_t number;

	snprintf(file, sizeof file, "%s.%s", prefix, name);
	return bw_cgroup_number(dir, file, &number) ? number : 0;
}

static struct entry entry_v1(int dir, const char *prefix)
{
	return (struct entry){number_or_0(dir, prefix, "limit_in_bytes"), number_or_0(dir, prefix, "usage_in_bytes"),
		number_or_0(dir, prefix, "max_usage_in_bytes"), number_or_0(dir, prefix, "failcnt")};
}

static struct entry entry_v2(int dir, const char *prefix)
{
	char file[64];
	auto_free char *events = NULL;

	snprintf(file, sizeof file, "%s.events", prefix);
	events = bw_cgroup_text(dir, file);
	return (struct entry){number_or_0(dir, prefix, "max"), number_or_0(dir, prefix, "current"),
		number_or_0(dir, prefix, "peak"), keyed(events, "max")};
}

static void put_raw(struct bw_json_writer *w, const char *text)
{
	const char *line = text;

	begin(w, "raw");
	while (line && *line) {
		size_t len = strcspn(line, " \n");
		uint64_t number;
		char key[64];

		if (len < sizeof key && bw_parse_word(line, 1, UINT64_MAX, &number) == 0) {
			snprintf(key, sizeof key, "%.*s", (int)len, line);
			put(w, key, number);
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	bw_json_end_object(w);
}

/* Swap is told as memory and swap together, as v1 does and readers expect. */
static struct entry both_v2(int dir, struct entry memory)
{
	struct entry swap = entry_v2(dir, "memory.swap");

	swap.usage += memory.usage;
	if (swap.limit != UINT64_MAX && __builtin_add_overflow(swap.limit, memory.limit, &swap.limit))
		swap.limit = UINT64_MAX;
	return swap;
}

static void put_memory(const struct source *s)
{
	int v1 = v1_dir(s, "memory"), dir = v1 >= 0 ? v1 : s->unified;
	auto_free char *stat = bw_cgroup_text(dir, "memory.stat");
	struct entry memory = v1 >= 0 ? entry_v1(dir, "memory") : entry_v2(dir, "memory");
	const struct entry nothing = {0};

	begin(s->w, "memory");
	put_nonzero(s->w, "cache", keyed(stat, v1 >= 0 ? "cache" : "file"));
	put_entry(s->w, "usage", memory);
	put_entry(s->w, "swap", v1 >= 0 ? entry_v1(dir, "memory.memsw") : both_v2(dir, memory));
	put_entry(s->w, "kernel", v1 >= 0 ? entry_v1(dir, "memory.kmem") : nothing);
	put_entry(s->w, "kernelTCP", v1 >= 0 ? entry_v1(dir, "memory.kmem.tcp") : nothing);
	if (stat)
		put_raw(s->w, stat);
	if (v1 < 0)
		put_pressure(s->w, dir, "memory.pressure");
	bw_json_end_object(s->w);
}

/* ---- pids ---- */

static void put_pids(const struct source *s)
{
	int v1 = v1_dir(s, "pids"), dir = v1 >= 0 ? v1 : s->unified;
	uint64_t limit = number_or_0(dir, "pids", "max");

	begin(s->w, "pids");
	put_nonzero(s->w, "current", number_or_0(dir, "pids", "current"));
	put_nonzero(s->w, "limit", limit == UINT64_MAX ? 0 : limit);
	bw_json_end_object(s->w);
}

/* ---- block I/O ---- */

/* Zeros are left out, as by everybody. */
static void put_io(struct bw_json_writer *w, uint64_t major, uint64_t minor, const char *op, uint64_t value)
{
	bw_json_begin_object(w);
	put_nonzero(w, "major", major);
	put_nonzero(w, "minor", minor);
	if (op && *op) {
		bw_json_key(w, "op");
		bw_json_string(w, op);
	}
	put_nonzero(w, "value", value);
	bw_json_end_object(w);
}

/* "8:0 Read 4096", "8:0 4096"; the last line, "Total 4096", is no device's. */
static void put_lines_v1(struct bw_json_writer *w, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *device = strsep(&line, " "), *word = strsep(&line, " "), *last = line;
		uint64_t major, minor, value;

		if (word && bw_cgroup_device_numbers(device, &major, &minor) &&
			bw_parse_u64(last ? last : word, UINT64_MAX, &value) == 0)
			put_io(w, major, minor, last ? word : NULL, value);
	}
}

static void put_blkio_v1(struct bw_json_writer *w, int dir)
{
	/* BFQ counts what it schedules; the throttling layer sees everything. */
	static const char *const files[][3] = {
		{"ioServiceBytesRecursive", "blkio.bfq.io_service_bytes_recursive",
			"blkio.throttle.io_service_bytes_recursive"},
		{"ioServicedRecursive", "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive"},
		{"ioQueueRecursive", "blkio.bfq.io_queued_recursive", NULL},
		{"ioServiceTimeRecursive", "blkio.bfq.io_service_time_recursive", NULL},
		{"ioWaitTimeRecursive", "blkio.bfq.io_wait_time_recursive", NULL},
		{"ioMergedRecursive", "blkio.bfq.io_merged_recursive", NULL},
		{"ioTimeRecursive", "blkio.bfq.time_recursive", NULL},
		{"sectorsRecursive", "blkio.bfq.sectors_recursive", NULL},
	};

	for (size_t i = 0; i < BW_COUNT(files); i++) {
		auto_free char *text = NULL;

		for (size_t k = 1; k < BW_COUNT(files[i]) && files[i][k] && !(text && strchr(text, ':')); k++) {
			free(text);
			text = bw_cgroup_text(dir, files[i][k]);
		}
		if (!text || !strchr(text, ':'))
			continue;
		bw_json_key(w, files[i][0]);
		bw_json_begin_array(w);
		put_lines_v1(w, text);
		bw_json_end_array(w);
	}
}

/* io.stat, "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0": those two columns of each line. */
static void put_columns_v2(struct bw_json_writer *w, const char *key, const char *text, const char *read_key,
	const char *write_key)
{
	auto_free char *copy = strdup(text);
	char *rest = copy, *line, *word;

	bw_json_key(w, key);
	bw_json_begin_array(w);
	while ((line = strsep(&rest, "\n"))) {
		uint64_t major, minor, value;

		if (!bw_cgroup_device_numbers(strsep(&line, " "), &major, &minor))
			continue;
		while ((word = strsep(&line, " "))) {
			const char *name = strsep(&word, "=");
			const char *op = bw_streq(name, read_key)    ? "Read"
					 : bw_streq(name, write_key) ? "Write"
								     : NULL;

			if (op && word && bw_parse_u64(word, UINT64_MAX, &value) == 0)
				put_io(w, major, minor, op, value);
		}
	}
	bw_json_end_array(w);
}

static void put_blkio(const struct source *s)
{
	int v1 = v1_dir(s, "blkio");
	auto_free char *stat = v1 >= 0 ? NULL : bw_cgroup_text(s->unified, "io.stat");

	begin(s->w, "blkio");
	if (v1 >= 0)
		put_blkio_v1(s->w, v1);
	if (stat && strchr(stat, ':')) {
		put_columns_v2(s->w, "ioServiceBytesRecursive", stat, "rbytes", "wbytes");
		put_columns_v2(s->w, "ioServicedRecursive", stat, "rios", "wios");
	}
	if (v1 < 0)
		put_pressure(s->w, s->unified, "io.pressure");
	bw_json_end_object(s->w);
}

/* ---- huge pages ---- */

/* Reservations are what is limited, where the kernel counts them. */
static void put_page_size(struct bw_json_writer *w, int dir, bool v1, const char *size)
{
	char prefix[64], rsvd[64];
	uint64_t number;
	struct entry entry;

	snprintf(prefix, sizeof prefix, "hugetlb.%s", size);
	snprintf(rsvd, sizeof rsvd, "hugetlb.%s.rsvd.%s", size, v1 ? "usage_in_bytes" : "current");
	if (bw_cgroup_number(dir, rsvd, &number))
		snprintf(prefix, sizeof prefix, "hugetlb.%s.rsvd", size);
	entry = v1 ? entry_v1(dir, prefix) : entry_v2(dir, prefix);
	if (!v1) {
		snprintf(prefix, sizeof prefix, "hugetlb.%s", size);
		entry.failcnt = entry_v2(dir, prefix).failcnt;
	}
	begin(w, size);
	put_nonzero(w, "usage", entry.usage);
	put_nonzero(w, "max", entry.max);
	put(w, "failcnt", entry.failcnt);
	bw_json_end_object(w);
}

static void put_hugetlb(const struct source *s)
{
	int v1 = v1_dir(s, "hugetlb"), dir = v1 >= 0 ? v1 : s->unified;
	auto_closedir DIR *stream = NULL;
	int fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	char size[16];

	begin(s->w, "hugetlb");
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !stream)
		close(fd);
	while (stream && (entry = readdir(stream)))
		if (bw_cgroup_page_size(entry->d_name, v1 >= 0 ? ".usage_in_bytes" : ".current", size, sizeof size))
			put_page_size(s->w, dir, v1 >= 0, size);
	bw_json_end_object(s->w);
}

/* ---- all of it ---- */

int bw_cgroup_stats_with(struct bw_cgroup_handle *handle, struct bw_json_writer *w, struct bw_err *err)
{
	static void (*const groups[])(const struct source *) = {
		put_cpu, put_cpuset, put_memory, put_pids, put_blkio, put_hugetlb};
	struct source source = {.handle = handle, .w = w, .unified = -1};
	int i = bw_cgroup_find(handle->set, NULL);

	/* Of which no directory is left has nothing to say. */
	if (!bw_cgroup_is_there(handle))
		return bw_fail(err, BW_E_STATE, ENOENT, "the container has no cgroup");
	if (i >= 0)
		source.unified = bw_cgroup_dir_fd(handle, (size_t)i);
	for (size_t g = 0; g < BW_COUNT(groups); g++)
		groups[g](&source);
	begin(w, "intel_rdt");
	bw_json_end_object(w);
	bw_json_key(w, "network_interfaces");
	bw_json_null(w);
	return 0;
}

int bw_cgroup_stats(const struct bw_cgroup_set *set, struct bw_json_writer *w, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, set);
	return bw_cgroup_stats_with(&handle, w, err);
}
