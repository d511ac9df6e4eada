/* SPDX-License-Identifier: Apache-2.0 */
/* The shim's socket: what is asked and what is answered, with a client of the test's own. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "shim/server.h"

static struct bw_loop loop;
static struct bw_server *server;
static char dir[32], path[64];
static struct bw_call *held[20000];
static size_t held_n;
static char asked[200];

static void handle(void *ctx, enum bw_task_method method, struct bw_call *call, const struct bw_task_request *request)
{
	ck_assert_ptr_eq(ctx, &loop);
	snprintf(asked, sizeof asked, "%s %s", bw_task_layouts[method].name, request->id);
	held[held_n++] = call;
}

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void turn(unsigned times)
{
	struct bw_err err = {0};

	while (times--)
		ck_assert_int_eq(bw_loop_turn(&loop, 0, &err), 0);
}

static void send_raw(int fd, const void *bytes, size_t len)
{
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
	turn(4);
}

static void ask(int fd, uint32_t stream, const char *service, const char *method, const char *id)
{
	auto_wire struct bw_wire payload = {0}, data = {0}, frame = {0};
	struct bw_task_request request = {.id = id};
	struct bw_ttrpc_request envelope = {.service = service, .method = method};

	bw_proto_write(bw_task_layouts[BW_TASK_PIDS].request, &request, &payload);
	envelope.payload = (struct bw_proto_bytes){.v = payload.bytes, .len = payload.len};
	bw_proto_write(&bw_ttrpc_request_table, &envelope, &data);
	bw_ttrpc_frame_write(&frame, BW_TTRPC_REQUEST, stream, data.bytes, data.len);
	send_raw(fd, frame.bytes, frame.len);
}

static const char task_service[] = "containerd.task.v2.Task";

/* The next answer, as "stream code message". */
static const char *answer(int fd)
{
	static char text[600];
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	unsigned char header[BW_TTRPC_HEADER], data[4096];
	struct bw_ttrpc_response response;
	struct bw_err err = {0};
	size_t len;

	turn(4);
	if (recv(fd, header, sizeof header, MSG_DONTWAIT) != BW_TTRPC_HEADER)
		return "nothing";
	len = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
	ck_assert_int_eq(header[8], BW_TTRPC_RESPONSE);
	ck_assert_uint_le(len, sizeof data);
	ck_assert_int_eq(len ? recv(fd, data, len, MSG_WAITALL) : 0, (ssize_t)len);
	ck_assert_int_eq(bw_proto_read(&bw_ttrpc_response_table, data, len, &arena, &response, &err), 0);
	snprintf(text, sizeof text, "%d %d %s", header[7] | header[6] << 8, response.status ? (int)response.status->code : 0,
		response.status ? response.status->message : "");
	return text;
}

static void setup(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct bw_err err = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(dir, "/tmp/bulwark-server-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/s", dir);
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(bw_loop_open(&loop, &err), 0);
	ck_assert_int_eq(bw_server_open(&loop, fd, handle, &loop, &server, &err), 0);
	held_n = 0;
}

static void teardown(void)
{
	bw_server_close(server);
	bw_loop_close(&loop);
	unlink(path);
	rmdir(dir);
}

START_TEST(a_request_reaches_its_handler_in_both_versions)
{
	auto_close int fd = dial();

	ask(fd, 1, task_service, "Pids", "c1");
	ck_assert_str_eq(asked, "Pids c1");
	ask(fd, 3, "containerd.task.v3.Task", "ResizePty", "c2");
	ck_assert_str_eq(asked, "ResizePty c2");
	bw_call_answer(held[1], &(struct bw_task_response){0});
	ck_assert_str_eq(answer(fd), "3 0 ");
	bw_call_refuse(held[0], BW_TTRPC_NOT_FOUND, "no %s", "c1");
	ck_assert_str_eq(answer(fd), "1 5 no c1");
	ck_assert_str_eq(answer(fd), "nothing");
}
END_TEST

START_TEST(what_is_not_known_is_unimplemented)
{
	auto_close int fd = dial();

	ask(fd, 1, "containerd.runtime.sandbox.v1.Sandbox", "CreateSandbox", "");
	ck_assert_str_eq(answer(fd), "1 12 service containerd.runtime.sandbox.v1.Sandbox: this shim has no method CreateSandbox");
	ask(fd, 3, task_service, "Explode", "");
	ck_assert_str_eq(answer(fd), "3 12 service containerd.task.v2.Task: this shim has no method Explode");
	ck_assert_uint_eq(held_n, 0);
}
END_TEST

