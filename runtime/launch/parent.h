/* SPDX-License-Identifier: Apache-2.0 */
/* parent.h - one launch: clone, answer the child, report. An object with a descriptor to poll, so that the
 * command line runs it in a loop and a shim beside its other work. */
#ifndef BW_LAUNCH_PARENT_H
#define BW_LAUNCH_PARENT_H

#include <stdint.h>
#include <sys/types.h>

#include "control/control.h"
#include "plan/plan.h"

enum bw_launch_state {
	BW_LAUNCH_STARTING, /* steps are being done */
	BW_LAUNCH_READY,    /* the init waits for start */
	BW_LAUNCH_RUNNING,  /* the program runs (or has run) */
	BW_LAUNCH_FAILED,   /* err says why; the init is dead and reaped */
};

struct bw_launch {
	const struct bw_plan *plan;
	enum bw_launch_state state;
	pid_t pid;       /* the container's init; 0 until known */
	int pidfd;       /* of the init */
	int channel;     /* poll this for reading */
	const struct bw_request *request;
	pid_t joiner;
	bool exec_announced;
	/* Of a launch that has failed, for who explains it: the step of the plan (-1: none of them), its errno, and
	 * the signal that ended the init before its program started. */
	int failed_step, failed_sys, killed_by;
	uint32_t phases_done;
	uint32_t next_giver; /* steps below it hand over no descriptor any more: each does once, in order */
};

#define BW_LAUNCH_INIT {.pidfd = -1, .channel = -1, .failed_step = -1}

/* Clones. plan and request must outlive the launch. On failure nothing runs. */
int bw_launch_begin(struct bw_launch *launch, const struct bw_plan *plan, const struct bw_request *request,
	struct bw_err *err) BW_MUST_CHECK;
/* Handles one message (waits for it when there is none yet). Returns the state, or -1 with state FAILED. */
int bw_launch_step(struct bw_launch *launch, struct bw_err *err) BW_MUST_CHECK;
/* Until READY or RUNNING. */
int bw_launch_wait(struct bw_launch *launch, struct bw_err *err) BW_MUST_CHECK;
/* Kills and reaps the init whatever its state: what follows the launch has failed. */
void bw_launch_abort(struct bw_launch *launch);
/* Closes descriptors; a child that is still starting is killed and reaped. */
void bw_launch_done(struct bw_launch *launch);

#endif
