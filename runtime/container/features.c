/* SPDX-License-Identifier: Apache-2.0 */
/* features.c - `features` (features.md of the runtime-spec) and `--version`: what this program can do, whatever
 * the host but for the flags of filters. dockerd reads it at start-up, containerd and CRI-O before they use an extension. */
#include "container/bulwark.h"

#include <errno.h>
#include <linux/magic.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/control.h"
#include "control/mount_options.h"
#include "control/seccomp_filter.h"
#include "host/host.h"
#include "spec/spec.h"

static const char *const hooks[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL};
static const char *const namespaces[] = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts", NULL};
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

/* In the order of the alphabet, as every list of the document: names of the program's own tables. */
static void put_sorted(struct bw_json_writer *w, const char *key, const char *const *words, const char *but)
{
	const char *last = "";

	bw_json_key(w, key);
	bw_json_begin_array(w);
	for (;;) {
		const char *next = NULL;

		for (size_t i = 0; words[i]; i++)
			if (strcmp(words[i], last) > 0 && (!next || strcmp(words[i], next) < 0) && !bw_streq0(words[i], but))
				next = words[i];
		if (!next)
			break;
		bw_json_string(w, next);
		last = next;
	}
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

/* The flags that this program knows, and those of them that this kernel takes. */
static int put_flags(struct bw_json_writer *w, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const char *known[16], *supported[16];
	struct bw_host host = {0};
	size_t known_n = 0, supported_n = 0;

	if (bw_seccomp.probe(&host, &arena, err) < 0)
		return -1;
	for (const struct bw_seccomp_flag *flag = bw_seccomp_flags; flag->name && known_n + 1 < BW_COUNT(known); flag++) {
		known[known_n++] = flag->name;
		if (bw_strs_has(&host.seccomp_flags, flag->name))
			supported[supported_n++] = flag->name;
	}
	known[known_n] = supported[supported_n] = NULL;
	put_sorted(w, "knownFlags", known, NULL);
	put_sorted(w, "supportedFlags", supported, NULL);
	return 0;
}

static int put_seccomp(struct bw_json_writer *w, struct bw_err *err)
{
	bw_json_key(w, "seccomp");
	bw_json_begin_object(w);
	put_bool(w, "enabled", true);
	put_sorted(w, "actions", bw_seccomp_action_names, NULL);
	put_sorted(w, "operators", bw_seccomp_operator_names, NULL);
	/* SCMP_ARCH_NATIVE is libseccomp's, no word of the spec. */
	put_sorted(w, "archs", bw_seccomp_arch_names, "SCMP_ARCH_NATIVE");
	if (put_flags(w, err) < 0)
		return -1;
	bw_json_end_object(w);
	return 0;
}

static void put_text(struct bw_json_writer *w, const char *key, const char *text)
{
	bw_json_key(w, key);
	bw_json_string(w, text);
}

static void put_annotations(struct bw_json_writer *w)
{
	const struct scmp_version *seccomp = seccomp_version();
	char version[48];

	snprintf(version, sizeof version, "%u.%u.%u", seccomp->major, seccomp->minor, seccomp->micro);
	bw_json_key(w, "annotations");
	bw_json_begin_object(w);
	put_text(w, "io.github.seccomp.libseccomp.version", version);
	put_text(w, "org.bulwark.commit", BW_COMMIT);
	put_text(w, "org.bulwark.version", BW_VERSION);
	/* runc's name for it, by which its callers ask. */
	put_text(w, "org.opencontainers.runc.checkpoint.enabled", "true");
	bw_json_end_object(w);
}

static void put_cgroup(struct bw_json_writer *w)
{
	/* Who is installed without the helper has none. */
	bool by_systemd = access(BW_LIBEXECDIR "/bulwark-systemd", X_OK) == 0;

	bw_json_key(w, "cgroup");
	bw_json_begin_object(w);
	put_bool(w, "v1", true);
	put_bool(w, "v2", true);
	put_bool(w, "systemd", by_systemd);
	put_bool(w, "systemdUser", by_systemd);
	put_bool(w, "rdma", true);
	bw_json_end_object(w);
}

static int put_linux(struct bw_json_writer *w, struct bw_err *err)
{
	bw_json_key(w, "linux");
	bw_json_begin_object(w);
	put_list(w, "namespaces", namespaces);
	put_capabilities(w);
	put_cgroup(w);
	if (put_seccomp(w, err) < 0)
		return -1;
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
	put_enabled(w, "idmap", true);
	bw_json_end_object(w);
	put_enabled(w, "netDevices", true);
	bw_json_end_object(w);
	return 0;
}

int bw_features_text(char **ret_text, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	int r;

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "features");
	bw_json_begin_object(w);
	put_text(w, "ociVersionMin", "1.0.0");
	put_text(w, "ociVersionMax", "1.3.0");
	put_list(w, "hooks", hooks);
	put_list(w, "mountOptions", bw_mount_option_words());
	r = put_linux(w, err);
	if (r == 0) {
		put_annotations(w);
		put_list(w, "potentiallyUnsafeConfigAnnotations", unsafe_annotations);
		bw_json_end_object(w);
		r = bw_json_writer_end(w, ret_text, NULL, err);
	}
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
