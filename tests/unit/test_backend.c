/* SPDX-License-Identifier: Apache-2.0 */
/* test_backend.c - what the policy makes of a runtime that it hands its containers to (rule_backend.c). */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "policy/harden.h"
#include "policy/profile.h"

static struct bw_arena arena;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* What every hardened container asks for and runsc has not, but for what a row adds. */
#define COMMON "\"baseline\",\"securebits\",\"rootfs\",\"maskedPaths\",\"readonlyPaths\",\"tmpfsInodes\""
#define OFFLINE "\"--network=none\""

static const struct bw_policy *policy_of(const char *program, const char *args, const char *ignores, const char *more, struct bw_err *err)
{
	const struct bw_policy *policy = NULL;
	const char *text = bw_arena_printf(&arena,
		"{\"version\":1,\"default\":\"x\",\"profiles\":{\"x\":{\"extends\":\"hardened\",\"loosens\":[\"backend.delegate\"%s%s%s],"
		"\"backend\":{\"delegate\":\"%s\",\"args\":[%s],\"ignores\":[%s]}%s}}}",
		*args ? ",\"backend.args\"" : "", *ignores ? ",\"backend.ignores\"" : "",
		strstr(more, "listeners") ? ",\"seccomp.listeners\"" : "", program, args, ignores, more);

	if (bw_policy_parse(text, strlen(text), "policy.json", &arena, &policy, err) < 0)
		return NULL;
	return policy;
}

static struct bw_spec *config(const char *process, const char *lin)
{
	const char *text = bw_arena_printf(&arena,
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/\",\"args\":[\"python3\"]%s},"
		"\"linux\":{\"namespaces\":[{\"type\":\"network\"},{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"}]%s}}",
		process, lin);
	struct bw_notes notes = {0};
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_spec_parse(text, strlen(text), "config.json", &arena, &spec, &notes, &err) == 0, "%s", err.text);
	return spec;
}

#define R "/usr/bin/runsc"
#define C "/usr/bin/runc"
#define U "/opt/unheard-of"
/* Ends "linux". */
#define LINKS "},\"mounts\":[{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"nosymfollow\"]}],\"annotations\":{"

