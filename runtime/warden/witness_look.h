/* SPDX-License-Identifier: Apache-2.0 */
/* witness_look.h - what a process that is about to execute a program has asked for. Its memory is hostile and may change
 * while it is read: everything is copied once, with a bound, and is true at most of the moment of the copy. */
#ifndef BW_WARDEN_WITNESS_LOOK_H
#define BW_WARDEN_WITNESS_LOOK_H

#include <limits.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BW_LOOK_ARG_MAX = 256, BW_LOOK_COMM_MAX = 64 };

/* Reads len bytes at address of the process: how many, or -errno. */
typedef ssize_t bw_peek_fn(void *ctx, uint64_t address, void *buf, size_t len);

struct bw_look {
	char path[PATH_MAX]; /* as asked for; "" when execveat has none */
	int path_errno;	     /* 0; EFAULT: cannot be read; ENAMETOOLONG */
	int dirfd;	     /* of execveat, AT_FDCWD else */
	bool empty_path;     /* the file is dirfd itself (AT_EMPTY_PATH) */
	char arg0[BW_LOOK_ARG_MAX];
	char comm[BW_LOOK_COMM_MAX]; /* as /proc shows it, escapes and all */
	uint64_t inside_pid;	     /* in its innermost pid namespace; 0: not known */
	uint64_t uid;		     /* as we see it */
};

/* A NUL-terminated string of at most size - 1 bytes: its length; -ENAMETOOLONG when it has more (the first ones are there
 * and end with a NUL), -EFAULT. Never reads beyond the page that the string ends in. */
ssize_t bw_look_string(bw_peek_fn *peek, void *ctx, uint64_t address, char *buf, size_t size);

/* What the call's arguments name. Always leaves a whole struct. */
void bw_look_call(const struct seccomp_data *call, bw_peek_fn *peek, void *ctx, struct bw_look *ret);

/* Takes comm, uid and the inner pid from the text of /proc/PID/status. */
void bw_look_status(const char *text, struct bw_look *ret);

/* The link in /proc/PID by which a path names what the process itself has open: "fd/3" for /proc/self/fd/3 and /dev/fd/3,
 * "exe" for /proc/self/exe; NULL for other paths. buf has room for it. */
const char *bw_look_own_link(const char *path, char *buf, size_t size);

/* What path is, seen from the root of the process: base is where it starts and root where that root is, both as the links
 * in /proc/PID show them. False: it does not fit. */
bool bw_look_from_root(const char *path, const char *base, const char *root, char *ret, size_t size);

#endif
