/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_metrics.c - statistics as containerd's messages: a table says which file, and which line of it, is which field. */
#include "control/cgroup_metrics.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/cgroup_files.h"

struct row;
/* Writes what text, the file whole, has for the row. */
typedef void put_fn(struct bw_wire *to, const struct row *row, const char *text);

enum { DEPTH = 2 };
struct row {
	const char *file;
	const char *key;	 /* of a line "key number"; NULL: all of it */
	unsigned char in[DEPTH]; /* the messages around the field, from the outside in: 0 is none */
	unsigned char number;
	put_fn *put;
	const char *instead; /* file, when the first one has no lines */
};

/* As everywhere in proto3: what is 0 is not written. */
static void put_nonzero(struct bw_wire *to, unsigned number, uint64_t value)
{
	if (value)
		bw_wire_number(to, number, value);
}

static void put_number(struct bw_wire *to, const struct row *row, const char *text)
{
	uint64_t value;

	if (strncmp(text, "max", 3) == 0)
		put_nonzero(to, row->number, UINT64_MAX);
	else if (bw_parse_word(text, 0, UINT64_MAX, &value) == 0)
		put_nonzero(to, row->number, value);
}

/* No limit of v1's pids is no number, as containerd has it. */
static void put_limit(struct bw_wire *to, const struct row *row, const char *text)
{
	if (strncmp(text, "max", 3) != 0)
		put_number(to, row, text);
}

static void put_keyed(struct bw_wire *to, const struct row *row, const char *text)
{
	uint64_t value;

	if (bw_cgroup_keyed(text, row->key, &value))
		put_nonzero(to, row->number, value);
}

/* In nanoseconds. */
static void put_ticks(struct bw_wire *to, const struct row *row, const char *text)
{
	uint64_t value, tick_ns = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);

	if (bw_cgroup_keyed(text, row->key, &value))
		put_nonzero(to, row->number, value * tick_ns);
}

/* Each is one of a list: zeros count. */
static void put_numbers(struct bw_wire *to, const struct row *row, const char *text)
{
	char *end;

	for (uint64_t value;; text = end) {
		value = strtoull(text, &end, 10);
		if (end == text)
			return;
		bw_wire_number(to, row->number, value);
	}
}

/* ---- lines of words ---- */

/* The message that a line is, in its row's field; words are what is behind the first one. */
typedef void line_fn(struct bw_wire *to, const char *first, char *words);

static void put_lines(struct bw_wire *to, unsigned number, const char *text, line_fn *put_line)
{
	auto_free char *copy = strdup(text);
	char *rest = copy, *line, *first;

	to->no_memory = to->no_memory || !copy;
	while ((line = strsep(&rest, "\n"))) {
		auto_wire struct bw_wire one = {0};

		first = strsep(&line, " ");
		if (line)
			put_line(&one, first, line);
		if (one.len || one.no_memory)
			bw_wire_message(to, number, &one);
	}
}

/* "key=value" words. */
struct pair {
	const char *key;
	unsigned number;
};

