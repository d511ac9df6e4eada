/* SPDX-License-Identifier: Apache-2.0 */
/* decide.c - reads what was asked and what is allowed, once each, and lets the policy decide. */
#include "container/decide.h"

#include <string.h>

#include "base/log.h"
#include "container/state.h"

/* Facts that the container's author cannot write: where the caller keeps its state and the cgroup parent. */
static int gather_facts(const struct bw_context *ctx, const struct bw_spec *spec, struct bw_arena *arena,
	struct bw_policy_facts *ret, struct bw_err *err)
{
	const char *cgroup = spec->linux_ ? spec->linux_->cgroups_path : NULL;
	const char *slash = cgroup ? strrchr(cgroup, '/') : NULL;
	char *parent;

	if (bw_pairs_set(arena, &ret->values, "caller.root", ctx->root) < 0)
		return bw_fail(err, BW_E_MEMORY, 0, "policy facts");
	if (!slash)
		return 0;
	parent = bw_arena_strndup(arena, cgroup, slash == cgroup ? 1 : (size_t)(slash - cgroup));
	if (!parent || bw_pairs_set(arena, &ret->values, "cgroup.parent", parent) < 0)
		return bw_fail(err, BW_E_MEMORY, 0, "policy facts");
	return 0;
}

static void log_findings(const struct bw_decision *decision)
{
	for (size_t i = 0; i < decision->notes.n; i++)
		bw_debug("config.json: %s: %s", decision->notes.v[i].pointer, decision->notes.v[i].text);
	for (size_t i = 0; i < decision->findings.n; i++) {
		const struct bw_finding *f = &decision->findings.v[i];

		bw_debug("policy %s: %s %s: %s", f->rule, bw_verdict_word(f->verdict), f->pointer, f->reason);
	}
}

static int harden(struct bw_arena *arena, struct bw_decision *decision, struct bw_err *err)
{
	int r = bw_harden(decision->asked, decision->profile, arena, &decision->hardened, &decision->findings, err);

	bw_debug("policy: profile %s (%s)", bw_profile_name(decision->profile), decision->reason);
	log_findings(decision);
	return r;
}

static int load(const char *bundle, struct bw_arena *arena, struct bw_decision *ret, struct bw_err *err)
{
	struct bw_spec *asked;

	*ret = (struct bw_decision){0};
	if (bw_spec_load(bundle, arena, &asked, &ret->notes, err) < 0)
		return -1;
	ret->asked = asked;
	return 0;
}

int bw_decide(const struct bw_context *ctx, const char *bundle, struct bw_arena *arena, struct bw_decision *ret,
	struct bw_err *err)
{
	struct bw_policy_facts facts = {0};

	if (load(bundle, arena, ret, err) < 0 || bw_policy_load(ctx->policy_path, arena, &ret->policy, err) < 0 ||
		gather_facts(ctx, ret->asked, arena, &facts, err) < 0)
		return -1;
	if (bw_policy_choose(ret->policy, ctx->profile, &facts, &ret->asked->annotations, arena, &ret->profile,
		    &ret->reason, err) < 0)
		return -1;
	return harden(arena, ret, err);
}

int bw_decide_stored(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_decision *ret,
	struct bw_err *err)
{
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	*ret = (struct bw_decision){0};
	if (bw_container_open(ctx, id, false, false, arena, &container, err) < 0)
		return -1;
	/* A profile asked for on the command line is a what-if over the container's bundle. */
	if (ctx->profile)
		return bw_decide(ctx, container.state->bundle, arena, ret, err);
	if (load(container.state->bundle, arena, ret, err) < 0 ||
		bw_state_load_profile(&container, arena, &ret->profile, err) < 0)
		return -1;
	ret->reason = container.state->profile_reason;
	return harden(arena, ret, err);
}
