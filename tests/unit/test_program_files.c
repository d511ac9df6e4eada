/* SPDX-License-Identifier: Apache-2.0 */
/* test_program_files.c - what a list of programs finds in an image, which may be as hostile as it likes, and which
 * programs are refused for not being there. */
#include <check.h>
#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "container/program_files.h"
#include "json/schema.h"
#include "scratch.h"

static struct scratch scratch;
static struct bw_arena arena;
static struct bw_spec *spec;

/* A program for this machine with a segment of its own choice. */
struct image {
	Elf64_Ehdr head;
	Elf64_Phdr segments[2];
	char text[64];
};

static struct image program(const char *loader)
{
	struct image file = {0};

	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	file.head.e_ident[EI_DATA] = ELFDATA2LSB;
	file.head.e_phoff = offsetof(struct image, segments);
	file.head.e_phentsize = sizeof(Elf64_Phdr);
	file.head.e_phnum = 2;
	file.segments[0].p_type = PT_LOAD;
	file.segments[1].p_type = PT_INTERP;
	file.segments[1].p_offset = offsetof(struct image, text);
	file.segments[1].p_filesz = strlen(loader) + 1;
	strcpy(file.text, loader);
	return file;
}

static void write_image(const char *name, const struct image *file, size_t len)
{
	int fd = openat(scratch.dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bw_write_all(fd, file, len), 0);
	close(fd);
}

static void directories(const char *const *names)
{
	for (; *names; names++)
		scratch_mkdir(&scratch, *names);
}

static void setup(void)
{
	static const char *const names[] = {"usr", "usr/bin", "usr/lib", "usr/lib/x", "usr/local", "usr/local/bin",
		"usr/local/lib", "tmp", NULL};
	struct image file = program("/lib64/ld.so");

	scratch_make(&scratch);
	directories(names);
	scratch_link(&scratch, "bin", "usr/bin");
	scratch_link(&scratch, "lib", "usr/lib");
	scratch_link(&scratch, "lib64", "/usr/lib/x");
	scratch_write(&scratch, "usr/lib/x/ld.so", "ld", 0755);
	write_image("usr/bin/python3.11", &file, sizeof file);
	scratch_link(&scratch, "usr/bin/python3", "python3.11");
	scratch_write(&scratch, "usr/bin/sh", "shell", 0755);
}

static void teardown(void)
{
	scratch_remove(&scratch);
	bw_arena_done(&arena);
}

/* The stored spec of a container with these members of hardening.programs, of hardening and of mounts. */
static void container(const char *allow, const char *libraries, const char *hardening, const char *mounts)
{
	const char *text = bw_arena_printf(&arena,
		"{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"python3\"],\"env\":[\"PATH=/usr/bin\"]},\"mounts\":[%s],"
		"\"hardening\":{\"profile\":\"p\",\"programs\":{\"allow\":[%s],\"libraries\":[%s]}%s}}",
		mounts, allow, libraries, hardening);
	struct bw_json *tree = NULL;
	struct bw_err err = {0};
	void *object = NULL;

	ck_assert_msg(bw_json_parse(text, strlen(text), "spec", &arena, &tree, &err) == 0 &&
			      bw_schema_read(&bw_hardened_schema, tree, BW_E_SPEC, &arena, &object, NULL, &err) == 0,
		"%s", err.text);
	spec = object;
}

static const char *joined(const struct bw_strs *list)
{
	char *text = bw_arena_strdup(&arena, "");

	for (size_t i = 0; i < list->n; i++)
		text = bw_arena_printf(&arena, "%s%s%s", text, i ? " " : "", list->v[i]);
	return text;
}

static void finds(const char *files, const char *interpreters, const char *dirs)
{
	const struct bw_spec_programs *programs = spec->hardening->programs;
	struct bw_err err = {0};

	ck_assert_msg(bw_programs_find(scratch.dir, spec, &arena, &err) == 0, "%s", err.text);
	ck_assert_str_eq(joined(&programs->files), files);
	ck_assert_str_eq(joined(&programs->interpreters), interpreters);
	ck_assert_str_eq(joined(&programs->directories), dirs);
}

#define PYTHON	  "\"/bin/python*\",\"/usr/bin/python*\",\"/usr/local/bin/python*\""
#define LIBRARIES "\"/lib\",\"/usr/lib\",\"/usr/local/lib\",\"/usr/lib/x\""

