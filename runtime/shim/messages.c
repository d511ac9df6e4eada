/* SPDX-License-Identifier: Apache-2.0 */
/* messages.c - the tables. Field numbers: containerd's api/runtime/task/v3/shim.proto, events/task.proto,
 * types/{mount,event,introspection,task/task,runc/options/oci,runtimeoptions/v1/api}.proto and
 * runtime/bootstrap/v1/bootstrap.proto; ttrpc's request.proto; google/rpc/status.proto. Fields that the shim has no use
 * for are not here, and so skipped. */
#include "shim/messages.h"

#include <string.h>

#include "base/str.h"

#define ROW(type, number, kind, member)	      {(number), BW_PROTO_##kind, offsetof(struct type, member), NULL}
#define INNER(type, number, kind, member, of) {(number), BW_PROTO_##kind, offsetof(struct type, member), &(of)}
#define PART(number, of)		      {(number), BW_PROTO_PART, 0, &(of)}
#define END				      {0, BW_PROTO_END, 0, NULL}

#define ROWS(...) ((const struct bw_proto_row[]){__VA_ARGS__, END})
#define TABLE(variable, name_, type, ...)                                                                              \
	const struct bw_proto_table variable = {.name = (name_), .size = sizeof(struct type), .rows = ROWS(__VA_ARGS__)}

/* --- what many have --- */

TABLE(bw_any_table, "Any", bw_any, ROW(bw_any, 1, TEXT, type_url), ROW(bw_any, 2, BYTES, value));

TABLE(bw_timestamp_table, "Timestamp", bw_timestamp, ROW(bw_timestamp, 1, NUMBER, seconds),
	ROW(bw_timestamp, 2, NUMBER, nanos));

static TABLE(mount_table, "Mount", bw_rootfs_mount, ROW(bw_rootfs_mount, 1, TEXT, type),
	ROW(bw_rootfs_mount, 2, TEXT, source), ROW(bw_rootfs_mount, 3, TEXT, target),
	ROW(bw_rootfs_mount, 4, TEXTS, options));

/* --- requests of Task --- */

#define FIELD(number, kind, member) ROW(bw_task_request, number, kind, member)

static const struct bw_proto_row request_texts[] = {
	FIELD(0, TEXT, id),
	FIELD(0, TEXT, exec_id),
	FIELD(0, TEXT, bundle),
	FIELD(0, TEXT, stdin_path),
	FIELD(0, TEXT, stdout_uri),
	FIELD(0, TEXT, stderr_uri),
	FIELD(0, TEXT, checkpoint),
	FIELD(0, TEXT, parent_checkpoint),
	FIELD(0, TEXT, path),
	END,
};

#define REQUEST(variable, name_, ...)                                                                                  \
	static const struct bw_proto_table variable = {                                                                \
		.name = (name_),                                                                                       \
		.size = sizeof(struct bw_task_request),                                                                \
		.rows = ROWS(FIELD(1, TEXT, id), __VA_ARGS__),                                                         \
		.texts = request_texts,                                                                                \
	}
#define EXEC_REQUEST(variable, name_, ...) REQUEST(variable, name_, FIELD(2, TEXT, exec_id), __VA_ARGS__)

EXEC_REQUEST(state_request, "StateRequest", END);
REQUEST(create_request, "CreateTaskRequest", FIELD(2, TEXT, bundle),
	INNER(bw_task_request, 3, LIST, mounts, mount_table), FIELD(4, BOOL, terminal), FIELD(5, TEXT, stdin_path),
	FIELD(6, TEXT, stdout_uri), FIELD(7, TEXT, stderr_uri), FIELD(8, TEXT, checkpoint),
	FIELD(9, TEXT, parent_checkpoint), INNER(bw_task_request, 10, MESSAGE, any, bw_any_table));
