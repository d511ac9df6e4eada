/* SPDX-License-Identifier: Apache-2.0 */
/* test_program.c - where the program is looked for, what it is given, and the sentences of its
 * failures. Looking up is done for real in a tree of the test's. */
#include "control_test.h"

#include <sys/stat.h>

#include "scratch.h"

enum { EARLY_CWD, CWD, LOOKUP, EXEC };

static struct scratch scratch;
static struct bench *b;
static struct bw_child child;

/* A process with these args and env, members of JSON arrays with "@" for the scratch directory. */
static void begin(const char *args, const char *env)
{
	char given[1024], members[4096];
	struct bw_buf buf = bw_buf_over(members, sizeof members);

	scratch_make(&scratch);
	for (const char *name = "a\0b\0etc\0"; *name; name += strlen(name) + 1)
		scratch_mkdir(&scratch, name);
	snprintf(given, sizeof given, "\"args\":[%s],\"env\":[%s]", args, env);
	for (const char *p = given; *p; p++)
		bw_buf_addn(
			&buf, *p == '@' ? scratch.path : p, *p == '@' ? strlen(scratch.path) : 1);
	ck_assert(!buf.overflow);
	/* "args" of the bench's own would be there twice. */
	b = bench_new("", "");
	{
		struct bw_spec *spec;
		char *text = bw_arena_printf(&b->arena,
			"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":"
			"{\"cwd\":\"/\",\"user\":{\"uid\":1000,\"gid\":0},%s}}",
			members);

		ck_assert_msg(bw_spec_parse(text, strlen(text), "config.json", &b->arena, &spec,
				      NULL, &b->err) == 0,
			"%s", b->err.text);
		b->spec = spec;
		b->request.spec = spec;
		b->request.process = spec->process;
	}
	child = (struct bw_child){.root = scratch.dir, .host_proc = -1, .null = -1, .scratch = -1};
}

static void end(void)
{
	bench_free(b);
	scratch_remove(&scratch);
}

/* A working directory other than "/" is made first, in a step of its own. */
static size_t place_of(size_t at)
{
	return at + (b->plan.steps[0].phase == BW_PHASE_ROOTFS);
}

static int apply(size_t at)
{
	const struct bw_step *step = &b->plan.steps[place_of(at)];

	return bw_program_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len);
}

static int look_up(void)
{
	bench_prepare(b, &bw_program);
	return apply(LOOKUP);
}

/* The vector as "one|two|". */
static const char *joined(char **vector)
{
	static char text[8192];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	for (; *vector; vector++)
		bw_buf_addf(&buf, "%s|", *vector);
	return text;
}

static const char *in_scratch(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", scratch.path, name);
	return path;
}

START_TEST(the_steps_are_in_their_phases)
{
	begin("\"tool\",\"-x\"", "");
	bench_prepare(b, &bw_program);
	ck_assert_uint_eq(b->plan.n, 4);
	bench_step(b, &bw_program, EARLY_CWD, BW_PHASE_PRIVS, BW_SIDE_CHILD, "chdir to / as root");
	bench_step(b, &bw_program, CWD, BW_PHASE_PROGRAM, BW_SIDE_CHILD, "chdir to /");
	bench_step(b, &bw_program, LOOKUP, BW_PHASE_PROGRAM, BW_SIDE_CHILD, "look up tool");
	bench_step(b, &bw_program, EXEC, BW_PHASE_EXEC, BW_SIDE_CHILD, "execve tool");
	end();
}
END_TEST

static const struct {
	const char *variable, *text;
} nameless[] = {
	{"NAME", "/process/env/1: invalid environment variable: missing '='"},
	{"", "/process/env/1: invalid environment variable: missing '='"},
	{"=value", "/process/env/1: invalid environment variable: name cannot be empty"},
};

START_TEST(a_variable_has_a_name_and_a_value)
{
	begin("\"/bin/sh\"", "\"A=\",\"x=y=z\"");
	bench_prepare(b, &bw_program);
	b->spec->process->env.v[1] = bw_arena_strdup(&b->arena, nameless[_i].variable);
	bench_refused(b, &bw_program, BW_E_SPEC, "/process/env/1", nameless[_i].text);
	end();
}
END_TEST

START_TEST(a_name_is_looked_for_in_path_in_order)
{
	begin("\"tool\",\"-x\"", "\"PATH=@/none:@/a:@/b\"");
	scratch_write(&scratch, "b/tool", "", 0755);
	ck_assert_int_eq(look_up(), 0);
	ck_assert_str_eq(child.path, in_scratch("b/tool"));
	ck_assert_str_eq(joined(child.argv), "tool|-x|");
	scratch_write(&scratch, "a/tool", "", 0755);
	ck_assert_int_eq(apply(LOOKUP), 0);
	ck_assert_str_eq(child.path, in_scratch("a/tool"));
	end();
}
END_TEST

