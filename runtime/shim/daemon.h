/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.h - how `start` leaves a server behind: a process of its own that has nothing of its maker's but the socket. */
#ifndef BW_SHIM_DAEMON_H
#define BW_SHIM_DAEMON_H

#include <stdbool.h>

#include "base/err.h"

struct bw_daemon {
	const char *namespace, *id, *containerd; /* as -namespace, -id and -address; the last may be NULL */
	const char *events;	  /* containerd's ttrpc socket, or NULL */
	const char *cgroup;	  /* to be moved to, or NULL */
	int listener;
	bool debug;
};

/* Starts it, with its log in the working directory's fifo "log", and waits until it has been executed. */
int bw_daemon_start(const struct bw_daemon *daemon, struct bw_err *err) BW_MUST_CHECK;
/* Its listening socket, for the process that has been started so: descriptor 3. BW_E_USAGE when that is none. */
int bw_daemon_listener(struct bw_err *err) BW_MUST_CHECK;
/* Moves the calling process to the cgroup of this path, in every hierarchy that has it; none is an error. */
int bw_daemon_join_cgroup(const char *path, struct bw_err *err) BW_MUST_CHECK;

#endif
