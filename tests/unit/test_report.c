/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - the two texts that tell a report. With --print FORMAT it prints one with names and numbers that are the worst
 * that there can be, for tests/cli/metrics-formats.sh to hold it against parsers of others. */
#include <check.h>

#include "base/auto.h"
#include "base/str.h"
#include "metrics/report.h"
#include "scratch.h"

static struct bw_report_set sets[3];
static struct bw_report_one ones[2];
static const char *const stopped[] = {"acme", "x\"y"};
static struct bw_report report;
static struct bw_err err;

static void setup(void)
{
	memset(sets, 0, sizeof sets);
	memset(&err, 0, sizeof err);
	snprintf(sets[1].totals.tenant, BW_LABEL_SIZE, "acme");
	snprintf(sets[1].totals.profile, BW_LABEL_SIZE, "hardened");
	snprintf(sets[2].totals.tenant, BW_LABEL_SIZE, "a\"b\\c\303\244\377 }");
	snprintf(sets[2].totals.profile, BW_LABEL_SIZE, "untrusted-code");
	for (size_t s = 0; s < 3; s++) {
		for (size_t i = 0; i < BW_COUNT_END; i++)
			sets[s].totals.count[i] = s == 2 ? UINT64_MAX : 1000001 * i;
		for (size_t i = 0; i < BW_GAUGE_END; i++)
			sets[s].gauge[i] = s == 2 ? UINT64_MAX : 1500 + i;
		for (size_t i = 0; i <= BW_DURATION_BOUNDS; i++)
			sets[s].totals.bucket[i] = i;
		sets[s].totals.ended = 120;
		sets[s].totals.duration_ms = 1234500;
		sets[s].states[2] = s;
	}
	ones[0] = (struct bw_report_one){"/run/bulwark", "app", "acme", "hardened", {.gauge[BW_GAUGE_PIDS] = 3}};
	ones[1] = (struct bw_report_one){"/run/\n\"\\ x", "app", NULL, NULL, {.count[BW_COUNT_CPU_USEC] = 7}};
	report = (struct bw_report){.sets = sets, .sets_n = 3, .ones = ones, .ones_n = 2, .stopped = stopped, .stopped_n = 2,
		.version = "1.2.3"};
}

static const struct bw_measures last = {.started_unix_ms = 1, .duration_ms = 1500,
	.count = {[BW_COUNT_PACKAGE_INSTALL_ATTEMPTS] = 2, [BW_COUNT_CPU_USEC] = 2500000, [BW_COUNT_FILE_SIZE_VIOLATIONS] = 1}};

static const struct bw_emf_end end = {.id = "app", .tenant = "acme", .profile = "hardened", .last = &last, .unix_ms = 1764000000000};

static void expect(const char *text, const char *line)
{
	ck_assert_msg(strstr(text, line) != NULL, "%s is not in %s", line, text);
}

START_TEST(the_four_names_are_there_as_they_were_given)
{
	auto_free char *text = NULL;

	ck_assert_int_eq(bw_report_prometheus(&report, &text, &err), 0);
	expect(text, "\n# TYPE package_install_attempts counter\n");
	expect(text, "\n# TYPE file_size_violations counter\n");
	expect(text, "\n# TYPE network_connection_attempts counter\n");
	expect(text, "\n# TYPE code_execution_duration histogram\n");
	expect(text, "\npackage_install_attempts{tenant=\"acme\",profile=\"hardened\"} 2000002\n");
}
END_TEST

START_TEST(buckets_hold_one_another)
{
	auto_free char *text = NULL;

	ck_assert_int_eq(bw_report_prometheus(&report, &text, &err), 0);
	expect(text, "_bucket{tenant=\"acme\",profile=\"hardened\",le=\"0.1\"} 0\n");
	expect(text, "_bucket{tenant=\"acme\",profile=\"hardened\",le=\"0.25\"} 1\n");
	expect(text, "_bucket{tenant=\"acme\",profile=\"hardened\",le=\"0.5\"} 3\n");
	expect(text, "_bucket{tenant=\"acme\",profile=\"hardened\",le=\"14400\"} 105\n");
	expect(text, "_bucket{tenant=\"acme\",profile=\"hardened\",le=\"+Inf\"} 120\n");
	expect(text, "_sum{tenant=\"acme\",profile=\"hardened\"} 1234.5\n");
	expect(text, "_count{tenant=\"acme\",profile=\"hardened\"} 120\n");
}
END_TEST

START_TEST(units_are_those_of_the_names)
{
	auto_free char *text = NULL;

	ck_assert_int_eq(bw_report_prometheus(&report, &text, &err), 0);
	expect(text, "\nbulwark_cpu_seconds_total{tenant=\"acme\",profile=\"hardened\"} 8.000008\n");
	expect(text, "\nbulwark_cpu_limit_cores{tenant=\"acme\",profile=\"hardened\"} 1.504\n");
	expect(text, "\nbulwark_containers{tenant=\"acme\",profile=\"hardened\",state=\"running\"} 1\n");
	expect(text, "\nbulwark_kill_switch{tenant=\"acme\"} 1\n");
}
END_TEST

START_TEST(no_name_gets_out_of_its_quotes)
{
	auto_free char *text = NULL;

	ck_assert_int_eq(bw_report_prometheus(&report, &text, &err), 0);
	expect(text, "\nbulwark_pids{tenant=\"a\\\"b\\\\c\303\244? }\",profile=\"untrusted-code\"} 18446744073709551615\n");
	expect(text, "{tenant=\"\",profile=\"\",root=\"/run/?\\\"\\\\ x\",id=\"app\"} 0.000007\n");
}
END_TEST

