/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - see writer.h. It may wait wherever it likes, and ends only when both streams are at their end. */
#include "shim/writer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sys.h"

enum { STREAMS = 2, BUFFER_BYTES = 8 * 1024, RETRY_US = 1000000 };

/* All of it: what a full disk does not take now it takes later. False for a file that takes nothing any more. */
static bool write_whole(int file, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(file, bytes, len);

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
static bool copy_piece(int from, int file, bool *writable)
{
	char bytes[BUFFER_BYTES];
	ssize_t n = read(from, bytes, sizeof bytes);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	/* What nobody can have is still read: its writer is not to wait for it. */
	*writable = *writable && write_whole(file, bytes, (size_t)n);
	return n > 0;
}

static void copy_all(int file, const int fds[STREAMS])
{
	struct pollfd streams[STREAMS] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
	bool writable = true;

	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		if (poll(streams, STREAMS, -1) < 0) {
			if (errno != EINTR)
				usleep(RETRY_US);
			continue;
		}
		for (size_t i = 0; i < STREAMS; i++)
			if (streams[i].fd >= 0 && streams[i].revents && !copy_piece(streams[i].fd, file, &writable))
				streams[i].fd = -1;
	}
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Nothing else of ours stays, neither the log nor the writing ends of the streams, whose end would never come. */
static int close_others(int file, const int fds[STREAMS])
{
	int kept[] = {file, fds[0], fds[1]};
	unsigned from = 0;

	qsort(kept, BW_COUNT(kept), sizeof *kept, compare);
	for (size_t i = 0; i < BW_COUNT(kept); i++) {
		if (kept[i] > (int)from && bw_close_range(from, (unsigned)kept[i] - 1, 0) < 0)
			return -1;
		from = (unsigned)kept[i] + 1;
	}
	return bw_close_range(from, ~0U, 0);
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
	if (chdir("/") < 0 || close_others(file, fds) < 0)
		_exit(1);
	copy_all(file, fds);
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
