/* SPDX-License-Identifier: Apache-2.0 */
/* rule_session.c - how often a tenant may start, and how long a container may live: what the policy says, or less where
 * the container itself asks for that and the policy hears it. */
#include "base/str.h"
#include "policy/rules.h"

#define ANNOTATION "org.bulwark.ttl"
#define POINTER	   "/annotations/" ANNOTATION

enum { DEFAULT_GRACE_MS = 10000 };

/* What the policy gives in milliseconds; 0: no limit. */
static int64_t policy_ttl(const struct bw_profile *p)
{
	int64_t ms;

	return p->session && p->session->ttl && bw_parse_duration_ms(p->session->ttl, &ms) == 0 ? ms : 0;
}

/* With what the annotation asks: a life can only become shorter by it. */
static int64_t shortened(struct bw_run *r, int64_t ttl)
{
	const char *text = bw_pairs_get(&r->spec->annotations, ANNOTATION);
	int64_t asked;

	if (!text || !r->profile->derived.hears_ttl)
		return ttl;
	if (bw_parse_duration_ms(text, &asked) < 0 || asked <= 0) {
		bw_deny(r, POINTER, NULL, "this is not a time such as 15m, 90s or 1h30m", NULL);
		return ttl;
	}
	if (!ttl || asked <= ttl)
		return asked;
	bw_note(r, POINTER, NULL, bw_text(r, "the policy gives a container %s, and an annotation can only ask for less",
		r->profile->session->ttl));
	return ttl;
}

static void limit_starts(struct bw_run *r)
{
	const struct bw_profile_session *policy = r->profile->session;

	if (policy && policy->starts_per_minute.set)
		bw_change_uint(r, &r->spec->hardening->starts_per_minute, policy->starts_per_minute.v,
			"/hardening/startsPerMinute", "one tenant could keep the host busy with starts");
}

void bw_rule_session(struct bw_run *r)
{
	const struct bw_profile_session *policy = r->profile->session;
	const struct bw_spec_hardening *h = r->spec->hardening;
	int64_t ttl, grace;

	if (!h)
		return;
	limit_starts(r);
	ttl = shortened(r, policy_ttl(r->profile));
	if (!ttl)
		return;
	if (!policy || !policy->grace || bw_parse_duration_ms(policy->grace, &grace) < 0)
		grace = DEFAULT_GRACE_MS;
	bw_change_uint(r, &h->ttl_ms, (uint64_t)ttl, "/hardening/ttlMs", "a container that nobody ends would run for ever");
	bw_change_uint(r, &h->grace_ms, (uint64_t)grace, "/hardening/graceMs", "time to put things in order at the end");
}
