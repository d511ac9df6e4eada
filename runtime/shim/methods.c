/* SPDX-License-Identifier: Apache-2.0 */
/* methods.c - the methods of containerd's service Task, one function each. What only looks answers from memory, at once;
 * what changes something begins a worker and answers later. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "json/json.h"
#include "shim/task.h"

enum {
	MAX_EXECS = 4096,	     /* of one container, running or not yet deleted */
	MAX_ID = 1024,	     /* bytes */
	MAX_PATH = 16384,    /* of a bundle or a stream; a logging program's arguments are part of it */
	MAX_SPECS = 32 << 20, /* bytes of process specs of execs that have not started */
};

/* What a method works on. */
struct target {
	struct bw_shim *shim;
	struct bw_call *call;
	const struct bw_task_request *request;
	struct bw_task *task;	    /* NULL only for methods that need none */
	struct bw_process *process; /* by exec_id */
};

static const struct bw_task_response nothing;

/* ---- failures ---- */

static enum bw_ttrpc_code code_of(const char *verb, const struct bw_err *err)
{
	switch (err->code) {
	case BW_E_NOT_FOUND:
		/* What is not found by a create is a file. */
		return bw_streq(verb, "create") ? BW_TTRPC_UNKNOWN : BW_TTRPC_NOT_FOUND;
	case BW_E_EXISTS:
		return BW_TTRPC_ALREADY_EXISTS;
	case BW_E_STATE:
		return BW_TTRPC_FAILED_PRECONDITION;
	case BW_E_MEMORY:
		return BW_TTRPC_RESOURCE_EXHAUSTED;
	/* Engines show the text of these, and look for words in it. */
	case BW_E_NONE:
	case BW_E_USAGE:
	case BW_E_SPEC:
	case BW_E_POLICY:
	case BW_E_DENIED:
	case BW_E_HOST:
	case BW_E_KERNEL:
	case BW_E_PROGRAM:
	case BW_E_INTERNAL:
	case BW_E_COUNT:
		break;
	}
	return BW_TTRPC_UNKNOWN;
}

void bw_refuse_verb(struct bw_call *call, const char *verb, const struct bw_err *err)
{
	bw_log(BW_LOG_ERROR, "%s: %s", verb, err->text);
	/* As runc's shim has it for a process that is gone: engines take it for success. */
	if (bw_streq(verb, "kill") && err->code == BW_E_STATE)
		bw_call_refuse(call, BW_TTRPC_NOT_FOUND, "process already finished");
	else
		bw_call_refuse(call, code_of(verb, err), "OCI runtime %s failed: %s%s%s", verb, err->text,
			err->hint[0] ? ": " : "", err->hint);
}

