/* SPDX-License-Identifier: Apache-2.0 */
/* test_explain.c - a decision in words, and the diff that shows it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/explain.h"
#include "container/textdiff.h"

static struct bw_arena arena;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* ---- the diff ---- */

#define TEN "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"

static const struct {
	const char *before, *after, *diff;
} diffs[] = {
	{"a\nb\n", "a\nb\n", ""},
	{"", "", ""},
	{"", "a\n", "--- x\n+++ y\n@@ -0,0 +1,1 @@\n+a\n"},
	{"a\n", "", "--- x\n+++ y\n@@ -1,1 +0,0 @@\n-a\n"},
	{"a\nb\nc\n", "a\nx\nc\n", "--- x\n+++ y\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
	{"a", "a\nb", "--- x\n+++ y\n@@ -1,1 +1,2 @@\n a\n+b\n"},
	{TEN, "0\n" TEN, "--- x\n+++ y\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n"},
	{"0\n" TEN "x\n", TEN,
		"--- x\n+++ y\n@@ -1,4 +1,3 @@\n-0\n 1\n 2\n 3\n@@ -9,4 +8,3 @@\n 8\n 9\n "
		"10\n-x\n"},
	{"0\n1\n2\n3\n4\n5\n6\nx\n", "1\n2\n3\n4\n5\n6\n",
		"--- x\n+++ y\n@@ -1,8 +1,6 @@\n-0\n 1\n 2\n 3\n 4\n 5\n 6\n-x\n"},
};

START_TEST(a_diff_is_as_diff_u_writes_it)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_text_diff(diffs[_i].before, diffs[_i].after, "x", "y", &text, &err), 0);
	ck_assert_str_eq(text, diffs[_i].diff);
}
END_TEST

/* ---- the bundle ---- */

static char bundle[] = "/tmp/test_explain.XXXXXX";

static void make_bundle(const char *mounts)
{
	FILE *out;

	strcpy(bundle + strlen(bundle) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(bundle));
	out = fopen(bw_arena_printf(&arena, "%s/config.json", bundle), "we");
	ck_assert_ptr_nonnull(out);
	fprintf(out,
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/"
		"\",\"args\":[\"a\"],\"env\":[\"B=c\",\"AWS_SECRET_ACCESS_KEY=hunter2\"]},"
		"\"mounts\":[%s],\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":"
		"\"network\"}]}}",
		mounts);
	ck_assert_int_eq(fclose(out), 0);
}

static void remove_bundle(void)
{
	ck_assert_int_eq(unlink(bw_arena_printf(&arena, "%s/config.json", bundle)), 0);
	ck_assert_int_eq(rmdir(bundle), 0);
}

static char *explain(const char *profile, const char *format, int expected)
{
	struct bw_context ctx = {.root = "/run/bulwark", .profile = profile};
	struct bw_err err = {0};
	char *text = NULL;
	int verdict = -1;

	ck_assert_msg(bw_explain(&ctx, bundle, false, format, &text, &verdict, &err) == 0, "%s", err.text);
	ck_assert_int_eq(verdict, expected);
	ck_assert_msg(!strstr(text, "hunter2") || bw_streq(profile, "compat"), "%s", text);
	return text;
}

START_TEST(text_groups_by_rule_and_says_asked_will_be_because)
{
	auto_free char *text = NULL;

	make_bundle("");
	text = explain("hardened", "text", BW_EXPLAIN_CHANGED);
	ck_assert_ptr_nonnull(bw_after_prefix(text, "profile hardened (--profile): changed; "));
	ck_assert_ptr_nonnull(strstr(text, "\nCHANGED\n  profile\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "  identity\n    /process/user/uid\n      asked    (nothing)\n"
			     "      will be  1001\n"
			     "      because  root without a user namespace is the host's root\n"));
	ck_assert_ptr_null(strstr(text, "REFUSED"));
	remove_bundle();
}
END_TEST

