/* SPDX-License-Identifier: Apache-2.0 */
/* rule_hooks.c - hooks run on the host as root: engines need them, so they stay, and the hooks
 * control holds each program against its owner and mode. */
#include "policy/rules.h"

void bw_rule_hooks(struct bw_run *r)
{
	const struct bw_profile_hooks *policy = r->profile->hooks;

	if (policy && bw_is_on(&policy->root_owned) && r->spec->hardening)
		bw_change_bool(r, &r->spec->hardening->check_hooks, true, "/hardening/checkHooks",
			"hooks run as root on the host, so only root's own programs may be hooks");
}
