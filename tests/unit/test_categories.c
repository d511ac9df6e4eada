/* SPDX-License-Identifier: Apache-2.0 */
/* test_categories.c - whose pair of SELinux categories a container gets. What is taken and given back needs SELinux:
 * tests/root/selinux.sh. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "container/categories.h"
#include "host/host.h"

static struct bw_arena arena;

/* What hardening has after the guess; "" for none. */
static const char *level_of(const char *label, const char *tenant, const char *type, bool always, const char *id)
{
	char *texts[] = {bw_arena_strdup(&arena, label ? label : ""), bw_arena_strdup(&arena, tenant ? tenant : ""),
		bw_arena_strdup(&arena, type ? type : ""), bw_arena_strdup(&arena, "prefer")};
	struct bw_spec_process process = {.selinux_label = label ? texts[0] : NULL};
	struct bw_spec_hardening hardening = {
		.tenant = tenant ? texts[1] : NULL,
		.selinux_type = type ? texts[2] : NULL,
		.selinux = texts[3],
		.selinux_always = {.set = true, .v = always},
	};
	struct bw_spec spec = {.process = &process, .hardening = &hardening};
	const struct bw_host host = {.selinux = {.set = true, .v = true}, .root = {.set = true, .v = true}};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_categories_guess(&spec, &host, id, &arena, &err), 0);
	return hardening.selinux_level ? hardening.selinux_level : "";
}

START_TEST(a_tenants_containers_have_one_pair)
{
	const char *ann = level_of(NULL, "ann", "t", false, "/run/a");

	ck_assert_str_eq(level_of(NULL, "ann", "t", false, "/run/b"), ann);
	ck_assert_str_ne(level_of(NULL, "bob", "t", false, "/run/a"), ann);
}
END_TEST

START_TEST(without_a_tenant_each_container_stands_alone)
{
	const char *a = level_of(NULL, NULL, "t", false, "/run/a");

	ck_assert_str_ne(a, "");
	ck_assert_str_ne(level_of(NULL, NULL, "t", false, "/run/b"), a);
	/* A container's id is no tenant's name. */
	ck_assert_str_ne(level_of(NULL, "/run/a", "t", false, "/run/a"), a);
}
END_TEST

START_TEST(the_callers_pair_stays)
{
	ck_assert_str_eq(level_of("u:r:container_t:s0:c9,c3", NULL, "t", true, "/run/a"), "s0:c3,c9");
	ck_assert_str_eq(level_of("u:r:container_t:s0:c9,c3", "ann", "t", true, "/run/a"), "s0:c3,c9");
	/* Also where his type does: nobody else gets the pair. */
	ck_assert_str_eq(level_of("u:r:container_t:s0:c9,c3", NULL, NULL, false, "/run/a"), "s0:c3,c9");
}
END_TEST

START_TEST(a_label_without_a_pair_gets_one_with_our_type_alone)
{
	ck_assert_str_eq(level_of("u:r:container_t:s0", NULL, "t", false, "/run/a"), "");
	ck_assert_str_eq(level_of("u:r:container_t:s0", NULL, "t", true, "/run/a"), level_of(NULL, NULL, "t", true, "/run/a"));
	ck_assert_str_eq(level_of(NULL, NULL, NULL, true, "/run/a"), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("categories");
	TCase *tc = tcase_create("categories");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, a_tenants_containers_have_one_pair);
	tcase_add_test(tc, without_a_tenant_each_container_stands_alone);
	tcase_add_test(tc, the_callers_pair_stays);
	tcase_add_test(tc, a_label_without_a_pair_gets_one_with_our_type_alone);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
