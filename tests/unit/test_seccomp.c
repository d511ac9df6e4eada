/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp.c - filters as functions: what each answers to the calls that matter, by interpreting the programs;
 * messages; the cache; the steps. Whether programs mean what was written: test_seccomp_differential.c. Loads nothing: see
 * test_seccomp_live.c. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "base/str.h"
#include "bpf_sim.h"
#include "control/control.h"
#include "control/seccomp_builtin.h"
#include "control/seccomp_cache.h"
#include "control/seccomp_filter.h"
#include "control/seccomp_names.h"
#include "control/seccomp_recorder.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

#define ALLOW	     SECCOMP_RET_ALLOW
#define KILL	     SECCOMP_RET_KILL_PROCESS
#define DENY(number) (SECCOMP_RET_ERRNO | (number))
#define X32	     0x40000000
#define ANY_UPPER                                                                                  \
	0xabcd000000000000ULL /* what a careless or malicious caller leaves in the upper half */

static struct bw_arena arena;
static struct bw_err err;

static void setup(void)
{
	memset(&err, 0, sizeof err);
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* --- the interpreted answer
 * -------------------------------------------------------------------------- */

static uint32_t answer(const struct sock_filter *program, size_t n, uint32_t arch, uint32_t nr,
	const uint64_t args[6])
{
	struct seccomp_data data = {.nr = (int)nr, .arch = arch};
	uint32_t ret = 0;

	if (args)
		memcpy(data.args, args, sizeof data.args);
	ck_assert_msg(bpf_run(program, n, &data, &ret), "invalid program, call %u", nr);
	return ret;
}

static uint32_t ask(const char *filter, uint32_t arch, uint32_t nr, const uint64_t args[6])
{
	const struct bw_seccomp_builtin *one = bw_seccomp_builtin_find(filter);

	ck_assert_ptr_nonnull(one);
	return answer(one->program, one->program_n, arch, nr, args);
}

/* A small generator with a fixed seed: failures can be repeated. */
static uint64_t random_state = 88172645463325252ULL;
static uint64_t any(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Arguments near the edges of some condition on the call, now and then with dirt in the upper half.
 */
static void make_args(const struct bw_seccomp_ruleset *set, uint32_t nr, uint64_t args[6])
{
	for (unsigned i = 0; i < 6; i++)
		args[i] = any() % 4 ? any() % 64 : any();
	for (size_t i = 0; i < set->rules_n; i++) {
		const struct bw_seccomp_rule *rule = &set->rules[i];

		for (size_t j = 0; j < rule->calls_n; j++) {
			if (rule->calls[j] != nr || any() % 2)
				continue;
			for (size_t k = 0; k < rule->conds_n; k++) {
				const struct bw_seccomp_cond *cond = &rule->conds[k];
				uint64_t value = cond->values[any() % cond->values_n];

				args[cond->index] = value + any() % 3 - 1;
			}
		}
	}
	for (unsigned i = 0; i < 6; i++)
		if (any() % 4 == 0)
			args[i] = (uint32_t)args[i] | (any() << 32);
}

START_TEST(what_python_node_allows_baseline_allows)
{
	const struct bw_seccomp_builtin *strict = bw_seccomp_builtin_find("python-node");
	const struct bw_seccomp_builtin *base = bw_seccomp_builtin_find("baseline");

	for (uint32_t nr = 0; nr < 640; nr++) {
		for (unsigned round = 0; round < 60; round++) {
			uint64_t args[6];

			make_args(round % 2 ? strict->rules : base->rules, nr, args);
			if (answer(strict->program, strict->program_n, strict->rules->arch, nr,
				    args) == ALLOW)
				ck_assert_msg(answer(base->program, base->program_n,
						      base->rules->arch, nr, args) == ALLOW,
					"call %u", nr);
		}
	}
}
END_TEST

/* --- named expectations
 * ------------------------------------------------------------------------------ */

static const struct expectation {
	const char *call;
	uint64_t args[6];
	uint32_t baseline, python_node;
} expectations[] = {
	{"read", {0}, ALLOW, ALLOW},
	{"execve", {0}, ALLOW, ALLOW},
	{"execveat", {0}, ALLOW, ALLOW},
	{"execveat", {0, 0, 0, 0, 0x100}, ALLOW, ALLOW},
	{"execveat", {0, 0, 0, 0, 0x1000}, ALLOW, DENY(EACCES)},
	{"execveat", {0, 0, 0, 0, 0x1100}, ALLOW, DENY(EACCES)},
	{"exit_group", {0}, ALLOW, ALLOW},
	{"seccomp", {1}, ALLOW, ALLOW},
	{"socket", {1, 1}, ALLOW, ALLOW},
	{"socket", {2, 1 | 02000000, 6}, ALLOW, ALLOW},
	{"socket", {10, 2 | 04000, 0}, ALLOW, ALLOW},
	{"socket", {16, 3, 0}, ALLOW, ALLOW},
	{"socket", {16, 3, 9}, DENY(EPROTONOSUPPORT), DENY(EPROTONOSUPPORT)},
	{"socket", {38, 5}, DENY(EPERM), DENY(EPERM)},
	{"socket", {38 | ANY_UPPER, 5}, DENY(EPERM), DENY(EPERM)},
	{"socket", {40, 1}, DENY(EPERM), DENY(EPERM)},
	{"socket", {17, 3}, DENY(EPERM), DENY(EPERM)},
	{"socket", {2, 10}, DENY(EPERM), DENY(EPERM)},
	{"socket", {44, 3}, DENY(EPERM), DENY(EPERM)},
	{"socket", {33, 2}, DENY(EPERM), DENY(EPERM)},
	{"socket", {15, 3}, DENY(EPERM), DENY(EPERM)},
	{"socket", {30, 1}, DENY(EPERM), DENY(EPERM)},
	{"socket", {63, 1}, DENY(EPERM), DENY(EPERM)},
	{"socket", {2, 3, 1}, DENY(EPERM), DENY(EPERM)},
	{"socket", {2, 3 | ANY_UPPER, 1}, DENY(EPERM), DENY(EPERM)},
	{"socket", {10, 3 | 02000000, 58}, DENY(EPERM), DENY(EPERM)},
	{"socket", {2, 1, 132}, DENY(EPROTONOSUPPORT), DENY(EPERM)},
	{"socket", {2, 2, 1}, ALLOW, DENY(EPERM)},
	{"socketpair", {1, 1}, ALLOW, ALLOW},
	{"socketpair", {38, 5}, DENY(EPERM), DENY(EPERM)},
	{"setsockopt", {3, 6, 1}, ALLOW, ALLOW},
	{"setsockopt", {3, 6, 31}, DENY(EPERM), DENY(EPERM)},
	{"setsockopt", {3, 17, 100}, ALLOW, DENY(EPERM)},
	{"setsockopt", {3, 17, 103}, ALLOW, ALLOW},
	{"setsockopt", {3, 1, 26}, ALLOW, DENY(EPERM)},
	{"setsockopt", {3, 1, 50 | ANY_UPPER}, ALLOW, DENY(EPERM)},
	{"setsockopt", {3, 1, 25}, ALLOW, ALLOW},
	{"setsockopt", {3, 0, 64}, ALLOW, DENY(EPERM)},
	{"setsockopt", {3, 0, 128}, ALLOW, DENY(EPERM)},
	{"setsockopt", {3, 0, 35}, ALLOW, ALLOW},
	{"setsockopt", {3, 41, 64}, ALLOW, DENY(EPERM)},
	{"setsockopt", {3, 41, 67}, ALLOW, ALLOW},
	{"setsockopt", {3, 6 | ANY_UPPER, 31 | ANY_UPPER}, DENY(EPERM), DENY(EPERM)},
	{"ioctl", {0, 0x5401}, ALLOW, ALLOW},
	{"ioctl", {0, 0x5412}, DENY(EPERM), DENY(EPERM)},
	{"ioctl", {0, 0x5412 | ANY_UPPER}, DENY(EPERM), DENY(EPERM)},
	{"ioctl", {0, 0x541c | (1ULL << 32)}, DENY(EPERM), DENY(EPERM)},
	{"ioctl", {0, 0x5423}, DENY(EPERM), DENY(EPERM)},
	{"ioctl", {0, 0x4b33}, ALLOW, DENY(EPERM)},
	{"clone", {0x3d0f00}, ALLOW, ALLOW},
	{"clone", {17}, ALLOW, ALLOW},
	{"clone", {0x10000000 | 17}, DENY(EPERM), DENY(EPERM)},
	{"clone", {0x00020000 | 17}, DENY(EPERM), DENY(EPERM)},
	{"clone", {0x02000000}, DENY(EPERM), DENY(EPERM)},
	{"clone3", {0}, DENY(ENOSYS), DENY(ENOSYS)},
	{"unshare", {0}, DENY(EPERM), DENY(EPERM)},
	{"setns", {0}, DENY(EPERM), DENY(EPERM)},
	{"mount", {0}, DENY(EPERM), DENY(EPERM)},
	{"umount2", {0}, DENY(EPERM), DENY(EPERM)},
	{"fsopen", {0}, DENY(EPERM), DENY(EPERM)},
	{"fsconfig", {0}, DENY(EPERM), DENY(EPERM)},
	{"open_tree", {0}, DENY(EPERM), DENY(EPERM)},
	{"open_tree_attr", {0}, DENY(EPERM), DENY(EPERM)},
	{"move_mount", {0}, DENY(EPERM), DENY(EPERM)},
	{"mount_setattr", {0}, DENY(EPERM), DENY(EPERM)},
	{"pivot_root", {0}, DENY(EPERM), DENY(EPERM)},
	{"statmount", {0}, DENY(ENOSYS), DENY(ENOSYS)},
	{"listns", {0}, DENY(ENOSYS), DENY(ENOSYS)},
	{"chroot", {0}, DENY(EPERM), DENY(EPERM)},
	{"mknodat", {0, 0, 0x1000 | 0644}, ALLOW, ALLOW},
	{"mknodat", {0, 0, 0x2000 | 0644}, DENY(EPERM), DENY(EPERM)},
	{"mknodat", {0, 0, 0x6000}, DENY(EPERM), DENY(EPERM)},
	{"io_uring_setup", {0}, DENY(EPERM), DENY(EPERM)},
	{"keyctl", {0}, DENY(EPERM), DENY(EPERM)},
	{"bpf", {0}, DENY(EPERM), DENY(EPERM)},
	{"perf_event_open", {0}, DENY(EPERM), DENY(EPERM)},
	{"userfaultfd", {0}, DENY(EPERM), DENY(EPERM)},
	{"ptrace", {0}, DENY(EPERM), DENY(EPERM)},
	{"process_vm_readv", {0}, DENY(EPERM), DENY(EPERM)},
	{"pidfd_getfd", {0}, DENY(EPERM), DENY(EPERM)},
	{"kcmp", {0}, DENY(EPERM), DENY(EPERM)},
	{"open_by_handle_at", {0}, DENY(EPERM), DENY(EPERM)},
	{"personality", {0xffffffff}, ALLOW, ALLOW},
	{"personality", {0x20008}, ALLOW, DENY(EPERM)},
	{"personality", {0x0400000}, DENY(EPERM), DENY(EPERM)},
	{"personality", {0x80400000}, DENY(EPERM), DENY(EPERM)},
	{"personality", {0xfffffffe}, DENY(EPERM), DENY(EPERM)},
	{"finit_module", {0}, DENY(EPERM), DENY(EPERM)},
	{"kexec_load", {0}, DENY(EPERM), DENY(EPERM)},
	{"swapon", {0}, DENY(EPERM), DENY(EPERM)},
	{"reboot", {0}, DENY(EPERM), DENY(EPERM)},
	{"clock_settime", {0}, DENY(EPERM), DENY(EPERM)},
	{"syslog", {0}, DENY(EPERM), DENY(EPERM)},
	{"fanotify_init", {0}, DENY(EPERM), DENY(EPERM)},
	{"memfd_secret", {0}, DENY(ENOSYS), DENY(ENOSYS)},
	{"memfd_create", {0}, ALLOW, DENY(ENOSYS)},
	{"splice", {0}, ALLOW, DENY(ENOSYS)},
	{"vmsplice", {0}, ALLOW, DENY(ENOSYS)},
	{"sendfile", {0}, ALLOW, DENY(EINVAL)},
	{"copy_file_range", {0}, ALLOW, ALLOW},
	{"process_mrelease", {0}, ALLOW, DENY(EPERM)},
	{"sched_setattr", {0}, ALLOW, DENY(EPERM)},
	{"quotactl_fd", {0}, DENY(EPERM), DENY(EPERM)},
	{"futex", {0, 0x80}, ALLOW, ALLOW},
	{"futex", {0, 0x189}, ALLOW, ALLOW},
	{"futex", {0, 6 | 0x80}, ALLOW, DENY(ENOSYS)},
	{"futex", {0, 11 | ANY_UPPER}, ALLOW, DENY(ENOSYS)},
	{"futex", {0, 13}, ALLOW, DENY(ENOSYS)},
	{"prctl", {15}, ALLOW, ALLOW},
	{"prctl", {35}, ALLOW, DENY(EINVAL)},
	{"prctl", {53, 0, 2}, ALLOW, DENY(EINVAL)},
	{"prctl", {53, 1, 8}, ALLOW, ALLOW},
	{"prctl", {59}, ALLOW, DENY(EINVAL)},
	{"prctl", {62}, ALLOW, DENY(EINVAL)},
	{"prctl", {67}, ALLOW, DENY(EINVAL)},
	{"prctl", {0x59616d61}, ALLOW, DENY(EINVAL)},
	{"arch_prctl", {0x1002}, ALLOW, ALLOW},
	{"arch_prctl", {0x5001}, ALLOW, ALLOW},
	{"arch_prctl", {0x2001}, ALLOW, DENY(EINVAL)},
	{"arch_prctl", {0x1012}, ALLOW, DENY(EINVAL)},
	{"prctl", {47, 1}, ALLOW, ALLOW},
	{"prctl", {47, 2}, ALLOW, DENY(EINVAL)},
	{"fchmodat2", {0}, ALLOW, ALLOW},
	{"cachestat", {0}, ALLOW, DENY(ENOSYS)},
	{"shmget", {0}, ALLOW, DENY(EPERM)},
	{"setgroups", {0}, ALLOW, DENY(EPERM)},
};

START_TEST(each_named_call_is_answered_as_the_design_says)
{
	const struct expectation *e = &expectations[_i];
	uint32_t arch = bw_seccomp_builtins[0].rules->arch;
	struct bw_seccomp_number call;

	ck_assert_msg(bw_seccomp_lookup(e->call, seccomp_arch_native(), &call), "%s", e->call);
	if (call.number < 0)
		return; /* this architecture never had it */
	ck_assert_msg(ask("baseline", arch, (uint32_t)call.number, e->args) == e->baseline,
		"baseline: %s: %x", e->call, ask("baseline", arch, (uint32_t)call.number, e->args));
	ck_assert_msg(ask("python-node", arch, (uint32_t)call.number, e->args) == e->python_node,
		"python-node: %s: %x", e->call,
		ask("python-node", arch, (uint32_t)call.number, e->args));
}
END_TEST

static const struct {
	const char *call;
	uint64_t args[6];
	uint32_t ports;
} past_ports[] = {
	{"sendto", {3, 0, 0, 0x20000000}, DENY(EOPNOTSUPP)},
	{"sendto", {3, 0, 0, 0x20004000 | ANY_UPPER}, DENY(EOPNOTSUPP)},
	{"sendto", {3, 0, 0x20000000, 0x4000}, ALLOW},
	{"sendmsg", {3, 0, 0x20000000}, DENY(EOPNOTSUPP)},
	{"sendmsg", {3, 0x20000000, 0x40, 0x20000000}, ALLOW},
	{"sendmmsg", {3, 0, 0x20000000, 0x20000000}, DENY(EOPNOTSUPP)},
	{"sendmmsg", {3, 0, 0x20000000, 0}, ALLOW},
	{"socket", {2, 1, 262}, DENY(EPROTONOSUPPORT)},
	{"socket", {10 | ANY_UPPER, 1 | 02000000, 262 | ANY_UPPER}, DENY(EPROTONOSUPPORT)},
	{"socket", {10, 1, 132}, DENY(EPROTONOSUPPORT)},
	{"socket", {2, 5 | 02000000, 0}, DENY(EPROTONOSUPPORT)},
	{"socket", {43, 1, 0}, DENY(EPERM)},
	{"socket", {2, 1, 6}, ALLOW},
	{"socket", {10, 1 | 02000000, 0}, ALLOW},
	{"socket", {2, 2, 17}, ALLOW},
	{"socket", {1, 5, 0}, ALLOW},
	{"io_uring_setup", {0}, DENY(EPERM)},
	{"connect", {0}, ALLOW},
	{"bind", {0}, ALLOW},
	{"mount", {0}, ALLOW},
};

START_TEST(what_gets_past_ports_is_refused)
{
	uint32_t arch = bw_seccomp_builtins[0].rules->arch, got;
	struct bw_seccomp_number call;

	ck_assert(bw_seccomp_lookup(past_ports[_i].call, seccomp_arch_native(), &call) && call.number >= 0);
	got = ask("ports", arch, (uint32_t)call.number, past_ports[_i].args);
	ck_assert_msg(got == past_ports[_i].ports, "%s: %x", past_ports[_i].call, got);
}
END_TEST

START_TEST(other_abis_are_killed_and_unknown_numbers_do_not_exist)
{
	uint32_t native = bw_seccomp_builtins[0].rules->arch;

	for (const struct bw_seccomp_builtin *one = bw_seccomp_builtins; one->rules; one++) {
		const char *name = one->rules->name;

		ck_assert_uint_eq(ask(name, AUDIT_ARCH_I386, 102, NULL), KILL);
		ck_assert_uint_eq(ask(name, AUDIT_ARCH_ARM, 1, NULL), KILL);
		ck_assert_uint_eq(ask(name, native, 600, NULL), DENY(ENOSYS));
		ck_assert_uint_eq(ask(name, native, BW_SECCOMP_NEWEST + 1, NULL), DENY(ENOSYS));
		ck_assert_uint_eq(ask(name, native, UINT32_MAX, NULL), DENY(ENOSYS));
		if (native != AUDIT_ARCH_X86_64)
			continue;
		ck_assert_uint_eq(ask(name, native, X32, NULL), KILL);
		ck_assert_uint_eq(ask(name, native, X32 | 16, NULL), KILL);
		ck_assert_uint_eq(ask(name, native, X32 | 600, NULL), KILL);
		ck_assert_uint_eq(ask(name, native, 0x80000000, NULL), KILL);
		ck_assert_uint_eq(ask(name, native, 0xfffffffe, NULL), KILL);
	}
}
END_TEST

/* --- callers' profiles
 * ------------------------------------------------------------------------------- */

static const struct bw_spec_seccomp *section_of(const char *json)
{
	struct bw_spec *spec;
	char *text = bw_arena_printf(&arena,
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/"
		"\",\"user\":{\"uid\":0,"
		"\"gid\":0},\"args\":[\"x\"]},\"linux\":{\"seccomp\":%s}}",
		json);

	ck_assert_msg(bw_spec_parse(text, strlen(text), "test", &arena, &spec, NULL, &err) == 0,
		"%s", err.text);
	return spec->linux_->seccomp;
}

static const struct bw_spec *docker(void)
{
	const char *top = getenv("srcdir");
	struct bw_spec *spec;
	auto_free char *text = NULL;
	char path[PATH_MAX];
	size_t len;

	snprintf(path, sizeof path, "%s/tests/data/docker-default.json", top ? top : ".");
	ck_assert_msg(bw_read_file(path, 1 << 20, &text, &len, &err) == 0, "%s", err.text);
	ck_assert_msg(
		bw_spec_parse(text, len, path, &arena, &spec, NULL, &err) == 0, "%s", err.text);
	return spec;
}

/* Compiles the section and asks it about a native call. */
static uint32_t ask_section(const char *json, const char *call, uint64_t first, uint64_t second)
{
	const struct bw_spec_seccomp *seccomp = section_of(json);
	auto_program struct bw_seccomp_program program = {0};
	uint64_t args[6] = {first, second};
	struct bw_seccomp_number number = {.number = 600};

	ck_assert_msg(bw_seccomp_filter_check(seccomp, &err) == 0, "%s", err.text);
	ck_assert_msg(bw_seccomp_filter_compile(seccomp, &program, &err) == 0, "%s", err.text);
	if (call)
		ck_assert(bw_seccomp_lookup(call, seccomp_arch_native(), &number));
	return answer(program.v, program.n, bw_seccomp_builtins[0].rules->arch,
		(uint32_t)number.number, args);
}

#define EXECS "{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"}"

static const struct {
	const char *json, *call; /* call NULL: number 600 */
	uint64_t first, second;
	uint32_t want;
} sections[] = {
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" EXECS "]}", "read", 0, 0,
		DENY(EPERM)},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":6,\"syscalls\":[" EXECS "]}",
		"getpid", 0, 0, DENY(ENXIO)},
	/* Newer than execve, the newest named. */
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":6,\"syscalls\":[" EXECS "]}",
		"openat2", 0, 0, DENY(ENOSYS)},
	{"{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":[" EXECS "]}", NULL, 0, 0,
		DENY(ENOSYS)},
	{"{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":[" EXECS "]}", "read", 0, 0,
		KILL},
	{"{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[" EXECS "]}", "read", 0, 0,
		SECCOMP_RET_KILL_THREAD},
	{"{\"defaultAction\":\"SCMP_ACT_TRAP\",\"syscalls\":[" EXECS "]}", "read", 0, 0,
		SECCOMP_RET_TRAP},
	{"{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":7,\"syscalls\":[" EXECS "]}",
		NULL, 0, 0, SECCOMP_RET_TRACE | 7},
	{"{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[" EXECS "]}", NULL, 0, 0,
		SECCOMP_RET_LOG},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", NULL, 0, 0, ALLOW},
	/* Names nobody knows and rules that say what the default says do no harm. */
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\",\"no_such\"],"
	 "\"action\":"
	 "\"SCMP_ACT_ALLOW\"},{\"names\":[\"no_such\",\"getpid\"],\"action\":\"SCMP_ACT_ERRNO\","
	 "\"errnoRet\":11}]}",
		"getpid", 0, 0, DENY(EAGAIN)},
	/* A call that libseccomp 2.5.4 does not know. */
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_"
	 "ARCH_X86\"],"
	 "\"syscalls\":[" EXECS
	 ",{\"names\":[\"mseal\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
	 "\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"mseal", 5, 0, ALLOW},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" EXECS
	 ",{\"names\":[\"mseal\"],\"action\":"
	 "\"SCMP_ACT_ALLOW\"}]}",
		"cachestat", 0, 0, DENY(EPERM)},
	/* Conditions on different arguments go together, on the same one are alternatives. */
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":"
	 "\"SCMP_ACT_ERRNO\","
	 "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":2,"
	 "\"op\":"
	 "\"SCMP_CMP_EQ\"}]}]}",
		"ioctl", 1, 3, ALLOW},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":"
	 "\"SCMP_ACT_ERRNO\","
	 "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":2,"
	 "\"op\":"
	 "\"SCMP_CMP_EQ\"}]}]}",
		"ioctl", 1, 2, DENY(EPERM)},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":"
	 "\"SCMP_ACT_ERRNO\","
	 "\"args\":[{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":2,"
	 "\"op\":"
	 "\"SCMP_CMP_EQ\"}]}]}",
		"ioctl", 0, 2, DENY(EPERM)},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":"
	 "\"SCMP_ACT_ERRNO\","
	 "\"args\":[{\"index\":1,\"value\":240,\"valueTwo\":16,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		"ioctl", 0, 0x1f, DENY(EPERM)},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ioctl\"],\"action\":"
	 "\"SCMP_ACT_ERRNO\","
	 "\"args\":[{\"index\":1,\"value\":18446744073709551615,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"ioctl", 0, UINT64_MAX, DENY(EPERM)},
};

