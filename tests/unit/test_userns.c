/* SPDX-License-Identifier: Apache-2.0 */
/* test_userns.c - id maps of a new user namespace: the lines, their limit, who writes them and
 * where. */
#include "control_test.h"

#include "scratch.h"

#define USER	  "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"}]"
#define MAP(c, h) "[{\"containerID\":" c ",\"hostID\":" h ",\"size\":1000}]"

static struct bench *with_maps(void)
{
	return bench_new("", "\"linux\":{" USER ",\"uidMappings\":" MAP(
				     "0", "100000") ",\"gidMappings\":" MAP("0", "4294966295") "}");
}

START_TEST(without_a_user_namespace_there_is_nothing_to_do)
{
	struct bench *b = bench_new("", "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}");

	bench_prepare(b, &bw_userns);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

START_TEST(the_parent_maps_before_the_child_becomes_root)
{
	struct bench *b = with_maps();

	bench_prepare(b, &bw_userns);
	ck_assert_uint_eq(b->plan.n, 2);
	bench_step(b, &bw_userns, 0, BW_PHASE_JOIN, BW_SIDE_PARENT,
		"map ids, first range 0 100000 1000");
	bench_step(b, &bw_userns, 1, BW_PHASE_IDENTITY, BW_SIDE_CHILD,
		"become root of the user namespace");
	bench_free(b);
}
END_TEST

START_TEST(a_joined_namespace_is_mapped_already)
{
	struct bench *b =
		bench_new("", "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\","
			      "\"path\":\"/proc/self/ns/user\"}]}");

	bench_prepare(b, &bw_userns);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(b, &bw_userns, 0, BW_PHASE_IDENTITY, BW_SIDE_CHILD,
		"become root of the user namespace");
	bench_free(b);
}
END_TEST

START_TEST(a_further_process_does_not_map_again)
{
	struct bench *b = with_maps();

	b->request.exec = true;
	bench_prepare(b, &bw_userns);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_free(b);
}
END_TEST

/* The kernel takes 340 lines (user_namespaces(7)). */
static const struct {
	size_t n;
	uint64_t number;
	bool fits;
} limits[] = {
	{0, 0, false},
	{1, 0, true},
	{340, 1, true},
	{340, 4294967295, true},
	{341, 1, false},
	{341, 4294967295, false},
};

START_TEST(there_are_1_to_340_lines)
{
	struct bench *b = with_maps();
	static struct bw_spec_id_mapping maps[341];
	char text[128];

	for (size_t i = 0; i < BW_COUNT(maps); i++)
		maps[i].container_id = maps[i].host_id = maps[i].size =
			(struct bw_opt_uint){true, limits[_i].number};
	b->spec->linux_->gid_mappings = (struct bw_spec_id_mappings){maps, limits[_i].n};
	if (limits[_i].fits) {
		bench_prepare(b, &bw_userns);
	} else {
		snprintf(text, sizeof text,
			"/linux/gidMappings: a new user namespace needs 1 to 340 mappings, found "
			"%zu",
			limits[_i].n);
		bench_refused(b, &bw_userns, BW_E_SPEC, "/linux/gidMappings", text);
	}
	bench_free(b);
}
END_TEST

static int settle(struct bench *b, int proc, pid_t pid)
{
	struct bw_settling now = {
		.pid = pid, .pidfd = -1, .host_proc = proc, .request = &b->request};
	const struct bw_step *step = &b->plan.steps[0];

	return bw_userns.settle(&now, step->op, bw_plan_data(&b->plan, step), step->len, &b->err);
}

/* A directory in the place of procfs. */
START_TEST(the_maps_are_written_to_the_childs_files)
{
	struct bench *b = with_maps();
	struct scratch proc;
	char text[64];

	scratch_make(&proc);
	scratch_mkdir(&proc, "4711");
	scratch_write(&proc, "4711/uid_map", "", 0600);
	scratch_write(&proc, "4711/gid_map", "", 0600);
	bench_prepare(b, &bw_userns);
	ck_assert_msg(settle(b, proc.dir, 4711) == 0, "%s", b->err.text);
	ck_assert_int_gt(bw_read_at(proc.dir, "4711/uid_map", text, sizeof text), 0);
	ck_assert_str_eq(text, "0 100000 1000");
	ck_assert_int_gt(bw_read_at(proc.dir, "4711/gid_map", text, sizeof text), 0);
	ck_assert_str_eq(text, "0 4294966295 1000");
	ck_assert_int_eq(settle(b, proc.dir, 4712), -1);
	ck_assert_str_eq(b->err.text, "userns: writing uid_map: no such file or directory");
	scratch_remove(&proc);
	bench_free(b);
}
END_TEST

BENCH_MAIN("userns", {without_a_user_namespace_there_is_nothing_to_do, 0},
	{the_parent_maps_before_the_child_becomes_root, 0},
	{a_joined_namespace_is_mapped_already, 0}, {a_further_process_does_not_map_again, 0},
	{there_are_1_to_340_lines, BW_COUNT(limits)}, {the_maps_are_written_to_the_childs_files, 0})
