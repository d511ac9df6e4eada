/* SPDX-License-Identifier: Apache-2.0 */
/* compile.c - walks the list of controls. Knows no control by name. */
#include "control/compile.h"

#include <stdio.h>

#include "base/auto.h"
#include "host/host.h"

static const struct bw_control *const controls[] = {
#define BW_CONTROL(name) [BW_CONTROL_##name] = &bw_##name,
#include "control/list.h"
#undef BW_CONTROL
};

const struct bw_control *bw_control_of(uint16_t id)
{
	return id < BW_CONTROL_COUNT ? controls[id] : NULL;
}

int bw_probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	if (bw_host_probe_basic(host, arena, err) < 0)
		return -1;
	for (size_t i = 0; i < BW_COUNT(controls); i++) {
		if (controls[i]->probe && controls[i]->probe(host, arena, err) < 0)
			return bw_wrap(err, "%s", controls[i]->name);
	}
	return 0;
}

int bw_compile(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(controls); i++) {
		if (controls[i]->prepare(request, plan, err) < 0)
			return -1;
	}
	return bw_plan_freeze(plan, err);
}

void bw_step_say(const struct bw_plan *plan, const struct bw_step *step, char *buf, size_t size)
{
	const struct bw_control *control = bw_control_of(step->control);
	int used;

	if (!control) {
		snprintf(buf, size, "step of unknown control %u", (unsigned)step->control);
		return;
	}
	used = snprintf(buf, size, "%s: ", control->name);
	if (used > 0 && (size_t)used < size)
		control->say(step->op, bw_plan_data(plan, step), step->len, buf + used, size - (size_t)used);
}

int bw_step_complain(const struct bw_plan *plan, const struct bw_step *step, int sys, struct bw_err *err)
{
	const struct bw_control *control = bw_control_of(step->control);
	char words[320];

	if (control && control->complain) {
		control->complain(step->op, bw_plan_data(plan, step), step->len, sys, err);
		if (err->code != BW_E_NONE)
			return -1;
	}
	bw_step_say(plan, step, words, sizeof words);
	return bw_fail(err, BW_E_KERNEL, sys, "%s", words);
}
