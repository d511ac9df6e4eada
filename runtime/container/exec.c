/* SPDX-License-Identifier: Apache-2.0 */
/* exec.c - a further process in a running container, never with more than the container has: what is asked is
 * clamped by the decision that was stored at create. */
#include "container/bulwark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/attach.h"
#include "container/audit_note.h"
#include "container/delegate.h"
#include "container/diagnose.h"
#include "container/failure.h"
#include "container/inherit.h"
#include "container/pid_file.h"
#include "container/pidfd_socket.h"
#include "container/prepare.h"
#include "container/program_files.h"
#include "container/secret_variables.h"
#include "container/stopped.h"
#include "container/undo.h"
#include "container/user_range.h"
#include "launch/parent.h"
#include "launch/selfexe.h"
#include "policy/harden.h"

struct execution {
	const struct bw_exec_options *options;
	struct bw_arena arena;
	struct bw_container container;
	struct bw_preparation preparation;
	struct bw_launch launch;
	struct bw_spec *spec;
	struct bw_spec_process *process;
	struct bw_attempt attempt;
	int pidfd; /* of the container's init */
	int pidfd_socket;
};

static void execution_done(struct execution *execution)
{
	bw_launch_done(&execution->launch);
	bw_preparation_done(&execution->preparation);
	bw_container_close(&execution->container);
	if (execution->pidfd >= 0)
		close(execution->pidfd);
	if (execution->pidfd_socket >= 0)
		close(execution->pidfd_socket);
	bw_arena_done(&execution->arena);
}

/* "uid", "uid:gid": decimal digits only, each whole and below 2^32-1. A name, a sign or a blank is an error,
 * never uid 0 (CVE-2026-30892). */
static int parse_user(const char *text, struct bw_arena *arena, struct bw_spec_user *user, struct bw_err *err)
{
	const char *colon = strchr(text, ':');
	char *uid = bw_arena_strndup(arena, text, colon ? (size_t)(colon - text) : strlen(text));

	if (!uid)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "--user");
	if (bw_parse_u64(uid, UINT32_MAX - 1, &user->uid.v) < 0 ||
		(colon && bw_parse_u64(colon + 1, UINT32_MAX - 1, &user->gid.v) < 0))
		return bw_fail(err, BW_E_USAGE, 0, "--user: expected uid[:gid] in digits, found \"%s\"", text);
	user->uid.set = true;
	user->gid.set = user->gid.set || colon;
	return 0;
}

static int add_texts(struct bw_arena *arena, struct bw_strs *list, const char *const *texts, struct bw_err *err)
{
	for (; texts && *texts; texts++)
		if (bw_strs_add(arena, list, *texts) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
	return 0;
}

static bool has_group(const struct bw_uints *list, uint64_t gid)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] == gid)
			return true;
	return false;
}

static int add_groups(struct bw_arena *arena, struct bw_uints *list, const char *const *texts, struct bw_err *err)
{
	for (; texts && *texts; texts++) {
		uint64_t gid, *slot;

		if (bw_parse_u64(*texts, UINT32_MAX - 1, &gid) < 0)
			return bw_fail(err, BW_E_USAGE, 0, "--additional-gids: expected a number, found \"%s\"", *texts);
		if (has_group(list, gid))
			continue;
		slot = bw_push(arena, list);
		if (!slot)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
		*slot = gid;
	}
	return 0;
}

/* --cap adds to bounding, effective and permitted, and to ambient where the container has it inheritable. */
static int add_caps(struct bw_arena *arena, struct bw_spec_process *process, const char *const *texts, struct bw_err *err)
{
	struct bw_spec_capabilities *caps = process->capabilities;

	if (!texts || !*texts)
		return 0;
	if (!caps)
		caps = process->capabilities = bw_arena_alloc(arena, sizeof *caps);
	if (!caps)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
	for (; *texts; texts++) {
		struct bw_strs *sets[] = {&caps->bounding, &caps->effective, &caps->permitted,
			bw_strs_has(&caps->inheritable, *texts) ? &caps->ambient : NULL};

		for (size_t i = 0; i < BW_COUNT(sets); i++)
			if (sets[i] && !bw_strs_has(sets[i], *texts) && bw_strs_add(arena, sets[i], *texts) < 0)
				return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
	}
	return 0;
}

