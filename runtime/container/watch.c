/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - what a process that stays beside a container keeps of it. It may keep one for each of many containers and be
 * idle for months: so nothing but a copy of what is needed, and everything else is read from the kernel when asked. */
#include "container/bulwark.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "container/state.h"
#include "control/cgroup_metrics.h"
#include "control/cgroup_stats.h"
#include "control/cgroup_throttle.h"

struct bw_watch {
	struct bw_cgroup_set set;
	struct bw_cgroup_oom oom;
	bool private_pids, audited;
	pid_t init;
	struct bw_opt_uint ttl_ms, grace_ms;
	struct watch_open {
		struct bw_cgroup_handle handle;
		int files[BW_CGROUP_SAMPLE_FILES];
	} *open; /* NULL: nobody has asked for it */
};

/* --- a copy of the cgroups, each piece allocated alone: an arena's smallest block is many times their size --- */

static char *copy_text(const char *text, bool *failed)
{
	char *copy = text ? strdup(text) : NULL;

	*failed = *failed || (text && !copy);
	return copy;
}

static void set_free(struct bw_cgroup_set *set)
{
	for (size_t i = 0; i < set->dirs.n; i++) {
		free(set->dirs.v[i].controllers);
		free(set->dirs.v[i].mountpoint);
		free(set->dirs.v[i].path);
	}
	free(set->dirs.v);
	free(set->mode);
	free(set->unit);
}

static int set_copy(const struct bw_cgroup_set *set, struct bw_cgroup_set *ret, struct bw_err *err)
{
	bool failed = false;

	*ret = *set;
	ret->mode = copy_text(set->mode, &failed);
	ret->unit = copy_text(set->unit, &failed);
	ret->dirs.v = calloc(set->dirs.n + 1, sizeof *ret->dirs.v);
	ret->dirs.n = ret->dirs.v ? set->dirs.n : 0;
	for (size_t i = 0; i < ret->dirs.n; i++) {
		ret->dirs.v[i].controllers = copy_text(set->dirs.v[i].controllers, &failed);
		ret->dirs.v[i].mountpoint = copy_text(set->dirs.v[i].mountpoint, &failed);
		ret->dirs.v[i].path = copy_text(set->dirs.v[i].path, &failed);
		ret->dirs.v[i].made = set->dirs.v[i].made;
	}
	return failed || !ret->dirs.v ? bw_fail(err, BW_E_MEMORY, ENOMEM, "watch") : 0;
}

static void close_kept(struct bw_watch *watch)
{
	if (!watch->open)
		return;
	for (size_t i = 0; i < BW_COUNT(watch->open->files); i++)
		if (watch->open->files[i] >= 0)
			close(watch->open->files[i]);
	bw_cgroup_handle_done(&watch->open->handle);
	free(watch->open);
}

/* --- the facade --- */

void bw_watch_free(struct bw_watch *watch)
{
	if (!watch)
		return;
	bw_cgroup_oom_close(&watch->oom);
	close_kept(watch);
	set_free(&watch->set);
	free(watch);
}

/* That nobody tells of a lack of memory is no reason to be without the rest. */
static void watch_memory(struct bw_watch *watch)
{
	struct bw_err why = {0};

	if (watch->set.dirs.n && bw_cgroup_oom_open(&watch->set, &watch->oom, &why) < 0)
		bw_debug("%s", why.text);
}

int bw_watch_open(const struct bw_context *ctx, const char *id, struct bw_watch **ret, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct bw_watch *watch;

	if (bw_container_open(ctx, id, false, false, &arena, &container, err) < 0)
		return -1;
	watch = calloc(1, sizeof *watch);
	if (!watch)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "watch");
	watch->oom = (struct bw_cgroup_oom)BW_CGROUP_OOM_INIT;
	watch->private_pids = container.state->private_pids.v;
	watch->audited = container.state->audit != NULL;
	watch->init = container.pid;
	watch->ttl_ms = container.state->ttl_ms;
	watch->grace_ms = container.state->grace_ms;
	if (container.state->cgroups && set_copy(container.state->cgroups, &watch->set, err) < 0) {
		bw_watch_free(watch);
		return -1;
	}
	watch_memory(watch);
	*ret = watch;
	return 0;
}

