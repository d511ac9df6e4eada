/* SPDX-License-Identifier: Apache-2.0 */
/* harden_properties.c - the properties of hardening, written without any of its code. */
#include "harden_properties.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"

static bool has_rule(const struct bw_findings *findings, enum bw_verdict verdict)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->v[i].verdict == verdict)
			return true;
	return false;
}

static void keep_pointer(const char *pointer, void *ctx)
{
	const char **first = ctx;

	if (!*first)
		*first = strdup(pointer);
}

/* The first place where two specs differ, malloc'd, or NULL. */
static char *first_difference(const struct bw_spec *a, const struct bw_spec *b)
{
	char *first = NULL;

	bw_schema_diff(&bw_hardened_schema, a, b, keep_pointer, &first);
	return first;
}

const char *bw_check_idempotent(
	const struct bw_spec *hardened, const struct bw_profile *profile, struct bw_arena *arena)
{
	struct bw_findings findings = {0};
	auto_free char *place = NULL;
	struct bw_spec *again = NULL;
	struct bw_err err = {0};

	if (bw_harden(hardened, profile, arena, &again, &findings, &err) < 0)
		return bw_arena_printf(arena, "hardening twice fails: %s", err.text);
	for (size_t i = 0; i < findings.n; i++)
		if (findings.v[i].verdict == BW_CHANGED)
			return bw_arena_printf(arena, "the second run changes %s: %s -> %s",
				findings.v[i].pointer,
				findings.v[i].before ? findings.v[i].before : "-",
				findings.v[i].after ? findings.v[i].after : "-");
	place = first_difference(hardened, again);
	return place ? bw_arena_printf(arena, "the second run changes %s in silence", place) : NULL;
}

/* ---- never grants ---- */

static const char *not_in(const struct bw_strs *list, const struct bw_strs *of)
{
	for (size_t i = 0; i < list->n; i++)
		if (!bw_strs_has(of, list->v[i]))
			return list->v[i];
	return NULL;
}

static const char *check_caps(
	const struct bw_spec_capabilities *asked, const struct bw_spec_capabilities *hardened)
{
	static const struct bw_spec_capabilities none;
	const char *extra = NULL;

	if (!hardened)
		return NULL;
	asked = asked ? asked : &none;
	extra = extra ? extra : not_in(&hardened->bounding, &asked->bounding);
	extra = extra ? extra : not_in(&hardened->effective, &asked->effective);
	extra = extra ? extra : not_in(&hardened->inheritable, &asked->inheritable);
	extra = extra ? extra : not_in(&hardened->permitted, &asked->permitted);
	return extra ? extra : not_in(&hardened->ambient, &asked->ambient);
}

/* Whether the last word of options about a restriction is that it holds, recursive or not. */
static bool is_restricted(const struct bw_strs *options, const char *on, const char *off)
{
	bool restricted = false;

	for (size_t i = 0; i < options->n; i++) {
		const char *option = options->v[i];

		if (bw_streq(option, on) || (option[0] == 'r' && bw_streq(option + 1, on)))
			restricted = true;
		else if (bw_streq(option, off) || (option[0] == 'r' && bw_streq(option + 1, off)))
			restricted = false;
	}
	return restricted;
}

static const char *check_options(const struct bw_strs *asked, const struct bw_strs *hardened)
{
	static const char *const pairs[][2] = {{"nosuid", "suid"}, {"nodev", "dev"},
		{"noexec", "exec"}, {"ro", "rw"}, {"nosymfollow", "symfollow"}};
	static const char *const spread[] = {"shared", "rshared", "slave", "rslave"};

	for (size_t i = 0; i < BW_COUNT(pairs); i++)
		if (is_restricted(asked, pairs[i][0], pairs[i][1]) &&
			!is_restricted(hardened, pairs[i][0], pairs[i][1]))
			return pairs[i][0];
	for (size_t i = 0; i < BW_COUNT(spread); i++)
		if (bw_strs_has(hardened, spread[i]) && !bw_strs_has(asked, spread[i]))
			return spread[i];
	return NULL;
}

static bool is_same_mount(const struct bw_spec_mount *a, const struct bw_spec_mount *b)
{
	return bw_streq0(a->destination, b->destination) && bw_streq0(a->source, b->source) &&
	       bw_streq0(a->type, b->type);
}

/* A bind that nobody asked for is one of the policy's volumes: the tenant's own, with everything taken from it. */
static bool is_volume(const struct bw_spec *hardened, const struct bw_spec_mount *mount)
{
	static const char *const taken[] = {"nosuid", "nodev", "noexec", "nosymfollow"};
	const struct bw_spec_hardening *h = hardened->hardening;
	const char *name = mount->source ? strrchr(mount->source, '/') : NULL;

	for (size_t i = 0; i < BW_COUNT(taken); i++)
		if (!bw_strs_has(&mount->options, taken[i]))
			return false;
	for (size_t i = 0; h && name && h->tenant && i < h->volumes.n; i++)
		if (bw_streq(h->volumes.v[i].source, mount->source))
			return bw_streq(name + 1, h->tenant);
	return false;
}

