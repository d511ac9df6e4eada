/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_recorder.h - run --learn: a filter that asks about every system call, and the process beside bulwark that
 * notes each and lets it go on. It cannot let through what another filter refuses: the kernel asks nobody then. */
#ifndef BW_CONTROL_SECCOMP_RECORDER_H
#define BW_CONTROL_SECCOMP_RECORDER_H

#include <linux/filter.h>
#include <sys/types.h>

#include "control/seccomp_learn.h"

struct bw_settling;

enum { BW_RECORDER_FILTER_MAX = 13 };

struct bw_recorder {
	struct bw_learned *set; /* shared with the process */
	pid_t pid;		/* 0: it has not begun */
	int pidfd;		/* readable when it has ended, which it does not before it is told to */
};

#define BW_RECORDER_INIT {.pidfd = -1}

/* The filter's instructions; how many. */
size_t bw_recorder_filter(struct sock_filter code[BW_RECORDER_FILTER_MAX]);
/* Memory for the set, which is empty. */
int bw_recorder_open(struct bw_recorder *recorder, struct bw_err *err) BW_MUST_CHECK;
/* Begins to answer at listener, which stays the caller's; now is the launch that has made it. When bulwark dies, the
 * container is killed: it would get ENOSYS for every call. */
int bw_recorder_start(struct bw_recorder *recorder, int listener, const struct bw_settling *now, struct bw_err *err) BW_MUST_CHECK;
/* Ends it: whoever is left of the container gets ENOSYS for every call. Fails when it had ended before, and the set has
 * not all. */
int bw_recorder_stop(struct bw_recorder *recorder, struct bw_err *err) BW_MUST_CHECK;
/* Ends what is left of it and frees the set; accepts one that never began. */
void bw_recorder_done(struct bw_recorder *recorder);

#endif
