/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - who may connect, what a frame asks for, and answers on their way out. Whoever connects is checked by
 * SO_PEERCRED (CVE-2020-15257): the socket's mode and directory keep others away already. */
#include "shim/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"

enum {
	MAX_CONNECTIONS = 1024,
	MAX_CALLS = 16384,	 /* of one connection, without an answer */
	MAX_OUTPUT = 16 << 20, /* bytes that a client does not read */
	MAX_PAYLOAD = BW_TTRPC_MAX_DATA - 64, /* with what stands around it */
	PAUSE_MS = 200,
};

struct bw_connection {
	struct bw_server *server;
	struct bw_connection *next;
	struct bw_source source;
	struct bw_ttrpc_input input;
	struct bw_wire output;
	size_t sent; /* of output */
	uint32_t last_stream;
	struct bw_call *calls;
	size_t calls_n;
	bool broken;
};

struct bw_call {
	struct bw_connection *connection; /* NULL: the client is gone */
	struct bw_call *next, **before;	  /* of its connection */
	struct bw_calls *calls; /* that it waits in, or NULL */
	struct bw_call *waiting, **waiting_before;
	uint32_t stream;
	enum bw_task_method method;
};

struct bw_server {
	struct bw_loop *loop;
	struct bw_source listener;
	struct bw_connection *connections;
	size_t connections_n;
	struct bw_timer pause; /* no descriptor is free: a listener that is ready would keep the loop busy */
	bw_server_fn *handle;
	void *ctx;
};

/* ---- output ---- */

static void want_output(struct bw_connection *connection)
{
	bool waits = connection->output.len > connection->sent;

	bw_loop_change(connection->server->loop, &connection->source, EPOLLIN | (waits ? EPOLLOUT : 0));
}

/* Its own event ends it: whoever finds the fault may be in the middle of something. */
static void break_off(struct bw_connection *connection)
{
	connection->broken = true;
	shutdown(connection->source.fd, SHUT_RDWR);
}

