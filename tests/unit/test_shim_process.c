/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a process in the shim, with doubles of everything that acts: what is told, answered and begun, in which
 * order. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "shim/task.h"

/* ---- doubles: each writes down that it was called ---- */

static char story[4096];

static void note(const char *fmt, ...) BW_PRINTF(1, 2);
static void note(const char *fmt, ...)
{
	size_t len = strlen(story);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(story + len, sizeof story - len, fmt, ap);
	va_end(ap);
	strncat(story, ";", sizeof story - strlen(story) - 1);
}

/* What was noted since the last call. */
#define ck_story(expected)                                                                                             \
	do {                                                                                                           \
		ck_assert_str_eq(story, expected);                                                                     \
		story[0] = '\0';                                                                                       \
	} while (0)

struct bw_call {
	struct bw_call *next;
	const char *name;
};

static struct bw_call *call(const char *name)
{
	struct bw_call *call = calloc(1, sizeof *call);

	call->name = name;
	return call;
}

void bw_call_answer(struct bw_call *call, const struct bw_task_response *response)
{
	note("answer %s pid %d status %d", call->name, (int)response->pid, (int)response->exit_status);
	free(call);
}

void bw_call_refuse(struct bw_call *call, enum bw_ttrpc_code code, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	note("refuse %s %d %s", call->name, (int)code, text);
	free(call);
}

void bw_refuse_verb(struct bw_call *call, const char *verb, const struct bw_err *err)
{
	note("refuse %s: %s: %s", call->name, verb, err->text);
	free(call);
}

void bw_calls_add(struct bw_calls *calls, struct bw_call *call)
{
	struct bw_call **at = &calls->first;

	while (*at)
		at = &(*at)->next;
	*at = call;
}

struct bw_call *bw_calls_take(struct bw_calls *calls)
{
	struct bw_call *call = calls->first;

	if (call)
		calls->first = call->next;
	return call;
}

void bw_publish(struct bw_publisher *publisher, enum bw_topic topic, const struct bw_task_event *event)
{
	static const char *const words[] = {
		[BW_TOPIC_CREATE] = "create",
		[BW_TOPIC_START] = "start",
		[BW_TOPIC_OOM] = "oom",
		[BW_TOPIC_EXIT] = "exit",
		[BW_TOPIC_DELETE] = "delete",
		[BW_TOPIC_EXEC_STARTED] = "exec-started",
	};

	(void)publisher;
	note("tell %s of %s", words[topic], event->id);
}

static bool out_of_memory, drains_late, own_pids, work_fails, begin_fails, limited, audited;
static void (*when_drained)(void *ctx);
static void *drained_ctx;

int bw_stdio_begin(struct bw_stdio *stdio, pid_t logger, struct bw_err *err)
{
	(void)stdio;
	(void)logger;
	return begin_fails ? bw_fail(err, BW_E_KERNEL, 0, "no streams") : 0;
}

void bw_stdio_ended(struct bw_stdio *stdio, int64_t limit_ms, void (*drained)(void *ctx), void *ctx)
{
	(void)stdio;
	(void)limit_ms;
	when_drained = drained;
	drained_ctx = ctx;
	if (!drains_late)
		drained(ctx);
}

void bw_stdio_free(struct bw_stdio *stdio)
{
	if (stdio)
		note("close stdio");
}

int bw_watch_open(const struct bw_context *ctx, const char *id, struct bw_watch **ret, struct bw_err *err)
{
	(void)ctx;
	(void)id;
	(void)err;
	*ret = (struct bw_watch *)&out_of_memory;
	return 0;
}

void bw_watch_free(struct bw_watch *watch)
{
	(void)watch;
}

int bw_watch_oom_fd(const struct bw_watch *watch, short *ret_events)
{
	(void)watch;
	*ret_events = 0;
	return -1;
}

bool bw_watch_oom_happened(struct bw_watch *watch)
{
	bool happened = out_of_memory;

	(void)watch;
	out_of_memory = false;
	return happened;
}

bool bw_watch_has_own_pids(const struct bw_watch *watch)
{
	(void)watch;
	return own_pids;
}

bool bw_watch_time_limit(const struct bw_watch *watch, int64_t *ret_limit_ms, int64_t *ret_grace_ms)
{
	(void)watch;
	*ret_limit_ms = *ret_grace_ms = 1000;
	return limited;
}

bool bw_watch_is_audited(const struct bw_watch *watch)
{
	(void)watch;
	return audited;
}

