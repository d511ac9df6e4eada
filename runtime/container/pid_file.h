/* SPDX-License-Identifier: Apache-2.0 */
/* pid_file.h - --pid-file: bare decimal digits, no newline, there before the command returns. */
#ifndef BW_CONTAINER_PID_FILE_H
#define BW_CONTAINER_PID_FILE_H

#include <sys/types.h>

#include "base/err.h"

/* path absolute, or NULL for none. Written under a temporary name and renamed. */
int bw_pid_file_write(const char *path, pid_t pid, struct bw_err *err) BW_MUST_CHECK;

#endif
