/* SPDX-License-Identifier: Apache-2.0 */
/* pidfd_socket.h - --pidfd-socket: a descriptor of the process, which unlike its number can be no other's. */
#ifndef BW_CONTAINER_PIDFD_SOCKET_H
#define BW_CONTAINER_PIDFD_SOCKET_H

#include "base/err.h"

/* Connects to the caller's socket, before anything is made; path NULL: none. The socket is *ret, or -1. */
int bw_pidfd_socket_open(const char *path, int *ret, struct bw_err *err) BW_MUST_CHECK;
/* Sends a pidfd over it, as runc does: beside the word "standard" for an init, "setns" for an exec. sock -1: nothing. */
int bw_pidfd_socket_send(int sock, int pidfd, const char *word, struct bw_err *err) BW_MUST_CHECK;

#endif
