/* SPDX-License-Identifier: Apache-2.0 */
/* test_state.c - the container's directory: ids, round trip, locks, status, what a kill between two
 * steps leaves behind, and forgetting. A process of the test's stands for the init. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "container/state.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_arena arena;
static struct bw_err err;
static struct bw_context ctx;
static char root[300];

static void setup(void)
{
	scratch_make(&scratch);
	err = (struct bw_err){0};
	snprintf(root, sizeof root, "%s/new/root", scratch.path);
	ctx = (struct bw_context){.root = root};
}

static void teardown(void)
{
	bw_arena_done(&arena);
	scratch_remove(&scratch);
}

static char version[] = "1.2.0", id[] = "c1", bundle[] = "/b", created[] = "2026-01-01T00:00:00Z";

static struct bw_state *plain_state(void)
{
	static struct bw_state state;

	state = (struct bw_state){
		.oci_version = version, .id = id, .bundle = bundle, .created = created};
	return &state;
}

static void make(struct bw_container *c, const char *name)
{
	ck_assert_msg(bw_container_new(&ctx, name, c, &err) == 0, "%s", err.text);
}

static void make_whole(struct bw_container *c)
{
	make(c, id);
	c->state = plain_state();
	ck_assert_msg(bw_state_save(c, &err) == 0, "%s", err.text);
}

static void reopen(struct bw_container *c, bool lock)
{
	ck_assert_msg(
		bw_container_open(&ctx, id, lock, false, &arena, c, &err) == 0, "%s", err.text);
}

/* ---- ids ---- */

static const struct id_row {
	const char *id;
	bool valid;
} id_rows[] = {
	{"a", true},
	{"0", true},
	{"A-b_c+d.e9", true},
	{"...", false},
	{".hidden", false},
	{"-x", true},
	{"", false},
	{".", false},
	{"..", false},
	{"a/b", false},
	{"/", false},
	{"../x", false},
	{"a b", false},
	{"a\n", false},
	{"a:b", false},
	{"a*", false},
	{"\xc3\xa4", false},
};

START_TEST(an_id_is_one_plain_name)
{
	struct bw_container c;
	char text[64];

	ck_assert_int_eq(bw_id_check(id_rows[_i].id, &err), id_rows[_i].valid ? 0 : -1);
	if (id_rows[_i].valid)
		return;
	snprintf(text, sizeof text, "invalid container ID format: \"%s\"", id_rows[_i].id);
	if (!id_rows[_i].id[0])
		snprintf(text, sizeof text, "container id cannot be empty");
	ck_assert_str_eq(err.text, text);
	ck_assert_int_eq(err.code, BW_E_USAGE);
	/* Nobody gets round it. */
	ck_assert_int_eq(bw_container_new(&ctx, id_rows[_i].id, &c, &err), -1);
	ck_assert_str_eq(err.text, text);
	ck_assert_int_eq(
		bw_container_open(&ctx, id_rows[_i].id, false, true, &arena, &c, &err), -1);
	ck_assert_str_eq(err.text, text);
	ck_assert(!scratch_has(&scratch, "new"));
}
END_TEST

START_TEST(an_id_has_at_most_1024_characters)
{
	char longest[1026];

	memset(longest, 'a', sizeof longest);
	longest[1024] = '\0';
	ck_assert_int_eq(bw_id_check(longest, &err), 0);
	longest[1024] = 'a';
	longest[1025] = '\0';
	ck_assert_int_eq(bw_id_check(longest, &err), -1);
}
END_TEST

/* ---- directories ---- */

