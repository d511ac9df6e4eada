/* SPDX-License-Identifier: Apache-2.0 */
/* attach.h - the foreground: bulwark stays beside the program, passes signals and the terminal through, and
 * ends with its exit code. */
#ifndef BW_CONTAINER_ATTACH_H
#define BW_CONTAINER_ATTACH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "container/bulwark.h"

struct bw_notify;
struct bw_state;
struct bw_cgroup_set;

struct bw_attach {
	int terminal[2]; /* our end and the child's of the console socket pair; -1 without a terminal */
	int signals;     /* signalfd */
	sigset_t before;
	struct bw_notify *notify; /* its socket is heard, too; or NULL */
	int64_t ttl_ms, grace_ms; /* how long the container may live, and how long after SIGTERM; 0: no limit */
	const struct bw_cgroup_set *cgroups; /* what is killed then */
	struct bw_audited who;               /* and what is recorded of it */
	int vital; /* pidfd of a process of ours without which the container cannot go on: its end is the container's;
		      or -1 */
};

#define BW_ATTACH_INIT {.terminal = {-1, -1}, .signals = -1, .vital = -1}

/* Before the clone: blocks the signals that will be passed on, and makes the console pair when terminal. */
int bw_attach_begin(struct bw_attach *attach, bool terminal, struct bw_err *err) BW_MUST_CHECK;
/* bw_attach_run() ends the container when its life is over; the state is to outlive that. */
void bw_attach_keep_time(struct bw_attach *attach, const struct bw_state *state);
/* After the program runs: copies and forwards until pid ends; reaps it. *ret_code as a shell shows it. */
int bw_attach_run(struct bw_attach *attach, pid_t pid, int pidfd, int *ret_code, struct bw_err *err) BW_MUST_CHECK;
void bw_attach_done(struct bw_attach *attach);

#endif
