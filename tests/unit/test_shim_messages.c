/* SPDX-License-Identifier: Apache-2.0 */
/* test_shim_messages.c - every table byte for byte, read and written; and lines of a session between Docker's containerd
 * and its shim, by their lengths as they were seen on the wire. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "shim/messages.h"

/* The bytes of a text, a NUL within it, too. */
#define B(literal) (literal), sizeof(literal) - 1

/* --- every table --- */

static const char *options[] = {"o", "q"};
static struct bw_rootfs_mount mounts[] = {
	{.type = "t", .source = "s", .target = "T", .options = {.v = options, .n = 2}},
	{.type = ""},
};
static struct bw_any any = {.type_url = "y", .value = {.v = (const unsigned char *)"v", .len = 1}};
static struct bw_timestamp timestamp = {.seconds = 5, .nanos = 6};
static struct bw_task_process processes[] = {{.pid = 7, .info = &any}, {.pid = 8}};

/* As bytes: */
#define MOUNT "\x0a\x01t\x12\x01s\x1a\x01T\x22\x01o\x22\x01q"
#define ANY "\x0a\x01y\x12\x01v"
#define TIME "\x08\x05\x10\x06"

/* All members of each struct are set, and no two alike: what a table has not must not be written. */
static const struct bw_task_request request = {
	.id = "i",
	.exec_id = "x",
	.bundle = "u",
	.stdin_path = "I",
	.stdout_uri = "O",
	.stderr_uri = "R",
	.checkpoint = "k",
	.parent_checkpoint = "p",
	.path = "h",
	.mounts = {.v = mounts, .n = 2},
	.terminal = true,
	.all = true,
	.close_stdin = true,
	.now = true,
	.signal = 9,
	.width = 80,
	.height = 24,
	.any = &any,
};
static const struct bw_task_response response = {
	.id = "i",
	.exec_id = "x",
	.bundle = "u",
	.stdin_path = "I",
	.stdout_uri = "O",
	.stderr_uri = "R",
	.version = "V",
	.terminal = true,
	.pid = 300,
	.shim_pid = 2,
	.task_pid = 3,
	.status = BW_TASK_PAUSED,
	.exit_status = 137,
	.exited_at = &timestamp,
	.processes = {.v = processes, .n = 2},
	.stats = &any,
};
static const struct bw_task_event event = {
	.container_id = "n",
	.bundle = "u",
	.checkpoint = "k",
	.exec_id = "x",
	.id = "i",
	.stdin_path = "I",
	.stdout_uri = "O",
	.stderr_uri = "R",
	.terminal = true,
	.mounts = {.v = mounts, .n = 2},
	.pid = 300,
	.exit_status = 137,
	.exited_at = &timestamp,
};

