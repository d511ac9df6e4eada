/* SPDX-License-Identifier: Apache-2.0 */
/* logger.h - a logging program ("binary://"): how it is started, and how it ends. It reads the container's output itself,
 * from descriptors 3 and 4, and says by 5 that it is ready. */
#ifndef BW_SHIM_LOGGER_H
#define BW_SHIM_LOGGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/loop.h"

struct bw_logger_program {
	char *const *argv; /* argv[0]: its absolute path */
	const char *id, *namespace;
	bool by_byte;	/* an end without a byte does not say that it is ready */
	int fds[2];	/* what it reads: standard output and error; they stay the caller's */
	int64_t ready_ms;
};
/* Starts it, in a session of its own and with nothing of ours, and waits until it is ready: for a worker. BW_E_PROGRAM when
 * it cannot be executed, ends before, or takes longer; it is gone then. A child of the caller, who may end before it. */
int bw_logger_start(const struct bw_logger_program *program, pid_t *ret_pid, struct bw_err *err) BW_MUST_CHECK;

/* A logging program that runs, as the shim sees it. */
struct bw_logger;
/* ended is called from the loop, once, when it has ended, and the object is gone then; whoever reaps the shim's children
 * reaps it. */
int bw_logger_watch(struct bw_loop *loop, pid_t pid, void (*ended)(void *ctx), void *ctx, struct bw_logger **ret,
	struct bw_err *err) BW_MUST_CHECK;
/* Nobody asks for it any more: SIGTERM, and when it has not ended end_ms later SIGKILL. Returns at once; what is left of it
 * stays in the loop until then. NULL is fine. */
void bw_logger_dismiss(struct bw_logger *logger, int64_t end_ms);

#endif
