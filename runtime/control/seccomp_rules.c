/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_rules.c - our rules to classic BPF. Two steps: every number gets its verdict, equal
 * neighbours become one segment; then a balanced tree of comparisons is written over the segments,
 * whose leaves are a plain return or the code that looks at arguments. seccomp(2), bpf(4) of the
 * BSDs for the machine. */
#include "control/seccomp_rules.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the low half of an argument is looked up at its little-endian place"
#endif

enum { X32_BIT = 0x40000000, NO_CALL = 0xffffffff, NEAR = 255 };

/* Numbers first..(next segment's first - 1) share a verdict: action, or the code for number first.
 */
struct segment {
	uint16_t first;
	bool looks_at_args;
	uint32_t action;
};

struct compiler {
	const struct bw_seccomp_ruleset *set;
	const struct bw_strs *exempt;
	struct segment *segments;
	size_t segments_n;
	struct sock_filter *code;
	size_t n;
	bool overflow;
};

static void emit(struct compiler *c, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (c->n >= BPF_MAXINSNS) {
		c->overflow = true;
		return;
	}
	c->code[c->n++] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

static void emit_return(struct compiler *c, uint32_t action)
{
	emit(c, BPF_RET | BPF_K, 0, 0, action);
}

static void emit_load(struct compiler *c, size_t offset)
{
	emit(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static bool names_call(const struct bw_seccomp_rule *rule, uint16_t number)
{
	for (size_t i = 0; i < rule->calls_n; i++)
		if (rule->calls[i] == number)
			return true;
	return false;
}

/* The next rule for number at or behind *at, or NULL; *at goes behind it. */
static const struct bw_seccomp_rule *next_rule(
	const struct compiler *c, uint16_t number, size_t *at)
{
	while (*at < c->set->rules_n) {
		const struct bw_seccomp_rule *rule = &c->set->rules[(*at)++];

		if (bw_seccomp_rule_active(rule, c->exempt) && names_call(rule, number))
			return rule;
	}
	return NULL;
}

static struct segment verdict(const struct compiler *c, uint16_t number)
{
	size_t at = 0;
	const struct bw_seccomp_rule *rule = next_rule(c, number, &at);

	return (struct segment){.first = number,
		.looks_at_args = rule && rule->conds_n,
		.action = rule ? rule->action : c->set->default_action};
}

static void make_segments(struct compiler *c)
{
	for (unsigned number = 0; number <= c->set->newest; number++) {
		struct segment one = verdict(c, (uint16_t)number);
		const struct segment *last = c->segments_n ? &c->segments[c->segments_n - 1] : NULL;

		if (last && !last->looks_at_args && !one.looks_at_args &&
			last->action == one.action)
			continue;
		c->segments[c->segments_n++] = one;
	}
}

/* Falls through when the condition holds; else takes the long jump at the returned place, whose
 *distance the caller fills in. n comparisons, then in:      ja miss	a hit skips it not in:  ja
 *1; ja miss	a hit goes to the second */
static size_t emit_cond(struct compiler *c, const struct bw_seccomp_cond *cond)
{
	emit_load(c, offsetof(struct seccomp_data, args) + sizeof(uint64_t) * cond->index);
	if (cond->mask != UINT32_MAX)
		emit(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, cond->mask);
	for (size_t i = 0; i < cond->values_n; i++)
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(cond->values_n - i), 0,
			cond->values[i]);
	if (cond->negate)
		emit(c, BPF_JMP | BPF_JA, 0, 0, 1);
	emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
	return c->n - 1;
}

static void emit_rule(struct compiler *c, const struct bw_seccomp_rule *rule)
{
	size_t misses[BW_SECCOMP_MAX_CONDS];

	for (size_t i = 0; i < rule->conds_n; i++)
		misses[i] = emit_cond(c, &rule->conds[i]);
	emit_return(c, rule->action);
	for (size_t i = 0; i < rule->conds_n && !c->overflow; i++)
		c->code[misses[i]].k = (uint32_t)(c->n - misses[i] - 1);
}

/* The rules for one number in their order, behind them the default. */
static void emit_call(struct compiler *c, uint16_t number)
{
	const struct bw_seccomp_rule *rule;
	size_t at = 0;

	while ((rule = next_rule(c, number, &at))) {
		emit_rule(c, rule);
		if (!rule->conds_n)
			return;
	}
	emit_return(c, c->set->default_action);
}

/* Jumps of comparisons reach 255 instructions: a larger lower half gets a long jump in front of it.
 */
static void reach_over(struct compiler *c, size_t branch)
{
	size_t distance = c->n - branch - 1;

	if (c->overflow)
		return;
	if (distance <= NEAR) {
		c->code[branch].jt = (uint8_t)distance;
		return;
	}
	emit(c, 0, 0, 0, 0);
	if (c->overflow)
		return;
	memmove(&c->code[branch + 2], &c->code[branch + 1], distance * sizeof *c->code);
	c->code[branch].jf = 1;
	c->code[branch + 1] =
		(struct sock_filter){.code = BPF_JMP | BPF_JA, .k = (uint32_t)distance};
}

/* The tree over segments [low, high), the number being in the accumulator. */
static void emit_tree(struct compiler *c, size_t low, size_t high)
{
	size_t middle = low + (high - low) / 2, branch = c->n;

	if (high - low == 1) {
		if (c->segments[low].looks_at_args)
			emit_call(c, c->segments[low].first);
		else
			emit_return(c, c->segments[low].action);
		return;
	}
	emit(c, BPF_JMP | BPF_JGE | BPF_K, 0, 0, c->segments[middle].first);
	emit_tree(c, low, middle);
	reach_over(c, branch);
	emit_tree(c, middle, high);
}

/* Only native calls with numbers that we know go on. x32 shares the architecture's token with
 * x86-64 and differs by a bit in the number; -1 is what a tracer leaves behind when it skips a
 * call. */
static void emit_head(struct compiler *c)
{
	emit_load(c, offsetof(struct seccomp_data, arch));
	emit(c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, c->set->arch);
	emit_return(c, c->set->foreign_action);
	emit_load(c, offsetof(struct seccomp_data, nr));
	if (c->set->arch == AUDIT_ARCH_X86_64) {
		emit(c, BPF_JMP | BPF_JGE | BPF_K, 0, 2, X32_BIT);
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NO_CALL);
		emit_return(c, c->set->foreign_action);
	}
	emit(c, BPF_JMP | BPF_JGT | BPF_K, 0, 1, c->set->newest);
	emit_return(c, c->set->unknown_action);
}

void bw_seccomp_program_done(struct bw_seccomp_program *program)
{
	free(program->v);
	*program = (struct bw_seccomp_program){0};
}

bool bw_seccomp_has_family(const struct bw_seccomp_ruleset *set, const char *family)
{
	for (size_t i = 0; i < set->rules_n; i++)
		if (bw_streq0(set->rules[i].family, family))
			return true;
	return false;
}

bool bw_seccomp_rule_active(const struct bw_seccomp_rule *rule, const struct bw_strs *exempt)
{
	bool is_exempt = false;

	if (!rule->family)
		return true;
	for (size_t i = 0; exempt && i < exempt->n; i++)
		is_exempt = is_exempt || bw_streq(exempt->v[i], rule->family);
	return is_exempt == rule->when_exempt;
}

int bw_seccomp_rules_compile(const struct bw_seccomp_ruleset *set, const struct bw_strs *exempt,
	struct bw_seccomp_program *ret, struct bw_err *err)
{
	auto_free struct segment *segments = calloc(set->newest + 1U, sizeof *segments);
	auto_free struct sock_filter *code = calloc(BPF_MAXINSNS, sizeof *code);
	struct compiler c = {.set = set, .exempt = exempt, .segments = segments, .code = code};

	if (!segments || !code)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "compiling seccomp rules");
	make_segments(&c);
	emit_head(&c);
	emit_tree(&c, 0, c.segments_n);
	if (c.overflow)
		return bw_fail(err, BW_E_INTERNAL, 0,
			"seccomp rules %s need more than %d instructions", set->name, BPF_MAXINSNS);
	*ret = (struct bw_seccomp_program){.v = take_ptr(&code), .n = c.n};
	return 0;
}
