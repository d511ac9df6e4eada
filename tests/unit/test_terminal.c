/* SPDX-License-Identifier: Apache-2.0 */
/* test_terminal.c - when a terminal is asked for, who gets its master, and the sentences when
 * nobody can. */
#include "control_test.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "scratch.h"

static struct bench *begin(const char *process)
{
	struct bench *b = bench_new(process, "");

	b->request.terminal_fd = -1;
	return b;
}

START_TEST(without_a_terminal_there_is_a_session)
{
	struct bench *b = begin("");

	bench_prepare(b, &bw_terminal);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(b, &bw_terminal, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD, "new session");
	bench_free(b);
}
END_TEST

START_TEST(a_console_socket_without_a_terminal_is_a_mistake)
{
	struct bench *b = begin("");

	b->request.console_socket = "/none";
	bench_refused(b, &bw_terminal, BW_E_USAGE, "",
		"--console-socket is for a process with terminal: true");
	bench_free(b);
}
END_TEST

START_TEST(a_socket_for_a_terminal_that_nobody_has_is_a_mistake)
{
	struct bench *b = begin("");

	b->request.terminal_fd = STDIN_FILENO;
	bench_refused(b, &bw_terminal, BW_E_USAGE, "", "a socket for the terminal is for a process with terminal: true");
	bench_free(b);
}
END_TEST

/* Engines match this sentence. */
START_TEST(a_terminal_needs_somebody_to_take_it)
{
	struct bench *b = begin("\"terminal\":true");

	bench_refused(b, &bw_terminal, BW_E_USAGE, "",
		"cannot allocate tty if the container will detach without setting the console "
		"socket");
	bench_free(b);
}
END_TEST

START_TEST(a_console_socket_that_is_not_there_is_named)
{
	struct bench *b = begin("\"terminal\":true");

	b->request.console_socket = "/none/console.sock";
	bench_refused(b, &bw_terminal, BW_E_KERNEL, "",
		"connecting to /none/console.sock: no such file or directory");
	bench_free(b);
}
END_TEST

START_TEST(the_console_socket_is_connected_before_the_clone)
{
	struct bench *b = begin("\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80}");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_close int taken = -1;
	struct scratch scratch;

	scratch_make(&scratch);
	snprintf(address.sun_path, sizeof address.sun_path, "%.90s/console", scratch.path);
	ck_assert_int_eq(bind(sock, (const struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(sock, 1), 0);
	b->request.console_socket = address.sun_path;
	bench_prepare(b, &bw_terminal);
	taken = accept(sock, NULL, NULL);
	ck_assert_int_ge(taken, 0);
	ck_assert_uint_eq(b->plan.fds_n, 1);
	bench_step(b, &bw_terminal, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD,
		"open a pseudo-terminal and send its master");
	scratch_remove(&scratch);
	bench_free(b);
}
END_TEST

START_TEST(the_callers_own_descriptor_is_kept_apart)
{
	struct bench *b = begin("\"terminal\":true");
	auto_close int given = open("/dev/null", O_RDWR | O_CLOEXEC);

	b->request.terminal_fd = given;
	bench_prepare(b, &bw_terminal);
	ck_assert_uint_eq(b->plan.fds_n, 1);
	ck_assert_int_ne(b->plan.fds[0], given);
	ck_assert(same_file(b->plan.fds[0], given));
	ck_assert_int_eq(fcntl(b->plan.fds[0], F_GETFD), FD_CLOEXEC);
	bench_free(b);
}
END_TEST

START_TEST(a_descriptor_that_is_none_is_refused)
{
	struct bench *b = begin("\"terminal\":true");

	b->request.terminal_fd = 100000;
	bench_refused(
		b, &bw_terminal, BW_E_KERNEL, "", "terminal: console socket: bad file descriptor");
	bench_free(b);
}
END_TEST

/* The image's own /dev/pts/ptmx: a file, or a link to the host's. */
START_TEST(what_is_no_multiplexer_is_not_opened)
{
	struct bench *b = begin("\"terminal\":true");
	auto_close int given = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct bw_child child = {.host_proc = -1, .null = -1, .scratch = -1, .terminal = -1};
	const struct bw_step *step;
	struct scratch root;

	scratch_make(&root);
	scratch_mkdir(&root, "dev");
	scratch_mkdir(&root, "dev/pts");
	child.root = root.dir;
	b->request.terminal_fd = given;
	bench_prepare(b, &bw_terminal);
	step = &b->plan.steps[0];
	ck_assert_int_eq(
		bw_terminal_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len),
		-ENOENT);
	scratch_write(&root, "dev/pts/ptmx", "", 0666);
	ck_assert_int_eq(
		bw_terminal_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len),
		-ENOTTY);
	ck_assert_int_eq(unlinkat(root.dir, "dev/pts/ptmx", 0), 0);
	scratch_link(&root, "dev/pts/ptmx", "/dev/ptmx");
	ck_assert_int_eq(
		bw_terminal_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len),
		-ELOOP);
	scratch_remove(&root);
	bench_free(b);
}
END_TEST

BENCH_MAIN("terminal", {without_a_terminal_there_is_a_session, 0},
	{a_console_socket_without_a_terminal_is_a_mistake, 0},
	{a_terminal_needs_somebody_to_take_it, 0}, {a_console_socket_that_is_not_there_is_named, 0},
	{a_socket_for_a_terminal_that_nobody_has_is_a_mistake, 0},
	{the_console_socket_is_connected_before_the_clone, 0},
	{the_callers_own_descriptor_is_kept_apart, 0}, {a_descriptor_that_is_none_is_refused, 0},
	{what_is_no_multiplexer_is_not_opened, 0})
