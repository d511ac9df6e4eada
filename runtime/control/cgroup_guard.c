/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_guard.c - the network guard's programs on the container's directory in the unified hierarchy. */
#include "control/cgroup_files.h"

#include "base/auto.h"
#include "control/guard.h"

/* The directory, borrowed from handle; or -1. */
static int unified(struct bw_cgroup_handle *handle, struct bw_err *err)
{
	int i = bw_cgroup_find(handle->set, NULL);
	int dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(handle, (size_t)i);

	return dir < 0 ? bw_fail(err, BW_E_KERNEL, -dir, "opening the container's cgroup for the network guard") : dir;
}

int bw_cgroup_apply_guard_with(struct bw_cgroup_handle *handle, const struct bw_guard *guard, struct bw_err *err)
{
	int i = bw_cgroup_find(handle->set, NULL), dir;

	/* In a directory that was there before us a creation that failed may have left its programs. */
	if (i >= 0 && !handle->set->dirs.v[i].made.set && (dir = bw_cgroup_dir_fd(handle, (size_t)i)) >= 0)
		bw_guard_detach(dir);
	if (!guard || guard->way != BW_GUARD_CGROUP)
		return 0;
	dir = unified(handle, err);
	return dir < 0 ? -1 : bw_guard_attach(dir, guard->programs, err);
}

int bw_cgroup_verify_guard(const struct bw_cgroup_set *set, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int dir;

	bw_cgroup_handle_init(&handle, set);
	dir = unified(&handle, err);
	return dir < 0 ? -1 : bw_guard_verify(dir, err);
}

int bw_cgroup_guard_counts(const struct bw_cgroup_set *set, uint64_t ret[BW_GUARD_HOOKS], struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int dir;

	bw_cgroup_handle_init(&handle, set);
	dir = unified(&handle, err);
	return dir < 0 ? -1 : bw_guard_counts(dir, ret, err);
}
