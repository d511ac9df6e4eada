/* SPDX-License-Identifier: Apache-2.0 */
/* shim.h - containerd-shim-bulwark-v2 in large: the actions of its command line, and the server that `start` leaves behind. */
#ifndef BW_SHIM_SHIM_H
#define BW_SHIM_SHIM_H

#include <stdbool.h>

#include "base/err.h"

/* The command line. Go's flags: -x v, -x=v, --x v, --x=v; the action is the first word that is none. What is not given, or is
 * empty, is NULL. */
struct bw_shim_call {
	const char *namespace, *id, *address, *publish_binary, *bundle, *socket, *debug_socket;
	bool debug, version, info, help;
	const char *action; /* "start", "delete", or NULL: serve */
};
/* words: NULL-terminated, without the program's name. Texts are the words'. BW_E_USAGE for a flag that is none, or has no
 * value or a wrong one. */
int bw_shim_call_read(const char *const *words, struct bw_shim_call *ret, struct bw_err *err) BW_MUST_CHECK;
/* One line per flag, for -help. */
const char *bw_shim_call_usage(void);
/* Whether a namespace, a container's id or a group's is one, and can be a file's name: letters, digits, ".", "_", "+" and
 * "-", the first a letter or a digit. what is for the message: "-id". */
int bw_shim_name_check(const char *what, const char *name, struct bw_err *err) BW_MUST_CHECK;

/* ---- the actions; each prints what containerd reads, and nothing else ---- */

/* `start`: the address of a server for this container, which it leaves behind unless there is one for its group. */
int bw_shim_start(const struct bw_shim_call *call, struct bw_err *err) BW_MUST_CHECK;
/* `delete`: takes away what a server that is gone has left of a container. Nothing left is fine. */
int bw_shim_delete(const struct bw_shim_call *call, struct bw_err *err) BW_MUST_CHECK;
/* -info: containerd.services.introspection.v1.RuntimeInfo. */
int bw_shim_info(struct bw_err *err) BW_MUST_CHECK;

/* The server: listens on listener (a bound unix socket) and does not return before the last container is gone and Shutdown
 * was asked for. Exit status, or -1. */
struct bw_serve_options {
	const char *namespace;
	const char *events; /* containerd's ttrpc socket, or NULL */
	int listener;
};
int bw_shim_serve(const struct bw_serve_options *options, struct bw_err *err) BW_MUST_CHECK;

#endif