START_TEST(links_are_followed_to_the_file_and_each_is_found_once)
{
	container(PYTHON, LIBRARIES, "", "");
	finds("/usr/bin/python3.11", "/usr/lib/x/ld.so", "/usr/lib /usr/local/lib");
}
END_TEST

START_TEST(a_link_to_what_is_not_listed_gives_nothing)
{
	scratch_link(&scratch, "usr/local/bin/python3", "/bin/sh");
	scratch_link(&scratch, "usr/local/bin/python4", "../../../../../../usr/bin/sh");
	scratch_link(&scratch, "usr/local/bin/python5", "python5");
	scratch_link(&scratch, "usr/local/bin/python6", "/proc/self/exe");
	ck_assert_int_eq(unlinkat(scratch.dir, "usr/local/lib", AT_REMOVEDIR), 0);
	scratch_link(&scratch, "usr/local/lib", "/tmp");
	container(PYTHON, LIBRARIES, "", "");
	finds("/usr/bin/python3.11", "/usr/lib/x/ld.so", "/usr/lib");
	/* Nor does the root itself, by whatever name. */
	ck_assert_int_eq(unlinkat(scratch.dir, "usr/local/lib", 0), 0);
	scratch_link(&scratch, "usr/local/lib", "/..");
	finds("/usr/bin/python3.11", "/usr/lib/x/ld.so", "/usr/lib");
}
END_TEST

START_TEST(only_regular_files_that_can_be_executed_count)
{
	scratch_mkdir(&scratch, "usr/local/bin/python3");
	ck_assert_int_eq(mkfifoat(scratch.dir, "usr/local/bin/python4", 0755), 0);
	scratch_write(&scratch, "usr/local/bin/python5", "x", 0644);
	scratch_write(&scratch, "usr/local/bin/python6", "#!/bin/sh\n", 0755);
	container(PYTHON, "", "", "");
	finds("/usr/bin/python3.11 /usr/local/bin/python6", "/usr/lib/x/ld.so", "");
}
END_TEST

START_TEST(a_star_in_a_directory_is_looked_up_too)
{
	scratch_mkdir(&scratch, "opt");
	scratch_mkdir(&scratch, "opt/a");
	scratch_mkdir(&scratch, "opt/a/bin");
	scratch_mkdir(&scratch, "opt/.hidden");
	scratch_write(&scratch, "opt/a/bin/node", "x", 0755);
	scratch_link(&scratch, "opt/b", "a");
	scratch_link(&scratch, "opt/c", "nowhere");
	container("\"/opt/*/bin/node\"", "\"/opt/*\"", "", "");
	finds("/opt/a/bin/node", "", "/opt/a");
}
END_TEST

/* Each changes a program of which the interpreter is known otherwise. */
static void no_magic(struct image *f) { f->head.e_ident[0] = 0; }
static void of_32_bits(struct image *f) { f->head.e_ident[EI_CLASS] = ELFCLASS32; }
static void of_another_order(struct image *f) { f->head.e_ident[EI_DATA] = ELFDATA2MSB; }
static void odd_size(struct image *f) { f->head.e_phentsize = 1; }
static void too_many(struct image *f) { f->head.e_phnum = 65535; }
static void none(struct image *f) { f->head.e_phnum = 0; }
static void table_far_away(struct image *f) { f->head.e_phoff = UINT64_MAX - 8; }
static void table_behind_the_end(struct image *f) { f->head.e_phoff = 1 << 20; }
static void text_far_away(struct image *f) { f->segments[1].p_offset = UINT64_MAX; }
static void text_behind_the_end(struct image *f) { f->segments[1].p_offset = 1 << 20; }
static void huge_text(struct image *f) { f->segments[1].p_filesz = UINT64_MAX; }
static void long_text(struct image *f) { f->segments[1].p_filesz = 4097; }
static void no_text(struct image *f) { f->segments[1].p_filesz = 0; }
static void one_byte(struct image *f) { f->segments[1].p_filesz = 1; }
static void no_end(struct image *f) { f->segments[1].p_filesz = 4; }
static void relative(struct image *f)
{
	strcpy(f->text, "lib64/ld.so");
	f->segments[1].p_filesz = 12;
}

static void missing(struct image *f)
{
	strcpy(f->text, "/nope/ld.so");
	f->segments[1].p_filesz = 12;
}

static void a_directory(struct image *f)
{
	strcpy(f->text, "/usr/lib");
	f->segments[1].p_filesz = 9;
}


