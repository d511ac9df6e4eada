/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c - the socket, and the three lines that systemd hears. */
#include "container/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"

enum { MESSAGE_MAX = 4096, BARRIER_MS = 30000 };

static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path ? path : NULL;
}

bool bw_notify_is_wanted(void)
{
	return host_socket() != NULL;
}

int bw_notify_prepare(const struct bw_container *container, struct bw_err *err)
{
	/* Everybody may pass through: the directory above is closed, the container sees this one alone. */
	if (mkdirat(container->dir, BW_NOTIFY_NAME, 0755) < 0 || fchmodat(container->dir, BW_NOTIFY_NAME, 0755, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making %s/" BW_NOTIFY_NAME, container->path);
	return 0;
}

/* Through the directory's descriptor: the path of a socket is at most 107 bytes. */
int bw_notify_bind(const struct bw_container *container, struct bw_notify *ret, struct bw_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int dir = openat(container->dir, BW_NOTIFY_NAME, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int sock = -1;

	*ret = (struct bw_notify)BW_NOTIFY_INIT;
	if (dir < 0 && errno == ENOENT)
		return 0;
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/notify.sock", dir);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (dir < 0 || sock < 0 || bind(sock, (const struct sockaddr *)&address, sizeof address) < 0 ||
		fchmodat(dir, "notify.sock", 0777, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making %s/" BW_NOTIFY_NAME "/notify.sock", container->path);
	ret->sock = take_fd(&sock);
	return 0;
}

/* A path or, behind '@', an abstract name (sd_notify(3)). */
static int connect_host(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = host_socket();
	auto_close int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = path ? strlen(path) : 0;

	if (sock < 0)
		return -errno;
	if (!len || len >= sizeof address.sun_path)
		return -EINVAL;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	if (connect(sock, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return take_fd(&sock);
}

/* systemd closes the descriptor when it has read all that came before: only then may we end (sd_notify_barrier(3)). */
static void await_barrier(int host)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char text[] = "BARRIER=1";
	struct iovec iov = {.iov_base = text, .iov_len = sizeof text - 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	struct pollfd end;
	int pipe[2];

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return;
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(control.bytes + CMSG_LEN(0), &pipe[1], sizeof(int));
	end = (struct pollfd){.fd = pipe[0], .events = POLLIN};
	if (sendmsg(host, &message, MSG_NOSIGNAL) >= 0) {
		close(take_fd(&pipe[1]));
		poll(&end, 1, BARRIER_MS);
	}
	close(pipe[0]);
	bw_close_p(&pipe[1]);
}

static void tell_host(pid_t main_pid)
{
	auto_close int host = connect_host();
	char text[32];

	if (host < 0) {
		bw_log(BW_LOG_WARNING, "NOTIFY_SOCKET: %s", bw_errno_words(-host));
		return;
	}
	snprintf(text, sizeof text, "MAINPID=%d\n", (int)main_pid);
	if (send(host, "READY=1\n", strlen("READY=1\n"), MSG_NOSIGNAL) < 0 || send(host, text, strlen(text), MSG_NOSIGNAL) < 0)
		bw_log(BW_LOG_WARNING, "NOTIFY_SOCKET: %s", bw_errno_words(errno));
	else
		await_barrier(host);
}

static bool has_line(char *text, const char *line)
{
	char *one;

	while ((one = strsep(&text, "\n")))
		if (bw_streq(one, line))
			return true;
	return false;
}

bool bw_notify_take(struct bw_notify *notify, pid_t main_pid)
{
	char text[MESSAGE_MAX + 1];
	/* Without room for them descriptors that come along are dropped by the kernel. */
	ssize_t got = recv(notify->sock, text, MESSAGE_MAX, 0);

	if (got < 0)
		return false;
	text[got] = '\0';
	if (!has_line(text, "READY=1"))
		return false;
	bw_notify_done(notify);
	tell_host(main_pid);
	return true;
}

void bw_notify_wait(struct bw_notify *notify, int pidfd, pid_t main_pid)
{
	struct pollfd fds[] = {{.fd = notify->sock, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};

	while (notify->sock >= 0) {
		if (poll(fds, BW_COUNT(fds), -1) < 0 && errno != EINTR)
			return;
		/* Its last word may have come before its end. */
		if (fds[0].revents ? bw_notify_take(notify, main_pid) : fds[1].revents)
			return;
	}
}

void bw_notify_done(struct bw_notify *notify)
{
	bw_close_p(&notify->sock);
	notify->sock = -1;
}
