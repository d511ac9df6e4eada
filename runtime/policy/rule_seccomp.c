/* SPDX-License-Identifier: Apache-2.0 */
/* rule_seccomp.c - the caller's filter stays and loses its soft spots; ours stands beside it. */
#include "base/str.h"
#include "base/sys.h"
#include "policy/rules.h"

#define SPEC_ALLOW "SECCOMP_FILTER_FLAG_SPEC_ALLOW"

/* A filter for a second architecture is a second kernel interface that nobody looks at: i386 and
 * x32 have been ways round filters (CVE-2014-4508 and others). */
static void reduce_architectures(struct bw_run *r, const struct bw_spec_seccomp *seccomp)
{
	struct bw_strs native = {0};

	if (seccomp->architectures.n == 0 ||
		(seccomp->architectures.n == 1 &&
			bw_streq(seccomp->architectures.v[0], BW_NATIVE_SCMP_ARCH)))
		return;
	bw_collect(r, &native, BW_NATIVE_SCMP_ARCH);
	bw_change_strs(r, &seccomp->architectures, &native, "/linux/seccomp/architectures",
		"system calls of other architectures are a way round the filter");
}

/* Runtimes switch the mitigation off where flags are absent: so an empty list must be said. */
static void keep_mitigations(struct bw_run *r, const struct bw_spec_seccomp *seccomp)
{
	static char *nothing[1];
	struct bw_strs kept = {.v = nothing};

	for (size_t i = 0; i < seccomp->flags.n; i++) {
		if (bw_streq(seccomp->flags.v[i], SPEC_ALLOW))
			continue;
		if (kept.v == nothing)
			kept.v = NULL;
		bw_collect(r, &kept, seccomp->flags.v[i]);
	}
	if (kept.n != seccomp->flags.n || !seccomp->flags.v)
		bw_change_strs(r, &seccomp->flags, &kept, "/linux/seccomp/flags",
			"the filter would switch off the mitigation of speculative store bypass");
}

/* An agent answers system calls of the container, and can put descriptors of the host into it: it must
 * be one that the policy knows. What the path really is, the seccomp control knows. */
static void check_listener(
	struct bw_run *r, const struct bw_profile_seccomp *policy, const struct bw_spec_seccomp *seccomp)
{
	if (!policy->listeners.v || !seccomp->listener_path)
		return;
	if (!bw_strs_has(&policy->listeners, seccomp->listener_path))
		bw_deny(r, "/linux/seccomp/listenerPath", seccomp->listener_path,
			"lets a process of the host answer system calls, and seccomp.listeners of the policy does "
			"not name it",
			"leave it out, or name it in seccomp.listeners");
	else if (r->spec->hardening)
		bw_change_bool(r, &r->spec->hardening->check_listener, true, "/hardening/checkListener",
			"an agent that answers system calls must be root's own");
}

static void stand_beside(struct bw_run *r, const struct bw_profile_seccomp *policy)
{
	const struct bw_spec_hardening *h = r->spec->hardening;

	if (!h || !policy->baseline || bw_streq(policy->baseline, "none"))
		return;
	bw_change_string(r, &h->seccomp_baseline, policy->baseline, "/hardening/seccompBaseline",
		"system calls that no container needs, whatever the caller's filter says");
	if (policy->allow.n)
		bw_change_strs(r, &h->seccomp_allow, &policy->allow, "/hardening/seccompAllow",
			"families that the policy exempts");
}

void bw_rule_seccomp(struct bw_run *r)
{
	const struct bw_profile_seccomp *policy = r->profile->seccomp;
	const struct bw_spec_seccomp *seccomp = r->spec->linux_ ? r->spec->linux_->seccomp : NULL;

	if (!policy)
		return;
	if (seccomp && bw_is_on(&policy->native_only))
		reduce_architectures(r, seccomp);
	if (seccomp && bw_is_on(&policy->keep_mitigations))
		keep_mitigations(r, seccomp);
	if (seccomp)
		check_listener(r, policy, seccomp);
	stand_beside(r, policy);
}
