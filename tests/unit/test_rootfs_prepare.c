/* SPDX-License-Identifier: Apache-2.0 */
/* test_rootfs_prepare.c - what is taken for a root file system, how it is cloned, and the steps
 * that follow from readonly, propagation and --no-pivot. Doing them is the root tests'. */
#include "control_test.h"

#include "base/sys.h"
#include "kernel_double.h"
#include "scratch.h"

static struct scratch scratch;

static struct bench *begin(const char *root)
{
	struct bench *b = bench_new("", "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}");

	scratch_make(&scratch);
	scratch_mkdir(&scratch, "rootfs");
	scratch_write(&scratch, "file", "", 0644);
	scratch_link(&scratch, "link", "rootfs");
	b->request.bundle = scratch.path;
	b->spec->root->path = bw_arena_strdup(&b->arena, root);
	kernel_double = (struct kernel_double){0};
	return b;
}

static void end(struct bench *b)
{
	bench_free(b);
	scratch_remove(&scratch);
}

START_TEST(the_tree_is_cloned_attached_and_pivoted_into)
{
	struct bench *b = begin("rootfs");
	auto_close int dir = openat(scratch.dir, "rootfs", O_PATH | O_CLOEXEC);

	bench_prepare(b, &bw_rootfs);
	ck_assert_uint_eq(b->plan.n, 2);
	bench_step(b, &bw_rootfs, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "attach over /");
	bench_step(b, &bw_rootfs, 1, BW_PHASE_PIVOT, BW_SIDE_CHILD,
		"pivot_root and detach the host's tree");
	ck_assert_uint_eq(b->plan.fds_n, 1);
	ck_assert(same_file(b->plan.fds[0], dir));
	ck_assert_uint_eq(kernel_double.open_flags,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	ck_assert_uint_eq(kernel_double.attr_flags, AT_EMPTY_PATH | AT_RECURSIVE);
	end(b);
}
END_TEST

START_TEST(an_absolute_root_is_taken_as_it_is)
{
	struct bench *b = begin("/");
	auto_close int dir = open("/", O_PATH | O_CLOEXEC);

	bench_prepare(b, &bw_rootfs);
	ck_assert(same_file(b->plan.fds[0], dir));
	end(b);
}
END_TEST

static const struct {
	const char *word;
	unsigned clone; /* what the detached clone is made before it is attached */
	int set_later;
} words[] = {
	/* As runc: the host's later mounts come in, ours do not go out. */
	{NULL, MS_SLAVE, 0},
	{"", MS_SLAVE, 0},
	{"private", MS_PRIVATE, 1},
	{"rprivate", MS_PRIVATE, 1},
	{"slave", MS_SLAVE, 1},
	{"rslave", MS_SLAVE, 1},
	{"shared", MS_SLAVE, 1},
	{"rshared", MS_SLAVE, 1},
	{"unbindable", MS_PRIVATE, 1},
	{"runbindable", MS_PRIVATE, 1},
};

START_TEST(propagation_is_set_on_the_clone_and_again_inside)
{
	struct bench *b = begin("rootfs");

	b->spec->linux_->rootfs_propagation =
		words[_i].word ? bw_arena_strdup(&b->arena, words[_i].word) : NULL;
	bench_prepare(b, &bw_rootfs);
	ck_assert_uint_eq(kernel_double.propagation, words[_i].clone);
	ck_assert_uint_eq(b->plan.n, 2U + (unsigned)words[_i].set_later);
	if (words[_i].set_later)
		bench_step(b, &bw_rootfs, 2, BW_PHASE_PIVOT, BW_SIDE_CHILD, "set propagation");
	end(b);
}
END_TEST

START_TEST(an_unknown_propagation_is_refused)
{
	struct bench *b = begin("rootfs");

	b->spec->linux_->rootfs_propagation = bw_arena_strdup(&b->arena, "Shared");
	bench_refused(b, &bw_rootfs, BW_E_SPEC, "/linux/rootfsPropagation",
		"/linux/rootfsPropagation: unknown propagation \"Shared\"");
	ck_assert_uint_eq(kernel_double.opened, 0);
	end(b);
}
END_TEST

START_TEST(it_becomes_read_only_after_the_pivot)
{
	struct bench *b = begin("rootfs");

	b->spec->root->readonly = (struct bw_opt_bool){true, true};
	bench_prepare(b, &bw_rootfs);
	ck_assert_uint_eq(b->plan.n, 3);
	bench_step(b, &bw_rootfs, 2, BW_PHASE_PIVOT, BW_SIDE_CHILD, "make read-only");
	end(b);
}
END_TEST

START_TEST(without_pivot_it_is_a_chroot)
{
	struct bench *b = begin("rootfs");
	size_t last, proc = 0;

	b->request.no_pivot = true;
	bench_prepare(b, &bw_rootfs);
	last = b->plan.n - 1;
	bench_step(b, &bw_rootfs, last, BW_PHASE_PIVOT, BW_SIDE_CHILD, "chroot (no pivot)");
	for (size_t i = 1; i < last; i++)
		proc += bw_streq(bw_plan_data(&b->plan, &b->plan.steps[i]), "/proc");
	ck_assert_uint_ge(proc, 1);
	end(b);
}
END_TEST

START_TEST(in_a_mount_namespace_that_is_joined_the_child_looks_for_it)
{
	struct bench *b = begin("none");
	char attach[512];

	b->spec->linux_->namespaces.v[0].path = bw_arena_strdup(&b->arena, "/proc/1/ns/mnt");
	snprintf(attach, sizeof attach, "attach over /, in the mount namespace that is joined: %s/none", scratch.path);
	bench_prepare(b, &bw_rootfs);
	ck_assert_uint_eq(b->plan.n, 2);
	bench_step(b, &bw_rootfs, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, attach);
	bench_step(b, &bw_rootfs, 1, BW_PHASE_PIVOT, BW_SIDE_CHILD, "pivot_root and detach the host's tree");
	ck_assert_uint_eq(kernel_double.opened, 0);
	b->request.no_pivot = true;
	bench_refused(b, &bw_rootfs, BW_E_SPEC, "", "--no-pivot: not in a mount namespace that is joined");
	end(b);
}
END_TEST

START_TEST(a_further_process_only_opens_it)
{
	struct bench *b = begin("none");

	b->request.exec = true;
	bench_prepare(b, &bw_rootfs);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(b, &bw_rootfs, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "open");
	ck_assert_uint_eq(kernel_double.opened, 0);
	end(b);
}
END_TEST

static const struct {
	const char *root, *text;
} refused[] = {
	{"none", "/root/path: opening the rootfs none: no such file or directory"},
	{"link", "/root/path: the rootfs link must be a real directory, not a symbolic link"},
	{"file", "/root/path: the rootfs file must be a real directory, not a file"},
};

START_TEST(what_is_no_directory_is_no_root)
{
	struct bench *b = begin(refused[_i].root);

	bench_refused(b, &bw_rootfs, BW_E_SPEC, "/root/path", refused[_i].text);
	ck_assert_uint_eq(kernel_double.opened, 0);
	end(b);
}
END_TEST

START_TEST(a_bundle_that_is_not_there_is_named)
{
	struct bench *b = begin("rootfs");

	b->request.bundle = "/none/bundle";
	bench_refused(b, &bw_rootfs, BW_E_SPEC, "",
		"opening the bundle /none/bundle: no such file or directory");
	end(b);
}
END_TEST

BENCH_MAIN("rootfs", {the_tree_is_cloned_attached_and_pivoted_into, 0},
	{an_absolute_root_is_taken_as_it_is, 0},
	{propagation_is_set_on_the_clone_and_again_inside, BW_COUNT(words)},
	{an_unknown_propagation_is_refused, 0}, {it_becomes_read_only_after_the_pivot, 0},
	{without_pivot_it_is_a_chroot, 0}, {a_further_process_only_opens_it, 0},
	{in_a_mount_namespace_that_is_joined_the_child_looks_for_it, 0},
	{what_is_no_directory_is_no_root, BW_COUNT(refused)},
	{a_bundle_that_is_not_there_is_named, 0})
