/* SPDX-License-Identifier: Apache-2.0 */
/* witness_judge.h - which file a path names, seen from a root that is not ours, and whether it is on the list. Files are
 * compared by device and inode. Nothing is opened but as O_PATH. */
#ifndef BW_WARDEN_WITNESS_JUDGE_H
#define BW_WARDEN_WITNESS_JUDGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "json/schema.h"
#include "warden/witness.h"
#include "warden/witness_log.h"

struct bw_listed {
	dev_t dev;
	ino_t ino;
	bool is_interpreter;
};

struct bw_list {
	struct bw_listed v[BW_WITNESS_MAX_FILES];
	size_t n;
	bool any; /* there is no list: every file may be executed */
};

struct bw_finding {
	enum bw_exec_result result;
	const char *reason;  /* or NULL */
	char file[PATH_MAX]; /* its name without links, or "" */
};

/* What these paths name beneath root now. One that names nothing is left out. */
void bw_list_fill(struct bw_list *list, int root, const struct bw_strs *programs, const struct bw_strs *interpreters);

/* Descriptor of the file (O_PATH), or -errno. Links are followed as the process would, but for magic ones. */
int bw_judge_open(int root, const char *path);

/* fd: as bw_judge_open() gives it; it stays the caller's. self_fd: the directory /proc/self/fd, for names. */
void bw_judge(const struct bw_list *list, int fd, int self_fd, struct bw_finding *ret);

#endif
