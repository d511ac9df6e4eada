/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_oom.c - when a container runs out of memory: v1 tells an eventfd that is registered for memory.oom_control
 * (cgroup-v1/memory.rst, "OOM Control"), v2 wakes whoever polls memory.events (cgroup-v2.rst). */
#include "control/cgroup_stats.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/cgroup_files.h"

/* Kills, those in descendants too. Reading again is what arms the next wake-up. False: the cgroup is gone. */
static bool read_kills(int fd, uint64_t *ret)
{
	char text[512];
	ssize_t len = pread(fd, text, sizeof text - 1, 0);

	if (len < 0)
		return false;
	text[len] = '\0';
	if (!bw_cgroup_keyed(text, "oom_kill", ret))
		*ret = 0;
	return true;
}

/* A file of a cgroup that is gone is ready for ever, and who polls it would never rest: one that never is ready takes its
 * number, and epoll(7) forgets the old one. */
static void fall_silent(struct bw_cgroup_oom *oom)
{
	auto_close int silent = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (silent >= 0)
		(void)dup3(silent, oom->fd, O_CLOEXEC);
}

static bool kills_happened(struct bw_cgroup_oom *oom)
{
	uint64_t kills, before = oom->seen;

	if (!read_kills(oom->fd, &kills)) {
		fall_silent(oom);
		return false;
	}
	oom->seen = kills > before ? kills : before;
	return kills > before;
}

static int open_v1(int dir, struct bw_cgroup_oom *oom, struct bw_err *err)
{
	auto_close int control = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	auto_close int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[64];
	int r;

	if (control < 0 || event < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "watching memory.oom_control");
	snprintf(text, sizeof text, "%d %d", event, control);
	r = bw_write_at(dir, "cgroup.event_control", text);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "watching memory.oom_control");
	oom->fd = take_fd(&event);
	oom->events = POLLIN;
	return 0;
}

static int open_v2(int dir, struct bw_cgroup_oom *oom, struct bw_err *err)
{
	int fd = openat(dir, "memory.events", O_RDONLY | O_CLOEXEC);

	/* The controller may be with v1 or nowhere. */
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "watching memory.events");
	oom->fd = fd;
	oom->events = POLLPRI;
	return read_kills(fd, &oom->seen) ? 0 : bw_fail(err, BW_E_KERNEL, errno, "watching memory.events");
}

int bw_cgroup_oom_open(const struct bw_cgroup_set *set, struct bw_cgroup_oom *ret, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	auto_cgroup_oom struct bw_cgroup_oom oom = BW_CGROUP_OOM_INIT;
	int v1 = bw_cgroup_find(set, "memory"), i = v1 >= 0 ? v1 : bw_cgroup_find(set, NULL), dir;

	bw_cgroup_handle_init(&handle, set);
	dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(&handle, (size_t)i);
	if (dir < 0)
		return bw_fail(err, BW_E_KERNEL, -dir, "opening the container's cgroup");
	if ((v1 >= 0 ? open_v1(dir, &oom, err) : open_v2(dir, &oom, err)) < 0)
		return -1;
	oom.dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	*ret = oom;
	oom = (struct bw_cgroup_oom)BW_CGROUP_OOM_INIT;
	return 0;
}

bool bw_cgroup_oom_happened(struct bw_cgroup_oom *oom)
{
	uint64_t count;

	if (oom->fd < 0)
		return false;
	if (oom->events == POLLPRI)
		return kills_happened(oom);
	/* v1 also tells of the end of the cgroup, with the same words. */
	return read(oom->fd, &count, sizeof count) == (ssize_t)sizeof count &&
	       faccessat(oom->dir, "memory.oom_control", F_OK, 0) == 0;
}

void bw_cgroup_oom_close(struct bw_cgroup_oom *oom)
{
	bw_close_p(&oom->fd);
	bw_close_p(&oom->dir);
}