EXEC_REQUEST(start_request, "StartRequest", END);
EXEC_REQUEST(delete_request, "DeleteRequest", END);
REQUEST(pids_request, "PidsRequest", END);
REQUEST(pause_request, "PauseRequest", END);
REQUEST(resume_request, "ResumeRequest", END);
REQUEST(checkpoint_request, "CheckpointTaskRequest", FIELD(2, TEXT, path),
	INNER(bw_task_request, 3, MESSAGE, any, bw_any_table));
EXEC_REQUEST(kill_request, "KillRequest", FIELD(3, NUMBER, signal), FIELD(4, BOOL, all));
EXEC_REQUEST(exec_request, "ExecProcessRequest", FIELD(3, BOOL, terminal), FIELD(4, TEXT, stdin_path),
	FIELD(5, TEXT, stdout_uri), FIELD(6, TEXT, stderr_uri), INNER(bw_task_request, 7, MESSAGE, any, bw_any_table));
EXEC_REQUEST(resize_pty_request, "ResizePtyRequest", FIELD(3, NUMBER, width), FIELD(4, NUMBER, height));
EXEC_REQUEST(close_io_request, "CloseIORequest", FIELD(3, BOOL, close_stdin));
/* Annotations (3) say nothing about resources. */
REQUEST(update_request, "UpdateTaskRequest", INNER(bw_task_request, 2, MESSAGE, any, bw_any_table));
EXEC_REQUEST(wait_request, "WaitRequest", END);
REQUEST(stats_request, "StatsRequest", END);
REQUEST(connect_request, "ConnectRequest", END);
REQUEST(shutdown_request, "ShutdownRequest", FIELD(2, BOOL, now));

#undef FIELD

/* --- its answers --- */

#define FIELD(number, kind, member) ROW(bw_task_response, number, kind, member)

static const struct bw_proto_row response_texts[] = {
	FIELD(0, TEXT, id),
	FIELD(0, TEXT, exec_id),
	FIELD(0, TEXT, bundle),
	FIELD(0, TEXT, stdin_path),
	FIELD(0, TEXT, stdout_uri),
	FIELD(0, TEXT, stderr_uri),
	FIELD(0, TEXT, version),
	END,
};

#define RESPONSE(variable, name_, ...)                                                                                 \
	static const struct bw_proto_table variable = {                                                                \
		.name = (name_),                                                                                       \
		.size = sizeof(struct bw_task_response),                                                               \
		.rows = ROWS(__VA_ARGS__),                                                                             \
		.texts = response_texts,                                                                               \
	}
#define EXITED_AT(number) INNER(bw_task_response, number, MESSAGE, exited_at, bw_timestamp_table)

static TABLE(process_table, "ProcessInfo", bw_task_process, ROW(bw_task_process, 1, NUMBER, pid),
	INNER(bw_task_process, 2, MESSAGE, info, bw_any_table));

RESPONSE(empty_response, "Empty", END);
RESPONSE(state_response, "StateResponse", FIELD(1, TEXT, id), FIELD(2, TEXT, bundle), FIELD(3, NUMBER, pid),
	FIELD(4, NUMBER, status), FIELD(5, TEXT, stdin_path), FIELD(6, TEXT, stdout_uri), FIELD(7, TEXT, stderr_uri),
	FIELD(8, BOOL, terminal), FIELD(9, NUMBER, exit_status), EXITED_AT(10), FIELD(11, TEXT, exec_id));
RESPONSE(create_response, "CreateTaskResponse", FIELD(1, NUMBER, pid));
RESPONSE(start_response, "StartResponse", FIELD(1, NUMBER, pid));
RESPONSE(delete_response, "DeleteResponse", FIELD(1, NUMBER, pid), FIELD(2, NUMBER, exit_status), EXITED_AT(3));
RESPONSE(pids_response, "PidsResponse", INNER(bw_task_response, 1, LIST, processes, process_table));
RESPONSE(wait_response, "WaitResponse", FIELD(1, NUMBER, exit_status), EXITED_AT(2));
RESPONSE(stats_response, "StatsResponse", INNER(bw_task_response, 1, MESSAGE, stats, bw_any_table));
RESPONSE(connect_response, "ConnectResponse", FIELD(1, NUMBER, shim_pid), FIELD(2, NUMBER, task_pid),
	FIELD(3, TEXT, version));

