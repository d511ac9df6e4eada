/* SPDX-License-Identifier: Apache-2.0 */
/* test_audit.c - the audit trail: what is written can be checked, and whatever is done to it afterwards is found. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/auto.h"
#include "base/str.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_err err;
static char file[320];
static struct bw_audit_trail trail;

static void setup(void)
{
	err = (struct bw_err){0};
	scratch_make(&scratch);
	snprintf(file, sizeof file, "%s/audit.jsonl", scratch.path);
	trail = (struct bw_audit_trail){.file = file};
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

static int put(const char *id)
{
	const struct bw_audit_record record = {.event = BW_AUDIT_CREATE, .id = id, .profile = "hardened"};

	return bw_audit_write(&trail, &record, &err);
}

static void put_many(unsigned n)
{
	char id[16];

	for (unsigned i = 1; i <= n; i++) {
		snprintf(id, sizeof id, "c%u", i);
		ck_assert_msg(put(id) == 0, "%s", err.text);
	}
}

/* ---- what a check finds, as text: "2! ..." damage in line 2, "2~ ..." explained ---- */

static char found[4096];

static void note(const struct bw_audit_finding *finding, void *ctx)
{
	size_t len = strlen(found);
	const char *name = strrchr(finding->file, '/');

	(void)ctx;
	snprintf(found + len, sizeof found - len, "%s:%llu%s %s\n", name ? name + 1 : finding->file,
		(unsigned long long)finding->line, finding->explained ? "~" : "!", finding->text);
}

static int feed(const struct bw_audit_line *line, void *ctx, struct bw_err *why)
{
	(void)why;
	bw_audit_check_line(ctx, line);
	return 0;
}

static struct bw_audit_check check_with(uint64_t seq, const char *hash)
{
	auto_audit_files struct bw_audit_files files = BW_AUDIT_FILES_INIT;
	struct bw_audit_check check;

	found[0] = 0;
	ck_assert_msg(bw_audit_files_open(file, &files, &err) == 0, "%s", err.text);
	bw_audit_check_begin(&check, seq, hash, note, NULL);
	ck_assert_msg(bw_audit_each(&files, feed, &check, &err) == 0, "%s", err.text);
	bw_audit_check_end(&check, file);
	return check;
}

static struct bw_audit_check check_it(void)
{
	return check_with(0, NULL);
}

static void is_whole(uint64_t lines)
{
	struct bw_audit_check check = check_it();

	ck_assert_str_eq(found, "");
	ck_assert_uint_eq(check.lines, lines);
	ck_assert_uint_eq(check.damaged + check.explained, 0);
}

/* ---- the file as text ---- */

static char *content(void)
{
	char *text;

	ck_assert_msg(bw_read_file(file, 8 << 20, &text, NULL, &err) == 0, "%s", err.text);
	return text;
}

static void lines_of(char *text, char **lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lines[i] = strsep(&text, "\n");
		ck_assert_ptr_nonnull(lines[i]);
	}
}

static void write_lines(char *const *lines, const unsigned *order, size_t n)
{
	FILE *out = fopen(file, "we");

	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s\n", lines[order[i]]);
	fclose(out);
}

static void add_raw(const char *bytes)
{
	FILE *out = fopen(file, "ae");

	ck_assert_ptr_nonnull(out);
	fputs(bytes, out);
	fclose(out);
}

/* ---- writing ---- */

