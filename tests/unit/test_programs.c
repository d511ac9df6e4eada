/* SPDX-License-Identifier: Apache-2.0 */
/* test_programs.c - the mounts that let listed programs be executed, as steps; and files in memory. */
#include "control_test.h"

#define NAMESPACES "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]}"

static char *a_list[] = {(char[]){"/usr/bin/python3.11"}, (char[]){"/usr/lib/npm.js"}};
static char *a_loader[] = {(char[]){"/usr/lib/ld.so"}, (char[]){"/ld.so"}};
static char *a_directory[] = {(char[]){"/usr/lib"}};
static struct bw_spec_programs programs;
static struct bw_spec_hardening hardening;

static struct bench *bench(void)
{
	struct bench *b = bench_new("", NAMESPACES);

	programs = (struct bw_spec_programs){
		.files = {a_list, 2}, .interpreters = {a_loader, 2}, .directories = {a_directory, 1}};
	hardening = (struct bw_spec_hardening){.programs = &programs};
	b->spec->hardening = &hardening;
	b->host.kernel_major = (struct bw_opt_uint){true, 6};
	b->host.kernel_minor = (struct bw_opt_uint){true, 3};
	return b;
}

START_TEST(nothing_is_done_without_a_list_nor_for_exec)
{
	struct bench *b = bench();

	programs.noexec = programs.memfd_noexec = (struct bw_opt_bool){true, true};
	b->request.exec = true;
	bench_prepare(b, &bw_programs);
	b->request.exec = false;
	hardening.programs = NULL;
	bench_prepare(b, &bw_programs);
	b->spec->hardening = NULL;
	bench_prepare(b, &bw_programs);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

START_TEST(each_program_is_excepted_unless_its_directory_is)
{
	struct bench *b = bench();

	programs.noexec = (struct bw_opt_bool){true, true};
	bench_prepare(b, &bw_programs);
	ck_assert_uint_eq(b->plan.n, 3);
	bench_step(b, &bw_programs, 0, BW_PHASE_NODE, BW_SIDE_CHILD, "let /usr/lib be mapped for execution");
	bench_step(b, &bw_programs, 1, BW_PHASE_NODE, BW_SIDE_CHILD, "let /usr/bin/python3.11 be executed");
	bench_step(b, &bw_programs, 2, BW_PHASE_NODE, BW_SIDE_CHILD, "let /ld.so be executed");
	ck_assert_uint_eq(b->plan.layers_n, 1);
	ck_assert_str_eq(b->plan.layers[0].what, "noexec on all but 2 programs and what is in 1 library directories");
	bench_free(b);
}
END_TEST

static const struct {
	uint64_t major, minor;
	bool root, pid;
	char *baseline, *family;
	const char *degraded; /* NULL: not */
	bool set;
} kernels[] = {
	{6, 3, true, true, NULL, NULL, NULL, true},
	{7, 0, true, true, NULL, NULL, NULL, true},
	{6, 2, true, true, NULL, NULL, "this kernel has no vm.memfd_noexec (Linux 6.3 has)", false},
	{5, 15, true, true, (char[]){"python-node"}, NULL, NULL, false},
	{5, 15, true, true, (char[]){"baseline"}, NULL, "this kernel has no vm.memfd_noexec (Linux 6.3 has)", false},
	{5, 15, true, true, (char[]){"python-node"}, (char[]){"memfd"}, "this kernel has no vm.memfd_noexec (Linux 6.3 has)", false},
	{6, 3, false, true, NULL, NULL, "only root of the host can set vm.memfd_noexec", false},
	{6, 3, true, false, NULL, NULL,
		"the pid namespace, which vm.memfd_noexec is of, is not the container's own", false},
};

START_TEST(files_in_memory_are_refused_by_the_kernel_or_by_the_filter)
{
	char *families[] = {kernels[_i].family};
	struct bench *b = bench();

	programs.memfd_noexec = (struct bw_opt_bool){true, true};
	b->host.kernel_major.v = kernels[_i].major;
	b->host.kernel_minor.v = kernels[_i].minor;
	b->host.root.v = kernels[_i].root;
	if (!kernels[_i].pid)
		b->spec->linux_->namespaces.n = 1;
	hardening.seccomp_baseline = kernels[_i].baseline;
	if (kernels[_i].family)
		hardening.seccomp_allow = (struct bw_strs){families, 1};
	bench_prepare(b, &bw_programs);
	ck_assert_uint_eq(b->plan.n, kernels[_i].set);
	if (kernels[_i].set)
		bench_step(b, &bw_programs, 0, BW_PHASE_JOIN, BW_SIDE_CHILD, "let no file in memory be executed");
	ck_assert_uint_eq(b->plan.degraded_n, kernels[_i].degraded ? 1 : 0);
	ck_assert_uint_eq(b->plan.layers_n, kernels[_i].set);
	if (kernels[_i].degraded)
		ck_assert_str_eq(b->plan.degraded[0].why, kernels[_i].degraded);
	bench_free(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("programs");
	TCase *tc = tcase_create("programs");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, nothing_is_done_without_a_list_nor_for_exec);
	tcase_add_test(tc, each_program_is_excepted_unless_its_directory_is);
	tcase_add_loop_test(tc, files_in_memory_are_refused_by_the_kernel_or_by_the_filter, 0, BW_COUNT(kernels));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
