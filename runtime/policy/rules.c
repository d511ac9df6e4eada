/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - the ordered list of rules, and those that are too short for a file. Order matters in
 * several places: identity comes before rootfs, whose directories belong to the container's user;
 * mounts comes before rootfs, whose own mounts are complete as they are; secrets looks for variables that
 * environment takes away; tenant comes before all that goes by whose the container is; and backend comes last, for it judges
 * what the others have decided. */
#include "base/str.h"
#include "policy/rules.h"

const struct bw_rule bw_rules[] = {
	{"profile", "records the profile that decided", bw_rule_profile},
	{"tenant", "whose the container is, and which session's", bw_rule_tenant},
	{"identity", "nothing runs as user or group 0", bw_rule_identity},
	{"caps", "capabilities are those that the policy allows", bw_rule_caps},
	{"no_new_privs", "no program gains privileges by execve", bw_rule_no_new_privs},
	{"keyring", "a session keyring of its own", bw_rule_keyring},
	{"seccomp", "a filter of our own beside the caller's", bw_rule_seccomp},
	{"lsm", "no label that means unconfined", bw_rule_lsm},
	{"landlock", "file access as the mounts allow it", bw_rule_landlock},
	{"mdwe", "no memory that is written and executed", bw_rule_mdwe},
	{"namespaces", "namespaces of its own", bw_rule_namespaces},
	{"network", "no host network, no metadata service", bw_rule_network},
	{"sysctl", "only parameters that belong to the container's namespaces", bw_rule_sysctl},
	{"devices", "only the default devices", bw_rule_devices},
	{"mounts.source", "no host file that gives the host away", bw_rule_mount_sources},
	{"mounts", "no set-user-id, no devices, no propagation through mounts", bw_rule_mounts},
	{"rootfs", "a read-only root with scratch directories", bw_rule_rootfs},
	{"workspace", "a directory for a session's files", bw_rule_workspace},
	{"volumes", "a tenant's own directories", bw_rule_volumes},
	{"encryption", "memory and shared directories that are encrypted", bw_rule_encryption},
	{"programs", "only the programs that the policy lists", bw_rule_programs},
	{"paths", "kernel files hidden or read-only", bw_rule_paths},
	{"hooks", "hooks only from root's own programs", bw_rule_hooks},
	{"descriptors", "no descriptors handed through", bw_rule_descriptors},
	{"secrets", "secrets as files, which the container's user alone can read", bw_rule_secrets},
	{"environment", "no credentials in the environment", bw_rule_environment},
	{"limits", "limits where the caller sets none", bw_rule_limits},
	{"session", "a life that ends in time", bw_rule_session},
	{"audit", "what has happened is on record", bw_rule_audit},
	{"metrics", "what it has used is known when it has ended", bw_rule_metrics},
	{"keeper", "numbers of it, and a word when it does what it should not", bw_rule_keeper},
	{"annotations", "annotations are requests", bw_rule_annotations},
	{"backend", "what another runtime does not put in force is known", bw_rule_backend},
	{NULL, NULL, NULL},
};

/* The decision is stored only where there is one: under compat a spec stays as it was asked for. */
static bool decides_anything(const struct bw_profile *p)
{
	return p->user || p->rootfs || p->capabilities || p->no_new_privileges.set || p->seccomp ||
	       p->lsm || p->landlock || p->landlock_scope.set ||
	       p->landlock_connect.v || p->landlock_bind.v || p->mounts || p->paths ||
	       p->hooks || p->devices || p->namespaces || p->network || p->sysctl ||
	       p->environment || p->keyring || p->descriptors || p->limits || p->systemd ||
	       p->session || p->programs || p->workspace || p->stage || p->secrets || p->memory_deny_write_execute ||
	       p->audit || p->metrics || p->alerts || (p->backend && p->backend->delegate) ||
	       p->require_memory_encryption.v || p->require_encrypted_binds.v;
}

void bw_rule_profile(struct bw_run *r)
{
	const struct bw_spec_hardening *h;

	if (!decides_anything(r->profile))
		return;
	h = bw_ensure(r, &r->spec->hardening);
	if (h)
		bw_change_string(r, &h->profile, r->profile->key, "/hardening/profile",
			"the profile that decided");
}

void bw_rule_no_new_privs(struct bw_run *r)
{
	if (r->spec->process && bw_is_on(&r->profile->no_new_privileges))
		bw_change_bool(r, &r->spec->process->no_new_privileges, true,
			"/process/noNewPrivileges",
			"set-user-id programs must not give privileges");
}

