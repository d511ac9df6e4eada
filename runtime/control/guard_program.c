/* SPDX-License-Identifier: Apache-2.0 */
/* guard_program.c - builds the programs of the network guard: the address that the socket or the packet is for,
 * held against a list, word by word. No loops, no look-up: some forty comparisons, of which a packet to somewhere
 * else in IPv4 makes at most one for each endpoint. See linux/bpf.h, struct bpf_sock_addr and struct __sk_buff. */
#include "control/guard_program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

const struct bw_bpf_kind bw_guard_kinds[BW_GUARD_HOOKS] = {
	[BW_GUARD_CONNECT4] = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, "bulwark_conn4"},
	[BW_GUARD_CONNECT6] = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, "bulwark_conn6"},
	[BW_GUARD_SENDMSG4] = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG, "bulwark_send4"},
	[BW_GUARD_SENDMSG6] = {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG, "bulwark_send6"},
	[BW_GUARD_EGRESS] = {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "bulwark_egress"},
};

/* The words of an IPv6 address in the host's byte order; IPv4 is in the last one. */
enum { CONTEXT = BPF_REG_6, SCRATCH = BPF_REG_1, LAST = BPF_REG_5, FRAME = BPF_REG_10 };
static const int words[4] = {BPF_REG_7, BPF_REG_8, BPF_REG_9, LAST};

enum { IPV4_DESTINATION = 16, IPV6_DESTINATION = 24 }; /* offsets in the headers */

/* Where a jump goes, until that has a place. */
enum target { TO_IPV4 = INT16_MAX - 2, TO_DENY, TO_ALLOW, FIRST_TARGET = TO_IPV4 };

enum {
	PER_ENDPOINT = 9, /* instructions: four words, of which each takes two, and one more */
	FIXED = 64
};

struct builder {
	struct bpf_insn *v;
	size_t n;
};

static void emit(struct builder *b, int code, int dst, int src, int off, int32_t imm)
{
	b->v[b->n++] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)(dst & 0xf),
		.src_reg = (uint8_t)(src & 0xf),
		.off = (int16_t)off,
		.imm = imm,
	};
}

static void jump_if(struct builder *b, int condition, int reg, uint32_t value, int off)
{
	emit(b, BPF_JMP32 | condition | BPF_K, reg, 0, off, (int32_t)value);
}

/* Jumps if the first bits bits of reg are those of value. */
static void jump_if_begins(struct builder *b, int reg, uint32_t value, unsigned bits, int condition, int off)
{
	if (bits < 32) {
		emit(b, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, reg, 0, 0);
		emit(b, BPF_ALU | BPF_AND | BPF_K, SCRATCH, 0, 0, (int32_t)(UINT32_MAX << (32 - bits)));
		reg = SCRATCH;
	}
	jump_if(b, condition, reg, value, off);
}

/* ---- the address ---- */

/* A jump forward, over what comes until land(). */
static size_t jump_over(struct builder *b, int condition, int reg, uint32_t value)
{
	jump_if(b, condition, reg, value, 0);
	return b->n - 1;
}

static void land(struct builder *b, size_t jump)
{
	b->v[jump].off = (int16_t)(b->n - jump - 1);
}

static void load_word(struct builder *b, int reg, int base, int offset)
{
	emit(b, BPF_LDX | BPF_MEM | BPF_W, reg, base, offset, 0);
	emit(b, BPF_ALU | BPF_END | BPF_TO_BE, reg, 0, 0, 32);
}

static void load_of_socket(struct builder *b, int family)
{
	if (family == AF_INET) {
		load_word(b, LAST, CONTEXT, offsetof(struct bpf_sock_addr, user_ip4));
		return;
	}
	for (int i = 0; i < 4; i++)
		load_word(b, words[i], CONTEXT, (int)offsetof(struct bpf_sock_addr, user_ip6) + 4 * i);
}

/* Copies len bytes of the packet to the stack; a packet that has none there is refused. */
static void fetch(struct builder *b, int offset, int len)
{
	emit(b, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, CONTEXT, 0, 0);
	emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, offset);
	emit(b, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, FRAME, 0, 0);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -len);
	emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, len);
	emit(b, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_skb_load_bytes);
	jump_if(b, BPF_JNE, BPF_REG_0, 0, TO_DENY);
}

