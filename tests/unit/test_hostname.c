/* SPDX-License-Identifier: Apache-2.0 */
/* test_hostname.c - names of a UTS namespace of the container's own. */
#include "control_test.h"

#include <sys/utsname.h>

#define NEW_UTS "\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]}"

START_TEST(both_names_are_set_through_the_node_phase)
{
	struct bench *b =
		bench_new("", "\"hostname\":\"web-1\",\"domainname\":\"example.org\"," NEW_UTS);

	bench_prepare(b, &bw_hostname);
	ck_assert_uint_eq(b->plan.n, 2);
	bench_step(b, &bw_hostname, 0, BW_PHASE_NODE, BW_SIDE_CHILD, "set hostname to web-1");
	bench_step(
		b, &bw_hostname, 1, BW_PHASE_NODE, BW_SIDE_CHILD, "set domainname to example.org");
	bench_free(b);
}
END_TEST

START_TEST(exec_leaves_the_names_alone)
{
	struct bench *b = bench_new("", "\"hostname\":\"web-1\"," NEW_UTS);

	b->request.exec = true;
	bench_prepare(b, &bw_hostname);
	ck_assert_uint_eq(b->plan.n, 0);
	bench_free(b);
}
END_TEST

START_TEST(our_own_namespace_by_path_is_not_private)
{
	struct bench *b = bench_new("", "\"hostname\":\"web-1\",\"linux\":{\"namespaces\":["
					"{\"type\":\"uts\",\"path\":\"/proc/self/ns/uts\"}]}");

	bench_refused(b, &bw_hostname, BW_E_SPEC, "/hostname",
		"unable to set hostname without a private UTS namespace");
	bench_free(b);
}
END_TEST

START_TEST(a_namespace_that_is_not_there_is_named)
{
	struct bench *b = bench_new("", "\"hostname\":\"web-1\",\"linux\":{\"namespaces\":["
					"{\"type\":\"uts\",\"path\":\"/nowhere/uts\"}]}");

	bench_refused(b, &bw_hostname, BW_E_SPEC, "/linux/namespaces",
		"stat /nowhere/uts: no such file or directory");
	bench_free(b);
}
END_TEST

START_TEST(no_namespace_and_too_long_a_name_are_refused)
{
	static char name[] = "12345678901234567890123456789012345678901234567890123456789012345";
	struct bench *b = bench_new("", NEW_UTS);

	b->spec->hostname = name;
	bench_refused(b, &bw_hostname, BW_E_SPEC, "/hostname", "/hostname: longer than 64 bytes");
	b->spec->hostname = name + 1;
	memset(&b->err, 0, sizeof b->err);
	bench_prepare(b, &bw_hostname);
	b->spec->linux_->namespaces.n = 0;
	bench_refused(b, &bw_hostname, BW_E_SPEC, "/hostname",
		"unable to set hostname without a private UTS namespace");
	bench_free(b);
}
END_TEST

static void look(void)
{
	struct utsname uts;

	if (uname(&uts) == 0)
		printf("%s %s", uts.nodename, uts.domainname);
}

START_TEST(the_namespace_has_these_names)
{
	struct bench *b;

	if (skip_unless(geteuid() == 0, "root"))
		return;
	b = bench_new("", "\"hostname\":\"web-1\",\"domainname\":\"example.org\"," NEW_UTS);
	bench_prepare(b, &bw_hostname);
	ck_assert_str_eq(bench_apply(b, CLONE_NEWUTS, NULL, look), "web-1 example.org");
	bench_free(b);
}
END_TEST

BENCH_MAIN("hostname", {both_names_are_set_through_the_node_phase, 0},
	{exec_leaves_the_names_alone, 0}, {our_own_namespace_by_path_is_not_private, 0},
	{a_namespace_that_is_not_there_is_named, 0},
	{no_namespace_and_too_long_a_name_are_refused, 0}, {the_namespace_has_these_names, 0})
