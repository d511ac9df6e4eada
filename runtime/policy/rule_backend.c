/* SPDX-License-Identifier: Apache-2.0 */
/* rule_backend.c - a container that another runtime makes. That runtime gets a plain OCI configuration: what the other
 * rules have decided and OCI has no words for, or this runtime no ears, is in the table below, member by member. Each is
 * done by bulwark beside the runtime, or is refused, or, where the policy says that it goes without, is on record. */
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "policy/rules.h"

enum { DEFAULT_TIMEOUT_MS = 30000 };

enum trust {
	PLAIN,	/* OCI 1.0 says it: every runtime is trusted with it that is not known to lack it */
	BEYOND, /* every runtime lacks it that is not known to have it */
	NEVER,	/* nothing can be done without it, and no runtime has it */
};

static const struct bw_spec_process *process_of(const struct bw_spec *spec)
{
	static const struct bw_spec_process none;

	return spec->process ? spec->process : &none;
}

static const struct bw_spec_linux *linux_of(const struct bw_spec *spec)
{
	static const struct bw_spec_linux none;

	return spec->linux_ ? spec->linux_ : &none;
}

/* ---- whether a configuration wants it ---- */

static bool wants_apparmor(const struct bw_spec *spec)
{
	return process_of(spec)->apparmor_profile != NULL;
}

static bool wants_own_apparmor(const struct bw_spec *spec)
{
	return spec->hardening->apparmor && (!wants_apparmor(spec) || spec->hardening->apparmor_always.v);
}

static bool wants_selinux(const struct bw_spec *spec)
{
	return process_of(spec)->selinux_label || linux_of(spec)->mount_label;
}

static bool wants_own_selinux(const struct bw_spec *spec)
{
	return spec->hardening->selinux && (!process_of(spec)->selinux_label || spec->hardening->selinux_always.v);
}

static bool wants_seccomp(const struct bw_spec *spec)
{
	return linux_of(spec)->seccomp != NULL;
}

static bool wants_listener(const struct bw_spec *spec)
{
	return wants_seccomp(spec) && spec->linux_->seccomp->listener_path;
}

static bool wants_baseline(const struct bw_spec *spec)
{
	return spec->hardening->seccomp_baseline != NULL;
}

static bool wants_sysctl(const struct bw_spec *spec)
{
	return linux_of(spec)->sysctl.n > 0;
}

static bool wants_rlimits(const struct bw_spec *spec)
{
	return process_of(spec)->rlimits.n > 0;
}

static bool wants_masked(const struct bw_spec *spec)
{
	return linux_of(spec)->masked_paths.n > 0;
}

static bool wants_readonly(const struct bw_spec *spec)
{
	return linux_of(spec)->readonly_paths.n > 0;
}

static bool wants_no_new_privs(const struct bw_spec *spec)
{
	return process_of(spec)->no_new_privileges.v;
}

static bool wants_umask(const struct bw_spec *spec)
{
	return process_of(spec)->user && process_of(spec)->user->umask.set;
}

/* prestart and createRuntime hooks, with which an engine plugs in the network, every runtime runs. */
static bool wants_hooks(const struct bw_spec *spec)
{
	return spec->hooks && (spec->hooks->create_container.n || spec->hooks->start_container.n);
}

static bool wants_inodes(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++)
		for (size_t k = 0; k < spec->mounts.v[i].options.n; k++)
			if (bw_after_prefix(spec->mounts.v[i].options.v[k], "nr_inodes="))
				return true;
	return false;
}

static bool wants_no_links(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (bw_strs_has(&spec->mounts.v[i].options, "nosymfollow") ||
			bw_strs_has(&spec->mounts.v[i].options, "rnosymfollow"))
			return true;
	return false;
}

static bool wants_idmapped_mounts(const struct bw_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (spec->mounts.v[i].uid_mappings.n || spec->mounts.v[i].gid_mappings.n ||
			bw_strs_has(&spec->mounts.v[i].options, "idmap") || bw_strs_has(&spec->mounts.v[i].options, "ridmap"))
			return true;
	return false;
}

static bool wants_scheduler(const struct bw_spec *spec)
{
	return process_of(spec)->scheduler != NULL;
}