START_TEST(sections_mean_what_runc_makes_of_them)
{
	ck_assert_uint_eq(ask_section(sections[_i].json, sections[_i].call, sections[_i].first,
				  sections[_i].second),
		sections[_i].want);
}
END_TEST

static struct bw_spec_seccomp raw_section(const char *default_action)
{
	return (struct bw_spec_seccomp){.default_action = (char *)(uintptr_t)default_action};
}

START_TEST(a_profile_under_which_nothing_starts_is_refused_with_the_reason)
{
	char *names[] = {(char[]){"execve"}};
	struct bw_spec_seccomp_rule rule = {
		.names = {.v = names, .n = 1}, .action = (char[]){"SCMP_ACT_KILL"}};
	struct bw_spec_seccomp section = raw_section("SCMP_ACT_ERRNO");

	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.text,
		"seccomp profile denies \"execve\", which is needed to start any program "
		"(rule: defaultAction SCMP_ACT_ERRNO)");
	ck_assert_str_eq(err.field, "/linux/seccomp/defaultAction");
	section = raw_section("SCMP_ACT_ALLOW");
	section.syscalls.v = &rule;
	section.syscalls.n = 1;
	ck_assert(!bw_seccomp_filter_permits(&section, "execve"));
	ck_assert(bw_seccomp_filter_permits(&section, "execveat"));
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.field, "/linux/seccomp/syscalls/0");
	ck_assert_int_eq(err.code, BW_E_SPEC);
}
END_TEST

