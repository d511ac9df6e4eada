/* SPDX-License-Identifier: Apache-2.0 */
/* test_guard.c - which way of the guard is chosen for which host and container, and what it means that there is none.
 * Loading programs is a double here; the real ones are tests/root/guard.sh's. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "control/cgroup.h"
#include "control/control.h"
#include "control/guard.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

static int load_result;

int bw_guard_load(const struct bw_guard_rules *rules, int ret_programs[BW_GUARD_HOOKS], struct bw_err *err)
{
	(void)rules, (void)ret_programs;
	return load_result ? bw_fail(err, BW_E_KERNEL, load_result, "loading the program bulwark_conn4") : 0;
}

static char own_type[] = "network", joined_path[] = "/proc/1/ns/net", require[] = "require", prefer[] = "prefer";
static char imds[] = "169.254.169.254", imds6[] = "fd00:ec2::254", group[] = "/x", mountpoint[] = "/sys/fs/cgroup",
	    pids[] = "pids";

/* A host with everything and a container with a network namespace and a cgroup of version 2 of its own; tests bend it. */
static struct world {
	struct bw_spec_namespace ns;
	struct bw_spec_linux linux_;
	struct bw_spec_hardening hardening;
	struct bw_spec spec;
	struct bw_host host;
	struct bw_cgroup_dir dir;
	struct bw_cgroup_set cgroups;
	struct bw_guard guard;
	struct bw_request request;
	struct bw_plan plan;
	struct bw_err err;
	char *endpoints[2];
} w;

static void setup(void)
{
	w = (struct world){.plan = BW_PLAN_INIT, .guard = BW_GUARD_INIT};
	load_result = 0;
	w.ns.type = own_type;
	w.linux_.namespaces.v = &w.ns;
	w.linux_.namespaces.n = 1;
	w.endpoints[0] = imds;
	w.endpoints[1] = imds6;
	w.hardening.block_endpoints = (struct bw_strs){w.endpoints, 2};
	w.hardening.endpoints = require;
	w.spec.linux_ = &w.linux_;
	w.spec.hardening = &w.hardening;
	w.host.policy_routing = (struct bw_opt_bool){.set = true, .v = true};
	w.host.bpf_guard = (struct bw_opt_bool){.set = true, .v = true};
	w.dir = (struct bw_cgroup_dir){.mountpoint = mountpoint, .path = group};
	w.cgroups.dirs.v = &w.dir;
	w.cgroups.dirs.n = 1;
	w.request = (struct bw_request){.spec = &w.spec, .host = &w.host, .cgroups = &w.cgroups, .guard = &w.guard};
}

static void teardown(void)
{
	bw_plan_done(&w.plan);
}

static void expect_way(enum bw_guard_way way, const char *words)
{
	char said[160];

	ck_assert_msg(bw_guard.prepare(&w.request, &w.plan, &w.err) == 0, "%s", w.err.text);
	ck_assert_int_eq(w.guard.way, way);
	ck_assert_uint_eq(w.plan.n, words != NULL);
	if (!words)
		return;
	ck_assert_int_eq(w.plan.steps[0].phase, BW_PHASE_PRIVS);
	bw_guard.say(w.plan.steps[0].op, bw_plan_data(&w.plan, &w.plan.steps[0]), w.plan.steps[0].len, said, sizeof said);
	ck_assert_str_eq(said, words);
}

static void expect_refused(int code, const char *words)
{
	ck_assert_int_eq(bw_guard.prepare(&w.request, &w.plan, &w.err), -1);
	ck_assert_int_eq(w.err.code, code);
	ck_assert_str_eq(w.err.text, words);
}

#define BY_CGROUP  "prove that 2 endpoints are out of reach by the cgroup's programs (169.254.169.254)"
#define BY_ROUTING "prove that 2 endpoints are out of reach by routing rules (169.254.169.254)"
#define MUST       "169.254.169.254 and 1 more endpoints must be blocked, but "
#define NOT_OWN    "the network namespace is not the container's own"
#define NO_RULES   "this kernel has no routing rules (CONFIG_IP_MULTIPLE_TABLES)"
#define NO_PROGRAM "this host lets us attach no programs to cgroups of version 2"
#define NO_CGROUP  "the container has no cgroup of version 2 of its own"

