/* SPDX-License-Identifier: Apache-2.0 */
/* test_selinux.c - which SELinux context a program gets: the caller's, ours, or none; and the text of levels. The label
 * helper is a double, so no SELinux is needed. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/control.h"
#include "control/label.h"
#include "host/host.h"
#include "plan/plan.h"
#include "scratch.h"
#include "spec/context.h"
#include "spec/spec.h"

#define THEIRS	   "system_u:system_r:container_t:s0:c7,c8"
#define OURS	   "system_u:system_r:bulwark_t:s0:c1,c2"
#define OUR_CODE   "system_u:object_r:bulwark_native_t:s0:c1,c2"
#define OUR_FILES  "system_u:object_r:bulwark_file_t:s0:c1,c2"
#define NOT_LOADED "not in the loaded policy"

/* ---- the double ---- */

static struct {
	bool has_ours, enforces;
	char others[128];
} policy;

int bw_label_check(const char *helper, const char *lsm, const char *label, bool *ret_enforced, struct bw_err *err)
{
	(void)helper;
	ck_assert_str_eq(lsm, "selinux");
	if (!bw_streq(label, THEIRS))
		return bw_fail(err, BW_E_HOST, 0, NOT_LOADED);
	*ret_enforced = policy.enforces;
	return 0;
}

int bw_label_check_files(const char *helper, const char *context, const char *own, const char *others,
	bool *ret_enforced, struct bw_err *err)
{
	(void)helper;
	ck_assert_str_eq(context, OURS);
	ck_assert_str_eq(own, OUR_FILES);
	snprintf(policy.others, sizeof policy.others, "%s", others);
	if (!policy.has_ours)
		return bw_fail(err, BW_E_HOST, 0, NOT_LOADED);
	*ret_enforced = policy.enforces;
	return 0;
}

/* ---- choices ---- */

static const struct {
	const char *label, *strength;
	bool type, always, level, live, has_ours, enforces;
	const char *context, *files, *degraded, *refused; /* what comes of it; NULL: nothing */
} choices[] = {
	/* nobody asks */
	{NULL, NULL, true, true, true, true, true, true, NULL, NULL, NULL, NULL},
	/* ours */
	{NULL, "prefer", true, false, true, true, true, true, OURS, OUR_FILES, NULL, NULL},
	{NULL, "require", true, false, true, true, true, true, OURS, OUR_FILES, NULL, NULL},
	/* the caller's stays, unless the policy says always */
	{THEIRS, "require", true, false, true, true, true, true, THEIRS, NULL, NULL, NULL},
	{THEIRS, "require", true, true, true, true, true, true, OURS, OUR_FILES, NULL, NULL},
	{THEIRS, NULL, false, false, false, true, true, true, THEIRS, NULL, NULL, NULL},
	/* the module is not loaded: never less than the caller asked for */
	{NULL, "prefer", true, false, true, true, false, true, NULL, NULL, NOT_LOADED, NULL},
	{NULL, "require", true, false, true, true, false, true, NULL, NULL, NULL, NOT_LOADED},
	{THEIRS, "prefer", true, true, true, true, false, true, THEIRS, NULL, NOT_LOADED, NULL},
	{THEIRS, "require", true, true, true, true, false, true, NULL, NULL, NULL, NOT_LOADED},
	/* permissive: set all the same */
	{NULL, "prefer", true, false, true, true, true, false, OURS, OUR_FILES,
		"the policy wants SELinux but it is permissive for \"" OURS "\"", NULL},
	{NULL, "require", true, false, true, true, true, false, NULL, NULL, NULL,
		"the policy wants SELinux but it is permissive for \"" OURS "\""},
	/* no type, no categories */
	{NULL, "prefer", false, false, true, true, true, true, NULL, NULL,
		"the policy wants SELinux but no selinuxLabel was given", NULL},
	{NULL, "require", true, false, false, true, true, true, NULL, NULL, NULL,
		"the policy wants SELinux but no selinuxLabel was given"},
	/* no SELinux */
	{NULL, "require", true, true, true, false, true, true, NULL, NULL, NULL,
		"the policy wants SELinux but this kernel has none (active LSMs: unknown)"},
	{THEIRS, "prefer", true, true, true, false, true, true, NULL, NULL, NULL,
		"selinux label is specified in config, but selinux is disabled or not supported"},
};

static void expect_context(struct bw_plan *plan, const char *context)
{
	struct bw_err err = {0};

	ck_assert_int_eq(bw_plan_freeze(plan, &err), 0);
	/* For the program and for the keyring. */
	ck_assert_uint_eq(plan->n, context ? 2 : 0);
	for (size_t i = 0; i < plan->n; i++)
		ck_assert_str_eq(bw_plan_data(plan, &plan->steps[i]), context);
}

