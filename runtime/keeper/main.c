/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bulwark-keeper: a process beside a container that ends it in time. No arguments; what it needs is in the
 * descriptors of warden/keeper.h. See bulwark-keeper(8).
 *
 * There are two of them, the same program twice: one keeps, the other looks after it and begins anew when it is killed. When
 * the other one is killed the keeper takes its place. What was decided is in memory that both have: a limit of time does not
 * begin again. Nothing of the container's is trusted but what the kernel says of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "keeper/confine.h"
#include "keeper/keep.h"
#include "keeper/listen.h"
#include "warden/begin.h"
#include "warden/keeper.h"
#include "warden/sandbox.h"

/* OWN_FILES: stdio, what was inherited, and what one kill opens. */
enum { OWN_FILES = 128, NAP_MS = 100 };

/* ---- two processes ---- */

/* Whoever looks after the keeper is the one whom delete ends. */
static void write_pid_file(void)
{
	struct bw_err ignored = {0};
	struct bw_proc_stat stat;
	char text[64];
	int len;

	if (bw_proc_stat(getpid(), &stat) < 0)
		return;
	len = snprintf(text, sizeof text, "%d %llu\n", (int)getpid(), (unsigned long long)stat.start_time);
	(void)!bw_replace_at(BW_KEEPER_STATE, BW_KEEPER_PID_FILE, text, (size_t)len, 0600, &ignored);
}

static bool is_over(int pidfd)
{
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};

	return poll(&gone, 1, 0) > 0;
}

/* Its exit status; anything but BW_KEEPER_ENDED: it was killed, or has failed. */
static int await(pid_t child)
{
	int status = 0;

	return bw_wait(child, &status) == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : BW_KEEPER_FAILED;
}

static int keep(struct bw_keeping *keeping, int other)
{
	switch (bw_keep(keeping, other)) {
	case BW_KEEP_OVER:
		_exit(BW_KEEPER_ENDED);
	case BW_KEEP_ORPHANED:
		write_pid_file();
		return 0;
	case BW_KEEP_FAILED:
		break;
	}
	_exit(BW_KEEPER_FAILED);
}

/* Pid of the child; 0 in whoever is to begin anew with a child of its own. */
static pid_t split(struct bw_keeping *keeping)
{
	auto_close int self = bw_pidfd_open(getpid(), 0);
	int unused = -1;
	pid_t child = self < 0 ? -1 : (pid_t)bw_fork_pidfd(&unused);

	if (child == 0)
		return keep(keeping, self);
	if (unused >= 0)
		close(unused);
	return child;
}

/* Exit status. The first time it says when there is somebody who keeps. */
static int live(struct bw_keeping *keeping, bool answered)
{
	unsigned after_end = 0;

	for (;;) {
		pid_t child = split(keeping);

		if (child == 0)
			answered = true;
		if (child < 0 && !answered) {
			bw_begin_answer(BW_KEEPER_ANSWER, "there can be no second process", true);
			return BW_KEEPER_FAILED;
		}
		if (child > 0 && !answered)
			bw_begin_answer(BW_KEEPER_ANSWER, BW_KEEPER_OK, false);
		answered = true;
		if (child > 0 && await(child) == BW_KEEPER_ENDED)
			return BW_KEEPER_ENDED;
		/* What it had left to do at the end is tried once more, and not for ever. */
		if (is_over(BW_KEEPER_INIT) && after_end++)
			return BW_KEEPER_FAILED;
		if (child != 0)
			poll(NULL, 0, NAP_MS);
	}
}

/* ---- beginning ---- */

static int read_settings(struct bw_arena *arena, const struct bw_keeper_settings **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t len;

	if (bw_read_fd(BW_KEEPER_CONFIG, "configuration", BW_KEEPER_MAX_CONFIG, &text, &len, err) < 0)
		return -1;
	close(BW_KEEPER_CONFIG);
	return bw_keeper_settings_parse(text, len, arena, ret, err);
}

/* The host's want of memory shall not be the end of a limit. Where that may not be said we are as others. */
static void be_spared(void)
{
	(void)!bw_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
}

static int open_all(struct bw_keeping *k, struct bw_err *err)
{
	const struct bw_context ctx = {.root = k->settings->root};
	char here[32];

	snprintf(here, sizeof here, "/proc/self/fd/%d", BW_KEEPER_STATE);
	k->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	k->start = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	k->kept = mmap(NULL, sizeof *k->kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (k->timer < 0 || k->start < 0 || k->kept == MAP_FAILED)
		return bw_fail(err, BW_E_KERNEL, errno, "preparing the keeper");
	if (inotify_add_watch(k->start, here, IN_DELETE) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "watching the container's directory");
	k->ear = k->settings->listen.v ? bw_listen_open() : -1;
	k->processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	k->totals = k->settings->metrics.v ? bw_totals_open(true, err) : -1;
	if (k->settings->metrics.v && k->totals < 0)
		return -1;
	return bw_watch_open(&ctx, k->settings->id, &k->watch, err);
}

static int prepare(struct bw_keeping *k, struct bw_arena *arena, struct bw_err *err)
{
	/* KILL: the container's users are others; DAC_OVERRIDE: a cgroup that is delegated belongs to them. */
	const struct bw_sandbox sandbox = {
		.user = 0,
		.group = 0,
		.files = OWN_FILES,
		.caps = 1U << CAP_KILL | 1U << CAP_DAC_OVERRIDE,
		.filter = bw_keeper_filter,
		.filter_n = bw_keeper_filter_n,
	};

	if (bw_begin(BW_KEEPER_CONFIG, BW_KEEPER_FD_END, err) < 0 || read_settings(arena, &k->settings, err) < 0)
		return -1;
	be_spared();
	if (open_all(k, err) < 0 || bw_confine(k, err) < 0)
		return -1;
	return bw_sandbox_enter(&sandbox, err);
}

int main(int argc, char **argv)
{
	static struct bw_keeping keeping;
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};

	(void)argv;
	if (argc != 1)
		return BW_KEEPER_USAGE;
	if (prepare(&keeping, &arena, &err) < 0) {
		bw_begin_answer(BW_KEEPER_ANSWER, err.text, true);
		return err.code == BW_E_USAGE ? BW_KEEPER_USAGE : BW_KEEPER_FAILED;
	}
	return live(&keeping, false);
}