START_TEST(without_endpoints_there_is_no_guard)
{
	w.hardening.block_endpoints.n = 0;
	expect_way(BW_GUARD_NONE, NULL);
	w.spec.hardening = NULL;
	expect_way(BW_GUARD_NONE, NULL);
}
END_TEST

START_TEST(programs_of_the_cgroup_are_the_first_choice_in_every_network)
{
	expect_way(BW_GUARD_CGROUP, BY_CGROUP);
}
END_TEST

START_TEST(a_joined_network_is_guarded_by_the_cgroup)
{
	w.ns.path = joined_path;
	expect_way(BW_GUARD_CGROUP, BY_CGROUP);
}
END_TEST

START_TEST(the_network_of_the_host_is_guarded_by_the_cgroup)
{
	w.linux_.namespaces.n = 0;
	expect_way(BW_GUARD_CGROUP, BY_CGROUP);
}
END_TEST

START_TEST(without_programs_a_network_of_its_own_gets_routing_rules)
{
	w.host.bpf_guard.v = false;
	expect_way(BW_GUARD_ROUTING, BY_ROUTING);
}
END_TEST

START_TEST(a_container_without_a_unified_cgroup_gets_routing_rules)
{
	w.dir.controllers = pids;
	expect_way(BW_GUARD_ROUTING, BY_ROUTING);
}
END_TEST

START_TEST(a_caller_who_is_not_root_gets_routing_rules)
{
	w.cgroups.rootless = (struct bw_opt_bool){.set = true, .v = true};
	expect_way(BW_GUARD_ROUTING, BY_ROUTING);
}
END_TEST

START_TEST(programs_that_do_not_load_are_replaced_by_routing_rules)
{
	load_result = EPERM;
	expect_way(BW_GUARD_ROUTING, BY_ROUTING);
	ck_assert_int_eq(w.err.code, BW_E_NONE);
}
END_TEST

START_TEST(programs_that_do_not_load_are_an_error_where_nothing_replaces_them)
{
	load_result = EPERM;
	w.ns.path = joined_path;
	expect_refused(BW_E_KERNEL, "loading the program bulwark_conn4: operation not permitted");
}
END_TEST

START_TEST(a_joined_network_without_programs_is_refused)
{
	w.ns.path = joined_path;
	w.host.bpf_guard.v = false;
	expect_refused(BW_E_DENIED, MUST NOT_OWN ", and " NO_PROGRAM);
	ck_assert_str_eq(w.err.field, "/linux/namespaces");
}
END_TEST

START_TEST(a_joined_network_without_a_cgroup_is_refused)
{
	w.ns.path = joined_path;
	w.cgroups.dirs.n = 0;
	w.hardening.endpoints = NULL; /* counts as require */
	expect_refused(BW_E_DENIED, MUST NOT_OWN ", and " NO_CGROUP);
}
END_TEST

START_TEST(a_kernel_with_neither_is_refused)
{
	w.host.bpf_guard.v = false;
	w.host.policy_routing.v = false;
	expect_refused(BW_E_HOST, MUST NO_RULES ", and " NO_PROGRAM);
}
END_TEST

START_TEST(where_the_guard_is_preferred_it_is_missed_on_record)
{
	w.ns.path = joined_path;
	w.host.bpf_guard.v = false;
	w.hardening.endpoints = prefer;
	expect_way(BW_GUARD_NONE, NULL);
	ck_assert_uint_eq(w.plan.degraded_n, 1);
	ck_assert_str_eq(w.plan.degraded[0].why, "blocked endpoints are not blocked: " NOT_OWN ", and " NO_PROGRAM);
}
END_TEST

START_TEST(all_but_loopback_is_proved_by_addresses_that_nobody_has)
{
	w.hardening.only_loopback = (struct bw_opt_bool){true, true};
	w.hardening.block_endpoints.n = 0;
	expect_way(BW_GUARD_CGROUP, "prove that all but loopback is out of reach by the cgroup's programs (192.0.2.1)");
}
END_TEST

