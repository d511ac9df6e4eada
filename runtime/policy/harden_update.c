/* SPDX-License-Identifier: Apache-2.0 */
/* harden_update.c - update is no way round: a limit that the profile sets is never raised beyond it, nor beyond
 * what the container has already. "No limit" means that ceiling, as it does at create; a number above it is
 * refused by name. Lower limits are everybody's right. Other resources are as the caller asks. */
#include "base/str.h"
#include "policy/harden.h"
#include "policy/rules.h"

enum { DEFAULT_PERIOD = 100000 };

/* One clamping under way. */
struct clamp {
	struct bw_run run;
	const struct bw_spec_resources *asked; /* the copy */
	const struct bw_spec_resources *has;   /* the container's */
};

static const char hint[] = "a limit above the profile's has to be asked for at create";

/* The greater of the profile's limit and the one that there is. */
static int64_t ceiling_of(const struct bw_opt_uint *policy, const struct bw_opt_int *has)
{
	int64_t ceiling = (int64_t)policy->v;

	return has->set && has->v > ceiling ? has->v : ceiling;
}

static void clamp_number(
	struct clamp *c, const struct bw_opt_int *asked, int64_t ceiling, const char *pointer)
{
	if (!asked->set || (asked->v >= 0 && asked->v <= ceiling))
		return;
	if (asked->v < 0)
		bw_change_int(&c->run, asked, ceiling, pointer, "the container is not without this limit");
	else
		bw_deny(&c->run, pointer, bw_text(&c->run, "%lld", (long long)asked->v),
			bw_text(&c->run, "%lld is above the container's limit, which is %lld", (long long)asked->v,
				(long long)ceiling),
			hint);
}

static const struct bw_spec_memory no_memory;
static const struct bw_spec_cpu no_cpu;
static const struct bw_spec_pids no_pids;

static void clamp_pids(struct clamp *c)
{
	const struct bw_profile_limits *policy = c->run.profile->limits;
	const struct bw_spec_pids *has = c->has->pids ? c->has->pids : &no_pids;

	if (policy->pids.set && c->asked->pids)
		clamp_number(c, &c->asked->pids->limit, ceiling_of(&policy->pids, &has->limit), "/pids/limit");
}

static void clamp_memory(struct clamp *c)
{
	const struct bw_profile_limits *policy = c->run.profile->limits;
	const struct bw_spec_memory *has = c->has->memory ? c->has->memory : &no_memory;

	if (policy->memory.set && c->asked->memory)
		clamp_number(c, &c->asked->memory->limit, ceiling_of(&policy->memory, &has->limit), "/memory/limit");
}

/* What lies between the two limits of a container: the swap that it may use. */
static int64_t swap_of(const struct bw_spec_memory *memory)
{
	return memory->limit.v > 0 && memory->swap.v > memory->limit.v ? memory->swap.v - memory->limit.v : 0;
}

/* In OCI's words swap is memory and swap together. A lower limit of memory alone would leave the difference to
 * swap, so the two move together. */
static void clamp_swap(struct clamp *c)
{
	const struct bw_spec_memory *has = c->has->memory ? c->has->memory : &no_memory;
	const struct bw_spec_memory *asked = c->asked->memory;
	int64_t limit, both;

	if (!bw_is_on(&c->run.profile->limits->no_swap) || !asked || (!asked->limit.set && !asked->swap.set))
		return;
	limit = asked->limit.set ? asked->limit.v : has->limit.v;
	if (limit <= 0 || __builtin_add_overflow(limit, swap_of(has), &both))
		return;
	if (asked->swap.set)
		clamp_number(c, &asked->swap, both, "/memory/swap");
	else
		bw_change_int(&c->run, &asked->swap, both, "/memory/swap",
			"the limit of memory and swap follows that of memory");
}

/* Processor time as a fraction: quota / period. */
struct share {
	int64_t quota;
	uint64_t period;
};

