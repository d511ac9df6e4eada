/* SPDX-License-Identifier: Apache-2.0 */
/* test_mdwe.c - which containers get it, what it is for where the kernel lacks it, and that it holds. */
#include "control_test.h"

#include <sys/mman.h>

static struct bw_spec_hardening hardening;
static struct bw_spec_programs programs;

static struct bench *bench(const char *strength, bool kernel, const char *program, char **files)
{
	struct bench *b = bench_new("", "");

	hardening = (struct bw_spec_hardening){.mdwe = (char *)(uintptr_t)strength, .programs = &programs};
	programs = (struct bw_spec_programs){.files = {.v = files}};
	while (files && files[programs.files.n])
		programs.files.n++;
	b->spec->hardening = &hardening;
	b->spec->process->args.v[0] = (char *)(uintptr_t)program;
	b->host.mdwe = (struct bw_opt_bool){true, kernel};
	return b;
}

#define FILES(...) (const char *const[]){__VA_ARGS__, NULL}

static const struct row {
	const char *strength, *program;
	const char *const *files; /* NULL: none were listed */
	bool in_force;
} rows[] = {
	{"prefer", "python3", NULL, true},
	{"prefer", "/usr/bin/python3.11", NULL, true},
	{"prefer", "/usr/local/bin/python", NULL, true},
	{"prefer", "/opt/python3.11/bin/node", NULL, false},
	{"prefer", "node", NULL, false},
	/* A wrapper may start anything. */
	{"prefer", "sh", NULL, false},
	{"prefer", "/usr/bin/python3-wrapper", NULL, false},
	/* Where programs are listed the first of them says nothing. */
	{"prefer", "node", FILES("/usr/bin/python3.11", "/bin/env"), true},
	{"prefer", "python3", FILES("/usr/bin/python3.11", "/usr/bin/node"), false},
	{"prefer", "python3", FILES("/usr/bin/nodejs", "/usr/bin/python3.11"), false},
	{"prefer", "python3", FILES("/usr/bin/node-20"), false},
	{"prefer", "python3", FILES("/usr/local/bin/pypy3.10"), false},
	{"prefer", "python3", FILES("/usr/node/nodemon"), true},
	{"require", "node", NULL, true},
	{"require", "node", FILES("/usr/bin/node"), true},
	{NULL, "python3", NULL, false},
};

START_TEST(a_container_gets_it_unless_one_of_its_programs_compiles)
{
	const struct row *row = &rows[_i];
	struct bench *b = bench(row->strength, true, row->program, (char **)(uintptr_t)row->files);

	bench_prepare(b, &bw_mdwe);
	ck_assert_msg(b->plan.n == row->in_force, "%s", row->program);
	ck_assert_uint_eq(b->plan.layers_n, row->in_force);
	ck_assert_uint_eq(b->plan.degraded_n, 0);
	if (row->in_force)
		bench_step(b, &bw_mdwe, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD,
			"no memory becomes executable that could be written");
	bench_free(b);
}
END_TEST

START_TEST(an_exec_goes_by_the_container_s_programs_and_not_by_its_own)
{
	struct bench *b = bench("prefer", true, "python3", NULL);
	struct bw_spec_process process = *b->spec->process;
	char *args[] = {(char[]){"node"}};

	process.args.v = args;
	b->request.process = &process;
	b->request.exec = true;
	bench_prepare(b, &bw_mdwe);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_free(b);
}
END_TEST

START_TEST(without_the_kernel_s_help_auto_is_degraded_and_on_is_refused)
{
	struct bench *b = bench("prefer", false, "python3", NULL);

	bench_prepare(b, &bw_mdwe);
	ck_assert_uint_eq(b->plan.n, 0);
	ck_assert_uint_eq(b->plan.layers_n, 0);
	ck_assert_uint_eq(b->plan.degraded_n, 1);
	bench_free(b);
	b = bench("require", false, "python3", NULL);
	bench_refused(b, &bw_mdwe, BW_E_HOST, "",
		"the policy requires memoryDenyWriteExecute: this kernel cannot keep written memory from being "
		"executed (PR_SET_MDWE, Linux 6.3)");
	bench_free(b);
}
END_TEST

static const char *answer(const void *memory)
{
	return memory == MAP_FAILED ? bw_errno_name(errno) : "ok";
}

static void look(void)
{
	void *both = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("%s %s %s", answer(both), answer(code),
		mprotect(data, 4096, PROT_READ | PROT_EXEC) < 0 ? bw_errno_name(errno) : "ok");
}

START_TEST(memory_is_written_or_executed)
{
	struct bench *b = bench("require", true, "node", NULL);
	struct bw_host host = {.mdwe = {false, false}};

	ck_assert_int_eq(bw_mdwe.probe(&host, &b->arena, &b->err), 0);
	if (host.mdwe.v) {
		ck_assert_str_eq(bench_apply(b, 0, NULL, look), "ok ok ok");
		bench_free(b);
		b = bench("require", true, "node", NULL);
		bench_prepare(b, &bw_mdwe);
		ck_assert_str_eq(bench_apply(b, 0, NULL, look), "EACCES ok EACCES");
	} else {
		fprintf(stderr, "skipped: this kernel has no PR_SET_MDWE\n");
	}
	bench_free(b);
}
END_TEST

BENCH_MAIN("mdwe", {a_container_gets_it_unless_one_of_its_programs_compiles, BW_COUNT(rows)},
	{an_exec_goes_by_the_container_s_programs_and_not_by_its_own, 0},
	{without_the_kernel_s_help_auto_is_degraded_and_on_is_refused, 0}, {memory_is_written_or_executed, 0})