static const struct golden {
	const char *bytes;
	size_t len;
} requests[BW_TASK_METHODS] = {
	[BW_TASK_STATE] = {B("\x0a\x01i\x12\x01x")},
	[BW_TASK_CREATE] = {B("\x0a\x01i\x12\x01u\x1a\x0f" MOUNT "\x1a\x00\x20\x01\x2a\x01I\x32\x01O\x3a\x01R\x42\x01k\x4a"
			      "\x01p\x52\x06" ANY)},
	[BW_TASK_START] = {B("\x0a\x01i\x12\x01x")},
	[BW_TASK_DELETE] = {B("\x0a\x01i\x12\x01x")},
	[BW_TASK_PIDS] = {B("\x0a\x01i")},
	[BW_TASK_PAUSE] = {B("\x0a\x01i")},
	[BW_TASK_RESUME] = {B("\x0a\x01i")},
	[BW_TASK_CHECKPOINT] = {B("\x0a\x01i\x12\x01h\x1a\x06" ANY)},
	[BW_TASK_KILL] = {B("\x0a\x01i\x12\x01x\x18\x09\x20\x01")},
	[BW_TASK_EXEC] = {B("\x0a\x01i\x12\x01x\x18\x01\x22\x01I\x2a\x01O\x32\x01R\x3a\x06" ANY)},
	[BW_TASK_RESIZE_PTY] = {B("\x0a\x01i\x12\x01x\x18\x50\x20\x18")},
	[BW_TASK_CLOSE_IO] = {B("\x0a\x01i\x12\x01x\x18\x01")},
	[BW_TASK_UPDATE] = {B("\x0a\x01i\x12\x06" ANY)},
	[BW_TASK_WAIT] = {B("\x0a\x01i\x12\x01x")},
	[BW_TASK_STATS] = {B("\x0a\x01i")},
	[BW_TASK_CONNECT] = {B("\x0a\x01i")},
	[BW_TASK_SHUTDOWN] = {B("\x0a\x01i\x10\x01")},
};
static const struct golden responses[BW_TASK_METHODS] = {
	[BW_TASK_STATE] = {B("\x0a\x01i\x12\x01u\x18\xac\x02\x20\x04\x2a\x01I\x32\x01O\x3a\x01R\x40\x01\x48\x89\x01\x52"
			     "\x04" TIME "\x5a\x01x")},
	[BW_TASK_CREATE] = {B("\x08\xac\x02")},
	[BW_TASK_START] = {B("\x08\xac\x02")},
	[BW_TASK_DELETE] = {B("\x08\xac\x02\x10\x89\x01\x1a\x04" TIME)},
	[BW_TASK_PIDS] = {B("\x0a\x0a\x08\x07\x12\x06" ANY "\x0a\x02\x08\x08")},
	[BW_TASK_WAIT] = {B("\x08\x89\x01\x12\x04" TIME)},
	[BW_TASK_STATS] = {B("\x0a\x06" ANY)},
	[BW_TASK_CONNECT] = {B("\x08\x02\x10\x03\x1a\x01V")},
};
static const struct golden events[BW_TOPICS] = {
	[BW_TOPIC_CREATE] = {B("\x0a\x01n\x12\x01u\x1a\x0f" MOUNT "\x1a\x00\x22\x0b\x0a\x01I\x12\x01O\x1a\x01R\x20\x01\x2a"
			       "\x01k\x30\xac\x02")},
	[BW_TOPIC_START] = {B("\x0a\x01n\x10\xac\x02")},
	[BW_TOPIC_OOM] = {B("\x0a\x01n")},
	[BW_TOPIC_EXIT] = {B("\x0a\x01n\x12\x01i\x18\xac\x02\x20\x89\x01\x2a\x04" TIME)},
	[BW_TOPIC_DELETE] = {B("\x0a\x01n\x10\xac\x02\x18\x89\x01\x22\x04" TIME "\x2a\x01i")},
	[BW_TOPIC_EXEC_ADDED] = {B("\x0a\x01n\x12\x01x")},
	[BW_TOPIC_EXEC_STARTED] = {B("\x0a\x01n\x12\x01x\x18\xac\x02")},
	[BW_TOPIC_PAUSED] = {B("\x0a\x01n")},
	[BW_TOPIC_RESUMED] = {B("\x0a\x01n")},
	[BW_TOPIC_CHECKPOINTED] = {B("\x0a\x01n\x12\x01k")},
};

#define INFO_WITH_FEATURES "\x0a\x01n\x12\x06\x0a\x01V\x12\x01r\x1a\x06" ANY "\x22\x06" ANY