static void (*const damages[])(struct image *) = {no_magic, of_32_bits, of_another_order, odd_size, too_many, none,
	table_far_away, table_behind_the_end, text_far_away, text_behind_the_end, huge_text, long_text, no_text, one_byte, no_end,
	relative, missing, a_directory};

START_TEST(a_damaged_program_has_no_interpreter)
{
	struct image file = program("/lib64/ld.so");

	damages[_i](&file);
	write_image("usr/bin/python3.11", &file, sizeof file);
	container(PYTHON, "", "", "");
	finds("/usr/bin/python3.11", "", "");
}
END_TEST

START_TEST(a_program_that_is_cut_anywhere_has_no_interpreter)
{
	struct image file = program("/lib64/ld.so");
	size_t whole = offsetof(struct image, text) + strlen(file.text) + 1;

	container(PYTHON, "", "", "");
	for (size_t len = 0; len < whole; len++) {
		write_image("usr/bin/python3.11", &file, len);
		finds("/usr/bin/python3.11", "", "");
	}
	write_image("usr/bin/python3.11", &file, whole);
	finds("/usr/bin/python3.11", "/usr/lib/x/ld.so", "");
}
END_TEST

START_TEST(more_than_anybody_needs_is_refused)
{
	struct bw_err err = {0};
	char name[64];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof name, "usr/local/bin/python%d", 1000 + i);
		scratch_write(&scratch, name, "x", 0755);
	}
	container(PYTHON, "", "", "");
	ck_assert_int_eq(bw_programs_find(scratch.dir, spec, &arena, &err), -1);
	ck_assert_str_eq(err.text, "the image has more than 256 files that programs.allow of the policy names");
	container("\"/usr/local/bin/python*\"", "", "", "");
	ck_assert_int_eq(bw_programs_find(scratch.dir, spec, &arena, &err), 0);
	ck_assert_uint_eq(spec->hardening->programs->files.n, 256);
}
END_TEST

#define INIT(dst, src, options)                                                                    \
	"{\"destination\":\"" dst "\",\"type\":\"bind\",\"source\":\"" src "\",\"options\":[" options "]}"

static const struct {
	const char *mount, *files;
} mounted[] = {
	{INIT("/bin/docker-init", "/usr/bin/docker-init", "\"bind\",\"ro\""), "/usr/bin/docker-init"},
	{INIT("/run/docker-init", "/usr/bin/docker-init", "\"bind\",\"ro\""), "/run/docker-init"},
	{INIT("/bin/docker-init", "/usr/bin/docker-init", "\"bind\",\"noexec\""), ""},
	{INIT("/bin/docker-init", "/srv/docker-init", "\"bind\""), ""},
	{INIT("/bin/docker-init", "/var/lib/x/hosts", "\"bind\""), ""},
	{INIT("/usr/bin/other", "/usr/bin/docker-init", "\"bind\""), ""},
	{INIT("/tmp/docker-init", "/usr/bin/docker-init", "\"bind\""), ""},
};

START_TEST(an_engines_init_is_a_program_where_it_is_mounted)
{
	scratch_link(&scratch, "tmp/docker-init", "/usr/bin/sh");
	container("\"/bin/docker-init\",\"/usr/bin/docker-init\",\"/run/docker-init\",\"/tmp/docker-init\"", "",
		",\"exceptedSources\":[\"/usr/bin/docker-init\",\"/var/lib/x/hosts\"]", mounted[_i].mount);
	finds(mounted[_i].files, "", "");
}
END_TEST

static const struct {
	const char *program, *path, *cwd, *says; /* NULL: not refused */
} asked[] = {
	{"python3", "/usr/bin", "/", NULL},
	{"python3", "/none:/usr/local/bin:/bin", "/", NULL},
	{"/bin/python3", "/usr/bin", "/", NULL},
	{"./python3", "", "/usr/bin", NULL},
	{"python3", "", "/usr/bin", NULL},
	{"bin/../bin/python3.11", "", "/usr/local/..", NULL},
	/* What is not there the look-up will say. */
	{"/usr/bin/python4", "", "/", NULL},
	{"node", "/usr/bin", "/", NULL},
	{"/usr/bin", "", "/", NULL},
	{"/bin/sh", "", "/", "\"/bin/sh\" leads to \"/usr/bin/sh\", which is not among the programs that profile \"p\" allows"},
	{"/usr/bin/sh", "", "/", "\"/usr/bin/sh\" is not among the programs that profile \"p\" allows"},
	{"sh", "/usr/bin", "/", "\"/usr/bin/sh\" is not among the programs"},
	{"python3", "/tmp:/usr/bin", "/", "\"/tmp/python3\" leads to \"/usr/bin/sh\", which"},
	{"../tmp/python3", "", "/usr", "\"../tmp/python3\" leads to \"/usr/bin/sh\", which"},
};

