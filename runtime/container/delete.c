/* SPDX-License-Identifier: Apache-2.0 */
/* delete.c - the end of a container at its caller's wish. */
#include "container/bulwark.h"

#include "base/log.h"
#include "container/audit_note.h"
#include "container/undo.h"

static int check_deletable(const char *id, enum bw_status status, bool force, struct bw_err *err)
{
	switch (status) {
	case BW_STATUS_STOPPED:
	case BW_STATUS_CREATED:
		return 0;
	case BW_STATUS_CREATING:
	case BW_STATUS_RUNNING:
	case BW_STATUS_PAUSED:
		break;
	}
	if (force)
		return 0;
	return bw_fail(err, BW_E_STATE, 0, "cannot delete container %s that is not stopped: %s", id,
		bw_status_word(status));
}

int bw_container_delete(const struct bw_context *ctx, const char *id, bool force, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct bw_err ignored = {0};
	struct bw_spec *spec = NULL;

	if (bw_container_open(ctx, id, true, force, &arena, &container, err) < 0) {
		/* Shims delete twice: the second time there is nothing, and that is success. */
		return force && err->code == BW_E_NOT_FOUND ? 0 : -1;
	}
	if (check_deletable(id, bw_container_status(&container), force, err) < 0)
		return -1;
	/* Without the stored spec (a creation that was killed) there are no hooks to run. */
	if (container.state && bw_state_load_spec(&container, &arena, &spec, &ignored) < 0)
		bw_debug("delete: %s", ignored.text);
	if (bw_remove(&container, spec, err) < 0)
		return -1;
	if (container.state) {
		const struct bw_audited who = bw_audited_state(container.state);
		const struct bw_audit_more more = {"force", force ? "true" : NULL};

		bw_note_event(&who, BW_AUDIT_DELETE, NULL, &more, 1);
	}
	return 0;
}