START_TEST(what_may_not_be_executed_is_passed_over_and_remembered)
{
	begin("\"tool\"", "\"PATH=@/a:@/b\"");
	scratch_write(&scratch, "a/tool", "", 0644);
	ck_assert_int_eq(look_up(), -EACCES);
	scratch_write(&scratch, "b/tool", "", 0755);
	ck_assert_int_eq(apply(LOOKUP), 0);
	ck_assert_str_eq(child.path, in_scratch("b/tool"));
	end();
}
END_TEST

START_TEST(a_directory_is_no_program)
{
	begin("\"a\"", "\"PATH=@\"");
	ck_assert_int_eq(look_up(), -ENOENT);
	end();
	begin("\"@/a\"", "");
	ck_assert_int_eq(look_up(), -EISDIR);
	end();
}
END_TEST

START_TEST(a_name_with_a_slash_is_taken_as_it_is)
{
	begin("\"@/a/tool\"", "\"PATH=@/b\"");
	scratch_write(&scratch, "b/tool", "", 0755);
	ck_assert_int_eq(look_up(), -ENOENT);
	scratch_write(&scratch, "a/tool", "", 0755);
	ck_assert_int_eq(apply(LOOKUP), 0);
	ck_assert_str_eq(child.path, in_scratch("a/tool"));
	end();
}
END_TEST

/* execvp(3): an empty element is the working directory, wherever it stands. */
static const char *const empty_elements[] = {
	"\"PATH=\"", "\"PATH=:/none\"", "\"PATH=/none:\"", "\"PATH=/none::/none\""};

START_TEST(an_empty_element_is_the_working_directory)
{
	auto_close int back = open(".", O_PATH | O_CLOEXEC);

	begin("\"tool\"", empty_elements[_i]);
	scratch_write(&scratch, "tool", "", 0755);
	ck_assert_int_eq(fchdir(scratch.dir), 0);
	ck_assert_int_eq(look_up(), 0);
	ck_assert_str_eq(child.path, "./tool");
	ck_assert_int_eq(fchdir(back), 0);
	end();
}
END_TEST

START_TEST(without_path_the_usual_places_are_searched)
{
	begin("\"sh\"", "\"XPATH=@/a\"");
	ck_assert_int_eq(look_up(), 0);
	ck_assert(bw_has_suffix(child.path, "/sh"));
	end();
}
END_TEST

START_TEST(the_last_assignment_wins_and_stands_once)
{
	begin("\"/bin/sh\"",
		"\"A=1\",\"AB=x\",\"B=2\",\"A=3\",\"HOME=/h\",\"A=4\",\"B\\u003d\",\"E=a=b\"");
	ck_assert_int_eq(look_up(), 0);
	ck_assert_str_eq(joined(child.envp), "AB=x|HOME=/h|A=4|B=|E=a=b|");
	end();
}
END_TEST

START_TEST(the_last_path_is_the_one_that_is_searched)
{
	begin("\"tool\"", "\"PATH=@/a\",\"PATH=@/b\"");
	scratch_write(&scratch, "a/tool", "", 0755);
	ck_assert_int_eq(look_up(), -ENOENT);
	end();
}
END_TEST

static const struct {
	const char *passwd, *home; /* NULL: no file */
} homes[] = {
	{NULL, "HOME=/"},
	{"", "HOME=/"},
	{"u:x:1000:1000:U:/home/u:/bin/sh\n", "HOME=/home/u"},
	{"u:x:1000:1000:U:/home/u:/bin/sh", "HOME=/home/u"},
	{"r:x:0:0::/root:\nu:x:1000:1::/first:\nv:x:1000:1::/second:\n", "HOME=/first"},
	{"u:x:1000:1000:U:/home/u\n", "HOME=/home/u"},
	{"u:x:1000:1000:U::/bin/sh\n", "HOME=/"},
	{"u:x:1000:1000\nu:x:1000:1::/later:\n", "HOME=/later"},
	{"1000:x:1:1::/no:\n", "HOME=/"},
	{"u:x:01000:1::/padded:\n", "HOME=/padded"},
	{"u:x:-1000:1::/no:\nu:x:+1000:1::/no:\nu:x: 1000:1::/no:\n", "HOME=/"},
	/* 2^32 + 1000 */
	{"u:x:4294968296:1::/no:\n", "HOME=/"},
	{"u:x:18446744073709552616:1::/no:\n", "HOME=/"},
	{"\n:::::\n#u:x:1001:1::/no:\n", "HOME=/"},
	{"u:x::1::/no:\n", "HOME=/"},
};