static struct bw_ttrpc_pair pairs[] = {{"k", "l"}, {"m", ""}};
static struct bw_bootstrap_extension extensions[] = {{&any}, {NULL}};
static const struct {
	const struct bw_proto_table *table;
	const void *value;
	struct golden golden;
} others[] = {
	{&bw_any_table, &any, {B(ANY)}},
	{&bw_timestamp_table, &timestamp, {B(TIME)}},
	{&bw_timestamp_table, &(struct bw_timestamp){.seconds = (uint64_t)-62135596800},
		{B("\x08\x80\x92\xb8\xc3\x98\xfe\xff\xff\xff\x01")}},
	{&bw_ttrpc_request_table,
		&(struct bw_ttrpc_request){
			.service = "s",
			.method = "m",
			.payload = {.v = (const unsigned char *)"\0", .len = 1},
			.timeout_ns = 300,
			.metadata = {.v = pairs, .n = 2},
		},
		{B("\x0a\x01s\x12\x01m\x1a\x01\x00\x20\xac\x02\x2a\x06\x0a\x01k\x12\x01l\x2a\x03\x0a\x01m")}},
	{&bw_ttrpc_response_table,
		&(struct bw_ttrpc_response){
			.status = &(struct bw_ttrpc_status){.code = 5, .message = "m"},
			.payload = {.v = (const unsigned char *)"p", .len = 1},
		},
		{B("\x0a\x05\x08\x05\x12\x01m\x12\x01p")}},
	{&bw_runc_options_table,
		&(struct bw_runc_options){
			.no_pivot_root = true,
			.no_new_keyring = true,
			.systemd_cgroup = true,
			.shim_cgroup = "g",
			.binary_name = "n",
			.root = "r",
			.criu_image_path = "i",
			.criu_work_path = "w",
			.io_uid = 1000,
			.io_gid = 7,
		},
		{B("\x08\x01\x10\x01\x1a\x01g\x20\xe8\x07\x28\x07\x32\x01n\x3a\x01r\x48\x01\x52\x01i\x5a\x01w")}},
	{&bw_generic_options_table,
		&(struct bw_generic_options){
			.type_url = "t",
			.config_path = "p",
			.config_body = {.v = (const unsigned char *)"o", .len = 1},
		},
		{B("\x0a\x01t\x12\x01p\x1a\x01o")}},
	{&bw_checkpoint_options_table,
		&(struct bw_checkpoint_options){
			.exit = true,
			.open_tcp = true,
			.external_unix_sockets = true,
			.terminal = true,
			.file_locks = true,
			.empty_namespaces = {.v = options, .n = 2},
			.cgroups_mode = "m",
			.image_path = "i",
			.work_path = "w",
			.parent_path = "p",
		},
		{B("\x08\x01\x10\x01\x18\x01\x20\x01\x28\x01\x32\x01o\x32\x01q\x3a\x01m\x42\x01i\x4a\x01w\x52\x01p")}},
	{&bw_process_details_table, &(struct bw_process_details){.exec_id = "x"}, {B("\x0a\x01x")}},
	{&bw_bootstrap_params_table,
		&(struct bw_bootstrap_params){
			.instance_id = "i",
			.namespace = "n",
			.containerd_version = "V",
			.ttrpc_address = "t",
			.grpc_address = "g",
			.containerd_binary = "y",
			.socket_dir = "s",
			.log_level = (uint64_t)-4,
			.extensions = {.v = extensions, .n = 2},
		},
		{B("\x0a\x01i\x12\x01n\x18\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x01\x22\x01V\x2a\x01t\x32\x01g\x3a\x01y"
		   "\x42\x08\x0a\x06" ANY "\x42\x00\x4a\x01s")}},
	{&bw_bootstrap_result_table, &(struct bw_bootstrap_result){.version = 2, .address = "u", .protocol = "ttrpc"},
		{B("\x08\x02\x12\x01u\x1a\x05ttrpc")}},
	{&bw_runtime_info_table,
		&(struct bw_runtime_info){
			.name = "n",
			.version = &(struct bw_runtime_version){.version = "V", .revision = "r"},
			.options = &any,
			.features = &any,
		},
		{B(INFO_WITH_FEATURES)}},
};

/* Larger than every struct of a table. */
union any_value {
	struct bw_task_request request;
	struct bw_task_response response;
	struct bw_task_event event;
	struct bw_checkpoint_options options;
	struct bw_bootstrap_params params;
};

static void writes(const struct bw_proto_table *table, const void *value, const char *bytes, size_t len)
{
	auto_wire struct bw_wire wire = {0};

	bw_proto_write(table, value, &wire);
	ck_assert(!wire.no_memory);
	ck_assert_msg(wire.len == len && (len == 0 || memcmp(wire.bytes, bytes, len) == 0), "%s", table->name);
}

/* What is cut is refused, or what was read of it is exactly that. */
static void cut_is_noticed(const struct bw_proto_table *table, const struct golden *golden)
{
	for (size_t len = 0; len < golden->len; len++) {
		auto_arena struct bw_arena arena = BW_ARENA_INIT;
		auto_free char *bytes = malloc(len + 1);
		struct bw_err err = {0};
		union any_value value;

		memcpy(bytes, golden->bytes, len);
		if (bw_proto_read(table, bytes, len, &arena, &value, &err) < 0) {
			ck_assert_int_eq(err.code, BW_E_USAGE);
			ck_assert_msg(strstr(err.text, table->name) != NULL, "%s", err.text);
			continue;
		}
		writes(table, &value, golden->bytes, len);
	}
}

