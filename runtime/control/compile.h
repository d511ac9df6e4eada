/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h - the hardened spec and the host's facts give a plan: every control prepares, in the order of
 * list.h. This is where "must have Landlock" meets a kernel without it. */
#ifndef BW_CONTROL_COMPILE_H
#define BW_CONTROL_COMPILE_H

#include "control/control.h"
#include "plan/plan.h"

/* Asks every control what it can see. Cheap: a few system calls each. */
int bw_probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;
/* Fills and freezes plan. On failure the plan is to be given to bw_plan_done() as well. */
int bw_compile(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err) BW_MUST_CHECK;
/* The control with this id; NULL when there is none. */
const struct bw_control *bw_control_of(uint16_t id);
/* "mounts: tmpfs on /tmp": one step in words, into buf. */
void bw_step_say(const struct bw_plan *plan, const struct bw_step *step, char *buf, size_t size);
/* Fills err for a step that failed with errno sys. Returns -1. */
int bw_step_complain(const struct bw_plan *plan, const struct bw_step *step, int sys, struct bw_err *err);

#endif
