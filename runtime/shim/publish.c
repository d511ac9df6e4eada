/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - a queue of events and one ttrpc connection to containerd's events service. The first of the queue is sent and
 * stays until it is answered, so that a failure can change nothing about the order: an exit that comes before its start
 * leaves a container "up" for ever. Knows nothing of containers. */
#include "shim/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "shim/ttrpc.h"

enum {
	ANSWER_MS = 5000,
	PAUSE_STEP_MS = 1000, /* 1 s, 2 s, ... before the next try */
	PAUSE_STEPS = 5,
	MAX_EVENT = (4 << 20) - 4096, /* bytes; a request stands around it */
	MAX_REFUSALS = 3, /* an event that containerd does not want must not hold up those behind it for ever */
};

struct event {
	struct event *next;
	enum bw_topic topic;
	size_t len;
	unsigned char request[]; /* bytes of ForwardRequest */
};

struct bw_publisher {
	struct bw_loop *loop;
	char *path, *namespace;
	struct event *first, *last;
	size_t n;
	struct bw_source connection;
	uint32_t stream;     /* of the request that waits for its answer */
	bool sent;	     /* the first event is on its way, or goes out of `out` */
	struct bw_wire out;
	size_t written;	     /* of out */
	struct bw_ttrpc_input in;
	struct bw_timer timer; /* sent: for the answer; else, when set: a pause after a failure */
	unsigned failures;     /* in a row, at most PAUSE_STEPS */
	int64_t answer_ms, pause_step_ms;
	unsigned refusals;     /* of the first event */
	struct bw_timer budget;
	void (*idle)(void *ctx);
	void *idle_ctx;
};

static void send_first(struct bw_publisher *publisher);

static void disconnect(struct bw_publisher *publisher)
{
	bw_loop_remove(publisher->loop, &publisher->connection);
	if (publisher->connection.fd >= 0)
		close(publisher->connection.fd);
	publisher->connection.fd = -1;
	bw_ttrpc_input_done(&publisher->in);
	publisher->in = (struct bw_ttrpc_input){0};
}

static void forget_request(struct bw_publisher *publisher)
{
	bw_loop_cancel_timer(publisher->loop, &publisher->timer);
	bw_wire_done(&publisher->out);
	publisher->out = (struct bw_wire){0};
	publisher->written = 0;
	publisher->sent = false;
}

/* The first event goes again after a while, longer with each failure. */
static void pause_sending(struct bw_publisher *publisher)
{
	if (publisher->failures < PAUSE_STEPS)
		publisher->failures++;
	forget_request(publisher);
	bw_loop_set_timer(publisher->loop, &publisher->timer, publisher->failures * publisher->pause_step_ms);
}

static void connection_failed(struct bw_publisher *publisher, const char *why)
{
	bw_debug("events: %s: %s", publisher->path, why);
	disconnect(publisher);
	if (publisher->first)
		pause_sending(publisher);
}

static void drop_first(struct bw_publisher *publisher)
{
	struct event *event = publisher->first;

	publisher->first = event->next;
	if (!publisher->first)
		publisher->last = NULL;
	publisher->n--;
	publisher->refusals = 0;
	free(event);
}

/* The last thing that a caller does: idle may free the publisher. */
static void tell_idle(struct bw_publisher *publisher)
{
	void (*idle)(void *ctx) = publisher->idle;

	if (!idle)
		return;
	publisher->idle = NULL;
	bw_loop_cancel_timer(publisher->loop, &publisher->budget);
	idle(publisher->idle_ctx);
}

/* What containerd says of the first event; a status other than 0 is its refusal. The last thing that a caller does. */
static void answered(struct bw_publisher *publisher, const struct bw_ttrpc_response *response)
{
	const struct bw_ttrpc_status *status = response->status;
	const char *topic = bw_topic_layouts[publisher->first->topic].topic;

	if (status && status->code != BW_TTRPC_OK) {
		if (++publisher->refusals < MAX_REFUSALS) {
			pause_sending(publisher);
			return;
		}
		bw_log(BW_LOG_WARNING, "events: containerd does not take %s: %.200s", topic, status->message);
	}
	publisher->failures = 0;
	forget_request(publisher);
	drop_first(publisher);
	if (publisher->first)
		send_first(publisher);
	else
		tell_idle(publisher);
}

/* Frames that have come; those of no request of ours are passed over. All are taken, since what is left would hold memory.
 * The last thing that a caller does. */