START_TEST(a_refusal_is_an_answer_with_what_to_do_instead)
{
	auto_free char *text = NULL, *diff = NULL;

	make_bundle("{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/run/"
		    "docker.sock\",\"options\":[\"bind\"]}");
	text = explain("hardened", "text", BW_EXPLAIN_REFUSED);
	ck_assert_ptr_nonnull(strstr(text, "\nREFUSED\n  mounts.source\n    /mounts/0/source\n"
					   "      asked    /run/docker.sock\n"));
	ck_assert_ptr_nonnull(strstr(text, "      instead  "));
	diff = explain("hardened", "diff", BW_EXPLAIN_REFUSED);
	ck_assert_ptr_nonnull(
		bw_after_prefix(diff, "# profile hardened (--profile)\n"
				      "# refused: /mounts/0/source: is /run/docker.sock"));
	remove_bundle();
}
END_TEST

START_TEST(json_has_stable_keys)
{
	auto_free char *text = NULL;
	struct bw_json *tree = NULL;
	const struct bw_json *first;
	struct bw_err err = {0};

	make_bundle("");
	text = explain("hardened", "json", BW_EXPLAIN_CHANGED);
	ck_assert_msg(bw_json_parse(text, strlen(text), "explain", &arena, &tree, &err) == 0, "%s",
		err.text);
	ck_assert_str_eq(bw_json_get(tree, "profile")->text, "hardened");
	ck_assert_str_eq(bw_json_get(tree, "verdict")->text, "changed");
	ck_assert_str_eq(bw_json_get(tree, "reason")->text, "--profile");
	first = bw_json_get(tree, "findings")->child;
	for (const char *const *key = (const char *const[]){"rule", "verdict", "pointer", "before",
		     "after", "reason", "hint", NULL};
		*key; key++)
		ck_assert_ptr_nonnull(bw_json_get(first, *key));
	remove_bundle();
}
END_TEST

START_TEST(a_diff_shows_the_names_of_variables_but_not_what_was_removed)
{
	auto_free char *text = NULL;

	make_bundle("");
	text = explain("hardened", "diff", BW_EXPLAIN_CHANGED);
	ck_assert_ptr_nonnull(
		bw_after_prefix(text, "# profile hardened (--profile)\n--- config.json (asked)\n+++ config.json (will be)\n@@ "));
	ck_assert_ptr_nonnull(strstr(text, "AWS_SECRET_ACCESS_KEY=(hidden)"));
	ck_assert_ptr_nonnull(strstr(text, "\n+    \"noNewPrivileges\": true"));
	remove_bundle();
}
END_TEST

START_TEST(compat_leaves_all_as_it_is)
{
	auto_free char *text = NULL, *diff = NULL;

	make_bundle("");
	text = explain("compat", "text", BW_EXPLAIN_SAME);
	ck_assert_str_eq(text, "profile compat (--profile): same; 0 changes, 0 refusals\n");
	diff = explain("compat", "diff", BW_EXPLAIN_SAME);
	ck_assert_str_eq(diff, "# profile compat (--profile)\n");
	remove_bundle();
}
END_TEST

