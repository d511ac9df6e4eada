/* SPDX-License-Identifier: Apache-2.0 */
/* test_shim_settings.c - the three forms in which an engine configures the shim, as bytes on the wire. */
#include <check.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "shim/settings.h"
#include "scratch.h"

static struct bw_arena arena;
static struct bw_err err;
static struct bw_shim_settings settings;
static struct bw_wire wire;
static struct scratch scratch;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
	err = (struct bw_err){0};
	settings = (struct bw_shim_settings){0};
	wire = (struct bw_wire){0};
	scratch_make(&scratch);
}

static void teardown(void)
{
	bw_wire_done(&wire);
	bw_arena_done(&arena);
	scratch_remove(&scratch);
}

static int read_any(const char *type, const struct bw_wire *value)
{
	struct bw_any any = {.type_url = type, .value = {value->bytes, value->len}};

	return bw_shim_settings_read(&any, &arena, &settings, &err);
}

/* As CRI hands its table on. */
static int read_body(const char *text)
{
	bw_wire_text(&wire, 3, text);
	return read_any("runtimeoptions.v1.Options", &wire);
}

/* As Docker hands on ConfigPath. */
static int read_path(const char *path)
{
	bw_wire_text(&wire, 2, path);
	return read_any("types.example/runtimeoptions.v1.Options", &wire);
}

static const char *write_file(const char *text, mode_t mode)
{
	static char path[300];

	scratch_write(&scratch, "shim.toml", text, mode);
	snprintf(path, sizeof path, "%s/shim.toml", scratch.path);
	return path;
}

static void expect_defaults(void)
{
	ck_assert_str_eq(settings.root, "/run/containerd/bulwark");
	ck_assert_ptr_null(settings.policy);
	ck_assert_ptr_null(settings.profile);
	ck_assert_ptr_null(settings.shim_cgroup);
	ck_assert_ptr_null(settings.criu_image_path);
	ck_assert_ptr_null(settings.criu_work_path);
	ck_assert(!settings.systemd_cgroup && !settings.no_pivot && !settings.no_new_keyring && !settings.has_io_owner);
}

START_TEST(no_options_are_the_defaults)
{
	struct bw_any empty = {.type_url = ""};

	ck_assert_int_eq(bw_shim_settings_read(NULL, &arena, &settings, &err), 0);
	expect_defaults();
	ck_assert_int_eq(bw_shim_settings_read(&empty, &arena, &settings, &err), 0);
	expect_defaults();
	bw_wire_text(&wire, 7, "/elsewhere");
	ck_assert_int_eq(read_any("example.other.v1.Options", &wire), 0);
	expect_defaults();
	ck_assert_int_eq(read_any("containerd.runc.v1.Options", &(struct bw_wire){0}), 0);
	expect_defaults();
}
END_TEST

START_TEST(options_of_runc_count)
{
	bw_wire_number(&wire, 1, 1);
	bw_wire_number(&wire, 2, 1);
	bw_wire_text(&wire, 3, "/shims");
	bw_wire_number(&wire, 4, 1000);
	bw_wire_number(&wire, 5, 1001);
	bw_wire_text(&wire, 6, "/usr/bin/runc");
	bw_wire_text(&wire, 7, "/run//state/");
	bw_wire_number(&wire, 9, 1);
	bw_wire_text(&wire, 10, "/images");
	bw_wire_text(&wire, 11, "/work");
	ck_assert_int_eq(read_any("containerd.runc.v1.Options", &wire), 0);
	ck_assert(settings.no_pivot && settings.no_new_keyring && settings.systemd_cgroup && settings.has_io_owner);
	ck_assert_uint_eq(settings.io_uid, 1000);
	ck_assert_uint_eq(settings.io_gid, 1001);
	ck_assert_str_eq(settings.shim_cgroup, "/shims");
	ck_assert_str_eq(settings.root, "/run/state");
	ck_assert_str_eq(settings.criu_image_path, "/images");
	ck_assert_str_eq(settings.criu_work_path, "/work");
}
END_TEST

START_TEST(a_relative_root_is_refused)
{
	bw_wire_text(&wire, 7, "state");
	ck_assert_int_eq(read_any("containerd.runc.v1.Options", &wire), -1);
	ck_assert_str_eq(err.text, "runtime options: Root: expected an absolute path, not \"state\"");
}
END_TEST

START_TEST(an_owner_that_is_none_is_refused)
{
	bw_wire_number(&wire, 4 + (unsigned)_i, UINT64_C(1) << 32); /* would be root, cut to 32 bits */
	ck_assert_int_eq(read_any("containerd.runc.v1.Options", &wire), -1);
	ck_assert_str_eq(err.text, "runtime options: IoUid, IoGid: expected numbers below 4294967295");
}
END_TEST