static void take_frames(struct bw_publisher *publisher)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_ttrpc_response response;
	struct bw_ttrpc_frame frame;
	struct bw_err err = {0};
	enum bw_ttrpc_next next;
	bool mine = false;

	while ((next = bw_ttrpc_input_next(&publisher->in, &frame)) != BW_TTRPC_NONE) {
		if (!publisher->sent || mine || frame.type != BW_TTRPC_RESPONSE || frame.stream != publisher->stream)
			continue;
		if (next == BW_TTRPC_TOO_LONG ||
			bw_proto_read(&bw_ttrpc_response_table, frame.data, frame.len, &arena, &response, &err) < 0) {
			connection_failed(publisher, next == BW_TTRPC_TOO_LONG ? "an answer is too long" : err.text);
			return;
		}
		mine = true;
	}
	if (mine)
		answered(publisher, &response);
}

/* True when there may be something to take; else the connection is gone or has nothing. */
static bool receive(struct bw_publisher *publisher)
{
	unsigned char *room;
	size_t size;
	ssize_t len;

	if (bw_ttrpc_input_room(&publisher->in, &room, &size) < 0) {
		connection_failed(publisher, "out of memory");
		return false;
	}
	len = recv(publisher->connection.fd, room, size, MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		len = 0;
	else if (len <= 0) {
		connection_failed(publisher, len < 0 ? bw_errno_words(errno) : "closed by containerd");
		return false;
	}
	bw_ttrpc_input_filled(&publisher->in, (size_t)len);
	return true;
}

/* False: the connection is gone. */
static bool flush_out(struct bw_publisher *publisher)
{
	while (publisher->written < publisher->out.len) {
		ssize_t len = send(publisher->connection.fd, publisher->out.bytes + publisher->written,
			publisher->out.len - publisher->written, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN) {
			bw_loop_change(publisher->loop, &publisher->connection, EPOLLIN | EPOLLOUT);
			return true;
		}
		if (len < 0) {
			connection_failed(publisher, bw_errno_words(errno));
			return false;
		}
		publisher->written += (size_t)len;
	}
	bw_wire_done(&publisher->out);
	publisher->out = (struct bw_wire){0};
	publisher->written = 0;
	bw_loop_change(publisher->loop, &publisher->connection, EPOLLIN);
	return true;
}

static void connection_seen(void *ctx, uint32_t events)
{
	struct bw_publisher *publisher = ctx;

	if ((events & EPOLLOUT) && !flush_out(publisher))
		return;
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && receive(publisher))
		take_frames(publisher);
}

