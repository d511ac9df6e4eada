/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - the life of a process as a table of state and event, and the order of what is told of it: consumers hang
 * when a process exits that has not started, or a container before its execs (containerd #8557, #9719, #9828, #10634).
 * What is told of one container, in this order: create, start, exec-added, exec-started, exit of each exec, oom, exit of
 * the init, delete. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "shim/task.h"

enum { DRAIN_MS = 10000, PATIENCE_MS = 5000, NO_LIMIT_MS = 1 << 30, EXIT_UNKNOWN = 255 };

typedef void action_fn(struct bw_process *process, const struct bw_occurrence *occurrence);

/* ---- what is told ---- */

struct bw_timestamp bw_process_exited_at(const struct bw_process *process)
{
	return (struct bw_timestamp){
		.seconds = (uint64_t)process->exited_at.tv_sec, .nanos = (uint64_t)process->exited_at.tv_nsec};
}

void bw_process_publish(const struct bw_process *process, enum bw_topic topic)
{
	const struct bw_task *task = process->task;
	struct bw_timestamp exited_at = bw_process_exited_at(process);
	struct bw_task_event event = {
		.container_id = task->id,
		.bundle = task->bundle,
		.mounts = task->mounts,
		.checkpoint = topic == BW_TOPIC_CREATE ? task->checkpoint : NULL,
		.exec_id = process->exec_id,
		.id = process->exec_id ? process->exec_id : task->id,
		.stdin_path = process->stdin_path,
		.stdout_uri = process->stdout_uri,
		.stderr_uri = process->stderr_uri,
		.terminal = process->terminal,
		.pid = (uint64_t)process->pid,
		.exit_status = process->exit_status,
		.exited_at = process->ended ? &exited_at : NULL,
	};

	bw_publish(task->shim->publisher, topic, &event);
}

static void answer_exit(const struct bw_process *process, struct bw_calls *calls)
{
	struct bw_timestamp exited_at = bw_process_exited_at(process);
	struct bw_task_response response = {
		.pid = (uint64_t)process->pid, .exit_status = process->exit_status, .exited_at = &exited_at};
	struct bw_call *call;

	while ((call = bw_calls_take(calls)))
		bw_call_answer(call, &response);
}

static void answer_pid(struct bw_process *process)
{
	bw_call_answer(process->call, &(struct bw_task_response){.pid = (uint64_t)process->pid});
	process->call = NULL;
}

static void fail_call(struct bw_process *process, const char *verb, const struct bw_err *err)
{
	bw_refuse_verb(process->call, verb, err);
	process->call = NULL;
}

/* ---- output at its end ---- */

static void drained(void *ctx)
{
	struct bw_process *process = ctx;

	process->drained = true;
	bw_process_event(process, BW_EVENT_DRAINED, &(struct bw_occurrence){0});
}

static void drained_or_not(void *ctx)
{
	const struct bw_process *process = ctx;

	bw_log(BW_LOG_WARNING, "%s: the output of a process that has ended is not at its end", process->task->id);
	drained(ctx);
}

/* ---- the end of a process ---- */

static void out_of_patience(void *ctx)
{
	struct bw_process *process = ctx;

	bw_log(BW_LOG_WARNING, "%s: a start in it does not come to its end", process->task->id);
	bw_worker_cancel(&process->task->shim->workers, process);
}

/* Its worker has so long from now on. */
static void lose_patience_later(struct bw_process *process)
{
	bw_loop_cancel_timer(&process->task->shim->loop, &process->patience);
	process->patience = (struct bw_timer){.due = out_of_patience, .ctx = process};
	bw_loop_set_timer(&process->task->shim->loop, &process->patience, PATIENCE_MS);
}

static void settle_exit(struct bw_process *process, enum bw_topic topic)
{
	process->state = BW_PROCESS_STOPPED;
	bw_process_publish(process, topic);
	answer_exit(process, &process->waiters);
}

/* The kernel can say it thousands of times before it has found room: once in a second is told. */
static void tell_oom(struct bw_task *task)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!bw_watch_oom_happened(task->watch) || (task->oom_told && now.tv_sec - task->oom_told_at <= 1))
		return;
	task->oom_told = true;
	task->oom_told_at = now.tv_sec;
	bw_process_publish(&task->init, BW_TOPIC_OOM);
}

