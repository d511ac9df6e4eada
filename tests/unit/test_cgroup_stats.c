/* SPDX-License-Identifier: Apache-2.0 */
/* test_cgroup_stats.c - statistics from directories with the files of a kernel that this machine may not be: pure v2,
 * v1 with BFQ, and one that is nearly empty. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/cgroup_files.h"
#include "control/cgroup_sample.h"
#include "control/cgroup_stats.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_err err;

static void setup(void)
{
	err = (struct bw_err){0};
	scratch_make(&scratch);
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

struct file {
	const char *name, *text;
};

static void fill(const struct file *files)
{
	for (; files->name; files++)
		scratch_write(&scratch, files->name, files->text, 0644);
}

/* All of a host's controllers in one directory: the names of their files do not meet. */
static char *stats(char *controllers, const char *mode)
{
	char mountpoint[] = "/", path[] = "/x", word[8];
	struct bw_cgroup_dir dir = {.controllers = controllers, .mountpoint = mountpoint, .path = path};
	struct bw_cgroup_set set = {.mode = word, .dirs = {.v = &dir, .n = 1}};
	auto_cgroup_handle struct bw_cgroup_handle handle;
	struct bw_json_writer *w = bw_json_writer_new(false);
	char *text = NULL;

	snprintf(word, sizeof word, "%s", mode);
	bw_cgroup_handle_init(&handle, &set);
	handle.fds[0] = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bw_json_begin_object(w);
	ck_assert_msg(bw_cgroup_stats_with(&handle, w, &err) == 0, "%s", err.text);
	bw_json_end_object(w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	return text;
}

static void expect_member(const char *text, const char *member)
{
	ck_assert_msg(strstr(text, member) != NULL, "%s is not in %s", member, text);
}

static const struct file v2_files[] = {
	{"cpu.stat", "usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_periods 4\nnr_throttled 3\nthrottled_usec 2\n"},
	{"cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=99\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"},
	{"cpuset.cpus.effective", "0-2,5\n"},
	{"cpuset.mems.effective", "0\n"},
	{"memory.current", "1000\n"},
	{"memory.max", "5000\n"},
	{"memory.peak", "2000\n"},
	{"memory.events", "low 0\nhigh 0\nmax 8\noom 1\noom_kill 1\n"},
	{"memory.swap.current", "30\n"},
	{"memory.swap.max", "100\n"},
	{"memory.swap.events", "high 0\nmax 2\nfail 0\n"},
	{"memory.stat", "anon 600\nfile 400\nkernel_stack 16\n"},
	{"memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"},
	{"pids.current", "3\n"},
	{"pids.max", "max\n"},
	{"io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n259:1 rbytes=7 wbytes=0 rios=1 wios=0\n"},
	{"hugetlb.2MB.current", "0\n"},
	{"hugetlb.2MB.rsvd.current", "4194304\n"},
	{"hugetlb.2MB.events", "max 7\n"},
	{NULL, NULL},
};

static const char *const v2_members[] = {
	("{\"cpu\":{\"usage\":{\"total\":12000,\"kernel\":5000,\"user\":7000},\"throttling\":{\"periods\":4,"
	 "\"throttledPeriods\":3,\"throttledTime\":2000},\"psi\":{\"some\":{\"avg10\":1.50,\"avg60\":0.25,"
	 "\"avg300\":0.00,\"total\":99},\"full\":{"),
	"\"cpuset\":{\"cpus\":[0,1,2,5],\"cpu_exclusive\":0,\"mems\":[0],",
	"\"memory\":{\"cache\":400,\"usage\":{\"limit\":5000,\"usage\":1000,\"max\":2000,\"failcnt\":8},",
	"\"swap\":{\"limit\":5100,\"usage\":1030,\"failcnt\":2},",
	"\"raw\":{\"anon\":600,\"file\":400,\"kernel_stack\":16},\"psi\":{\"some\":{",
	"\"pids\":{\"current\":3},",
	("\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":1},{\"major\":8,\"op\":\"Write\","
	 "\"value\":2},{\"major\":259,\"minor\":1,\"op\":\"Read\",\"value\":7},"),
	"\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":3},",
	"\"hugetlb\":{\"2MB\":{\"usage\":4194304,\"failcnt\":7}},\"intel_rdt\":{},\"network_interfaces\":null}",
};

START_TEST(a_v2_host_is_read)
{
	auto_free char *text = NULL;

	fill(v2_files);
	text = stats(NULL, "v2");
	for (size_t i = 0; i < BW_COUNT(v2_members); i++)
		expect_member(text, v2_members[i]);
}
END_TEST

