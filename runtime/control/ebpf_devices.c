/* SPDX-License-Identifier: Apache-2.0 */
/* ebpf_devices.c - builds, loads and attaches the device program of a v2 cgroup. Loading is mostly
 * the verifier at work, so the program is short: device numbers are compared as one word, a rule
 * about all accesses costs one instruction, both verdicts have one exit each. See linux/bpf.h and
 * the kernel's cgroup-v2.rst, "Device controller". */
#include "control/ebpf_devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "control/ebpf.h"

/* dev_t of the kernel: 12 bits of major, 20 of minor. A rule beyond them can match nothing. */
enum { MINOR_BITS = 20, MAX_MAJOR = (1 << 12) - 1, MAX_MINOR = (1 << MINOR_BITS) - 1 };

/* Who holds what. R1 is the context (struct bpf_cgroup_dev_ctx). */
enum {
	CONTEXT = BPF_REG_1,
	TYPE = BPF_REG_2,
	MAJOR = BPF_REG_3,
	MINOR = BPF_REG_4,
	PENDING = BPF_REG_5,
	NUMBER = BPF_REG_6
};

/* Offsets of jumps to the exits, until those have a place. No program is that long. */
enum { TO_ALLOW = INT16_MAX, TO_DENY = INT16_MAX - 1, MAX_INSNS = 16384 };

struct builder {
	struct bpf_insn *v;
	size_t n;
	bool to_allow, to_deny; /* somebody goes there; code that nobody reaches is refused by the
				   verifier */
};

static bool number_matches(int64_t wanted, uint32_t number)
{
	return wanted == BW_DEVICE_ANY || wanted == (int64_t)number;
}

bool bw_device_rules_allow(const struct bw_device_rules *rules, unsigned type, uint32_t major,
	uint32_t minor, unsigned access)
{
	for (size_t i = rules->n; i-- > 0 && access;) {
		const struct bw_device_rule *rule = &rules->v[i];

		if (!(rule->types & type) || !number_matches(rule->major, major) ||
			!number_matches(rule->minor, minor))
			continue;
		if (!rule->allow && (rule->access & access))
			return false;
		if (rule->allow)
			access &= ~rule->access;
	}
	return !access;
}

bool bw_device_rule_covers(const struct bw_device_rule *a, const struct bw_device_rule *b)
{
	return (a->types & b->types) == b->types && (a->access & b->access) == b->access &&
	       (a->major == BW_DEVICE_ANY || a->major == b->major) &&
	       (a->minor == BW_DEVICE_ANY || a->minor == b->minor);
}

static void emit(struct builder *b, int code, int dst, int src, int off, int32_t imm)
{
	b->v[b->n++] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)(dst & 0xf),
		.src_reg = (uint8_t)(src & 0xf),
		.off = (int16_t)off,
		.imm = imm,
	};
	b->to_allow |= off == TO_ALLOW;
	b->to_deny |= off == TO_DENY;
}