int bw_watch_oom_fd(const struct bw_watch *watch, short *ret_events)
{
	*ret_events = watch->oom.events;
	return watch->oom.fd;
}

bool bw_watch_oom_happened(struct bw_watch *watch)
{
	return bw_cgroup_oom_happened(&watch->oom);
}

int bw_watch_pids(const struct bw_watch *watch, pid_t **ret, size_t *ret_n, struct bw_err *err)
{
	*ret = NULL;
	*ret_n = 0;
	return watch->set.dirs.n ? bw_cgroup_pids(&watch->set, true, ret, ret_n, err) : 0;
}

int bw_watch_metrics(const struct bw_watch *watch, struct bw_wire *ret, const char **ret_type, struct bw_err *err)
{
	return bw_cgroup_metrics(&watch->set, ret, ret_type, err);
}

bool bw_watch_has_own_pids(const struct bw_watch *watch)
{
	return watch->private_pids;
}

bool bw_watch_holds(const struct bw_watch *watch, const char *proc_cgroup)
{
	return bw_cgroup_holds(&watch->set, proc_cgroup);
}

pid_t bw_watch_init(const struct bw_watch *watch)
{
	return watch->init;
}

static struct watch_open *open_once(struct bw_watch *watch)
{
	if (watch->open)
		return watch->open;
	watch->open = calloc(1, sizeof *watch->open);
	if (!watch->open)
		return NULL;
	bw_cgroup_handle_init(&watch->open->handle, &watch->set);
	for (size_t i = 0; i < BW_COUNT(watch->open->files); i++)
		watch->open->files[i] = -1;
	return watch->open;
}

bool bw_watch_has_run(struct bw_watch *watch, uint64_t cpu_usec)
{
	struct watch_open *opened = open_once(watch);

	return !opened || bw_cgroup_has_run(&opened->handle, opened->files, cpu_usec);
}

uint64_t bw_watch_processors(struct bw_watch *watch)
{
	struct watch_open *opened = open_once(watch);

	return opened ? bw_cgroup_processors(&opened->handle) : 0;
}

bool bw_watch_sample(struct bw_watch *watch, bool limits, struct bw_measures *measures)
{
	struct watch_open *opened = open_once(watch);

	return opened && bw_cgroup_sample_with(&opened->handle, opened->files, limits, measures);
}

int bw_watch_throttle(struct bw_watch *watch, uint64_t cpu_milli, struct bw_err *err)
{
	struct watch_open *opened = open_once(watch);

	return opened ? bw_cgroup_throttle(&opened->handle, cpu_milli, err) : bw_fail(err, BW_E_MEMORY, ENOMEM, "throttling");
}

int bw_watch_kill(const struct bw_watch *watch, struct bw_err *err)
{
	return watch->set.dirs.n ? bw_cgroup_kill(&watch->set, err) : 0;
}

int bw_watch_each_cgroup(const struct bw_watch *watch, int (*fn)(const char *path, void *ctx), void *ctx)
{
	int r = 0;

	for (size_t i = 0; i < watch->set.dirs.n && r >= 0; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof path, "%s%s", watch->set.dirs.v[i].mountpoint, watch->set.dirs.v[i].path) <
			(int)sizeof path)
			r = fn(path, ctx);
	}
	return r < 0 ? r : 0;
}

bool bw_watch_is_audited(const struct bw_watch *watch)
{
	return watch->audited;
}

bool bw_watch_time_limit(const struct bw_watch *watch, int64_t *ret_limit_ms, int64_t *ret_grace_ms)
{
	*ret_limit_ms = (int64_t)watch->ttl_ms.v;
	*ret_grace_ms = (int64_t)watch->grace_ms.v;
	return watch->ttl_ms.set;
}