/* The container's own process with what the flags say. */
static int process_from_flags(struct execution *execution, struct bw_spec_process **ret, struct bw_err *err)
{
	const struct bw_exec_options *options = execution->options;
	struct bw_arena *arena = &execution->arena;
	struct bw_spec_process *process = bw_schema_copy(&bw_spec_process_schema, execution->spec->process, arena);

	if (!process)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
	process->args = (struct bw_strs){0};
	process->terminal = (struct bw_opt_bool){.set = true, .v = options->tty};
	if (add_texts(arena, &process->args, options->args, err) < 0 ||
		add_texts(arena, &process->env, options->env, err) < 0 ||
		add_caps(arena, process, options->caps, err) < 0)
		return -1;
	if (!process->user)
		process->user = bw_arena_alloc(arena, sizeof *process->user);
	if (!process->user)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
	if (options->user && parse_user(options->user, arena, process->user, err) < 0)
		return -1;
	if (add_groups(arena, &process->user->additional_gids, options->additional_gids, err) < 0)
		return -1;
	if (options->cwd)
		process->cwd = bw_arena_strdup(arena, options->cwd);
	if (options->apparmor)
		process->apparmor_profile = bw_arena_strdup(arena, options->apparmor);
	if (options->process_label)
		process->selinux_label = bw_arena_strdup(arena, options->process_label);
	if (options->no_new_privs)
		process->no_new_privileges = (struct bw_opt_bool){.set = true, .v = true};
	if (bw_spec_check_process(process, err) < 0)
		return -1;
	*ret = process;
	return 0;
}

/* A file that gives no umask has the container's: that of a user without one would be ours. */
static int fill_umask(struct execution *execution, struct bw_spec_process *process, struct bw_err *err)
{
	const struct bw_spec_user *first = execution->spec->process ? execution->spec->process->user : NULL;

	if (!first || !first->umask.set || (process->user && process->user->umask.set))
		return 0;
	if (!process->user)
		process->user = bw_arena_alloc(&execution->arena, sizeof *process->user);
	if (!process->user)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
	process->user->umask = first->umask;
	return 0;
}

/* What a file leaves open is as in config.json, as runc has it: a label above all. Capabilities too, but not where a policy
 * holds the container: nobody has asked for any. */
static int process_from_file(struct execution *execution, struct bw_spec_process **ret, struct bw_err *err)
{
	const struct bw_spec_process *first = execution->spec->process;
	struct bw_spec_process *process;

	if (bw_spec_load_process(execution->options->process_path, &execution->arena, &process, err) < 0)
		return -1;
	*ret = process;
	if (execution->options->tty_decides)
		process->terminal = (struct bw_opt_bool){.set = true, .v = execution->options->tty};
	if (!first)
		return 0;
	if (!process->capabilities && !execution->spec->hardening)
		process->capabilities = first->capabilities;
	if (!process->apparmor_profile || !*process->apparmor_profile)
		process->apparmor_profile = first->apparmor_profile;
	if (!process->selinux_label)
		process->selinux_label = first->selinux_label;
	if (!process->rlimits.n)
		process->rlimits = first->rlimits;
	if (!process->oom_score_adj.set)
		process->oom_score_adj = first->oom_score_adj;
	if (!process->scheduler)
		process->scheduler = first->scheduler;
	if (!process->io_priority)
		process->io_priority = first->io_priority;
	if (!process->exec_cpu_affinity)
		process->exec_cpu_affinity = first->exec_cpu_affinity;
	return fill_umask(execution, process, err);
}

/* By the profile as it was at create: a policy file that has changed since neither loosens nor tightens. */
static int clamp(struct execution *execution, struct bw_spec_process *asked, struct bw_err *err)
{
	const struct bw_profile *profile;
	struct bw_findings findings = {0};

	if (bw_state_load_profile(&execution->container, &execution->arena, &profile, err) < 0)
		return -1;
	if (bw_secrets_take(profile, asked, NULL, err) < 0)
		return -1;
	if (bw_harden_exec(asked, execution->spec, profile, &execution->arena, &execution->process, &findings, err) < 0)
		return -1;
	for (size_t i = 0; i < findings.n; i++)
		bw_debug("policy %s: %s: %s", findings.v[i].rule, findings.v[i].pointer, findings.v[i].reason);
	return 0;
}

