/* SPDX-License-Identifier: Apache-2.0 */
/* test_netns.c - what netns plans for which host and specification.
 * What the kernel makes of it is test_netns_live.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "control/control.h"
#include "control/endpoint.h"
#include "control/guard.h"
#include "control/netns.h"
#include "control/rtnl.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

static char own_type[] = "network", joined_path[] = "/proc/1/ns/net";
static char require[] = "require";
static char imds[] = "169.254.169.254", imds6[] = "fd00:ec2::254",
	    imds_mapped[] = "::ffff:169.254.169.254";
static char wrong[] = "169.254.169.254/33", prefix[] = "169.254.172.0/22";

/* A container with a new network namespace and two blocked endpoints; tests bend it. */
static struct world {
	struct bw_spec_namespace ns;
	struct bw_spec_linux linux_;
	struct bw_spec_hardening hardening;
	struct bw_spec spec;
	struct bw_host host;
	struct bw_guard guard;
	struct bw_request request;
	struct bw_plan plan;
	struct bw_err err;
	char *endpoints[BW_MAX_ENDPOINTS + 1];
} w;

static void setup(void)
{
	w = (struct world){.plan = BW_PLAN_INIT};
	w.ns.type = own_type;
	w.linux_.namespaces.v = &w.ns;
	w.linux_.namespaces.n = 1;
	w.endpoints[0] = imds;
	w.endpoints[1] = imds6;
	w.hardening.block_endpoints.v = w.endpoints;
	w.hardening.block_endpoints.n = 2;
	w.hardening.endpoints = require;
	w.spec.linux_ = &w.linux_;
	w.spec.hardening = &w.hardening;
	w.host.policy_routing = (struct bw_opt_bool){.set = true, .v = true};
	w.request.spec = &w.spec;
	w.request.host = &w.host;
	w.guard.way = BW_GUARD_ROUTING;
	w.request.guard = &w.guard;
}

static void teardown(void)
{
	bw_plan_done(&w.plan);
}

static void said(char *buf, size_t size)
{
	const struct bw_step *step = &w.plan.steps[0];

	ck_assert_uint_le(w.plan.n, w.guard.way == BW_GUARD_ROUTING ? 2 : 1);
	ck_assert_uint_eq(step->phase, BW_PHASE_NETWORK);
	bw_netns.say(step->op, bw_plan_data(&w.plan, step), step->len, buf, size);
}

START_TEST(own_namespace_is_guarded)
{
	char buf[128];

	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	said(buf, sizeof buf);
	ck_assert_str_eq(buf, "prohibit 2 endpoints, bring up lo");
}
END_TEST

START_TEST(one_address_in_two_spellings_is_one_endpoint)
{
	char buf[128];

	w.endpoints[1] = imds_mapped;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	said(buf, sizeof buf);
	ck_assert_str_eq(buf, "prohibit 1 endpoints, bring up lo");
}
END_TEST

START_TEST(without_hardening_loopback_alone_comes_up)
{
	char buf[128];

	w.spec.hardening = NULL;
	w.guard.way = BW_GUARD_NONE;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	said(buf, sizeof buf);
	ck_assert_str_eq(buf, "bring up lo");
}
END_TEST

START_TEST(exec_plans_nothing)
{
	w.request.exec = true;
	w.ns.path = joined_path;
	w.hardening.block_endpoints.n = 0;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	ck_assert_uint_eq(w.plan.n, 0);
}
END_TEST

START_TEST(joined_namespace_is_left_alone)
{
	w.ns.path = joined_path;
	w.hardening.block_endpoints.n = 0;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	ck_assert_uint_eq(w.plan.n, 0);
}
END_TEST

START_TEST(another_way_of_the_guard_needs_no_rules)
{
	char buf[128];

	w.guard.way = BW_GUARD_CGROUP;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	said(buf, sizeof buf);
	ck_assert_str_eq(buf, "bring up lo");
}
END_TEST

