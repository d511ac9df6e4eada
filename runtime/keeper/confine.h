/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - what of the host's files a keeper can reach once it keeps. */
#ifndef BW_KEEPER_CONFINE_H
#define BW_KEEPER_CONFINE_H

#include "keeper/kept.h"

/* By Landlock, where the kernel has it: the container's directory and its cgroups, and /proc for reading. */
int bw_confine(const struct bw_keeping *keeping, struct bw_err *err) BW_MUST_CHECK;

#endif
