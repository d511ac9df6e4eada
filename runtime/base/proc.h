/* SPDX-License-Identifier: Apache-2.0 */
/* proc.h - processes: pidfds, start times (a pid alone may be somebody else by now), states. */
#ifndef BW_BASE_PROC_H
#define BW_BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* What /proc/<pid>/stat says. start_time in clock ticks since boot (proc_pid_stat(5), field 22). */
struct bw_proc_stat {
	char state; /* R S D Z T t X I */
	pid_t ppid;
	uint64_t start_time;
};

/* 0, or -errno (-ESRCH when there is no such process). */
int bw_proc_stat(pid_t pid, struct bw_proc_stat *ret);
/* Whether the process that had this start time is alive (zombies are not). */
bool bw_proc_alive(pid_t pid, uint64_t start_time);
/* pidfd of exactly that process: descriptor or -errno (-ESRCH when it is another one or gone). */
int bw_pidfd_of(pid_t pid, uint64_t start_time);
/* Whether we are in the first user namespace, in which capabilities are those over the host. */
bool bw_proc_in_initial_userns(void);
/* Whether a file of this owner is root's. In a user namespace that an engine of a user has made the host's root has no
 * number, and its files seem to be those of the one that stands for all who have none. Whose namespace it is, rules there. */
bool bw_proc_is_root(uid_t uid);
/* Raises our soft limit of open files to the hard one: a container with many mounts takes many. True when there was
 * something to raise; ret_soft is what it was. */
bool bw_proc_raise_files(uint64_t *ret_soft);
/* Puts it back, in a process that becomes another program: that one is to have what our caller gave. Nothing to do where
 * nothing was raised. 0 or -errno. */
int bw_proc_give_back_files(void);
/* waitpid through EINTR; status as wait(2) gives it, or -errno. */
int bw_wait(pid_t pid, int *ret_status);
/* The exit code a shell would show: status or 128 + signal. */
int bw_exit_code(int wait_status);
/* "KILL", "SIGKILL", "9", "RTMIN+1": the number, or -1. */
int bw_signal_number(const char *text);

#endif