START_TEST(without_a_kill_switch_nothing_is_said_of_it)
{
	auto_free char *text = NULL;

	report.stopped = NULL;
	report.ones_n = 0;
	ck_assert_int_eq(bw_report_prometheus(&report, &text, &err), 0);
	ck_assert_ptr_null(strstr(text, "kill_switch"));
	ck_assert_ptr_null(strstr(text, "bulwark_container_"));
}
END_TEST

START_TEST(counters_are_told_as_what_has_come_since)
{
	struct bw_report_set before[3];
	struct bw_report past = {.sets = before, .sets_n = 3};
	auto_free char *text = NULL;

	memcpy(before, sets, sizeof before);
	sets[1].totals.count[BW_COUNT_ALERTS] += 4;
	before[0].totals.count[BW_COUNT_OOM_KILLS] = UINT64_MAX;
	sets[1].totals.ended += 2;
	sets[1].totals.duration_ms += 5000;
	report.sets_n = 2;
	ck_assert_int_eq(bw_report_emf(&report, &past, "My/Space", 1764000000123, &text, &err), 0);
	expect(text, "{\"_aws\":{\"Timestamp\":1764000000123,\"CloudWatchMetrics\":[{\"Namespace\":\"My/Space\",\"Dimensions\":[[\"Tenant\",\"Profile\"]],");
	expect(text, "\"Tenant\":\"acme\",\"Profile\":\"hardened\",\"code_execution_duration\":2.5,\"executions_ended\":2,");
	expect(text, ",\"alerts\":4,");
	expect(text, ",\"cpu_time\":0,");
	/* Begun anew, and a set without names. */
	expect(text, "\"Dimensions\":[[]]");
	expect(text, ",\"oom_kills\":14000014,");
}
END_TEST

START_TEST(one_that_has_ended_is_one_document)
{
	auto_free char *text = NULL;

	ck_assert_int_eq(bw_emf_text(&end, &text, &err), 0);
	ck_assert_ptr_null(strchr(text, '\n'));
	expect(text, "\"Namespace\":\"Bulwark\"");
	expect(text, "\"Tenant\":\"acme\",\"Profile\":\"hardened\",\"Container\":\"app\",\"code_execution_duration\":1.5,\"package_install_attempts\":2,"
		     "\"file_size_violations\":1,\"network_connection_attempts\":0,");
	expect(text, "\"cpu_time\":2.5,");
}
END_TEST

START_TEST(ends_are_appended_and_a_large_file_goes_aside)
{
	struct scratch top;
	char path[300], old[310];
	struct stat st;

	scratch_make(&top);
	snprintf(path, sizeof path, "%s/emf", top.path);
	snprintf(old, sizeof old, "%s.1", path);
	ck_assert_int_eq(bw_emf_append(path, &end, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(bw_emf_append(path, &end, &err), 0);
	ck_assert(!scratch_has(&top, "emf.1"));
	ck_assert_int_eq(truncate(path, BW_EMF_MAX_BYTES), 0);
	ck_assert_int_eq(bw_emf_append(path, &end, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 4096);
	ck_assert_int_eq(stat(old, &st), 0);
	ck_assert_int_eq(st.st_size, BW_EMF_MAX_BYTES);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(old, path), 0);
	ck_assert_int_eq(bw_emf_append(path, &end, &err), -1);
	ck_assert_int_eq(err.sys, ELOOP);
	scratch_remove(&top);
}
END_TEST

START_TEST(a_namespace_is_what_cloudwatch_takes)
{
	char long_one[257];

	memset(long_one, 'a', 256);
	long_one[256] = '\0';
	ck_assert(!bw_emf_namespace_fits(long_one) && bw_emf_namespace_fits(long_one + 1));
	ck_assert(bw_emf_namespace_fits("Team/app-1_x.y#z:0") && bw_emf_namespace_fits("AWS"));
	ck_assert(!bw_emf_namespace_fits("") && !bw_emf_namespace_fits("AWS/EC2") && !bw_emf_namespace_fits("a b"));
}
END_TEST

static int print(const char *format)
{
	auto_free char *text = NULL;
	bool ended = bw_streq(format, "emf-end");
	int r;

	setup();
	if (ended)
		r = bw_emf_text(&end, &text, &err);
	else if (bw_streq(format, "emf"))
		r = bw_report_emf(&report, NULL, BW_EMF_NAMESPACE, 1764000000000, &text, &err);
	else
		r = bw_report_prometheus(&report, &text, &err);
	if (r == 0)
		fputs(text, stdout);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *texts;
	SRunner *runner;
	int failed;

	if (argc == 3 && bw_streq(argv[1], "--print"))
		return print(argv[2]);
	suite = suite_create("report");
	texts = tcase_create("texts");
	runner = srunner_create(suite);
	tcase_add_checked_fixture(texts, setup, NULL);
	tcase_add_test(texts, the_four_names_are_there_as_they_were_given);
	tcase_add_test(texts, buckets_hold_one_another);
	tcase_add_test(texts, units_are_those_of_the_names);
	tcase_add_test(texts, no_name_gets_out_of_its_quotes);
	tcase_add_test(texts, without_a_kill_switch_nothing_is_said_of_it);
	tcase_add_test(texts, counters_are_told_as_what_has_come_since);
	tcase_add_test(texts, one_that_has_ended_is_one_document);
	tcase_add_test(texts, ends_are_appended_and_a_large_file_goes_aside);
	tcase_add_test(texts, a_namespace_is_what_cloudwatch_takes);
	suite_add_tcase(suite, texts);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
