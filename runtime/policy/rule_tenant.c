/* SPDX-License-Identifier: Apache-2.0 */
/* rule_tenant.c - whose a container is, and which session's: what a fact of the host says, else what the annotation says,
 * where the policy hears it. Names become parts of file names and of keys, so they are plain or refused. */
#include "base/str.h"
#include "policy/rules.h"

#include <string.h>

enum { NAME_LONGEST = 63 };

#define PLAIN "at most 63 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit"

static const struct kind {
	const char *annotation, *pointer, *member, *reason;
	const char *not_plain, *beaten;
} tenant = {"org.bulwark.tenant", "/annotations/org.bulwark.tenant", "/hardening/tenant",
	"what belongs to one tenant is kept from the others", "this is not the name of a tenant: " PLAIN,
	"a fact of the host has named the tenant"},
  session = {"org.bulwark.session", "/annotations/org.bulwark.session", "/hardening/session",
	  "what belongs to one session is kept from the others", "this is not the name of a session: " PLAIN,
	  "a fact of the host has named the session"};

bool bw_is_plain_name(const char *name)
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

/* The name that the fact gives: an ARN or a path names by its last component. NULL: refused. */
static const char *by_fact(struct bw_run *r, const struct kind *kind, const struct bw_named *named)
{
	const char *slash = strrchr(named->value, '/');
	const char *name = slash ? slash + 1 : named->value;

	if (bw_is_plain_name(name))
		return name;
	bw_deny(r, kind->member, NULL,
		bw_text(r, "%s, which the policy names by, ends in no plain name: " PLAIN, named->fact), NULL);
	return NULL;
}

static const char *by_annotation(struct bw_run *r, const struct kind *kind, const char *said)
{
	if (bw_is_plain_name(said))
		return said;
	bw_deny(r, kind->pointer, NULL, kind->not_plain, NULL);
	return NULL;
}

static void give_name(
	struct bw_run *r, const struct kind *kind, const struct bw_named *named, bool hears, char *const *member)
{
	const char *said = bw_pairs_get(&r->spec->annotations, kind->annotation), *name = NULL;

	/* Whoever makes docker's metadata unreadable must not get rid of his name by that. */
	if (named->doubt) {
		bw_deny(r, kind->member, NULL, bw_text(r, "the policy names by %s: %s", named->fact, named->doubt), NULL);
		return;
	}
	if (named->value)
		name = by_fact(r, kind, named);
	else if (said && hears)
		name = by_annotation(r, kind, said);
	if (!name)
		return;
	if (said && hears && !bw_streq(said, name))
		bw_note(r, kind->pointer, NULL, kind->beaten);
	bw_change_string(r, member, name, kind->member, kind->reason);
}

void bw_rule_tenant(struct bw_run *r)
{
	const struct bw_profile_derived *d = &r->profile->derived;
	const struct bw_spec_hardening *h = r->spec->hardening;

	if (!h)
		return;
	give_name(r, &tenant, &d->tenant, d->hears_tenant, &h->tenant);
	give_name(r, &session, &d->session, d->hears_session, &h->session);
}
