/* SPDX-License-Identifier: Apache-2.0 */
/* messages.h - what containerd and its shims say to each other, as structs and tables: containerd.task.v2 and v3 (the same
 * fields), containerd.events, ttrpc's own envelope, the options, and the bootstrap of 2.3. Field numbers are those of
 * containerd's api/ directory. Pure. */
#ifndef BW_SHIM_MESSAGES_H
#define BW_SHIM_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/message.h"

/* google.protobuf.Any, without the prefix "type.googleapis.com/" when we write it. */
struct bw_any {
	const char *type_url;
	struct bw_proto_bytes value;
};
/* google.protobuf.Timestamp */
struct bw_timestamp {
	uint64_t seconds, nanos;
};
/* containerd.types.Mount */
struct bw_rootfs_mount {
	const char *type, *source, *target;
	struct bw_proto_texts options;
};
struct bw_rootfs_mounts {
	struct bw_rootfs_mount *v;
	size_t n;
};

/* One struct for the requests of all methods of Task: each table has some of its members; the other texts are "", too. */
struct bw_task_request {
	const char *id, *exec_id, *bundle, *stdin_path, *stdout_uri, *stderr_uri, *checkpoint, *parent_checkpoint, *path;
	struct bw_rootfs_mounts mounts;
	bool terminal, all, close_stdin, now;
	uint64_t signal, width, height;
	struct bw_any *any; /* Create, Checkpoint: options; Exec: spec; Update: resources */
};
struct bw_task_process {
	uint64_t pid;
	struct bw_any *info;
};
/* enum containerd.v1.types.Status */
enum bw_task_status {
	BW_TASK_UNKNOWN,
	BW_TASK_CREATED,
	BW_TASK_RUNNING,
	BW_TASK_STOPPED,
	BW_TASK_PAUSED,
	BW_TASK_PAUSING,
};
/* The same for the answers. */
struct bw_task_response {
	const char *id, *exec_id, *bundle, *stdin_path, *stdout_uri, *stderr_uri, *version;
	bool terminal;
	uint64_t pid, shim_pid, task_pid, status, exit_status;
	struct bw_timestamp *exited_at;
	struct {
		struct bw_task_process *v;
		size_t n;
	} processes;
	struct bw_any *stats;
};

enum bw_task_method {
	BW_TASK_STATE,
	BW_TASK_CREATE,
	BW_TASK_START,
	BW_TASK_DELETE,
	BW_TASK_PIDS,
	BW_TASK_PAUSE,
	BW_TASK_RESUME,
	BW_TASK_CHECKPOINT,
	BW_TASK_KILL,
	BW_TASK_EXEC,
	BW_TASK_RESIZE_PTY,
	BW_TASK_CLOSE_IO,
	BW_TASK_UPDATE,
	BW_TASK_WAIT,
	BW_TASK_STATS,
	BW_TASK_CONNECT,
	BW_TASK_SHUTDOWN,
	BW_TASK_METHODS
};
/* The name on the wire ("ResizePty") and the layouts of struct bw_task_request and bw_task_response. */
extern const struct bw_task_layout {
	const char *name;
	const struct bw_proto_table *request, *response;
} bw_task_layouts[BW_TASK_METHODS];

/* One struct for all events of /tasks/...; at and exited_at are used by the tables that have them. */
struct bw_task_event {
	const char *container_id, *bundle, *checkpoint, *exec_id, *id;
	const char *stdin_path, *stdout_uri, *stderr_uri;
	bool terminal;
	struct bw_rootfs_mounts mounts;
	uint64_t pid, exit_status;
	struct bw_timestamp *exited_at;
};
enum bw_topic {
	BW_TOPIC_CREATE,
	BW_TOPIC_START,
	BW_TOPIC_OOM,
	BW_TOPIC_EXIT,
	BW_TOPIC_DELETE,
	BW_TOPIC_EXEC_ADDED,
	BW_TOPIC_EXEC_STARTED,
	BW_TOPIC_PAUSED,
	BW_TOPIC_RESUMED,
	BW_TOPIC_CHECKPOINTED,
	BW_TOPICS
};
/* "/tasks/exec-added", "containerd.events.TaskExecAdded", and the layout of struct bw_task_event. */
extern const struct bw_topic_layout {
	const char *topic, *type;
	const struct bw_proto_table *event;
} bw_topic_layouts[BW_TOPICS];
/* The bytes of ForwardRequest: one event with its time and namespace, for containerd.services.events.ttrpc.v1.Events. */
void bw_event_write(enum bw_topic topic, const char *namespace, const struct bw_timestamp *now,
	const struct bw_task_event *event, struct bw_wire *ret);

/* ttrpc's Request and Response. */
struct bw_ttrpc_pair {
	const char *key, *value;
};
struct bw_ttrpc_request {
	const char *service, *method;
	struct bw_proto_bytes payload;
	uint64_t timeout_ns;
	struct {
		struct bw_ttrpc_pair *v;
		size_t n;
	} metadata;
};
/* google.rpc.Status */
struct bw_ttrpc_status {
	uint64_t code;
	const char *message;
};
struct bw_ttrpc_response {
	struct bw_ttrpc_status *status;
	struct bw_proto_bytes payload;
};
extern const struct bw_proto_table bw_ttrpc_request_table, bw_ttrpc_response_table;

extern const struct bw_proto_table bw_any_table, bw_timestamp_table;
/* TaskResponse of `delete`: DeleteResponse, the layout of BW_TASK_DELETE's answer. */

/* containerd.runc.v1.Options */
struct bw_runc_options {
	bool no_pivot_root, no_new_keyring, systemd_cgroup;
	const char *shim_cgroup, *binary_name, *root, *criu_image_path, *criu_work_path;
	uint64_t io_uid, io_gid;
};
/* runtimeoptions.v1.Options */
struct bw_generic_options {
	const char *type_url, *config_path;
	struct bw_proto_bytes config_body;
};
/* containerd.runc.v1.CheckpointOptions */
struct bw_checkpoint_options {
	bool exit, open_tcp, external_unix_sockets, terminal, file_locks;
	struct bw_proto_texts empty_namespaces;
	const char *cgroups_mode, *image_path, *work_path, *parent_path;
};
/* containerd.runc.v1.ProcessDetails */
struct bw_process_details {
	const char *exec_id;
};
extern const struct bw_proto_table bw_runc_options_table, bw_generic_options_table, bw_checkpoint_options_table,
	bw_process_details_table;

/* containerd.runtime.bootstrap.v1.BootstrapParams and BootstrapResult */
struct bw_bootstrap_extension {
	struct bw_any *value;
};
struct bw_bootstrap_params {
	const char *instance_id, *namespace, *containerd_version, *ttrpc_address, *grpc_address, *containerd_binary,
		*socket_dir;
	uint64_t log_level;
	struct {
		struct bw_bootstrap_extension *v;
		size_t n;
	} extensions;
};
struct bw_bootstrap_result {
	uint64_t version;
	const char *address, *protocol;
};
/* containerd.types.RuntimeInfo */
struct bw_runtime_version {
	const char *version, *revision;
};
struct bw_runtime_info {
	const char *name;
	struct bw_runtime_version *version;
	struct bw_any *options, *features;
};
extern const struct bw_proto_table bw_bootstrap_params_table, bw_bootstrap_result_table, bw_runtime_info_table;

/* Whether a type URL names that type: what stands before the last '/' does not count. */
bool bw_any_is(const struct bw_any *any, const char *type);

#endif
