/* SPDX-License-Identifier: Apache-2.0 */
/* test_hooks.c - hooks on the host, run for real: order, state, environment, working directory,
 * descriptors, timeout and the message; and the steps for those inside. */
#include "control_test.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "control/hook_check.h"
#include "control/hook_run.h"
#include "scratch.h"

#define MOUNTS "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]}"

static struct scratch scratch;
static struct bw_err err;
static char sh[] = "/bin/sh", dash_c[] = "-c";

static struct hook {
	struct bw_spec_hook hook;
	char *args[3];
	char script[700];
} one, two;

/* A container whose policy says nothing of hooks. */
static const struct bw_spec no_policy;

/* sh -c script, with "@" for the scratch directory. */
static void script(struct hook *h, const char *text)
{
	struct bw_buf buf = bw_buf_over(h->script, sizeof h->script);

	for (; *text; text++)
		bw_buf_addn(&buf, *text == '@' ? scratch.path : text,
			*text == '@' ? strlen(scratch.path) : 1);
	ck_assert(!buf.overflow);
	h->args[0] = sh;
	h->args[1] = dash_c;
	h->args[2] = h->script;
	h->hook = (struct bw_spec_hook){.path = sh, .args = {h->args, 3}};
}

static int run(struct hook *h)
{
	struct bw_spec_hook_list list = {&h->hook, 1};

	err = (struct bw_err){0};
	return bw_hooks_run(&no_policy, &list, "prestart", "{\"id\":\"c1\"}", scratch.path, &err);
}

static const char *file(const char *name)
{
	static char text[4096];

	if (bw_read_at(scratch.dir, name, text, sizeof text) < 0)
		return "(none)";
	return text;
}

static void begin(void)
{
	scratch_make(&scratch);
}

static void end(void)
{
	scratch_remove(&scratch);
}

START_TEST(a_hook_reads_the_state_and_works_in_the_bundle)
{
	begin();
	script(&one, "cat > state; pwd > where");
	ck_assert_msg(run(&one) == 0, "%s", err.text);
	ck_assert_str_eq(file("state"), "{\"id\":\"c1\"}");
	ck_assert_str_eq(file("where"), scratch.path);
	end();
}
END_TEST

START_TEST(a_hook_has_its_own_environment_only)
{
	char a[] = "A=1", b[] = "B=two words", out[600];
	char *words[] = {a, b};

	begin();
	ck_assert_int_eq(setenv("OURS", "secret", 1), 0);
	script(&one, "");
	snprintf(out, sizeof out, "/usr/bin/env > %s/env", scratch.path);
	one.args[2] = out;
	one.hook.env = (struct bw_strs){words, 2};
	ck_assert_msg(run(&one) == 0, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(file("env"), "A=1\n"));
	ck_assert_ptr_nonnull(strstr(file("env"), "B=two words"));
	ck_assert_ptr_null(strstr(file("env"), "OURS"));
	ck_assert_ptr_null(strstr(file("env"), "PATH="));
	end();
}
END_TEST

START_TEST(a_hook_inherits_no_descriptor)
{
	int leak;

	begin();
	/* Without close-on-exec, as a careless caller leaves one open. */
	leak = fcntl(scratch.dir, F_DUPFD, 200);
	ck_assert_int_ge(leak, 200);
	/* The fourth is the directory that is being listed. */
	script(&one, "exec ls /proc/self/fd > @/fds");
	ck_assert_msg(run(&one) == 0, "%s", err.text);
	close(leak);
	ck_assert_str_eq(file("fds"), "0\n1\n2\n3");
	end();
}
END_TEST

START_TEST(a_hook_begins_with_no_signal_blocked)
{
	sigset_t all, before;

	begin();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	script(&one, "exec sed -n 's/^SigBlk:[^0-9a-f]*//p' /proc/self/status > @/blocked");
	ck_assert_msg(run(&one) == 0, "%s", err.text);
	sigprocmask(SIG_SETMASK, &before, NULL);
	ck_assert_str_eq(file("blocked"), "0000000000000000");
	end();
}
END_TEST

