/* SPDX-License-Identifier: Apache-2.0 */
/* address.c - sockets by name, see address.h. The lock is on the directory itself, so that it leaves nothing behind. */
#include "shim/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sha256.h"

enum { PATH_BYTES = 4096, DIR_BYTES = BW_SOCKET_PATH_MAX - BW_SHA256_HEX, BACKLOG = 128 };

int bw_socket_path(const char *dir, const char *containerd, const char *namespace, const char *id_or_group,
	char ret[BW_SOCKET_PATH_MAX], struct bw_err *err)
{
	char joined[PATH_BYTES], clean[PATH_BYTES], hex[BW_SHA256_HEX];
	unsigned char digest[BW_SHA256_BYTES];
	const char *hashed = clean;

	if (strlen(dir) > DIR_BYTES - 1)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "directory for the socket: at most %d bytes, not %zu: %.100s",
			DIR_BYTES - 1, strlen(dir), dir);
	if (snprintf(joined, sizeof joined, "%s/%s/%s", containerd, namespace, id_or_group) >= (int)sizeof joined ||
		!bw_path_clean(joined, clean, sizeof clean))
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "-address");
	/* Go's filepath.Join leaves a relative path relative. */
	if (containerd[0] != '/')
		hashed++;
	bw_sha256_of(hashed, strlen(hashed), digest);
	bw_sha256_hex(digest, hex);
	snprintf(ret, BW_SOCKET_PATH_MAX, "%s/%s", dir, hex);
	return 0;
}

/* Makes the directories above as containerd has them (0711), the last one for us alone. */
static int make_directory(const char *dir, struct bw_err *err)
{
	char path[BW_SOCKET_PATH_MAX];

	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT || strlen(dir) >= sizeof path)
		return bw_fail(err, BW_E_HOST, errno, "mkdir %s", dir);
	memcpy(path, dir, strlen(dir) + 1);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0711) < 0 && errno != EEXIST)
			return bw_fail(err, BW_E_HOST, errno, "mkdir %s", path);
		*slash = '/';
	}
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return bw_fail(err, BW_E_HOST, errno, "mkdir %s", dir);
	return 0;
}

int bw_socket_lock(const char *dir, struct bw_err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (make_directory(dir, err) < 0)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_HOST, errno, "open %s", dir);
	if (st.st_uid != geteuid())
		return bw_fail(err, BW_E_HOST, 0, "%s must belong to user %u, not to user %u", dir, (unsigned)geteuid(),
			(unsigned)st.st_uid);
	/* Other shims have made it where it is there, and let others look for a socket whose name they know; nobody else may
	 * put one there. */
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return bw_fail(err, BW_E_HOST, 0, "%s must not be writable by others than its owner, its mode is %04o", dir,
			(unsigned)(st.st_mode & 07777));
	if (TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)) < 0)
		return bw_fail(err, BW_E_HOST, errno, "locking %s", dir);
	return take_fd(&fd);
}

static void fill_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof ret->sun_path, "%s", path);
}

/* Whether somebody listens. A queue that is full (EAGAIN) is somebody's. */
static bool is_served(const char *path)
{
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	fill_address(path, &address);
	return sock < 0 || connect(sock, (const struct sockaddr *)&address, sizeof address) == 0 ||
	       (errno != ECONNREFUSED && errno != ENOENT);
}

/* 0 or -1 and errno. Nobody can connect before the mode is right: it is made with it. */
static int bind_private(int sock, const struct sockaddr_un *address)
{
	mode_t before = umask(0177);
	int r = bind(sock, (const struct sockaddr *)address, sizeof *address), saved = errno;

	umask(before);
	errno = saved;
	return r;
}

int bw_socket_listen(const char *path, bool *ret_served, struct bw_err *err)
{
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	int r;

	*ret_served = false;
	if (sock < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socket");
	fill_address(path, &address);
	r = bind_private(sock, &address);
	if (r < 0 && errno == EADDRINUSE) {
		*ret_served = is_served(path);
		if (*ret_served)
			return -1;
		if (unlink(path) < 0 && errno != ENOENT)
			return bw_fail(err, BW_E_KERNEL, errno, "removing the socket %s that nobody serves", path);
		r = bind_private(sock, &address);
	}
	if (r < 0 || listen(sock, BACKLOG) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "listening at %s", path);
	return take_fd(&sock);
}

/* The directory of a socket, locked; -1 when there is none. */
static int lock_of(const char *path, struct bw_err *err)
{
	char dir[BW_SOCKET_PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof dir)
		return bw_fail(err, BW_E_USAGE, 0, "no path of a socket: %.100s", path);
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	return bw_socket_lock(dir, err);
}

int bw_socket_remove_dead(const char *path, struct bw_err *err)
{
	auto_close int lock = -1;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : bw_fail(err, BW_E_KERNEL, errno, "stat %s", path);
	lock = lock_of(path, err);
	if (lock < 0)
		return -1;
	if (!S_ISSOCK(st.st_mode) || is_served(path))
		return 0;
	return unlink(path) < 0 && errno != ENOENT ? bw_fail(err, BW_E_KERNEL, errno, "unlink %s", path) : 0;
}
