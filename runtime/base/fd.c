/* SPDX-License-Identifier: Apache-2.0 */
/* fd.c - whole reads and writes, atomic replacement, descriptors over sockets. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/auto.h"

/* Reads until EOF into a buffer that grows from the file's size, so that an ordinary file takes two
 * reads. */
static int read_all(int fd, const char *name, size_t first, size_t max_bytes, char **ret,
	size_t *ret_len, struct bw_err *err)
{
	size_t room = first + 1, len = 0;
	auto_free char *text = malloc(room + 1);

	if (!text)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "reading %s", name);
	for (;;) {
		ssize_t got = read(fd, text + len, room - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "reading %s", name);
		if (got == 0)
			break;
		len += (size_t)got;
		if (len > max_bytes)
			return bw_fail(
				err, BW_E_SPEC, 0, "%s is larger than %zu bytes", name, max_bytes);
		if (len == room) {
			char *bigger = malloc(2 * room + 1);

			if (!bigger)
				return bw_fail(err, BW_E_MEMORY, ENOMEM, "reading %s", name);
			/* Who wipes what he was given must have the only copy. */
			memcpy(bigger, text, len);
			explicit_bzero(text, len);
			free(text);
			text = bigger;
			room *= 2;
		}
	}
	text[len] = '\0';
	*ret = take_ptr(&text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

void bw_wiped_text_done(struct bw_wiped_text *text)
{
	if (text->v)
		explicit_bzero(text->v, text->len);
	free(text->v);
	*text = (struct bw_wiped_text){0};
}

int bw_read_fd(
	int fd, const char *name, size_t max_bytes, char **ret, size_t *ret_len, struct bw_err *err)
{
	struct stat st;
	size_t first = 4095;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
		(size_t)st.st_size <= max_bytes)
		first = (size_t)st.st_size;
	return read_all(fd, name, first, max_bytes, ret, ret_len, err);
}

int bw_read_file(
	const char *path, size_t max_bytes, char **ret, size_t *ret_len, struct bw_err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "open %s", path);
	return bw_read_fd(fd, path, max_bytes, ret, ret_len, err);
}

ssize_t bw_read_at(int dirfd, const char *path, char *buf, size_t size)
{
	auto_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t len;

	if (fd < 0)
		return -errno;
	do
		len = read(fd, buf, size - 1);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return len;
}

int bw_write_at(int dirfd, const char *path, const char *text)
{
	auto_close int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
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

int bw_write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t wrote = write(fd, p, len);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		p += wrote;
		len -= (size_t)wrote;
	}
	return 0;
}

int bw_replace_at(
	int dirfd, const char *name, const void *bytes, size_t len, mode_t mode, struct bw_err *err)
{
	char temporary[256];
	auto_close int fd = -1;
	int r;

	if (snprintf(temporary, sizeof temporary, ".%s.%d", name, (int)getpid()) >=
		(int)sizeof temporary)
		return bw_fail(err, BW_E_INTERNAL, ENAMETOOLONG, "writing %s", name);
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "creating %s", temporary);
	r = bw_write_all(fd, bytes, len);
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, temporary, 0);
		return bw_fail(err, BW_E_KERNEL, -r, "writing %s", name);
	}
	return 0;
}

int bw_send_fd(int sock, int fd, const void *payload, size_t len, struct bw_err *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof fd)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)payload, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	ssize_t sent;
	int r;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	sent = TEMP_FAILURE_RETRY(sendmsg(sock, &msg, MSG_NOSIGNAL));
	if (sent < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "sending a descriptor");
	r = bw_write_all(sock, (const char *)payload + sent, len - (size_t)sent);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "sending a descriptor") : 0;
}

/* sun_path holds 107 bytes; a longer path is reached through a descriptor of the socket's inode. */
int bw_connect_unix(const char *path, struct bw_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof address;
	auto_close int inode = -1;
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socket");
	if (strlen(path) < sizeof address.sun_path) {
		memcpy(address.sun_path, path, strlen(path) + 1);
	} else if (path[0] == '@') {
		return bw_fail(err, BW_E_KERNEL, ENAMETOOLONG, "connecting to %s", path);
	} else {
		inode = open(path, O_PATH | O_CLOEXEC);
		if (inode < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "connecting to %s", path);
		snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", inode);
	}
	if (path[0] == '@') {
		address.sun_path[0] = '\0';
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	if (TEMP_FAILURE_RETRY(connect(sock, (const struct sockaddr *)&address, size)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "connecting to %s", path);
	return take_fd(&sock);
}
