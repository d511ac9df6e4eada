/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - log lines as callers parse them, and the last error's two forms. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "json/json.h"
#include "scratch.h"

static struct scratch scratch;

static void setup(void)
{
	scratch_make(&scratch);
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

static const char *in_scratch(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", scratch.path, name);
	return path;
}

static const char *logged(void)
{
	static char text[8192];
	ssize_t len = bw_read_at(scratch.dir, "log", text, sizeof text);

	ck_assert_int_ge(len, 0);
	return text;
}

START_TEST(a_json_line_is_json_whatever_is_said)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0};
	struct bw_json *line;

	ck_assert_int_eq(bw_log_open(in_scratch("log"), true, BW_LOG_INFO, &err), 0);
	bw_log(BW_LOG_WARNING, "a \"quote\", a \\, a\nline and a \x01");
	ck_assert_msg(bw_json_parse(logged(), strlen(logged()), "log", &arena, &line, &err) == 0,
		"%s", err.text);
	ck_assert_str_eq(line->child->key, "level");
	ck_assert_str_eq(line->child->text, "warning");
	ck_assert_str_eq(line->child->next->key, "msg");
	ck_assert_str_eq(line->child->next->text, "a \"quote\", a \\, a\nline and a \x01");
	ck_assert_str_eq(line->child->next->next->key, "time");
}
END_TEST

START_TEST(a_text_line_quotes_what_has_blanks)
{
	struct bw_err err = {0};
	struct stat st;

	ck_assert_int_eq(bw_log_open(in_scratch("log"), false, BW_LOG_INFO, &err), 0);
	bw_log(BW_LOG_INFO, "two words");
	ck_assert_ptr_nonnull(bw_after_prefix(logged(), "time=20"));
	ck_assert(bw_has_suffix(logged(), " level=info msg=\"two words\""));
	ck_assert_int_eq(fstatat(scratch.dir, "log", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(what_is_below_the_level_is_not_written)
{
	struct bw_err err = {0};

	ck_assert_int_eq(bw_log_open(in_scratch("log"), true, BW_LOG_WARNING, &err), 0);
	bw_log(BW_LOG_INFO, "no");
	bw_debug("no");
	ck_assert_str_eq(logged(), "");
	bw_log(BW_LOG_ERROR, "yes");
	ck_assert_ptr_nonnull(strstr(logged(), "\"msg\":\"yes\""));
}
END_TEST

/* Callers compare the sentence whole where they see standard error; who reads the log gets the cause with it. */
START_TEST(the_cause_of_a_program_s_failure_is_in_the_log_alone)
{
	int keep = dup(STDERR_FILENO), to = openat(scratch.dir, "stderr", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct bw_err err = {0};
	char said[256];

	ck_assert_int_ge(to, 0);
	ck_assert_int_eq(bw_log_open(in_scratch("log"), true, BW_LOG_ERROR, &err), 0);
	bw_fail(&err, BW_E_PROGRAM, ENOENT, "exec /run.sh");
	bw_hint(&err, "its loader is not in the image");
	ck_assert_int_ge(dup2(to, STDERR_FILENO), 0);
	bw_log_error(&err, "c1");
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(to);
	ck_assert_int_gt((int)bw_read_at(scratch.dir, "stderr", said, sizeof said), 0);
	ck_assert_str_eq(said, "exec /run.sh: no such file or directory");
	ck_assert_ptr_nonnull(strstr(logged(),
		"\"msg\":\"exec /run.sh: no such file or directory: its loader is not in the image\""));
	ck_assert_ptr_nonnull(strstr(logged(), "\"hint\":\"its loader is not in the image\""));
}
END_TEST

START_TEST(the_last_error_has_all_that_is_known)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_err err = {0}, ignored = {0};
	const char *const members[] = {"level", "error", "msg", "x: operation not permitted",
		"time", NULL, "code", "kernel", "errno", "EPERM", "rule", "caps", "field",
		"/process", "hint", "do that", "id", "c1"};
	const struct bw_json *m;
	struct bw_json *line;

	ck_assert_int_eq(bw_log_open(in_scratch("log"), true, BW_LOG_ERROR, &err), 0);
	bw_fail(&err, BW_E_KERNEL, EPERM, "x");
	bw_at(&err, "/process");
	bw_hint(&err, "do that");
	snprintf(err.rule, sizeof err.rule, "caps");
	bw_log_error(&err, "c1");
	ck_assert_int_eq(
		bw_json_parse(logged(), strlen(logged()), "log", &arena, &line, &ignored), 0);
	m = line->child;
	for (size_t i = 0; i < BW_COUNT(members); i += 2, m = m->next) {
		ck_assert_ptr_nonnull(m);
		ck_assert_str_eq(m->key, members[i]);
		if (members[i + 1])
			ck_assert_str_eq(m->text, members[i + 1]);
	}
	ck_assert_ptr_null(m);
}
END_TEST

START_TEST(the_sentence_is_on_stderr_in_any_case)
{
	auto_close int real = dup(STDERR_FILENO);
	auto_close int file = -1;
	struct bw_err err = {0};

	scratch_write(&scratch, "log", "", 0600);
	file = openat(scratch.dir, "log", O_WRONLY | O_CLOEXEC);
	bw_fail(&err, BW_E_DENIED, 0, "no");
	bw_hint(&err, "ask");
	dup2(file, STDERR_FILENO);
	bw_log_error(&err, "c1");
	/* Without a log file nothing below a warning is worth a line there: callers parse what we print. */
	bw_log(BW_LOG_INFO, "quiet");
	dup2(real, STDERR_FILENO);
	ck_assert_str_eq(logged(), "bulwark: no (ask)");
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_one_line)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};
	char lots[5000];
	size_t len;

	memset(lots, '"', sizeof lots - 1);
	lots[sizeof lots - 1] = '\0';
	ck_assert_int_eq(bw_log_open(in_scratch("log"), false, BW_LOG_INFO, &err), 0);
	bw_log(BW_LOG_INFO, "%s", lots);
	bw_log(BW_LOG_INFO, "next");
	ck_assert_int_eq(bw_read_file(in_scratch("log"), 1 << 20, &text, &len, &err), 0);
	ck_assert_ptr_nonnull(strstr(text, "\ntime="));
	ck_assert_ptr_nonnull(strstr(text, "msg=next\n"));
	ck_assert_uint_eq(strlen(text), len);
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_is_an_error_of_usage)
{
	struct bw_err err = {0};

	ck_assert_int_eq(bw_log_open(scratch.path, true, BW_LOG_INFO, &err), -1);
	ck_assert_int_eq(err.code, BW_E_USAGE);
	ck_assert_int_eq(err.sys, EISDIR);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_json_line_is_json_whatever_is_said);
	tcase_add_test(t, a_text_line_quotes_what_has_blanks);
	tcase_add_test(t, what_is_below_the_level_is_not_written);
	tcase_add_test(t, the_last_error_has_all_that_is_known);
	tcase_add_test(t, the_cause_of_a_program_s_failure_is_in_the_log_alone);
	tcase_add_test(t, the_sentence_is_on_stderr_in_any_case);
	tcase_add_test(t, a_long_line_is_cut_and_still_one_line);
	tcase_add_test(t, a_log_that_cannot_be_opened_is_an_error_of_usage);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
