/* SPDX-License-Identifier: Apache-2.0 */
/* test_phases.c - the security argument of the program, as statements about every plan: each
 * configuration of tests/data/configs under each profile on each machine of tests/data. Where the
 * policy or a control refuses there is no plan and nothing to say. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "compile_double.h"

static const char *const profiles[] = {"compat", "hardened", "untrusted-code"};
static const char *const hosts[] = {"al2023-6.1", "debian12-6.1-v2", "hybrid-6.18", "old-5.4"};

/* The plan in hand; a statement that fails names where it came from. */
static struct compiled c;
static char origin[512];
static const char *profile_name;

#define must(what) ck_assert_msg(what, "%s: %s", origin, #what)

static bool is(size_t at, uint16_t control)
{
	return c.plan.steps[at].control == control;
}

/* Position of the first (or last) step whose words, behind the control's name, begin so; plan.n
 * when there is none. */
static size_t first_of(const char *words)
{
	char said[320];

	for (size_t i = 0; i < c.plan.n; i++) {
		bw_step_say(&c.plan, &c.plan.steps[i], said, sizeof said);
		if (bw_after_prefix(said, words))
			return i;
	}
	return c.plan.n;
}

static size_t last_of(const char *words)
{
	char said[320];

	for (size_t i = c.plan.n; i-- > 0;) {
		bw_step_say(&c.plan, &c.plan.steps[i], said, sizeof said);
		if (bw_after_prefix(said, words))
			return i;
	}
	return c.plan.n;
}

static bool there(size_t at)
{
	return at < c.plan.n;
}

static bool hardened(void)
{
	return !bw_streq(profile_name, "compat");
}

/* The program is the end, and only the filters stand right before it. */
static void the_end_is_filter_and_exec(void)
{
	size_t exec = c.plan.n - 1;

	must(is(exec, BW_CONTROL_program) && c.plan.steps[exec].phase == BW_PHASE_EXEC);
	for (size_t i = 0; i < exec; i++) {
		must(c.plan.steps[i].phase < BW_PHASE_EXEC);
		if (c.plan.steps[i].phase == BW_PHASE_FILTER)
			must(is(i, BW_CONTROL_seccomp));
		if (is(i, BW_CONTROL_seccomp))
			must(c.plan.steps[i].phase == BW_PHASE_FILTER ||
				c.plan.steps[i].phase == BW_PHASE_EARLY_FILTER);
	}
}

/* Loading without CAP_SYS_ADMIN needs no_new_privs, so one of the two orders holds. */
static void filters_can_be_loaded(void)
{
	size_t nnp = first_of("no_new_privs: "), creds = first_of("identity: become uid");

	for (size_t i = 0; i < c.plan.n; i++) {
		if (!is(i, BW_CONTROL_seccomp))
			continue;
		must(there(nnp) ? nnp < i : i < creds);
	}
	if (hardened()) {
		must(there(nnp));
		must(there(first_of("seccomp: load bulwark's filter")));
		must(c.plan.steps[first_of("seccomp: ")].phase == BW_PHASE_FILTER);
	}
}

/* Ours certainly lets seccomp(2) through for the caller's; the other way round is not certain. */
static void our_filter_is_loaded_first(void)
{
	size_t ours = first_of("seccomp: load bulwark's"),
	       theirs = first_of("seccomp: load the con");

	if (there(ours) && there(theirs))
		must(ours < theirs);
}

/* Its first question is about the first program that could be the container's: a hook inside, or its own. Nothing that is
 * ours executes behind it. */
static void the_witness_is_there_before_anything_runs_inside(void)
{
	size_t witness = first_of("witness: "), hooks = first_of("hooks: error running startContainer");

	if (!there(witness))
		return;
	must(witness > last_of("rootfs: pivot_root") && c.plan.steps[witness].phase < BW_PHASE_WAIT);
	must(witness == last_of("witness: "));
	if (there(hooks))
		must(witness < hooks);
}

/* No mount, node or mask is made when the host's tree has gone, and none is held after that. */
static void the_tree_is_complete_before_the_pivot(void)
{
	size_t pivot = first_of("rootfs: pivot_root"), attach = first_of("rootfs: attach over /");

	must(there(pivot) && there(attach) && attach < pivot);
	must(pivot == last_of("rootfs: pivot_root"));
	for (size_t i = 0; i < c.plan.n; i++)
		if (is(i, BW_CONTROL_mounts) || is(i, BW_CONTROL_devices) ||
			is(i, BW_CONTROL_masked))
			must(attach < i && i < pivot);
}

/* A mask over a place that is mounted over later would mask nothing. */
static void masks_lie_on_top(void)
{
	size_t mask = first_of("masked: "), i;

	for (i = mask; there(mask) && i < c.plan.n; i++)
		must(!(is(i, BW_CONTROL_mounts) && c.plan.steps[i].phase == BW_PHASE_ROOTFS));
	if (there(first_of("masked: mask")))
		must(first_of("masked: open") < first_of("masked: mask") &&
			last_of("masked: mask") < first_of("masked: close"));
}

