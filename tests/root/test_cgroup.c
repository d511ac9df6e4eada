/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups on the real kernel: needs root and a writable cgroup file system, else skips. Everything
 * happens beneath cgroups named /bulwark-test-<pid>, which are gone afterwards. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/cgroup_files.h"
#include "control/control.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

#define INT(x)                                                                                     \
	{                                                                                          \
		.set = true, .v = (x)                                                              \
	}
#define UINT(x)                                                                                    \
	{                                                                                          \
		.set = true, .v = (x)                                                              \
	}

static struct bw_arena arena;
static struct bw_err err;
static struct bw_host host;
static struct bw_cgroup_set *set;
static struct bw_spec_resources resources;
static struct bw_spec_linux linux_ = {.resources = &resources};
static const struct bw_spec spec = {.linux_ = &linux_};
static char name[64];

static int make_set(void)
{
	return bw_cgroup_set_make(&host, name, "x", &arena, &set, &err);
}

static int begin(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	err = (struct bw_err){0};
	host = (struct bw_host){0};
	resources = (struct bw_spec_resources){0};
	return bw_cgroup.probe(&host, &arena, &err) < 0 ? -1 : make_set();
}

static void setup(void)
{
	ck_assert_msg(begin() == 0, "%s", err.text);
}

static void teardown(void)
{
	struct bw_err ignored = {0};

	if (make_set() < 0 || bw_cgroup_kill(set, &ignored) < 0 ||
		bw_cgroup_remove(set, &ignored) < 0)
		fprintf(stderr, "left behind: %s\n", ignored.text);
	bw_arena_done(&arena);
}

/* A failed case ends before its teardown; so does one that takes too long. */
static void clean_up(void)
{
	if (begin() == 0)
		teardown();
}

/* --- helpers --- */

#define ok(call) ck_assert_msg((call) == 0, "%s", err.text)

static const char *path_in(const char *controller, const char *file)
{
	static char path[512];
	int i = bw_cgroup_find(set, controller);

	ck_assert_int_ge(i, 0);
	snprintf(path, sizeof path, "%s%s%s%s", set->dirs.v[i].mountpoint, set->dirs.v[i].path,
		file ? "/" : "", file ? file : "");
	return path;
}

static const char *value_of(const char *controller, const char *file)
{
	static char text[4096];

	ck_assert_int_ge(bw_read_at(AT_FDCWD, path_in(controller, file), text, sizeof text), 0);
	return text;
}

static uint64_t number_of(const char *controller, const char *file)
{
	uint64_t number = 0;

	ck_assert_int_eq(bw_parse_u64(value_of(controller, file), UINT64_MAX, &number), 0);
	return number;
}

static void expect_value(const char *controller, const char *file, const char *expected)
{
	ck_assert_msg(bw_streq(value_of(controller, file), expected), "%s is \"%s\", not \"%s\"",
		file, value_of(controller, file), expected);
}

static bool has(const char *controller)
{
	return bw_cgroup_find(set, controller) >= 0;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* A child that does what the plan says of joining, then runs fn and ends with its value. */
static pid_t start_in(struct bw_plan *plan, int (*fn)(void))
{
	struct bw_clone_args args = {.exit_signal = SIGCHLD};
	struct bw_child child = {0};
	long pid;

	if (plan->cgroup_fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)plan->cgroup_fd;
	}
	pid = bw_clone3(&args);
	ck_assert_int_ge(pid, 0);
	if (pid)
		return (pid_t)pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < plan->n; i++)
		if (bw_cgroup_apply(&child, plan->steps[i].op, plan->pool + plan->steps[i].off,
			    plan->steps[i].len) < 0)
			_exit(99);
	_exit(fn());
}

static void prepare(struct bw_plan *plan, bool exec, pid_t target)
{
	auto_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct bw_request request = {.spec = &spec,
		.host = &host,
		.arena = &arena,
		.cgroups = set,
		.exec = exec,
		.target_pid = target,
		.host_proc = proc};

	ok(bw_cgroup.prepare(&request, plan, &err));
}

/* Creates the cgroups with the limits in resources and runs fn in them. */
static pid_t start(int (*fn)(void))
{
	struct bw_plan plan = BW_PLAN_INIT;
	pid_t pid;

	prepare(&plan, false, 0);
	pid = start_in(&plan, fn);
	bw_plan_done(&plan);
	return pid;
}