START_TEST(what_is_in_force_comes_last)
{
	char layer[] = "seccomp: filter baseline", lack[] = "landlock: this kernel has none";
	char *layers[] = {layer}, *degraded[] = {lack};
	struct bw_in_force in_force = {.layers = {layers, 1}, .degraded = {degraded, 1}};
	struct bw_context ctx = {.root = "/run/bulwark", .profile = "hardened"};
	auto_free char *text = NULL, *json = NULL, *refused = NULL, *without = NULL;
	struct bw_decision decision;
	struct bw_json *tree;
	struct bw_err err = {0};
	int verdict = -1;

	make_bundle("");
	ck_assert_int_eq(bw_decide(&ctx, bundle, NULL, &arena, &decision, NULL, &err), 0);
	ck_assert_int_eq(bw_explain_decision(&decision, &in_force, "text", &text, &verdict, &err), 0);
	ck_assert_ptr_nonnull(strstr(text, "\n\nIN FORCE\n  seccomp: filter baseline\n"
					   "\nDEGRADED\n  landlock: this kernel has none\n"));
	ck_assert_ptr_null(strstr(text, "WOULD NOT START HERE"));
	ck_assert_int_eq(bw_explain_decision(&decision, &in_force, "json", &json, &verdict, &err), 0);
	ck_assert_int_eq(bw_json_parse(json, strlen(json), "explain", &arena, &tree, &err), 0);
	ck_assert_uint_eq(bw_json_get(tree, "layers")->count, 1);
	ck_assert_uint_eq(bw_json_get(tree, "degraded")->count, 1);
	ck_assert_int_eq(bw_json_get(tree, "wouldNotStartHere")->type, BW_JSON_NULL);
	in_force = (struct bw_in_force){.refusal = "the policy requires Landlock"};
	ck_assert_int_eq(bw_explain_decision(&decision, &in_force, "text", &refused, &verdict, &err), 0);
	ck_assert_ptr_nonnull(strstr(refused, "\n\nWOULD NOT START HERE\n  the policy requires Landlock\n"));
	ck_assert_ptr_null(strstr(refused, "IN FORCE"));
	ck_assert_int_eq(verdict, BW_EXPLAIN_CHANGED);
	ck_assert_int_eq(bw_explain_decision(&decision, NULL, "json", &without, &verdict, &err), 0);
	ck_assert_ptr_null(strstr(without, "wouldNotStartHere"));
	remove_bundle();
}
END_TEST

START_TEST(what_cannot_be_explained_is_an_error)
{
	struct bw_context ctx = {.root = "/run/bulwark"};
	struct bw_err err = {0};
	char *text = NULL;
	int verdict = -1;

	ck_assert_int_eq(bw_explain(&ctx, "/nowhere", false, "text", &text, &verdict, &err), -1);
	ck_assert_ptr_null(text);
	err = (struct bw_err){0};
	ctx.profile = "loose";
	make_bundle("");
	ck_assert_int_eq(bw_explain(&ctx, bundle, false, "text", &text, &verdict, &err), -1);
	ck_assert_str_eq(err.text, "there is no profile \"loose\"");
	err = (struct bw_err){0};
	ctx.profile = NULL;
	ck_assert_int_eq(bw_explain(&ctx, bundle, false, "xml", &text, &verdict, &err), -1);
	ck_assert_str_eq(err.text, "format must be text, json or diff, not \"xml\"");
	remove_bundle();
}
END_TEST

START_TEST(policy_is_shown_linted_and_published)
{
	auto_free char *schema = NULL, *show = NULL, *bad = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_policy_text("schema", NULL, &schema, &err), 0);
	ck_assert_ptr_nonnull(strstr(schema, "\"bulwark policy\""));
	ck_assert_int_eq(bw_policy_text("show", NULL, &show, &err), 0);
	ck_assert_ptr_nonnull(strstr(show, "\"untrusted-code\": {"));
	ck_assert_int_eq(bw_policy_text("lint", "/nowhere/policy.json", &bad, &err), -1);
	err = (struct bw_err){0};
	ck_assert_int_eq(bw_policy_text("polish", NULL, &bad, &err), -1);
	ck_assert_str_eq(
		err.text, "policy must be followed by lint, show, schema or test, not \"polish\"");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explain");
	TCase *t = tcase_create("explain");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_diff_is_as_diff_u_writes_it, 0, (int)BW_COUNT(diffs));
	tcase_add_test(t, text_groups_by_rule_and_says_asked_will_be_because);
	tcase_add_test(t, a_refusal_is_an_answer_with_what_to_do_instead);
	tcase_add_test(t, json_has_stable_keys);
	tcase_add_test(t, a_diff_shows_the_names_of_variables_but_not_what_was_removed);
	tcase_add_test(t, compat_leaves_all_as_it_is);
	tcase_add_test(t, what_is_in_force_comes_last);
	tcase_add_test(t, what_cannot_be_explained_is_an_error);
	tcase_add_test(t, policy_is_shown_linted_and_published);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
