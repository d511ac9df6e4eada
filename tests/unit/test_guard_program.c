/* SPDX-License-Identifier: Apache-2.0 */
/* test_guard_program.c - the guard's programs by a small interpreter of the instructions in use, against a plain
 * reading of the endpoints: for every address, in every form, the same answer. That the kernel's verifier takes them
 * and what it makes of them is tests/root/guard.sh's. */
#include <arpa/inet.h>
#include <check.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "control/guard_program.h"

enum { MAP = 77 };

/* Addresses of both families and prefixes that end inside each of the words. */
static const char *const texts[] = {"169.254.169.254", "168.63.129.16", "169.254.172.0/22", "100.64.0.0/10",
	"fd00:ec2::254", "fd20:ce::/32", "fd30:1:200::/40", "fd40:0:0:5000::/52", "fd50:0:0:1:200::/72", "fd60::a000:0:0/84",
	"fd70::b:c00/120", "127.0.0.11"};
enum { N = sizeof texts / sizeof *texts };
static struct bw_guard_rules rules;
static const struct bw_endpoint *const endpoints = rules.endpoints;

/* ---- interpreter ---- */

/* What a program is run on: the context as the kernel lays it out, and the packet for the helper. */
struct run {
	uint64_t reg[11];
	unsigned char context[256];
	unsigned char stack[64];
	const unsigned char *packet;
	size_t packet_len;
	uint64_t counter;
};

static unsigned char *place(struct run *run, int reg, int off, size_t len)
{
	uint64_t base = run->reg[reg];
	unsigned char *p = (unsigned char *)(uintptr_t)base + off;
	bool in_context = p >= run->context && p + len <= run->context + sizeof run->context;
	bool in_stack = p >= run->stack && p + len <= run->stack + sizeof run->stack;

	ck_assert_msg(in_context || in_stack, "access to r%d%+d", reg, off);
	return p;
}

static void call(struct run *run, int helper)
{
	size_t offset = run->reg[2], len = run->reg[4];

	switch (helper) {
	case BPF_FUNC_skb_load_bytes:
		run->reg[0] = (uint64_t)-14;
		if (offset + len <= run->packet_len) {
			memcpy(place(run, 3, 0, len), run->packet + offset, len);
			run->reg[0] = 0;
		}
		break;
	case BPF_FUNC_get_local_storage:
		ck_assert_uint_eq(run->reg[1], MAP);
		ck_assert_uint_eq(run->reg[2], 0);
		run->reg[0] = (uint64_t)(uintptr_t)&run->counter;
		break;
	default:
		ck_abort_msg("helper %d", helper);
	}
	/* Nobody may count on what a helper was given. */
	for (int i = 1; i <= 5; i++)
		run->reg[i] = 0xdeadbeefdeadbeef;
}

static uint64_t compute(int class, uint64_t a, int op, uint64_t b)
{
	uint64_t r = 0;

	switch (op) {
	case BPF_MOV:
		r = b;
		break;
	case BPF_ADD:
		r = a + b;
		break;
	case BPF_AND:
		r = a & b;
		break;
	case BPF_OR:
		r = a | b;
		break;
	case BPF_LSH:
		r = a << b;
		break;
	case BPF_RSH:
		r = (class == BPF_ALU ? (uint32_t)a : a) >> b;
		break;
	default:
		ck_abort_msg("operation 0x%x", (unsigned)op);
	}
	return class == BPF_ALU ? (uint32_t)r : r;
}

static bool holds(uint64_t a, int op, uint64_t b)
{
	switch (op) {
	case BPF_JEQ:
		return (uint32_t)a == (uint32_t)b;
	case BPF_JNE:
		return (uint32_t)a != (uint32_t)b;
	}
	ck_abort_msg("comparison 0x%x", (unsigned)op);
	return false;
}

