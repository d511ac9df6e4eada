/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - other limits for a container that lives. What is asked is clamped by the decision that was stored at
 * create; what is in force is stored again, so that the next update, exec and explain go by it. */
#include "container/bulwark.h"

#include <errno.h>

#include "base/log.h"
#include "container/audit_note.h"
#include "container/delegate.h"
#include "container/state.h"
#include "container/update_options.h"
#include "policy/harden.h"

struct update {
	struct bw_arena arena;
	struct bw_container container;
	struct bw_spec *spec;		   /* as stored */
	struct bw_spec_resources *allowed; /* what is asked, clamped */
};

static void update_done(struct update *update)
{
	bw_container_close(&update->container);
	bw_arena_done(&update->arena);
}

static int open_all(struct update *update, const struct bw_context *ctx, const char *id, struct bw_err *err)
{
	struct bw_container *container = &update->container;

	if (bw_container_open_live(ctx, id, true, "container not running", &update->arena, container, err) < 0)
		return -1;
	return bw_state_load_spec(container, &update->arena, &update->spec, err);
}

static int clamp(struct update *update, const struct bw_spec_resources *asked, struct bw_err *err)
{
	const struct bw_profile *profile;
	struct bw_findings findings = {0};
	int r;

	if (bw_state_load_profile(&update->container, &update->arena, &profile, err) < 0)
		return -1;
	r = bw_harden_update(asked, update->spec, profile, &update->arena, &update->allowed, &findings, err);
	for (size_t i = 0; i < findings.n; i++)
		bw_log(BW_LOG_INFO, "policy %s: %s %s: %s", findings.v[i].rule, bw_verdict_word(findings.v[i].verdict),
			findings.v[i].pointer, findings.v[i].reason);
	return r;
}

static int apply_limits(const struct update *update, const struct bw_spec_resources *resources, struct bw_err *err)
{
	if (update->container.state->backend)
		return bw_delegate_update(&update->container, resources, err);
	return bw_cgroup_apply_resources(update->container.state->cgroups, resources, err);
}

/* The limits that were there before, as far as they were any: a refused update shall not stand by half. */
static void restore(const struct update *update)
{
	const struct bw_spec_linux *linux_ = update->spec->linux_;
	struct bw_err failure = {0};

	if (linux_ && linux_->resources &&
		apply_limits(update, linux_->resources, &failure) < 0)
		bw_debug("update: restoring the limits: %s", failure.text);
}

static int apply(struct update *update, struct bw_err *err)
{
	const struct bw_cgroup_set *cgroups = update->container.state->cgroups;

	if (apply_limits(update, update->allowed, err) < 0) {
		restore(update);
		return -1;
	}
	/* Nobody but the backend has to do with its cgroup. */
	if (update->container.state->backend)
		return 0;
	/* They are those of create; whoever has meddled with them (systemd, on a reload) is outvoted. */
	return bw_cgroup_apply_devices(cgroups, update->spec, true, err);
}

static int store(struct update *update, struct bw_err *err)
{
	struct bw_spec *spec = update->spec;
	struct bw_spec_resources *merged;

	if (!spec->linux_)
		spec->linux_ = bw_arena_alloc(&update->arena, sizeof *spec->linux_);
	merged = spec->linux_ ? bw_resources_merge(spec->linux_->resources, update->allowed, &update->arena) : NULL;
	if (!merged)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "update");
	spec->linux_->resources = merged;
	return bw_state_save_spec(&update->container, spec, err);
}

static bool is_given(const char *text)
{
	return text && *text;
}

/* A container has a class of service since its creation or has none: which the policy allows is decided there. */
static int update_rdt(struct update *update, const struct bw_update_options *options, struct bw_err *err)
{
	struct bw_spec_intel_rdt *stored = update->spec->linux_ ? update->spec->linux_->intel_rdt : NULL;

	if (bw_rdt_update(update->container.state->rdt, options->l3_cache_schema, options->mem_bw_schema, err) < 0)
		return -1;
	if (stored && is_given(options->l3_cache_schema))
		stored->l3_cache_schema = bw_arena_strdup(&update->arena, options->l3_cache_schema);
	if (stored && is_given(options->mem_bw_schema))
		stored->mem_bw_schema = bw_arena_strdup(&update->arena, options->mem_bw_schema);
	return 0;
}

static int update_all(struct update *update, const struct bw_update_options *options, struct bw_err *err)
{
	struct bw_spec_resources *asked;

	if (bw_update_asked(options, &update->arena, &asked, err) < 0 || clamp(update, asked, err) < 0)
		return -1;
	if (update_rdt(update, options, err) < 0 || apply(update, err) < 0)
		return -1;
	return store(update, err);
}

int bw_container_update(const struct bw_context *ctx, const char *id, const struct bw_update_options *options,
	struct bw_err *err)
{
	__attribute__((cleanup(update_done))) struct update update = {
		.arena = BW_ARENA_INIT,
		.container = BW_CONTAINER_INIT,
	};
	struct bw_audited who;
	int r;

	if (open_all(&update, ctx, id, err) < 0)
		return -1;
	r = update_all(&update, options, err);
	who = bw_audited_state(update.container.state);
	if (r == 0)
		bw_note_event(&who, BW_AUDIT_UPDATE, NULL, NULL, 0);
	return bw_note_end(&who, "update", r, err);
}
