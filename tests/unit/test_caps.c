/* SPDX-License-Identifier: Apache-2.0 */
/* test_caps.c - capability sets: the masks that a spec becomes, and what the program sees of them.
 */
#include "control_test.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#define CAPS(sets) "\"capabilities\":{" sets "}"

static const struct mask_row {
	const char *sets;
	const char *bound, *set; /* what the two steps say */
} mask_rows[] = {
	{"", "reduce bounding set to 0x0",
		"set permitted 0x0, effective 0x0, inheritable 0x0, ambient 0x0"},
	/* names that nobody knows are left out */
	{"\"bounding\":[\"CAP_UNKNOWN\",\"UNKNOWN_CAP\",\"cap_chown\",\"CAP_KILL\"]",
		"reduce bounding set to 0x20",
		"set permitted 0x0, effective 0x0, inheritable 0x0, ambient 0x0"},
	/* what is outside of bounding is not permitted */
	{"\"bounding\":[\"CAP_SYS_ADMIN\"],\"permitted\":[\"CAP_SYS_ADMIN\",\"CAP_AUDIT_WRITE\","
	 "\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],\"effective\":[\"CAP_SYS_ADMIN\",\"CAP_KILL\"]",
		"reduce bounding set to 0x200000",
		"set permitted 0x200000, effective 0x200000, inheritable 0x0, ambient 0x0"},
	/* all five at once */
	{"\"inheritable\":[\"CAP_CHOWN\",\"CAP_SYSLOG\"],\"permitted\":[\"CAP_KILL\",\"CAP_CHOWN\"]"
	 ","
	 "\"effective\":[\"CAP_KILL\"],\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\",\"CAP_SYSLOG\"],"
	 "\"ambient\":[\"CAP_CHOWN\"]",
		"reduce bounding set to 0x400000021",
		"set permitted 0x21, effective 0x20, inheritable 0x400000001, ambient 0x1"},
	/* an ambient one that is not inheritable is not raised, the others are */
	{"\"inheritable\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\",\"CAP_CHOWN\"],"
	 "\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"ambient\":[\"CAP_CHOWN\",\"CAP_KILL\"]",
		"reduce bounding set to 0x21",
		"set permitted 0x21, effective 0x0, inheritable 0x20, ambient 0x20"},
	/* effective ones must be permitted */
	{"\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"permitted\":[\"CAP_KILL\"],"
	 "\"effective\":[\"CAP_CHOWN\",\"CAP_KILL\"]",
		"reduce bounding set to 0x21",
		"set permitted 0x20, effective 0x20, inheritable 0x0, ambient 0x0"},
};

START_TEST(sets_become_masks_that_the_kernel_takes)
{
	const struct mask_row *row = &mask_rows[_i];
	char process[1024];
	struct bench *b;

	snprintf(process, sizeof process, CAPS("%s"), row->sets);
	b = bench_new(process, "");
	bench_prepare(b, &bw_caps);
	ck_assert_uint_eq(b->plan.n, 2);
	bench_step(b, &bw_caps, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD, row->bound);
	bench_step(b, &bw_caps, 1, BW_PHASE_CREDS, BW_SIDE_CHILD, row->set);
	bench_free(b);
}
END_TEST

START_TEST(the_bounding_set_goes_before_the_uid_and_the_final_sets_come_after)
{
	struct bench *b = bench_new(CAPS("") ",\"user\":{\"uid\":1000,\"gid\":1000}", "");
	size_t bound = 0, uid = 0, final = 0;

	/* In the order of list.h. */
	bench_prepare(b, &bw_identity);
	bench_prepare(b, &bw_caps);
	ck_assert_int_eq(bw_plan_freeze(&b->plan, &b->err), 0);
	for (size_t i = 0; i < b->plan.n; i++) {
		const struct bw_step *step = &b->plan.steps[i];
		const struct bw_control *control =
			step->control == BW_CONTROL_caps ? &bw_caps : &bw_identity;
		char said[256];

		control->say(step->op, bw_plan_data(&b->plan, step), step->len, said, sizeof said);
		if (bw_after_prefix(said, "reduce bounding"))
			bound = i + 1;
		if (bw_streq(said, "become uid 1000"))
			uid = i + 1;
		if (bw_after_prefix(said, "set permitted"))
			final = i + 1;
	}
	ck_assert_uint_gt(bound, 0);
	ck_assert_uint_lt(bound, uid);
	ck_assert_uint_lt(uid, final);
	bench_free(b);
}
END_TEST

