/* SPDX-License-Identifier: Apache-2.0 */
/* undo.c - taking a container away. */
#include "container/undo.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/categories.h"
#include "container/delegate.h"
#include "container/measure.h"
#include "container/registry.h"
#include "container/user_range.h"
#include "control/gate.h"
#include "control/hook_run.h"
#include "control/keeper.h"
#include "control/witness.h"

enum { GRACE_MS = 10000 };

void bw_pidfd_kill(int pidfd)
{
	if (pidfd >= 0)
		bw_pidfd_send_signal(pidfd, SIGKILL);
}

void bw_thaw(const struct bw_container *container)
{
	if (container->state && container->state->cgroups)
		bw_cgroup_thaw_all(container->state->cgroups);
}

/* The init may be our child (run) or somebody else's; either way its cgroup empties only when it is gone. */
static void kill_init(const struct bw_container *container)
{
	auto_close int pidfd = container->pid > 0 ? bw_pidfd_of(container->pid, container->start_time) : -1;
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return;
	bw_pidfd_kill(pidfd);
	bw_thaw(container);
	poll(&fd, 1, GRACE_MS);
	waitpid(container->pid, NULL, WNOHANG);
}

int bw_end_processes(const struct bw_container *container, struct bw_err *err)
{
	kill_init(container);
	if (container->state && container->state->cgroups && bw_cgroup_kill(container->state->cgroups, err) < 0)
		return -1;
	if (container->pid > 0 && bw_proc_alive(container->pid, container->start_time))
		return bw_fail(err, BW_E_KERNEL, 0, "its first process does not end");
	return 0;
}

static int remove_cgroups(const struct bw_container *container, struct bw_err *err)
{
	if (!container->state || !container->state->cgroups)
		return 0;
	if (bw_cgroup_kill(container->state->cgroups, err) < 0)
		return -1;
	return bw_cgroup_remove(container->state->cgroups, err);
}

/* The rootfs of a container without a mount namespace, with what is mounted in it; if it is still what we mounted. */
static int detach_rootfs(const struct bw_state *state, struct bw_err *err)
{
	struct statx stx;

	if (!state->root_mount.set || !state->rootfs ||
		statx(AT_FDCWD, state->rootfs, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &stx) < 0 ||
		stx.stx_mnt_id != state->root_mount.v)
		return 0;
	if (umount2(state->rootfs, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "detaching the rootfs %s", state->rootfs);
	return 0;
}

static int remove_kernel_side(const struct bw_container *container, struct bw_err *err)
{
	if (remove_cgroups(container, err) < 0)
		return -1;
	if (!container->state)
		return 0;
	if (detach_rootfs(container->state, err) < 0)
		return -1;
	return bw_rdt_remove(container->state->rdt, err);
}

/* Its runtime first: what that has made outside of the cgroup it takes away. Where it was never asked there is nothing. */
static void end_backend(const struct bw_container *container)
{
	if (container->state && container->state->backend && faccessat(container->dir, "backend", F_OK, 0) == 0)
		bw_delegate_delete(container);
}

/* What cannot be given back is void as soon as the directory is gone: that must not be kept for it. */
static void release_leases(const struct bw_container *container)
{
	int (*const releases[])(const struct bw_container *, struct bw_err *) = {
		bw_categories_release, bw_user_range_give_back};

	for (size_t i = 0; i < BW_COUNT(releases); i++) {
		struct bw_err err = {0};

		if (releases[i](container, &err) < 0)
			bw_log(BW_LOG_WARNING, "cleaning up: %s", err.text);
	}
}

void bw_undo(struct bw_container *container)
{
	struct bw_err err = {0};

	end_backend(container);
	kill_init(container);
	bw_gate_end(container->dir);
	bw_witness_end(container->dir);
	bw_keeper_stop(container->dir);
	if (remove_kernel_side(container, &err) < 0) {
		bw_log(BW_LOG_WARNING, "cleaning up: %s", err.text);
		return;
	}
	release_leases(container);
	if (bw_container_forget(container, &err) < 0)
		bw_log(BW_LOG_WARNING, "cleaning up: %s", err.text);
	else
		bw_registry_give_back(container);
}

static void run_poststop(const struct bw_container *container, const struct bw_spec *spec)
{
	struct bw_err err = {0};
	auto_free char *state = NULL;

	if (!spec || !spec->hooks || !spec->hooks->poststop.n)
		return;
	if (bw_hook_state(spec, container->state->id, container->state->bundle, "stopped", 0, &state, &err) < 0) {
		bw_log(BW_LOG_WARNING, "%s", err.text);
		return;
	}
	/* The spec has it that a failing poststop hook is a warning, and the others run all the same. */
	for (size_t i = 0; i < spec->hooks->poststop.n; i++)
		if (bw_hook_run(spec, &spec->hooks->poststop, i, "poststop", state, container->state->bundle, &err) < 0)
			bw_log(BW_LOG_WARNING, "%s", err.text);
}

int bw_remove(struct bw_container *container, const struct bw_spec *spec, struct bw_err *err)
{
	end_backend(container);
	kill_init(container);
	bw_gate_end(container->dir);
	bw_witness_end(container->dir);
	bw_keeper_stop(container->dir);
	bw_measure_end(container, spec ? spec->hardening : NULL);
	if (remove_kernel_side(container, err) < 0)
		return -1;
	release_leases(container);
	if (bw_container_forget(container, err) < 0)
		return -1;
	bw_registry_give_back(container);
	/* A backend has run them itself. */
	if (!bw_delegate_is_wanted(spec))
		run_poststop(container, spec);
	return 0;
}
