/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's texts say about cgroups, where a container's lie, and what its limits become. No
 * kernel. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/cgroup_files.h"
#include "host/host.h"
#include "spec/spec.h"

static struct bw_arena arena;
static struct bw_err err;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	err = (struct bw_err){0};
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* --- host facts --- */

static char *read_data(const char *name, const char *kind)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	char *text = NULL;

	snprintf(
		path, sizeof path, "%s/tests/data/cgroup/%s.%s", srcdir ? srcdir : ".", name, kind);
	ck_assert_msg(bw_read_file(path, 1 << 20, &text, NULL, &err) == 0, "%s", err.text);
	return text;
}

static struct bw_host *parse_host(const char *name)
{
	struct bw_host *host = bw_arena_alloc(&arena, sizeof *host);
	auto_free char *mountinfo = read_data(name, "mountinfo");
	auto_free char *self = read_data(name, "cgroup");

	ck_assert_int_eq(bw_cgroup_parse(host, mountinfo, self, &arena, &err), 0);
	return host;
}

/* "mode | controllers=mountpoint:own ..." */
static const char *describe_host(const struct bw_host *host)
{
	static char text[2048];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	bw_buf_addf(&buf, "%s", host->cgroup_mode);
	for (size_t i = 0; i < host->hierarchies.n; i++)
		bw_buf_addf(&buf, " %s=%s:%s", host->hierarchies.v[i].controllers,
			host->hierarchies.v[i].mountpoint, host->hierarchies.v[i].own_path);
	if (host->cgroup2_mountpoint)
		bw_buf_addf(&buf, " 2=%s:%s", host->cgroup2_mountpoint, host->cgroup2_own_path);
	ck_assert(!buf.overflow);
	return text;
}

static const struct {
	const char *name, *expected;
} hosts[] = {
	{"v1", "v1 pids=/sys/fs/cgroup/pids:/system.slice/docker.service "
	       "devices=/sys/fs/cgroup/devices:/system.slice/docker.service "
	       "memory=/sys/fs/cgroup/memory:/system.slice/docker.service "
	       "cpuset=/sys/fs/cgroup/cpuset:/ "
	       "cpu,cpuacct=/sys/fs/cgroup/cpu,cpuacct:/system.slice/docker.service "
	       "name=systemd=/sys/fs/cgroup/systemd:/system.slice/docker.service"},
	{"hybrid", "hybrid name=systemd=/sys/fs/cgroup/systemd:/ "
		   "memory=/sys/fs/cgroup/memory:/agent/one "
		   "cpu=/sys/fs/cgroup/cpu:/ 2=/sys/fs/cgroup/unified:/agent"},
	{"v2", "v2 2=/sys/fs/cgroup:/user.slice/user-1000.slice/session-3.scope"},
	{"covered", "v2 2=/sys/fs/cgroup:/agent"},
	{"remounted", "v1 memory=/sys/fs/cgroup/memory:/agent/one"},
	{"subtree", "v1 pids=/sys/fs/cgroup/pids:/ memory=/sys/fs/cgroup/memory:/inner"},
	{"none", "none"},
	{"broken", "v2 2=/cg:/"},
};

START_TEST(host_facts_follow_from_the_mounts_that_can_be_reached)
{
	ck_assert_str_eq(describe_host(parse_host(hosts[_i].name)), hosts[_i].expected);
}
END_TEST

START_TEST(a_process_line_is_found_by_its_controllers)
{
	const char *text = "4:memory:/m\n2:cpu,cpuacct:/c:d\n0::/u";
	char path[16], small[3];

	ck_assert(bw_cgroup_line(text, "cpu,cpuacct", path, sizeof path));
	ck_assert_str_eq(path, "/c:d");
	ck_assert(bw_cgroup_line(text, NULL, path, sizeof path));
	ck_assert_str_eq(path, "/u");
	ck_assert(!bw_cgroup_line(text, "cpu", path, sizeof path));
	ck_assert(!bw_cgroup_line(text, "cpu,cpuacct", small, sizeof small));
}
END_TEST

