/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - start and kill: what is done to a container's init from outside. */
#include "container/bulwark.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/audit_note.h"
#include "container/delegate.h"
#include "container/diagnose.h"
#include "container/failure.h"
#include "container/notify.h"
#include "container/prepare.h"
#include "container/state.h"
#include "container/stopped.h"
#include "container/undo.h"
#include "control/hook_run.h"
#include "control/guard.h"
#include "control/keeper.h"
#include "control/label.h"
#include "control/netns.h"
#include "launch/wire.h"

enum { END_MS = 2000 };

static const char *const status_words[] = {
	[BW_STATUS_CREATING] = "creating",
	[BW_STATUS_CREATED] = "created",
	[BW_STATUS_RUNNING] = "running",
	[BW_STATUS_PAUSED] = "paused",
	[BW_STATUS_STOPPED] = "stopped",
};

const char *bw_status_word(enum bw_status status)
{
	return status_words[status];
}

static int check_created(enum bw_status status, struct bw_err *err)
{
	switch (status) {
	case BW_STATUS_CREATED:
		return 0;
	case BW_STATUS_STOPPED:
		return bw_fail(err, BW_E_STATE, 0, "cannot start a container that has stopped");
	case BW_STATUS_RUNNING:
		return bw_fail(err, BW_E_STATE, 0, "cannot start an already running container");
	case BW_STATUS_PAUSED:
		return bw_fail(err, BW_E_STATE, 0, "cannot start a container in the paused state");
	case BW_STATUS_CREATING:
		break;
	}
	return bw_fail(err, BW_E_STATE, 0, "cannot start a container that is still being created");
}

/* Where only loopback is to be reached, addresses of documentation stand for the rest (RFC 5737, RFC 3849). */
static int list_blocked(const struct bw_spec_hardening *hardening, struct bw_arena *arena, struct bw_strs *ret)
{
	for (size_t i = 0; i < hardening->block_endpoints.n; i++)
		if (bw_strs_add(arena, ret, hardening->block_endpoints.v[i]) < 0)
			return -1;
	if (!hardening->only_loopback.v)
		return 0;
	return bw_strs_add(arena, ret, "192.0.2.1") < 0 ? -1 : bw_strs_add(arena, ret, "2001:db8::1");
}

/* Engines plug interfaces and routes in between create and start: the guard is asked again, from outside. */
static int verify_guard(const struct bw_container *container, const struct bw_spec *spec, struct bw_arena *arena,
	struct bw_err *err)
{
	struct bw_strs blocked = {0};
	auto_close int pidfd = -1;

	switch (bw_guard_way_of(container->state->guard)) {
	case BW_GUARD_NONE:
		return 0;
	case BW_GUARD_CGROUP:
		return bw_cgroup_verify_guard(container->state->cgroups, err);
	case BW_GUARD_ROUTING:
		break;
	}
	pidfd = bw_pidfd_of(container->pid, container->start_time);
	if (pidfd < 0)
		return bw_fail(err, BW_E_STATE, 0, "cannot start a container that has stopped");
	if (!spec->hardening || list_blocked(spec->hardening, arena, &blocked) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "checking the network guard");
	return bw_netns_verify(pidfd, &blocked, err);
}

/* One call of start. */
struct starting {
	struct bw_notify notify;
	struct bw_container *container;
	struct bw_spec *spec;
	struct bw_attempt attempt;
};