START_TEST(each_wish_has_its_context)
{
	char label[] = THEIRS, type[] = "bulwark_t", level[] = "s0:c1,c2", strength[16] = "";
	struct bw_arena arena = BW_ARENA_INIT;
	struct bw_spec_process process = {.selinux_label = choices[_i].label ? label : NULL};
	struct bw_spec_hardening hardening = {
		.selinux = choices[_i].strength ? strength : NULL,
		.selinux_type = choices[_i].type ? type : NULL,
		.selinux_always = {.set = true, .v = choices[_i].always},
		.selinux_level = choices[_i].level ? level : NULL,
	};
	const struct bw_spec spec = {.process = &process, .hardening = &hardening};
	const struct bw_host host = {.selinux = {.set = true, .v = choices[_i].live}};
	struct bw_mount_labels labels = {0};
	const struct bw_request request = {
		.spec = &spec, .process = &process, .host = &host, .arena = &arena, .mount_labels = &labels};
	struct bw_plan plan = BW_PLAN_INIT;
	struct bw_err err = {0};

	if (choices[_i].strength)
		snprintf(strength, sizeof strength, "%s", choices[_i].strength);
	policy.has_ours = choices[_i].has_ours;
	policy.enforces = choices[_i].enforces;
	ck_assert_int_eq(bw_selinux.prepare(&request, &plan, &err), choices[_i].refused ? -1 : 0);
	ck_assert_str_eq(choices[_i].refused ? choices[_i].refused : "", err.text);
	if (choices[_i].refused)
		ck_assert_str_eq(err.field, "/process/selinuxLabel");
	ck_assert_uint_eq(plan.degraded_n, choices[_i].degraded ? 1 : 0);
	if (choices[_i].degraded)
		ck_assert_str_eq(plan.degraded[0].why, choices[_i].degraded);
	if (!choices[_i].refused) {
		ck_assert(bw_streq0(labels.files, choices[_i].files));
		ck_assert(bw_streq0(labels.code, choices[_i].files ? OUR_CODE : NULL));
		expect_context(&plan, choices[_i].context);
	}
	bw_plan_done(&plan);
	bw_arena_done(&arena);
}
END_TEST

START_TEST(the_policy_is_asked_about_files_of_another_pair)
{
	char type[] = "bulwark_t", level[] = "s0:c1,c2", strength[] = "require";
	struct bw_arena arena = BW_ARENA_INIT;
	struct bw_spec_hardening hardening = {.selinux = strength, .selinux_type = type, .selinux_level = level};
	const struct bw_spec spec = {.hardening = &hardening};
	const struct bw_host host = {.selinux = {.set = true, .v = true}};
	const struct bw_request request = {.spec = &spec, .host = &host, .arena = &arena};
	struct bw_plan plan = BW_PLAN_INIT;
	struct bw_err err = {0};

	policy.has_ours = policy.enforces = true;
	ck_assert_int_eq(bw_selinux.prepare(&request, &plan, &err), 0);
	ck_assert_str_eq(policy.others, "system_u:object_r:bulwark_file_t:s0:c2,c5");
	bw_plan_done(&plan);
	bw_arena_done(&arena);
}
END_TEST

/* ---- what the program has come to run in ---- */