/* Of the unified hierarchy where there is one, else of the first. */
START_TEST(a_process_is_the_containers_by_its_cgroup)
{
	static char one[] = "memory", two[] = "pids", root[] = "/sys/fs/cgroup", ours[] = "/a/c1";
	struct bw_cgroup_dir dirs[] = {{.controllers = one, .mountpoint = root, .path = ours}, {.controllers = two, .mountpoint = root, .path = ours},
		{.mountpoint = root, .path = ours}};
	const struct bw_cgroup_set v1 = {.dirs = {dirs, 2}}, hybrid = {.dirs = {dirs, 3}}, none = {0};

	ck_assert(bw_cgroup_holds(&hybrid, "4:memory:/a\n2:pids:/\n0::/a/c1"));
	ck_assert(bw_cgroup_holds(&hybrid, "0::/a/c1/beneath\n"));
	ck_assert(bw_cgroup_holds(&hybrid, "0::/a/c1 (deleted)\n"));
	ck_assert(bw_cgroup_holds(&v1, "4:memory:/a/c1\n2:pids:/"));
	ck_assert(!bw_cgroup_holds(&hybrid, "4:memory:/a/c1\n0::/a/c2"));
	ck_assert(!bw_cgroup_holds(&hybrid, "0::/a/c11"));
	ck_assert(!bw_cgroup_holds(&hybrid, "0::/a/c1 x"));
	ck_assert(!bw_cgroup_holds(&hybrid, "0::/a"));
	ck_assert(!bw_cgroup_holds(&hybrid, ""));
	ck_assert(!bw_cgroup_holds(&v1, "2:pids:/a/c1\n0::/a/c1"));
	ck_assert(!bw_cgroup_holds(&none, "0::/a/c1"));
}
END_TEST

/* --- where a container lies --- */

static const char *describe_set(const struct bw_cgroup_set *set)
{
	static char text[2048];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	for (size_t i = 0; i < set->dirs.n; i++)
		bw_buf_addf(&buf, "%s%s:%s%s", i ? " " : "",
			set->dirs.v[i].controllers ? set->dirs.v[i].controllers : "",
			bw_streq(set->dirs.v[i].mountpoint, "/sys/fs/cgroup")
				? ""
				: strrchr(set->dirs.v[i].mountpoint, '/'),
			set->dirs.v[i].path);
	ck_assert(!buf.overflow);
	return text;
}

static const struct {
	const char *host, *path, *expected;
} places[] = {
	{"hybrid", "/docker/c1",
		"name=systemd:/systemd/docker/c1 memory:/memory/docker/c1 cpu:/cpu/docker/c1 "
		":/unified/docker/c1"},
	{"hybrid", NULL,
		"name=systemd:/systemd/the-id memory:/memory/the-id cpu:/cpu/the-id "
		":/unified/the-id"},
	{"hybrid", "",
		"name=systemd:/systemd/the-id memory:/memory/the-id cpu:/cpu/the-id "
		":/unified/the-id"},
	{"hybrid", "a//./b/",
		"name=systemd:/systemd/a/b memory:/memory/agent/one/a/b cpu:/cpu/a/b "
		":/unified/agent/a/b"},
	{"v2", "/ecs/task/c1", ":/ecs/task/c1"},
	{"v2", NULL, ":/the-id"},
	{"v2", "c1", ":/user.slice/user-1000.slice/c1"},
	{"v2", "system.slice:docker:c1", ":/user.slice/user-1000.slice/system.slice:docker:c1"},
	{"subtree", "c1", "pids:/pids/c1 memory:/memory/inner/c1"},
	{"subtree", "/c1", "pids:/pids/c1 memory:/memory/c1"},
};

START_TEST(a_container_lies_where_its_path_says_in_every_hierarchy)
{
	struct bw_cgroup_set *set;
	const struct bw_host *host = parse_host(places[_i].host);

	ck_assert_int_eq(
		bw_cgroup_set_make(host, places[_i].path, "the-id", &arena, &set, &err), 0);
	ck_assert_str_eq(describe_set(set), places[_i].expected);
	ck_assert_str_eq(set->mode, host->cgroup_mode);
}
END_TEST

static const struct {
	const char *path, *text;
} bad_places[] = {
	{"/", "/linux/cgroupsPath: \"/\" is the root cgroup"},
	{"/.//", "/linux/cgroupsPath: \"/.//\" is the root cgroup"},
	{".", "/linux/cgroupsPath: \".\" is the root cgroup"},
	{"..", "/linux/cgroupsPath: \"..\" must not contain \"..\""},
	{"/a/../../b", "/linux/cgroupsPath: \"/a/../../b\" must not contain \"..\""},
	{"a/..", "/linux/cgroupsPath: \"a/..\" must not contain \"..\""},
	{"/a\nb", "/linux/cgroupsPath: \"/a\nb\" must not contain a newline"},
};

/* --- whose it is --- */

#define USERS	  "{\"type\":\"user\"}"
#define CGROUPS	  "{\"type\":\"cgroup\"}"
#define CGROUP_AT(options) "{\"destination\":\"/c\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":[" options "]}"