static int check_running(const struct execution *execution, struct bw_err *err)
{
	switch (bw_container_status(&execution->container)) {
	case BW_STATUS_CREATED:
	case BW_STATUS_RUNNING:
		return 0;
	case BW_STATUS_PAUSED:
		if (execution->options->ignore_paused)
			return 0;
		return bw_fail(err, BW_E_STATE, 0, "cannot exec in a paused container");
	case BW_STATUS_STOPPED:
		return bw_fail(err, BW_E_STATE, 0, "cannot exec in a stopped container");
	case BW_STATUS_CREATING:
		break;
	}
	return bw_fail(err, BW_E_STATE, 0, "cannot exec in a container that is still being created");
}

static int open_all(struct execution *execution, const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	struct bw_container *container = &execution->container;

	if (bw_container_open(ctx, id, false, false, &execution->arena, container, err) < 0 ||
		bw_stopped_check(container->state->tenant, err) < 0 || check_running(execution, err) < 0)
		return -1;
	execution->pidfd = bw_pidfd_of(container->pid, container->start_time);
	if (execution->pidfd < 0)
		return bw_fail(err, BW_E_STATE, 0, "cannot exec in a stopped container");
	return bw_state_load_spec(container, &execution->arena, &execution->spec, err);
}

static int fill_request(struct execution *execution, const char *id, struct bw_err *err)
{
	const struct bw_exec_options *options = execution->options;
	const struct bw_spec_hardening *hardening = execution->spec->hardening;
	struct bw_request *request = &execution->preparation.request;

	if (options->preserve_fds && hardening && hardening->forbid_leaks.v)
		return bw_fail(err, BW_E_DENIED, 0,
			"--preserve-fds %u: the policy passes no descriptors of the host into a container",
			options->preserve_fds);
	request->spec = execution->spec;
	request->process = execution->process;
	request->exec = true;
	request->id = id;
	request->bundle = execution->container.state->bundle;
	request->state_dir = execution->container.path;
	request->state_fd = execution->container.dir;
	request->console_socket = options->console_socket;
	if (options->console_fd > 0)
		request->terminal_fd = options->console_fd;
	request->cgroups = execution->container.state->cgroups;
	request->sub_cgroups = options->cgroups;
	request->rdt = &execution->container.state->rdt;
	request->guard->way = bw_guard_way_of(execution->container.state->guard);
	request->preserve_fds = options->preserve_fds;
	request->target_pid = execution->container.pid;
	request->target_pidfd = execution->pidfd;
	return 0;
}

/* The list is as it was found at create. Where the root cannot be looked at, as that of a process with more rights than
 * ours, what was judged is the name, and the kernel holds the rest. */
static int check_program(const struct execution *execution, struct bw_err *err)
{
	auto_close int root = -1;
	char path[32];

	if (!execution->spec->hardening || !execution->spec->hardening->programs)
		return 0;
	if (bw_programs_check_stdio(execution->spec, "exec.programs", err) < 0)
		return -1;
	snprintf(path, sizeof path, "%d/root", (int)execution->container.pid);
	root = openat(execution->preparation.host_proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return 0;
	/* The number may be somebody else's by now. */
	if (bw_pidfd_send_signal(execution->pidfd, 0) < 0)
		return bw_fail(err, BW_E_STATE, 0, "container not running");
	return bw_programs_check(root, execution->spec, execution->process, "exec.programs", "/args/0", err);
}

/* What the container's first process was held by must hold this one too: a control that the policy only
 * prefers may have been missing at create, but it may not be missing for the first time now. */
static int check_degraded(struct execution *execution, struct bw_err *err)
{
	const struct bw_plan *plan = &execution->preparation.plan;
	const struct bw_strs *known = &execution->container.state->degraded;

	for (size_t i = 0; i < plan->degraded_n; i++) {
		const char *name = bw_control_of(plan->degraded[i].control)->name;
		const char *text = bw_arena_printf(&execution->arena, "%s: %s", name, plan->degraded[i].why);

		if (!text)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "exec");
		if (!bw_strs_has(known, text))
			return bw_fail(err, BW_E_HOST, 0, "the container was created with %s, which cannot be had now: %s",
				name, plan->degraded[i].why);
	}
	return 0;
}

/* The container runs: its root shows what it sees. */
static int launch_failed(struct execution *execution, struct bw_err *err)
{
	const struct bw_container *container = &execution->container;
	auto_close int root = -1;
	struct bw_scene scene = {.root = -1, .process = execution->process};
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/root", (int)container->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	scene.listed = execution->spec->hardening && execution->spec->hardening->programs;
	if (root >= 0 && bw_proc_alive(container->pid, container->start_time))
		scene.root = root;
	execution->attempt.plan = &execution->preparation.plan;
	execution->attempt.failed_step = execution->launch.failed_step;
	bw_diagnose_launch(&execution->launch, &scene, container->state->cgroups, err);
	return err->code == BW_E_PROGRAM ? -1 : bw_wrap(err, "exec failed: unable to start container process");
}