/* Who looks at a container because it has ended finds out there why: the memory comes first. */
static void settle_init(struct bw_task *task)
{
	struct bw_process *init = &task->init;

	if (!init->ended || init->state != BW_PROCESS_RUNNING || task->busy_execs > 0)
		return;
	if (task->watch)
		tell_oom(task);
	bw_loop_remove(&task->shim->loop, &task->oom);
	bw_loop_cancel_timer(&task->shim->loop, &task->limit);
	settle_exit(init, BW_TOPIC_EXIT);
	if (init->killed)
		bw_process_event(init, BW_EVENT_DELETE, &(struct bw_occurrence){0});
}

static void exec_is_over(struct bw_task *task)
{
	task->busy_execs--;
	settle_init(task);
}

static void end(struct bw_process *process)
{
	struct bw_task *task = process->task;

	if (process->stdio)
		bw_stdio_ended(process->stdio, NO_LIMIT_MS, drained, process);
	else
		process->drained = true;
	if (process->exec_id) {
		settle_exit(process, BW_TOPIC_EXIT);
		exec_is_over(task);
		return;
	}
	/* In a pid namespace of its own the kernel ends the others; else they would live on without anybody. */
	if (task->watch && !bw_watch_has_own_pids(task->watch))
		bw_work_kill_all(task);
	for (struct bw_process *exec = task->execs; exec; exec = exec->next)
		if (exec->state == BW_PROCESS_STARTING)
			lose_patience_later(exec);
	settle_init(task);
}

static void record(const struct bw_task *task, enum bw_audit_event event, const struct bw_audit_more *more, size_t n)
{
	struct bw_err why = {0};

	if (!task->watch || !bw_watch_is_audited(task->watch))
		return;
	if (bw_container_record(&task->context, task->id, event, NULL, more, n, &why) < 0)
		bw_log(BW_LOG_WARNING, "%s: %s is not on record: %s", task->id, bw_audit_word(event), why.text);
}

/* Nobody else sees how a process has ended that containerd has asked for. */
static void record_end(const struct bw_process *process)
{
	char code[16];
	const struct bw_audit_more more[] = {{"process", process->exec_id ? process->exec_id : "init"}, {"code", code}};

	snprintf(code, sizeof code, "%u", process->exit_status);
	record(process->task, BW_AUDIT_EXIT, more, BW_COUNT(more));
}

static void note_end(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	process->ended = true;
	process->exit_status = (unsigned)bw_exit_code(occurrence->wait_status);
	clock_gettime(CLOCK_REALTIME, &process->exited_at);
	record_end(process);
}

/* ---- the time limit ---- */

/* Again and again until its end is settled: a worker may not be had just now. */
static void end_by_force(struct bw_task *task)
{
	enum { AGAIN_MS = 1000 };

	if (!task->init.ended)
		kill(task->init.pid, SIGKILL);
	bw_work_kill_all(task);
	bw_loop_set_timer(&task->shim->loop, &task->limit, AGAIN_MS);
}

static void limit_is_over(void *ctx)
{
	struct bw_task *task = ctx;
	int64_t limit_ms, grace_ms;

	if (task->limit_passed || !bw_watch_time_limit(task->watch, &limit_ms, &grace_ms)) {
		end_by_force(task);
		return;
	}
	bw_log(BW_LOG_INFO, "%s: its time of %lld ms is over", task->id, (long long)limit_ms);
	task->limit_passed = true;
	record(task, BW_AUDIT_TIME_LIMIT, NULL, 0);
	if (!task->init.ended)
		kill(task->init.pid, SIGTERM);
	bw_loop_set_timer(&task->shim->loop, &task->limit, grace_ms);
}

static void begin_limit(struct bw_task *task)
{
	int64_t limit_ms, grace_ms;

	if (!task->watch || !bw_watch_time_limit(task->watch, &limit_ms, &grace_ms))
		return;
	bw_loop_cancel_timer(&task->shim->loop, &task->limit);
	task->limit = (struct bw_timer){.due = limit_is_over, .ctx = task};
	bw_loop_set_timer(&task->shim->loop, &task->limit, limit_ms);
}

/* ---- memory of the container ---- */

static void oom(void *ctx, uint32_t events)
{
	struct bw_task *task = ctx;

	(void)events;
	tell_oom(task);
}

