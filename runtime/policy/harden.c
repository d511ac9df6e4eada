/* SPDX-License-Identifier: Apache-2.0 */
/* harden.c - runs the rules over a copy of the spec and makes one error of what they refused. Pure.
 */
#include "policy/harden.h"

#include "base/str.h"
#include "policy/rules.h"

static const struct bw_finding *first_denied(const struct bw_findings *findings, size_t *ret_n)
{
	const struct bw_finding *first = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < findings->n; i++) {
		if (findings->v[i].verdict != BW_DENIED)
			continue;
		if (!first)
			first = &findings->v[i];
		++*ret_n;
	}
	return first;
}

/* The words that engines look for ("permission denied" and the like) must not be in here: they
 * would take a refusal by policy for a program that is missing or may not be run. A unit test greps
 * all reasons. */
static int fail_denied(
	const struct bw_profile *profile, const struct bw_finding *f, size_t n, struct bw_err *err)
{
	struct bw_buf rule;

	if (n > 1)
		bw_fail(err, BW_E_DENIED, 0,
			"profile \"%s\" refuses %s: %s (rule %s; and %zu more)", profile->key,
			f->pointer, f->reason, f->rule, n - 1);
	else
		bw_fail(err, BW_E_DENIED, 0, "profile \"%s\" refuses %s: %s (rule %s)",
			profile->key, f->pointer, f->reason, f->rule);
	if (err) {
		rule = bw_buf_over(err->rule, sizeof err->rule);
		bw_buf_add(&rule, f->rule);
	}
	bw_at(err, "%s", f->pointer);
	return f->hint ? bw_hint(err, "%s", f->hint) : -1;
}

int bw_run_end(const struct bw_run *r, struct bw_err *err)
{
	const struct bw_finding *denied;
	size_t n;

	if (r->out_of_memory)
		return bw_fail(err, BW_E_MEMORY, 0, "applying the policy: out of memory");
	denied = first_denied(r->findings, &n);
	if (denied && !bw_streq0(r->profile->mode, "audit"))
		return fail_denied(r->profile, denied, n, err);
	return 0;
}

int bw_harden(const struct bw_spec *asked, const struct bw_profile *profile, struct bw_arena *arena,
	struct bw_spec **ret_hardened, struct bw_findings *findings, struct bw_err *err)
{
	struct bw_spec *spec = bw_schema_copy(&bw_hardened_schema, asked, arena);
	struct bw_run r = {.profile = profile, .spec = spec, .arena = arena, .findings = findings};

	if (!spec)
		return bw_fail(err, BW_E_MEMORY, 0, "applying the policy: out of memory");
	*findings = (struct bw_findings){0};
	for (const struct bw_rule *rule = bw_rules; rule->id && !r.out_of_memory; rule++) {
		r.rule = rule->id;
		rule->run(&r);
	}
	if (bw_run_end(&r, err) < 0)
		return -1;
	*ret_hardened = spec;
	return 0;
}