static const struct {
	const char *namespaces, *mount, *user;
	long owner; /* -1: the host's root, as all else */
} owners[] = {
	{USERS "," CGROUPS, CGROUP_AT(""), "0", 100000},
	{USERS "," CGROUPS, CGROUP_AT("\"nosuid\",\"rw\""), "7", 100007},
	{USERS "," CGROUPS, CGROUP_AT("\"ro\",\"rw\""), "0", 100000},
	{USERS "," CGROUPS, CGROUP_AT("\"rw\",\"ro\""), "0", -1},
	{USERS "," CGROUPS, CGROUP_AT("\"rro\""), "0", -1},
	{USERS "," CGROUPS, "{\"destination\":\"/p\",\"type\":\"proc\",\"source\":\"proc\"}", "0", -1},
	{USERS "," CGROUPS, CGROUP_AT(""), "10", -1}, /* nobody's */
	{USERS, CGROUP_AT(""), "0", -1},
	{USERS ",{\"type\":\"cgroup\",\"path\":\"/proc/1/ns/cgroup\"}", CGROUP_AT(""), "0", -1},
	{CGROUPS, CGROUP_AT(""), "0", -1},
};

START_TEST(a_cgroup_belongs_to_who_may_write_to_it)
{
	const char *maps = strstr(owners[_i].namespaces, "user")
				   ? ",\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":10}],"
				     "\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":10}]"
				   : "";
	const char *text = bw_arena_printf(&arena,
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{"
		"\"uid\":%s,\"gid\":0}},\"mounts\":[%s],\"linux\":{\"namespaces\":[%s]%s}}",
		owners[_i].user, owners[_i].mount, owners[_i].namespaces, maps);
	struct bw_spec *asked;
	uid_t owner = 0;
	bool owned;

	ck_assert_msg(bw_spec_parse(text, strlen(text), "test", &arena, &asked, NULL, &err) == 0, "%s", err.text);
	owned = bw_cgroup_owner(asked, &owner);
	ck_assert_int_eq(owned, owners[_i].owner >= 0);
	if (owned)
		ck_assert_int_eq(owner, owners[_i].owner);
}
END_TEST

/* --- beneath it, for a further process --- */

static const struct {
	const char *host, *words[4];
	const char *expected; /* path of each directory, "-" for none; or the error */
} sub_paths[] = {
	{"hybrid", {NULL}, "- - - -"},
	{"hybrid", {"a/b"}, "a/b a/b a/b a/b"},
	{"hybrid", {"/"}, "/ / / /"},
	{"hybrid", {":a"}, "a a a a"},
	{"hybrid", {"memory:a"}, "- a - -"},
	{"hybrid", {"memory:a", "name=systemd:/b"}, "/b a - -"},
	{"hybrid", {"memory,cpu:a"}, "- a a -"},
	{"hybrid", {"memory:a", "memory:a"}, "- a - -"},
	{"hybrid", {"memory:a:b"}, "- a:b - -"},
	{"v2", {"a"}, "a"},
	{"v2", {"..a/...b"}, "..a/...b"},
	{"hybrid", {".."}, "bad sub cgroup path: .."},
	{"hybrid", {"memory:a/../b"}, "bad sub cgroup path: a/../b"},
	{"hybrid", {"memory:/.."}, "bad sub cgroup path: /.."},
	{"hybrid", {"nonsense:a"}, "unknown controller nonsense in --cgroup"},
	{"hybrid", {"memory,nonsense:a"}, "unknown controller nonsense in --cgroup"},
	{"hybrid", {"memory,,cpu:a"}, "unknown controller \"\" in --cgroup"},
	{"v2", {"memory:a"}, "unknown controller memory in --cgroup"},
	{"hybrid", {"a", "b"}, "invalid --cgroup argument: a (missing <controller>: prefix)"},
	{"hybrid", {"memory:a", "memory:b"},
		"invalid --cgroup argument(s): controller memory specified multiple times"},
};

START_TEST(a_further_process_is_put_where_it_is_asked_to_be)
{
	const char *paths[BW_CGROUP_MAX_DIRS];
	struct bw_cgroup_set *set = NULL;
	char text[256] = "";
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	ck_assert_int_eq(
		bw_cgroup_set_make(parse_host(sub_paths[_i].host), "/x", "id", &arena, &set, &err), 0);
	if (bw_cgroup_sub_paths(set, sub_paths[_i].words, paths, &err) < 0) {
		ck_assert_str_eq(err.text, sub_paths[_i].expected);
		ck_assert_int_eq(err.code, BW_E_USAGE);
		return;
	}
	for (size_t i = 0; i < set->dirs.n; i++)
		bw_buf_addf(&buf, "%s%s", i ? " " : "", paths[i] ? paths[i] : "-");
	ck_assert_str_eq(text, sub_paths[_i].expected);
}
END_TEST

