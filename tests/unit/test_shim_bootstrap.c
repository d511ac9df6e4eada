/* SPDX-License-Identifier: Apache-2.0 */
/* test_shim_bootstrap.c - what `start` is told, where the socket is, who may listen there, and the note for `delete`. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/auto.h"
#include "base/str.h"
#include "scratch.h"
#include "shim/address.h"
#include "shim/bootstrap.h"
#include "shim/bundle_file.h"

static const struct bw_shim_call call = {.namespace = "k8s.io", .id = "c1", .address = "/run/containerd/containerd.sock"};
static struct bw_arena arena;
static struct bw_err err;
static struct bw_wire wire, inner, any;
static struct bw_bootstrap bootstrap;
static struct scratch scratch;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	err = (struct bw_err){0};
	wire = inner = any = (struct bw_wire){0};
	unsetenv("TTRPC_ADDRESS");
	scratch_make(&scratch);
	ck_assert_int_eq(chdir(scratch.path), 0);
}

static void teardown(void)
{
	bw_wire_done(&wire);
	bw_wire_done(&inner);
	bw_wire_done(&any);
	bw_arena_done(&arena);
	ck_assert_int_eq(chdir("/"), 0);
	scratch_remove(&scratch);
}

static int read_input(void)
{
	return bw_bootstrap_read(&call, wire.bytes, wire.len, &arena, &bootstrap, &err);
}

START_TEST(an_empty_input_says_nothing)
{
	ck_assert_int_eq(read_input(), 0);
	ck_assert_ptr_null(bootstrap.options);
	ck_assert_ptr_null(bootstrap.events);
	ck_assert_ptr_null(bootstrap.socket_dir);
	ck_assert_str_eq(bootstrap.containerd, "/run/containerd/containerd.sock");
	ck_assert(!bootstrap.debug);
	setenv("TTRPC_ADDRESS", "/run/containerd/containerd.sock.ttrpc", 1);
	ck_assert_int_eq(read_input(), 0);
	ck_assert_str_eq(bootstrap.events, "/run/containerd/containerd.sock.ttrpc");
}
END_TEST

START_TEST(options_alone_are_not_taken_for_parameters)
{
	bw_wire_text(&wire, 1, "containerd.runc.v1.Options");
	bw_wire_text(&wire, 2, "k8s.io");
	ck_assert_int_eq(read_input(), 0);
	ck_assert_ptr_nonnull(bootstrap.options);
	ck_assert_str_eq(bootstrap.options->type_url, "containerd.runc.v1.Options");
	ck_assert_uint_eq(bootstrap.options->value.len, 6);
}
END_TEST

START_TEST(parameters_are_known_by_id_and_namespace)
{
	bw_wire_text(&any, 1, "runtimeoptions.v1.Options");
	bw_wire_bytes(&any, 2, "\x12\x02/x", 4);
	bw_wire_message(&inner, 1, &any);
	bw_wire_text(&wire, 1, "c1");
	bw_wire_text(&wire, 2, "k8s.io");
	bw_wire_number(&wire, 3, (uint64_t)INT64_C(-4));
	bw_wire_text(&wire, 5, "/t");
	bw_wire_text(&wire, 6, "/g");
	bw_wire_message(&wire, 8, &inner);
	bw_wire_text(&wire, 9, "/run/other/s");
	setenv("TTRPC_ADDRESS", "/old", 1);
	ck_assert_int_eq(read_input(), 0);
	ck_assert_str_eq(bootstrap.options->type_url, "runtimeoptions.v1.Options");
	ck_assert_str_eq(bootstrap.events, "/t");
	ck_assert_str_eq(bootstrap.containerd, call.address); /* the hash of older servers of a group */
	ck_assert_str_eq(bootstrap.socket_dir, "/run/other/s");
	ck_assert(bootstrap.debug);
}
END_TEST

START_TEST(parameters_for_somebody_else_are_options)
{
	bw_wire_text(&wire, 1, "c2");
	bw_wire_text(&wire, 2, "k8s.io");
	bw_wire_text(&wire, 9, "/run/other/s");
	ck_assert_int_eq(read_input(), 0);
	ck_assert_ptr_null(bootstrap.socket_dir);
	ck_assert_str_eq(bootstrap.options->type_url, "c2");
}
END_TEST

START_TEST(what_is_neither_is_refused)
{
	bw_wire_bytes(&wire, 1, "a\0b", 3);
	ck_assert_int_eq(read_input(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "standard input is neither runtime options nor bootstrap parameters"));
}
END_TEST

START_TEST(a_relative_socket_directory_is_refused)
{
	bw_wire_text(&wire, 1, "c1");
	bw_wire_text(&wire, 2, "k8s.io");
	bw_wire_text(&wire, 9, "s");
	ck_assert_int_eq(read_input(), -1);
	ck_assert_str_eq(err.text, "socket_dir must be absolute: s");
}
END_TEST

