/* SPDX-License-Identifier: Apache-2.0 */
/* test_masked.c - masked and read-only paths as steps: all of them, each once, clean, and none that
 * is not beneath the root. */
#include "control_test.h"

#define LINUX(members) "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]" members "}"

START_TEST(no_paths_are_no_steps)
{
	struct bench *b = bench_new("", LINUX(""));

	bench_prepare(b, &bw_masked);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

START_TEST(paths_are_masked_between_open_and_close)
{
	struct bench *b = bench_new("",
		LINUX(",\"maskedPaths\":[\"/proc/kcore\",\"/sys//firmware/./\",\"/proc/kcore\"],"
		      "\"readonlyPaths\":[\"/proc/sys\",\"/proc/../proc/bus\"]"));
	static const char *const expected[] = {"make read-only /proc/sys",
		"make read-only /proc/bus", "open the host's /dev/null", "mask /proc/kcore",
		"mask /sys/firmware", "close what covered"};

	bench_prepare(b, &bw_masked);
	ck_assert_uint_eq(b->plan.n, BW_COUNT(expected));
	for (size_t i = 0; i < BW_COUNT(expected); i++)
		bench_step(b, &bw_masked, i, BW_PHASE_ROOTFS, BW_SIDE_CHILD, expected[i]);
	bench_free(b);
}
END_TEST

START_TEST(read_only_paths_need_no_cover)
{
	struct bench *b = bench_new("", LINUX(",\"readonlyPaths\":[\"/proc/sys\"]"));

	bench_prepare(b, &bw_masked);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_free(b);
}
END_TEST

static const struct {
	const char *path, *text;
} refused[] = {
	{"/", "/linux/maskedPaths/1: must be an absolute path below /, not \"/\""},
	{"//", "/linux/maskedPaths/1: must be an absolute path below /, not \"//\""},
	{"/proc/..", "/linux/maskedPaths/1: must be an absolute path below /, not \"/proc/..\""},
	{"proc/kcore",
		"/linux/maskedPaths/1: must be an absolute path below /, not \"proc/kcore\""},
	{"", "/linux/maskedPaths/1: must be an absolute path below /, not \"\""},
};

START_TEST(what_is_not_below_the_root_is_refused)
{
	struct bench *b = bench_new("", LINUX(",\"maskedPaths\":[\"/a\",\"/b\"]"));

	b->spec->linux_->masked_paths.v[1] = bw_arena_strdup(&b->arena, refused[_i].path);
	bench_refused(b, &bw_masked, BW_E_SPEC, "/linux/maskedPaths/1", refused[_i].text);
	bench_free(b);
}
END_TEST

START_TEST(a_path_too_long_is_refused)
{
	struct bench *b = bench_new("", LINUX(",\"readonlyPaths\":[\"/a\"]"));
	char *path = bw_arena_alloc(&b->arena, 5000);

	memset(path, 'a', 4999);
	path[0] = '/';
	b->spec->linux_->readonly_paths.v[0] = path;
	ck_assert_int_eq(bw_masked.prepare(&b->request, &b->plan, &b->err), -1);
	ck_assert_str_eq(b->err.field, "/linux/readonlyPaths/0");
	bench_free(b);
}
END_TEST

START_TEST(a_further_process_finds_them_masked)
{
	struct bench *b = bench_new("", LINUX(",\"maskedPaths\":[\"/proc/kcore\"]"));

	b->request.exec = true;
	bench_prepare(b, &bw_masked);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

/* What can be seen without root: an absent path is skipped, whatever stands in its way. */
static const char *const absent[] = {"/none", "/file/below", "/none/deeper"};

START_TEST(what_is_not_there_needs_no_mask)
{
	struct bench *b =
		bench_new("", LINUX(",\"maskedPaths\":[\"/a\"],\"readonlyPaths\":[\"/b\"]"));
	struct bw_child child = {.root = open("/proc/self/task", O_PATH | O_CLOEXEC),
		.host_proc = -1,
		.null = -1,
		.scratch = -1};

	b->spec->linux_->masked_paths.v[0] = bw_arena_strdup(&b->arena, absent[_i]);
	b->spec->linux_->readonly_paths.v[0] = bw_arena_strdup(&b->arena, absent[_i]);
	bench_prepare(b, &bw_masked);
	for (size_t i = 0; i < b->plan.n; i++) {
		const struct bw_step *step = &b->plan.steps[i];

		ck_assert_int_eq(
			bw_masked_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len),
			0);
	}
	ck_assert_int_eq(child.null, -1);
	close(child.root);
	bench_free(b);
}
END_TEST

BENCH_MAIN("masked", {no_paths_are_no_steps, 0}, {paths_are_masked_between_open_and_close, 0},
	{read_only_paths_need_no_cover, 0},
	{what_is_not_below_the_root_is_refused, BW_COUNT(refused)}, {a_path_too_long_is_refused, 0},
	{a_further_process_finds_them_masked, 0},
	{what_is_not_there_needs_no_mask, BW_COUNT(absent)})
