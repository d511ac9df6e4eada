/* SPDX-License-Identifier: Apache-2.0 */
/* inherit.h - what the program gets from bulwark's own caller beside config.json: descriptors (--preserve-fds, and those
 * that systemd listens on, sd_listen_fds(3)) and the socket of notify.h. */
#ifndef BW_CONTAINER_INHERIT_H
#define BW_CONTAINER_INHERIT_H

#include <stdbool.h>

#include "spec/spec.h"

struct bw_inherited {
	unsigned listen; /* descriptors from 3 on that came with LISTEN_FDS */
	unsigned total;	 /* these and those of --preserve-fds behind them */
	bool notify;
};

/* Before the first descriptor of ours is opened but the log: counts, and holds the count against what is open. listen:
 * whether LISTEN_FDS is heard. Fails with runc's words when there are fewer. */
int bw_inherited_count(unsigned preserve, bool listen, struct bw_inherited *ret, struct bw_err *err) BW_MUST_CHECK;
/* spec with what tells the program of it: variables, and the mount of the socket, whose directory is notify_dir. The
 * same spec when there is nothing. Memory is the arena's. */
int bw_inherited_spec(const struct bw_inherited *inherited, const struct bw_spec *spec, const char *notify_dir,
	struct bw_arena *arena, const struct bw_spec **ret, struct bw_err *err) BW_MUST_CHECK;

#endif