static const struct {
	const char *config, *group, *fault;
} groups[] = {
	{NULL, NULL, "config.json: no such file or directory"},
	{"{}", NULL, NULL},
	{"{\"annotations\":{\"a\":\"b\"}}", NULL, NULL},
	{"{\"annotations\":{\"io.kubernetes.cri.sandbox-id\":\"pod\"}}", "pod", NULL},
	{"{\"annotations\":{\"io.kubernetes.cri.sandbox-id\":\"pod\",\"io.containerd.bulwark.v2.group\":\"ours\"}}", "ours", NULL},
	{"{\"annotations\":{\"io.containerd.bulwark.v2.group\":\"../x\"}}", NULL,
		"config.json: annotation: io.containerd.bulwark.v2.group \"../x\": expected"},
	{"{\"annotations\":{\"io.containerd.bulwark.v2.group\":\"\"}}", NULL, "io.containerd.bulwark.v2.group must be given"},
	{"{\"annotations\":{\"io.containerd.bulwark.v2.group\":1}}", NULL, "io.containerd.bulwark.v2.group must be given"},
	{"{", NULL, "config.json:"},
};

START_TEST(a_group_is_an_annotation)
{
	const char *group = "unset";

	if (groups[_i].config)
		scratch_write(&scratch, "config.json", groups[_i].config, 0600);
	ck_assert_int_eq(bw_bootstrap_group(&arena, &group, &err), groups[_i].fault ? -1 : 0);
	ck_assert_pstr_eq(group, groups[_i].group);
	if (groups[_i].fault)
		ck_assert_msg(strstr(err.text, groups[_i].fault) != NULL, "%s", err.text);
}
END_TEST

static const struct {
	const char *containerd, *hex;
} hashes[] = {
	/* sha256 of "/run/containerd/containerd.sock/k8s.io/c1", of "k8s.io/c1", of "/c.sock/k8s.io/c1" */
	{"/run/containerd/containerd.sock", "ccd9e484aa63698a22b33f8964a2eb3d2a5c6e843ccac78fda28f084794782cd"},
	{"", "f103dd000a9f2b476545b6eeb35874617770183a34f4c109d068674c5ca15563"},
	{"/x/..//c.sock", "27a709b365dc69e06e076b8607cb8b69ba31dc4100d94595bbfa9731a7ad90d7"},
};

START_TEST(the_socket_s_name_is_the_hash_that_containerd_s_own_shims_use)
{
	char path[BW_SOCKET_PATH_MAX], wanted[BW_SOCKET_PATH_MAX];

	ck_assert_int_eq(bw_socket_path("/run/containerd/s", hashes[_i].containerd, "k8s.io", "c1", path, &err), 0);
	snprintf(wanted, sizeof wanted, "/run/containerd/s/%s", hashes[_i].hex);
	ck_assert_str_eq(path, wanted);
}
END_TEST

START_TEST(the_longest_directory_has_42_bytes)
{
	char dir[44] = "/", path[BW_SOCKET_PATH_MAX];

	memset(dir + 1, 'd', 41);
	ck_assert_int_eq(bw_socket_path(dir, "", "n", "c", path, &err), 0);
	ck_assert_uint_eq(strlen(path), BW_SOCKET_PATH_MAX - 1);
	dir[42] = 'd';
	ck_assert_int_eq(bw_socket_path(dir, "", "n", "c", path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "at most 42 bytes, not 43"));
}
END_TEST

START_TEST(the_socket_directory_is_made_and_locked)
{
	char dir[300];
	struct stat st;
	int lock, other;

	snprintf(dir, sizeof dir, "%s/a/s", scratch.path);
	lock = bw_socket_lock(dir, &err);
	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	other = open(dir, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), -1);
	close(lock);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
}
END_TEST

START_TEST(a_socket_directory_that_others_can_write_to_is_refused)
{
	char dir[300];

	scratch_mkdir(&scratch, "s");
	ck_assert_int_eq(fchmodat(scratch.dir, "s", 0720, 0), 0);
	snprintf(dir, sizeof dir, "%s/s", scratch.path);
	ck_assert_int_eq(bw_socket_lock(dir, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "must not be writable by others than its owner, its mode is 0720"));
	err = (struct bw_err){0};
	scratch_link(&scratch, "link", dir);
	snprintf(dir, sizeof dir, "%s/link", scratch.path);
	ck_assert_int_eq(bw_socket_lock(dir, &err), -1);
	if (geteuid() == 0) {
		err = (struct bw_err){0};
		snprintf(dir, sizeof dir, "%s/s", scratch.path);
		ck_assert_int_eq(chmod(dir, 0700), 0);
		ck_assert_int_eq(chown(dir, 1, 1), 0);
		ck_assert_int_eq(bw_socket_lock(dir, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "must belong to user 0, not to user 1"));
	}
}
END_TEST

