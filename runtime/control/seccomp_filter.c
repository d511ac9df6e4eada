/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_filter.c - from the words of config-linux.md, "Seccomp", to a program. libseccomp writes
 * the program; in front of it we put a few instructions for calls that are too new for the profile.
 */
#include "control/seccomp_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/seccomp_names.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* libseccomp up to 2.5.4 goes wrong with a tree over no rules; below this many a list is as good.
 */
enum {
	TREE_FROM_RULES = 32,
	ERRNO_MAX = 4095,
	TRACE_MAX = 65535,
	ARGS_MAX = 6,
	X32_BIT = 0x40000000
};

const char *const bw_seccomp_action_names[] = {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", NULL};

#define NOTIFY "SCMP_ACT_NOTIFY"

enum data { NO_DATA, ERRNO_DATA, TRACE_DATA };

/* In the order of the names. refuses: a program does not get what it asked for; lenient: calls
 * unknown to the profile are let through, or go to a tracer, which knows better than an ENOSYS from
 * us (runc). */
static const struct action {
	uint32_t value;
	enum data data;
	bool refuses, lenient;
} actions[] = {
	{SCMP_ACT_KILL_THREAD, NO_DATA, true, false},
	{SCMP_ACT_KILL_PROCESS, NO_DATA, true, false},
	{SCMP_ACT_KILL_THREAD, NO_DATA, true, false},
	{SCMP_ACT_TRAP, NO_DATA, true, false},
	{SCMP_ACT_ERRNO(0), ERRNO_DATA, true, false},
	{SCMP_ACT_TRACE(0), TRACE_DATA, false, true},
	{SCMP_ACT_ALLOW, NO_DATA, false, true},
	{SCMP_ACT_LOG, NO_DATA, false, true},
	{SCMP_ACT_NOTIFY, NO_DATA, false, false},
};

const char *const bw_seccomp_operator_names[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",
	"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL};
static const enum scmp_compare operators[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ,
	SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};

/* The audit token is shared by x86-64 and x32. */
const char *const bw_seccomp_arch_names[] = {"SCMP_ARCH_NATIVE", "SCMP_ARCH_X86",
	"SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE",
	"SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64",
	"SCMP_ARCH_RISCV64", NULL};
static const uint32_t archs[] = {SCMP_ARCH_NATIVE, SCMP_ARCH_X86, SCMP_ARCH_X86_64, SCMP_ARCH_X32,
	SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32,
	SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PPC, SCMP_ARCH_PPC64,
	SCMP_ARCH_PPC64LE, SCMP_ARCH_S390, SCMP_ARCH_S390X, SCMP_ARCH_PARISC, SCMP_ARCH_PARISC64,
	SCMP_ARCH_RISCV64};

_Static_assert(BW_COUNT(actions) == BW_COUNT(bw_seccomp_action_names) - 1, "one row per action");
_Static_assert(BW_COUNT(operators) == BW_COUNT(bw_seccomp_operator_names) - 1, "one per operator");
_Static_assert(BW_COUNT(archs) == BW_COUNT(bw_seccomp_arch_names) - 1, "one per architecture");

const struct bw_seccomp_flag bw_seccomp_flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC, false, false},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, false, true},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, false, true},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, true,
		true},
	{NULL, 0, false, false},
};

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}
#define auto_ctx __attribute__((cleanup(release)))

/* Place of word in a list of names, or -1. */
static int place_of(const char *const *names, const char *word)
{
	for (int i = 0; word && names[i]; i++)
		if (bw_streq(names[i], word))
			return i;
	return -1;
}

static const struct action *action_of(const char *name)
{
	int at = place_of(bw_seccomp_action_names, name);

	return at < 0 ? NULL : &actions[at];
}

/* Names that were checked before; one that is not known counts as the native architecture. */
static uint32_t arch_of(const char *name)
{
	int at = place_of(bw_seccomp_arch_names, name);

	return at < 0 ? SCMP_ARCH_NATIVE : archs[at];
}

/* EPERM where the profile names no errno, as the spec has it. */
static uint32_t action_value(const struct action *action, const struct bw_opt_uint *number)
{
	uint32_t data = number->set ? (uint32_t)number->v : EPERM;

	switch (action->data) {
	case ERRNO_DATA:
		return SCMP_ACT_ERRNO(data);
	case TRACE_DATA:
		return SCMP_ACT_TRACE(data);
	case NO_DATA:
		break;
	}
	return action->value;
}