int bw_container_record(const struct bw_context *ctx, const char *id, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err)
{
	(void)ctx, (void)reason, (void)err;
	note("record %s of %s %s %s", bw_audit_word(event), id, more_n ? more[0].value : "-", more_n ? more[1].value : "-");
	return 0;
}

static int work(const char *what, const char *id, struct bw_err *err)
{
	if (work_fails)
		return bw_fail(err, BW_E_KERNEL, 0, "no worker");
	note("work %s %s", what, id);
	return 0;
}

int bw_work_start(struct bw_process *process, struct bw_err *err)
{
	if (process->exec_id)
		process->stdio = (struct bw_stdio *)&drains_late;
	return work("start", process->exec_id ? process->exec_id : process->task->id, err);
}

int bw_work_delete(struct bw_process *init, struct bw_err *err)
{
	return work("delete", init->task->id, err);
}

int bw_work_clean_up(struct bw_process *init, const struct bw_err *why)
{
	struct bw_err ignored = {0};

	(void)why;
	return work("clean up", init->task->id, &ignored);
}

void bw_work_discard(struct bw_task *task)
{
	note("work discard %s", task->id);
}

void bw_worker_cancel(struct bw_workers *workers, const void *owner)
{
	const struct bw_process *process = owner;

	(void)workers;
	note("cancel %s", process->exec_id ? process->exec_id : process->task->id);
}

void bw_work_kill_all(struct bw_task *task)
{
	note("work kill all %s", task->id);
}

/* ---- frame ---- */

static struct bw_shim shim;
static struct bw_task *task;
static const struct bw_task_request request = {
	.id = "c", .exec_id = "", .bundle = "/b", .stdin_path = "", .stdout_uri = "", .stderr_uri = "", .checkpoint = ""};

static void setup(void)
{
	struct bw_err err = {0};

	shim = (struct bw_shim){0};
	story[0] = '\0';
	own_pids = true;
	out_of_memory = drains_late = work_fails = begin_fails = limited = audited = false;
	ck_assert_int_eq(bw_loop_open(&shim.loop, &err), 0);
	task = bw_task_new(&shim, &request);
	task->init.call = call("Create");
	task->init.stdio = (struct bw_stdio *)&drains_late;
}

static void teardown(void)
{
	bw_loop_close(&shim.loop);
}

static void event(struct bw_process *process, enum bw_process_event event)
{
	static const struct bw_report of_init = {.pid = 100};
	struct bw_report of_exec = {.pid = 200};

	bw_process_event(process, event,
		&(struct bw_occurrence){.report = process->exec_id ? &of_exec : event == BW_EVENT_CREATED ? &of_init : &(struct bw_report){0}});
}

static void failed(struct bw_process *process, enum bw_process_event event, bool died)
{
	struct bw_report report = {.failed = true, .died = died};

	bw_fail(&report.err, BW_E_KERNEL, 0, "so it is");
	bw_process_event(process, event, &(struct bw_occurrence){.report = &report});
}

static void ask(struct bw_process *process, enum bw_process_event event, const char *name)
{
	bw_process_event(process, event, &(struct bw_occurrence){.call = call(name)});
}

static void exits(struct bw_process *process, int code)
{
	bw_process_event(process, BW_EVENT_EXITED, &(struct bw_occurrence){.wait_status = code << 8});
}

static void is_running(void)
{
	event(&task->init, BW_EVENT_CREATED);
	ask(&task->init, BW_EVENT_START, "Start");
	event(&task->init, BW_EVENT_STARTED);
	story[0] = '\0';
}

static struct bw_process *add_exec(const char *id)
{
	struct bw_any spec = {.value = {.v = (const unsigned char *)"{}", .len = 2}};
	struct bw_task_request asked = request;

	asked.exec_id = id;
	asked.any = &spec;
	return bw_process_add_exec(task, &asked);
}

static struct bw_process *running_exec(const char *id)
{
	struct bw_process *exec = add_exec(id);

	ask(exec, BW_EVENT_START, "StartExec");
	event(exec, BW_EVENT_STARTED);
	story[0] = '\0';
	return exec;
}

static void is_gone(void)
{
	ck_assert_ptr_null(shim.tasks);
	story[0] = '\0';
}

static void end_all(void)
{
	bw_task_free(task);
	is_gone();
}

/* ---- cases ---- */