START_TEST(prefixes_are_rules_of_their_length)
{
	char buf[128];

	w.endpoints[1] = prefix;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	said(buf, sizeof buf);
	ck_assert_str_eq(buf, "prohibit 2 endpoints, bring up lo");
}
END_TEST

START_TEST(all_but_loopback_is_prohibited)
{
	char buf[128];

	w.hardening.only_loopback = (struct bw_opt_bool){true, true};
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	said(buf, sizeof buf);
	ck_assert_str_eq(buf, "prohibit all but loopback, bring up lo");
}
END_TEST

START_TEST(wrong_endpoint_is_refused)
{
	w.endpoints[1] = wrong;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), -1);
	ck_assert_str_eq(w.err.text,
		"blocked endpoint \"169.254.169.254/33\" is not an IPv4 or IPv6 address, nor one with "
		"/PREFIX-LENGTH");
}
END_TEST

START_TEST(as_many_endpoints_as_allowed_fit_and_one_more_does_not)
{
	static char texts[BW_MAX_ENDPOINTS + 1][32];
	char buf[128];

	for (size_t i = 0; i <= BW_MAX_ENDPOINTS; i++) {
		snprintf(texts[i], sizeof texts[i], "fd00:ec2::%zx", i + 1);
		w.endpoints[i] = texts[i];
	}
	w.hardening.block_endpoints.n = BW_MAX_ENDPOINTS;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), 0);
	said(buf, sizeof buf);
	ck_assert_str_eq(buf, "prohibit 64 endpoints, bring up lo");
	w.hardening.block_endpoints.n++;
	ck_assert_int_eq(bw_netns.prepare(&w.request, &w.plan, &w.err), -1);
	ck_assert_str_eq(w.err.text, "65 blocked endpoints are more than 64");
	w.err = (struct bw_err){0};
	ck_assert_int_eq(bw_netns_verify(-1, &w.hardening.block_endpoints, &w.err), -1);
	ck_assert_str_eq(w.err.text, "65 blocked endpoints are more than 64");
}
END_TEST

START_TEST(full_batch_overflows_without_writing_on)
{
	_Alignas(8) unsigned char bytes[24 + 8];
	struct bw_rtnl rtnl = bw_rtnl_over(bytes, 24);

	bytes[24] = 0x5a;
	bw_rtnl_begin(&rtnl, 1, 0, "1234", 4);
	ck_assert(!rtnl.overflow);
	bw_rtnl_attr(&rtnl, 1, "5", 1);
	ck_assert(rtnl.overflow);
	ck_assert_uint_eq(bytes[24], 0x5a);
}
END_TEST

START_TEST(verify_of_nothing_holds)
{
	struct bw_strs none = {0};

	ck_assert_int_eq(bw_netns_verify(-1, &none, &w.err), 0);
}
END_TEST

START_TEST(verify_of_no_namespace_says_so)
{
	ck_assert_int_eq(bw_netns_verify(-1, &w.hardening.block_endpoints, &w.err), -1);
	ck_assert_str_eq(w.err.text, "checking the blocked endpoints: entering the network "
				     "namespace: bad file descriptor");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("netns");
	TCase *tc = tcase_create("netns");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, own_namespace_is_guarded);
	tcase_add_test(tc, one_address_in_two_spellings_is_one_endpoint);
	tcase_add_test(tc, without_hardening_loopback_alone_comes_up);
	tcase_add_test(tc, exec_plans_nothing);
	tcase_add_test(tc, joined_namespace_is_left_alone);
	tcase_add_test(tc, another_way_of_the_guard_needs_no_rules);
	tcase_add_test(tc, prefixes_are_rules_of_their_length);
	tcase_add_test(tc, all_but_loopback_is_prohibited);
	tcase_add_test(tc, wrong_endpoint_is_refused);
	tcase_add_test(tc, as_many_endpoints_as_allowed_fit_and_one_more_does_not);
	tcase_add_test(tc, full_batch_overflows_without_writing_on);
	tcase_add_test(tc, verify_of_nothing_holds);
	tcase_add_test(tc, verify_of_no_namespace_says_so);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