static int interpret(const struct bpf_insn *program, size_t n, struct run *run)
{
	uint32_t word;

	run->reg[1] = (uint64_t)(uintptr_t)run->context;
	run->reg[10] = (uint64_t)(uintptr_t)(run->stack + sizeof run->stack);
	for (size_t at = 0; at < n; at++) {
		const struct bpf_insn *insn = &program[at];
		int class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
		uint64_t operand = BPF_SRC(insn->code) == BPF_X ? run->reg[insn->src_reg] : (uint64_t)(int64_t)insn->imm;

		switch (class) {
		case BPF_LDX:
			memcpy(&word, place(run, insn->src_reg, insn->off, 4), 4);
			run->reg[insn->dst_reg] = word;
			break;
		case BPF_LD:
			ck_assert_int_eq(insn->src_reg, BPF_PSEUDO_MAP_FD);
			run->reg[insn->dst_reg] = (uint32_t)insn->imm;
			at++;
			break;
		case BPF_STX:
			ck_assert_int_eq(insn->code, BPF_STX | BPF_ATOMIC | BPF_DW);
			ck_assert_uint_eq(run->reg[insn->dst_reg], (uint64_t)(uintptr_t)&run->counter);
			run->counter += run->reg[insn->src_reg];
			break;
		case BPF_ALU:
		case BPF_ALU64:
			if (op == BPF_END)
				run->reg[insn->dst_reg] = ntohl((uint32_t)run->reg[insn->dst_reg]);
			else
				run->reg[insn->dst_reg] = compute(class, run->reg[insn->dst_reg], op, operand);
			break;
		case BPF_JMP32:
			if (holds(run->reg[insn->dst_reg], op, operand))
				at += (size_t)insn->off;
			break;
		case BPF_JMP:
			if (op == BPF_EXIT)
				return (int)run->reg[0];
			if (op == BPF_CALL)
				call(run, insn->imm);
			else
				at += (size_t)insn->off;
			break;
		default:
			ck_abort_msg("instruction 0x%x", insn->code);
		}
	}
	ck_abort_msg("ran off the end");
	return -1;
}

/* ---- the plain reading ---- */

