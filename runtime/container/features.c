/* SPDX-License-Identifier: Apache-2.0 */
/* features.c - `features` (features.md of the runtime-spec) and `--version`: what this program can do, whatever
 * the host. dockerd reads it at start-up, containerd and CRI-O before they use an extension. */
#include "container/bulwark.h"

#include <errno.h>
#include <linux/magic.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/vfs.h>

#include "control/mount_options.h"
#include "spec/spec.h"

static const char *const hooks[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL};
static const char *const namespaces[] = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts", NULL};
static const char *const seccomp_actions[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
	"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP", NULL};
static const char *const seccomp_operators[] = {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL};
static const char *const seccomp_archs[] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390",
	"SCMP_ARCH_S390X", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", NULL};
static const char *const seccomp_flags[] = {
	"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL};
static const char *const memory_modes[] = {"MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL",
	"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE", NULL};
static const char *const memory_flags[] = {
	"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL};
static const char *const unsafe_annotations[] = {"org.bulwark.", NULL};

static void put_list(struct bw_json_writer *w, const char *key, const char *const *words)
{
	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (; *words; words++)
		bw_json_string(w, *words);
	bw_json_end_array(w);
}

static void put_bool(struct bw_json_writer *w, const char *key, bool value)
{
	bw_json_key(w, key);
	bw_json_bool(w, value);
}

static void put_enabled(struct bw_json_writer *w, const char *key, bool value)
{
	bw_json_key(w, key);
	bw_json_begin_object(w);
	put_bool(w, "enabled", value);
	bw_json_end_object(w);
}

static void put_capabilities(struct bw_json_writer *w)
{
	bw_json_key(w, "capabilities");
	bw_json_begin_array(w);
	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *name = cap_to_name(cap), upper[64];
		size_t n = 0;

		for (const char *p = name; p && *p && n < sizeof upper - 1; p++)
			upper[n++] = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
		upper[n] = '\0';
		if (n)
			bw_json_string(w, upper);
		cap_free(name);
	}
	bw_json_end_array(w);
}

static void put_seccomp(struct bw_json_writer *w)
{
	bw_json_key(w, "seccomp");
	bw_json_begin_object(w);
	put_bool(w, "enabled", true);
	put_list(w, "actions", seccomp_actions);
	put_list(w, "operators", seccomp_operators);
	put_list(w, "archs", seccomp_archs);
	put_list(w, "knownFlags", seccomp_flags);
	put_list(w, "supportedFlags", seccomp_flags);
	bw_json_end_object(w);
}

static void put_cgroup(struct bw_json_writer *w)
{
	bw_json_key(w, "cgroup");
	bw_json_begin_object(w);
	put_bool(w, "v1", true);
	put_bool(w, "v2", true);
	put_bool(w, "systemd", false);
	put_bool(w, "systemdUser", false);
	put_bool(w, "rdma", true);
	bw_json_end_object(w);
}

static void put_linux(struct bw_json_writer *w)
{
	bw_json_key(w, "linux");
	bw_json_begin_object(w);
	put_list(w, "namespaces", namespaces);
	put_capabilities(w);
	put_cgroup(w);
	put_seccomp(w);
	put_enabled(w, "apparmor", true);
	put_enabled(w, "selinux", true);
	bw_json_key(w, "intelRdt");
	bw_json_begin_object(w);
	put_bool(w, "enabled", true);
	put_bool(w, "schemata", true);
	put_bool(w, "monitoring", true);
	bw_json_end_object(w);
	bw_json_key(w, "memoryPolicy");
	bw_json_begin_object(w);
	put_list(w, "modes", memory_modes);
	put_list(w, "flags", memory_flags);
	bw_json_end_object(w);
	bw_json_key(w, "mountExtensions");
	bw_json_begin_object(w);
	put_enabled(w, "idmap", false);
	bw_json_end_object(w);
	put_enabled(w, "netDevices", true);
	bw_json_end_object(w);
}

int bw_features_text(char **ret_text, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "features");
	bw_json_begin_object(w);
	bw_json_key(w, "ociVersionMin");
	bw_json_string(w, "1.0.0");
	bw_json_key(w, "ociVersionMax");
	bw_json_string(w, "1.3.0");
	put_list(w, "hooks", hooks);
	put_list(w, "mountOptions", bw_mount_option_words());
	put_linux(w);
	bw_json_key(w, "annotations");
	bw_json_begin_object(w);
	bw_json_key(w, "org.bulwark.version");
	bw_json_string(w, BW_VERSION);
	bw_json_end_object(w);
	put_list(w, "potentiallyUnsafeConfigAnnotations", unsafe_annotations);
	bw_json_end_object(w);
	r = bw_json_writer_end(w, ret_text, NULL, err);
	bw_json_writer_free(w);
	return r;
}

const char *bw_version_text(void)
{
	static char text[160];
	const struct scmp_version *seccomp = seccomp_version();

	/* dockerd takes what follows the last "version" of the output: only the first line may have the word. */
	snprintf(text, sizeof text, "bulwark version %s\ncommit: %s\nspec: 1.3.0\nlibseccomp: %u.%u.%u\n", BW_VERSION,
		BW_COMMIT, seccomp->major,
		seccomp->minor, seccomp->micro);
	return text;
}

const char *bw_default_spec(bool rootless)
{
	struct statfs fs;
	bool unified = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;

	return bw_spec_default_text(rootless, unified);
}