START_TEST(what_asks_an_agent_needs_one_and_leaves_write_alone)
{
	struct bw_spec_seccomp section = raw_section("SCMP_ACT_ALLOW");
	char *names[] = {(char[]){"mkdir"}, (char[]){"write"}};
	struct bw_spec_seccomp_rule rule = {.names = {.v = names, .n = 1}, .action = (char[]){"SCMP_ACT_NOTIFY"}};

	/* Without such a rule the path is of no interest. */
	section.listener_path = (char[]){"/run/agent"};
	ck_assert(!bw_seccomp_filter_notifies(&section));
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), 0);
	section.syscalls.v = &rule;
	section.syscalls.n = 1;
	ck_assert(bw_seccomp_filter_notifies(&section));
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), 0);
	section.listener_path = NULL;
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(
		err.text, "SCMP_ACT_NOTIFY needs an agent to ask: seccomp listenerPath is not set");
	ck_assert_str_eq(err.field, "/linux/seccomp/listenerPath");
	section.listener_path = (char[]){"/run/agent"};
	rule.names.n = 2;
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.text, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	ck_assert_str_eq(err.field, "/linux/seccomp/syscalls/0/names");
	section = raw_section("SCMP_ACT_NOTIFY");
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.text, "SCMP_ACT_NOTIFY cannot be used as default action");
}
END_TEST

