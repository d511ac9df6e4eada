/* SPDX-License-Identifier: Apache-2.0 */
/* harden_exec.c - exec is no way round: a further process of a container gets what its first
 * process has, or less. Each clamp belongs to a section of the profile, so that under compat exec
 * is as the caller asks. */
#include "base/str.h"
#include "policy/harden.h"
#include "policy/rules.h"

/* One clamping under way. */
struct clamp {
	struct bw_run run;
	const struct bw_spec_process *process; /* the copy */
	const struct bw_spec *container;
};

static const struct bw_spec_process no_process;
static const struct bw_spec_user no_user;
static const struct bw_spec_capabilities no_capabilities;

static const struct bw_spec_process *first_process(const struct clamp *c)
{
	return c->container->process ? c->container->process : &no_process;
}

static bool has_group(const struct bw_spec_user *user, uint64_t gid)
{
	if (user->gid.set ? user->gid.v == gid : gid == 0)
		return true;
	for (size_t i = 0; i < user->additional_gids.n; i++)
		if (user->additional_gids.v[i] == gid)
			return true;
	return false;
}

static void clamp_groups(struct clamp *c, const struct bw_spec_user *user)
{
	const struct bw_spec_user *first =
		first_process(c)->user ? first_process(c)->user : &no_user;
	struct bw_uints kept = {0};

	for (size_t i = 0; i < user->additional_gids.n; i++)
		if (has_group(first, user->additional_gids.v[i]))
			bw_collect_id(&c->run, &kept, user->additional_gids.v[i]);
	bw_change_ids(&c->run, &user->additional_gids, &kept, "/user/additionalGids",
		"the container's first process has not all of these groups");
}

static void clamp_user(struct clamp *c)
{
	const struct bw_spec_user *user;

	if (!c->run.profile->user)
		return;
	user = bw_own_user(&c->run, c->process, bw_has_own_users(c->container));
	if (!user)
		return;
	bw_harden_user(&c->run, user, bw_has_own_users(c->container), "/user");
	clamp_groups(c, user);
}

static void clamp_set(struct clamp *c, const struct bw_strs *asked, const struct bw_strs *first,
	const char *pointer)
{
	struct bw_strs kept = {0};

	for (size_t i = 0; i < asked->n; i++)
		if (bw_strs_has(first, asked->v[i]))
			bw_collect(&c->run, &kept, asked->v[i]);
	if (kept.n < asked->n)
		bw_change_strs(&c->run, asked, &kept, pointer,
			"the container's first process has not all of these");
}

static void clamp_caps(struct clamp *c)
{
	const struct bw_spec_capabilities *asked = c->process->capabilities;
	const struct bw_spec_capabilities *first = first_process(c)->capabilities;

	if (!c->run.profile->capabilities || !c->run.profile->capabilities->allow.v)
		return;
	if (!asked) {
		bw_no_capabilities(&c->run, c->process, "/capabilities/bounding");
		return;
	}
	first = first ? first : &no_capabilities;
	clamp_set(c, &asked->bounding, &first->bounding, "/capabilities/bounding");
	clamp_set(c, &asked->effective, &first->effective, "/capabilities/effective");
	clamp_set(c, &asked->inheritable, &first->inheritable, "/capabilities/inheritable");
	clamp_set(c, &asked->permitted, &first->permitted, "/capabilities/permitted");
	clamp_set(c, &asked->ambient, &first->ambient, "/capabilities/ambient");
}

static void clamp_no_new_privs(struct clamp *c)
{
	if (bw_is_on(&c->run.profile->no_new_privileges) ||
		bw_is_on(&first_process(c)->no_new_privileges))
		bw_change_bool(&c->run, &c->process->no_new_privileges, true, "/noNewPrivileges",
			"set-user-id programs must not give privileges");
}

