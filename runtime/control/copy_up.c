/* SPDX-License-Identifier: Apache-2.0 */
/* copy_up.c - the tree that is copied is the image's, and somebody may change it meanwhile: nothing is opened through a
 * link, what is opened is looked at again, and how deep it goes has a limit; how much there is, is limited by the size
 * of the file system that it is copied to. */
#include "control/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"

enum { CHUNK = 1 << 20 };

static int copy_tree(int from, int to, unsigned depth);

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(from, name, target, sizeof target - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int copy_bytes(int in, int out)
{
	ssize_t sent;

	do
		sent = sendfile(out, in, NULL, CHUNK);
	while (sent > 0 || (sent < 0 && errno == EINTR));
	return sent < 0 ? -errno : 0;
}

/* What was opened must be what was looked at: else the attributes of one file would go to the bytes of another, and
 * whoever exchanges them would get a set-user-id program of his own. */
static bool is_same(int fd, const struct stat *seen)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == seen->st_dev && st.st_ino == seen->st_ino;
}

/* Never through a link, nor into what is mounted there (EXDEV). */
static int open_here(int dir, const char *name, unsigned flags)
{
	struct open_how how = {.flags = flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
	int fd = bw_openat2(dir, name, &how);

	return fd < 0 ? -errno : fd;
}

/* O_NONBLOCK: it may be a named pipe by now. */
static int copy_file(int from, int to, const char *name, const struct stat *seen)
{
	int in = open_here(from, name, O_NONBLOCK), out, r = 0;

	if (in < 0 && in != -EXDEV)
		return in;
	if (in >= 0 && !is_same(in, seen))
		r = -ESTALE;
	if (r == 0) {
		out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = out < 0 ? -errno : in < 0 ? 0 : copy_bytes(in, out);
		if (out >= 0)
			close(out);
	}
	if (in >= 0)
		close(in);
	return r;
}

static int copy_directory(int from, int to, const char *name, const struct stat *seen, unsigned depth)
{
	int in = open_here(from, name, O_DIRECTORY), out, r = 0;

	if (in < 0 && in != -EXDEV)
		return in;
	if (in >= 0 && !is_same(in, seen))
		r = -ESTALE;
	else if (mkdirat(to, name, 0700) < 0)
		r = -errno;
	if (r == 0 && in >= 0) {
		out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = out < 0 ? -errno : copy_tree(in, out, depth + 1);
		if (out >= 0)
			close(out);
	}
	if (in >= 0)
		close(in);
	return r;
}

/* Owner first: a change of owner takes set-user-id away. */
static int copy_attributes(int to, const char *name, const struct stat *st)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		(!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0) ||
		utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_entry(int from, int to, const char *name, unsigned depth)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		r = copy_file(from, to, name, &st);
		break;
	case S_IFDIR:
		r = copy_directory(from, to, name, &st, depth);
		break;
	case S_IFLNK:
		r = copy_link(from, to, name);
		break;
	case S_IFIFO:
		r = mknodat(to, name, S_IFIFO | 0600, 0) < 0 ? -errno : 0;
		break;
	default:
		return 0;
	}
	return r < 0 ? r : copy_attributes(to, name, &st);
}

static int copy_tree(int from, int to, unsigned depth)
{
	_Alignas(struct dirent64) char entries[2048];
	long n;

	if (depth > BW_COPY_UP_DEPTH)
		return -BW_COPY_UP_TOO_DEEP;
	while ((n = syscall(SYS_getdents64, from, entries, sizeof entries)) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(entries + at);
			const char *name = entry->d_name;
			bool self = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
			int r = self ? 0 : copy_entry(from, to, name, depth);

			if (r < 0)
				return r;
			at += entry->d_reclen;
		}
	}
	return n < 0 ? -errno : 0;
}

/* Last, for what is made in it changes its times. An owner whom the container's user namespace does not know (EINVAL)
 * leaves it to that one's root, as a tmpfs has it anyway. */
static int copy_top(int from, int to, bool keep_owner)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	if (!keep_owner && fchown(to, st.st_uid, st.st_gid) < 0 && errno != EINVAL)
		return -errno;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times) < 0 ? -errno : 0;
}

int bw_copy_up(int from, int to, bool keep_owner)
{
	int r = copy_tree(from, to, 0);

	return r < 0 ? r : copy_top(from, to, keep_owner);
}