static int check_action(const char *name, const struct bw_opt_uint *number, struct bw_err *err)
{
	const struct action *action = action_of(name);
	uint64_t max;

	if (!action)
		return bw_fail(
			err, BW_E_SPEC, 0, "unknown seccomp action \"%s\"", name ? name : "");
	if (!number->set)
		return 0;
	if (action->data == NO_DATA)
		return bw_fail(err, BW_E_SPEC, 0, "seccomp action %s cannot carry an errno", name);
	max = action->data == TRACE_DATA ? TRACE_MAX : ERRNO_MAX;
	if (number->v > max)
		return bw_fail(err, BW_E_SPEC, 0, "seccomp errno %llu is not between 0 and %llu",
			(unsigned long long)number->v, (unsigned long long)max);
	return 0;
}

static bool notifies(const struct bw_spec_seccomp_rule *rule)
{
	return bw_streq0(rule->action, NOTIFY);
}

static bool rule_names(const struct bw_spec_seccomp_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->names.n; i++)
		if (bw_streq(rule->names.v[i], name))
			return true;
	return false;
}

static int check_rule(const struct bw_spec_seccomp_rule *rule, struct bw_err *err)
{
	if (check_action(rule->action, &rule->errno_ret, err) < 0)
		return bw_at(err, "/action");
	/* With it the number of the listener's descriptor is told, before anybody listens. */
	if (notifies(rule) && rule_names(rule, "write")) {
		bw_fail(err, BW_E_SPEC, 0, NOTIFY " cannot be used for the write syscall");
		return bw_at(err, "/names");
	}
	for (size_t i = 0; i < rule->args.n; i++) {
		const struct bw_spec_seccomp_arg *arg = &rule->args.v[i];

		if (place_of(bw_seccomp_operator_names, arg->op) < 0) {
			bw_fail(err, BW_E_SPEC, 0, "unknown seccomp operator \"%s\"",
				arg->op ? arg->op : "");
			return bw_at(err, "/args/%zu/op", i);
		}
		if (arg->index.v >= ARGS_MAX) {
			bw_fail(err, BW_E_SPEC, 0,
				"seccomp argument index %llu is not between 0 and 5",
				(unsigned long long)arg->index.v);
			return bw_at(err, "/args/%zu/index", i);
		}
	}
	return 0;
}

static int check_lists(const struct bw_spec_seccomp *seccomp, struct bw_err *err)
{
	for (size_t i = 0; i < seccomp->architectures.n; i++) {
		if (place_of(bw_seccomp_arch_names, seccomp->architectures.v[i]) >= 0)
			continue;
		bw_fail(err, BW_E_SPEC, 0, "unknown seccomp architecture \"%s\"",
			seccomp->architectures.v[i]);
		return bw_at(err, "/linux/seccomp/architectures/%zu", i);
	}
	for (size_t i = 0; i < seccomp->syscalls.n; i++) {
		struct bw_err inner = {0};

		if (check_rule(&seccomp->syscalls.v[i], &inner) == 0)
			continue;
		bw_fail(err, BW_E_SPEC, 0, "%s", inner.text);
		return bw_at(err, "/linux/seccomp/syscalls/%zu%s", i, inner.field);
	}
	return 0;
}

/* The rule that decides over name whatever the arguments; *ret_depends when only rules with
 * arguments name it. As in libseccomp: a rule without arguments beats those with, the first of
 * several is the one. */
static const struct bw_spec_seccomp_rule *deciding_rule(
	const struct bw_spec_seccomp *seccomp, const char *name, bool *ret_depends)
{
	*ret_depends = false;
	for (size_t i = 0; i < seccomp->syscalls.n; i++) {
		const struct bw_spec_seccomp_rule *rule = &seccomp->syscalls.v[i];

		if (!rule_names(rule, name))
			continue;
		if (!rule->args.n)
			return rule;
		*ret_depends = true;
	}
	return NULL;
}

static int check_startable(const struct bw_spec_seccomp *seccomp, struct bw_err *err)
{
	const struct bw_spec_seccomp_rule *rule;
	bool depends;

	if (bw_seccomp_filter_permits(seccomp, "execve"))
		return 0;
	rule = deciding_rule(seccomp, "execve", &depends);
	bw_fail(err, BW_E_SPEC, 0,
		"seccomp profile denies \"execve\", which is needed to start any program (%s %s)",
		rule ? "rule: action" : "rule: defaultAction",
		rule ? rule->action : seccomp->default_action);
	if (rule)
		return bw_at(
			err, "/linux/seccomp/syscalls/%zu", (size_t)(rule - seccomp->syscalls.v));
	return bw_at(err, "/linux/seccomp/defaultAction");
}

