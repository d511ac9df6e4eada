/* SPDX-License-Identifier: Apache-2.0 */
/* learn.h - run --learn: the file, before and after. */
#ifndef BW_CONTAINER_LEARN_H
#define BW_CONTAINER_LEARN_H

#include "container/bulwark.h"
#include "control/seccomp_recorder.h"

/* Before anything is made: whether the profile at path (absolute) can be written, and what is there is one that was
 * learned. Gives the recorder for the launch. */
int bw_learn_begin(const char *path, struct bw_recorder *recorder, struct bw_err *err) BW_MUST_CHECK;
/* When the container has ended: what was seen, with what a program may need unseen, goes to the file, and what the file
 * had stays; whole or not at all. waits: bulwark's own init waits for start under the profile. ret may be NULL. */
int bw_learn_end(const char *path, struct bw_recorder *recorder, bool waits, struct bw_learning *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