START_TEST(a_spec_without_capabilities_means_none)
{
	struct bench *b = bench_new("", "");

	bench_prepare(b, &bw_caps);
	bench_step(b, &bw_caps, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD, "reduce bounding set to 0x0");
	bench_step(b, &bw_caps, 1, BW_PHASE_CREDS, BW_SIDE_CHILD,
		"set permitted 0x0, effective 0x0, inheritable 0x0, ambient 0x0");
	bench_free(b);
}
END_TEST

START_TEST(locked_securebits_without_capabilities_mean_none)
{
	struct bench *b = bench_new("", "");
	struct bw_spec_hardening hardening = {.lock_securebits = {true, true}};

	b->spec->hardening = &hardening;
	bench_prepare(b, &bw_caps);
	bench_step(b, &bw_caps, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD,
		"reduce bounding set to 0x0, lock securebits");
	bench_step(b, &bw_caps, 1, BW_PHASE_CREDS, BW_SIDE_CHILD,
		"set permitted 0x0, effective 0x0, inheritable 0x0, ambient 0x0");
	bench_free(b);
}
END_TEST

START_TEST(capabilities_beyond_the_kernels_last_are_left_out)
{
	struct bench *b = bench_new(CAPS("\"bounding\":[\"CAP_KILL\",\"CAP_BPF\"],"
					 "\"permitted\":[\"CAP_BPF\"]"),
		"");

	b->host.last_capability.v = 37;
	bench_prepare(b, &bw_caps);
	bench_step(b, &bw_caps, 0, BW_PHASE_PRIVS, BW_SIDE_CHILD, "reduce bounding set to 0x20");
	bench_step(b, &bw_caps, 1, BW_PHASE_CREDS, BW_SIDE_CHILD,
		"set permitted 0x0, effective 0x0, inheritable 0x0, ambient 0x0");
	bench_free(b);
}
END_TEST

#define ONE_SET                                                                                    \
	"\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"permitted\":[\"CAP_KILL\",\"CAP_CHOWN\"]"

START_TEST(what_we_do_not_have_is_given_only_in_a_user_namespace)
{
	struct bench *b = bench_new(CAPS(ONE_SET), _i ? BENCH_USERNS : "");
	uint64_t own[] = {CAP_CHOWN, CAP_SETPCAP};

	b->host.own_capabilities = (struct bw_uints){own, BW_COUNT(own)};
	bench_prepare(b, &bw_caps);
	bench_step(b, &bw_caps, 1, BW_PHASE_CREDS, BW_SIDE_CHILD,
		_i ? "set permitted 0x21, effective 0x0, inheritable 0x0, ambient 0x0"
		   : "set permitted 0x1, effective 0x0, inheritable 0x0, ambient 0x0");
	bench_free(b);
}
END_TEST

/* The value of "Key:\t..." in a status file. */
static uint64_t status_of(const char *text, const char *key)
{
	const char *line = strstr(text, key);

	ck_assert_msg(line != NULL, "no %s in: %s", key, text);
	return strtoull(line + strlen(key), NULL, 16);
}

static const struct exec_row {
	const char *process;
	uint64_t inheritable, permitted, effective, bounding, ambient;
} exec_rows[] = {
	{"\"noNewPrivileges\":true," CAPS(""), 0, 0, 0, 0, 0},
	{"\"noNewPrivileges\":true," CAPS(
		 "\"bounding\":[\"CAP_SYS_ADMIN\"],\"permitted\":["
		 "\"CAP_SYS_ADMIN\",\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"),
		0, 0x200000, 0x200000, 0x200000, 0},
	{"\"noNewPrivileges\":true," CAPS(
		 "\"inheritable\":[\"CAP_CHOWN\",\"CAP_SYSLOG\"],"
		 "\"permitted\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"effective\":[\"CAP_KILL\"],"
		 "\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\",\"CAP_SYSLOG\"],\"ambient\":[\"CAP_"
		 "CHOWN\"]"),
		0x400000001, 0x21, 0x21, 0x400000021, 0x1},
	/* not root: across execve only the ambient ones stay */
	{"\"user\":{\"uid\":1000,\"gid\":1000}," CAPS(
		 "\"inheritable\":[\"CAP_CHOWN\"],"
		 "\"permitted\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"effective\":[\"CAP_KILL\"],"
		 "\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"ambient\":[\"CAP_CHOWN\"]"),
		0x1, 0x1, 0x1, 0x21, 0x1},
	{"\"user\":{\"uid\":1000,\"gid\":1000}," CAPS(ONE_SET), 0, 0, 0, 0x21, 0},
};

