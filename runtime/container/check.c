/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - `check`: for each control whether this host can enforce it, before a container needs it. */
#include "container/bulwark.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/compile.h"
#include "control/host_side.h"
#include "control/keeper.h"
#include "control/label.h"
#include "control/landlock_abi.h"
#include "control/scratch.h"
#include "host/host.h"
#include "host/memory_encryption.h"
#include "policy/policy.h"

/* What its absence means: containers cannot start, or start with one layer less, or those alone cannot whose policy asks
 * for it, which the built-in profiles do not. */
enum weight { REQUIRED, PREFERRED, WANTED };

struct row {
	const char *name, *gives;
	enum weight weight;
	bool (*there)(const struct bw_host *host, char *detail, size_t size);
};

static bool kernel(const struct bw_host *host, char *detail, size_t size)
{
	unsigned long long major = host->kernel_major.v, minor = host->kernel_minor.v;

	snprintf(detail, size, "Linux %llu.%llu, 5.14 is the oldest supported", major, minor);
	return major > 5 || (major == 5 && minor >= 14);
}

static bool root(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "%s",
		host->root.v ? "root of the initial user namespace"
			     : "not root: containers need a user namespace of their own");
	return host->root.v || host->user_namespace.v;
}

static bool own_file(const struct bw_host *host, char *detail, size_t size)
{
	struct stat st;
	bool good = stat("/proc/self/exe", &st) == 0 && st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));

	(void)host;
	snprintf(detail, size, "%s", good ? "owned by root, writable by nobody else" : "others than root may write it");
	return good;
}

static bool cgroups(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "%s", host->cgroup_mode ? host->cgroup_mode : "none");
	return host->cgroup_mode && !bw_streq(host->cgroup_mode, "none");
}

static bool has_controller(const struct bw_host *host, const char *name)
{
	size_t len = strlen(name);

	if (bw_strs_has(&host->cgroup2_controllers, name))
		return true;
	for (size_t i = 0; i < host->hierarchies.n; i++) {
		for (const char *word = host->hierarchies.v[i].controllers; word; word = strchr(word, ',')) {
			word += *word == ',';
			if (strncmp(word, name, len) == 0 && (word[len] == '\0' || word[len] == ','))
				return true;
		}
	}
	return false;
}

static bool limits(const struct bw_host *host, char *detail, size_t size)
{
	static const char *const wanted[] = {"memory", "pids", "cpu", "cpuset"};
	struct bw_buf buf = bw_buf_over(detail, size);
	bool all = true;

	for (size_t i = 0; i < BW_COUNT(wanted); i++) {
		if (has_controller(host, wanted[i]))
			continue;
		bw_buf_addf(&buf, "%s%s", all ? "missing: " : ", ", wanted[i]);
		all = false;
	}
	if (all)
		bw_buf_add(&buf, "memory, pids, cpu, cpuset");
	return all;
}

static bool devices(const struct bw_host *host, char *detail, size_t size)
{
	bool v1 = has_controller(host, "devices");

	snprintf(detail, size, "%s", v1 ? "v1 controller" : host->bpf_cgroup.v ? "BPF" : "neither v1 controller nor BPF");
	return v1 || host->bpf_cgroup.v;
}

static bool seccomp(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "%zu filter flags", host->seccomp_flags.n);
	return host->seccomp.v;
}

static bool witness(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "bulwark-witness %s", host->witness.v ? "is installed" : "cannot be run");
	return host->witness.v;
}

static bool landlock(const struct bw_host *host, char *detail, size_t size)
{
	/* Asked for here alone: no container depends on it. */
	int errata = bw_landlock_create_ruleset(NULL, 0, BW_LANDLOCK_CREATE_ERRATA);

	bw_landlock_describe(host->landlock_abi.v, errata > 0 ? (uint64_t)errata : 0, detail, size);
	return host->landlock_abi.v > 0;
}

static bool mdwe(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "%s", host->mdwe.v ? "there" : "PR_SET_MDWE is missing");
	return host->mdwe.v;
}

/* Whether each of our labels is one of this host's, and enforced; what is said of one that is not goes to detail. */
static bool has_labels(const char *lsm, const char *const labels[], char *detail, size_t size)
{
	bool all = true, enforced;

	for (size_t i = 0; labels[i] && all; i++) {
		struct bw_err why = {0};

		all = bw_label_check(BW_LIBEXECDIR "/bulwark-label", lsm, labels[i], &enforced, &why) == 0 && enforced;
		if (!all && why.code == BW_E_NONE)
			snprintf(detail, size, "\"%s\" forbids nothing", labels[i]);
		else if (!all)
			snprintf(detail, size, "%s", why.text);
	}
	return all;
}

