/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - names inside a hostile tree. Everything is resolved beneath a descriptor by openat2;
 * nothing here accepts a path that is looked up twice. Functions marked [child] are
 * async-signal-safe: system calls on prepared data, results as value or -errno. */
#ifndef BW_BASE_PATH_H
#define BW_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* [child] openat2(root, path, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve), CLOEXEC, EAGAIN
 * retried a bounded number of times. Descriptor or -errno. */
int bw_open_in(int root, const char *path, int flags, uint64_t resolve);
/* [child] Opens path in root as O_PATH directory, making the missing components with mkdirat (mode
 * 0755, owner of the caller), each beneath a descriptor that was opened for it. Descriptor or
 * -errno. */
int bw_mkdir_in(int root, const char *path, mode_t mode);
/* [child] Like bw_mkdir_in for the parents, then an empty regular file where nothing is. O_PATH or
 * -errno. */
int bw_mkfile_in(int root, const char *path, mode_t mode);
/* [child] Descriptor (O_PATH directory) of the parent of path in root, made when missing; the last
 * component is copied to name (size bytes) and not looked at: a symlink there is not followed. "/" and
 * names ending in "." or ".." give -EINVAL. */
int bw_parent_in(int root, const char *path, char *name, size_t size);

/* Lexical only: removes "//", "/./", resolves "..", never above "/"; result absolute. False: does
 * not fit. */
bool bw_path_clean(const char *path, char *buf, size_t size);
/* Whether path is dir or lies beneath it, by component ("/a/b" is beneath "/a", "/ab" is not). Both
 * clean. */
bool bw_path_beneath(const char *path, const char *dir);

/* How path stands to pattern, component by component; '*' stays within one. "/" is above all. */
enum bw_relation { BW_APART, BW_SAME, BW_BENEATH, BW_ABOVE };
enum bw_relation bw_path_relate(const char *path, const char *pattern);

#endif
