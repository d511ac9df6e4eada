/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h - sd_notify(3) from inside: when a unit of the host's systemd runs bulwark with NOTIFY_SOCKET, the program gets
 * a socket of ours, and that it is ready is passed on. Nothing else of what it says is. */
#ifndef BW_CONTAINER_NOTIFY_H
#define BW_CONTAINER_NOTIFY_H

#include "container/state.h"

/* Where the program finds it. */
#define BW_NOTIFY_DIRECTORY "/run/notify"
#define BW_NOTIFY_SOCKET    BW_NOTIFY_DIRECTORY "/notify.sock"
#define BW_NOTIFY_NAME	    "notify" /* the directory in the container's own, which is bound there */

struct bw_notify {
	int sock; /* ours, bound; -1: there is none */
};
#define BW_NOTIFY_INIT {.sock = -1}

/* Whether our caller listens. */
bool bw_notify_is_wanted(void);
/* Makes the directory of the socket in the container's. */
int bw_notify_prepare(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* Makes the socket, if the container was made with its directory: else *ret has none. */
int bw_notify_bind(const struct bw_container *container, struct bw_notify *ret, struct bw_err *err) BW_MUST_CHECK;
/* Takes one message. True when it says that the program is ready: then the caller was told, with main_pid as the process
 * to watch from now on, and there will be no more. */
bool bw_notify_take(struct bw_notify *notify, pid_t main_pid);
/* Until the program is ready, or has ended. */
void bw_notify_wait(struct bw_notify *notify, int pidfd, pid_t main_pid);
void bw_notify_done(struct bw_notify *notify);

#endif