static const struct file v1_files[] = {
	{"cpuacct.usage", "100\n"},
	{"cpuacct.usage_percpu", "60 40 \n"},
	{"cpuacct.usage_all", "cpu user system\n0 50 10\n1 30 9\n"},
	{"cpuacct.stat", "user 2\nsystem 1\n"},
	{"cpu.stat", "nr_periods 4\nnr_throttled 3\nthrottled_time 2\n"},
	{"cpuset.cpus", "1\n"},
	{"cpuset.mems", "0-1\n"},
	{"cpuset.sched_relax_domain_level", "-1\n"},
	{"cpuset.sched_load_balance", "1\n"},
	{"memory.limit_in_bytes", "5000\n"},
	{"memory.usage_in_bytes", "1000\n"},
	{"memory.max_usage_in_bytes", "2000\n"},
	{"memory.failcnt", "8\n"},
	{"memory.memsw.limit_in_bytes", "6000\n"},
	{"memory.memsw.usage_in_bytes", "1030\n"},
	{"memory.stat", "cache 400\nrss 600\n"},
	{"pids.current", "3\n"},
	{"pids.max", "9\n"},
	{"blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\n8:0 Write 1\n8:0 Total 4097\nTotal 4097\n"},
	{"blkio.bfq.io_service_bytes_recursive", "Total 0\n"},
	{"blkio.throttle.io_serviced_recursive", "8:0 Read 9\nTotal 9\n"},
	{"blkio.bfq.io_serviced_recursive", "8:16 Read 2\nTotal 2\n"},
	{"blkio.bfq.time_recursive", "8:16 77\n"},
	{"hugetlb.2MB.usage_in_bytes", "1\n"},
	{"hugetlb.2MB.max_usage_in_bytes", "2\n"},
	{"hugetlb.2MB.failcnt", "3\n"},
	{NULL, NULL},
};

static const char *const v1_members[] = {
	("{\"cpu\":{\"usage\":{\"total\":100,\"percpu\":[60,40],\"percpu_kernel\":[10,9],\"percpu_user\":[50,30],"
	 "\"kernel\":10000000,\"user\":20000000},\"throttling\":{\"periods\":4,\"throttledPeriods\":3,"
	 "\"throttledTime\":2}},"),
	"\"cpus\":[1],\"cpu_exclusive\":0,\"mems\":[0,1],\"mem_hardwall\":0,",
	"\"sched_load_balance\":1,\"sched_relax_domain_level\":-1}",
	("\"memory\":{\"cache\":400,\"usage\":{\"limit\":5000,\"usage\":1000,\"max\":2000,\"failcnt\":8},"
	 "\"swap\":{\"limit\":6000,\"usage\":1030,\"failcnt\":0},"),
	"\"pids\":{\"current\":3,\"limit\":9}",
	"\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":4096},",
	("\"ioServicedRecursive\":[{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":2}],\"ioTimeRecursive\":[{"
	 "\"major\":8,\"minor\":16,\"value\":77}]}"),
	"\"hugetlb\":{\"2MB\":{\"usage\":1,\"max\":2,\"failcnt\":3}}",
};

START_TEST(a_v1_host_is_read)
{
	char controllers[] = "cpu,cpuacct,cpuset,memory,pids,blkio,hugetlb";
	auto_free char *text = NULL;

	fill(v1_files);
	text = stats(controllers, "v1");
	for (size_t i = 0; i < BW_COUNT(v1_members); i++)
		expect_member(text, v1_members[i]);
	ck_assert_ptr_null(strstr(text, "psi"));
}
END_TEST

static const struct file odd_files[] = {
	{"cpu.stat", ""},
	{"cpu.pressure", ""},
	{"cpuset.cpus.effective", "\n"},
	{"memory.max", "max\n"},
	{"memory.swap.max", "max\n"},
	{"memory.stat", "\n\nnonsense\nfile x\n"},
	{"memory.pressure", "some\nfull avg10=x total=\n"},
	{"io.stat", "8:0\n7:1 rbytes\nx rbytes=1\n"},
	{"pids.max", "many\n"},
	{NULL, NULL},
};

START_TEST(files_that_are_empty_or_odd_do_no_harm)
{
	auto_free char *text = NULL;
	struct bw_arena arena = BW_ARENA_INIT;
	struct bw_json *tree;

	fill(odd_files);
	text = stats(NULL, "v2");
	ck_assert_msg(bw_json_parse(text, strlen(text), "stats", &arena, &tree, &err) == 0, "%s", err.text);
	expect_member(text, "\"usage\":{\"limit\":18446744073709551615,\"failcnt\":0},\"swap\":{\"limit\":"
			    "18446744073709551615,\"failcnt\":0}");
	expect_member(text, "\"pids\":{}");
	bw_arena_done(&arena);
}
END_TEST