static void diagnose(const struct starting *starting, const char *words, int sys, struct bw_err *err)
{
	const struct bw_state *state = starting->container->state;
	auto_close int root = open(state->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct bw_scene scene = {
		.root = root, .spec = starting->spec, .bundle = state->bundle, .process = starting->spec->process};

	bw_diagnose_step(&scene, words, sys, err);
}

static int late_failure(struct starting *starting, const struct bw_message *message, struct bw_err *err)
{
	const struct bw_state *state = starting->container->state;
	size_t at = message->which - (size_t)state->late_from.v;
	const char *words = at < state->late_steps.n ? state->late_steps.v[at] : "starting";

	/* "program: execve x": callers know the sentence without our heading. */
	const char *program = bw_after_prefix(words, "program: execve "), *hook;

	starting->attempt.late = &state->late_steps;
	starting->attempt.failed_step = at < state->late_steps.n ? (int)at : -1;
	if (program) {
		bw_fail(err, BW_E_PROGRAM, message->value, "exec %s", program);
		diagnose(starting, words, message->value, err);
		return -1;
	}
	hook = bw_after_prefix(words, "hooks: ");
	if (hook) {
		bw_hook_complain(hook, message->value, err);
		bw_hook_said(message->said, sizeof message->said, err);
	} else {
		bw_fail(err, BW_E_KERNEL, message->value, "%s", words);
	}
	return bw_wrap(err, "unable to start container process: error during container init");
}

/* A failed start leaves a dying init: the caller's next word is delete, and it must find a stopped container. */
static void await_end(const struct bw_container *container)
{
	auto_close int pidfd = bw_pidfd_of(container->pid, container->start_time);
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	if (pidfd >= 0)
		poll(&fd, 1, END_MS);
}

static bool is_degraded(const struct bw_container *container, const char *control)
{
	for (size_t i = 0; i < container->state->degraded.n; i++)
		if (bw_after_prefix(container->state->degraded.v[i], control))
			return true;
	return false;
}

/* The plan is gone; which labels of ours the program shall run with follows from what the container has been made with. */
static int verify_labels(const struct starting *starting, struct bw_err *err)
{
	const struct bw_container *container = starting->container;
	const struct bw_spec_hardening *hardening = starting->spec->hardening;
	const struct bw_spec_process *process = starting->spec->process;
	const char *profile = bw_apparmor_own(hardening, process ? process->apparmor_profile : NULL);
	char context[BW_SELINUX_OWN_MAX];
	bool has_profile = profile && !is_degraded(container, "apparmor: ");
	bool has_context = bw_selinux_own(hardening, process ? process->selinux_label : NULL, context) &&
			   !is_degraded(container, "selinux: ");
	auto_close int pidfd = -1, host_proc = -1;

	if (!has_profile && !has_context)
		return 0;
	pidfd = bw_pidfd_of(container->pid, container->start_time);
	if (pidfd < 0)
		return 0;
	host_proc = bw_preparation_open_proc(err);
	if (host_proc < 0)
		return -1;
	if ((!has_profile || bw_apparmor_verify(host_proc, container->pid, pidfd, profile, err) == 0) &&
		(!has_context || bw_selinux_verify(host_proc, container->pid, pidfd, context, err) == 0))
		return 0;
	bw_pidfd_kill(pidfd);
	return bw_wrap(err, "unable to start container process");
}

/* Says go and listens until close-on-exec ends the connection. */
static int let_go(struct starting *starting, struct bw_err *err)
{
	const struct bw_container *container = starting->container;
	struct bw_message go = {.kind = BW_MSG_GO}, message;
	char path[64];
	auto_close int sock = -1;
	bool announced = false;
	ssize_t got;

	snprintf(path, sizeof path, "/proc/self/fd/%d/start.sock", container->dir);
	sock = bw_connect_unix(path, err);
	if (sock < 0)
		return -1;
	if (send(sock, &go, sizeof go, MSG_NOSIGNAL) != (ssize_t)sizeof go)
		return bw_fail(err, BW_E_KERNEL, errno, "starting");
	unlinkat(container->dir, "start.sock", 0);
	for (;;) {
		got = TEMP_FAILURE_RETRY(recv(sock, &message, sizeof message, MSG_WAITALL));
		if (got != (ssize_t)sizeof message)
			break;
		if (message.kind == BW_MSG_FAILED)
			return late_failure(starting, &message, err);
		announced = announced || message.kind == BW_MSG_EXEC;
	}
	if (announced)
		return verify_labels(starting, err);
	bw_fail(err, BW_E_KERNEL, 0, "the container's init died before its program started");
	await_end(container);
	bw_diagnose_death(container->state->cgroups, err);
	return -1;
}

static int run_poststart(struct bw_container *container, const struct bw_spec *spec, struct bw_err *err)
{
	auto_free char *state = NULL;
	int r;

	if (!spec->hooks || !spec->hooks->poststart.n)
		return 0;
	r = bw_hook_state(spec, container->state->id, container->state->bundle, "running", container->pid, &state, err);
	if (r == 0)
		r = bw_hooks_run(spec, &spec->hooks->poststart, "poststart", state, container->state->bundle, err);
	if (r < 0) {
		auto_close int pidfd = bw_pidfd_of(container->pid, container->start_time);

		bw_pidfd_kill(pidfd);
	}
	return r;
}

/* As runc has it: `start` in a unit of type notify ends when the program is ready. */
static void wait_ready(const struct bw_container *container, struct bw_notify *notify)
{
	auto_close int pidfd = bw_pidfd_of(container->pid, container->start_time);

	/* The lock would keep state and kill waiting. */
	flock(container->dir, LOCK_UN);
	if (pidfd >= 0)
		bw_notify_wait(notify, pidfd, container->pid);
}

/* It was ready at create, and may have been killed since. */
static int check_keeper(const struct bw_container *container, struct bw_err *err)
{
	const struct bw_strs *layers = &container->state->layers;

	for (size_t i = 0; i < layers->n; i++)
		if (bw_after_prefix(layers->v[i], BW_KEEPER_LAYER) && bw_keeper_pid(container->dir) == 0)
			return bw_fail(err, BW_E_HOST, 0,
				"the container's bulwark-keeper has ended: nobody would keep its time");
	return 0;
}

static int start(struct starting *starting, struct bw_arena *arena, struct bw_err *err)
{
	struct bw_container *container = starting->container;
	const struct bw_audited who = bw_audited_state(container->state);
	struct bw_attempt *attempt = &starting->attempt;

	attempt->bundle = container->state->bundle;
	attempt->profile = container->state->profile;
	attempt->profile_reason = container->state->profile_reason;
	if (check_created(bw_container_status(container), err) < 0)
		return -1;
	/* It has been findable since create: a switch that is thrown after this look kills it, started or not. */
	if (bw_stopped_check(container->state->tenant, err) < 0)
		return -1;
	bw_attempt_enter(attempt, "look whether its time is kept");
	if (check_keeper(container, err) < 0)
		return -1;
	bw_attempt_enter(attempt, "ask once more what the policy requires of the network");
	if (bw_state_load_spec(container, arena, &starting->spec, err) < 0 ||
		verify_guard(container, starting->spec, arena, err) < 0)
		return -1;
	if (!container->state->backend && bw_notify_is_wanted() && bw_notify_bind(container, &starting->notify, err) < 0)
		return -1;
	if (bw_state_begin_life(container, err) < 0 || bw_audit_note(&who, BW_AUDIT_START, NULL, NULL, 0, err) < 0)
		return -1;
	if (container->state->backend) {
		bw_attempt_enter(attempt, "have the backend start the program");
		if (bw_delegate_start(container, err) == 0)
			return 0;
		bw_note_event(&who, BW_AUDIT_EXIT, err ? err->text : NULL, NULL, 0);
		return -1;
	}
	bw_attempt_enter(attempt, "do the steps that were left at create");
	if (let_go(starting, err) < 0) {
		bw_note_event(&who, BW_AUDIT_EXIT, err ? err->text : NULL, NULL, 0);
		await_end(container);
		return -1;
	}
	bw_attempt_enter(attempt, "run the poststart hooks");
	if (run_poststart(container, starting->spec, err) < 0)
		return -1;
	wait_ready(container, &starting->notify);
	return 0;
}

int bw_container_start(const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct starting starting = {
		.container = &container, .attempt = BW_ATTEMPT_INIT("start", id), .notify = BW_NOTIFY_INIT};
	struct bw_audited who;
	int r;

	if (bw_container_open(ctx, id, true, false, &arena, &container, err) < 0)
		return -1;
	r = start(&starting, &arena, err);
	bw_notify_done(&starting.notify);
	who = bw_audited_state(container.state);
	bw_note_end(&who, "start", r, err);
	return bw_attempt_end(ctx, &starting.attempt, r, err);
}

/* Without a pid namespace of its own a container has no init whose death ends the rest. */
static int kill_everything(const struct bw_container *container, struct bw_err *err)
{
	return container->state->cgroups ? bw_cgroup_kill(container->state->cgroups, err) : 0;
}

/* Of each that was asked for: whether it came to somebody is not known of the second before an end. */
static void note_signal(const struct bw_state *state, int signal, bool all)
{
	const struct bw_audited who = bw_audited_state(state);
	char number[16];
	const struct bw_audit_more more[] = {{"signal", number}, {"all", all ? "true" : NULL}};

	snprintf(number, sizeof number, "%d", signal);
	bw_note_event(&who, BW_AUDIT_KILL, NULL, more, BW_COUNT(more));
}

int bw_container_kill(const struct bw_context *ctx, const char *id, int signal, bool all, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	auto_close int pidfd = -1;

	if (bw_container_open(ctx, id, false, false, &arena, &container, err) < 0)
		return -1;
	if (signal == SIGKILL && !container.state->private_pids.v && kill_everything(&container, err) < 0)
		return -1;
	note_signal(container.state, signal, all);
	pidfd = container.pid > 0 ? bw_pidfd_of(container.pid, container.start_time) : -ESRCH;
	if (pidfd >= 0 && container.state->backend)
		return bw_delegate_kill(&container, signal, err);
	if (pidfd >= 0 && bw_pidfd_send_signal(pidfd, signal) == 0) {
		if (signal == SIGKILL)
			bw_thaw(&container);
		return 0;
	}
	if (all || (signal == SIGKILL && !container.state->private_pids.v))
		return 0;
	return bw_fail(err, BW_E_STATE, 0, "container not running");
}
