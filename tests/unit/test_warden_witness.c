/* SPDX-License-Identifier: Apache-2.0 */
/* test_warden_witness.c - what the witness makes of a process's memory, of files, and of floods. Asks no kernel: the memory
 * is an array, the root a directory. tests/root/witness.sh has the rest. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "json/json.h"
#include "scratch.h"
#include "warden/witness.h"
#include "warden/witness_judge.h"
#include "warden/witness_log.h"
#include "warden/witness_look.h"
#include "warden/witness_settings.h"

/* ---- memory ---- */

enum { BASE = 0x10000, MEMORY = 3 * 4096 };

/* Three pages, and nothing around them. */
struct memory {
	char bytes[MEMORY];
	unsigned reads;
	bool changes; /* each read finds other bytes than the one before */
};

static ssize_t peek(void *ctx, uint64_t address, void *buf, size_t len)
{
	struct memory *m = ctx;

	m->reads++;
	/* Like process_vm_readv(2): all or what lies before the hole. Who reads beyond a page has asked for too much. */
	ck_assert_uint_le(address % 4096 + len, 4096);
	if (address < BASE || address >= BASE + MEMORY)
		return -EFAULT;
	memcpy(buf, m->bytes + (address - BASE), len);
	if (m->changes)
		memset(m->bytes, 'a' + (int)(m->reads % 26), sizeof m->bytes);
	return (ssize_t)len;
}

static struct memory memory;
static struct bw_look look;

static void setup(void)
{
	memset(&memory, 0, sizeof memory);
}

static void put(uint64_t at, const char *text)
{
	memcpy(memory.bytes + (at - BASE), text, strlen(text) + 1);
}

START_TEST(a_string_is_read_page_by_page_and_never_beyond)
{
	char buf[PATH_MAX];

	put(BASE + 4090, "/usr/bin/python3");
	ck_assert_int_eq(bw_look_string(peek, &memory, BASE + 4090, buf, sizeof buf), 16);
	ck_assert_str_eq(buf, "/usr/bin/python3");
	ck_assert_uint_eq(memory.reads, 2);
	/* It ends before the hole, or it is in it. */
	put(BASE + MEMORY - 3, "ab");
	ck_assert_int_eq(bw_look_string(peek, &memory, BASE + MEMORY - 3, buf, sizeof buf), 2);
	memory.bytes[MEMORY - 1] = 'c';
	ck_assert_int_eq(bw_look_string(peek, &memory, BASE + MEMORY - 3, buf, sizeof buf), -EFAULT);
	ck_assert_int_eq(bw_look_string(peek, &memory, 0, buf, sizeof buf), -EFAULT);
	ck_assert_int_eq(bw_look_string(peek, &memory, UINT64_MAX - 4, buf, sizeof buf), -EFAULT);
}
END_TEST

START_TEST(a_string_without_end_has_one)
{
	char buf[300];

	memset(memory.bytes, 'x', MEMORY);
	ck_assert_int_eq(bw_look_string(peek, &memory, BASE + 1, buf, sizeof buf), -ENAMETOOLONG);
	ck_assert_uint_eq(strlen(buf), sizeof buf - 1);
	memory.bytes[1 + 299] = '\0';
	ck_assert_int_eq(bw_look_string(peek, &memory, BASE + 1, buf, sizeof buf), -ENAMETOOLONG);
	memory.bytes[1 + 298] = '\0';
	ck_assert_int_eq(bw_look_string(peek, &memory, BASE + 1, buf, sizeof buf), 298);
}
END_TEST

START_TEST(memory_that_changes_is_read_once)
{
	const struct seccomp_data call = {.nr = SYS_execve, .args = {BASE, BASE + 8000, 0}};

	memory.changes = true;
	bw_look_call(&call, peek, &memory, &look);
	ck_assert_uint_lt(memory.reads, 8);
	ck_assert_ptr_nonnull(memchr(look.path, '\0', sizeof look.path));
	ck_assert_ptr_nonnull(memchr(look.arg0, '\0', sizeof look.arg0));
}
END_TEST

