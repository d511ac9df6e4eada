/* SPDX-License-Identifier: Apache-2.0 */
/* rule_programs.c - only the programs that the policy lists: what is asked for by name is judged here, by name alone.
 * What the image has behind the names is found by container/, which holds it against the same list; and the controls
 * make it hold for what runs inside. */
#include <limits.h>

#include "base/path.h"
#include "base/str.h"
#include "policy/harden.h"
#include "policy/rules.h"

static bool is_restricted(const struct bw_profile *profile)
{
	const struct bw_profile_programs *p = profile->programs;

	return p && p->allow.v && !(p->restrict_.set && !p->restrict_.v);
}

static bool is_absolute_listed(const struct bw_strs *allow, const char *path)
{
	for (size_t i = 0; i < allow->n; i++)
		if (bw_path_relate(path, allow->v[i]) == BW_SAME)
			return true;
	return false;
}

/* A name that will be looked for in PATH: which file it is, the look-up itself decides, and it is asked once more. */
static bool is_name_listed(const struct bw_strs *allow, const char *name)
{
	for (size_t i = 0; i < allow->n; i++)
		if (bw_glob_match(strrchr(allow->v[i], '/') + 1, name))
			return true;
	return false;
}

static bool is_listed(const struct bw_strs *allow, const struct bw_spec_process *process)
{
	const char *name = process->args.v[0], *cwd = process->cwd ? process->cwd : "/";
	char path[PATH_MAX], clean[PATH_MAX];
	struct bw_buf buf = bw_buf_over(path, sizeof path);

	if (!strchr(name, '/'))
		return *name && is_name_listed(allow, name);
	bw_buf_addf(&buf, "%s/%s", *name == '/' ? "" : cwd, name);
	return !buf.overflow && bw_path_clean(path, clean, sizeof clean) && is_absolute_listed(allow, clean);
}

static bool is_path_listed(const struct bw_strs *list, const char *path)
{
	char clean[PATH_MAX];

	return path && bw_path_clean(path, clean, sizeof clean) && is_absolute_listed(list, clean);
}

/* An engine's files are not all programs: a container's hosts file is its author's to fill. */
bool bw_mount_is_program(const struct bw_spec_mount *mount, const struct bw_strs *allow, const struct bw_strs *excepted)
{
	const char *slash = mount->source ? strrchr(mount->source, '/') : NULL;

	return bw_strs_has(&mount->options, "bind") && !bw_strs_has(&mount->options, "noexec") &&
	       is_path_listed(allow, mount->destination) && is_path_listed(excepted, mount->source) && slash &&
	       is_name_listed(allow, slash + 1);
}

void bw_check_program(
	struct bw_run *r, const struct bw_spec_process *process, const char *pointer)
{
	if (!is_restricted(r->profile) || !process || !process->args.n)
		return;
	if (!is_listed(&r->profile->programs->allow, process))
		bw_deny(r, pointer, process->args.v[0],
			bw_text(r, "Direct shell access denied: \"%s\" is not among the programs that profile \"%s\" "
				   "allows (programs.allow)",
				process->args.v[0], r->profile->key),
			NULL);
}

static void restrict_mounts(struct bw_run *r)
{
	const struct bw_spec_hardening *h = r->spec->hardening;

	for (size_t i = 0; i < r->spec->mounts.n; i++) {
		const struct bw_spec_mount *m = &r->spec->mounts.v[i];
		struct bw_strs options = {0};

		if (bw_mount_is_program(m, &h->programs->allow, &h->excepted_sources) || bw_is_workspace_for_programs(r, m))
			continue;
		for (size_t k = 0; k < m->options.n; k++)
			bw_collect(r, &options, m->options.v[k]);
		bw_make_noexec(r, m, &options);
		bw_change_strs(r, &m->options, &options, bw_text(r, "/mounts/%zu/options", i),
			bw_text(r, "nothing on %s is a program that the policy lists", m->destination ? m->destination : "?"));
	}
}

void bw_rule_programs(struct bw_run *r)
{
	const struct bw_profile_programs *policy = r->profile->programs;
	const struct bw_spec_programs *programs;

	if (!is_restricted(r->profile) || !r->spec->hardening)
		return;
	bw_check_program(r, r->spec->process, "/process/args/0");
	/* Each layer refuses something to the programs inside: an audit is to refuse nothing. */
	if (bw_streq0(r->profile->mode, "audit")) {
		bw_note(r, "/hardening/programs", NULL,
			"in audit mode what runs inside may execute anything: what a refusal would break is not known");
		return;
	}
	programs = bw_ensure(r, &r->spec->hardening->programs);
	if (!programs)
		return;
	bw_change_strs(r, &programs->allow, &policy->allow, "/hardening/programs/allow",
		"code that nobody has read needs its interpreter and no shell");
	if (policy->libraries.n)
		bw_change_strs(r, &programs->libraries, &policy->libraries, "/hardening/programs/libraries",
		"programs map shared libraries and extension modules from here alone");
	if (bw_is_on(&policy->noexec)) {
		bw_change_bool(r, &programs->noexec, true, "/hardening/programs/noexec",
			"the dynamic linker executes what lies on a mount that permits it");
		restrict_mounts(r);
	}
	if (bw_is_on(&policy->memfd_noexec))
		bw_change_bool(r, &programs->memfd_noexec, true, "/hardening/programs/memfdNoexec",
			"a file in memory lies on no mount that anybody could restrict");
	if (policy->events && !bw_streq(policy->events, "off"))
		bw_change_string(r, &programs->events, policy->events, "/hardening/programs/events",
			"who tries a shell wants something else than to compute");
}