#undef FIELD
#undef EXITED_AT

const struct bw_task_layout bw_task_layouts[BW_TASK_METHODS] = {
	[BW_TASK_STATE] = {"State", &state_request, &state_response},
	[BW_TASK_CREATE] = {"Create", &create_request, &create_response},
	[BW_TASK_START] = {"Start", &start_request, &start_response},
	[BW_TASK_DELETE] = {"Delete", &delete_request, &delete_response},
	[BW_TASK_PIDS] = {"Pids", &pids_request, &pids_response},
	[BW_TASK_PAUSE] = {"Pause", &pause_request, &empty_response},
	[BW_TASK_RESUME] = {"Resume", &resume_request, &empty_response},
	[BW_TASK_CHECKPOINT] = {"Checkpoint", &checkpoint_request, &empty_response},
	[BW_TASK_KILL] = {"Kill", &kill_request, &empty_response},
	[BW_TASK_EXEC] = {"Exec", &exec_request, &empty_response},
	[BW_TASK_RESIZE_PTY] = {"ResizePty", &resize_pty_request, &empty_response},
	[BW_TASK_CLOSE_IO] = {"CloseIO", &close_io_request, &empty_response},
	[BW_TASK_UPDATE] = {"Update", &update_request, &empty_response},
	[BW_TASK_WAIT] = {"Wait", &wait_request, &wait_response},
	[BW_TASK_STATS] = {"Stats", &stats_request, &stats_response},
	[BW_TASK_CONNECT] = {"Connect", &connect_request, &connect_response},
	[BW_TASK_SHUTDOWN] = {"Shutdown", &shutdown_request, &empty_response},
};

/* --- events --- */

#define FIELD(number, kind, member) ROW(bw_task_event, number, kind, member)

static const struct bw_proto_row event_texts[] = {
	FIELD(0, TEXT, container_id),
	FIELD(0, TEXT, bundle),
	FIELD(0, TEXT, checkpoint),
	FIELD(0, TEXT, exec_id),
	FIELD(0, TEXT, id),
	FIELD(0, TEXT, stdin_path),
	FIELD(0, TEXT, stdout_uri),
	FIELD(0, TEXT, stderr_uri),
	END,
};

#define EVENT(variable, name_, ...)                                                                                    \
	static const struct bw_proto_table variable = {                                                                \
		.name = (name_),                                                                                       \
		.size = sizeof(struct bw_task_event),                                                                  \
		.rows = ROWS(FIELD(1, TEXT, container_id), __VA_ARGS__),                                               \
		.texts = event_texts,                                                                                  \
	}
#define EXITED_AT(number) INNER(bw_task_event, number, MESSAGE, exited_at, bw_timestamp_table)

static TABLE(task_io_table, "TaskIO", bw_task_event, FIELD(1, TEXT, stdin_path), FIELD(2, TEXT, stdout_uri),
	FIELD(3, TEXT, stderr_uri), FIELD(4, BOOL, terminal));

EVENT(create_event, "TaskCreate", FIELD(2, TEXT, bundle), INNER(bw_task_event, 3, LIST, mounts, mount_table),
	PART(4, task_io_table), FIELD(5, TEXT, checkpoint), FIELD(6, NUMBER, pid));
EVENT(start_event, "TaskStart", FIELD(2, NUMBER, pid));
EVENT(oom_event, "TaskOOM", END);
EVENT(exit_event, "TaskExit", FIELD(2, TEXT, id), FIELD(3, NUMBER, pid), FIELD(4, NUMBER, exit_status), EXITED_AT(5));
EVENT(delete_event, "TaskDelete", FIELD(2, NUMBER, pid), FIELD(3, NUMBER, exit_status), EXITED_AT(4),
	FIELD(5, TEXT, id));
