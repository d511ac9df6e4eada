/* SPDX-License-Identifier: Apache-2.0 */
/* test_shim_stdio.c - standard streams between a client and a process: with real fifos, pipes, terminals and
 * logging programs, in one process that plays the client, the container and the loop. A logging program is this
 * test itself, started with words of logger_main() in its URI. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/str.h"
#include "scratch.h"
#include "shim/place.h"
#include "shim/stdio.h"

static struct scratch scratch;
static struct bw_loop loop;
static struct bw_err err;
static struct bw_stdio *stdio;
static int process[3]; /* what the process has as 0, 1 and 2 */
static unsigned drained_calls, turns;
static pid_t writers[64]; /* of files, to be reaped at the end of a case */
static size_t writers_n;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	/* The library's own end whole process groups, and a fork without exec has them until it sets its own. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	scratch_make(&scratch);
	ck_assert_int_eq(bw_loop_open(&loop, &err), 0);
	stdio = NULL;
	drained_calls = 0;
	for (int i = 0; i < 3; i++)
		process[i] = -1;
}

static void close_process(int which)
{
	if (process[which] >= 0)
		close(process[which]);
	process[which] = -1;
}

static void teardown(void)
{
	for (int i = 0; i < 3; i++)
		close_process(i);
	bw_stdio_free(stdio);
	for (; writers_n > 0; writers_n--) {
		kill(writers[writers_n - 1], SIGKILL);
		waitpid(writers[writers_n - 1], NULL, 0);
	}
	/* What is left of a dismissed one goes with the news of its end. */
	for (int i = 0; i < 100 && loop.timers; i++)
		ck_assert_int_eq(bw_loop_turn(&loop, 10, &err), 0);
	bw_loop_close(&loop);
	scratch_remove(&scratch);
}

/* An absolute path in the scratch directory, behind a prefix. */
static const char *at(const char *prefix, const char *name)
{
	static char texts[8][600];
	static unsigned next;
	char *text = texts[next++ % BW_COUNT(texts)];

	snprintf(text, sizeof texts[0], "%s%s/%s", prefix, scratch.path, name);
	return text;
}

static void make_fifo(const char *name)
{
	ck_assert_int_eq(mkfifoat(scratch.dir, name, 0600), 0);
}

/* A client's end. */
static int client(const char *name, int flags)
{
	int fd = openat(scratch.dir, name, flags | O_NONBLOCK | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "open %s: %s", name, strerror(errno));
	return fd;
}

static struct bw_stdio_request request(const char *in, const char *out, const char *error)
{
	return (struct bw_stdio_request){.stdin_path = in,
		.stdout_uri = out,
		.stderr_uri = error,
		.uid = getuid(),
		.gid = getgid(),
		.id = "c1",
		.namespace = "tests"};
}

static void open_streams(const struct bw_stdio_request *asked)
{
	ck_assert_msg(bw_stdio_open(&loop, asked, &stdio, &err) == 0, "%s", err.text);
	for (int i = 0; i < 3; i++) {
		process[i] = fcntl(bw_stdio_child_fd(stdio, i), F_DUPFD_CLOEXEC, 0);
		ck_assert_int_ge(process[i], 0);
	}
}

/* Who writes a file, as a worker starts it; 0 without a file. */
static pid_t start_writer(bool no_links)
{
	pid_t pid = 0;

	if (bw_stdio_file(stdio))
		ck_assert_msg(bw_stdio_start_logger(stdio, no_links, &pid, &err) == 0, "%s", err.text);
	if (pid > 0 && writers_n < BW_COUNT(writers))
		writers[writers_n++] = pid;
	return pid;
}

static pid_t begin(const char *in, const char *out, const char *error)
{
	struct bw_stdio_request asked = request(in, out, error);
	pid_t writer;

	open_streams(&asked);
	writer = start_writer(false);
	ck_assert_msg(bw_stdio_begin(stdio, writer, &err) == 0, "%s", err.text);
	return writer;
}

static void refused(const struct bw_stdio_request *asked, enum bw_code code, const char *text)
{
	struct bw_err why = {0};

	ck_assert_int_eq(bw_stdio_open(&loop, asked, &stdio, &why), -1);
	ck_assert_int_eq(why.code, code);
	ck_assert_msg(strstr(why.text, text) != NULL, "expected \"%s\", found \"%s\"", text, why.text);
	ck_assert_ptr_null(stdio);
}

/* Lets the loop work for so long; turns says how often it woke up. */
static void turn(int64_t ms)
{
	int64_t end = now_ms() + ms;

	turns = 0;
	for (int64_t left = ms; left > 0; left = end - now_ms(), turns++)
		ck_assert_int_eq(bw_loop_turn(&loop, (int)left, &err), 0);
}

static void is_idle(void)
{
	turn(20);
	turn(200);
	ck_assert_msg(turns <= 5, "%u turns in 200 ms", turns);
}

/* What arrives at fd, len bytes of it, while the loop works; fewer when nothing comes for two seconds, or at the end. */
static size_t receive(int fd, char *bytes, size_t len)
{
	int64_t end = now_ms() + 2000;
	size_t got = 0;

	while (got < len && now_ms() < end) {
		ssize_t n = read(fd, bytes + got, len - got);

		if (n == 0 || (n < 0 && errno == EIO))
			break;
		if (n > 0) {
			got += (size_t)n;
			end = now_ms() + 2000;
		} else {
			ck_assert_int_eq(errno, EAGAIN);
			ck_assert_int_eq(bw_loop_turn(&loop, 5, &err), 0);
		}
	}
	return got;
}

static void expect(int fd, const char *text)
{
	char bytes[256] = {0};
	size_t n = receive(fd, bytes, strlen(text));

	ck_assert_uint_eq(n, strlen(text));
	ck_assert_str_eq(bytes, text);
}

static void expect_end(int fd)
{
	char byte;
	int64_t end = now_ms() + 2000;
	ssize_t n;

	while ((n = read(fd, &byte, 1)) < 0 && errno == EAGAIN && now_ms() < end)
		ck_assert_int_eq(bw_loop_turn(&loop, 5, &err), 0);
	ck_assert_msg(n == 0, "expected the end, found %zd", n);
}