START_TEST(a_path_that_leads_elsewhere_is_refused)
{
	struct bw_cgroup_set *set = NULL;

	ck_assert_int_eq(bw_cgroup_set_make(parse_host("hybrid"), bad_places[_i].path, "id", &arena,
				 &set, &err),
		-1);
	ck_assert_str_eq(err.text, bad_places[_i].text);
	ck_assert_str_eq(err.field, "/linux/cgroupsPath");
	ck_assert_ptr_null(set);
}
END_TEST

START_TEST(a_path_is_refused_where_the_kernel_would)
{
	struct bw_cgroup_set *set = NULL;
	char name[300] = "/", longer[4096] = "";

	memset(name + 1, 'x', 255);
	ck_assert_int_eq(bw_cgroup_set_make(parse_host("v2"), name, "id", &arena, &set, &err), 0);
	name[256] = 'x';
	ck_assert_int_eq(bw_cgroup_set_make(parse_host("v2"), name, "id", &arena, &set, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "has a component of more than 255 bytes"));
	err = (struct bw_err){0};
	for (size_t i = 0; i < 1100; i++)
		memcpy(longer + 2 * i, "/x", 3);
	ck_assert_int_eq(
		bw_cgroup_set_make(parse_host("v2"), longer, "id", &arena, &set, &err), -1);
	ck_assert_msg(bw_has_suffix(err.text, "is too long"), "%s", err.text);
}
END_TEST

START_TEST(a_host_without_cgroups_is_refused)
{
	struct bw_cgroup_set *set;

	ck_assert_int_eq(
		bw_cgroup_set_make(parse_host("none"), "/x", "id", &arena, &set, &err), -1);
	ck_assert_str_eq(err.text, "no cgroup hierarchy is mounted here");
	ck_assert_int_eq(err.code, BW_E_HOST);
}
END_TEST

START_TEST(a_set_survives_being_stored)
{
	struct bw_cgroup_set *set, *copy;

	ck_assert_int_eq(
		bw_cgroup_set_make(parse_host("hybrid"), "/docker/c1", "id", &arena, &set, &err),
		0);
	set->dirs.v[1].made = (struct bw_opt_uint){.set = true, .v = 2};
	copy = bw_schema_copy(&bw_cgroup_set_schema, set, &arena);
	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_eq(bw_schema_diff(&bw_cgroup_set_schema, set, copy, NULL, NULL), 0);
	ck_assert_str_eq(describe_set(copy), places[0].expected);
	ck_assert_uint_eq(copy->dirs.v[1].made.v, 2);
	ck_assert_ptr_null(copy->dirs.v[3].controllers);
}
END_TEST

/* --- conversions --- */

START_TEST(weights_are_those_of_the_formula_for_all_shares)
{
	for (uint64_t shares = 3; shares < 262144; shares++) {
		double l = log2((double)shares);
		double exact = pow(10, (l * l + 125 * l) / 612 - 7.0 / 34);
		uint64_t expected = (uint64_t)ceil(exact);

		ck_assert_msg(bw_cgroup_weight_of_shares(shares) == expected,
			"shares %lu: %lu, not %lu", (unsigned long)shares,
			(unsigned long)bw_cgroup_weight_of_shares(shares), (unsigned long)expected);
	}
}
END_TEST

START_TEST(weights_have_the_known_ends_and_middle)
{
	ck_assert_uint_eq(bw_cgroup_weight_of_shares(0), 1);
	ck_assert_uint_eq(bw_cgroup_weight_of_shares(2), 1);
	ck_assert_uint_eq(bw_cgroup_weight_of_shares(1024), 100);
	ck_assert_uint_eq(bw_cgroup_weight_of_shares(262144), 10000);
	ck_assert_uint_eq(bw_cgroup_weight_of_shares(UINT64_MAX), 10000);
	ck_assert_uint_eq(bw_cgroup_io_weight(10), 1);
	ck_assert_uint_eq(bw_cgroup_io_weight(750), 7475);
	ck_assert_uint_eq(bw_cgroup_io_weight(1000), 10000);
}
END_TEST

static const struct {
	int64_t limit;
	const char *text;
} pids_limits[] = {{-1, "max"}, {-5, "max"}, {0, "1"}, {1, "1"}, {4096, "4096"}};

