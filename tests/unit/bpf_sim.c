/* SPDX-License-Identifier: Apache-2.0 */
/* bpf_sim.c - accumulator, jumps, loads of struct seccomp_data; no memory words, which nobody uses
 * here. */
#include "bpf_sim.h"

#include <string.h>

static bool jump_taken(uint16_t code, uint32_t a, uint32_t k, bool *ret)
{
	switch (code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
		*ret = a == k;
		return true;
	case BPF_JMP | BPF_JGT | BPF_K:
		*ret = a > k;
		return true;
	case BPF_JMP | BPF_JGE | BPF_K:
		*ret = a >= k;
		return true;
	case BPF_JMP | BPF_JSET | BPF_K:
		*ret = (a & k) != 0;
		return true;
	default:
		return false;
	}
}

bool bpf_run(
	const struct sock_filter *program, size_t n, const struct seccomp_data *data, uint32_t *ret)
{
	uint32_t a = 0;

	/* Jumps go forward only, so this ends. */
	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *insn = &program[pc];
		bool taken;

		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (insn->k % 4 || insn->k > sizeof *data - 4)
				return false;
			memcpy(&a, (const char *)data + insn->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			break;
		case BPF_RET | BPF_K:
			*ret = insn->k;
			return true;
		default:
			if (!jump_taken(insn->code, a, insn->k, &taken))
				return false;
			pc += taken ? insn->jt : insn->jf;
		}
	}
	return false;
}