static bool lsm(const struct bw_host *host, char *detail, size_t size)
{
	static const char *const profiles[] = {"bulwark-default", "bulwark-untrusted", NULL};
	static const char *const contexts[] = {
		"system_u:system_r:bulwark_t:s0:c0,c1", "system_u:system_r:bulwark_untrusted_t:s0:c0,c1", NULL};
	bool ours;

	if (!host->apparmor.v && !host->selinux.v) {
		snprintf(detail, size, "neither AppArmor nor SELinux");
		return false;
	}
	ours = host->apparmor.v ? has_labels("apparmor", profiles, detail, size)
				: has_labels("selinux", contexts, detail, size);
	if (ours)
		snprintf(detail, size, "%s",
			host->apparmor.v ? "AppArmor, with profiles of our own" : "SELinux, with types of our own");
	return ours;
}

static bool programs(const struct bw_host *host, char *detail, size_t size)
{
	bool memfd = host->kernel_major.v > 6 || (host->kernel_major.v == 6 && host->kernel_minor.v >= 3);

	snprintf(detail, size, "noexec mounts%s",
		memfd ? ", vm.memfd_noexec" : "; vm.memfd_noexec is Linux 6.3's, only the filter refuses files in memory");
	return memfd;
}

/* Routing rules hold in a network of the container's own alone. */
static bool guard(const struct bw_host *host, char *detail, size_t size)
{
	bool rules = !host->policy_routing.set || host->policy_routing.v;

	if (host->bpf_guard.v)
		snprintf(detail, size, "programs on cgroups");
	else
		snprintf(detail, size, "no programs on cgroups%s",
			rules ? ", routing rules: joined networks are refused" : ", and no routing rules");
	return host->bpf_guard.v;
}

static bool user_namespace(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "%s", host->user_namespace.v ? "there" : "the kernel has none");
	return host->user_namespace.v;
}

static bool scratch(const struct bw_host *host, char *detail, size_t size)
{
	struct bw_err why = {0};
	bool can = host->root.v && bw_scratch_check(&why) == 0;

	snprintf(detail, size, "%s", can ? "dm-crypt, loop devices, mke2fs" : host->root.v ? why.text : "not root");
	return can;
}

static bool memory_encryption(const struct bw_host *host, char *detail, size_t size)
{
	struct bw_memory_encryption memory;
	struct utsname name;

	if (uname(&name) < 0)
		return false;
	bw_memory_encryption_look("", name.machine, host->kernel_major.v, &memory);
	snprintf(detail, size, "%s", memory.seen);
	return memory.encrypted;
}

static bool time_namespace(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "%s", host->time_namespace.v ? "there" : "the kernel has none");
	return host->time_namespace.v;
}

static bool cgroup_namespace(const struct bw_host *host, char *detail, size_t size)
{
	snprintf(detail, size, "%s", host->cgroup_namespace.v ? "there" : "the kernel has none");
	return host->cgroup_namespace.v;
}

static bool audit_records(const struct bw_host *host, char *detail, size_t size)
{
	bool there = host->keeper.v && bw_keeper_has_records(host);

	snprintf(detail, size, "%s",
		there ? "Landlock's from Linux 6.15 on and while audit is enabled"
		      : "no audit log in this kernel, no way to it, or no bulwark-keeper");
	return there;
}

static const struct row rows[] = {
	{"kernel", "mounts by descriptor, pidfds, cgroup.kill", REQUIRED, kernel},
	{"root", "namespaces, cgroups and mounts", REQUIRED, root},
	{"program file", "bulwark cannot be overwritten from inside", REQUIRED, own_file},
	{"cgroups", "limits and reliable ending of containers", REQUIRED, cgroups},
	{"cgroup namespace", "the host's cgroup names stay hidden", REQUIRED, cgroup_namespace},
	{"device rules", "only the listed devices can be opened", REQUIRED, devices},
	{"seccomp", "system call filters", REQUIRED, seccomp},
	{"limits", "memory, processes and cpu", PREFERRED, limits},
	{"landlock", "writing, executing, ports, a second time", PREFERRED, landlock},
	{"programs", "only listed programs are executed", PREFERRED, programs},
	{"memory", "no memory that was written is executed", PREFERRED, mdwe},
	{"network guard", "metadata services out of reach in every network", PREFERRED, guard},
	{"witness", "each execve is seen from outside", PREFERRED, witness},
	{"lsm", "mandatory access control", PREFERRED, lsm},
	{"user namespace", "root inside is nobody outside, where asked for", PREFERRED, user_namespace},
	{"time namespace", "own clocks, where asked for", PREFERRED, time_namespace},
	{"audit records", "writes that a security module denies are seen", WANTED, audit_records},
	{"encrypted disk", "a workspace on disk, under a key of its own", WANTED, scratch},
	{"memory encryption", "memory that cannot be read from outside", WANTED, memory_encryption},
};

