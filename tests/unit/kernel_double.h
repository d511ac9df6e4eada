/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_double.h - preparing a container clones mounts, for which the kernel wants CAP_SYS_ADMIN.
 * A test that is linked with kernel_double.c prepares without: open_tree(2) gives a descriptor of
 * what would have been cloned, and mount_setattr(2) notes what it was asked. */
#ifndef BW_TESTS_UNIT_KERNEL_DOUBLE_H
#define BW_TESTS_UNIT_KERNEL_DOUBLE_H

#include <stddef.h>
#include <stdint.h>

extern struct kernel_double {
	size_t opened; /* trees */
	unsigned open_flags;
	size_t attributes; /* calls of mount_setattr() */
	uint64_t attr_set, attr_clr, propagation;
	unsigned attr_flags;
} kernel_double;

#endif