static const struct {
	const char *script, *text;
} failures[] = {
	{"exit 3", "error running prestart hook #0: /bin/sh: exit status 3"},
	{"echo no luck; exit 1",
		"error running prestart hook #0: /bin/sh: exit status 1, output: no luck"},
	{"echo first >&2; echo second; exit 1",
		"error running prestart hook #0: /bin/sh: exit status 1, output: first"},
	{"kill -9 $$", "error running prestart hook #0: /bin/sh: exit status 137"},
};

START_TEST(a_failing_hook_is_reported_with_what_it_said)
{
	begin();
	script(&one, failures[_i].script);
	ck_assert_int_eq(run(&one), -1);
	ck_assert_str_eq(err.text, failures[_i].text);
	ck_assert_int_eq(err.code, BW_E_SPEC);
	end();
}
END_TEST

START_TEST(much_output_is_read_and_cut)
{
	begin();
	/* More than a pipe holds: a hook must not wait for a reader. */
	script(&one, "head -c 200000 /dev/zero | tr '\\0' x; exit 1");
	ck_assert_int_eq(run(&one), -1);
	ck_assert_uint_gt(strlen(err.text), 300);
	ck_assert_uint_lt(strlen(err.text), 420);
	end();
}
END_TEST

START_TEST(a_program_that_is_not_there_fails)
{
	char none[] = "/none/hook";

	begin();
	one.hook = (struct bw_spec_hook){.path = none};
	ck_assert_int_eq(run(&one), -1);
	ck_assert_str_eq(err.text, "error running prestart hook #0: /none/hook: no such file or directory");
	end();
}
END_TEST

/* More than a pipe holds, to a hook that is gone, does not read, or says much before it reads. */
static const struct {
	const char *script, *text; /* NULL: all is well */
} readers[] = {
	{"exec 0<&-; exit 0", NULL},
	{"head -c 200000 /dev/zero; wc -c > @/bytes; test $(cat @/bytes) = 300000", NULL},
	{"exec sleep 60", "error running prestart hook #0: /bin/sh ran past the timeout of 1s"},
};

