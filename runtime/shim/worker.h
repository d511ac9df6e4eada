/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - work that may wait: a fork of the shim does it and reports. What a verb needs of memory, what it changes of
 * its process, a hook that hangs and a fault of ours end with the worker. */
#ifndef BW_SHIM_WORKER_H
#define BW_SHIM_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "shim/loop.h"

/* All that comes back. */
struct bw_report {
	bool failed, died; /* died: without a word, and what it had begun may be half done */
	pid_t pid;	   /* of the process that was started; 0: none */
	pid_t logger;	   /* of the logging program; 0: none */
	struct bw_err err;
};

/* In the worker: sees all memory as it was at the fork. 0, or -1 with *err. Standard error still is the shim's. */
typedef int bw_worker_body(void *ctx, struct bw_report *report, struct bw_err *err);
/* In the shim: the processes that it reports are alive or zombies, nobody has reaped them, and they become our children
 * now. */
typedef void bw_worker_done(void *owner, const struct bw_report *report);

struct bw_worker;
struct bw_workers {
	struct bw_loop *loop;
	struct bw_worker *first;
};

struct bw_work {
	bw_worker_body *body;
	void *ctx;	 /* of the body: may be on the caller's stack */
	const int *keep; /* descriptors that the body needs; all others above 2 are closed */
	size_t keep_n;
	bw_worker_done *done;
	void *owner; /* must live until done is called */
};

/* done is not called when this fails. */
int bw_worker_begin(struct bw_workers *workers, const struct bw_work *work, struct bw_err *err) BW_MUST_CHECK;
/* Ends the workers of that owner; done hears of it as of any that has died. */
void bw_worker_cancel(struct bw_workers *workers, const void *owner);
/* pid has ended and is reaped: true when it was one of ours. */
bool bw_worker_ended(struct bw_workers *workers, pid_t pid, int wait_status);

#endif
