/* SPDX-License-Identifier: Apache-2.0 */
/* mount_volume.c - a tenant's directory on the host, which outlives its containers. What was looked at is what is
 * mounted: one descriptor from the root of the host on, each name resolved once. */
#include "control/mount_source.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "spec/spec.h"

const struct bw_spec_volume *bw_mount_source_volume(const struct bw_request *request, const char *source)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	char clean[PATH_MAX];

	if (!hardening || !hardening->volumes.n || *source != '/' || !bw_path_clean(source, clean, sizeof clean))
		return NULL;
	for (size_t i = 0; i < hardening->volumes.n; i++)
		if (bw_streq(hardening->volumes.v[i].source, clean))
			return &hardening->volumes.v[i];
	return NULL;
}

static int deny(size_t index, const char *path, const char *what, struct bw_err *err)
{
	bw_fail(err, BW_E_DENIED, 0, "/mounts/%zu/source: the policy does not share %s: it %s", index, path, what);
	snprintf(err->rule, sizeof err->rule, "volumes");
	return bw_at(err, "/mounts/%zu/source", index);
}

static int cannot_open(size_t index, const char *path, int sys, struct bw_err *err)
{
	if (sys == ELOOP || sys == ENOTDIR)
		return deny(index, path, sys == ELOOP ? "is a symbolic link" : "is no directory", err);
	if (sys == ENOENT)
		return deny(index, path, "is not there", err);
	bw_fail(err, BW_E_KERNEL, sys, "opening the tenant's directory %s", path);
	return bw_at(err, "/mounts/%zu/source", index);
}

/* One component of the way, which is of one name. Descriptor or -errno. */
static int step(int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = bw_openat2(dir, name, &how);

	return fd < 0 ? -errno : fd;
}

/* Whoever may rename what lies in a directory on the way could put another tenant's in the place of this one. */
static int check_way(int fd, size_t index, const char *path, struct bw_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining %s", path);
	if (!bw_proc_is_root(st.st_uid))
		return deny(index, path, "lies in a directory, or is one, that is not root's and should be", err);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return deny(index, path, "lies in a directory, or is one, that others than root can write to", err);
	return 0;
}

/* The directory in which the tenants' are; path is walked up to its last component, which *ret_name is. */
static int open_parent(const char *path, size_t index, const char **ret_name, struct bw_err *err)
{
	auto_close int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1], done[PATH_MAX];
	const char *slash;

	if (dir < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the root of the host");
	if (check_way(dir, index, "/", err) < 0)
		return -1;
	for (path++; (slash = strchr(path, '/')); path = slash + 1) {
		int fits = snprintf(name, sizeof name, "%.*s", (int)(slash - path), path) < (int)sizeof name;
		int next = fits ? step(dir, name) : -ENAMETOOLONG;

		snprintf(done, sizeof done, "%.*s", (int)(slash - *ret_name), *ret_name);
		if (next < 0)
			return cannot_open(index, done, -next, err);
		close(dir);
		dir = next;
		if (check_way(dir, index, done, err) < 0)
			return -1;
	}
	*ret_name = path;
	return take_fd(&dir);
}

/* Nobody but root can come between: the directory that it is made in is root's. */
static int make(int parent, const char *name, const struct bw_spec_volume *volume, struct bw_err *err)
{
	auto_close int fd = -1;

	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return bw_fail(err, BW_E_KERNEL, errno, "making the tenant's directory %s", volume->source);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, (uid_t)volume->uid.v, (gid_t)volume->gid.v) < 0 || fchmod(fd, (mode_t)volume->mode.v) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "giving the tenant's directory %s to its owner", volume->source);
	return 0;
}

static int check_itself(int fd, const struct bw_spec_volume *volume, size_t index, struct bw_err *err)
{
	char what[160];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining %s", volume->source);
	if (st.st_uid == volume->uid.v && st.st_gid == volume->gid.v && (st.st_mode & 07777) == volume->mode.v)
		return 0;
	snprintf(what, sizeof what, "belongs to %u:%u with mode %04o, expected %llu:%llu with mode %04llo", st.st_uid,
		st.st_gid, st.st_mode & 07777, (unsigned long long)volume->uid.v, (unsigned long long)volume->gid.v,
		(unsigned long long)volume->mode.v);
	return deny(index, volume->source, what, err);
}

int bw_mount_volume_open(const struct bw_request *request, const struct bw_spec_volume *volume, size_t index,
	struct bw_err *err)
{
	const char *name = volume->source;
	auto_close int parent = open_parent(volume->source, index, &name, err);
	auto_close int fd = -1;

	if (parent < 0)
		return -1;
	fd = step(parent, name);
	/* A plan that is made to be looked at leaves nothing behind: there the directory above stands for it. */
	if (fd == -ENOENT && volume->create.v && request->state_fd < 0)
		return take_fd(&parent);
	if (fd == -ENOENT && volume->create.v) {
		if (make(parent, name, volume, err) < 0)
			return -1;
		fd = step(parent, name);
	}
	if (fd < 0)
		return cannot_open(index, volume->source, -fd, err);
	return check_itself(fd, volume, index, err) < 0 ? -1 : take_fd(&fd);
}