static int exit_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(bw_wait(pid, &status), 0);
	return bw_exit_code(status);
}

static int sleeper(void)
{
	for (;;)
		pause();
	return 0;
}

static int eater(void)
{
	/* Populated: nothing that a compiler could leave out. */
	void *memory = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return memory == MAP_FAILED ? EXIT_FAILURE : sleeper();
}

static int bomb(void)
{
	for (;;)
		fork();
	return 0;
}

/* --- making and limiting --- */

START_TEST(limits_can_be_read_back)
{
	struct bw_spec_memory memory = {.limit = INT(64 << 20), .reservation = INT(32 << 20)};
	struct bw_spec_cpu cpu = {.shares = UINT(512),
		.quota = INT(50000),
		.period = UINT(100000),
		.cpus = (char[]){"0"}};
	struct bw_spec_pids pids = {.limit = INT(50)};

	resources = (struct bw_spec_resources){.memory = &memory, .cpu = &cpu, .pids = &pids};
	ok(bw_cgroup_create(set, &err));
	ok(bw_cgroup_apply_resources(set, &resources, &err));
	expect_value("memory", "memory.limit_in_bytes", "67108864");
	expect_value("memory", "memory.soft_limit_in_bytes", "33554432");
	expect_value("cpu", "cpu.shares", "512");
	expect_value("cpu", "cpu.cfs_quota_us", "50000");
	expect_value("cpuset", "cpuset.cpus", "0");
	ck_assert_str_ne(value_of("cpuset", "cpuset.mems"), "");
	expect_value("pids", "pids.max", "50");
	ok(bw_cgroup_remove(set, &err));
	for (size_t i = 0; i < set->dirs.n; i++)
		ck_assert_msg(!exists(path_in(set->dirs.v[i].controllers, NULL)),
			"%s is still there", path_in(set->dirs.v[i].controllers, NULL));
	ok(bw_cgroup_remove(set, &err)); /* missing is fine */
}
END_TEST

static void update_memory(int64_t limit, int64_t swap)
{
	struct bw_spec_memory memory = {.limit = INT(limit), .swap = INT(swap)};
	char text[32];

	resources.memory = &memory;
	ok(bw_cgroup_apply_resources(set, &resources, &err));
	resources.memory = NULL;
	if (limit > 0) {
		snprintf(text, sizeof text, "%lld", (long long)limit);
		expect_value("memory", "memory.limit_in_bytes", text);
	}
	if (swap > 0) {
		snprintf(text, sizeof text, "%lld", (long long)swap);
		expect_value("memory", "memory.memsw.limit_in_bytes", text);
	}
}

START_TEST(memory_and_swap_move_up_and_down_together)
{
	ok(bw_cgroup_create(set, &err));
	if (!exists(path_in("memory", "memory.memsw.limit_in_bytes")))
		return;
	update_memory(32 << 20, 64 << 20);
	update_memory(128 << 20, 256 << 20); /* the new limit lies above the old swap */
	update_memory(16 << 20, 16 << 20);
	update_memory(-1, 0);
	ck_assert_int_gt((int)strlen(value_of("memory", "memory.memsw.limit_in_bytes")), 12);
}
END_TEST

START_TEST(quota_and_period_move_under_a_limit_of_the_parent)
{
	struct bw_spec_cpu cpu = {.quota = INT(50000), .period = UINT(200000)};
	struct bw_cgroup_set *parent = set;

	resources.cpu = &cpu;
	ok(bw_cgroup_create(set, &err));
	cpu.quota.v = 100000; /* half a processor for all */
	ok(bw_cgroup_apply_resources(set, &resources, &err));
	ok(bw_cgroup_set_make(
		&host, bw_arena_printf(&arena, "%s/child", name), "x", &arena, &set, &err));
	ok(bw_cgroup_create(set, &err));
	ok(bw_cgroup_apply_resources(set, &resources, &err));
	cpu.quota.v = 50000;
	cpu.period.v = 100000; /* with the old quota this would be a whole one */
	ok(bw_cgroup_apply_resources(set, &resources, &err));
	expect_value("cpu", "cpu.cfs_quota_us", "50000");
	expect_value("cpu", "cpu.cfs_period_us", "100000");
	cpu.quota.v = 60000;
	ck_assert_int_eq(bw_cgroup_apply_resources(set, &resources, &err), -1);
	ck_assert_str_eq(err.field, "/linux/resources/cpu/quota");
	ck_assert_str_eq(err.text, "/linux/resources/cpu/quota: writing \"60000\" to "
				   "cpu.cfs_quota_us: invalid argument");
	set = parent;
}
END_TEST