static int note_exec(const struct execution *execution, const struct bw_audited *who, struct bw_err *err)
{
	const struct bw_spec_process *process = execution->process;
	const struct bw_spec_user *user = process->user;
	char ids[48] = "0:0";
	const struct bw_audit_more more[] = {{"program", process->args.n ? process->args.v[0] : NULL}, {"user", ids},
		{"terminal", process->terminal.v ? "true" : NULL}, {"detached", execution->options->detach ? "true" : NULL}};

	if (user)
		snprintf(ids, sizeof ids, "%llu:%llu", (unsigned long long)user->uid.v, (unsigned long long)user->gid.v);
	return bw_audit_note(who, BW_AUDIT_EXEC, NULL, more, BW_COUNT(more), err);
}

/* A kill switch that was thrown before the process was in its cgroup did not see it. Where the container has pids of its own
 * the process has died with the init; else whatever it has started by now is ended as the switch ends all. */
static int look_once_more(struct execution *execution, struct bw_err *err)
{
	struct bw_err ignored = {0};

	if (bw_stopped_check(execution->container.state->tenant, err) == 0)
		return 0;
	bw_launch_abort(&execution->launch);
	if (!execution->container.state->private_pids.v && bw_end_processes(&execution->container, &ignored) < 0)
		bw_log(BW_LOG_WARNING, "%s", ignored.text);
	return -1;
}

static int launch(struct execution *execution, struct bw_attach *attach, int *ret_code, struct bw_err *err)
{
	const struct bw_audited who = bw_audited_state(execution->container.state);
	struct bw_preparation *preparation = &execution->preparation;
	const struct bw_exec_options *options = execution->options;
	const struct bw_audit_more of_exec = {"process", "exec"};
	bool ours = execution->process->terminal.v && !options->console_socket && options->console_fd <= 0;

	if (!options->detach && bw_attach_begin(attach, ours, err) < 0)
		return -1;
	if (attach->terminal[1] >= 0) {
		preparation->request.terminal_fd = attach->terminal[1];
		preparation->request.foreground_terminal = true;
	}
	bw_attempt_enter(&execution->attempt, "compile the plan");
	/* The proof that the plan makes sees the first of the guard's programs; this, that all are there. */
	if (preparation->guard.way == BW_GUARD_CGROUP && bw_cgroup_verify_guard(execution->container.state->cgroups, err) < 0)
		return -1;
	if (bw_compile(&preparation->request, &preparation->plan, err) < 0 || check_degraded(execution, err) < 0)
		return -1;
	bw_attempt_enter(&execution->attempt, "do the plan's steps");
	if (note_exec(execution, &who, err) < 0)
		return -1;
	bw_user_range_give_pipes(execution->spec, execution->process);
	if (bw_launch_begin(&execution->launch, &preparation->plan, &preparation->request, err) < 0 ||
		bw_pidfd_socket_send(execution->pidfd_socket, execution->launch.pidfd, "setns", err) < 0 ||
		bw_launch_wait(&execution->launch, err) < 0) {
		int r = launch_failed(execution, err);

		bw_note_event(&who, BW_AUDIT_EXIT, err ? err->text : NULL, &of_exec, 1);
		return r;
	}
	if (look_once_more(execution, err) < 0) {
		bw_note_event(&who, BW_AUDIT_EXIT, err ? err->text : NULL, &of_exec, 1);
		return -1;
	}
	if (options->ret_pid)
		*options->ret_pid = execution->launch.pid;
	bw_attempt_enter(&execution->attempt, "write the pid file");
	if (bw_pid_file_write(options->pid_file, execution->launch.pid, err) < 0) {
		bw_launch_abort(&execution->launch);
		return -1;
	}
	if (options->detach)
		return 0;
	if (bw_attach_run(attach, execution->launch.pid, execution->launch.pidfd, ret_code, err) < 0)
		return -1;
	bw_note_exit(&who, "exec", *ret_code);
	return 0;
}

