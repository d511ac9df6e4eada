/* SPDX-License-Identifier: Apache-2.0 */
/* control_test.h - a bench for one or a few controls: a spec from JSON, a plan from prepare(), and
 * apply() done for real in a forked child that then says what it sees. */
#ifndef BW_TESTS_UNIT_CONTROL_TEST_H
#define BW_TESTS_UNIT_CONTROL_TEST_H

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "control/control.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* A member of the document that asks for a user namespace. */
#define BENCH_USERNS                                                                               \
	"\"linux\":{\"namespaces\":[{\"type\":\"user\"}],"                                         \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"                        \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]}"

struct bench {
	struct bw_arena arena;
	struct bw_spec *spec;
	struct bw_host host;
	struct bw_request request;
	struct bw_plan plan;
	struct bw_err err;
};

/* A spec with these members added to "process" and to the document (without a trailing comma; ""
 * for none). */
static inline struct bench *bench_new(const char *process, const char *document)
{
	struct bench *b = calloc(1, sizeof *b);
	char *text;
	int len, r;

	ck_assert_ptr_nonnull(b);
	b->plan = (struct bw_plan)BW_PLAN_INIT;
	text = bw_arena_printf(&b->arena,
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"true\"]%s%s}%s%s}",
		*process ? "," : "", process, *document ? "," : "", document);
	ck_assert_ptr_nonnull(text);
	len = (int)strlen(text);
	r = bw_spec_parse(text, (size_t)len, "config.json", &b->arena, &b->spec, NULL, &b->err);
	ck_assert_msg(r == 0, "%s", b->err.text);
	b->host.last_capability = (struct bw_opt_uint){true, 40};
	b->host.root = (struct bw_opt_bool){true, true};
	b->request = (struct bw_request){
		.spec = b->spec,
		.process = b->spec->process,
		.host = &b->host,
		.arena = &b->arena,
		.id = "c1",
		.host_proc = -1,
	};
	return b;
}

static inline void bench_free(struct bench *b)
{
	bw_plan_done(&b->plan);
	bw_arena_done(&b->arena);
	free(b);
}

static inline void bench_prepare(struct bench *b, const struct bw_control *control)
{
	int r = control->prepare(&b->request, &b->plan, &b->err);

	ck_assert_msg(r == 0, "%s", b->err.text);
}

/* prepare() must fail with this code, this text and at this place. */
static inline void bench_refused(struct bench *b, const struct bw_control *control,
	enum bw_code code, const char *field, const char *text)
{
	ck_assert_int_eq(control->prepare(&b->request, &b->plan, &b->err), -1);
	ck_assert_str_eq(b->err.text, text);
	ck_assert_str_eq(b->err.field, field);
	ck_assert_int_eq(b->err.code, code);
}

/* The step with this number: its phase, side and what it says of itself. */
static inline void bench_step(struct bench *b, const struct bw_control *control, size_t at,
	enum bw_phase phase, enum bw_side side, const char *words)
{
	const struct bw_step *step = &b->plan.steps[at];
	char said[256];

	ck_assert_uint_lt(at, b->plan.n);
	control->say(step->op, bw_plan_data(&b->plan, step), step->len, said, sizeof said);
	ck_assert_str_eq(said, words);
	ck_assert_uint_eq(step->phase, phase);
	ck_assert_uint_eq(step->side, side);
}

/* The sentence for a failed step. */
static inline void bench_complaint(
	struct bench *b, const struct bw_control *control, size_t at, int sys, const char *text)
{
	const struct bw_step *step = &b->plan.steps[at];

	memset(&b->err, 0, sizeof b->err);
	control->complain(step->op, bw_plan_data(&b->plan, step), step->len, sys, &b->err);
	ck_assert_str_eq(b->err.text, text);
}

static inline bw_apply_fn *apply_of(uint16_t control)
{
	switch (control) {
	case BW_CONTROL_caps:
		return bw_caps_apply;
	case BW_CONTROL_hostname:
		return bw_hostname_apply;
	case BW_CONTROL_identity:
		return bw_identity_apply;
	case BW_CONTROL_keyring:
		return bw_keyring_apply;
	case BW_CONTROL_mdwe:
		return bw_mdwe_apply;
	case BW_CONTROL_memory_policy:
		return bw_memory_policy_apply;
	case BW_CONTROL_no_new_privs:
		return bw_no_new_privs_apply;
	case BW_CONTROL_oom:
		return bw_oom_apply;
	case BW_CONTROL_personality:
		return bw_personality_apply;
	case BW_CONTROL_rlimits:
		return bw_rlimits_apply;
	case BW_CONTROL_scheduler:
		return bw_scheduler_apply;
	case BW_CONTROL_sysctl:
		return bw_sysctl_apply;
	default:
		abort();
	}
}

/* In the child: all steps, then the program or look(); what either prints is the answer. */
static inline void bench_child(
	struct bench *b, int unshare_flags, char *const program[], void (*look)(void))
{
	struct bw_child child = {.root = -1, .host_proc = open("/proc", O_PATH | O_CLOEXEC)};

	if (unshare_flags && unshare(unshare_flags) < 0) {
		printf("unshare: %s", bw_errno_name(errno));
		return;
	}
	for (size_t i = 0; i < b->plan.n; i++) {
		const struct bw_step *step = &b->plan.steps[i];
		int r = step->side == BW_SIDE_CHILD
				? apply_of(step->control)(
					  &child, step->op, bw_plan_data(&b->plan, step), step->len)
				: 0;

		if (r < 0) {
			printf("step %zu: %s", i, bw_errno_name(-r));
			return;
		}
	}
	if (program) {
		execv(program[0], program);
		printf("execv: %s", bw_errno_name(errno));
	} else {
		look();
	}
}

/* Applies the plan in a child, in new namespaces if wanted; gives what program or look() printed.
 */
static inline const char *bench_apply(
	struct bench *b, int unshare_flags, char *const program[], void (*look)(void))
{
	static char text[8192];
	size_t len = 0;
	int ends[2], status;
	ssize_t got;
	pid_t pid;

	ck_assert_int_eq(bw_plan_freeze(&b->plan, &b->err), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		bench_child(b, unshare_flags, program, look);
		fflush(stdout);
		_exit(0);
	}
	close(ends[1]);
	while (len < sizeof text - 1 &&
		(got = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	return text;
}

/* True, with the reason on stderr, when a test cannot run here. */
static inline bool skip_unless(bool can, const char *needs)
{
	if (!can)
		fprintf(stderr, "skipped: needs %s\n", needs);
	return !can;
}

static inline bool have_capability(unsigned number)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct bw_host host = {0};

	ck_assert_int_eq(bw_host_probe_basic(&host, &arena, NULL), 0);
	for (size_t i = 0; i < host.own_capabilities.n; i++)
		if (host.own_capabilities.v[i] == number)
			return true;
	return false;
}

struct bench_case {
	const TTest *test;
	int rows; /* of a loop test, or 0 */
};

static inline int bench_main(const char *name, const struct bench_case *cases, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < n; i++) {
		if (cases[i].rows)
			tcase_add_loop_test(tcase, cases[i].test, 0, cases[i].rows);
		else
			tcase_add_test(tcase, cases[i].test);
	}
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define BENCH_MAIN(name, ...)                                                                      \
	int main(void)                                                                             \
	{                                                                                          \
		const struct bench_case cases[] = {__VA_ARGS__};                                   \
                                                                                                   \
		return bench_main(name, cases, BW_COUNT(cases));                                   \
	}

#endif