static bool is_more(struct share a, struct share b)
{
	return (__int128)a.quota * b.period > (__int128)b.quota * a.period;
}

static uint64_t period_of(const struct bw_spec_cpu *asked, const struct bw_spec_cpu *has)
{
	if (asked->period.set && asked->period.v)
		return asked->period.v;
	return has->period.set && has->period.v ? has->period.v : DEFAULT_PERIOD;
}

static struct share ceiling_share(const struct bw_profile_limits *policy, const struct bw_spec_cpu *has)
{
	struct share ours = {(int64_t)policy->cpu_quota.v,
		policy->cpu_period.set ? policy->cpu_period.v : DEFAULT_PERIOD};
	struct share theirs = {has->quota.v, period_of(&no_cpu, has)};

	return theirs.quota > 0 && is_more(theirs, ours) ? theirs : ours;
}

static void clamp_cpu(struct clamp *c)
{
	const struct bw_profile_limits *policy = c->run.profile->limits;
	const struct bw_spec_cpu *has = c->has->cpu ? c->has->cpu : &no_cpu, *asked = c->asked->cpu;
	struct share ceiling = ceiling_share(policy, has), will;

	if (!policy->cpu_quota.set || !asked || (!asked->quota.set && !asked->period.set))
		return;
	will = (struct share){asked->quota.set ? asked->quota.v : has->quota.v, period_of(asked, has)};
	if (will.quota < 0)
		bw_change_int(&c->run, &asked->quota,
			(int64_t)((__int128)ceiling.quota * will.period / ceiling.period), "/cpu/quota",
			"the container is not without this limit");
	else if (is_more(will, ceiling))
		bw_deny(&c->run, asked->quota.set ? "/cpu/quota" : "/cpu/period", NULL,
			bw_text(&c->run, "%lld of %llu microseconds is above the container's limit, which is %lld of %llu",
				(long long)will.quota, (unsigned long long)will.period, (long long)ceiling.quota,
				(unsigned long long)ceiling.period),
			hint);
}

/* Files of v2 say the same as the members, and are written behind them. */
static void clamp_unified(struct clamp *c)
{
	const struct bw_spec_resources *will = bw_resources_merge(c->has, c->asked, c->run.arena);

	if (!will) {
		c->run.out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < c->asked->unified.n; i++) {
		const struct bw_pair *file = &c->asked->unified.v[i];

		if (bw_unified_exceeds(c->run.profile->limits, will, file))
			bw_deny(&c->run, bw_text(&c->run, "/unified/%s", file->key), file->value,
				"it would lift a limit of the container", hint);
	}
}

static const struct {
	const char *id;
	void (*run)(struct clamp *c);
} clamps[] = {
	{"update.pids", clamp_pids},
	{"update.memory", clamp_memory},
	{"update.swap", clamp_swap},
	{"update.cpu", clamp_cpu},
	{"update.unified", clamp_unified},
	{NULL, NULL},
};

int bw_harden_update(const struct bw_spec_resources *asked, const struct bw_spec *container,
	const struct bw_profile *profile, struct bw_arena *arena, struct bw_spec_resources **ret_resources,
	struct bw_findings *findings, struct bw_err *err)
{
	static const struct bw_spec_resources nothing;
	struct bw_spec_resources *copy = bw_schema_copy(&bw_spec_resources_schema, asked, arena);
	struct clamp c = {.run = {.profile = profile, .spec = container, .arena = arena, .findings = findings},
		.asked = copy,
		.has = container->linux_ && container->linux_->resources ? container->linux_->resources : &nothing};

	if (!copy)
		return bw_fail(err, BW_E_MEMORY, 0, "applying the policy: out of memory");
	*findings = (struct bw_findings){0};
	for (size_t i = 0; profile->limits && clamps[i].id && !c.run.out_of_memory; i++) {
		c.run.rule = clamps[i].id;
		clamps[i].run(&c);
	}
	if (bw_run_end(&c.run, err) < 0)
		return -1;
	*ret_resources = copy;
	return 0;
}
