/* SPDX-License-Identifier: Apache-2.0 */
/* keep.c - see keep.h. Whatever is to be remembered is in the shared page before the next call that could be the last. */
#include "keeper/keep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "keeper/life.h"
#include "keeper/listen.h"
#include "keeper/sample.h"
#include "keeper/tell.h"
#include "warden/keeper.h"

static uint64_t clock_ms(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_over(int pidfd)
{
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};

	return poll(&gone, 1, 0) > 0;
}

/* ---- the life ---- */

/* Start takes the socket away on which the init has waited; of a run there never was one. */
static void look_for_start(struct bw_keeping *k)
{
	struct stat st;

	if (k->kept->life.begun || fstatat(BW_KEEPER_STATE, BW_KEEPER_WAITS, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	bw_life_begin(&k->kept->life, k->settings->ttl_ms.v, clock_ms());
	bw_sample_begin(k, clock_ms());
}

static void kill_all(const struct bw_keeping *k)
{
	struct bw_err ignored = {0};

	/* What is left shows at the next blow. */
	bw_pidfd_send_signal(BW_KEEPER_INIT, SIGKILL);
	(void)!bw_watch_kill(k->watch, &ignored);
}

static void keep_time(struct bw_keeping *k)
{
	switch (bw_life_step(&k->kept->life, k->settings->grace_ms.v, clock_ms())) {
	case BW_LIFE_NOTHING:
		return;
	case BW_LIFE_TELL:
		bw_tell(k, BW_AUDIT_TIME_LIMIT, "the container's life is over", NULL, 0);
		bw_pidfd_send_signal(BW_KEEPER_INIT, SIGTERM);
		return;
	case BW_LIFE_KILL:
		kill_all(k);
		return;
	}
}

/* In a pid namespace of its own the kernel has ended the others; else they would live on without anybody. */
static void end(struct bw_keeping *k)
{
	if (k->kept->life.told || (k->settings->ttl_ms.set && !bw_watch_has_own_pids(k->watch)))
		kill_all(k);
	bw_sample_end(k, clock_ms());
}

/* ---- the loop ---- */

/* The earlier of two times; 0 is none. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static void set_timer(const struct bw_keeping *k)
{
	uint64_t at = earlier(k->kept->life.due_ms, earlier(k->kept->look_ms, k->kept->ear.resume_ms));
	const struct itimerspec timer = {
		.it_value = {.tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000}};

	timerfd_settime(k->timer, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof events) > 0)
		;
}

enum bw_keep_end bw_keep(struct bw_keeping *k, int other)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = BW_KEEPER_INIT, .events = POLLIN},
			{.fd = other, .events = POLLIN},
			{.fd = k->timer, .events = POLLIN},
			{.fd = k->kept->life.begun ? -1 : k->start, .events = POLLIN},
			{.fd = -1, .events = POLLIN},
		};
		uint64_t expired;

		look_for_start(k);
		bw_listen(k, clock_ms());
		fds[4].fd = bw_listen_fd(k);
		bw_sample(k, clock_ms());
		keep_time(k);
		set_timer(k);
		if (poll(fds, sizeof fds / sizeof *fds, -1) < 0 && errno != EINTR)
			return BW_KEEP_FAILED;
		if (fds[2].revents)
			(void)!read(k->timer, &expired, sizeof expired);
		if (fds[3].revents)
			drain(k->start);
		if (fds[1].revents && !is_over(BW_KEEPER_INIT))
			return BW_KEEP_ORPHANED;
		if (fds[0].revents || fds[1].revents) {
			end(k);
			return BW_KEEP_OVER;
		}
	}
}
