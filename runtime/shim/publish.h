/* SPDX-License-Identifier: Apache-2.0 */
/* publish.h - events to containerd, in the order in which they were given: one request at a time, tried again at the head
 * when containerd is away. Never waits. */
#ifndef BW_SHIM_PUBLISH_H
#define BW_SHIM_PUBLISH_H

#include "shim/loop.h"
#include "shim/messages.h"

struct bw_publisher;

/* address: containerd's ttrpc socket, a path with or without "unix://" (a copy is kept); NULL or "": nobody listens, and
 * events are dropped. Connects with the first event. */
int bw_publisher_open(struct bw_loop *loop, const char *address, const char *namespace, struct bw_publisher **ret,
	struct bw_err *err) BW_MUST_CHECK;
/* Copies the event. Of more than BW_PUBLISHER_MAX waiting ones the oldest that tells of no exit goes. */
enum { BW_PUBLISHER_MAX = 2048 };
void bw_publish(struct bw_publisher *publisher, enum bw_topic topic, const struct bw_task_event *event);
/* Calls idle as soon as nothing waits any more, or after at most budget_ms. Once, before the end. */
void bw_publisher_flush(struct bw_publisher *publisher, int64_t budget_ms, void (*idle)(void *ctx), void *ctx);
/* Instead of 5 s for an answer and pauses of 1 s, 2 s, ... 5 s: for tests, which need not wait so long. */
void bw_publisher_set_times(struct bw_publisher *publisher, int64_t answer_ms, int64_t pause_step_ms);
void bw_publisher_free(struct bw_publisher *publisher);

#endif