START_TEST(a_pids_limit_of_nobody_still_lets_init_in)
{
	char buf[24];

	ck_assert_str_eq(bw_cgroup_pids_text(pids_limits[_i].limit, buf), pids_limits[_i].text);
}
END_TEST

#define INT(x)                                                                                     \
	{                                                                                          \
		.set = true, .v = (x)                                                              \
	}
#define UINT(x)                                                                                    \
	{                                                                                          \
		.set = true, .v = (x)                                                              \
	}

static struct bw_spec_resources no_limits,
	unset_limits = {
		.memory = &(struct bw_spec_memory){.limit = INT(0),
			.swap = INT(0),
			.reservation = INT(0),
			.kernel = INT(0),
			.disable_oom_killer = {.set = true, .v = false}},
		.cpu = &(struct bw_spec_cpu){.shares = UINT(0),
			.period = UINT(0),
			.quota = INT(0),
			.realtime_period = UINT(0),
			.realtime_runtime = INT(0)},
		.block_io = &(struct bw_spec_block_io){.weight = UINT(0), .leaf_weight = UINT(0)},
		.network = &(struct bw_spec_network){.class_id = UINT(0)},
};
static struct bw_spec_resources docker_limits = {
	.memory = &(struct bw_spec_memory){.limit = INT(67108864),
		.swap = INT(134217728),
		.reservation = INT(33554432)},
	.cpu = &(struct bw_spec_cpu){.shares = UINT(512),
		.quota = INT(50000),
		.period = UINT(100000),
		.cpus = (char[]){"0-1"},
		.mems = (char[]){"0"}},
	.pids = &(struct bw_spec_pids){.limit = INT(50)},
};
static struct bw_spec_resources lifted = {
	.memory = &(struct bw_spec_memory){.limit = INT(-1)},
	.cpu = &(struct bw_spec_cpu){.quota = INT(-1)},
	.pids = &(struct bw_spec_pids){.limit = INT(-1)},
};
static struct bw_spec_resources same_swap = {
	.memory = &(struct bw_spec_memory){.limit = INT(1000), .swap = INT(1000)},
};
static struct bw_spec_resources idle = {
	.cpu = &(struct bw_spec_cpu){.shares = UINT(1024),
		.idle = INT(1),
		.burst = UINT(500),
		.period = UINT(20000)},
};
static struct bw_spec_resources disks = {
	.block_io =
		&(struct bw_spec_block_io){
			.weight = UINT(750),
			.weight_device = {.v = &(struct bw_spec_weight_device){.major = INT(8),
						  .minor = INT(0),
						  .weight = UINT(444)},
				.n = 1},
			.read_bps = {.v = &(struct bw_spec_throttle_device){.major = INT(8),
					     .minor = INT(16),
					     .rate = UINT(1048576)},
				.n = 1},
			.write_iops = {.v = &(struct bw_spec_throttle_device){.major = INT(8),
					       .minor = INT(16),
					       .rate = UINT(0)},
				.n = 1},
		},
};
static struct bw_spec_resources others = {
	.hugepage_limits = {.v = &(struct bw_spec_hugepage_limit){.page_size = (char[]){"2MB"},
				    .limit = UINT(4194304)},
		.n = 1},
	.rdma = {.v = &(struct bw_spec_rdma){.key = (char[]){"mlx5_1"},
			 .hca_handles = UINT(3),
			 .hca_objects = UINT(10000)},
		.n = 1},
	.network = &(struct bw_spec_network){.class_id = UINT(1048577),
		.priorities = {.v = &(struct bw_spec_interface_priority){.name = (char[]){"eth0"},
				       .priority = UINT(500)},
			.n = 1}},
};
static struct bw_spec_resources realtime = {
	.cpu = &(struct bw_spec_cpu){.realtime_period = UINT(1000000),
		.realtime_runtime = INT(950000)},
};
static struct bw_spec_resources swappy = {
	.memory = &(struct bw_spec_memory){.swappiness = UINT(10),
		.disable_oom_killer = {.set = true, .v = true}},
};

static bw_cgroup_emit_fn *const v1[] = {bw_v1_memory, bw_v1_cpu, bw_v1_cpuset, bw_v1_pids,
	bw_v1_blkio, bw_v1_hugetlb, bw_v1_rdma, bw_v1_net_cls, bw_v1_net_prio, NULL};
static bw_cgroup_emit_fn *const v2[] = {bw_v2_memory, bw_v2_cpu, bw_v2_cpuset, bw_v2_pids, bw_v2_io,
	bw_v2_hugetlb, bw_v2_rdma, NULL};

