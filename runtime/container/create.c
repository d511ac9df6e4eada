/* SPDX-License-Identifier: Apache-2.0 */
/* create.c - create and run. Order is what makes a kill at any moment harmless: the state, which names the
 * cgroups, is on disk before the first of them is made, and each failure on the way undoes what came before. */
#include "container/bulwark.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/attach.h"
#include "container/audit_note.h"
#include "container/categories.h"
#include "container/delegate.h"
#include "container/describe.h"
#include "container/diagnose.h"
#include "container/failure.h"
#include "container/inherit.h"
#include "container/learn.h"
#include "container/notify.h"
#include "container/pid_file.h"
#include "container/pidfd_socket.h"
#include "container/prepare.h"
#include "container/program_files.h"
#include "container/registry.h"
#include "container/resolv.h"
#include "container/start_rate.h"
#include "container/stopped.h"
#include "container/rootless.h"
#include "container/undo.h"
#include "container/user_range.h"
#include "control/hook_run.h"
#include "control/keeper.h"
#include "control/memory_encryption.h"
#include "launch/parent.h"
#include "launch/selfexe.h"

/* Everything of one creation, so that the steps below can be read in order. */
struct creation {
	const struct bw_context *ctx;
	const struct bw_create_options *options;
	const char *id;
	struct bw_arena arena;
	struct bw_decision decision;
	struct bw_secret_values secrets;
	struct bw_inherited inherited;
	struct bw_container container;
	struct bw_preparation preparation;
	struct bw_launch launch;
	struct bw_notify notify; /* run */
	struct bw_recorder recorder; /* run --learn */
	struct bw_attempt attempt;
	bool joined_users; /* see rootless.h */
	int pidfd_socket;
	bool keeps_time; /* we or our caller end the container when its life is over */
	bool starts;     /* run */
	bool on_record;  /* that it was created */
};

#define CREATION_INIT                                                                              \
	{                                                                                          \
		.arena = BW_ARENA_INIT, .container = BW_CONTAINER_INIT,                            \
		.preparation = BW_PREPARATION_INIT, .launch = BW_LAUNCH_INIT, .notify = BW_NOTIFY_INIT, \
		.recorder = BW_RECORDER_INIT,                                                      \
		.pidfd_socket = -1                                                                 \
	}

static void creation_done(struct creation *creation)
{
	bw_launch_done(&creation->launch);
	bw_recorder_done(&creation->recorder);
	bw_notify_done(&creation->notify);
	bw_preparation_done(&creation->preparation);
	bw_container_close(&creation->container);
	if (creation->pidfd_socket >= 0)
		close(creation->pidfd_socket);
	bw_secret_values_wipe(&creation->secrets);
	bw_arena_done(&creation->arena);
}

#define auto_creation __attribute__((cleanup(creation_done)))