START_TEST(a_container_lives_from_create_to_delete)
{
	event(&task->init, BW_EVENT_CREATED);
	ck_story("tell create of c;answer Create pid 100 status 0;");
	ck_assert_int_eq(bw_process_status(&task->init), BW_TASK_CREATED);
	ask(&task->init, BW_EVENT_START, "Start");
	event(&task->init, BW_EVENT_STARTED);
	ck_story("work start c;tell start of c;answer Start pid 100 status 0;");
	ck_assert_int_eq(bw_process_status(&task->init), BW_TASK_RUNNING);
	bw_calls_add(&task->init.waiters, call("Wait1"));
	bw_calls_add(&task->init.waiters, call("Wait2"));
	exits(&task->init, 7);
	ck_story("tell exit of c;answer Wait1 pid 100 status 7;answer Wait2 pid 100 status 7;");
	ck_assert_int_eq(bw_process_status(&task->init), BW_TASK_STOPPED);
	ask(&task->init, BW_EVENT_DELETE, "Delete");
	ck_story("work delete c;");
	event(&task->init, BW_EVENT_DELETED);
	ck_story("close stdio;tell delete of c;answer Delete pid 100 status 7;");
	is_gone();
}
END_TEST

START_TEST(an_end_before_the_word_of_start_is_held_back)
{
	event(&task->init, BW_EVENT_CREATED);
	ask(&task->init, BW_EVENT_START, "Start");
	story[0] = '\0';
	exits(&task->init, 3);
	ck_story("");
	event(&task->init, BW_EVENT_STARTED);
	ck_story("tell start of c;answer Start pid 100 status 0;tell exit of c;");
	end_all();
}
END_TEST

START_TEST(the_end_of_a_container_comes_after_those_of_its_execs)
{
	struct bw_process *first, *second;

	is_running();
	first = running_exec("e1");
	second = running_exec("e2");
	bw_calls_add(&task->init.waiters, call("Wait"));
	exits(first, 1);
	ck_story("tell exit of e1;");
	exits(&task->init, 137);
	ck_story("");
	ck_assert_int_eq(bw_process_status(&task->init), BW_TASK_RUNNING);
	exits(second, 137);
	ck_story("tell exit of e2;tell exit of c;answer Wait pid 100 status 137;");
	end_all();
}
END_TEST

START_TEST(ends_are_on_record_where_the_policy_wants_it)
{
	struct bw_process *exec;

	audited = true;
	is_running();
	exec = running_exec("e1");
	exits(exec, 1);
	ck_story("record exit of c e1 1;tell exit of e1;");
	exits(&task->init, 137);
	ck_story("record exit of c init 137;tell exit of c;");
	end_all();
}
END_TEST

START_TEST(an_exec_that_is_starting_holds_the_end_of_its_container_back)
{
	struct bw_process *exec;

	is_running();
	exec = add_exec("e");
	ask(exec, BW_EVENT_START, "StartExec");
	exits(&task->init, 0);
	ck_story("work start e;");
	failed(exec, BW_EVENT_START_FAILED, false);
	ck_story("refuse StartExec: exec: so it is;close stdio;tell exit of c;");
	end_all();
}
END_TEST

START_TEST(a_signal_for_an_exec_that_is_starting_waits_for_its_process)
{
	struct bw_process *exec;
	char expected[160];
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	is_running();
	exec = add_exec("e");
	ask(exec, BW_EVENT_START, "StartExec");
	bw_process_hold_signal(exec, SIGKILL, call("Kill1"));
	bw_process_hold_signal(exec, 0, call("Kill2"));
	ck_story("work start e;");
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	bw_process_event(exec, BW_EVENT_STARTED, &(struct bw_occurrence){.report = &(struct bw_report){.pid = pid}});
	snprintf(expected, sizeof expected,
		"tell exec-started of e;answer StartExec pid %d status 0;answer Kill1 pid 0 status 0;answer Kill2 pid 0 status 0;",
		(int)pid);
	ck_story(expected);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	end_all();
}
END_TEST

START_TEST(a_signal_for_an_exec_that_never_started_finds_nobody)
{
	struct bw_process *exec;

	is_running();
	exec = add_exec("e");
	ask(exec, BW_EVENT_START, "StartExec");
	bw_process_hold_signal(exec, SIGTERM, call("Kill"));
	story[0] = '\0';
	failed(exec, BW_EVENT_START_FAILED, false);
	ck_story("refuse StartExec: exec: so it is;close stdio;refuse Kill 5 process already finished;");
	end_all();
}
END_TEST