static const int verdicts[] = {[REQUIRED] = 2, [PREFERRED] = 1, [WANTED] = 0};
static const char *const verdict_words[] = {"can be enforced", "with less than the policy prefers", "unusable"};

static void put_text(FILE *out, const struct row *row, bool there, const char *detail)
{
	static const char *const words[] = {[REQUIRED] = "MISSING", [PREFERRED] = "missing", [WANTED] = "no"};

	fprintf(out, "%-8s %-17s %-46s %s\n", there ? "ok" : words[row->weight], row->name,
		row->gives, detail);
}

static void put_json(struct bw_json_writer *w, const struct row *row, bool there, const char *detail)
{
	bw_json_begin_object(w);
	bw_json_key(w, "name");
	bw_json_string(w, row->name);
	bw_json_key(w, "gives");
	bw_json_string(w, row->gives);
	bw_json_key(w, "required");
	bw_json_bool(w, row->weight == REQUIRED);
	bw_json_key(w, "there");
	bw_json_bool(w, there);
	bw_json_key(w, "detail");
	bw_json_string(w, detail);
	bw_json_end_object(w);
}

/* Where the profile has another runtime make its containers: whether that can be started at all, and what is known of it. */
static bool backend(const struct bw_profile *profile, char *detail, size_t size)
{
	const char *program = bw_profile_backend(profile);
	char real[PATH_MAX];
	int r = bw_roots_file(program, real);

	if (r == -EPERM)
		snprintf(detail, size, "%s: others than root can change it", program);
	else if (r < 0)
		snprintf(detail, size, "%s: %s", program, strerror(-r));
	else
		snprintf(detail, size, "%s", program);
	return r == 0;
}

static int walk(const struct bw_host *host, const struct bw_profile *profile, FILE *out, struct bw_json_writer *w)
{
	static const struct row extra = {"backend", "another runtime makes the containers", REQUIRED, NULL};
	char detail[200];
	int verdict = 0;

	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		bool there;

		detail[0] = '\0';
		there = rows[i].there(host, detail, sizeof detail);
		if (!there && verdict < verdicts[rows[i].weight])
			verdict = verdicts[rows[i].weight];
		if (w)
			put_json(w, &rows[i], there, detail);
		else
			put_text(out, &rows[i], there, detail);
	}
	if (bw_profile_backend(profile)) {
		bool there = backend(profile, detail, sizeof detail);

		verdict = there ? verdict : 2;
		if (w)
			put_json(w, &extra, there, detail);
		else
			put_text(out, &extra, there, detail);
	}
	return verdict;
}

static int check_json(const struct bw_host *host, const struct bw_profile *profile, char **ret_text, int *ret_verdict,
	struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "check");
	bw_json_begin_object(w);
	bw_json_key(w, "profile");
	bw_json_string(w, bw_profile_name(profile));
	bw_json_key(w, "controls");
	bw_json_begin_array(w);
	*ret_verdict = walk(host, profile, NULL, w);
	bw_json_end_array(w);
	bw_json_key(w, "verdict");
	bw_json_string(w, verdict_words[*ret_verdict]);
	bw_json_end_object(w);
	r = bw_json_writer_end(w, ret_text, NULL, err);
	bw_json_writer_free(w);
	return r;
}

int bw_check(const struct bw_context *ctx, bool json, char **ret_text, int *ret_verdict, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_policy_facts no_facts = {0};
	const struct bw_pairs no_annotations = {0};
	const struct bw_profile *profile;
	const struct bw_policy *policy;
	struct bw_host host = {0};
	const char *reason;
	size_t len;
	FILE *out;

	if (bw_policy_load(ctx->policy_path, &arena, &policy, err) < 0 ||
		bw_policy_choose(policy, ctx->profile, &no_facts, &no_annotations, &arena, &profile, &reason, err) < 0 ||
		bw_probe(&host, &arena, err) < 0)
		return -1;
	if (json)
		return check_json(&host, profile, ret_text, ret_verdict, err);
	out = open_memstream(ret_text, &len);
	if (!out)
		return bw_fail(err, BW_E_MEMORY, errno, "check");
	*ret_verdict = walk(&host, profile, out, NULL);
	fprintf(out, "profile %s: %s\n", bw_profile_name(profile), verdict_words[*ret_verdict]);
	return fclose(out) == 0 ? 0 : bw_fail(err, BW_E_MEMORY, errno, "check");
}
