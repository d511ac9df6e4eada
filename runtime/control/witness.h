/* SPDX-License-Identifier: Apache-2.0 */
/* witness.h - the witness of a container's programs, for the verbs: witness.c starts it. */
#ifndef BW_CONTROL_WITNESS_H
#define BW_CONTROL_WITNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Its files in the container's directory: "PID START-TIME", what it has seen, a JSON object a line, how often, and the
 * socket by which it gets the listeners of further processes. */
#define BW_WITNESS_PID_FILE    "witness"
#define BW_WITNESS_EVENTS_FILE "programs.jsonl"
#define BW_WITNESS_COUNTS_FILE "programs"
#define BW_WITNESS_SOCKET_FILE "witness.sock"

/* Ends the witness of the container whose directory this is, if it has one that lives, and waits until it is gone (at most
 * two seconds): from then on no program can be started in the container. It ends by itself with the container's first
 * process. */
void bw_witness_end(int state_dir);
/* Its pid; 0 when there is none that lives. */
pid_t bw_witness_pid(int state_dir);

/* How many attempts it has seen. False: there is no witness, and there was none. */
struct bw_witness_counts {
	uint64_t allowed, denied, unresolved;
};
bool bw_witness_counts(int state_dir, struct bw_witness_counts *ret);

#endif