static void clamp_labels(struct clamp *c)
{
	const struct bw_spec_process *first = first_process(c);

	if (!c->run.profile->lsm)
		return;
	bw_change_string(&c->run, &c->process->apparmor_profile, first->apparmor_profile,
		"/apparmorProfile", "the container has this label");
	bw_change_string(&c->run, &c->process->selinux_label, first->selinux_label, "/selinuxLabel",
		"the container has this label");
}

static void clamp_program(struct clamp *c)
{
	bw_check_program(&c->run, c->process, "/args/0");
}

static void clamp_env(struct clamp *c)
{
	bw_harden_env(&c->run, &c->process->env, "/env");
}

static const struct bw_spec_rlimit *find_rlimit(
	const struct bw_spec_process *process, const char *type, size_t *ret_index)
{
	for (*ret_index = 0; *ret_index < process->rlimits.n; ++*ret_index)
		if (bw_streq0(process->rlimits.v[*ret_index].type, type))
			return &process->rlimits.v[*ret_index];
	return NULL;
}

static void clamp_rlimit(struct clamp *c, const struct bw_spec_rlimit *first)
{
	static const char reason[] = "the container's first process has this limit";
	size_t i;
	const struct bw_spec_rlimit *asked = find_rlimit(c->process, first->type, &i);

	if (!asked) {
		bw_insert(&c->run, &c->process->rlimits, c->process->rlimits.n, first,
			sizeof *first,
			bw_text(&c->run, "%s=%llu", first->type, (unsigned long long)first->hard.v),
			bw_text(&c->run, "/rlimits/%zu", i), reason);
		return;
	}
	if (asked->hard.v > first->hard.v)
		bw_change_uint(&c->run, &asked->hard, first->hard.v,
			bw_text(&c->run, "/rlimits/%zu/hard", i), reason);
	if (asked->soft.v > first->hard.v)
		bw_change_uint(&c->run, &asked->soft, first->hard.v,
			bw_text(&c->run, "/rlimits/%zu/soft", i), reason);
}

static void clamp_limits(struct clamp *c)
{
	const struct bw_spec_process *first = first_process(c);

	if (!c->run.profile->limits)
		return;
	for (size_t i = 0; i < first->rlimits.n; i++)
		clamp_rlimit(c, &first->rlimits.v[i]);
	if (c->process->oom_score_adj.set && first->oom_score_adj.set &&
		c->process->oom_score_adj.v < first->oom_score_adj.v)
		bw_change_int(&c->run, &c->process->oom_score_adj, first->oom_score_adj.v,
			"/oomScoreAdj", "the container's first process has this value");
	bw_harden_priorities(&c->run, c->process, "");
}

static const struct {
	const char *id;
	void (*run)(struct clamp *c);
} clamps[] = {
	{"exec.identity", clamp_user},
	{"exec.caps", clamp_caps},
	{"exec.no_new_privs", clamp_no_new_privs},
	{"exec.lsm", clamp_labels},
	{"exec.programs", clamp_program},
	{"exec.environment", clamp_env},
	{"exec.limits", clamp_limits},
	{NULL, NULL},
};

int bw_harden_exec(const struct bw_spec_process *asked, const struct bw_spec *container,
	const struct bw_profile *profile, struct bw_arena *arena,
	struct bw_spec_process **ret_process, struct bw_findings *findings, struct bw_err *err)
{
	struct bw_spec_process *process = bw_schema_copy(&bw_spec_process_schema, asked, arena);
	struct clamp c = {.run = {.profile = profile,
				  .spec = container,
				  .arena = arena,
				  .findings = findings},
		.process = process,
		.container = container};

	if (!process)
		return bw_fail(err, BW_E_MEMORY, 0, "applying the policy: out of memory");
	*findings = (struct bw_findings){0};
	for (size_t i = 0; clamps[i].id && !c.run.out_of_memory; i++) {
		c.run.rule = clamps[i].id;
		clamps[i].run(&c);
	}
	if (bw_run_end(&c.run, err) < 0)
		return -1;
	*ret_process = process;
	return 0;
}