static const struct {
	const struct bw_spec_resources *resources;
	bw_cgroup_emit_fn *const *emit;
	const char *expected;
} conversions[] = {
	{&no_limits, v1, ""},
	{&no_limits, v2, ""},
	{&unset_limits, v1, ""},
	{&unset_limits, v2, ""},
	{&docker_limits, v1,
		"memory.limit_in_bytes=67108864\nmemory.memsw.limit_in_bytes=134217728\nmemory."
		"soft_limit_in_bytes=33554432\n"
		"cpu.shares=512\ncpu.cfs_period_us=100000\ncpu.cfs_quota_us=50000\ncpuset.cpus=0-"
		"1\ncpuset.mems=0\npids.max=50\n"},
	{&docker_limits, v2,
		"memory.swap.max=67108864\nmemory.max=67108864\nmemory.low=33554432\ncpu.weight="
		"59\ncpu.max=50000 100000\n"
		"cpuset.cpus=0-1\ncpuset.mems=0\npids.max=50\n"},
	{&lifted, v1,
		"memory.limit_in_bytes=-1\nmemory.memsw.limit_in_bytes=-1\ncpu.cfs_quota_us=-"
		"1\npids.max=max\n"},
	{&lifted, v2, "memory.swap.max=max\nmemory.max=max\ncpu.max=max\npids.max=max\n"},
	{&same_swap, v1, "memory.limit_in_bytes=1000\nmemory.memsw.limit_in_bytes=1000\n"},
	{&same_swap, v2, "memory.swap.max=0\nmemory.max=1000\n"},
	{&idle, v1,
		"cpu.idle=0\ncpu.shares=1024\ncpu.cfs_period_us=20000\ncpu.cfs_burst_us=500\ncpu."
		"idle=1\n"},
	{&idle, v2,
		"cpu.idle=0\ncpu.weight=100\ncpu.max=... 20000\ncpu.max.burst=500\ncpu.idle=1\n"},
	{&disks, v1,
		"blkio.bfq.weight=750\nblkio.bfq.weight_device=8:0 "
		"444\nblkio.throttle.read_bps_device=8:16 1048576\n"
		"blkio.throttle.write_iops_device=8:16 0\n"},
	{&disks, v2,
		"io.bfq.weight=750\nio.weight=7475\nio.bfq.weight=8:0 444\nio.weight=8:0 "
		"4384\nio.max=8:16 rbps=1048576\n"
		"io.max=8:16 wiops=max\n"},
	{&others, v1,
		"hugetlb.2MB.limit_in_bytes=4194304\nhugetlb.2MB.rsvd.limit_in_bytes=4194304\n"
		"rdma.max=mlx5_1 hca_handle=3 "
		"hca_object=10000\nnet_cls.classid=1048577\nnet_prio.ifpriomap=eth0 500\n"},
	{&others, v2,
		"hugetlb.2MB.max=4194304\nhugetlb.2MB.rsvd.max=4194304\nrdma.max=mlx5_1 "
		"hca_handle=3 hca_object=10000\n"},
	{&realtime, v1, "cpu.rt_period_us=1000000\ncpu.rt_runtime_us=950000\n"},
	{&swappy, v1, "memory.oom_control=1\nmemory.swappiness=10\n"},
};

START_TEST(limits_become_these_files)
{
	struct bw_cgroup_writes writes = {.arena = &arena};
	char text[2048];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	for (bw_cgroup_emit_fn *const *fn = conversions[_i].emit; *fn; fn++)
		ck_assert_msg((*fn)(conversions[_i].resources, &writes, &err) == 0, "%s", err.text);
	ck_assert(!writes.no_memory);
	for (size_t i = 0; i < writes.n; i++) {
		bw_buf_addf(&buf, "%s=%s%s\n", writes.v[i].file,
			writes.v[i].flags & BW_WRITE_KEEP_WORD ? "... " : "", writes.v[i].value);
		ck_assert_int_eq(strncmp(writes.v[i].pointer, "/linux/resources/", 17), 0);
	}
	ck_assert_str_eq(text, conversions[_i].expected);
}
END_TEST

static struct bw_spec_resources swap_alone = {
	.memory = &(struct bw_spec_memory){.swap = INT(1000)}};
static struct bw_spec_resources swap_less = {
	.memory = &(struct bw_spec_memory){.limit = INT(1000), .swap = INT(999)}};
static struct bw_spec_resources oom_off = {
	.memory = &(struct bw_spec_memory){.disable_oom_killer = {.set = true, .v = true}}};
