/* SPDX-License-Identifier: Apache-2.0 */
/* test_golden.c - golden cases: tests/golden/<case>/ holds config.json and, where they matter,
 * policy.json, facts.json (as of `policy test --facts`) and profile (what --profile says). What comes out
 * is compared with hardened.json (none when it is refused) and findings.json. BW_GOLDEN_UPDATE=1
 * writes them anew: read the difference before you commit it. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "policy/harden.h"

#if defined(__x86_64__)
#define NATIVE "SCMP_ARCH_X86_64"
#else
#define NATIVE "SCMP_ARCH_AARCH64"
#endif

static struct bw_arena arena;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

static const char *place(const char *name, const char *file)
{
	const char *srcdir = getenv("srcdir");

	return bw_arena_printf(&arena, "%s/tests/golden/%s/%s", srcdir ? srcdir : ".", name, file);
}

/* The text of a file of the case, or NULL when there is none. */
static const char *text_of(const char *name, const char *file)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};

	if (access(place(name, file), F_OK) != 0)
		return NULL;
	ck_assert_msg(
		bw_read_file(place(name, file), 1 << 22, &text, NULL, &err) == 0, "%s", err.text);
	return bw_arena_strdup(&arena, text);
}

static struct bw_policy_facts facts_of(const char *name)
{
	const char *text = text_of(name, "facts.json");
	struct bw_policy_facts facts = {0};
	struct bw_err err = {0};

	if (text)
		ck_assert_msg(bw_policy_facts_parse(text, strlen(text), "facts.json", &arena, &facts, &err) == 0, "%s",
			err.text);
	return facts;
}

static const char *finish(struct bw_json_writer *w)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_json_writer_end(w, &text, NULL, &err) == 0, "%s", err.text);
	bw_json_writer_free(w);
	return bw_arena_printf(&arena, "%s\n", text);
}

static void write_member(struct bw_json_writer *w, const char *key, const char *text)
{
	bw_json_key(w, key);
	if (text)
		bw_json_string(w, text);
	else
		bw_json_null(w);
}

static const char *findings_text(const char *profile, const char *reason, const char *error,
	const struct bw_findings *findings)
{
	struct bw_json_writer *w = bw_json_writer_new(true);

	bw_json_begin_object(w);
	write_member(w, "profile", profile);
	write_member(w, "reason", reason);
	write_member(w, "error", error);
	bw_json_key(w, "findings");
	bw_json_begin_array(w);
	for (size_t i = 0; i < findings->n; i++) {
		bw_json_begin_object(w);
		write_member(w, "rule", findings->v[i].rule);
		write_member(w, "verdict", bw_verdict_word(findings->v[i].verdict));
		write_member(w, "pointer", findings->v[i].pointer);
		write_member(w, "before", findings->v[i].before);
		write_member(w, "after", findings->v[i].after);
		write_member(w, "reason", findings->v[i].reason);
		bw_json_end_object(w);
	}
	bw_json_end_array(w);
	bw_json_end_object(w);
	return finish(w);
}

static const char *spec_text(const struct bw_spec *spec)
{
	struct bw_json_writer *w = bw_json_writer_new(true);

	bw_schema_write(&bw_hardened_schema, spec, w);
	return finish(w);
}

/* Golden files say @NATIVE@ for the machine's own architecture, which depends on the machine. */
static const char *replace_all(const char *text, const char *from, const char *to)
{
	const char *at;

	while ((at = strstr(text, from)))
		text = bw_arena_printf(
			&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return text;
}

/* Check refuses messages of the size of a case, so the first line that differs is shown. */
static void compare_lines(
	const char *name, const char *file, const char *found, const char *expected)
{
	for (unsigned line = 1; *found || *expected; line++) {
		int a = (int)strcspn(expected, "\n"), b = (int)strcspn(found, "\n");

		ck_assert_msg(a == b && memcmp(found, expected, (size_t)a) == 0,
			"%s/%s:%u: expected \"%.*s\", found \"%.*s\"", name, file, line,
			a < 500 ? a : 500, expected, b < 500 ? b : 500, found);
		expected += a + (expected[a] == '\n');
		found += b + (found[b] == '\n');
	}
}

static void compare(const char *name, const char *file, const char *found)
{
	const char *expected = text_of(name, file);

	if (getenv("BW_GOLDEN_UPDATE")) {
		FILE *out = found ? fopen(place(name, file), "we") : NULL;

		ck_assert(out || !found);
		if (out) {
			fputs(replace_all(found, "\"" NATIVE "\"", "\"@NATIVE@\""), out);
			ck_assert_int_eq(fclose(out), 0);
		}
		return;
	}
	ck_assert_msg(!expected == !found, "%s/%s", name, file);
	if (found)
		compare_lines(name, file, found, replace_all(expected, "@NATIVE@", NATIVE));
}

static void run_case(const char *name)
{
	const char *config = replace_all(text_of(name, "config.json"), "@NATIVE@", NATIVE);
	const char *policy_text = text_of(name, "policy.json"), *asked = text_of(name, "profile");
	struct bw_policy_facts facts = facts_of(name);
	const struct bw_policy *policy = NULL;
	const struct bw_profile *profile = NULL;
	struct bw_spec *spec = NULL, *hardened = NULL;
	struct bw_findings findings = {0};
	const char *reason = NULL;
	struct bw_err err = {0};
	int r;

	policy_text = policy_text ? policy_text : "{\"version\": 1}";
	asked = asked ? bw_arena_strndup(&arena, asked, strcspn(asked, "\n")) : NULL;
	ck_assert_msg(bw_spec_parse(config, strlen(config), "config.json", &arena, &spec, NULL,
			      &err) == 0 &&
			      bw_policy_parse(policy_text, strlen(policy_text), "policy.json",
				      &arena, &policy, &err) == 0 &&
			      bw_policy_choose(policy, asked, &facts, &spec->annotations, &arena,
				      &profile, &reason, &err) == 0,
		"%s: %s", name, err.text);
	r = bw_harden(spec, profile, &arena, &hardened, &findings, &err);
	compare(name, "hardened.json", r < 0 ? NULL : spec_text(hardened));
	compare(name, "findings.json",
		findings_text(
			bw_profile_name(profile), reason, r < 0 ? err.text : NULL, &findings));
}

START_TEST(each_case_gives_what_its_files_say)
{
	const char *srcdir = getenv("srcdir");
	auto_closedir DIR *d =
		opendir(bw_arena_printf(&arena, "%s/tests/golden", srcdir ? srcdir : "."));
	struct dirent *entry;
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' || !text_of(entry->d_name, "config.json"))
			continue;
		run_case(entry->d_name);
		n++;
	}
	ck_assert_uint_ge(n, 8);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("golden");
	TCase *t = tcase_create("golden");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_case_gives_what_its_files_say);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
