/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h - the end of a container's warden, for the verbs: gate.c starts it. */
#ifndef BW_CONTROL_GATE_H
#define BW_CONTROL_GATE_H

#include <sys/types.h>

#include "base/err.h"

/* Its files in the container's directory: "PID START-TIME", and what it decided, a JSON object a line. */
#define BW_GATE_PID_FILE "warden"
#define BW_GATE_EVENTS	 "egress.jsonl"

/* Ends the warden of the container whose directory this is, if it has one that lives, and waits until it is gone (at
 * most two seconds). It ends by itself when the container's first process does; this is for who will not wait. */
void bw_gate_end(int state_dir);
/* The warden's pid; 0 when there is none that lives. */
pid_t bw_gate_pid(int state_dir);

#endif