START_TEST(a_hook_need_not_read_its_state)
{
	auto_free char *state = calloc(1, 300001);
	char path[] = "PATH=/usr/bin:/bin", *env[] = {path};
	struct bw_spec_hook_list list = {&one.hook, 1};
	sigset_t all, before;
	int r;

	begin();
	memset(state, 'x', 300000);
	script(&one, readers[_i].script);
	one.hook.env = (struct bw_strs){env, 1};
	if (readers[_i].text)
		one.hook.timeout = (struct bw_opt_int){true, 1};
	err = (struct bw_err){0};
	/* As `run` in the foreground has it: a signal that is kept would end us afterwards. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	r = bw_hooks_run(&no_policy, &list, "prestart", state, "/", &err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	ck_assert_int_eq(r, readers[_i].text ? -1 : 0);
	ck_assert_str_eq(err.text, readers[_i].text ? readers[_i].text : "");
	end();
}
END_TEST

START_TEST(a_hook_past_its_timeout_is_killed)
{
	struct timespec before, after;

	begin();
	script(&one, "echo $$ > @/pid; exec sleep 60");
	one.hook.timeout = (struct bw_opt_int){true, 1};
	clock_gettime(CLOCK_MONOTONIC, &before);
	ck_assert_int_eq(run(&one), -1);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_str_eq(
		err.text, "error running prestart hook #0: /bin/sh ran past the timeout of 1s");
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 20);
	ck_assert_int_eq(kill((pid_t)atoi(file("pid")), 0), -1);
	end();
}
END_TEST

START_TEST(hooks_run_in_order_and_the_first_failure_is_the_last)
{
	struct bw_spec_hook list[3];
	struct bw_spec_hook_list hooks = {list, 3};

	begin();
	script(&one, "echo x >> @/ran");
	script(&two, "exit 4");
	list[0] = list[2] = one.hook;
	list[1] = two.hook;
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_hooks_run(&no_policy, &hooks, "createRuntime", "{}", "/", &err), -1);
	ck_assert_str_eq(err.text, "error running createRuntime hook #1: /bin/sh: exit status 4");
	ck_assert_str_eq(file("ran"), "x");
	end();
}
END_TEST

START_TEST(the_state_has_what_the_spec_says)
{
	struct bench *b = bench_new("", MOUNTS ",\"annotations\":{\"k\":\"v\"}");
	char *state = NULL;

	ck_assert_int_eq(bw_hook_state(b->spec, "c1", "/b", "creating", 42, &state, &b->err), 0);
	ck_assert_str_eq(state,
		"{\"ociVersion\":\"1.2.0\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":42,"
		"\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"}}");
	free(state);
	ck_assert_int_eq(bw_hook_state(b->spec, "c1", "/b", "stopped", 0, &state, &b->err), 0);
	ck_assert_ptr_null(strstr(state, "pid"));
	free(state);
	bench_free(b);
}
END_TEST

/* ---- steps ---- */

#define ALL_HOOKS                                                                                  \
	MOUNTS ",\"hooks\":{\"prestart\":[{\"path\":\"/bin/true\"}],"                              \
	       "\"createRuntime\":[{\"path\":\"/bin/true\"}],"                                     \
	       "\"createContainer\":[{\"path\":\"/bin/true\"},{\"path\":\"/bin/false\"}],"         \
	       "\"startContainer\":[{\"path\":\"/bin/true\",\"timeout\":5}],"                      \
	       "\"poststart\":[{\"path\":\"/bin/true\"}],\"poststop\":[{\"path\":\"/bin/true\"}]}"

static struct bench *with_hooks(void)
{
	struct bench *b = bench_new("", ALL_HOOKS);

	b->request.bundle = "/";
	return b;
}

START_TEST(each_kind_has_its_time_and_side)
{
	struct bench *b = with_hooks();

	bench_prepare(b, &bw_hooks);
	ck_assert_uint_eq(b->plan.n, 4);
	bench_step(b, &bw_hooks, 0, BW_PHASE_HOOKS, BW_SIDE_PARENT,
		"prestart and createRuntime hooks on the host");
	bench_step(b, &bw_hooks, 1, BW_PHASE_NODE, BW_SIDE_CHILD,
		"error running createContainer hook #0");
	bench_step(b, &bw_hooks, 2, BW_PHASE_NODE, BW_SIDE_CHILD,
		"error running createContainer hook #1");
	bench_step(b, &bw_hooks, 3, BW_PHASE_WAIT, BW_SIDE_CHILD,
		"error running startContainer hook #0");
	bench_free(b);
}
END_TEST

START_TEST(a_further_process_has_no_hooks)
{
	struct bench *b = with_hooks();

	b->request.exec = true;
	bench_prepare(b, &bw_hooks);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

START_TEST(a_hook_inside_that_fails_has_its_sentence)
{
	struct bench *b = with_hooks();

	bench_prepare(b, &bw_hooks);
	bench_complaint(b, &bw_hooks, 2, BW_HOOK_STATUS_BASE + (3 << 8),
		"error running createContainer hook #1: exit status 3");
	bench_complaint(b, &bw_hooks, 2, BW_HOOK_STATUS_BASE + SIGKILL,
		"error running createContainer hook #1: signal: Killed");
	bench_complaint(b, &bw_hooks, 3, BW_HOOK_STATUS_BASE + SIGSYS,
		"error running startContainer hook #0: signal: bad system call");
	bench_complaint(b, &bw_hooks, 3, ETIMEDOUT,
		"error running startContainer hook #0: connection timed out");
	bench_free(b);
}
END_TEST

static int no_filter(struct bw_child *child)
{
	(void)child;
	return 0;
}

static int broken_filter(struct bw_child *child)
{
	(void)child;
	return -EINVAL;
}

/* What apply gives for one step, with the root directory as the container's. */
static int apply_under(struct bench *b, size_t at, int (*filter)(struct bw_child *child))
{
	const struct bw_step *step = &b->plan.steps[at];
	struct bw_child child = {
		.root = open("/", O_PATH | O_CLOEXEC), .host_proc = -1, .filter = filter};
	int r = bw_hooks_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len);

	close(child.root);
	return r;
}

static int apply(struct bench *b, size_t at)
{
	return apply_under(b, at, no_filter);
}

/* It is a program of the image: not one call without the container's filters. */
START_TEST(a_start_hook_does_not_run_when_its_filters_cannot_be_loaded)
{
	struct bench *b = with_hooks();

	bench_prepare(b, &bw_hooks);
	ck_assert_int_eq(apply_under(b, 3, broken_filter), -EINVAL);
	bench_free(b);
}
END_TEST

START_TEST(hooks_inside_are_run_and_their_end_is_told)
{
	struct bench *b = with_hooks();

	bench_prepare(b, &bw_hooks);
	ck_assert_int_eq(apply(b, 1), 0);
	ck_assert_int_eq(apply(b, 2), -(BW_HOOK_STATUS_BASE + (1 << 8)));
	ck_assert_int_eq(apply(b, 3), 0);
	bench_free(b);
}
END_TEST

#define SPEAKS(words) "{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"" words "\"]}"

static const struct {
	const char *said;
	int status;
} spoken[] = {
	{"out\nmore\n", 3},
	{"", 0}, /* what follows may fail in turn, and has said nothing of it */
	{NULL, 1}, /* it has left one behind that writes for ever */
};

START_TEST(what_a_failed_hook_inside_has_written_is_kept)
{
	struct bench *b = bench_new("", MOUNTS ",\"hooks\":{\"createContainer\":["
		SPEAKS("echo out; echo more >&2; exit 3") "," SPEAKS("echo fine") ","
		SPEAKS("(while echo x; do :; done) & exit 1") "]}");
	struct bw_child child = {.root = open("/", O_PATH | O_CLOEXEC), .host_proc = -1, .filter = no_filter};
	const struct bw_step *step;
	int r;

	b->request.bundle = "/";
	bench_prepare(b, &bw_hooks);
	step = &b->plan.steps[_i];
	r = bw_hooks_apply(&child, step->op, bw_plan_data(&b->plan, step), step->len);
	ck_assert_int_eq(r, spoken[_i].status ? -(BW_HOOK_STATUS_BASE + (spoken[_i].status << 8)) : 0);
	if (spoken[_i].said)
		ck_assert_str_eq(child.said, spoken[_i].said);
	close(child.root);
	bench_free(b);
}
END_TEST

static const struct {
	const char *said, *text;
	size_t size;
} quotes[] = {
	{"", "error", 1},
	{"\nhidden", "error", 7},
	{"no such\033[2J\177\tthing\nmore", "error, output: no such?[2J??thing", 24},
	{"no end", "error, output: no e", 4},
	{"\303\244", "error, output: \303\244", 2},
};

START_TEST(what_a_hook_has_written_is_quoted_with_care)
{
	err = (struct bw_err){.text = "error"};
	bw_hook_said(quotes[_i].said, quotes[_i].size, &err);
	ck_assert_str_eq(err.text, quotes[_i].text);
}
END_TEST

/* Long words must not take the place of ours. */
START_TEST(what_a_hook_has_written_ends_where_the_message_is_full)
{
	char said[sizeof err.text];

	err = (struct bw_err){.text = "error"};
	memset(said, 'x', sizeof said);
	bw_hook_said(said, sizeof said, &err);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
	ck_assert_ptr_eq(strstr(err.text, "error, output: xx"), err.text);
}
END_TEST

START_TEST(a_hook_inside_past_its_timeout_is_killed)
{
	struct bench *b = bench_new("",
		MOUNTS ",\"hooks\":{\"startContainer\":[{\"path\":\"/bin/sleep\",\"args\":"
		       "[\"sleep\",\"60\"],\"timeout\":1}]}");

	b->request.bundle = "/";
	bench_prepare(b, &bw_hooks);
	ck_assert_int_eq(apply(b, 0), -ETIMEDOUT);
	bench_free(b);
}
END_TEST

/* ---- whose programs ---- */

START_TEST(only_roots_own_programs_run_on_the_host)
{
	struct bench *b = with_hooks();
	struct bw_spec_hardening hardening = {.check_hooks = {true, true}};
	char path[400], text[800];

	begin();
	scratch_write(&scratch, "hook", "#!/bin/sh\n", 0757);
	snprintf(path, sizeof path, "%s/hook", scratch.path);
	b->spec->hardening = &hardening;
	bench_prepare(b, &bw_hooks);
	b->spec->hooks->create_container.v[1].path = path;
	snprintf(text, sizeof text,
		"/hooks/createContainer/1: the policy refuses the hook %s: the file and the "
		"directories above it must belong to root and be writable by nobody else",
		path);
	bench_refused(b, &bw_hooks, BW_E_DENIED, "/hooks/createContainer/1/path", text);
	ck_assert_str_eq(b->err.rule, "hooks");
	/* Inside, the container's own programs are its own business. */
	b->spec->hooks->create_container.n = 1;
	b->spec->hooks->start_container.v[0].path = path;
	bench_prepare(b, &bw_hooks);
	end();
	bench_free(b);
}
END_TEST

/* What the policy lists, the hook's arguments and environment, and the words of the refusal; NULL: it may run. */
static const struct {
	const char *permitted, *argument, *variable, *refusal;
} permissions[] = {
	{"/usr/bin/env", "env", NULL, "this program with these arguments is not among those of hooks.allow"},
	{"/usr/bin/env ...", "env", NULL, NULL},
	{"/usr/bin/env env", "env", NULL, NULL},
	{"/usr/bin/env  env ...", "env", NULL, NULL},
	{"/usr/bin/* e*", "env", NULL, NULL},
	{"/usr/bin/env env more", "env", NULL, "this program with these arguments is not among those of hooks.allow"},
	{"/usr/bin/env other", "env", NULL, "this program with these arguments is not among those of hooks.allow"},
	{"/usr/bin/en env", "env", NULL, "this program with these arguments is not among those of hooks.allow"},
	{"/usr/bin/env e", "env", NULL, "this program with these arguments is not among those of hooks.allow"},
	{"/usr/bin/env ...", "env", "OWN_A=1", NULL},
	{"/usr/bin/env ...", "env", "LD_PRELOAD=/x", "its environment variable LD_PRELOAD is not among those of hooks.env"},
	{"/usr/bin/env ...", "env", "LD_PRELOAD", "its environment variable LD_PRELOAD is not among those of hooks.env"},
};

START_TEST(the_policy_names_programs_arguments_and_variables)
{
	char pattern[64], argument[16], variable[32], own[] = "OWN_*", path[] = "/usr/bin/env", real[PATH_MAX];
	char *patterns[] = {pattern}, *args[] = {argument}, *env[] = {variable}, *names[] = {own};
	struct bw_spec_hardening hardening = {.check_hooks = {true, true}, .hooks = {patterns, 1}, .hook_env = {names, 1}};
	struct bw_spec_hook hook = {.path = path, .args = {args, 1}, .env = {env, permissions[_i].variable ? 1 : 0}};
	struct bw_err e = {0};
	int r;

	snprintf(pattern, sizeof pattern, "%s", permissions[_i].permitted);
	snprintf(argument, sizeof argument, "%s", permissions[_i].argument);
	snprintf(variable, sizeof variable, "%s", permissions[_i].variable ? permissions[_i].variable : "");
	r = bw_hook_check(&hardening, &hook, "poststop", 3, real, &e);
	if (!permissions[_i].refusal) {
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(real, path);
		return;
	}
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(e.code, BW_E_DENIED);
	ck_assert_str_eq(e.rule, "hooks");
	ck_assert_str_eq(e.field, "/hooks/poststop/3/path");
	ck_assert_ptr_nonnull(strstr(e.text, permissions[_i].refusal));
}
END_TEST

START_TEST(an_empty_list_of_hooks_permits_none)
{
	char path[] = "/usr/bin/env", *none[] = {NULL}, real[PATH_MAX];
	struct bw_spec_hardening hardening = {.hooks = {none, 0}};
	struct bw_spec_hook hook = {.path = path};
	struct bw_err e = {0};

	ck_assert_int_eq(bw_hook_check(&hardening, &hook, "prestart", 0, real, &e), -1);
	ck_assert_int_eq(e.code, BW_E_DENIED);
}
END_TEST

/* What is executed is the file that was checked, not the link by which it was found. */
START_TEST(a_permitted_hook_runs_by_its_real_path)
{
	char link[400], all[] = "/usr/bin/*", *patterns[] = {all}, real[PATH_MAX];
	struct bw_spec_hardening hardening = {.check_hooks = {true, true}, .hooks = {patterns, 1}};
	struct bw_spec_hook hook = {.path = link};
	struct bw_err e = {0};

	begin();
	snprintf(link, sizeof link, "%s/link", scratch.path);
	ck_assert_int_eq(symlink("/usr/bin/env", link), 0);
	ck_assert_int_eq(bw_hook_check(&hardening, &hook, "prestart", 0, real, &e), 0);
	ck_assert_str_eq(real, "/usr/bin/env");
	end();
}
END_TEST

START_TEST(a_hook_that_is_no_file_is_refused)
{
	struct bench *b = with_hooks();
	struct bw_spec_hardening hardening = {.check_hooks = {true, true}};
	char none[] = "/none", dir[] = "/";

	b->spec->hardening = &hardening;
	b->spec->hooks->poststop.v[0].path = none;
	bench_refused(b, &bw_hooks, BW_E_SPEC, "/hooks/poststop/0/path",
		"/hooks/poststop/0/path: /none: no such file or directory");
	b->spec->hooks->poststop.v[0].path = dir;
	ck_assert_int_eq(bw_hooks.prepare(&b->request, &b->plan, &b->err), -1);
	ck_assert_int_eq(b->err.code, BW_E_DENIED);
	bench_free(b);
}
END_TEST

START_TEST(a_hook_larger_than_its_limit_is_refused)
{
	struct bench *b = with_hooks();
	char *lots = bw_arena_alloc(&b->arena, 128 * 1024 + 1);
	char *args[] = {lots};

	memset(lots, 'x', 128 * 1024);
	b->spec->hooks->start_container.v[0].args = (struct bw_strs){args, 1};
	bench_refused(b, &bw_hooks, BW_E_SPEC, "", "/hooks: a hook is larger than 131072 bytes");
	bench_free(b);
}
END_TEST

BENCH_MAIN("hooks", {a_hook_reads_the_state_and_works_in_the_bundle, 0},
	{a_hook_has_its_own_environment_only, 0}, {a_hook_inherits_no_descriptor, 0},
	{a_hook_begins_with_no_signal_blocked, 0},
	{a_failing_hook_is_reported_with_what_it_said, BW_COUNT(failures)},
	{much_output_is_read_and_cut, 0}, {a_program_that_is_not_there_fails, 0},
	{a_hook_need_not_read_its_state, BW_COUNT(readers)}, {a_hook_past_its_timeout_is_killed, 0},
	{hooks_run_in_order_and_the_first_failure_is_the_last, 0},
	{the_state_has_what_the_spec_says, 0}, {each_kind_has_its_time_and_side, 0},
	{a_further_process_has_no_hooks, 0}, {a_hook_inside_that_fails_has_its_sentence, 0},
	{a_start_hook_does_not_run_when_its_filters_cannot_be_loaded, 0},
	{hooks_inside_are_run_and_their_end_is_told, 0},
	{a_hook_inside_past_its_timeout_is_killed, 0},
	{what_a_failed_hook_inside_has_written_is_kept, BW_COUNT(spoken)},
	{what_a_hook_has_written_is_quoted_with_care, BW_COUNT(quotes)},
	{what_a_hook_has_written_ends_where_the_message_is_full, 0},
	{only_roots_own_programs_run_on_the_host, 0},
	{the_policy_names_programs_arguments_and_variables, BW_COUNT(permissions)},
	{an_empty_list_of_hooks_permits_none, 0}, {a_permitted_hook_runs_by_its_real_path, 0},
	{a_hook_that_is_no_file_is_refused, 0}, {a_hook_larger_than_its_limit_is_refused, 0})