START_TEST(a_call_is_taken_apart)
{
	const uint64_t argv[] = {BASE + 100, 0};
	struct seccomp_data call = {.nr = SYS_execve, .args = {BASE, BASE + 200, 0}};

	put(BASE, "bin/x");
	put(BASE + 100, "other name");
	memcpy(memory.bytes + 200, argv, sizeof argv);
	bw_look_call(&call, peek, &memory, &look);
	ck_assert_str_eq(look.path, "bin/x");
	ck_assert_str_eq(look.arg0, "other name");
	ck_assert(look.dirfd == AT_FDCWD && !look.path_errno && !look.empty_path);

	call = (struct seccomp_data){.nr = SYS_execveat, .args = {0xffffffff00000007, BASE + 5, BASE + 200, 0, AT_EMPTY_PATH}};
	bw_look_call(&call, peek, &memory, &look);
	ck_assert_str_eq(look.path, "");
	ck_assert_str_eq(look.arg0, "other name");
	ck_assert(look.dirfd == 7 && look.empty_path);
	call.args[4] = 0;
	bw_look_call(&call, peek, &memory, &look);
	ck_assert(!look.empty_path && !look.path_errno);

	call = (struct seccomp_data){.nr = SYS_execve, .args = {1, 1, 1}};
	bw_look_call(&call, peek, &memory, &look);
	ck_assert_int_eq(look.path_errno, EFAULT);
	ck_assert_str_eq(look.arg0, "");
	memset(memory.bytes, '/', MEMORY);
	call.args[0] = BASE;
	bw_look_call(&call, peek, &memory, &look);
	ck_assert_int_eq(look.path_errno, ENAMETOOLONG);
}
END_TEST

START_TEST(the_status_of_a_process_is_read)
{
	look = (struct bw_look){0};
	bw_look_status("Name:\ta\\nUid: 0\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nNSpid:\t4711\t42\t3\nx:\t1\n", &look);
	ck_assert_str_eq(look.comm, "a\\nUid: 0");
	ck_assert_uint_eq(look.uid, 1000);
	ck_assert_uint_eq(look.inside_pid, 3);
	look = (struct bw_look){0};
	bw_look_status("", &look);
	bw_look_status("NSpid:", &look);
	bw_look_status("NSpid:\t99999999999999999999999999", &look);
	ck_assert(look.uid == 0 && look.inside_pid == 0 && !look.comm[0]);
}
END_TEST

/* ---- names ---- */

START_TEST(what_a_process_has_open_is_its_own)
{
	static const struct {
		const char *path, *link;
	} cases[] = {
		{"/proc/self/fd/3", "fd/3"},
		{"/proc/thread-self/fd/12", "fd/12"},
		{"/proc/self/exe", "exe"},
		{"/dev/fd/7", "fd/7"},
		{"/dev/fd/", NULL},
		{"/dev/fd/../x", NULL},
		{"/proc/self/fd/3/x", NULL},
		{"/proc/self/root/bin/sh", NULL},
		{"/proc/self/fd/-1", NULL},
		{"/proc/self/fd/2147483648", NULL},
		{"/proc/1/exe", NULL},
		{"proc/self/exe", NULL},
		{"", NULL},
	};
	char buf[24];

	for (size_t i = 0; i < BW_COUNT(cases); i++)
		ck_assert_pstr_eq(bw_look_own_link(cases[i].path, buf, sizeof buf), cases[i].link);
}
END_TEST

START_TEST(a_relative_path_begins_where_the_process_is)
{
	char path[64];

	ck_assert(bw_look_from_root("x", "/work", "/", path, sizeof path));
	ck_assert_str_eq(path, "/work/x");
	/* In a root of its own, which the links in /proc show from ours. */
	ck_assert(bw_look_from_root("../x", "/jail/work", "/jail", path, sizeof path));
	ck_assert_str_eq(path, "/work/../x");
	ck_assert(bw_look_from_root("x", "/jail", "/jail", path, sizeof path));
	ck_assert_str_eq(path, "/x");
	ck_assert(bw_look_from_root("x", "/jailed", "/jail", path, sizeof path));
	ck_assert_str_eq(path, "/jailed/x");
	ck_assert(bw_look_from_root("/bin/x", "/work", "/", path, sizeof path));
	ck_assert_str_eq(path, "/bin/x");
	ck_assert(!bw_look_from_root("x", "/0123456789/0123456789/0123456789/0123456789/0123456789/01234567", "/", path, sizeof path));
}
END_TEST

/* ---- files ---- */

