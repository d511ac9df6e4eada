/* SPDX-License-Identifier: Apache-2.0 */
/* test_copy_up.c - a directory tree, copied: all that is told of it, nothing that it only leads to, and never the bytes
 * of one file with the mode of another. What is mounted below is tests/root/mounts.sh's. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/copy_up.h"
#include "scratch.h"

enum { ROUNDS = 3000, TOO_DEEP = 70 };

static struct scratch scratch;
static int from, to;

static void setup(void)
{
	scratch_make(&scratch);
	scratch_mkdir(&scratch, "from");
	scratch_mkdir(&scratch, "to");
	from = openat(scratch.dir, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = openat(scratch.dir, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
	close(from);
	close(to);
	scratch_remove(&scratch);
}

static const char *text_of(const char *name)
{
	static char text[64];
	int fd = openat(scratch.dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	memset(text, 0, sizeof text);
	ck_assert_msg(fd >= 0, "%s", name);
	len = read(fd, text, sizeof text - 1);
	ck_assert_msg(len >= 0, "%s", name);
	close(fd);
	return text;
}

START_TEST(files_directories_links_and_pipes_are_copied)
{
	const struct timespec times[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	char target[64] = "";
	struct stat st;

	scratch_mkdir(&scratch, "from/deep");
	scratch_write(&scratch, "from/deep/file", "text", 0640);
	ck_assert_int_eq(utimensat(scratch.dir, "from/deep/file", times, 0), 0);
	ck_assert_int_eq(fchmodat(scratch.dir, "from/deep", 0711, 0), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", from, "link"), 0);
	ck_assert_int_eq(mkfifoat(from, "pipe", 0604), 0);
	ck_assert_int_eq(bw_copy_up(from, to, false), 0);
	ck_assert_str_eq(text_of("to/deep/file"), "text");
	ck_assert_int_eq(fstatat(to, "deep/file", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	ck_assert_int_eq(fstatat(to, "deep", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0711);
	ck_assert_int_gt(readlinkat(to, "link", target, sizeof target - 1), 0);
	ck_assert_str_eq(target, "/etc/passwd");
	ck_assert_int_eq(fstatat(to, "pipe", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0604);
}
END_TEST

START_TEST(the_directory_itself_gets_its_times)
{
	const struct timespec times[] = {{.tv_sec = 1000000001}, {.tv_sec = 1000000000}};
	struct stat st;

	scratch_write(&scratch, "from/file", "text", 0644);
	ck_assert_int_eq(utimensat(scratch.dir, "from", times, 0), 0);
	ck_assert_int_eq(bw_copy_up(from, to, false), 0);
	ck_assert_int_eq(fstat(to, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
}
END_TEST

START_TEST(what_is_too_deep_is_refused)
{
	int dir = dup(from);

	for (int i = 0; i < TOO_DEEP; i++) {
		int next;

		ck_assert_int_eq(mkdirat(dir, "d", 0755), 0);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = next;
	}
	close(dir);
	ck_assert_int_eq(bw_copy_up(from, to, false), -BW_COPY_UP_TOO_DEEP);
}
END_TEST

START_TEST(a_name_that_is_there_already_is_refused)
{
	scratch_write(&scratch, "from/file", "image", 0644);
	scratch_write(&scratch, "to/file", "other", 0644);
	ck_assert_int_eq(bw_copy_up(from, to, false), -EEXIST);
	ck_assert_str_eq(text_of("to/file"), "other");
}
END_TEST

/* Two files change places all the time; each has a mode of its own. */
static pid_t exchange_for_ever(void)
{
	pid_t pid = fork();

	/* A test that fails must not leave it behind. */
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pid == 0)
		renameat2(from, "private", from, "public", RENAME_EXCHANGE);
	return pid;
}

START_TEST(no_file_gets_the_mode_of_another)
{
	static const char *const names[] = {"private", "public"};
	struct stat st;
	pid_t pid;

	scratch_write(&scratch, "from/private", "private", 0600);
	scratch_write(&scratch, "from/public", "public", 0644);
	pid = exchange_for_ever();
	for (int i = 0; i < ROUNDS; i++) {
		int r = bw_copy_up(from, to, false);

		ck_assert_msg(r == 0 || r == -ESTALE, "%s", strerror(-r));
		for (size_t k = 0; k < BW_COUNT(names); k++) {
			char name[32];

			snprintf(name, sizeof name, "to/%s", names[k]);
			if (r == 0 && fstatat(scratch.dir, name, &st, 0) == 0)
				ck_assert_uint_eq(st.st_mode & 07777, bw_streq(text_of(name), "private") ? 0600 : 0644);
			unlinkat(scratch.dir, name, 0);
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("copy_up");
	TCase *t = tcase_create("copy_up");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, files_directories_links_and_pipes_are_copied);
	tcase_add_test(t, the_directory_itself_gets_its_times);
	tcase_add_test(t, what_is_too_deep_is_refused);
	tcase_add_test(t, a_name_that_is_there_already_is_refused);
	tcase_add_test(t, no_file_gets_the_mode_of_another);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
