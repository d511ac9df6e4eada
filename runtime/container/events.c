/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - what a container uses, once or again and again, and that it has run out of memory. The stream ends
 * with the container: when its first process is gone, or when it is deleted. */
#include "container/bulwark.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/auto.h"
#include "container/state.h"
#include "control/cgroup_stats.h"
#include "control/guard.h"

struct stream {
	const struct bw_container *container;
	bw_event_fn *seen;
	void *ctx;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How often the network guard has refused, where it counts. */
static int write_guard(const struct bw_container *container, struct bw_json_writer *w, struct bw_err *err)
{
	uint64_t counts[BW_GUARD_HOOKS];

	if (bw_guard_way_of(container->state->guard) != BW_GUARD_CGROUP)
		return 0;
	if (bw_cgroup_guard_counts(container->state->cgroups, counts, err) < 0)
		return -1;
	bw_json_key(w, "guard");
	bw_json_begin_object(w);
	bw_json_key(w, "connections");
	bw_json_uint(w, counts[BW_GUARD_CONNECT4] + counts[BW_GUARD_CONNECT6]);
	bw_json_key(w, "datagrams");
	bw_json_uint(w, counts[BW_GUARD_SENDMSG4] + counts[BW_GUARD_SENDMSG6]);
	bw_json_key(w, "packets");
	bw_json_uint(w, counts[BW_GUARD_EGRESS]);
	bw_json_end_object(w);
	return 0;
}

/* {"type":...,"id":... with the data of stats behind it. */
static int write_event(const struct bw_container *container, const char *type, bool stats, char **ret, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	int r = 0;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "events");
	bw_json_begin_object(w);
	bw_json_key(w, "type");
	bw_json_string(w, type);
	bw_json_key(w, "id");
	bw_json_string(w, container->state->id);
	if (stats) {
		bw_json_key(w, "data");
		bw_json_begin_object(w);
		r = bw_cgroup_stats(container->state->cgroups, w, err);
		if (r == 0)
			r = write_guard(container, w, err);
		bw_json_end_object(w);
	}
	bw_json_end_object(w);
	if (r == 0)
		r = bw_json_writer_end(w, ret, NULL, err);
	bw_json_writer_free(w);
	return r;
}

static int tell(const struct stream *stream, const char *type, bool stats, struct bw_err *err)
{
	auto_free char *text = NULL;

	if (write_event(stream->container, type, stats, &text, err) < 0)
		return -1;
	return stream->seen(text, stream->ctx, err);
}

/* 1: the container is gone, which ends the stream and is no failure. */
static int tell_stats(const struct stream *stream, struct bw_err *err)
{
	struct bw_err failure = {0};

	if (tell(stream, "stats", true, &failure) == 0)
		return 0;
	if (failure.code == BW_E_STATE && failure.sys == ENOENT)
		return 1;
	*err = failure;
	return -1;
}

static int tell_oom(const struct stream *stream, struct bw_cgroup_oom *oom, struct bw_err *err)
{
	return bw_cgroup_oom_happened(oom) ? tell(stream, "oom", false, err) : 0;
}

static int follow(const struct stream *stream, int pidfd, struct bw_cgroup_oom *oom, int64_t interval_ms,
	struct bw_err *err)
{
	int64_t next = now_ms() + interval_ms;

	for (;;) {
		struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = oom->fd, .events = oom->events}};
		int64_t wait = next - now_ms();
		int r;

		wait = wait < 0 ? 0 : wait > INT32_MAX ? INT32_MAX : wait;
		if (poll(fds, BW_COUNT(fds), (int)wait) < 0 && errno != EINTR)
			return bw_fail(err, BW_E_KERNEL, errno, "waiting for events");
		if (tell_oom(stream, oom, err) < 0)
			return -1;
		if (fds[0].revents)
			return 0;
		if (now_ms() < next)
			continue;
		r = tell_stats(stream, err);
		if (r != 0)
			return r < 0 ? -1 : 0;
		next = now_ms() + interval_ms;
	}
}

int bw_container_events(const struct bw_context *ctx, const char *id, int64_t interval_ms, bw_event_fn *seen, void *fn_ctx,
	struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	auto_cgroup_oom struct bw_cgroup_oom oom = BW_CGROUP_OOM_INIT;
	struct stream stream = {.container = &container, .seen = seen, .ctx = fn_ctx};
	auto_close int pidfd = -1;
	const char *dead = bw_arena_printf(&arena, "container with id %s is not running", id);

	if (!dead)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "events");
	if (bw_container_open_live(ctx, id, false, dead, &arena, &container, err) < 0)
		return -1;
	if (interval_ms <= 0)
		return tell(&stream, "stats", true, err);
	pidfd = bw_pidfd_of(container.pid, container.start_time);
	if (pidfd < 0)
		return bw_fail(err, BW_E_STATE, 0, "%s", dead);
	if (bw_cgroup_oom_open(container.state->cgroups, &oom, err) < 0)
		return -1;
	return follow(&stream, pidfd, &oom, interval_ms, err);
}