START_TEST(nothing_starts_in_a_container_whose_init_has_ended)
{
	struct bw_process *running, *late;

	is_running();
	running = running_exec("e1");
	late = add_exec("e2");
	exits(&task->init, 0);
	ask(late, BW_EVENT_START, "StartExec");
	ck_story("refuse StartExec 9 OCI runtime exec failed: cannot exec in a stopped container;");
	exits(running, 0);
	ck_story("tell exit of e1;tell exit of c;");
	end_all();
}
END_TEST

START_TEST(a_lack_of_memory_is_told_before_the_end)
{
	is_running();
	out_of_memory = true;
	exits(&task->init, 137);
	ck_story("tell oom of c;tell exit of c;");
	end_all();
}
END_TEST

START_TEST(without_pids_of_its_own_the_rest_of_a_container_is_ended)
{
	own_pids = false;
	is_running();
	exits(&task->init, 0);
	ck_story("work kill all c;tell exit of c;");
	end_all();
}
END_TEST

START_TEST(a_container_that_never_ran_ends_before_it_is_deleted)
{
	event(&task->init, BW_EVENT_CREATED);
	task->init.pid = 0x7fffffff; /* nobody */
	story[0] = '\0';
	ask(&task->init, BW_EVENT_DELETE, "Delete");
	ck_story("");
	bw_process_event(&task->init, BW_EVENT_EXITED, &(struct bw_occurrence){.wait_status = 9});
	ck_story("tell exit of c;work delete c;");
	event(&task->init, BW_EVENT_DELETED);
	ck_story("close stdio;tell delete of c;answer Delete pid 2147483647 status 137;");
	is_gone();
}
END_TEST

START_TEST(delete_waits_for_output_and_is_asked_twice)
{
	is_running();
	drains_late = true;
	exits(&task->init, 0);
	story[0] = '\0';
	ask(&task->init, BW_EVENT_DELETE, "Delete1");
	ask(&task->init, BW_EVENT_DELETE, "Delete2");
	ck_story("");
	when_drained(drained_ctx);
	ck_story("work delete c;");
	failed(&task->init, BW_EVENT_DELETE_FAILED, false);
	ck_story("refuse Delete1: delete: so it is;refuse Delete2: delete: so it is;");
	ask(&task->init, BW_EVENT_DELETE, "Delete3");
	ck_story("work delete c;");
	event(&task->init, BW_EVENT_DELETED);
	ck_story("close stdio;tell delete of c;answer Delete3 pid 100 status 0;");
	is_gone();
}
END_TEST

START_TEST(output_that_never_ends_does_not_hold_a_delete_for_ever)
{
	is_running();
	drains_late = true;
	exits(&task->init, 0);
	story[0] = '\0';
	ask(&task->init, BW_EVENT_DELETE, "Delete");
	ck_assert(task->init.drain.set);
	bw_loop_cancel_timer(&shim.loop, &task->init.drain);
	task->init.drain.due(task->init.drain.ctx);
	ck_story("work delete c;");
	/* And an end of it that comes late begins no second one. */
	when_drained(drained_ctx);
	ck_story("");
	event(&task->init, BW_EVENT_DELETED);
	is_gone();
}
END_TEST

START_TEST(an_exec_is_deleted_without_a_worker)
{
	struct bw_process *exec;

	is_running();
	exec = running_exec("e");
	ask(exec, BW_EVENT_DELETE, "Delete");
	ck_story("refuse Delete 9 cannot delete a running process;");
	exits(exec, 4);
	story[0] = '\0';
	ask(exec, BW_EVENT_DELETE, "Delete");
	ck_story("close stdio;answer Delete pid 200 status 4;");
	ck_assert_ptr_null(bw_process_find(task, "e"));
	ck_assert_ptr_eq(bw_process_find(task, ""), &task->init);
	end_all();
}
END_TEST

START_TEST(an_exec_that_never_ran_is_deleted)
{
	struct bw_process *exec;

	is_running();
	exec = add_exec("e");
	ask(exec, BW_EVENT_DELETE, "Delete");
	ck_story("answer Delete pid 0 status 0;");
	end_all();
}
END_TEST

START_TEST(a_create_that_fails_leaves_no_container)
{
	failed(&task->init, BW_EVENT_CREATE_FAILED, false);
	ck_story("refuse Create: create: so it is;close stdio;");
	is_gone();
}
END_TEST