static void expect_nothing(int fd)
{
	char byte;

	turn(50);
	ck_assert_int_eq(read(fd, &byte, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Writes until there is no more room anywhere; how much. */
static size_t fill(int fd)
{
	static char bytes[4096];
	size_t n = 0;
	ssize_t w;

	memset(bytes, 'x', sizeof bytes);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	for (int still = 0; still < 3;) {
		w = write(fd, bytes, sizeof bytes);
		n += w > 0 ? (size_t)w : 0;
		still = w > 0 ? 0 : still + 1;
		if (w <= 0)
			turn(10);
	}
	return n;
}

static void drained(void *ctx)
{
	ck_assert_ptr_eq(ctx, &drained_calls);
	drained_calls++;
}

static bool ends(pid_t pid, int *status, int64_t ms)
{
	for (int64_t end = now_ms() + ms; now_ms() < end;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		ck_assert_int_eq(bw_loop_turn(&loop, 10, &err), 0);
	}
	return false;
}

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool wait_drained(int64_t ms)
{
	for (int64_t end = now_ms() + ms; !drained_calls && now_ms() < end;)
		ck_assert_int_eq(bw_loop_turn(&loop, 10, &err), 0);
	return drained_calls == 1;
}

START_TEST(streams_that_nobody_asks_for_are_dev_null)
{
	struct stat st, null;

	begin("", "", "");
	ck_assert_int_eq(stat("/dev/null", &null), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(fstat(process[i], &st), 0);
		ck_assert_uint_eq(st.st_rdev, null.st_rdev);
	}
	bw_stdio_ended(stdio, 50, drained, &drained_calls);
	ck_assert_uint_eq(drained_calls, 1);
	turn(100);
	ck_assert_uint_eq(drained_calls, 1);
}
END_TEST

START_TEST(output_arrives_in_the_fifo_of_its_stream)
{
	auto_close int out = -1, error = -1;

	make_fifo("out");
	make_fifo("err");
	begin("", at("", "out"), at("fifo://", "err"));
	out = client("out", O_RDONLY);
	error = client("err", O_RDONLY);
	say(process[1], "to out");
	say(process[2], "to err");
	expect(out, "to out");
	expect(error, "to err");
}
END_TEST

START_TEST(the_process_has_pipes_of_its_user_that_wait)
{
	struct stat st;

	make_fifo("in");
	make_fifo("out");
	make_fifo("err");
	begin(at("", "in"), at("", "out"), at("", "err"));
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(fstat(process[i], &st), 0);
		ck_assert(S_ISFIFO(st.st_mode));
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
		ck_assert_uint_eq(st.st_uid, getuid());
		ck_assert_int_eq(fcntl(process[i], F_GETFL) & O_NONBLOCK, 0);
	}
}
END_TEST

/* Somebody else's only where we may: as root. */
START_TEST(a_pipe_is_given_to_the_containers_user)
{
	struct bw_stdio_request asked;
	struct stat st;

	make_fifo("out");
	asked = request("", at("", "out"), "");
	asked.uid = getuid() + 1234;
	asked.gid = getgid() + 1235;
	if (geteuid() != 0) {
		refused(&asked, BW_E_KERNEL, "stdout: giving a pipe to user");
		return;
	}
	open_streams(&asked);
	ck_assert_int_eq(fstat(process[1], &st), 0);
	ck_assert_uint_eq(st.st_uid, asked.uid);
	ck_assert_uint_eq(st.st_gid, asked.gid);
}
END_TEST

START_TEST(both_streams_may_have_one_fifo)
{
	char bytes[8] = {0};
	auto_close int out = -1;

	make_fifo("out");
	begin("", at("", "out"), at("", "out"));
	out = client("out", O_RDONLY);
	say(process[1], "one");
	say(process[2], "two");
	ck_assert_uint_eq(receive(out, bytes, 6), 6);
	ck_assert(strstr(bytes, "one") && strstr(bytes, "two"));
	close_process(1);
	close_process(2);
	expect_end(out);
}
END_TEST

/* The writer in a process of its own. */
static pid_t write_much(int fd, size_t len)
{
	pid_t pid = fork();

	if (pid == 0) {
		unsigned char bytes[1000];

		for (size_t i = 0, n = 0; i < len; i += n) {
			n = len - i < sizeof bytes ? len - i : sizeof bytes;
			for (size_t j = 0; j < n; j++)
				bytes[j] = (unsigned char)((i + j) * 2654435761U >> 13);
			if (bw_write_all(fd, bytes, n) < 0)
				_exit(1);
		}
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static void digest_of_much(size_t len, unsigned char *digest)
{
	struct bw_sha256 hash;

	bw_sha256_begin(&hash);
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)(i * 2654435761U >> 13);

		bw_sha256_add(&hash, &byte, 1);
	}
	bw_sha256_end(&hash, digest);
}

enum { MUCH = 10 * 1000 * 1000 };

START_TEST(ten_megabytes_arrive_as_they_were)
{
	unsigned char digest[BW_SHA256_BYTES], wanted[BW_SHA256_BYTES];
	auto_free char *bytes = malloc(MUCH);
	auto_close int out = -1;
	int status;
	pid_t pid;

	make_fifo("out");
	begin("", at("", "out"), "");
	out = client("out", O_RDONLY);
	pid = write_much(process[1], MUCH);
	close_process(1);
	ck_assert_uint_eq(receive(out, bytes, MUCH), MUCH);
	expect_end(out);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	bw_sha256_of(bytes, MUCH, digest);
	digest_of_much(MUCH, wanted);
	ck_assert_mem_eq(digest, wanted, sizeof digest);
}
END_TEST

START_TEST(a_slow_reader_stops_the_writer_and_wakes_nobody)
{
	auto_close int out = -1;
	auto_free char *bytes = malloc(1 << 20);
	size_t n;

	make_fifo("out");
	begin("", at("", "out"), "");
	out = client("out", O_RDONLY);
	n = fill(process[1]);
	ck_assert_uint_ge(n, 64 * 1024);
	ck_assert_uint_lt(n, 1 << 20);
	is_idle();
	/* And neither when the process goes, whose pipe then reports a hangup all the time. */
	close_process(1);
	is_idle();
	ck_assert_uint_eq(receive(out, bytes, 1 << 20), n);
}
END_TEST

START_TEST(a_later_reader_gets_what_the_first_one_left)
{
	auto_free char *bytes = malloc(1 << 20);
	int out;
	size_t n;

	make_fifo("out");
	begin("", at("", "out"), "");
	out = client("out", O_RDONLY);
	say(process[1], "first");
	expect(out, "first");
	close(out);
	n = fill(process[1]);
	ck_assert_uint_ge(n, 64 * 1024);
	is_idle();
	close_process(1);
	out = client("out", O_RDONLY);
	ck_assert_uint_eq(receive(out, bytes, 1 << 20), n);
	expect_end(out);
	close(out);
}
END_TEST

START_TEST(nothing_wakes_an_idle_process)
{
	make_fifo("in");
	make_fifo("out");
	make_fifo("err");
	begin(at("", "in"), at("", "out"), at("", "err"));
	is_idle();
}
END_TEST

START_TEST(output_is_drained_when_the_reader_has_room_for_all_of_it)
{
	auto_free char *bytes = malloc(1 << 20);
	auto_close int out = -1;

	make_fifo("out");
	begin("", at("", "out"), "");
	out = client("out", O_RDONLY);
	fill(process[1]);
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	close_process(1);
	turn(50);
	ck_assert_uint_eq(drained_calls, 0);
	receive(out, bytes, 1 << 20);
	ck_assert(wait_drained(1000));
	turn(50);
	ck_assert_uint_eq(drained_calls, 1);
}
END_TEST

/* As a child that has gone into the background does. */
START_TEST(who_keeps_the_pipe_open_is_waited_for_as_long_as_the_limit_says)
{
	int64_t start;

	make_fifo("out");
	begin("", at("", "out"), "");
	start = now_ms();
	bw_stdio_ended(stdio, 150, drained, &drained_calls);
	ck_assert_uint_eq(drained_calls, 0);
	ck_assert(wait_drained(2000));
	ck_assert_int_ge(now_ms() - start, 140);
	close_process(1);
	turn(50);
	ck_assert_uint_eq(drained_calls, 1);
}
END_TEST

static void free_in_drained(void *ctx)
{
	(void)ctx;
	bw_stdio_free(stdio);
	stdio = NULL;
}

START_TEST(the_streams_may_be_freed_when_they_are_drained)
{
	make_fifo("out");
	begin("", at("", "out"), "");
	bw_stdio_ended(stdio, 60000, free_in_drained, NULL);
	close_process(1);
	turn(50);
	ck_assert_ptr_null(stdio);
	ck_assert_ptr_null(loop.timers);
}
END_TEST

START_TEST(a_client_that_goes_does_not_end_the_input)
{
	int in;

	make_fifo("in");
	begin(at("", "in"), "", "");
	fcntl(process[0], F_SETFL, O_NONBLOCK);
	in = client("in", O_WRONLY);
	say(in, "one");
	expect(process[0], "one");
	close(in);
	expect_nothing(process[0]);
	is_idle();
	in = client("in", O_WRONLY);
	say(in, "two");
	expect(process[0], "two");
	close(in);
}
END_TEST

START_TEST(close_io_ends_the_input_behind_what_was_written_before)
{
	auto_free char *bytes = malloc(1 << 20);
	int in;
	size_t n;

	make_fifo("in");
	begin(at("", "in"), "", "");
	fcntl(process[0], F_SETFL, O_NONBLOCK);
	in = client("in", O_WRONLY);
	n = fill(in);
	ck_assert_uint_ge(n, 64 * 1024);
	is_idle();
	bw_stdio_close_stdin(stdio);
	close(in);
	is_idle();
	ck_assert_uint_eq(receive(process[0], bytes, 1 << 20), n);
	expect_end(process[0]);
}
END_TEST

START_TEST(close_io_leaves_the_input_to_a_client_who_is_still_there)
{
	int in;

	make_fifo("in");
	begin(at("", "in"), "", "");
	fcntl(process[0], F_SETFL, O_NONBLOCK);
	in = client("in", O_WRONLY);
	bw_stdio_close_stdin(stdio);
	expect_nothing(process[0]);
	say(in, "late");
	expect(process[0], "late");
	close(in);
	expect_end(process[0]);
}
END_TEST

START_TEST(close_io_without_a_client_is_the_end)
{
	make_fifo("in");
	begin(at("", "in"), "", "");
	fcntl(process[0], F_SETFL, O_NONBLOCK);
	bw_stdio_close_stdin(stdio);
	expect_end(process[0]);
	is_idle();
}
END_TEST

START_TEST(a_process_that_reads_no_more_ends_the_clients_writing)
{
	auto_close int in = -1;
	unsigned fds;
	ssize_t n = 0;

	make_fifo("in");
	begin("", "", "");
	fds = count_fds();
	bw_stdio_free(stdio);
	begin(at("", "in"), "", "");
	in = client("in", O_WRONLY);
	close_process(0);
	for (int i = 0; i < 20 && n >= 0; i++) {
		n = write(in, "x", 1);
		if (n >= 0)
			turn(10);
	}
	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, EPIPE);
	is_idle();
	/* Nothing is kept for it: one more is the client's, and two are of the process before. */
	ck_assert_uint_eq(count_fds(), fds + 3);
}
END_TEST

START_TEST(places_that_are_none_are_refused_by_stream_and_name)
{
	static const struct {
		const char *in, *out, *error;
		enum bw_code code;
		const char *text;
	} cases[] = {
		{"", "relative", "", BW_E_USAGE, "stdout: expected an absolute path of a fifo, fifo://, file://, binary:// or"},
		{"", "", "http://x/", BW_E_USAGE, "binary:// or binary-v2://, found http://x/"},
		{"", "fifo://relative", "", BW_E_USAGE, "stdout: expected an absolute path, found fifo://relative"},
		{"", "file://host/x", "", BW_E_USAGE, "stdout: expected an absolute path, found file://host/x"},
		{"", "file:///x%zz", "", BW_E_USAGE, "percent-encoded"},
		{"", "file:///x%4", "", BW_E_USAGE, "percent-encoded"},
		{"", "file:///x%00", "", BW_E_USAGE, "percent-encoded"},
		{"", "binary:///usr/../bin/true", "", BW_E_USAGE, "without .."},
		{"", "binary:///usr/%2e./bin/true", "", BW_E_USAGE, "without .."},
		{"", "binary://bin/true", "", BW_E_USAGE, "stdout: expected an absolute path"},
		{"", "binary:///bin/true", "binary:///bin/false", BW_E_USAGE, "stderr: expected the file or logging program of stdout"},
		{"", "", "binary:///bin/false", BW_E_USAGE, "stderr: expected the file or logging program of stdout"},
		{"file:///etc/passwd", "", "", BW_E_USAGE, "stdin: expected a fifo, found file:///etc/passwd"},
		{"/none/in", "", "", BW_E_KERNEL, "stdin: open /none/in: no such file or directory"},
		{"", "/none/out", "", BW_E_KERNEL, "stdout: open /none/out: no such file or directory"},
		{"", "", "/dev/null", BW_E_USAGE, "stderr: expected a fifo, found something else at /dev/null"},
	};
	unsigned fds = count_fds();

	for (size_t i = 0; i < BW_COUNT(cases); i++) {
		struct bw_stdio_request asked = request(cases[i].in, cases[i].out, cases[i].error);

		refused(&asked, cases[i].code, cases[i].text);
	}
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(a_link_to_a_fifo_is_refused)
{
	struct bw_stdio_request asked;
	unsigned fds = count_fds();

	make_fifo("fifo");
	scratch_link(&scratch, "link", "fifo");
	asked = request(at("", "fifo"), at("", "link"), "");
	refused(&asked, BW_E_USAGE, "stdout: expected a fifo, found something else at ");
	asked = request(at("", "link"), "", "");
	refused(&asked, BW_E_USAGE, "stdin: expected a fifo, found something else at ");
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(a_uri_has_a_longest_length_and_most_keys)
{
	auto_free char *uri = malloc(BW_COUNT("binary:///bin/true?") + 64 * 1024);
	struct bw_stdio_request asked = request("", uri, "");
	struct bw_buf buf = bw_buf_over(uri, 64 * 1024);

	bw_buf_add(&buf, "binary:///bin/true?");
	for (unsigned i = 0; i < 128; i++)
		bw_buf_addf(&buf, "k%u=v&", i);
	open_streams(&asked);
	bw_stdio_free(stdio);
	stdio = NULL;
	bw_buf_add(&buf, "one=more");
	refused(&asked, BW_E_USAGE, "at most 128 keys");
	memset(uri + buf.len, 'x', 40 * 1024 - buf.len);
	uri[40 * 1024] = '\0';
	refused(&asked, BW_E_USAGE, "stdout: a URI of more than 32768 bytes");
}
END_TEST

/* What a file holds, within two seconds; another process writes it. */
static void file_says(const char *name, const char *text)
{
	char found[8192] = {0};

	for (int64_t end = now_ms() + 2000; now_ms() < end && strcmp(found, text) != 0;) {
		auto_close int fd = openat(scratch.dir, name, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, found, sizeof found - 1);

		found[n > 0 ? n : 0] = '\0';
		turn(5);
	}
	ck_assert_str_eq(found, text);
}

START_TEST(a_file_is_made_with_its_directories_and_appended_to)
{
	struct bw_stdio_request asked = request("", at("file://", "a/b%20c/log"), "");
	struct stat st;

	umask(022);
	open_streams(&asked);
	/* Not before the policy has been asked. */
	ck_assert_str_eq(bw_stdio_file(stdio), at("", "a/b c/log"));
	ck_assert_ptr_null(bw_stdio_logger(stdio));
	ck_assert(!scratch_has(&scratch, "a"));
	ck_assert_int_eq(bw_stdio_begin(stdio, start_writer(false), &err), 0);
	ck_assert_int_eq(fstat(process[1], &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	say(process[1], "first\n");
	file_says("a/b c/log", "first\n");
	ck_assert_int_eq(fstatat(scratch.dir, "a/b c/log", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(fstatat(scratch.dir, "a/b c", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	/* Whoever rotates it by emptying it finds the next line at the beginning. */
	ck_assert_int_eq(truncate(at("", "a/b c/log"), 0), 0);
	say(process[1], "second\n");
	file_says("a/b c/log", "second\n");
}
END_TEST

START_TEST(both_streams_go_to_one_file)
{
	begin("", at("file://", "log"), at("file://", "log"));
	say(process[1], "one\n");
	file_says("log", "one\n");
	say(process[2], "two\n");
	file_says("log", "one\ntwo\n");
	close_process(1);
	say(process[2], "three\n");
	close_process(2);
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	ck_assert(wait_drained(2000));
	file_says("log", "one\ntwo\nthree\n");
}
END_TEST

START_TEST(two_files_are_refused)
{
	struct bw_stdio_request asked = request("", at("file://", "log"), at("file://", "other"));

	refused(&asked, BW_E_USAGE, "stderr: expected the file or logging program of stdout");
	asked = request("", "", at("file://", "log"));
	refused(&asked, BW_E_USAGE, "stderr: expected the file or logging program of stdout");
}
END_TEST

/* Of start_logger. */
static void file_refused(const char *name, bool no_links, const char *text)
{
	struct bw_stdio_request asked = request("", at("file://", name), "");
	struct bw_err why = {0};
	pid_t pid;

	open_streams(&asked);
	ck_assert_int_eq(bw_stdio_start_logger(stdio, no_links, &pid, &why), -1);
	ck_assert_msg(strstr(why.text, text) != NULL, "expected \"%s\", found \"%s\"", text, why.text);
	for (int i = 0; i < 3; i++)
		close_process(i);
	bw_stdio_free(stdio);
	stdio = NULL;
}

START_TEST(a_link_in_the_place_of_a_file_is_refused)
{
	scratch_link(&scratch, "link", "target");
	file_refused("link", false, "too many levels of symbolic links");
	ck_assert(!scratch_has(&scratch, "target"));
	file_refused(".", false, "stdout: expected a file, found something else at ");
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	struct bw_place null = {.kind = BW_PLACE_FILE, .stream = "stdout", .path = "/dev/null"};
	struct bw_place full = {.kind = BW_PLACE_FILE, .stream = "stdout", .path = "/dev/full"};
	auto_close int reader = -1, fd = bw_place_open_file(&null, true, &err);
	struct bw_err why = {0};

	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(bw_place_open_file(&full, false, &why), -1);
	ck_assert_str_eq(why.text, "stdout: expected a file, found something else at /dev/full");
	make_fifo("fifo");
	file_refused("fifo", false, "stdout: expected a file, found something else at ");
	reader = client("fifo", O_RDONLY);
	file_refused("fifo", false, "stdout: expected a file, found something else at ");
	/* It was not even opened: its reader would have seen the end. */
	ck_assert_int_eq(poll(&(struct pollfd){.fd = reader, .events = POLLIN}, 1, 0), 0);
}
END_TEST

START_TEST(a_link_among_the_directories_is_refused_where_links_are)
{
	ck_assert_int_eq(mkdirat(scratch.dir, "real", 0700), 0);
	scratch_link(&scratch, "dir", "real");
	scratch_link(&scratch, "nowhere", "missing");
	file_refused("dir/a/log", true, "too many levels of symbolic links");
	ck_assert(!scratch_has(&scratch, "real/a"));
	file_refused("nowhere/log", true, "stdout: the directories of ");
	ck_assert(!scratch_has(&scratch, "missing"));
	/* Without a policy that says otherwise they are followed, but none in the last place. */
	begin("", at("file://", "dir/a/log"), "");
	ck_assert(scratch_has(&scratch, "real/a/log"));
}
END_TEST

START_TEST(a_path_without_links_is_made_where_links_are_refused)
{
	struct bw_stdio_request asked = request("", at("file://", "a/b/log"), "");
	unsigned fds = count_fds();

	open_streams(&asked);
	ck_assert_int_gt(start_writer(true), 0);
	ck_assert(scratch_has(&scratch, "a/b/log"));
	for (int i = 0; i < 3; i++)
		close_process(i);
	bw_stdio_free(stdio);
	stdio = NULL;
	/* Nothing is left of the way there. */
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(what_a_full_disk_does_not_take_is_kept)
{
	struct rlimit limit = {.rlim_cur = 1000}, was;
	char bytes[3001];
	pid_t writer;

	memset(bytes, 'y', sizeof bytes);
	bytes[sizeof bytes - 1] = '\0';
	writer = begin("", at("file://", "log"), "");
	ck_assert_int_eq(prlimit(writer, RLIMIT_FSIZE, NULL, &was), 0);
	limit.rlim_max = was.rlim_max;
	ck_assert_int_eq(prlimit(writer, RLIMIT_FSIZE, &limit, NULL), 0);
	say(process[1], bytes);
	is_idle();
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	close_process(1);
	close_process(2);
	turn(100);
	ck_assert_uint_eq(drained_calls, 0);
	ck_assert_int_eq(prlimit(writer, RLIMIT_FSIZE, &was, NULL), 0);
	ck_assert(wait_drained(5000));
	file_says("log", bytes);
}
END_TEST

/* A disk of one page, as root. */
START_TEST(a_disk_without_room_is_waited_for)
{
	char page[4096] = {0};
	auto_free char *text = NULL;
	auto_close int other = -1;

	ck_assert_int_eq(mkdirat(scratch.dir, "disk", 0700), 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
		mount("none", at("", "disk"), "tmpfs", 0, "size=4096") < 0)
		return;
	other = open(at("", "disk/other"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(other, page, sizeof page), sizeof page);
	begin("", at("file://", "disk/log"), "");
	say(process[1], "kept");
	is_idle();
	close_process(1);
	close_process(2);
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	turn(100);
	ck_assert_uint_eq(drained_calls, 0);
	ck_assert_int_eq(ftruncate(other, 0), 0);
	ck_assert(wait_drained(5000));
	ck_assert_int_eq(bw_read_file(at("", "disk/log"), 100, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "kept");
	close(take_fd(&other));
	ck_assert_int_eq(umount(at("", "disk")), 0);
}
END_TEST

START_TEST(who_waits_for_room_ends_when_the_streams_go)
{
	struct rlimit limit = {0}, was;
	pid_t writer = begin("", at("file://", "log"), "");
	int status;

	ck_assert_int_eq(prlimit(writer, RLIMIT_FSIZE, NULL, &was), 0);
	limit.rlim_max = was.rlim_max;
	ck_assert_int_eq(prlimit(writer, RLIMIT_FSIZE, &limit, NULL), 0);
	say(process[1], "lost");
	close_process(1);
	close_process(2);
	bw_stdio_ended(stdio, 100, drained, &drained_calls);
	ck_assert(wait_drained(1000));
	ck_assert_int_eq(waitpid(writer, &status, WNOHANG), 0);
	bw_stdio_free(stdio);
	stdio = NULL;
	ck_assert(ends(writer, &status, 2000));
	ck_assert_int_eq(status, SIGTERM);
	turn(20);
	ck_assert_ptr_null(loop.timers);
}
END_TEST

START_TEST(a_disk_that_does_not_answer_stops_its_own_container_alone)
{
	pid_t writer = begin("", at("file://", "log"), "");

	ck_assert_int_eq(kill(writer, SIGSTOP), 0);
	ck_assert_uint_ge(fill(process[1]), 4096);
	is_idle();
	ck_assert_int_eq(kill(writer, SIGCONT), 0);
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	close_process(1);
	close_process(2);
	ck_assert(wait_drained(5000));
}
END_TEST

/* Of its status; without those that are the C library's own. */
static uint64_t signals(pid_t pid, const char *what)
{
	char path[64], text[4096] = {0};
	const char *line;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	ck_assert_int_gt(bw_read_at(AT_FDCWD, path, text, sizeof text), 0);
	line = strstr(text, what);
	ck_assert_ptr_nonnull(line);
	return strtoull(line + strlen(what), NULL, 16) & ((1ULL << 31) - 1);
}

START_TEST(who_writes_a_file_has_nothing_else_of_ours)
{
	char path[64], text[600] = {0};
	pid_t writer = begin("", at("file://", "log"), "");
	auto_closedir DIR *dir = NULL;
	unsigned n = 0;

	say(process[1], "x");
	file_says("log", "x");
	snprintf(path, sizeof path, "/proc/%d/fd", (int)writer);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	ck_assert_uint_eq(n, 3);
	snprintf(path, sizeof path, "/proc/%d/comm", (int)writer);
	ck_assert_int_gt(bw_read_at(AT_FDCWD, path, text, sizeof text), 0);
	ck_assert_str_eq(text, "bulwark-output");
	snprintf(path, sizeof path, "/proc/%d/cwd", (int)writer);
	ck_assert_int_eq(readlink(path, text, sizeof text), 1);
	ck_assert_int_eq(getsid(writer), writer);
	ck_assert_uint_eq(signals(writer, "SigBlk:"), 0);
	ck_assert_uint_eq(signals(writer, "SigCgt:"), 0);
	ck_assert_uint_eq(signals(writer, "SigIgn:"), 1ULL << (SIGXFSZ - 1));
}
END_TEST

START_TEST(ten_megabytes_arrive_in_a_file)
{
	unsigned char digest[BW_SHA256_BYTES], wanted[BW_SHA256_BYTES];
	auto_free char *bytes = NULL;
	size_t len;
	int status;
	pid_t pid;

	begin("", at("file://", "log"), at("file://", "log"));
	pid = write_much(process[2], MUCH);
	close_process(1);
	close_process(2);
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	ck_assert(wait_drained(20000));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(bw_read_file(at("", "log"), MUCH + 1, &bytes, &len, &err), 0);
	ck_assert_uint_eq(len, MUCH);
	bw_sha256_of(bytes, len, digest);
	digest_of_much(MUCH, wanted);
	ck_assert_mem_eq(digest, wanted, sizeof digest);
}
END_TEST

/* A process with a terminal: its slave. The master goes the way it comes from libbulwark. */
static int begin_terminal(const char *in, const char *out)
{
	struct bw_stdio_request asked = request(in, out, "");
	struct termios raw;
	int master, slave;

	asked.terminal = true;
	open_streams(&asked);
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	ck_assert_int_eq(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(slave, TCSANOW, &raw), 0);
	ck_assert_int_eq(bw_send_fd(bw_stdio_console_fd(stdio), master, "/dev/pts/ptmx", 13, &err), 0);
	close(master);
	ck_assert_msg(bw_stdio_begin(stdio, start_writer(false), &err) == 0, "%s", err.text);
	fcntl(slave, F_SETFL, O_NONBLOCK);
	return slave;
}

START_TEST(a_terminal_is_copied_both_ways)
{
	auto_close int in = -1, out = -1, slave = -1;

	make_fifo("in");
	make_fifo("out");
	slave = begin_terminal(at("", "in"), at("", "out"));
	in = client("in", O_WRONLY);
	out = client("out", O_RDONLY);
	say(in, "typed");
	expect(slave, "typed");
	say(slave, "shown");
	expect(out, "shown");
	is_idle();
}
END_TEST

START_TEST(ten_megabytes_of_a_terminal_arrive_as_they_were)
{
	unsigned char digest[BW_SHA256_BYTES], wanted[BW_SHA256_BYTES];
	auto_free char *bytes = malloc(MUCH);
	auto_close int out = -1, slave = -1;
	int status;
	pid_t pid;

	make_fifo("out");
	slave = begin_terminal("", at("", "out"));
	out = client("out", O_RDONLY);
	fcntl(slave, F_SETFL, 0);
	pid = write_much(slave, MUCH);
	ck_assert_uint_eq(receive(out, bytes, MUCH), MUCH);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	bw_sha256_of(bytes, MUCH, digest);
	digest_of_much(MUCH, wanted);
	ck_assert_mem_eq(digest, wanted, sizeof digest);
}
END_TEST

START_TEST(input_that_a_terminal_has_no_room_for_waits)
{
	auto_free char *bytes = malloc(1 << 20);
	auto_close int in = -1, slave = -1;
	size_t n;

	make_fifo("in");
	make_fifo("out");
	slave = begin_terminal(at("", "in"), at("", "out"));
	in = client("in", O_WRONLY);
	n = fill(in);
	ck_assert_uint_ge(n, 64 * 1024);
	is_idle();
	ck_assert_uint_eq(receive(slave, bytes, n), n);
	say(in, "more");
	expect(slave, "more");
}
END_TEST

START_TEST(a_terminal_without_a_reader_of_its_output_stops_its_writer)
{
	auto_free char *bytes = malloc(1 << 20);
	auto_close int out = -1, slave = -1;
	size_t n;

	make_fifo("out");
	slave = begin_terminal("", at("", "out"));
	n = fill(slave);
	ck_assert_uint_ge(n, 64 * 1024);
	is_idle();
	out = client("out", O_RDONLY);
	ck_assert_uint_eq(receive(out, bytes, n), n);
}
END_TEST

START_TEST(output_of_a_terminal_that_nobody_wants_is_dropped)
{
	auto_close int slave = begin_terminal("", "");
	int64_t end = now_ms() + 20000;
	char bytes[1000];
	size_t n = 0;

	memset(bytes, 'x', sizeof bytes);
	while (n < 1 << 20 && now_ms() < end) {
		ssize_t w = write(slave, bytes, sizeof bytes);

		n += w > 0 ? (size_t)w : 0;
		if (w <= 0)
			turn(1);
	}
	ck_assert_uint_ge(n, 1 << 20);
	is_idle();
}
END_TEST

START_TEST(output_of_a_terminal_goes_to_a_file)
{
	auto_close int slave = begin_terminal("", at("file://", "log"));

	say(slave, "shown");
	file_says("log", "shown");
	say(slave, " at last");
	close(take_fd(&slave));
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	ck_assert(wait_drained(2000));
	file_says("log", "shown at last");
}
END_TEST

START_TEST(a_terminal_is_resized)
{
	auto_close int slave = -1;
	struct winsize size;
	struct bw_err why = {0};

	make_fifo("out");
	slave = begin_terminal("", at("", "out"));
	ck_assert_int_eq(bw_stdio_resize(stdio, 132, 43, &err), 0);
	ck_assert_int_eq(ioctl(slave, TIOCGWINSZ, &size), 0);
	ck_assert_uint_eq(size.ws_col, 132);
	ck_assert_uint_eq(size.ws_row, 43);
	ck_assert_int_eq(bw_stdio_resize(stdio, 65536, 43, &why), -1);
	ck_assert_int_eq(why.code, BW_E_USAGE);
}
END_TEST

START_TEST(without_a_terminal_there_is_nothing_to_resize)
{
	begin("", "", "");
	ck_assert_int_eq(bw_stdio_resize(stdio, 80, 25, &err), 0);
	ck_assert_int_eq(bw_stdio_console_fd(stdio), -1);
}
END_TEST

START_TEST(a_terminal_that_nobody_has_open_may_be_opened_again)
{
	auto_close int out = -1;
	char name[64];
	int slave;

	make_fifo("out");
	slave = begin_terminal("", at("", "out"));
	ck_assert_int_eq(ttyname_r(slave, name, sizeof name), 0);
	out = client("out", O_RDONLY);
	say(slave, "one");
	close(slave);
	expect(out, "one");
	is_idle();
	for (int i = 0; i < 3; i++) {
		slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
		ck_assert_int_ge(slave, 0);
		say(slave, "again");
		expect(out, "again");
		is_idle();
		close(slave);
		is_idle();
	}
}
END_TEST

START_TEST(what_is_typed_while_nobody_has_the_terminal_open_waits)
{
	auto_close int in = -1;
	char name[64];
	int slave;

	make_fifo("in");
	make_fifo("out");
	slave = begin_terminal(at("", "in"), at("", "out"));
	ck_assert_int_eq(ttyname_r(slave, name, sizeof name), 0);
	in = client("in", O_WRONLY);
	close(slave);
	say(in, "typed");
	is_idle();
	slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(slave, 0);
	expect(slave, "typed");
	close(slave);
}
END_TEST

/* Another process may have it open; this one's output is over. */
START_TEST(a_terminal_is_drained_when_its_process_has_ended)
{
	auto_close int out = -1, slave = -1;

	make_fifo("out");
	slave = begin_terminal("", at("", "out"));
	out = client("out", O_RDONLY);
	say(slave, "last words");
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	ck_assert_uint_eq(drained_calls, 1);
	expect(out, "last words");
	expect_end(out);
}
END_TEST

START_TEST(a_terminal_waits_for_its_reader_at_the_end_too)
{
	auto_free char *bytes = malloc(1 << 20);
	auto_close int out = -1, slave = -1;
	size_t n;

	make_fifo("out");
	slave = begin_terminal("", at("", "out"));
	n = fill(slave);
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	turn(50);
	ck_assert_uint_eq(drained_calls, 0);
	is_idle();
	out = client("out", O_RDONLY);
	ck_assert_uint_eq(receive(out, bytes, 1 << 20), n);
	ck_assert(wait_drained(1000));
}
END_TEST

START_TEST(the_end_of_a_terminals_input_is_a_hangup)
{
	struct pollfd hangup = {.events = 0};
	auto_close int out = -1, slave = -1;

	make_fifo("in");
	make_fifo("out");
	slave = begin_terminal(at("", "in"), at("", "out"));
	out = client("out", O_RDONLY);
	say(slave, "before");
	bw_stdio_close_stdin(stdio);
	expect(out, "before");
	expect_end(out);
	hangup.fd = slave;
	ck_assert_int_eq(poll(&hangup, 1, 0), 1);
	ck_assert(hangup.revents & POLLHUP);
}
END_TEST

/* Begins with what was sent, or not, in the terminal's place. */
static void terminal_refused(enum bw_code code, const char *text)
{
	struct bw_err why = {0};

	ck_assert_int_eq(bw_stdio_begin(stdio, 0, &why), -1);
	ck_assert_int_eq(why.code, code);
	ck_assert_msg(strstr(why.text, text) != NULL, "expected \"%s\", found \"%s\"", text, why.text);
	bw_stdio_free(stdio);
	stdio = NULL;
}

START_TEST(what_is_no_terminal_is_refused)
{
	static char name[4096];
	struct bw_stdio_request asked = request("", "", "");
	int fds[2], master, slave;
	unsigned open_fds;

	memset(name, 'n', sizeof name);
	asked.terminal = true;
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	open_fds = count_fds();
	ck_assert_int_eq(bw_stdio_open(&loop, &asked, &stdio, &err), 0);
	terminal_refused(BW_E_INTERNAL, "found one of 0 bytes with 0 descriptors");
	ck_assert_int_eq(bw_stdio_open(&loop, &asked, &stdio, &err), 0);
	ck_assert_int_eq(bw_send_fd(bw_stdio_console_fd(stdio), fds[0], "x", 1, &err), 0);
	terminal_refused(BW_E_INTERNAL, "expected a terminal's master, found another descriptor");
	ck_assert_int_eq(bw_stdio_open(&loop, &asked, &stdio, &err), 0);
	ck_assert_int_eq(bw_send_fd(bw_stdio_console_fd(stdio), slave, "x", 1, &err), 0);
	terminal_refused(BW_E_INTERNAL, "expected a terminal's master, found another descriptor");
	ck_assert_int_eq(bw_stdio_open(&loop, &asked, &stdio, &err), 0);
	say(bw_stdio_console_fd(stdio), "only a name");
	terminal_refused(BW_E_INTERNAL, "found one of 11 bytes with 0 descriptors");
	ck_assert_int_eq(bw_stdio_open(&loop, &asked, &stdio, &err), 0);
	ck_assert_int_eq(bw_send_fd(bw_stdio_console_fd(stdio), master, name, sizeof name, &err), 0);
	terminal_refused(BW_E_INTERNAL, "found one of 4096 bytes with 1 descriptors");
	ck_assert_int_eq(bw_stdio_open(&loop, &asked, &stdio, &err), 0);
	ck_assert_int_eq(bw_send_fd(bw_stdio_console_fd(stdio), master, "x", 1, &err), 0);
	ck_assert_int_eq(bw_send_fd(bw_stdio_console_fd(stdio), master, "x", 1, &err), 0);
	terminal_refused(BW_E_INTERNAL, "expected one message with the terminal, found more");
	ck_assert_uint_eq(count_fds(), open_fds);
	close(fds[0]);
	close(fds[1]);
	close(master);
	close(slave);
}
END_TEST

START_TEST(two_descriptors_in_the_place_of_a_terminal_are_refused)
{
	struct bw_stdio_request asked = request("", "", "");
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char name[] = "x";
	struct iovec iov = {.iov_base = name, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fds[2];
	unsigned open_fds = count_fds();

	asked.terminal = true;
	ck_assert_int_eq(bw_stdio_open(&loop, &asked, &stdio, &err), 0);
	ck_assert_int_eq(openpty(&fds[0], &fds[1], NULL, NULL, NULL), 0);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(cmsg), fds, sizeof fds);
	ck_assert_int_eq(sendmsg(bw_stdio_console_fd(stdio), &msg, 0), 1);
	close(fds[0]);
	close(fds[1]);
	terminal_refused(BW_E_INTERNAL, "found one of 1 bytes with 2 descriptors");
	ck_assert_uint_eq(count_fds(), open_fds);
}
END_TEST

/* A logging program: this one, its words behind argv[0]. Says in the file "report" what it has been given. */
static const char *word(int argc, char **argv, const char *key)
{
	for (int i = 1; i + 1 < argc; i += 2)
		if (bw_streq(argv[i], key))
			return argv[i + 1];
	return "";
}

static void report(int argc, char **argv)
{
	char path[600];
	FILE *file;
	struct stat st;

	snprintf(path, sizeof path, "%s/report", word(argc, argv, "dir"));
	file = fopen(path, "we");
	fprintf(file, "descriptors");
	for (int fd = 0; fd < 1024; fd++)
		if (fd != fileno(file) && fstat(fd, &st) == 0)
			fprintf(file, " %d", fd);
	fprintf(file, "\narguments");
	for (int i = 1; i < argc; i++)
		fprintf(file, " <%s>", argv[i]);
	fprintf(file, "\nenvironment");
	for (char **e = environ; *e; e++)
		fprintf(file, " %s", *e);
	fprintf(file, "\nsession %s", getsid(0) == getpid() ? "own" : "shared");
	fprintf(file, "\nsigpipe %s", signal(SIGPIPE, SIG_DFL) == SIG_DFL ? "default" : "changed");
	fprintf(file, "\ndumpable %d\n", prctl(PR_GET_DUMPABLE));
	fclose(file);
}

/* Copies 3 and 4 to the files "out" and "err" until their ends. */
static void log_streams(const char *dir)
{
	for (int fd = 3; fd <= 4; fd++) {
		char path[600], bytes[4096];
		ssize_t n;
		int file;

		snprintf(path, sizeof path, "%s/%s", dir, fd == 3 ? "logged-out" : "logged-err");
		file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		while ((n = read(fd, bytes, sizeof bytes)) > 0)
			bw_write_all(file, bytes, (size_t)n);
		close(file);
	}
}

static int term_fd;

static void note_term(int sig)
{
	(void)sig;
	bw_write_all(term_fd, "term", 4);
}

static int logger_main(int argc, char **argv)
{
	const char *ready = word(argc, argv, "ready"), *end = word(argc, argv, "end"), *dir = word(argc, argv, "dir");
	char path[600];

	alarm(30);
	report(argc, argv);
	snprintf(path, sizeof path, "%s/term", dir);
	term_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (bw_streq(end, "stubborn"))
		signal(SIGTERM, note_term);
	if (bw_streq(ready, "byte"))
		bw_write_all(5, "", 1);
	if (!bw_streq(ready, "never"))
		close(5);
	log_streams(dir);
	while (*end || bw_streq(ready, "never"))
		pause();
	return 0;
}

/* Opens streams to this program as a logging program, and starts that. */
static pid_t begin_logger(const char *scheme, const char *query, const struct bw_stdio_request *more, struct bw_err *why)
{
	struct bw_stdio_request asked = *more;
	char uri[2000], self[512] = {0};
	pid_t pid = 0;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof self - 1), 0);
	snprintf(uri, sizeof uri, "%s%s?act=logger&dir=%s&%s", scheme, self, scratch.path, query);
	asked.stdout_uri = asked.stderr_uri = uri;
	if (asked.terminal)
		asked.stderr_uri = "";
	open_streams(&asked);
	ck_assert_str_eq(bw_stdio_logger(stdio), self);
	if (bw_stdio_start_logger(stdio, false, &pid, why) < 0)
		return -1;
	ck_assert_int_gt(pid, 0);
	return pid;
}

static char *contents(const char *name)
{
	char *text = NULL;

	ck_assert_msg(bw_read_file(at("", name), 100000, &text, NULL, &err) == 0, "%s", err.text);
	return text;
}

static void expect_contents(const char *name, const char *wanted)
{
	auto_free char *text = contents(name);

	ck_assert_msg(strstr(text, wanted) != NULL, "expected \"%s\", found \"%s\"", wanted, text);
}

START_TEST(a_logging_program_gets_six_descriptors_and_nothing_of_ours)
{
	struct bw_stdio_request asked = request("", NULL, NULL);
	struct bw_err why = {0};
	int open_to_all = fcntl(scratch.dir, F_DUPFD, 50); /* without close-on-exec */
	sigset_t set;
	pid_t pid;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_DUMPABLE, 0);
	make_fifo("in");
	asked.stdin_path = at("", "in");
	pid = begin_logger("binary://", "ready=close&space=a+b%26c&space=twice&empty&q%3D=", &asked, &why);
	prctl(PR_SET_DUMPABLE, 1);
	ck_assert_msg(pid > 0, "%s", why.text);
	ck_assert_int_eq(bw_stdio_begin(stdio, pid, &err), 0);
	ck_assert_ptr_null(bw_stdio_logger(stdio));
	expect_contents("report", "descriptors 0 1 2 3 4 5\n");
	expect_contents("report", "> <ready> <close> <space> <a b&c> <empty> <> <q=> <>\n");
	expect_contents("report", "environment CONTAINER_ID=c1 CONTAINER_NAMESPACE=tests\n");
	expect_contents("report", "session own\nsigpipe default\ndumpable 1\n");
	/* Not blocked in there. */
	kill(pid, SIGTERM);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, SIGTERM);
	close(open_to_all);
}
END_TEST

START_TEST(a_logging_program_reads_both_streams_to_their_end)
{
	struct bw_stdio_request asked = request("", NULL, NULL);
	struct bw_err why = {0};
	pid_t pid = begin_logger("binary-v2://", "ready=byte", &asked, &why);

	ck_assert_msg(pid > 0, "%s", why.text);
	ck_assert_int_eq(bw_stdio_begin(stdio, pid, &err), 0);
	is_idle();
	say(process[1], "to out");
	say(process[2], "to err");
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	turn(50);
	ck_assert_uint_eq(drained_calls, 0);
	close_process(1);
	close_process(2);
	/* Drained is when it has ended: what it has read it has written then. */
	ck_assert(wait_drained(2000));
	expect_contents("logged-out", "to out");
	expect_contents("logged-err", "to err");
	expect_contents("term", "");
	is_idle();
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(drained_calls, 1);
}
END_TEST

START_TEST(a_terminals_output_is_copied_to_a_logging_program)
{
	struct bw_stdio_request asked = request("", NULL, NULL);
	struct bw_err why = {0};
	int master, slave;
	pid_t pid;

	asked.terminal = true;
	pid = begin_logger("binary://", "ready=byte", &asked, &why);
	ck_assert_msg(pid > 0, "%s", why.text);
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	ck_assert_int_eq(bw_send_fd(bw_stdio_console_fd(stdio), master, "x", 1, &err), 0);
	close(master);
	ck_assert_msg(bw_stdio_begin(stdio, pid, &err) == 0, "%s", err.text);
	say(slave, "shown");
	turn(20);
	close(slave);
	bw_stdio_ended(stdio, 60000, drained, &drained_calls);
	ck_assert(wait_drained(2000));
	expect_contents("logged-out", "shown");
	expect_contents("logged-err", "");
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

static void expect_no_child(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

static bool is_listed(const int *fds, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] == fd)
			return true;
	return false;
}

/* As a worker does it: everything else is closed, then the program is started. */
static void work(const struct bw_stdio_request *asked)
{
	int fds[BW_STDIO_WORKER_FDS], status;
	size_t n;
	pid_t pid;

	ck_assert_int_eq(bw_stdio_open(&loop, asked, &stdio, &err), 0);
	n = bw_stdio_worker_fds(stdio, fds);
	pid = fork();
	if (pid == 0) {
		pid_t logger = 0;

		for (int fd = 3; fd < 1024; fd++)
			if (!is_listed(fds, n, fd))
				close(fd);
		for (int i = 0; i < 3; i++)
			if (fcntl(bw_stdio_child_fd(stdio, i), F_GETFD) < 0)
				_exit(1);
		if (asked->terminal && fcntl(bw_stdio_console_fd(stdio), F_GETFD) < 0)
			_exit(2);
		if (bw_stdio_logger(stdio) && bw_stdio_start_logger(stdio, false, &logger, &err) < 0)
			_exit(3);
		if (logger > 0 && (kill(logger, SIGKILL) < 0 || waitpid(logger, NULL, 0) != logger))
			_exit(4);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	bw_stdio_free(stdio);
	stdio = NULL;
}

START_TEST(a_worker_needs_no_descriptor_but_those_that_are_listed)
{
	char uri[2000], self[512] = {0};
	struct bw_stdio_request asked;

	make_fifo("in");
	make_fifo("out");
	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof self - 1), 0);
	snprintf(uri, sizeof uri, "binary-v2://%s?act=logger&dir=%s&ready=byte", self, scratch.path);
	asked = request(at("", "in"), uri, uri);
	work(&asked);
	asked.terminal = true;
	work(&asked);
	asked = request(at("", "in"), at("", "out"), "");
	work(&asked);
}
END_TEST

START_TEST(a_logging_program_that_is_not_ready_in_time_is_ended)
{
	struct bw_stdio_request asked = request("", NULL, NULL);
	struct bw_err why = {0};
	unsigned fds = count_fds();
	int64_t start = now_ms();

	asked.logger_ready_ms = 300;
	ck_assert_int_eq(begin_logger("binary://", "ready=never", &asked, &why), -1);
	ck_assert_int_ge(now_ms() - start, 290);
	ck_assert_int_eq(why.code, BW_E_PROGRAM);
	ck_assert_ptr_nonnull(strstr(why.text, "to be ready within 300 ms, found it silent"));
	expect_no_child();
	bw_stdio_free(stdio);
	stdio = NULL;
	for (int i = 0; i < 3; i++)
		close_process(i);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(binary_v2_needs_the_byte)
{
	struct bw_stdio_request asked = request("", NULL, NULL);
	struct bw_err why = {0};

	ck_assert_int_eq(begin_logger("binary-v2://", "ready=close", &asked, &why), -1);
	ck_assert_int_eq(why.code, BW_E_PROGRAM);
	ck_assert_ptr_nonnull(strstr(why.text, "to write a byte to descriptor 5 when it is ready, found it closed"));
	expect_no_child();
}
END_TEST

START_TEST(a_logging_program_that_cannot_be_executed_is_named)
{
	struct bw_stdio_request asked = request("", "binary:///none/logger", "");
	struct bw_err why = {0};
	pid_t pid;

	open_streams(&asked);
	ck_assert_int_eq(bw_stdio_start_logger(stdio, false, &pid, &why), -1);
	ck_assert_int_eq(why.code, BW_E_PROGRAM);
	ck_assert_str_eq(why.text, "executing the logging program /none/logger: no such file or directory");
	expect_no_child();
}
END_TEST

START_TEST(a_logging_program_that_stays_gets_sigterm_when_the_streams_go)
{
	struct bw_stdio_request asked = request("", NULL, NULL);
	struct bw_err why = {0};
	pid_t pid = begin_logger("binary://", "ready=byte&end=never", &asked, &why);
	int status;

	ck_assert_msg(pid > 0, "%s", why.text);
	ck_assert_int_eq(bw_stdio_begin(stdio, pid, &err), 0);
	for (int i = 0; i < 3; i++)
		close_process(i);
	bw_stdio_ended(stdio, 100, drained, &drained_calls);
	ck_assert(wait_drained(1000));
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	bw_stdio_free(stdio);
	stdio = NULL;
	ck_assert(ends(pid, &status, 2000));
	ck_assert_int_eq(status, SIGTERM);
	turn(20);
	ck_assert_ptr_null(loop.timers);
}
END_TEST

START_TEST(a_logging_program_that_ignores_sigterm_is_killed_in_the_end)
{
	struct bw_stdio_request asked = request("", NULL, NULL);
	struct bw_err why = {0};
	unsigned fds = count_fds();
	int64_t start;
	int status;
	pid_t pid;

	asked.logger_end_ms = 300;
	pid = begin_logger("binary://", "ready=byte&end=stubborn", &asked, &why);
	ck_assert_msg(pid > 0, "%s", why.text);
	ck_assert_int_eq(bw_stdio_begin(stdio, pid, &err), 0);
	for (int i = 0; i < 3; i++)
		close_process(i);
	start = now_ms();
	bw_stdio_free(stdio);
	ck_assert_int_lt(now_ms() - start, 200);
	stdio = NULL;
	ck_assert(ends(pid, &status, 3000));
	ck_assert_int_ge(now_ms() - start, 290);
	ck_assert_int_eq(status, SIGKILL);
	expect_contents("term", "term");
	turn(20);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(a_thousand_rounds_leave_nothing_behind)
{
	struct mallinfo2 before, after;
	unsigned fds = 0;

	make_fifo("in");
	make_fifo("out");
	make_fifo("err");
	before = mallinfo2();
	for (int i = 0; i < 1000; i++) {
		if (i == 10) {
			fds = count_fds();
			before = mallinfo2();
		}
		if (i % 4 == 0) {
			close(begin_terminal(at("", "in"), at("", "out")));
		} else {
			begin(at("", "in"), at("", "out"), at(i % 4 == 1 ? "" : "fifo://", "err"));
			say(process[1], "x");
		}
		ck_assert_int_eq(bw_loop_turn(&loop, 0, &err), 0);
		for (int j = 0; j < 3; j++)
			close_process(j);
		bw_stdio_free(stdio);
		stdio = NULL;
	}
	after = mallinfo2();
	ck_assert_uint_eq(count_fds(), fds);
	ck_assert_uint_eq(after.uordblks, before.uordblks);
	ck_assert_ptr_null(loop.timers);
}
END_TEST

START_TEST(rounds_with_a_file_leave_nothing_behind)
{
	unsigned fds = 0;

	for (int i = 0; i < 50; i++) {
		pid_t writer;
		int status;

		if (i == 1)
			fds = count_fds();
		writer = begin("", at("file://", "log"), "");
		say(process[1], "x");
		for (int j = 0; j < 3; j++)
			close_process(j);
		drained_calls = 0;
		bw_stdio_ended(stdio, 60000, drained, &drained_calls);
		ck_assert(wait_drained(2000));
		bw_stdio_free(stdio);
		stdio = NULL;
		ck_assert_int_eq(waitpid(writer, &status, 0), writer);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(count_fds(), fds);
	ck_assert_ptr_null(loop.timers);
	file_says("log", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}
END_TEST

/* What the server keeps of a process that is silent. */
START_TEST(an_idle_process_costs_a_kibibyte)
{
	auto_close int out = -1;
	struct mallinfo2 before;

	make_fifo("in");
	make_fifo("out");
	make_fifo("err");
	before = mallinfo2();
	begin(at("", "in"), at("", "out"), at("", "err"));
	out = client("out", O_RDONLY);
	say(process[1], "x");
	expect(out, "x");
	ck_assert_uint_le(mallinfo2().uordblks - before.uordblks, 1024);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	return tc;
}

static void add_fifos(Suite *suite)
{
	TCase *tc = add_case(suite, "fifos");

	tcase_add_test(tc, streams_that_nobody_asks_for_are_dev_null);
	tcase_add_test(tc, output_arrives_in_the_fifo_of_its_stream);
	tcase_add_test(tc, the_process_has_pipes_of_its_user_that_wait);
	tcase_add_test(tc, a_pipe_is_given_to_the_containers_user);
	tcase_add_test(tc, both_streams_may_have_one_fifo);
	tcase_add_test(tc, ten_megabytes_arrive_as_they_were);
	tcase_add_test(tc, a_slow_reader_stops_the_writer_and_wakes_nobody);
	tcase_add_test(tc, a_later_reader_gets_what_the_first_one_left);
	tcase_add_test(tc, nothing_wakes_an_idle_process);
	tcase_add_test(tc, output_is_drained_when_the_reader_has_room_for_all_of_it);
	tcase_add_test(tc, who_keeps_the_pipe_open_is_waited_for_as_long_as_the_limit_says);
	tcase_add_test(tc, the_streams_may_be_freed_when_they_are_drained);
	tcase_add_test(tc, a_client_that_goes_does_not_end_the_input);
	tcase_add_test(tc, close_io_ends_the_input_behind_what_was_written_before);
	tcase_add_test(tc, close_io_leaves_the_input_to_a_client_who_is_still_there);
	tcase_add_test(tc, close_io_without_a_client_is_the_end);
	tcase_add_test(tc, a_process_that_reads_no_more_ends_the_clients_writing);
	tcase_add_test(tc, places_that_are_none_are_refused_by_stream_and_name);
	tcase_add_test(tc, a_link_to_a_fifo_is_refused);
	tcase_add_test(tc, a_uri_has_a_longest_length_and_most_keys);
	tcase_add_test(tc, a_thousand_rounds_leave_nothing_behind);
	tcase_add_test(tc, rounds_with_a_file_leave_nothing_behind);
	tcase_add_test(tc, an_idle_process_costs_a_kibibyte);
}

static void add_files(Suite *suite)
{
	TCase *tc = add_case(suite, "files");

	tcase_add_test(tc, a_file_is_made_with_its_directories_and_appended_to);
	tcase_add_test(tc, both_streams_go_to_one_file);
	tcase_add_test(tc, two_files_are_refused);
	tcase_add_test(tc, a_disk_that_does_not_answer_stops_its_own_container_alone);
	tcase_add_test(tc, who_writes_a_file_has_nothing_else_of_ours);
	tcase_add_test(tc, ten_megabytes_arrive_in_a_file);
	tcase_add_test(tc, what_is_no_file_is_refused);
	tcase_add_test(tc, a_link_in_the_place_of_a_file_is_refused);
	tcase_add_test(tc, a_link_among_the_directories_is_refused_where_links_are);
	tcase_add_test(tc, a_path_without_links_is_made_where_links_are_refused);
	tcase_add_test(tc, what_a_full_disk_does_not_take_is_kept);
	tcase_add_test(tc, a_disk_without_room_is_waited_for);
	tcase_add_test(tc, who_waits_for_room_ends_when_the_streams_go);
}

static void add_terminals(Suite *suite)
{
	TCase *tc = add_case(suite, "terminals");

	tcase_add_test(tc, a_terminal_is_copied_both_ways);
	tcase_add_test(tc, ten_megabytes_of_a_terminal_arrive_as_they_were);
	tcase_add_test(tc, input_that_a_terminal_has_no_room_for_waits);
	tcase_add_test(tc, a_terminal_without_a_reader_of_its_output_stops_its_writer);
	tcase_add_test(tc, output_of_a_terminal_that_nobody_wants_is_dropped);
	tcase_add_test(tc, output_of_a_terminal_goes_to_a_file);
	tcase_add_test(tc, a_terminal_is_resized);
	tcase_add_test(tc, without_a_terminal_there_is_nothing_to_resize);
	tcase_add_test(tc, a_terminal_that_nobody_has_open_may_be_opened_again);
	tcase_add_test(tc, what_is_typed_while_nobody_has_the_terminal_open_waits);
	tcase_add_test(tc, a_terminal_is_drained_when_its_process_has_ended);
	tcase_add_test(tc, a_terminal_waits_for_its_reader_at_the_end_too);
	tcase_add_test(tc, the_end_of_a_terminals_input_is_a_hangup);
	tcase_add_test(tc, what_is_no_terminal_is_refused);
	tcase_add_test(tc, two_descriptors_in_the_place_of_a_terminal_are_refused);
}

static void add_loggers(Suite *suite)
{
	TCase *tc = add_case(suite, "loggers");

	tcase_add_test(tc, a_logging_program_gets_six_descriptors_and_nothing_of_ours);
	tcase_add_test(tc, a_logging_program_reads_both_streams_to_their_end);
	tcase_add_test(tc, a_terminals_output_is_copied_to_a_logging_program);
	tcase_add_test(tc, a_worker_needs_no_descriptor_but_those_that_are_listed);
	tcase_add_test(tc, a_logging_program_that_is_not_ready_in_time_is_ended);
	tcase_add_test(tc, binary_v2_needs_the_byte);
	tcase_add_test(tc, a_logging_program_that_cannot_be_executed_is_named);
	tcase_add_test(tc, a_logging_program_that_stays_gets_sigterm_when_the_streams_go);
	tcase_add_test(tc, a_logging_program_that_ignores_sigterm_is_killed_in_the_end);
}

int main(int argc, char **argv)
{
	Suite *suite;
	SRunner *runner;
	int failed;

	if (argc > 1 && bw_streq(argv[1], "act"))
		return logger_main(argc, argv);
	suite = suite_create("shim_stdio");
	add_fifos(suite);
	add_files(suite);
	add_terminals(suite);
	add_loggers(suite);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
