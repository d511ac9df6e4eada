/* SPDX-License-Identifier: Apache-2.0 */
/* dm.h - the few calls of the device mapper that are needed here; see linux/dm-ioctl.h. */
#ifndef BW_SCRATCH_DM_H
#define BW_SCRATCH_DM_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { BW_DM_NAME_SIZE = 96 };

/* The device mapper, or -1. */
int bw_dm_open(int nodes, struct bw_err *err) BW_MUST_CHECK;
/* Whether the kernel has this kind of mapping, loading its module; -1 and err when it has not. */
int bw_dm_has_target(int control, const char *target, struct bw_err *err) BW_MUST_CHECK;
/* A name for a device of ours that nobody has, and which says whose it is. */
int bw_dm_name(char ret[BW_DM_NAME_SIZE], struct bw_err *err) BW_MUST_CHECK;
/* Makes a device of this name, with one mapping of that many sectors (of 512 bytes), which is not in force yet; ret_device
 * is which. Whoever fails afterwards calls bw_dm_remove(). */
int bw_dm_create(int control, const char *name, dev_t *ret_device, struct bw_err *err) BW_MUST_CHECK;
int bw_dm_load(int control, const char *name, uint64_t sectors, const char *target, const char *parameters,
	struct bw_err *err) BW_MUST_CHECK;
/* Puts it in force. */
int bw_dm_resume(int control, const char *name, struct bw_err *err) BW_MUST_CHECK;
/* Removes it now or, where somebody has it open, as soon as nobody has. */
int bw_dm_remove(int control, const char *name, struct bw_err *err);
/* Removes devices of ours that nobody has open and whose makers are dead: killed in the instant between making one and
 * having it removed with its last user. */
void bw_dm_tidy(int control);

#endif
