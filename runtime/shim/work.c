/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - what workers do: the verbs of libbulwark, the mounts of the root file system, logging programs. A function
 * that ends in _body runs in the worker; the others in the shim. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "shim/bundle_file.h"
#include "shim/rootfs_mounts.h"
#include "shim/task.h"

/* ---- bodies ---- */

static int take_stdio(const struct bw_stdio *stdio, struct bw_err *err)
{
	for (int which = 0; which <= STDERR_FILENO; which++)
		if (dup2(bw_stdio_child_fd(stdio, which), which) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "standard descriptor %d", which);
	return 0;
}

/* Who writes a container's labels can ask for a program of the host to be started, or for any file of it to be written to
 * (CVE-2026-53488): the policy names those that may be. bundle NULL: of a container that is there. */
static int start_logger(const struct bw_process *process, const char *bundle, struct bw_report *report, struct bw_err *err)
{
	const char *program = bw_stdio_logger(process->stdio), *file = bw_stdio_file(process->stdio);
	const struct bw_task *task = process->task;
	bool restricted = false;

	if (!program && !file)
		return 0;
	if (program && bw_logger_check(&task->context, task->id, bundle, program, err) < 0)
		return -1;
	if (file && bw_logger_check_file(&task->context, task->id, bundle, file, &restricted, err) < 0)
		return -1;
	return bw_stdio_start_logger(process->stdio, restricted, &report->logger, err);
}

static void end_logger(struct bw_report *report)
{
	if (report->logger > 0)
		kill(report->logger, SIGKILL);
	report->logger = 0;
}

static int console_of(const struct bw_process *process)
{
	int fd = bw_stdio_console_fd(process->stdio);

	return fd >= 0 ? fd : 0;
}

static int create(const struct bw_process *init, struct bw_report *report, struct bw_err *err)
{
	const struct bw_task *task = init->task;
	char pid_file[4096];
	struct bw_create_options options = {
		.bundle = task->bundle,
		.console_fd = console_of(init),
		.pid_file = pid_file,
		.no_pivot = task->settings.no_pivot,
		.no_new_keyring = task->settings.no_new_keyring,
		.keeps_time = true,
		.ret_pid = &report->pid,
	};

	if (snprintf(pid_file, sizeof pid_file, "%s/init.pid", task->bundle) >= (int)sizeof pid_file)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "bundle %.200s", task->bundle);
	if (chdir(task->bundle) < 0)
		return bw_fail(err, BW_E_USAGE, errno, "bundle %s", task->bundle);
	if (start_logger(init, task->bundle, report, err) < 0 || take_stdio(init->stdio, err) < 0)
		return -1;
	if (bw_container_create(&task->context, task->id, &options, err) == 0)
		return 0;
	/* On the command line the document is the caller's own; here it is one of many. */
	return err->code == BW_E_SPEC && err->text[0] == '/' ? bw_wrap(err, "config.json") : -1;
}

static int rootfs_of(const struct bw_task *task, char *path, size_t size, struct bw_err *err)
{
	if (snprintf(path, size, "%s/rootfs", task->bundle) >= (int)size)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "bundle %.200s", task->bundle);
	return 0;
}

static int leave_note(const struct bw_task *task, pid_t pid, struct bw_err *err)
{
	const struct bw_context *context = &task->context;
	struct bw_bundle_file file = {
		.root = context->root,
		.policy = context->policy_path,
		.profile = context->profile,
		.systemd_cgroup = context->systemd_cgroup,
		.pid = pid,
	};

	return bw_bundle_file_write(task->bundle, &file, err);
}

struct create_work {
	struct bw_process *init;
	const struct bw_rootfs_mounts *mounts;
};

static int create_body(void *ctx, struct bw_report *report, struct bw_err *err)
{
	const struct create_work *work = ctx;
	const struct bw_task *task = work->init->task;
	struct bw_err ignored = {0};
	char rootfs[4096];

	/* For `delete`, before there is anything to be deleted. */
	if (rootfs_of(task, rootfs, sizeof rootfs, err) < 0 || leave_note(task, 0, err) < 0 ||
		bw_rootfs_mount_all(work->mounts, rootfs, err) < 0)
		return -1;
	if (task->checkpoint)
		return 0;
	if (create(work->init, report, err) == 0) {
		/* Its pid is for the answer of `delete` alone. */
		if (leave_note(task, report->pid, &ignored) < 0)
			bw_log_error(&ignored, task->id);
		return 0;
	}
	end_logger(report);
	report->pid = 0;
	if (work->mounts->n && bw_rootfs_unmount(rootfs, &ignored) < 0)
		bw_log_error(&ignored, task->id);
	return -1;
}