static char *const cat_status[] = {(char[]){"/bin/cat"}, (char[]){"/proc/self/status"}, NULL};

static struct bench *prepared_for_exec(const char *process)
{
	struct bench *b = bench_new(process, "");

	bench_prepare(b, &bw_no_new_privs);
	bench_prepare(b, &bw_identity);
	bench_prepare(b, &bw_caps);
	return b;
}

START_TEST(the_program_sees_these_sets)
{
	const struct exec_row *row = &exec_rows[_i];
	struct bench *b;
	const char *text;

	if (skip_unless(geteuid() == 0 && have_capability(CAP_SETPCAP), "root"))
		return;
	b = prepared_for_exec(row->process);
	text = bench_apply(b, 0, cat_status, NULL);
	ck_assert_uint_eq(status_of(text, "CapInh:"), row->inheritable);
	ck_assert_uint_eq(status_of(text, "CapPrm:"), row->permitted);
	ck_assert_uint_eq(status_of(text, "CapEff:"), row->effective);
	ck_assert_uint_eq(status_of(text, "CapBnd:"), row->bounding);
	ck_assert_uint_eq(status_of(text, "CapAmb:"), row->ambient);
	bench_free(b);
}
END_TEST

static void look_at_securebits(void)
{
	printf("0x%x keep %d raise %d", (unsigned)prctl(PR_GET_SECUREBITS),
		prctl(PR_SET_KEEPCAPS, 1), prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL));
}

START_TEST(locked_securebits_cannot_be_undone)
{
	struct bw_spec_hardening hardening = {.lock_securebits = {true, true}};
	struct bench *b;

	if (skip_unless(geteuid() == 0 && have_capability(CAP_SETPCAP), "root"))
		return;
	b = bench_new(CAPS("\"bounding\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"],"
			   "\"inheritable\":[\"CAP_KILL\"]"),
		"");
	b->spec->hardening = &hardening;
	bench_prepare(b, &bw_identity);
	bench_prepare(b, &bw_caps);
	/* NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE with their locks; KEEP_CAPS locked off */
	ck_assert_str_eq(bench_apply(b, 0, NULL, look_at_securebits), "0xef keep -1 raise -1");
	bench_free(b);
}
END_TEST

START_TEST(root_with_locked_securebits_gets_nothing_back_by_execve)
{
	struct bw_spec_hardening hardening = {.lock_securebits = {true, true}};
	struct bench *b;
	const char *text;

	if (skip_unless(geteuid() == 0 && have_capability(CAP_SETPCAP), "root"))
		return;
	b = bench_new(CAPS(ONE_SET), "");
	b->spec->hardening = &hardening;
	bench_prepare(b, &bw_identity);
	bench_prepare(b, &bw_caps);
	text = bench_apply(b, 0, cat_status, NULL);
	ck_assert_uint_eq(status_of(text, "CapBnd:"), 0x21);
	ck_assert_uint_eq(status_of(text, "CapPrm:"), 0);
	ck_assert_uint_eq(status_of(text, "CapEff:"), 0);
	bench_free(b);
}
END_TEST

BENCH_MAIN("caps", {sets_become_masks_that_the_kernel_takes, BW_COUNT(mask_rows)},
	{the_bounding_set_goes_before_the_uid_and_the_final_sets_come_after, 0},
	{a_spec_without_capabilities_means_none, 0},
	{locked_securebits_without_capabilities_mean_none, 0},
	{capabilities_beyond_the_kernels_last_are_left_out, 0},
	{what_we_do_not_have_is_given_only_in_a_user_namespace, 2},
	{the_program_sees_these_sets, BW_COUNT(exec_rows)}, {locked_securebits_cannot_be_undone, 0},
	{root_with_locked_securebits_gets_nothing_back_by_execve, 0})