bool bw_seccomp_filter_permits(const struct bw_spec_seccomp *seccomp, const char *name)
{
	bool depends;
	const struct bw_spec_seccomp_rule *rule = deciding_rule(seccomp, name, &depends);
	const struct action *action = action_of(rule ? rule->action : seccomp->default_action);

	return depends || !action || !action->refuses;
}

bool bw_seccomp_filter_notifies(const struct bw_spec_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->syscalls.n; i++)
		if (notifies(&seccomp->syscalls.v[i]))
			return true;
	return false;
}

int bw_seccomp_filter_check(const struct bw_spec_seccomp *seccomp, struct bw_err *err)
{
	if (bw_streq0(seccomp->default_action, NOTIFY)) {
		bw_fail(err, BW_E_SPEC, 0, NOTIFY " cannot be used as default action");
		return bw_at(err, "/linux/seccomp/defaultAction");
	}
	if (bw_seccomp_filter_notifies(seccomp) && (!seccomp->listener_path || !seccomp->listener_path[0])) {
		bw_fail(err, BW_E_SPEC, 0, NOTIFY " needs an agent to ask: seccomp listenerPath is not set");
		return bw_at(err, "/linux/seccomp/listenerPath");
	}
	if (check_action(seccomp->default_action, &seccomp->default_errno_ret, err) < 0)
		return bw_at(err, "/linux/seccomp/defaultAction");
	if (check_lists(seccomp, err) < 0)
		return -1;
	return check_startable(seccomp, err);
}

static int library_failed(struct bw_err *err, int r, const char *what)
{
	return bw_fail(err, BW_E_INTERNAL, -r, "libseccomp: %s", what);
}

enum scope { EVERY_ARCH, NATIVE_ARCH, FOREIGN_ARCHS };

static int add_archs(const struct bw_spec_seccomp *seccomp, scmp_filter_ctx ctx, struct bw_err *err)
{
	for (size_t i = 0; i < seccomp->architectures.n; i++) {
		const char *name = seccomp->architectures.v[i];
		uint32_t arch = arch_of(name);
		int r;

		if (arch == SCMP_ARCH_NATIVE || arch == seccomp_arch_native())
			continue;
		r = seccomp_arch_add(ctx, arch);
		if (r < 0 && r != -EEXIST) {
			bw_fail(err, BW_E_SPEC, -r, "adding seccomp architecture %s", name);
			return bw_at(err, "/linux/seccomp/architectures/%zu", i);
		}
	}
	return 0;
}

static int make_context(const struct bw_spec_seccomp *seccomp, uint32_t default_action,
	enum scope scope, scmp_filter_ctx *ret, struct bw_err *err)
{
	auto_ctx scmp_filter_ctx ctx = seccomp_init(default_action);
	int r;

	if (!ctx)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "making a seccomp filter");
	if (scope != NATIVE_ARCH && add_archs(seccomp, ctx, err) < 0)
		return -1;
	if (scope == FOREIGN_ARCHS && (r = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE)) < 0)
		return library_failed(err, r, "removing the native architecture");
	*ret = take_ptr(&ctx);
	return 0;
}

