/* SPDX-License-Identifier: Apache-2.0 */
/* ebpf.h - bpf(2) for programs that hang on a cgroup of v2: load, attach, ask, detach. What a program
 * says is the business of who builds it (ebpf_devices.c, guard_program.c). */
#ifndef BW_CONTROL_EBPF_H
#define BW_CONTROL_EBPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* What a program is for, as the kernel names it. */
struct bw_bpf_kind {
	uint32_t type;   /* BPF_PROG_TYPE_* */
	uint32_t attach; /* BPF_CGROUP_*: where it hangs; also what the verifier checks it for */
	const char *name; /* at most 15 bytes; bpftool(8) shows it */
};

enum { BW_BPF_MAX_ATTACHED = 64 }; /* the kernel attaches no more to one cgroup */

/* The system call itself, with its errno. */
int bw_bpf(int command, union bpf_attr *attr);
static inline uint64_t bw_bpf_pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}
/* Loads a program. Descriptor, CLOEXEC as all of bpf(2), or -1 with BW_E_KERNEL. */
int bw_bpf_load(const struct bw_bpf_kind *kind, const struct bpf_insn *program, size_t n,
	struct bw_err *err) BW_MUST_CHECK;
/* Attaches it beside what is there already (BPF_F_ALLOW_MULTI); replaced: the descriptor of one that goes in the
 * same moment, or -1. 0, or -1 with errno. */
int bw_bpf_attach(int cgroup, int program, uint32_t attach, int replaced);
/* 0, or -1 with errno; one that is gone already is fine. */
int bw_bpf_detach(int cgroup, int program, uint32_t attach);
/* The ids of the programs attached to this very cgroup, at most BW_BPF_MAX_ATTACHED: their number, or -1 with
 * errno. Asks for the same rights as attaching does. */
ssize_t bw_bpf_attached(int cgroup, uint32_t attach, uint32_t ids[BW_BPF_MAX_ATTACHED]);
/* The program of this id: descriptor, or -1 with errno. */
int bw_bpf_program_of(uint32_t id);

#endif
