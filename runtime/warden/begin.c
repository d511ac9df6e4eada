/* SPDX-License-Identifier: Apache-2.0 */
/* begin.c - see begin.h. */
#include "warden/begin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

void bw_begin_answer(int fd, const char *text, bool is_error)
{
	char line[sizeof((struct bw_err *)0)->text + 2];
	struct bw_buf buf = bw_buf_over(line, sizeof line);

	bw_buf_addf(&buf, is_error ? "%s\n" : "%s", text);
	for (char *c = line; *c && c[1]; c++)
		if (*c == '\n')
			*c = ' ';
	bw_write_all(fd, line, buf.len);
	close(fd);
}

int bw_begin(int first, int end, struct bw_err *err)
{
	sigset_t none;
	int null;

	for (int fd = first; fd < end; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return bw_fail(err, BW_E_USAGE, errno, "descriptor %d", fd);
	/* The libraries read variables of the environment. */
	clearenv();
	if (bw_close_range((unsigned)end, ~0U, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "close_range");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "open /dev/null");
	for (int fd = 0; fd < first; fd++)
		if (dup2(null, fd) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "dup2");
	close(null);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A session of its own: no terminal, no signal for a group that it is in. It may lead one already. */
	if (setsid() < 0 && getsid(0) != getpid())
		return bw_fail(err, BW_E_KERNEL, errno, "setsid");
	return 0;
}
