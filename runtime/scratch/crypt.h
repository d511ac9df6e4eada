/* SPDX-License-Identifier: Apache-2.0 */
/* crypt.h - a block device through a key that nobody has: it is random, goes to the kernel at once, and cannot be read
 * from there. */
#ifndef BW_SCRATCH_CRYPT_H
#define BW_SCRATCH_CRYPT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define BW_CRYPT_NODE "bulwark-scratch" /* in nodes; also how the file system names its source */

/* The device, encrypted: open, in force, and to be removed by the kernel when nobody has it open any more. Descriptor,
 * or -1; then nothing is left. */
int bw_crypt_over(int nodes, dev_t device, uint64_t size, struct bw_err *err) BW_MUST_CHECK;
/* Whether this kernel could. 0, or -1 and why not. */
int bw_crypt_can(int nodes, struct bw_err *err) BW_MUST_CHECK;

#endif
