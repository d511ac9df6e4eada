/* SPDX-License-Identifier: Apache-2.0 */
/* test_cgroup_metrics.c - containerd's messages from directories with the files of a kernel that this machine may not be. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/cgroup_files.h"
#include "control/cgroup_metrics.h"
#include "scratch.h"
#include "wire_dump.h"

static struct scratch scratch;
static struct bw_err err;
static char dumped[16384];

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

/* All of a host's controllers in one directory: the names of their files do not meet. messages: see wire_dump(). */
static const char *metrics(const struct file *files, const char *mode, char *controllers, const char *messages)
{
	char mountpoint[] = "/", path[] = "/x", word[8];
	struct bw_cgroup_dir dir = {.controllers = controllers, .mountpoint = mountpoint, .path = path};
	struct bw_cgroup_set set = {.mode = word, .dirs = {.v = &dir, .n = 1}};
	auto_cgroup_handle struct bw_cgroup_handle handle;
	auto_wire struct bw_wire wire = {0};
	const char *type;

	for (; files->name; files++)
		scratch_write(&scratch, files->name, files->text, 0644);
	snprintf(word, sizeof word, "%s", mode);
	bw_cgroup_handle_init(&handle, &set);
	handle.fds[0] = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(bw_cgroup_metrics_with(&handle, &wire, &type, &err) == 0, "%s", err.text);
	ck_assert_str_eq(type, controllers ? "io.containerd.cgroups.v1.Metrics" : "io.containerd.cgroups.v2.Metrics");
	dumped[0] = '\0';
	wire_dump((struct bw_wire_reader){wire.bytes, wire.bytes + wire.len}, messages, "", dumped, sizeof dumped);
	return dumped;
}

static const char messages_v2[] = "[1] [2] [2.7] [2.7.1] [2.7.2] [4] [4.38] [4.38.1] [4.38.2] [5] [5.1] [5.2] [6] [6.1] "
				  "[6.2] [6.2.1] [7] [8]";

static const char *v2(const struct file *files)
{
	return metrics(files, "v2", NULL, messages_v2);
}

static const char *v1(const struct file *files)
{
	static char controllers[] = "pids,cpu,cpuacct,memory,blkio,hugetlb,rdma";

	return metrics(files, "hybrid", controllers, "[1] [2] [3] [3.1] [3.2] [4] [4.33] [4.34] [4.35] [4.36] [5] [5.1] [5.2] "
						     "[5.7] [6] [6.1] [6.2] [9]");
}

#define EXPECT(had, expected) ck_assert_str_eq(had, expected)

START_TEST(v2_has_its_numbers_in_their_fields)
{
	const struct file files[] = {
		{"pids.current", "3\n"},
		{"pids.max", "max\n"},
		{"cpu.stat", ("usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_periods 4\nnr_throttled 3\nthrottled_usec 2\n"
			      "nr_bursts 9\nburst_usec 8\n")},
		{"memory.stat", "anon 600\nfile 400\ninactive_file 21\nactive_file 22\npgfault 0\nworkingset_refault_anon 5\n"},
		{"memory.current", "1000\n"},
		{"memory.max", "5000\n"},
		{"memory.peak", "2000\n"},
		{"memory.swap.current", "30\n"},
		{"memory.swap.max", "max\n"},
		{"memory.events", "low 1\nhigh 2\nmax 8\noom 4\noom_kill 5\noom_group_kill 6\n"},
		{"rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\n"},
		{"rdma.max", "mlx4_0 hca_handle=max hca_object=1\n"},
		{"io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n259:1 rbytes=7 wbytes=0 rios=1 wios=0\n"},
		{"hugetlb.2MB.current", "2097152\n"},
		{"hugetlb.2MB.max", "max\n"},
		{"hugetlb.2MB.events", "max 7\n"},
		{NULL, NULL},
	};

	EXPECT(v2(files), ("1={1=3 2=18446744073709551615} 2={1=12 2=7 3=5 4=4 5=3 6=2 8=9 9=8} 4={1=600 2=400 13=21 14=22 39=5 "
			   "32=1000 33=5000 34=30 35=18446744073709551615 36=2000} 5={1={1='mlx4_0' 2=2 3=2000} 2={1='mlx4_0' "
			   "2=4294967295 3=1}} 6={1={1=8 3=1 4=2 5=3 6=4} 1={1=259 2=1 3=7 5=1}} 8={1=1 2=2 3=8 4=4 5=5 6=6} "
			   "7={1=2097152 2=18446744073709551615 4=7 3='2MB'}"));
}
END_TEST

