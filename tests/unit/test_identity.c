/* SPDX-License-Identifier: Apache-2.0 */
/* test_identity.c - who the program is: ids, groups, umask, owner of stdio. */
#include "control_test.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

START_TEST(groups_come_before_gid_and_uid)
{
	static const char *const words[] = {"give stdio to uid 1000", "set 2 supplementary groups",
		"become gid 100", "become uid 1000", "set umask 0077"};
	struct bench *b = bench_new("\"user\":{\"uid\":1000,\"gid\":100,\"umask\":63,"
				    "\"additionalGids\":[5,65534]}",
		"");

	bench_prepare(b, &bw_identity);
	ck_assert_uint_eq(b->plan.n, BW_COUNT(words));
	for (size_t i = 0; i < BW_COUNT(words); i++)
		bench_step(b, &bw_identity, i, BW_PHASE_CREDS, BW_SIDE_CHILD, words[i]);
	bench_free(b);
}
END_TEST

START_TEST(a_process_without_a_user_is_root_without_groups)
{
	static const char *const words[] = {"give stdio to uid 0", "clear supplementary groups",
		"become gid 0", "become uid 0", "set umask 0022"};
	struct bench *b = bench_new("", "");

	bench_prepare(b, &bw_identity);
	for (size_t i = 0; i < BW_COUNT(words); i++)
		bench_step(b, &bw_identity, i, BW_PHASE_CREDS, BW_SIDE_CHILD, words[i]);
	bench_free(b);
}
END_TEST

START_TEST(groups_are_kept_only_in_a_user_namespace_made_without_privilege)
{
	struct bench *b = bench_new("", BENCH_USERNS);

	b->host.root.v = _i != 0;
	bench_prepare(b, &bw_identity);
	bench_step(b, &bw_identity, 1, BW_PHASE_CREDS, BW_SIDE_CHILD,
		_i ? "clear supplementary groups"
		   : "clear supplementary groups, or keep the caller's where setgroups is denied "
		     "in "
		     "this user namespace");
	bench_free(b);
}
END_TEST

START_TEST(the_id_that_means_no_change_is_refused)
{
	struct bench *b = bench_new("\"user\":{\"uid\":0,\"gid\":0}", "");

	/* The table refuses it as well: this is the last line before setresuid(2). */
	b->spec->process->user->uid.v = 4294967295;
	bench_refused(b, &bw_identity, BW_E_SPEC, "/process/user/uid",
		"/process/user/uid: 4294967295 is not between 0 and 4294967294");
	bench_free(b);
}
END_TEST

START_TEST(an_unmapped_id_is_named)
{
	struct bench *b = bench_new("\"user\":{\"uid\":7,\"gid\":8}", BENCH_USERNS);

	bench_prepare(b, &bw_identity);
	bench_complaint(
		b, &bw_identity, 2, EINVAL, "cannot setgid to unmapped gid 8 in user namespace");
	ck_assert_str_eq(b->err.field, "/process/user/gid");
	bench_complaint(
		b, &bw_identity, 3, EINVAL, "cannot setuid to unmapped uid 7 in user namespace");
	bench_complaint(b, &bw_identity, 3, EPERM, "");
	bench_free(b);
}
END_TEST

static void look_at_ids(void)
{
	gid_t groups[8];
	uid_t uid[3];
	gid_t gid[3];
	int n = getgroups(8, groups);

	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	printf("uid %u %u %u gid %u %u %u groups", uid[0], uid[1], uid[2], gid[0], gid[1], gid[2]);
	for (int i = 0; i < n; i++)
		printf(" %u", groups[i]);
	printf(" umask %04o", umask(0));
}

START_TEST(the_process_has_exactly_these_ids)
{
	static const char *const rows[][2] = {
		{"\"user\":{\"uid\":1000,\"gid\":100,\"umask\":63,\"additionalGids\":[5,65534]}",
			"uid 1000 1000 1000 gid 100 100 100 groups 5 65534 umask 0077"},
		{"\"user\":{\"uid\":1000,\"gid\":1000}",
			"uid 1000 1000 1000 gid 1000 1000 1000 groups umask 0022"},
		{"\"user\":{\"uid\":0,\"gid\":0}", "uid 0 0 0 gid 0 0 0 groups umask 0022"},
	};
	struct bench *b;

	if (skip_unless(geteuid() == 0, "root"))
		return;
	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		b = bench_new(rows[i][0], "");
		bench_prepare(b, &bw_identity);
		ck_assert_str_eq(bench_apply(b, 0, NULL, look_at_ids), rows[i][1]);
		bench_free(b);
	}
}
END_TEST

static void look_at_stdio(void)
{
	struct stat in, out;

	if (fstat(0, &in) == 0 && fstat(1, &out) == 0)
		printf("null %u pipe %u", in.st_uid, out.st_uid);
}

START_TEST(stdio_is_given_to_the_user_but_not_the_hosts_null)
{
	struct bench *b;
	struct stat null;
	int saved = dup(0), fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	char expected[64];

	if (skip_unless(geteuid() == 0, "root"))
		return;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &null), 0);
	ck_assert_uint_eq(null.st_rdev, makedev(1, 3));
	dup2(fd, 0);
	b = bench_new("\"user\":{\"uid\":1000,\"gid\":1000}", "");
	bench_prepare(b, &bw_identity);
	snprintf(expected, sizeof expected, "null %u pipe 1000", null.st_uid);
	ck_assert_str_eq(bench_apply(b, 0, NULL, look_at_stdio), expected);
	dup2(saved, 0);
	close(saved);
	close(fd);
	bench_free(b);
}
END_TEST

START_TEST(a_list_that_was_asked_for_fails_where_setgroups_is_denied)
{
	struct bench *b =
		bench_new("\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[5]}", BENCH_USERNS);

	b->host.root.v = false;
	bench_prepare(b, &bw_identity);
	/* A user namespace without maps: no setgroups yet, as in one with setgroups=deny. */
	ck_assert_str_eq(bench_apply(b, CLONE_NEWUSER, NULL, look_at_ids), "step 1: EPERM");
	bench_free(b);
}
END_TEST

BENCH_MAIN("identity", {groups_come_before_gid_and_uid, 0},
	{a_process_without_a_user_is_root_without_groups, 0},
	{groups_are_kept_only_in_a_user_namespace_made_without_privilege, 2},
	{the_id_that_means_no_change_is_refused, 0}, {an_unmapped_id_is_named, 0},
	{the_process_has_exactly_these_ids, 0},
	{stdio_is_given_to_the_user_but_not_the_hosts_null, 0},
	{a_list_that_was_asked_for_fails_where_setgroups_is_denied, 0})
