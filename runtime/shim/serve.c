/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - the server as a whole: what it is to the kernel (reaper of its containers' processes, deaf to the signals that
 * a service manager sends to a group), and its loop. */
#include "shim/shim.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/proc.h"
#include "shim/task.h"

/* Without containers and without a client for so long: containerd has died between `start` and Create. */
enum { IDLE_MS = 60000 };

static struct bw_process *find_pid(const struct bw_shim *shim, pid_t pid)
{
	for (struct bw_task *task = shim->tasks; task; task = task->next) {
		if (task->init.pid == pid && !task->init.ended)
			return &task->init;
		for (struct bw_process *exec = task->execs; exec; exec = exec->next)
			if (exec->pid == pid && !exec->ended)
				return exec;
	}
	return NULL;
}

/* Who is neither a process of ours nor a worker is what a container has left behind, or a logging program. */
static void reap(struct bw_shim *shim)
{
	struct bw_process *process;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (bw_worker_ended(&shim->workers, pid, status))
			continue;
		process = find_pid(shim, pid);
		if (process)
			bw_process_event(process, BW_EVENT_EXITED, &(struct bw_occurrence){.wait_status = status});
	}
}

static void hear_signal(void *ctx, uint32_t events)
{
	struct bw_shim *shim = ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(shim->signals.fd, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(shim);
	else if (!shim->tasks)
		bw_loop_end(&shim->loop);
	else
		bw_log(BW_LOG_INFO, "signal %u: containers run", info.ssi_signo);
}

/* SIGTERM goes to everybody when the machine stops: containers get their own, and end in their own time. */
static int listen_for_signals(struct bw_shim *shim, struct bw_err *err)
{
	static const int heard[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < BW_COUNT(heard); i++)
		sigaddset(&set, heard[i]);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "sigprocmask");
	shim->signals = (struct bw_source){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .seen = hear_signal, .ctx = shim};
	if (shim->signals.fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "signalfd");
	return bw_loop_add(&shim->loop, &shim->signals, EPOLLIN, err);
}

static void look_whether_idle(void *ctx)
{
	struct bw_shim *shim = ctx;

	if (!shim->tasks && bw_server_connections(shim->server) == 0)
		bw_loop_end(&shim->loop);
	else
		bw_loop_set_timer(&shim->loop, &shim->idle, IDLE_MS);
}

static int open_all(struct bw_shim *shim, const struct bw_serve_options *options, struct bw_err *err)
{
	uint64_t ignored;

	/* Each stream of each process takes some. */
	bw_proc_raise_files(&ignored);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "prctl: PR_SET_CHILD_SUBREAPER");
	if (bw_loop_open(&shim->loop, err) < 0 || listen_for_signals(shim, err) < 0 ||
		bw_publisher_open(&shim->loop, options->events, options->namespace, &shim->publisher, err) < 0)
		return -1;
	return bw_server_open(&shim->loop, options->listener, bw_shim_handle, shim, &shim->server, err);
}

int bw_shim_serve(const struct bw_serve_options *options, struct bw_err *err)
{
	struct bw_shim shim = {
		.loop = BW_LOOP_INIT,
		.workers = {.loop = &shim.loop},
		.namespace = options->namespace,
		.signals = BW_SOURCE_INIT,
		.idle = {.due = look_whether_idle, .ctx = &shim},
	};
	int r = open_all(&shim, options, err);

	if (r == 0) {
		bw_loop_set_timer(&shim.loop, &shim.idle, IDLE_MS);
		r = bw_loop_run(&shim.loop, err);
	}
	bw_server_close(shim.server);
	bw_publisher_free(shim.publisher);
	if (shim.signals.fd >= 0)
		close(shim.signals.fd);
	bw_loop_close(&shim.loop);
	return r;
}
