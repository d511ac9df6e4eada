/* SPDX-License-Identifier: Apache-2.0 */
/* backing.h - where the ciphertext lies: a file without a name, as a block device. */
#ifndef BW_SCRATCH_BACKING_H
#define BW_SCRATCH_BACKING_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* A file of size bytes in directory that has never had a name, so that it ends with its last user whatever happens. Its
 * room is reserved: a disk that fills up later would be an error of writing in the middle of somebody's work, and
 * everybody else's full disk. Descriptor, or -1. */
int bw_backing_file(const char *directory, uint64_t size, struct bw_err *err) BW_MUST_CHECK;
/* The file as a loop device, which is free again when nobody has it open any more. ret_device is which. Descriptor of
 * the device, or -1. */
int bw_backing_device(int nodes, int file, dev_t *ret_device, struct bw_err *err) BW_MUST_CHECK;

#endif
