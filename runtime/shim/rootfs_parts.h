/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_parts.h - how one mount of containerd's list is made, by kind. For rootfs_mounts.c and rootfs_*.c alone. */
#ifndef BW_SHIM_ROOTFS_PARTS_H
#define BW_SHIM_ROOTFS_PARTS_H

#include "base/arena.h"
#include "base/err.h"
#include "shim/messages.h"
#include "shim/rootfs_options.h"

/* Where: target (may be "") in the directory name in parent. */
struct bw_rootfs_place {
	int parent;
	const char *path, *name, *target; /* path: all of it but the target, for messages and helpers */
};
/* O_PATH of it as it is now, the topmost of what is mounted there; no link is followed. Descriptor or -1. */
int bw_rootfs_place_open(const struct bw_rootfs_place *place, struct bw_err *err) BW_MUST_CHECK;

struct bw_rootfs_job {
	const struct bw_rootfs_mount *mount;
	struct bw_rootfs_options options;
	const struct bw_rootfs_place *place;
	int at; /* the place before the mount */
	struct bw_arena *arena;
};

/* Each makes the job's mount at its place, or fails and leaves nothing there. */
int bw_rootfs_bind(const struct bw_rootfs_job *job, struct bw_err *err) BW_MUST_CHECK;
int bw_rootfs_overlay(const struct bw_rootfs_job *job, struct bw_err *err) BW_MUST_CHECK;
int bw_rootfs_fuse(const struct bw_rootfs_job *job, struct bw_err *err) BW_MUST_CHECK;
/* Any other file system, also from an image file. */
int bw_rootfs_file_system(const struct bw_rootfs_job *job, struct bw_err *err) BW_MUST_CHECK;

/* "/proc/self/fd/N" */
struct bw_fd_path {
	char text[32];
};
struct bw_fd_path bw_fd_path(int fd);

/* mount(2) upon job->at, with relative names in data looked up in directory (NULL: there are none). */
int bw_rootfs_mount_at(const struct bw_rootfs_job *job, const char *source, const char *directory, const char *data,
	struct bw_err *err) BW_MUST_CHECK;
/* Whether data fits into the page that mount(2) takes. */
bool bw_rootfs_data_fits(const char *data);
/* Unmounts the topmost n mounts upon at. */
void bw_rootfs_unmount_at(int at, size_t n);
/* Takes what is mounted at the job's place off, with the n - 1 mounts under it, and gives it as a tree that is mounted
 * nowhere: descriptor or -1; they are off in both cases. */
int bw_rootfs_lift(const struct bw_rootfs_job *job, size_t n, struct bw_err *err) BW_MUST_CHECK;
/* Mounts a tree at the job's place. */
int bw_rootfs_attach(const struct bw_rootfs_job *job, int tree, struct bw_err *err) BW_MUST_CHECK;

/* A user namespace with the job's maps of ids: descriptor or -1. */
int bw_rootfs_user_namespace(const struct bw_rootfs_job *job, struct bw_err *err) BW_MUST_CHECK;
/* Maps the ids of a tree that is mounted nowhere; what is for messages. */
int bw_rootfs_map_ids(int tree, bool recursive, int user, const char *what, struct bw_err *err) BW_MUST_CHECK;

/* A loop device for the job's source, which the kernel frees when the last user is gone: its path into ret. Descriptor, to
 * be held until it is mounted, or -1. */
int bw_rootfs_loop(const struct bw_rootfs_job *job, char *ret, size_t size, struct bw_err *err) BW_MUST_CHECK;

#endif
