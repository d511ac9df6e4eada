/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - where the server of a container, or of a group of them, listens: a unix socket whose name follows from
 * containerd's address, the namespace and the id, so that a second `start` finds it. */
#ifndef BW_SHIM_ADDRESS_H
#define BW_SHIM_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define BW_SOCKET_DIR "/run/containerd/s"
enum { BW_SOCKET_PATH_MAX = 108 }; /* with the NUL: as much as a sockaddr_un takes */

/* dir/HASH; containerd: the value of -address. BW_E_USAGE when that is too long for a socket. */
int bw_socket_path(const char *dir, const char *containerd, const char *namespace, const char *id_or_group,
	char ret[BW_SOCKET_PATH_MAX], struct bw_err *err) BW_MUST_CHECK;
/* The directory, made when it is missing, and locked until the descriptor that this returns is closed: who looks whether a
 * socket is alive, and removes it, holds the lock. Refuses one that is not ours alone: who can put a socket there can
 * listen in our place (CVE-2020-15257 was a socket that anybody could reach). */
int bw_socket_lock(const char *dir, struct bw_err *err) BW_MUST_CHECK;
/* Binds and listens, mode 0600; with the lock held. One that nobody serves any more is replaced; where somebody does,
 * *ret_served is true and -1 returned, without an error. Descriptor. */
int bw_socket_listen(const char *path, bool *ret_served, struct bw_err *err) BW_MUST_CHECK;
/* Removes a socket that nobody serves any more; takes the lock. One that is not there is fine. */
int bw_socket_remove_dead(const char *path, struct bw_err *err) BW_MUST_CHECK;

#endif
