/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - how a terminal's master comes to the shim: by a socket pair, one end of which the worker gives to create or
 * exec in the place of --console-socket. */
#ifndef BW_SHIM_CONSOLE_H
#define BW_SHIM_CONSOLE_H

#include "base/err.h"

/* The one message that was sent before: one descriptor, a terminal's master, and less than 4096 bytes of name. The master,
 * O_NONBLOCK, or -1; BW_E_INTERNAL for anything else. Does not wait. */
int bw_console_receive(int sock, struct bw_err *err) BW_MUST_CHECK;

#endif
