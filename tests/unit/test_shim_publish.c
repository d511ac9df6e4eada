/* SPDX-License-Identifier: Apache-2.0 */
/* test_shim_publish.c - events to a containerd that is slow, away or unwilling: a server on a unix socket in the same loop.
 * Its times are a twentieth of the real ones. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "scratch.h"
#include "shim/publish.h"
#include "shim/ttrpc.h"

enum { ANSWER_MS = 250, PAUSE_MS = 50 };
/* What the server does with a request. */
enum reaction { ANSWER, REFUSE, HANG_UP, KEEP_SILENT };

static struct bw_loop loop;
static struct bw_arena arena;
static struct bw_err err;
static struct scratch scratch;
static char path[BW_COUNT(((struct sockaddr_un *)0)->sun_path)];
static struct bw_publisher *publisher;

static struct {
	struct bw_source listener, connection;
	struct bw_ttrpc_input in;
	enum reaction reactions[8]; /* of the first requests; then ANSWER */
	size_t requests, connections;
	char seen[8192];	    /* "container:topic;" of all that were answered or refused, in order */
	uint32_t last_stream;
	struct bw_ttrpc_request last;
} server;
static bool idle;

static void hang_up(void)
{
	bw_loop_remove(&loop, &server.connection);
	if (server.connection.fd >= 0)
		close(server.connection.fd);
	server.connection.fd = -1;
	bw_ttrpc_input_done(&server.in);
	server.in = (struct bw_ttrpc_input){0};
}

static void answer(uint32_t stream, bool refuse)
{
	struct bw_ttrpc_status status = {BW_TTRPC_UNAVAILABLE, "not now"};
	struct bw_ttrpc_response response = {.status = refuse ? &status : NULL};
	auto_wire struct bw_wire payload = {0}, frame = {0};

	bw_proto_write(&bw_ttrpc_response_table, &response, &payload);
	bw_ttrpc_frame_write(&frame, BW_TTRPC_RESPONSE, stream, payload.bytes, payload.len);
	ck_assert_int_eq(bw_write_all(server.connection.fd, frame.bytes, frame.len), 0);
}

/* Envelope in ForwardRequest: 3 topic, 4 Any with an event whose field 1 is the container. */
static void note(const struct bw_proto_bytes *payload)
{
	struct bw_wire_reader reader = {payload->v, payload->v + payload->len};
	const unsigned steps[] = {1, 4, 2, 1};
	struct bw_wire_field field = {0};
	char topic[64] = "";
	size_t len = strlen(server.seen);

	for (size_t i = 0; i < BW_COUNT(steps); i++) {
		while (bw_wire_next(&reader, &field) > 0 && field.number != steps[i])
			if (field.number == 3 && field.is_bytes)
				snprintf(topic, sizeof topic, "%.*s", (int)field.len, (const char *)field.bytes);
		ck_assert_uint_eq(field.number, steps[i]);
		reader = (struct bw_wire_reader){field.bytes, field.bytes + field.len};
	}
	ck_assert_int_lt(snprintf(server.seen + len, sizeof server.seen - len, "%.*s:%s;", (int)field.len,
				 (const char *)field.bytes, topic),
		(int)(sizeof server.seen - len));
}

static void take_request(const struct bw_ttrpc_frame *frame)
{
	enum reaction reaction = server.requests < BW_COUNT(server.reactions) ? server.reactions[server.requests] : ANSWER;

	server.requests++;
	server.last_stream = frame->stream;
	ck_assert_int_eq(frame->type, BW_TTRPC_REQUEST);
	ck_assert_int_eq(bw_proto_read(&bw_ttrpc_request_table, frame->data, frame->len, &arena, &server.last, &err), 0);
	if (reaction == HANG_UP)
		hang_up();
	if (reaction == HANG_UP || reaction == KEEP_SILENT)
		return;
	note(&server.last.payload);
	answer(frame->stream, reaction == REFUSE);
}

