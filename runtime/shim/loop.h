/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - the shim's one loop: descriptors by epoll(7), and timers. One event is handled at a time, so that whoever is
 * called may remove and free whatever it likes, itself too. */
#ifndef BW_SHIM_LOOP_H
#define BW_SHIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* events is what epoll_wait(2) gave: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR. */
typedef void bw_source_fn(void *ctx, uint32_t events);
/* Lives in its owner, and may not move while it is in a loop. */
struct bw_source {
	int fd; /* the owner's, who closes it after bw_loop_remove() */
	bw_source_fn *seen;
	void *ctx;
	bool added;
};
#define BW_SOURCE_INIT {.fd = -1}

typedef void bw_timer_fn(void *ctx);
struct bw_timer {
	bw_timer_fn *due;
	void *ctx;
	int64_t at_ms; /* CLOCK_BOOTTIME */
	struct bw_timer *next;
	bool set;
};

struct bw_loop {
	int epoll;
	struct bw_timer *timers; /* the next one first */
	bool ended;
};
#define BW_LOOP_INIT {.epoll = -1}

int bw_loop_open(struct bw_loop *loop, struct bw_err *err) BW_MUST_CHECK;
void bw_loop_close(struct bw_loop *loop);
/* fd, seen and ctx are set by the owner; events as for epoll_ctl(2), level triggered. */
int bw_loop_add(struct bw_loop *loop, struct bw_source *source, uint32_t events, struct bw_err *err) BW_MUST_CHECK;
/* Other events for one that is in the loop; 0 for none but EPOLLHUP and EPOLLERR. */
void bw_loop_change(struct bw_loop *loop, struct bw_source *source, uint32_t events);
/* Fine for one that is not in it. */
void bw_loop_remove(struct bw_loop *loop, struct bw_source *source);
/* Calls due once, after_ms from now; set again, it counts from now again. due and ctx are set by the owner. */
void bw_loop_set_timer(struct bw_loop *loop, struct bw_timer *timer, int64_t after_ms);
void bw_loop_cancel_timer(struct bw_loop *loop, struct bw_timer *timer);
/* Handles events until bw_loop_end(). */
int bw_loop_run(struct bw_loop *loop, struct bw_err *err) BW_MUST_CHECK;
/* One round: waits for at most wait_ms (-1: for ever) and handles at most one descriptor, and the timers that are due. */
int bw_loop_turn(struct bw_loop *loop, int wait_ms, struct bw_err *err) BW_MUST_CHECK;
void bw_loop_end(struct bw_loop *loop);

#endif
