/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the shim's socket: connections of containerd, requests to the service Task, and their answers, in whatever
 * order they are ready. Never waits. */
#ifndef BW_SHIM_SERVER_H
#define BW_SHIM_SERVER_H

#include "shim/loop.h"
#include "shim/messages.h"
#include "shim/ttrpc.h"

struct bw_server;
/* A request that has no answer yet. Answering it frees it; its client may be gone by then. */
struct bw_call;

/* call is the handler's to answer, now or later; request lives until the handler returns. */
typedef void bw_server_fn(void *ctx, enum bw_task_method method, struct bw_call *call, const struct bw_task_request *request);

/* listener: bound and listening, taken over. */
int bw_server_open(struct bw_loop *loop, int listener, bw_server_fn *handle, void *ctx, struct bw_server **ret,
	struct bw_err *err) BW_MUST_CHECK;
/* Takes the socket away: nobody new finds us. The connections that are there stay. */
void bw_server_stop_listening(struct bw_server *server);
size_t bw_server_connections(const struct bw_server *server);
/* NULL is fine. */
void bw_server_close(struct bw_server *server);

void bw_call_answer(struct bw_call *call, const struct bw_task_response *response);
void bw_call_refuse(struct bw_call *call, enum bw_ttrpc_code code, const char *fmt, ...) BW_PRINTF(3, 4);
/* Calls that wait for the same thing, in the order in which they came. */
struct bw_calls {
	struct bw_call *first, **end; /* end: where the next one goes; NULL: first */
};
void bw_calls_add(struct bw_calls *calls, struct bw_call *call);
struct bw_call *bw_calls_take(struct bw_calls *calls);

#endif
