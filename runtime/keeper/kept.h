/* SPDX-License-Identifier: Apache-2.0 */
/* kept.h - what the two processes of a keeper have in common: what was opened at the beginning, and one page of memory that
 * both write, so that whoever takes over goes on where the other was killed. */
#ifndef BW_KEEPER_KEPT_H
#define BW_KEEPER_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "container/bulwark.h"
#include "keeper/settings.h"

/* Times are milliseconds of CLOCK_BOOTTIME, which goes on while the machine sleeps. */
struct bw_kept_life {
	bool begun, told, forced; /* the program may run; it has got SIGTERM; everything has got SIGKILL */
	uint64_t began_ms;
	uint64_t due_ms; /* the next word, or the next blow; 0: none */
};

struct bw_kept {
	struct bw_kept_life life;
};

struct bw_keeping {
	const struct bw_keeper_settings *settings;
	struct bw_watch *watch;
	struct bw_kept *kept; /* shared */
	int timer, start;     /* timerfd; inotify of the container's directory */
};

#endif
