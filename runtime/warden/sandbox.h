/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - what a process of the warden can still do once it serves: nothing but its descriptors. */
#ifndef BW_WARDEN_SANDBOX_H
#define BW_WARDEN_SANDBOX_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Compiled from profiles/seccomp/warden.json and warden-supervisor.json when bulwark is built. */
extern const struct sock_filter bw_warden_filter[], bw_warden_supervisor_filter[];
extern const size_t bw_warden_filter_n, bw_warden_supervisor_filter_n;

struct bw_sandbox {
	uint32_t user, group;
	uint64_t files; /* descriptors at most */
	const struct sock_filter *filter;
	size_t filter_n;
};

/* Mount and IPC namespaces of our own; the root directory is an empty one that cannot be written, and there is no way
 * back. Needs CAP_SYS_ADMIN. */
int bw_sandbox_empty_root(struct bw_err *err) BW_MUST_CHECK;

/* Gives up ids, groups, capabilities, limits and system calls, in this order; for good. */
int bw_sandbox_enter(const struct bw_sandbox *sandbox, struct bw_err *err) BW_MUST_CHECK;

#endif