static void connection_seen(void *ctx, uint32_t events)
{
	struct bw_ttrpc_frame frame;
	unsigned char *room;
	size_t size;
	ssize_t len;

	(void)ctx, (void)events;
	ck_assert_int_eq(bw_ttrpc_input_room(&server.in, &room, &size), 0);
	len = read(server.connection.fd, room, size);
	if (len <= 0) {
		hang_up();
		return;
	}
	bw_ttrpc_input_filled(&server.in, (size_t)len);
	while (server.connection.fd >= 0 && bw_ttrpc_input_next(&server.in, &frame) == BW_TTRPC_FRAME)
		take_request(&frame);
}

static void listener_seen(void *ctx, uint32_t events)
{
	(void)ctx, (void)events;
	hang_up();
	server.connection = (struct bw_source){
		.fd = accept4(server.listener.fd, NULL, NULL, SOCK_CLOEXEC), .seen = connection_seen};
	ck_assert_int_ge(server.connection.fd, 0);
	ck_assert_int_eq(bw_loop_add(&loop, &server.connection, EPOLLIN, &err), 0);
	server.connections++;
}

static void server_begin(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path, sizeof path);
	server.listener = (struct bw_source){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .seen = listener_seen};
	ck_assert_int_eq(bind(server.listener.fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(server.listener.fd, 8), 0);
	ck_assert_int_eq(bw_loop_add(&loop, &server.listener, EPOLLIN, &err), 0);
}

static void server_end(void)
{
	hang_up();
	bw_loop_remove(&loop, &server.listener);
	if (server.listener.fd >= 0)
		close(server.listener.fd);
	server.listener.fd = -1;
	unlink(path);
}

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	err = (struct bw_err){0};
	memset(&server, 0, sizeof server);
	server.listener.fd = server.connection.fd = -1;
	idle = false;
	scratch_make(&scratch);
	snprintf(path, sizeof path, "%.90s/ttrpc", scratch.path);
	ck_assert_int_eq(bw_log_open(NULL, false, BW_LOG_ERROR, &err), 0);
	ck_assert_int_eq(bw_loop_open(&loop, &err), 0);
	ck_assert_int_eq(bw_publisher_open(&loop, path, "moby", &publisher, &err), 0);
	bw_publisher_set_times(publisher, ANSWER_MS, PAUSE_MS);
}

static void teardown(void)
{
	bw_publisher_free(publisher);
	server_end();
	bw_loop_close(&loop);
	bw_arena_done(&arena);
	scratch_remove(&scratch);
}