static struct bw_spec_resources one_share = {.cpu = &(struct bw_spec_cpu){.shares = UINT(1)}};
static struct bw_spec_resources swappiness_101 = {
	.memory = &(struct bw_spec_memory){.swappiness = UINT(101)}};
static struct bw_spec_resources leaf = {
	.block_io = &(struct bw_spec_block_io){.leaf_weight = UINT(10)}};

static const struct {
	const struct bw_spec_resources *resources;
	bw_cgroup_emit_fn *emit;
	const char *field, *text;
} refusals[] = {
	{&swap_alone, bw_v2_memory, "/linux/resources/memory/swap",
		"/linux/resources/memory/swap: unable to set swap limit without memory limit"},
	{&swap_less, bw_v2_memory, "/linux/resources/memory/swap",
		"/linux/resources/memory/swap: memory+swap limit should be >= memory limit"},
	{&oom_off, bw_v2_memory, "/linux/resources/memory/disableOOMKiller",
		"/linux/resources/memory/disableOOMKiller: cgroup v2 has no such limit"},
	{&swappy, bw_v2_memory, "/linux/resources/memory/disableOOMKiller",
		"/linux/resources/memory/disableOOMKiller: cgroup v2 has no such limit"},
	{&swappiness_101, bw_v1_memory, "/linux/resources/memory/swappiness",
		"/linux/resources/memory/swappiness: must be between 0 and 100"},
	{&swappiness_101, bw_v2_memory, "/linux/resources/memory/swappiness",
		"/linux/resources/memory/swappiness: cgroup v2 has no such limit"},
	{&realtime, bw_v2_cpu, "/linux/resources/cpu/realtimePeriod",
		"/linux/resources/cpu/realtimePeriod: cgroup v2 has no such limit"},
	{&one_share, bw_v1_cpu, "/linux/resources/cpu/shares",
		"/linux/resources/cpu/shares: must be between 2 and 262144"},
	{&leaf, bw_v2_io, "/linux/resources/blockIO/leafWeight",
		"/linux/resources/blockIO/leafWeight: cgroup v2 has no such limit"},
	{&leaf, bw_v1_blkio, "/linux/resources/blockIO/leafWeight",
		"/linux/resources/blockIO/leafWeight: no kernel since Linux 5.0 has leaf weights"},
};

START_TEST(limits_that_cannot_be_are_refused_by_name)
{
	struct bw_cgroup_writes writes = {.arena = &arena};

	ck_assert_int_eq(refusals[_i].emit(refusals[_i].resources, &writes, &err), -1);
	ck_assert_str_eq(err.field, refusals[_i].field);
	ck_assert_str_eq(err.text, refusals[_i].text);
}
END_TEST

/* --- device rules of a spec --- */

static bool allowed(
	const struct bw_spec *spec, unsigned type, unsigned major, unsigned minor, unsigned access)
{
	struct bw_device_rules rules;

	ck_assert_msg(bw_cgroup_device_rules(spec, &arena, &rules, &err) == 0, "%s", err.text);
	return bw_device_rules_allow(&rules, type, major, minor, access);
}

START_TEST(a_plain_spec_gets_what_runc_always_allows)
{
	const struct bw_spec spec = {.linux_ = &(struct bw_spec_linux){.resources = NULL}};

	ck_assert(allowed(&spec, BW_DEVICE_CHAR, 1, 3, BW_DEVICE_ALL));
	ck_assert(allowed(&spec, BW_DEVICE_CHAR, 136, 7, BW_DEVICE_READ | BW_DEVICE_WRITE));
	ck_assert(allowed(&spec, BW_DEVICE_BLOCK, 8, 0, BW_DEVICE_MKNOD));
	ck_assert(!allowed(&spec, BW_DEVICE_BLOCK, 8, 0, BW_DEVICE_READ));
	ck_assert(!allowed(&spec, BW_DEVICE_CHAR, 10, 200, BW_DEVICE_READ)); /* tun */
}
END_TEST