static void is_golden(const struct bw_proto_table *table, const void *value, const struct golden *golden)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};
	union any_value read;

	ck_assert_uint_le(table->size, sizeof read);
	writes(table, value, golden->bytes, golden->len);
	memset(&read, 0x5a, sizeof read);
	ck_assert_msg(bw_proto_read(table, golden->bytes, golden->len, &arena, &read, &err) == 0, "%s", err.text);
	writes(table, &read, golden->bytes, golden->len);
	cut_is_noticed(table, golden);
}

START_TEST(requests_and_answers_have_containerds_numbers)
{
	is_golden(bw_task_layouts[_i].request, &request, &requests[_i]);
	is_golden(bw_task_layouts[_i].response, &response, &responses[_i]);
}
END_TEST

START_TEST(events_have_containerds_numbers)
{
	is_golden(bw_topic_layouts[_i].event, &event, &events[_i]);
}
END_TEST

START_TEST(the_others_have_their_numbers)
{
	is_golden(others[_i].table, others[_i].value, &others[_i].golden);
}
END_TEST

START_TEST(methods_have_their_names)
{
	static const char *const names[] = {"State", "Create", "Start", "Delete", "Pids", "Pause", "Resume", "Checkpoint",
		"Kill", "Exec", "ResizePty", "CloseIO", "Update", "Wait", "Stats", "Connect", "Shutdown"};

	ck_assert_uint_eq(BW_COUNT(names), BW_TASK_METHODS);
	for (size_t i = 0; i < BW_COUNT(names); i++)
		ck_assert_str_eq(bw_task_layouts[i].name, names[i]);
}
END_TEST

START_TEST(no_text_is_null_after_reading_also_none_that_the_message_has_not)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};
	struct bw_task_request read;
	struct bw_task_response answer;
	struct bw_task_event told;

	for (size_t i = 0; i < BW_TASK_METHODS; i++) {
		ck_assert_int_eq(bw_proto_read(bw_task_layouts[i].request, NULL, 0, &arena, &read, &err), 0);
		ck_assert(!*read.id && !*read.exec_id && !*read.bundle && !*read.stdin_path && !*read.stdout_uri);
		ck_assert(!*read.stderr_uri && !*read.checkpoint && !*read.parent_checkpoint && !*read.path);
		ck_assert(!read.any && !read.mounts.n);
		ck_assert_int_eq(bw_proto_read(bw_task_layouts[i].response, NULL, 0, &arena, &answer, &err), 0);
		ck_assert(!*answer.id && !*answer.exec_id && !*answer.bundle && !*answer.stdin_path);
		ck_assert(!*answer.stdout_uri && !*answer.stderr_uri && !*answer.version);
	}
	for (size_t i = 0; i < BW_TOPICS; i++) {
		ck_assert_int_eq(bw_proto_read(bw_topic_layouts[i].event, NULL, 0, &arena, &told, &err), 0);
		ck_assert(!*told.container_id && !*told.bundle && !*told.checkpoint && !*told.exec_id && !*told.id);
		ck_assert(!*told.stdin_path && !*told.stdout_uri && !*told.stderr_uri);
	}
}
END_TEST

START_TEST(what_the_shim_has_no_use_for_is_skipped)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};
	struct bw_task_request read;
	struct bw_bootstrap_result result;
	struct bw_runtime_info info;
	struct bw_runc_options runc;

	/* annotations of Update; capabilities, packed, and metadata; annotations; criu_path and the task API's address */
	ck_assert_int_eq(bw_proto_read(bw_task_layouts[BW_TASK_UPDATE].request, B("\x0a\x01i\x1a\x06\x0a\x01k\x12\x01l"),
				 &arena, &read, &err),
		0);
	ck_assert_str_eq(read.id, "i");
	ck_assert_int_eq(bw_proto_read(&bw_bootstrap_result_table, B("\x08\x02\x22\x02\x00\x01\x2a\x06\x0a\x01k\x12\x01l"),
				 &arena, &result, &err),
		0);
	ck_assert_uint_eq(result.version, 2);
	ck_assert_int_eq(bw_proto_read(&bw_runtime_info_table, B("\x0a\x01n\x2a\x06\x0a\x01k\x12\x01l"), &arena, &info, &err),
		0);
	ck_assert_str_eq(info.name, "n");
	ck_assert_int_eq(
		bw_proto_read(&bw_runc_options_table, B("\x3a\x01r\x42\x01k\x62\x01l\x68\x03"), &arena, &runc, &err), 0);
	ck_assert_str_eq(runc.root, "r");
}
END_TEST

