/* SPDX-License-Identifier: Apache-2.0 */
/* test_update.c - what update asks: options and JSON say the same, "not set" is absent, letter case does not count;
 * and what a container has when it is laid over its own resources. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/update_options.h"

static struct bw_arena arena;
static struct bw_err err;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	err = (struct bw_err){0};
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

static char *written(const struct bw_spec_resources *resources)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	char *text = NULL;

	bw_schema_write(&bw_spec_resources_schema, resources, w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	return text;
}

static int parse(const char *text, struct bw_spec_resources **ret)
{
	return bw_spec_parse_resources(text, strlen(text), "test", &arena, ret, &err);
}

static const struct {
	struct bw_update_options options;
	const char *resources;
} rows[] = {
	{{0}, "{}"},
	{{.memory = ""}, "{}"},
	{{.memory = "0"}, "{\"memory\":{}}"},
	{{.memory = "50M"}, "{\"memory\":{\"limit\":52428800}}"},
	{{.memory = "-1"}, "{\"memory\":{\"limit\":-1,\"swap\":-1}}"},
	{{.memory = "-1", .memory_swap = "1g"}, "{\"memory\":{\"limit\":-1,\"swap\":1073741824}}"},
	{{.memory_swap = "-1"}, "{\"memory\":{\"swap\":-1}}"},
	{{.memory_reservation = "4096"}, "{\"memory\":{\"reservation\":4096}}"},
	{{.kernel_memory = "1", .kernel_memory_tcp = "2"}, "{\"memory\":{\"kernel\":1,\"kernelTCP\":2}}"},
	{{.pids_limit = "0"}, "{\"pids\":{\"limit\":0}}"},
	{{.pids_limit = "-1"}, "{\"pids\":{\"limit\":-1}}"},
	{{.cpu_quota = "-1", .cpu_period = "100"}, "{\"cpu\":{\"quota\":-1,\"period\":100}}"},
	{{.cpu_quota = "0", .cpu_period = "0", .cpu_share = "0"}, "{\"cpu\":{}}"},
	{{.cpu_burst = "0", .cpu_idle = "0"}, "{\"cpu\":{\"burst\":0,\"idle\":0}}"},
	{{.cpu_share = "3", .cpu_rt_period = "4", .cpu_rt_runtime = "5"},
		"{\"cpu\":{\"shares\":3,\"realtimeRuntime\":5,\"realtimePeriod\":4}}"},
	{{.cpuset_cpus = "0-1", .cpuset_mems = "0"}, "{\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}}"},
	{{.blkio_weight = "10", .cpu_share = "2", .memory = "1", .pids_limit = "1"},
		"{\"memory\":{\"limit\":1},\"cpu\":{\"shares\":2},\"pids\":{\"limit\":1},\"blockIO\":{\"weight\":10}}"},
};

START_TEST(options_are_resources)
{
	struct bw_spec_resources *asked;
	auto_free char *text = NULL;

	ck_assert_msg(bw_update_asked(&rows[_i].options, &arena, &asked, &err) == 0, "%s", err.text);
	text = written(asked);
	ck_assert_str_eq(text, rows[_i].resources);
}
END_TEST

static const struct {
	struct bw_update_options options;
	const char *text;
} refused[] = {
	{{.memory = "50X"}, "invalid value for memory: invalid size: '50X'"},
	{{.memory_swap = "-2"}, "invalid value for memory-swap: invalid size: '-2'"},
	{{.cpu_quota = "5x"}, "invalid value for cpu-quota: expected a number, found \"5x\""},
	{{.cpu_period = "-5"}, "invalid value for cpu-period: expected a number, found \"-5\""},
	{{.cpu_idle = "2"}, "/cpu/idle: "},
	{{.pids_limit = "-2"}, "/pids/limit: "},
	{{.cpuset_cpus = "x"}, "/cpu/cpus: "},
	{{.blkio_weight = "9"}, "/blockIO/weight: "},
	{{.cpu_quota = "10", .cpu_burst = "11"}, "/cpu/burst: "},
	{{.resources = "/nowhere/at/all"}, "/nowhere/at/all: no such file or directory"},
};

START_TEST(what_cannot_be_is_refused_by_name)
{
	struct bw_spec_resources *asked;

	ck_assert_int_eq(bw_update_asked(&refused[_i].options, &arena, &asked, &err), -1);
	ck_assert_msg(strstr(err.text, refused[_i].text) != NULL, "%s", err.text);
}
END_TEST

static const struct {
	const char *text, *resources; /* NULL: refused */
} texts[] = {
	{"{}", "{}"},
	{"{\"CPU\":{\"Cpus\":\"1\"}}", "{\"cpu\":{\"cpus\":\"1\"}}"},
	{"{\"blockio\":{\"WEIGHT\":77}}", "{\"blockIO\":{\"weight\":77}}"},
	{"{\"BlockIO\":{\"throttlereadbpsdevice\":[{\"Major\":8,\"MINOR\":0,\"rate\":1}]}}",
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1}]}}"},
	{"{\"RDMA\":{\"mlx5_1\":{\"HCAHandles\":3}}}", "{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}}"},
	{"{\"Unified\":{\"Memory.max\":\"1\"}}", "{\"unified\":{\"Memory.max\":\"1\"}}"},
	{"{\"cpu\":{\"shares\":1},\"CPU\":{\"shares\":2}}", NULL},
	{"{\"cpu\":{\"shares\":1,\"Shares\":2}}", NULL},
	{"{\"cpu\":[]}", NULL},
	{"{\"cpu\":{\"shares\":\"1\"}}", NULL},
	{"[]", NULL},
	{"", NULL},
	/* as docker writes what is not set */
	{"{\"memory\":{\"reservation\":0,\"kernel\":0},\"cpu\":{\"shares\":0},\"blockIO\":{\"weight\":0}}",
		"{\"memory\":{},\"cpu\":{},\"blockIO\":{}}"},
	{"{\"devices\":[{\"allow\":true}],\"pids\":{\"limit\":5}}", "{\"pids\":{\"limit\":5}}"},
};