START_TEST(a_record_is_a_line_that_can_be_read_again)
{
	const struct bw_audit_more more[] = {{"user", "1001:1001"}, {"none", NULL}, {"user", "0"}};
	const struct bw_audit_record record = {.event = BW_AUDIT_REFUSAL, .id = "c1", .tenant = "t", .session = "s",
		.profile = "p", .rule = "r", .policy = "h", .reason = "because", .more = more, .more_n = 3};
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_free char *text = NULL;
	struct bw_audit_entry *entry;
	struct stat st;

	ck_assert_msg(bw_audit_write(&trail, &record, &err) == 0, "%s", err.text);
	text = content();
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	ck_assert_msg(bw_audit_parse(text, strlen(text) - 1, &arena, &entry, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(entry->seq.v, 1);
	ck_assert_str_eq(entry->event, "refusal");
	ck_assert_str_eq(entry->id, "c1");
	ck_assert_str_eq(entry->tenant, "t");
	ck_assert_str_eq(entry->session, "s");
	ck_assert_str_eq(entry->profile, "p");
	ck_assert_str_eq(entry->rule, "r");
	ck_assert_str_eq(entry->policy, "h");
	ck_assert_str_eq(entry->reason, "because");
	ck_assert_uint_eq(entry->more.n, 1);
	ck_assert_str_eq(bw_pairs_get(&entry->more, "user"), "1001:1001");
	ck_assert_uint_eq(strlen(entry->time), strlen("2026-01-01T00:00:00.000000Z"));
	ck_assert_int_eq(fstatat(scratch.dir, "audit.jsonl", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	is_whole(1);
}
END_TEST

START_TEST(hostile_texts_stay_in_their_line)
{
	char large[BW_AUDIT_TEXT_MAX * 4], quotes[BW_AUDIT_TEXT_MAX * 4];
	struct bw_audit_more more[2 * BW_AUDIT_MORE_MAX];
	struct bw_audit_record record = {.event = BW_AUDIT_EXEC, .id = "a\"b\\c\n{\"seq\":1}\r\x01\x7f\xff\xc3\xa9\xe2\x82",
		.reason = large, .tenant = quotes, .more = more, .more_n = BW_COUNT(more)};
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_free char *text = NULL;
	struct bw_audit_entry *entry;
	char names[BW_COUNT(more)][8];

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = 0;
	memset(quotes, 1, sizeof quotes - 1);
	quotes[sizeof quotes - 1] = 0;
	for (size_t i = 0; i < BW_COUNT(more); i++) {
		snprintf(names[i], sizeof names[i], "n%zu", i);
		more[i] = (struct bw_audit_more){names[i], quotes};
	}
	record.session = record.profile = record.rule = record.policy = quotes;
	ck_assert_msg(bw_audit_write(&trail, &record, &err) == 0, "%s", err.text);
	text = content();
	ck_assert_uint_le(strlen(text), BW_AUDIT_LINE_MAX);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	ck_assert_msg(bw_audit_parse(text, strlen(text) - 1, &arena, &entry, &err) == 0, "%s", err.text);
	ck_assert_str_eq(entry->id, "a\"b\\c\n{\"seq\":1}\r\x01\x7f\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
	ck_assert_uint_eq(strlen(entry->reason), BW_AUDIT_TEXT_MAX);
	ck_assert_str_eq(entry->reason + BW_AUDIT_TEXT_MAX - 3, "...");
	ck_assert_uint_eq(entry->more.n, BW_AUDIT_MORE_MAX);
	is_whole(1);
}
END_TEST

START_TEST(each_line_has_the_hash_of_the_one_before)
{
	auto_free char *text = NULL;
	unsigned char digest[BW_SHA256_BYTES];
	char hex[BW_SHA256_HEX], *lines[3];

	put_many(3);
	text = content();
	lines_of(text, lines, 3);
	bw_sha256_of(lines[1], strlen(lines[1]), digest);
	bw_sha256_hex(digest, hex);
	ck_assert_ptr_nonnull(strstr(lines[2], hex));
	ck_assert_ptr_nonnull(strstr(lines[0], "\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\"}"));
	is_whole(3);
}
END_TEST

START_TEST(words_and_events_are_one_to_one)
{
	for (int i = 0; i < BW_AUDIT_EVENTS; i++)
		ck_assert_int_eq(bw_audit_event_of(bw_audit_word((enum bw_audit_event)i)), i);
	ck_assert_int_eq(bw_audit_event_of("torn"), -1);
}
END_TEST

/* ---- damage ---- */

static void tampered(const unsigned *order, size_t n, const char *expected, size_t findings)
{
	auto_free char *text = NULL;
	char *lines[6];
	size_t seen = 0;

	put_many(6);
	text = content();
	lines_of(text, lines, 6);
	write_lines(lines, order, n);
	ck_assert_uint_eq(check_it().damaged, findings);
	ck_assert_msg(strstr(found, expected), "%s", found);
	for (const char *at = found; (at = strchr(at, '\n')); at++)
		seen++;
	ck_assert_msg(seen == findings, "%s", found);
}

START_TEST(a_line_taken_out_is_found)
{
	tampered((const unsigned[]){0, 1, 3, 4, 5}, 5, "audit.jsonl:3! sequence number 3 expected, 4 found: 1 lines before it are missing", 1);
}
END_TEST

START_TEST(a_line_put_in_is_found)
{
	tampered((const unsigned[]){0, 1, 2, 1, 3, 4, 5}, 7, "audit.jsonl:4! sequence number 4 expected, 2 found: the line was put in or moved here", 1);
}
END_TEST

START_TEST(two_lines_that_change_places_are_found)
{
	tampered((const unsigned[]){0, 2, 1, 3, 4, 5}, 6, "audit.jsonl:2! sequence number 2 expected, 3 found", 2);
}
END_TEST

START_TEST(a_changed_line_is_found)
{
	auto_free char *text = NULL;
	char *lines[4], *id;

	put_many(4);
	text = content();
	lines_of(text, lines, 4);
	id = strstr(lines[1], "\"id\":\"c2\"");
	ck_assert_ptr_nonnull(id);
	id[7] = 'X';
	write_lines(lines, (const unsigned[]){0, 1, 2, 3}, 4);
	ck_assert_uint_eq(check_it().damaged, 1);
	ck_assert_msg(strncmp(found, "audit.jsonl:2! hash ", 20) == 0 && strstr(found, "it was changed\n"), "%s", found);
}
END_TEST

START_TEST(a_line_that_is_no_record_is_found_and_the_chain_goes_on)
{
	put_many(2);
	add_raw("{\"what\":\"is this\"}\n");
	put_many(2);
	ck_assert_uint_eq(check_it().damaged, 1);
	ck_assert_msg(strstr(found, "audit.jsonl:3! a record expected, this found:"), "%s", found);
}
END_TEST

START_TEST(a_line_overwritten_with_rubbish_is_one_finding)
{
	auto_free char *text = NULL;
	char *lines[4];

	put_many(4);
	text = content();
	lines_of(text, lines, 4);
	memset(lines[1], '#', strlen(lines[1]));
	write_lines(lines, (const unsigned[]){0, 1, 2, 3}, 4);
	ck_assert_uint_eq(check_it().damaged, 1);
	ck_assert_msg(strstr(found, "audit.jsonl:2! a record expected"), "%s", found);
}
END_TEST

START_TEST(the_end_that_is_missing_shows_by_an_anchor_alone)
{
	struct bw_audit_check whole;
	auto_free char *text = NULL;
	char *lines[4];

	put_many(4);
	whole = check_it();
	ck_assert_uint_eq(whole.last_seq, 4);
	text = content();
	lines_of(text, lines, 4);
	write_lines(lines, (const unsigned[]){0, 1, 2}, 3);
	is_whole(3);
	ck_assert_uint_eq(check_with(4, whole.last_hash).damaged, 1);
	ck_assert_msg(strstr(found, "! sequence number 4 expected, for its hash was kept; 1 to 3 found"), "%s", found);
	put_many(1); /* a chain made anew */
	is_whole(4);
	ck_assert_uint_eq(check_with(4, whole.last_hash).damaged, 1);
	ck_assert_msg(strstr(found, "audit.jsonl:4! is not the line that was kept"), "%s", found);
}
END_TEST

/* ---- crashes ---- */

START_TEST(a_torn_line_is_explained_before_and_after_somebody_has_closed_it)
{
	auto_free char *text = NULL;

	put_many(2);
	add_raw("{\"seq\":3,\"time\":\"2026");
	ck_assert_uint_eq(check_it().explained, 1);
	ck_assert_msg(strstr(found, "audit.jsonl:3~ the line is not finished (21 bytes)"), "%s", found);
	put_many(2);
	ck_assert_uint_eq(check_it().damaged, 0);
	ck_assert_msg(strstr(found, "audit.jsonl:3~ the line is not finished (21 bytes)"), "%s", found);
	text = content();
	ck_assert_ptr_nonnull(strstr(text, "2026\n{\"seq\":3,"));
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"torn\""));
}
END_TEST

START_TEST(a_line_that_lacks_its_newline_alone_is_torn)
{
	auto_free char *text = NULL;

	put_many(3);
	text = content();
	ck_assert_int_eq(truncate(file, (off_t)strlen(text) - 1), 0);
	put_many(1);
	ck_assert_uint_eq(check_it().damaged, 0);
	ck_assert_msg(strstr(found, "audit.jsonl:3~"), "%s", found);
}
END_TEST

START_TEST(every_place_to_be_cut_at_is_explained)
{
	auto_free char *text = NULL;
	size_t len, first;

	put_many(2);
	text = content();
	len = strlen(text);
	first = (size_t)(strchr(text, '\n') - text) + 1;
	for (size_t cut = 1; cut < len; cut++) {
		ck_assert_int_eq(truncate(file, 0), 0);
		scratch_write(&scratch, "audit.jsonl", text, 0600);
		ck_assert_int_eq(truncate(file, (off_t)cut), 0);
		put_many(1);
		ck_assert_msg(check_it().damaged == 0, "cut at %zu: %s", cut, found);
		ck_assert_msg((cut == first) == (found[0] == 0), "cut at %zu: %s", cut, found);
	}
}
END_TEST

START_TEST(bytes_that_a_host_left_when_it_went_down_do_not_stop_the_next)
{
	int fd;

	put_many(2);
	fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, lseek(fd, 0, SEEK_END) + 70000), 0);
	close(fd);
	put_many(2);
	ck_assert_uint_eq(check_it().damaged, 0);
	ck_assert_msg(strstr(found, "audit.jsonl:3~ the line is not finished (70000 bytes)"), "%s", found);
}
END_TEST

/* ---- full and busy ---- */

START_TEST(what_does_not_fit_is_not_half_there)
{
	struct rlimit limit = {.rlim_cur = 600, .rlim_max = 600};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int r = 0;

		setrlimit(RLIMIT_FSIZE, &limit);
		for (int i = 0; i < 5 && r == 0; i++)
			r = put("c");
		_exit(r < 0 && strstr(err.text, "file too large") ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	is_whole(3);
}
END_TEST

START_TEST(nobody_waits_for_ever)
{
	int fd;

	put_many(1);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(put("c"), -1);
	ck_assert_msg(strstr(err.text, "is locked by another process for more than 2000 ms"), "%s", err.text);
	close(fd);
	is_whole(1);
}
END_TEST

START_TEST(writers_at_the_same_time_make_one_chain)
{
	trail.max_bytes = (struct bw_opt_uint){true, 20000};
	trail.keep = (struct bw_opt_uint){true, 50};
	for (int i = 0; i < 6; i++) {
		if (fork() == 0) {
			for (int k = 0; k < 60; k++)
				if (put("c") < 0)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 6; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	is_whole(360);
}
END_TEST

START_TEST(killed_writers_leave_what_is_explained)
{
	trail.max_bytes = (struct bw_opt_uint){true, 20000};
	trail.keep = (struct bw_opt_uint){true, 99};
	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (;;)
				if (put("c") < 0)
					_exit(1);
		}
		usleep((useconds_t)(500 + i * 50));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	put_many(1);
	ck_assert_msg(check_it().damaged == 0, "%s", found);
}
END_TEST

/* ---- rotation ---- */

START_TEST(a_chain_goes_on_over_files)
{
	struct bw_audit_check check;

	trail.max_bytes = (struct bw_opt_uint){true, 600};
	trail.keep = (struct bw_opt_uint){true, 3};
	put_many(10);
	ck_assert(scratch_has(&scratch, "audit.jsonl.2"));
	check = check_it();
	ck_assert_str_eq(found, "");
	ck_assert_uint_eq(check.last_seq, 10);
	put_many(20);
	ck_assert(scratch_has(&scratch, "audit.jsonl.3"));
	ck_assert(!scratch_has(&scratch, "audit.jsonl.4"));
	check = check_it();
	ck_assert_str_eq(found, "");
	ck_assert_uint_eq(check.last_seq, 30);
	ck_assert_uint_gt(check.first_seq, 1);
}
END_TEST

START_TEST(a_file_of_the_chain_that_is_missing_is_found)
{
	trail.max_bytes = (struct bw_opt_uint){true, 1000};
	put_many(16);
	ck_assert_int_eq(unlinkat(scratch.dir, "audit.jsonl.2", 0), 0);
	ck_assert_uint_eq(check_it().damaged, 1);
	ck_assert_msg(strstr(found, "audit.jsonl.1:1! sequence number"), "%s", found);
}
END_TEST

START_TEST(a_rotation_that_was_killed_is_gone_on_with)
{
	trail.max_bytes = (struct bw_opt_uint){true, 600};
	put_many(7);
	/* Between its two last steps. */
	ck_assert_int_eq(renameat(scratch.dir, "audit.jsonl.2", scratch.dir, "audit.jsonl.3"), 0);
	ck_assert_int_eq(renameat(scratch.dir, "audit.jsonl.1", scratch.dir, "audit.jsonl.2"), 0);
	ck_assert_int_eq(linkat(scratch.dir, "audit.jsonl", scratch.dir, "audit.jsonl.1", 0), 0);
	scratch_write(&scratch, "audit.jsonl.new", "half of a li", 0600);
	is_whole(7);
	put_many(6);
	is_whole(13);
}
END_TEST

START_TEST(no_older_files_are_kept_where_none_are_wanted)
{
	trail.max_bytes = (struct bw_opt_uint){true, 1000};
	trail.keep = (struct bw_opt_uint){true, 0};
	put_many(10);
	ck_assert(!scratch_has(&scratch, "audit.jsonl.1"));
	check_it();
	ck_assert_str_eq(found, "");
}
END_TEST

/* ---- where it may be ---- */

static void refused(const char *words)
{
	err = (struct bw_err){0};
	ck_assert_int_eq(put("c"), -1);
	ck_assert_msg(strstr(err.text, words), "%s", err.text);
}

START_TEST(nothing_is_written_through_a_link_or_where_others_may_write)
{
	scratch_write(&scratch, "elsewhere", "", 0600);
	scratch_link(&scratch, "audit.jsonl", "elsewhere");
	refused("is a symbolic link");
	ck_assert_int_eq(unlinkat(scratch.dir, "audit.jsonl", 0), 0);
	scratch_write(&scratch, "audit.jsonl", "", 0622);
	refused("can be written by others");
	ck_assert_int_eq(unlinkat(scratch.dir, "audit.jsonl", 0), 0);
	ck_assert_int_eq(mkfifoat(scratch.dir, "audit.jsonl", 0600), 0);
	refused("is no regular file");
	ck_assert_int_eq(unlinkat(scratch.dir, "audit.jsonl", 0), 0);
	ck_assert_int_eq(fchmod(scratch.dir, 0777), 0);
	refused("can be written by others");
	ck_assert_int_eq(fchmod(scratch.dir, 0700), 0);
	scratch_mkdir(&scratch, "real");
	scratch_link(&scratch, "link", "real");
	snprintf(file, sizeof file, "%s/link/audit.jsonl", scratch.path);
	refused("has a symbolic link in it");
	ck_assert(!scratch_has(&scratch, "real/audit.jsonl"));
}
END_TEST

START_TEST(a_directory_that_is_missing_is_made_for_nobody_else)
{
	struct stat st;

	snprintf(file, sizeof file, "%s/log/bulwark/audit.jsonl", scratch.path);
	put_many(1);
	ck_assert_int_eq(fstatat(scratch.dir, "log/bulwark", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 077, 0);
}
END_TEST

START_TEST(a_user_has_a_file_of_his_own)
{
	char path[512];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(9);
		setenv("XDG_STATE_HOME", "/state", 1);
		if (bw_audit_default_file(path, sizeof path, &err) < 0 || !bw_streq(path, "/state/bulwark/audit.jsonl"))
			_exit(1);
		unsetenv("XDG_STATE_HOME");
		setenv("HOME", "/home/u", 1);
		if (bw_audit_default_file(path, sizeof path, &err) < 0 || !bw_streq(path, "/home/u/.local/state/bulwark/audit.jsonl"))
			_exit(2);
		unsetenv("HOME");
		_exit(bw_audit_default_file(path, sizeof path, &err) < 0 && err.code == BW_E_HOST ? 0 : 3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("audit");
	TCase *t = tcase_create("audit");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_record_is_a_line_that_can_be_read_again);
	tcase_add_test(t, hostile_texts_stay_in_their_line);
	tcase_add_test(t, each_line_has_the_hash_of_the_one_before);
	tcase_add_test(t, words_and_events_are_one_to_one);
	tcase_add_test(t, a_line_taken_out_is_found);
	tcase_add_test(t, a_line_put_in_is_found);
	tcase_add_test(t, two_lines_that_change_places_are_found);
	tcase_add_test(t, a_changed_line_is_found);
	tcase_add_test(t, a_line_that_is_no_record_is_found_and_the_chain_goes_on);
	tcase_add_test(t, a_line_overwritten_with_rubbish_is_one_finding);
	tcase_add_test(t, the_end_that_is_missing_shows_by_an_anchor_alone);
	tcase_add_test(t, a_torn_line_is_explained_before_and_after_somebody_has_closed_it);
	tcase_add_test(t, a_line_that_lacks_its_newline_alone_is_torn);
	tcase_add_test(t, every_place_to_be_cut_at_is_explained);
	tcase_add_test(t, bytes_that_a_host_left_when_it_went_down_do_not_stop_the_next);
	tcase_add_test(t, what_does_not_fit_is_not_half_there);
	tcase_add_test(t, nobody_waits_for_ever);
	tcase_add_test(t, writers_at_the_same_time_make_one_chain);
	tcase_add_test(t, killed_writers_leave_what_is_explained);
	tcase_add_test(t, a_chain_goes_on_over_files);
	tcase_add_test(t, a_file_of_the_chain_that_is_missing_is_found);
	tcase_add_test(t, a_rotation_that_was_killed_is_gone_on_with);
	tcase_add_test(t, no_older_files_are_kept_where_none_are_wanted);
	tcase_add_test(t, nothing_is_written_through_a_link_or_where_others_may_write);
	tcase_add_test(t, a_directory_that_is_missing_is_made_for_nobody_else);
	tcase_add_test(t, a_user_has_a_file_of_his_own);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