static const struct row {
	const char *program, *args, *ignores, *more, *process, *lin;
	const char *denied; /* part of the refusal's sentence; NULL: none */
	const char *lacks;  /* the beginning of what is on record; with '!': must not be; NULL: does not matter */
} rows[] = {
	{R, OFFLINE, COMMON, "", "", "", NULL, "securebits: runsc does not lock the securebits"},
	{R, OFFLINE, COMMON, "", "", "", NULL, "landlock: "},
	{R, OFFLINE, COMMON, "", "", "", NULL, "!guard: "},
	{R, OFFLINE, COMMON, "", "", "", NULL, "!keyring: "},
	{R, OFFLINE, COMMON, ",\"landlock\":\"require\"", "", "", "does not restrict the program by Landlock", NULL},
	{R, OFFLINE, COMMON ",\"landlock\"", ",\"landlock\":\"require\"", "", "", NULL, "landlock: "},
	{R, OFFLINE, COMMON, ",\"lsm\":{\"apparmor\":\"require\"}", "", "", "does not apply the AppArmor profile of the policy", NULL},
	/* A network stack of its own is no network at all, or out of our sight. */
	{R, "", COMMON, "", "", "", "does not keep the container from the blocked endpoints", NULL},
	{R, "\"--network=sandbox\"", COMMON, "", "", "", "does not keep the container from the blocked endpoints", NULL},
	{R, "", COMMON ",\"guard\"", "", "", "", NULL, "guard: "},
	/* What OCI says and runsc does not do. */
	{R, OFFLINE, COMMON, "", ",\"apparmorProfile\":\"mine\"", "", NULL, "apparmor: "},
	{R, OFFLINE, COMMON, "", ",\"scheduler\":{\"policy\":\"SCHED_BATCH\"}", "", "does not apply process.scheduler", NULL},
	{R, OFFLINE, COMMON, "", "", ",\"sysctl\":{\"kernel.msgmax\":\"1\"}", "does not set kernel parameters", NULL},
	{C, "", COMMON, "", "", ",\"sysctl\":{\"kernel.msgmax\":\"1\"}", NULL, "!sysctl: "},
	{R, OFFLINE, COMMON, "", "", ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", "does not apply the filter of config.json", NULL},
	{C, "", COMMON, "", "", ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", NULL, "!seccomp: "},
	{C, "", COMMON, ",\"seccomp\":{\"listeners\":[\"/run/a\"]}",
		"", ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/run/a\"}", "hand a filter's listener", NULL},
	{C, "", COMMON, "", "", "", NULL, "!guard: "},
	{C, "", COMMON, "", "", "", NULL, "!devices: "},
	{C, "", COMMON, "", ",\"user\":{\"uid\":5,\"gid\":5,\"umask\":63}", "", NULL, "!umask: "},
	/* The key would be nobody's to make. */
	{C, "", COMMON ",\"workspace\"", ",\"workspace\":{\"disk\":{\"directory\":\"/srv/disks\"}}", "", "", "make the workspace a disk under a key of its own", NULL},
	/* No program is ever without its ids. */
	{C, "", COMMON, "", "", "", NULL, "!userRange: "},
	/* Each of them mounts it once more, with flags of its own. */
	{C, "", COMMON, "", "", LINKS, "does not keep symbolic links in a mount from being followed", NULL},
	{R, OFFLINE, COMMON ",\"nosymfollow\"", "", "", LINKS, NULL, "nosymfollow: "},
	/* Of whom nothing is known OCI 1.0 is believed, and no more. */
	{U, "", COMMON ",\"guard\",\"devices\",\"keyring\"", "", "", ",\"sysctl\":{\"kernel.msgmax\":\"1\"}", NULL, "!sysctl: "},
	{U, "", COMMON ",\"guard\",\"devices\"", "", "", "", "a session keyring of its own as far as anybody knows here", NULL},
	{U, OFFLINE, COMMON ",\"devices\",\"keyring\"", "", "", "", "does not keep the container from the blocked endpoints", NULL},
};

static bool is_on_record(const struct bw_spec *spec, const char *begins)
{
	const struct bw_strs *lacks = &spec->hardening->backend->lacks;

	for (size_t i = 0; i < lacks->n; i++)
		if (bw_after_prefix(lacks->v[i], begins))
			return true;
	return false;
}

START_TEST(what_a_backend_lacks_is_refused_or_on_record)
{
	const struct row *row = &rows[_i];
	struct bw_err err = {0};
	const struct bw_policy *policy = policy_of(row->program, row->args, row->ignores, row->more, &err);
	struct bw_findings findings;
	struct bw_spec *hardened, *again;
	int r;

	ck_assert_msg(policy != NULL, "%s", err.text);
	r = bw_harden(config(row->process, row->lin), bw_policy_profile(policy, "x"), &arena, &hardened, &findings, &err);
	if (row->denied) {
		ck_assert_int_eq(r, -1);
		ck_assert_int_eq(err.code, BW_E_DENIED);
		ck_assert_msg(strstr(err.text, row->denied) != NULL, "%s", err.text);
		ck_assert_str_eq(err.rule, "backend");
		return;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(hardened->hardening->backend->program, row->program);
	if (row->lacks)
		ck_assert_int_eq(is_on_record(hardened, row->lacks + (*row->lacks == '!')), *row->lacks != '!');
	ck_assert_int_eq(bw_harden(hardened, bw_policy_profile(policy, "x"), &arena, &again, &findings, &err), 0);
	for (size_t i = 0; i < findings.n; i++)
		ck_assert_msg(findings.v[i].verdict != BW_CHANGED, "%s", findings.v[i].pointer);
}
END_TEST

/* Whoever adds a member sees this fail, and says in rule_backend.c who puts it in force when another runtime makes the
 * container: a row of the table there, or bulwark itself (the comment above it). */
static const char *const members[] = {"profile", "checkMounts", "refusedSources", "exceptedSources", "ownSources", "plainSources",
	"restrictRootfs", "ceilings", "exactDevices", "ownNamespaces", "checkHooks", "hooks", "hookEnv", "lockSecurebits",
	"privateKeyring", "seccompBaseline", "seccompAllow", "checkListener", "landlock", "landlockScope", "landlockConnect",
	"landlockBind", "mdwe", "apparmor", "apparmorProfile", "apparmorAlways", "selinux", "selinuxType", "selinuxAlways",
	"selinuxLevel", "tenant", "endpoints", "blockEndpoints", "egress", "workspace", "programs", "userRange", "backend",
	"onlyLoopback", "ttlMs", "graceMs", "forbidLeaks", "session", "secrets", "stage", "volumes", "audit",
	"ownSources", "startsPerMinute", "emf", "keeper",
	"scratch", "memoryEncryption", "encryptedSources", "unencryptedSources", "engineFiles"};

START_TEST(every_member_of_the_hardening_has_been_thought_of)
{
	const struct bw_field *fields = NULL;

	for (const struct bw_field *f = bw_hardened_schema.fields; f->kind != BW_END_OF_TABLE; f++)
		if (bw_streq0(f->name, "hardening"))
			fields = f->child->fields;
	ck_assert_ptr_nonnull(fields);
	for (const struct bw_field *f = fields; f->kind != BW_END_OF_TABLE; f++) {
		size_t i = 0;

		while (i < BW_COUNT(members) && !bw_streq(members[i], f->name))
			i++;
		ck_assert_msg(i < BW_COUNT(members), "hardening.%s: who puts it in force when another runtime makes the container?",
			f->name);
	}
}
END_TEST

START_TEST(what_is_stored_is_read_again)
{
	struct bw_err err = {0};
	const struct bw_policy *policy = policy_of(R, OFFLINE, COMMON, "", &err), *stored;
	struct bw_json_writer *w = bw_json_writer_new(false);
	auto_free char *text = NULL;
	size_t len;

	ck_assert_ptr_nonnull(policy);
	bw_profile_write(bw_policy_profile(policy, "x"), w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, &len, &err), 0);
	bw_json_writer_free(w);
	ck_assert_msg(bw_policy_parse(text, len, "policy.json", &arena, &stored, &err) == 0, "%s", err.text);
	ck_assert_str_eq(bw_policy_profile(stored, "x")->backend->delegate, R);
	ck_assert_ptr_nonnull(bw_policy_profile(stored, "x")->derived.backend);
}
END_TEST

/* An annotation must not choose a backend, nor get rid of one. */
START_TEST(neither_with_nor_without_a_backend_is_the_stricter)
{
	struct bw_err err = {0};
	const struct bw_policy *policy = policy_of(R, OFFLINE, COMMON, "", &err);
	const struct bw_profile *with = bw_policy_profile(policy, "x"), *without = bw_policy_profile(policy, "hardened");
	char row[64];

	ck_assert(bw_profile_looser_in(with, without, row, sizeof row));
	ck_assert(bw_profile_looser_in(without, with, row, sizeof row));
	ck_assert_str_eq(row, "backend.delegate");
}
END_TEST

static const struct {
	const char *program, *ignores, *says;
} wrong[] = {
	{"runsc", "", "is not an absolute path"},
	{"/usr/../runsc", "", "is not an absolute path without"},
	{R, "\"everything\"", "is not the name of a control that a backend can lack"},
	{R, "\"userRange\"", "is not the name of a control that a backend can lack"},
	{R, "\"listener\"", "is not the name of a control that a backend can lack"},
};

START_TEST(a_policy_that_names_no_program_or_no_control_is_refused)
{
	struct bw_err err = {0};

	ck_assert_ptr_null(policy_of(wrong[_i].program, "", wrong[_i].ignores, "", &err));
	ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* A misspelt word would be believed to be in force. */
START_TEST(what_is_known_of_backends_are_names_of_controls)
{
	static const char *const programs[] = {R, C, "/usr/bin/crun", "/usr/bin/krun"};
	struct bw_err err = {0};

	for (size_t i = 0; i < BW_COUNT(programs); i++) {
		const struct bw_policy *policy = policy_of(programs[i], "", "", "", &err);
		const struct bw_backend_known *known = bw_policy_profile(policy, "x")->derived.backend;

		ck_assert_ptr_nonnull(known);
		for (size_t k = 0; k < known->has.n; k++)
			ck_assert_msg(bw_backend_is_control(known->has.v[k]), "%s", known->has.v[k]);
		for (size_t k = 0; k < known->lacks.n; k++)
			ck_assert_msg(bw_backend_is_control(known->lacks.v[k]), "%s", known->lacks.v[k]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("backend");
	TCase *tc = tcase_create("backend");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_a_backend_lacks_is_refused_or_on_record, 0, (int)BW_COUNT(rows));
	tcase_add_test(tc, every_member_of_the_hardening_has_been_thought_of);
	tcase_add_test(tc, what_is_stored_is_read_again);
	tcase_add_test(tc, neither_with_nor_without_a_backend_is_the_stricter);
	tcase_add_loop_test(tc, a_policy_that_names_no_program_or_no_control_is_refused, 0, (int)BW_COUNT(wrong));
	tcase_add_test(tc, what_is_known_of_backends_are_names_of_controls);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