static int watch(struct bw_task *task, struct bw_err *err)
{
	short events = 0;

	if (bw_watch_open(&task->context, task->id, &task->watch, err) < 0)
		return -1;
	task->oom = (struct bw_source){.fd = bw_watch_oom_fd(task->watch, &events), .seen = oom, .ctx = task};
	if (task->oom.fd < 0)
		return 0;
	/* The bits of poll(2) and epoll(7) are the same. */
	return bw_loop_add(&task->shim->loop, &task->oom, (uint32_t)events, err);
}

/* ---- actions ---- */

static void ignore(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	(void)process;
	(void)occurrence;
}

/* left: something may be there. */
static void fail_create(struct bw_process *init, const struct bw_err *why, bool left)
{
	if (left && bw_work_clean_up(init, why) == 0)
		return;
	fail_call(init, "create", why);
	bw_task_free(init->task);
}

static void created(struct bw_process *init, const struct bw_occurrence *occurrence)
{
	const struct bw_report *report = occurrence->report;
	struct bw_err err = {0};

	/* While it is cleaned up it stays in CREATING, where nothing begins; what ends meanwhile was never told of. */
	if (!init->task->checkpoint &&
		(watch(init->task, &err) < 0 || bw_stdio_begin(init->stdio, report->logger, &err) < 0)) {
		fail_create(init, &err, true);
		return;
	}
	init->state = BW_PROCESS_CREATED;
	init->pid = report->pid;
	bw_process_publish(init, BW_TOPIC_CREATE);
	bw_arena_done(&init->task->creation);
	init->task->mounts = (struct bw_rootfs_mounts){0};
	answer_pid(init);
	/* A Delete that came to end the worker has found it done. */
	if (init->deleters.first)
		bw_process_event(init, BW_EVENT_DELETE, &(struct bw_occurrence){0});
}

static void create_failed(struct bw_process *init, const struct bw_occurrence *occurrence)
{
	fail_create(init, &occurrence->report->err, occurrence->report->died);
}

/* Who wants it deleted does not wait for a hook that hangs: the worker ends, and what it has begun is taken away. */
static void cancel_create(struct bw_process *init, const struct bw_occurrence *occurrence)
{
	bw_calls_add(&init->deleters, occurrence->call);
	bw_worker_cancel(&init->task->shim->workers, init);
}

static void start(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	struct bw_task *task = process->task;
	enum bw_process_state before = process->state;
	struct bw_err err = {0};

	process->call = occurrence->call;
	if (process->exec_id && (task->init.ended || !task->watch)) {
		process->call = NULL;
		bw_call_refuse(occurrence->call, BW_TTRPC_FAILED_PRECONDITION,
			"OCI runtime exec failed: cannot exec in a stopped container");
		return;
	}
	process->state = BW_PROCESS_STARTING;
	if (bw_work_start(process, &err) < 0) {
		process->state = before;
		fail_call(process, process->exec_id ? "exec" : "start", &err);
		return;
	}
	if (process->exec_id)
		task->busy_execs++;
	else
		begin_limit(task); /* now: a poststart hook can take its time, or for ever */
}

void bw_process_hold_signal(struct bw_process *exec, int signal, struct bw_call *call)
{
	if (signal)
		exec->held_signals |= UINT64_C(1) << (signal - 1);
	bw_calls_add(&exec->killers, call);
}

/* runs: there is a process to send them to; else it has never been one. */
static void let_signals_go(struct bw_process *exec, bool runs)
{
	struct bw_call *call;

	for (int signal = 1; runs && !exec->ended && signal <= SIGRTMAX; signal++)
		if (exec->held_signals >> (signal - 1) & 1)
			kill(exec->pid, signal);
	exec->held_signals = 0;
	while ((call = bw_calls_take(&exec->killers)))
		if (runs)
			bw_call_answer(call, &(struct bw_task_response){0});
		else
			bw_call_refuse(call, BW_TTRPC_NOT_FOUND, "process already finished");
}

static void started(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	struct bw_task *task = process->task;
	const struct bw_report *report = occurrence->report;
	bool restored = !process->exec_id && task->checkpoint;
	struct bw_err err = {0};

	process->state = BW_PROCESS_RUNNING;
	if (report->pid)
		process->pid = report->pid;
	if (process->spec)
		explicit_bzero(process->spec, strlen(process->spec));
	free(process->spec);
	process->spec = NULL;
	bw_loop_cancel_timer(&task->shim->loop, &process->patience);
	/* It runs, and nobody can hear it, or end it when its time is over. */
	if ((restored && watch(task, &err) < 0) ||
		((restored || process->exec_id) && bw_stdio_begin(process->stdio, report->logger, &err) < 0)) {
		kill(process->pid, SIGKILL);
		bw_log_error(&err, task->id);
	}
	bw_process_publish(process, process->exec_id ? BW_TOPIC_EXEC_STARTED : BW_TOPIC_START);
	if (restored)
		begin_limit(task);
	answer_pid(process);
	let_signals_go(process, true);
	/* Its end has been seen before the word of the worker. */
	if (process->ended)
		end(process);
}

