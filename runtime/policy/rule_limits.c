/* SPDX-License-Identifier: Apache-2.0 */
/* rule_limits.c - limits where the caller sets none; none that lets a container outlive the host's
 * own programs or take its processors from it. */
#include "base/str.h"
#include "policy/rules.h"

enum { DEFAULT_PERIOD = 100000 };

static bool is_unlimited(const struct bw_opt_int *limit)
{
	return !limit->set || limit->v <= 0; /* 0 is how engines write "not set", -1 "none" */
}

static const struct bw_spec_resources no_resources;

/* For looking: what the caller says, or nothing. */
static const struct bw_spec_resources *asked(const struct bw_run *r)
{
	return r->spec->linux_ && r->spec->linux_->resources ? r->spec->linux_->resources
							     : &no_resources;
}

/* For changing: made where there is none. */
static const struct bw_spec_resources *own(struct bw_run *r)
{
	const struct bw_spec_linux *lin = bw_ensure(r, &r->spec->linux_);

	return lin ? bw_ensure(r, &lin->resources) : NULL;
}

static void limit_pids(struct bw_run *r)
{
	const struct bw_profile_limits *policy = r->profile->limits;
	const struct bw_spec_pids *pids = asked(r)->pids;
	const struct bw_spec_resources *res;

	if (!policy->pids.set || (pids && !is_unlimited(&pids->limit)))
		return;
	res = own(r);
	pids = res ? bw_ensure(r, &res->pids) : NULL;
	if (pids)
		bw_change_int(r, &pids->limit, (int64_t)policy->pids.v,
			"/linux/resources/pids/limit",
			"no limit was set: a fork bomb would reach the host");
}

static void limit_memory(struct bw_run *r)
{
	const struct bw_profile_limits *policy = r->profile->limits;
	const struct bw_spec_memory *memory = asked(r)->memory;
	const struct bw_spec_resources *res;

	if (!policy->memory.set || (memory && !is_unlimited(&memory->limit)))
		return;
	res = own(r);
	memory = res ? bw_ensure(r, &res->memory) : NULL;
	if (memory)
		bw_change_int(r, &memory->limit, (int64_t)policy->memory.v,
			"/linux/resources/memory/limit",
			"no limit was set: one container would take all memory");
}

/* In OCI's words swap is memory and swap together: the same number means none. */
static void limit_swap(struct bw_run *r)
{
	const struct bw_spec_memory *memory = asked(r)->memory;

	if (memory && bw_is_on(&r->profile->limits->no_swap) && !is_unlimited(&memory->limit) &&
		(is_unlimited(&memory->swap) || memory->swap.v < memory->limit.v))
		bw_change_int(r, &memory->swap, memory->limit.v, "/linux/resources/memory/swap",
			"no swap limit was set: swap keeps what a container leaves behind");
}

static void limit_cpu(struct bw_run *r)
{
	const struct bw_profile_limits *policy = r->profile->limits;
	uint64_t period = policy->cpu_period.set ? policy->cpu_period.v : DEFAULT_PERIOD;
	const struct bw_spec_cpu *cpu = asked(r)->cpu;
	const struct bw_spec_resources *res;

	if (!policy->cpu_quota.set || (cpu && !is_unlimited(&cpu->quota)))
		return;
	res = own(r);
	cpu = res ? bw_ensure(r, &res->cpu) : NULL;
	if (!cpu)
		return;
	bw_change_uint(
		r, &cpu->period, period, "/linux/resources/cpu/period", "the period of the quota");
	bw_change_int(r, &cpu->quota, (int64_t)policy->cpu_quota.v, "/linux/resources/cpu/quota",
		"no quota was set: one container would take all processors");
}

/* ---- the same limits by their v2 files ---- */

/* "max", or anything else that is no plain number, is no limit. */
static bool is_above(const char *text, int64_t limit)
{
	uint64_t number;

	return bw_parse_u64(text, INT64_MAX, &number) < 0 || (int64_t)number > limit;
}

/* "QUOTA PERIOD". The period must be that of the spec, which a later quota without a period would refer to. */
static bool is_more_cpu(const char *text, const struct bw_spec_cpu *cpu)
{
	uint64_t wanted = cpu->period.v ? cpu->period.v : DEFAULT_PERIOD, quota, period;

	if (text[strspn(text, "0123456789 ")] || bw_parse_word(text, 0, INT64_MAX, &quota) < 0 ||
		bw_parse_word(text, 1, INT64_MAX, &period) < 0)
		return true;
	return (int64_t)quota > cpu->quota.v || period != wanted;
}