/* `start` runs in another process that has no plan: it gets the words of the steps that are left. */
static int keep_late_steps(struct creation *creation, struct bw_err *err)
{
	const struct bw_plan *plan = &creation->preparation.plan;
	struct bw_state *state = creation->container.state;
	char words[320];

	for (size_t i = 0; i < plan->n; i++) {
		if (plan->steps[i].phase < BW_PHASE_WAIT)
			continue;
		if (!state->late_from.set)
			state->late_from = (struct bw_opt_uint){.set = true, .v = i};
		bw_step_say(plan, &plan->steps[i], words, sizeof words);
		if (bw_strs_add(&creation->arena, &state->late_steps, words) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	}
	return 0;
}

/* Of a profile that decides nothing there is nothing to say: what is in force then was asked for. */
static int keep_layers(struct creation *creation, struct bw_err *err)
{
	const struct bw_plan *plan = &creation->preparation.plan;

	for (size_t i = 0; creation->decision.hardened->hardening && i < plan->layers_n; i++) {
		const struct bw_layer *layer = &plan->layers[i];
		char *text = bw_arena_printf(&creation->arena, "%s: %s", bw_control_of(layer->control)->name, layer->what);

		if (!text || bw_strs_add(&creation->arena, &creation->container.state->layers, text) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	}
	return 0;
}

static int keep_degraded(struct creation *creation, struct bw_err *err)
{
	const struct bw_plan *plan = &creation->preparation.plan;

	for (size_t i = 0; i < plan->degraded_n; i++) {
		const struct bw_degraded *degraded = &plan->degraded[i];
		char *text = bw_arena_printf(
			&creation->arena, "%s: %s", bw_control_of(degraded->control)->name, degraded->why);

		if (!text || bw_strs_add(&creation->arena, &creation->container.state->degraded, text) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
		bw_log(BW_LOG_INFO, "degraded: %s", text);
	}
	return 0;
}

static int fill_request(struct creation *creation, struct bw_err *err)
{
	const struct bw_create_options *options = creation->options;
	const struct bw_spec *spec = creation->decision.hardened;
	struct bw_request *request = &creation->preparation.request;

	if (options->preserve_fds && spec->hardening && spec->hardening->forbid_leaks.v)
		return bw_fail(err, BW_E_DENIED, 0,
			"--preserve-fds %u: profile %s passes no descriptors of the host into a container",
			options->preserve_fds, bw_profile_name(creation->decision.profile));
	if (options->no_pivot && spec->hardening && spec->hardening->check_mounts.v)
		return bw_fail(err, BW_E_DENIED, 0,
			"--no-pivot: profile %s does not leave the host's tree under the container's",
			bw_profile_name(creation->decision.profile));
	if (bw_inherited_spec(&creation->inherited, spec,
		    bw_arena_printf(&creation->arena, "%s/" BW_NOTIFY_NAME, creation->container.path), &creation->arena,
		    &request->spec, err) < 0)
		return -1;
	if (bw_resolv_spec(&creation->container, request->spec, &creation->arena, &request->spec, err) < 0)
		return -1;
	request->process = request->spec->process;
	request->id = creation->id;
	request->bundle = options->bundle;
	request->state_dir = creation->container.path;
	request->state_fd = creation->container.dir;
	request->console_socket = options->console_socket;
	if (options->console_fd > 0)
		request->terminal_fd = options->console_fd;
	request->cgroups = creation->container.state->cgroups;
	request->rdt = &creation->container.state->rdt;
	request->root_mount = &creation->container.state->root_mount;
	request->preserve_fds = creation->inherited.total;
	request->secrets = &creation->secrets;
	request->no_pivot = options->no_pivot;
	request->no_new_keyring = options->no_new_keyring;
	request->keeps_time = creation->keeps_time;
	if (options->learn)
		request->recorder = &creation->recorder;
	return 0;
}

/* What came from our caller's unit (LISTEN_FDS, NOTIFY_SOCKET) is no request of the container's: where the policy
 * passes nothing of the host it is left behind. */
static void settle_inherited(struct creation *creation)
{
	const struct bw_spec_hardening *hardening = creation->decision.hardened->hardening;
	bool forbidden = hardening && hardening->forbid_leaks.v;

	if (forbidden && (creation->inherited.listen || bw_notify_is_wanted()))
		bw_log(BW_LOG_INFO, "the policy passes no descriptors and no NOTIFY_SOCKET into a container");
	if (forbidden)
		creation->inherited = (struct bw_inherited){0};
	else
		creation->inherited.notify = bw_notify_is_wanted();
}

/* It is the administrator who asks for it, not the author of config.json, and all that the policy holds the container by
 * stays; but what he has put into config.json does not hold for once. */
static void warn_of_learning(const struct creation *creation)
{
	const struct bw_spec *spec = creation->decision.hardened;

	if (creation->options->learn && spec->linux_ && spec->linux_->seccomp)
		bw_log(BW_LOG_WARNING, "learning: the seccomp profile of config.json is not in force");
}

static int check_stopped(const struct creation *creation, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = creation->decision.hardened->hardening;

	return bw_stopped_check(hardening ? hardening->tenant : NULL, err);
}

/* Protection of our own file, decision, directory, state: nothing of the kernel's is made yet. */
static int begin(struct creation *creation, struct bw_err *err)
{
	int r;

	/* First of all: what is open now is the caller's. */
	if (bw_id_check(creation->id, err) < 0 ||
		bw_inherited_count(creation->options->preserve_fds, true, &creation->inherited, err) < 0 ||
		bw_selfexe_protect(err) < 0)
		return -1;
	if (bw_pidfd_socket_open(creation->options->pidfd_socket, &creation->pidfd_socket, err) < 0)
		return -1;
	if (creation->options->learn && bw_learn_begin(creation->options->learn, &creation->recorder, err) < 0)
		return -1;
	bw_attempt_enter(&creation->attempt, "read the bundle and ask the policy");
	r = bw_decide(creation->ctx, creation->options->bundle, creation->id, &creation->arena, &creation->decision,
		&creation->secrets, err);
	if (creation->decision.profile) {
		creation->attempt.profile = bw_profile_name(creation->decision.profile);
		creation->attempt.profile_reason = creation->decision.reason;
	}
	if (r < 0 || check_stopped(creation, err) < 0)
		return -1;
	bw_attempt_enter(&creation->attempt, "make the container's state");
	settle_inherited(creation);
	warn_of_learning(creation);
	if (bw_rootless_enter(creation->decision.hardened, &creation->joined_users, err) < 0 ||
		bw_preparation_open(&creation->preparation, &creation->arena, err) < 0)
		return -1;
	creation->preparation.request.in_user_namespace = creation->joined_users;
	if (bw_programs_check_stdio(creation->decision.hardened, "programs", err) < 0 ||
		bw_programs_settle(creation->options->bundle, creation->decision.hardened, &creation->arena, err) < 0)
		return -1;
	if (bw_container_new(creation->ctx, creation->id, &creation->container, err) < 0)
		return -1;
	/* The directory is first: a range whose container has none is anybody's. Then the list of all, before anything is
	 * made: what is not in it, a kill switch would not find. */
	if (bw_registry_take(&creation->container, creation->decision.hardened->hardening, err) < 0 ||
		bw_user_range_take(&creation->container, creation->decision.hardened, &creation->arena, err) < 0 ||
		bw_describe(creation->ctx, creation->id, creation->options->bundle, &creation->decision,
			&creation->preparation, &creation->arena, &creation->container.state, err) < 0 ||
		bw_start_rate_check(creation->ctx, creation->decision.hardened->hardening, creation->container.state,
			&creation->arena, err) < 0 ||
		bw_state_save(&creation->container, err) < 0 ||
		bw_categories_take(&creation->container, creation->decision.hardened, &creation->preparation.host,
			&creation->arena, err) < 0 ||
		(creation->inherited.notify && bw_notify_prepare(&creation->container, err) < 0) ||
		fill_request(creation, err) < 0) {
		bw_undo(&creation->container);
		return -1;
	}
	return 0;
}

static int compile(struct creation *creation, struct bw_err *err)
{
	struct bw_preparation *preparation = &creation->preparation;

	bw_attempt_enter(&creation->attempt, "compile the plan");
	if (bw_compile(&preparation->request, &preparation->plan, err) < 0)
		return -1;
	if (bw_describe_guard(creation->container.state, &preparation->guard, &creation->arena, err) < 0)
		return -1;
	return keep_layers(creation, err) < 0 || keep_degraded(creation, err) < 0 ? -1 : keep_late_steps(creation, err);
}

/* What the error does not say: while the cgroup is there, and the plan. */
static int launch_failed(struct creation *creation, struct bw_err *err)
{
	auto_close int root = open(creation->container.state->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct bw_spec *spec = creation->decision.hardened;
	const struct bw_scene scene = {
		.root = root, .spec = spec, .bundle = creation->options->bundle, .process = spec->process,
		.listed = spec->hardening && spec->hardening->programs};

	creation->attempt.plan = &creation->preparation.plan;
	creation->attempt.failed_step = creation->launch.failed_step;
	bw_diagnose_launch(&creation->launch, &scene, creation->container.state->cgroups, err);
	return err->code == BW_E_PROGRAM
		       ? -1
		       : bw_wrap(err, "unable to start container process: error during container init");
}

static int launch(struct creation *creation, struct bw_err *err)
{
	struct bw_preparation *preparation = &creation->preparation;

	bw_attempt_enter(&creation->attempt, "do the plan's steps");
	/* What is made in the host's mount namespace stays there if we are killed. */
	if (creation->container.state->root_mount.set && bw_state_save(&creation->container, err) < 0)
		return -1;
	bw_user_range_give_pipes(creation->decision.hardened, creation->decision.hardened->process);
	/* Before there is a container: nothing is left of one that must not be without a record. */
	if (bw_note_created(
		    &creation->decision, creation->container.state, creation->attempt.verb, creation->starts, err) < 0)
		return -1;
	creation->on_record = true;
	if (bw_launch_begin(&creation->launch, &preparation->plan, &preparation->request, err) < 0 ||
		bw_rootless_hide(creation->joined_users, err) < 0 ||
		bw_pidfd_socket_send(creation->pidfd_socket, creation->launch.pidfd, "standard", err) < 0)
		return -1;
	/* While the child mounts, we write: the two do not wait for each other. */
	/* From the first of these on a kill switch finds the init; one that was thrown before is found by the second. */
	if (bw_state_save_init(&creation->container, creation->launch.pid, err) < 0 ||
		check_stopped(creation, err) < 0 ||
		bw_state_save(&creation->container, err) < 0 ||
		bw_state_save_spec(&creation->container, creation->decision.hardened, err) < 0 ||
		bw_state_save_profile(&creation->container, creation->decision.profile, err) < 0)
		return -1;
	if (bw_launch_wait(&creation->launch, err) < 0)
		return launch_failed(creation, err);
	if (creation->options->ret_pid)
		*creation->options->ret_pid = creation->launch.pid;
	bw_attempt_enter(&creation->attempt, "write the pid file");
	return bw_pid_file_write(creation->options->pid_file, creation->launch.pid, err);
}

/* Who reads that it was created shall read, too, that it is not there. */
static void note_undone(const struct creation *creation, const struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(creation->container.state);
	const struct bw_audit_more more[] = {{"verb", creation->attempt.verb}};

	if (creation->on_record)
		bw_note_event(&who, BW_AUDIT_DELETE, err ? err->text : NULL, more, BW_COUNT(more));
}

/* ---- by another runtime ---- */

static int check_delegable(const struct creation *creation, struct bw_err *err)
{
	const struct bw_create_options *options = creation->options;
	struct bw_memory_encryption memory;
	const struct {
		bool given;
		const char *name;
	} others[] = {
		{options->no_pivot, "--no-pivot"},
		{options->no_new_keyring, "--no-new-keyring"},
		{options->preserve_fds > 0, "--preserve-fds"},
		{options->learn != NULL, "--learn"},
		{creation->joined_users || !creation->preparation.host.root.v, "a caller who is not root"},
		{creation->ctx->no_cgroup, "--cgroup-manager disabled"},
	};

	for (size_t i = 0; i < BW_COUNT(others); i++)
		if (others[i].given)
			return bw_fail(err, BW_E_USAGE, 0,
				"profile %s has another runtime make the container, which goes not with %s",
				bw_profile_name(creation->decision.profile), others[i].name);
	return bw_memory_encryption_require(creation->decision.hardened, &creation->preparation.host, &memory, err);
}

/* What it does not do the policy knows; what it does is its own to say. */
static int describe_backend(struct creation *creation, struct bw_err *err)
{
	const struct bw_spec_backend *backend = creation->decision.hardened->hardening->backend;
	struct bw_state *state = creation->container.state;
	char *layer = bw_delegate_layer(backend, &creation->arena);

	if (!layer || bw_strs_add(&creation->arena, &state->layers, layer) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	for (size_t i = 0; i < backend->lacks.n; i++) {
		if (bw_strs_add(&creation->arena, &state->degraded, backend->lacks.v[i]) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
		bw_log(BW_LOG_INFO, "degraded: %s", backend->lacks.v[i]);
	}
	return 0;
}

/* As the control keeper does, which has no step here: the container waits for start. */
static int start_keeper(struct creation *creation, bool wanted, struct bw_err *err)
{
	struct bw_preparation *preparation = &creation->preparation;
	const struct bw_settling now = {.pid = creation->launch.pid, .pidfd = creation->launch.pidfd,
		.host_proc = preparation->host_proc, .request = &preparation->request};

	return wanted ? bw_keeper_start(&now, err) : 0;
}

static int choose_keeper(struct creation *creation, bool *ret_wanted, struct bw_err *err)
{
	struct bw_preparation *preparation = &creation->preparation;
	const char *why;

	if (bw_keeper_choose(&preparation->request, ret_wanted, &why, err) < 0)
		return -1;
	if (why)
		bw_plan_degrade(&preparation->plan, BW_CONTROL_keeper, why);
	if (*ret_wanted)
		bw_plan_layer(&preparation->plan, BW_CONTROL_keeper, bw_keeper_about(&preparation->request));
	return 0;
}

/* The socket for the terminal: that of the caller, or our end of the attachment; -1: none is asked for. */
static int open_console(const struct creation *creation, int *ret, struct bw_err *err)
{
	const struct bw_create_options *options = creation->options;

	*ret = -1;
	if (!creation->decision.hardened->process->terminal.v)
		return 0;
	if (options->console_socket)
		*ret = bw_connect_unix(options->console_socket, err);
	else if (creation->preparation.request.terminal_fd >= 0)
		*ret = fcntl(creation->preparation.request.terminal_fd, F_DUPFD_CLOEXEC, 3);
	else
		return bw_fail(err, BW_E_USAGE, 0, "cannot allocate tty if runc will detach without setting console socket");
	return *ret >= 0 ? 0 : err->code ? -1 : bw_fail(err, BW_E_KERNEL, errno, "console");
}

static int delegate(struct creation *creation, struct bw_err *err)
{
	struct bw_container *container = &creation->container;
	struct bw_delegation delegation = {.container = container, .preparation = &creation->preparation, .terminal = -1};
	auto_close int console = -1;
	bool keeper;

	bw_attempt_enter(&creation->attempt, "have the backend make the container");
	if (check_delegable(creation, err) < 0 || describe_backend(creation, err) < 0 ||
		open_console(creation, &console, err) < 0)
		return -1;
	delegation.terminal = console;
	if (choose_keeper(creation, &keeper, err) < 0 || bw_delegate_guard(&delegation, err) < 0 ||
		keep_layers(creation, err) < 0 || keep_degraded(creation, err) < 0 ||
		bw_describe_guard(container->state, &creation->preparation.guard, &creation->arena, err) < 0 ||
		bw_note_created(&creation->decision, container->state, creation->attempt.verb, creation->starts, err) <
			0)
		return -1;
	creation->on_record = true;
	if (bw_delegate_create(&delegation, err) < 0)
		return -1;
	creation->launch.pid = container->pid;
	creation->launch.pidfd = bw_pidfd_of(container->pid, container->start_time);
	if (creation->launch.pidfd < 0)
		return bw_fail(err, BW_E_HOST, 0, "backend: the process of its container has ended");
	creation->launch.state = BW_LAUNCH_READY;
	/* Its init is saved: a kill switch finds it from now on, and what was thrown before we find. */
	if (check_stopped(creation, err) < 0 ||
		bw_pidfd_socket_send(creation->pidfd_socket, creation->launch.pidfd, "standard", err) < 0 ||
		bw_state_save(container, err) < 0 ||
		bw_state_save_spec(container, creation->decision.hardened, err) < 0 ||
		bw_state_save_profile(container, creation->decision.profile, err) < 0 ||
		start_keeper(creation, keeper, err) < 0)
		return -1;
	if (creation->options->ret_pid)
		*creation->options->ret_pid = container->pid;
	bw_attempt_enter(&creation->attempt, "write the pid file");
	return bw_pid_file_write(creation->options->pid_file, container->pid, err);
}

/* run: the program ends as a child of the next subreaper above it, which shall be us. */
static int delegate_and_start(struct creation *creation, struct bw_err *err)
{
	if (!creation->options->detach && !creation->options->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (delegate(creation, err) < 0)
		return -1;
	bw_attempt_enter(&creation->attempt, "have the backend start the program");
	return bw_delegate_start(&creation->container, err);
}

static int go(struct creation *creation, struct bw_err *err)
{
	if (bw_delegate_is_wanted(creation->decision.hardened)) {
		bool waits = creation->preparation.request.wait_for_start;

		if ((waits ? delegate(creation, err) : delegate_and_start(creation, err)) == 0)
			return 0;
		note_undone(creation, err);
		bw_preparation_close(&creation->preparation);
		bw_undo(&creation->container);
		return -1;
	}
	if (compile(creation, err) == 0 && launch(creation, err) == 0)
		return 0;
	note_undone(creation, err);
	bw_launch_abort(&creation->launch);
	/* Where too many open files were the failure, undoing needs some. */
	bw_preparation_close(&creation->preparation);
	bw_undo(&creation->container);
	return -1;
}

static void asked_for(struct creation *creation, const struct bw_context *ctx, const char *verb, const char *id,
	const struct bw_create_options *options)
{
	creation->ctx = ctx;
	creation->id = id;
	creation->options = options;
	creation->attempt = (struct bw_attempt)BW_ATTEMPT_INIT(verb, id);
	creation->attempt.bundle = options->bundle;
	creation->keeps_time = options->keeps_time;
}

static int ended(const struct creation *creation, int r, const struct bw_err *err)
{
	bw_note_decided(&creation->decision, creation->id, creation->attempt.verb, r, err);
	return bw_attempt_end(creation->ctx, &creation->attempt, r, err);
}

static int create(struct creation *creation, struct bw_err *err)
{
	if (begin(creation, err) < 0)
		return -1;
	creation->preparation.request.wait_for_start = true;
	if (!bw_delegate_is_wanted(creation->decision.hardened) &&
		bw_preparation_listen(&creation->preparation, &creation->container, err) < 0) {
		bw_undo(&creation->container);
		return -1;
	}
	return go(creation, err);
}

int bw_container_create(const struct bw_context *ctx, const char *id, const struct bw_create_options *options,
	struct bw_err *err)
{
	auto_creation struct creation creation = CREATION_INIT;

	asked_for(&creation, ctx, "create", id, options);
	return ended(&creation, create(&creation, err), err);
}

static int run_poststart(struct creation *creation, struct bw_err *err)
{
	const struct bw_spec *spec = creation->decision.hardened;
	auto_free char *state = NULL;

	if (!spec->hooks || !spec->hooks->poststart.n || bw_delegate_is_wanted(spec))
		return 0;
	bw_attempt_enter(&creation->attempt, "run the poststart hooks");
	if (bw_hook_state(spec, creation->id, creation->options->bundle, "running", creation->launch.pid, &state, err) < 0)
		return -1;
	return bw_hooks_run(spec, &spec->hooks->poststart, "poststart", state, creation->options->bundle, err);
}

/* The kernel ends a program that wants more memory than it may have without a word. */
static void warn_of_memory(const struct creation *creation)
{
	struct bw_err why = {0};

	bw_fail(&why, BW_E_KERNEL, 0, "the container's program was killed");
	bw_diagnose_death(creation->container.state->cgroups, &why);
	if (strchr(why.text, ':'))
		bw_log(BW_LOG_WARNING, "%s", why.text);
}

static int keep_learned(struct creation *creation, struct bw_err *err)
{
	const struct bw_create_options *options = creation->options;

	if (!options->learn)
		return 0;
	bw_attempt_enter(&creation->attempt, "write the profile that was learned");
	return bw_learn_end(options->learn, &creation->recorder, !creation->decision.hardened->process->no_new_privileges.v,
		options->ret_learning, err);
}

/* Foreground: the container ends with its program. The lock would keep the verbs of others waiting until then, and one of
 * them may be delete --force. */
static int stay(struct creation *creation, struct bw_attach *attach, int *ret_code, struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(creation->container.state);
	struct bw_err deleted = {0};
	int r;

	flock(creation->container.dir, LOCK_UN);
	bw_attach_keep_time(attach, creation->container.state);
	attach->vital = creation->recorder.pidfd;
	r = bw_attach_run(attach, creation->launch.pid, creation->launch.pidfd, ret_code, err);

	bw_attach_done(attach);
	if (r == 0)
		bw_note_exit(&who, "init", *ret_code);
	if (r == 0)
		r = keep_learned(creation, err);
	if (r == 0 && *ret_code == 128 + SIGKILL)
		warn_of_memory(creation);
	if (creation->options->keep)
		return r;
	if (bw_container_lock(&creation->container, &deleted) < 0 && deleted.code == BW_E_NOT_FOUND)
		return r;
	if (bw_remove(&creation->container, creation->decision.hardened, r < 0 ? NULL : err) < 0)
		return -1;
	bw_note_event(&who, BW_AUDIT_DELETE, NULL, NULL, 0);
	return r;
}

/* As runc has it: in a unit of type notify a detached run ends when the program is ready. */
static void wait_ready(struct creation *creation)
{
	if (creation->notify.sock < 0)
		return;
	/* The lock would keep delete waiting. */
	flock(creation->container.dir, LOCK_UN);
	bw_notify_wait(&creation->notify, creation->launch.pidfd, creation->launch.pid);
}

static int run(struct creation *creation, int *ret_code, struct bw_err *err)
{
	const struct bw_create_options *options = creation->options;
	struct bw_attach attach = BW_ATTACH_INIT;
	const struct bw_spec_process *process;

	if (begin(creation, err) < 0)
		return -1;
	process = creation->decision.hardened->process;
	if (bw_notify_bind(&creation->container, &creation->notify, err) < 0 ||
		(!options->detach &&
			bw_attach_begin(&attach, process->terminal.v && !options->console_socket && options->console_fd <= 0,
				err) < 0)) {
		bw_undo(&creation->container);
		return -1;
	}
	attach.notify = &creation->notify;
	if (attach.terminal[1] >= 0) {
		creation->preparation.request.terminal_fd = attach.terminal[1];
		creation->preparation.request.foreground_terminal = true;
	}
	if (go(creation, err) < 0) {
		bw_attach_done(&attach);
		return -1;
	}
	if (run_poststart(creation, err) < 0) {
		note_undone(creation, err);
		bw_launch_abort(&creation->launch);
		bw_attach_done(&attach);
		bw_undo(&creation->container);
		return -1;
	}
	if (options->detach) {
		wait_ready(creation);
		return 0;
	}
	bw_attempt_enter(&creation->attempt, "follow the program to its end");
	return stay(creation, &attach, ret_code, err);
}

int bw_container_run(const struct bw_context *ctx, const char *id, const struct bw_create_options *options, int *ret_code,
	struct bw_err *err)
{
	auto_creation struct creation creation = CREATION_INIT;

	asked_for(&creation, ctx, "run", id, options);
	creation.keeps_time = options->keeps_time || !options->detach;
	creation.starts = true;
	*ret_code = 0;
	return ended(&creation, run(&creation, ret_code, err), err);
}