/* What the socket takes now. The memory goes as soon as it is empty: an idle shim holds none. */
static void flush(struct bw_connection *connection)
{
	struct bw_wire *output = &connection->output;

	while (!connection->broken && connection->sent < output->len) {
		ssize_t n = send(connection->source.fd, output->bytes + connection->sent, output->len - connection->sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			connection->sent += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			break_off(connection);
	}
	if (connection->sent == output->len) {
		bw_wire_done(output);
		connection->sent = 0;
	}
	if (output->len - connection->sent > MAX_OUTPUT)
		break_off(connection);
}

static void respond(struct bw_connection *connection, uint32_t stream, const struct bw_ttrpc_response *response)
{
	auto_wire struct bw_wire data = {0};
	bool idle = connection->output.len == connection->sent;

	bw_proto_write(&bw_ttrpc_response_table, response, &data);
	bw_ttrpc_frame_write(&connection->output, BW_TTRPC_RESPONSE, stream, data.bytes, data.len);
	/* Without its answer a client would wait for ever. */
	if (data.no_memory || connection->output.no_memory)
		break_off(connection);
	flush(connection);
	if (!idle || connection->output.len)
		want_output(connection);
}

static void refuse(struct bw_connection *connection, uint32_t stream, enum bw_ttrpc_code code, const char *message)
{
	struct bw_ttrpc_status status = {.code = code, .message = message};

	respond(connection, stream, &(struct bw_ttrpc_response){.status = &status});
}

/* ---- calls ---- */

static struct bw_call *call_new(struct bw_connection *connection, uint32_t stream, enum bw_task_method method)
{
	struct bw_call *call = connection->calls_n < MAX_CALLS ? calloc(1, sizeof *call) : NULL;

	if (!call)
		return NULL;
	*call = (struct bw_call){.connection = connection, .stream = stream, .method = method, .next = connection->calls,
		.before = &connection->calls};
	if (call->next)
		call->next->before = &call->next;
	connection->calls = call;
	connection->calls_n++;
	return call;
}

static void call_free(struct bw_call *call)
{
	if (call->connection) {
		*call->before = call->next;
		if (call->next)
			call->next->before = call->before;
		call->connection->calls_n--;
	}
	free(call);
}

void bw_call_answer(struct bw_call *call, const struct bw_task_response *response)
{
	auto_wire struct bw_wire payload = {0};

	if (call->connection) {
		bw_proto_write(bw_task_layouts[call->method].response, response, &payload);
		if (payload.no_memory || payload.len > MAX_PAYLOAD)
			refuse(call->connection, call->stream, BW_TTRPC_RESOURCE_EXHAUSTED,
				payload.no_memory ? "out of memory" : "the answer is longer than 4 MiB");
		else
			respond(call->connection, call->stream,
				&(struct bw_ttrpc_response){.payload = {.v = payload.bytes, .len = payload.len}});
	}
	call_free(call);
}

void bw_call_refuse(struct bw_call *call, enum bw_ttrpc_code code, const char *fmt, ...)
{
	char message[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	/* It is one sentence in one line for whoever sees it, also where it tells of a name that is none. */
	for (char *c = message; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	bw_debug("%s: %s", bw_task_layouts[call->method].name, message);
	if (call->connection)
		refuse(call->connection, call->stream, code, message);
	call_free(call);
}

void bw_calls_add(struct bw_calls *calls, struct bw_call *call)
{
	if (!calls->first)
		calls->end = &calls->first;
	call->calls = calls;
	call->waiting = NULL;
	call->waiting_before = calls->end;
	*calls->end = call;
	calls->end = &call->waiting;
}

static void calls_remove(struct bw_call *call)
{
	*call->waiting_before = call->waiting;
	if (call->waiting)
		call->waiting->waiting_before = call->waiting_before;
	else
		call->calls->end = call->waiting_before;
	call->calls = NULL;
}

struct bw_call *bw_calls_take(struct bw_calls *calls)
{
	struct bw_call *call = calls->first;

	if (call)
		calls_remove(call);
	return call;
}

/* ---- input ---- */

static bool is_task(const char *service)
{
	return bw_streq(service, "containerd.task.v2.Task") || bw_streq(service, "containerd.task.v3.Task");
}

static int find_method(const char *name)
{
	for (int i = 0; i < BW_TASK_METHODS; i++)
		if (bw_streq(name, bw_task_layouts[i].name))
			return i;
	return -1;
}

static void dispatch(struct bw_connection *connection, uint32_t stream, const struct bw_ttrpc_request *envelope,
	struct bw_arena *arena)
{
	struct bw_server *server = connection->server;
	struct bw_task_request request = {0};
	struct bw_err err = {0};
	struct bw_call *call;
	char message[400];
	int method = is_task(envelope->service) ? find_method(envelope->method) : -1;

	if (method < 0) {
		snprintf(message, sizeof message, "service %.120s: this shim has no method %.120s", envelope->service,
			envelope->method);
		refuse(connection, stream, BW_TTRPC_UNIMPLEMENTED, message);
		return;
	}
	if (bw_proto_read(bw_task_layouts[method].request, envelope->payload.v, envelope->payload.len, arena, &request,
		    &err) < 0) {
		refuse(connection, stream, BW_TTRPC_INVALID_ARGUMENT, err.text);
		return;
	}
	call = call_new(connection, stream, (enum bw_task_method)method);
	if (!call)
		refuse(connection, stream, BW_TTRPC_RESOURCE_EXHAUSTED, "too many requests without an answer");
	else
		server->handle(server->ctx, call->method, call, &request);
}

static void take_request(struct bw_connection *connection, const struct bw_ttrpc_frame *frame)
{
	auto_wiped_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_ttrpc_request envelope = {0};
	struct bw_err err = {0};

	/* Clients count upwards in odd numbers. */
	if (frame->stream % 2 == 0 || frame->stream <= connection->last_stream) {
		refuse(connection, frame->stream, BW_TTRPC_INVALID_ARGUMENT, "stream id is not odd or not new");
		return;
	}
	connection->last_stream = frame->stream;
	if (bw_proto_read(&bw_ttrpc_request_table, frame->data, frame->len, &arena, &envelope, &err) < 0)
		refuse(connection, frame->stream, BW_TTRPC_INVALID_ARGUMENT, err.text);
	else
		dispatch(connection, frame->stream, &envelope, &arena);
}

static void take_frames(struct bw_connection *connection)
{
	struct bw_ttrpc_frame frame;

	while (!connection->broken)
		switch (bw_ttrpc_input_next(&connection->input, &frame)) {
		case BW_TTRPC_NONE:
			return;
		case BW_TTRPC_FRAME:
			/* Others are of streams, which no method here has, or of a later protocol. */
			if (frame.type == BW_TTRPC_REQUEST)
				take_request(connection, &frame);
			break;
		case BW_TTRPC_TOO_LONG:
			refuse(connection, frame.stream, BW_TTRPC_RESOURCE_EXHAUSTED, "the message is longer than 4 MiB");
			break;
		}
}

/* ---- connections ---- */

static void disconnect(struct bw_connection *connection)
{
	struct bw_server *server = connection->server;
	struct bw_connection **at = &server->connections;

	for (struct bw_call *call = connection->calls, *next; call; call = next) {
		next = call->next;
		call->connection = NULL;
		/* Nobody waits any more. A call that a worker is at is its owner's until it is answered. */
		if (call->calls) {
			calls_remove(call);
			free(call);
		}
	}
	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	server->connections_n--;
	bw_loop_remove(server->loop, &connection->source);
	close(connection->source.fd);
	bw_ttrpc_input_done(&connection->input);
	bw_wire_done(&connection->output);
	free(connection);
}

/* One read of it: other connections have their turn. */
static bool fill(struct bw_connection *connection)
{
	unsigned char *room;
	size_t size;
	ssize_t n;

	if (bw_ttrpc_input_room(&connection->input, &room, &size) < 0)
		return false;
	n = recv(connection->source.fd, room, size, MSG_DONTWAIT);
	bw_ttrpc_input_filled(&connection->input, n > 0 ? (size_t)n : 0);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void serve(void *ctx, uint32_t events)
{
	struct bw_connection *connection = ctx;

	if (events & EPOLLOUT) {
		flush(connection);
		want_output(connection);
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !fill(connection))
		connection->broken = true;
	take_frames(connection);
	if (connection->broken)
		disconnect(connection);
}

static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid() && peer.gid == getegid();
}

static void listen_again(void *ctx)
{
	struct bw_server *server = ctx;

	bw_loop_change(server->loop, &server->listener, EPOLLIN);
}

static void welcome(void *ctx, uint32_t events)
{
	struct bw_server *server = ctx;
	auto_close int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct bw_connection *connection;
	struct bw_err err = {0};

	(void)events;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
		bw_log(BW_LOG_WARNING, "accepting a connection: %s", bw_errno_words(errno));
		bw_loop_change(server->loop, &server->listener, 0);
		bw_loop_set_timer(server->loop, &server->pause, PAUSE_MS);
	}
	if (fd < 0 || !is_ours(fd) || server->connections_n >= MAX_CONNECTIONS)
		return;
	connection = calloc(1, sizeof *connection);
	if (!connection)
		return;
	*connection = (struct bw_connection){
		.server = server, .source = {.fd = fd, .seen = serve, .ctx = connection}, .next = server->connections};
	if (bw_loop_add(server->loop, &connection->source, EPOLLIN, &err) < 0) {
		bw_log_error(&err, NULL);
		free(connection);
		return;
	}
	take_fd(&fd);
	server->connections = connection;
	server->connections_n++;
}

int bw_server_open(struct bw_loop *loop, int listener, bw_server_fn *handle, void *ctx, struct bw_server **ret,
	struct bw_err *err)
{
	struct bw_server *server = calloc(1, sizeof *server);

	if (!server)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "server");
	*server = (struct bw_server){.loop = loop,
		.handle = handle,
		.ctx = ctx,
		.pause = {.due = listen_again, .ctx = server},
		.listener = {.fd = listener, .seen = welcome, .ctx = server}};
	if (bw_loop_add(loop, &server->listener, EPOLLIN, err) < 0) {
		free(server);
		return bw_wrap(err, "listening");
	}
	*ret = server;
	return 0;
}

size_t bw_server_connections(const struct bw_server *server)
{
	return server->connections_n;
}

/* While we still listen the name is ours; afterwards a `start` may have it for another server. */
static void unlink_socket(int fd)
{
	struct sockaddr_un address = {0};
	socklen_t len = sizeof address - 1;

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.sun_path[0] == '/')
		unlink(address.sun_path);
}

void bw_server_stop_listening(struct bw_server *server)
{
	if (server->listener.fd < 0)
		return;
	unlink_socket(server->listener.fd);
	bw_loop_cancel_timer(server->loop, &server->pause);
	bw_loop_remove(server->loop, &server->listener);
	close(server->listener.fd);
	server->listener.fd = -1;
}

void bw_server_close(struct bw_server *server)
{
	if (!server)
		return;
	while (server->connections)
		disconnect(server->connections);
	bw_server_stop_listening(server);
	free(server);
}
