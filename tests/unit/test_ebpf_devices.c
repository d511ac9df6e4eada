/* SPDX-License-Identifier: Apache-2.0 */
/* The device program against a plain reading of the rules, by a small interpreter of the
 * instructions in use: for every rule list the program must give the same answer for every device
 * and access. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "control/ebpf_devices.h"

enum {
	ANY = BW_DEVICE_ANY,
	R = BW_DEVICE_READ,
	W = BW_DEVICE_WRITE,
	M = BW_DEVICE_MKNOD,
	RWM = BW_DEVICE_ALL,
	C = BW_DEVICE_CHAR,
	B = BW_DEVICE_BLOCK,
	A = BW_DEVICE_BOTH
};

/* --- interpreter --- */

static bool *reached; /* by instruction: the verifier refuses what nobody can reach */

static uint32_t load_context(const struct bpf_cgroup_dev_ctx *context, int off)
{
	switch (off) {
	case 0:
		return context->access_type;
	case 4:
		return context->major;
	case 8:
		return context->minor;
	}
	ck_abort_msg("load from offset %d", off);
	return 0;
}

static uint32_t compute(uint32_t a, int op, uint32_t b)
{
	switch (op) {
	case BPF_MOV:
		return b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_LSH:
		return a << b;
	case BPF_RSH:
		return a >> b;
	}
	ck_abort_msg("operation 0x%x", (unsigned)op);
	return 0;
}

static bool compare(uint32_t a, int op, uint32_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JSET:
		return a & b;
	}
	ck_abort_msg("comparison 0x%x", (unsigned)op);
	return false;
}

static int run(const struct bpf_insn *program, size_t n, const struct bpf_cgroup_dev_ctx *context)
{
	uint32_t reg[11] = {0};

	for (size_t at = 0; at < n; at++) {
		const struct bpf_insn *insn = &program[at];
		uint32_t operand = insn->code & BPF_X ? reg[insn->src_reg] : (uint32_t)insn->imm;

		reached[at] = true;
		switch (BPF_CLASS(insn->code)) {
		case BPF_LDX:
			ck_assert_int_eq(insn->src_reg, BPF_REG_1);
			reg[insn->dst_reg] = load_context(context, insn->off);
			break;
		case BPF_ALU:
		case BPF_ALU64:
			reg[insn->dst_reg] =
				compute(reg[insn->dst_reg], BPF_OP(insn->code), operand);
			break;
		case BPF_JMP32:
			if (compare(reg[insn->dst_reg], BPF_OP(insn->code), operand))
				at += (size_t)insn->off;
			break;
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_EXIT)
				return (int)reg[0];
			ck_assert_int_eq(BPF_OP(insn->code), BPF_JA);
			at += (size_t)insn->off;
			break;
		default:
			ck_abort_msg("instruction 0x%x", insn->code);
		}
	}
	ck_abort_msg("ran off the end");
	return -1;
}

/* --- the plain reading, bit by bit and forwards --- */

static bool bit_allowed(const struct bw_device_rules *rules, unsigned type, uint32_t major,
	uint32_t minor, unsigned bit)
{
	bool verdict = false;

	for (size_t i = 0; i < rules->n; i++) {
		const struct bw_device_rule *rule = &rules->v[i];

		if ((rule->types & type) && (rule->access & bit) &&
			(rule->major == ANY || rule->major == major) &&
			(rule->minor == ANY || rule->minor == minor))
			verdict = rule->allow;
	}
	return verdict;
}

static bool plainly_allowed(const struct bw_device_rules *rules, unsigned type, uint32_t major,
	uint32_t minor, unsigned access)
{
	for (unsigned bit = 1; bit <= 4; bit <<= 1)
		if ((access & bit) && !bit_allowed(rules, type, major, minor, bit))
			return false;
	return true;
}

/* --- the comparison --- */

static const uint32_t majors[] = {0, 1, 5, 8, 10, 136, 4095};
static const uint32_t minors[] = {0, 1, 3, 5, 7, 229, 1048575};

static void check_one(const struct bw_device_rules *rules, const struct bpf_insn *program, size_t n,
	unsigned type, uint32_t major, uint32_t minor, unsigned access)
{
	const struct bpf_cgroup_dev_ctx context = {
		.access_type = access << 16 | type, .major = major, .minor = minor};
	bool expected = plainly_allowed(rules, type, major, minor, access);

	ck_assert_msg(run(program, n, &context) == expected,
		"program: type %u %u:%u access %u should be %d", type, major, minor, access,
		expected);
	ck_assert_msg(bw_device_rules_allow(rules, type, major, minor, access) == expected,
		"evaluator: type %u %u:%u access %u should be %d", type, major, minor, access,
		expected);
}

/* Returns the length. */
static size_t check_rules(const struct bw_device_rules *rules)
{
	auto_free struct bpf_insn *program = NULL;
	struct bw_err err = {0};
	size_t n;

	ck_assert_int_eq(bw_device_program(rules, &program, &n, &err), 0);
	reached = calloc(n, sizeof *reached);
	for (unsigned type = B; type <= C; type++)
		for (size_t i = 0; i < BW_COUNT(majors); i++)
			for (size_t k = 0; k < BW_COUNT(minors); k++)
				for (unsigned access = 1; access <= RWM; access++)
					check_one(rules, program, n, type, majors[i], minors[k],
						access);
	free(reached);
	return n;
}