static const char *check_mounts(
	const struct bw_spec *asked, const struct bw_spec *hardened, struct bw_arena *arena)
{
	size_t i = 0;

	for (size_t k = 0; k < hardened->mounts.n; k++) {
		const struct bw_spec_mount *ours = &hardened->mounts.v[k];
		const char *lost;

		if (i == asked->mounts.n || !is_same_mount(&asked->mounts.v[i], ours)) {
			if (!is_volume(hardened, ours) &&
				(!bw_streq0(ours->type, "tmpfs") || !bw_strs_has(&ours->options, "nosuid") ||
					!bw_strs_has(&ours->options, "nodev")))
				return bw_arena_printf(
					arena, "mount on %s was not asked for", ours->destination);
			continue;
		}
		lost = check_options(&asked->mounts.v[i++].options, &ours->options);
		if (lost)
			return bw_arena_printf(
				arena, "mount on %s: %s was lost or came", ours->destination, lost);
	}
	return i == asked->mounts.n ? NULL : bw_arena_printf(arena, "a mount was lost");
}

static const char *check_namespaces(
	const struct bw_spec *asked, const struct bw_spec *hardened, struct bw_arena *arena)
{
	for (size_t i = 0; asked->linux_ && i < asked->linux_->namespaces.n; i++) {
		const struct bw_spec_namespace *ns = &asked->linux_->namespaces.v[i];
		const struct bw_spec_namespace *ours = bw_spec_namespace(hardened, ns->type);

		if (!ours || (!ns->path && ours->path))
			return bw_arena_printf(arena, "the %s namespace was lost", ns->type);
	}
	return NULL;
}

static const char *check_process(const struct bw_spec_process *asked,
	const struct bw_spec_process *hardened, struct bw_arena *arena)
{
	const char *extra;

	if (!asked || !hardened)
		return asked == hardened ? NULL : "a process came or went";
	extra = check_caps(asked->capabilities, hardened->capabilities);
	if (extra)
		return bw_arena_printf(arena, "%s was not asked for", extra);
	if (asked->no_new_privileges.v && !hardened->no_new_privileges.v)
		return "noNewPrivileges was lost";
	if (asked->user && asked->user->uid.v != 0 &&
		(!hardened->user || hardened->user->uid.v != asked->user->uid.v))
		return "a user that is not root was changed";
	if (hardened->user && hardened->user->additional_gids.n >
				      (asked->user ? asked->user->additional_gids.n : 0))
		return "a group was not asked for";
	for (size_t i = 0; i < hardened->env.n; i++)
		if (!bw_strs_has(&asked->env, hardened->env.v[i]) &&
			!bw_after_prefix(hardened->env.v[i], "AWS_"))
			return bw_arena_printf(arena, "environment entry %zu was not asked for", i);
	return NULL;
}

static void keep_seccomp_change(const char *pointer, void *ctx)
{
	const char **found = ctx;

	if (bw_after_prefix(pointer, "/linux/seccomp") &&
		!bw_after_prefix(pointer, "/linux/seccomp/architectures") &&
		!bw_after_prefix(pointer, "/linux/seccomp/flags"))
		*found = "seccomp";
	if (bw_after_prefix(pointer, "/hooks"))
		*found = "hooks";
	if (bw_after_prefix(pointer, "/linux/devices") ||
		bw_after_prefix(pointer, "/linux/netDevices"))
		*found = "devices";
	if (bw_after_prefix(pointer, "/process/args"))
		*found = "the program";
}

/* Who has said no place of his own may be given the workspace. */
static bool is_cwd_kept(const struct bw_spec *asked, const struct bw_spec *hardened)
{
	const struct bw_spec_hardening *h = hardened->hardening;

	if (!asked->process || bw_streq0(asked->process->cwd, hardened->process->cwd))
		return true;
	return bw_streq0(asked->process->cwd, "/") && h && bw_streq0(hardened->process->cwd, h->workspace);
}

