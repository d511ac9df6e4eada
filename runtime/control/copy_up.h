/* SPDX-License-Identifier: Apache-2.0 */
/* copy_up.h - what a new, empty file system is to show of the directory that it covers (tmpcopyup). */
#ifndef BW_CONTROL_COPY_UP_H
#define BW_CONTROL_COPY_UP_H

#include <stdbool.h>

/* How deep the directories may be, and what is returned (negative) where they are deeper: no errno. */
enum { BW_COPY_UP_DEPTH = 64, BW_COPY_UP_TOO_DEEP = 5000 };

/* Copies what is in the directory `from` into the empty directory `to`: files, directories, links as links, and named
 * pipes, with owner, mode and times; the directory itself gets the times, and with keep_owner false the owner. Extended
 * attributes, devices and sockets are left out, and where something is mounted below `from` there is an empty directory
 * or file. For the child: system calls only. 0 or -errno; -BW_COPY_UP_TOO_DEEP, and -ESTALE when something was exchanged
 * meanwhile. */
int bw_copy_up(int from, int to, bool keep_owner);

#endif
