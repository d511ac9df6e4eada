/* SPDX-License-Identifier: Apache-2.0 */
/* task.h - what the server keeps of containers and their processes: in containerd's words a task, its init and its execs.
 * Private to the server's files: serve.c, methods.c (requests), process.c (the life of a process), task.c (memory), work.c
 * (what workers do). */
#ifndef BW_SHIM_TASK_H
#define BW_SHIM_TASK_H

#include <time.h>

#include "container/bulwark.h"
#include "shim/loop.h"
#include "shim/publish.h"
#include "shim/server.h"
#include "shim/settings.h"
#include "shim/stdio.h"
#include "shim/worker.h"

struct bw_task;

enum bw_process_state {
	BW_PROCESS_ADDED,    /* an exec that is registered */
	BW_PROCESS_CREATING, /* an init that a worker makes */
	BW_PROCESS_CREATED,  /* an init that waits for start */
	BW_PROCESS_STARTING, /* a worker is at it */
	BW_PROCESS_RUNNING,
	BW_PROCESS_STOPPED, /* its end is known to all */
	BW_PROCESS_DELETING,
	BW_PROCESS_STATES
};

struct bw_process {
	struct bw_task *task;
	struct bw_process *next; /* execs */
	char *exec_id;		 /* NULL: the init */
	enum bw_process_state state;
	pid_t pid;	  /* 0: none yet; stays when it has ended */
	bool ended;	  /* reaped: exit_status and exited_at are known, perhaps not told yet */
	bool killed;	  /* an init that never ran is ended first, to be deleted */
	unsigned exit_status; /* as a shell shows it */
	struct timespec exited_at;
	char *stdin_path, *stdout_uri, *stderr_uri;
	bool terminal;
	struct bw_stdio *stdio;
	bool drained, going; /* going: its Delete is past the wait for output */
	struct bw_timer drain; /* Delete waits for output, but not for ever */
	struct bw_timer patience; /* with a worker that starts what has ended already */
	char *spec;	       /* JSON of an exec, until it starts */
	struct bw_call *call;  /* Create or Start that a worker is at */
	struct bw_calls waiters, deleters;
	uint64_t held_signals; /* of an exec that has no pid yet: bit SIGNAL - 1 */
	struct bw_calls killers; /* whose calls those were */
};

struct bw_task {
	struct bw_shim *shim;
	struct bw_task *next;
	uint64_t serial; /* another one of the same id has another */
	char *id, *bundle;
	struct bw_arena arena; /* of settings and context */
	struct bw_arena creation; /* until it is created: */
	struct bw_rootfs_mounts mounts;
	struct bw_shim_settings settings;
	struct bw_context context;
	char *checkpoint; /* to be restored from, by Start; or NULL */
	struct bw_watch *watch; /* NULL before there is a container */
	struct bw_source oom;
	bool oom_told;
	time_t oom_told_at; /* seconds, CLOCK_MONOTONIC */
	bool paused, has_rootfs; /* has_rootfs: we have mounted it */
	struct bw_process init;
	struct bw_process *execs;
	size_t execs_n, busy_execs; /* busy: started and their end not told yet; the init's end comes after theirs */
	struct bw_timer limit;
	bool limit_passed;
	bool killing; /* a worker that ends everything is at it */
};

struct bw_shim {
	struct bw_loop loop;
	struct bw_workers workers;
	struct bw_server *server;
	struct bw_publisher *publisher;
	const char *namespace;
	struct bw_task *tasks;
	uint64_t serials; /* the last one given */
	struct bw_source signals;
	struct bw_timer idle;
	bool ending;
};

/* ---- process.c ---- */

enum bw_process_event {
	BW_EVENT_CREATED,
	BW_EVENT_CREATE_FAILED,
	BW_EVENT_START,
	BW_EVENT_STARTED,
	BW_EVENT_START_FAILED,
	BW_EVENT_EXITED,
	BW_EVENT_DELETE,
	BW_EVENT_DRAINED,
	BW_EVENT_DELETED,
	BW_EVENT_DELETE_FAILED,
	BW_PROCESS_EVENTS
};
/* What comes with an event; the members that it has none of are NULL or 0. */
struct bw_occurrence {
	struct bw_call *call;		/* START, DELETE */
	const struct bw_report *report; /* of a worker */
	int wait_status;		/* EXITED */
};
/* The table of state and event. May free the process and its task. */
void bw_process_event(struct bw_process *process, enum bw_process_event event, const struct bw_occurrence *occurrence);
/* When it ended; of one that has not nothing that means anything. */
struct bw_timestamp bw_process_exited_at(const struct bw_process *process);
/* What State says. */
enum bw_task_status bw_process_status(const struct bw_process *process);
/* A signal for an exec that a worker is starting: it is sent, and the call answered, when there is a process. */
void bw_process_hold_signal(struct bw_process *exec, int signal, struct bw_call *call);
/* An event of this process. */
void bw_process_publish(const struct bw_process *process, enum bw_topic topic);

/* ---- task.c ---- */

/* NULL when memory is out. */
struct bw_task *bw_task_new(struct bw_shim *shim, const struct bw_task_request *request);
struct bw_process *bw_process_add_exec(struct bw_task *task, const struct bw_task_request *request);
/* Takes an exec out of its task and frees it. */
void bw_process_remove_exec(struct bw_process *exec);
/* Closes its fifos, so that readers see the end before anybody hears of it. */
void bw_process_close_stdio(struct bw_process *process);
/* Takes it out of the shim and frees it, with its execs. */
void bw_task_free(struct bw_task *task);
struct bw_task *bw_task_find(const struct bw_shim *shim, const char *id);
/* exec_id "" is the init; NULL when there is none. */
struct bw_process *bw_process_find(struct bw_task *task, const char *exec_id);

/* ---- work.c: each begins a worker, whose report comes as an event; on failure nothing has begun ---- */

int bw_work_create(struct bw_process *init, const struct bw_rootfs_mounts *mounts, struct bw_err *err) BW_MUST_CHECK;
int bw_work_start(struct bw_process *process, struct bw_err *err) BW_MUST_CHECK;
int bw_work_delete(struct bw_process *init, struct bw_err *err) BW_MUST_CHECK;
/* After a worker of create has died: takes away what it left; the event is CREATE_FAILED, with why. */
int bw_work_clean_up(struct bw_process *init, const struct bw_err *why) BW_MUST_CHECK;
/* Ends every process of the container; nobody waits for it. One at a time: where one is at it nothing is done. */
void bw_work_kill_all(struct bw_task *task);
/* Takes away what a restore has begun whose worker has died. */
void bw_work_discard(struct bw_task *task);

/* A verb that only answers its call; kind is BW_TASK_PAUSE, RESUME, UPDATE, CHECKPOINT or KILL. */
int bw_work_verb(struct bw_task *task, enum bw_task_method verb, const struct bw_task_request *request, struct bw_call *call,
	struct bw_err *err) BW_MUST_CHECK;

/* ---- methods.c ---- */

void bw_shim_handle(void *ctx, enum bw_task_method method, struct bw_call *call, const struct bw_task_request *request);
/* Every failure of a verb as a status of ttrpc: verb is "create", "exec", ... */
void bw_refuse_verb(struct bw_call *call, const char *verb, const struct bw_err *err);

#endif
