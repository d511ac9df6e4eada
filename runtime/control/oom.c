/* SPDX-License-Identifier: Apache-2.0 */
/* oom.c - process.oomScoreAdj; see proc_pid_oom_score_adj(5). Unset means untouched. */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>

#include "control/host_side.h"
#include "plan/plan.h"

enum { OP_SELF, OP_CHILD };

/* We are not dumpable, so our files in procfs belong to the root of the initial user namespace:
 * from within another one the child cannot open them, and the parent does it. That may be early: id
 * maps are waited for in the same phase. */
static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_opt_int *asked = &request->process->oom_score_adj;
	char text[8] = "";

	if (!asked->set)
		return 0;
	if (asked->v < -1000 || asked->v > 1000) {
		bw_fail(err, BW_E_SPEC, 0,
			"/process/oomScoreAdj: %lld is not between -1000 and 1000",
			(long long)asked->v);
		return bw_at(err, "/process/oomScoreAdj");
	}
	snprintf(text, sizeof text, "%d", (int)asked->v);
	if (bw_in_user_namespace(request->spec))
		return bw_plan_add_parent(
			plan, BW_CONTROL_oom, OP_CHILD, BW_PHASE_JOIN, text, sizeof text, err);
	return bw_plan_add(plan, BW_CONTROL_oom, OP_SELF, BW_PHASE_NODE, text, sizeof text, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)len;
	snprintf(buf, size, "set oom_score_adj to %s", (const char *)data);
}

static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	(void)op, (void)len;
	bw_fail(err, BW_E_KERNEL, sys, "oom: set oom_score_adj to %s", (const char *)data);
	if (sys == EACCES)
		bw_hint(err, "going below the caller's own value needs CAP_SYS_RESOURCE");
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len,
	struct bw_err *err)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "%d/oom_score_adj", (int)now->pid);
	r = bw_proc_write(now->host_proc, path, 0, data);
	if (r < 0)
		complain(op, data, len, -r, err);
	return r < 0 ? -1 : 0;
}

const struct bw_control bw_oom = {
	.name = "oom",
	.about = "what the out-of-memory killer adds to the process's score",
	.prepare = prepare,
	.say = say,
	.settle = settle,
	.complain = complain,
};

int bw_oom_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)op, (void)len;
	return bw_proc_write(child->host_proc, "self/oom_score_adj", 0, data);
}