void bw_rule_keyring(struct bw_run *r)
{
	if (r->profile->keyring && bw_is_on(&r->profile->keyring->private_) && r->spec->hardening)
		bw_change_bool(r, &r->spec->hardening->private_keyring, true,
			"/hardening/privateKeyring", "keyrings are not part of any namespace");
}

void bw_rule_landlock(struct bw_run *r)
{
	const struct bw_spec_hardening *h = r->spec->hardening;
	const char *mode = r->profile->landlock;

	if (!h || !mode || bw_streq(mode, "off"))
		return;
	bw_change_string(r, &h->landlock, mode, "/hardening/landlock",
		"a second lock on file access, which holds even where a mount was missed");
	if (bw_is_on(&r->profile->landlock_scope))
		bw_change_bool(r, &h->landlock_scope, true, "/hardening/landlockScope",
			"abstract sockets and signals reach over namespaces that are shared");
	if (r->profile->landlock_connect.v)
		bw_change_ids(r, &h->landlock_connect, &r->profile->landlock_connect,
			"/hardening/landlockConnect", "the policy names the ports that may be connected to");
	if (r->profile->landlock_bind.v)
		bw_change_ids(r, &h->landlock_bind, &r->profile->landlock_bind, "/hardening/landlockBind",
			"the policy names the ports that sockets may be bound to");
}

void bw_rule_mdwe(struct bw_run *r)
{
	const char *mode = r->profile->memory_deny_write_execute;

	if (r->spec->hardening && mode && !bw_streq(mode, "off"))
		bw_change_string(r, &r->spec->hardening->mdwe, bw_streq(mode, "on") ? "require" : "prefer",
			"/hardening/mdwe", "code that an exploit brings along needs memory to write it to and run it in");
}

void bw_rule_descriptors(struct bw_run *r)
{
	if (r->profile->descriptors && bw_is_on(&r->profile->descriptors->refuse_inherited) &&
		r->spec->hardening)
		bw_change_bool(r, &r->spec->hardening->forbid_leaks, true, "/hardening/forbidLeaks",
			"descriptors of the host are a way out (CVE-2024-21626)");
}

/* With --systemd-cgroup each is a property of the container's unit: "Conflicts" would stop units of the host, TasksMax
 * lift a limit. */
static void drop_properties(struct bw_run *r, const struct bw_strs *allowed)
{
	struct bw_pairs rest = {0};
	struct bw_strs dropped = {0};

	for (size_t i = 0; i < r->spec->annotations.n; i++) {
		const struct bw_pair *a = &r->spec->annotations.v[i];
		const char *name = bw_after_prefix(a->key, "org.systemd.property.");
		struct bw_pair *kept;

		if (name && !bw_strs_has(allowed, name)) {
			bw_collect(r, &dropped, a->key);
			continue;
		}
		kept = bw_push(r->arena, &rest);
		if (!kept) {
			r->out_of_memory = true;
			return;
		}
		*kept = *a;
	}
	if (dropped.n)
		bw_change_list(r, &r->spec->annotations, rest.v, rest.n, bw_list_text(r, &dropped), NULL, "/annotations",
			"systemd.properties of the policy does not have them");
}

void bw_rule_annotations(struct bw_run *r)
{
	static const char ours[] = "org.bulwark.";

	if (!decides_anything(r->profile))
		return;
	if (r->profile->systemd && r->profile->systemd->properties.v)
		drop_properties(r, &r->profile->systemd->properties);
	for (size_t i = 0; i < r->spec->annotations.n; i++) {
		const struct bw_pair *a = &r->spec->annotations.v[i];

		/* org.bulwark.profile was heard or not when the profile was chosen; the choice is
		 * on record. Of org.bulwark.ttl the rule session has spoken, of the names the rule tenant. */
		if (bw_after_prefix(a->key, ours) && !bw_streq(a->key, "org.bulwark.profile") &&
			!(r->profile->derived.hears_tenant && bw_streq(a->key, "org.bulwark.tenant")) &&
			!(r->profile->derived.hears_session && bw_streq(a->key, "org.bulwark.session")) &&
			!(r->profile->derived.hears_ttl && bw_streq(a->key, "org.bulwark.ttl")))
			bw_note(r, bw_text(r, "/annotations/%s", a->key), NULL,
				"this annotation asks for nothing that the policy knows");
	}
}