START_TEST(what_a_dead_worker_of_create_left_is_taken_away_first)
{
	failed(&task->init, BW_EVENT_CREATE_FAILED, true);
	ck_story("work clean up c;");
	failed(&task->init, BW_EVENT_CREATE_FAILED, false);
	ck_story("refuse Create: create: so it is;close stdio;");
	is_gone();
}
END_TEST

START_TEST(nothing_begins_in_what_is_being_cleaned_up)
{
	begin_fails = true;
	event(&task->init, BW_EVENT_CREATED);
	ck_story("work clean up c;");
	ask(&task->init, BW_EVENT_START, "Start");
	ck_story("refuse Start 9 the container is still being created;");
	ask(&task->init, BW_EVENT_DELETE, "Delete");
	ck_story("cancel c;");
	failed(&task->init, BW_EVENT_CREATE_FAILED, false);
	ck_story("refuse Create: create: so it is;close stdio;refuse Delete 5 process does not exist;");
	is_gone();
}
END_TEST

START_TEST(delete_ends_a_create_that_hangs)
{
	ask(&task->init, BW_EVENT_DELETE, "Delete");
	ck_story("cancel c;");
	failed(&task->init, BW_EVENT_CREATE_FAILED, true);
	ck_story("work clean up c;");
	failed(&task->init, BW_EVENT_CREATE_FAILED, false);
	ck_story("refuse Create: create: so it is;close stdio;refuse Delete 5 process does not exist;");
	is_gone();
}
END_TEST

START_TEST(delete_of_a_create_that_was_just_done_is_answered)
{
	const struct bw_report report = {.pid = 0x7fffffff}; /* nobody */

	ask(&task->init, BW_EVENT_DELETE, "Delete");
	ck_story("cancel c;");
	bw_process_event(&task->init, BW_EVENT_CREATED, &(struct bw_occurrence){.report = &report});
	ck_story("tell create of c;answer Create pid 2147483647 status 0;");
	bw_process_event(&task->init, BW_EVENT_EXITED, &(struct bw_occurrence){.wait_status = 9});
	ck_story("tell exit of c;work delete c;");
	event(&task->init, BW_EVENT_DELETED);
	ck_story("close stdio;tell delete of c;answer Delete pid 2147483647 status 137;");
	is_gone();
}
END_TEST

START_TEST(a_start_that_hangs_does_not_hide_an_end)
{
	struct bw_process *exec;

	is_running();
	exec = add_exec("e");
	ask(exec, BW_EVENT_START, "StartExec");
	story[0] = '\0';
	exits(&task->init, 0);
	ck_assert(exec->patience.set);
	bw_loop_cancel_timer(&shim.loop, &exec->patience);
	exec->patience.due(exec->patience.ctx);
	ck_story("cancel e;");
	failed(exec, BW_EVENT_START_FAILED, true);
	ck_story("refuse StartExec: exec: so it is;close stdio;tell exit of c;");
	end_all();
}
END_TEST

START_TEST(a_life_begins_before_the_word_of_start)
{
	limited = audited = true;
	event(&task->init, BW_EVENT_CREATED);
	ck_assert(!task->limit.set);
	ask(&task->init, BW_EVENT_START, "Start");
	ck_assert(task->limit.set);
	task->init.pid = 0x7fffffff; /* nobody */
	bw_loop_cancel_timer(&shim.loop, &task->limit);
	story[0] = '\0';
	task->limit.due(task->limit.ctx);
	ck_story("record time-limit of c - -;");
	ck_assert(task->limit.set);
	bw_loop_cancel_timer(&shim.loop, &task->limit);
	task->limit.due(task->limit.ctx);
	ck_story("work kill all c;");
	/* And so on, until it has ended. */
	ck_assert(task->limit.set);
	exits(&task->init, 9);
	event(&task->init, BW_EVENT_STARTED);
	ck_assert(!task->limit.set);
	end_all();
}
END_TEST

START_TEST(what_a_dead_restore_has_begun_is_taken_away)
{
	struct bw_task_request restored = request;

	bw_call_answer(task->init.call, &(struct bw_task_response){0});
	bw_task_free(task);
	restored.checkpoint = "/image";
	task = bw_task_new(&shim, &restored);
	task->init.call = call("Create");
	event(&task->init, BW_EVENT_CREATED);
	task->init.pid = 0;
	ask(&task->init, BW_EVENT_START, "Start");
	story[0] = '\0';
	failed(&task->init, BW_EVENT_START_FAILED, true);
	ck_story("refuse Start: start: so it is;work discard c;");
	end_all();
}
END_TEST

