/* SPDX-License-Identifier: Apache-2.0 */
/* mount_source.c - a source is judged by what it is: a symlink to the engine's socket, or another
 * bind of it, is still the engine's socket. The policy has judged the name before. */
#include "control/mount_source.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "spec/spec.h"

enum { MOUNTINFO_MAX = 16 << 20 };

/* One bind mount that is being judged. */
struct judgement {
	const struct bw_request *request;
	const char *source;
	size_t index;
};

static const struct {
	uint32_t magic;
	const char *name;
} kernel_filesystems[] = {
	{PROC_SUPER_MAGIC, "procfs"},
	{SYSFS_MAGIC, "sysfs"},
	{CGROUP_SUPER_MAGIC, "cgroup"},
	{CGROUP2_SUPER_MAGIC, "cgroup2"},
	{DEBUGFS_MAGIC, "debugfs"},
	{TRACEFS_MAGIC, "tracefs"},
	{SECURITYFS_MAGIC, "securityfs"},
	{BPF_FS_MAGIC, "bpf"},
	{PSTOREFS_MAGIC, "pstore"},
	{EFIVARFS_MAGIC, "efivarfs"},
	{NSFS_MAGIC, "nsfs"},
	{SELINUX_MAGIC, "selinuxfs"},
	{0x62656570, "configfs"},
	{0x42494e4d, "binfmt_misc"},
	{0x19800202, "mqueue"},
	{HUGETLBFS_MAGIC, "hugetlbfs"},
};

static int deny(const struct judgement *j, const char *what, struct bw_err *err)
{
	bw_fail(err, BW_E_DENIED, 0, "/mounts/%zu/source: the policy refuses to share %s: it is %s",
		j->index, j->source, what);
	snprintf(err->rule, sizeof err->rule, "mounts.source");
	return bw_at(err, "/mounts/%zu/source", j->index);
}

static bool is_same(const struct stat *a, const char *path)
{
	struct stat b;

	return stat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* Whether the directory is above path under another name: root may have bound it elsewhere. The list is sorted by
 * place as a rule, so what the path before had above it need not be asked again; before: room for that, changed. */
static bool is_above(const struct stat *st, const char *path, char before[PATH_MAX])
{
	char above[PATH_MAX];
	char *slash;

	if (snprintf(above, sizeof above, "%s", path) >= (int)sizeof above)
		return false;
	while ((slash = strrchr(above, '/'))) {
		slash[slash == above] = '\0';
		if (before[0] && (bw_streq(above, before) || bw_path_beneath(before, above)))
			break;
		if (is_same(st, above))
			return true;
		if (slash == above)
			break;
	}
	if ((slash = strrchr(path, '/')))
		snprintf(before, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return false;
}

static int check_refused(
	const struct judgement *j, const struct stat *st, const char *real, struct bw_err *err)
{
	const struct bw_strs *refused = &j->request->spec->hardening->refused_sources;
	char before[PATH_MAX] = "";

	for (size_t i = 0; i < refused->n; i++) {
		const char *path = refused->v[i];

		if (bw_path_beneath(real, path) && !bw_streq(path, "/"))
			return deny(j, path, err);
		if (is_same(st, path))
			return deny(j, path, err);
		if (S_ISDIR(st->st_mode) && (bw_path_beneath(path, real) || is_above(st, path, before)))
			return deny(j, "a directory above what is kept from containers", err);
	}
	return 0;
}

static int examine(const struct judgement *j, int fd, char *real, size_t size, struct bw_err *err)
{
	char link[64];
	struct statfs fs;
	struct stat st;
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, real, size - 1);
	if (len < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the mount source %s", j->source);
	real[len] = '\0';
	if (S_ISSOCK(st.st_mode))
		return deny(j, "a socket", err);
	if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		return deny(j, "a device", err);
	for (size_t i = 0; i < BW_COUNT(kernel_filesystems); i++) {
		if ((uint32_t)fs.f_type == kernel_filesystems[i].magic)
			return deny(j, kernel_filesystems[i].name, err);
	}
	return check_refused(j, &st, real, err);
}

/* proc_pid_mountinfo(5): blank, tab, newline and backslash stand as three octal digits. In place.
 */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to++ = (char)(((text[1] - '0') << 6) | ((text[2] - '0') << 3) |
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* The fifth field: where the mount is. Cuts the line. */
static char *mount_point(char *line)
{
	char *rest = line, *field = NULL;

	for (int i = 0; i < 5 && rest; i++)
		field = strsep(&rest, " ");
	if (field && rest)
		unescape(field);
	return rest ? field : NULL;
}

/* rbind takes along what is mounted below: a socket or a procfs there is shared as if it had been
 * named. */
static int check_submounts(const struct judgement *j, const char *real, struct bw_err *err)
{
	auto_free char *text = NULL;
	char below[PATH_MAX], *rest, *line;

	if (bw_read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err) < 0)
		return -1;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		const char *place = mount_point(line);
		auto_close int fd = -1;

		if (!place || !bw_path_beneath(place, real) || bw_streq(place, real))
			continue;
		fd = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		/* Gone, or hidden under another mount: then it is not taken along either. */
		if (fd >= 0 && examine(j, fd, below, sizeof below, err) < 0)
			return -1;
	}
	return 0;
}

int bw_mount_source_open(const struct bw_request *request, int bundle, const char *source,
	size_t index, struct bw_err *err)
{
	const struct judgement j = {.request = request, .source = source, .index = index};
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	int fd;

	if (hardening && hardening->plain_sources.v)
		how.resolve = RESOLVE_NO_SYMLINKS;
	fd = bw_openat2(bundle, source, &how);
	if (fd >= 0)
		return fd;
	if (errno == ELOOP && how.resolve)
		return deny(&j,
			"reached through a symbolic link, so that its name is not its place", err);
	bw_fail(err, BW_E_SPEC, errno, "error mounting \"%s\" to rootfs at \"%s\"", source,
		request->spec->mounts.v[index].destination);
	return bw_at(err, "/mounts/%zu/source", index);
}

int bw_mount_source_check(const struct bw_request *request, int fd, const char *source,
	bool recursive, size_t index, struct bw_err *err)
{
	const struct judgement j = {.request = request, .source = source, .index = index};
	char real[PATH_MAX];

	if (!request->spec->hardening || !request->spec->hardening->check_mounts.v)
		return 0;
	if (examine(&j, fd, real, sizeof real, err) < 0)
		return -1;
	return recursive ? check_submounts(&j, real, err) : 0;
}
