/* SPDX-License-Identifier: Apache-2.0 */
/* beside.c - see beside.h. */
#include "control/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"

enum {
	ANSWER_MS = 10000,
	END_MS = 2000,
	/* Above all that it inherits. */
	ASIDE = 16
};

#define HEIR(heirs, number) ((heirs)->fds[(number) - BW_BESIDE_FIRST])

void bw_heirs_done(struct bw_heirs *heirs)
{
	for (size_t i = 0; i < BW_COUNT(heirs->fds); i++)
		if (heirs->fds[i] >= 0)
			close(heirs->fds[i]);
	*heirs = (struct bw_heirs)BW_HEIRS_INIT;
	_Static_assert(BW_COUNT(heirs->fds) == 8, "all begin as -1");
}

/* To a number at which nothing is put before it has been copied. */
int bw_heirs_put(struct bw_heirs *heirs, int number, int fd, const struct bw_beside *beside, const char *what,
	struct bw_err *err)
{
	auto_close int given = fd;

	if (given >= 0)
		HEIR(heirs, number) = fcntl(given, F_DUPFD_CLOEXEC, ASIDE);
	return HEIR(heirs, number) < 0 ? bw_fail(err, BW_E_KERNEL, errno, "%s for %s", what, beside->what) : 0;
}

int bw_beside_text(const char *name, const void *text, size_t len)
{
	auto_close int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0 || bw_write_all(fd, text, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return take_fd(&fd);
}

int bw_beside_json(const char *name, struct bw_json_writer *w)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};
	size_t len;
	int r;

	errno = ENOMEM;
	if (!w)
		return -1;
	r = bw_json_writer_end(w, &text, &len, &err);
	bw_json_writer_free(w);
	return r < 0 ? -1 : bw_beside_text(name, text, len);
}

/* ---- starting ---- */

static int set_up_spawn(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, const struct bw_beside *beside,
	const struct bw_heirs *heirs)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0))
			return -1;
	for (int number = BW_BESIDE_FIRST; number < beside->end; number++)
		if (posix_spawn_file_actions_adddup2(files, HEIR(heirs, number), number))
			return -1;
	if (posix_spawn_file_actions_addclosefrom_np(files, beside->end) ||
		posix_spawn_file_actions_addchdir_np(files, "/"))
		return -1;
	if (posix_spawnattr_setsigmask(attr, &none) || posix_spawnattr_setsigdefault(attr, &all))
		return -1;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const struct bw_beside *beside, const struct bw_heirs *heirs, pid_t *ret_pid, struct bw_err *err)
{
	char *const args[] = {(char *)(uintptr_t)beside->name, NULL}, *const env[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r;

	if (posix_spawn_file_actions_init(&files))
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "starting %s", beside->program);
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "starting %s", beside->program);
	}
	r = set_up_spawn(&files, &attr, beside, heirs) ? ENOMEM
						       : posix_spawn(ret_pid, beside->program, &files, &attr, args, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return r ? bw_fail(err, BW_E_HOST, r, "starting %s", beside->program) : 0;
}

/* First of all: whoever undoes this creation must find it. */
static int keep_pid(const struct bw_beside *beside, int state_dir, pid_t pid, struct bw_err *err)
{
	struct bw_proc_stat stat = {0};
	char text[64];
	int len;

	if (bw_proc_stat(pid, &stat) < 0)
		return bw_fail(err, BW_E_HOST, 0, "%s died at once", beside->what);
	len = snprintf(text, sizeof text, "%d %llu\n", (int)pid, (unsigned long long)stat.start_time);
	return bw_replace_at(state_dir, beside->pid_file, text, (size_t)len, 0600, err);
}

/* Ok, or its reason. */
static int hear(const struct bw_beside *beside, int fd, struct bw_err *err)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char line[256];
	ssize_t len;

	if (TEMP_FAILURE_RETRY(poll(&ready, 1, ANSWER_MS)) == 0)
		return bw_fail(err, BW_E_HOST, 0, "%s was not ready within %d seconds", beside->what, ANSWER_MS / 1000);
	len = TEMP_FAILURE_RETRY(read(fd, line, sizeof line - 1));
	if (len < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "hearing from %s", beside->what);
	line[len] = '\0';
	if (bw_streq(line, beside->ok))
		return 0;
	line[strcspn(line, "\n")] = '\0';
	return bw_fail(err, BW_E_HOST, 0, "%s: %s", beside->what, line[0] ? line : "died before it was ready");
}

int bw_beside_start(const struct bw_beside *beside, struct bw_heirs *heirs, int state_dir, struct bw_err *err)
{
	auto_close int in = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe for %s", beside->what);
	in = ends[0];
	if (bw_heirs_put(heirs, beside->answer, ends[1], beside, "answer", err) < 0 ||
		spawn(beside, heirs, &pid, err) < 0)
		return -1;
	/* Its end must be the only one, or its death would not be heard. */
	bw_heirs_done(heirs);
	if (keep_pid(beside, state_dir, pid, err) < 0 || hear(beside, in, err) < 0) {
		kill(pid, SIGKILL); /* our child, not waited for: the pid is its own */
		waitpid(pid, NULL, 0);
		return -1;
	}
	return 0;
}

/* ---- ending ---- */

/* pidfd of the one that lives, or -1. */
static int open_living(int state_dir, const char *pid_file, pid_t *ret_pid)
{
	uint64_t pid, start;
	char text[64];

	if (bw_read_at(state_dir, pid_file, text, sizeof text) <= 0 || bw_parse_word(text, 0, INT32_MAX, &pid) < 0 ||
		bw_parse_word(text, 1, UINT64_MAX, &start) < 0 || !bw_proc_alive((pid_t)pid, start))
		return -1;
	*ret_pid = (pid_t)pid;
	return bw_pidfd_of((pid_t)pid, start);
}

void bw_beside_end(int state_dir, const char *pid_file)
{
	pid_t pid;
	auto_close int pidfd = open_living(state_dir, pid_file, &pid);
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return;
	bw_pidfd_send_signal(pidfd, SIGKILL);
	poll(&gone, 1, END_MS);
	waitpid(pid, NULL, WNOHANG); /* run: it is our child */
}

void bw_beside_await(int state_dir, const char *pid_file)
{
	pid_t pid;
	auto_close int pidfd = open_living(state_dir, pid_file, &pid);
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return;
	if (poll(&gone, 1, END_MS) == 0)
		bw_beside_end(state_dir, pid_file);
	waitpid(pid, NULL, WNOHANG); /* run: it is our child */
}

pid_t bw_beside_pid(int state_dir, const char *pid_file)
{
	pid_t pid = 0;
	auto_close int pidfd = open_living(state_dir, pid_file, &pid);

	return pidfd < 0 ? 0 : pid;
}