START_TEST(all_but_loopback_is_refused_by_its_name)
{
	w.hardening.only_loopback = (struct bw_opt_bool){true, true};
	w.ns.path = joined_path;
	w.host.bpf_guard.v = false;
	expect_refused(BW_E_DENIED, "everything but loopback must be blocked, but " NOT_OWN ", and " NO_PROGRAM);
}
END_TEST

START_TEST(a_further_process_proves_the_way_of_the_container)
{
	w.request.exec = true;
	expect_way(BW_GUARD_NONE, NULL);
	w.guard.way = BW_GUARD_ROUTING;
	expect_way(BW_GUARD_ROUTING, BY_ROUTING);
}
END_TEST

START_TEST(a_proof_that_fails_is_said_in_a_sentence)
{
	expect_way(BW_GUARD_CGROUP, BY_CGROUP);
	bw_guard.complain(w.plan.steps[0].op, bw_plan_data(&w.plan, &w.plan.steps[0]), w.plan.steps[0].len, EUNATCH, &w.err);
	ck_assert_str_eq(w.err.text, "the kernel does not keep the container from 169.254.169.254 and the other blocked "
				     "endpoints, although programs on its cgroup say so");
}
END_TEST

/* This machine's kernel is asked: nobody keeps us from it here, and the proof must see that. */
START_TEST(the_proof_fails_where_nothing_guards)
{
	struct bw_child child = {.root = -1};
	int r;

	expect_way(BW_GUARD_CGROUP, BY_CGROUP);
	r = bw_guard_apply(&child, w.plan.steps[0].op, bw_plan_data(&w.plan, &w.plan.steps[0]), w.plan.steps[0].len);
	ck_assert_int_eq(r, -EUNATCH);
}
END_TEST

START_TEST(words_of_the_state_lead_back_to_the_way)
{
	ck_assert_int_eq(bw_guard_way_of(bw_guard_word(BW_GUARD_CGROUP)), BW_GUARD_CGROUP);
	ck_assert_int_eq(bw_guard_way_of(bw_guard_word(BW_GUARD_ROUTING)), BW_GUARD_ROUTING);
	ck_assert_ptr_null(bw_guard_word(BW_GUARD_NONE));
	ck_assert_int_eq(bw_guard_way_of(NULL), BW_GUARD_NONE);
	ck_assert_int_eq(bw_guard_way_of("magic"), BW_GUARD_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *tc = tcase_create("guard");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_endpoints_there_is_no_guard);
	tcase_add_test(tc, programs_of_the_cgroup_are_the_first_choice_in_every_network);
	tcase_add_test(tc, a_joined_network_is_guarded_by_the_cgroup);
	tcase_add_test(tc, the_network_of_the_host_is_guarded_by_the_cgroup);
	tcase_add_test(tc, without_programs_a_network_of_its_own_gets_routing_rules);
	tcase_add_test(tc, a_container_without_a_unified_cgroup_gets_routing_rules);
	tcase_add_test(tc, a_caller_who_is_not_root_gets_routing_rules);
	tcase_add_test(tc, programs_that_do_not_load_are_replaced_by_routing_rules);
	tcase_add_test(tc, programs_that_do_not_load_are_an_error_where_nothing_replaces_them);
	tcase_add_test(tc, a_joined_network_without_programs_is_refused);
	tcase_add_test(tc, a_joined_network_without_a_cgroup_is_refused);
	tcase_add_test(tc, a_kernel_with_neither_is_refused);
	tcase_add_test(tc, where_the_guard_is_preferred_it_is_missed_on_record);
	tcase_add_test(tc, all_but_loopback_is_proved_by_addresses_that_nobody_has);
	tcase_add_test(tc, all_but_loopback_is_refused_by_its_name);
	tcase_add_test(tc, a_further_process_proves_the_way_of_the_container);
	tcase_add_test(tc, a_proof_that_fails_is_said_in_a_sentence);
	tcase_add_test(tc, the_proof_fails_where_nothing_guards);
	tcase_add_test(tc, words_of_the_state_lead_back_to_the_way);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
