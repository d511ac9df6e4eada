/* SPDX-License-Identifier: Apache-2.0 */
/* no_new_privs.c - execve gives nothing that the process does not have: no setuid, no file
 * capabilities; see PR_SET_NO_NEW_PRIVS(2const). */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_SET };

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	if (!request->process->no_new_privileges.v)
		return 0;
	bw_plan_layer(plan, BW_CONTROL_no_new_privs, "no program gains privileges by execve");
	return bw_plan_add(plan, BW_CONTROL_no_new_privs, OP_SET, BW_PHASE_PRIVS, NULL, 0, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "no new privileges by execve");
}

const struct bw_control bw_no_new_privs = {
	.name = "no_new_privs",
	.about = "execve can give no privileges that the process does not have",
	.prepare = prepare,
	.say = say,
};

int bw_no_new_privs_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
