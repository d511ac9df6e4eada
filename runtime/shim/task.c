/* SPDX-License-Identifier: Apache-2.0 */
/* task.c - containers and their processes as memory: made, found, freed. What becomes of them is process.c's. */
#include "shim/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void bw_process_close_stdio(struct bw_process *process)
{
	bw_loop_cancel_timer(&process->task->shim->loop, &process->drain);
	bw_stdio_free(process->stdio);
	process->stdio = NULL;
}

static void process_done(struct bw_process *process)
{
	struct bw_call *call;

	bw_process_close_stdio(process);
	bw_loop_cancel_timer(&process->task->shim->loop, &process->patience);
	while ((call = bw_calls_take(&process->waiters)) || (call = bw_calls_take(&process->deleters)) ||
		(call = bw_calls_take(&process->killers)))
		bw_call_refuse(call, BW_TTRPC_NOT_FOUND, "process does not exist");
	free(process->exec_id);
	free(process->stdin_path);
	free(process->stdout_uri);
	free(process->stderr_uri);
	free(process->spec);
}

static bool process_init(struct bw_process *process, struct bw_task *task, const struct bw_task_request *request,
	enum bw_process_state state)
{
	*process = (struct bw_process){
		.task = task,
		.state = state,
		.terminal = request->terminal,
		.stdin_path = strdup(request->stdin_path),
		.stdout_uri = strdup(request->stdout_uri),
		.stderr_uri = strdup(request->stderr_uri),
	};
	return process->stdin_path && process->stdout_uri && process->stderr_uri;
}

void bw_task_free(struct bw_task *task)
{
	struct bw_shim *shim = task->shim;
	struct bw_task **at = &shim->tasks;

	while (*at && *at != task)
		at = &(*at)->next;
	if (*at)
		*at = task->next;
	while (task->execs) {
		struct bw_process *exec = task->execs;

		task->execs = exec->next;
		process_done(exec);
		free(exec);
	}
	process_done(&task->init);
	bw_loop_cancel_timer(&shim->loop, &task->limit);
	bw_loop_remove(&shim->loop, &task->oom);
	bw_watch_free(task->watch);
	bw_arena_done(&task->arena);
	bw_arena_done(&task->creation);
	free(task->id);
	free(task->bundle);
	free(task->checkpoint);
	free(task);
}

struct bw_task *bw_task_new(struct bw_shim *shim, const struct bw_task_request *request)
{
	struct bw_task *task = calloc(1, sizeof *task);

	if (!task)
		return NULL;
	task->shim = shim;
	task->oom = (struct bw_source)BW_SOURCE_INIT;
	task->id = strdup(request->id);
	task->bundle = strdup(request->bundle);
	task->has_rootfs = request->mounts.n > 0;
	if (*request->checkpoint)
		task->checkpoint = strdup(request->checkpoint);
	if (!process_init(&task->init, task, request, BW_PROCESS_CREATING) || !task->id || !task->bundle ||
		(*request->checkpoint && !task->checkpoint)) {
		bw_task_free(task);
		return NULL;
	}
	task->serial = ++shim->serials;
	task->next = shim->tasks;
	shim->tasks = task;
	return task;
}

struct bw_process *bw_process_add_exec(struct bw_task *task, const struct bw_task_request *request)
{
	struct bw_process *exec = calloc(1, sizeof *exec);

	if (!exec)
		return NULL;
	if (process_init(exec, task, request, BW_PROCESS_ADDED))
		exec->spec = strndup((const char *)request->any->value.v, request->any->value.len);
	exec->exec_id = strdup(request->exec_id);
	if (!exec->spec || !exec->exec_id) {
		process_done(exec);
		free(exec);
		return NULL;
	}
	exec->next = task->execs;
	task->execs = exec;
	task->execs_n++;
	return exec;
}

void bw_process_remove_exec(struct bw_process *exec)
{
	struct bw_process **at = &exec->task->execs;

	while (*at != exec)
		at = &(*at)->next;
	*at = exec->next;
	exec->task->execs_n--;
	process_done(exec);
	free(exec);
}

struct bw_task *bw_task_find(const struct bw_shim *shim, const char *id)
{
	struct bw_task *task = shim->tasks;

	while (task && !bw_streq(task->id, id))
		task = task->next;
	return task;
}

struct bw_process *bw_process_find(struct bw_task *task, const char *exec_id)
{
	struct bw_process *exec = task->execs;

	if (!*exec_id)
		return &task->init;
	while (exec && !bw_streq(exec->exec_id, exec_id))
		exec = exec->next;
	return exec;
}