START_TEST(a_new_directory_is_ours_alone_and_so_are_its_parents)
{
	static const char *const made[] = {"new", "new/root", "new/root/c1"};
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	struct stat st;

	make(&c, id);
	for (size_t i = 0; i < BW_COUNT(made); i++) {
		ck_assert_int_eq(fstatat(scratch.dir, made[i], &st, AT_SYMLINK_NOFOLLOW), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0700);
	}
	ck_assert_int_eq(fcntl(c.dir, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(an_id_is_taken_once)
{
	auto_container struct bw_container first = BW_CONTAINER_INIT, second = BW_CONTAINER_INIT;

	make(&first, id);
	ck_assert_int_eq(bw_container_new(&ctx, id, &second, &err), -1);
	ck_assert_str_eq(err.text, "container with given ID already exists");
	ck_assert_int_eq(err.code, BW_E_EXISTS);
}
END_TEST

START_TEST(a_container_that_is_not_there_is_not_found)
{
	struct bw_container c;

	ck_assert_int_eq(bw_container_open(&ctx, "none", true, true, &arena, &c, &err), -1);
	ck_assert_str_eq(err.text, "container does not exist");
	ck_assert_int_eq(err.code, BW_E_NOT_FOUND);
}
END_TEST

START_TEST(a_link_in_the_place_of_a_directory_is_not_followed)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	struct bw_container other;

	make_whole(&c);
	scratch_link(&scratch, "new/root/link", "c1");
	ck_assert_int_eq(bw_container_open(&ctx, "link", false, true, &arena, &other, &err), -1);
	ck_assert_int_eq(err.code, BW_E_KERNEL);
}
END_TEST

START_TEST(files_of_a_container_are_not_followed_out)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	struct bw_container other;
	struct bw_spec *spec;

	make_whole(&c);
	ck_assert_int_eq(renameat(c.dir, "state.json", scratch.dir, "elsewhere"), 0);
	scratch_link(&scratch, "new/root/c1/state.json", "../../../elsewhere");
	scratch_link(&scratch, "new/root/c1/config.json", "../../../elsewhere");
	ck_assert_int_eq(bw_container_open(&ctx, id, false, false, &arena, &other, &err), -1);
	ck_assert_int_eq(err.sys, ELOOP);
	ck_assert_int_eq(bw_state_load_spec(&c, &arena, &spec, &err), -1);
	ck_assert_int_eq(err.sys, ELOOP);
}
END_TEST

/* ---- state.json ---- */

START_TEST(a_state_is_read_as_it_was_written)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT, again = BW_CONTAINER_INIT;
	struct bw_state *state = plain_state();
	struct bw_cgroup_dir dirs[] = {{.mountpoint = (char[]){"/sys/fs/cgroup"},
					       .path = (char[]){"/c1"},
					       .made = {true, 1}},
		{.controllers = (char[]){"cpu,cpuacct"},
			.mountpoint = (char[]){"/sys/fs/cgroup/cpu"},
			.path = (char[]){"/c1"}}};
	struct bw_cgroup_set set = {.mode = (char[]){"hybrid"}, .dirs = {dirs, 2}};
	char *words[] = {(char[]){"seccomp: load"}, (char[]){"program: execve \"x\"\n"}};
	struct bw_pair pair = {(char[]){"a/b~c"}, (char[]){"\xc3\xa4"}};

	make(&c, id);
	state->rootfs = (char[]){"/b/rootfs"};
	state->owner = (char[]){""};
	state->profile = (char[]){"hardened"};
	state->annotations = (struct bw_pairs){&pair, 1};
	state->degraded = (struct bw_strs){words, 1};
	state->late_steps = (struct bw_strs){words, 2};
	state->late_from = (struct bw_opt_uint){true, 33};
	state->private_pids = (struct bw_opt_bool){true, true};
	state->cgroups = &set;
	c.state = state;
	ck_assert_int_eq(bw_state_save(&c, &err), 0);
	reopen(&again, false);
	ck_assert_uint_eq(bw_schema_diff(&bw_state_schema, state, again.state, NULL, NULL), 0);
	ck_assert_str_eq(again.state->late_steps.v[1], "program: execve \"x\"\n");
	ck_assert_uint_eq(again.state->cgroups->dirs.v[0].made.v, 1);
	ck_assert_ptr_null(again.state->cgroups->dirs.v[0].controllers);
}
END_TEST

