/* SPDX-License-Identifier: Apache-2.0 */
/* copy_up.h - what a new, empty file system is to show of the directory that it covers (tmpcopyup). */
#ifndef BW_CONTROL_COPY_UP_H
#define BW_CONTROL_COPY_UP_H

/* Copies what is in the directory `from` into the empty directory `to`: files, directories, links as links, and named
 * pipes, with owner, mode and time of change. Devices and sockets are left out, and where something is mounted below
 * `from` there is an empty directory or file. For the child: system calls only. 0 or -errno; -ELOOP when it is more
 * than 64 deep, -ESTALE when something was exchanged meanwhile. */
int bw_copy_up(int from, int to);

#endif