/* The container's own runtime starts it; how a program that is no child of ours ends we hear as its subreaper. */
static int launch_by_backend(struct execution *execution, int *ret_code, struct bw_err *err)
{
	const struct bw_exec_options *options = execution->options;
	const struct bw_audited who = bw_audited_state(execution->container.state);
	const struct bw_container *container = &execution->container;
	struct bw_attach attach = BW_ATTACH_INIT;
	bool wants_terminal = execution->process->terminal.v, ours = !options->console_socket && options->console_fd <= 0;
	auto_close int console = -1, pidfd = -1;
	pid_t pid;
	int r;

	bw_attempt_enter(&execution->attempt, "have the backend start the program");
	if (options->preserve_fds || options->pidfd_socket || (options->cgroups && *options->cgroups))
		return bw_fail(err, BW_E_USAGE, 0, "exec: a backend takes no --preserve-fds, --pidfd-socket and --cgroup");
	if (!options->detach) {
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		if (bw_attach_begin(&attach, wants_terminal && ours, err) < 0)
			return -1;
	}
	if (wants_terminal)
		console = options->console_socket
				  ? bw_connect_unix(options->console_socket, err)
				  : fcntl(ours ? attach.terminal[1] : options->console_fd, F_DUPFD_CLOEXEC, 3);
	r = wants_terminal && console < 0 ? -1 : 0;
	if (r < 0 && !err->code)
		bw_fail(err, BW_E_USAGE, 0, "exec: a terminal needs a console socket, or to stay in the foreground");
	if (r == 0)
		r = note_exec(execution, &who, err);
	if (r == 0)
		r = bw_delegate_exec(container, execution->spec, execution->process, console, &pid, err);
	if (r == 0 && options->ret_pid)
		*options->ret_pid = pid;
	if (r == 0)
		r = bw_pid_file_write(options->pid_file, pid, err);
	if (r == 0 && !options->detach) {
		pidfd = bw_pidfd_open(pid, 0);
		r = pidfd < 0 ? bw_fail(err, BW_E_KERNEL, errno, "looking at process %d", (int)pid)
			      : bw_attach_run(&attach, pid, pidfd, ret_code, err);
		if (r == 0)
			bw_note_exit(&who, "exec", *ret_code);
	}
	bw_attach_done(&attach);
	return r;
}

static int go(struct execution *execution, const struct bw_context *ctx, int *ret_code, struct bw_err *err)
{
	const struct bw_exec_options *options = execution->options;
	struct bw_attempt *attempt = &execution->attempt;
	struct bw_attach attach = BW_ATTACH_INIT;
	struct bw_spec_process *asked = NULL;
	int r;

	if (open_all(execution, ctx, attempt->id, err) < 0 ||
		bw_pidfd_socket_open(options->pidfd_socket, &execution->pidfd_socket, err) < 0)
		return -1;
	attempt->bundle = execution->container.state->bundle;
	attempt->profile = execution->container.state->profile;
	attempt->profile_reason = execution->container.state->profile_reason;
	bw_attempt_enter(attempt, "read the process and clamp it by the policy of create");
	if (options->process_path)
		r = process_from_file(execution, &asked, err);
	else
		r = process_from_flags(execution, &asked, err);
	if (r < 0 || clamp(execution, asked, err) < 0)
		return -1;
	if (bw_preparation_open(&execution->preparation, &execution->arena, err) < 0 ||
		check_program(execution, err) < 0 || fill_request(execution, attempt->id, err) < 0)
		return -1;
	if (execution->container.state->backend)
		return launch_by_backend(execution, ret_code, err);
	r = launch(execution, &attach, ret_code, err);
	bw_attach_done(&attach);
	return r;
}

int bw_container_exec(const struct bw_context *ctx, const char *id, const struct bw_exec_options *options, int *ret_code,
	struct bw_err *err)
{
	__attribute__((cleanup(execution_done))) struct execution execution = {
		.options = options,
		.arena = BW_ARENA_INIT,
		.container = BW_CONTAINER_INIT,
		.preparation = BW_PREPARATION_INIT,
		.launch = BW_LAUNCH_INIT,
		.attempt = BW_ATTEMPT_INIT("exec", id),
		.pidfd = -1,
		.pidfd_socket = -1,
	};
	struct bw_inherited inherited;

	int r;

	*ret_code = 0;
	if (bw_inherited_count(options->preserve_fds, false, &inherited, err) < 0 || bw_selfexe_protect(err) < 0)
		return -1;
	r = go(&execution, ctx, ret_code, err);
	if (r < 0 && execution.container.state) {
		const struct bw_audited who = bw_audited_state(execution.container.state);

		bw_note_end(&who, "exec", r, err);
	}
	return bw_attempt_end(ctx, &execution.attempt, r, err);
}
