/* SPDX-License-Identifier: Apache-2.0 */
/* test_golden_plan.c - golden cases that name a machine: where tests/golden/<case>/ has plans (a
 * list of host facts in tests/data, one a line), the hardened spec is compiled for each of them and
 * the steps are compared with plan-<host>.txt. A plan that is refused is its one error line.
 * BW_GOLDEN_UPDATE=1 writes them anew: read the difference before you commit it. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "compile_double.h"

#if defined(__x86_64__)
#define NATIVE "SCMP_ARCH_X86_64"
#else
#define NATIVE "SCMP_ARCH_AARCH64"
#endif

static const char *srcdir(void)
{
	const char *dir = getenv("srcdir");

	return dir ? dir : ".";
}

static char *text_of(struct compiled *c, const char *name, const char *file)
{
	char *path = bw_arena_printf(&c->arena, "%s/tests/golden/%s/%s", srcdir(), name, file);
	auto_free char *text = NULL;

	if (access(path, F_OK) != 0)
		return NULL;
	ck_assert_msg(bw_read_file(path, 1 << 22, &text, NULL, &c->err) == 0, "%s", c->err.text);
	return bw_arena_strdup(&c->arena, text);
}

static char *native(struct compiled *c, char *text)
{
	char *at;

	while ((at = strstr(text, "@NATIVE@")))
		text = bw_arena_printf(
			&c->arena, "%.*s" NATIVE "%s", (int)(at - text), text, at + 8);
	return text;
}

static struct bw_policy_facts facts_of(struct compiled *c, const char *name)
{
	const char *text = text_of(c, name, "facts.json");
	struct bw_policy_facts facts = {0};

	if (text)
		ck_assert_msg(bw_policy_facts_parse(text, strlen(text), "facts.json", &c->arena, &facts, &c->err) == 0,
			"%s", c->err.text);
	return facts;
}

/* As test_golden does it. */
static struct bw_spec *hardened_spec(struct compiled *c, const char *name)
{
	char *config = native(c, text_of(c, name, "config.json"));
	char *policy_text = text_of(c, name, "policy.json"), *asked = text_of(c, name, "profile");
	struct bw_policy_facts facts = facts_of(c, name);
	const struct bw_policy *policy = NULL;
	const struct bw_profile *profile = NULL;
	struct bw_spec *spec = NULL, *hardened = NULL;
	struct bw_findings findings = {0};
	const char *reason;
	char none[] = "{\"version\": 1}";

	if (!policy_text)
		policy_text = none;
	if (asked)
		asked[strcspn(asked, "\n")] = '\0';
	ck_assert_msg(
		bw_spec_parse(config, strlen(config), "config.json", &c->arena, &spec, NULL,
			&c->err) == 0 &&
			bw_policy_parse(policy_text, strlen(policy_text), "policy.json", &c->arena,
				&policy, &c->err) == 0 &&
			bw_policy_choose(policy, asked, &facts, &spec->annotations, &c->arena,
				&profile, &reason, &c->err) == 0 &&
			bw_harden(spec, profile, &c->arena, &hardened, &findings, &c->err) == 0,
		"%s: %s", name, c->err.text);
	return hardened;
}

static void compare(struct compiled *c, const char *name, const char *file, const char *found)
{
	const char *expected = text_of(c, name, file);

	if (getenv("BW_GOLDEN_UPDATE")) {
		FILE *out = fopen(
			bw_arena_printf(&c->arena, "%s/tests/golden/%s/%s", srcdir(), name, file),
			"we");

		ck_assert_ptr_nonnull(out);
		fputs(found, out);
		ck_assert_int_eq(fclose(out), 0);
		return;
	}
	ck_assert_msg(expected != NULL, "%s/%s is missing", name, file);
	while (*found || *expected) {
		size_t a = strcspn(expected, "\n"), b = strcspn(found, "\n");

		ck_assert_msg(a == b && memcmp(found, expected, a) == 0,
			"%s/%s: \"%.*s\" is expected and \"%.*s\" is found", name, file, (int)a,
			expected, (int)b, found);
		expected += a + (expected[a] == '\n');
		found += b + (found[b] == '\n');
	}
}

static void run_on(const char *name, const char *host)
{
	char path[512], file[128];
	struct compiled c;
	const char *found;

	snprintf(path, sizeof path, "%s/tests/data/host-%s.json", srcdir(), host);
	snprintf(file, sizeof file, "plan-%s.txt", host);
	compiled_begin(&c, path);
	if (compiled_spec(&c, hardened_spec(&c, name)) == 0)
		found = compiled_text(&c);
	else
		found = bw_arena_printf(&c.arena, "refused: %s\n", c.err.text);
	compare(&c, name, file, found);
	compiled_end(&c);
}

static size_t run_case(const char *name, char *hosts)
{
	char *host, *rest = hosts;
	size_t n = 0;

	while ((host = strsep(&rest, "\n"))) {
		if (!*host)
			continue;
		run_on(name, host);
		n++;
	}
	return n;
}

START_TEST(each_machine_gets_the_plan_that_its_file_says)
{
	char path[512];
	auto_closedir DIR *d = NULL;
	struct dirent *entry;
	size_t n = 0;

	snprintf(path, sizeof path, "%s/tests/golden", srcdir());
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d))) {
		auto_free char *hosts = NULL;

		snprintf(
			path, sizeof path, "%s/tests/golden/%.200s/plans", srcdir(), entry->d_name);
		if (entry->d_name[0] == '.' || access(path, F_OK) != 0)
			continue;
		ck_assert_int_eq(bw_read_file(path, 4096, &hosts, NULL, NULL), 0);
		n += run_case(entry->d_name, hosts);
	}
	ck_assert_uint_ge(n, 8);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("golden_plan");
	TCase *t = tcase_create("golden_plan");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, each_machine_gets_the_plan_that_its_file_says);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