/* --- a session --- */

#define ID "b346234fa25a8166385318ae7b907cb5910fec05635c24ca475eb2ad533c254b"
#define EXEC_ID "1c147bfd3f522b090a5a4d8a06c5e5d62ce6c844f4bf832f0c839dc4634b7474"
#define STDIO "/run/docker/containerd/" ID "/"
/* The places of the daemon and of bulwark are others than they were there, and as long. */
#define BUNDLE "/var/test/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/" ID

static struct bw_any docker_options = {
	.type_url = "containerd.runc.v1.Options",
	.value = {(const unsigned char *)B("\x32\x15/opt/test/bin/bulwark\x3a\x18/run/docker/runtime-runc")},
};
#define RESOURCES                                                                                                      \
	"{\"memory\":{\"limit\":100663296,\"reservation\":0,\"swap\":134217728,\"kernel\":0},\"cpu\":{\"shares\":0,"   \
	"\"quota\":0,\"period\":0},\"blockIO\":{\"weight\":0}}"
static struct bw_any resources = {
	.type_url = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources",
	.value = {(const unsigned char *)B(RESOURCES)},
};

/* A request, and how long its frame's data were on the wire. */
static const struct {
	enum bw_task_method method;
	struct bw_task_request request;
	uint64_t timeout_ns;
	size_t len;
} asked[] = {
	{BW_TASK_CREATE,
		{.id = ID, .bundle = BUNDLE, .stdout_uri = STDIO "init-stdout", .stderr_uri = STDIO "init-stderr",
			.any = &docker_options},
		0, 526},
	{BW_TASK_CONNECT, {.id = ID}, 0, 102},
	{BW_TASK_START, {.id = ID}, 0, 100},
	{BW_TASK_STATE, {.id = ID}, 0, 100},
	{BW_TASK_STATE, {.id = ID}, 1999988453, 106},
	{BW_TASK_STATE, {.id = ID, .exec_id = EXEC_ID}, 0, 167},
	{BW_TASK_START, {.id = ID, .exec_id = EXEC_ID}, 0, 167},
	{BW_TASK_DELETE, {.id = ID, .exec_id = EXEC_ID}, 0, 168},
	{BW_TASK_PIDS, {.id = ID}, 0, 99},
	{BW_TASK_PAUSE, {.id = ID}, 0, 100},
	{BW_TASK_RESUME, {.id = ID}, 0, 101},
	{BW_TASK_UPDATE, {.id = ID, .any = &resources}, 0, 311},
	{BW_TASK_STATS, {.id = ID}, 0, 100},
	{BW_TASK_DELETE, {.id = ID}, 29997754063, 107},
	{BW_TASK_SHUTDOWN, {.id = ID}, 2999685603, 109},
};

START_TEST(requests_are_as_long_as_containerds)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_wire struct bw_wire payload = {0}, envelope = {0};
	const struct bw_task_layout *layout = &bw_task_layouts[asked[_i].method];
	struct bw_err err = {0};
	struct bw_ttrpc_request outer;
	struct bw_task_request inner;

	bw_proto_write(layout->request, &asked[_i].request, &payload);
	outer = (struct bw_ttrpc_request){.service = "containerd.task.v2.Task", .method = layout->name,
		.payload = {.v = payload.bytes, .len = payload.len}, .timeout_ns = asked[_i].timeout_ns};
	bw_proto_write(&bw_ttrpc_request_table, &outer, &envelope);
	ck_assert_uint_eq(envelope.len, asked[_i].len);

	ck_assert_int_eq(bw_proto_read(&bw_ttrpc_request_table, envelope.bytes, envelope.len, &arena, &outer, &err), 0);
	ck_assert_str_eq(outer.service, "containerd.task.v2.Task");
	ck_assert_str_eq(outer.method, layout->name);
	ck_assert_uint_eq(outer.timeout_ns, asked[_i].timeout_ns);
	ck_assert_int_eq(bw_proto_read(layout->request, outer.payload.v, outer.payload.len, &arena, &inner, &err), 0);
	ck_assert_str_eq(inner.id, ID);
	writes(layout->request, &inner, (const char *)payload.bytes, payload.len);
}
END_TEST

