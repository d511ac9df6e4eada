/* SPDX-License-Identifier: Apache-2.0 */
/* host_side.h - what several small controls ask about the host's side: whether a namespace is the
 * container's own, whether a file is root's alone, and writing to the host's procfs. */
#ifndef BW_CONTROL_HOST_SIDE_H
#define BW_CONTROL_HOST_SIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "spec/spec.h"

/* Whether the container has a namespace of this type that is not the one we are in ourselves: *ret.
 * A namespace that is joined by path is looked at, for "/proc/1/ns/net" is as much the host's as
 * none at all. Fails when the path cannot be looked at. */
int bw_namespace_is_private(
	const struct bw_spec *spec, const char *type, bool *ret, struct bw_err *err) BW_MUST_CHECK;

/* Whether the container's process lives in a user namespace, new or joined: then the child's
 * capabilities count for nothing where the kernel asks for those of the initial one. */
bool bw_in_user_namespace(const struct bw_spec *spec);

/* Whether the file belongs to root and nobody else can write it; for a directory: nor put another file
 * in the place of one of root's. */
bool bw_only_root_writes(const struct stat *st);

/* The absolute path of the file that fd stands for, of PATH_MAX bytes. 0, or -1 when it has none. Needs /proc. */
int bw_real_path(int fd, char *ret);

/* Whether every directory above such a path is one that root alone can change: who can write one of them can
 * put another file in its place. */
bool bw_path_is_roots(const char *real);

/* Where the regular file at path really is, all links followed, when neither it nor a directory above it can be changed by
 * anybody but root: 0. -EPERM when somebody can; -errno when it cannot be looked at. Needs /proc. */
int bw_roots_file(const char *path, char ret_real[PATH_MAX]);

/* [child] One write(2) of text to a file beneath procfs that is truly there: nothing mounted over
 * it, no link out of procfs (CVE-2025-52881); resolve adds RESOLVE_* flags. 0 or -errno. */
int bw_proc_write(int proc, const char *path, uint64_t resolve, const char *text);

#endif
