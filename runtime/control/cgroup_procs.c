/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_procs.c - the processes of a container's cgroups: listing, stopping, ending. See the
 * kernel's cgroup-v2.rst (cgroup.kill, cgroup.freeze, cgroup.events) and
 * cgroup-v1/freezer-subsystem.rst. */
#include "control/cgroup_files.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"

enum { PATIENCE_MS = 10000, NAP_MS = 2, MAX_LIST_BYTES = 64 << 20 };

struct pids {
	pid_t *v;
	size_t n, room;
};

static void pids_done(struct pids *pids)
{
	free(pids->v);
}
#define auto_pids __attribute__((cleanup(pids_done)))

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static int pids_add(struct pids *pids, pid_t pid)
{
	if (pids->n == pids->room) {
		size_t room = pids->room ? 2 * pids->room : 64;
		pid_t *bigger = realloc(pids->v, room * sizeof *bigger);

		if (!bigger)
			return -ENOMEM;
		pids->v = bigger;
		pids->room = room;
	}
	pids->v[pids->n++] = pid;
	return 0;
}

static int parse_pids(const char *text, struct pids *pids)
{
	while (*text) {
		char *end;
		long pid = strtol(text, &end, 10);

		if (end == text)
			return -EIO;
		/* 0 is a process of a pid namespace that we do not see. */
		if (pid > 0 && pids_add(pids, (pid_t)pid) < 0)
			return -ENOMEM;
		text = end + strspn(end, "\n");
	}
	return 0;
}

/* A threaded cgroup has no list of its own (its processes are in its domain's), and one that is
 * being removed has nobody. */
static int list_pids(int dir, void *ctx)
{
	auto_close int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct bw_err err = {0};

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	if (bw_read_fd(fd, "cgroup.procs", MAX_LIST_BYTES, &text, NULL, &err) < 0)
		return err.sys == EOPNOTSUPP || err.sys == ENODEV ? 0 : err.sys ? -err.sys : -E2BIG;
	return parse_pids(text, ctx);
}

static int list_tree(int dir, struct pids *pids)
{
	const struct bw_cgroup_visitor visitor = {.inside = list_pids, .ctx = pids};
	int r = bw_cgroup_walk(dir, &visitor);

	/* Cgroups that went away under the walk are empty. */
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static bool file_says(int dir, const char *file, const char *word)
{
	char text[256];

	return bw_read_at(dir, file, text, sizeof text) > 0 && bw_word_in(text, word);
}

/* cgroup.events: "populated 0\nfrozen 1". */
static bool event_is(int dir, const char *line)
{
	char text[256], *rest = text, *one;

	if (bw_read_at(dir, "cgroup.events", text, sizeof text) <= 0)
		return false;
	while ((one = strsep(&rest, "\n")))
		if (bw_streq(one, line))
			return true;
	return false;
}

static bool is_frozen_dir(int dir, bool v1)
{
	if (!v1)
		return file_says(dir, "cgroup.freeze", "1");
	return file_says(dir, "freezer.state", "FROZEN") ||
	       file_says(dir, "freezer.state", "FREEZING");
}

int bw_cgroup_check_dir(int dir, const struct bw_cgroup_dir *where, struct bw_err *err)
{
	auto_pids struct pids pids = {0};
	int r = list_tree(dir, &pids);

	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "listing the processes of cgroup %s%s",
			where->mountpoint, where->path);
	if (pids.n) {
		bw_fail(err, BW_E_STATE, 0,
			"container's cgroup is not empty: %zu process(es) found in %s%s", pids.n,
			where->mountpoint, where->path);
		return bw_at(err, "/linux/cgroupsPath");
	}
	if (is_frozen_dir(dir, where->controllers != NULL)) {
		bw_fail(err, BW_E_STATE, 0, "container's cgroup unexpectedly frozen: %s%s",
			where->mountpoint, where->path);
		return bw_at(err, "/linux/cgroupsPath");
	}
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* The hierarchy whose lists are taken for the container's: every process is in all of them. */
static int list_dir(const struct bw_cgroup_set *set)
{
	int i = bw_cgroup_find(set, NULL);

	if (i < 0)
		i = bw_cgroup_find(set, "devices");
	return i < 0 && set->dirs.n ? 0 : i;
}

int bw_cgroup_pids(const struct bw_cgroup_set *set, bool recursive, pid_t **ret, size_t *ret_n,
	struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	auto_pids struct pids pids = {0};
	int i = list_dir(set), dir, r = 0;

	bw_cgroup_handle_init(&handle, set);
	dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(&handle, (size_t)i);
	if (dir >= 0)
		r = recursive ? list_tree(dir, &pids) : list_pids(dir, &pids);
	else if (dir != -ENOENT)
		r = dir;
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "listing the container's processes");
	if (pids.n)
		qsort(pids.v, pids.n, sizeof *pids.v, compare_pids);
	*ret_n = pids.n;
	*ret = take_ptr(&pids.v);
	return 0;
}