START_TEST(dockers_create_is_read)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_wire struct bw_wire by_hand = {0}, any_by_hand = {0};
	struct bw_err err = {0};
	struct bw_task_request read;
	struct bw_runc_options runc;

	bw_wire_text(&any_by_hand, 1, "containerd.runc.v1.Options");
	bw_wire_bytes(&any_by_hand, 2, docker_options.value.v, docker_options.value.len);
	bw_wire_text(&by_hand, 1, ID);
	bw_wire_text(&by_hand, 2, BUNDLE);
	bw_wire_text(&by_hand, 6, STDIO "init-stdout");
	bw_wire_text(&by_hand, 7, STDIO "init-stderr");
	bw_wire_message(&by_hand, 10, &any_by_hand);
	ck_assert_int_eq(bw_proto_read(bw_task_layouts[BW_TASK_CREATE].request, by_hand.bytes, by_hand.len, &arena, &read,
				 &err),
		0);
	ck_assert_str_eq(read.bundle, BUNDLE);
	ck_assert_str_eq(read.stdin_path, "");
	ck_assert_str_eq(read.stdout_uri, STDIO "init-stdout");
	ck_assert_str_eq(read.stderr_uri, STDIO "init-stderr");
	ck_assert(!read.terminal && read.mounts.n == 0);
	ck_assert(bw_any_is(read.any, "containerd.runc.v1.Options"));
	ck_assert_int_eq(bw_proto_read(&bw_runc_options_table, read.any->value.v, read.any->value.len, &arena, &runc, &err),
		0);
	ck_assert_str_eq(runc.binary_name, "/opt/test/bin/bulwark");
	ck_assert_str_eq(runc.root, "/run/docker/runtime-runc");
	ck_assert(!runc.systemd_cgroup && !runc.io_uid);
}
END_TEST

static struct bw_timestamp never = {.seconds = (uint64_t)-62135596800};
static struct bw_timestamp exec_exited = {.seconds = 1795456785, .nanos = 917012032};
static struct bw_timestamp init_exited = {.seconds = 1795456788, .nanos = 809294200};
static struct bw_task_process two_processes[] = {{.pid = 19991}, {.pid = 20062}};

/* An answer, and how long its frame's data were on the wire. */
static const struct {
	enum bw_task_method method;
	struct bw_task_response response;
	size_t len;
} answered[] = {
	{BW_TASK_CREATE, {.pid = 19991}, 6},
	{BW_TASK_CONNECT, {.shim_pid = 19926, .task_pid = 19991}, 10},
	{BW_TASK_PAUSE, {.pid = 1}, 0},
	{BW_TASK_PIDS, {.processes = {.v = two_processes, .n = 2}}, 14},
	{BW_TASK_DELETE, {.pid = 20091, .exited_at = &exec_exited}, 20},
	{BW_TASK_DELETE, {.pid = 19991, .exit_status = 9, .exited_at = &init_exited}, 22},
	{BW_TASK_STATE,
		{.id = ID, .bundle = BUNDLE, .pid = 19991, .status = BW_TASK_RUNNING, .stdout_uri = STDIO "init-stdout",
			.stderr_uri = STDIO "init-stderr", .exited_at = &never},
		431},
	{BW_TASK_STATE,
		{.id = ID, .bundle = BUNDLE, .pid = 19991, .status = BW_TASK_STOPPED, .stdout_uri = STDIO "init-stdout",
			.stderr_uri = STDIO "init-stderr", .exit_status = 9, .exited_at = &init_exited},
		434},
	{BW_TASK_STATE,
		{.id = EXEC_ID, .bundle = BUNDLE, .status = BW_TASK_CREATED, .stdout_uri = STDIO EXEC_ID "-stdout",
			.stderr_uri = STDIO EXEC_ID "-stderr", .exited_at = &never},
		549},
};

