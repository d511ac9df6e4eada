/* SPDX-License-Identifier: Apache-2.0 */
/* test_diagnose.c - what is said of a program that could not be executed: every cause that is known, and nothing
 * where it would be a guess, or where looking would be dangerous. */
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/diagnose.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_spec spec;
static struct bw_spec_process process;
static struct bw_spec_user user;
static struct bw_scene scene;
static char *args[2], *env[1];
static char said[320];

/* A program of the machine, with a segment that names its loader (NULL: none). */
static void write_elf(const char *name, unsigned machine, const char *loader)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr segment;
		char loader[64];
	} file = {0};
	int fd = openat(scratch.dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	file.head.e_ident[EI_DATA] = ELFDATA2LSB;
	file.head.e_machine = (uint16_t)machine;
	file.head.e_phoff = sizeof file.head;
	file.head.e_phentsize = sizeof file.segment;
	file.head.e_phnum = 1;
	file.segment.p_type = loader ? PT_INTERP : PT_LOAD;
	file.segment.p_offset = offsetof(typeof(file), loader);
	file.segment.p_filesz = loader ? strlen(loader) + 1 : 0;
	if (loader)
		strcpy(file.loader, loader);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	ck_assert_int_eq(bw_write_all(fd, &file, sizeof file), 0);
	close(fd);
}

static void setup(void)
{
	static char path[] = "PATH=/none:/bin";

	scratch_make(&scratch);
	scratch_mkdir(&scratch, "bin");
	scratch_mkdir(&scratch, "mnt");
	env[0] = path;
	user = (struct bw_spec_user){.uid = {true, 1001}, .gid = {true, 1001}};
	process = (struct bw_spec_process){.user = &user, .args = {args, 1}, .env = {env, 1}};
	spec = (struct bw_spec){.process = &process};
	scene = (struct bw_scene){.root = scratch.dir, .spec = &spec, .bundle = "/", .process = &process};
}

static void teardown(void)
{
	scratch_remove(&scratch);
}

static const char *why(const char *name, int sys)
{
	args[0] = (char *)(uintptr_t)name;
	bw_diagnose_program(&scene, sys, said, sizeof said);
	return said;
}

START_TEST(an_interpreter_that_is_missing_is_named)
{
	scratch_write(&scratch, "bin/a", "#!/nope -e\n", 0755);
	ck_assert_str_eq(why("/bin/a", ENOENT), "its interpreter \"/nope\" (line 1) is not in the image");
	ck_assert_str_eq(why("a", ENOENT), "its interpreter \"/nope\" (line 1) is not in the image");
	scratch_write(&scratch, "bin/a", "#! \t/bin/a/x", 0755);
	ck_assert_str_eq(why("/bin/a", ENOENT), "its interpreter \"/bin/a/x\" (line 1) is not in the image");
	scratch_write(&scratch, "bin/b", "#!/bin/a\n", 0755);
	ck_assert_str_eq(why("/bin/b", ENOENT),
		"its interpreter \"/bin/a\": its interpreter \"/bin/a/x\" (line 1) is not in the image");
}
END_TEST

START_TEST(a_carriage_return_is_seen)
{
	scratch_write(&scratch, "bin/sh", "", 0755);
	scratch_write(&scratch, "bin/a", "#!/bin/sh\r\n", 0755);
	ck_assert_str_eq(why("/bin/a", ENOENT),
		"line 1 ends with a carriage return (Windows line endings), so its interpreter would be \"/bin/sh\\r\"");
}
END_TEST

START_TEST(a_loader_that_is_missing_is_named)
{
	write_elf("bin/a", EM_X86_64, "/lib/ld.so");
	ck_assert_str_eq(why("/bin/a", ENOENT), "its loader \"/lib/ld.so\" is not in the image");
	scratch_write(&scratch, "bin/b", "#!/bin/a\n", 0755);
	ck_assert_str_eq(
		why("/bin/b", ENOENT), "its interpreter \"/bin/a\": its loader \"/lib/ld.so\" is not in the image");
	scratch_mkdir(&scratch, "lib");
	scratch_write(&scratch, "lib/ld.so", "", 0755);
	ck_assert_str_eq(why("/bin/a", ENOENT), "");
}
END_TEST