bool bw_unified_exceeds(const struct bw_profile_limits *policy, const struct bw_spec_resources *resources,
	const struct bw_pair *file)
{
	const struct bw_spec_memory *memory = resources->memory;
	const char *key = file->key;

	if (bw_streq(key, "pids.max"))
		return policy->pids.set && resources->pids && is_above(file->value, resources->pids->limit.v);
	if (bw_streq(key, "memory.max"))
		return policy->memory.set && memory && is_above(file->value, memory->limit.v);
	if (bw_streq(key, "memory.swap.max"))
		return bw_is_on(&policy->no_swap) && memory && !is_unlimited(&memory->limit) &&
		       is_above(file->value, memory->swap.v - memory->limit.v);
	if (bw_streq(key, "cpu.max"))
		return policy->cpu_quota.set && resources->cpu && is_more_cpu(file->value, resources->cpu);
	return false;
}

/* They are written last, so one of them would undo what was decided above. */
static void limit_unified(struct bw_run *r)
{
	const struct bw_pairs *files = &asked(r)->unified;
	struct bw_strs before = {0}, after = {0};
	struct bw_pairs kept = {0};

	for (size_t i = 0; i < files->n; i++) {
		const struct bw_pair *file = &files->v[i];
		bool exceeds = bw_unified_exceeds(r->profile->limits, asked(r), file);

		bw_collect(r, &before, file->key);
		if (exceeds)
			continue;
		bw_collect(r, &after, file->key);
		if (bw_pairs_set(r->arena, &kept, file->key, file->value) < 0)
			r->out_of_memory = true;
	}
	if (kept.n < files->n && !r->out_of_memory)
		bw_change_list(r, files, kept.v, kept.n, bw_list_text(r, &before), bw_list_text(r, &after),
			"/linux/resources/unified", "a file of cgroup v2 would lift a limit that the profile sets");
}

static bool has_rlimit(const struct bw_spec_process *process, const char *type)
{
	for (size_t i = 0; i < process->rlimits.n; i++)
		if (bw_streq(process->rlimits.v[i].type, type))
			return true;
	return false;
}

static void set_rlimits(struct bw_run *r, const struct bw_spec_process *process)
{
	const struct bw_profile_limits *policy = r->profile->limits;
	const struct bw_spec_hardening *hardening = r->spec->hardening;
	struct bw_strs ceilings = {0};

	for (size_t i = 0; hardening && i < hardening->ceilings.n; i++)
		bw_collect(r, &ceilings, hardening->ceilings.v[i]);
	for (size_t i = 0; i < policy->rlimits.n; i++) {
		const struct bw_profile_rlimit *ours = &policy->rlimits.v[i];
		struct bw_spec_rlimit limit = {.type = ours->type,
			.soft = {true, ours->value.v},
			.hard = {true, ours->value.v}};

		if (has_rlimit(process, ours->type))
			continue;
		bw_insert(r, &process->rlimits, process->rlimits.n, &limit, sizeof limit,
			bw_text(r, "%s=%llu", ours->type, (unsigned long long)ours->value.v),
			bw_text(r, "/process/rlimits/%zu", process->rlimits.n), "no limit was set");
		bw_collect(r, &ceilings, ours->type);
	}
	if (hardening && ceilings.n)
		bw_change_strs(r, &hardening->ceilings, &ceilings, "/hardening/ceilings",
			"a limit that nobody asked for is a ceiling");
}

static bool is_realtime(const char *policy)
{
	return bw_streq0(policy, "SCHED_FIFO") || bw_streq0(policy, "SCHED_RR") ||
	       bw_streq0(policy, "SCHED_DEADLINE");
}

void bw_harden_priorities(
	struct bw_run *r, const struct bw_spec_process *process, const char *pointer)
{
	const struct bw_profile_limits *policy = r->profile->limits;