/* What is written through the host's procfs is written while it is in reach. */
static void host_procfs_is_used_before_it_goes(void)
{
	static const uint16_t users[] = {BW_CONTROL_sysctl, BW_CONTROL_oom, BW_CONTROL_apparmor,
		BW_CONTROL_selinux, BW_CONTROL_hostname};
	size_t pivot = first_of("rootfs: pivot_root");

	for (size_t i = 0; i < c.plan.n; i++)
		for (size_t u = 0; u < BW_COUNT(users); u++)
			if (is(i, users[u]))
				must(i < pivot);
}

/* Rules name places in the final tree. */
static void landlock_sees_the_final_tree(void)
{
	size_t first = first_of("landlock: "), enforce = first_of("landlock: enforce");

	if (!there(first))
		return;
	must(first > last_of("rootfs: ") && first > last_of("mounts: "));
	must(enforce == last_of("landlock: "));
	must(enforce < first_of("identity: become uid"));
	/* Landlock's refusal of a port would look like the guard's. */
	if (there(first_of("guard: prove")))
		must(last_of("guard: prove") < first);
}

/* Each id is dropped while the right to drop it is still there; capabilities come after the uid,
 * whose change would clear them. */
static void ids_and_capabilities_go_in_order(void)
{
	size_t bound = first_of("caps: reduce bounding"), gid = first_of("identity: become gid"),
	       uid = first_of("identity: become uid"), set = first_of("caps: set permitted"),
	       groups = first_of("identity: clear supplementary");

	must(there(bound) && there(gid) && there(uid) && there(set));
	must(bound < gid && gid < uid && uid < set);
	if (!there(groups))
		groups = first_of("identity: set 1 supp");
	if (there(groups))
		must(bound < groups && groups < gid);
	must(set < first_of("program: look up"));
	must(first_of("rlimits: ") == c.plan.n || first_of("rlimits: ") < uid);
}

/* The namespace is closed before a hook can plug it into something. */
static void the_network_is_closed_before_hooks(void)
{
	size_t closed = first_of("netns: "), hooks = first_of("hooks: ");

	if (there(closed) && there(hooks))
		must(closed < hooks);
	if (there(hooks))
		must(hooks < first_of("rootfs: attach"));
}

/* The cgroup namespace's root is where we are when it is made. */
static void cgroups_are_joined_first(void)
{
	size_t join = last_of("cgroup: join"), namespace = first_of("namespaces: new cgroup");

	if (there(join))
		must(c.plan.steps[join].phase == BW_PHASE_JOIN);
	if (there(join) && there(namespace))
		must(join < namespace);
	must(there(join) || c.plan.cgroup_fd >= 0);
}

/* The parent works only where the child waits for it; nothing of it is left for after the pivot but
 * limits of a process, which need its pid alone. */
static void the_parent_has_its_places(void)
{
	for (size_t i = 0; i < c.plan.n; i++)
		if (c.plan.steps[i].side == BW_SIDE_PARENT)
			must(is(i, BW_CONTROL_rlimits) || c.plan.steps[i].phase < BW_PHASE_ROOTFS);
}

static void steps_are_sorted_and_lie_in_the_pool(void)
{
	for (size_t i = 0; i < c.plan.n; i++) {
		const struct bw_step *step = &c.plan.steps[i];

		must(!i || step[-1].phase <= step->phase);
		must(step->off % 8 == 0 && step->off + step->len <= c.plan.pool_len);
		must(step->control < BW_CONTROL_COUNT && step->phase < BW_PHASE_COUNT);
	}
	must(c.plan.frozen);
}

/* CVE-2024-21626: what is not closed on exec would be in the container. */
static void every_descriptor_closes_on_exec(void)
{
	for (size_t i = 0; i < c.plan.fds_n; i++)
		must(fcntl(c.plan.fds[i], F_GETFD) == FD_CLOEXEC);
	for (size_t i = 0; i < c.plan.joins_n; i++)
		must(fcntl(c.plan.joins[i].fd, F_GETFD) == FD_CLOEXEC);
}

static void (*const statements[])(void) = {
	the_end_is_filter_and_exec,
	filters_can_be_loaded,
	our_filter_is_loaded_first,
	the_witness_is_there_before_anything_runs_inside,
	the_tree_is_complete_before_the_pivot,
	masks_lie_on_top,
	host_procfs_is_used_before_it_goes,
	landlock_sees_the_final_tree,
	ids_and_capabilities_go_in_order,
	the_network_is_closed_before_hooks,
	cgroups_are_joined_first,
	the_parent_has_its_places,
	steps_are_sorted_and_lie_in_the_pool,
	every_descriptor_closes_on_exec,
};

static const char *srcdir(void)
{
	const char *dir = getenv("srcdir");

	return dir ? dir : ".";
}

/* The hardened spec, or NULL when the policy refuses. */
static struct bw_spec *decide(const char *path)
{
	static const char policy_text[] = "{\"version\": 1}";
	const struct bw_policy *policy;
	struct bw_spec *spec, *hardened_spec;
	struct bw_findings findings = {0};
	auto_free char *text = NULL;
	size_t len;