START_TEST(answers_are_as_long_as_the_shims)
{
	auto_wire struct bw_wire payload = {0}, envelope = {0};
	struct bw_ttrpc_response outer = {0};

	bw_proto_write(bw_task_layouts[answered[_i].method].response, &answered[_i].response, &payload);
	outer.payload = (struct bw_proto_bytes){.v = payload.bytes, .len = payload.len};
	bw_proto_write(&bw_ttrpc_response_table, &outer, &envelope);
	ck_assert_uint_eq(envelope.len, answered[_i].len);
}
END_TEST

/* An event, and how long its request was on the wire. */
static const struct {
	enum bw_topic topic;
	struct bw_timestamp now;
	uint64_t timeout_ns;
	struct bw_task_event event;
	size_t len;
} published[] = {
	{BW_TOPIC_CREATE, {1795456785, 769527734}, 4999992680,
		{.container_id = ID, .bundle = BUNDLE, .stdout_uri = STDIO "init-stdout",
			.stderr_uri = STDIO "init-stderr", .pid = 19991},
		588},
	{BW_TOPIC_START, {1795456785, 806477233}, 4999989905, {.container_id = ID, .pid = 19991}, 238},
	{BW_TOPIC_EXEC_ADDED, {1795456785, 847081175}, 4999992378, {.container_id = ID, .exec_id = EXEC_ID}, 311},
	{BW_TOPIC_EXEC_STARTED, {1795456785, 908952839}, 4999990786,
		{.container_id = ID, .exec_id = EXEC_ID, .pid = 20091}, 319},
	{BW_TOPIC_EXIT, {1795456785, 917040985}, 4999992068,
		{.container_id = ID, .id = EXEC_ID, .pid = 20091, .exited_at = &exec_exited}, 318},
	{BW_TOPIC_PAUSED, {1795456786, 80874651}, 4999990365, {.container_id = ID}, 235},
	{BW_TOPIC_RESUMED, {1795456786, 149560477}, 4999990626, {.container_id = ID}, 237},
	{BW_TOPIC_EXIT, {1795456788, 809314931}, 4999991838,
		{.container_id = ID, .id = ID, .pid = 19991, .exit_status = 9, .exited_at = &init_exited}, 320},
	{BW_TOPIC_DELETE, {1795456788, 871479481}, 4999989484,
		{.container_id = ID, .pid = 19991, .exit_status = 9, .exited_at = &init_exited}, 256},
};

START_TEST(events_are_as_long_as_the_shims)
{
	auto_wire struct bw_wire payload = {0}, envelope = {0};
	struct bw_ttrpc_pair namespace = {"containerd-namespace-ttrpc", "moby"};
	struct bw_ttrpc_request outer = {.service = "containerd.services.events.ttrpc.v1.Events", .method = "Forward",
		.timeout_ns = published[_i].timeout_ns, .metadata = {.v = &namespace, .n = 1}};

	bw_event_write(published[_i].topic, "moby", &published[_i].now, &published[_i].event, &payload);
	ck_assert(!payload.no_memory);
	outer.payload = (struct bw_proto_bytes){.v = payload.bytes, .len = payload.len};
	bw_proto_write(&bw_ttrpc_request_table, &outer, &envelope);
	ck_assert_uint_eq(envelope.len, published[_i].len);
}
END_TEST

START_TEST(an_event_is_in_an_any_in_an_envelope)
{
	static const char wanted[] = "\x0a\x44\x0a\x04" TIME "\x12\x02ns\x1a\x0a/tasks/oom"
				     "\x22\x2c\x0a\x19"
				     "containerd.events.TaskOOM"
				     "\x12\x0f\x0a\x0dsomecontainer";
	static const struct bw_task_event killed = {.container_id = "somecontainer"};
	auto_wire struct bw_wire wire = {0};

	bw_event_write(BW_TOPIC_OOM, "ns", &timestamp, &killed, &wire);
	ck_assert_uint_eq(wire.len, sizeof wanted - 1);
	ck_assert_mem_eq(wire.bytes, wanted, wire.len);
	/* that memory was out before is not forgotten */
	wire.no_memory = true;
	bw_event_write(BW_TOPIC_OOM, "ns", &timestamp, &killed, &wire);
	ck_assert(wire.no_memory);
}
END_TEST