START_TEST(another_machine_is_named)
{
	struct utsname host;
	char text[200];

	uname(&host);
	write_elf("bin/a", EM_S390, NULL);
	snprintf(text, sizeof text,
		"the file is a program for s390x, this host is %s and has no binfmt_misc handler for it", host.machine);
	ck_assert_str_eq(why("/bin/a", ENOEXEC), text);
	scratch_write(&scratch, "bin/b", "#!/bin/a\n", 0755);
	ck_assert_ptr_nonnull(bw_after_prefix(
		why("/bin/b", ENOEXEC), "its interpreter \"/bin/a\": the file is a program for s390x"));
	write_elf("bin/a", 0xfeed, NULL);
	ck_assert_ptr_nonnull(bw_after_prefix(why("/bin/a", ENOEXEC), "the file is a program for ELF machine 65261"));
}
END_TEST

START_TEST(text_and_emptiness_are_no_programs)
{
	scratch_write(&scratch, "bin/a", "echo hello\n", 0755);
	ck_assert_str_eq(why("/bin/a", ENOEXEC), "the file is text without \"#!\" in its first line");
	scratch_write(&scratch, "bin/a", "", 0755);
	ck_assert_str_eq(why("/bin/a", ENOEXEC), "the file is empty");
}
END_TEST

START_TEST(who_may_not_execute_it_is_told)
{
	char text[200];

	scratch_write(&scratch, "bin/a", "x", 0644);
	ck_assert_str_eq(why("/bin/a", EACCES), "mode 0644 has no x bit");
	ck_assert_str_eq(why("a", EACCES), "mode 0644 has no x bit");
	scratch_write(&scratch, "bin/a", "x", 0700);
	snprintf(text, sizeof text, "mode 0700 of user %u and group %u does not let user 1001 execute it", geteuid(),
		getegid());
	if (geteuid() != 1001)
		ck_assert_str_eq(why("/bin/a", EACCES), text);
	ck_assert_str_eq(why("/bin", EACCES), "it is no file but a directory");
	scratch_write(&scratch, "bin/b", "#!/bin/i\n", 0755);
	scratch_write(&scratch, "bin/i", "x", 0600);
	ck_assert_str_eq(why("/bin/b", EACCES), "its interpreter \"/bin/i\": mode 0600 has no x bit");
	scratch_write(&scratch, "bin/i", "x", 0755);
	ck_assert_str_eq(why("/bin/b", EACCES), "");
}
END_TEST

START_TEST(a_list_of_programs_is_named_where_nothing_else_is_wrong)
{
	static char bind[] = "bind", noexec[] = "noexec", destination[] = "/mnt";
	char *options[] = {bind, noexec}, source[300];
	struct bw_spec_mount mount = {.destination = destination, .options = {options, 2}, .source = source};

	scratch_write(&scratch, "bin/a", "x", 0755);
	ck_assert_str_eq(why("/bin/a", EACCES), "");
	scene.listed = true;
	ck_assert_str_eq(why("/bin/a", EACCES),
		"Direct shell access denied: it, or the interpreter that it names, is not among the programs that the policy allows "
		"(programs.allow)");
	ck_assert_str_eq(why("/bin/a", ENOENT), "");
	scratch_write(&scratch, "bin/b", "x", 0600);
	ck_assert_str_eq(why("/bin/b", EACCES), "mode 0600 has no x bit");
	snprintf(source, sizeof source, "%s/bin", scratch.path);
	spec.mounts.v = &mount;
	spec.mounts.n = 1;
	ck_assert_str_eq(why("/mnt/a", EACCES),
		"Direct shell access denied: it is not among the programs that the policy allows (programs.allow)");
}
END_TEST

