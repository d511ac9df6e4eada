/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - see console.h. The sender is our own code, in a process that has read the config.json: what it sends is
 * looked at as if it were not. */
#include "shim/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"

/* The descriptors of a message, which are ours now: the last one in *ret, how many as value. */
static size_t take_descriptors(struct msghdr *msg, int *ret)
{
	size_t n = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof *ret <= cmsg->cmsg_len; at += sizeof *ret, n++) {
			bw_close_p(ret);
			memcpy(ret, (const char *)cmsg + at, sizeof *ret);
		}
	}
	return n;
}

int bw_console_receive(int sock, struct bw_err *err)
{
	enum { MOST_NAME = 4096, MOST_FDS = 8 };
	union {
		char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	char name[MOST_NAME];
	struct iovec iov = {.iov_base = name, .iov_len = sizeof name};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	ssize_t len = TEMP_FAILURE_RETRY(recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
	auto_close int fd = -1;
	size_t n;
	int number, flags;

	if (len < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "receiving the terminal");
	n = take_descriptors(&msg, &fd);
	if (n != 1 || msg.msg_flags & MSG_CTRUNC || len == 0 || len >= MOST_NAME)
		return bw_fail(err, BW_E_INTERNAL, 0,
			"expected one message with the terminal and its name, found one of %zd bytes with %zu descriptors", len, n);
	if (recv(sock, name, 1, MSG_DONTWAIT) > 0)
		return bw_fail(err, BW_E_INTERNAL, 0, "expected one message with the terminal, found more");
	if (ioctl(fd, TIOCGPTN, &number) < 0)
		return bw_fail(err, BW_E_INTERNAL, errno, "expected a terminal's master, found another descriptor");
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making the terminal O_NONBLOCK");
	return take_fd(&fd);
}