START_TEST(wrong_words_and_numbers_are_refused_with_their_place)
{
	struct bw_spec_seccomp section = raw_section("SCMP_ACT_ALLOW");
	struct bw_spec_seccomp_arg arg = {.op = (char[]){"EQ"}};
	struct bw_spec_seccomp_rule rule = {
		.action = (char[]){"SCMP_ACT_ERRNO"}, .errno_ret = {true, 4096}};
	char *archs[] = {(char[]){"SCMP_ARCH_VAX"}};

	section.syscalls.v = &rule;
	section.syscalls.n = 1;
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.text, "seccomp errno 4096 is not between 0 and 4095");
	rule.errno_ret.v = 4095;
	rule.args.v = &arg;
	rule.args.n = 1;
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.field, "/linux/seccomp/syscalls/0/args/0/op");
	arg.op = (char[]){"SCMP_CMP_EQ"};
	arg.index.v = 6;
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.text, "seccomp argument index 6 is not between 0 and 5");
	arg.index.v = 5;
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), 0);
	rule.action = (char[]){"SCMP_ACT_ALLOW"};
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.text, "seccomp action SCMP_ACT_ALLOW cannot carry an errno");
	section.architectures.v = archs;
	section.architectures.n = 1;
	ck_assert_int_eq(bw_seccomp_filter_check(&section, &err), -1);
	ck_assert_str_eq(err.field, "/linux/seccomp/architectures/0");
}
END_TEST