#define TMPFS(dst) "{\"destination\":\"" dst "\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"

static const struct {
	const char *mounts, *files, *interpreters, *directories;
} hiding[] = {
	{TMPFS("/usr/bin"), "/run/init", "", "/usr/lib"},
	{TMPFS("/bin/../bin"), "/run/init", "", "/usr/lib"},
	{INIT("/bin/python3.11", "/srv/sh", "\"bind\""), "/run/init", "", "/usr/lib"},
	{TMPFS("/lib64"), "/usr/bin/python3.11 /run/init", "", "/usr/lib"},
	{TMPFS("/usr/lib"), "/usr/bin/python3.11 /run/init", "", ""},
	{TMPFS("/usr/bin/python"), "/usr/bin/python3.11 /run/init", "/usr/lib/x/ld.so", "/usr/lib"},
	/* An init is what is mounted there, unless a later mount hides it again. */
	{TMPFS("/run") "," INIT("/run/init", "/usr/bin/init", "\"bind\""), "/usr/bin/python3.11 /run/init", "/usr/lib/x/ld.so", "/usr/lib"},
	{INIT("/run/init", "/usr/bin/init", "\"bind\"") "," TMPFS("/run"), "/usr/bin/python3.11", "/usr/lib/x/ld.so", "/usr/lib"},
};

START_TEST(what_a_mount_lies_over_is_not_the_images)
{
	scratch_mkdir(&scratch, "run");
	scratch_write(&scratch, "run/init", "init", 0755);
	container("\"/usr/bin/python*\",\"/run/init\"", "\"/usr/lib\",\"/usr/lib/x\"", ",\"exceptedSources\":[\"/usr/bin/init\"]",
		hiding[_i].mounts);
	finds(hiding[_i].files, hiding[_i].interpreters, hiding[_i].directories);
}
END_TEST

START_TEST(what_would_be_executed_must_be_among_the_files)
{
	struct bw_err err = {0};
	int r;

	scratch_link(&scratch, "tmp/python3", "/usr/bin/sh");
	container(PYTHON, "", "", "");
	finds("/usr/bin/python3.11", "/usr/lib/x/ld.so", "");
	spec->process->cwd = bw_arena_strdup(&arena, asked[_i].cwd);
	spec->process->args.v[0] = bw_arena_strdup(&arena, asked[_i].program);
	spec->process->env.v[0] = bw_arena_printf(&arena, "PATH=%s", asked[_i].path);
	r = bw_programs_check(scratch.dir, spec, spec->process, "programs", "/process/args/0", &err);
	ck_assert_int_eq(r, asked[_i].says ? -1 : 0);
	if (!asked[_i].says)
		return;
	ck_assert_int_eq(err.code, BW_E_DENIED);
	ck_assert_str_eq(err.rule, "programs");
	ck_assert_str_eq(err.field, "/process/args/0");
	ck_assert_ptr_nonnull(strstr(err.text, "Direct shell access denied: "));
	ck_assert_msg(strstr(err.text, asked[_i].says) != NULL, "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("program_files");
	TCase *tc = tcase_create("program_files");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, links_are_followed_to_the_file_and_each_is_found_once);
	tcase_add_test(tc, a_link_to_what_is_not_listed_gives_nothing);
	tcase_add_test(tc, only_regular_files_that_can_be_executed_count);
	tcase_add_test(tc, a_star_in_a_directory_is_looked_up_too);
	tcase_add_loop_test(tc, a_damaged_program_has_no_interpreter, 0, BW_COUNT(damages));
	tcase_add_test(tc, a_program_that_is_cut_anywhere_has_no_interpreter);
	tcase_add_test(tc, more_than_anybody_needs_is_refused);
	tcase_add_loop_test(tc, what_a_mount_lies_over_is_not_the_images, 0, BW_COUNT(hiding));
	tcase_add_loop_test(tc, an_engines_init_is_a_program_where_it_is_mounted, 0, BW_COUNT(mounted));
	tcase_add_loop_test(tc, what_would_be_executed_must_be_among_the_files, 0, BW_COUNT(asked));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