/* The bits of 1.5 and 0.25. */
START_TEST(pressure_is_in_the_message_of_what_is_pressed)
{
	const struct file files[] = {
		{"cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=99\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"},
		{"memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=1.50 total=2\n"},
		{"io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"},
		{NULL, NULL},
	};

	EXPECT(v2(files), ("2={7={1={1=4609434218613702656 2=4598175219545276416 4=99} 2={4=1}}} 4={38={1={} 2={3=4609434218613702656 "
			   "4=2}}} 6={2={1={4=3}}}"));
}
END_TEST

/* Each key by its own number, so that none can stand in for another. */
START_TEST(every_key_of_memory_stat_has_its_field)
{
	static const char *const keys[] = {"anon", "file", "kernel_stack", "slab", "sock", "shmem", "file_mapped", "file_dirty",
		"file_writeback", "anon_thp", "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
		"slab_reclaimable", "slab_unreclaimable", "pgfault", "pgmajfault", "workingset_refault", "workingset_activate",
		"workingset_nodereclaim", "pgrefill", "pgscan", "pgsteal", "pgactivate", "pgdeactivate", "pglazyfree",
		"pglazyfreed", "thp_fault_alloc", "thp_collapse_alloc", NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		"workingset_refault_anon", "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file"};
	char text[2048] = "", expected[2048] = "4={";
	const struct file files[] = {{"memory.stat", text}, {NULL, NULL}};

	for (size_t i = 0; i < BW_COUNT(keys); i++) {
		if (!keys[i])
			continue;
		sprintf(text + strlen(text), "%s %zu\n", keys[i], 100 + i + 1);
		sprintf(expected + strlen(expected), "%s%zu=%zu", i ? " " : "", i + 1, 100 + i + 1);
	}
	strcat(expected, "}");
	EXPECT(v2(files), expected);
}
END_TEST

START_TEST(v1_has_its_numbers_in_their_fields)
{
	const struct file files[] = {
		{"pids.current", "3\n"},
		{"pids.max", "9\n"},
		{"cpuacct.usage", "100\n"},
		{"cpuacct.usage_percpu", "60 0 40 \n"},
		{"cpuacct.stat", "user 2\nsystem 1\n"},
		{"cpu.stat", "nr_periods 4\nnr_throttled 3\nthrottled_time 2\n"},
		{"memory.usage_in_bytes", "1000\n"},
		{"memory.limit_in_bytes", "9223372036854771712\n"},
		{"memory.max_usage_in_bytes", "2000\n"},
		{"memory.failcnt", "8\n"},
		{"memory.memsw.usage_in_bytes", "1030\n"},
		{"memory.kmem.tcp.failcnt", "1\n"},
		{"memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 2\n"},
		{"blkio.throttle.io_service_bytes_recursive", "1:99999 Read 4096\n1:99999 Write 1\nTotal 4097\n"},
		{"blkio.bfq.io_service_bytes_recursive", "Total 0\n"},
		{"blkio.throttle.io_serviced_recursive", "1:99998 Read 9\nTotal 9\n"},
		{"blkio.bfq.io_serviced_recursive", "1:99997 Read 2\nTotal 2\n"},
		{"blkio.bfq.time_recursive", "1:99999 77\n"},
		{"rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\n"},
		{"hugetlb.2MB.usage_in_bytes", "1\n"},
		{"hugetlb.2MB.max_usage_in_bytes", "2\n"},
		{"hugetlb.2MB.failcnt", "3\n"},
		{NULL, NULL},
	};

	EXPECT(v1(files), ("2={1=3 2=9} 3={1={1=100 2=10000000 3=20000000 4=60 4=0 4=40} 2={1=4 2=3 3=2}} 4={33={1=9223372036854771712 "
			   "2=1000 3=2000 4=8} 34={2=1030} 36={4=1}} 5={1={1='Read' 3=1 4=99999 5=4096} 1={1='Write' 3=1 4=99999 5=1} "
			   "2={1='Read' 3=1 4=99997 5=2} 7={3=1 4=99999 5=77}} 6={1={1='mlx4_0' 2=2 3=2000}} 9={2=1 3=2} "
			   "1={1=1 2=2 3=3 4='2MB'}"));
}
END_TEST

