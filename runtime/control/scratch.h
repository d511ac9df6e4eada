/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.h - hardening.scratch: the workspace on an encrypted disk, which bulwark-scratch makes. */
#ifndef BW_CONTROL_SCRATCH_H
#define BW_CONTROL_SCRATCH_H

#include <stdbool.h>

#include "base/arena.h"
#include "control/control.h"
#include "spec/spec.h"

/* Whether this entry of spec.mounts is that one. */
bool bw_is_scratch(const struct bw_request *request, const struct bw_spec_mount *mount);
/* Its file system: a mount that is attached nowhere, and that is all of it: when nobody has it any more, file, key and
 * devices are gone. words: the options size=, nr_inodes=, mode=, uid= and gid=; label of its files, or NULL. Where only a
 * plan is shown (no state_fd) it is only asked whether it could be made, and *ret is -1. -1: this host cannot, and why. */
int bw_scratch_make(const struct bw_request *request, size_t index, const struct bw_strs *words, const char *label, int *ret,
	struct bw_err *err) BW_MUST_CHECK;
/* For `check`: whether this host can, and why not. */
int bw_scratch_check(struct bw_err *err) BW_MUST_CHECK;

#endif
