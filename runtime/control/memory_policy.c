/* SPDX-License-Identifier: Apache-2.0 */
/* memory_policy.c - linux.memoryPolicy: which NUMA nodes the program's memory comes from; see
 * set_mempolicy(2). The sentences of its errors begin "invalid memory policy": callers match that.
 */
#include "control/control.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/words.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_SET };
enum { NODES_MAX = 1024 };	       /* the largest MAX_NUMNODES that a kernel can have */
enum { WEIGHTED_INTERLEAVE_MODE = 6 }; /* MPOL_WEIGHTED_INTERLEAVE, Linux 6.9 */

struct policy_step {
	unsigned long nodes[BW_ID_WORDS(NODES_MAX)];
	uint32_t mode, flags;
	uint32_t count; /* of nodes; 0: no mask */
};

const struct bw_word bw_memory_policy_modes[] = {
	{"MPOL_BIND", MPOL_BIND},
	{"MPOL_DEFAULT", MPOL_DEFAULT},
	{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
	{"MPOL_LOCAL", MPOL_LOCAL},
	{"MPOL_PREFERRED", MPOL_PREFERRED},
	{"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
	{"MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE_MODE},
	{NULL, 0},
};

const struct bw_word bw_memory_policy_flags[] = {
	{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
	{NULL, 0},
};

static int parse_nodes(const char *text, struct policy_step *step, struct bw_err *err)
{
	int count;

	if (!text || !*text)
		return 0;
	count = bw_id_list_parse(text, step->nodes, NODES_MAX, err);
	if (count < 0) {
		bw_wrap(err, "invalid memory policy nodes \"%.60s\"", text);
		return bw_at(err, "/linux/memoryPolicy/nodes");
	}
	step->count = (uint32_t)count;
	return 0;
}

/* The kernel's own rule, said better than its EINVAL does. MPOL_PREFERRED goes with nodes and
 * without. */
static int check_count(const struct policy_step *step, struct bw_err *err)
{
	bool none = step->mode == MPOL_DEFAULT || step->mode == MPOL_LOCAL;

	if (none && step->count)
		bw_fail(err, BW_E_SPEC, 0,
			"invalid memory policy nodes: mode requires 0 nodes but got %u",
			step->count);
	else if (!none && !step->count && step->mode != MPOL_PREFERRED)
		bw_fail(err, BW_E_SPEC, 0,
			"invalid memory policy nodes: mode requires at least one node but got 0");
	else
		return 0;
	return bw_at(err, "/linux/memoryPolicy/nodes");
}

static int read_policy(
	const struct bw_spec_memory_policy *asked, struct policy_step *step, struct bw_err *err)
{
	const struct bw_word *mode = bw_word_find(bw_memory_policy_modes, asked->mode);
	const char *unknown;
	uint64_t flags;

	if (!mode) {
		bw_fail(err, BW_E_SPEC, 0, "invalid memory policy mode \"%.60s\"",
			asked->mode ? asked->mode : "");
		return bw_at(err, "/linux/memoryPolicy/mode");
	}
	unknown = bw_word_flags(bw_memory_policy_flags, &asked->flags, &flags);
	if (unknown) {
		bw_fail(err, BW_E_SPEC, 0, "invalid memory policy flag \"%.60s\"", unknown);
		return bw_at(err, "/linux/memoryPolicy/flags");
	}
	step->mode = (uint32_t)mode->value;
	step->flags = (uint32_t)flags;
	if (parse_nodes(asked->nodes, step, err) < 0)
		return -1;
	return check_count(step, err);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	struct policy_step step;

	if (!linux_ || !linux_->memory_policy)
		return 0;
	memset(&step, 0, sizeof step);
	if (read_policy(linux_->memory_policy, &step, err) < 0)
		return -1;
	return bw_plan_add(
		plan, BW_CONTROL_memory_policy, OP_SET, BW_PHASE_NODE, &step, sizeof step, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct policy_step *step = data;

	(void)op, (void)len;
	snprintf(buf, size, "memory policy %s, %u nodes",
		bw_word_name(bw_memory_policy_modes, step->mode), step->count);
}

const struct bw_control bw_memory_policy = {
	.name = "memory_policy",
	.about = "NUMA memory policy of set_mempolicy(2)",
	.prepare = prepare,
	.say = say,
};

int bw_memory_policy_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct policy_step *step = data;
	const unsigned long *nodes = step->count ? step->nodes : NULL;

	(void)child, (void)op, (void)len;
	/* The kernel reads maxnode - 1 bits (set_mempolicy(2), "Notes" of its libc callers). */
	if (syscall(SYS_set_mempolicy, step->mode | step->flags, nodes,
		    nodes ? NODES_MAX + 1UL : 0UL) < 0)
		return -errno;
	return 0;
}
