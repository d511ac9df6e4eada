/* SPDX-License-Identifier: Apache-2.0 */
/* test_keyring.c - a session keyring that is not the caller's. */
#include "control_test.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>

START_TEST(the_keyring_is_named_after_the_container)
{
	struct bench *b = bench_new("", "");

	bench_prepare(b, &bw_keyring);
	ck_assert_uint_eq(b->plan.n, 1);
	bench_step(
		b, &bw_keyring, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD, "join session keyring _ses.c1");
	bench_free(b);
}
END_TEST

START_TEST(no_new_keyring_leaves_the_callers)
{
	struct bench *b = bench_new("", "");

	b->request.no_new_keyring = true;
	bench_prepare(b, &bw_keyring);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

START_TEST(the_policy_wins_over_no_new_keyring)
{
	struct bw_spec_hardening hardening = {.private_keyring = {true, true}};
	struct bench *b = bench_new("", "");

	b->request.no_new_keyring = true;
	b->spec->hardening = &hardening;
	bench_prepare(b, &bw_keyring);
	bench_step(b, &bw_keyring, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD,
		"new session keyring without a name");
	bench_free(b);
}
END_TEST

/* "keyring;uid;gid;permissions;name" */
static void describe(void)
{
	char text[256] = "";
	long ring = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);

	if (ring < 0 || syscall(SYS_keyctl, KEYCTL_DESCRIBE, ring, text, sizeof text - 1) < 0) {
		printf("%s", bw_errno_name(errno));
		return;
	}
	printf("%ld %s", ring, strchr(strchr(strchr(text, ';') + 1, ';') + 1, ';') + 1);
}

static bool have_keyrings(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0;
}

START_TEST(a_new_keyring_can_be_searched_by_its_owner)
{
	struct bench *b;
	const char *text;

	if (skip_unless(have_keyrings(), "keyrings"))
		return;
	b = bench_new("", "");
	bench_prepare(b, &bw_keyring);
	text = bench_apply(b, 0, NULL, describe);
	ck_assert_msg(strstr(text, " 3f1b0000;_ses.c1") != NULL, "%s", text);
	bench_free(b);
}
END_TEST

START_TEST(a_private_keyring_is_another_one_each_time)
{
	struct bw_spec_hardening hardening = {.private_keyring = {true, true}};
	char first[256];

	if (skip_unless(have_keyrings(), "keyrings"))
		return;
	for (int i = 0; i < 2; i++) {
		struct bench *b = bench_new("", "");
		const char *text;

		b->spec->hardening = &hardening;
		bench_prepare(b, &bw_keyring);
		text = bench_apply(b, 0, NULL, describe);
		ck_assert_msg(strstr(text, ";_ses") != NULL, "%s", text);
		ck_assert_ptr_null(strstr(text, "c1"));
		if (i)
			ck_assert_str_ne(first, text);
		snprintf(first, sizeof first, "%s", text);
		bench_free(b);
	}
}
END_TEST

BENCH_MAIN("keyring", {the_keyring_is_named_after_the_container, 0},
	{no_new_keyring_leaves_the_callers, 0}, {the_policy_wins_over_no_new_keyring, 0},
	{a_new_keyring_can_be_searched_by_its_owner, 0},
	{a_private_keyring_is_another_one_each_time, 0})