const char *bw_check_never_grants(
	const struct bw_spec *asked, const struct bw_spec *hardened, struct bw_arena *arena)
{
	const char *wrong = check_process(asked->process, hardened->process, arena);
	const char *changed = NULL, *lost;

	wrong = wrong ? wrong : check_mounts(asked, hardened, arena);
	wrong = wrong ? wrong : check_namespaces(asked, hardened, arena);
	if (wrong)
		return wrong;
	if (asked->root && asked->root->readonly.v && !hardened->root->readonly.v)
		return "root.readonly was lost";
	if (!is_cwd_kept(asked, hardened))
		return "the working directory must not change";
	if (asked->linux_) {
		lost = not_in(&asked->linux_->masked_paths, &hardened->linux_->masked_paths);
		lost = lost ? lost
			    : not_in(&asked->linux_->readonly_paths,
				      &hardened->linux_->readonly_paths);
		if (lost)
			return bw_arena_printf(arena, "%s is no longer masked or read-only", lost);
	}
	bw_schema_diff(&bw_hardened_schema, asked, hardened, keep_seccomp_change, &changed);
	return changed ? bw_arena_printf(arena, "%s must not change", changed) : NULL;
}

/* ---- total ---- */

static bool lies_in(const char *pointer, const char *place)
{
	const char *rest = bw_after_prefix(pointer, place);

	return rest && (*rest == '/' || *rest == 0);
}

struct total {
	const struct bw_findings *findings;
	bool *used;
	char *uncovered;
};

/* A finding covers what lies in its place; and a list or object in which it lies, since that
 * differs as well when an element comes. */
static void hold_against_findings(const char *pointer, void *ctx)
{
	struct total *t = ctx;
	bool covered = false;

	for (size_t i = 0; i < t->findings->n; i++) {
		const struct bw_finding *f = &t->findings->v[i];

		if (f->verdict != BW_CHANGED ||
			(!lies_in(pointer, f->pointer) && !lies_in(f->pointer, pointer)))
			continue;
		t->used[i] = true;
		covered = true;
	}
	if (!covered && !t->uncovered)
		t->uncovered = strdup(pointer);
}

const char *bw_check_total(const struct bw_spec *asked, const struct bw_spec *hardened,
	const struct bw_findings *findings, struct bw_arena *arena)
{
	struct total t = {.findings = findings, .used = bw_arena_alloc(arena, findings->n + 1)};
	auto_free char *uncovered = NULL;

	bw_schema_diff(&bw_hardened_schema, asked, hardened, hold_against_findings, &t);
	uncovered = t.uncovered;
	if (uncovered)
		return bw_arena_printf(arena, "%s changed in silence", uncovered);
	for (size_t i = 0; i < findings->n; i++)
		if (findings->v[i].verdict == BW_CHANGED && !t.used[i])
			return bw_arena_printf(arena, "%s did not change, but a finding says so",
				findings->v[i].pointer);
	return NULL;
}

static const char audit_policy[] =
	"{\"version\": 1, \"profiles\": {"
	"\"a-compat\": {\"extends\": \"compat\", \"mode\": \"audit\", \"loosens\": [\"mode\"]},"
	"\"a-hardened\": {\"extends\": \"hardened\", \"mode\": \"audit\", \"loosens\": [\"mode\"]},"
	"\"a-untrusted-code\": {\"extends\": \"untrusted-code\", \"mode\": \"audit\", \"loosens\": "
	"[\"mode\"]}}}";

const char *bw_check_all(
	const struct bw_spec *asked, const char *profile_name, struct bw_arena *arena)
{
	const struct bw_policy *policy = NULL;
	const struct bw_profile *profile;
	struct bw_findings findings = {0};
	struct bw_spec *hardened = NULL;
	struct bw_err err = {0};
	const char *wrong;

	if (bw_policy_parse(
		    audit_policy, strlen(audit_policy), "audit policy", arena, &policy, &err) < 0)
		return bw_arena_printf(arena, "%s", err.text);
	profile = bw_policy_profile(policy, bw_arena_printf(arena, "a-%s", profile_name));
	if (!profile)
		return "no such profile";
	if (bw_harden(asked, profile, arena, &hardened, &findings, &err) < 0)
		return bw_arena_printf(arena, "audit mode refuses: %s", err.text);
	if (bw_streq(profile_name, "compat") && findings.n)
		return bw_arena_printf(arena, "compat changes %s", findings.v[0].pointer);
	wrong = bw_check_total(asked, hardened, &findings, arena);
	wrong = wrong ? wrong : bw_check_never_grants(asked, hardened, arena);
	wrong = wrong ? wrong : bw_check_idempotent(hardened, profile, arena);
	if (!wrong && bw_spec_check(asked, &err) == 0 && bw_spec_check(hardened, &err) < 0)
		wrong = bw_arena_printf(arena, "what is hardened is no valid spec: %s", err.text);
	if (!wrong && bw_streq(profile_name, "hardened") && !has_rule(&findings, BW_CHANGED) &&
		!asked->hardening)
		return "hardened changes nothing";
	return wrong;
}
