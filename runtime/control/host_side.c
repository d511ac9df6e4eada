/* SPDX-License-Identifier: Apache-2.0 */
/* host_side.c - our own namespaces, files that are root's alone, and the host's procfs. */
#include "control/host_side.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"

/* Where the spec's word is not the file's name (namespaces(7), "The /proc/pid/ns/ directory"). */
static const char *file_of(const char *type)
{
	if (bw_streq(type, "network"))
		return "net";
	return bw_streq(type, "mount") ? "mnt" : type;
}

int bw_namespace_is_private(
	const struct bw_spec *spec, const char *type, bool *ret, struct bw_err *err)
{
	const struct bw_spec_namespace *namespace = bw_spec_namespace(spec, type);
	char own[64];
	struct stat ours, theirs;

	if (!namespace || !namespace->path) {
		*ret = namespace != NULL;
		return 0;
	}
	snprintf(own, sizeof own, "/proc/self/ns/%s", file_of(type));
	if (stat(own, &ours) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "stat %s", own);
	if (stat(namespace->path, &theirs) < 0)
		return bw_fail(err, BW_E_SPEC, errno, "stat %s", namespace->path);
	*ret = ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino;
	return 0;
}

bool bw_in_user_namespace(const struct bw_spec *spec)
{
	return bw_spec_namespace(spec, "user") != NULL;
}

bool bw_only_root_writes(const struct stat *st)
{
	/* In a sticky directory others can add names, but not replace root's. */
	return st->st_uid == 0 && (!(st->st_mode & (S_IWGRP | S_IWOTH)) || (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)));
}

int bw_real_path(int fd, char *ret)
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, ret, PATH_MAX - 1);
	if (len <= 0 || ret[0] != '/')
		return -1;
	ret[len] = '\0';
	return 0;
}

bool bw_path_is_roots(const char *real)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s", real);
	for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
		slash[slash == path] = '\0';
		if (stat(path, &st) < 0 || !bw_only_root_writes(&st))
			return false;
		if (slash == path)
			break;
	}
	return true;
}

/* Whether the name that was read from the descriptor still leads to the same file: a deleted one has a name that
 * could be anybody's. */
static bool is_still_there(const char *real, const struct stat *st)
{
	struct stat now;

	return lstat(real, &now) == 0 && now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

int bw_roots_file(const char *path, char ret_real[PATH_MAX])
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return bw_real_path(fd, ret_real) == 0 && S_ISREG(st.st_mode) && bw_only_root_writes(&st) && bw_path_is_roots(ret_real) &&
			       is_still_there(ret_real, &st)
		       ? 0
		       : -EPERM;
}

int bw_proc_write(int proc, const char *path, uint64_t resolve, const char *text)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | resolve,
	};
	auto_close int fd = bw_openat2(proc, path, &how);
	size_t len = strlen(text);
	ssize_t wrote;

	if (fd < 0)
		return -errno;
	do
		wrote = write(fd, text, len);
	while (wrote < 0 && errno == EINTR);
	if (wrote < 0)
		return -errno;
	return (size_t)wrote == len ? 0 : -EIO;
}