/* The cgroup's hook is the network layer's: a packet begins with its IP header. */
static void load_of_packet(struct builder *b)
{
	size_t other;

	emit(b, BPF_LDX | BPF_MEM | BPF_W, words[0], CONTEXT, offsetof(struct __sk_buff, protocol), 0);
	other = jump_over(b, BPF_JNE, words[0], htons(ETH_P_IP));
	fetch(b, IPV4_DESTINATION, 4);
	load_word(b, LAST, FRAME, -4);
	emit(b, BPF_JMP | BPF_JA, 0, 0, TO_IPV4, 0);
	land(b, other);
	jump_if(b, BPF_JNE, words[0], htons(ETH_P_IPV6), TO_DENY);
	fetch(b, IPV6_DESTINATION, 16);
	for (int i = 0; i < 4; i++)
		load_word(b, words[i], FRAME, 4 * i - 16);
}

/* ---- comparing ---- */

static uint32_t word_of(const struct bw_endpoint *endpoint, size_t i)
{
	uint32_t word;

	memcpy(&word, endpoint->addr + 4 * i, sizeof word);
	return ntohl(word);
}

/* An IPv6 address that stands for an IPv4 one leaves that in LAST and goes on there. */
static void emit_forms_of_ipv4(struct builder *b)
{
	enum { NAT64 = 0x0064ff9b, SIX_TO_FOUR = 0x20020000 };
	size_t first, second;

	/* 64:ff9b::a.b.c.d: RFC 6052. */
	first = jump_over(b, BPF_JNE, words[0], NAT64);
	second = jump_over(b, BPF_JNE, words[1], 0);
	jump_if(b, BPF_JEQ, words[2], 0, TO_IPV4);
	land(b, first);
	land(b, second);
	/* ::a.b.c.d, ::ffff:a.b.c.d, ::ffff:0:a.b.c.d: RFC 4291, RFC 7915. */
	first = jump_over(b, BPF_JNE, words[0], 0);
	second = jump_over(b, BPF_JNE, words[1], 0);
	jump_if(b, BPF_JEQ, words[2], 0, TO_IPV4);
	jump_if(b, BPF_JEQ, words[2], 0xffff, TO_IPV4);
	jump_if(b, BPF_JEQ, words[2], 0xffff0000, TO_IPV4);
	land(b, first);
	land(b, second);
	/* 2002:ab:cd::: RFC 3056. */
	emit(b, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, words[0], 0, 0);
	emit(b, BPF_ALU | BPF_AND | BPF_K, SCRATCH, 0, 0, (int32_t)0xffff0000);
	first = jump_over(b, BPF_JNE, SCRATCH, SIX_TO_FOUR);
	emit(b, BPF_ALU | BPF_MOV | BPF_X, LAST, words[0], 0, 0);
	emit(b, BPF_ALU | BPF_LSH | BPF_K, LAST, 0, 0, 16);
	emit(b, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, words[1], 0, 0);
	emit(b, BPF_ALU | BPF_RSH | BPF_K, SCRATCH, 0, 0, 16);
	emit(b, BPF_ALU | BPF_OR | BPF_X, LAST, SCRATCH, 0, 0);
	emit(b, BPF_JMP | BPF_JA, 0, 0, TO_IPV4, 0);
	land(b, first);
}

/* The words before the last one that counts must all be equal; the first that is not goes on to the next endpoint. */
static void emit_ipv6(struct builder *b, const struct bw_endpoint *endpoint)
{
	size_t last = (endpoint->bits - 1) / 32, first = b->n;

	for (size_t i = 0; i < last; i++)
		jump_if(b, BPF_JNE, words[i], word_of(endpoint, i), 0);
	jump_if_begins(b, words[last], word_of(endpoint, last), endpoint->bits - 32 * (unsigned)last, BPF_JEQ, TO_DENY);
	for (size_t i = first; i < first + last; i++)
		b->v[i].off = (int16_t)(b->n - i - 1);
}

static void emit_ipv4(struct builder *b, const struct bw_endpoint *endpoint)
{
	jump_if_begins(b, LAST, word_of(endpoint, 0), endpoint->bits, BPF_JEQ, TO_DENY);
}