START_TEST(a_spec_is_read_as_it_was_written_with_its_hardening)
{
	static const char text[] =
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/"
		"\","
		"\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}},\"linux\":{\"namespaces\":"
		"[{\"type\":\"mount\"}],\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
		"\"flags\":[]}}}";
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	struct bw_spec_programs programs = {.files = {(char *[]){(char[]){"/bin/a"}}, 1}};
	struct bw_spec_hardening hardening = {.profile = (char[]){"hardened"},
		.landlock = (char[]){"require"},
		.landlock_connect = {(uint64_t[]){443}, 1},
		.landlock_bind = {(uint64_t[]){0}, 0},
		.programs = &programs,
		.check_mounts = {true, true}};
	struct bw_spec *spec, *again;

	make(&c, id);
	ck_assert_int_eq(
		bw_spec_parse(text, sizeof text - 1, "config.json", &arena, &spec, NULL, &err), 0);
	spec->hardening = &hardening;
	ck_assert_int_eq(bw_state_save_spec(&c, spec, &err), 0);
	ck_assert_msg(bw_state_load_spec(&c, &arena, &again, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(bw_schema_diff(&bw_hardened_schema, spec, again, NULL, NULL), 0);
	ck_assert_str_eq(again->hardening->landlock, "require");
	/* No port at all is not the same as any. */
	ck_assert_ptr_nonnull(again->hardening->landlock_bind.v);
	ck_assert_str_eq(again->hardening->programs->files.v[0], "/bin/a");
}
END_TEST

static const struct {
	const char *text, *message;
} broken_rows[] = {
	{"", NULL},
	{"{", NULL},
	{"[]", NULL},
	{"{\"id\":\"c1\"}", NULL},
	{"{\"ociVersion\":\"1\",\"id\":7,\"bundle\":\"/\"}", "/id: must be a string, not a number"},
	{"{\"ociVersion\":\"1\",\"id\":\"c1\",\"bundle\":\"/\"} x", NULL},
};

START_TEST(a_broken_state_is_an_error_unless_it_is_to_be_removed)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	struct bw_container other;

	make(&c, id);
	scratch_write(&scratch, "new/root/c1/state.json", broken_rows[_i].text, 0600);
	ck_assert_int_eq(bw_container_open(&ctx, id, false, false, &arena, &other, &err), -1);
	ck_assert_int_eq(other.dir, -1);
	ck_assert_uint_gt(strlen(err.text), 0);
	if (broken_rows[_i].message)
		ck_assert_str_eq(err.text, broken_rows[_i].message);
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_container_open(&ctx, id, false, true, &arena, &other, &err), 0);
	ck_assert_ptr_null(other.state);
	ck_assert_str_eq(err.text, "");
	ck_assert_int_eq(bw_container_forget(&other, &err), 0);
	ck_assert(!scratch_has(&scratch, "new/root/c1"));
	bw_container_close(&other);
}
END_TEST

START_TEST(a_state_above_its_limit_is_broken)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	auto_free char *lots = malloc((1 << 20) + 2);
	struct bw_container other;

	make(&c, id);
	memset(lots, ' ', (1 << 20) + 1);
	lots[(1 << 20) + 1] = '\0';
	scratch_write(&scratch, "new/root/c1/state.json", lots, 0600);
	ck_assert_int_eq(bw_container_open(&ctx, id, false, false, &arena, &other, &err), -1);
	ck_assert_str_eq(err.text, "state.json is larger than 1048576 bytes");
}
END_TEST

/* ---- the lock ---- */

static bool is_locked(void)
{
	auto_close int dir = openat(scratch.dir, "new/root/c1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return flock(dir, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

START_TEST(the_lock_is_held_from_new_until_close)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT, again = BW_CONTAINER_INIT;

	make_whole(&c);
	ck_assert(is_locked());
	bw_container_close(&c);
	ck_assert(!is_locked());
	reopen(&again, false);
	ck_assert(!is_locked());
	bw_container_close(&again);
	reopen(&again, true);
	ck_assert(is_locked());
}
END_TEST

/* ---- status ---- */

static pid_t start_init(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGTERM, SIG_DFL);
		for (;;)
			pause();
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static void end_init(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static enum bw_status status_now(void)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;

	ck_assert_int_eq(bw_container_open(&ctx, id, false, true, &arena, &c, &err), 0);
	return bw_container_status(&c);
}

START_TEST(status_follows_the_life_of_the_init)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	pid_t pid = start_init();

	make_whole(&c);
	ck_assert_int_eq(status_now(), BW_STATUS_CREATING);
	ck_assert_int_eq(bw_state_save_init(&c, pid, &err), 0);
	scratch_write(&scratch, "new/root/c1/start.sock", "", 0600);
	bw_container_close(&c);
	ck_assert_int_eq(status_now(), BW_STATUS_CREATED);
	ck_assert_int_eq(unlinkat(scratch.dir, "new/root/c1/start.sock", 0), 0);
	ck_assert_int_eq(status_now(), BW_STATUS_RUNNING);
	end_init(pid);
	ck_assert_int_eq(status_now(), BW_STATUS_STOPPED);
}
END_TEST

START_TEST(a_pid_of_somebody_elses_is_stopped)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	char text[64];
	pid_t pid = start_init();

	make_whole(&c);
	/* The number lives, but was given away again. */
	snprintf(text, sizeof text, "%d 1\n", (int)pid);
	scratch_write(&scratch, "new/root/c1/init", text, 0600);
	bw_container_close(&c);
	ck_assert_int_eq(status_now(), BW_STATUS_STOPPED);
	end_init(pid);
}
END_TEST

static const char *const init_texts[] = {"", "x", "12", "12 x", "-1 5", "99999999999999999999 1"};

START_TEST(an_init_file_that_says_nothing_is_no_process)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;

	make_whole(&c);
	scratch_write(&scratch, "new/root/c1/init", init_texts[_i], 0600);
	bw_container_close(&c);
	ck_assert_int_eq(status_now(), BW_STATUS_STOPPED);
}
END_TEST