START_TEST(a_rule_that_contradicts_an_earlier_one_is_an_error)
{
	const struct bw_spec_seccomp *section =
		section_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":["
			   "\"ioctl\"],\"action\":\"SCMP_ACT_KILL\","
			   "\"args\":[{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},{"
			   "\"names\":[\"ioctl\"],\"action\":"
			   "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":1,\"value\":1,\"op\":\"SCMP_"
			   "CMP_EQ\"}]}]}");
	struct bw_seccomp_program program;

	ck_assert_int_eq(bw_seccomp_filter_compile(section, &program, &err), -1);
	ck_assert_str_eq(err.text, "seccomp rule for \"ioctl\" contradicts an earlier one");
	ck_assert_str_eq(err.field, "/linux/seccomp/syscalls/1");
}
END_TEST

/* --- the cache
 * --------------------------------------------------------------------------------------- */

static char root[64];
static int cache = -1;

static void cache_setup(void)
{
	setup();
	snprintf(root, sizeof root, "/tmp/bw-seccomp-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	cache = bw_seccomp_cache_open(root);
	ck_assert_int_ge(cache, 0);
}

static void cache_teardown(void)
{
	char command[128];

	close(cache);
	snprintf(command, sizeof command, "rm -rf %s", root);
	ck_assert_int_eq(system(command), 0);
	teardown();
}

static struct bw_seccomp_key key_of(uint64_t number)
{
	struct bw_seccomp_key key;

	bw_sha256_of(&number, sizeof number, key.digest);
	return key;
}

static void name_of(uint64_t number, char name[BW_SHA256_HEX])
{
	struct bw_seccomp_key key = key_of(number);

	bw_sha256_hex(key.digest, name);
}

static struct sock_filter sample[] = {
	{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, ALLOW}};
static const struct bw_seccomp_program sample_program = {sample, BW_COUNT(sample)};

static bool hit(uint64_t number)
{
	struct bw_seccomp_key key = key_of(number);
	auto_program struct bw_seccomp_program program = {0};

	if (!bw_seccomp_cache_load(cache, &key, &program))
		return false;
	ck_assert_uint_eq(program.n, sample_program.n);
	ck_assert_mem_eq(program.v, sample, sizeof sample);
	return true;
}

static void store(uint64_t number)
{
	struct bw_seccomp_key key = key_of(number);

	bw_seccomp_cache_store(cache, &key, &sample_program);
}

START_TEST(a_stored_filter_comes_back_byte_for_byte)
{
	ck_assert(!hit(1));
	store(1);
	ck_assert(hit(1));
	ck_assert(!hit(2));
}
END_TEST

START_TEST(a_damaged_file_is_ignored)
{
	char name[BW_SHA256_HEX];
	struct stat st;
	int fd;

	store(1);
	name_of(1, name);
	fd = openat(cache, name, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		unsigned char byte, changed;

		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		changed = byte ^ 0x10;
		ck_assert_int_eq(pwrite(fd, &changed, 1, at), 1);
		ck_assert_msg(!hit(1), "byte %ld", (long)at);
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	ck_assert(hit(1));
	for (off_t size = st.st_size - 1; size >= 0; size -= 7) {
		ck_assert_int_eq(ftruncate(fd, size), 0);
		ck_assert(!hit(1));
	}
	close(fd);
}
END_TEST

START_TEST(a_file_that_others_could_write_or_swap_is_ignored)
{
	char name[BW_SHA256_HEX], other[BW_SHA256_HEX];

	store(1);
	store(2);
	name_of(1, name);
	name_of(2, other);
	ck_assert_int_eq(fchmodat(cache, name, 0620, 0), 0);
	ck_assert(!hit(1));
	ck_assert_int_eq(fchmodat(cache, name, 0604, 0), 0);
	ck_assert(!hit(1));
	ck_assert_int_eq(fchmodat(cache, name, 0600, 0), 0);
	ck_assert(hit(1));
	if (geteuid() == 0) {
		ck_assert_int_eq(fchownat(cache, name, 65534, 65534, 0), 0);
		ck_assert(!hit(1));
	}
	ck_assert_int_eq(unlinkat(cache, name, 0), 0);
	ck_assert_int_eq(symlinkat(other, cache, name), 0);
	ck_assert(!hit(1));
	/* Another filter's file under this name is whole, but it is not the one asked for. */
	ck_assert_int_eq(renameat(cache, other, cache, name), 0);
	ck_assert(!hit(1));
}
END_TEST

START_TEST(a_directory_that_others_could_write_is_not_used)
{
	char path[128];

	snprintf(path, sizeof path, "%s/.cache", root);
	ck_assert_int_eq(chmod(path, 0770), 0);
	ck_assert_int_eq(bw_seccomp_cache_open(root), -1);
	ck_assert_int_eq(chmod(path, 0700), 0);
	snprintf(path, sizeof path, "%s/.cache/seccomp", root);
	ck_assert_int_eq(chmod(path, 0701), 0);
	ck_assert_int_eq(bw_seccomp_cache_open(root), -1);
	ck_assert_int_eq(bw_seccomp_cache_open("/nonexistent"), -1);
}
END_TEST

START_TEST(the_cache_does_not_grow_beyond_its_limit)
{
	unsigned there = 0;

	for (uint64_t i = 0; i < BW_SECCOMP_CACHE_FILES + 10; i++)
		store(i);
	for (uint64_t i = 0; i < BW_SECCOMP_CACHE_FILES + 10; i++)
		there += hit(i);
	ck_assert_uint_eq(there, BW_SECCOMP_CACHE_FILES);
	ck_assert(hit(BW_SECCOMP_CACHE_FILES + 9));
}
END_TEST

START_TEST(every_part_of_a_section_changes_its_key)
{
	static const char *const texts[] = {
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\"}",
		"{\"defaultAction\":\"SCMP_ACT_LOG\"}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":0,\"syscalls\":[" EXECS
		"]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"syscalls\":[" EXECS
		"]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" EXECS "]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" EXECS "," EXECS "]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X32\"]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\",\"b\"],"
		"\"action\":\"SCMP_ACT_LOG\"}]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ab\"],"
		"\"action\":\"SCMP_ACT_LOG\"}]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ab\"],"
		"\"action\":\"SCMP_ACT_LOG\","
		"\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ab\"],"
		"\"action\":\"SCMP_ACT_LOG\","
		"\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_NE\"}]}]}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"ab\"],"
		"\"action\":\"SCMP_ACT_LOG\","
		"\"args\":[{\"index\":0,\"value\":1,\"valueTwo\":1,\"op\":\"SCMP_CMP_NE\"}]}]}",
	};
	struct bw_seccomp_key keys[BW_COUNT(texts)], again;

	for (size_t i = 0; i < BW_COUNT(texts); i++) {
		bw_seccomp_cache_key(section_of(texts[i]), &keys[i]);
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(
				memcmp(&keys[i], &keys[j], sizeof *keys) != 0, "%zu %zu", i, j);
	}
	bw_seccomp_cache_key(section_of(texts[0]), &again);
	ck_assert_mem_eq(&again, &keys[0], sizeof again);
}
END_TEST

/* --- the control
 * ------------------------------------------------------------------------------------- */

static struct bw_host host;
static struct bw_spec spec;
static struct bw_spec_linux linux_section;
static struct bw_spec_process process;
static struct bw_spec_hardening hardening;
static char state_dir[96];
static struct bw_plan plan;

static struct bw_request request_for(const struct bw_spec_seccomp *seccomp, const char *baseline)
{
	memset(&host, 0, sizeof host);
	ck_assert_int_eq(bw_seccomp.probe(&host, &arena, &err), 0);
	hardening = (struct bw_spec_hardening){.seccomp_baseline = (char *)(uintptr_t)baseline};
	linux_section =
		(struct bw_spec_linux){.seccomp = (struct bw_spec_seccomp *)(uintptr_t)seccomp};
	spec = (struct bw_spec){
		.linux_ = &linux_section, .hardening = &hardening, .process = &process};
	process = (struct bw_spec_process){.no_new_privileges = {true, true}};
	plan = (struct bw_plan)BW_PLAN_INIT;
	snprintf(state_dir, sizeof state_dir, "%s/c1", root);
	return (struct bw_request){.spec = &spec,
		.process = &process,
		.host = &host,
		.arena = &arena,
		.state_dir = state_dir};
}

START_TEST(both_filters_are_loaded_last_and_ours_first)
{
	struct bw_request request = request_for(docker()->linux_->seccomp, "baseline");
	char words[128];

	ck_assert_msg(bw_seccomp.prepare(&request, &plan, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(plan.n, 2);
	ck_assert_uint_eq(plan.steps[0].phase, BW_PHASE_FILTER);
	ck_assert_uint_eq(plan.steps[1].phase, BW_PHASE_FILTER);
	bw_seccomp.say(plan.steps[0].op, bw_plan_data(&plan, &plan.steps[0]), plan.steps[0].len,
		words, sizeof words);
	ck_assert_ptr_nonnull(strstr(words, "load bulwark's filter ("));
	bw_seccomp.say(plan.steps[1].op, bw_plan_data(&plan, &plan.steps[1]), plan.steps[1].len,
		words, sizeof words);
	ck_assert_ptr_nonnull(strstr(words, "load the container's filter ("));
	ck_assert_ptr_nonnull(strstr(words, "seccomp filter flags: 4"));
	bw_plan_done(&plan);
}
END_TEST

START_TEST(ports_bring_a_filter_whatever_else_there_is)
{
	static uint64_t ports[] = {443};
	struct bw_request request = request_for(NULL, NULL);

	hardening.landlock_bind = (struct bw_uints){ports, 1};
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	ck_assert_uint_eq(plan.n, 0);
	hardening.landlock_connect = (struct bw_uints){ports, 0};
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	ck_assert_uint_eq(plan.n, 1);
	ck_assert_str_eq(plan.layers[0].what, "filter ports");
	bw_plan_done(&plan);
	hardening.landlock_connect.v = hardening.landlock_bind.v = NULL;
}
END_TEST

START_TEST(without_no_new_privs_filters_are_loaded_while_we_may)
{
	struct bw_request request = request_for(docker()->linux_->seccomp, "baseline");

	process.no_new_privileges.v = false;
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	ck_assert_uint_eq(plan.steps[0].phase, BW_PHASE_EARLY_FILTER);
	ck_assert_uint_eq(plan.steps[1].phase, BW_PHASE_EARLY_FILTER);
	bw_plan_done(&plan);
	hardening.seccomp_baseline = (char[]){"python-node"};
	plan = (struct bw_plan)BW_PLAN_INIT;
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), -1);
	ck_assert_str_eq(err.text, "seccomp filter python-node needs noNewPrivileges");
}
END_TEST

/* In place of the container's, which is not even looked at, and under ours. */
START_TEST(a_filter_that_learns_stands_under_ours)
{
	static const enum bw_phase phases[] = {BW_PHASE_EARLY_FILTER, BW_PHASE_PROGRAM};
	struct bw_spec_seccomp section = raw_section("SCMP_ACT_NOTIFY");
	struct bw_request request = request_for(&section, "baseline");
	struct bw_recorder recorder = BW_RECORDER_INIT;
	char words[128];

	process.no_new_privileges.v = _i;
	request.recorder = &recorder;
	ck_assert_msg(bw_seccomp.prepare(&request, &plan, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(plan.n, 2);
	for (size_t i = 0; i < plan.n; i++) {
		ck_assert_uint_eq(plan.steps[i].phase, phases[_i]);
		bw_seccomp.say(plan.steps[i].op, bw_plan_data(&plan, &plan.steps[i]), plan.steps[i].len, words, sizeof words);
		ck_assert_ptr_nonnull(strstr(words, i ? "load a filter that learns (" : "load bulwark's filter ("));
	}
	ck_assert_uint_eq(plan.degraded_n, 1);
	ck_assert_uint_eq(plan.layers_n, 1);
	ck_assert_str_eq(plan.layers[0].what, "filter baseline");
	bw_plan_done(&plan);
	linux_section.seccomp = NULL;
	plan = (struct bw_plan)BW_PLAN_INIT;
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	ck_assert_uint_eq(plan.n, 2);
	ck_assert_uint_eq(plan.degraded_n, 0);
	bw_plan_done(&plan);
	hardening.seccomp_baseline = NULL;
	plan = (struct bw_plan)BW_PLAN_INIT;
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	ck_assert_uint_eq(plan.n, 1);
	ck_assert_uint_eq(plan.layers_n, 0);
	bw_plan_done(&plan);
}
END_TEST

START_TEST(a_second_start_finds_the_filter_and_gets_the_same)
{
	struct bw_request request = request_for(docker()->linux_->seccomp, NULL);
	struct bw_plan first;

	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	first = plan;
	plan = (struct bw_plan)BW_PLAN_INIT;
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	ck_assert_uint_eq(plan.steps[0].len, first.steps[0].len);
	ck_assert_mem_eq(bw_plan_data(&plan, &plan.steps[0]), bw_plan_data(&first, &first.steps[0]),
		first.steps[0].len);
	bw_plan_done(&first);
	bw_plan_done(&plan);
}
END_TEST

static const struct {
	const char *flags;
	const char *want;
} flag_cases[] = {
	{"", "flags: 4"},
	{",\"flags\":[]", "flags: 0"},
	{",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]", "flags: 2"},
	{",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\"]", "flags: 0"},
	{",\"flags\":[\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\",\"SECCOMP_FILTER_FLAG_LOG\"]", "flags: 6"},
	{",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]",
		"flags: 4"},
};

START_TEST(flags_are_counted_as_runc_counts_them)
{
	char *json = bw_arena_printf(
		&arena, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"%s}", flag_cases[_i].flags);
	struct bw_request request = request_for(section_of(json), NULL);
	char words[128];

	ck_assert_msg(bw_seccomp.prepare(&request, &plan, &err) == 0, "%s", err.text);
	bw_seccomp.say(plan.steps[0].op, bw_plan_data(&plan, &plan.steps[0]), plan.steps[0].len,
		words, sizeof words);
	ck_assert_msg(strstr(words, flag_cases[_i].want) != NULL, "%s", words);
	bw_plan_done(&plan);
}
END_TEST

START_TEST(what_the_host_or_the_policy_cannot_have_is_refused)
{
	char *flags[] = {(char[]){"SECCOMP_FILTER_FLAG_LOG"}}, *families[] = {(char[]){"io_urnig"}};
	struct bw_spec_seccomp section = raw_section("SCMP_ACT_ALLOW");
	struct bw_request request = request_for(&section, NULL);

	section.flags = (struct bw_strs){.v = flags, .n = 1};
	host.seccomp_flags.n = 0;
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), -1);
	ck_assert_str_eq(err.text, "this kernel does not know SECCOMP_FILTER_FLAG_LOG");
	ck_assert_str_eq(err.field, "/linux/seccomp/flags/0");
	flags[0] = (char[]){"SECCOMP_FILTER_FLAG_LGO"};
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), -1);
	ck_assert_str_eq(err.text, "unknown seccomp flag \"SECCOMP_FILTER_FLAG_LGO\"");
	request = request_for(NULL, "baseline");
	hardening.seccomp_allow = (struct bw_strs){.v = families, .n = 1};
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), -1);
	ck_assert_str_eq(err.text,
		"seccomp filter baseline has no family \"io_urnig\" that could be allowed");
	request = request_for(NULL, "baseline");
	host.seccomp.v = false;
	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), -1);
	ck_assert_str_eq(err.text, "this kernel has no seccomp filters");
	ck_assert_int_eq(err.code, BW_E_HOST);
	bw_plan_done(&plan);
}
END_TEST

