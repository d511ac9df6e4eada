/* SPDX-License-Identifier: Apache-2.0 */
/* test_registry.c - the list of all containers: who is in it, and what is left when somebody is killed. */
#include <check.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/registry.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_arena arena;
static struct bw_err err;

static void setup(void)
{
	err = (struct bw_err){0};
	arena = (struct bw_arena)BW_ARENA_INIT;
	scratch_make(&scratch);
	scratch_mkdir(&scratch, "root");
}

static void teardown(void)
{
	bw_arena_done(&arena);
	scratch_remove(&scratch);
}

static int make(const char *name)
{
	(void)!mkdirat(scratch.dir, name, 0700);
	return openat(scratch.dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void enter(const char *name, const char *tenant)
{
	auto_close int dir = make(name);

	ck_assert_msg(bw_registry_enter(scratch.dir, dir, tenant, &err) == 0, "%s", err.text);
}

static struct bw_registry list(void)
{
	struct bw_registry registry;

	ck_assert_msg(bw_registry_read(scratch.dir, &arena, &registry, &err) == 0, "%s", err.text);
	return registry;
}

static unsigned lines(void)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	unsigned n = 0;
	int fd = openat(scratch.dir, ".containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	return n;
}

START_TEST(a_container_is_listed_with_its_root_and_tenant)
{
	struct bw_registry registry;
	char root[300];

	ck_assert_uint_eq(list().n, 0);
	enter("root/a b", "ann");
	registry = list();
	ck_assert_uint_eq(registry.n, 1);
	snprintf(root, sizeof root, "%s/root", scratch.path);
	ck_assert_str_eq(registry.v[0].root, root);
	ck_assert_str_eq(registry.v[0].id, "a b");
	ck_assert_str_eq(registry.v[0].tenant, "ann");
	ck_assert_str_eq(registry.v[0].prefix, "");
}
END_TEST

START_TEST(one_of_nobody_has_no_tenant)
{
	enter("root/a", NULL);
	ck_assert_uint_eq(list().n, 1);
	ck_assert_ptr_null(list().v[0].tenant);
}
END_TEST

START_TEST(who_enters_again_is_listed_once)
{
	enter("root/a", "ann");
	enter("root/a", "bob");
	ck_assert_uint_eq(list().n, 1);
	ck_assert_str_eq(list().v[0].tenant, "bob");
}
END_TEST

START_TEST(who_is_struck_is_listed_no_more)
{
	auto_close int dir = make("root/a"), never = make("root/b");

	enter("root/a", "ann");
	ck_assert_int_eq(unlinkat(scratch.dir, "root/a", AT_REMOVEDIR), 0);
	ck_assert_int_eq(bw_registry_strike(scratch.dir, dir, &err), 0);
	ck_assert_uint_eq(lines(), 0);
	ck_assert_int_eq(bw_registry_strike(scratch.dir, never, &err), 0);
}
END_TEST

START_TEST(what_has_no_directory_counts_for_nothing_and_is_swept)
{
	auto_close int held = make("root/a");

	ck_assert_int_ge(held, 0);
	enter("root/a", "ann");
	enter("root/b", "ann");
	ck_assert_int_eq(unlinkat(scratch.dir, "root/a", AT_REMOVEDIR), 0);
	/* Another container of its name; the inode of the first is held. */
	close(make("root/a"));
	ck_assert_uint_eq(lines(), 2);
	ck_assert_uint_eq(list().n, 1);
	ck_assert_str_eq(list().v[0].id, "b");
	ck_assert_uint_eq(lines(), 1);
	enter("root/a", "bob");
	ck_assert_uint_eq(list().n, 2);
}
END_TEST

START_TEST(what_is_no_line_is_nobody)
{
	enter("root/a", NULL);
	ck_assert_int_eq(symlinkat("nonsense", scratch.dir, ".containers/1-1"), 0);
	ck_assert_int_eq(symlinkat("1 - 5:x /root/a", scratch.dir, ".containers/1-2"), 0);
	ck_assert_int_eq(symlinkat("1 - 5:5 root/a", scratch.dir, ".containers/1-3"), 0);
	scratch_mkdir(&scratch, ".containers/1-4");
	ck_assert_uint_eq(list().n, 1);
}
END_TEST

/* Its paths say nothing here, and no process is left by which they could be followed. */
START_TEST(what_another_mount_namespace_has_is_listed_and_not_swept)
{
	struct bw_registry registry;

	ck_assert_int_eq(mkdirat(scratch.dir, ".containers", 0700), 0);
	ck_assert_int_eq(symlinkat("1 ann 7:8 /nowhere/root/a", scratch.dir, ".containers/7-8"), 0);
	registry = list();
	ck_assert_uint_eq(registry.n, 1);
	ck_assert_ptr_null(registry.v[0].prefix);
	ck_assert_str_eq(registry.v[0].root, "/nowhere/root");
	ck_assert_uint_eq(lines(), 1);
}
END_TEST

/* A process with a mount namespace of its own, and two containers in it. */
static pid_t live_elsewhere(void)
{
	char path[300], said = 'n';
	int told[2];
	pid_t pid;

	snprintf(path, sizeof path, "%s/root", scratch.path);
	ck_assert_int_eq(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("tmpfs", path, "tmpfs", 0, NULL) < 0)
			_exit(1);
		/* By the descriptor of before, the mount would not be seen. */
		scratch.dir = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		enter("root/a", "ann");
		enter("root/b", "ann");
		(void)!write(told[1], "y", 1);
		pause();
		_exit(0);
	}
	close(told[1]);
	(void)!read(told[0], &said, 1);
	close(told[0]);
	if (said == 'y')
		return pid;
	waitpid(pid, NULL, 0);
	return 0;
}

/* One text for both: it was looked for once. */
START_TEST(who_leads_to_another_mount_namespace_is_looked_for_once)
{
	struct bw_registry registry;
	pid_t pid = live_elsewhere();
	char prefix[64];

	if (!pid)
		return;
	snprintf(prefix, sizeof prefix, "/proc/%d/root", (int)pid);
	registry = list();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_uint_eq(registry.n, 2);
	ck_assert_str_eq(registry.v[0].prefix, prefix);
	ck_assert_ptr_eq(registry.v[0].prefix, registry.v[1].prefix);
	registry = list();
	ck_assert_uint_eq(registry.n, 2);
	ck_assert_ptr_null(registry.v[0].prefix);
}
END_TEST

static void churn(void)
{
	for (;;) {
		auto_close int dir = make("root/k");

		if (bw_registry_enter(scratch.dir, dir, "k", &err) < 0)
			_exit(1);
		(void)unlinkat(scratch.dir, "root/k", AT_REMOVEDIR);
		if (bw_registry_strike(scratch.dir, dir, &err) < 0)
			_exit(1);
	}
}

START_TEST(a_kill_at_any_moment_leaves_nothing_to_be_repaired)
{
	enter("root/other", "other");
	for (int i = 0; i < 100; i++) {
		struct bw_registry registry;
		int status;
		pid_t pid = fork();

		if (pid == 0)
			churn();
		usleep(1000U + (unsigned)(i * 7919) % 1500U);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		ck_assert(WIFSIGNALED(status));
		registry = list();
		ck_assert_uint_le(registry.n, 2);
		ck_assert_uint_eq(lines(), registry.n);
		/* Whoever comes next finds no trace of it. */
		enter("root/k", "next");
		ck_assert_uint_eq(list().n, 2);
		(void)unlinkat(scratch.dir, "root/k", AT_REMOVEDIR);
	}
	ck_assert_uint_eq(list().n, 1);
}
END_TEST

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Who reads may take away only what counts for nothing, however fast inodes come round. For so long, not so often: two who
 * do nothing but read leave a busy machine little time for a third. */
START_TEST(readers_take_nothing_from_those_who_enter)
{
	const int64_t end = now_ms() + 2000;
	pid_t pids[2];
	bool missing = false;

	for (size_t i = 0; i < BW_COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			for (;;)
				(void)list();
	}
	for (int i = 0; i < 2000 && now_ms() < end; i++) {
		auto_close int dir = make("root/k");
		struct stat st;
		char name[64];

		ck_assert_int_eq(bw_registry_enter(scratch.dir, dir, "k", &err), 0);
		sched_yield();
		fstat(dir, &st);
		snprintf(name, sizeof name, ".containers/%llx-%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
		missing = missing || faccessat(scratch.dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
		(void)unlinkat(scratch.dir, "root/k", AT_REMOVEDIR);
	}
	for (size_t i = 0; i < BW_COUNT(pids); i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	ck_assert(!missing);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("registry");
	TCase *t = tcase_create("registry");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_container_is_listed_with_its_root_and_tenant);
	tcase_add_test(t, one_of_nobody_has_no_tenant);
	tcase_add_test(t, who_enters_again_is_listed_once);
	tcase_add_test(t, who_is_struck_is_listed_no_more);
	tcase_add_test(t, what_has_no_directory_counts_for_nothing_and_is_swept);
	tcase_add_test(t, what_is_no_line_is_nobody);
	tcase_add_test(t, what_another_mount_namespace_has_is_listed_and_not_swept);
	tcase_add_test(t, who_leads_to_another_mount_namespace_is_looked_for_once);
	tcase_add_test(t, a_kill_at_any_moment_leaves_nothing_to_be_repaired);
	tcase_add_test(t, readers_take_nothing_from_those_who_enter);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
