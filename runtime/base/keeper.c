/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c - see keeper.h. */
#include "base/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/sys.h"

int bw_keeper_begin(struct bw_keeper *ret, struct bw_err *err)
{
	struct bw_clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe");
	ret->pid = (pid_t)bw_clone3(&args);
	if (ret->pid == 0) {
		close(ends[1]);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	if (ret->pid < 0)
		bw_fail(err, BW_E_KERNEL, errno, "making a user namespace for a mount");
	close(ends[0]);
	ret->pipe = ends[1];
	if (ret->pid < 0)
		close(ends[1]);
	return ret->pid < 0 ? -1 : 0;
}

void bw_keeper_end(const struct bw_keeper *keeper)
{
	int status;

	close(keeper->pipe);
	(void)!bw_wait(keeper->pid, &status);
}
