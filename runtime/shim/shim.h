/* SPDX-License-Identifier: Apache-2.0 */
/* shim.h - containerd-shim-bulwark-v2 in large: the actions of its command line, and the server that `start` leaves behind. */
#ifndef BW_SHIM_SHIM_H
#define BW_SHIM_SHIM_H

#include "base/arena.h"
#include "base/err.h"

/* The command line. Go's flags: -x v, -x=v, --x v, --x=v; the action is the first word that is none. */
struct bw_shim_call {
	const char *namespace, *id, *address, *publish_binary, *bundle, *socket;
	bool debug, version, info;
	const char *action; /* "start", "delete", or NULL: serve */
};

/* The server: listens on listener (a bound unix socket) and does not return before the last container is gone and Shutdown
 * was asked for. Exit status, or -1. */
struct bw_serve_options {
	const char *namespace;
	const char *events; /* containerd's ttrpc socket, or NULL */
	int listener;
	bool debug;
};
int bw_shim_serve(const struct bw_serve_options *options, struct bw_err *err) BW_MUST_CHECK;

#endif