static void refuse_memory(struct bw_call *call)
{
	bw_call_refuse(call, BW_TTRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- what only looks ---- */

static void state(struct target *target)
{
	const struct bw_process *process = target->process;
	struct bw_timestamp exited_at = bw_process_exited_at(process);
	bool stopped = bw_process_status(process) == BW_TASK_STOPPED;

	bw_call_answer(target->call, &(struct bw_task_response){
		.id = process->exec_id ? process->exec_id : target->task->id,
		.bundle = target->task->bundle,
		.pid = (uint64_t)process->pid,
		.status = bw_process_status(process),
		.stdin_path = process->stdin_path,
		.stdout_uri = process->stdout_uri,
		.stderr_uri = process->stderr_uri,
		.terminal = process->terminal,
		.exit_status = stopped ? process->exit_status : 0,
		.exited_at = stopped ? &exited_at : NULL,
		.exec_id = process->exec_id ? process->exec_id : "",
	});
}

/* Also for a container that is not there: containerd asks so whether the shim lives. */
static void connect_(struct target *target)
{
	const struct bw_task *task = bw_task_find(target->shim, target->request->id);

	bw_call_answer(target->call, &(struct bw_task_response){
		.shim_pid = (uint64_t)getpid(), .task_pid = task ? (uint64_t)task->init.pid : 0, .version = ""});
}

static const struct bw_process *exec_with(const struct bw_task *task, pid_t pid)
{
	const struct bw_process *exec = task->execs;

	while (exec && (exec->pid != pid || exec->ended))
		exec = exec->next;
	return exec;
}

static int describe_exec(const struct bw_process *exec, struct bw_task_process *ret, struct bw_wire *details,
	struct bw_arena *arena)
{
	struct bw_process_details process = {.exec_id = exec->exec_id};
	unsigned char *copy;

	bw_proto_write(&bw_process_details_table, &process, details);
	copy = bw_arena_alloc(arena, details->len + 1);
	ret->info = bw_arena_alloc(arena, sizeof *ret->info);
	if (!copy || !ret->info || details->no_memory)
		return -1;
	memcpy(copy, details->bytes, details->len);
	*ret->info = (struct bw_any){
		.type_url = "containerd.runc.v1.ProcessDetails", .value = {.v = copy, .len = details->len}};
	return 0;
}

/* All of the container's, those of execs with their id. */
static void pids(struct target *target)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_task_response response = {0};
	auto_free pid_t *list = NULL;
	struct bw_err err = {0};
	size_t n = 0;

	if (target->task->watch && bw_watch_pids(target->task->watch, &list, &n, &err) < 0) {
		bw_refuse_verb(target->call, "ps", &err);
		return;
	}
	response.processes.v = bw_arena_alloc(&arena, (n + 1) * sizeof *response.processes.v);
	response.processes.n = n;
	/* A container that has ended while containerd was away: one without any process it takes for a leftover, and its exit
	 * status would be lost. */
	if (response.processes.v && n == 0 && target->task->init.pid) {
		response.processes.v[0].pid = (uint64_t)target->task->init.pid;
		response.processes.n = 1;
	}
	for (size_t i = 0; response.processes.v && i < n; i++) {
		const struct bw_process *exec = exec_with(target->task, list[i]);
		auto_wire struct bw_wire details = {0};

		response.processes.v[i].pid = (uint64_t)list[i];
		if (exec && describe_exec(exec, &response.processes.v[i], &details, &arena) < 0)
			response.processes.v = NULL;
	}
	if (response.processes.v)
		bw_call_answer(target->call, &response);
	else
		refuse_memory(target->call);
}

static void stats(struct target *target)
{
	auto_wire struct bw_wire metrics = {0};
	struct bw_err err = {0};
	struct bw_any any = {0};

	if (!target->task->watch) {
		bw_call_refuse(target->call, BW_TTRPC_NOT_FOUND, "the container has no cgroup");
		return;
	}
	if (bw_watch_metrics(target->task->watch, &metrics, &any.type_url, &err) < 0) {
		bw_refuse_verb(target->call, "stats", &err);
		return;
	}
	any.value = (struct bw_proto_bytes){.v = metrics.bytes, .len = metrics.len};
	bw_call_answer(target->call, &(struct bw_task_response){.stats = &any});
}

static void wait_(struct target *target)
{
	struct bw_process *process = target->process;
	struct bw_timestamp exited_at = bw_process_exited_at(process);

	if (bw_process_status(process) == BW_TASK_STOPPED)
		bw_call_answer(target->call,
			&(struct bw_task_response){.exit_status = process->exit_status, .exited_at = &exited_at});
	else
		bw_calls_add(&process->waiters, target->call);
}

/* ---- the life of a process ---- */

static int copy_text(struct bw_arena *arena, const char *text, const char **ret)
{
	*ret = bw_arena_strdup(arena, text);
	return *ret ? 0 : -1;
}

static int copy_mount(struct bw_arena *arena, const struct bw_rootfs_mount *mount, struct bw_rootfs_mount *ret)
{
	ret->options.n = mount->options.n;
	ret->options.v = bw_arena_alloc(arena, (mount->options.n + 1) * sizeof *ret->options.v);
	for (size_t i = 0; ret->options.v && i < mount->options.n; i++)
		if (copy_text(arena, mount->options.v[i], &ret->options.v[i]) < 0)
			return -1;
	return !ret->options.v || copy_text(arena, mount->type, &ret->type) < 0 ||
			       copy_text(arena, mount->source, &ret->source) < 0 ||
			       copy_text(arena, mount->target, &ret->target) < 0
		       ? -1
		       : 0;
}

/* For the event: it is told when the request has been forgotten. */
static int copy_mounts(struct bw_task *task, const struct bw_rootfs_mounts *mounts)
{
	task->mounts.v = bw_arena_alloc(&task->creation, (mounts->n + 1) * sizeof *task->mounts.v);
	for (size_t i = 0; task->mounts.v && i < mounts->n; i++)
		if (copy_mount(&task->creation, &mounts->v[i], &task->mounts.v[i]) < 0)
			return -1;
	task->mounts.n = mounts->n;
	return task->mounts.v ? 0 : -1;
}

static int make_context(struct bw_task *task, const struct bw_task_request *request, struct bw_err *err)
{
	struct bw_shim_settings *settings = &task->settings;
	const char *root;

	if (bw_shim_settings_read(request->any, &task->arena, settings, err) < 0)
		return -1;
	root = bw_arena_printf(&task->arena, "%s/%s", settings->root, task->shim->namespace);
	if (!root || copy_mounts(task, &request->mounts) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "container");
	task->context = (struct bw_context){
		.root = root,
		.policy_path = settings->policy,
		.profile = settings->profile,
		.systemd_cgroup = settings->systemd_cgroup,
		.systemd_by_path = true,
	};
	return 0;
}

/* They come back in events, which have to fit a frame. */
static bool has_long_paths(const struct bw_task_request *request)
{
	const char *const paths[] = {request->bundle, request->stdin_path, request->stdout_uri, request->stderr_uri,
		request->checkpoint};

	for (size_t i = 0; i < BW_COUNT(paths); i++)
		if (paths[i] && strlen(paths[i]) > MAX_PATH)
			return true;
	return false;
}

static void create(struct target *target)
{
	const struct bw_task_request *request = target->request;
	struct bw_err err = {0};
	struct bw_task *task;

	if (target->shim->ending) {
		bw_call_refuse(target->call, BW_TTRPC_UNAVAILABLE, "create: this server has been shut down");
		return;
	}
	if (target->task) {
		bw_call_refuse(target->call, BW_TTRPC_ALREADY_EXISTS, "container %s already exists", request->id);
		return;
	}
	if (!*request->id || strlen(request->id) > MAX_ID || request->bundle[0] != '/' || has_long_paths(request)) {
		bw_call_refuse(target->call, BW_TTRPC_INVALID_ARGUMENT,
			"create: expected an id, an absolute bundle and paths of at most %d bytes, found \"%.100s\" "
			"and \"%.200s\"",
			MAX_PATH, request->id, request->bundle);
		return;
	}
	task = bw_task_new(target->shim, request);
	if (!task) {
		refuse_memory(target->call);
		return;
	}
	task->init.call = target->call;
	if (make_context(task, request, &err) == 0 && bw_work_create(&task->init, &request->mounts, &err) == 0)
		return;
	bw_refuse_verb(target->call, "create", &err);
	bw_task_free(task);
}

static void event(struct target *target, enum bw_process_event event)
{
	bw_process_event(target->process, event, &(struct bw_occurrence){.call = target->call});
}

static void start(struct target *target)
{
	event(target, BW_EVENT_START);
}

static void delete(struct target *target)
{
	event(target, BW_EVENT_DELETE);
}

static size_t waiting_specs(const struct bw_task *task)
{
	size_t sum = 0;

	for (const struct bw_process *exec = task->execs; exec; exec = exec->next)
		sum += exec->spec ? strlen(exec->spec) : 0;
	return sum;
}

/* A long one is looked at by the worker that starts it. */
static bool is_json(const struct bw_proto_bytes *text)
{
	enum { LOOKED_AT = 64 << 10 };
	auto_wiped_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err ignored = {0};
	struct bw_json *tree;

	if (memchr(text->v, '\0', text->len))
		return false;
	return text->len > LOOKED_AT ||
	       bw_json_parse((const char *)text->v, text->len, "process", &arena, &tree, &ignored) == 0;
}

/* Registers; the process starts with Start. */
static void exec(struct target *target)
{
	const struct bw_task_request *request = target->request;
	struct bw_task *task = target->task;
	struct bw_process *exec;

	if (!*request->exec_id || strlen(request->exec_id) > MAX_ID || has_long_paths(request) || !request->any) {
		bw_call_refuse(target->call, BW_TTRPC_INVALID_ARGUMENT,
			"exec: expected an id of at most %d bytes, paths of at most %d, and a process, found "
			"\"%.100s\"",
			MAX_ID, MAX_PATH, request->exec_id);
	} else if (bw_process_find(task, request->exec_id)) {
		bw_call_refuse(target->call, BW_TTRPC_ALREADY_EXISTS, "id %s already exists", request->exec_id);
	} else if (task->init.ended || bw_process_status(&task->init) == BW_TASK_STOPPED) {
		bw_call_refuse(target->call, BW_TTRPC_FAILED_PRECONDITION,
			"OCI runtime exec failed: cannot exec in a stopped container");
	} else if (task->paused) {
		bw_call_refuse(target->call, BW_TTRPC_FAILED_PRECONDITION,
			"OCI runtime exec failed: cannot exec in a paused container");
	} else if (!task->watch || task->init.state == BW_PROCESS_CREATING) {
		bw_call_refuse(target->call, BW_TTRPC_FAILED_PRECONDITION,
			"OCI runtime exec failed: the container is not there yet");
	} else if (task->execs_n >= MAX_EXECS || waiting_specs(task) + request->any->value.len > MAX_SPECS) {
		bw_call_refuse(target->call, BW_TTRPC_RESOURCE_EXHAUSTED,
			"OCI runtime exec failed: the container has %zu processes that were not deleted", task->execs_n);
	} else if (!request->any->value.v || !is_json(&request->any->value)) {
		bw_call_refuse(target->call, BW_TTRPC_INVALID_ARGUMENT, "exec: the process is no JSON text");
	} else {
		exec = bw_process_add_exec(task, request);
		if (!exec) {
			refuse_memory(target->call);
			return;
		}
		bw_process_publish(exec, BW_TOPIC_EXEC_ADDED);
		bw_call_answer(target->call, &nothing);
	}
}

/* ---- what is done to processes ---- */

static void by_worker(struct target *target, enum bw_task_method method)
{
	struct bw_err err = {0};

	if (bw_work_verb(target->task, method, target->request, target->call, &err) < 0)
		bw_refuse_verb(target->call, bw_task_layouts[method].name, &err);
}

/* Without a worker where a signal is all that it takes: the process is our child, so that its number is its own until it
 * is reaped. */
static void kill_(struct target *target)
{
	const struct bw_task_request *request = target->request;
	struct bw_process *process = target->process;
	const struct bw_task *task = target->task;
	int signal = (int)request->signal;
	bool alone = process->exec_id || (signal != SIGKILL && !request->all) ||
		     (signal == SIGKILL && !task->paused && task->watch && bw_watch_has_own_pids(task->watch));

	if (request->signal > (uint64_t)SIGRTMAX) {
		bw_call_refuse(target->call, BW_TTRPC_INVALID_ARGUMENT, "kill: %llu is no signal",
			(unsigned long long)request->signal);
	} else if (process->ended || bw_process_status(process) == BW_TASK_STOPPED) {
		bw_call_refuse(target->call, BW_TTRPC_NOT_FOUND, "process already finished");
	} else if (!process->pid && process->exec_id && process->state == BW_PROCESS_STARTING) {
		bw_process_hold_signal(process, signal, target->call);
	} else if (!process->pid) {
		bw_call_refuse(target->call, BW_TTRPC_FAILED_PRECONDITION, "process not created");
	} else if (!alone) {
		by_worker(target, BW_TASK_KILL);
	} else if (kill(process->pid, signal) < 0) {
		bw_call_refuse(target->call, BW_TTRPC_UNKNOWN, "kill: %s", bw_errno_words(errno));
	} else {
		bw_call_answer(target->call, &nothing);
	}
}

static void pause_(struct target *target)
{
	if (bw_process_status(&target->task->init) != BW_TASK_RUNNING)
		bw_call_refuse(target->call, BW_TTRPC_FAILED_PRECONDITION, "pause: the container does not run");
	else
		by_worker(target, BW_TASK_PAUSE);
}

static void resume(struct target *target)
{
	if (bw_process_status(&target->task->init) != BW_TASK_PAUSED)
		bw_call_refuse(target->call, BW_TTRPC_FAILED_PRECONDITION, "resume: the container is not paused");
	else
		by_worker(target, BW_TASK_RESUME);
}

static void update(struct target *target)
{
	if (target->request->any)
		by_worker(target, BW_TASK_UPDATE);
	else
		bw_call_answer(target->call, &nothing);
}

static void checkpoint(struct target *target)
{
	by_worker(target, BW_TASK_CHECKPOINT);
}

static void resize_pty(struct target *target)
{
	const struct bw_task_request *request = target->request;
	struct bw_err err = {0};

	if (target->process->ended || !target->process->stdio)
		bw_call_refuse(target->call, BW_TTRPC_FAILED_PRECONDITION, "the process does not run");
	else if (bw_stdio_resize(target->process->stdio, (unsigned)request->width, (unsigned)request->height, &err) < 0)
		bw_refuse_verb(target->call, "resize", &err);
	else
		bw_call_answer(target->call, &nothing);
}

static void close_io(struct target *target)
{
	if (target->request->close_stdin && target->process->stdio)
		bw_stdio_close_stdin(target->process->stdio);
	bw_call_answer(target->call, &nothing);
}

/* ---- the end of the shim ---- */

static void flushed(void *ctx)
{
	struct bw_shim *shim = ctx;

	bw_loop_end(&shim->loop);
}

/* Engines ask after each container of a pod: as long as there is another one, nothing happens. */
static void shutdown_(struct target *target)
{
	enum { FLUSH_MS = 5000 };
	struct bw_shim *shim = target->shim;

	if (shim->tasks || shim->ending) {
		bw_call_answer(target->call, &nothing);
		return;
	}
	shim->ending = true;
	/* Before the answer: a `start` of the same name or group would be given the address of a server that ends. */
	bw_server_stop_listening(shim->server);
	bw_call_answer(target->call, &nothing);
	bw_publisher_flush(shim->publisher, FLUSH_MS, flushed, shim);
}

/* ---- the table ---- */

enum needs { NONE, TASK, PROCESS };

static const struct {
	void (*handle)(struct target *target);
	enum needs needs;
} methods[BW_TASK_METHODS] = {
	[BW_TASK_STATE] = {state, PROCESS},
	[BW_TASK_CREATE] = {create, NONE},
	[BW_TASK_START] = {start, PROCESS},
	[BW_TASK_DELETE] = {delete, PROCESS},
	[BW_TASK_PIDS] = {pids, TASK},
	[BW_TASK_PAUSE] = {pause_, TASK},
	[BW_TASK_RESUME] = {resume, TASK},
	[BW_TASK_CHECKPOINT] = {checkpoint, TASK},
	[BW_TASK_KILL] = {kill_, PROCESS},
	[BW_TASK_EXEC] = {exec, TASK},
	[BW_TASK_RESIZE_PTY] = {resize_pty, PROCESS},
	[BW_TASK_CLOSE_IO] = {close_io, PROCESS},
	[BW_TASK_UPDATE] = {update, TASK},
	[BW_TASK_WAIT] = {wait_, PROCESS},
	[BW_TASK_STATS] = {stats, TASK},
	[BW_TASK_CONNECT] = {connect_, NONE},
	[BW_TASK_SHUTDOWN] = {shutdown_, NONE},
};

void bw_shim_handle(void *ctx, enum bw_task_method method, struct bw_call *call, const struct bw_task_request *request)
{
	struct target target = {.shim = ctx, .call = call, .request = request};

	target.task = bw_task_find(target.shim, request->id);
	if (target.task && methods[method].needs == PROCESS)
		target.process = bw_process_find(target.task, request->exec_id);
	if (methods[method].needs != NONE && !target.task)
		bw_call_refuse(call, BW_TTRPC_NOT_FOUND, "container %s does not exist", request->id);
	else if (methods[method].needs == PROCESS && !target.process)
		bw_call_refuse(call, BW_TTRPC_NOT_FOUND, "process %s does not exist", request->exec_id);
	else
		methods[method].handle(&target);
}
