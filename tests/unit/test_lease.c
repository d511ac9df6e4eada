/* SPDX-License-Identifier: Apache-2.0 */
/* test_lease.c - numbers that containers hold: no two keys have the same one, whoever races and whoever is killed. */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/lease.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_err err;

static void setup(void)
{
	err = (struct bw_err){0};
	scratch_make(&scratch);
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

/* What the container with this directory is called. */
static const char *of(const char *name)
{
	static char names[4][BW_LEASE_NAME];
	static unsigned turn;
	char *ret = names[turn++ % BW_COUNT(names)];
	auto_close int dir = openat(scratch.dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || bw_lease_name(dir, ret, &err) < 0)
		snprintf(ret, BW_LEASE_NAME, "0:0 %s/%s", scratch.path, name);
	return ret;
}

/* For processes of the tests' own: what they assert goes to the pipe that Check reads of one process only, and one that
 * is killed leaves half a message there. UINT32_MAX when it fails. */
static uint32_t quietly_take(const char *key, const char *name, uint32_t count, uint32_t start)
{
	uint32_t n = UINT32_MAX;

	(void)!mkdirat(scratch.dir, name, 0700);
	return bw_lease_take(scratch.dir, "kind", key, of(name), count, start, &n, &err) == 0 ? n : UINT32_MAX;
}

/* A container's directory, and what it takes. */
static uint32_t take(const char *key, const char *name, uint32_t count, uint32_t start)
{
	uint32_t n = quietly_take(key, name, count, start);

	ck_assert_msg(n != UINT32_MAX, "%s", err.text);
	return n;
}

static void take_away(const char *name)
{
	ck_assert_int_eq(unlinkat(scratch.dir, name, AT_REMOVEDIR), 0);
}

static void give_back(const char *name)
{
	ck_assert_msg(bw_lease_release(scratch.dir, "kind", of(name), &err) == 0, "%s", err.text);
}

/* Entries of the store whose name begins like that. */
static unsigned entries(const char *prefix)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	unsigned n = 0;
	int fd = openat(scratch.dir, ".leases/kind", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' && bw_after_prefix(entry->d_name, prefix);
	return n;
}

static void expect_exhausted(const char *key, const char *name, uint32_t count)
{
	uint32_t n = 77;

	(void)!mkdirat(scratch.dir, name, 0700);
	ck_assert_int_eq(bw_lease_take(scratch.dir, "kind", key, of(name), count, 0, &n, &err), -1);
	ck_assert_int_eq(err.code, BW_E_HOST);
	ck_assert_str_eq(err.text, "all 2 numbers of kind kind from 0 on are held by containers");
	ck_assert_int_eq(n, 77);
	err = (struct bw_err){0};
}

START_TEST(the_search_begins_at_start_and_goes_round)
{
	ck_assert_uint_eq(take("a", "a", 4, 2), 2);
	ck_assert_uint_eq(take("b", "b", 4, 2), 3);
	ck_assert_uint_eq(take("c", "c", 4, 2), 0);
	ck_assert_uint_eq(take("d", "d", 4, 4000000003U), 1);
}
END_TEST

START_TEST(a_key_has_one_number_however_many_containers_it_has)
{
	ck_assert_uint_eq(take("tenant", "a", 8, 5), 5);
	ck_assert_uint_eq(take("tenant", "b", 8, 1), 5);
	ck_assert_uint_eq(take("tenant", "a", 8, 3), 5);
	ck_assert_uint_eq(take("other", "c", 8, 5), 6);
	give_back("a");
	ck_assert_uint_eq(take("another", "d", 8, 5), 7);
	ck_assert_uint_eq(take("tenant", "e", 8, 0), 5);
}
END_TEST

START_TEST(the_last_container_gives_the_number_back)
{
	take("tenant", "a", 2, 0);
	take("tenant", "b", 2, 0);
	take("other", "c", 2, 0);
	expect_exhausted("third", "d", 2);
	give_back("a");
	expect_exhausted("third", "d", 2);
	give_back("b");
	ck_assert_uint_eq(take("third", "d", 2, 1), 0);
	give_back("c");
	give_back("d");
	ck_assert_uint_eq(entries(""), 0);
}
END_TEST

START_TEST(nothing_to_give_back_is_no_error)
{
	give_back("nobody");
	take("a", "a", 2, 0);
	give_back("nobody");
	give_back("a");
	give_back("a");
	ck_assert_uint_eq(take("b", "b", 1, 0), 0);
}
END_TEST

START_TEST(a_number_is_taken_over_only_when_its_container_is_gone)
{
	take("a", "a", 2, 0);
	take("b", "b", 2, 0);
	expect_exhausted("c", "c", 2);
	take_away("b");
	ck_assert_uint_eq(take("c", "c", 2, 0), 1);
	/* The links of the one that is gone went with it. */
	ck_assert_uint_eq(entries("c-"), 2);
	ck_assert_uint_eq(entries("k-"), 2);
	ck_assert_uint_eq(take("a", "a", 2, 1), 0);
}
END_TEST

START_TEST(a_shared_number_lives_as_long_as_one_container)
{
	take("tenant", "a", 1, 0);
	take("tenant", "b", 1, 0);
	take_away("a");
	ck_assert_uint_eq(take("tenant", "c", 1, 0), 0);
	ck_assert_uint_eq(entries("c-"), 2);
	give_back("c");
	ck_assert_uint_eq(entries("k-"), 1);
	take_away("b");
	ck_assert_uint_eq(take("next", "d", 1, 0), 0);
	ck_assert_uint_eq(entries("c-"), 1);
}
END_TEST

/* One of that name was killed and never deleted; its successor is another tenant's. */
START_TEST(a_container_holds_one_number)
{
	take("old", "a", 2, 0);
	ck_assert_uint_eq(take("new", "a", 2, 1), 1);
	ck_assert_uint_eq(take("third", "b", 2, 0), 0);
	give_back("a");
	ck_assert_uint_eq(take("fourth", "c", 2, 0), 1);
}
END_TEST

START_TEST(numbers_lie_where_they_are_asked_for)
{
	uint32_t n = 0;

	scratch_mkdir(&scratch, "a");
	scratch_mkdir(&scratch, "b");
	ck_assert_int_eq(bw_lease_take_from(scratch.dir, "kind", "a", of("a"), 28672, 2, 7, &n, &err), 0);
	ck_assert_uint_eq(n, 28673);
	ck_assert_int_eq(bw_lease_take_from(scratch.dir, "kind", "b", of("b"), 28673, 2, 0, &n, &err), 0);
	ck_assert_uint_eq(n, 28674);
	/* The policy has other numbers now: the old one is given back. */
	ck_assert_int_eq(bw_lease_take_from(scratch.dir, "kind", "a", of("a"), 5, 1, 0, &n, &err), 0);
	ck_assert_uint_eq(n, 5);
	ck_assert_uint_eq(entries("28673"), 0);
}
END_TEST

START_TEST(kinds_are_apart)
{
	uint32_t n = 9;

	take("a", "a", 1, 0);
	ck_assert_int_eq(bw_lease_take(scratch.dir, "other", "b", of("a"), 1, 0, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(bw_lease_release(scratch.dir, "other", of("a"), &err), 0);
	ck_assert_uint_eq(take("a", "a", 1, 0), 0);
}
END_TEST

/* In another mount namespace the path of a container that lives may lead nowhere. */
START_TEST(what_another_mount_namespace_holds_is_not_judged)
{
	take("a", "a", 2, 0);
	scratch_write(&scratch, ".leases/kind/0", "a\n1 7:8 /nowhere/a\n", 0600);
	ck_assert_uint_eq(take("b", "b", 2, 0), 1);
	expect_exhausted("c", "c", 2);
	ck_assert_int_eq(bw_lease_release(scratch.dir, "kind", "7:8 /nowhere/a", &err), 0);
}
END_TEST

/* Two mount namespaces can have a directory each at one path: neither container has, or gives back, what is the other's. */
START_TEST(one_path_can_be_two_containers)
{
	char first[BW_LEASE_NAME], text[2 * BW_LEASE_NAME + 8];
	uint32_t n = 9;

	scratch_mkdir(&scratch, "a");
	snprintf(first, sizeof first, "%s", of("a"));
	ck_assert_int_eq(bw_lease_take(scratch.dir, "kind", first, first, 2, 0, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(renameat(scratch.dir, "a", scratch.dir, "first"), 0);
	scratch_mkdir(&scratch, "a");
	snprintf(text, sizeof text, "%s\n1 %s\n", first, first);
	scratch_write(&scratch, ".leases/kind/0", text, 0600);
	ck_assert_int_eq(bw_lease_take(scratch.dir, "kind", of("a"), of("a"), 2, 0, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
	give_back("a");
	ck_assert_uint_eq(take("b", "b", 2, 0), 1);
	expect_exhausted("c", "c", 2);
}
END_TEST

/* A directory that was removed by hand, and one that took its place. */
START_TEST(a_directory_made_anew_is_another_container)
{
	char first[BW_LEASE_NAME];

	scratch_mkdir(&scratch, "a");
	snprintf(first, sizeof first, "%s", of("a"));
	take("old", "a", 2, 0);
	ck_assert_int_eq(renameat(scratch.dir, "a", scratch.dir, "aside"), 0);
	ck_assert_uint_eq(take("new", "a", 2, 1), 1);
	ck_assert_str_ne(of("a"), first);
	ck_assert_uint_eq(take("third", "b", 2, 0), 0);
}
END_TEST

/* What a kill leaves between two steps: links whose file is missing or says something else. */
START_TEST(a_link_counts_only_when_the_file_says_the_same)
{
	take("a", "a", 2, 0);
	ck_assert_int_eq(unlinkat(scratch.dir, ".leases/kind/0", 0), 0);
	ck_assert_uint_eq(take("b", "b", 2, 0), 0);
	ck_assert_uint_eq(take("a", "a", 2, 0), 1);
	scratch_write(&scratch, ".leases/kind/0", "", 0600);
	give_back("b");
	ck_assert_uint_eq(take("b", "b", 2, 0), 0);
	ck_assert_uint_eq(take("a", "c", 2, 0), 1);
}
END_TEST

START_TEST(names_are_lines)
{
	uint32_t n;

	ck_assert_int_eq(bw_lease_take(scratch.dir, "kind", "a\nb", "/c", 1, 0, &n, &err), -1);
	ck_assert_str_eq(err.text, "a lease needs names without control characters");
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_lease_take(scratch.dir, "kind", "a", "/c\n1 /d", 1, 0, &n, &err), -1);
}
END_TEST

enum { RACERS = 24 };

START_TEST(racers_get_different_numbers)
{
	bool seen[RACERS] = {false};
	int pipes[2];
	uint32_t n;

	ck_assert_int_eq(pipe(pipes), 0);
	for (int i = 0; i < RACERS; i++) {
		if (fork() == 0) {
			char name[16];

			snprintf(name, sizeof name, "r%d", i);
			n = quietly_take(name, name, RACERS, 3);
			_exit(write(pipes[1], &n, sizeof n) != sizeof n);
		}
	}
	for (int i = 0; i < RACERS; i++) {
		ck_assert_int_eq(read(pipes[0], &n, sizeof n), sizeof n);
		ck_assert_uint_lt(n, RACERS);
		ck_assert(!seen[n]);
		seen[n] = true;
	}
	while (wait(NULL) > 0)
		;
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

/* Takes and gives back until it is killed. */
_Noreturn static void churn(const char *name)
{
	for (;;)
		if (quietly_take(name, name, 2, (uint32_t)getpid()) == UINT32_MAX ||
			bw_lease_release(scratch.dir, "kind", of(name), &err) < 0)
			_exit(1);
}

START_TEST(a_kill_at_any_moment_blocks_nobody)
{
	for (int i = 0; i < 150; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			churn("k");
		usleep(1000U + (unsigned)(i * 7919) % 1500U);
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		/* It has its directory still: what it has may not be given away. */
		(void)!mkdirat(scratch.dir, "k", 0700);
		ck_assert_uint_ne(take("k", "k", 2, 0), take("other", "other", 2, 0));
		if (i % 2)
			give_back("k");
		take_away("k");
		ck_assert_uint_ne(take("next", "next", 2, 0), take("other", "other", 2, 1));
		give_back("next");
		give_back("other");
		ck_assert_uint_eq(entries("0") + entries("1"), 0);
	}
	/* At most one link of the key, and one of each container that was killed in the middle of it. */
	ck_assert_uint_le(entries("k-"), 1);
	ck_assert_uint_le(entries("c-"), 150);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lease");
	TCase *t = tcase_create("lease");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, the_search_begins_at_start_and_goes_round);
	tcase_add_test(t, a_key_has_one_number_however_many_containers_it_has);
	tcase_add_test(t, the_last_container_gives_the_number_back);
	tcase_add_test(t, nothing_to_give_back_is_no_error);
	tcase_add_test(t, a_number_is_taken_over_only_when_its_container_is_gone);
	tcase_add_test(t, a_shared_number_lives_as_long_as_one_container);
	tcase_add_test(t, a_container_holds_one_number);
	tcase_add_test(t, numbers_lie_where_they_are_asked_for);
	tcase_add_test(t, kinds_are_apart);
	tcase_add_test(t, what_another_mount_namespace_holds_is_not_judged);
	tcase_add_test(t, one_path_can_be_two_containers);
	tcase_add_test(t, a_directory_made_anew_is_another_container);
	tcase_add_test(t, a_link_counts_only_when_the_file_says_the_same);
	tcase_add_test(t, names_are_lines);
	tcase_add_test(t, racers_get_different_numbers);
	tcase_add_test(t, a_kill_at_any_moment_blocks_nobody);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
