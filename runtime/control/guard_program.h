/* SPDX-License-Identifier: Apache-2.0 */
/* guard_program.h - the programs that keep the sockets of a cgroup from a list of endpoints: a pure builder. */
#ifndef BW_CONTROL_GUARD_PROGRAM_H
#define BW_CONTROL_GUARD_PROGRAM_H

#include "control/ebpf.h"
#include "control/endpoint.h"

/* connect and sendmsg answer at once with EPERM; egress sees what those do not, packet by packet. */
enum bw_guard_hook {
	BW_GUARD_CONNECT4,
	BW_GUARD_CONNECT6,
	BW_GUARD_SENDMSG4,
	BW_GUARD_SENDMSG6,
	BW_GUARD_EGRESS,
	BW_GUARD_HOOKS
};

extern const struct bw_bpf_kind bw_guard_kinds[BW_GUARD_HOOKS];

/* What is refused. */
struct bw_guard_rules {
	struct bw_endpoint endpoints[BW_MAX_ENDPOINTS];
	size_t n;
	bool only_loopback; /* all that is not 127.0.0.0/8 or ::1, too */
};

/* The program for a hook, malloc'd: allows what the rules do not refuse, in whatever form an address says so
 * (IPv4-mapped, -compatible and -translated IPv6, 6to4, the well-known prefix of NAT64). What it refuses it counts, but
 * for a socket that asks for port 0, in map, a descriptor of a BPF_MAP_TYPE_CGROUP_STORAGE with a value of 8 bytes. */
int bw_guard_program(enum bw_guard_hook hook, const struct bw_guard_rules *rules, int map, struct bpf_insn **ret,
	size_t *ret_n, struct bw_err *err) BW_MUST_CHECK;

#endif
