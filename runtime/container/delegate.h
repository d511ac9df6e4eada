/* SPDX-License-Identifier: Apache-2.0 */
/* delegate.h - containers that another OCI runtime makes (hardening.backend). It gets a plain configuration in a bundle of
 * ours, <state>/<id>/bundle, keeps its own state in <state>/<id>/backend, and everything that it starts lives beneath the
 * container's cgroup, which is ours: limits, statistics, freezing and killing need nothing of it. */
#ifndef BW_CONTAINER_DELEGATE_H
#define BW_CONTAINER_DELEGATE_H

#include "container/detour.h"
#include "container/prepare.h"
#include "container/state.h"

/* Made at create, taken away by start: until then the container is "created". */
#define BW_DELEGATE_WAITS "backend.waits"

/* One creation. */
struct bw_delegation {
	struct bw_container *container; /* with its state, which names the cgroups */
	struct bw_preparation *preparation; /* with its request filled in */
	int terminal; /* connected socket that gets the terminal; -1: none is asked for */
};

/* Whether the container is, or is to be, made by another runtime. */
bool bw_delegate_is_wanted(const struct bw_spec *spec);
/* What state and explain say of it, in arena; NULL when memory is out. */
char *bw_delegate_layer(const struct bw_spec_backend *backend, struct bw_arena *arena);
/* First: how the container is kept from the blocked endpoints, into the request's guard; what is only preferred and cannot be
 * is in the plan's degraded. */
int bw_delegate_guard(const struct bw_delegation *delegation, struct bw_err *err) BW_MUST_CHECK;
/* Has the container made; its program waits for start. Sets pid and start time of its init, and saves them. What a failure
 * leaves is for bw_undo(). */
int bw_delegate_create(const struct bw_delegation *delegation, struct bw_err *err) BW_MUST_CHECK;
int bw_delegate_start(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* SIGKILL comes true whatever the other runtime does. */
int bw_delegate_kill(const struct bw_container *container, int signal, struct bw_err *err) BW_MUST_CHECK;
/* A further process, which has been clamped: starts it, with our standard descriptors or with a terminal for the connected
 * socket, and gives its pid; when it ends its parent is the next subreaper above us. */
int bw_delegate_exec(const struct bw_container *container, const struct bw_spec *spec,
	const struct bw_spec_process *process, int terminal, pid_t *ret_pid, struct bw_err *err) BW_MUST_CHECK;
/* The limits of a running container where the other runtime has written its own. */
int bw_delegate_update(const struct bw_container *container, const struct bw_spec_resources *resources,
	struct bw_err *err) BW_MUST_CHECK;
/* Has it forget the container, as far as it can: whoever is left in the cgroup is killed afterwards. Cannot fail. */
void bw_delegate_delete(const struct bw_container *container);

/* delegate_call.c: runs "PROGRAM args... words..." (NULL-terminated) and waits. */
struct bw_delegate_call {
	const struct bw_spec_backend *backend;
	const struct bw_container *container;
	const char *const *words;
	bool with_stdio; /* it gets ours; else /dev/null, and what it says is kept */
	/* Before it is executed: pid is the process that will be it. May be NULL. */
	int (*begun)(pid_t pid, void *ctx, struct bw_err *err);
	/* Once it has been started. May be NULL. */
	int (*started)(void *ctx, struct bw_err *err);
	void *ctx;
};
int bw_delegate_run(const struct bw_delegate_call *call, struct bw_err *err) BW_MUST_CHECK;

/* delegate_stage.c: a mount namespace in which root and bind sources of the configuration are at places beneath the
 * container's directory that nobody but root can change, each checked by the descriptor that is mounted there. It is left
 * for the one that we were in; who has been started in it keeps it. */
/* *ret: a copy of request->spec with those places for paths, in the request's arena. */
int bw_delegate_stage_enter(struct bw_detour *detour, const struct bw_request *request, const char *dir, struct bw_spec **ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