static void emit_prologue(struct builder *b)
{
	const int load = BPF_LDX | BPF_MEM | BPF_W;

	emit(b, load, TYPE, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(b, load, MAJOR, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(b, load, MINOR, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	emit(b, BPF_ALU | BPF_MOV | BPF_X, PENDING, TYPE, 0, 0);
	emit(b, BPF_ALU | BPF_RSH | BPF_K, PENDING, 0, 0, 16);
	emit(b, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
	emit(b, BPF_ALU | BPF_MOV | BPF_X, NUMBER, MAJOR, 0, 0);
	emit(b, BPF_ALU | BPF_LSH | BPF_K, NUMBER, 0, 0, MINOR_BITS);
	emit(b, BPF_ALU | BPF_OR | BPF_X, NUMBER, MINOR, 0, 0);
}

/* One rule; the bits of access that no later rule has decided are in PENDING. True when nothing
 * behind it is reached. */
static bool emit_rule(struct builder *b, const struct bw_device_rule *rule)
{
	int exit = rule->allow ? TO_ALLOW : TO_DENY;
	bool all = rule->access == BW_DEVICE_ALL;
	int reg = -1;
	int32_t imm = 0;

	if (rule->major != BW_DEVICE_ANY && rule->minor != BW_DEVICE_ANY) {
		reg = NUMBER;
		imm = (int32_t)(uint32_t)(rule->major << MINOR_BITS | rule->minor);
	} else if (rule->major != BW_DEVICE_ANY) {
		reg = MAJOR;
		imm = (int32_t)rule->major;
	} else if (rule->minor != BW_DEVICE_ANY) {
		reg = MINOR;
		imm = (int32_t)rule->minor;
	}
	if (all && reg < 0) {
		emit(b, BPF_JMP | BPF_JA, 0, 0, exit, 0);
		return true;
	}
	if (all) {
		emit(b, BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, exit, imm);
		return false;
	}
	if (reg >= 0)
		emit(b, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, rule->allow ? 2 : 1, imm);
	if (!rule->allow) {
		emit(b, BPF_JMP32 | BPF_JSET | BPF_K, PENDING, 0, TO_DENY, (int32_t)rule->access);
		return false;
	}
	emit(b, BPF_ALU | BPF_AND | BPF_K, PENDING, 0, 0, (int32_t)~rule->access);
	emit(b, BPF_JMP32 | BPF_JEQ | BPF_K, PENDING, 0, TO_ALLOW, 0);
	return false;
}

/* Whether rule i has a say on devices of these types: no later rule takes all of it away. */
static bool has_effect(const struct bw_device_rules *rules, size_t i, unsigned types)
{
	struct bw_device_rule rule = rules->v[i];

	rule.types &= types;
	if (!rule.types || rule.major > MAX_MAJOR || rule.minor > MAX_MINOR)
		return false;
	for (size_t k = i + 1; k < rules->n; k++)
		if (bw_device_rule_covers(&rules->v[k], &rule))
			return false;
	return true;
}

/* The rules about these types, the last first. Refusals that no permission follows are what happens
 * anyway. */
static bool emit_section(struct builder *b, const struct bw_device_rules *rules, unsigned types)
{
	size_t first = 0;

	while (first < rules->n && !(rules->v[first].allow && has_effect(rules, first, types)))
		first++;
	for (size_t i = rules->n; i-- > first;)
		if (has_effect(rules, i, types) && emit_rule(b, &rules->v[i]))
			return true;
	return false;
}

static void emit_exits(struct builder *b)
{
	size_t allow, deny = b->n;

	if (b->to_deny) {
		emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
		emit(b, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	allow = b->n;
	if (b->to_allow) {
		emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
		emit(b, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	for (size_t i = 0; i < deny; i++) {
		if (b->v[i].off == TO_ALLOW)
			b->v[i].off = (int16_t)(allow - i - 1);
		else if (b->v[i].off == TO_DENY)
			b->v[i].off = (int16_t)(deny - i - 1);
	}
}

static bool types_differ(const struct bw_device_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->v[i].types != BW_DEVICE_BOTH)
			return true;
	return false;
}

int bw_device_program(const struct bw_device_rules *rules, struct bpf_insn **ret, size_t *ret_n,
	struct bw_err *err)
{
	struct builder b = {0};
	size_t branch;

	if (rules->n > BW_DEVICE_MAX_RULES)
		return bw_fail(err, BW_E_SPEC, 0, "more than %d device rules", BW_DEVICE_MAX_RULES);
	/* Two sections of at most three instructions a rule, the prologue and the exits. */
	b.v = calloc(6 * rules->n + 24, sizeof *b.v);
	if (!b.v)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "device program");
	emit_prologue(&b);
	if (types_differ(rules)) {
		branch = b.n;
		emit(&b, BPF_JMP32 | BPF_JNE | BPF_K, TYPE, 0, 0, BPF_DEVCG_DEV_CHAR);
		if (!emit_section(&b, rules, BW_DEVICE_CHAR))
			emit(&b, BPF_JMP | BPF_JA, 0, 0, TO_DENY, 0);
		b.v[branch].off = (int16_t)(b.n - branch - 1);
		b.to_deny |= !emit_section(&b, rules, BW_DEVICE_BLOCK);
	} else {
		b.to_deny |= !emit_section(&b, rules, BW_DEVICE_BOTH);
	}
	emit_exits(&b);
	_Static_assert(6 * BW_DEVICE_MAX_RULES + 24 < MAX_INSNS, "jumps fit");
	*ret = b.v;
	*ret_n = b.n;
	return 0;
}

static const struct bw_bpf_kind kind = {BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, "bulwark_devices"};

/* Descriptors of the programs attached to this very cgroup. */
static int old_programs(int cgroup, int fds[BW_BPF_MAX_ATTACHED], size_t *ret_n, struct bw_err *err)
{
	uint32_t ids[BW_BPF_MAX_ATTACHED];
	ssize_t n = bw_bpf_attached(cgroup, kind.attach, ids);

	if (n < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "asking for the cgroup's device programs");
	*ret_n = 0;
	for (ssize_t i = 0; i < n; i++) {
		int fd = bw_bpf_program_of(ids[i]);

		if (fd >= 0)
			fds[(*ret_n)++] = fd;
	}
	return 0;
}

static int detach_all(int cgroup, const int *fds, size_t n, struct bw_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (bw_bpf_detach(cgroup, fds[i], kind.attach) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "detaching an old device program");
	return 0;
}

/* One old program is exchanged atomically. Several: the new one first, so that there is no moment
 * without any. */
static int attach_over(int cgroup, int program, const int *old, size_t n, struct bw_err *err)
{
	if (n == 1 && bw_bpf_attach(cgroup, program, kind.attach, old[0]) == 0)
		return 0;
	if (bw_bpf_attach(cgroup, program, kind.attach, -1) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "attaching the device program");
	return detach_all(cgroup, old, n, err);
}

int bw_device_attach(
	int cgroup, const struct bpf_insn *program, size_t n, bool replace, struct bw_err *err)
{
	auto_close int fd = bw_bpf_load(&kind, program, n, err);
	int old[BW_BPF_MAX_ATTACHED], r;
	size_t old_n = 0;

	if (fd < 0)
		return -1;
	if (replace && old_programs(cgroup, old, &old_n, err) < 0)
		return -1;
	r = attach_over(cgroup, fd, old, old_n, err);
	for (size_t i = 0; i < old_n; i++)
		close(old[i]);
	return r;
}

bool bw_device_can_attach(int cgroup)
{
	uint32_t ids[BW_BPF_MAX_ATTACHED];

	return bw_bpf_attached(cgroup, kind.attach, ids) >= 0;
}