START_TEST(idle_and_shares_can_be_set_together_again_and_again)
{
	struct bw_spec_cpu cpu = {.shares = UINT(700), .idle = INT(1)};

	resources.cpu = &cpu;
	ok(bw_cgroup_create(set, &err));
	ok(bw_cgroup_apply_resources(set, &resources, &err));
	ok(bw_cgroup_apply_resources(set, &resources, &err));
	expect_value("cpu", "cpu.idle", "1");
	cpu.idle.v = 2;
	ck_assert_int_eq(bw_cgroup_apply_resources(set, &resources, &err), -1);
	ck_assert_str_eq(err.field, "/linux/resources/cpu/idle");
}
END_TEST

START_TEST(a_limit_below_what_is_in_use_is_rejected_when_asked_to)
{
	struct bw_spec_memory memory = {
		.limit = INT(1), .check_before_update = {.set = true, .v = true}};
	pid_t pid = start(eater);

	resources.memory = &memory;
	for (int tries = 0; tries < 500 && number_of("memory", "memory.usage_in_bytes") < 8 << 20;
		tries++)
		nap_ms(2);
	ck_assert_int_eq(bw_cgroup_apply_resources(set, &resources, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "rejecting memory limit 1 < usage "));
	resources.memory = NULL;
	err = (struct bw_err){0};
	ok(bw_cgroup_kill(set, &err));
	exit_of(pid);
}
END_TEST

START_TEST(a_controller_that_is_not_there_is_named)
{
	struct bw_spec_rdma device = {.key = (char[]){"mlx5_0"}, .hca_handles = UINT(1)};

	resources.rdma.v = &device;
	resources.rdma.n = 1;
	ok(bw_cgroup_create(set, &err));
	ck_assert_int_eq(bw_cgroup_apply_resources(set, &resources, &err), -1);
	ck_assert_str_eq(err.text, "/linux/resources/rdma/mlx5_0: needs the cgroup controller "
				   "rdma, which this host does not have");
	ck_assert_str_eq(err.field, "/linux/resources/rdma/mlx5_0");
}
END_TEST

START_TEST(unified_resources_need_the_unified_hierarchy)
{
	struct bw_pair pair = {(char[]){"pids.max"}, (char[]){"5"}};

	resources.unified.v = &pair;
	resources.unified.n = 1;
	ok(bw_cgroup_create(set, &err));
	ck_assert_int_eq(bw_cgroup_apply_resources(set, &resources, &err), -1);
	ck_assert_str_eq(err.text, "invalid configuration: cannot use unified on cgroup v1");
}
END_TEST

/* The unified directory alone, as on a v2 host. */
static void use_unified_alone(void)
{
	int i = bw_cgroup_find(set, NULL);

	ck_assert_int_ge(i, 0);
	set->dirs.v = &set->dirs.v[i];
	set->dirs.n = 1;
	set->mode = bw_arena_strdup(&arena, "v2");
}

static const struct {
	const char *key, *value, *text;
} unified_keys[] = {
	{"cgroup.max.depth", "7", NULL},
	{"cgroup.procs", "1",
		"/linux/resources/unified: \"cgroup.procs\" is not the name of a resource file"},
	{"../cgroup.procs", "1",
		"/linux/resources/unified: \"../cgroup.procs\" is not the name of a resource file"},
	{"", "1", "/linux/resources/unified: \"\" is not the name of a resource file"},
	{"nonsense.max", "1",
		"/linux/resources/unified/nonsense.max: needs the cgroup controller nonsense, "
		"which this host does not have"},
	{"cgroup.nonsense", "1",
		"/linux/resources/unified/cgroup.nonsense: this kernel has no cgroup.nonsense"},
};