static bool same_index_twice(const struct bw_spec_seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->args.n; i++) {
		unsigned bit = 1U << rule->args.v[i].index.v;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static int add_conditions(
	scmp_filter_ctx ctx, uint32_t action, int number, const struct bw_spec_seccomp_rule *rule)
{
	struct scmp_arg_cmp cmp[ARGS_MAX];
	bool apart = same_index_twice(rule);
	int r = 0;

	for (size_t i = 0; i < rule->args.n && r == 0; i++) {
		const struct bw_spec_seccomp_arg *arg = &rule->args.v[i];
		size_t at = apart ? 0 : i;

		cmp[at] = (struct scmp_arg_cmp){.arg = (unsigned)arg->index.v,
			.op = operators[place_of(bw_seccomp_operator_names, arg->op)],
			.datum_a = arg->value.v,
			.datum_b = arg->value_two.v};
		/* libseccomp takes each argument once per rule; runc makes alternatives of the
		 * rest. */
		if (apart)
			r = seccomp_rule_add_array(ctx, action, number, 1, cmp);
	}
	return apart ? r : seccomp_rule_add_array(ctx, action, number, (unsigned)rule->args.n, cmp);
}

/* Names that nobody knows are passed over: profiles are written for many kernels. */
static int add_rule(scmp_filter_ctx ctx, enum scope scope, uint32_t default_action,
	const struct bw_spec_seccomp_rule *rule, struct bw_err *err)
{
	uint32_t action = action_value(action_of(rule->action), &rule->errno_ret);

	if (action == default_action)
		return 0;
	for (size_t i = 0; i < rule->names.n; i++) {
		struct bw_seccomp_number call;
		int r;

		if (!bw_seccomp_lookup(rule->names.v[i], seccomp_arch_native(), &call) ||
			(call.younger && (scope == FOREIGN_ARCHS || call.number < 0)))
			continue;
		r = add_conditions(ctx, action, call.number, rule);
		if (r == -EEXIST)
			return bw_fail(err, BW_E_SPEC, 0,
				"seccomp rule for \"%s\" contradicts an earlier one",
				rule->names.v[i]);
		if (r < 0)
			return bw_fail(err, BW_E_INTERNAL, -r,
				"libseccomp: adding the rule for \"%s\"", rule->names.v[i]);
	}
	return 0;
}

/* The rules on the architectures of scope in a context that the caller releases. */
static int fill_context(const struct bw_spec_seccomp *seccomp, enum scope scope,
	scmp_filter_ctx *ret, struct bw_err *err)
{
	auto_ctx scmp_filter_ctx ctx = NULL;
	uint32_t action =
		action_value(action_of(seccomp->default_action), &seccomp->default_errno_ret);

	if (make_context(seccomp, action, scope, &ctx, err) < 0)
		return -1;
	for (size_t i = 0; i < seccomp->syscalls.n; i++)
		if (add_rule(ctx, scope, action, &seccomp->syscalls.v[i], err) < 0)
			return bw_at(err, "/linux/seccomp/syscalls/%zu", i);
	*ret = take_ptr(&ctx);
	return 0;
}

static bool names_younger_call(const struct bw_spec_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->syscalls.n; i++) {
		const struct bw_strs *names = &seccomp->syscalls.v[i].names;
		struct bw_seccomp_number call;

		for (size_t j = 0; j < names->n; j++)
			if (bw_seccomp_lookup(names->v[j], seccomp_arch_native(), &call) &&
				call.younger)
				return true;
	}
	return false;
}

static bool names_foreign_arch(const struct bw_spec_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->architectures.n; i++) {
		uint32_t arch = arch_of(seccomp->architectures.v[i]);

		if (arch != SCMP_ARCH_NATIVE && arch != seccomp_arch_native())
			return true;
	}
	return false;
}

static size_t count_names(const struct bw_spec_seccomp *seccomp)
{
	size_t n = 0;

	for (size_t i = 0; i < seccomp->syscalls.n; i++)
		n += seccomp->syscalls.v[i].names.n;
	return n;
}

/* Native and foreign rules made apart, then joined: libseccomp takes bare numbers, of calls that it
 * has no name for, only where there is no other architecture to translate them to. */
static int join_contexts(
	const struct bw_spec_seccomp *seccomp, scmp_filter_ctx *ret, struct bw_err *err)
{
	auto_ctx scmp_filter_ctx native = NULL, foreign = NULL;
	int r;

	if (fill_context(seccomp, NATIVE_ARCH, &native, err) < 0 ||
		fill_context(seccomp, FOREIGN_ARCHS, &foreign, err) < 0)
		return -1;
	r = seccomp_merge(native, foreign);
	if (r < 0)
		return library_failed(err, r, "joining architectures");
	foreign = NULL; /* released by the merge */
	*ret = take_ptr(&native);
	return 0;
}

static int build_context(
	const struct bw_spec_seccomp *seccomp, scmp_filter_ctx *ret, struct bw_err *err)
{
	auto_ctx scmp_filter_ctx ctx = NULL;
	bool apart = names_younger_call(seccomp) && names_foreign_arch(seccomp);
	int r = apart ? join_contexts(seccomp, &ctx, err)
		      : fill_context(seccomp, EVERY_ARCH, &ctx, err);

	if (r < 0)
		return -1;
	if (count_names(seccomp) > TREE_FROM_RULES) {
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		if (r < 0)
			return library_failed(err, r, "asking for a tree");
	}
	*ret = take_ptr(&ctx);
	return 0;
}