START_TEST(home_comes_from_the_containers_passwd_by_number)
{
	begin("\"/bin/sh\"", _i % 2 ? "\"A=1\"" : "\"A=1\",\"HOME=\"");
	if (homes[_i].passwd)
		scratch_write(&scratch, "etc/passwd", homes[_i].passwd, 0644);
	ck_assert_int_eq(look_up(), 0);
	ck_assert_str_eq(child.envp[0], "A=1");
	ck_assert_str_eq(child.envp[1], homes[_i].home);
	ck_assert_ptr_null(child.envp[2]);
	end();
}
END_TEST

START_TEST(a_home_too_long_is_cut_and_a_fifo_does_not_hold_us)
{
	auto_free char *line = calloc(1, 6000);

	begin("\"/bin/sh\"", "");
	strcpy(line, "u:x:1000:1::/");
	memset(line + strlen(line), 'h', 5000);
	scratch_write(&scratch, "etc/passwd", line, 0644);
	ck_assert_int_eq(look_up(), 0);
	ck_assert_uint_lt(strlen(child.envp[0]), 4200);
	ck_assert_int_eq(unlinkat(scratch.dir, "etc/passwd", 0), 0);
	ck_assert_int_eq(mkfifoat(scratch.dir, "etc/passwd", 0644), 0);
	ck_assert_int_eq(apply(LOOKUP), 0);
	ck_assert_str_eq(child.envp[0], "HOME=/");
	/* Not the host's, whatever the link says. */
	ck_assert_int_eq(unlinkat(scratch.dir, "etc/passwd", 0), 0);
	scratch_link(&scratch, "etc/passwd", "/proc/self/root/etc/passwd");
	ck_assert_int_eq(apply(LOOKUP), 0);
	ck_assert_str_eq(child.envp[0], "HOME=/");
	end();
}
END_TEST

START_TEST(the_working_directory_is_beneath_the_root_and_made)
{
	auto_close int back = open(".", O_PATH | O_CLOEXEC);
	char here[512];

	begin("\"/bin/sh\"", "");
	scratch_link(&scratch, "up", "../../../../../../tmp");
	b->spec->process->cwd = bw_arena_strdup(&b->arena, "/up/../new/dir");
	scratch_mkdir(&scratch, "tmp");
	bench_prepare(b, &bw_program);
	ck_assert_int_eq(apply(CWD), 0);
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_str_eq(here, in_scratch("new/dir"));
	ck_assert_int_eq(fchdir(back), 0);
	end();
}
END_TEST

/* Before the root file system becomes read-only. What cannot be made is the chdir's to complain about. */
START_TEST(a_working_directory_is_made_with_the_mounts)
{
	const struct bw_step *step;

	begin("\"/bin/sh\"", "");
	b->spec->process->cwd = bw_arena_strdup(&b->arena, "/new/dir");
	bench_prepare(b, &bw_program);
	bench_step(b, &bw_program, 0, BW_PHASE_ROOTFS, BW_SIDE_CHILD, "make /new/dir");
	step = &b->plan.steps[0];
	ck_assert_int_eq(bw_program_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len), 0);
	ck_assert_int_eq(faccessat(scratch.dir, "new/dir", F_OK, 0), 0);
	ck_assert_int_eq(unlinkat(scratch.dir, "new/dir", AT_REMOVEDIR), 0);
	scratch_write(&scratch, "new/dir", "", 0644);
	ck_assert_int_eq(bw_program_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len), 0);
	ck_assert_int_eq(apply(CWD), -ENOTDIR);
	end();
}
END_TEST

START_TEST(exec_makes_no_working_directory)
{
	begin("\"/bin/sh\"", "");
	b->request.exec = true;
	b->spec->process->cwd = bw_arena_strdup(&b->arena, "/new");
	bench_prepare(b, &bw_program);
	ck_assert_int_eq(apply(EARLY_CWD), 0);
	ck_assert_int_eq(apply(CWD), -ENOENT);
	ck_assert_int_eq(faccessat(scratch.dir, "new", F_OK, 0), -1);
	bench_complaint(b, &bw_program, CWD, ENOENT,
		"chdir to cwd (\"/new\") set in config.json failed: no such file or directory");
	end();
}
END_TEST

START_TEST(a_working_directory_that_is_a_file_is_refused)
{
	begin("\"/bin/sh\"", "");
	scratch_write(&scratch, "file", "", 0644);
	b->spec->process->cwd = bw_arena_strdup(&b->arena, "/file");
	bench_prepare(b, &bw_program);
	ck_assert_int_eq(apply(CWD), -ENOTDIR);
	bench_complaint(b, &bw_program, place_of(CWD), ENOTDIR,
		"chdir to cwd (\"/file\") set in config.json failed: not a directory");
	end();
}
END_TEST

