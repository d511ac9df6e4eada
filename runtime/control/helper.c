/* SPDX-License-Identifier: Apache-2.0 */
/* helper.c - one helper program: spawn, listen, wait. Knows nothing of what it is for. */
#include "control/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/proc.h"

static int set_up_spawn(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, int input, int answer)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	if (input >= 0 ? posix_spawn_file_actions_adddup2(files, input, STDIN_FILENO)
		       : posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDWR, 0))
		return -1;
	if (posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_RDWR, 0) ||
		posix_spawn_file_actions_adddup2(files, answer, STDERR_FILENO) ||
		posix_spawn_file_actions_addchdir_np(files, "/"))
		return -1;
	if (posix_spawnattr_setsigmask(attr, &none) || posix_spawnattr_setsigdefault(attr, &all))
		return -1;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* 0 or the errno. */
static int spawn(const struct bw_helper *helper, int answer, pid_t *ret_pid)
{
	static const char *const no_environment[] = {NULL};
	const char *const *env = helper->env ? helper->env : no_environment;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r;

	if (posix_spawn_file_actions_init(&files))
		return ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	r = set_up_spawn(&files, &attr, helper->input, answer)
		    ? ENOMEM
		    : posix_spawn(ret_pid, helper->args[0], &files, &attr, (char *const *)(uintptr_t)helper->args,
			      (char *const *)(uintptr_t)env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

/* The first line; the rest is read to the end, so that it never waits for us. */
static void read_line(int fd, char *buf, size_t size)
{
	char rest[256];
	size_t len = 0;
	ssize_t got;

	for (;;) {
		got = len + 1 < size ? read(fd, buf + len, size - 1 - len) : read(fd, rest, sizeof rest);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (len + 1 < size)
			len += (size_t)got;
	}
	buf[len] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

int bw_helper_run(const struct bw_helper *helper, char *answer, size_t size, struct bw_err *err)
{
	auto_close int in = -1;
	int ends[2], status, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "running %s: pipe", helper->args[0]);
	in = ends[0];
	r = spawn(helper, ends[1], &pid);
	close(ends[1]);
	if (r)
		return bw_fail(err, BW_E_HOST, r, "running %s", helper->args[0]);
	read_line(in, answer, size);
	r = bw_wait(pid, &status);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "waiting for %s", helper->args[0]);
	return bw_exit_code(status);
}
