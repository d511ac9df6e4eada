/* SPDX-License-Identifier: Apache-2.0 */
/* rule_lsm.c - a label that means unconfined is no label: it goes, and the default applies. Which AppArmor profile is
 * ours and whether it comes before the caller's is said here; where it cannot be had, the caller's still holds. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/rules.h"
#include "spec/context.h"

/* user:role:type:level. In the distributions' policies these types may what an unconfined process may: services without a
 * domain of their own, super-privileged containers, engines, and the kernel and init, with their scripts. */
static bool is_unconfined_context(const char *label)
{
	static const char *const patterns[] = {"unconfined", "*:*:*unconfined*", "*:*:spc_t*", "*:*:container_runtime_t*",
		"*:*:docker*_t*", "*:*:kernel_t*", "*:*:init_t*", "*:*:initrc_t*", "*:*:sysadm_t*"};

	for (size_t i = 0; i < BW_COUNT(patterns); i++)
		if (bw_glob_match(patterns[i], label))
			return true;
	return false;
}

/* With more than a pair of categories a container would reach the files of others. */
static bool is_wide(const char *label)
{
	const char *level = bw_context_level(label);

	return level && !bw_level_is_narrow(level);
}

void bw_harden_labels(struct bw_run *r, const struct bw_spec_process *process, const char *pointer)
{
	if (process->apparmor_profile && bw_streq(process->apparmor_profile, "unconfined"))
		bw_change_string(r, &process->apparmor_profile, NULL,
			bw_text(r, "%s/apparmorProfile", pointer),
			"unconfined is not for containers; the default applies");
	if (process->selinux_label && is_unconfined_context(process->selinux_label))
		bw_change_string(r, &process->selinux_label, NULL,
			bw_text(r, "%s/selinuxLabel", pointer),
			"unconfined is not for containers; the default applies");
	if (process->selinux_label && is_wide(process->selinux_label))
		bw_change_string(r, &process->selinux_label, NULL,
			bw_text(r, "%s/selinuxLabel", pointer),
			"more than two categories, or a range, are those of other containers, too; the default applies");
}

/* A workspace whose native code may be loaded is of no use in a profile that forbids just that. */
static const char *own_apparmor_profile(const struct bw_profile *profile)
{
	const char *name = profile->lsm->apparmor_profile;

	if (name && bw_streq(name, "bulwark-untrusted") && profile->workspace && bw_is_on(&profile->workspace->exec))
		return "bulwark-untrusted-native";
	return name;
}

static void harden_apparmor(struct bw_run *r, const struct bw_profile_lsm *policy, const struct bw_spec_hardening *h)
{
	bw_change_string(r, &h->apparmor, policy->apparmor, "/hardening/apparmor", "what a kernel without AppArmor means");
	if (policy->apparmor_profile)
		bw_change_string(r, &h->apparmor_profile, own_apparmor_profile(r->profile), "/hardening/apparmorProfile",
			"the AppArmor profile of our own");
	if (policy->caller_profile && bw_streq(policy->caller_profile, "replace"))
		bw_change_bool(r, &h->apparmor_always, true, "/hardening/apparmorAlways",
			"our own AppArmor profile comes before the caller's");
}

static void harden_selinux(struct bw_run *r, const struct bw_profile_lsm *policy, const struct bw_spec_hardening *h)
{
	bw_change_string(r, &h->selinux, policy->selinux, "/hardening/selinux", "what a kernel without SELinux means");
	if (!policy->selinux_type)
		return;
	bw_change_string(r, &h->selinux_type, policy->selinux_type, "/hardening/selinuxType",
		"a container without a label of its own has the runtime's");
	if (policy->caller_type && bw_streq(policy->caller_type, "replace"))
		bw_change_bool(r, &h->selinux_always, true, "/hardening/selinuxAlways",
			"a label is a request, and this type allows less");
}

void bw_rule_lsm(struct bw_run *r)
{
	const struct bw_profile_lsm *policy = r->profile->lsm;
	const struct bw_spec_hardening *h = r->spec->hardening;

	if (!policy)
		return;
	if (r->spec->process && bw_is_on(&policy->drop_unconfined))
		bw_harden_labels(r, r->spec->process, "/process");
	if (h && policy->apparmor && !bw_streq(policy->apparmor, "off"))
		harden_apparmor(r, policy, h);
	if (h && policy->selinux && !bw_streq(policy->selinux, "off"))
		harden_selinux(r, policy, h);
}