	if (!policy)
		return;
	if (policy->oom_score_adj_min.set && process->oom_score_adj.set &&
		process->oom_score_adj.v < policy->oom_score_adj_min.v)
		bw_change_int(r, &process->oom_score_adj, policy->oom_score_adj_min.v,
			bw_text(r, "%s/oomScoreAdj", pointer),
			"the host's own programs must outlive a container");
	if (!bw_is_on(&policy->no_realtime))
		return;
	if (process->scheduler && is_realtime(process->scheduler->policy))
		bw_change_gone(r, &process->scheduler, process->scheduler->policy,
			bw_text(r, "%s/scheduler", pointer),
			"real-time scheduling can starve the host");
	if (process->io_priority && bw_streq0(process->io_priority->class_, "IOPRIO_CLASS_RT"))
		bw_change_gone(r, &process->io_priority, process->io_priority->class_,
			bw_text(r, "%s/ioPriority", pointer), "real-time I/O can starve the host");
}

/* With a class by name a container could take the share of another, or change the host's own. */
static void check_intel_rdt(struct bw_run *r)
{
	if (bw_streq0(r->profile->limits->intel_rdt, "refuse") && r->spec->linux_ && r->spec->linux_->intel_rdt)
		bw_deny(r, "/linux/intelRdt", r->spec->linux_->intel_rdt->clos_id,
			"takes part in sharing out the caches of the host",
			"leave it out, or limits.intelRdt: allow in the policy");
}

/* ---- files in memory ---- */

/* "64m" as the kernel reads it: with k, m, g and so on behind it. False: no number, or a share of the host's memory. */
static bool tmpfs_bytes(const char *text, uint64_t *ret)
{
	static const char units[] = "kmgtpe";
	char digits[24];
	size_t len = strspn(text, "0123456789");
	const char *unit = text[len] ? strchr(units, text[len] | 0x20) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;

	if (len >= sizeof digits || (text[len] && (!unit || text[len + 1])))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (bw_parse_u64(digits, UINT64_MAX >> shift, ret) < 0)
		return false;
	*ret <<= shift;
	return true;
}

/* The last option that says a size counts, and 0 is no end. False: it has the kernel's, half of the host's memory. */
static bool size_of_tmpfs(const struct bw_spec_mount *m, uint64_t *ret)
{
	bool known = false;

	for (size_t i = 0; i < m->options.n; i++) {
		const char *size = bw_after_prefix(m->options.v[i], "size=");

		if (size)
			known = tmpfs_bytes(size, ret) && *ret;
	}
	return known;
}

/* Pages of a tmpfs count as the container's memory. Where its file systems hold more than it may have, the program is
 * killed for files that it has written, instead of hearing that a disk is full. */
static void weigh_tmpfs(struct bw_run *r)
{
	const struct bw_spec_memory *memory = asked(r)->memory;
	uint64_t sum = 0, size;
	size_t endless = 0;

	if (!memory || is_unlimited(&memory->limit))
		return;
	for (size_t i = 0; i < r->spec->mounts.n; i++) {
		const struct bw_spec_mount *m = &r->spec->mounts.v[i];

		/* Nothing but nodes and other mounts lies in /dev. */
		if (!bw_streq0(m->type, "tmpfs") || bw_streq0(m->destination, "/dev") || bw_strs_has(&m->options, "ro"))
			continue;
		if (!size_of_tmpfs(m, &size))
			endless++;
		else if (__builtin_add_overflow(sum, size, &sum))
			sum = UINT64_MAX;
	}
	if (endless)
		bw_note(r, "/linux/resources/memory", NULL,
			bw_text(r,
				"%zu tmpfs may take half of the host's memory, and the container may have "
				"%lld bytes: files there can end it for want of memory",
				endless, (long long)memory->limit.v));
	if (sum > (uint64_t)memory->limit.v)
		bw_note(r, "/linux/resources/memory", NULL,
			bw_text(r,
				"what can be written to tmpfs is %llu bytes, and the container may have %lld "
				"of memory, in which that counts: files there can end it for want of memory",
				(unsigned long long)sum, (long long)memory->limit.v));
}

void bw_rule_limits(struct bw_run *r)
{
	if (!r->profile->limits)
		return;
	check_intel_rdt(r);
	limit_pids(r);
	limit_memory(r);
	limit_swap(r);
	limit_cpu(r);
	limit_unified(r);
	weigh_tmpfs(r);
	if (!r->spec->process)
		return;
	set_rlimits(r, r->spec->process);
	bw_harden_priorities(r, r->spec->process, "/process");
}
