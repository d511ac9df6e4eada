/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h - output to a file ("file://"): a process of its own writes it, as a logging program would. A disk that is full
 * or does not answer stops the container that writes there, and neither the shim nor another container. */
#ifndef BW_SHIM_WRITER_H
#define BW_SHIM_WRITER_H

#include <sys/types.h>

#include "base/err.h"

/* For a worker: a child that appends to file what it reads from the two descriptors, until both are at their end. It is a
 * fork without exec, and has nothing else of ours. All descriptors stay the caller's. */
int bw_writer_start(int file, const int fds[2], pid_t *ret_pid, struct bw_err *err) BW_MUST_CHECK;

#endif
