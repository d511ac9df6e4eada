/* SPDX-License-Identifier: Apache-2.0 */
/* pause.c - pause and resume: all processes of a container stop where they are, and go on. The state is the
 * kernel's (freezer.state, cgroup.freeze): nothing is stored, so nothing can be wrong after a crash. */
#include "container/bulwark.h"

#include "container/audit_note.h"
#include "container/stopped.h"

static int open_locked(const struct bw_context *ctx, const char *id, struct bw_arena *arena,
	struct bw_container *container, struct bw_err *err)
{
	if (bw_container_open(ctx, id, true, false, arena, container, err) < 0)
		return -1;
	if (container->state->cgroups)
		return 0;
	return bw_fail(err, BW_E_STATE, 0, "the container has no cgroup");
}

static int freeze(const struct bw_container *container, bool frozen, struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(container->state);

	if (bw_cgroup_freeze(container->state->cgroups, frozen, err) < 0)
		return -1;
	bw_note_event(&who, frozen ? BW_AUDIT_PAUSE : BW_AUDIT_RESUME, NULL, NULL, 0);
	return 0;
}

int bw_container_pause(const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	if (open_locked(ctx, id, &arena, &container, err) < 0)
		return -1;
	switch (bw_container_status(&container)) {
	case BW_STATUS_CREATED:
	case BW_STATUS_RUNNING:
		return freeze(&container, true, err);
	case BW_STATUS_CREATING:
	case BW_STATUS_PAUSED:
	case BW_STATUS_STOPPED:
		break;
	}
	return bw_fail(err, BW_E_STATE, 0, "container not running");
}

int bw_container_resume(const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	if (open_locked(ctx, id, &arena, &container, err) < 0)
		return -1;
	if (bw_container_status(&container) != BW_STATUS_PAUSED)
		return bw_fail(err, BW_E_STATE, 0, "container not paused");
	if (bw_stopped_check(container.state->tenant, err) < 0 || freeze(&container, false, err) < 0)
		return -1;
	/* A quarantine that looked at the container just before that has taken it for one that stands. */
	if (bw_stopped_check(container.state->tenant, err) == 0)
		return 0;
	bw_cgroup_freeze_begin(container.state->cgroups);
	return -1;
}
