/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - what a process of the warden can still do once it serves: nothing but its descriptors. */
#ifndef BW_WARDEN_SANDBOX_H
#define BW_WARDEN_SANDBOX_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Compiled from profiles/seccomp/warden.json, warden-supervisor.json, witness.json and keeper.json when bulwark is built. */
extern const struct sock_filter bw_warden_filter[], bw_warden_supervisor_filter[], bw_witness_filter[],
	bw_keeper_filter[];
extern const size_t bw_warden_filter_n, bw_warden_supervisor_filter_n, bw_witness_filter_n, bw_keeper_filter_n;

struct bw_sandbox {
	uint32_t user, group;
	uint64_t files; /* descriptors at most */
	uint32_t caps;	/* that it keeps: bit n for capability n, of the first 32 */
	const struct sock_filter *filter;
	size_t filter_n;
};

/* Mount and IPC namespaces of our own; the root directory is an empty one that cannot be written, and there is no way
 * back. Needs CAP_SYS_ADMIN. */
int bw_sandbox_empty_root(struct bw_err *err) BW_MUST_CHECK;

/* The same with a root that is a procfs of our pid namespace, with nothing but processes in it where the kernel can: what
 * is written to a file of theirs fails (EROFS), whoever we are. */
int bw_sandbox_proc_root(struct bw_err *err) BW_MUST_CHECK;

/* Gives up ids, groups, capabilities but caps, limits and system calls, in this order; for good. */
int bw_sandbox_enter(const struct bw_sandbox *sandbox, struct bw_err *err) BW_MUST_CHECK;

#endif
