/* SPDX-License-Identifier: Apache-2.0 */
/* mount_steps.h - the steps of mounts.c, which plans them, and of mount_apply.c, which does them in the child. Nobody
 * else's. */
#ifndef BW_CONTROL_MOUNT_STEPS_H
#define BW_CONTROL_MOUNT_STEPS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/sys.h"

enum { OP_BIND, OP_FS, OP_FINISH, OP_LINK, OP_LABEL, OP_REMOUNT };

enum {
	NO_SYMLINKS = 1,
	SOURCE_IS_FILE = 2,
	LATE_READONLY = 4,
	INHERIT_MODE = 8,
	COPY_UP = 16,
	OWN_TREE = 32,
	RECURSIVE = 64,
	THERE = 128,
	KEEP_OWNER = 256,
	HOST_PATH = 512,
	MAPPED = 1024,
};

/* Head of a step; for OP_BIND destination and source follow (the latter for messages), and with OWN_TREE the source as
 * the container will see it, with MAPPED its ids are mapped by the parent, with THERE as it is in the mount namespace that
 * is joined, with HOST_PATH as the host sees it; for OP_FS type, source, destination and then key, value pairs (a flag has
 * an empty value),
 * each NUL-terminated; OP_LINK: link text, destination; OP_LABEL: destination, label; OP_REMOUNT: destination and pairs. */
struct head {
	int tree;
	unsigned propagation;
	uint64_t set, clear, rec_set, rec_clear;
	uint32_t flags, pairs;
	uint32_t index; /* in spec.mounts, for messages */
	uint32_t reserved;
};

/* The text behind the one at text. */
static inline const char *next_text(const char *text)
{
	return text + strlen(text) + 1;
}

/* Tells a file system context one option: whether it takes it; errno says why not. */
static inline bool takes_pair(int fs, const char *key, const char *value)
{
	return (*value ? fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0)
		       : fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0)) == 0;
}

#endif