/* As bw_connect_unix(), but never waits: with a full queue of its listener a socket says EAGAIN. Descriptor or -errno. */
static int connect_now(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int inode = -1;
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return -errno;
	if (strlen(path) < sizeof address.sun_path) {
		memcpy(address.sun_path, path, strlen(path) + 1);
	} else {
		inode = open(path, O_PATH | O_CLOEXEC);
		if (inode < 0)
			return -errno;
		snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", inode);
	}
	if (connect(sock, (const struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	return take_fd(&sock);
}

/* False: tried in vain, and a pause begins. */
static bool connect_to(struct bw_publisher *publisher)
{
	struct bw_err err = {0};
	int fd = connect_now(publisher->path);

	if (fd < 0) {
		connection_failed(publisher, bw_errno_words(-fd));
		return false;
	}
	publisher->connection = (struct bw_source){.fd = fd, .seen = connection_seen, .ctx = publisher};
	publisher->stream = UINT32_MAX; /* the first one is 1 */
	if (bw_loop_add(publisher->loop, &publisher->connection, EPOLLIN, &err) == 0)
		return true;
	connection_failed(publisher, err.text);
	return false;
}

static void write_request(struct bw_publisher *publisher)
{
	const struct event *event = publisher->first;
	struct bw_ttrpc_pair namespace = {"containerd-namespace-ttrpc", publisher->namespace};
	const struct bw_ttrpc_request request = {
		.service = "containerd.services.events.ttrpc.v1.Events",
		.method = "Forward",
		.payload = {event->request, event->len},
		.timeout_ns = (uint64_t)publisher->answer_ms * 1000000,
		.metadata = {&namespace, 1},
	};
	auto_wire struct bw_wire bytes = {0};

	bw_proto_write(&bw_ttrpc_request_table, &request, &bytes);
	publisher->stream += 2;
	if (!bytes.no_memory)
		bw_ttrpc_frame_write(&publisher->out, BW_TTRPC_REQUEST, publisher->stream, bytes.bytes, bytes.len);
	publisher->out.no_memory |= bytes.no_memory;
}

static void send_first(struct bw_publisher *publisher)
{
	/* A stream's number never comes twice on one connection. */
	if (publisher->connection.fd >= 0 && publisher->stream >= INT32_MAX - 2)
		disconnect(publisher);
	if (publisher->connection.fd < 0 && !connect_to(publisher))
		return;
	write_request(publisher);
	if (publisher->out.no_memory) {
		connection_failed(publisher, "out of memory");
		return;
	}
	publisher->sent = true;
	bw_loop_set_timer(publisher->loop, &publisher->timer, publisher->answer_ms);
	(void)flush_out(publisher);
}

static void timer_due(void *ctx)
{
	struct bw_publisher *publisher = ctx;

	if (publisher->sent)
		connection_failed(publisher, "no answer");
	else if (publisher->first)
		send_first(publisher);
}

static void budget_due(void *ctx)
{
	struct bw_publisher *publisher = ctx;

	bw_log(BW_LOG_WARNING, "events: %zu are not delivered: nobody answers at %s", publisher->n, publisher->path);
	tell_idle(publisher);
}

int bw_publisher_open(struct bw_loop *loop, const char *address, const char *namespace, struct bw_publisher **ret,
	struct bw_err *err)
{
	const char *path = address ? bw_after_prefix(address, "unix://") : NULL;
	struct bw_publisher *publisher = calloc(1, sizeof *publisher);

	if (!publisher)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "events");
	*publisher = (struct bw_publisher){
		.loop = loop,
		.connection = BW_SOURCE_INIT,
		.timer = {.due = timer_due, .ctx = publisher},
		.budget = {.due = budget_due, .ctx = publisher},
		.answer_ms = ANSWER_MS,
		.pause_step_ms = PAUSE_STEP_MS,
		.namespace = strdup(namespace),
	};
	path = path ? path : address;
	if (path && *path)
		publisher->path = strdup(path);
	if (!publisher->namespace || (path && *path && !publisher->path)) {
		bw_publisher_free(publisher);
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "events");
	}
	*ret = publisher;
	return 0;
}

/* The oldest that tells of no exit: without its exit a container never ends for containerd, everything else it can ask
 * for. The one that is on its way stays. When all are exits it is the oldest of them. */
static void make_room(struct bw_publisher *publisher)
{
	struct event **at, *before = NULL, *event;
	struct event **start = publisher->sent ? &publisher->first->next : &publisher->first;

	for (at = start; *at && (*at)->topic == BW_TOPIC_EXIT; at = &(*at)->next)
		;
	if (!*at)
		at = start;
	event = *at;
	if (!event)
		return;
	*at = event->next;
	for (struct event *e = publisher->first; e; e = e->next)
		before = e;
	publisher->last = before;
	publisher->n--;
	bw_log(BW_LOG_WARNING, "events: more than %d wait, %s is dropped", BW_PUBLISHER_MAX,
		bw_topic_layouts[event->topic].topic);
	free(event);
}

void bw_publish(struct bw_publisher *publisher, enum bw_topic topic, const struct bw_task_event *what)
{
	auto_wire struct bw_wire bytes = {0};
	struct timespec clock;
	struct bw_timestamp now;
	struct event *event;

	if (!publisher->path)
		return;
	clock_gettime(CLOCK_REALTIME, &clock);
	now = (struct bw_timestamp){(uint64_t)clock.tv_sec, (uint64_t)clock.tv_nsec};
	bw_event_write(topic, publisher->namespace, &now, what, &bytes);
	/* One that no frame can carry would keep all others waiting for ever. */
	if (bytes.len > MAX_EVENT) {
		bw_log(BW_LOG_ERROR, "events: %s of %zu bytes is dropped", bw_topic_layouts[topic].topic, bytes.len);
		return;
	}
	event = bytes.no_memory ? NULL : malloc(sizeof *event + bytes.len);
	if (!event) {
		bw_log(BW_LOG_ERROR, "events: out of memory, %s is dropped", bw_topic_layouts[topic].topic);
		return;
	}
	*event = (struct event){.topic = topic, .len = bytes.len};
	memcpy(event->request, bytes.bytes, bytes.len);
	if (publisher->n >= BW_PUBLISHER_MAX)
		make_room(publisher);
	if (publisher->last)
		publisher->last->next = event;
	else
		publisher->first = event;
	publisher->last = event;
	publisher->n++;
	/* With the timer set there is a request on its way, or a pause. */
	if (!publisher->timer.set)
		send_first(publisher);
}

void bw_publisher_flush(struct bw_publisher *publisher, int64_t budget_ms, void (*idle)(void *ctx), void *ctx)
{
	publisher->idle = idle;
	publisher->idle_ctx = ctx;
	if (publisher->first)
		bw_loop_set_timer(publisher->loop, &publisher->budget, budget_ms);
	else
		tell_idle(publisher);
}

void bw_publisher_set_times(struct bw_publisher *publisher, int64_t answer_ms, int64_t pause_step_ms)
{
	publisher->answer_ms = answer_ms;
	publisher->pause_step_ms = pause_step_ms;
}

void bw_publisher_free(struct bw_publisher *publisher)
{
	if (!publisher)
		return;
	forget_request(publisher);
	bw_loop_cancel_timer(publisher->loop, &publisher->budget);
	disconnect(publisher);
	while (publisher->first)
		drop_first(publisher);
	free(publisher->path);
	free(publisher->namespace);
	free(publisher);
}