static void put_pairs(struct bw_wire *to, char *words, const struct pair *pairs, uint64_t greatest)
{
	char *word;

	while ((word = strsep(&words, " "))) {
		const char *key = strsep(&word, "=");
		uint64_t value;

		for (const struct pair *pair = pairs; word && pair->key; pair++) {
			if (!bw_streq(pair->key, key))
				continue;
			if (bw_streq(word, "max"))
				put_nonzero(to, pair->number, greatest);
			else if (bw_parse_u64(word, greatest, &value) == 0)
				put_nonzero(to, pair->number, value);
		}
	}
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0" */
static void io_line(struct bw_wire *to, const char *first, char *words)
{
	static const struct pair pairs[] = {{"rbytes", 3}, {"wbytes", 4}, {"rios", 5}, {"wios", 6}, {NULL, 0}};
	uint64_t major, minor;

	if (!bw_cgroup_device_numbers(first, &major, &minor))
		return;
	put_nonzero(to, 1, major);
	put_nonzero(to, 2, minor);
	put_pairs(to, words, pairs, UINT64_MAX);
}

static void put_io(struct bw_wire *to, const struct row *row, const char *text)
{
	put_lines(to, row->number, text, io_line);
}

/* "mlx4_0 hca_handle=2 hca_object=max" */
static void rdma_line(struct bw_wire *to, const char *first, char *words)
{
	static const struct pair pairs[] = {{"hca_handle", 2}, {"hca_object", 3}, {NULL, 0}};

	bw_wire_text(to, 1, first);
	put_pairs(to, words, pairs, UINT32_MAX);
}

static void put_rdma(struct bw_wire *to, const struct row *row, const char *text)
{
	put_lines(to, row->number, text, rdma_line);
}

/* "/dev/sda", by where sysfs says that it is. */
static void put_device_name(struct bw_wire *to, const char *numbers)
{
	char path[64], target[PATH_MAX], name[NAME_MAX + 8];
	const char *slash;
	ssize_t len;

	snprintf(path, sizeof path, "/sys/dev/block/%s", numbers);
	len = readlink(path, target, sizeof target - 1);
	target[len > 0 ? len : 0] = '\0';
	slash = strrchr(target, '/');
	if (!slash || strlen(slash) > NAME_MAX)
		return;
	snprintf(name, sizeof name, "/dev%s", slash);
	bw_wire_text(to, 2, name);
}

/* "8:0 Read 4096" or "8:0 77" */
static void blkio_line(struct bw_wire *to, const char *first, char *words)
{
	const char *op = strsep(&words, " "), *value_text = words ? words : op;
	uint64_t major, minor, value;

	if (!bw_cgroup_device_numbers(first, &major, &minor) || bw_parse_u64(value_text, UINT64_MAX, &value) < 0)
		return;
	if (words)
		bw_wire_text(to, 1, op);
	put_device_name(to, first);
	put_nonzero(to, 3, major);
	put_nonzero(to, 4, minor);
	put_nonzero(to, 5, value);
}

static void put_blkio(struct bw_wire *to, const struct row *row, const char *text)
{
	put_lines(to, row->number, text, blkio_line);
}

/* "avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void put_pressure_words(struct bw_wire *to, char *words)
{
	static const struct pair averages[] = {{"avg10", 1}, {"avg60", 2}, {"avg300", 3}};
	char *word;

	while ((word = strsep(&words, " "))) {
		const char *key = strsep(&word, "=");
		uint64_t total;

		for (size_t i = 0; word && i < BW_COUNT(averages); i++)
			if (bw_streq(averages[i].key, key) && strtod(word, NULL) > 0)
				bw_wire_double(to, averages[i].number, strtod(word, NULL));
		if (word && bw_streq(key, "total") && bw_parse_u64(word, UINT64_MAX, &total) == 0)
			put_nonzero(to, 4, total);
	}
}

static void put_pressure(struct bw_wire *to, const struct row *row, const char *text)
{
	static const struct pair kinds[] = {{"some", 1}, {"full", 2}};
	auto_wire struct bw_wire both = {0};
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;

	to->no_memory = to->no_memory || !copy;
	while ((line = strsep(&rest, "\n"))) {
		const char *first = strsep(&line, " ");
		auto_wire struct bw_wire one = {0};

		if (!line)
			continue;
		put_pressure_words(&one, line);
		for (size_t i = 0; i < BW_COUNT(kinds); i++)
			if (bw_streq(kinds[i].key, first))
				bw_wire_message(&both, kinds[i].number, &one);
	}
	if (both.len || both.no_memory)
		bw_wire_message(to, row->number, &both);
}

/* ---- the tables: rows of one message stand together ---- */

static const struct row rows_v1[] = {
	{"pids.current", NULL, {2}, 1, put_number, NULL},
	{"pids.max", NULL, {2}, 2, put_limit, NULL},
	{"cpuacct.usage", NULL, {3, 1}, 1, put_number, NULL},
	{"cpuacct.stat", "system", {3, 1}, 2, put_ticks, NULL},
	{"cpuacct.stat", "user", {3, 1}, 3, put_ticks, NULL},
	{"cpuacct.usage_percpu", NULL, {3, 1}, 4, put_numbers, NULL},
	{"cpu.stat", "nr_periods", {3, 2}, 1, put_keyed, NULL},
	{"cpu.stat", "nr_throttled", {3, 2}, 2, put_keyed, NULL},
	{"cpu.stat", "throttled_time", {3, 2}, 3, put_keyed, NULL},
	{"memory.stat", "cache", {4}, 1, put_keyed, NULL},
	{"memory.stat", "rss", {4}, 2, put_keyed, NULL},
	{"memory.stat", "rss_huge", {4}, 3, put_keyed, NULL},
	{"memory.stat", "mapped_file", {4}, 4, put_keyed, NULL},
	{"memory.stat", "dirty", {4}, 5, put_keyed, NULL},
	{"memory.stat", "writeback", {4}, 6, put_keyed, NULL},
	{"memory.stat", "pgpgin", {4}, 7, put_keyed, NULL},
	{"memory.stat", "pgpgout", {4}, 8, put_keyed, NULL},
	{"memory.stat", "pgfault", {4}, 9, put_keyed, NULL},
	{"memory.stat", "pgmajfault", {4}, 10, put_keyed, NULL},
	{"memory.stat", "inactive_anon", {4}, 11, put_keyed, NULL},
	{"memory.stat", "active_anon", {4}, 12, put_keyed, NULL},
	{"memory.stat", "inactive_file", {4}, 13, put_keyed, NULL},
	{"memory.stat", "active_file", {4}, 14, put_keyed, NULL},
	{"memory.stat", "unevictable", {4}, 15, put_keyed, NULL},
	{"memory.stat", "hierarchical_memory_limit", {4}, 16, put_keyed, NULL},
	{"memory.stat", "hierarchical_memsw_limit", {4}, 17, put_keyed, NULL},
	{"memory.stat", "total_cache", {4}, 18, put_keyed, NULL},
	{"memory.stat", "total_rss", {4}, 19, put_keyed, NULL},
	{"memory.stat", "total_rss_huge", {4}, 20, put_keyed, NULL},
	{"memory.stat", "total_mapped_file", {4}, 21, put_keyed, NULL},
	{"memory.stat", "total_dirty", {4}, 22, put_keyed, NULL},
	{"memory.stat", "total_writeback", {4}, 23, put_keyed, NULL},
	{"memory.stat", "total_pgpgin", {4}, 24, put_keyed, NULL},
	{"memory.stat", "total_pgpgout", {4}, 25, put_keyed, NULL},
	{"memory.stat", "total_pgfault", {4}, 26, put_keyed, NULL},
	{"memory.stat", "total_pgmajfault", {4}, 27, put_keyed, NULL},
	{"memory.stat", "total_inactive_anon", {4}, 28, put_keyed, NULL},
	{"memory.stat", "total_active_anon", {4}, 29, put_keyed, NULL},
	{"memory.stat", "total_inactive_file", {4}, 30, put_keyed, NULL},
	{"memory.stat", "total_active_file", {4}, 31, put_keyed, NULL},
	{"memory.stat", "total_unevictable", {4}, 32, put_keyed, NULL},
	{"memory.limit_in_bytes", NULL, {4, 33}, 1, put_number, NULL},
	{"memory.usage_in_bytes", NULL, {4, 33}, 2, put_number, NULL},
	{"memory.max_usage_in_bytes", NULL, {4, 33}, 3, put_number, NULL},
	{"memory.failcnt", NULL, {4, 33}, 4, put_number, NULL},
	{"memory.memsw.limit_in_bytes", NULL, {4, 34}, 1, put_number, NULL},
	{"memory.memsw.usage_in_bytes", NULL, {4, 34}, 2, put_number, NULL},
	{"memory.memsw.max_usage_in_bytes", NULL, {4, 34}, 3, put_number, NULL},
	{"memory.memsw.failcnt", NULL, {4, 34}, 4, put_number, NULL},
	{"memory.kmem.limit_in_bytes", NULL, {4, 35}, 1, put_number, NULL},
	{"memory.kmem.usage_in_bytes", NULL, {4, 35}, 2, put_number, NULL},
	{"memory.kmem.max_usage_in_bytes", NULL, {4, 35}, 3, put_number, NULL},
	{"memory.kmem.failcnt", NULL, {4, 35}, 4, put_number, NULL},
	{"memory.kmem.tcp.limit_in_bytes", NULL, {4, 36}, 1, put_number, NULL},
	{"memory.kmem.tcp.usage_in_bytes", NULL, {4, 36}, 2, put_number, NULL},
	{"memory.kmem.tcp.max_usage_in_bytes", NULL, {4, 36}, 3, put_number, NULL},
	{"memory.kmem.tcp.failcnt", NULL, {4, 36}, 4, put_number, NULL},
	{"blkio.bfq.io_service_bytes_recursive", NULL, {5}, 1, put_blkio, "blkio.throttle.io_service_bytes_recursive"},
	{"blkio.bfq.io_serviced_recursive", NULL, {5}, 2, put_blkio, "blkio.throttle.io_serviced_recursive"},
	{"blkio.bfq.io_queued_recursive", NULL, {5}, 3, put_blkio, NULL},
	{"blkio.bfq.io_service_time_recursive", NULL, {5}, 4, put_blkio, NULL},
	{"blkio.bfq.io_wait_time_recursive", NULL, {5}, 5, put_blkio, NULL},
	{"blkio.bfq.io_merged_recursive", NULL, {5}, 6, put_blkio, NULL},
	{"blkio.bfq.time_recursive", NULL, {5}, 7, put_blkio, NULL},
	{"blkio.bfq.sectors_recursive", NULL, {5}, 8, put_blkio, NULL},
	{"rdma.current", NULL, {6}, 1, put_rdma, NULL},
	{"rdma.max", NULL, {6}, 2, put_rdma, NULL},
	{"memory.oom_control", "oom_kill_disable", {9}, 1, put_keyed, NULL},
	{"memory.oom_control", "under_oom", {9}, 2, put_keyed, NULL},
	{"memory.oom_control", "oom_kill", {9}, 3, put_keyed, NULL},
	{NULL, NULL, {0}, 0, NULL, NULL},
};

static const struct row rows_v2[] = {
	{"pids.current", NULL, {1}, 1, put_number, NULL},
	{"pids.max", NULL, {1}, 2, put_number, NULL},
	{"cpu.stat", "usage_usec", {2}, 1, put_keyed, NULL},
	{"cpu.stat", "user_usec", {2}, 2, put_keyed, NULL},
	{"cpu.stat", "system_usec", {2}, 3, put_keyed, NULL},
	{"cpu.stat", "nr_periods", {2}, 4, put_keyed, NULL},
	{"cpu.stat", "nr_throttled", {2}, 5, put_keyed, NULL},
	{"cpu.stat", "throttled_usec", {2}, 6, put_keyed, NULL},
	{"cpu.stat", "nr_bursts", {2}, 8, put_keyed, NULL},
	{"cpu.stat", "burst_usec", {2}, 9, put_keyed, NULL},
	{"cpu.pressure", NULL, {2}, 7, put_pressure, NULL},
	{"memory.stat", "anon", {4}, 1, put_keyed, NULL},
	{"memory.stat", "file", {4}, 2, put_keyed, NULL},
	{"memory.stat", "kernel_stack", {4}, 3, put_keyed, NULL},
	{"memory.stat", "slab", {4}, 4, put_keyed, NULL},
	{"memory.stat", "sock", {4}, 5, put_keyed, NULL},
	{"memory.stat", "shmem", {4}, 6, put_keyed, NULL},
	{"memory.stat", "file_mapped", {4}, 7, put_keyed, NULL},
	{"memory.stat", "file_dirty", {4}, 8, put_keyed, NULL},
	{"memory.stat", "file_writeback", {4}, 9, put_keyed, NULL},
	{"memory.stat", "anon_thp", {4}, 10, put_keyed, NULL},
	{"memory.stat", "inactive_anon", {4}, 11, put_keyed, NULL},
	{"memory.stat", "active_anon", {4}, 12, put_keyed, NULL},
	{"memory.stat", "inactive_file", {4}, 13, put_keyed, NULL},
	{"memory.stat", "active_file", {4}, 14, put_keyed, NULL},
	{"memory.stat", "unevictable", {4}, 15, put_keyed, NULL},
	{"memory.stat", "slab_reclaimable", {4}, 16, put_keyed, NULL},
	{"memory.stat", "slab_unreclaimable", {4}, 17, put_keyed, NULL},
	{"memory.stat", "pgfault", {4}, 18, put_keyed, NULL},
	{"memory.stat", "pgmajfault", {4}, 19, put_keyed, NULL},
	{"memory.stat", "workingset_refault", {4}, 20, put_keyed, NULL},
	{"memory.stat", "workingset_activate", {4}, 21, put_keyed, NULL},
	{"memory.stat", "workingset_nodereclaim", {4}, 22, put_keyed, NULL},
	{"memory.stat", "pgrefill", {4}, 23, put_keyed, NULL},
	{"memory.stat", "pgscan", {4}, 24, put_keyed, NULL},
	{"memory.stat", "pgsteal", {4}, 25, put_keyed, NULL},
	{"memory.stat", "pgactivate", {4}, 26, put_keyed, NULL},
	{"memory.stat", "pgdeactivate", {4}, 27, put_keyed, NULL},
	{"memory.stat", "pglazyfree", {4}, 28, put_keyed, NULL},
	{"memory.stat", "pglazyfreed", {4}, 29, put_keyed, NULL},
	{"memory.stat", "thp_fault_alloc", {4}, 30, put_keyed, NULL},
	{"memory.stat", "thp_collapse_alloc", {4}, 31, put_keyed, NULL},
	{"memory.stat", "workingset_refault_anon", {4}, 39, put_keyed, NULL},
	{"memory.stat", "workingset_refault_file", {4}, 40, put_keyed, NULL},
	{"memory.stat", "workingset_activate_anon", {4}, 41, put_keyed, NULL},
	{"memory.stat", "workingset_activate_file", {4}, 42, put_keyed, NULL},
	{"memory.current", NULL, {4}, 32, put_number, NULL},
	{"memory.max", NULL, {4}, 33, put_number, NULL},
	{"memory.swap.current", NULL, {4}, 34, put_number, NULL},
	{"memory.swap.max", NULL, {4}, 35, put_number, NULL},
	{"memory.peak", NULL, {4}, 36, put_number, NULL},
	{"memory.swap.peak", NULL, {4}, 37, put_number, NULL},
	{"memory.pressure", NULL, {4}, 38, put_pressure, NULL},
	{"rdma.current", NULL, {5}, 1, put_rdma, NULL},
	{"rdma.max", NULL, {5}, 2, put_rdma, NULL},
	{"io.stat", NULL, {6}, 1, put_io, NULL},
	{"io.pressure", NULL, {6}, 2, put_pressure, NULL},
	{"memory.events", "low", {8}, 1, put_keyed, NULL},
	{"memory.events", "high", {8}, 2, put_keyed, NULL},
	{"memory.events", "max", {8}, 3, put_keyed, NULL},
	{"memory.events", "oom", {8}, 4, put_keyed, NULL},
	{"memory.events", "oom_kill", {8}, 5, put_keyed, NULL},
	{"memory.events", "oom_group_kill", {8}, 6, put_keyed, NULL},
	{NULL, NULL, {0}, 0, NULL, NULL},
};

/* Of each size of huge pages: "hugetlb.2MB" and this. */
struct page_row {
	const char *ending, *key;
	unsigned number;
};
static const struct page_row pages_v1[] = {
	{".usage_in_bytes", NULL, 1}, {".max_usage_in_bytes", NULL, 2}, {".failcnt", NULL, 3}, {NULL, NULL, 4}};
static const struct page_row pages_v2[] = {{".current", NULL, 1}, {".max", NULL, 2}, {".events", "max", 4}, {NULL, NULL, 3}};

/* ---- the engine ---- */

struct writer {
	struct bw_cgroup_handle *handle;
	bool v2;
	struct bw_wire *out;
	struct bw_wire inner[DEPTH]; /* the messages that are open */
	unsigned char in[DEPTH];
	bool there[DEPTH]; /* this host has something of it */
	const char *file;  /* the last one, and what it holds */
	char *text;
};

/* Where a file lies: v1's controller is the first word of its name. */
static int dir_of(const struct writer *w, const char *file)
{
	char controller[16];
	int i;

	snprintf(controller, sizeof controller, "%.*s", (int)strcspn(file, "."), file);
	i = bw_cgroup_find(w->handle->set, w->v2 ? NULL : controller);
	return i < 0 ? -ENOENT : bw_cgroup_dir_fd(w->handle, (size_t)i);
}

/* Rows of one file stand together, and it is read once. */
static const char *text_of(struct writer *w, const struct row *row)
{
	if (w->file && bw_streq(w->file, row->file))
		return w->text;
	free(w->text);
	w->file = row->file;
	w->text = bw_cgroup_text(dir_of(w, row->file), row->file);
	/* BFQ counts what it schedules; the throttling layer sees everything. */
	if (row->instead && (!w->text || !strchr(w->text, ':'))) {
		free(w->text);
		w->text = bw_cgroup_text(dir_of(w, row->instead), row->instead);
	}
	return w->text;
}

static void close_messages(struct writer *w, size_t keep)
{
	for (size_t depth = DEPTH; depth-- > keep;) {
		if (w->there[depth])
			bw_wire_message(depth ? &w->inner[depth - 1] : w->out, w->in[depth], &w->inner[depth]);
		if (w->there[depth] && depth)
			w->there[depth - 1] = true;
		bw_wire_done(&w->inner[depth]);
		w->there[depth] = false;
		w->in[depth] = 0;
	}
}

static struct bw_wire *open_messages(struct writer *w, const struct row *row)
{
	size_t same = 0, last = row->in[1] ? 1 : 0;

	while (same < DEPTH && w->in[same] && w->in[same] == row->in[same])
		same++;
	close_messages(w, same);
	memcpy(w->in, row->in, sizeof w->in);
	w->there[last] = true;
	return &w->inner[last];
}

static void write_rows(struct writer *w)
{
	for (const struct row *row = w->v2 ? rows_v2 : rows_v1; row->file; row++) {
		const char *text = text_of(w, row);

		if (text)
			row->put(open_messages(w, row), row, text);
	}
	close_messages(w, 0);
	free(take_ptr(&w->text));
}

static void put_page_size(const struct writer *w, int dir, const char *size, unsigned field)
{
	const struct page_row *row = w->v2 ? pages_v2 : pages_v1;
	auto_wire struct bw_wire one = {0};

	for (; row->ending; row++) {
		char file[64];
		auto_free char *text = NULL;

		snprintf(file, sizeof file, "hugetlb.%s%s", size, row->ending);
		text = bw_cgroup_text(dir, file);
		if (text)
			(row->key ? put_keyed : put_number)(&one, &(struct row){.key = row->key, .number = (unsigned char)row->number},
				text);
	}
	bw_wire_text(&one, row->number, size);
	bw_wire_message(w->out, field, &one);
}

static void write_huge_pages(struct writer *w)
{
	int dir = dir_of(w, "hugetlb."), fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	char size[16];

	if (fd >= 0 && !stream)
		close(fd);
	while (stream && (entry = readdir(stream)))
		if (bw_cgroup_page_size(entry->d_name, w->v2 ? ".current" : ".usage_in_bytes", size, sizeof size))
			put_page_size(w, dir, size, w->v2 ? 7 : 1);
}

int bw_cgroup_metrics_with(struct bw_cgroup_handle *handle, struct bw_wire *ret, const char **ret_type,
	struct bw_err *err)
{
	struct writer writer = {.handle = handle, .out = ret, .v2 = bw_streq0(handle->set->mode, "v2")};

	if (!bw_cgroup_is_there(handle))
		return bw_fail(err, BW_E_NOT_FOUND, ENOENT, "the container has no cgroup");
	write_rows(&writer);
	write_huge_pages(&writer);
	if (ret->no_memory)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	*ret_type = writer.v2 ? "io.containerd.cgroups.v2.Metrics" : "io.containerd.cgroups.v1.Metrics";
	return 0;
}

int bw_cgroup_metrics(const struct bw_cgroup_set *set, struct bw_wire *ret, const char **ret_type, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, set);
	return bw_cgroup_metrics_with(&handle, ret, ret_type, err);
}
