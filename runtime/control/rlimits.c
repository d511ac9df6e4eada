/* SPDX-License-Identifier: Apache-2.0 */
/* rlimits.c - process.rlimits; see getrlimit(2). Set after everything that opens files in number,
 * for a low RLIMIT_NOFILE is the program's limit and not ours. */
#include "control/control.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/host_side.h"
#include "control/rlimits.h"
#include "control/words.h"
#include "host/host.h"
#include "plan/plan.h"

enum { OP_SELF, OP_CHILD };

struct limit_step {
	uint64_t soft, hard; /* struct rlimit64 of prlimit64(2) */
	uint32_t resource;
};

static const struct bw_word resources[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
	{NULL, 0},
};

static int set_limit(pid_t pid, const struct limit_step *step)
{
	const uint64_t pair[2] = {step->soft, step->hard};

	return syscall(SYS_prlimit64, pid, step->resource, pair, NULL) < 0 ? -errno : 0;
}

/* Raising a hard limit takes CAP_SYS_RESOURCE in the initial user namespace, which a child in
 * another one does not have; then the parent does it. Lowering is always the child's: that needs
 * nothing. */
static bool is_for_parent(const struct bw_request *request, const struct limit_step *step)
{
	uint64_t ours[2];

	if (!bw_in_user_namespace(request->spec))
		return false;
	if (syscall(SYS_prlimit64, 0, step->resource, NULL, ours) < 0)
		return false;
	return step->hard > ours[1];
}

/* A limit that the policy set because nobody else did is a ceiling: a caller who is below it, and may not go
 * higher, is not refused for that. */
static void lower_to_ours(const struct bw_request *request, const char *type, struct limit_step *step)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_uints *own = &request->host->own_capabilities;
	uint64_t ours[2];

	if (!hardening || !bw_strs_has(&hardening->ceilings, type))
		return;
	/* In another user namespace than the first it counts for nothing. */
	for (size_t i = 0; i < own->n && request->host->root.v; i++)
		if (own->v[i] == CAP_SYS_RESOURCE)
			return;
	if (syscall(SYS_prlimit64, 0, step->resource, NULL, ours) < 0 || step->hard <= ours[1])
		return;
	step->hard = ours[1];
	if (step->soft > step->hard)
		step->soft = step->hard;
}

int bw_rlimit_number(const char *type)
{
	const struct bw_word *word = bw_word_find(resources, type);

	return word ? (int)word->value : -1;
}

static int prepare_limit(
	const struct bw_request *request, size_t at, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_rlimit *asked = &request->process->rlimits.v[at];
	const struct bw_word *word = bw_word_find(resources, asked->type);
	struct limit_step step = {.soft = asked->soft.v, .hard = asked->hard.v};

	if (!word) {
		bw_fail(err, BW_E_SPEC, 0, "/process/rlimits/%zu/type: no such limit: \"%.60s\"",
			at, asked->type ? asked->type : "");
		return bw_at(err, "/process/rlimits/%zu/type", at);
	}
	step.resource = (uint32_t)word->value;
	lower_to_ours(request, asked->type, &step);
	if (is_for_parent(request, &step))
		return bw_plan_add_parent(plan, BW_CONTROL_rlimits, OP_CHILD, BW_PHASE_EARLY_FILTER,
			&step, sizeof step, err);
	return bw_plan_add(
		plan, BW_CONTROL_rlimits, OP_SELF, BW_PHASE_PRIVS, &step, sizeof step, err);
}

/* We have raised it for ourselves: the program gets its caller's, unless it is given one. */
static int give_back_files(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	struct limit_step step = {.soft = request->caller_files, .resource = RLIMIT_NOFILE};
	uint64_t ours[2];

	if (!request->caller_files)
		return 0;
	for (size_t i = 0; i < request->process->rlimits.n; i++)
		if (bw_streq0(request->process->rlimits.v[i].type, "RLIMIT_NOFILE"))
			return 0;
	if (syscall(SYS_prlimit64, 0, step.resource, NULL, ours) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "rlimits: RLIMIT_NOFILE");
	step.hard = ours[1];
	return bw_plan_add(plan, BW_CONTROL_rlimits, OP_SELF, BW_PHASE_PRIVS, &step, sizeof step, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	for (size_t i = 0; i < request->process->rlimits.n; i++)
		if (prepare_limit(request, i, plan, err) < 0)
			return -1;
	return give_back_files(request, plan, err);
}

static void say_value(uint64_t value, char *buf, size_t size)
{
	if (value == (uint64_t)RLIM_INFINITY)
		snprintf(buf, size, "unlimited");
	else
		snprintf(buf, size, "%llu", (unsigned long long)value);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct limit_step *step = data;
	char soft[24], hard[24];

	(void)op, (void)len;
	say_value(step->soft, soft, sizeof soft);
	say_value(step->hard, hard, sizeof hard);
	snprintf(buf, size, "set %s to %s (hard %s)", bw_word_name(resources, step->resource), soft,
		hard);
}

static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	char words[128];

	say(op, data, len, words, sizeof words);
	bw_fail(err, BW_E_KERNEL, sys, "rlimits: %s", words);
	if (sys == EPERM)
		bw_hint(err, "raising a hard limit needs CAP_SYS_RESOURCE%s",
			((const struct limit_step *)data)->resource == RLIMIT_NOFILE
				? "; the ceiling of RLIMIT_NOFILE is fs.nr_open"
				: "");
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len,
	struct bw_err *err)
{
	int r = set_limit(now->pid, data);

	if (r < 0)
		complain(op, data, len, -r, err);
	return r < 0 ? -1 : 0;
}

const struct bw_control bw_rlimits = {
	.name = "rlimits",
	.about = "resource limits of getrlimit(2)",
	.prepare = prepare,
	.say = say,
	.settle = settle,
	.complain = complain,
};

int bw_rlimits_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)len;
	return set_limit(0, data);
}