/* All processes in any hierarchy: one that has moved itself out of one of them is still in the
 * others. */
static int list_all(struct bw_cgroup_handle *handle, struct pids *pids)
{
	for (size_t i = 0; i < handle->set->dirs.n; i++) {
		int dir = bw_cgroup_dir_fd(handle, i), r;

		if (dir == -ENOENT)
			continue;
		r = dir < 0 ? dir : list_tree(dir, pids);
		if (r < 0)
			return r;
	}
	return 0;
}

int bw_cgroup_is_empty(const struct bw_cgroup_set *set, bool *ret, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	auto_pids struct pids pids = {0};
	int r;

	bw_cgroup_handle_init(&handle, set);
	r = list_all(&handle, &pids);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "listing the container's processes");
	*ret = pids.n == 0;
	return 0;
}

/* Directory for freezing: v1's freezer where it is mounted, as everybody who looks at such a host
 * expects. -errno; -ENOTSUP: neither. */
static int freezer_dir(struct bw_cgroup_handle *handle, bool *ret_v1)
{
	int i = bw_cgroup_find(handle->set, "freezer");

	*ret_v1 = i >= 0;
	if (i < 0)
		i = bw_cgroup_find(handle->set, NULL);
	return i < 0 ? -ENOTSUP : bw_cgroup_dir_fd(handle, (size_t)i);
}

static int write_state(int dir, bool v1, bool freeze)
{
	if (v1)
		return bw_write_at(dir, "freezer.state", freeze ? "FROZEN" : "THAWED");
	return bw_write_at(dir, "cgroup.freeze", freeze ? "1" : "0");
}

static bool has_state(int dir, bool v1, bool frozen)
{
	if (v1)
		return file_says(dir, "freezer.state", frozen ? "FROZEN" : "THAWED");
	return event_is(dir, frozen ? "frozen 1" : "frozen 0");
}

int bw_cgroup_freeze(const struct bw_cgroup_set *set, bool freeze, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int64_t end = now_ms() + PATIENCE_MS;
	const char *doing = freeze ? "freezing" : "thawing";
	bool v1;
	int dir, r;

	bw_cgroup_handle_init(&handle, set);
	dir = freezer_dir(&handle, &v1);
	if (dir < 0)
		return bw_fail(err, BW_E_KERNEL, -dir, "%s the container's cgroup", doing);
	do {
		/* v1 wants to be told again while processes fork (FREEZING). */
		r = write_state(dir, v1, freeze);
		if (r < 0)
			return bw_fail(err, BW_E_KERNEL, -r, "%s the container's cgroup", doing);
		if (has_state(dir, v1, freeze))
			return 0;
		nap(NAP_MS);
	} while (now_ms() < end);
	if (freeze)
		(void)!write_state(dir, v1, false);
	return bw_fail(err, BW_E_KERNEL, ETIMEDOUT, "%s the container's cgroup", doing);
}

void bw_cgroup_freeze_begin(const struct bw_cgroup_set *set)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	bool v1;
	int dir;

	bw_cgroup_handle_init(&handle, set);
	dir = freezer_dir(&handle, &v1);
	if (dir >= 0)
		(void)!write_state(dir, v1, true);
}

int bw_cgroup_is_frozen(const struct bw_cgroup_set *set, bool *ret, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	bool v1;
	int dir;

	bw_cgroup_handle_init(&handle, set);
	dir = freezer_dir(&handle, &v1);
	if (dir < 0 && dir != -ENOENT && dir != -ENOTSUP)
		return bw_fail(err, BW_E_KERNEL, -dir, "looking whether the container is frozen");
	*ret = dir >= 0 && is_frozen_dir(dir, v1);
	return 0;
}