/* As root first, and what fails then is left to be tried, and told, as the user. */
START_TEST(the_working_directory_is_tried_twice)
{
	auto_close int back = open(".", O_PATH | O_CLOEXEC);
	char here[512];

	begin("\"/bin/sh\"", "");
	b->spec->process->cwd = bw_arena_strdup(&b->arena, "/file");
	scratch_write(&scratch, "file", "", 0644);
	bench_prepare(b, &bw_program);
	ck_assert_int_eq(apply(EARLY_CWD), 0);
	ck_assert_int_eq(apply(CWD), -ENOTDIR);
	ck_assert_int_eq(unlinkat(scratch.dir, "file", 0), 0);
	scratch_mkdir(&scratch, "file");
	ck_assert_int_eq(apply(EARLY_CWD), 0);
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_str_eq(here, in_scratch("file"));
	ck_assert_int_eq(apply(CWD), 0);
	ck_assert_int_eq(fchdir(back), 0);
	end();
}
END_TEST

/* Engines make exit codes 126 and 127 of these (and CVE-2024-21626 has a sentence of its own). */
static const struct {
	const char *name;
	size_t step;
	int sys;
	const char *text;
} complaints[] = {
	{"\"x\"", LOOKUP, ENOENT, "exec: \"x\": executable file not found in $PATH"},
	{"\"/x\"", LOOKUP, ENOENT, "exec: \"/x\": stat /x: no such file or directory"},
	{"\"/x\"", LOOKUP, ELOOP, "exec: \"/x\": stat /x: too many levels of symbolic links"},
	{"\"x\"", LOOKUP, EACCES,
		"exec: \"x\": executable file not found in $PATH (what was found there, this user may not execute)"},
	{"\"/x\"", LOOKUP, EACCES, "exec: \"/x\": permission denied"},
	{"\"/x\"", LOOKUP, EISDIR, "exec: \"/x\": is a directory: permission denied"},
	{"\"x\"", EXEC, ENOEXEC, "exec x: exec format error"},
	{"\"x\"", EARLY_CWD, EACCES,
		"chdir to cwd (\"/\") set in config.json failed: permission denied"},
	{"\"x\"", CWD, EXDEV,
		"current working directory is outside of container mount namespace root"},
};

START_TEST(failures_have_the_sentences_that_engines_match)
{
	begin(complaints[_i].name, "");
	bench_prepare(b, &bw_program);
	bench_complaint(
		b, &bw_program, complaints[_i].step, complaints[_i].sys, complaints[_i].text);
	end();
}
END_TEST

START_TEST(no_arguments_are_no_program)
{
	begin("\"x\"", "");
	b->spec->process->args.n = 0;
	bench_refused(b, &bw_program, BW_E_SPEC, "", "/process/args: must not be empty");
	end();
}
END_TEST

START_TEST(arguments_above_the_limit_are_refused)
{
	char *lots;

	begin("\"x\",\"y\"", "");
	lots = bw_arena_alloc(&b->arena, (4 << 20) + 1);
	memset(lots, 'x', 4 << 20);
	b->spec->process->args.v[1] = lots;
	bench_refused(b, &bw_program, BW_E_SPEC, "",
		"/process: arguments and environment are larger than 4194304 bytes");
	/* At the limit: head, candidates and "x" are there, too. */
	lots[(4 << 20) - 1024] = '\0';
	bench_prepare(b, &bw_program);
	end();
}
END_TEST

BENCH_MAIN("program", {the_steps_are_in_their_phases, 0},
	{a_name_is_looked_for_in_path_in_order, 0},
	{what_may_not_be_executed_is_passed_over_and_remembered, 0}, {a_directory_is_no_program, 0},
	{a_name_with_a_slash_is_taken_as_it_is, 0},
	{an_empty_element_is_the_working_directory, BW_COUNT(empty_elements)},
	{without_path_the_usual_places_are_searched, 0},
	{the_last_assignment_wins_and_stands_once, 0},
	{the_last_path_is_the_one_that_is_searched, 0},
	{home_comes_from_the_containers_passwd_by_number, BW_COUNT(homes)},
	{a_home_too_long_is_cut_and_a_fifo_does_not_hold_us, 0},
	{the_working_directory_is_beneath_the_root_and_made, 0},
	{a_working_directory_is_made_with_the_mounts, 0},
	{a_variable_has_a_name_and_a_value, BW_COUNT(nameless)}, {exec_makes_no_working_directory, 0}, {a_working_directory_that_is_a_file_is_refused, 0},
	{the_working_directory_is_tried_twice, 0},
	{failures_have_the_sentences_that_engines_match, BW_COUNT(complaints)},
	{no_arguments_are_no_program, 0}, {arguments_above_the_limit_are_refused, 0})
