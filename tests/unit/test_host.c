/* SPDX-License-Identifier: Apache-2.0 */
/* test_host.c - facts: from files of other machines, and of this one. */
#include "control_test.h"

#include <sys/utsname.h>

static const struct host_row {
	const char *file, *cgroup_mode;
	uint64_t major, minor, landlock_abi, last_capability;
	size_t hierarchies;
	bool cgroup_kill, time_namespace, apparmor, selinux;
} host_rows[] = {
	{"host-debian12-6.1-v2.json", "v2", 6, 1, 2, 40, 0, true, true, true, false},
	{"host-al2023-6.1.json", "v2", 6, 1, 2, 40, 0, true, true, false, true},
	{"host-hybrid-6.18.json", "hybrid", 6, 18, 7, 40, 9, true, true, false, false},
	{"host-old-5.4.json", "v1", 5, 4, 0, 37, 12, false, false, true, false},
};

START_TEST(a_file_becomes_facts)
{
	const struct host_row *row = &host_rows[_i];
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_host *host = NULL;
	struct bw_err err = {0};
	char path[512];
	int r;

	snprintf(path, sizeof path, "%s/%s", BW_TEST_DATA, row->file);
	r = bw_host_load(path, &arena, &host, &err);
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_uint_eq(host->kernel_major.v, row->major);
	ck_assert_uint_eq(host->kernel_minor.v, row->minor);
	ck_assert_str_eq(host->cgroup_mode, row->cgroup_mode);
	ck_assert_uint_eq(host->landlock_abi.v, row->landlock_abi);
	ck_assert_uint_eq(host->last_capability.v, row->last_capability);
	ck_assert_uint_eq(host->hierarchies.n, row->hierarchies);
	ck_assert(host->cgroup_kill.v == row->cgroup_kill);
	ck_assert(host->time_namespace.v == row->time_namespace);
	ck_assert(host->apparmor.v == row->apparmor);
	ck_assert(host->selinux.v == row->selinux);
	ck_assert_uint_gt(host->own_capabilities.n, 30);
	ck_assert(host->root.v);
}
END_TEST

static const struct bad_row {
	const char *text, *wrong;
} bad_rows[] = {
	{"{\"landlokAbi\":1}", "landlokAbi"},
	{"{\"cgroupMode\":\"v3\"}", "/cgroupMode"},
	{"{\"lastCapability\":64}", "/lastCapability"},
	{"{\"hierarchies\":[{\"controllers\":\"cpu\"}]}", "/hierarchies/0/mountpoint"},
	{"[]", "object"},
};

START_TEST(a_mistake_in_a_file_is_an_error)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	char path[] = "/tmp/bw-test-host.XXXXXX";
	struct bw_host *host = NULL;
	struct bw_err err = {0};
	int fd = mkostemp(path, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bw_write_all(fd, bad_rows[_i].text, strlen(bad_rows[_i].text)), 0);
	close(fd);
	ck_assert_int_eq(bw_host_load(path, &arena, &host, &err), -1);
	unlink(path);
	ck_assert_msg(strstr(err.text, bad_rows[_i].wrong) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
	ck_assert_ptr_null(host);
}
END_TEST

START_TEST(this_kernel_is_seen_as_it_is)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_host host = {.landlock_abi = {true, 3}};
	struct bw_err err = {0};
	struct utsname name;
	char release[32];

	ck_assert_int_eq(uname(&name), 0);
	ck_assert_int_eq(bw_host_probe_basic(&host, &arena, &err), 0);
	snprintf(release, sizeof release, "%u.%u", (unsigned)host.kernel_major.v,
		(unsigned)host.kernel_minor.v);
	ck_assert_ptr_nonnull(bw_after_prefix(name.release, release));
	ck_assert_uint_ge(host.last_capability.v, 40);
	ck_assert_uint_eq(host.page_size.v, (uint64_t)sysconf(_SC_PAGESIZE));
	ck_assert(host.user_namespace.set && host.time_namespace.set && host.cgroup_namespace.set);
	/* What others found out stays. */
	ck_assert_uint_eq(host.landlock_abi.v, 3);
}
END_TEST

/* Root of a user namespace of one's own is not root. */
START_TEST(root_of_another_user_namespace_is_not_root)
{
	struct bw_host host = {0};
	struct bw_arena arena = BW_ARENA_INIT;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(2);
		_exit(bw_host_probe_basic(&host, &arena, NULL) == 0 && !host.root.v ? 0 : 1);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (skip_unless(WEXITSTATUS(status) != 2, "user namespaces"))
		return;
	ck_assert_int_eq(status, 0);
}
END_TEST

/* What is written can be read again: the table has every member. */
START_TEST(facts_survive_a_copy)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_host host = {0}, *copy;

	ck_assert_int_eq(bw_host_probe_basic(&host, &arena, NULL), 0);
	copy = bw_schema_copy(&bw_host_schema, &host, &arena);
	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_eq(bw_schema_diff(&bw_host_schema, &host, copy, NULL, NULL), 0);
	ck_assert_uint_eq(copy->own_capabilities.n, host.own_capabilities.n);
}
END_TEST

BENCH_MAIN("host", {a_file_becomes_facts, BW_COUNT(host_rows)},
	{a_mistake_in_a_file_is_an_error, BW_COUNT(bad_rows)}, {this_kernel_is_seen_as_it_is, 0},
	{root_of_another_user_namespace_is_not_root, 0}, {facts_survive_a_copy, 0})