static void start_failed(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	struct bw_task *task = process->task;

	fail_call(process, process->exec_id ? "exec" : "start", &occurrence->report->err);
	bw_loop_cancel_timer(&task->shim->loop, &process->patience);
	if (!process->exec_id) {
		process->state = BW_PROCESS_CREATED;
		/* Nobody knows what state it is in. */
		if (occurrence->report->died && process->pid && !process->ended)
			kill(process->pid, SIGKILL);
		else if (occurrence->report->died && !process->pid)
			bw_work_discard(task);
		if (process->ended) {
			process->state = BW_PROCESS_RUNNING;
			end(process);
		}
		return;
	}
	/* Nothing has started, so that nothing is told; who waits for it gets an answer. */
	bw_process_close_stdio(process);
	process->state = BW_PROCESS_STOPPED;
	process->drained = true;
	process->exit_status = EXIT_UNKNOWN;
	clock_gettime(CLOCK_REALTIME, &process->exited_at);
	answer_exit(process, &process->waiters);
	let_signals_go(process, false);
	exec_is_over(task);
}

/* A start whose process has ended is over soon; a hook that hangs does not keep the end from being told. */
static void hold_exit(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	note_end(process, occurrence);
	lose_patience_later(process);
}

static void exited(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	note_end(process, occurrence);
	process->state = BW_PROCESS_RUNNING;
	end(process);
}

/* Not deleted: the next Delete tries again. */
static void stay(struct bw_process *init, const struct bw_err *err)
{
	struct bw_call *call;

	init->state = BW_PROCESS_STOPPED;
	init->going = false;
	while ((call = bw_calls_take(&init->deleters)))
		bw_refuse_verb(call, "delete", err);
}

/* Closed before the answer; a container's directories go first. */
static void go_on_deleting(struct bw_process *process)
{
	struct bw_err err = {0};

	if (process->exec_id) {
		bw_process_close_stdio(process);
		answer_exit(process, &process->deleters);
		bw_process_remove_exec(process);
		return;
	}
	if (bw_work_delete(process, &err) < 0)
		stay(process, &err);
}

static void delete(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	process->state = BW_PROCESS_DELETING;
	if (occurrence->call)
		bw_calls_add(&process->deleters, occurrence->call);
	process->drain = (struct bw_timer){.due = drained_or_not, .ctx = process};
	bw_loop_set_timer(&process->task->shim->loop, &process->drain, DRAIN_MS);
	if (process->drained)
		bw_process_event(process, BW_EVENT_DRAINED, &(struct bw_occurrence){0});
}

static void delete_unstarted(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	clock_gettime(CLOCK_REALTIME, &process->exited_at);
	process->drained = true;
	delete(process, occurrence);
}

/* Its program never ran, but the process is there: it ends as others do, and the rest follows. */
static void kill_and_delete(struct bw_process *init, const struct bw_occurrence *occurrence)
{
	if (!init->pid) {
		delete_unstarted(init, occurrence);
		return;
	}
	if (occurrence->call)
		bw_calls_add(&init->deleters, occurrence->call);
	init->killed = true;
	kill(init->pid, SIGKILL);
	if (init->task->paused)
		bw_work_kill_all(init->task);
}

static void join_deleters(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	bw_calls_add(&process->deleters, occurrence->call);
}

/* Once: the output can still come to its end after the time for it is over. */
static void drained_for_delete(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	(void)occurrence;
	if (process->going)
		return;
	process->going = true;
	bw_loop_cancel_timer(&process->task->shim->loop, &process->drain);
	go_on_deleting(process);
}

static void deleted(struct bw_process *init, const struct bw_occurrence *occurrence)
{
	(void)occurrence;
	bw_process_close_stdio(init);
	bw_process_publish(init, BW_TOPIC_DELETE);
	answer_exit(init, &init->deleters);
	bw_task_free(init->task);
}