static void publish(enum bw_topic topic, const char *id)
{
	bw_publish(publisher, topic, &(struct bw_task_event){.container_id = id, .id = id, .pid = 7});
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void became_idle(void *ctx)
{
	(void)ctx;
	idle = true;
}

/* Until nothing waits; how long that took. */
static int64_t drain(int64_t budget_ms)
{
	int64_t begin = now_ms();

	bw_publisher_flush(publisher, budget_ms, became_idle, NULL);
	while (!idle)
		ck_assert_int_eq(bw_loop_turn(&loop, 100, &err), 0);
	idle = false;
	return now_ms() - begin;
}

START_TEST(events_arrive_in_order_over_one_connection)
{
	server_begin();
	publish(BW_TOPIC_CREATE, "a");
	publish(BW_TOPIC_START, "a");
	publish(BW_TOPIC_EXIT, "a");
	publish(BW_TOPIC_DELETE, "a");
	drain(5000);
	ck_assert_str_eq(server.seen, "a:/tasks/create;a:/tasks/start;a:/tasks/exit;a:/tasks/delete;");
	ck_assert_uint_eq(server.connections, 1);
	ck_assert_uint_eq(server.last_stream, 7);
}
END_TEST

START_TEST(a_request_is_containerd_s_forward)
{
	server_begin();
	publish(BW_TOPIC_OOM, "a");
	drain(5000);
	ck_assert_str_eq(server.last.service, "containerd.services.events.ttrpc.v1.Events");
	ck_assert_str_eq(server.last.method, "Forward");
	ck_assert_uint_eq(server.last.timeout_ns, ANSWER_MS * UINT64_C(1000000));
	ck_assert_uint_eq(server.last.metadata.n, 1);
	ck_assert_str_eq(server.last.metadata.v[0].key, "containerd-namespace-ttrpc");
	ck_assert_str_eq(server.last.metadata.v[0].value, "moby");
}
END_TEST

static const enum reaction failures[] = {REFUSE, HANG_UP};

START_TEST(a_failure_changes_nothing_about_the_order)
{
	int64_t took_ms;

	server.reactions[1] = failures[_i];
	server_begin();
	publish(BW_TOPIC_CREATE, "a");
	publish(BW_TOPIC_START, "a");
	publish(BW_TOPIC_EXIT, "a");
	took_ms = drain(8000);
	ck_assert_str_eq(server.seen, failures[_i] == REFUSE
			? "a:/tasks/create;a:/tasks/start;a:/tasks/start;a:/tasks/exit;"
			: "a:/tasks/create;a:/tasks/start;a:/tasks/exit;");
	ck_assert_uint_eq(server.connections, failures[_i] == REFUSE ? 1 : 2);
	ck_assert_msg(took_ms >= PAUSE_MS - 5 && took_ms < 3000, "%lld ms", (long long)took_ms);
}
END_TEST

START_TEST(an_event_that_is_always_refused_is_given_up)
{
	server.reactions[0] = server.reactions[1] = server.reactions[2] = REFUSE;
	server_begin();
	publish(BW_TOPIC_CREATE, "a");
	publish(BW_TOPIC_START, "a");
	drain(20000);
	ck_assert_str_eq(server.seen, "a:/tasks/create;a:/tasks/create;a:/tasks/create;a:/tasks/start;");
}
END_TEST

START_TEST(without_an_answer_it_is_sent_again_on_a_new_connection)
{
	int64_t took_ms;

	server.reactions[0] = KEEP_SILENT;
	server_begin();
	publish(BW_TOPIC_CREATE, "a");
	took_ms = drain(20000);
	ck_assert_str_eq(server.seen, "a:/tasks/create;");
	ck_assert_uint_eq(server.connections, 2);
	ck_assert_msg(took_ms >= ANSWER_MS + PAUSE_MS - 10 && took_ms < 3000, "%lld ms", (long long)took_ms);
}
END_TEST

START_TEST(containerd_comes_later)
{
	publish(BW_TOPIC_CREATE, "a");
	publish(BW_TOPIC_START, "a");
	ck_assert_int_eq(bw_loop_turn(&loop, 10, &err), 0);
	server_begin();
	drain(8000);
	ck_assert_str_eq(server.seen, "a:/tasks/create;a:/tasks/start;");
}
END_TEST

START_TEST(a_restart_of_an_idle_containerd_costs_nothing)
{
	server_begin();
	publish(BW_TOPIC_CREATE, "a");
	drain(5000);
	server_end();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(bw_loop_turn(&loop, 10, &err), 0);
	server_begin();
	publish(BW_TOPIC_START, "a");
	ck_assert_int_lt(drain(5000), 500);
	ck_assert_str_eq(server.seen, "a:/tasks/create;a:/tasks/start;");
	ck_assert_uint_eq(server.connections, 2);
}
END_TEST

START_TEST(of_too_many_the_oldest_that_is_no_exit_goes)
{
	char id[16];

	/* containerd is away: "c0" is not sent, and may go, too. */
	publish(BW_TOPIC_EXIT, "e0");
	for (int i = 0; i < BW_PUBLISHER_MAX - 1; i++) {
		snprintf(id, sizeof id, "c%d", i);
		publish(i == 1 ? BW_TOPIC_EXIT : BW_TOPIC_CREATE, id);
	}
	publish(BW_TOPIC_START, "x0");
	publish(BW_TOPIC_START, "x1");
	server_begin();
	/* All of them are more than `seen` takes. */
	for (size_t turns = 0; server.requests < 4 && turns < 200; turns++)
		ck_assert_int_eq(bw_loop_turn(&loop, 100, &err), 0);
	ck_assert_msg(bw_after_prefix(server.seen, "e0:/tasks/exit;c1:/tasks/exit;c3:/tasks/create;") != NULL, "%.100s",
		server.seen);
}
END_TEST

START_TEST(of_exits_alone_the_oldest_goes)
{
	char id[16];

	for (int i = 0; i <= BW_PUBLISHER_MAX; i++) {
		snprintf(id, sizeof id, "e%d", i);
		publish(BW_TOPIC_EXIT, id);
	}
	server_begin();
	for (size_t turns = 0; server.requests < 2 && turns < 200; turns++)
		ck_assert_int_eq(bw_loop_turn(&loop, 100, &err), 0);
	ck_assert_msg(bw_after_prefix(server.seen, "e1:/tasks/exit;e2:") != NULL, "%.100s", server.seen);
}
END_TEST

START_TEST(a_flush_ends_with_its_budget)
{
	int64_t took_ms;

	publish(BW_TOPIC_EXIT, "a");
	took_ms = drain(300);
	ck_assert_msg(took_ms >= 290 && took_ms < 1500, "%lld ms", (long long)took_ms);
	ck_assert_str_eq(server.seen, "");
}
END_TEST

START_TEST(a_flush_of_nothing_is_idle_at_once)
{
	bw_publisher_flush(publisher, 5000, became_idle, NULL);
	ck_assert(idle);
}
END_TEST

static const char *const nowhere[] = {NULL, ""};

START_TEST(without_an_address_events_are_dropped)
{
	struct bw_publisher *deaf;

	ck_assert_int_eq(bw_publisher_open(&loop, nowhere[_i], "moby", &deaf, &err), 0);
	bw_publish(deaf, BW_TOPIC_EXIT, &(struct bw_task_event){.container_id = "a"});
	bw_publisher_flush(deaf, 5000, became_idle, NULL);
	ck_assert(idle);
	bw_publisher_free(deaf);
}
END_TEST

START_TEST(a_long_path_and_a_scheme_are_no_trouble)
{
	char name[121], address[512];
	struct bw_publisher *far;

	memset(name, 'd', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	server_begin();
	scratch_mkdir(&scratch, name);
	snprintf(address, sizeof address, "unix://%s/%s/../ttrpc", scratch.path, name);
	ck_assert_int_eq(bw_publisher_open(&loop, address, "moby", &far, &err), 0);
	bw_publish(far, BW_TOPIC_OOM, &(struct bw_task_event){.container_id = "a"});
	bw_publisher_flush(far, 5000, became_idle, NULL);
	while (!idle)
		ck_assert_int_eq(bw_loop_turn(&loop, 100, &err), 0);
	bw_publisher_free(far);
	ck_assert_str_eq(server.seen, "a:/tasks/oom;");
	ck_assert_uint_eq(server.last.timeout_ns, UINT64_C(5000000000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_publish");
	TCase *tc = tcase_create("publish");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, events_arrive_in_order_over_one_connection);
	tcase_add_test(tc, a_request_is_containerd_s_forward);
	tcase_add_loop_test(tc, a_failure_changes_nothing_about_the_order, 0, BW_COUNT(failures));
	tcase_add_test(tc, an_event_that_is_always_refused_is_given_up);
	tcase_add_test(tc, without_an_answer_it_is_sent_again_on_a_new_connection);
	tcase_add_test(tc, containerd_comes_later);
	tcase_add_test(tc, a_restart_of_an_idle_containerd_costs_nothing);
	tcase_add_test(tc, of_too_many_the_oldest_that_is_no_exit_goes);
	tcase_add_test(tc, of_exits_alone_the_oldest_goes);
	tcase_add_test(tc, a_flush_ends_with_its_budget);
	tcase_add_test(tc, a_flush_of_nothing_is_idle_at_once);
	tcase_add_loop_test(tc, without_an_address_events_are_dropped, 0, BW_COUNT(nowhere));
	tcase_add_test(tc, a_long_path_and_a_scheme_are_no_trouble);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