START_TEST(a_container_without_a_cgroup_is_told_apart)
{
	char mode[] = "v2", mountpoint[] = "/sys/fs/cgroup", path[] = "/bulwark-test-nowhere/at/all";
	struct bw_cgroup_dir dir = {.mountpoint = mountpoint, .path = path};
	struct bw_cgroup_set set = {.mode = mode, .dirs = {.v = &dir, .n = 1}};
	struct bw_json_writer *w = bw_json_writer_new(false);

	ck_assert_int_eq(bw_cgroup_stats(&set, w, &err), -1);
	ck_assert_int_eq(err.sys, ENOENT);
	bw_json_writer_free(w);
}
END_TEST

static bool is_ready(const struct bw_cgroup_oom *oom)
{
	struct pollfd fd = {.fd = oom->fd, .events = POLLIN | POLLPRI};

	return poll(&fd, 1, 0) != 0;
}

/* What a read of a file says whose cgroup is gone, says this one of a descriptor that may not be read. */
START_TEST(a_watch_of_v2_tells_each_kill_once_and_rests_when_the_cgroup_is_gone)
{
	struct bw_cgroup_oom oom = {.fd = -1, .dir = -1, .events = POLLPRI, .seen = 1};

	fill((const struct file[]){{"memory.events", "oom 1\noom_kill 1\n"}, {NULL, NULL}});
	oom.fd = openat(scratch.dir, "memory.events", O_RDWR | O_CLOEXEC);
	ck_assert(!bw_cgroup_oom_happened(&oom));
	ck_assert_int_eq(pwrite(oom.fd, "oom 3\noom_kill 3\n", 17, 0), 17);
	ck_assert(bw_cgroup_oom_happened(&oom));
	ck_assert(!bw_cgroup_oom_happened(&oom));
	ck_assert(is_ready(&oom));
	ck_assert_int_eq(dup3(open("/dev/null", O_WRONLY | O_CLOEXEC), oom.fd, O_CLOEXEC), oom.fd);
	ck_assert(!bw_cgroup_oom_happened(&oom));
	ck_assert(!is_ready(&oom));
	ck_assert(!bw_cgroup_oom_happened(&oom));
	bw_cgroup_oom_close(&oom);
}
END_TEST

/* --- the few numbers of metrics --- */

/* Each number that the cgroups know, as the unit of its name has it. */
struct sample {
	uint64_t cpu, throttled, read, written, kills, memory, memory_limit, pids, pids_limit, cpu_milli;
};

static void expect_sample(char *controllers, const char *mode, const struct sample *want)
{
	char mountpoint[] = "/", path[] = "/x", word[8];
	struct bw_cgroup_dir dir = {.controllers = controllers, .mountpoint = mountpoint, .path = path};
	struct bw_cgroup_set set = {.mode = word, .dirs = {.v = &dir, .n = 1}};
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int kept[BW_CGROUP_SAMPLE_FILES] = {[0 ... BW_CGROUP_SAMPLE_FILES - 1] = -1};
	struct bw_measures m = {.count[BW_COUNT_ALERTS] = 77, .gauge = {[0 ... BW_GAUGE_END - 1] = 5}};

	snprintf(word, sizeof word, "%s", mode);
	bw_cgroup_handle_init(&handle, &set);
	handle.fds[0] = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert(bw_cgroup_sample_with(&handle, NULL, true, &m));
	/* The same by descriptors that are kept, the second time by those alone. */
	for (int round = 0; round < 2; round++) {
		struct bw_measures again = {.count[BW_COUNT_ALERTS] = 77, .gauge = {[0 ... BW_GAUGE_END - 1] = 5}};

		ck_assert(bw_cgroup_sample_with(&handle, kept, true, &again));
		ck_assert_mem_eq(&again, &m, sizeof m);
		ck_assert_int_eq(bw_cgroup_has_run(&handle, kept, m.count[BW_COUNT_CPU_USEC]), want->cpu == 0);
		ck_assert(bw_cgroup_has_run(&handle, kept, m.count[BW_COUNT_CPU_USEC] + 1));
	}
	for (size_t i = 0; i < BW_COUNT(kept); i++)
		if (kept[i] >= 0)
			close(kept[i]);
	ck_assert_uint_eq(m.count[BW_COUNT_ALERTS], 77);
	ck_assert_uint_eq(m.count[BW_COUNT_CPU_USEC], want->cpu);
	ck_assert_uint_eq(m.count[BW_COUNT_CPU_THROTTLED_USEC], want->throttled);
	ck_assert_uint_eq(m.count[BW_COUNT_IO_READ_BYTES], want->read);
	ck_assert_uint_eq(m.count[BW_COUNT_IO_WRITE_BYTES], want->written);
	ck_assert_uint_eq(m.count[BW_COUNT_OOM_KILLS], want->kills);
	ck_assert_uint_eq(m.gauge[BW_GAUGE_MEMORY_BYTES], want->memory);
	ck_assert_uint_eq(m.gauge[BW_GAUGE_MEMORY_LIMIT_BYTES], want->memory_limit);
	ck_assert_uint_eq(m.gauge[BW_GAUGE_PIDS], want->pids);
	ck_assert_uint_eq(m.gauge[BW_GAUGE_PIDS_LIMIT], want->pids_limit);
	ck_assert_uint_eq(m.gauge[BW_GAUGE_CPU_LIMIT_MILLI], want->cpu_milli);
}