static bool wants_io_priority(const struct bw_spec *spec)
{
	return process_of(spec)->io_priority != NULL;
}

static bool wants_affinity(const struct bw_spec *spec)
{
	return process_of(spec)->exec_cpu_affinity != NULL;
}

static bool wants_domainname(const struct bw_spec *spec)
{
	return spec->domainname != NULL;
}

static bool wants_personality(const struct bw_spec *spec)
{
	return linux_of(spec)->personality != NULL;
}

static bool wants_memory_policy(const struct bw_spec *spec)
{
	return linux_of(spec)->memory_policy != NULL;
}

static bool wants_net_devices(const struct bw_spec *spec)
{
	return linux_of(spec)->net_devices.n > 0;
}

static bool wants_time_offsets(const struct bw_spec *spec)
{
	return linux_of(spec)->time_offsets.n > 0;
}

static bool wants_rdt(const struct bw_spec *spec)
{
	return linux_of(spec)->intel_rdt != NULL;
}

static bool wants_landlock(const struct bw_spec *spec)
{
	return spec->hardening->landlock != NULL;
}

static bool wants_mdwe(const struct bw_spec *spec)
{
	return spec->hardening->mdwe != NULL;
}

static bool wants_securebits(const struct bw_spec *spec)
{
	return spec->hardening->lock_securebits.v;
}

static bool wants_keyring(const struct bw_spec *spec)
{
	return spec->hardening->private_keyring.v;
}

static bool wants_devices(const struct bw_spec *spec)
{
	return spec->hardening->exact_devices.v;
}

static bool wants_rootfs(const struct bw_spec *spec)
{
	return spec->hardening->restrict_rootfs.v;
}

static bool wants_programs(const struct bw_spec *spec)
{
	return spec->hardening->programs != NULL;
}

static bool wants_witness(const struct bw_spec *spec)
{
	return wants_programs(spec) && spec->hardening->programs->events;
}

static bool wants_guard(const struct bw_spec *spec)
{
	return spec->hardening->block_endpoints.n || spec->hardening->only_loopback.v;
}

static bool wants_gate(const struct bw_spec *spec)
{
	return spec->hardening->egress != NULL;
}

static bool wants_range(const struct bw_spec *spec)
{
	return spec->hardening->user_range != NULL;
}

static bool wants_secrets(const struct bw_spec *spec)
{
	return spec->hardening->secrets != NULL;
}

static bool wants_disk(const struct bw_spec *spec)
{
	return spec->hardening->scratch != NULL;
}

static bool wants_workspace(const struct bw_spec *spec)
{
	return spec->hardening->workspace != NULL;
}

/* ---- how much: "prefer", or "require" (NULL) ---- */

static const char *apparmor_strength(const struct bw_spec *spec)
{
	return spec->hardening->apparmor;
}

static const char *selinux_strength(const struct bw_spec *spec)
{
	return spec->hardening->selinux;
}

static const char *landlock_strength(const struct bw_spec *spec)
{
	return spec->hardening->landlock;
}

static const char *mdwe_strength(const struct bw_spec *spec)
{
	return spec->hardening->mdwe;
}

static const char *guard_strength(const struct bw_spec *spec)
{
	return spec->hardening->endpoints;
}

static const char *witness_strength(const struct bw_spec *spec)
{
	return spec->hardening->programs->events;
}

/* The native runtime leaves it out, too, where the kernel cannot. */
static const char *preferred(const struct bw_spec *spec)
{
	(void)spec;
	return "prefer";
}

/* Members of hardening that are not here bulwark sees to itself: sources of mounts (refused_sources, excepted_sources,
 * own_sources, plain_sources, check_mounts, volumes, encrypted_sources, unencrypted_sources, engine_files),
 * memory_encryption, hooks (hooks, hook_env, check_hooks), own_namespaces and forbid_leaks are checked before the
 * runtime is started, and it gets what was looked at; ceilings are lowered in what it gets; the time is kept, what
 * happens recorded, what was used written down and starts counted as always (ttl_ms, grace_ms, audit, emf,
 * starts_per_minute); stage is what a verb goes by, from outside. profile, tenant, session and the rest of the seccomp,
 * apparmor, selinux and landlock members go with a row. */