START_TEST(stream_ids_are_odd_and_rise)
{
	auto_close int fd = dial();

	ask(fd, 2, task_service, "Pids", "");
	ck_assert_str_eq(answer(fd), "2 3 stream id is not odd or not new");
	ask(fd, 5, task_service, "Pids", "");
	ck_assert_uint_eq(held_n, 1);
	ask(fd, 5, task_service, "Pids", "");
	ck_assert_str_eq(answer(fd), "5 3 stream id is not odd or not new");
	ask(fd, 3, task_service, "Pids", "");
	ck_assert_str_eq(answer(fd), "3 3 stream id is not odd or not new");
	bw_call_answer(held[0], &(struct bw_task_response){0});
}
END_TEST

START_TEST(what_is_malformed_is_refused_and_the_next_request_is_heard)
{
	auto_close int fd = dial();

	/* A request whose data is one byte: the tag of a field without the field. */
	send_raw(fd, "\0\0\0\1\0\0\0\1\1\0\x0a", 11);
	ck_assert(bw_after_prefix(answer(fd), "1 3 ") != NULL);
	/* A response, data, and a type of tomorrow are not for us. */
	send_raw(fd, "\0\0\0\0\0\0\0\3\2\0", 10);
	send_raw(fd, "\0\0\0\0\0\0\0\3\3\0", 10);
	send_raw(fd, "\0\0\0\0\0\0\0\3\x77\0", 10);
	ck_assert_str_eq(answer(fd), "nothing");
	ask(fd, 3, task_service, "Pids", "c");
	ck_assert_uint_eq(held_n, 1);
	bw_call_answer(held[0], &(struct bw_task_response){0});
	ck_assert_str_eq(answer(fd), "3 0 ");
}
END_TEST

START_TEST(an_answer_to_a_client_that_is_gone_is_lost_and_nothing_else)
{
	int fd = dial(), other = dial();

	ask(fd, 1, task_service, "Wait", "c");
	ask(other, 1, task_service, "Wait", "c");
	ck_assert_uint_eq(bw_server_connections(server), 2);
	close(fd);
	turn(4);
	ck_assert_uint_eq(bw_server_connections(server), 1);
	bw_call_answer(held[0], &(struct bw_task_response){0});
	bw_call_answer(held[1], &(struct bw_task_response){0});
	ck_assert_str_eq(answer(other), "1 0 ");
	close(other);
}
END_TEST

START_TEST(a_client_that_reads_nothing_is_let_go)
{
	static char long_text[1100];
	auto_close int fd = dial();

	memset(long_text, 'x', sizeof long_text - 1);
	for (uint32_t i = 0; i < 19000; i++) {
		ask(fd, 2 * i + 1, task_service, "Pids", "");
		bw_call_refuse(held[--held_n], BW_TTRPC_UNKNOWN, "%s", long_text);
		turn(1);
		if (bw_server_connections(server) == 0)
			break;
	}
	ck_assert_uint_eq(bw_server_connections(server), 0);
}
END_TEST

START_TEST(calls_wait_in_their_order)
{
	auto_close int fd = dial();
	struct bw_calls calls = {0};

	ask(fd, 1, task_service, "Wait", "");
	ask(fd, 3, task_service, "Wait", "");
	bw_calls_add(&calls, held[0]);
	bw_calls_add(&calls, held[1]);
	ck_assert_ptr_eq(bw_calls_take(&calls), held[0]);
	ck_assert_ptr_eq(bw_calls_take(&calls), held[1]);
	ck_assert_ptr_null(bw_calls_take(&calls));
	bw_call_answer(held[0], &(struct bw_task_response){0});
	bw_call_answer(held[1], &(struct bw_task_response){0});
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim server");
	TCase *cases = tcase_create("server");
	SRunner *runner;
	int failures;

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_request_reaches_its_handler_in_both_versions);
	tcase_add_test(cases, what_is_not_known_is_unimplemented);
	tcase_add_test(cases, stream_ids_are_odd_and_rise);
	tcase_add_test(cases, what_is_malformed_is_refused_and_the_next_request_is_heard);
	tcase_add_test(cases, an_answer_to_a_client_that_is_gone_is_lost_and_nothing_else);
	tcase_add_test(cases, a_client_that_reads_nothing_is_let_go);
	tcase_add_test(cases, calls_wait_in_their_order);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
