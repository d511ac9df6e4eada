/* SPDX-License-Identifier: Apache-2.0 */
/* test_features.c - the features document says what the program's own tables say, sorted, and claims no flag that
 * this kernel does not take. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/bulwark.h"
#include "control/control.h"
#include "control/seccomp_filter.h"
#include "control/words.h"
#include "host/host.h"
#include "json/json.h"

static struct bw_arena arena;
static struct bw_json *document;

static void setup(void)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_features_text(&text, &err) == 0, "%s", err.text);
	ck_assert_msg(bw_json_parse(text, strlen(text), "features", &arena, &document, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

/* The value at a path of steps such as "linux.seccomp.actions". */
static const struct bw_json *at(const char *path)
{
	const struct bw_json *value = document;
	char step[64];

	while (*path) {
		size_t len = strcspn(path, ".");

		snprintf(step, sizeof step, "%.*s", (int)len, path);
		value = bw_json_get(value, step);
		ck_assert_msg(value != NULL, "no %s", step);
		path += path[len] ? len + 1 : len;
	}
	return value;
}

static bool lists(const char *path, const char *word)
{
	const struct bw_json *entry = at(path)->child;

	while (entry && !bw_streq(entry->text, word))
		entry = entry->next;
	return entry != NULL;
}

static const char *const sorted[] = {"linux.namespaces", "linux.seccomp.actions", "linux.seccomp.operators",
	"linux.seccomp.archs", "linux.seccomp.knownFlags", "linux.seccomp.supportedFlags", "linux.memoryPolicy.modes",
	"linux.memoryPolicy.flags", "mountOptions"};

START_TEST(lists_are_sorted_and_name_nothing_twice)
{
	const struct bw_json *entry = at(sorted[_i])->child;

	ck_assert_ptr_nonnull(entry);
	for (; entry->next; entry = entry->next)
		ck_assert_msg(strcmp(entry->text, entry->next->text) < 0, "%s: %s", sorted[_i], entry->next->text);
}
END_TEST

START_TEST(every_word_that_is_understood_is_listed)
{
	const struct {
		const char *path;
		const char *const *words;
	} tables[] = {{"linux.seccomp.actions", bw_seccomp_action_names},
		{"linux.seccomp.operators", bw_seccomp_operator_names}, {"linux.seccomp.archs", bw_seccomp_arch_names}};

	for (size_t i = 0; i < BW_COUNT(tables); i++)
		for (size_t k = 0; tables[i].words[k]; k++)
			ck_assert_msg(bw_streq(tables[i].words[k], "SCMP_ARCH_NATIVE") !=
					      lists(tables[i].path, tables[i].words[k]),
				"%s: %s", tables[i].path, tables[i].words[k]);
	for (const struct bw_word *word = bw_memory_policy_modes; word->name; word++)
		ck_assert(lists("linux.memoryPolicy.modes", word->name));
	for (const struct bw_word *word = bw_memory_policy_flags; word->name; word++)
		ck_assert(lists("linux.memoryPolicy.flags", word->name));
}
END_TEST

START_TEST(a_flag_is_supported_if_this_kernel_takes_it)
{
	struct bw_host host = {0};

	ck_assert_int_eq(bw_seccomp.probe(&host, &arena, NULL), 0);
	for (const struct bw_seccomp_flag *flag = bw_seccomp_flags; flag->name; flag++) {
		ck_assert(lists("linux.seccomp.knownFlags", flag->name));
		ck_assert(lists("linux.seccomp.supportedFlags", flag->name) == bw_strs_has(&host.seccomp_flags, flag->name));
	}
}
END_TEST

START_TEST(checkpoints_are_said_to_be_possible_in_runc_s_word)
{
	ck_assert_str_eq(bw_json_get(at("annotations"), "org.opencontainers.runc.checkpoint.enabled")->text, "true");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("features");
	TCase *t = tcase_create("features");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, lists_are_sorted_and_name_nothing_twice, 0, (int)BW_COUNT(sorted));
	tcase_add_test(t, every_word_that_is_understood_is_listed);
	tcase_add_test(t, a_flag_is_supported_if_this_kernel_takes_it);
	tcase_add_test(t, checkpoints_are_said_to_be_possible_in_runc_s_word);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