/* libseccomp 2.5 writes to a descriptor only, so through memory that has one. */
static int export_program(scmp_filter_ctx ctx, struct bw_seccomp_program *ret, struct bw_err *err)
{
	auto_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
	auto_free char *bytes = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "memfd_create");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return library_failed(err, r, "writing the filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "lseek");
	if (bw_read_fd(fd, "seccomp filter", BPF_MAXINSNS * sizeof *ret->v, &bytes, &len, err) < 0)
		return -1;
	if (!len || len % sizeof *ret->v)
		return bw_fail(err, BW_E_INTERNAL, 0, "libseccomp wrote %zu bytes of filter", len);
	ret->v = (void *)take_ptr(&bytes);
	ret->n = len / sizeof *ret->v;
	return 0;
}

/* The largest number that the profile names on arch; -1: none. */
static int64_t newest_named(const struct bw_spec_seccomp *seccomp, uint32_t arch)
{
	int64_t newest = -1;

	for (size_t i = 0; i < seccomp->syscalls.n; i++) {
		const struct bw_strs *names = &seccomp->syscalls.v[i].names;

		for (size_t j = 0; j < names->n; j++) {
			struct bw_seccomp_number call;

			if (bw_seccomp_lookup(names->v[j], arch, &call) && call.number > newest)
				newest = call.number;
		}
	}
	return newest;
}

/* AUDIT_ARCH_* of an SCMP_ARCH_*: the same but for x32. */
static uint32_t audit_arch(uint32_t scmp_arch)
{
	return scmp_arch == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : scmp_arch;
}

struct prologue {
	struct sock_filter v[8 * BW_COUNT(archs)];
	size_t n;
};

static void put(struct prologue *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	p->v[p->n++] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

/* For one architecture: not this one, go behind; too new, ENOSYS. Each part loads the
 * token again, so that parts do not depend on each other. */
static void put_arch(struct prologue *p, uint32_t scmp_arch, uint32_t newest)
{
	bool x32 = scmp_arch == SCMP_ARCH_X32, shared = x32 || scmp_arch == SCMP_ARCH_X86_64;
	uint8_t rest = shared ? 4 : 3;

	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, rest, audit_arch(scmp_arch));
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	if (shared)
		put(p, BPF_JMP | BPF_JSET | BPF_K, x32 ? 0 : 2, x32 ? 2 : 0, X32_BIT);
	put(p, BPF_JMP | BPF_JGT | BPF_K, 0, 1, newest);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
}

/* Native first: it is what nearly every call is. */
static void make_prologue(const struct bw_spec_seccomp *seccomp, struct prologue *p)
{
	uint32_t done[BW_COUNT(archs)], arch = seccomp_arch_native();
	size_t done_n = 0;

	for (size_t i = 0; i <= seccomp->architectures.n; i++) {
		int64_t newest;
		bool again = false;

		if (i > 0)
			arch = arch_of(seccomp->architectures.v[i - 1]);
		for (size_t j = 0; j < done_n; j++)
			again = again || done[j] == arch;
		if (again || arch == SCMP_ARCH_NATIVE)
			continue;
		done[done_n++] = arch;
		newest = newest_named(seccomp, arch);
		if (newest >= 0)
			put_arch(p, arch, (uint32_t)newest);
	}
}

static int put_in_front(
	const struct prologue *p, struct bw_seccomp_program *program, struct bw_err *err)
{
	size_t n = p->n + program->n;
	struct sock_filter *both;

	if (n > BPF_MAXINSNS) {
		bw_fail(err, BW_E_SPEC, 0,
			"seccomp profile needs %zu instructions, the kernel takes %d", n,
			BPF_MAXINSNS);
		return bw_at(err, "/linux/seccomp/syscalls");
	}
	both = calloc(n, sizeof *both);
	if (!both)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "making a seccomp filter");
	memcpy(both, p->v, p->n * sizeof *both);
	memcpy(both + p->n, program->v, program->n * sizeof *both);
	bw_seccomp_program_done(program);
	*program = (struct bw_seccomp_program){.v = both, .n = n};
	return 0;
}

int bw_seccomp_filter_compile(
	const struct bw_spec_seccomp *seccomp, struct bw_seccomp_program *ret, struct bw_err *err)
{
	auto_program struct bw_seccomp_program program = {0};
	auto_ctx scmp_filter_ctx ctx = NULL;
	struct prologue prologue = {.n = 0};

	if (build_context(seccomp, &ctx, err) < 0 || export_program(ctx, &program, err) < 0)
		return -1;
	if (!action_of(seccomp->default_action)->lenient)
		make_prologue(seccomp, &prologue);
	if (put_in_front(&prologue, &program, err) < 0)
		return -1;
	*ret = program;
	program = (struct bw_seccomp_program){0};
	return 0;
}
