/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - epoll(7) with one event at a time: a second one of the same round could be for somebody whom the first has
 * freed. Timers count in CLOCK_BOOTTIME, so that a time limit goes on while the machine sleeps. */
#include "shim/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int bw_loop_open(struct bw_loop *loop, struct bw_err *err)
{
	*loop = (struct bw_loop)BW_LOOP_INIT;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "epoll_create1");
	return 0;
}

void bw_loop_close(struct bw_loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	*loop = (struct bw_loop)BW_LOOP_INIT;
}

int bw_loop_add(struct bw_loop *loop, struct bw_source *source, uint32_t events, struct bw_err *err)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "epoll_ctl: descriptor %d", source->fd);
	source->added = true;
	return 0;
}

void bw_loop_change(struct bw_loop *loop, struct bw_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (source->added)
		epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void bw_loop_remove(struct bw_loop *loop, struct bw_source *source)
{
	if (source->added)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->added = false;
}

void bw_loop_cancel_timer(struct bw_loop *loop, struct bw_timer *timer)
{
	struct bw_timer **at = &loop->timers;

	if (!timer->set)
		return;
	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
	timer->next = NULL;
	timer->set = false;
}

void bw_loop_set_timer(struct bw_loop *loop, struct bw_timer *timer, int64_t after_ms)
{
	struct bw_timer **at = &loop->timers;

	bw_loop_cancel_timer(loop, timer);
	if (__builtin_add_overflow(now_ms(), after_ms > 0 ? after_ms : 0, &timer->at_ms))
		timer->at_ms = INT64_MAX;
	while (*at && (*at)->at_ms <= timer->at_ms)
		at = &(*at)->next;
	timer->next = *at;
	timer->set = true;
	*at = timer;
}

/* How long epoll_wait(2) may take; its CLOCK_MONOTONIC stands still while the machine sleeps, so that a timer can be late
 * by one round, which the bound keeps short. */
static int wait_of(const struct bw_loop *loop, int most_ms)
{
	enum { ROUND_MS = 60000 };
	int64_t left;

	if (!loop->timers)
		return most_ms;
	left = loop->timers->at_ms - now_ms();
	left = left < 0 ? 0 : left > ROUND_MS ? ROUND_MS : left;
	return most_ms >= 0 && most_ms < left ? most_ms : (int)left;
}

static void run_timers(struct bw_loop *loop)
{
	int64_t now = now_ms();

	while (loop->timers && loop->timers->at_ms <= now) {
		struct bw_timer *timer = loop->timers;

		bw_loop_cancel_timer(loop, timer);
		timer->due(timer->ctx);
	}
}

int bw_loop_turn(struct bw_loop *loop, int wait_ms, struct bw_err *err)
{
	struct epoll_event event;
	int n = epoll_wait(loop->epoll, &event, 1, wait_of(loop, wait_ms));

	if (n < 0 && errno != EINTR)
		return bw_fail(err, BW_E_KERNEL, errno, "epoll_wait");
	if (n > 0) {
		const struct bw_source *source = event.data.ptr;

		source->seen(source->ctx, event.events);
	}
	run_timers(loop);
	return 0;
}

int bw_loop_run(struct bw_loop *loop, struct bw_err *err)
{
	while (!loop->ended)
		if (bw_loop_turn(loop, -1, err) < 0)
			return -1;
	return 0;
}

void bw_loop_end(struct bw_loop *loop)
{
	loop->ended = true;
}