START_TEST(a_file_is_read_without_regard_to_letter_case)
{
	struct bw_spec_resources *asked = NULL;
	auto_free char *text = NULL;

	ck_assert_int_eq(parse(texts[_i].text, &asked), texts[_i].resources ? 0 : -1);
	if (!texts[_i].resources)
		return;
	text = written(asked);
	ck_assert_str_eq(text, texts[_i].resources);
}
END_TEST

static const struct {
	const char *container, *asked, *merged;
} merges[] = {
	{"{}", "{}", "{}"},
	{"{\"memory\":{\"limit\":1,\"reservation\":2}}", "{\"memory\":{\"limit\":3}}",
		"{\"memory\":{\"limit\":3,\"reservation\":2}}"},
	{"{\"pids\":{\"limit\":9}}", "{\"cpu\":{\"quota\":5,\"cpus\":\"0\"}}",
		"{\"cpu\":{\"quota\":5,\"cpus\":\"0\"},\"pids\":{\"limit\":9}}"},
	{"{\"cpu\":{\"quota\":5,\"cpus\":\"0\"}}", "{\"cpu\":{\"period\":6,\"cpus\":\"\"}}",
		"{\"cpu\":{\"quota\":5,\"period\":6,\"cpus\":\"0\"}}"},
	{"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1},{\"major\":8,\"minor\":1,"
	 "\"rate\":2}]}}",
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":3},{\"major\":8,"
		"\"minor\":1,\"rate\":4},{\"major\":9,\"minor\":0,\"rate\":5}]}}",
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1},{\"major\":8,"
		"\"minor\":1,\"rate\":4},{\"major\":9,\"minor\":0,\"rate\":5}]}}"},
	{"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]}",
		"{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":2},{\"pageSize\":\"2MB\",\"limit\":3}]}",
		"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":3},{\"pageSize\":\"1GB\",\"limit\":2}]}"},
	{"{\"rdma\":{\"a\":{\"hcaHandles\":1}}}", "{\"rdma\":{\"a\":{\"hcaHandles\":2},\"b\":{\"hcaObjects\":3}}}",
		"{\"rdma\":{\"a\":{\"hcaHandles\":2},\"b\":{\"hcaObjects\":3}}}"},
	{"{\"unified\":{\"pids.max\":\"1\",\"cpu.idle\":\"0\"}}", "{\"unified\":{\"pids.max\":\"2\"}}",
		"{\"unified\":{\"pids.max\":\"2\",\"cpu.idle\":\"0\"}}"},
};

START_TEST(what_is_not_asked_stays)
{
	struct bw_spec_resources *container, *asked, *merged;
	auto_free char *text = NULL, *before = NULL, *after = NULL;

	ck_assert_int_eq(parse(merges[_i].container, &container), 0);
	ck_assert_int_eq(parse(merges[_i].asked, &asked), 0);
	before = written(container);
	merged = bw_resources_merge(container, asked, &arena);
	ck_assert_ptr_nonnull(merged);
	text = written(merged);
	after = written(container);
	ck_assert_str_eq(text, merges[_i].merged);
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(a_container_without_resources_gets_those_that_are_asked)
{
	struct bw_spec_resources *asked, *merged;
	auto_free char *text = NULL;

	ck_assert_int_eq(parse("{\"pids\":{\"limit\":7}}", &asked), 0);
	merged = bw_resources_merge(NULL, asked, &arena);
	ck_assert_ptr_nonnull(merged);
	text = written(merged);
	ck_assert_str_eq(text, "{\"pids\":{\"limit\":7}}");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("update");
	TCase *tc = tcase_create("update");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, options_are_resources, 0, (int)BW_COUNT(rows));
	tcase_add_loop_test(tc, what_cannot_be_is_refused_by_name, 0, (int)BW_COUNT(refused));
	tcase_add_loop_test(tc, a_file_is_read_without_regard_to_letter_case, 0, (int)BW_COUNT(texts));
	tcase_add_loop_test(tc, what_is_not_asked_stays, 0, (int)BW_COUNT(merges));
	tcase_add_test(tc, a_container_without_resources_gets_those_that_are_asked);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
