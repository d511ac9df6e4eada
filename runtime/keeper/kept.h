/* SPDX-License-Identifier: Apache-2.0 */
/* kept.h - what the two processes of a keeper have in common: what was opened at the beginning, and some memory that both
 * write, so that whoever takes over goes on where the other was killed. */
#ifndef BW_KEEPER_KEPT_H
#define BW_KEEPER_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "container/bulwark.h"
#include "keeper/denied.h"
#include "keeper/settings.h"
#include "keeper/window.h"
#include "metrics/metrics.h"
#include "warden/meter.h"

/* Times are milliseconds of CLOCK_BOOTTIME, which goes on while the machine sleeps. */
struct bw_kept_life {
	bool begun, told, forced; /* the program may run; it has got SIGTERM; everything has got SIGKILL */
	uint64_t began_ms;
	uint64_t due_ms; /* the next word, or the next blow; 0: none */
};

/* Of what was denied some become records, one by one; of the rest how many there were. */
struct bw_kept_flood {
	struct bw_meter meter;
	uint64_t held_back;
};

/* What is listened to in the kernel's audit log, see listen.h. */
enum { BW_EAR_DOMAINS = 64, BW_EAR_WAITING = 4 };
struct bw_kept_ear {
	struct bw_meter meter, gaps; /* of records that are looked at; of notes that some were lost */
	uint64_t resume_ms;	     /* nobody listens until then; 0: somebody does */
	uint64_t domains[BW_EAR_DOMAINS]; /* Landlock's that are the container's: a ring */
	uint32_t domains_n;
	struct bw_denied waiting[BW_EAR_WAITING]; /* denials by domains of which it is not known whose they are: a ring */
	uint32_t waiting_n;
};

struct bw_kept {
	struct bw_kept_life life;
	uint64_t look_ms;		      /* the next look; 0: none */
	uint64_t looks;
	struct bw_measures measures, written; /* now; in the file */
	uint64_t capacity_milli;	      /* processor time that it may have, whatever was taken from it */
	bool throttled, ended;		      /* ended: its last numbers are where they belong */
	uint64_t gate_in_bytes, gate_out_bytes;
	uint64_t net_in_bytes, net_out_bytes; /* of the gate and of what interfaces there are, at the last look */
	struct timespec counts_from;	      /* of which time the witness's counts are */
	bool has_programs, has_egress;	      /* there are such files, of who is beside the container, too */
	uint64_t programs_at, egress_at;      /* so far the files of the witness and the warden were read */
	struct bw_kept_flood programs, destinations, writes;
	struct bw_window cpu, steady;
	struct bw_counter denied, writes_denied;
	struct bw_kept_ear ear;
};

struct bw_keeping {
	const struct bw_keeper_settings *settings;
	struct bw_watch *watch;
	struct bw_kept *kept; /* shared */
	int timer, start;     /* timerfd; inotify of the container's directory */
	int totals;	      /* directory of the host's totals, or -1 */
	int ear;	      /* socket of the kernel's audit log, or -1 */
	uint64_t processors;  /* of the host */
};

#endif