static const struct control {
	const char *word;
	enum trust trust;
	bool (*wanted)(const struct bw_spec *spec);
	const char *(*strength)(const struct bw_spec *spec); /* NULL: require */
	const char *what; /* "it does not ..." */
} controls[] = {
	{"apparmor", PLAIN, wants_apparmor, apparmor_strength, "apply process.apparmorProfile"},
	{"ownApparmor", BEYOND, wants_own_apparmor, apparmor_strength, "apply the AppArmor profile of the policy"},
	{"selinux", PLAIN, wants_selinux, selinux_strength, "apply SELinux labels"},
	{"ownSelinux", BEYOND, wants_own_selinux, selinux_strength, "apply the SELinux type of the policy"},
	{"seccomp", PLAIN, wants_seccomp, NULL, "apply the filter of config.json to the program's system calls"},
	{"listener", NEVER, wants_listener, NULL, "hand a filter's listener to an agent that the policy knows"},
	{"baseline", BEYOND, wants_baseline, NULL, "put the policy's own filter under the caller's"},
	{"sysctl", PLAIN, wants_sysctl, NULL, "set kernel parameters"},
	{"rlimits", PLAIN, wants_rlimits, NULL, "apply process limits"},
	{"maskedPaths", PLAIN, wants_masked, NULL, "hide linux.maskedPaths"},
	{"readonlyPaths", PLAIN, wants_readonly, NULL, "make linux.readonlyPaths read-only"},
	{"noNewPrivileges", PLAIN, wants_no_new_privs, NULL, "apply no_new_privs"},
	{"umask", BEYOND, wants_umask, NULL, "apply process.user.umask"},
	{"hooks", PLAIN, wants_hooks, NULL, "run createContainer and startContainer hooks"},
	{"tmpfsInodes", PLAIN, wants_inodes, NULL, "limit the number of files in a tmpfs"},
	{"nosymfollow", BEYOND, wants_no_links, NULL, "keep symbolic links in a mount from being followed"},
	{"idmappedMounts", BEYOND, wants_idmapped_mounts, NULL, "map the ids of mounts"},
	{"scheduler", BEYOND, wants_scheduler, NULL, "apply process.scheduler"},
	{"ioPriority", BEYOND, wants_io_priority, NULL, "apply process.ioPriority"},
	{"cpuAffinity", BEYOND, wants_affinity, NULL, "apply process.execCPUAffinity"},
	{"domainname", BEYOND, wants_domainname, NULL, "set the NIS domain name"},
	{"personality", BEYOND, wants_personality, NULL, "apply linux.personality"},
	{"memoryPolicy", BEYOND, wants_memory_policy, NULL, "apply linux.memoryPolicy"},
	{"netDevices", BEYOND, wants_net_devices, NULL, "move network devices"},
	{"timeOffsets", BEYOND, wants_time_offsets, NULL, "set the offsets of clocks"},
	{"intelRdt", BEYOND, wants_rdt, NULL, "apply linux.intelRdt"},
	{"landlock", BEYOND, wants_landlock, landlock_strength, "restrict the program by Landlock"},
	{"mdwe", BEYOND, wants_mdwe, mdwe_strength, "deny memory that is written and executed"},
	{"securebits", BEYOND, wants_securebits, NULL, "lock the securebits"},
	{"keyring", BEYOND, wants_keyring, NULL, "give the container a session keyring of its own"},
	{"devices", BEYOND, wants_devices, NULL, "let the container use no devices but the policy's"},
	{"rootfs", BEYOND, wants_rootfs, NULL, "mount the root with nosuid and nodev"},
	{"programs", BEYOND, wants_programs, NULL, "keep files that the policy does not list from being executed"},
	{"witness", BEYOND, wants_witness, witness_strength, "let a witness see what is executed"},
	{"guard", BEYOND, wants_guard, guard_strength, "keep the container from the blocked endpoints"},
	{"gate", BEYOND, wants_gate, NULL, "connect the container to the egress gate"},
	{"userRange", NEVER, wants_range, NULL, "give the container ids of the host that nobody else has"},
	{"secrets", NEVER, wants_secrets, NULL, "put the policy's secrets into the container"},
	{"disk", NEVER, wants_disk, NULL, "make the workspace a disk under a key of its own"},
	{"workspace", BEYOND, wants_workspace, preferred, "keep the workspace out of swap"},
};

