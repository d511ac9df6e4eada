/* SPDX-License-Identifier: Apache-2.0 */
/* wishes.h - what kind of file system is wanted, from words such as size=1048576. Pure. */
#ifndef BW_SCRATCH_WISHES_H
#define BW_SCRATCH_WISHES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* The unit of the cipher and of the file system: size is a multiple of it. */
enum { BW_SCRATCH_BLOCK = 4096 };

struct bw_wishes {
	uint64_t size;	    /* bytes of the disk */
	uint64_t inodes;    /* files at most: as wished, or one for each 8 KiB of the disk */
	uint64_t mode, uid, gid; /* of the top directory */
	const char *context; /* SELinux label of all files, or NULL */
};

/* Reads n words, which the result points into. Every number must be there and be one that can be had. */
int bw_wishes_read(char *const *words, size_t n, struct bw_wishes *ret, struct bw_err *err) BW_MUST_CHECK;

#endif