static struct bw_device_rule runc_rules[] = {{false, A, RWM, ANY, ANY}, {true, C, M, ANY, ANY},
	{true, B, M, ANY, ANY}, {true, C, RWM, 1, 3}, {true, C, RWM, 1, 5}, {true, C, RWM, 1, 7},
	{true, C, RWM, 1, 8}, {true, C, RWM, 1, 9}, {true, C, RWM, 5, 0}, {true, C, RWM, 5, 1},
	{true, C, RWM, 5, 2}, {true, C, RWM, 136, ANY}};
static struct bw_device_rule doubled[] = {{false, A, RWM, ANY, ANY}, {true, C, RWM, 1, 3},
	{true, C, R, 1, 3}, {true, C, RWM, 1, 3}, {false, C, RWM, 10, 229}};
static struct bw_device_rule all[] = {{true, A, RWM, ANY, ANY}};
static struct bw_device_rule none[] = {{true, A, RWM, ANY, ANY}, {false, A, RWM, ANY, ANY}};
static struct bw_device_rule hole[] = {
	{true, C, RWM, 1, ANY}, {false, C, RWM, 1, 3}, {true, C, R, 1, 3}};
static struct bw_device_rule reading[] = {
	{true, A, R, ANY, ANY}, {false, B, R, 8, ANY}, {true, B, RWM, 8, 3}};
static struct bw_device_rule everything_but[] = {
	{true, A, RWM, ANY, ANY}, {false, C, W, 1, ANY}, {false, B, RWM, ANY, 5}};
static struct bw_device_rule split[] = {{true, C, R, 1, 3}, {true, C, W, 1, ANY}};
static struct bw_device_rule impossible[] = {{true, C, RWM, 4096, 3}, {true, C, RWM, 1, 1 << 20}};
static struct bw_device_rule minor_only[] = {{true, C, R | W, ANY, 7}};

static const struct {
	struct bw_device_rule *v;
	size_t n;
	size_t length; /* 0: any */
} lists[] = {
	{NULL, 0, 0},
	{runc_rules, BW_COUNT(runc_rules), 28},
	{doubled, BW_COUNT(doubled), 0},
	{all, BW_COUNT(all), 0},
	{none, BW_COUNT(none), 0},
	{hole, BW_COUNT(hole), 0},
	{reading, BW_COUNT(reading), 0},
	{everything_but, BW_COUNT(everything_but), 0},
	{split, BW_COUNT(split), 0},
	{impossible, BW_COUNT(impossible), 0},
	{minor_only, BW_COUNT(minor_only), 0},
};

START_TEST(a_program_says_what_its_rules_say)
{
	const struct bw_device_rules rules = {.v = lists[_i].v, .n = lists[_i].n};
	size_t length = check_rules(&rules);

	if (lists[_i].length)
		ck_assert_uint_le(length, lists[_i].length);
}
END_TEST

static unsigned random_state = 1;

static unsigned random_below(unsigned limit)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 16) % limit;
}

static struct bw_device_rule random_rule(void)
{
	struct bw_device_rule rule = {
		.allow = random_below(2), .types = 1 + random_below(3), .major = ANY, .minor = ANY};

	rule.access = random_below(2) ? RWM : 1 + random_below(7);
	if (random_below(4))
		rule.major = majors[random_below(BW_COUNT(majors))];
	if (random_below(3))
		rule.minor = minors[random_below(BW_COUNT(minors))];
	return rule;
}

START_TEST(random_programs_say_what_their_rules_say)
{
	for (int round = 0; round < 300; round++) {
		struct bw_device_rule rules[16];
		const struct bw_device_rules list = {
			.v = rules, .n = random_below(BW_COUNT(rules) + 1)};

		for (size_t i = 0; i < list.n; i++)
			rules[i] = random_rule();
		check_rules(&list);
	}
}
END_TEST

START_TEST(the_number_of_rules_has_a_limit)
{
	static struct bw_device_rule many[BW_DEVICE_MAX_RULES + 1];
	struct bw_device_rules rules = {.v = many, .n = BW_DEVICE_MAX_RULES};
	auto_free struct bpf_insn *program = NULL;
	struct bw_err err = {0};
	size_t n;

	for (size_t i = 0; i < BW_COUNT(many); i++)
		many[i] = (struct bw_device_rule){
			i % 2, i % 3 ? A : C, i % 5 ? R | W : RWM, (int64_t)i, (int64_t)i};
	ck_assert_int_eq(bw_device_program(&rules, &program, &n, &err), 0);
	check_rules(&rules);
	rules.n++;
	ck_assert_int_eq(bw_device_program(&rules, &program, &n, &err), -1);
	ck_assert_str_eq(err.text, "more than 1024 device rules");
}
END_TEST

START_TEST(a_rule_covers_what_it_is_about)
{
	const struct bw_device_rule wide = {true, A, RWM, 1, ANY}, narrow = {false, C, R, 1, 3},
				    other = {false, C, R, 2, 3};

	ck_assert(bw_device_rule_covers(&wide, &narrow));
	ck_assert(!bw_device_rule_covers(&narrow, &wide));
	ck_assert(!bw_device_rule_covers(&wide, &other));
	ck_assert(bw_device_rule_covers(&narrow, &narrow));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ebpf_devices");
	TCase *tcase = tcase_create("program");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_program_says_what_its_rules_say, 0, (int)BW_COUNT(lists));
	tcase_add_test(tcase, random_programs_say_what_their_rules_say);
	tcase_add_test(tcase, the_number_of_rules_has_a_limit);
	tcase_add_test(tcase, a_rule_covers_what_it_is_about);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