static void emit_all(struct builder *b, int family, const struct bw_guard_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->endpoints[i].family != family)
			continue;
		if (family == AF_INET)
			emit_ipv4(b, &rules->endpoints[i]);
		else
			emit_ipv6(b, &rules->endpoints[i]);
	}
}

/* ::1, and what the kernel sends by IPv4; nothing else that might stand for 127.0.0.1 somewhere. */
static void emit_only_loopback6(struct builder *b)
{
	size_t first = jump_over(b, BPF_JNE, words[0], 0), second = jump_over(b, BPF_JNE, words[1], 0), third;

	jump_if(b, BPF_JEQ, words[2], 0xffff, TO_IPV4);
	third = jump_over(b, BPF_JNE, words[2], 0);
	jump_if(b, BPF_JEQ, LAST, 1, TO_ALLOW);
	land(b, first);
	land(b, second);
	land(b, third);
	emit(b, BPF_JMP | BPF_JA, 0, 0, TO_DENY, 0);
}

static void emit_except_endpoints6(struct builder *b, const struct bw_guard_rules *rules)
{
	emit_forms_of_ipv4(b);
	emit_all(b, AF_INET6, rules);
	emit(b, BPF_JMP | BPF_JA, 0, 0, TO_ALLOW, 0);
}

/* What is not 127.0.0.0/8. */
static void emit_deny_others4(struct builder *b)
{
	jump_if_begins(b, LAST, INADDR_LOOPBACK & 0xff000000, 8, BPF_JNE, TO_DENY);
}

/* ---- the verdicts ---- */

static size_t emit_allow(struct builder *b)
{
	size_t at = b->n;

	emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
	emit(b, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return at;
}

/* The storage is that of the cgroup at which the program hangs, and is never absent. A socket's port 0 is nobody's: so
 * our own proof asks, which shall not count. */
static size_t emit_deny(struct builder *b, int map, bool packet)
{
	size_t at = b->n, uncounted = 0;

	if (!packet) {
		emit(b, BPF_LDX | BPF_MEM | BPF_W, SCRATCH, CONTEXT, offsetof(struct bpf_sock_addr, user_port), 0);
		uncounted = jump_over(b, BPF_JEQ, SCRATCH, 0);
	}
	emit(b, BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map);
	emit(b, 0, 0, 0, 0, 0);
	emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0);
	emit(b, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_local_storage);
	emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1);
	emit(b, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1, 0, BPF_ADD);
	if (!packet)
		land(b, uncounted);
	emit(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	emit(b, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return at;
}

static void place_targets(struct builder *b, size_t ipv4, size_t deny, size_t allow)
{
	const size_t places[] = {ipv4, deny, allow};

	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].off >= FIRST_TARGET)
			b->v[i].off = (int16_t)(places[b->v[i].off - FIRST_TARGET] - i - 1);
}

int bw_guard_program(enum bw_guard_hook hook, const struct bw_guard_rules *rules, int map, struct bpf_insn **ret,
	size_t *ret_n, struct bw_err *err)
{
	bool ipv4_only = hook == BW_GUARD_CONNECT4 || hook == BW_GUARD_SENDMSG4;
	struct builder b = {.v = calloc(PER_ENDPOINT * rules->n + FIXED, sizeof *b.v)};
	size_t ipv4, allow;

	if (!b.v)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "guard program");
	emit(&b, BPF_ALU64 | BPF_MOV | BPF_X, CONTEXT, BPF_REG_1, 0, 0);
	if (hook == BW_GUARD_EGRESS)
		load_of_packet(&b);
	else
		load_of_socket(&b, ipv4_only ? AF_INET : AF_INET6);
	if (!ipv4_only && rules->only_loopback)
		emit_only_loopback6(&b);
	else if (!ipv4_only)
		emit_except_endpoints6(&b, rules);
	ipv4 = b.n;
	if (rules->only_loopback)
		emit_deny_others4(&b);
	emit_all(&b, AF_INET, rules);
	allow = emit_allow(&b);
	place_targets(&b, ipv4, emit_deny(&b, map, hook == BW_GUARD_EGRESS), allow);
	*ret = b.v;
	*ret_n = b.n;
	return 0;
}