bool bw_backend_is_control(const char *word)
{
	for (size_t i = 0; i < BW_COUNT(controls); i++)
		if (controls[i].trust != NEVER && bw_streq(controls[i].word, word))
			return true;
	return false;
}

static bool is_offline(const struct bw_run *r)
{
	const struct bw_backend_known *known = r->profile->derived.backend;

	for (size_t i = 0; known && i < known->offline.n; i++)
		if (bw_strs_has(&r->profile->backend->args, known->offline.v[i]))
			return true;
	return false;
}

static bool has_own_kernel(const struct bw_run *r)
{
	const struct bw_backend_known *known = r->profile->derived.backend;

	return known && bw_streq0(known->kernel, "own");
}

/* A network stack of its own sends its packets where no program on a cgroup sees them. */
static bool puts_in_force(const struct bw_run *r, const struct control *control)
{
	const struct bw_backend_known *known = r->profile->derived.backend;

	if (control->trust == NEVER)
		return false;
	if (!known)
		return control->trust == PLAIN;
	if (bw_streq(control->word, "guard") && has_own_kernel(r) && !is_offline(r))
		return false;
	if (control->trust == PLAIN)
		return !bw_strs_has(&known->lacks, control->word);
	return bw_strs_has(&known->has, control->word);
}

static const char *name_of(const struct bw_run *r)
{
	return strrchr(r->profile->backend->delegate, '/') + 1;
}

static void deny(struct bw_run *r, const struct control *control)
{
	const char *pointer = "/hardening/backend/program", *why = bw_text(r, "%s does not %s%s", name_of(r), control->what,
		r->profile->derived.backend ? "" : " as far as anybody knows here");

	if (control->trust == NEVER)
		bw_deny(r, pointer, r->profile->backend->delegate, why, NULL);
	else
		bw_deny(r, pointer, r->profile->backend->delegate, why,
			bw_text(r, "the administrator can go without: \"backend\": { \"ignores\": [ \"%s\" ] }",
				control->word));
}

static void judge(struct bw_run *r, const struct control *control, struct bw_strs *lacks)
{
	const char *strength;

	if (!control->wanted(r->spec) || puts_in_force(r, control))
		return;
	strength = control->strength ? control->strength(r->spec) : NULL;
	if (control->trust != NEVER &&
		(bw_streq0(strength, "prefer") || bw_strs_has(&r->profile->backend->ignores, control->word)))
		bw_collect(r, lacks, bw_text(r, "%s: %s does not %s", control->word, name_of(r), control->what));
	else
		deny(r, control);
}

void bw_rule_backend(struct bw_run *r)
{
	static const char reason[] = "the policy has another runtime make the container";
	const struct bw_profile_backend *policy = r->profile->backend;
	const struct bw_spec_backend *backend;
	struct bw_strs lacks = {0};
	int64_t timeout_ms = DEFAULT_TIMEOUT_MS;

	if (!policy || !policy->delegate || !r->spec->hardening)
		return;
	backend = bw_ensure(r, &r->spec->hardening->backend);
	if (!backend)
		return;
	if (policy->timeout && bw_parse_duration_ms(policy->timeout, &timeout_ms) < 0)
		timeout_ms = DEFAULT_TIMEOUT_MS;
	for (size_t i = 0; i < BW_COUNT(controls); i++)
		judge(r, &controls[i], &lacks);
	bw_change_string(r, &backend->program, policy->delegate, "/hardening/backend/program", reason);
	bw_change_strs(r, &backend->args, &policy->args, "/hardening/backend/args", reason);
	bw_change_bool(r, &backend->own_kernel, has_own_kernel(r), "/hardening/backend/ownKernel", reason);
	bw_change_bool(r, &backend->offline, is_offline(r), "/hardening/backend/offline", reason);
	bw_change_uint(r, &backend->timeout_ms, (uint64_t)timeout_ms, "/hardening/backend/timeoutMs", reason);
	bw_change_strs(r, &backend->lacks, &lacks, "/hardening/backend/lacks", "it does not put these in force");
}