static int restore_body(void *ctx, struct bw_report *report, struct bw_err *err)
{
	const struct bw_process *init = ctx;
	const struct bw_task *task = init->task;
	struct bw_image_options image = {.image_path = task->checkpoint, .work_path = task->settings.criu_work_path};
	struct bw_create_options options = {
		.bundle = task->bundle,
		.console_fd = console_of(init),
		.no_pivot = task->settings.no_pivot,
		.no_new_keyring = task->settings.no_new_keyring,
		.detach = true,
		.no_subreaper = true,
		.keeps_time = true,
		.ret_pid = &report->pid,
	};
	int code;

	if (chdir(task->bundle) < 0)
		return bw_fail(err, BW_E_USAGE, errno, "bundle %s", task->bundle);
	if (start_logger(init, task->bundle, report, err) < 0 || take_stdio(init->stdio, err) < 0)
		return -1;
	if (bw_container_restore(&task->context, task->id, &image, &options, &code, err) == 0)
		return 0;
	end_logger(report);
	return -1;
}

static int start_body(void *ctx, struct bw_report *report, struct bw_err *err)
{
	const struct bw_process *init = ctx;

	(void)report;
	return bw_container_start(&init->task->context, init->task->id, err);
}

/* A file in memory: what a caller of ours has sent as text. */
static int text_file(const char *text, size_t len, struct bw_err *err)
{
	auto_close int fd = memfd_create("bulwark-shim", MFD_CLOEXEC);

	if (fd < 0 || bw_write_all(fd, text, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "passing on a document");
	return take_fd(&fd);
}

static int exec_body(void *ctx, struct bw_report *report, struct bw_err *err)
{
	const struct bw_process *exec = ctx;
	const struct bw_task *task = exec->task;
	auto_close int spec = text_file(exec->spec, strlen(exec->spec), err);
	char path[32];
	struct bw_exec_options options = {
		.process_path = path,
		.console_fd = console_of(exec),
		.tty = exec->terminal,
		.tty_decides = true,
		.detach = true,
		.ret_pid = &report->pid,
	};
	int code;

	if (spec < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", spec);
	if (start_logger(exec, NULL, report, err) < 0 || take_stdio(exec->stdio, err) < 0)
		return -1;
	if (bw_container_exec(&task->context, task->id, &options, &code, err) == 0)
		return 0;
	end_logger(report);
	return -1;
}

/* Also after a create of which anything may be there or not. */
static int delete_body(void *ctx, struct bw_report *report, struct bw_err *err)
{
	const struct bw_task *task = ctx;
	char rootfs[4096];

	(void)report;
	if (rootfs_of(task, rootfs, sizeof rootfs, err) < 0 ||
		bw_container_delete(&task->context, task->id, true, err) < 0)
		return -1;
	return task->has_rootfs ? bw_rootfs_unmount(rootfs, err) : 0;
}

/* ---- begun by the shim ---- */

static int begin(struct bw_process *process, bw_worker_body *body, void *ctx, bw_worker_done *done, struct bw_err *err)
{
	int keep[BW_STDIO_WORKER_FDS];
	struct bw_work work = {
		.body = body,
		.ctx = ctx,
		.keep = keep,
		.keep_n = process->stdio ? bw_stdio_worker_fds(process->stdio, keep) : 0,
		.done = done,
		.owner = process,
	};

	return bw_worker_begin(&process->task->shim->workers, &work, err);
}

static int open_stdio(struct bw_process *process, struct bw_err *err)
{
	const struct bw_task *task = process->task;
	struct bw_stdio_request request = {
		.stdin_path = process->stdin_path,
		.stdout_uri = process->stdout_uri,
		.stderr_uri = process->stderr_uri,
		.terminal = process->terminal,
		/* Else libbulwark gives them to the user that the policy leaves. */
		.uid = task->settings.has_io_owner ? (uid_t)task->settings.io_uid : geteuid(),
		.gid = task->settings.has_io_owner ? (gid_t)task->settings.io_gid : getegid(),
		.id = task->id,
		.namespace = task->shim->namespace,
	};

	return bw_stdio_open(&task->shim->loop, &request, &process->stdio, err);
}

static void created(void *owner, const struct bw_report *report)
{
	bw_process_event(owner, report->failed ? BW_EVENT_CREATE_FAILED : BW_EVENT_CREATED,
		&(struct bw_occurrence){.report = report});
}

int bw_work_create(struct bw_process *init, const struct bw_rootfs_mounts *mounts, struct bw_err *err)
{
	struct create_work work = {.init = init, .mounts = mounts};

	if (open_stdio(init, err) < 0)
		return -1;
	return begin(init, create_body, &work, created, err);
}

static void started(void *owner, const struct bw_report *report)
{
	bw_process_event(owner, report->failed ? BW_EVENT_START_FAILED : BW_EVENT_STARTED,
		&(struct bw_occurrence){.report = report});
}

int bw_work_start(struct bw_process *process, struct bw_err *err)
{
	if (!process->exec_id)
		return begin(process, process->task->checkpoint ? restore_body : start_body, process, started, err);
	if (open_stdio(process, err) < 0)
		return -1;
	if (begin(process, exec_body, process, started, err) == 0)
		return 0;
	bw_stdio_free(process->stdio);
	process->stdio = NULL;
	return -1;
}

static void deleted(void *owner, const struct bw_report *report)
{
	bw_process_event(owner, report->failed ? BW_EVENT_DELETE_FAILED : BW_EVENT_DELETED,
		&(struct bw_occurrence){.report = report});
}

int bw_work_delete(struct bw_process *init, struct bw_err *err)
{
	return begin(init, delete_body, init->task, deleted, err);
}

struct clean_up {
	struct bw_process *init;
	struct bw_err why;
};

static void cleaned_up(void *owner, const struct bw_report *report)
{
	struct clean_up *clean_up = owner;
	struct bw_process *init = clean_up->init;
	struct bw_report why = {.failed = true, .err = clean_up->why};

	if (report->failed)
		bw_log_error(&report->err, init->task->id);
	free(clean_up);
	bw_process_event(init, BW_EVENT_CREATE_FAILED, &(struct bw_occurrence){.report = &why});
}

int bw_work_clean_up(struct bw_process *init, const struct bw_err *why)
{
	struct clean_up *clean_up = calloc(1, sizeof *clean_up);
	struct bw_work work = {.body = delete_body, .ctx = init->task, .done = cleaned_up, .owner = clean_up};
	struct bw_err err = {0};

	if (!clean_up)
		return -1;
	*clean_up = (struct clean_up){.init = init, .why = *why};
	if (bw_worker_begin(&init->task->shim->workers, &work, &err) == 0)
		return 0;
	bw_log_error(&err, init->task->id);
	free(clean_up);
	return -1;
}

/* ---- verbs that leave the processes what they are ---- */

struct verb {
	struct bw_shim *shim;
	struct bw_call *call; /* NULL: nobody waits */
	enum bw_task_method method;
	uint64_t serial; /* of the task, which may be gone when the worker has done */
	/* in the worker */
	const struct bw_task *task;
	const struct bw_task_request *request;
};

static int update_body(const struct verb *verb, struct bw_err *err)
{
	const struct bw_proto_bytes *json = &verb->request->any->value;
	auto_close int fd = text_file((const char *)json->v, json->len, err);
	struct bw_update_options options = {.resources = "-"};

	if (fd < 0)
		return -1;
	if (dup2(fd, STDIN_FILENO) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "resources");
	return bw_container_update(&verb->task->context, verb->task->id, &options, err);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static int checkpoint_body(const struct verb *verb, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_checkpoint_options asked = {.cgroups_mode = "", .image_path = "", .work_path = "", .parent_path = ""};
	struct bw_image_options image = {0};
	const struct bw_any *any = verb->request->any;

	if (any && any->value.len &&
		bw_proto_read(&bw_checkpoint_options_table, any->value.v, any->value.len, &arena, &asked, err) < 0)
		return -1;
	image = (struct bw_image_options){
		.image_path = *verb->request->path ? verb->request->path
			      : *asked.image_path  ? asked.image_path
						   : verb->task->settings.criu_image_path,
		.work_path = *asked.work_path ? asked.work_path : verb->task->settings.criu_work_path,
		.parent_path = or_null(asked.parent_path),
		.manage_cgroups_mode = or_null(asked.cgroups_mode),
		.leave_running = !asked.exit,
		.tcp_established = asked.open_tcp,
		.ext_unix_sk = asked.external_unix_sockets,
		.shell_job = asked.terminal,
		.file_locks = asked.file_locks,
	};
	if (asked.empty_namespaces.n) {
		const char **names = bw_arena_alloc(&arena, (asked.empty_namespaces.n + 1) * sizeof *names);

		if (!names)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "checkpoint");
		memcpy(names, asked.empty_namespaces.v, asked.empty_namespaces.n * sizeof *names);
		image.empty_ns = names;
	}
	return bw_container_checkpoint(&verb->task->context, verb->task->id, &image, err);
}

static int verb_body(void *ctx, struct bw_report *report, struct bw_err *err)
{
	const struct verb *verb = ctx;
	const struct bw_context *context = &verb->task->context;
	const char *id = verb->task->id;

	(void)report;
	switch ((int)verb->method) {
	case BW_TASK_PAUSE:
		return bw_container_pause(context, id, err);
	case BW_TASK_RESUME:
		return bw_container_resume(context, id, err);
	case BW_TASK_UPDATE:
		return update_body(verb, err);
	case BW_TASK_CHECKPOINT:
		return checkpoint_body(verb, err);
	case BW_TASK_DELETE:
		return bw_container_delete(context, id, true, err);
	default:
		return bw_container_kill(context, id, verb->request ? (int)verb->request->signal : SIGKILL,
			!verb->request || verb->request->all, err);
	}
}

/* What changes for those who ask for the state, and what is told. */
static const struct {
	const char *name;
	bool paused, resumed, tells;
	enum bw_topic topic;
} verbs[BW_TASK_METHODS] = {
	[BW_TASK_PAUSE] = {"pause", true, false, true, BW_TOPIC_PAUSED},
	[BW_TASK_RESUME] = {"resume", false, true, true, BW_TOPIC_RESUMED},
	[BW_TASK_UPDATE] = {"update", false, false, false, BW_TOPICS},
	[BW_TASK_CHECKPOINT] = {"checkpoint", false, false, true, BW_TOPIC_CHECKPOINTED},
	[BW_TASK_DELETE] = {"delete", false, false, false, BW_TOPICS},
	[BW_TASK_KILL] = {"kill", false, false, false, BW_TOPICS},
};

static void verb_done(void *owner, const struct bw_report *report)
{
	struct verb *verb = owner;
	struct bw_task *task = verb->shim->tasks;

	while (task && task->serial != verb->serial)
		task = task->next;
	if (!report->failed && task) {
		task->paused = (task->paused || verbs[verb->method].paused) && !verbs[verb->method].resumed;
		if (verbs[verb->method].tells)
			bw_process_publish(&task->init, verbs[verb->method].topic);
	}
	if (task && !verb->call && verb->method == BW_TASK_KILL)
		task->killing = false;
	if (verb->call && report->failed)
		bw_refuse_verb(verb->call, verbs[verb->method].name, &report->err);
	else if (verb->call)
		bw_call_answer(verb->call, &(struct bw_task_response){0});
	else if (report->failed)
		bw_log(BW_LOG_WARNING, "%s: %s", task ? task->id : "a container that is gone", report->err.text);
	free(verb);
}

int bw_work_verb(struct bw_task *task, enum bw_task_method method, const struct bw_task_request *request,
	struct bw_call *call, struct bw_err *err)
{
	struct verb *verb = calloc(1, sizeof *verb);
	struct bw_work work = {.body = verb_body, .ctx = verb, .done = verb_done, .owner = verb};

	if (!verb)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "%s", verbs[method].name);
	*verb = (struct verb){.shim = task->shim, .call = call, .method = method, .serial = task->serial, .task = task,
		.request = request};
	if (bw_worker_begin(&task->shim->workers, &work, err) == 0) {
		verb->task = NULL;
		verb->request = NULL;
		return 0;
	}
	free(verb);
	return -1;
}

void bw_work_kill_all(struct bw_task *task)
{
	struct bw_err err = {0};

	if (task->killing)
		return;
	task->killing = bw_work_verb(task, BW_TASK_KILL, NULL, NULL, &err) == 0;
	if (!task->killing)
		bw_log_error(&err, task->id);
}

void bw_work_discard(struct bw_task *task)
{
	struct bw_err err = {0};

	if (bw_work_verb(task, BW_TASK_DELETE, NULL, NULL, &err) < 0)
		bw_log_error(&err, task->id);
}