static void make_file(const struct scratch *s, const char *name)
{
	close(openat(s->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
}

static void expect(const struct bw_list *list, int root, const char *path, enum bw_exec_result result, const char *reason)
{
	auto_close int self = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct bw_finding *finding = calloc(1, sizeof *finding);
	int fd = bw_judge_open(root, path);

	bw_judge(list, fd, self, finding);
	ck_assert_msg(finding->result == result, "%s: result %d", path, (int)finding->result);
	ck_assert_pstr_eq(finding->reason, reason);
	ck_assert(fd < 0 ? !finding->file[0] : finding->file[0] == '/');
	if (fd >= 0)
		close(fd);
	free(finding);
}

START_TEST(a_file_is_listed_by_what_it_is)
{
	struct bw_strs programs = {.v = (char *[]){(char[]){"/python3"}, (char[]){"/gone"}}, .n = 2};
	struct bw_strs interpreters = {.v = (char *[]){(char[]){"/ld.so"}, (char[]){"/python3"}}, .n = 2}, none = {0};
	struct bw_list *list = calloc(1, sizeof *list);
	struct scratch s = {.dir = -1};

	scratch_make(&s);
	make_file(&s, "python3.11");
	make_file(&s, "sh");
	make_file(&s, "ld.so");
	ck_assert_int_eq(symlinkat("/python3.11", s.dir, "python3"), 0);
	ck_assert_int_eq(symlinkat("/proc/self/exe", s.dir, "magic"), 0);
	ck_assert_int_eq(symlinkat("loop", s.dir, "loop"), 0);
	ck_assert_int_eq(linkat(s.dir, "python3.11", s.dir, "hard", 0), 0);
	bw_list_fill(list, s.dir, &programs, &interpreters);
	ck_assert_uint_eq(list->n, 3);
	expect(list, s.dir, "/python3.11", BW_EXEC_ALLOWED, NULL);
	expect(list, s.dir, "/../hard", BW_EXEC_ALLOWED, NULL);
	expect(list, s.dir, "/sh", BW_EXEC_DENIED, "not listed");
	expect(list, s.dir, "/", BW_EXEC_DENIED, "not listed");
	expect(list, s.dir, "/ld.so", BW_EXEC_DENIED, "an interpreter of programs, not one itself");
	expect(list, s.dir, "/gone", BW_EXEC_UNRESOLVED, "no such file");
	expect(list, s.dir, "/sh/x", BW_EXEC_UNRESOLVED, "no such file");
	expect(list, s.dir, "/magic", BW_EXEC_UNRESOLVED, "no such file");
	expect(list, s.dir, "/loop", BW_EXEC_UNRESOLVED, "a link that cannot be followed");
	/* Renamed, it is the same; another one under its name is not. */
	ck_assert_int_eq(renameat(s.dir, "sh", s.dir, "python3.11"), 0);
	expect(list, s.dir, "/python3", BW_EXEC_DENIED, "not listed");
	expect(list, s.dir, "/hard", BW_EXEC_ALLOWED, NULL);
	bw_list_fill(list, s.dir, &none, &none);
	expect(list, s.dir, "/python3", BW_EXEC_ALLOWED, NULL);
	scratch_remove(&s);
	free(list);
}
END_TEST

START_TEST(what_cannot_be_read_is_not_judged)
{
	static const struct {
		int sys;
		const char *reason;
	} cases[] = {{EFAULT, "the path cannot be read"}, {ENAMETOOLONG, "the path is too long"}, {EACCES, "cannot be looked up"}};
	struct bw_list *list = calloc(1, sizeof *list);
	struct bw_finding *finding = calloc(1, sizeof *finding);

	for (size_t i = 0; i < BW_COUNT(cases); i++) {
		bw_judge(list, -cases[i].sys, -1, finding);
		ck_assert(finding->result == BW_EXEC_UNRESOLVED);
		ck_assert_str_eq(finding->reason, cases[i].reason);
	}
	free(finding);
	free(list);
}
END_TEST

/* ---- events ---- */

START_TEST(an_event_is_a_line_of_json_whatever_the_bytes)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct timespec time = {1795850000, 123456789};
	char path[5000], *line = malloc(BW_WITNESS_MAX_LINE);
	struct bw_buf buf = bw_buf_over(line, BW_WITNESS_MAX_LINE);
	struct bw_err err = {0};
	struct bw_json *tree;

	memset(path, 0xff, sizeof path);
	memcpy(path, "/\n\"\\", 4);
	path[sizeof path - 1] = '\0';
	bw_exec_format(&(struct bw_exec_event){.result = BW_EXEC_DENIED, .path = path, .file = path, .arg0 = path, .comm = path,
			       .reason = path, .pid = UINT64_MAX, .inside_pid = UINT64_MAX, .uid = UINT64_MAX},
		path, &time, UINT64_MAX, &buf);
	ck_assert(!buf.overflow && strchr(line, '\n') == line + buf.len - 1);
	ck_assert_msg(bw_json_parse(line, buf.len, "event", &arena, &tree, &err) == 0, "%s", err.text);
	ck_assert_str_eq(bw_json_get(tree, "event")->text, "exec");
	ck_assert_str_eq(bw_json_get(tree, "result")->text, "denied");
	ck_assert_int_eq(strncmp(bw_json_get(tree, "path")->text, "/\n\"\\", 4), 0);
	buf = bw_buf_over(line, BW_WITNESS_MAX_LINE);
	bw_exec_format(&(struct bw_exec_event){.result = BW_EXEC_ALLOWED, .path = "", .file = "/x", .pid = 7}, "c1", &time, 0, &buf);
	ck_assert_str_eq(line, "{\"time\":\"2026-11-28T07:13:20.123Z\",\"event\":\"exec\",\"id\":\"c1\",\"result\":\"allowed\","
			       "\"path\":\"\",\"file\":\"/x\",\"pid\":7,\"uid\":0}\n");
	free(line);
}
END_TEST

struct logged {
	struct scratch s;
	struct bw_witness_log log;
	char path[300], counts[300];
};

static void begin(struct logged *l, uint64_t limit)
{
	*l = (struct logged){.s = {.dir = -1}};
	scratch_make(&l->s);
	snprintf(l->path, sizeof l->path, "%s/log", l->s.path);
	snprintf(l->counts, sizeof l->counts, "%s/counts", l->s.path);
	bw_witness_log_init(&l->log, open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600),
		open(l->counts, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "c1", limit, 0);
}

static char *end(struct logged *l, bool of_counts)
{
	struct bw_err err = {0};
	char *text = NULL;

	ck_assert_int_eq(bw_read_file(of_counts ? l->counts : l->path, 4 << 20, &text, NULL, &err), 0);
	if (!of_counts) {
		close(l->log.fd);
		close(l->log.counts_fd);
		scratch_remove(&l->s);
	}
	return text;
}

static size_t times(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

START_TEST(a_flood_of_what_is_allowed_does_not_hide_what_is_denied)
{
	const struct bw_exec_event allowed = {.result = BW_EXEC_ALLOWED, .path = "/python3"},
				   denied = {.result = BW_EXEC_DENIED, .path = "/bin/sh", .reason = "not listed"};
	auto_free char *text = NULL;
	struct logged l;

	begin(&l, 256 << 10);
	/* An hour between them: the meter holds none of them back. */
	for (uint64_t i = 0; i < 10000; i++)
		bw_witness_log_exec(&l.log, &allowed, i * 3600000);
	ck_assert_uint_le(l.log.size, 128 << 10);
	bw_witness_log_exec(&l.log, &denied, 0);
	ck_assert_uint_eq(l.log.counts[BW_EXEC_ALLOWED], 10000);
	text = end(&l, false);
	ck_assert_uint_eq(times(text, "/bin/sh"), 1);
	ck_assert_uint_gt(times(text, "/python3"), 100);
}
END_TEST

START_TEST(a_log_is_bounded_says_so_and_counts_on)
{
	const struct bw_exec_event denied = {.result = BW_EXEC_DENIED, .path = "/bin/sh", .reason = "not listed"};
	auto_free char *text = NULL, *counts = NULL;
	struct logged l;

	begin(&l, 64 << 10);
	bw_witness_log_start(&l.log);
	for (uint64_t i = 0; i < 10000; i++)
		bw_witness_log_exec(&l.log, &denied, i * 3600000);
	bw_witness_log_end(&l.log);
	counts = end(&l, true);
	ck_assert_str_eq(counts, "allowed    00000000000000000000\ndenied     00000000000000010000\n"
				 "unresolved 00000000000000000000\n");
	ck_assert_uint_eq(strlen(counts), BW_WITNESS_COUNTS_SIZE);
	text = end(&l, false);
	ck_assert_uint_le(strlen(text), 64 << 10);
	ck_assert_uint_eq(times(text, "\"the log is full\""), 1);
	ck_assert_uint_eq(times(text, "\"the container is gone\",\"allowed\":0,\"denied\":10000,\"unresolved\":0,\"left_out\":"), 1);
}
END_TEST

START_TEST(more_than_the_meter_lets_by_is_held_back_and_counted)
{
	const struct bw_exec_event denied = {.result = BW_EXEC_DENIED, .path = "/bin/sh"};
	auto_free char *text = NULL;
	struct logged l;

	begin(&l, BW_WITNESS_MAX_LOG);
	for (int i = 0; i < 5000; i++)
		bw_witness_log_exec(&l.log, &denied, 0);
	bw_witness_log_exec(&l.log, &denied, 60000);
	text = end(&l, false);
	ck_assert_uint_eq(times(text, "\n"), 301);
	ck_assert_uint_eq(times(text, "\"held_back\":4700"), 1);
}
END_TEST

START_TEST(a_full_disk_changes_nothing)
{
	const struct bw_exec_event denied = {.result = BW_EXEC_DENIED, .path = "/bin/sh"};
	auto_close int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct bw_witness_log log;

	bw_witness_log_init(&log, full, full, "c1", BW_WITNESS_MAX_LOG, 0);
	bw_witness_log_exec(&log, &denied, 0);
	bw_witness_log_end(&log);
	ck_assert_uint_eq(log.counts[BW_EXEC_DENIED], 1);
	ck_assert_uint_eq(log.left_out, 2);
}
END_TEST

/* ---- configuration ---- */

START_TEST(a_configuration_is_whole_or_refused)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\"id\":\"c1\",\"user\":7,\"group\":8,\"pid\":9}", NULL},
		{"{\"id\":\"c1\",\"user\":7,\"group\":8,\"pid\":9,\"programs\":[\"/a\"],\"interpreters\":[\"/b\"]}", NULL},
		{"{\"id\":\"c1\",\"user\":0,\"group\":8,\"pid\":9}", "/user"},
		{"{\"id\":\"c1\",\"user\":7,\"group\":8}", "pid"},
		{"{\"id\":\"\",\"user\":7,\"group\":8,\"pid\":9}", "/id"},
		{"{\"id\":\"c1\",\"user\":7,\"group\":8,\"pid\":9,\"programs\":[\"a\"]}", "/programs/0"},
		{"{\"id\":\"c1\",\"user\":7,\"group\":8,\"pid\":9,\"else\":1}", "else"},
		{"{", "configuration"},
	};

	for (size_t i = 0; i < BW_COUNT(cases); i++) {
		auto_arena struct bw_arena arena = BW_ARENA_INIT;
		const struct bw_witness_settings *settings = NULL;
		struct bw_err err = {0};
		int r = bw_witness_settings_parse(cases[i].text, strlen(cases[i].text), &arena, &settings, &err);

		ck_assert_msg((r == 0) == !cases[i].message, "%s: %s", cases[i].text, err.text);
		if (r < 0)
			ck_assert_msg(strstr(err.text, cases[i].message) != NULL, "%s: %s", cases[i].text, err.text);
		else
			ck_assert(settings->pid.v == 9 && settings->programs.n == settings->interpreters.n);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("warden: witness");
	TCase *tc = tcase_create("witness");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_string_is_read_page_by_page_and_never_beyond);
	tcase_add_test(tc, a_string_without_end_has_one);
	tcase_add_test(tc, memory_that_changes_is_read_once);
	tcase_add_test(tc, a_call_is_taken_apart);
	tcase_add_test(tc, the_status_of_a_process_is_read);
	tcase_add_test(tc, what_a_process_has_open_is_its_own);
	tcase_add_test(tc, a_relative_path_begins_where_the_process_is);
	tcase_add_test(tc, a_file_is_listed_by_what_it_is);
	tcase_add_test(tc, what_cannot_be_read_is_not_judged);
	tcase_add_test(tc, an_event_is_a_line_of_json_whatever_the_bytes);
	tcase_add_test(tc, a_flood_of_what_is_allowed_does_not_hide_what_is_denied);
	tcase_add_test(tc, a_log_is_bounded_says_so_and_counts_on);
	tcase_add_test(tc, more_than_the_meter_lets_by_is_held_back_and_counted);
	tcase_add_test(tc, a_full_disk_changes_nothing);
	tcase_add_test(tc, a_configuration_is_whole_or_refused);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