START_TEST(topics_and_types_belong_together)
{
	static const char *const names[BW_TOPICS][2] = {
		{"/tasks/create", "containerd.events.TaskCreate"},
		{"/tasks/start", "containerd.events.TaskStart"},
		{"/tasks/oom", "containerd.events.TaskOOM"},
		{"/tasks/exit", "containerd.events.TaskExit"},
		{"/tasks/delete", "containerd.events.TaskDelete"},
		{"/tasks/exec-added", "containerd.events.TaskExecAdded"},
		{"/tasks/exec-started", "containerd.events.TaskExecStarted"},
		{"/tasks/paused", "containerd.events.TaskPaused"},
		{"/tasks/resumed", "containerd.events.TaskResumed"},
		{"/tasks/checkpointed", "containerd.events.TaskCheckpointed"},
	};

	for (size_t i = 0; i < BW_TOPICS; i++) {
		ck_assert_str_eq(bw_topic_layouts[i].topic, names[i][0]);
		ck_assert_str_eq(bw_topic_layouts[i].type, names[i][1]);
		ck_assert_str_eq(bw_topic_layouts[i].event->name, names[i][1] + strlen("containerd.events."));
	}
}
END_TEST

static const struct {
	const char *url, *type;
	bool is;
} urls[] = {
	{"containerd.runc.v1.Options", "containerd.runc.v1.Options", true},
	{"type.googleapis.com/containerd.runc.v1.Options", "containerd.runc.v1.Options", true},
	{"a/b/containerd.runc.v1.Options", "containerd.runc.v1.Options", true},
	{"/containerd.runc.v1.Options", "containerd.runc.v1.Options", true},
	{"containerd.runc.v1.Options/", "containerd.runc.v1.Options", false},
	{"containerd.runc.v1.Options/x", "containerd.runc.v1.Options", false},
	{"xcontainerd.runc.v1.Options", "containerd.runc.v1.Options", false},
	{"containerd.runc.v1.Option", "containerd.runc.v1.Options", false},
	{"", "containerd.runc.v1.Options", false},
	{NULL, "containerd.runc.v1.Options", false},
	{"types.containerd.io/opencontainers/runtime-spec/1/Process",
		"types.containerd.io/opencontainers/runtime-spec/1/Process", true},
	{"Process", "types.containerd.io/opencontainers/runtime-spec/1/Process", false},
};

START_TEST(a_type_is_what_stands_behind_the_last_slash)
{
	struct bw_any of = {.type_url = urls[_i].url};

	ck_assert(bw_any_is(&of, urls[_i].type) == urls[_i].is);
	ck_assert(!bw_any_is(NULL, urls[_i].type));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim messages");
	TCase *tables = tcase_create("tables"), *session = tcase_create("session");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tables, requests_and_answers_have_containerds_numbers, 0, BW_TASK_METHODS);
	tcase_add_loop_test(tables, events_have_containerds_numbers, 0, BW_TOPICS);
	tcase_add_loop_test(tables, the_others_have_their_numbers, 0, (int)BW_COUNT(others));
	tcase_add_test(tables, methods_have_their_names);
	tcase_add_test(tables, topics_and_types_belong_together);
	tcase_add_test(tables, no_text_is_null_after_reading_also_none_that_the_message_has_not);
	tcase_add_test(tables, what_the_shim_has_no_use_for_is_skipped);
	tcase_add_loop_test(tables, a_type_is_what_stands_behind_the_last_slash, 0, (int)BW_COUNT(urls));
	tcase_add_loop_test(session, requests_are_as_long_as_containerds, 0, (int)BW_COUNT(asked));
	tcase_add_test(session, dockers_create_is_read);
	tcase_add_loop_test(session, answers_are_as_long_as_the_shims, 0, (int)BW_COUNT(answered));
	tcase_add_loop_test(session, events_are_as_long_as_the_shims, 0, (int)BW_COUNT(published));
	tcase_add_test(session, an_event_is_in_an_any_in_an_envelope);
	suite_add_tcase(suite, tables);
	suite_add_tcase(suite, session);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