/* What the spec mounts covers the rootfs: what lies beneath it there is not what the container saw. */
START_TEST(mounts_of_the_spec_are_looked_through)
{
	static char bind[] = "rbind", noexec[] = "noexec", destination[] = "/mnt", type[] = "tmpfs";
	char *options[] = {bind, noexec}, source[300];
	struct bw_spec_mount mount = {.destination = destination, .options = {options, 1}, .source = source};

	snprintf(source, sizeof source, "%s/bin", scratch.path);
	spec.mounts.v = &mount;
	spec.mounts.n = 1;
	scratch_write(&scratch, "bin/a", "#!/nope\n", 0755);
	ck_assert_str_eq(why("/mnt/a", ENOENT), "its interpreter \"/nope\" (line 1) is not in the image");
	mount.options.n = 2;
	ck_assert_str_eq(why("/mnt/a", EACCES), "it lies on a mount that is noexec");
	/* A file system of its own: we cannot see into it, and the rootfs's file is not it. */
	scratch_write(&scratch, "mnt/a", "#!/nope\n", 0755);
	mount.type = type;
	mount.options.n = 0;
	ck_assert_str_eq(why("/mnt/a", ENOENT), "");
	/* Nor by way of a link. */
	scratch_link(&scratch, "way", "/mnt");
	ck_assert_str_eq(why("/way/a", ENOENT), "");
	/* Nor the loader of a program that we can see. */
	scratch_write(&scratch, "bin/b", "#!/mnt/i\n", 0755);
	ck_assert_str_eq(why("/bin/b", ENOENT), "");
	/* In the path it may have been found first. */
	strcpy(env[0], "PATH=/mnt:/bin");
	ck_assert_str_eq(why("b", EACCES), "");
	strcpy(env[0], "PATH=/none:/bin");
}
END_TEST

START_TEST(a_hostile_tree_leads_nowhere)
{
	char head[5000];

	/* Out of the tree by links: /etc/passwd would be text. */
	scratch_link(&scratch, "bin/out", "../../../../../../../../etc/passwd");
	ck_assert_str_eq(why("/bin/out", ENOEXEC), "");
	scratch_link(&scratch, "bin/magic", "/proc/self/exe");
	ck_assert_str_eq(why("/bin/magic", ENOEXEC), "");
	/* What would wait for us, or do something when it is opened. */
	ck_assert_int_eq(mkfifoat(scratch.dir, "bin/fifo", 0755), 0);
	ck_assert_str_eq(why("/bin/fifo", ENOEXEC), "");
	ck_assert_str_eq(why("/bin/fifo", EACCES), "it is no regular file");
	/* A name without an end, one of control characters, a circle. */
	memset(head, 'x', sizeof head);
	memcpy(head, "#!/", 3);
	head[sizeof head - 1] = '\0';
	scratch_write(&scratch, "bin/long", head, 0755);
	ck_assert_uint_lt(strlen(why("/bin/long", ENOENT)), sizeof said);
	scratch_write(&scratch, "bin/odd", "#!/\x1b[2J\xff\n", 0755);
	ck_assert_str_eq(why("/bin/odd", ENOENT), "its interpreter \"/?[2J?\" (line 1) is not in the image");
	scratch_write(&scratch, "bin/circle", "#!/bin/circle\n", 0755);
	ck_assert_str_eq(why("/bin/circle", ENOENT), "");
	/* A damaged head: segments outside of what is read, a loader without end. */
	write_elf("bin/elf", EM_X86_64, "/l");
	for (size_t at = 16; at < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); at++) {
		auto_close int fd = openat(scratch.dir, "bin/elf", O_RDWR | O_CLOEXEC);

		ck_assert_int_eq((int)pwrite(fd, "\xff", 1, (off_t)at), 1);
		(void)why("/bin/elf", ENOENT);
		(void)why("/bin/elf", ENOEXEC);
	}
}
END_TEST