START_TEST(nothing_asked_is_nothing_done)
{
	struct bw_request request = request_for(NULL, NULL);

	ck_assert_int_eq(bw_seccomp.prepare(&request, &plan, &err), 0);
	ck_assert_uint_eq(plan.n, 0);
}
END_TEST

/* FIPS 180-4's examples, and the lengths around the padding's edges against themselves in pieces.
 */
START_TEST(sha256_gives_the_published_digests)
{
	static const struct {
		const char *text, *hex;
	} known[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	unsigned char digest[BW_SHA256_BYTES], pieces[BW_SHA256_BYTES];
	char hex[BW_SHA256_HEX], many[200];

	for (size_t i = 0; i < BW_COUNT(known); i++) {
		bw_sha256_of(known[i].text, strlen(known[i].text), digest);
		bw_sha256_hex(digest, hex);
		ck_assert_str_eq(hex, known[i].hex);
	}
	memset(many, 'a', sizeof many);
	for (size_t len = 0; len <= sizeof many; len++) {
		struct bw_sha256 hash;

		bw_sha256_of(many, len, digest);
		bw_sha256_begin(&hash);
		for (size_t at = 0; at < len; at++)
			bw_sha256_add(&hash, many + at, 1);
		bw_sha256_end(&hash, pieces);
		ck_assert_mem_eq(digest, pieces, sizeof digest);
	}
	bw_sha256_of(many, 64, digest);
	bw_sha256_hex(digest, hex);
	ck_assert_str_eq(hex, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}
END_TEST

static TCase *tcase(Suite *suite, const char *name, void (*before)(void), void (*after)(void))
{
	TCase *one = tcase_create(name);

	tcase_add_checked_fixture(one, before, after);
	tcase_set_timeout(one, 60);
	suite_add_tcase(suite, one);
	return one;
}

int main(void)
{
	Suite *suite = suite_create("seccomp");
	TCase *ours = tcase(suite, "ours", setup, teardown),
	      *callers = tcase(suite, "callers", setup, teardown);
	TCase *cached = tcase(suite, "cache", cache_setup, cache_teardown);
	TCase *control = tcase(suite, "control", cache_setup, cache_teardown);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(ours, what_python_node_allows_baseline_allows);
	tcase_add_loop_test(
		ours, each_named_call_is_answered_as_the_design_says, 0, BW_COUNT(expectations));
	tcase_add_loop_test(ours, what_gets_past_ports_is_refused, 0, (int)BW_COUNT(past_ports));
	tcase_add_test(ours, other_abis_are_killed_and_unknown_numbers_do_not_exist);
	tcase_add_test(ours, sha256_gives_the_published_digests);
	tcase_add_loop_test(callers, sections_mean_what_runc_makes_of_them, 0, BW_COUNT(sections));
	tcase_add_test(callers, a_profile_under_which_nothing_starts_is_refused_with_the_reason);
	tcase_add_test(callers, what_asks_an_agent_needs_one_and_leaves_write_alone);
	tcase_add_test(callers, wrong_words_and_numbers_are_refused_with_their_place);
	tcase_add_test(callers, a_rule_that_contradicts_an_earlier_one_is_an_error);
	tcase_add_test(cached, a_stored_filter_comes_back_byte_for_byte);
	tcase_add_test(cached, a_damaged_file_is_ignored);
	tcase_add_test(cached, a_file_that_others_could_write_or_swap_is_ignored);
	tcase_add_test(cached, a_directory_that_others_could_write_is_not_used);
	tcase_add_test(cached, the_cache_does_not_grow_beyond_its_limit);
	tcase_add_test(cached, every_part_of_a_section_changes_its_key);
	tcase_add_test(control, both_filters_are_loaded_last_and_ours_first);
	tcase_add_test(control, ports_bring_a_filter_whatever_else_there_is);
	tcase_add_test(control, without_no_new_privs_filters_are_loaded_while_we_may);
	tcase_add_loop_test(control, a_filter_that_learns_stands_under_ours, 0, 2);
	tcase_add_test(control, a_second_start_finds_the_filter_and_gets_the_same);
	tcase_add_loop_test(
		control, flags_are_counted_as_runc_counts_them, 0, BW_COUNT(flag_cases));
	tcase_add_test(control, what_the_host_or_the_policy_cannot_have_is_refused);
	tcase_add_test(control, nothing_asked_is_nothing_done);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
