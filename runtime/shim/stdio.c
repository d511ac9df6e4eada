/* SPDX-License-Identifier: Apache-2.0 */
/* stdio.c - see stdio.h. The process never gets what the client has named, but a pipe: it could read a fifo or a file back,
 * or open it once more with other flags by /proc/self/fd/1. */
#include "shim/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "shim/console.h"
#include "shim/copy.h"
#include "shim/logger.h"
#include "shim/place.h"
#include "shim/writer.h"

enum { IN, OUT, ERR, STREAMS };

struct bw_stdio {
	struct bw_loop *loop;
	struct bw_copy copies[STREAMS];
	int keeper; /* a writing end of the stdin fifo, until CloseIO */
	int master; /* of the terminal */
	/* Until the worker has started the process: */
	int child[STREAMS], null, logged[STREAMS];
	int console_ours, console_theirs;
	struct bw_arena arena;
	struct bw_logger_program program; /* argv NULL: none */
	struct bw_place file;		  /* path NULL: none */
	/* And from then on: */
	struct bw_logger *logger;
	int64_t logger_end_ms;
	bool terminal;
	void (*drained)(void *ctx); /* NULL: not asked for, or called */
	void *drained_ctx;
	struct bw_timer limit;
};

/* What is being opened. */
struct opening {
	struct bw_stdio *stdio;
	const struct bw_stdio_request *request;
	struct bw_place places[STREAMS];
};

static void close_one(int *fd)
{
	bw_close_p(fd);
	*fd = -1;
}

