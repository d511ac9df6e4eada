/* SPDX-License-Identifier: Apache-2.0 */
/* plan_text.c - the steps that create would take, in words: for people who want to know, and for tests. */
#include "container/bulwark.h"

#include <errno.h>
#include <stdio.h>

#include "base/auto.h"
#include "container/delegate.h"
#include "container/rehearse.h"

static const char *const phase_names[BW_PHASE_COUNT] = {
	[BW_PHASE_JOIN] = "join",
	[BW_PHASE_IDENTITY] = "identity",
	[BW_PHASE_NETWORK] = "network",
	[BW_PHASE_HOOKS] = "hooks",
	[BW_PHASE_ROOTFS] = "rootfs",
	[BW_PHASE_NODE] = "node",
	[BW_PHASE_LABEL] = "label",
	[BW_PHASE_PIVOT] = "pivot",
	[BW_PHASE_PRIVS] = "privs",
	[BW_PHASE_EARLY_FILTER] = "early-filter",
	[BW_PHASE_CREDS] = "creds",
	[BW_PHASE_PROGRAM] = "program",
	[BW_PHASE_WAIT] = "wait",
	[BW_PHASE_FILTER] = "filter",
	[BW_PHASE_EXEC] = "exec",
};

static void print_plan(FILE *out, const struct bw_plan *plan)
{
	char words[320];

	fprintf(out, "clone: namespaces 0x%llx%s\n", (unsigned long long)plan->clone_flags,
		plan->cgroup_fd >= 0 ? ", into its cgroup" : "");
	for (size_t i = 0; i < plan->n; i++) {
		const struct bw_step *step = &plan->steps[i];

		bw_step_say(plan, step, words, sizeof words);
		fprintf(out, "%3zu  %-12s %-6s %s\n", i, phase_names[step->phase],
			step->side == BW_SIDE_PARENT ? "parent" : "child", words);
	}
	for (size_t i = 0; i < plan->layers_n; i++)
		fprintf(out, "layer: %s: %s\n", bw_control_of(plan->layers[i].control)->name, plan->layers[i].what);
	for (size_t i = 0; i < plan->degraded_n; i++)
		fprintf(out, "degraded: %s: %s\n", bw_control_of(plan->degraded[i].control)->name, plan->degraded[i].why);
}

int bw_plan_text(const struct bw_context *ctx, const char *bundle, char **ret_text, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	__attribute__((cleanup(bw_preparation_done))) struct bw_preparation preparation = BW_PREPARATION_INIT;
	struct bw_decision decision;
	size_t len;
	FILE *out;

	if (bw_decide(ctx, bundle, NULL, &arena, &decision, NULL, err) < 0)
		return -1;
	if (bw_delegate_is_wanted(decision.hardened))
		return bw_fail(err, BW_E_USAGE, 0,
			"there is no plan: %s makes the container (`bulwark explain` says from what)",
			decision.hardened->hardening->backend->program);
	if (bw_rehearse(ctx, bundle, &decision, &arena, &preparation, err) < 0)
		return -1;
	out = open_memstream(ret_text, &len);
	if (!out)
		return bw_fail(err, BW_E_MEMORY, errno, "plan");
	print_plan(out, &preparation.plan);
	return fclose(out) == 0 ? 0 : bw_fail(err, BW_E_MEMORY, errno, "plan");
}