START_TEST(unified_keys_are_files_of_controllers)
{
	char key[64], value[64];
	struct bw_pair pair = {key, value};

	snprintf(key, sizeof key, "%s", unified_keys[_i].key);
	snprintf(value, sizeof value, "%s", unified_keys[_i].value);
	use_unified_alone();
	resources.unified.v = &pair;
	resources.unified.n = 1;
	ok(bw_cgroup_create(set, &err));
	if (unified_keys[_i].text) {
		ck_assert_int_eq(bw_cgroup_apply_resources(set, &resources, &err), -1);
		ck_assert_str_eq(err.text, unified_keys[_i].text);
	} else {
		ok(bw_cgroup_apply_resources(set, &resources, &err));
		expect_value(NULL, key, value);
	}
}
END_TEST

/* --- refusing and taking back --- */

START_TEST(a_cgroup_with_processes_is_refused_and_left_alone)
{
	pid_t pid = start(sleeper);
	struct bw_cgroup_set *second;

	ok(bw_cgroup_set_make(&host, name, "x", &arena, &second, &err));
	ck_assert_int_eq(bw_cgroup_check_unused(second, &err), -1);
	ck_assert_ptr_nonnull(
		strstr(err.text, "container's cgroup is not empty: 1 process(es) found in "));
	ck_assert_str_eq(err.field, "/linux/cgroupsPath");
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_cgroup_create(second, &err), -1);
	ck_assert_uint_eq(second->dirs.n, 0);
	ck_assert_int_eq(kill(pid, 0), 0);
	err = (struct bw_err){0};
	ok(bw_cgroup_kill(second, &err)); /* owns nothing, ends nobody */
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	ok(bw_cgroup_kill(set, &err));
	ck_assert_int_eq(exit_of(pid), 128 + SIGKILL);
}
END_TEST