EVENT(exec_added_event, "TaskExecAdded", FIELD(2, TEXT, exec_id));
EVENT(exec_started_event, "TaskExecStarted", FIELD(2, TEXT, exec_id), FIELD(3, NUMBER, pid));
EVENT(paused_event, "TaskPaused", END);
EVENT(resumed_event, "TaskResumed", END);
EVENT(checkpointed_event, "TaskCheckpointed", FIELD(2, TEXT, checkpoint));

#undef FIELD
#undef EXITED_AT

const struct bw_topic_layout bw_topic_layouts[BW_TOPICS] = {
	[BW_TOPIC_CREATE] = {"/tasks/create", "containerd.events.TaskCreate", &create_event},
	[BW_TOPIC_START] = {"/tasks/start", "containerd.events.TaskStart", &start_event},
	[BW_TOPIC_OOM] = {"/tasks/oom", "containerd.events.TaskOOM", &oom_event},
	[BW_TOPIC_EXIT] = {"/tasks/exit", "containerd.events.TaskExit", &exit_event},
	[BW_TOPIC_DELETE] = {"/tasks/delete", "containerd.events.TaskDelete", &delete_event},
	[BW_TOPIC_EXEC_ADDED] = {"/tasks/exec-added", "containerd.events.TaskExecAdded", &exec_added_event},
	[BW_TOPIC_EXEC_STARTED] = {"/tasks/exec-started", "containerd.events.TaskExecStarted", &exec_started_event},
	[BW_TOPIC_PAUSED] = {"/tasks/paused", "containerd.events.TaskPaused", &paused_event},
	[BW_TOPIC_RESUMED] = {"/tasks/resumed", "containerd.events.TaskResumed", &resumed_event},
	[BW_TOPIC_CHECKPOINTED] = {"/tasks/checkpointed", "containerd.events.TaskCheckpointed", &checkpointed_event},
};

/* ForwardRequest has one field, an Envelope: a part of it, then. */
struct envelope {
	const struct bw_timestamp *timestamp;
	const char *namespace, *topic;
	struct bw_any *event;
};

static TABLE(envelope_table, "Envelope", envelope, INNER(envelope, 1, MESSAGE, timestamp, bw_timestamp_table),
	ROW(envelope, 2, TEXT, namespace), ROW(envelope, 3, TEXT, topic), INNER(envelope, 4, MESSAGE, event, bw_any_table));
static TABLE(forward_request_table, "ForwardRequest", envelope, PART(1, envelope_table));

void bw_event_write(enum bw_topic topic, const char *namespace, const struct bw_timestamp *now,
	const struct bw_task_event *event, struct bw_wire *ret)
{
	const struct bw_topic_layout *layout = &bw_topic_layouts[topic];
	auto_wire struct bw_wire bytes = {0};
	struct bw_any any = {.type_url = layout->type};
	struct envelope envelope = {.timestamp = now, .namespace = namespace, .topic = layout->topic, .event = &any};

	bw_proto_write(layout->event, event, &bytes);
	any.value = (struct bw_proto_bytes){.v = bytes.bytes, .len = bytes.len};
	ret->no_memory = ret->no_memory || bytes.no_memory;
	bw_proto_write(&forward_request_table, &envelope, ret);
}

/* --- ttrpc's own --- */

static TABLE(pair_table, "KeyValue", bw_ttrpc_pair, ROW(bw_ttrpc_pair, 1, TEXT, key), ROW(bw_ttrpc_pair, 2, TEXT, value));

TABLE(bw_ttrpc_request_table, "Request", bw_ttrpc_request, ROW(bw_ttrpc_request, 1, TEXT, service),
	ROW(bw_ttrpc_request, 2, TEXT, method), ROW(bw_ttrpc_request, 3, BYTES, payload),
	ROW(bw_ttrpc_request, 4, NUMBER, timeout_ns), INNER(bw_ttrpc_request, 5, LIST, metadata, pair_table));

static TABLE(status_table, "Status", bw_ttrpc_status, ROW(bw_ttrpc_status, 1, NUMBER, code),
	ROW(bw_ttrpc_status, 2, TEXT, message));

