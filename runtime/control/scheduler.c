/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.c - which CPUs, which scheduling policy, which I/O priority: process.execCPUAffinity,
 * .scheduler, .ioPriority; see sched_setaffinity(2), sched_setattr(2), ioprio_set(2). All of it is
 * inherited by the program across execve. It comes after the container's cgroup, so that a cpuset
 * has its say. */
#include "control/control.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "control/words.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_RESET_AFFINITY, OP_INITIAL_AFFINITY, OP_FINAL_AFFINITY, OP_SCHEDULER, OP_IO_PRIORITY };
enum { CPUS_MAX = 8192 }; /* the largest NR_CPUS that a kernel can have */

struct affinity_step {
	unsigned long cpus[BW_ID_WORDS(CPUS_MAX)];
};

struct scheduler_step {
	struct bw_sched_attr attr;
	bool cpuset; /* the container has one: for the error's words */
};

struct io_priority_step {
	uint32_t class_, priority;
};

static const struct bw_word policies[] = {
	{"SCHED_OTHER", SCHED_NORMAL},
	{"SCHED_FIFO", SCHED_FIFO},
	{"SCHED_RR", SCHED_RR},
	{"SCHED_BATCH", SCHED_BATCH},
	{"SCHED_ISO", 4}, /* reserved: no kernel has it, and says so itself */
	{"SCHED_IDLE", SCHED_IDLE},
	{"SCHED_DEADLINE", SCHED_DEADLINE},
	{NULL, 0},
};

