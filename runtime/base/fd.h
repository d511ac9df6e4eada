/* SPDX-License-Identifier: Apache-2.0 */
/* fd.h - descriptors: always CLOEXEC, whole reads and writes, atomic replacement, passing over
 * sockets. */
#ifndef BW_BASE_FD_H
#define BW_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* A text that may hold secrets: auto_wiped_text struct bw_wiped_text text = {0}; wiped and freed with its scope. */
struct bw_wiped_text {
	char *v;
	size_t len;
};
void bw_wiped_text_done(struct bw_wiped_text *text);
#define auto_wiped_text __attribute__((cleanup(bw_wiped_text_done)))

/* Reads path whole, NUL-terminated, malloc'd into *ret; fails above max_bytes. ret_len may be NULL.
 */
int bw_read_file(const char *path, size_t max_bytes, char **ret, size_t *ret_len,
	struct bw_err *err) BW_MUST_CHECK;
int bw_read_fd(int fd, const char *name, size_t max_bytes, char **ret, size_t *ret_len,
	struct bw_err *err) BW_MUST_CHECK;
/* Reads a small file relative to dirfd into buf (NUL-terminated, a final newline removed). Length
 * or -errno. */
ssize_t bw_read_at(int dirfd, const char *path, char *buf, size_t size);
/* One write(2) of all of text to an existing file relative to dirfd: 0 or -errno. For cgroup and
 * proc files. */
int bw_write_at(int dirfd, const char *path, const char *text);
/* All bytes, through EINTR and short writes: 0 or -errno. */
int bw_write_all(int fd, const void *bytes, size_t len);
/* New content for dirfd/name, mode 0600 (or mode), by a temporary name and rename. */
int bw_replace_at(int dirfd, const char *name, const void *bytes, size_t len, mode_t mode,
	struct bw_err *err) BW_MUST_CHECK;
/* Sends one descriptor with a payload, which is not empty, over a connected AF_UNIX socket; the descriptor
 * travels with the first byte. */
int bw_send_fd(int sock, int fd, const void *payload, size_t len, struct bw_err *err) BW_MUST_CHECK;
/* Connected AF_UNIX stream socket to path (any length: goes through /proc/self/fd), or for "@name" to
 * the abstract socket of that name, as callers written in Go have it. Descriptor or -1. */
int bw_connect_unix(const char *path, struct bw_err *err) BW_MUST_CHECK;

#endif
