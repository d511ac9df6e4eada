/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.h - the process that outlives the gate, with "onDeath": "kill". */
#ifndef BW_WARDEN_SUPERVISOR_H
#define BW_WARDEN_SUPERVISOR_H

/* Waits until one of the two pidfds says that its process is gone, and gives the exit status. When it is the gate's,
 * and the container lives, "1" goes to kill_fd. System calls only: ppoll and write. */
int bw_supervise(int init_pidfd, int gate_pidfd, int kill_fd);

#endif
