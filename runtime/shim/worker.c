/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - fork(2) without exec: the shim has one thread, so that its copy is whole. A worker that has reported waits
 * until the shim has read: until then it is the parent of what it has started, so that no process can end, be reaped as
 * somebody unknown, and leave its number to another before the shim knows it. */
#include "shim/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/sys.h"

enum { MAX_KEPT = 16 };

struct bw_worker {
	struct bw_workers *workers;
	struct bw_worker *next;
	struct bw_source source;
	pid_t pid;
	bw_worker_done *done;
	void *owner;
};

static void forget(struct bw_worker *worker)
{
	struct bw_worker **at = &worker->workers->first;

	while (*at != worker)
		at = &(*at)->next;
	*at = worker->next;
	bw_loop_remove(worker->workers->loop, &worker->source);
	close(worker->source.fd);
	free(worker);
}

static void finish(struct bw_worker *worker, const struct bw_report *report)
{
	bw_worker_done *done = worker->done;
	void *owner = worker->owner;

	done(owner, report);
}

static void hear(void *ctx, uint32_t events)
{
	struct bw_worker *worker = ctx;
	struct bw_report report;
	ssize_t n = recv(worker->source.fd, &report, sizeof report, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof report) {
		/* Its exit status says why. */
		bw_loop_remove(worker->workers->loop, &worker->source);
		return;
	}
	/* done first: while our end is open the worker waits, and what it has started is still its own. */
	finish(worker, &report);
	forget(worker);
}

bool bw_worker_ended(struct bw_workers *workers, pid_t pid, int wait_status)
{
	struct bw_report report = {.failed = true, .died = true};
	struct bw_worker *worker = workers->first;

	while (worker && worker->pid != pid)
		worker = worker->next;
	if (!worker)
		return false;
	if (recv(worker->source.fd, &report, sizeof report, MSG_DONTWAIT) != (ssize_t)sizeof report) {
		report = (struct bw_report){.failed = true, .died = true};
		if (WIFSIGNALED(wait_status))
			bw_fail(&report.err, BW_E_INTERNAL, 0, "the worker was killed by signal %d", WTERMSIG(wait_status));
		else
			bw_fail(&report.err, BW_E_INTERNAL, 0, "the worker has ended with status %d and no report",
				WEXITSTATUS(wait_status));
	}
	finish(worker, &report);
	forget(worker);
	return true;
}

void bw_worker_cancel(struct bw_workers *workers, const void *owner)
{
	for (struct bw_worker *worker = workers->first; worker; worker = worker->next)
		if (worker->owner == owner)
			kill(worker->pid, SIGKILL);
}

/* ---- in the worker ---- */

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Ends of other containers' pipes among them: who holds one keeps its reader from the end. */
static void close_others(const struct bw_work *work, int report, int log)
{
	int kept[MAX_KEPT + 2];
	size_t n = 0;
	unsigned from = STDERR_FILENO + 1;

	kept[n++] = report;
	kept[n++] = log;
	for (size_t i = 0; i < work->keep_n; i++)
		kept[n++] = work->keep[i];
	qsort(kept, n, sizeof *kept, compare);
	for (size_t i = 0; i < n; i++) {
		if (kept[i] < (int)from)
			continue;
		if (kept[i] > (int)from)
			close_range(from, (unsigned)kept[i] - 1, 0);
		from = (unsigned)kept[i] + 1;
	}
	close_range(from, ~0U, 0);
}

static _Noreturn void work_and_end(const struct bw_work *work, pid_t shim, int sock)
{
	struct bw_report report = {0};
	int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	sigset_t none;
	char byte;

	/* A half-made container without a shim is found by `delete`; work on it must not go on meanwhile. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != shim || log < 0)
		_exit(EXIT_FAILURE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	bw_log_move(log);
	close_others(work, sock, log);
	if (work->body(work->ctx, &report, &report.err) < 0)
		report.failed = true;
	if (send(sock, &report, sizeof report, MSG_NOSIGNAL) == (ssize_t)sizeof report)
		while (recv(sock, &byte, 1, 0) < 0 && errno == EINTR)
			;
	_exit(EXIT_SUCCESS);
}

int bw_worker_begin(struct bw_workers *workers, const struct bw_work *work, struct bw_err *err)
{
	struct bw_worker *worker = work->keep_n <= MAX_KEPT ? calloc(1, sizeof *worker) : NULL;
	pid_t shim = getpid(), pid = -1;
	int pair[2] = {-1, -1};

	if (!worker)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "worker");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
		pid = fork();
	if (pid == 0)
		work_and_end(work, shim, pair[1]);
	if (pid < 0)
		bw_fail(err, BW_E_KERNEL, errno, "worker");
	if (pair[1] >= 0)
		close(pair[1]);
	*worker = (struct bw_worker){.workers = workers,
		.pid = pid,
		.done = work->done,
		.owner = work->owner,
		.source = {.fd = pair[0], .seen = hear, .ctx = worker}};
	if (pid > 0 && bw_loop_add(workers->loop, &worker->source, EPOLLIN, err) == 0) {
		worker->next = workers->first;
		workers->first = worker;
		return 0;
	}
	if (pid > 0)
		kill(pid, SIGKILL);
	if (pair[0] >= 0)
		close(pair[0]);
	free(worker);
	return -1;
}
