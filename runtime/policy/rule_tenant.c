/* SPDX-License-Identifier: Apache-2.0 */
/* rule_tenant.c - whose a container is: what the annotation says, where the policy hears it. The name becomes part of
 * file names and of keys, so it is plain or refused. */
#include "base/str.h"
#include "policy/rules.h"

#include <string.h>

#define ANNOTATION "org.bulwark.tenant"
#define POINTER	   "/annotations/" ANNOTATION

enum { NAME_LONGEST = 63 };

static bool is_plain(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789", more[] = "._-";
	size_t len = strlen(name);

	if (len == 0 || len > NAME_LONGEST || !strchr(first, name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!strchr(first, name[i]) && !strchr(more, name[i]))
			return false;
	return true;
}

void bw_rule_tenant(struct bw_run *r)
{
	const char *name = bw_pairs_get(&r->spec->annotations, ANNOTATION);
	const struct bw_spec_hardening *h = r->spec->hardening;

	if (!name || !h || !r->profile->derived.hears_tenant)
		return;
	if (!is_plain(name)) {
		bw_deny(r, POINTER, NULL,
			"this is not the name of a tenant: at most 63 of a-z, 0-9, dot, underscore and hyphen, beginning "
			"with a letter or digit",
			NULL);
		return;
	}
	bw_change_string(r, &h->tenant, name, "/hardening/tenant", "what belongs to one tenant is kept from the others");
}