/* attr/current of process pid, as a procfs would have it; NULL: none. */
static int verify_with(struct scratch *scratch, pid_t pid, int pidfd, const char *current, struct bw_err *err)
{
	char path[64];
	int r, proc = open(scratch->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(proc, 0);
	snprintf(path, sizeof path, "%d", (int)pid);
	scratch_mkdir(scratch, path);
	snprintf(path, sizeof path, "%d/attr", (int)pid);
	scratch_mkdir(scratch, path);
	snprintf(path, sizeof path, "%d/attr/current", (int)pid);
	if (current)
		scratch_write(scratch, path, current, 0644);
	r = bw_selinux_verify(proc, pid, pidfd, OURS, err);
	close(proc);
	return r;
}

static const struct {
	const char *current, *says; /* NULL: it is there; nothing is wrong */
} verified[] = {
	{OURS, NULL},
	{OURS "\n", NULL},
	{THEIRS, "selinux: the program runs in \"" THEIRS "\", expected \"" OURS "\""},
	{OURS ",c3", "selinux: the program runs in \"" OURS ",c3\", expected \"" OURS "\""},
	{"", "selinux: the program runs in \"\", expected \"" OURS "\""},
	{NULL, "selinux: reading back the context that the program runs in: no such file or directory"},
};

START_TEST(a_program_that_runs_in_another_context_is_noticed)
{
	int pidfd = bw_pidfd_open(getpid(), 0);
	struct scratch scratch;
	struct bw_err err = {0};

	ck_assert_int_ge(pidfd, 0);
	scratch_make(&scratch);
	ck_assert_int_eq(verify_with(&scratch, getpid(), pidfd, verified[_i].current, &err), verified[_i].says ? -1 : 0);
	ck_assert_str_eq(err.text, verified[_i].says ? verified[_i].says : "");
	scratch_remove(&scratch);
	close(pidfd);
}
END_TEST

START_TEST(a_program_that_has_ended_has_no_context)
{
	struct scratch scratch;
	struct bw_err err = {0};
	pid_t pid = fork();
	int pidfd;

	if (pid == 0)
		_exit(0);
	pidfd = bw_pidfd_open(pid, 0);
	ck_assert_int_ge(pidfd, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	scratch_make(&scratch);
	ck_assert_int_eq(verify_with(&scratch, pid, pidfd, THEIRS, &err), 0);
	scratch_remove(&scratch);
	close(pidfd);
}
END_TEST

/* ---- levels ---- */

static const struct {
	const char *level;
	bool narrow, pair;
	uint32_t number;
} levels[] = {
	{"s0", true, false, 0},
	{"s0:c5", true, false, 0},
	{"s0:c0,c1", true, true, 0},
	{"s0:c1,c0", true, true, 0},
	{"s0:c0,c1023", true, true, 1022},
	{"s0:c1,c2", true, true, 1023},
	{"s0:c1022,c1023", true, true, BW_CATEGORY_PAIRS - 1},
	{"s0:c7,c7", true, false, 0},
	{"s0:c0,c1024", false, false, 0},
	{"s0:c0,c01", false, false, 0},
	{"s0:c0,c4294967296", false, false, 0},
	{"s0:c0,c1,c2", false, false, 0},
	{"s0:c0.c1", false, false, 0},
	{"s0-s0:c0,c1", false, false, 0},
	{"s0-s0:c0.c1023", false, false, 0},
	{"s1:c0,c1", false, false, 0},
	{"s0:", false, false, 0},
	{"s0:c", false, false, 0},
	{"s0:c1,", false, false, 0},
	{"s0:c-1,c2", false, false, 0},
	{"s0:c1,c2 ", false, false, 0},
	{"SystemHigh", false, false, 0},
	{"", false, false, 0},
};

START_TEST(a_level_is_narrow_or_not)
{
	uint32_t number = 0;

	ck_assert_int_eq(bw_level_is_narrow(levels[_i].level), levels[_i].narrow);
	ck_assert_int_eq(bw_level_pair(levels[_i].level, &number), levels[_i].pair);
	ck_assert_uint_eq(number, levels[_i].number);
}
END_TEST

START_TEST(each_pair_has_a_number_of_its_own)
{
	char text[BW_LEVEL_MAX], last[BW_LEVEL_MAX] = "";

	for (uint32_t i = 0; i < BW_CATEGORY_PAIRS; i++) {
		uint32_t number = 0;

		bw_level_of_pair(i, text);
		if (!bw_level_pair(text, &number) || number != i || bw_streq(text, last))
			ck_abort_msg("%u is %s, which is %u", i, text, number);
		strcpy(last, text);
	}
	ck_assert_str_eq(last, "s0:c1022,c1023");
}
END_TEST

START_TEST(the_level_is_behind_the_third_colon)
{
	ck_assert_str_eq(bw_context_level(THEIRS), "s0:c7,c8");
	ck_assert_str_eq(bw_context_level("u:r:t:"), "");
	ck_assert_ptr_null(bw_context_level("u:r:t"));
	ck_assert_ptr_null(bw_context_level(""));
	ck_assert(!bw_level_is_narrow(NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux");
	TCase *tc = tcase_create("selinux");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, each_wish_has_its_context, 0, (int)BW_COUNT(choices));
	tcase_add_test(tc, the_policy_is_asked_about_files_of_another_pair);
	tcase_add_loop_test(tc, a_program_that_runs_in_another_context_is_noticed, 0, (int)BW_COUNT(verified));
	tcase_add_test(tc, a_program_that_has_ended_has_no_context);
	tcase_add_loop_test(tc, a_level_is_narrow_or_not, 0, (int)BW_COUNT(levels));
	tcase_add_test(tc, each_pair_has_a_number_of_its_own);
	tcase_add_test(tc, the_level_is_behind_the_third_colon);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
