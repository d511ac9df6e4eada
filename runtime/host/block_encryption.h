/* SPDX-License-Identifier: Apache-2.0 */
/* block_encryption.h - whether what is written to a device is encrypted before it gets anywhere, as sysfs has it. Facts
 * only: sys and proc are descriptors of directories, the host's or a test's. */
#ifndef BW_HOST_BLOCK_ENCRYPTION_H
#define BW_HOST_BLOCK_ENCRYPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether the block device is dm-crypt's, or lies (LVM, RAID, a partition) on such alone. False: why says what it is. */
bool bw_block_is_encrypted(int sys, dev_t device, char *why, size_t size);
/* Whether pages of memory are never written to a disk in the clear: there is no swap, or it is encrypted or is memory
 * itself (zram). False: why says where they go. */
bool bw_swap_is_encrypted(int proc, int sys, char *why, size_t size);

#endif