static const struct bw_word flag_words[] = {
	{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
	{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
	{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
	{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
	{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
	{NULL, 0},
};

static const struct bw_word classes[] = {
	{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
	{"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
	{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
	{NULL, 0},
};

/* ---- CPU affinity ---- */

static int add_affinity(uint16_t op, enum bw_phase phase, const char *name, const char *cpus,
	struct bw_plan *plan, struct bw_err *err)
{
	struct affinity_step step;

	if (bw_id_list_parse(cpus, step.cpus, CPUS_MAX, err) < 0) {
		bw_wrap(err, "/process/execCPUAffinity/%s: invalid list \"%.60s\"", name, cpus);
		return bw_at(err, "/process/execCPUAffinity/%s", name);
	}
	/* runc's first stage logs this, and its callers look for it. */
	if (op == OP_INITIAL_AFFINITY)
		bw_debug("nsexec: affinity: 0x%lx", step.cpus[0]);
	return bw_plan_add(plan, BW_CONTROL_scheduler, op, phase, &step, sizeof step, err);
}

/* A caller that was itself bound to a few CPUs (taskset, CPUAffinity= of a unit) must not bind the
 * container: without a word about CPUs it gets all that its cpuset has. */
static int prepare_affinity(
	const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_cpu_affinity *asked =
		request->exec ? request->process->exec_cpu_affinity : NULL;
	const char *initial = asked ? asked->initial : NULL, *final = asked ? asked->final : NULL;

	if (!initial && !final)
		return bw_plan_add(
			plan, BW_CONTROL_scheduler, OP_RESET_AFFINITY, BW_PHASE_NODE, NULL, 0, err);
	if (initial &&
		add_affinity(OP_INITIAL_AFFINITY, BW_PHASE_JOIN, "initial", initial, plan, err) < 0)
		return -1;
	if (final)
		return add_affinity(OP_FINAL_AFFINITY, BW_PHASE_NODE, "final", final, plan, err);
	return 0;
}

/* ---- policy and I/O priority ---- */

static int unknown_word(const char *place, const char *word, struct bw_err *err)
{
	bw_fail(err, BW_E_SPEC, 0, "/process/%s: unknown word \"%.60s\"", place, word ? word : "");
	return bw_at(err, "/process/%s", place);
}

static bool has_cpuset(const struct bw_spec *spec)
{
	const struct bw_spec_resources *resources = spec->linux_ ? spec->linux_->resources : NULL;

	return resources && resources->cpu && resources->cpu->cpus;
}

static int prepare_policy(
	const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_scheduler *asked = request->process->scheduler;
	const struct bw_word *policy;
	struct scheduler_step step;
	const char *unknown;
	uint64_t flags;

	if (!asked)
		return 0;
	policy = bw_word_find(policies, asked->policy);
	if (!policy)
		return unknown_word("scheduler/policy", asked->policy, err);
	unknown = bw_word_flags(flag_words, &asked->flags, &flags);
	if (unknown)
		return unknown_word("scheduler/flags", unknown, err);
	memset(&step, 0, sizeof step);
	step.cpuset = has_cpuset(request->spec);
	step.attr = (struct bw_sched_attr){
		.size = sizeof step.attr,
		.policy = (uint32_t)policy->value,
		.flags = flags,
		.nice = (int32_t)asked->nice.v,
		.priority = (uint32_t)asked->priority.v,
		.runtime = asked->runtime.v,
		.deadline = asked->deadline.v,
		.period = asked->period.v,
	};
	return bw_plan_add(
		plan, BW_CONTROL_scheduler, OP_SCHEDULER, BW_PHASE_NODE, &step, sizeof step, err);
}

static int prepare_io_priority(
	const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_io_priority *asked = request->process->io_priority;
	const struct bw_word *class_;
	struct io_priority_step step;

	if (!asked)
		return 0;
	class_ = bw_word_find(classes, asked->class_);
	if (!class_)
		return unknown_word("ioPriority/class", asked->class_, err);
	if (asked->priority.v < 0 || asked->priority.v >= IOPRIO_NR_LEVELS) {
		bw_fail(err, BW_E_SPEC, 0,
			"/process/ioPriority/priority: %lld is not between 0 and %d",
			(long long)asked->priority.v, IOPRIO_NR_LEVELS - 1);
		return bw_at(err, "/process/ioPriority/priority");
	}
	step = (struct io_priority_step){(uint32_t)class_->value, (uint32_t)asked->priority.v};
	return bw_plan_add(
		plan, BW_CONTROL_scheduler, OP_IO_PRIORITY, BW_PHASE_NODE, &step, sizeof step, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	if (prepare_affinity(request, plan, err) < 0)
		return -1;
	if (prepare_policy(request, plan, err) < 0)
		return -1;
	return prepare_io_priority(request, plan, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct scheduler_step *scheduler = data;
	const struct io_priority_step *io = data;

	(void)len;
	if (op == OP_RESET_AFFINITY)
		snprintf(buf, size, "allow all CPUs of the cpuset");
	else if (op == OP_INITIAL_AFFINITY || op == OP_FINAL_AFFINITY)
		snprintf(buf, size, "set %s CPU affinity",
			op == OP_FINAL_AFFINITY ? "final" : "initial");
	else if (op == OP_SCHEDULER)
		snprintf(
			buf, size, "set policy %s", bw_word_name(policies, scheduler->attr.policy));
	else
		snprintf(buf, size, "set I/O priority %s %u", bw_word_name(classes, io->class_),
			io->priority);
}

/* SCHED_DEADLINE wants all CPUs of its root domain (sched_setattr(2), EPERM): callers match the
 * words. */
static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	(void)len;
	if (op == OP_SCHEDULER && sys == EPERM && ((const struct scheduler_step *)data)->cpuset)
		bw_fail(err, BW_E_KERNEL, 0,
			"process scheduler can't be used together with AllowedCPUs");
}

const struct bw_control bw_scheduler = {
	.name = "scheduler",
	.about = "CPU affinity, scheduling policy and I/O priority",
	.prepare = prepare,
	.say = say,
	.complain = complain,
};

static int set_affinity(const unsigned long *cpus)
{
	return syscall(SYS_sched_setaffinity, 0, BW_ID_WORDS(CPUS_MAX) * sizeof *cpus, cpus) < 0
		       ? -errno
		       : 0;
}

/* The kernel cuts the mask down to the cpuset's. Best effort: it is nobody's wish but ours. */
static int reset_affinity(void)
{
	unsigned long all[BW_ID_WORDS(CPUS_MAX)];

	memset(all, 0xff, sizeof all);
	(void)set_affinity(all);
	return 0;
}

/* We are born in the container's cgroup, so a cpuset without any of these CPUs has won already. */
static int initial_affinity(const struct affinity_step *step)
{
	int r = set_affinity(step->cpus);

	return r == -EINVAL ? 0 : r;
}

static int set_io_priority(const struct io_priority_step *step)
{
	unsigned value = (unsigned)step->class_ << IOPRIO_CLASS_SHIFT | (unsigned)step->priority;

	return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) < 0 ? -errno : 0;
}

int bw_scheduler_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct scheduler_step *scheduler = data;
	const struct affinity_step *affinity = data;

	(void)child, (void)len;
	if (op == OP_RESET_AFFINITY)
		return reset_affinity();
	if (op == OP_INITIAL_AFFINITY)
		return initial_affinity(affinity);
	if (op == OP_FINAL_AFFINITY)
		return set_affinity(affinity->cpus);
	if (op == OP_SCHEDULER)
		return bw_sched_setattr(0, &scheduler->attr) < 0 ? -errno : 0;
	return set_io_priority(data);
}