START_TEST(a_start_that_fails_is_told_of_by_its_end_alone)
{
	event(&task->init, BW_EVENT_CREATED);
	ask(&task->init, BW_EVENT_START, "Start");
	story[0] = '\0';
	failed(&task->init, BW_EVENT_START_FAILED, false);
	ck_story("refuse Start: start: so it is;");
	exits(&task->init, 1);
	ck_story("tell exit of c;");
	end_all();
}
END_TEST

START_TEST(what_a_state_does_not_allow_is_refused)
{
	ask(&task->init, BW_EVENT_START, "Start");
	ck_story("refuse Start 9 the container is still being created;");
	is_running();
	ask(&task->init, BW_EVENT_START, "Start");
	ck_story("refuse Start 9 cannot start an already running container;");
	ask(&task->init, BW_EVENT_DELETE, "Delete");
	ck_story("refuse Delete 9 cannot delete a running process;");
	exits(&task->init, 0);
	story[0] = '\0';
	ask(&task->init, BW_EVENT_START, "Start");
	ck_story("refuse Start 9 cannot start a container that has stopped;");
	end_all();
}
END_TEST

START_TEST(a_worker_that_cannot_be_had_changes_nothing)
{
	event(&task->init, BW_EVENT_CREATED);
	story[0] = '\0';
	work_fails = true;
	ask(&task->init, BW_EVENT_START, "Start");
	ck_story("refuse Start: start: no worker;");
	work_fails = false;
	ask(&task->init, BW_EVENT_START, "Start");
	ck_story("work start c;");
	event(&task->init, BW_EVENT_STARTED);
	end_all();
}
END_TEST

START_TEST(a_paused_container_is_so_with_all_its_processes)
{
	struct bw_process *exec;

	is_running();
	exec = running_exec("e");
	task->paused = true;
	ck_assert_int_eq(bw_process_status(&task->init), BW_TASK_PAUSED);
	ck_assert_int_eq(bw_process_status(exec), BW_TASK_PAUSED);
	exits(exec, 0);
	ck_assert_int_eq(bw_process_status(exec), BW_TASK_STOPPED);
	end_all();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim process");
	TCase *cases = tcase_create("life");
	SRunner *runner;
	int failures;

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_container_lives_from_create_to_delete);
	tcase_add_test(cases, an_end_before_the_word_of_start_is_held_back);
	tcase_add_test(cases, the_end_of_a_container_comes_after_those_of_its_execs);
	tcase_add_test(cases, ends_are_on_record_where_the_policy_wants_it);
	tcase_add_test(cases, an_exec_that_is_starting_holds_the_end_of_its_container_back);
	tcase_add_test(cases, a_signal_for_an_exec_that_is_starting_waits_for_its_process);
	tcase_add_test(cases, a_signal_for_an_exec_that_never_started_finds_nobody);
	tcase_add_test(cases, nothing_starts_in_a_container_whose_init_has_ended);
	tcase_add_test(cases, a_lack_of_memory_is_told_before_the_end);
	tcase_add_test(cases, without_pids_of_its_own_the_rest_of_a_container_is_ended);
	tcase_add_test(cases, a_container_that_never_ran_ends_before_it_is_deleted);
	tcase_add_test(cases, delete_waits_for_output_and_is_asked_twice);
	tcase_add_test(cases, output_that_never_ends_does_not_hold_a_delete_for_ever);
	tcase_add_test(cases, an_exec_is_deleted_without_a_worker);
	tcase_add_test(cases, an_exec_that_never_ran_is_deleted);
	tcase_add_test(cases, a_create_that_fails_leaves_no_container);
	tcase_add_test(cases, what_a_dead_worker_of_create_left_is_taken_away_first);
	tcase_add_test(cases, nothing_begins_in_what_is_being_cleaned_up);
	tcase_add_test(cases, delete_ends_a_create_that_hangs);
	tcase_add_test(cases, delete_of_a_create_that_was_just_done_is_answered);
	tcase_add_test(cases, a_start_that_hangs_does_not_hide_an_end);
	tcase_add_test(cases, a_life_begins_before_the_word_of_start);
	tcase_add_test(cases, what_a_dead_restore_has_begun_is_taken_away);
	tcase_add_test(cases, a_start_that_fails_is_told_of_by_its_end_alone);
	tcase_add_test(cases, what_a_state_does_not_allow_is_refused);
	tcase_add_test(cases, a_worker_that_cannot_be_had_changes_nothing);
	tcase_add_test(cases, a_paused_container_is_so_with_all_its_processes);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