TABLE(bw_ttrpc_response_table, "Response", bw_ttrpc_response,
	INNER(bw_ttrpc_response, 1, MESSAGE, status, status_table), ROW(bw_ttrpc_response, 2, BYTES, payload));

/* --- options --- */

#define FIELD(number, kind, member) ROW(bw_runc_options, number, kind, member)
TABLE(bw_runc_options_table, "runc Options", bw_runc_options, FIELD(1, BOOL, no_pivot_root),
	FIELD(2, BOOL, no_new_keyring), FIELD(3, TEXT, shim_cgroup), FIELD(4, NUMBER, io_uid), FIELD(5, NUMBER, io_gid),
	FIELD(6, TEXT, binary_name), FIELD(7, TEXT, root), FIELD(9, BOOL, systemd_cgroup),
	FIELD(10, TEXT, criu_image_path), FIELD(11, TEXT, criu_work_path));
#undef FIELD

TABLE(bw_generic_options_table, "runtime Options", bw_generic_options, ROW(bw_generic_options, 1, TEXT, type_url),
	ROW(bw_generic_options, 2, TEXT, config_path), ROW(bw_generic_options, 3, BYTES, config_body));

#define FIELD(number, kind, member) ROW(bw_checkpoint_options, number, kind, member)
TABLE(bw_checkpoint_options_table, "CheckpointOptions", bw_checkpoint_options, FIELD(1, BOOL, exit),
	FIELD(2, BOOL, open_tcp), FIELD(3, BOOL, external_unix_sockets), FIELD(4, BOOL, terminal),
	FIELD(5, BOOL, file_locks), FIELD(6, TEXTS, empty_namespaces), FIELD(7, TEXT, cgroups_mode),
	FIELD(8, TEXT, image_path), FIELD(9, TEXT, work_path), FIELD(10, TEXT, parent_path));
#undef FIELD

TABLE(bw_process_details_table, "ProcessDetails", bw_process_details, ROW(bw_process_details, 1, TEXT, exec_id));

/* --- start and -info --- */

static TABLE(extension_table, "Extension", bw_bootstrap_extension,
	INNER(bw_bootstrap_extension, 1, MESSAGE, value, bw_any_table));

#define FIELD(number, kind, member) ROW(bw_bootstrap_params, number, kind, member)
TABLE(bw_bootstrap_params_table, "BootstrapParams", bw_bootstrap_params, FIELD(1, TEXT, instance_id),
	FIELD(2, TEXT, namespace), FIELD(3, NUMBER, log_level), FIELD(4, TEXT, containerd_version),
	FIELD(5, TEXT, ttrpc_address), FIELD(6, TEXT, grpc_address), FIELD(7, TEXT, containerd_binary),
	INNER(bw_bootstrap_params, 8, LIST, extensions, extension_table), FIELD(9, TEXT, socket_dir));
#undef FIELD

/* Capabilities (4) and metadata (5): none. */
TABLE(bw_bootstrap_result_table, "BootstrapResult", bw_bootstrap_result, ROW(bw_bootstrap_result, 1, NUMBER, version),
	ROW(bw_bootstrap_result, 2, TEXT, address), ROW(bw_bootstrap_result, 3, TEXT, protocol));

static TABLE(runtime_version_table, "RuntimeVersion", bw_runtime_version, ROW(bw_runtime_version, 1, TEXT, version),
	ROW(bw_runtime_version, 2, TEXT, revision));

TABLE(bw_runtime_info_table, "RuntimeInfo", bw_runtime_info, ROW(bw_runtime_info, 1, TEXT, name),
	INNER(bw_runtime_info, 2, MESSAGE, version, runtime_version_table),
	INNER(bw_runtime_info, 3, MESSAGE, options, bw_any_table),
	INNER(bw_runtime_info, 4, MESSAGE, features, bw_any_table));

bool bw_any_is(const struct bw_any *any, const char *type)
{
	const char *slash;

	if (!any || !any->type_url)
		return false;
	slash = strrchr(any->type_url, '/');
	return bw_streq(any->type_url, type) || (slash && bw_streq(slash + 1, type));
}
