/* SPDX-License-Identifier: Apache-2.0 */
/* test_undo.c - taking a container away: its process, its directory, and the poststop hooks, whose
 * failure is a warning. Its cgroups are the root tests'. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "container/undo.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_container container;
static struct bw_err err;
static pid_t pid;
static char version[] = "1.2.0", id[] = "c1", bundle[] = "/";

static void setup(void)
{
	static struct bw_state state;
	struct bw_context ctx = {.root = scratch.path};

	err = (struct bw_err){0};
	scratch_make(&scratch);
	ck_assert_int_eq(bw_container_new(&ctx, id, &container, &err), 0);
	state = (struct bw_state){.oci_version = version, .id = id, .bundle = bundle};
	container.state = &state;
	ck_assert_int_eq(bw_state_save(&container, &err), 0);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(bw_state_save_init(&container, pid, &err), 0);
}

static void teardown(void)
{
	bw_container_close(&container);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	scratch_remove(&scratch);
}

static bool is_gone(void)
{
	int status;
	pid_t waited = waitpid(pid, &status, WNOHANG);

	return (waited < 0 || (waited == pid && WIFSIGNALED(status))) &&
	       !scratch_has(&scratch, "c1");
}

START_TEST(undoing_takes_process_and_directory)
{
	bw_undo(&container);
	ck_assert(is_gone());
}
END_TEST

START_TEST(a_container_without_state_can_be_undone)
{
	container.state = NULL;
	bw_undo(&container);
	ck_assert(is_gone());
}
END_TEST

START_TEST(a_number_given_to_somebody_else_is_left_alone)
{
	container.start_time++;
	bw_undo(&container);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	ck_assert(!scratch_has(&scratch, "c1"));
}
END_TEST

/* A hook that writes its state to the file "seen" in the scratch directory. */
static struct bw_spec_hook writer(char *script, char **args)
{
	static char sh[] = "/bin/sh", c[] = "-c";

	args[0] = sh;
	args[1] = c;
	args[2] = script;
	return (struct bw_spec_hook){.path = sh, .args = {args, 3}};
}

START_TEST(poststop_hooks_run_when_all_is_gone)
{
	char script[600], seen[512], *args[3];
	struct bw_spec_hook hook;
	struct bw_spec_hooks hooks = {0};
	struct bw_spec spec = {.oci_version = version, .hooks = &hooks};

	snprintf(script, sizeof script, "test ! -e %s/c1 && cat > %s/seen", scratch.path,
		scratch.path);
	hook = writer(script, args);
	hooks.poststop.v = &hook;
	hooks.poststop.n = 1;
	ck_assert_msg(bw_remove(&container, &spec, &err) == 0, "%s", err.text);
	ck_assert(is_gone());
	ck_assert_int_gt(bw_read_at(scratch.dir, "seen", seen, sizeof seen), 0);
	ck_assert_str_eq(seen,
		"{\"ociVersion\":\"1.2.0\",\"id\":\"c1\",\"status\":\"stopped\",\"bundle\":\"/\","
		"\"annotations\":{}}");
}
END_TEST

START_TEST(a_failing_poststop_hook_is_a_warning)
{
	char script[] = "echo no luck; exit 3", log[400], text[1024], *args[3];
	struct bw_spec_hook hook = writer(script, args);
	struct bw_spec_hooks hooks = {.poststop = {&hook, 1}};
	struct bw_spec spec = {.oci_version = version, .hooks = &hooks};

	snprintf(log, sizeof log, "%s/log", scratch.path);
	ck_assert_int_eq(bw_log_open(log, false, BW_LOG_INFO, &err), 0);
	ck_assert_int_eq(bw_remove(&container, &spec, &err), 0);
	ck_assert(is_gone());
	ck_assert_int_gt(bw_read_at(scratch.dir, "log", text, sizeof text), 0);
	ck_assert_ptr_nonnull(strstr(text, "level=warning"));
	ck_assert_ptr_nonnull(strstr(
		text, "error running poststop hook #0: /bin/sh: exit status 3, output: no luck"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("undo");
	TCase *t = tcase_create("undo");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, undoing_takes_process_and_directory);
	tcase_add_test(t, a_container_without_state_can_be_undone);
	tcase_add_test(t, a_number_given_to_somebody_else_is_left_alone);
	tcase_add_test(t, poststop_hooks_run_when_all_is_gone);
	tcase_add_test(t, a_failing_poststop_hook_is_a_warning);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