	ck_assert_msg(bw_read_file(path, 1 << 20, &text, &len, &c.err) == 0, "%s", c.err.text);
	ck_assert_msg(bw_spec_parse(text, len, path, &c.arena, &spec, NULL, &c.err) == 0 &&
			      bw_policy_parse(policy_text, sizeof policy_text - 1, "policy",
				      &c.arena, &policy, &c.err) == 0,
		"%s: %s", path, c.err.text);
	/* What engines are asked to start is a shell, for the most part: alone for that none is to be refused. */
	if (bw_streq(profile_name, "untrusted-code") && spec->process && spec->process->args.n)
		spec->process->args.v[0] = bw_arena_strdup(&c.arena, "python3");
	if (bw_harden(spec, bw_policy_profile(policy, profile_name), &c.arena, &hardened_spec,
		    &findings, &c.err) < 0)
		return NULL;
	return hardened_spec;
}

/* Whether there was a plan to look at. config lies in tests/. */
static bool state(const char *config, const char *host)
{
	char config_path[512], host_path[512];
	struct bw_spec *spec;
	bool planned = false;

	snprintf(config_path, sizeof config_path, "%s/tests/%s", srcdir(), config);
	snprintf(host_path, sizeof host_path, "%s/tests/data/host-%s.json", srcdir(), host);
	snprintf(origin, sizeof origin, "%.100s, %s, %s", config, profile_name, host);
	compiled_begin(&c, host_path);
	spec = decide(config_path);
	if (spec && compiled_spec(&c, spec) == 0) {
		planned = true;
		for (size_t i = 0; i < BW_COUNT(statements); i++)
			statements[i]();
	}
	compiled_end(&c);
	return planned;
}

START_TEST(every_plan_keeps_the_order_that_makes_it_safe)
{
	char path[512], config[256];
	auto_closedir DIR *d = NULL;
	struct dirent *entry;
	size_t planned = 0, asked = 0;

	profile_name = profiles[(size_t)_i / BW_COUNT(hosts)];
	snprintf(path, sizeof path, "%s/tests/data/configs", srcdir());
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d))) {
		if (!bw_has_suffix(entry->d_name, ".json"))
			continue;
		asked++;
		snprintf(config, sizeof config, "data/configs/%.200s", entry->d_name);
		planned += state(config, hosts[(size_t)_i % BW_COUNT(hosts)]);
	}
	/* Enough of them are not refused for the statements to mean something. */
	ck_assert_uint_ge(asked, 15);
	ck_assert_msg(planned >= 8, "%s: %zu plans of %zu, last: %s", profile_name, planned, asked,
		c.err.text);
}
END_TEST

/* Everything at once: user namespace, terminal, all hooks, a time offset. untrusted-code refuses
 * such a bind. */
START_TEST(a_plan_with_everything_keeps_it_too)
{
	profile_name = profiles[_i];
	ck_assert_msg(state("golden/everything-compat/config.json", "hybrid-6.18"), "%s: %s",
		profile_name, c.err.text);
}
END_TEST

/* A filter that asks an agent, and ours with it, is behind all that is our own work and before the container
 * waits: whoever waits for create hears of an agent that is not there, and hooks inside are asked about. */
START_TEST(a_filter_with_a_listener_is_loaded_before_the_wait)
{
	struct bw_spec_seccomp_rule rule = {.names = {.v = (char *[]){(char[]){"mkdir"}}, .n = 1},
		.action = (char[]){"SCMP_ACT_NOTIFY"}};
	struct bw_spec_seccomp section = {.default_action = (char[]){"SCMP_ACT_ALLOW"},
		.listener_path = (char[]){"/run/agent.sock"}, .syscalls = {&rule, 1}};
	char config[512], host[512];
	struct bw_spec *spec;
	size_t filter;

	profile_name = "compat";
	snprintf(config, sizeof config, "%s/tests/golden/everything-compat/config.json", srcdir());
	snprintf(host, sizeof host, "%s/tests/data/host-hybrid-6.18.json", srcdir());
	compiled_begin(&c, host);
	spec = decide(config);
	ck_assert_ptr_nonnull(spec);
	spec->linux_->seccomp = &section;
	spec->process->no_new_privileges = (struct bw_opt_bool){.set = true, .v = _i};
	ck_assert_msg(compiled_spec(&c, spec) == 0, "%s", c.err.text);
	filter = first_of("seccomp: load the con");
	must(there(filter) && filter == last_of("seccomp: "));
	must(filter < first_of("hooks: error running startContainer"));
	must(_i ? filter > last_of("program: look up") : filter < first_of("identity: become uid"));
	must(c.plan.steps[filter].phase == (_i ? BW_PHASE_PROGRAM : BW_PHASE_EARLY_FILTER));
	compiled_end(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("phases");
	TCase *t = tcase_create("phases");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, every_plan_keeps_the_order_that_makes_it_safe, 0,
		(int)(BW_COUNT(profiles) * BW_COUNT(hosts)));
	tcase_add_loop_test(t, a_plan_with_everything_keeps_it_too, 0, 2);
	tcase_add_loop_test(t, a_filter_with_a_listener_is_loaded_before_the_wait, 0, 2);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
