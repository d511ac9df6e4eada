/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - the interpreter of plans, between clone and execve. */
#ifndef BW_LAUNCH_CHILD_H
#define BW_LAUNCH_CHILD_H

#include <stdint.h>

#include "control/control.h"
#include "plan/plan.h"

struct bw_child_setup {
	const struct bw_plan *plan;
	int channel;      /* to the parent */
	int joiner_report; /* joiner to parent: one BW_MSG_PID or BW_MSG_JOIN_FAILED */
	int start_sock;   /* listening; -1: do not wait */
	int host_proc;
	unsigned preserve_fds;
	uint32_t parent_phases; /* bit n: phase n has parent steps */
	/* A parent who is not root maps the ids through files in /proc that are its own only while we may be looked at. */
	bool seen_until_mapped;
};

/* Does the plan's child steps and becomes the program. Async-signal-safe; never returns. */
_Noreturn void bw_child_run(const struct bw_child_setup *setup);
/* Enters the plan's joins, clones the init as a sibling (CLONE_PARENT) and reports its pid. Never returns in
 * the calling process; in the clone it goes on as bw_child_run(). */
_Noreturn void bw_joiner_run(const struct bw_child_setup *setup);

#endif
