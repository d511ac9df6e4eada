/* SPDX-License-Identifier: Apache-2.0 */
/* decide.c - reads what was asked and what is allowed, once each, and lets the policy decide. */
#include "container/decide.h"

#include <errno.h>

#include "base/log.h"
#include "container/facts.h"
#include "container/secret_variables.h"
#include "container/state.h"
#include "container/updates.h"

/* What was changed is for who asks; what was only noted nobody would ask for. */
static void log_findings(const struct bw_decision *decision, enum bw_log_level level)
{
	for (size_t i = 0; i < decision->notes.n; i++)
		bw_debug("config.json: %s: %s", decision->notes.v[i].pointer, decision->notes.v[i].text);
	for (size_t i = 0; i < decision->findings.n; i++) {
		const struct bw_finding *f = &decision->findings.v[i];

		bw_log(f->verdict == BW_NOTED ? level : BW_LOG_DEBUG, "policy %s: %s %s: %s", f->rule,
			bw_verdict_word(f->verdict), f->pointer, f->reason);
	}
}

/* That rules could not be judged is for the record, whatever the profile makes of the rest. */
static int note_doubt(struct bw_arena *arena, struct bw_decision *decision, const char *why, struct bw_err *err)
{
	struct bw_finding *finding = bw_push(arena, &decision->findings);

	if (!finding)
		return bw_fail(err, BW_E_MEMORY, 0, "applying the policy: out of memory");
	*finding = (struct bw_finding){
		.rule = "rules",
		.verdict = BW_NOTED,
		.pointer = "/",
		.reason = why,
		.hint = "bulwark policy test shows the facts and what each rule makes of them",
	};
	return 0;
}

/* level: where the administrator wrote rules, the log says which decided. */
static int harden(struct bw_arena *arena, struct bw_decision *decision, const char *doubt, enum bw_log_level level,
	struct bw_err *err)
{
	int r = bw_harden(decision->asked, decision->profile, arena, &decision->hardened, &decision->findings, err);

	if (doubt && note_doubt(arena, decision, doubt, r < 0 ? NULL : err) < 0)
		r = -1;
	bw_log(level, "policy: profile %s (%s)", bw_profile_name(decision->profile), decision->reason);
	log_findings(decision, level);
	return r < 0 ? -1 : bw_spec_check_needs(decision->hardened, err);
}

static int load(const char *bundle, struct bw_arena *arena, struct bw_decision *ret, struct bw_err *err)
{
	struct bw_spec *asked;

	if (bw_spec_load(bundle, arena, &asked, &ret->notes, err) < 0)
		return -1;
	ret->asked = asked;
	return 0;
}

/* The policy first: it says whether there will be something to hide in config.json. */
int bw_decide_profile(const struct bw_context *ctx, const char *bundle, const char *id, struct bw_arena *arena,
	struct bw_decision *ret, struct bw_policy_facts *ret_facts, struct bw_err *err)
{
	*ret = (struct bw_decision){0};
	*ret_facts = (struct bw_policy_facts){0};
	if (bw_policy_load(ctx->policy_path, arena, &ret->policy, err) < 0)
		return -1;
	if (bw_policy_has_secrets(ret->policy))
		bw_secrets_hide();
	if (load(bundle, arena, ret, err) < 0 ||
		bw_facts_gather(ctx, bundle, id, ret->asked, ret->policy, false, arena, ret_facts, err) < 0)
		return -1;
	if (bw_policy_choose(ret->policy, ctx->profile, ret_facts, &ret->asked->annotations, arena, &ret->profile,
		    &ret->reason, err) < 0)
		return -1;
	ret->profile = bw_policy_name(ret->policy, ret->profile, ret_facts, arena);
	return ret->profile ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "applying the policy");
}

static int decide(const struct bw_context *ctx, const char *bundle, const char *id, struct bw_arena *arena,
	struct bw_decision *ret, struct bw_secret_values *ret_secrets, struct bw_err *err)
{
	struct bw_policy_facts facts;
	bool ruled;

	if (bw_decide_profile(ctx, bundle, id, arena, ret, &facts, err) < 0 ||
		bw_secrets_take(ret->profile, ret->asked->process, ret_secrets, err) < 0)
		return -1;
	ruled = bw_policy_needs(ret->policy, ctx->profile, "");
	if (harden(arena, ret, facts.unreadable, ruled ? BW_LOG_INFO : BW_LOG_DEBUG, err) < 0)
		return -1;
	if (ret->hardened->hardening && ret->hardened->hardening->audit)
		ret->hardened->hardening->audit->policy = bw_policy_hash(ret->policy);
	return 0;
}

int bw_decide(const struct bw_context *ctx, const char *bundle, const char *id, struct bw_arena *arena,
	struct bw_decision *ret, struct bw_secret_values *ret_secrets, struct bw_err *err)
{
	int r = decide(ctx, bundle, id, arena, ret, ret_secrets, err);

	bw_secrets_show();
	return r;
}

static struct bw_spec_resources *resources_of(const struct bw_spec *spec)
{
	return spec->linux_ ? spec->linux_->resources : NULL;
}

/* What has become of the decision: only update changes a container after its creation, and only resources. */
static int lay_updates(const struct bw_container *container, struct bw_arena *arena, struct bw_decision *decision,
	struct bw_err *err)
{
	struct bw_spec *hardened = decision->hardened, *stored;

	if (bw_state_load_spec(container, arena, &stored, err) < 0)
		return -1;
	if (!stored->linux_ || !hardened->linux_)
		return 0;
	if (bw_updates_find(resources_of(hardened), resources_of(stored), arena, &decision->findings, err) < 0)
		return -1;
	hardened->linux_->resources = stored->linux_->resources;
	return 0;
}

static int decide_stored(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_decision *ret,
	struct bw_err *err)
{
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	*ret = (struct bw_decision){0};
	if (bw_container_open(ctx, id, false, false, arena, &container, err) < 0)
		return -1;
	/* A profile asked for on the command line is a what-if over the container's bundle. */
	if (ctx->profile)
		return decide(ctx, container.state->bundle, id, arena, ret, NULL, err);
	if (bw_state_load_profile(&container, arena, &ret->profile, err) < 0)
		return -1;
	if (bw_profile_secret_variable(ret->profile, 0))
		bw_secrets_hide();
	if (load(container.state->bundle, arena, ret, err) < 0 ||
		bw_secrets_take(ret->profile, ret->asked->process, NULL, err) < 0)
		return -1;
	ret->profile = bw_profile_named(ret->profile, container.state->tenant, container.state->session, arena);
	if (!ret->profile)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "applying the policy");
	ret->reason = container.state->profile_reason;
	if (harden(arena, ret, NULL, BW_LOG_DEBUG, err) < 0)
		return -1;
	return lay_updates(&container, arena, ret, err);
}

int bw_decide_stored(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_decision *ret,
	struct bw_err *err)
{
	int r = decide_stored(ctx, id, arena, ret, err);

	bw_secrets_show();
	return r;
}
