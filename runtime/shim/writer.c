/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - see writer.h. It may wait wherever it likes. */
#include "shim/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sys.h"

enum { FILE_FD = 3, STREAMS = 2, ASIDE = 16, BUFFER_BYTES = 8 * 1024, RETRY_US = 1000000 };

/* All of it: what a full disk does not take now it takes later. False for a file that takes nothing any more. */
static bool write_whole(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(FILE_FD, bytes, len);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO) {
			usleep(RETRY_US);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* One piece of a stream that is ready; false at its end. */
static bool copy_piece(int from, bool *writable)
{
	char bytes[BUFFER_BYTES];
	ssize_t n = read(from, bytes, sizeof bytes);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	/* What nobody can have is still read: its writer is not to wait for it. */
	*writable = *writable && write_whole(bytes, (size_t)n);
	return n > 0;
}

static void copy_all(void)
{
	struct pollfd streams[STREAMS] = {{.fd = FILE_FD + 1, .events = POLLIN}, {.fd = FILE_FD + 2, .events = POLLIN}};
	bool writable = true;

	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		if (poll(streams, STREAMS, -1) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < STREAMS; i++)
			if (streams[i].fd >= 0 && streams[i].revents && !copy_piece(streams[i].fd, &writable))
				streams[i].fd = -1;
	}
}

/* The file and the streams become 3, 4 and 5, by way of numbers where none overwrites another; nothing else stays. */
static int place_descriptors(int file, const int fds[STREAMS])
{
	const int from[] = {file, fds[0], fds[1]};
	int aside[BW_COUNT(from)];

	for (size_t i = 0; i < BW_COUNT(from); i++) {
		aside[i] = fcntl(from[i], F_DUPFD_CLOEXEC, ASIDE);
		if (aside[i] < 0)
			return -1;
	}
	for (size_t i = 0; i < BW_COUNT(from); i++)
		if (dup2(aside[i], FILE_FD + (int)i) < 0)
			return -1;
	return bw_close_range(FILE_FD + BW_COUNT(from), ~0U, 0);
}

static _Noreturn void be_writer(int file, const int fds[STREAMS])
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	/* A file that is as long as it may be is an error of write(2), and no death. */
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "bulwark-output");
	setsid();
	if (chdir("/") < 0 || place_descriptors(file, fds) < 0)
		_exit(1);
	copy_all();
	_exit(0);
}

int bw_writer_start(int file, const int fds[STREAMS], pid_t *ret_pid, struct bw_err *err)
{
	pid_t pid = fork();

	if (pid == 0)
		be_writer(file, fds);
	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "fork: who writes the output");
	*ret_pid = pid;
	return 0;
}