START_TEST(a_socket_is_taken_over_from_the_dead_alone)
{
	char path[BW_SOCKET_PATH_MAX];
	struct stat st;
	bool served;
	int first, second;

	snprintf(path, sizeof path, "%.90s/x", scratch.path);
	first = bw_socket_listen(path, &served, &err);
	ck_assert_int_ge(first, 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(bw_socket_listen(path, &served, &err), -1);
	ck_assert(served && err.code == BW_E_NONE);
	close(first);
	second = bw_socket_listen(path, &served, &err);
	ck_assert_int_ge(second, 0);
	ck_assert(!served);
	close(second);
}
END_TEST

START_TEST(a_dead_socket_is_removed_and_a_living_one_is_not)
{
	char path[BW_SOCKET_PATH_MAX];
	bool served;
	int listener;

	ck_assert_int_eq(chmod(scratch.path, 0700), 0);
	snprintf(path, sizeof path, "%.90s/x", scratch.path);
	ck_assert_int_eq(bw_socket_remove_dead(path, &err), 0);
	listener = bw_socket_listen(path, &served, &err);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bw_socket_remove_dead(path, &err), 0);
	ck_assert(scratch_has(&scratch, "x"));
	close(listener);
	ck_assert(scratch_has(&scratch, "x"));
	ck_assert_int_eq(bw_socket_remove_dead(path, &err), 0);
	ck_assert(!scratch_has(&scratch, "x"));
	/* What is no socket is nobody's to remove. */
	scratch_write(&scratch, "x", "", 0600);
	ck_assert_int_eq(bw_socket_remove_dead(path, &err), 0);
	ck_assert(scratch_has(&scratch, "x"));
}
END_TEST

START_TEST(the_note_for_delete_comes_back_as_it_was)
{
	const struct bw_bundle_file whole = {"/r/\"n\"", "/p.json", "strict", true, 4711}, least = {.root = "/r"};
	struct bw_bundle_file read;
	struct stat st;

	ck_assert_int_eq(bw_bundle_file_write(scratch.path, &least, &err), 0);
	ck_assert_int_eq(bw_bundle_file_read(scratch.path, &arena, &read, &err), 0);
	ck_assert_str_eq(read.root, "/r");
	ck_assert(!read.policy && !read.profile && !read.systemd_cgroup && read.pid == 0);
	ck_assert_int_eq(bw_bundle_file_write(scratch.path, &whole, &err), 0);
	ck_assert_int_eq(bw_bundle_file_read(scratch.path, &arena, &read, &err), 0);
	ck_assert_str_eq(read.root, whole.root);
	ck_assert_str_eq(read.policy, whole.policy);
	ck_assert_str_eq(read.profile, whole.profile);
	ck_assert(read.systemd_cgroup && read.pid == 4711);
	ck_assert_int_eq(fstatat(scratch.dir, BW_BUNDLE_FILE, &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

static const struct {
	const char *text;
	enum bw_code code;
} notes[] = {
	{NULL, BW_E_NOT_FOUND},
	{"", BW_E_SPEC},
	{"{}", BW_E_SPEC},
	{"{\"root\":\"relative\"}", BW_E_SPEC},
	{"{\"root\":\"/r\",\"pid\":-1}", BW_E_SPEC},
};

START_TEST(a_note_that_is_none_is_refused)
{
	struct bw_bundle_file read;

	if (notes[_i].text)
		scratch_write(&scratch, BW_BUNDLE_FILE, notes[_i].text, 0600);
	ck_assert_int_eq(bw_bundle_file_read(scratch.path, &arena, &read, &err), -1);
	ck_assert_int_eq(err.code, notes[_i].code);
}
END_TEST

START_TEST(a_link_in_place_of_the_note_is_refused)
{
	struct bw_bundle_file read;

	scratch_write(&scratch, "other", "{\"root\":\"/r\"}", 0600);
	scratch_link(&scratch, BW_BUNDLE_FILE, "other");
	ck_assert_int_eq(bw_bundle_file_read(scratch.path, &arena, &read, &err), -1);
	ck_assert_int_eq(err.sys, ELOOP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_bootstrap");
	TCase *tc = tcase_create("bootstrap");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_empty_input_says_nothing);
	tcase_add_test(tc, options_alone_are_not_taken_for_parameters);
	tcase_add_test(tc, parameters_are_known_by_id_and_namespace);
	tcase_add_test(tc, parameters_for_somebody_else_are_options);
	tcase_add_test(tc, what_is_neither_is_refused);
	tcase_add_test(tc, a_relative_socket_directory_is_refused);
	tcase_add_loop_test(tc, a_group_is_an_annotation, 0, BW_COUNT(groups));
	tcase_add_loop_test(tc, the_socket_s_name_is_the_hash_that_containerd_s_own_shims_use, 0, BW_COUNT(hashes));
	tcase_add_test(tc, the_longest_directory_has_42_bytes);
	tcase_add_test(tc, the_socket_directory_is_made_and_locked);
	tcase_add_test(tc, a_socket_directory_that_others_can_write_to_is_refused);
	tcase_add_test(tc, a_socket_is_taken_over_from_the_dead_alone);
	tcase_add_test(tc, a_dead_socket_is_removed_and_a_living_one_is_not);
	tcase_add_test(tc, the_note_for_delete_comes_back_as_it_was);
	tcase_add_loop_test(tc, a_note_that_is_none_is_refused, 0, BW_COUNT(notes));
	tcase_add_test(tc, a_link_in_place_of_the_note_is_refused);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
