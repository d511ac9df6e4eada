/* SPDX-License-Identifier: Apache-2.0 */
/* prepare.h - what create, run and exec have in common: the host's facts, its trusted descriptors, the request
 * for the controls, the compiled plan. */
#ifndef BW_CONTAINER_PREPARE_H
#define BW_CONTAINER_PREPARE_H

#include "container/state.h"
#include "control/compile.h"
#include "control/guard.h"
#include "host/host.h"

/* Lives on the stack of a verb; nothing in it may move while a launch uses it. */
struct bw_preparation {
	struct bw_host host;
	struct bw_request request;
	struct bw_plan plan;
	struct bw_guard guard;
	struct bw_mount_labels mount_labels;
	int host_proc, start_sock;
};

#define BW_PREPARATION_INIT {.plan = BW_PLAN_INIT, .guard = BW_GUARD_INIT, .host_proc = -1, .start_sock = -1}

/* The host's /proc, verified, as O_PATH; the caller's to close. -1: BW_E_HOST. */
int bw_preparation_open_proc(struct bw_err *err) BW_MUST_CHECK;
/* Opens the host's /proc, verifies that it is what it is called, and asks the controls for the host's facts. */
int bw_preparation_open(struct bw_preparation *preparation, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;
/* The container's cgroups by what the caller said of them: systemd's, none, or path (NULL: after the id). For a caller
 * who is not root they are optional as long as nothing is asked of them. */
int bw_preparation_name_cgroups(struct bw_preparation *preparation, const struct bw_context *ctx, const char *path,
	const char *id, struct bw_cgroup_set **ret, struct bw_err *err) BW_MUST_CHECK;
/* Listening socket start.sock in the container's directory. */
int bw_preparation_listen(struct bw_preparation *preparation, const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* Closes every descriptor; the plan can still be put into words. */
void bw_preparation_close(struct bw_preparation *preparation);
void bw_preparation_done(struct bw_preparation *preparation);

#endif
