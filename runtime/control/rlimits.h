/* SPDX-License-Identifier: Apache-2.0 */
/* rlimits.h - names of limits, for who hands them to another program. */
#ifndef BW_CONTROL_RLIMITS_H
#define BW_CONTROL_RLIMITS_H

/* The number of "RLIMIT_NOFILE" for getrlimit(2), or -1. */
int bw_rlimit_number(const char *type);

#endif