START_TEST(a_process_in_a_nested_cgroup_counts)
{
	char nested[600];
	auto_close int procs = -1;

	ok(bw_cgroup_create(set, &err));
	snprintf(nested, sizeof nested, "%s/inner", path_in("pids", NULL));
	ck_assert_int_eq(mkdir(nested, 0755), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(sleeper());
	procs = open(nested, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(
		bw_write_at(procs, "cgroup.procs", bw_arena_printf(&arena, "%d", (int)pid)), 0);
	ck_assert_int_eq(bw_cgroup_check_unused(set, &err), -1);
	err = (struct bw_err){0};
	ok(bw_cgroup_kill(set, &err)); /* in one v1 hierarchy alone */
	ck_assert_int_eq(exit_of(pid), 128 + SIGKILL);
	ok(bw_cgroup_remove(set, &err));
	ck_assert(!exists(nested));
}
END_TEST

START_TEST(a_frozen_cgroup_is_refused)
{
	struct bw_cgroup_set *second;
	bool frozen;

	ok(bw_cgroup_create(set, &err));
	ok(bw_cgroup_freeze(set, true, &err));
	ok(bw_cgroup_is_frozen(set, &frozen, &err));
	ck_assert(frozen);
	ok(bw_cgroup_set_make(&host, name, "x", &arena, &second, &err));
	ck_assert_int_eq(bw_cgroup_create(second, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "container's cgroup unexpectedly frozen"));
	err = (struct bw_err){0};
	ok(bw_cgroup_freeze(set, false, &err));
	ok(bw_cgroup_check_unused(set, &err));
}
END_TEST

START_TEST(abandoning_takes_back_parents_that_were_made)
{
	struct bw_cgroup_set *deep;
	const char *top;

	ok(bw_cgroup_create(set, &err));
	ok(bw_cgroup_set_make(
		&host, bw_arena_printf(&arena, "%s/a/b/c", name), "x", &arena, &deep, &err));
	ok(bw_cgroup_create(deep, &err));
	for (size_t i = 0; i < deep->dirs.n; i++)
		ck_assert_uint_eq(deep->dirs.v[i].made.v, 3);
	bw_cgroup_abandon(deep);
	for (size_t i = 0; i < set->dirs.n; i++) {
		top = path_in(set->dirs.v[i].controllers, NULL);
		ck_assert(exists(top));
		ck_assert(!exists(bw_arena_printf(&arena, "%s/a", top)));
	}
}
END_TEST

START_TEST(a_set_of_another_machine_does_no_harm)
{
	char dir[] = "/tmp/bulwark-test-XXXXXX";
	struct bw_cgroup_set *elsewhere;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mkdir(bw_arena_printf(&arena, "%s/precious", dir), 0755), 0);
	ok(bw_cgroup_set_make(&host, "/precious", "x", &arena, &elsewhere, &err));
	elsewhere->dirs.n = 1;
	elsewhere->dirs.v[0].mountpoint = dir;
	ck_assert_int_eq(bw_cgroup_remove(elsewhere, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no such device"));
	ck_assert_int_eq(rmdir(bw_arena_printf(&arena, "%s/precious", dir)), 0);
	rmdir(dir);
}
END_TEST

/* --- joining --- */

static bool is_in(pid_t pid, const char *controllers, const char *path)
{
	char file[64], text[8192], found[512];

	snprintf(file, sizeof file, "/proc/%d/cgroup", (int)pid);
	return bw_read_at(AT_FDCWD, file, text, sizeof text) > 0 &&
	       bw_cgroup_line(text, controllers, found, sizeof found) && bw_has_suffix(found, path);
}

static void expect_everywhere(pid_t pid)
{
	for (int tries = 0; tries < 500; tries++) {
		size_t in = 0;

		for (size_t i = 0; i < set->dirs.n; i++)
			in += is_in(pid, set->dirs.v[i].controllers, set->dirs.v[i].path);
		if (in == set->dirs.n)
			return;
		nap_ms(2);
	}
	ck_abort_msg("process %d is not in all cgroups", (int)pid);
}

START_TEST(init_and_a_further_process_are_in_every_hierarchy)
{
	struct bw_plan plan = BW_PLAN_INIT;
	auto_free pid_t *pids = NULL;
	pid_t init = start(sleeper), other;
	size_t n;
	bool empty;

	expect_everywhere(init);
	prepare(&plan, true, init);
	other = start_in(&plan, sleeper);
	bw_plan_done(&plan);
	expect_everywhere(other);
	ok(bw_cgroup_pids(set, false, &pids, &n, &err));
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(pids[0], init < other ? init : other);
	ok(bw_cgroup_is_empty(set, &empty, &err));
	ck_assert(!empty);
	ok(bw_cgroup_kill(set, &err));
	exit_of(init);
	exit_of(other);
	ok(bw_cgroup_is_empty(set, &empty, &err));
	ck_assert(empty);
}
END_TEST

START_TEST(a_step_says_what_it_joins)
{
	struct bw_plan plan = BW_PLAN_INIT;
	char words[256];

	prepare(&plan, false, 0);
	ck_assert_uint_gt(plan.n, 0);
	ck_assert_uint_eq(plan.steps[0].phase, BW_PHASE_JOIN);
	bw_cgroup.say(plan.steps[0].op, plan.pool + plan.steps[0].off, plan.steps[0].len, words,
		sizeof words);
	ck_assert_str_eq(words,
		bw_arena_printf(&arena, "join %s", path_in(set->dirs.v[0].controllers, NULL)));
	bw_plan_done(&plan);
}
END_TEST

START_TEST(a_prepare_that_fails_leaves_nothing)
{
	struct bw_spec_pids pids = {.limit = INT(INT64_MAX)};
	struct bw_plan plan = BW_PLAN_INIT;
	struct bw_cgroup_set *copy = set;
	const struct bw_request request = {
		.spec = &spec, .host = &host, .arena = &arena, .cgroups = set};

	resources.pids = &pids;
	ck_assert_int_eq(bw_cgroup.prepare(&request, &plan, &err), -1);
	ck_assert_str_eq(err.field, "/linux/resources/pids/limit");
	ck_assert_ptr_nonnull(strstr(err.text,
		"unable to apply cgroup configuration: /linux/resources/pids/limit: writing"));
	for (size_t i = 0; i < copy->dirs.n; i++)
		ck_assert(!exists(path_in(copy->dirs.v[i].controllers, NULL)));
	bw_plan_done(&plan);
}
END_TEST

/* --- stopping and ending --- */

static uint64_t ticks_of(pid_t pid)
{
	char file[64], text[1024], *rest;
	uint64_t user, system;

	snprintf(file, sizeof file, "/proc/%d/stat", (int)pid);
	ck_assert_int_gt(bw_read_at(AT_FDCWD, file, text, sizeof text), 0);
	rest = strrchr(text, ')');
	ck_assert_ptr_nonnull(rest);
	/* Fields 14 and 15 of proc_pid_stat(5); the word behind the name is field 3. */
	ck_assert_int_eq(bw_parse_word(rest + 1, 11, UINT64_MAX, &user), 0);
	ck_assert_int_eq(bw_parse_word(rest + 1, 12, UINT64_MAX, &system), 0);
	return user + system;
}

static int spinner(void)
{
	for (volatile unsigned i = 0;; i++)
		;
	return 0;
}

START_TEST(a_frozen_process_does_nothing_until_it_is_thawed)
{
	pid_t pid = start(spinner);
	uint64_t before;
	bool frozen;

	ok(bw_cgroup_freeze(set, true, &err));
	ok(bw_cgroup_is_frozen(set, &frozen, &err));
	ck_assert(frozen);
	before = ticks_of(pid);
	nap_ms(60);
	ck_assert_uint_eq(ticks_of(pid), before);
	ok(bw_cgroup_freeze(set, false, &err));
	for (int tries = 0; tries < 200 && ticks_of(pid) == before; tries++)
		nap_ms(10);
	ck_assert_uint_gt(ticks_of(pid), before);
	ok(bw_cgroup_is_frozen(set, &frozen, &err));
	ck_assert(!frozen);
	ok(bw_cgroup_freeze(set, true, &err));
	ok(bw_cgroup_kill(set, &err)); /* a paused one too */
	ck_assert_int_eq(exit_of(pid), 128 + SIGKILL);
}
END_TEST

/* Orphans are ours to reap. */
static void reap_all(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void kill_bomb(void)
{
	struct bw_spec_pids pids = {.limit = INT(40)};
	bool empty;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	resources.pids = &pids;
	start(bomb);
	for (int tries = 0; tries < 500 && number_of("pids", "pids.current") < 40; tries++)
		nap_ms(2);
	expect_value("pids", "pids.current", "40");
	ok(bw_cgroup_kill(set, &err));
	ok(bw_cgroup_is_empty(set, &empty, &err));
	ck_assert(empty);
	reap_all();
	ok(bw_cgroup_remove(set, &err));
}

START_TEST(a_fork_bomb_ends_whole)
{
	kill_bomb();
}
END_TEST

START_TEST(a_fork_bomb_ends_without_help_of_the_unified_hierarchy)
{
	int i = bw_cgroup_find(set, NULL);

	if (i >= 0)
		memmove(&set->dirs.v[i], &set->dirs.v[i + 1],
			(set->dirs.n-- - (size_t)i - 1) * sizeof *set->dirs.v);
	kill_bomb();
}
END_TEST

/* As deep as a container may nest, with names so long that no path could hold them. */
START_TEST(nested_cgroups_go_with_their_container)
{
	enum { DEPTH = 40 };
	char long_name[201];
	auto_close int at = -1;

	memset(long_name, 'n', 200);
	long_name[200] = '\0';
	ok(bw_cgroup_create(set, &err));
	at = open(path_in("freezer", NULL), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int depth = 0; depth < DEPTH; depth++) {
		int next;

		ck_assert_int_eq(mkdirat(at, "side", 0755), 0);
		ck_assert_int_eq(mkdirat(at, long_name, 0755), 0);
		next = openat(at, long_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		close(at);
		at = next;
	}
	ok(bw_cgroup_remove(set, &err));
	ck_assert(!exists(path_in("freezer", NULL)));
}
END_TEST

/* --- devices --- */

static int open_code(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : errno;
}

/* 0 when zero can be read, null written, and neither full read nor zero written. */
static int try_devices(void)
{
	if (open_code("/dev/zero", O_RDONLY) || open_code("/dev/null", O_WRONLY))
		return 1;
	if (open_code("/dev/full", O_RDONLY) != EPERM)
		return 2;
	return open_code("/dev/zero", O_RDWR) == EPERM ? 0 : 3;
}

static struct bw_spec_hardening hardening = {
	.profile = (char[]){"hardened"}, .exact_devices = {.set = true, .v = true}};
static struct bw_spec_device_rule device_rules[] = {
	{.access = (char[]){"rwm"}},
	{.allow = {true, true},
		.type = (char[]){"c"},
		.major = INT(1),
		.minor = INT(5),
		.access = (char[]){"r"}},
	{.allow = {true, true},
		.type = (char[]){"c"},
		.major = INT(1),
		.minor = INT(3),
		.access = (char[]){"rwm"}},
	{.allow = {true, true},
		.type = (char[]){"c"},
		.major = INT(1),
		.minor = INT(7),
		.access = (char[]){"rwm"}},
};

static struct bw_spec device_spec(size_t rules)
{
	resources.devices.v = device_rules;
	resources.devices.n = rules;
	return (struct bw_spec){.linux_ = &linux_, .hardening = &hardening};
}

/* null must be there in every moment while the list of the rest changes. */
static int null_watcher(void)
{
	for (int i = 0; i < 20000; i++)
		if (open_code("/dev/null", O_RDWR))
			return 1;
	return open_code("/dev/full", O_RDONLY) == EPERM ? 0 : 2;
}

static pid_t start_with_devices(const struct bw_spec *with, int (*fn)(void))
{
	struct bw_plan plan = BW_PLAN_INIT;
	const struct bw_request request = {
		.spec = with, .host = &host, .arena = &arena, .cgroups = set};
	pid_t pid;

	ok(bw_cgroup.prepare(&request, &plan, &err));
	pid = start_in(&plan, fn);
	bw_plan_done(&plan);
	return pid;
}

static void check_devices(void)
{
	struct bw_spec with = device_spec(3);

	ck_assert_int_eq(exit_of(start_with_devices(&with, try_devices)), 0);
}

static void check_live_devices(void)
{
	struct bw_spec with = device_spec(3);
	pid_t pid = start_with_devices(&with, null_watcher);

	for (int i = 0; i < 31; i++) {
		with = device_spec(i % 2 ? 3 : 4);
		ok(bw_cgroup_apply_devices(set, &with, true, &err));
	}
	with = device_spec(3);
	ok(bw_cgroup_apply_devices(set, &with, true, &err));
	ck_assert_int_eq(exit_of(pid), 0);
}

START_TEST(the_devices_controller_denies_what_is_not_allowed)
{
	if (has("devices"))
		check_devices();
}
END_TEST

START_TEST(the_devices_controller_changes_without_a_moment_of_denial)
{
	if (has("devices"))
		check_live_devices();
}
END_TEST

START_TEST(an_allowed_number_cannot_be_taken_out_of_a_range_on_v1)
{
	struct bw_spec_device_rule rules[] = {
		{.allow = {true, true},
			.type = (char[]){"c"},
			.major = INT(1),
			.access = (char[]){"rwm"}},
		{.type = (char[]){"c"}, .major = INT(1), .minor = INT(3), .access = (char[]){"w"}},
	};
	struct bw_spec with = device_spec(0);

	if (!has("devices"))
		return;
	resources.devices.v = rules;
	resources.devices.n = 2;
	ok(bw_cgroup_create(set, &err));
	ck_assert_int_eq(bw_cgroup_apply_devices(set, &with, false, &err), -1);
	ck_assert_str_eq(err.text, "/linux/resources/devices: cgroup v1 cannot deny a part (1:3) "
				   "of what an earlier rule (1:-1) allows");
}
END_TEST

START_TEST(a_program_denies_what_is_not_allowed)
{
	ck_assert(host.bpf_cgroup.v);
	use_unified_alone();
	check_devices();
}
END_TEST

START_TEST(a_program_is_replaced_without_a_moment_of_denial)
{
	use_unified_alone();
	check_live_devices();
}
END_TEST

/* --- main --- */

static void add(Suite *suite, const TTest *test, size_t n)
{
	TCase *tcase = tcase_create("kernel");

	tcase_set_timeout(tcase, 60);
	tcase_add_unchecked_fixture(tcase, NULL, clean_up);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test, 0, (int)n);
	suite_add_tcase(suite, tcase);
}

static int skip(const char *why)
{
	printf("skipped: %s\n", why);
	return 77;
}

static const TTest *const *all_tests(size_t *n)
{
	static const TTest *list[32];

	*n = 0;
	list[(*n)++] = limits_can_be_read_back;
	list[(*n)++] = memory_and_swap_move_up_and_down_together;
	list[(*n)++] = quota_and_period_move_under_a_limit_of_the_parent;
	list[(*n)++] = idle_and_shares_can_be_set_together_again_and_again;
	list[(*n)++] = a_limit_below_what_is_in_use_is_rejected_when_asked_to;
	list[(*n)++] = a_controller_that_is_not_there_is_named;
	list[(*n)++] = unified_resources_need_the_unified_hierarchy;
	list[(*n)++] = a_cgroup_with_processes_is_refused_and_left_alone;
	list[(*n)++] = a_process_in_a_nested_cgroup_counts;
	list[(*n)++] = a_frozen_cgroup_is_refused;
	list[(*n)++] = abandoning_takes_back_parents_that_were_made;
	list[(*n)++] = a_set_of_another_machine_does_no_harm;
	list[(*n)++] = init_and_a_further_process_are_in_every_hierarchy;
	list[(*n)++] = a_step_says_what_it_joins;
	list[(*n)++] = a_prepare_that_fails_leaves_nothing;
	list[(*n)++] = a_frozen_process_does_nothing_until_it_is_thawed;
	list[(*n)++] = a_fork_bomb_ends_whole;
	list[(*n)++] = a_fork_bomb_ends_without_help_of_the_unified_hierarchy;
	list[(*n)++] = nested_cgroups_go_with_their_container;
	list[(*n)++] = the_devices_controller_denies_what_is_not_allowed;
	list[(*n)++] = the_devices_controller_changes_without_a_moment_of_denial;
	list[(*n)++] = an_allowed_number_cannot_be_taken_out_of_a_range_on_v1;
	list[(*n)++] = a_program_denies_what_is_not_allowed;
	list[(*n)++] = a_program_is_replaced_without_a_moment_of_denial;
	return list;
}

/* Making a v2 cgroup hands controllers down from the root; what was not handed down before us is
 * taken back. */
static void restore_controllers(const char *before)
{
	auto_close int root = -1;
	char after[1024], *rest = after, *word;

	if (begin() < 0)
		return;
	root = open(host.cgroup2_mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bw_read_at(root, "cgroup.subtree_control", after, sizeof after) > 0)
		while ((word = strsep(&rest, " ")))
			if (*word && !bw_word_in(before, word))
				(void)!bw_write_at(root, "cgroup.subtree_control",
					bw_arena_printf(&arena, "-%s", word));
	bw_arena_done(&arena);
}

static void remember_controllers(char *text, size_t size)
{
	auto_close int root = -1;

	text[0] = '\0';
	if (begin() < 0)
		return;
	root = open(host.cgroup2_mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)!bw_read_at(root, "cgroup.subtree_control", text, size);
	bw_arena_done(&arena);
}

/* The tests read v1 files by name, and the unified hierarchy beside them. */
static const char *why_not(void)
{
	struct bw_arena facts = BW_ARENA_INIT;
	struct bw_err ignored = {0};
	struct bw_host here = {0};
	const char *why = NULL;

	if (geteuid() != 0)
		return "needs root";
	if (bw_cgroup.probe(&here, &facts, &ignored) < 0 || !bw_streq(here.cgroup_mode, "hybrid"))
		why = "needs a host with v1 hierarchies and cgroup2";
	else if (access(here.cgroup2_mountpoint, W_OK) < 0)
		why = "needs a writable cgroup file system";
	bw_arena_done(&facts);
	return why;
}

int main(void)
{
	Suite *suite = suite_create("cgroup, as root");
	const char *why = why_not();
	const TTest *const *list;
	char controllers[1024];
	SRunner *runner;
	size_t n;
	int failed;

	if (why)
		return skip(why);
	snprintf(name, sizeof name, "/bulwark-test-%d", (int)getpid());
	remember_controllers(controllers, sizeof controllers);
	list = all_tests(&n);
	for (size_t i = 0; i < n; i++)
		add(suite, list[i], 1);
	add(suite, unified_keys_are_files_of_controllers, BW_COUNT(unified_keys));
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	clean_up();
	restore_controllers(controllers);
	srunner_free(runner);
	return failed ? 1 : 0;
}
