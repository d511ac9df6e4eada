/* SPDX-License-Identifier: Apache-2.0 */
/* stdio.h - standard input, output and error of one process: fifos of the client, pipes and terminals of the container, and
 * what is copied between them. Nothing here waits: a reader who is slow or gone stops its own container alone. */
#ifndef BW_SHIM_STDIO_H
#define BW_SHIM_STDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "shim/loop.h"

struct bw_stdio;

/* As in Create and Exec: a path of a fifo, also behind "fifo://"; "file://PATH" (output, appended); "binary://PROGRAM?KEY=VALUE"
 * and "binary-v2://" (output, to a logging program); "" is /dev/null. uid, gid: who is to own the pipes, so that a program
 * may open /dev/stdout again. */
struct bw_stdio_request {
	const char *stdin_path, *stdout_uri, *stderr_uri;
	bool terminal;
	uid_t uid;
	gid_t gid;
	const char *id, *namespace; /* for a logging program's environment */
	int64_t logger_ready_ms, logger_end_ms; /* how long it may take; 0: BW_LOGGER_READY_MS, BW_LOGGER_END_MS */
};
enum { BW_LOGGER_READY_MS = 10000, BW_LOGGER_END_MS = 12000 };

/* Opens and makes everything; copies nothing yet. BW_E_USAGE for a scheme that is none, or a place that is no fifo. SIGPIPE
 * must be ignored wherever the loop runs. */
int bw_stdio_open(struct bw_loop *loop, const struct bw_stdio_request *request, struct bw_stdio **ret,
	struct bw_err *err) BW_MUST_CHECK;

/* Every descriptor of this object that a worker needs for the functions below: how many. It closes all others, or readers
 * see no end as long as it runs. */
enum { BW_STDIO_WORKER_FDS = 12 };
size_t bw_stdio_worker_fds(const struct bw_stdio *stdio, int ret[BW_STDIO_WORKER_FDS]);
/* For the worker that starts the process: what becomes its 0, 1 and 2 (with a terminal: /dev/null), and the end of the
 * socket pair over which the terminal's master comes back (-1 without). */
int bw_stdio_child_fd(const struct bw_stdio *stdio, int which);
int bw_stdio_console_fd(const struct bw_stdio *stdio);
/* The logging program's absolute path, or that of the file that output goes to; NULL without one. The worker asks the policy
 * first, and then starts the program, or what writes the file, before the container, and waits (at most ten seconds) until
 * it is ready. Nothing is made before. no_links: the file is not opened through symbolic links. It is the worker's child
 * and ours afterwards; a worker that fails later kills it. All are for before bw_stdio_begin(). */
const char *bw_stdio_logger(const struct bw_stdio *stdio);
const char *bw_stdio_file(const struct bw_stdio *stdio);
int bw_stdio_start_logger(const struct bw_stdio *stdio, bool no_links, pid_t *ret_pid, struct bw_err *err) BW_MUST_CHECK;

/* In the shim, once the worker has succeeded: closes the child's ends, takes the terminal, begins to copy. logger: its pid,
 * or 0, also of one that has been reaped already. The readiness of a pidfd tells when it ends; it is never waited for here,
 * which the server's reaper does, as for all children. */
int bw_stdio_begin(struct bw_stdio *stdio, pid_t logger, struct bw_err *err) BW_MUST_CHECK;
/* rows and columns of the terminal; nothing without one. */
int bw_stdio_resize(struct bw_stdio *stdio, unsigned columns, unsigned rows, struct bw_err *err) BW_MUST_CHECK;
/* CloseIO: what is left in the fifo is still passed on, then the process reads the end. */
void bw_stdio_close_stdin(struct bw_stdio *stdio);
/* The process has ended: a terminal is at its end where nothing is left to read, whoever has it open. drained is called,
 * once, from the loop or at once, when all output is passed on and a logging program, which reads the end then, has
 * ended; or after limit_ms. */
void bw_stdio_ended(struct bw_stdio *stdio, int64_t limit_ms, void (*drained)(void *ctx), void *ctx);
/* Closes everything, so that readers see the end. A logging program that has not ended gets SIGTERM, and twelve seconds
 * later SIGKILL; the loop does that, nothing here waits for it, and a server that leaves the loop earlier (it has children
 * still, as waitpid(2) tells) leaves it running. NULL is fine. */
void bw_stdio_free(struct bw_stdio *stdio);

#endif