START_TEST(malformed_options_are_refused)
{
	static unsigned char bytes[] = {0x3a, 0x7f};
	struct bw_wire broken = {.bytes = bytes, .len = sizeof bytes};

	ck_assert_int_eq(read_any("containerd.runc.v1.Options", &broken), -1);
	err = (struct bw_err){0};
	ck_assert_int_eq(read_any("runtimeoptions.v1.Options", &broken), -1);
}
END_TEST

START_TEST(a_body_has_all_keys)
{
	ck_assert_int_eq(read_body("# ours\n"
				   "Profile = \"untrusted-code\"  # of the policy\n"
				   "\tPolicy='/etc/other policy.json'\r\n"
				   "\n"
				   "Root = \"/run/a\\\"b\"\n"
				   "SystemdCgroup = true\nNoPivotRoot = true\nNoNewKeyring = true\n"
				   "ShimCgroup = \"/shims\"\nCriuImagePath = \"/i\"\nCriuWorkPath = \"/w\"\n"
				   "IoUid = 5\nIoGid = 4294967294"),
		0);
	ck_assert_str_eq(settings.profile, "untrusted-code");
	ck_assert_str_eq(settings.policy, "/etc/other policy.json");
	ck_assert_str_eq(settings.root, "/run/a\"b");
	ck_assert(settings.systemd_cgroup && settings.no_pivot && settings.no_new_keyring && settings.has_io_owner);
	ck_assert_str_eq(settings.shim_cgroup, "/shims");
	ck_assert_str_eq(settings.criu_image_path, "/i");
	ck_assert_str_eq(settings.criu_work_path, "/w");
	ck_assert_uint_eq(settings.io_uid, 5);
	ck_assert_uint_eq(settings.io_gid, 4294967294);
}
END_TEST

/* CRI's default table, by both writers of TOML that it has used. */
static const char *const tables[] = {
	"BinaryName = \"\"\nCriuImagePath = \"\"\nCriuPath = \"\"\nCriuWorkPath = \"\"\nIoGid = 0\nIoUid = 0\n"
	"NoNewKeyring = false\nNoPivotRoot = false\nRoot = \"\"\nShimCgroup = \"\"\nSystemdCgroup = true\n",
	"BinaryName = ''\nCriuImagePath = ''\nCriuWorkPath = ''\nIoGid = 0\nIoUid = 0\nNoNewKeyring = false\nRoot = ''\n"
	"ShimCgroup = ''\nSystemdCgroup = true\nTaskApiAddress = ''\nTaskApiVersion = 0\n",
};

START_TEST(the_table_of_cri_is_understood)
{
	ck_assert_int_eq(read_body(tables[_i]), 0);
	ck_assert(settings.systemd_cgroup);
	settings.systemd_cgroup = false;
	expect_defaults();
}
END_TEST

static const struct {
	const char *body, *text;
} faults[] = {
	{"a = 1", "config_body:1: unknown key a"},
	{"\n\nPolicyy = \"/p\"", "config_body:3: unknown key Policyy"},
	{"policy = \"/p\"", "config_body:1: unknown key policy"},
	{"Profile", "config_body:1: expected Key = value"},
	{"= 3", "config_body:1: expected Key = value"},
	{"[section]", "config_body:1: expected Key = value"},
	{"Profile = strict", "config_body:1: expected a text in quotes, true, false or a number, not strict"},
	{"Profile =", "config_body:1: expected a text in quotes, true, false or a number"},
	{"Profile = true", "config_body:1: Profile: expected a text in quotes"},
	{"Profile = \"a", "config_body:1: expected \" at the end of a text"},
	{"Profile = 'a\"", "config_body:1: expected ' at the end of a text"},
	{"Profile = \"a\\q\"", "config_body:1: unknown escape in a text: \\q"},
	{"Profile = \"a\\", "config_body:1: unknown escape in a text: \\"},
	{"Profile = \"a\" b", "config_body:1: expected the end of the line behind the value of Profile"},
	{"Profile = \"a\"\nProfile = \"b\"", "config_body:2: Profile for the second time"},
	{"SystemdCgroup = \"true\"", "config_body:1: SystemdCgroup: expected true or false"},
	{"IoUid = \"1\"", "config_body:1: IoUid: expected a number"},
	{"IoUid = -1", "config_body:1: expected a text in quotes, true, false or a number, not -1"},
	{"IoUid = 4294967295", "config_body:1: IoUid: expected a number below 4294967295"},
	{"Policy = \"p.json\"", "config_body:1: Policy: expected an absolute path, not \"p.json\""},
	{"Root = \"run\"", "config_body:1: Root: expected an absolute path, not \"run\""},
};

START_TEST(a_line_that_is_none_is_refused)
{
	char text[300];

	snprintf(text, sizeof text, "runtime options: %s", faults[_i].text);
	ck_assert_int_eq(read_body(faults[_i].body), -1);
	ck_assert_int_eq(err.code, BW_E_USAGE);
	ck_assert_str_eq(err.text, text);
	ck_assert_ptr_null(settings.root);
}
END_TEST