START_TEST(a_sample_of_v2)
{
	static const struct file files[] = {
		{"cpu.stat", "usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_throttled 3\nthrottled_usec 2\n"},
		{"cpu.max", "150000 100000\n"}, {"memory.current", "1000\n"}, {"memory.max", "max\n"},
		{"memory.events", "low 0\noom 1\noom_kill 4\n"}, {"pids.current", "3\n"}, {"pids.max", "256\n"},
		{"io.stat", "8:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=9 dios=0\n8:16 rbytes=5 wbytes=6 rios=1 wios=1 dbytes=0 dios=0\n"},
		{NULL, NULL}};

	fill(files);
	expect_sample(NULL, "v2", &(struct sample){12, 2, 105, 26, 4, 1000, 0, 3, 256, 1500});
}
END_TEST

/* A device has gone, and its line with it; memory may well become less. */
START_TEST(no_counter_goes_down)
{
	char mountpoint[] = "/", path[] = "/x", mode[] = "v2";
	struct bw_cgroup_dir dir = {.mountpoint = mountpoint, .path = path};
	struct bw_cgroup_set set = {.mode = mode, .dirs = {.v = &dir, .n = 1}};
	auto_cgroup_handle struct bw_cgroup_handle handle;
	struct bw_measures m = {.count = {[BW_COUNT_IO_READ_BYTES] = 500, [BW_COUNT_IO_WRITE_BYTES] = 3},
		.gauge = {[BW_GAUGE_MEMORY_BYTES] = 500}};
	static const struct file files[] = {
		{"io.stat", "8:0 rbytes=20 wbytes=7\n"}, {"memory.current", "20\n"}, {NULL, NULL}};

	fill(files);
	bw_cgroup_handle_init(&handle, &set);
	handle.fds[0] = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert(bw_cgroup_sample_with(&handle, NULL, true, &m));
	ck_assert_uint_eq(m.count[BW_COUNT_IO_READ_BYTES], 500);
	ck_assert_uint_eq(m.count[BW_COUNT_IO_WRITE_BYTES], 7);
	ck_assert_uint_eq(m.gauge[BW_GAUGE_MEMORY_BYTES], 20);
}
END_TEST

START_TEST(a_sample_of_v1)
{
	static const struct file files[] = {
		{"cpuacct.usage", "12345678\n"}, {"cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 9000\n"},
		{"cpu.cfs_quota_us", "50000\n"}, {"cpu.cfs_period_us", "100000\n"}, {"memory.usage_in_bytes", "4096\n"},
		{"memory.limit_in_bytes", "9223372036854771712\n"}, {"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"},
		{"pids.current", "1\n"}, {"pids.max", "max\n"},
		{"blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\n8:0 Write 1\n8:0 Total 4097\n7:0 Read 4\nTotal 4101\n"},
		{NULL, NULL}};
	char all[] = "cpu,cpuacct,memory,pids,blkio";

	fill(files);
	expect_sample(all, "v1", &(struct sample){12345, 9, 4100, 1, 2, 4096, 0, 1, 0, 500});
}
END_TEST

START_TEST(a_sample_of_what_does_not_count_changes_nothing)
{
	expect_sample(NULL, "v2", &(struct sample){0, 0, 0, 0, 0, 5, 5, 5, 5, 5});
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgroup_stats");
	TCase *tc = tcase_create("stats");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_v2_host_is_read);
	tcase_add_test(tc, a_v1_host_is_read);
	tcase_add_test(tc, files_that_are_empty_or_odd_do_no_harm);
	tcase_add_test(tc, a_container_without_a_cgroup_is_told_apart);
	tcase_add_test(tc, a_sample_of_v2);
	tcase_add_test(tc, no_counter_goes_down);
	tcase_add_test(tc, a_sample_of_v1);
	tcase_add_test(tc, a_sample_of_what_does_not_count_changes_nothing);
	tcase_add_test(tc, a_watch_of_v2_tells_each_kill_once_and_rests_when_the_cgroup_is_gone);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
