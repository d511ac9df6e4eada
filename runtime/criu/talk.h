/* SPDX-License-Identifier: Apache-2.0 */
/* talk.h - one run of `criu swrk` and the conversation with it: a request, notifications that are answered while criu
 * waits, the answer. Knows nothing of containers. See criu's cr-service.c. */
#ifndef BW_CRIU_TALK_H
#define BW_CRIU_TALK_H

#include "criu/message.h"

/* The first number of what criu inherits besides its standard descriptors and the socket. */
enum { BW_CRIU_FIRST_FD = 4 };

struct bw_criu_program {
	const char *path;
	const char *const *env; /* NULL-terminated */
	int stdio[3];		/* -1: /dev/null */
	const int *fds;		/* become BW_CRIU_FIRST_FD, ...; all others are closed in criu */
	size_t fds_n;
};

struct bw_criu {
	pid_t pid; /* 0: does not run */
	int sock;
};
#define BW_CRIU_INIT {.sock = -1}

/* Hears of one stage ("post-dump", "setup-namespaces", ...); pid: the init, as we see it, or 0; fd: what came with it,
 * or -1, the caller's. -1 with *err filled ends it all. */
typedef int bw_criu_notify_fn(const char *stage, pid_t pid, int fd, void *ctx, struct bw_err *err);

/* Starts it with no signal blocked or ignored. With rst_sibling a restored init is a child of ours. */
int bw_criu_begin(struct bw_criu *ret, const struct bw_criu_program *program, struct bw_err *err) BW_MUST_CHECK;
/* Sends request and waits for its answer. "criu failed: type DUMP errno 0" (BW_E_HOST) when that says so. notify may be
 * NULL. */
int bw_criu_ask(struct bw_criu *criu, const struct bw_criu_request *request, bw_criu_notify_fn *notify, void *ctx,
	struct bw_criu_response *ret, struct bw_err *err) BW_MUST_CHECK;
/* Hangs up and waits for its end: its exit code, or -1. */
int bw_criu_end(struct bw_criu *criu, struct bw_err *err) BW_MUST_CHECK;
/* The same after a failure: it undoes what it has begun, and is killed when it does not end. */
void bw_criu_abort(struct bw_criu *criu);

#endif