START_TEST(a_zero_byte_is_refused)
{
	bw_wire_bytes(&wire, 3, "NoPivotRoot = true\0\n", 20);
	ck_assert_int_eq(read_any("runtimeoptions.v1.Options", &wire), -1);
	ck_assert_str_eq(err.text, "runtime options: config_body: a byte is 0");
}
END_TEST

START_TEST(the_longest_body_is_read_and_one_byte_more_is_not)
{
	enum { MAX = 64 << 10 };
	auto_free char *text = malloc(MAX + 1);

	memset(text, '\n', MAX + 1);
	bw_wire_bytes(&wire, 3, text, MAX);
	ck_assert_int_eq(read_any("runtimeoptions.v1.Options", &wire), 0);
	bw_wire_done(&wire);
	wire = (struct bw_wire){0};
	bw_wire_bytes(&wire, 3, text, MAX + 1);
	ck_assert_int_eq(read_any("runtimeoptions.v1.Options", &wire), -1);
}
END_TEST

START_TEST(a_file_of_root_counts_before_the_body)
{
	const char *path = write_file("NoPivotRoot = true\n", 0644);

	bw_wire_text(&wire, 3, "NoNewKeyring = true\n");
	if (geteuid() != 0) {
		ck_assert_int_eq(read_path(path), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "must belong to root, not to user"));
		return;
	}
	ck_assert_int_eq(read_path(path), 0);
	ck_assert(settings.no_pivot && !settings.no_new_keyring);
}
END_TEST

START_TEST(a_fault_in_a_file_names_it)
{
	const char *path = write_file("# one\nIoUid = 1\nIoUid = 2\n", 0600);
	char text[400];

	if (geteuid() != 0)
		return;
	snprintf(text, sizeof text, "runtime options: %s:3: IoUid for the second time", path);
	ck_assert_int_eq(read_path(path), -1);
	ck_assert_str_eq(err.text, text);
}
END_TEST

START_TEST(a_file_that_others_can_write_is_refused)
{
	const mode_t modes[] = {0664, 0646};

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(read_path(write_file("", modes[_i])), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "must not be writable by group or others"));
}
END_TEST

START_TEST(a_file_of_another_user_is_refused)
{
	const char *path = write_file("", 0644);

	if (geteuid() != 0 || chown(path, 1, 1) < 0)
		return;
	ck_assert_int_eq(read_path(path), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "must belong to root, not to user 1"));
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	char path[300];

	snprintf(path, sizeof path, "%s/none", scratch.path);
	ck_assert_int_eq(read_path(path), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no such file or directory"));
	err = (struct bw_err){0};
	bw_wire_done(&wire);
	wire = (struct bw_wire){0};
	ck_assert_int_eq(symlinkat("/dev/null", scratch.dir, "none"), 0);
	ck_assert_int_eq(read_path(path), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "must not be a symbolic link"));
	err = (struct bw_err){0};
	bw_wire_done(&wire);
	wire = (struct bw_wire){0};
	ck_assert_int_eq(mkfifoat(scratch.dir, "fifo", 0600), 0);
	snprintf(path, sizeof path, "%s/fifo", scratch.path);
	ck_assert_int_eq(read_path(path), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "must be a regular file"));
	err = (struct bw_err){0};
	bw_wire_done(&wire);
	wire = (struct bw_wire){0};
	ck_assert_int_eq(read_path("shim.toml"), -1);
	ck_assert_str_eq(err.text, "runtime options: ConfigPath must be absolute: shim.toml");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_settings");
	TCase *tc = tcase_create("settings");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_options_are_the_defaults);
	tcase_add_test(tc, options_of_runc_count);
	tcase_add_test(tc, a_relative_root_is_refused);
	tcase_add_loop_test(tc, an_owner_that_is_none_is_refused, 0, 2);
	tcase_add_test(tc, malformed_options_are_refused);
	tcase_add_test(tc, a_body_has_all_keys);
	tcase_add_loop_test(tc, the_table_of_cri_is_understood, 0, BW_COUNT(tables));
	tcase_add_loop_test(tc, a_line_that_is_none_is_refused, 0, BW_COUNT(faults));
	tcase_add_test(tc, a_zero_byte_is_refused);
	tcase_add_test(tc, the_longest_body_is_read_and_one_byte_more_is_not);
	tcase_add_test(tc, a_file_of_root_counts_before_the_body);
	tcase_add_test(tc, a_fault_in_a_file_names_it);
	tcase_add_loop_test(tc, a_file_that_others_can_write_is_refused, 0, 2);
	tcase_add_test(tc, a_file_of_another_user_is_refused);
	tcase_add_test(tc, what_is_no_file_is_refused);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