START_TEST(a_hardened_spec_gets_its_own_list_and_mknod_for_its_nodes)
{
	struct bw_spec_device disk = {.type = (char[]){"b"}, .major = INT(8), .minor = INT(0)};
	struct bw_spec_hardening hardening = {.exact_devices = {true, true}};
	struct bw_spec_linux linux_ = {.devices = {.v = &disk, .n = 1}};
	const struct bw_spec spec = {.linux_ = &linux_, .hardening = &hardening};

	ck_assert(!allowed(&spec, BW_DEVICE_CHAR, 1, 3, BW_DEVICE_READ));
	ck_assert(allowed(&spec, BW_DEVICE_CHAR, 1, 3, BW_DEVICE_MKNOD));
	ck_assert(allowed(&spec, BW_DEVICE_BLOCK, 8, 0, BW_DEVICE_MKNOD));
	ck_assert(!allowed(&spec, BW_DEVICE_BLOCK, 8, 0, BW_DEVICE_MKNOD | BW_DEVICE_READ));
	ck_assert(!allowed(&spec, BW_DEVICE_BLOCK, 8, 1, BW_DEVICE_MKNOD));
	hardening.exact_devices.v = false;
	ck_assert(allowed(&spec, BW_DEVICE_CHAR, 1, 3, BW_DEVICE_READ));
}
END_TEST

static const struct {
	struct bw_spec_device_rule rule;
	const char *field, *text;
} bad_rules[] = {
	{{.type = (char[]){"x"}, .access = (char[]){"r"}}, "/linux/resources/devices/0/type",
		"/linux/resources/devices/0/type: \"x\" is not one of a, b, c"},
	{{.type = (char[]){"c"}, .access = (char[]){"rx"}}, "/linux/resources/devices/0/access",
		"/linux/resources/devices/0/access: \"rx\" has letters other than r, w, m"},
	{{.allow = {true, true}, .type = (char[]){"c"}}, "/linux/resources/devices/0/access",
		"/linux/resources/devices/0/access: \"\" permits nothing"},
	{{.type = (char[]){"c"}, .major = INT(-2)}, "/linux/resources/devices/0/major",
		"/linux/resources/devices/0/major: -2 is no device number"},
	{{.type = (char[]){"c"}, .minor = INT(1LL << 32)}, "/linux/resources/devices/0/minor",
		"/linux/resources/devices/0/minor: 4294967296 is no device number"},
};

START_TEST(a_device_rule_that_says_nothing_clear_is_refused)
{
	struct bw_spec_device_rule rule = bad_rules[_i].rule;
	struct bw_spec_resources resources = {.devices = {.v = &rule, .n = 1}};
	const struct bw_spec spec = {.linux_ = &(struct bw_spec_linux){.resources = &resources}};
	struct bw_device_rules rules;

	ck_assert_int_eq(bw_cgroup_device_rules(&spec, &arena, &rules, &err), -1);
	ck_assert_str_eq(err.field, bad_rules[_i].field);
	ck_assert_str_eq(err.text, bad_rules[_i].text);
}
END_TEST

static void add_loop(Suite *suite, const TTest *test, const char *name, size_t n)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test, 0, (int)n);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	Suite *suite = suite_create("cgroup");
	SRunner *runner;
	int failed;

	add_loop(suite, host_facts_follow_from_the_mounts_that_can_be_reached, "host",
		BW_COUNT(hosts));
	add_loop(suite, a_process_line_is_found_by_its_controllers, "line", 1);
	add_loop(suite, a_process_is_the_containers_by_its_cgroup, "holds", 1);
	add_loop(suite, a_container_lies_where_its_path_says_in_every_hierarchy, "places",
		BW_COUNT(places));
	add_loop(suite, a_further_process_is_put_where_it_is_asked_to_be, "sub paths",
		BW_COUNT(sub_paths));
	add_loop(suite, a_cgroup_belongs_to_who_may_write_to_it, "owners", BW_COUNT(owners));
	add_loop(suite, a_path_that_leads_elsewhere_is_refused, "bad places", BW_COUNT(bad_places));
	add_loop(suite, a_path_is_refused_where_the_kernel_would, "long places", 1);
	add_loop(suite, a_host_without_cgroups_is_refused, "no cgroups", 1);
	add_loop(suite, a_set_survives_being_stored, "stored", 1);
	add_loop(suite, weights_are_those_of_the_formula_for_all_shares, "all weights", 1);
	add_loop(suite, weights_have_the_known_ends_and_middle, "weights", 1);
	add_loop(suite, a_pids_limit_of_nobody_still_lets_init_in, "pids", BW_COUNT(pids_limits));
	add_loop(suite, limits_become_these_files, "conversions", BW_COUNT(conversions));
	add_loop(suite, limits_that_cannot_be_are_refused_by_name, "refusals", BW_COUNT(refusals));
	add_loop(suite, a_plain_spec_gets_what_runc_always_allows, "compat devices", 1);
	add_loop(suite, a_hardened_spec_gets_its_own_list_and_mknod_for_its_nodes,
		"hardened devices", 1);
	add_loop(suite, a_device_rule_that_says_nothing_clear_is_refused, "bad devices",
		BW_COUNT(bad_rules));
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
