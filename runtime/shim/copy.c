/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c - see copy.h. The loop is level triggered, so a descriptor that is not waited for is not in it: a pipe whose
 * writers are gone would wake us without end while its reader is slow. */
#include "shim/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* ROUNDS: after so many steps others have their turn. */
enum { SPLICE_BYTES = 64 * 1024, BUFFER_BYTES = 4096, ROUNDS = 16, RETRY_MS = 1000 };

enum step {
	MOVED,	    /* go on */
	ENOUGH,	    /* that was probably all: to look again would cost a call for nothing */
	WAIT_IN,    /* nothing to read */
	WAIT_OUT,   /* no room */
	WAIT_SLAVE, /* nobody has the terminal open */
	WAIT_RETRY, /* nobody has the terminal open that is written to */
	END,
};

static void close_ends(struct bw_copy *copy)
{
	if (copy->loop) {
		bw_loop_remove(copy->loop, &copy->source);
		bw_loop_cancel_timer(copy->loop, &copy->retry);
	}
	if (copy->in >= 0)
		close(copy->in);
	if (copy->out >= 0)
		close(copy->out);
	free(copy->held);
	copy->in = copy->out = -1;
	copy->held = NULL;
	copy->running = false;
}

/* EAGAIN of splice(2) says as much as that one of the two is to be waited for. */
static enum step why_not(const struct bw_copy *copy)
{
	struct pollfd in = {.fd = copy->in, .events = POLLIN};

	if (poll(&in, 1, 0) < 0)
		return errno == EINTR ? ENOUGH : END;
	if (in.revents & POLLIN)
		return WAIT_OUT;
	return in.revents & POLLHUP ? END : WAIT_IN;
}

/* From pipe to pipe without passing through our memory, all at once. */
static enum step splice_some(const struct bw_copy *copy)
{
	ssize_t n = splice(copy->in, NULL, copy->out, NULL, SPLICE_BYTES, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n > 0 || (n < 0 && errno == EINTR))
		return ENOUGH;
	return n < 0 && errno == EAGAIN ? why_not(copy) : END;
}

/* What write(2) has refused. A reader who is gone is gone; EIO is said of a terminal, whose slave may be opened again. */
static enum step why_not_written(int sys)
{
	switch (sys) {
	case EINTR:
		return MOVED;
	case EAGAIN:
		return WAIT_OUT;
	case EIO:
		return WAIT_RETRY;
	default:
		return END;
	}
}

static enum step write_held(struct bw_copy *copy)
{
	ssize_t n = write(copy->out, copy->held, copy->held_len);

	if (n < 0)
		return why_not_written(errno);
	copy->held_len -= (size_t)n;
	memmove(copy->held, copy->held + n, copy->held_len);
	if (copy->held_len == 0) {
		free(copy->held);
		copy->held = NULL;
	}
	return MOVED;
}

static enum step why_not_read(const struct bw_copy *copy, int sys)
{
	bool is_over = copy->from_terminal && copy->last;

	switch (sys) {
	case EINTR:
		return MOVED;
	case EAGAIN:
		return is_over ? END : WAIT_IN;
	case EIO:
		return is_over || !copy->from_terminal ? END : WAIT_SLAVE;
	default:
		return END;
	}
}

/* Through a few KiB of stack; only what does not go out at once is kept in memory of its own, and then nothing more is
 * read. */
static enum step copy_some(struct bw_copy *copy)
{
	char bytes[BUFFER_BYTES];
	ssize_t n, written;

	if (copy->held)
		return write_held(copy);
	n = read(copy->in, bytes, sizeof bytes);
	if (n <= 0)
		return n == 0 ? END : why_not_read(copy, errno);
	written = copy->out < 0 ? n : write(copy->out, bytes, (size_t)n);
	/* Of a terminal's last words the end must be seen: nothing wakes us there. */
	if (written == n)
		return n == sizeof bytes || copy->last ? MOVED : ENOUGH;
	if (written < 0 && why_not_written(errno) == END)
		return END;
	written = written > 0 ? written : 0;
	copy->held_len = (size_t)(n - written);
	copy->held = malloc(copy->held_len);
	if (!copy->held)
		return END;
	memcpy(copy->held, bytes + written, copy->held_len);
	return MOVED;
}

/* A descriptor that cannot be waited for is looked at again in a while. */
static void wait_for(struct bw_copy *copy, int fd, uint32_t events)
{
	if (copy->source.added && copy->source.fd == fd && copy->waits_for == events)
		return;
	bw_loop_remove(copy->loop, &copy->source);
	copy->source.fd = fd;
	copy->waits_for = events;
	if (bw_loop_add(copy->loop, &copy->source, events, NULL) < 0)
		bw_loop_set_timer(copy->loop, &copy->retry, RETRY_MS);
}

static void end(struct bw_copy *copy)
{
	close_ends(copy);
	copy->done(copy->ctx);
}

/* The copy may be freed when this returns. */
static void pump(struct bw_copy *copy)
{
	enum step step = MOVED;

	for (unsigned round = 0; step == MOVED && round < ROUNDS; round++)
		step = copy->spliced ? splice_some(copy) : copy_some(copy);
	switch (step) {
	case MOVED:
		bw_loop_set_timer(copy->loop, &copy->retry, 0);
		break;
	case ENOUGH:
	case WAIT_IN:
		wait_for(copy, copy->in, EPOLLIN);
		break;
	case WAIT_OUT:
		wait_for(copy, copy->out, EPOLLOUT);
		break;
	case WAIT_SLAVE:
		/* A master without a slave reports EPOLLHUP as long as that lasts. By its edge it is reported once now, which
		 * finds nothing, and again when somebody has opened and written. */
		wait_for(copy, copy->in, EPOLLIN | EPOLLET);
		break;
	case WAIT_RETRY:
		bw_loop_remove(copy->loop, &copy->source);
		bw_loop_set_timer(copy->loop, &copy->retry, RETRY_MS);
		break;
	case END:
		end(copy);
		break;
	}
}

static void seen(void *ctx, uint32_t events)
{
	(void)events;
	pump(ctx);
}

static void retry(void *ctx)
{
	pump(ctx);
}

int bw_copy_begin(struct bw_copy *copy, struct bw_loop *loop, struct bw_err *err)
{
	copy->loop = loop;
	copy->source = (struct bw_source){.fd = copy->in, .seen = seen, .ctx = copy};
	copy->retry = (struct bw_timer){.due = retry, .ctx = copy};
	copy->waits_for = EPOLLIN;
	copy->running = bw_loop_add(loop, &copy->source, EPOLLIN, err) == 0;
	return copy->running ? 0 : -1;
}

void bw_copy_last(struct bw_copy *copy)
{
	copy->last = true;
	if (copy->running)
		pump(copy);
}

void bw_copy_stop(struct bw_copy *copy)
{
	close_ends(copy);
}
