/* SPDX-License-Identifier: Apache-2.0 */
/* begin.h - the first steps of a process beside a container, and its one answer to whoever has started it. */
#ifndef BW_WARDEN_BEGIN_H
#define BW_WARDEN_BEGIN_H

#include <stdbool.h>

#include "base/err.h"

/* Whatever the starter has left open or set is undone: of the descriptors first..end-1 stay, all CLOEXEC; the
 * environment is empty, no signal is blocked, there is no terminal. Fails with BW_E_USAGE when one of them is missing. */
int bw_begin(int first, int end, struct bw_err *err) BW_MUST_CHECK;

/* One line, for whoever waits at the other end of the pipe; closes it. */
void bw_begin_answer(int fd, const char *text, bool is_error);

#endif