/* The ends that the process, and a logging program, have by now. */
static void close_theirs(struct bw_stdio *stdio)
{
	for (size_t i = 0; i < STREAMS; i++) {
		close_one(&stdio->child[i]);
		close_one(&stdio->logged[i]);
	}
	close_one(&stdio->null);
	close_one(&stdio->console_theirs);
	stdio->program.argv = NULL;
	stdio->file.path = NULL;
	bw_arena_done(&stdio->arena);
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* A pipe for the container's user, who may want to open /dev/stdout again; its mode is 0600. Our end, where there is one,
 * does not wait; theirs is as a program expects it. */
static int make_pipe(const struct opening *opening, int which, int *ret_read, int *ret_write, int ours, struct bw_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s: pipe2", opening->places[which].stream);
	*ret_read = ends[0];
	*ret_write = ends[1];
	if (ours >= 0 && set_nonblocking(ends[ours]) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s: making a pipe O_NONBLOCK", opening->places[which].stream);
	if (fchown(ends[0], opening->request->uid, opening->request->gid) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s: giving a pipe to user %u, group %u", opening->places[which].stream,
			(unsigned)opening->request->uid, (unsigned)opening->request->gid);
	return 0;
}

static int open_stdin(const struct opening *opening, struct bw_err *err)
{
	struct bw_stdio *stdio = opening->stdio;
	struct bw_copy *copy = &stdio->copies[IN];

	if (opening->places[IN].kind == BW_PLACE_NONE)
		return 0;
	copy->in = bw_place_open_input_fifo(&opening->places[IN], &stdio->keeper, err);
	if (copy->in < 0)
		return -1;
	copy->spliced = !stdio->terminal;
	return stdio->terminal ? 0 : make_pipe(opening, IN, &stdio->child[IN], &copy->out, 1, err);
}

static int open_output(const struct opening *opening, int which, struct bw_err *err)
{
	struct bw_stdio *stdio = opening->stdio;
	struct bw_copy *copy = &stdio->copies[which];

	if (opening->places[which].kind == BW_PLACE_NONE)
		return 0;
	copy->out = bw_place_open_output_fifo(&opening->places[which], err);
	if (copy->out < 0)
		return -1;
	copy->spliced = !stdio->terminal;
	return stdio->terminal ? 0 : make_pipe(opening, which, &copy->in, &stdio->child[which], 0, err);
}

/* A logging program reads the process's pipes itself, of a terminal one into which we copy. It expects a standard error
 * too, which with a terminal is at its end from the beginning. */
static int open_logger(const struct opening *opening, struct bw_err *err)
{
	const struct bw_stdio_request *request = opening->request;
	struct bw_stdio *stdio = opening->stdio;
	auto_close int unused = -1;

	stdio->program = (struct bw_logger_program){.argv = opening->places[OUT].argv,
		.by_byte = opening->places[OUT].by_byte,
		.id = bw_arena_strdup(&stdio->arena, request->id ? request->id : ""),
		.namespace = bw_arena_strdup(&stdio->arena, request->namespace ? request->namespace : ""),
		.ready_ms = request->logger_ready_ms ? request->logger_ready_ms : BW_LOGGER_READY_MS};
	if (!stdio->program.id || !stdio->program.namespace)
		return bw_fail(err, BW_E_MEMORY, 0, "no memory");
	if (make_pipe(opening, OUT, &stdio->logged[OUT], stdio->terminal ? &stdio->copies[OUT].out : &stdio->child[OUT],
		    stdio->terminal ? 1 : -1, err) < 0)
		return -1;
	return make_pipe(opening, ERR, &stdio->logged[ERR], stdio->terminal ? &unused : &stdio->child[ERR], -1, err);
}

/* Written or read by a process of its own, which has both streams. */
static bool has_process(const struct bw_place *place)
{
	return place->kind == BW_PLACE_LOGGER || place->kind == BW_PLACE_FILE;
}

static int read_places(const struct bw_stdio_request *request, struct bw_arena *arena, struct bw_place places[STREAMS],
	struct bw_err *err)
{
	const char *const uris[STREAMS] = {
		request->stdin_path, request->stdout_uri, request->terminal ? NULL : request->stderr_uri};
	static const char *const names[STREAMS] = {"stdin", "stdout", "stderr"};

	for (int i = 0; i < STREAMS; i++)
		if (bw_place_read(uris[i], names[i], arena, &places[i], err) < 0)
			return -1;
	if (places[IN].kind != BW_PLACE_NONE && places[IN].kind != BW_PLACE_FIFO)
		return bw_fail(err, BW_E_USAGE, 0, "stdin: expected a fifo, found %.200s", uris[IN]);
	/* One process has both streams; a client that says nothing of the second one means so too. */
	if (places[ERR].kind == BW_PLACE_NONE && has_process(&places[OUT]))
		return 0;
	if ((has_process(&places[OUT]) || has_process(&places[ERR])) && !bw_streq0(uris[OUT], uris[ERR]))
		return bw_fail(err, BW_E_USAGE, 0, "stderr: expected the file or logging program of stdout, %.150s, found %.150s",
			uris[OUT] ? uris[OUT] : "", uris[ERR] ? uris[ERR] : "");
	return 0;
}

static int open_console(struct bw_stdio *stdio, struct bw_err *err)
{
	int ends[2];

	if (!stdio->terminal)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "socketpair");
	stdio->console_ours = ends[0];
	stdio->console_theirs = ends[1];
	return 0;
}

/* For streams that nobody has asked for. */
static int open_null(struct bw_stdio *stdio, struct bw_err *err)
{
	if (stdio->child[IN] >= 0 && stdio->child[OUT] >= 0 && stdio->child[ERR] >= 0)
		return 0;
	stdio->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return stdio->null >= 0 ? 0 : bw_fail(err, BW_E_KERNEL, errno, "open /dev/null");
}

static int open_all(struct opening *opening, struct bw_err *err)
{
	struct bw_stdio *stdio = opening->stdio;

	if (read_places(opening->request, &stdio->arena, opening->places, err) < 0 || open_stdin(opening, err) < 0)
		return -1;
	if (has_process(&opening->places[OUT])) {
		if (open_logger(opening, err) < 0)
			return -1;
	} else if (open_output(opening, OUT, err) < 0 || open_output(opening, ERR, err) < 0) {
		return -1;
	}
	if (open_console(stdio, err) < 0 || open_null(stdio, err) < 0)
		return -1;
	if (opening->places[OUT].kind == BW_PLACE_FILE)
		stdio->file = opening->places[OUT];
	if (!has_process(&opening->places[OUT]))
		bw_arena_done(&stdio->arena);
	return 0;
}

int bw_stdio_open(struct bw_loop *loop, const struct bw_stdio_request *request, struct bw_stdio **ret, struct bw_err *err)
{
	struct bw_stdio *stdio = calloc(1, sizeof *stdio);
	struct opening opening = {.stdio = stdio, .request = request};

	if (!stdio)
		return bw_fail(err, BW_E_MEMORY, 0, "no memory");
	stdio->loop = loop;
	stdio->terminal = request->terminal;
	stdio->logger_end_ms = request->logger_end_ms ? request->logger_end_ms : BW_LOGGER_END_MS;
	stdio->keeper = stdio->master = stdio->null = stdio->console_ours = stdio->console_theirs = -1;
	for (int i = 0; i < STREAMS; i++) {
		stdio->copies[i] = (struct bw_copy)BW_COPY_INIT;
		stdio->child[i] = stdio->logged[i] = -1;
	}
	if (open_all(&opening, err) < 0) {
		bw_stdio_free(stdio);
		return -1;
	}
	*ret = stdio;
	return 0;
}

size_t bw_stdio_worker_fds(const struct bw_stdio *stdio, int ret[BW_STDIO_WORKER_FDS])
{
	const int all[] = {stdio->child[IN], stdio->child[OUT], stdio->child[ERR], stdio->null, stdio->logged[OUT],
		stdio->logged[ERR], stdio->console_theirs};
	size_t n = 0;

	_Static_assert(BW_COUNT(all) <= BW_STDIO_WORKER_FDS, "as many as there may be");
	for (size_t i = 0; i < BW_COUNT(all); i++)
		if (all[i] >= 0)
			ret[n++] = all[i];
	return n;
}

int bw_stdio_child_fd(const struct bw_stdio *stdio, int which)
{
	return stdio->child[which] >= 0 ? stdio->child[which] : stdio->null;
}

int bw_stdio_console_fd(const struct bw_stdio *stdio)
{
	return stdio->console_theirs;
}

const char *bw_stdio_logger(const struct bw_stdio *stdio)
{
	return stdio->program.argv ? stdio->program.argv[0] : NULL;
}

const char *bw_stdio_file(const struct bw_stdio *stdio)
{
	return stdio->file.path;
}

static int start_writer(const struct bw_stdio *stdio, bool no_links, pid_t *ret_pid, struct bw_err *err)
{
	auto_close int file = bw_place_open_file(&stdio->file, no_links, err);

	if (file < 0)
		return -1;
	return bw_writer_start(file, (const int[]){stdio->logged[OUT], stdio->logged[ERR]}, ret_pid, err);
}

int bw_stdio_start_logger(const struct bw_stdio *stdio, bool no_links, pid_t *ret_pid, struct bw_err *err)
{
	struct bw_logger_program program = stdio->program;

	if (stdio->file.path)
		return start_writer(stdio, no_links, ret_pid, err);
	program.fds[0] = stdio->logged[OUT];
	program.fds[1] = stdio->logged[ERR];
	return bw_logger_start(&program, ret_pid, err);
}

/* Each direction has a descriptor of its own: a loop has one only once. */
static int take_terminal(struct bw_stdio *stdio, struct bw_err *err)
{
	stdio->master = bw_console_receive(stdio->console_ours, err);
	close_one(&stdio->console_ours);
	if (stdio->master < 0)
		return -1;
	stdio->copies[OUT].from_terminal = true;
	stdio->copies[OUT].in = fcntl(stdio->master, F_DUPFD_CLOEXEC, 0);
	if (stdio->copies[IN].in >= 0)
		stdio->copies[IN].out = fcntl(stdio->master, F_DUPFD_CLOEXEC, 0);
	if (stdio->copies[OUT].in < 0 || (stdio->copies[IN].in >= 0 && stdio->copies[IN].out < 0))
		return bw_fail(err, BW_E_KERNEL, errno, "another descriptor of the terminal");
	return 0;
}

static void settle(struct bw_stdio *stdio)
{
	void (*drained)(void *ctx) = stdio->drained;

	if (!drained || stdio->copies[OUT].running || stdio->copies[ERR].running || stdio->logger)
		return;
	bw_loop_cancel_timer(stdio->loop, &stdio->limit);
	stdio->drained = NULL;
	drained(stdio->drained_ctx);
}

static void output_done(void *ctx)
{
	settle(ctx);
}

/* The end of a terminal's input is a hangup: the process is to see that nobody will ever type again, and a terminal has no
 * other way to say it. What it has written before is still passed on. */
static void input_done(void *ctx)
{
	struct bw_stdio *stdio = ctx;

	close_one(&stdio->keeper);
	if (!stdio->terminal)
		return;
	close_one(&stdio->master);
	bw_copy_last(&stdio->copies[OUT]);
}

static void logger_ended(void *ctx)
{
	struct bw_stdio *stdio = ctx;

	stdio->logger = NULL;
	settle(stdio);
}

int bw_stdio_begin(struct bw_stdio *stdio, pid_t logger, struct bw_err *err)
{
	close_theirs(stdio);
	if (logger > 0 && bw_logger_watch(stdio->loop, logger, logger_ended, stdio, &stdio->logger, err) < 0)
		return -1;
	if (stdio->terminal && take_terminal(stdio, err) < 0)
		return -1;
	for (int i = 0; i < STREAMS; i++) {
		struct bw_copy *copy = &stdio->copies[i];

		copy->done = i == IN ? input_done : output_done;
		copy->ctx = stdio;
		if (copy->in >= 0 && bw_copy_begin(copy, stdio->loop, err) < 0)
			return -1;
	}
	return 0;
}

int bw_stdio_resize(struct bw_stdio *stdio, unsigned columns, unsigned rows, struct bw_err *err)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	if (stdio->master < 0)
		return 0;
	if (columns > USHRT_MAX || rows > USHRT_MAX)
		return bw_fail(err, BW_E_USAGE, 0, "expected at most %d columns and rows, found %u and %u", USHRT_MAX, columns, rows);
	if (ioctl(stdio->master, TIOCSWINSZ, &size) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "resizing the terminal");
	return 0;
}