START_TEST(without_a_root_nothing_is_said)
{
	scratch_write(&scratch, "bin/a", "#!/nope\n", 0755);
	scene.root = -1;
	ck_assert_str_eq(why("/bin/a", ENOENT), "");
	ck_assert_str_eq(
		why("/bin/a", E2BIG), "arguments and environment together are larger than the kernel takes");
	scene.root = scratch.dir;
	process.args.n = 0;
	ck_assert_str_eq(why("/bin/a", ENOENT), "");
	process.args.n = 1;
	ck_assert_str_eq(why("/bin/missing", ENOENT), "");
	ck_assert_str_eq(why("/bin/a", EPERM), "");
}
END_TEST

/* docker and podman make 126 or 127 of these words: what is added must not change what they make of the errno. */
START_TEST(what_is_added_has_no_words_that_engines_map)
{
	static const char *const words[] = {"no such file", "permission denied", "not permitted", "is a directory",
		"not a directory", "not found", "does not exist", "format error"};
	static const int errors[] = {ENOENT, EACCES, ENOEXEC, E2BIG};
	static const char *const names[] = {"/bin/a", "/bin/b", "/bin/c", "/bin/d", "/bin/e", "/bin"};
	size_t some = 0;

	scratch_write(&scratch, "bin/a", "#!/nope\n", 0755);
	scratch_write(&scratch, "bin/b", "#!/bin/sh\r\n", 0755);
	scratch_write(&scratch, "bin/c", "text\n", 0644);
	write_elf("bin/d", EM_S390, "/lib/ld.so");
	scratch_write(&scratch, "bin/e", "", 0700);
	for (size_t i = 0; i < BW_COUNT(names) * BW_COUNT(errors); i++) {
		const char *text = why(names[i / BW_COUNT(errors)], errors[i % BW_COUNT(errors)]);

		some += *text != '\0';
		for (size_t k = 0; k < BW_COUNT(words); k++)
			ck_assert_msg(!strcasestr(text, words[k]), "\"%s\" has \"%s\"", text, words[k]);
	}
	ck_assert_uint_ge(some, 12);
}
END_TEST

START_TEST(a_look_up_says_it_in_the_sentence_and_execve_beside_it)
{
	struct bw_err err = {0};

	scratch_write(&scratch, "bin/a", "x", 0644);
	args[0] = (char *)(uintptr_t) "/bin/a";
	bw_fail(&err, BW_E_SPEC, EACCES, "exec: \"/bin/a\"");
	bw_diagnose_step(&scene, "program: look up /bin/a", EACCES, &err);
	ck_assert_str_eq(err.text, "exec: \"/bin/a\": permission denied: mode 0644 has no x bit");
	bw_fail(&err, BW_E_PROGRAM, EACCES, "exec /bin/a");
	bw_diagnose_step(&scene, "program: execve /bin/a", EACCES, &err);
	ck_assert_str_eq(err.text, "exec /bin/a: permission denied");
	ck_assert_str_eq(err.hint, "mode 0644 has no x bit");
	bw_fail(&err, BW_E_KERNEL, EACCES, "mounts");
	bw_diagnose_step(&scene, "mounts: bind on /bin", EACCES, &err);
	ck_assert_str_eq(err.text, "mounts: permission denied");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("diagnose");
	TCase *tc = tcase_create("program");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_interpreter_that_is_missing_is_named);
	tcase_add_test(tc, a_carriage_return_is_seen);
	tcase_add_test(tc, a_loader_that_is_missing_is_named);
	tcase_add_test(tc, another_machine_is_named);
	tcase_add_test(tc, text_and_emptiness_are_no_programs);
	tcase_add_test(tc, who_may_not_execute_it_is_told);
	tcase_add_test(tc, a_list_of_programs_is_named_where_nothing_else_is_wrong);
	tcase_add_test(tc, mounts_of_the_spec_are_looked_through);
	tcase_add_test(tc, a_hostile_tree_leads_nowhere);
	tcase_add_test(tc, without_a_root_nothing_is_said);
	tcase_add_test(tc, what_is_added_has_no_words_that_engines_map);
	tcase_add_test(tc, a_look_up_says_it_in_the_sentence_and_execve_beside_it);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
