/* SPDX-License-Identifier: Apache-2.0 */
/* mountinfo.h - the kernel's table of mounts as text, taken apart; see proc_pid_mountinfo(5). Pure. */
#ifndef BW_BASE_MOUNTINFO_H
#define BW_BASE_MOUNTINFO_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct bw_mount {
	unsigned long id, parent;
	char *device; /* "0:28": of the file system */
	char *root;   /* which directory of it is seen */
	char *point;  /* where */
	char *type, *super; /* super: options, each still as the kernel writes it */
};

struct bw_mounts {
	struct bw_mount *v;
	size_t n;
};

/* Lines that are none are left out. Everything lives in arena; BW_E_MEMORY. */
int bw_mountinfo_parse(const char *text, struct bw_arena *arena, struct bw_mounts *ret, struct bw_err *err) BW_MUST_CHECK;

/* Blanks, tabs, newlines and backslashes stand as \ooo in mountinfo: in place, as they are. Returns text. */
char *bw_mountinfo_unescape(char *text);

#endif