static bool begins_with(const unsigned char *addr, const struct bw_endpoint *endpoint)
{
	for (unsigned bit = 0; bit < endpoint->bits; bit++)
		if ((addr[bit / 8] ^ endpoint->addr[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool is_blocked(int family, const unsigned char *addr)
{
	static const unsigned char loopback[16] = {[15] = 1};
	static const struct {
		unsigned char prefix[12];
		size_t len, at;
	} forms[] = {
		{{0}, 12, 12},
		{{[10] = 0xff, [11] = 0xff}, 12, 12},
		{{[8] = 0xff, [9] = 0xff}, 12, 12},
		{{0, 0x64, 0xff, 0x9b}, 12, 12},
		{{0x20, 0x02}, 2, 2},
	};

	if (rules.only_loopback && family == AF_INET6)
		return memcmp(addr, forms[1].prefix, 12) == 0 ? is_blocked(AF_INET, addr + 12)
							      : memcmp(addr, loopback, sizeof loopback) != 0;
	if (rules.only_loopback && addr[0] != 127)
		return true;
	for (size_t i = 0; i < N; i++)
		if (endpoints[i].family == family && begins_with(addr, &endpoints[i]))
			return true;
	for (size_t i = 0; family == AF_INET6 && i < sizeof forms / sizeof *forms; i++)
		if (memcmp(addr, forms[i].prefix, forms[i].len) == 0 && is_blocked(AF_INET, addr + forms[i].at))
			return true;
	return false;
}

/* ---- asking a program ---- */

static struct bpf_insn *programs[BW_GUARD_HOOKS];
static size_t lens[BW_GUARD_HOOKS];

static void setup(void)
{
	rules.n = N;
	for (size_t i = 0; i < N; i++)
		ck_assert_int_eq(bw_endpoint_parse(texts[i], &rules.endpoints[i], NULL), 0);
	for (int hook = 0; hook < BW_GUARD_HOOKS; hook++)
		ck_assert_int_eq(bw_guard_program((enum bw_guard_hook)hook, &rules, MAP, &programs[hook], &lens[hook], NULL), 0);
}

static void setup_only_loopback(void)
{
	rules.only_loopback = true;
	setup();
}

static void teardown(void)
{
	for (int hook = 0; hook < BW_GUARD_HOOKS; hook++)
		free(programs[hook]);
}

static void put(struct run *run, size_t offset, const void *bytes, size_t len)
{
	memcpy(run->context + offset, bytes, len);
}

/* 0 or 1, as the program says; it must have counted what it refused. */
static int ask(enum bw_guard_hook hook, struct run *run)
{
	int r = interpret(programs[hook], lens[hook], run);

	ck_assert_uint_eq(run->counter, r == 0);
	return r;
}

static int ask_socket(enum bw_guard_hook hook, const unsigned char *addr)
{
	struct run run = {0};
	uint32_t port = htons(80);

	put(&run, offsetof(struct bpf_sock_addr, user_port), &port, sizeof port);
	if (hook == BW_GUARD_CONNECT4 || hook == BW_GUARD_SENDMSG4)
		put(&run, offsetof(struct bpf_sock_addr, user_ip4), addr, 4);
	else
		put(&run, offsetof(struct bpf_sock_addr, user_ip6), addr, 16);
	return ask(hook, &run);
}

static int ask_packet(uint16_t protocol, const unsigned char *packet, size_t len)
{
	struct run run = {.packet = packet, .packet_len = len};
	uint32_t word = htons(protocol);

	put(&run, offsetof(struct __sk_buff, protocol), &word, sizeof word);
	return ask(BW_GUARD_EGRESS, &run);
}

static void expect_same(int family, const unsigned char *addr)
{
	int want = !is_blocked(family, addr);
	unsigned char packet[40] = {0};
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, addr, text, sizeof text);
	if (family == AF_INET) {
		memcpy(packet + 16, addr, 4);
		ck_assert_msg(ask_socket(BW_GUARD_CONNECT4, addr) == want, "connect %s", text);
		ck_assert_msg(ask_socket(BW_GUARD_SENDMSG4, addr) == want, "sendmsg %s", text);
		ck_assert_msg(ask_packet(ETH_P_IP, packet, 20) == want, "packet to %s", text);
	} else {
		memcpy(packet + 24, addr, 16);
		ck_assert_msg(ask_socket(BW_GUARD_CONNECT6, addr) == want, "connect %s", text);
		ck_assert_msg(ask_socket(BW_GUARD_SENDMSG6, addr) == want, "sendmsg %s", text);
		ck_assert_msg(ask_packet(ETH_P_IPV6, packet, 40) == want, "packet to %s", text);
	}
}

/* ---- cases ---- */

START_TEST(each_bit_of_each_endpoint_counts_as_far_as_its_prefix)
{
	for (size_t i = 0; i < N; i++) {
		unsigned char addr[16];

		memcpy(addr, endpoints[i].addr, sizeof addr);
		expect_same(endpoints[i].family, addr);
		for (size_t bit = 0; bit < 8 * endpoints[i].len; bit++) {
			addr[bit / 8] ^= (unsigned char)(0x80 >> bit % 8);
			expect_same(endpoints[i].family, addr);
			addr[bit / 8] ^= (unsigned char)(0x80 >> bit % 8);
		}
	}
}
END_TEST

static const struct {
	const char *text;
	bool blocked;
} spellings[] = {
	{"::ffff:169.254.169.254", true},
	{"::169.254.169.254", true},
	{"::ffff:0:169.254.169.254", true},
	{"64:ff9b::169.254.169.254", true},
	{"64:ff9b::1:169.254.169.254", false},
	{"2002:a9fe:a9fe::1", true},
	{"2002:a9fe:a9ff::1", false},
	{"2002:a9fe:ac01:1:2:3:4:5", true},
	{"::ffff:169.254.175.255", true},
	{"::ffff:169.254.176.0", false},
	{"::1", false},
	{"::", false},
	{"fd20:ce:1234::1", true},
	{"fd20:cf::1", false},
	{"2001:db8::1", false},
};

START_TEST(an_ipv4_address_is_found_in_every_form_of_ipv6)
{
	unsigned char addr[16];

	ck_assert_int_eq(inet_pton(AF_INET6, spellings[_i].text, addr), 1);
	ck_assert_int_eq(is_blocked(AF_INET6, addr), spellings[_i].blocked);
	expect_same(AF_INET6, addr);
}
END_TEST

static const struct {
	const char *text;
	int family;
	bool blocked;
} places[] = {
	{"127.0.0.1", AF_INET, false},
	{"127.255.255.254", AF_INET, false},
	{"127.0.0.11", AF_INET, true},
	{"126.255.255.255", AF_INET, true},
	{"128.0.0.1", AF_INET, true},
	{"0.0.0.0", AF_INET, true},
	{"10.0.0.1", AF_INET, true},
	{"255.255.255.255", AF_INET, true},
	{"::1", AF_INET6, false},
	{"::ffff:127.0.0.1", AF_INET6, false},
	{"::ffff:127.0.0.11", AF_INET6, true},
	{"::ffff:10.0.0.1", AF_INET6, true},
	{"::", AF_INET6, true},
	{"::2", AF_INET6, true},
	{"::127.0.0.1", AF_INET6, true},
	{"64:ff9b::127.0.0.1", AF_INET6, true},
	{"2002:7f00:1::1", AF_INET6, true},
	{"fe80::1", AF_INET6, true},
	{"2001:db8::1", AF_INET6, true},
};

START_TEST(only_loopback_is_left)
{
	unsigned char addr[16];

	ck_assert_int_eq(inet_pton(places[_i].family, places[_i].text, addr), 1);
	ck_assert_msg(is_blocked(places[_i].family, addr) == places[_i].blocked, "%s", places[_i].text);
	expect_same(places[_i].family, addr);
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Random addresses meet endpoints seldom; random changes of endpoints, put into random forms, often. */
START_TEST(programs_and_reading_agree_on_many_addresses)
{
	static const unsigned char heads[][12] = {{0}, {[10] = 0xff, [11] = 0xff}, {[8] = 0xff, [9] = 0xff},
		{0, 0x64, 0xff, 0x9b}, {0, 0x64, 0xff, 0x9b, 1}, {[3] = 1}, {[7] = 1}, {[11] = 1}};
	uint32_t state = 0x1234567;

	for (int i = 0; i < 40000; i++) {
		const struct bw_endpoint *endpoint = &endpoints[next_random(&state) % N];
		unsigned char addr[16] = {0};

		memcpy(addr, endpoint->addr, endpoint->len);
		for (uint32_t k = next_random(&state) % 3; k > 0; k--)
			addr[next_random(&state) % endpoint->len] = (unsigned char)next_random(&state);
		expect_same(endpoint->family, addr);
		if (endpoint->family == AF_INET6)
			continue;
		memmove(addr + 12, addr, 4);
		memcpy(addr, heads[next_random(&state) % (sizeof heads / sizeof *heads)], 12);
		expect_same(AF_INET6, addr);
		memcpy(addr + 2, addr + 12, 4);
		addr[0] = 0x20;
		addr[1] = next_random(&state) & 1 ? 2 : 3;
		expect_same(AF_INET6, addr);
	}
}
END_TEST

START_TEST(what_is_no_whole_ip_packet_is_refused)
{
	const unsigned char packet[40] = {0};

	ck_assert_int_eq(ask_packet(ETH_P_IP, packet, 20), 1);
	ck_assert_int_eq(ask_packet(ETH_P_IP, packet, 19), 0);
	ck_assert_int_eq(ask_packet(ETH_P_IPV6, packet, 39), 0);
	ck_assert_int_eq(ask_packet(ETH_P_ARP, packet, 40), 0);
}
END_TEST

START_TEST(who_asks_for_port_0_is_refused_and_not_counted)
{
	struct run run = {0};

	put(&run, offsetof(struct bpf_sock_addr, user_ip4), endpoints[0].addr, 4);
	ck_assert_int_eq(interpret(programs[BW_GUARD_CONNECT4], lens[BW_GUARD_CONNECT4], &run), 0);
	ck_assert_uint_eq(run.counter, 0);
}
END_TEST

START_TEST(as_many_endpoints_as_allowed_make_a_program)
{
	struct bw_guard_rules many = {.n = BW_MAX_ENDPOINTS};
	auto_free struct bpf_insn *program = NULL;
	struct run run = {0};
	size_t len;

	for (size_t i = 0; i < BW_MAX_ENDPOINTS; i++) {
		char text[40];

		snprintf(text, sizeof text, "fd00:%zx:2:3:4:5:6:7000/116", i + 1);
		ck_assert_int_eq(bw_endpoint_parse(text, &many.endpoints[i], NULL), 0);
	}
	ck_assert_int_eq(bw_guard_program(BW_GUARD_EGRESS, &many, MAP, &program, &len, NULL), 0);
	ck_assert_uint_lt(len, 4096);
	ck_assert_int_eq(interpret(program, len, &run), 0);
}
END_TEST

/* Programs are pinned by the format's number and the endpoints: whoever changes what is built must change the number
 * (PROGRAM_FORMAT in guard_attach.c), lest a start after an upgrade takes the old ones. Then this digest, too. */
START_TEST(other_instructions_are_another_format)
{
	static const char format_1[] = "dfe7c0d54d59dd248d4707f0a1b6e8f6216f6b5d7112989e1bf0beb360cac1f8";
	unsigned char digest[BW_SHA256_BYTES];
	char hex[BW_SHA256_HEX];
	struct bw_sha256 hash;

	bw_sha256_begin(&hash);
	for (int hook = 0; hook < BW_GUARD_HOOKS; hook++)
		bw_sha256_add(&hash, programs[hook], lens[hook] * sizeof *programs[hook]);
	teardown();
	setup_only_loopback();
	for (int hook = 0; hook < BW_GUARD_HOOKS; hook++)
		bw_sha256_add(&hash, programs[hook], lens[hook] * sizeof *programs[hook]);
	bw_sha256_end(&hash, digest);
	bw_sha256_hex(digest, hex);
	ck_assert_str_eq(hex, format_1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard_program");
	TCase *tc = tcase_create("endpoints"), *only = tcase_create("only loopback");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, each_bit_of_each_endpoint_counts_as_far_as_its_prefix);
	tcase_add_loop_test(
		tc, an_ipv4_address_is_found_in_every_form_of_ipv6, 0, (int)(sizeof spellings / sizeof *spellings));
	tcase_add_test(tc, programs_and_reading_agree_on_many_addresses);
	tcase_add_test(tc, what_is_no_whole_ip_packet_is_refused);
	tcase_add_test(tc, who_asks_for_port_0_is_refused_and_not_counted);
	tcase_add_test(tc, as_many_endpoints_as_allowed_make_a_program);
	tcase_add_test(tc, other_instructions_are_another_format);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(only, setup_only_loopback, teardown);
	tcase_set_timeout(only, 60);
	tcase_add_test(only, each_bit_of_each_endpoint_counts_as_far_as_its_prefix);
	tcase_add_loop_test(only, only_loopback_is_left, 0, (int)(sizeof places / sizeof *places));
	tcase_add_test(only, programs_and_reading_agree_on_many_addresses);
	suite_add_tcase(suite, only);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
