/* SPDX-License-Identifier: Apache-2.0 */
/* ebpf_devices.h - device rules as a BPF_PROG_TYPE_CGROUP_DEVICE program for cgroup v2: a pure
 * builder, and bpf(2) to load and attach it. */
#ifndef BW_CONTROL_EBPF_DEVICES_H
#define BW_CONTROL_EBPF_DEVICES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bits, not the kernel's numbers: a rule may be about both types. */
enum { BW_DEVICE_BLOCK = 1, BW_DEVICE_CHAR = 2, BW_DEVICE_BOTH = 3 };
/* These are the kernel's (BPF_DEVCG_ACC_*). */
enum { BW_DEVICE_MKNOD = 1, BW_DEVICE_READ = 2, BW_DEVICE_WRITE = 4, BW_DEVICE_ALL = 7 };
enum { BW_DEVICE_ANY = -1, BW_DEVICE_MAX_RULES = 1024 };

struct bw_device_rule {
	bool allow;
	unsigned types, access;
	int64_t major, minor; /* BW_DEVICE_ANY: each */
};
struct bw_device_rules {
	struct bw_device_rule *v;
	size_t n;
};

/* What the rules mean: for each of the access bits asked for, the last rule about it decides; none:
 * refused. */
bool bw_device_rules_allow(const struct bw_device_rules *rules, unsigned type, uint32_t major,
	uint32_t minor, unsigned access);
/* Whether a is about every device and access that b is about. */
bool bw_device_rule_covers(const struct bw_device_rule *a, const struct bw_device_rule *b);

/* The program for the rules, malloc'd. */
int bw_device_program(const struct bw_device_rules *rules, struct bpf_insn **ret, size_t *ret_n,
	struct bw_err *err) BW_MUST_CHECK;
/* Loads the program and attaches it to a v2 cgroup. replace: programs that are there already go,
 * after the new one is in force. */
int bw_device_attach(int cgroup, const struct bpf_insn *program, size_t n, bool replace,
	struct bw_err *err) BW_MUST_CHECK;
/* Whether this kernel and our rights suffice for device programs on the cgroup. */
bool bw_device_can_attach(int cgroup);

#endif