static int thaw_one(int dir, void *ctx)
{
	const bool *v1 = ctx;

	(void)!write_state(dir, *v1, false);
	return 0;
}

/* The walk reaches the deepest first; each is its own master, whatever those above it say. */
static void thaw_tree(int freezer, bool v1)
{
	const struct bw_cgroup_visitor visitor = {.inside = thaw_one, .ctx = &v1};

	if (freezer >= 0)
		(void)!bw_cgroup_walk(freezer, &visitor);
}

void bw_cgroup_thaw_all(const struct bw_cgroup_set *set)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	bool v1;
	int freezer;

	bw_cgroup_handle_init(&handle, set);
	freezer = freezer_dir(&handle, &v1);
	thaw_tree(freezer, v1);
}

/* Stops the container before its processes are signalled one by one: frozen ones neither fork nor
 * end, so that no listed pid is somebody else's by the time of the signal. Not for ever: a process
 * in uninterruptible sleep freezes late. */
static void stop_for_signals(int freezer, bool v1)
{
	if (freezer < 0 || write_state(freezer, v1, true) < 0)
		return;
	for (int waited_ms = 0; waited_ms < 50 && !has_state(freezer, v1, true);
		waited_ms += NAP_MS)
		nap(NAP_MS);
}

static void signal_all(const struct pids *pids)
{
	pid_t self = getpid();

	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] != self)
			kill(pids->v[i], SIGKILL);
}

static bool only_us(const struct pids *pids)
{
	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] != getpid())
			return false;
	return true;
}

/* One round. by_one: the kernel could not kill the cgroup as a whole, or somebody is in a v1
 * hierarchy alone. */
static int kill_round(struct bw_cgroup_handle *handle, bool by_one, bool *ret_gone)
{
	auto_pids struct pids pids = {0};
	bool v1;
	int freezer = freezer_dir(handle, &v1), r;

	r = list_all(handle, &pids);
	*ret_gone = r == 0 && only_us(&pids);
	if (r == 0 && !*ret_gone && by_one) {
		stop_for_signals(freezer, v1);
		pids.n = 0;
		r = list_all(handle, &pids);
		if (r == 0)
			signal_all(&pids);
	}
	/* A paused container too: frozen v1 processes take their signal when they thaw. */
	thaw_tree(freezer, v1);
	return r;
}

/* Until processes have left, or a moment. cgroup.events wakes at once when the last one goes. */
static void await_change(int unified)
{
	char text[256];
	struct pollfd poller = {.events = POLLPRI};
	auto_close int fd =
		unified < 0 ? -1 : openat(unified, "cgroup.events", O_RDONLY | O_CLOEXEC);

	poller.fd = fd;
	if (fd < 0 || read(fd, text, sizeof text) < 0 || event_is(unified, "populated 0"))
		nap(NAP_MS);
	else
		poll(&poller, 1, 10 * NAP_MS);
}

void bw_cgroup_kill_begin(const struct bw_cgroup_set *set)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int i = bw_cgroup_find(set, NULL), unified;

	bw_cgroup_handle_init(&handle, set);
	unified = i < 0 ? -1 : bw_cgroup_dir_fd(&handle, (size_t)i);
	if (unified >= 0)
		(void)!bw_write_at(unified, "cgroup.kill", "1");
}

int bw_cgroup_kill(const struct bw_cgroup_set *set, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int64_t end = now_ms() + PATIENCE_MS;
	int i = bw_cgroup_find(set, NULL), unified = -1, r;
	bool gone;

	bw_cgroup_handle_init(&handle, set);
	if (i >= 0)
		unified = bw_cgroup_dir_fd(&handle, (size_t)i);
	for (bool first = true;; first = false) {
		/* Since Linux 5.14: all at once, forking ones too. */
		bool whole = unified >= 0 && bw_write_at(unified, "cgroup.kill", "1") == 0;

		r = kill_round(&handle, !(first && whole), &gone);
		if (r < 0)
			return bw_fail(err, BW_E_KERNEL, -r, "listing the container's processes");
		if (gone)
			return 0;
		if (now_ms() >= end)
			return bw_fail(
				err, BW_E_KERNEL, ETIMEDOUT, "ending the container's processes");
		await_change(unified);
	}
}