START_TEST(every_key_of_a_v1_memory_stat_has_its_field)
{
	static const char *const keys[] = {"cache", "rss", "rss_huge", "mapped_file", "dirty", "writeback", "pgpgin", "pgpgout",
		"pgfault", "pgmajfault", "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
		"hierarchical_memory_limit", "hierarchical_memsw_limit"};
	char text[2048] = "", expected[2048] = "4={";
	const struct file files[] = {{"memory.stat", text}, {NULL, NULL}};

	for (size_t i = 0; i < 32; i++) {
		bool total = i >= BW_COUNT(keys);

		sprintf(text + strlen(text), "%s%s %zu\n", total ? "total_" : "", keys[total ? i - BW_COUNT(keys) : i], 100 + i + 1);
		sprintf(expected + strlen(expected), "%s%zu=%zu", i ? " " : "", i + 1, 100 + i + 1);
	}
	strcat(expected, "}");
	EXPECT(v1(files), expected);
}
END_TEST

START_TEST(no_limit_of_v1_s_processes_is_no_number)
{
	const struct file files[] = {{"pids.current", "3\n"}, {"pids.max", "max\n"}, {NULL, NULL}};

	EXPECT(v1(files), "2={1=3}");
}
END_TEST

START_TEST(a_message_is_there_when_its_numbers_are_zero)
{
	const struct file files[] = {{"pids.current", "0\n"}, {"memory.usage_in_bytes", "0\n"}, {NULL, NULL}};

	EXPECT(v1(files), "2={} 4={33={}}");
}
END_TEST

START_TEST(files_that_are_empty_or_odd_do_no_harm)
{
	const struct file files[] = {
		{"pids.current", ""},
		{"pids.max", "many\n"},
		{"cpu.stat", "\n\nusage_usec\nuser_usec x\n"},
		{"cpu.pressure", "some\nfull avg10=x total=\nodd avg10=1\n"},
		{"memory.stat", "anon -1\n"},
		{"rdma.current", "mlx4_0\n\nx hca_handle hca_object=9999999999\n"},
		{"io.stat", "8:0\n7:1 rbytes\nx rbytes=1\n0:0 rbytes=0\n"},
		{"hugetlb..current", "1\n"},
		{NULL, NULL},
	};

	EXPECT(v2(files), "1={} 2={7={2={}}} 4={} 5={1={1='x'}} 6={1={1=7 2=1}} 7={1=1 3=''}");
}
END_TEST

START_TEST(a_container_without_a_cgroup_is_told_apart)
{
	char mode[] = "v2", mountpoint[] = "/sys/fs/cgroup", path[] = "/bulwark-test-nowhere/at/all";
	struct bw_cgroup_dir dir = {.mountpoint = mountpoint, .path = path};
	struct bw_cgroup_set set = {.mode = mode, .dirs = {.v = &dir, .n = 1}};
	auto_wire struct bw_wire wire = {0};
	const char *type = NULL;

	ck_assert_int_eq(bw_cgroup_metrics(&set, &wire, &type, &err), -1);
	ck_assert_int_eq(err.code, BW_E_NOT_FOUND);
	ck_assert_ptr_null(type);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgroup_metrics");
	TCase *tc = tcase_create("metrics");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, v2_has_its_numbers_in_their_fields);
	tcase_add_test(tc, pressure_is_in_the_message_of_what_is_pressed);
	tcase_add_test(tc, every_key_of_memory_stat_has_its_field);
	tcase_add_test(tc, v1_has_its_numbers_in_their_fields);
	tcase_add_test(tc, every_key_of_a_v1_memory_stat_has_its_field);
	tcase_add_test(tc, no_limit_of_v1_s_processes_is_no_number);
	tcase_add_test(tc, a_message_is_there_when_its_numbers_are_zero);
	tcase_add_test(tc, files_that_are_empty_or_odd_do_no_harm);
	tcase_add_test(tc, a_container_without_a_cgroup_is_told_apart);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