void bw_stdio_close_stdin(struct bw_stdio *stdio)
{
	close_one(&stdio->keeper);
}

static void limit_reached(void *ctx)
{
	struct bw_stdio *stdio = ctx;
	void (*drained)(void *ctx) = stdio->drained;

	stdio->drained = NULL;
	drained(stdio->drained_ctx);
}

void bw_stdio_ended(struct bw_stdio *stdio, int64_t limit_ms, void (*drained)(void *ctx), void *ctx)
{
	if (stdio->terminal)
		bw_copy_last(&stdio->copies[OUT]);
	stdio->drained = drained;
	stdio->drained_ctx = ctx;
	stdio->limit = (struct bw_timer){.due = limit_reached, .ctx = stdio};
	bw_loop_set_timer(stdio->loop, &stdio->limit, limit_ms);
	settle(stdio);
}

void bw_stdio_free(struct bw_stdio *stdio)
{
	if (!stdio)
		return;
	for (int i = 0; i < STREAMS; i++)
		bw_copy_stop(&stdio->copies[i]);
	bw_loop_cancel_timer(stdio->loop, &stdio->limit);
	close_theirs(stdio);
	close_one(&stdio->console_ours);
	close_one(&stdio->keeper);
	close_one(&stdio->master);
	bw_logger_dismiss(stdio->logger, stdio->logger_end_ms);
	free(stdio);
}