static void delete_failed(struct bw_process *init, const struct bw_occurrence *occurrence)
{
	stay(init, &occurrence->report->err);
}

static void refuse_being_created(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	(void)process;
	bw_call_refuse(occurrence->call, BW_TTRPC_FAILED_PRECONDITION, "the container is still being created");
}

static void refuse_started(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	bw_call_refuse(occurrence->call, BW_TTRPC_FAILED_PRECONDITION, "%s",
		process->exec_id ? "the process has been started already" : "cannot start an already running container");
}

static void refuse_stopped(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	bw_call_refuse(occurrence->call, BW_TTRPC_FAILED_PRECONDITION, "%s",
		process->exec_id ? "the process has stopped" : "cannot start a container that has stopped");
}

static void refuse_running(struct bw_process *process, const struct bw_occurrence *occurrence)
{
	bw_call_refuse(occurrence->call, BW_TTRPC_FAILED_PRECONDITION, "cannot delete a %s process",
		process->task->paused ? "paused" : "running");
}

/* NULL cannot be: a fault of ours, and told as one. */
static action_fn *const actions[BW_PROCESS_STATES][BW_PROCESS_EVENTS] = {
	[BW_PROCESS_ADDED] = {
		[BW_EVENT_START] = start,
		[BW_EVENT_DELETE] = delete_unstarted,
	},
	[BW_PROCESS_CREATING] = {
		[BW_EVENT_CREATED] = created,
		[BW_EVENT_CREATE_FAILED] = create_failed,
		[BW_EVENT_START] = refuse_being_created,
		[BW_EVENT_DELETE] = cancel_create,
		[BW_EVENT_DRAINED] = ignore,
	},
	[BW_PROCESS_CREATED] = {
		[BW_EVENT_START] = start,
		[BW_EVENT_EXITED] = exited,
		[BW_EVENT_DELETE] = kill_and_delete,
		[BW_EVENT_DRAINED] = ignore,
	},
	[BW_PROCESS_STARTING] = {
		[BW_EVENT_START] = refuse_started,
		[BW_EVENT_STARTED] = started,
		[BW_EVENT_START_FAILED] = start_failed,
		[BW_EVENT_EXITED] = hold_exit,
		[BW_EVENT_DELETE] = refuse_running,
		[BW_EVENT_DRAINED] = ignore,
	},
	[BW_PROCESS_RUNNING] = {
		[BW_EVENT_START] = refuse_started,
		[BW_EVENT_EXITED] = exited,
		[BW_EVENT_DELETE] = refuse_running,
		[BW_EVENT_DRAINED] = ignore,
	},
	[BW_PROCESS_STOPPED] = {
		[BW_EVENT_START] = refuse_stopped,
		[BW_EVENT_DELETE] = delete,
		[BW_EVENT_DRAINED] = ignore,
	},
	[BW_PROCESS_DELETING] = {
		[BW_EVENT_START] = refuse_stopped,
		[BW_EVENT_DELETE] = join_deleters,
		[BW_EVENT_DRAINED] = drained_for_delete,
		[BW_EVENT_DELETED] = deleted,
		[BW_EVENT_DELETE_FAILED] = delete_failed,
	},
};

void bw_process_event(struct bw_process *process, enum bw_process_event event, const struct bw_occurrence *occurrence)
{
	action_fn *action = actions[process->state][event];

	if (action)
		action(process, occurrence);
	else
		bw_log(BW_LOG_ERROR, "%s: event %d in state %d", process->task->id, (int)event, (int)process->state);
}

enum bw_task_status bw_process_status(const struct bw_process *process)
{
	switch (process->state) {
	case BW_PROCESS_ADDED:
	case BW_PROCESS_CREATING:
	case BW_PROCESS_CREATED:
		return BW_TASK_CREATED;
	case BW_PROCESS_STARTING:
		return process->exec_id ? BW_TASK_CREATED : process->task->paused ? BW_TASK_PAUSED : BW_TASK_CREATED;
	case BW_PROCESS_RUNNING:
		return process->task->paused ? BW_TASK_PAUSED : BW_TASK_RUNNING;
	case BW_PROCESS_STOPPED:
	case BW_PROCESS_DELETING:
		return BW_TASK_STOPPED;
	case BW_PROCESS_STATES:
		break;
	}
	return BW_TASK_UNKNOWN;
}