START_TEST(a_process_that_is_gone_cannot_be_noted)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	pid_t pid = start_init();

	make_whole(&c);
	end_init(pid);
	ck_assert_int_eq(bw_state_save_init(&c, pid, &err), -1);
	ck_assert_int_eq(err.sys, ESRCH);
	ck_assert(!scratch_has(&scratch, "new/root/c1/init"));
}
END_TEST

/* Killed after mkdir, after state.json, and while the init is already there. */
START_TEST(what_a_kill_leaves_can_be_found_and_forgotten)
{
	pid_t creator;
	int status;

	creator = fork();
	if (creator == 0) {
		struct bw_container c;

		if (bw_container_new(&ctx, id, &c, &err) < 0)
			_exit(1);
		c.state = plain_state();
		if (_i >= 1 && bw_state_save(&c, &err) < 0)
			_exit(2);
		if (_i >= 2 && bw_state_save_init(&c, getpid(), &err) < 0)
			_exit(3);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(creator, &status, 0), creator);
	ck_assert_int_eq(status, SIGKILL);
	ck_assert_int_eq(status_now(), BW_STATUS_STOPPED);
	{
		auto_container struct bw_container c = BW_CONTAINER_INIT;

		ck_assert_int_eq(bw_container_open(&ctx, id, true, true, &arena, &c, &err), 0);
		ck_assert(!c.state == (_i == 0));
		ck_assert_int_eq(bw_container_forget(&c, &err), 0);
	}
	ck_assert(!scratch_has(&scratch, "new/root/c1"));
}
END_TEST

/* ---- forget ---- */

START_TEST(forgetting_removes_all_of_it_and_no_more)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;

	make_whole(&c);
	scratch_write(&scratch, "keep", "", 0600);
	scratch_link(&scratch, "new/root/c1/link", "../../../keep");
	scratch_write(&scratch, "new/root/c1/.state.json.4711", "torn", 0600);
	ck_assert_int_eq(mkfifoat(c.dir, "start.sock", 0600), 0);
	ck_assert_int_eq(bw_container_forget(&c, &err), 0);
	ck_assert(!scratch_has(&scratch, "new/root/c1"));
	ck_assert(scratch_has(&scratch, "keep"));
	/* Twice is not an error: two deletes may meet. */
	ck_assert_int_eq(bw_container_forget(&c, &err), 0);
}
END_TEST

START_TEST(what_cannot_be_removed_is_named)
{
	auto_container struct bw_container c = BW_CONTAINER_INIT;
	char text[400];

	make_whole(&c);
	scratch_mkdir(&scratch, "new/root/c1/dir");
	ck_assert_int_eq(bw_container_forget(&c, &err), -1);
	snprintf(text, sizeof text, "removing %s/c1/dir: is a directory", root);
	ck_assert_str_eq(err.text, text);
}
END_TEST

#define ROWS(table) ((int)BW_COUNT(table))

static void add_tests(TCase *t)
{
	tcase_add_loop_test(t, an_id_is_one_plain_name, 0, ROWS(id_rows));
	tcase_add_test(t, an_id_has_at_most_1024_characters);
	tcase_add_test(t, a_new_directory_is_ours_alone_and_so_are_its_parents);
	tcase_add_test(t, an_id_is_taken_once);
	tcase_add_test(t, a_container_that_is_not_there_is_not_found);
	tcase_add_test(t, a_link_in_the_place_of_a_directory_is_not_followed);
	tcase_add_test(t, files_of_a_container_are_not_followed_out);
	tcase_add_test(t, a_state_is_read_as_it_was_written);
	tcase_add_test(t, a_spec_is_read_as_it_was_written_with_its_hardening);
	tcase_add_loop_test(
		t, a_broken_state_is_an_error_unless_it_is_to_be_removed, 0, ROWS(broken_rows));
	tcase_add_test(t, a_state_above_its_limit_is_broken);
	tcase_add_test(t, the_lock_is_held_from_new_until_close);
	tcase_add_test(t, status_follows_the_life_of_the_init);
	tcase_add_test(t, a_pid_of_somebody_elses_is_stopped);
	tcase_add_loop_test(t, an_init_file_that_says_nothing_is_no_process, 0, ROWS(init_texts));
	tcase_add_test(t, a_process_that_is_gone_cannot_be_noted);
	tcase_add_loop_test(t, what_a_kill_leaves_can_be_found_and_forgotten, 0, 3);
	tcase_add_test(t, forgetting_removes_all_of_it_and_no_more);
	tcase_add_test(t, what_cannot_be_removed_is_named);
}

int main(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("state");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	add_tests(t);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
