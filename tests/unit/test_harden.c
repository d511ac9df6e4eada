/* SPDX-License-Identifier: Apache-2.0 */
/* test_harden.c - the rules one by one, and the properties over real config.json files and what
 * chance makes of them. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "harden_properties.h"
#include "policy/profile.h"

static struct bw_arena arena;

static void setup(void)
{
	arena = (struct bw_arena)BW_ARENA_INIT;
}

static void teardown(void)
{
	bw_arena_done(&arena);
}

static const char *data_dir(void)
{
	const char *srcdir = getenv("srcdir");

	return bw_arena_printf(&arena, "%s/tests/data/configs", srcdir ? srcdir : ".");
}

static const struct bw_profile *profile_of(const char *policy_text, const char *name)
{
	const struct bw_policy *policy = NULL;
	struct bw_err err = {0};
	const struct bw_profile *p;

	if (!policy_text)
		policy_text = "{\"version\": 1}";
	ck_assert_msg(bw_policy_parse(policy_text, strlen(policy_text), "policy.json", &arena,
			      &policy, &err) == 0,
		"%s", err.text);
	p = bw_policy_profile(policy, name);
	ck_assert_ptr_nonnull(p);
	return p;
}

static struct bw_spec *parse(const char *text)
{
	struct bw_notes notes = {0};
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	ck_assert_msg(
		bw_spec_parse(text, strlen(text), "config.json", &arena, &spec, &notes, &err) == 0,
		"%s: %s", err.text, text);
	return spec;
}

static const struct bw_finding *find(const struct bw_findings *findings, const char *pointer)
{
	for (size_t i = 0; i < findings->n; i++)
		if (bw_streq(findings->v[i].pointer, pointer))
			return &findings->v[i];
	return NULL;
}

/* ---- one row per decision ---- */

#define NEW_NET	 "{\"type\":\"network\"}"
#define MOUNT_NS ",{\"type\":\"mount\"}"

/* A config.json of which a row fills in parts. */
static const char *config(
	const char *process, const char *namespaces, const char *lin, const char *top)
{
	return bw_arena_printf(&arena,
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
		"\"process\":{\"cwd\":\"/"
		"\",\"args\":[\"python3\"]%s},\"linux\":{\"namespaces\":[%s]%s}%s}",
		process, namespaces, lin, top);
}

#define MOUNT(dst, type, src, opts)                                                                \
	",\"mounts\":[{\"destination\":\"" dst "\",\"type\":\"" type "\",\"source\":\"" src        \
	"\",\"options\":[" opts "]}]"
#define PROPERTIES(one, other)                                                                     \
	",\"annotations\":{\"org.systemd.property." one "\":\"1\",\"org.systemd.property." other  \
	"\":\"1\",\"another\":\"x\"}"
#define ID_MAPS(inside, outside, size)                                                             \
	",\"uidMappings\":[{\"containerID\":" inside ",\"hostID\":" outside ",\"size\":" size      \
	"}],\"gidMappings\":[{\"containerID\":" inside ",\"hostID\":" outside ",\"size\":" size    \
	"}]"
#define UNIFIED(files) ",\"resources\":{\"unified\":{" files "}}"
#define BIND(src) MOUNT("/x", "bind", src, "\"bind\"")
#define USER_NS ",{\"type\":\"user\"}"
#define USERNS(more) "\"loosens\":[\"user.root\"],\"user\":{\"root\":\"userns\"" more "}"
#define RANGE ",\"range\":{\"first\":131072,\"count\":3}"
#define U	  "untrusted-code"
#define H	  "hardened"

static const struct row {
	const char *profile, *policy; /* policy: rows over the profile, as JSON members; or NULL */
	const char *process, *namespaces, *lin, *top; /* parts of config.json */
	const char *pointer; /* where a finding must be; with '!': must not be */
	enum bw_verdict verdict;
	const char *before, *after; /* NULL: absent; "*": anything */
} rows[] = {
	/* identity */
	{H, NULL, "", NEW_NET, "", "", "/process/user/uid", BW_CHANGED, NULL, "1001"},
	{H, NULL, ",\"user\":{\"uid\":0,\"gid\":7}", NEW_NET, "", "", "/process/user/uid",
		BW_CHANGED, "0", "1001"},
	{H, NULL, ",\"user\":{\"uid\":0,\"gid\":7}", NEW_NET, "", "", "!/process/user/gid",
		BW_CHANGED, "*", "*"},
	{H, NULL, ",\"user\":{\"uid\":5,\"gid\":0}", NEW_NET, "", "", "/process/user/gid",
		BW_CHANGED, "0", "1001"},
	{H, NULL, ",\"user\":{\"uid\":5,\"gid\":5}", NEW_NET, "", "", "!/process/user/uid",
		BW_CHANGED, "*", "*"},
	{H, NULL, ",\"user\":{\"uid\":5,\"gid\":5,\"additionalGids\":[0,6]}", NEW_NET, "", "",
		"/process/user/additionalGids", BW_CHANGED, "[0, 6]", "[6]"},
	{H, "\"user\":{\"root\":\"refuse\"}", "", NEW_NET, "", "", "/process/user/uid", BW_DENIED,
		"0", NULL},
	{H, "\"user\":{\"uid\":77}", "", NEW_NET, "", "", "/process/user/uid", BW_CHANGED, NULL,
		"77"},
	{H, NULL, "", NEW_NET ",{\"type\":\"user\"}",
		",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":9}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":9}]",
		"", "!/process/user/uid", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET ",{\"type\":\"user\"}",
		",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":9999}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":9999}]",
		"", "/process/user/uid", BW_CHANGED, NULL, "1001"},
	/* a user namespace that holds the host's root is none */
	{H, NULL, "", NEW_NET ",{\"type\":\"user\"}", ID_MAPS("0", "0", "65536"), "",
		"/process/user/uid", BW_CHANGED, NULL, "1001"},
	{H, NULL, "", NEW_NET ",{\"type\":\"user\"}", ID_MAPS("0", "0", "65536"), "",
		"/process/user/gid", BW_CHANGED, NULL, "1001"},
	{H, NULL, ",\"user\":{\"uid\":7,\"gid\":7}", NEW_NET ",{\"type\":\"user\"}",
		ID_MAPS("7", "0", "1"), "", "/linux/uidMappings", BW_DENIED, "0 as 7", NULL},
	{H, NULL, ",\"user\":{\"uid\":7,\"gid\":7}", NEW_NET ",{\"type\":\"user\"}",
		ID_MAPS("7", "0", "1"), "", "/linux/gidMappings", BW_DENIED, "0 as 7", NULL},
	{H, NULL, "", NEW_NET ",{\"type\":\"user\",\"path\":\"/run/userns/a\"}", "", "",
		"/process/user/uid", BW_CHANGED, NULL, "1001"},
	/* a range of ids */
	{H, USERNS(""), "", NEW_NET, "", "", "/linux/namespaces/1", BW_CHANGED, NULL, "{\"type\": \"user\"}"},
	{H, USERNS(""), "", NEW_NET, "", "", "!/process/user/uid", BW_CHANGED, "*", "*"},
	{H, USERNS(""), "", NEW_NET, "", "", "/hardening/userRange/first", BW_CHANGED, NULL, "2000224256"},
	{H, USERNS(""), "", NEW_NET, "", "", "/hardening/userRange/count", BW_CHANGED, NULL, "2245"},
	{H, USERNS(""), "", NEW_NET, "", "", "/hardening/userRange/idmap", BW_CHANGED, NULL, "\"prefer\""},
	{H, USERNS(RANGE), "", NEW_NET, "", "", "/hardening/userRange/first", BW_CHANGED, NULL, "131072"},
	{H, USERNS(""), ",\"user\":{\"uid\":7,\"gid\":7}", NEW_NET, "", "", "!/hardening/userRange/first", BW_CHANGED,
		"*", "*"},
	{H, USERNS(""), ",\"user\":{\"uid\":7,\"gid\":0}", NEW_NET, "", "", "/hardening/userRange/first", BW_CHANGED,
		NULL, "2000224256"},
	{U, USERNS(""), ",\"user\":{\"uid\":7,\"gid\":7}", NEW_NET, "", "", "/hardening/userRange/first", BW_CHANGED,
		NULL, "2000224256"},
	{U, USERNS(""), ",\"user\":{\"uid\":7,\"gid\":7}", NEW_NET, "", "", "!/process/user/uid", BW_CHANGED, "*", "*"},
	{H, USERNS(""), ",\"user\":{\"uid\":0,\"gid\":65536}", NEW_NET, "", "", "/process/user/gid", BW_DENIED, "65536",
		NULL},
	{H, USERNS(""), ",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[5,70000]}", NEW_NET, "", "",
		"/process/user/additionalGids/1", BW_DENIED, "70000", NULL},
	{H, USERNS(""), "", NEW_NET, ",\"sysctl\":{\"net.ipv4.ping_group_range\":\"0 2147483647\"}", "",
		"/linux/sysctl/net.ipv4.ping_group_range", BW_CHANGED, "*", "\"0 65535\""},
	{H, USERNS(""), "", NEW_NET, ",\"sysctl\":{\"net.ipv4.ping_group_range\":\"7 9\"}", "",
		"!/linux/sysctl/net.ipv4.ping_group_range", BW_CHANGED, "*", "*"},
	/* a user namespace of the caller's stays, if nobody else can be in it */
	{H, USERNS(""), "", NEW_NET USER_NS, ID_MAPS("0", "1", "65536"), "", "!/hardening/userRange/first", BW_CHANGED, "*",
		"*"},
	{H, USERNS(""), "", NEW_NET USER_NS, ID_MAPS("0", "1", "65536"), "", "!/process/user/uid", BW_CHANGED, "*", "*"},
	{H, USERNS(""), "", NEW_NET USER_NS, ID_MAPS("0", "0", "65536"), "", "/linux/namespaces", BW_DENIED, "user", NULL},
	{H, USERNS(""), "", NEW_NET USER_NS, ID_MAPS("0", "0", "65536"), "", "/process/user/uid", BW_DENIED, "0", NULL},
	{H, USERNS(""), "", NEW_NET ",{\"type\":\"user\",\"path\":\"/run/userns/a\"}", "", "", "/linux/namespaces",
		BW_DENIED, "user", NULL},
	{H, USERNS(""), ",\"user\":{\"uid\":7,\"gid\":7}", NEW_NET ",{\"type\":\"user\",\"path\":\"/proc/77/ns/user\"}", "", "",
		"/linux/namespaces", BW_DENIED, "user", NULL},
	{H, USERNS(RANGE), "", NEW_NET USER_NS, ID_MAPS("0", "131071", "2"), "", "/linux/uidMappings/0", BW_DENIED, "131071",
		NULL},
	{H, USERNS(RANGE), "", NEW_NET USER_NS, ID_MAPS("0", "327679", "1"), "", "/linux/gidMappings/0", BW_DENIED, "327679",
		NULL},
	{H, USERNS(RANGE), "", NEW_NET USER_NS, ID_MAPS("0", "327680", "9"), "", "!/linux/uidMappings/0", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET USER_NS, ID_MAPS("0", "2147352575", "1"), "", "/linux/gidMappings/0", BW_DENIED, "2147352575",
		NULL},
	{H, NULL, "", NEW_NET USER_NS, ID_MAPS("0", "2147352576", "1"), "", "!/linux/gidMappings/0", BW_DENIED, "*", NULL},
	{"compat", NULL, "", NEW_NET USER_NS, ID_MAPS("0", "2147352575", "1"), "", "!/linux/gidMappings/0", BW_DENIED, "*",
		NULL},
	/* capabilities */
	{H, NULL, "", NEW_NET, "", "", "/process/capabilities/bounding", BW_CHANGED, NULL, "[]"},
	{H, "\"capabilities\":{\"allow\":[\"CAP_KILL\"]},\"loosens\":[\"capabilities.allow\"]", "",
		NEW_NET, "", "", "/process/capabilities/bounding", BW_CHANGED, NULL, "[]"},
	{H, NULL, ",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]}", NEW_NET, "", "",
		"/process/capabilities/bounding", BW_CHANGED, "[\"CAP_CHOWN\"]", NULL},
	{H, "\"capabilities\":{\"allow\":[\"CAP_KILL\"]},\"loosens\":[\"capabilities.allow\"]",
		",\"capabilities\":{\"ambient\":[\"CAP_CHOWN\",\"CAP_KILL\"]}", NEW_NET, "", "",
		"/process/capabilities/ambient", BW_CHANGED, "[\"CAP_CHOWN\", \"CAP_KILL\"]",
		"[\"CAP_KILL\"]"},
	{H, NULL, "", NEW_NET, "", "", "/hardening/lockSecurebits", BW_CHANGED, NULL, "true"},
	/* privileges, labels, filters */
	{H, NULL, ",\"noNewPrivileges\":false", NEW_NET, "", "", "/process/noNewPrivileges",
		BW_CHANGED, "false", "true"},
	{H, NULL, ",\"apparmorProfile\":\"unconfined\"", NEW_NET, "", "",
		"/process/apparmorProfile", BW_CHANGED, "\"unconfined\"", NULL},
	{H, NULL, ",\"apparmorProfile\":\"docker-default\"", NEW_NET, "", "",
		"!/process/apparmorProfile", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET, "", "", "/hardening/apparmorProfile", BW_CHANGED, NULL, "\"bulwark-default\""},
	{H, NULL, "", NEW_NET, "", "", "!/hardening/apparmorAlways", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, "", "", "/hardening/apparmorProfile", BW_CHANGED, NULL, "\"bulwark-untrusted\""},
	{U, "\"workspace\":{\"exec\":true},\"loosens\":[\"workspace.exec\"]", "", NEW_NET, "", "", "/hardening/apparmorProfile",
		BW_CHANGED, NULL, "\"bulwark-untrusted-native\""},
	{U, NULL, ",\"apparmorProfile\":\"docker-default\"", NEW_NET, "", "", "/hardening/apparmorAlways", BW_CHANGED, NULL,
		"true"},
	{U, "\"lsm\":{\"apparmor\":\"off\"},\"loosens\":[\"lsm.apparmor\"]", ",\"apparmorProfile\":\"docker-default\"", NEW_NET,
		"", "", "!/hardening/apparmorAlways", BW_CHANGED, "*", "*"},
	{H, NULL, ",\"selinuxLabel\":\"system_u:system_r:spc_t:s0\"", NEW_NET, "", "",
		"/process/selinuxLabel", BW_CHANGED, "*", NULL},
	{H, NULL, ",\"selinuxLabel\":\"system_u:system_r:unconfined_service_t:s0\"", NEW_NET, "", "",
		"/process/selinuxLabel", BW_CHANGED, "*", NULL},
	{H, NULL, ",\"selinuxLabel\":\"system_u:system_r:container_runtime_t:s0\"", NEW_NET, "", "",
		"/process/selinuxLabel", BW_CHANGED, "*", NULL},
	{H, NULL, ",\"selinuxLabel\":\"system_u:system_r:init_t:s0\"", NEW_NET, "", "",
		"/process/selinuxLabel", BW_CHANGED, "*", NULL},
	{H, NULL, ",\"selinuxLabel\":\"unconfined_u:unconfined_r:container_init_t:s0:c1,c2\"", NEW_NET, "", "",
		"!/process/selinuxLabel", BW_CHANGED, "*", "*"},
	{H, NULL, ",\"selinuxLabel\":\"system_u:system_r:container_t:s0:c1,c2\"", NEW_NET, "", "",
		"!/process/selinuxLabel", BW_CHANGED, "*", "*"},
	{H, NULL, ",\"selinuxLabel\":\"system_u:system_r:container_t:s0\"", NEW_NET, "", "",
		"!/process/selinuxLabel", BW_CHANGED, "*", "*"},
	{H, NULL, ",\"selinuxLabel\":\"system_u:system_r:container_t:s0:c1,c2,c3\"", NEW_NET, "", "",
		"/process/selinuxLabel", BW_CHANGED, "*", NULL},
	{U, NULL, ",\"selinuxLabel\":\"system_u:system_r:container_t:s0-s0:c0.c1023\"", NEW_NET, "", "",
		"/process/selinuxLabel", BW_CHANGED, "*", NULL},
	{H, NULL, "", NEW_NET, "", "", "/hardening/selinuxType", BW_CHANGED, NULL, "\"bulwark_t\""},
	{H, NULL, "", NEW_NET, "", "", "!/hardening/selinuxAlways", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, "", "", "/hardening/selinuxType", BW_CHANGED, NULL, "\"bulwark_untrusted_t\""},
	{U, NULL, "", NEW_NET, "", "", "/hardening/selinuxAlways", BW_CHANGED, NULL, "true"},
	{H, "\"lsm\":{\"selinux\":\"off\"},\"loosens\":[\"lsm.selinux\"]", "", NEW_NET, "", "",
		"!/hardening/selinuxType", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET, "", "", "/hardening/seccompBaseline", BW_CHANGED, NULL,
		"\"baseline\""},
	{U, NULL, "", NEW_NET, "", "", "/hardening/seccompBaseline", BW_CHANGED, NULL,
		"\"python-node\""},
	{H, NULL, "", NEW_NET, ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", "",
		"/linux/seccomp/flags", BW_CHANGED, NULL, "[]"},
	{H, NULL, "", NEW_NET,
		",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":[\"SECCOMP_FILTER_"
		"FLAG_SPEC_ALLOW\","
		"\"SECCOMP_FILTER_FLAG_LOG\"]}",
		"", "/linux/seccomp/flags", BW_CHANGED, "*", "[\"SECCOMP_FILTER_FLAG_LOG\"]"},
	{H, NULL, "", NEW_NET, ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":[]}",
		"", "!/linux/seccomp/flags", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET,
		",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_"
		"X86\",\"SCMP_ARCH_X32\"]}",
		"", "/linux/seccomp/architectures", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET, "", "", "/hardening/landlock", BW_CHANGED, NULL, "\"prefer\""},
	{H, NULL, "", NEW_NET, "", "", "!/hardening/mdwe", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, "", "", "/hardening/mdwe", BW_CHANGED, NULL, "\"prefer\""},
	{H, NULL, "", NEW_NET, "", "", "/hardening/privateKeyring", BW_CHANGED, NULL, "true"},
	{H, NULL, "", NEW_NET, "", "", "!/hardening/landlockScope", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, "", "", "/hardening/landlockScope", BW_CHANGED, NULL, "true"},
	{H, NULL, "", NEW_NET, "", "", "!/hardening/landlockConnect", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, "", "", "!/hardening/landlockBind", BW_CHANGED, "*", "*"},
	{H, "\"landlockConnect\":[443,5432]", "", NEW_NET, "", "", "/hardening/landlockConnect", BW_CHANGED, NULL,
		"[443, 5432]"},
	{H, "\"landlockBind\":[]", "", NEW_NET, "", "", "/hardening/landlockBind", BW_CHANGED, NULL, "[]"},
	{H, "\"landlock\":\"off\",\"landlockBind\":[],\"loosens\":[\"landlock\"]", "", NEW_NET, "", "",
		"!/hardening/landlockBind", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET, "", "", "/hardening/exactDevices", BW_CHANGED, NULL, "true"},
	{H, NULL, "", NEW_NET, "", "", "/hardening/forbidLeaks", BW_CHANGED, NULL, "true"},
	{H, NULL, "", NEW_NET, "", "", "/hardening/checkHooks", BW_CHANGED, NULL, "true"},
	/* root file system */
	{H, NULL, "", NEW_NET, "", "", "/root/readonly", BW_CHANGED, NULL, "true"},
	{H, NULL, "", NEW_NET, "", "", "/mounts/1", BW_CHANGED, NULL,
		"tmpfs on /run [\"nosuid\", \"nodev\", \"mode=0755\", \"size=33554432\", "
		"\"nr_inodes=8192\", "
		"\"uid=1001\", \"gid=1001\"]"},
	{H, NULL, "", NEW_NET, "", MOUNT("/run/x", "tmpfs", "tmpfs", ""), "/mounts", BW_CHANGED,
		NULL, "*"},
	{H, NULL, "", NEW_NET, "", MOUNT("/tmp/", "tmpfs", "tmpfs", ""), "!/mounts/3", BW_CHANGED,
		"*", "*"},
	/* mount sources */
	{H, NULL, "", NEW_NET, "", BIND("/srv/data"), "!/mounts/0/source", BW_DENIED, "*", "*"},
	{H, NULL, "", NEW_NET, "", BIND("/"), "/mounts/0/source", BW_DENIED, "/", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/proc/1/root"), "/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/procfoo"), "!/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/srv/../sys//kernel"), "/mounts/0/source", BW_DENIED, "*",
		NULL},
	{H, NULL, "", NEW_NET, "", BIND("/var/run/docker.sock"), "/mounts/0/source", BW_DENIED, "*",
		NULL},
	{H, NULL, "", NEW_NET, "", BIND("/srv/mine/docker.sock"), "/mounts/0/source", BW_DENIED,
		"*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/run"), "/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/home/ann"), "/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/home/ann/.ssh/id_rsa"), "/mounts/0/source", BW_DENIED,
		"*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/home/ann/project"), "!/mounts/0/source", BW_DENIED, "*",
		NULL},
	{H, NULL, "", NEW_NET, "", BIND("../../etc"), "/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("files"), "!/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/var/lib/docker/containers/0a/hosts"), "!/mounts/0/source",
		BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/var/lib/docker/containers/0a/config.v2.json"),
		"/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", BIND("/var/lib/docker/volumes/v/_data"), "!/mounts/0/source",
		BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/dev/shm", "tmpfs", "shm", "\"remount\",\"exec\""), "/mounts/0/options", BW_DENIED,
		"remount", NULL},
	{"compat", NULL, "", NEW_NET, "", MOUNT("/dev/shm", "tmpfs", "shm", "\"remount\",\"exec\""), "!/mounts/0/options",
		BW_DENIED, "*", NULL},
	{U, NULL, "", NEW_NET, "", BIND("/srv/data"), "/mounts/0/source", BW_DENIED, "*", NULL},
	{U, NULL, "", NEW_NET, "", BIND("files"), "/mounts/0/source", BW_DENIED, "*", NULL},
	{U, NULL, "", NEW_NET, "", BIND("/var/lib/docker/containers/0a/hosts"), "!/mounts/0/source",
		BW_DENIED, "*", NULL},
	{U, "\"mounts\":{\"only\":[\"/srv/data\"]},\"loosens\":[\"mounts.only\"]", "", NEW_NET, "",
		BIND("/srv/data/a"), "!/mounts/0/source", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/x", "ext4", "/dev/sda1", ""), "/mounts/0/type",
		BW_DENIED, "ext4", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/x", "debugfs", "d", ""), "/mounts/0/type", BW_DENIED,
		"*", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/proc", "tmpfs", "t", ""), "/mounts/0/destination",
		BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/proc/self/attr", "bind", "/srv/x", "\"bind\""),
		"/mounts/0/destination", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "",
		MOUNT("/proc/meminfo", "bind", "/var/lib/lxcfs/meminfo", "\"bind\""),
		"!/mounts/0/destination", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, "", "", "/hardening/checkMounts", BW_CHANGED, NULL, "true"},
	/* kernel file systems where nothing is masked */
	{H, NULL, "", NEW_NET, "", MOUNT("/tmp/p", "proc", "proc", ""), "/mounts/0/destination",
		BW_DENIED, "/tmp/p", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/x", "sysfs", "sysfs", "\"ro\""), "/mounts/0/destination",
		BW_DENIED, "/x", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/x", "cgroup", "cgroup", "\"ro\""),
		"/mounts/0/destination", BW_DENIED, "/x", NULL},
	{H, NULL, "", NEW_NET, "", MOUNT("/proc", "proc", "proc", ""), "!/mounts/0/destination",
		BW_DENIED, "*", NULL},
	/* mount options */
	{H, NULL, "", NEW_NET, "", MOUNT("/x", "bind", "/srv/x", "\"rbind\",\"rshared\""),
		"/mounts/0/options", BW_CHANGED, "*",
		"[\"rbind\", \"rprivate\", \"rnosuid\", \"rnodev\"]"},
	{H, NULL, "", NEW_NET, "",
		MOUNT("/x", "bind", "/srv/x", "\"bind\",\"suid\",\"dev\",\"exec\""),
		"/mounts/0/options", BW_CHANGED, "*",
		"[\"bind\", \"exec\", \"nosuid\", \"nodev\"]"},
	{U, "\"mounts\":{\"only\":[\"/srv\"]},\"loosens\":[\"mounts.only\"]", "", NEW_NET, "",
		MOUNT("/x", "bind", "/srv/x", "\"bind\",\"exec\""), "/mounts/0/options", BW_CHANGED,
		"*", "[\"bind\", \"nosuid\", \"nodev\", \"noexec\"]"},
	{H, NULL, "", NEW_NET, "", MOUNT("/dev", "tmpfs", "tmpfs", "\"nosuid\""),
		"!/mounts/0/options", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET, "", MOUNT("/dev/pts", "devpts", "devpts", "\"newinstance\""),
		"/mounts/0/options", BW_CHANGED, "*", "[\"newinstance\", \"nosuid\"]"},
	{H, NULL, "", NEW_NET, "",
		MOUNT("/sys/fs/cgroup", "cgroup", "cgroup", "\"rw\",\"nosuid\",\"nodev\""),
		"/mounts/0/options", BW_CHANGED, "*", "[\"nosuid\", \"nodev\", \"ro\"]"},
	{H, NULL, "", NEW_NET, ",\"rootfsPropagation\":\"shared\"", "", "/linux/rootfsPropagation",
		BW_CHANGED, "\"shared\"", "\"private\""},
	/* namespaces and network */
	{H, NULL, "", NEW_NET, "", "", "/linux/namespaces/1", BW_CHANGED, NULL,
		"{\"type\": \"pid\"}"},
	{H, NULL, "", NEW_NET ",{\"type\":\"ipc\",\"path\":\"/proc/77/ns/ipc\"}", "", "",
		"!/linux/namespaces/1/path", BW_DENIED, "*", "*"},
	{H, NULL, "", NEW_NET ",{\"type\":\"ipc\",\"path\":\"/proc/1/ns/ipc\"}", "", "",
		"/linux/namespaces/1/path", BW_DENIED, "*", NULL},
	{H, NULL, "", "", "", "", "/linux/namespaces", BW_DENIED, NULL, NULL},
	{H, NULL, "", "{\"type\":\"network\",\"path\":\"/run/netns/x\"}", "", "",
		"!/linux/namespaces", BW_DENIED, "*", "*"},
	{H, "\"network\":{\"joined\":\"refuse\"}", "",
		"{\"type\":\"network\",\"path\":\"/run/netns/x\"}", "", "", "/linux/namespaces",
		BW_DENIED, "/run/netns/x", NULL},
	{H, NULL, "", NEW_NET,
		",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/agent.sock\"}", "",
		"/linux/seccomp/listenerPath", BW_DENIED, "*", NULL},
	{H, "\"loosens\":[\"seccomp.listeners\"],\"seccomp\":{\"listeners\":[\"/run/agent.sock\"]}", "",
		NEW_NET,
		",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/agent.sock\"}", "",
		"/hardening/checkListener", BW_CHANGED, NULL, "true"},
	{H, "\"loosens\":[\"seccomp.listeners\"],\"seccomp\":{\"listeners\":[\"/run/agent.sock\"]}", "",
		NEW_NET,
		",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/agent.sock/\"}", "",
		"/linux/seccomp/listenerPath", BW_DENIED, "*", NULL},
	{H, NULL, "", NEW_NET, ",\"intelRdt\":{\"closID\":\"/\"}", "", "/linux/intelRdt", BW_DENIED, "/", NULL},
	{H, NULL, "", NEW_NET, ",\"netDevices\":{\"eth1\":{}}", "", "/linux/netDevices/eth1",
		BW_DENIED, NULL, NULL},
	{H, NULL, "", NEW_NET, "", "", "/hardening/endpoints", BW_CHANGED, NULL, "\"require\""},
	{H, NULL, "", NEW_NET, ",\"sysctl\":{\"kernel.core_pattern\":\"x\"}", "",
		"/linux/sysctl/kernel.core_pattern", BW_DENIED, NULL, NULL},
	{H, NULL, "", NEW_NET, ",\"sysctl\":{\"net.core.somaxconn\":\"9\"}", "",
		"!/linux/sysctl/net.core.somaxconn", BW_DENIED, NULL, NULL},
	{H, NULL, "", NEW_NET, ",\"sysctl\":{\"net/core/somaxconn\":\"9\"}", "",
		"!/linux/sysctl/net/core/somaxconn", BW_DENIED, NULL, NULL},
	{H, NULL, "", NEW_NET, ",\"sysctl\":{\"kernel/core_pattern\":\"x\"}", "",
		"/linux/sysctl/kernel/core_pattern", BW_DENIED, NULL, NULL},
	/* devices */
	{H, NULL, "", NEW_NET,
		",\"devices\":[{\"type\":\"b\",\"path\":\"/dev/null\",\"major\":8,\"minor\":0}]",
		"", "/linux/devices/0", BW_DENIED, "/dev/null", NULL},
	{H, NULL, "", NEW_NET,
		",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/null\",\"major\":1,\"minor\":3}]",
		"", "!/linux/devices/0", BW_DENIED, "*", "*"},
	{H, NULL, "", NEW_NET,
		",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/net/"
		"tun\",\"major\":10,\"minor\":200}]",
		"", "/linux/devices/0", BW_DENIED, "/dev/net/tun", NULL},
	{H,
		"\"devices\":{\"allow\":[{\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":"
		"\"rw\"}]},"
		"\"loosens\":[\"devices.allow\"]",
		"", NEW_NET,
		",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/fuse\",\"major\":10,\"minor\":229}]",
		"", "!/linux/devices/0", BW_DENIED, "*", "*"},
	{H, NULL, "", NEW_NET, ",\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}",
		"", "/linux/resources/devices", BW_CHANGED, "all devices",
		"10 rules, 9 of them allow"},
	/* properties of systemd's unit */
	{H, NULL, "", NEW_NET, "", PROPERTIES("Conflicts", "TimeoutStopSec"), "/annotations", BW_CHANGED,
		"[\"org.systemd.property.Conflicts\"]", NULL},
	{H, NULL, "", NEW_NET, "", PROPERTIES("CollectMode", "RuntimeMaxSec"), "!/annotations", BW_CHANGED, "*", "*"},
	{H, "\"systemd\":{\"properties\":[\"After\",\"Before\"]},\"loosens\":[\"systemd.properties\"]", "", NEW_NET, "",
		PROPERTIES("After", "Before"), "!/annotations", BW_CHANGED, "*", "*"},
	/* session */
	{U, NULL, "", NEW_NET, "", "", "/hardening/ttlMs", BW_CHANGED, NULL, "900000"},
	{U, NULL, "", NEW_NET, "", "", "/hardening/graceMs", BW_CHANGED, NULL, "5000"},
	{U, "\"session\":{\"ttl\":\"1m30s\"}", "", NEW_NET, "", "", "/hardening/ttlMs", BW_CHANGED, NULL, "90000"},
	{H, NULL, "", NEW_NET, "", "", "!/hardening/ttlMs", BW_CHANGED, "*", "*"},
	{H, "\"session\":{\"ttl\":\"1m\"}", "", NEW_NET, "", "", "/hardening/graceMs", BW_CHANGED, NULL, "10000"},
	{"compat", "\"session\":{\"ttl\":\"1m\"}", "", NEW_NET, "", "", "/hardening/ttlMs", BW_CHANGED, NULL, "60000"},
	/* An annotation is not heard unless the policy says so. */
	{U, NULL, "", NEW_NET, "", ",\"annotations\":{\"org.bulwark.ttl\":\"1m\"}", "/annotations/org.bulwark.ttl", BW_NOTED,
		NULL, NULL},
	{U, NULL, "", NEW_NET, "", ",\"annotations\":{\"org.bulwark.ttl\":\"1m\"}", "/hardening/ttlMs", BW_CHANGED, NULL,
		"900000"},
	/* paths */
	{H, NULL, "", NEW_NET MOUNT_NS,
		",\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
		"\"/proc/sysrq-trigger\"]",
		"", "!/linux/readonlyPaths", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET MOUNT_NS, ",\"maskedPaths\":[\"/sys/firmware\"]", "",
		"/linux/maskedPaths", BW_CHANGED, "*", "*"},
	/* environment */
	{H, NULL, ",\"env\":[\"AWS_SECRET_ACCESS_KEY=hunter2\",\"A=b\"]", NEW_NET, "", "",
		"/process/env", BW_CHANGED, "[\"AWS_SECRET_ACCESS_KEY\"]", NULL},
	{U, NULL, ",\"env\":[\"ld_preload=x\",\"DB_PASSWORD=hunter2\"]", NEW_NET, "", "",
		"/process/env", BW_CHANGED, "[\"ld_preload\", \"DB_PASSWORD\"]", NULL},
	{H, "\"environment\":{\"keep\":[\"AWS_PROFILE\"]},\"loosens\":[\"environment.keep\"]",
		",\"env\":[\"AWS_PROFILE=p\",\"AWS_EC2_METADATA_DISABLED=true\",\"AWS_METADATA_"
		"SERVICE_TIMEOUT=1\","
		"\"AWS_METADATA_SERVICE_NUM_ATTEMPTS=1\"]",
		NEW_NET, "", "", "!/process/env", BW_CHANGED, "*", "*"},
	/* limits */
	{H, NULL, "", NEW_NET, "", "", "/linux/resources/pids/limit", BW_CHANGED, NULL, "512"},
	{H, NULL, "", NEW_NET, ",\"resources\":{\"pids\":{\"limit\":-1}}", "",
		"/linux/resources/pids/limit", BW_CHANGED, "-1", "512"},
	{H, NULL, "", NEW_NET, ",\"resources\":{\"pids\":{\"limit\":9}}", "",
		"!/linux/resources/pids/limit", BW_CHANGED, "*", "*"},
	{H, NULL, "", NEW_NET, "", "", "!/linux/resources/memory/limit", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, "", "", "/linux/resources/memory/limit", BW_CHANGED, NULL,
		"1073741824"},
	{U, NULL, "", NEW_NET, ",\"resources\":{\"memory\":{\"limit\":1048576}}", "",
		"/linux/resources/memory/swap", BW_CHANGED, NULL, "1048576"},
	{U, NULL, "", NEW_NET, "", "", "/linux/resources/cpu/quota", BW_CHANGED, NULL, "100000"},
	/* the same by files of v2, which are written last */
	{H, NULL, "", NEW_NET, UNIFIED("\"pids.max\":\"max\""), "", "/linux/resources/unified", BW_CHANGED,
		"[\"pids.max\"]", "[]"},
	{H, NULL, "", NEW_NET, UNIFIED("\"pids.max\":\"513\",\"memory.max\":\"max\""), "",
		"/linux/resources/unified", BW_CHANGED, "*", "[\"memory.max\"]"},
	{H, NULL, "", NEW_NET, UNIFIED("\"pids.max\":\" 9\""), "", "/linux/resources/unified", BW_CHANGED, "*",
		"[]"},
	{H, NULL, "", NEW_NET, UNIFIED("\"pids.max\":\"9\\nmax\""), "", "/linux/resources/unified", BW_CHANGED,
		"*", "[]"},
	{H, NULL, "", NEW_NET, UNIFIED("\"pids.max\":\"512\""), "", "!/linux/resources/unified", BW_CHANGED, "*",
		"*"},
	{U, NULL, "", NEW_NET, UNIFIED("\"memory.max\":\"1073741825\""), "", "/linux/resources/unified",
		BW_CHANGED, "*", "[]"},
	{U, NULL, "", NEW_NET, UNIFIED("\"memory.max\":\"1073741824\",\"memory.swap.max\":\"0\""), "",
		"!/linux/resources/unified", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, UNIFIED("\"memory.swap.max\":\"4096\""), "", "/linux/resources/unified",
		BW_CHANGED, "*", "[]"},
	{U, NULL, "", NEW_NET, UNIFIED("\"cpu.max\":\"max 100000\""), "", "/linux/resources/unified", BW_CHANGED,
		"*", "[]"},
	{U, NULL, "", NEW_NET, UNIFIED("\"cpu.max\":\"100001 100000\""), "", "/linux/resources/unified",
		BW_CHANGED, "*", "[]"},
	{U, NULL, "", NEW_NET, UNIFIED("\"cpu.max\":\"100000 50000\""), "", "/linux/resources/unified",
		BW_CHANGED, "*", "[]"},
	{U, NULL, "", NEW_NET, UNIFIED("\"cpu.max\":\"5000\""), "", "/linux/resources/unified", BW_CHANGED, "*",
		"[]"},
	{U, NULL, "", NEW_NET, UNIFIED("\"cpu.max\":\"5000 100000\""), "", "!/linux/resources/unified",
		BW_CHANGED, "*", "*"},
	{H, NULL, ",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":9,\"hard\":9}]", NEW_NET, "",
		"", "/process/rlimits/1", BW_CHANGED, NULL, "RLIMIT_CORE=0"},
	{H, NULL, ",\"oomScoreAdj\":-500", NEW_NET, "", "", "/process/oomScoreAdj", BW_CHANGED,
		"-500", "0"},
	{H, NULL, ",\"oomScoreAdj\":500", NEW_NET, "", "", "!/process/oomScoreAdj", BW_CHANGED, "*",
		"*"},
	{H, NULL, ",\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":9}", NEW_NET, "", "",
		"/process/scheduler", BW_CHANGED, "SCHED_FIFO", NULL},
	{H, NULL, ",\"scheduler\":{\"policy\":\"SCHED_BATCH\"}", NEW_NET, "", "",
		"!/process/scheduler", BW_CHANGED, "*", "*"},
	/* the workspace, and what lies in memory */
	{U, NULL, "", NEW_NET, "", "", "/process/cwd", BW_CHANGED, "\"/\"", "\"/workspace\""},
	{U, NULL, "", NEW_NET, "", MOUNT("/workspace", "tmpfs", "tmpfs", ""), "!/process/cwd", BW_CHANGED, "*", "*"},
	{U, NULL, "", NEW_NET, "", "", "/hardening/stage/fileBytes", BW_CHANGED, NULL, "1048576"},
	{H, NULL, "", NEW_NET, "", "", "!/hardening/stage/fileBytes", BW_CHANGED, "*", "*"},
	{H, "\"workspace\":{}", "", NEW_NET, "", "", "/hardening/stage/bytes", BW_CHANGED, NULL, "67108864"},
	{H, "\"workspace\":{},\"stage\":{\"files\":5}", "", NEW_NET, "", "", "/hardening/stage/files", BW_CHANGED, NULL, "5"},
	{H, "\"stage\":{\"patterns\":[\"eval(\"]},\"workspace\":{}", "", NEW_NET, "", "", "/hardening/stage/patterns", BW_CHANGED,
		NULL, "[\"eval(\"]"},
	{U, "\"workspace\":{\"perSession\":true}", "", NEW_NET, "", "", "/annotations", BW_DENIED, NULL, NULL},
	{U, NULL, "", NEW_NET, "", "", "/linux/resources/memory", BW_NOTED, NULL, NULL},
	{U, "\"workspace\":{\"size\":536870912}", "", NEW_NET, "", "", "!/linux/resources/memory", BW_NOTED, "*", "*"},
	{U, "\"workspace\":{\"size\":536870912}", "", NEW_NET, "", MOUNT("/scratch", "tmpfs", "tmpfs", "\"size=1g\""),
		"/linux/resources/memory", BW_NOTED, NULL, NULL},
	{U, "\"workspace\":{\"size\":536870912}", "", NEW_NET, "", MOUNT("/scratch", "tmpfs", "tmpfs", "\"size=1g\",\"size=1K\""),
		"!/linux/resources/memory", BW_NOTED, "*", "*"},
	{U, "\"workspace\":{\"size\":536870912}", "", NEW_NET, "", MOUNT("/scratch", "tmpfs", "tmpfs", "\"size=50%\""),
		"/linux/resources/memory", BW_NOTED, NULL, NULL},
	{U, "\"workspace\":{\"size\":536870912}", "", NEW_NET, "", MOUNT("/scratch", "tmpfs", "tmpfs", ""),
		"/linux/resources/memory", BW_NOTED, NULL, NULL},
	{U, "\"workspace\":{\"size\":536870912}", "", NEW_NET, "", MOUNT("/scratch", "tmpfs", "tmpfs", "\"ro\""),
		"!/linux/resources/memory", BW_NOTED, "*", "*"},
	{H, NULL, "", NEW_NET, "", MOUNT("/scratch", "tmpfs", "tmpfs", ""), "!/linux/resources/memory", BW_NOTED, "*", "*"},
	/* annotations */
	{H, NULL, "", NEW_NET, "", ",\"annotations\":{\"org.bulwark.tenant\":\"t\"}",
		"/annotations/org.bulwark.tenant", BW_NOTED, NULL, NULL},
};

static bool fits(const char *expected, const char *found)
{
	return (expected && bw_streq(expected, "*")) || bw_streq0(expected, found);
}

START_TEST(each_decision_has_its_finding)
{
	const struct row *row = &rows[_i];
	struct bw_spec *asked = parse(config(row->process, row->namespaces, row->lin, row->top)),
		       *hardened = NULL;
	const struct bw_profile *p =
		!row->policy ? profile_of(NULL, row->profile)
			     : profile_of(bw_arena_printf(&arena,
						  "{\"version\":1,\"profiles\":{\"%s\":{"
						  "\"extends\":\"%s\",%s}}}",
						  row->profile, row->profile, row->policy),
				       row->profile);
	bool must_be = row->pointer[0] != '!';
	const char *pointer = row->pointer + !must_be;
	struct bw_findings findings = {0};
	const struct bw_finding *f;
	struct bw_err err = {0};
	int r = bw_harden(asked, p, &arena, &hardened, &findings, &err);

	f = find(&findings, pointer);
	if (!must_be) {
		ck_assert_msg(
			!f || f->verdict != row->verdict, "%s: %s", pointer, f ? f->reason : "");
		return;
	}
	ck_assert_msg(f != NULL, "nothing said of %s", pointer);
	ck_assert_str_eq(bw_verdict_word(f->verdict), bw_verdict_word(row->verdict));
	ck_assert_msg(fits(row->before, f->before), "%s before: %s", pointer,
		f->before ? f->before : "(absent)");
	ck_assert_msg(fits(row->after, f->after), "%s after: %s", pointer,
		f->after ? f->after : "(absent)");
	ck_assert_int_eq(r < 0, row->verdict == BW_DENIED);
	if (r < 0) {
		ck_assert_int_eq(err.code, BW_E_DENIED);
		ck_assert_str_eq(err.rule, find(&findings, err.field)->rule);
	}
}
END_TEST

START_TEST(a_denial_is_one_sentence_with_rule_place_and_hint)
{
	struct bw_findings findings = {0};
	struct bw_spec *hardened = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET, "", BIND("/run/docker.sock"))),
				 profile_of(NULL, H), &arena, &hardened, &findings, &err),
		-1);
	ck_assert_str_eq(err.text,
		"profile \"hardened\" refuses /mounts/0/source: is /run/docker.sock, which "
		"mounts.refuse of the policy names (rule mounts.source)");
	ck_assert_str_eq(err.field, "/mounts/0/source");
	ck_assert_str_eq(err.rule, "mounts.source");
	ck_assert(err.hint[0]);
}
END_TEST

static const struct {
	const char *profile, *annotation;
	uint64_t ttl_ms; /* 0: none */
	const char *said; /* of the annotation, or NULL */
	bool refused;
} lives[] = {
	{U, "1m", 60000, NULL, false},
	{U, "15m", 900000, NULL, false},
	{U, "1ms", 1, NULL, false},
	{U, "15m1ns", 900000, "the policy gives a container 15m, and an annotation can only ask for less", false},
	{U, "24h", 900000, "the policy gives a container 15m, and an annotation can only ask for less", false},
	{H, "24h", 86400000, NULL, false},
	{U, "0", 900000, "this is not a time such as 15m, 90s or 1h30m", true},
	{U, "-1m", 900000, "this is not a time such as 15m, 90s or 1h30m", true},
	{U, "soon", 900000, "this is not a time such as 15m, 90s or 1h30m", true},
	{U, "", 900000, "this is not a time such as 15m, 90s or 1h30m", true},
	{"compat", "1m", 0, NULL, false},
};

static const struct {
	const char *name;
	bool plain;
} tenants[] = {
	{"a", true},
	{"7-eleven.example_1", true},
	{"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij123", true},
	{"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij1234", false},
	{"", false},
	{".", false},
	{"..", false},
	{"-a", false},
	{"A", false},
	{"a/b", false},
	{"../a", false},
	{"a/../b", false},
	{"%2e%2e", false},
	{"a%2fb", false},
	{"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
	 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
	 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij", false},
	{"a b", false},
	{"a\\nb", false},
	{"\xc3\xa4", false},
};

START_TEST(an_annotation_names_the_tenant_where_it_is_heard)
{
	const struct bw_profile *heard = profile_of("{\"version\":1,\"annotations\":{\"tenant\":true}}", H);
	const struct bw_profile *deaf = profile_of("{\"version\":1}", H);
	const char *top = bw_arena_printf(&arena, ",\"annotations\":{\"org.bulwark.tenant\":\"%s\"}", tenants[_i].name);
	const char *text = config("", NEW_NET, "", top);
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(text), deaf, &arena, &hardened, &findings, &err), 0);
	ck_assert_ptr_null(hardened->hardening->tenant);
	ck_assert_int_eq(bw_harden(parse(text), heard, &arena, &hardened, &findings, &err), tenants[_i].plain ? 0 : -1);
	if (!tenants[_i].plain) {
		ck_assert_str_eq(err.rule, "tenant");
		ck_assert_str_eq(err.field, "/annotations/org.bulwark.tenant");
		return;
	}
	ck_assert_str_eq(hardened->hardening->tenant, tenants[_i].name);
	ck_assert_ptr_null(find(&findings, "/annotations/org.bulwark.tenant"));
	ck_assert_ptr_null(bw_check_idempotent(hardened, heard, &arena));
}
END_TEST

START_TEST(a_file_for_what_was_used_is_the_policys_alone)
{
	const char *const policy = "{\"version\":1,\"metrics\":{\"emf\":\"/var/log/emf\",\"namespace\":\"Team/x\"}}";
	const char *text = config("", NEW_NET, "", ",\"annotations\":{\"org.bulwark.metrics\":\"/etc/passwd\"}");
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(text), profile_of("{\"version\":1}", H), &arena, &hardened, &findings, &err), 0);
	ck_assert_ptr_null(hardened->hardening->emf);
	ck_assert_int_eq(bw_harden(parse(text), profile_of(policy, H), &arena, &hardened, &findings, &err), 0);
	ck_assert_str_eq(hardened->hardening->emf->file, "/var/log/emf");
	ck_assert_str_eq(hardened->hardening->emf->name_space, "Team/x");
	ck_assert_ptr_null(bw_check_idempotent(hardened, profile_of(policy, H), &arena));
	ck_assert_int_eq(bw_harden(parse(text), profile_of(policy, "compat"), &arena, &hardened, &findings, &err), 0);
	ck_assert_ptr_null(hardened->hardening);
}
END_TEST

START_TEST(an_annotation_names_the_session_where_it_is_heard)
{
	const struct bw_profile *heard = profile_of("{\"version\":1,\"annotations\":{\"session\":true}}", H);
	const char *top = bw_arena_printf(&arena, ",\"annotations\":{\"org.bulwark.session\":\"%s\"}", tenants[_i].name);
	const char *text = config("", NEW_NET, "", top);
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(text), profile_of("{\"version\":1}", H), &arena, &hardened, &findings, &err), 0);
	ck_assert_ptr_null(hardened->hardening->session);
	ck_assert_int_eq(bw_harden(parse(text), heard, &arena, &hardened, &findings, &err), tenants[_i].plain ? 0 : -1);
	if (!tenants[_i].plain) {
		ck_assert_str_eq(err.field, "/annotations/org.bulwark.session");
		return;
	}
	ck_assert_str_eq(hardened->hardening->session, tenants[_i].name);
	ck_assert_ptr_null(hardened->hardening->tenant);
}
END_TEST

#define NAMES "{\"version\":1,\"annotations\":{\"tenant\":true},\"names\":{\"tenant\":" \
	      "[\"docker.label.com.amazonaws.ecs.task-arn\",\"cgroup.ecsTask\",\"docker.label.owner\"]}}"

static const struct {
	const char *facts, *annotation, *tenant, *refusal;
} named[] = {
	{"{}", NULL, NULL, NULL},
	{"{}", "ann", "ann", NULL},
	{"{\"docker.label.owner\":\"bob\"}", "ann", "bob", NULL},
	{"{\"cgroup.ecsTask\":\"t1\",\"docker.label.owner\":\"bob\"}", NULL, "t1", NULL},
	{"{\"docker.label.com.amazonaws.ecs.task-arn\":\"arn:aws:ecs:eu-central-1:1:task/web/0123abcd\"}", NULL, "0123abcd",
		NULL},
	{"{\"docker.label.owner\":\"../bob\"}", NULL, "bob", NULL},
	{"{\"docker.label.owner\":\"bob/..\"}", "ann", NULL,
		"docker.label.owner, which the policy names by, ends in no plain name"},
	{"{\"docker.label.owner\":\"\"}", "ann", NULL, "docker.label.owner, which the policy names by, ends in no plain name"},
	{"{\"docker.label.owner\":\"Bob\"}", NULL, NULL, "ends in no plain name"},
	/* Whoever makes the labels unreadable must not get rid of his name. */
	{"{\"docker.unreadable\":\"too large\"}", "ann", NULL,
		"the policy names by docker.label.com.amazonaws.ecs.task-arn: too large"},
	{"{\"docker.unreadable\":\"too large\",\"cgroup.ecsTask\":\"t1\"}", NULL, NULL, "too large"},
};

START_TEST(what_the_host_knows_names_before_an_annotation_does)
{
	const struct bw_policy *policy = NULL;
	struct bw_policy_facts facts = {0};
	const struct bw_profile *profile;
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};
	const char *top = named[_i].annotation ? bw_arena_printf(&arena, ",\"annotations\":{\"org.bulwark.tenant\":\"%s\"}",
							 named[_i].annotation)
					       : "";

	ck_assert_int_eq(bw_policy_parse(NAMES, strlen(NAMES), "policy.json", &arena, &policy, &err), 0);
	ck_assert(bw_policy_needs(policy, "hardened", "docker."));
	ck_assert_int_eq(bw_policy_facts_parse(named[_i].facts, strlen(named[_i].facts), "facts", &arena, &facts, &err), 0);
	profile = bw_policy_name(policy, bw_policy_profile(policy, H), &facts, &arena);
	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET, "", top)), profile, &arena, &hardened, &findings, &err),
		named[_i].refusal ? -1 : 0);
	if (named[_i].refusal) {
		ck_assert_msg(strstr(err.text, named[_i].refusal), "%s", err.text);
		ck_assert_str_eq(err.rule, "tenant");
		return;
	}
	ck_assert(bw_streq0(hardened->hardening->tenant, named[_i].tenant));
	ck_assert(!find(&findings, "/annotations/org.bulwark.tenant") ==
		  (!named[_i].annotation || bw_streq0(named[_i].annotation, named[_i].tenant)));
	/* Of a container that is there it is known already. */
	profile = bw_profile_named(bw_policy_profile(policy, H), named[_i].tenant, "s", &arena);
	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET, "", "")), profile, &arena, &hardened, &findings, &err), 0);
	ck_assert(bw_streq0(hardened->hardening->tenant, named[_i].tenant));
	ck_assert_str_eq(hardened->hardening->session, "s");
}
END_TEST

START_TEST(maps_keep_off_the_ranges_of_other_profiles)
{
	const struct bw_profile *p =
		profile_of("{\"version\":1,\"profiles\":{\"other\":{\"extends\":\"hardened\"," USERNS(RANGE) "}}}", H);
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET USER_NS, ID_MAPS("0", "327679", "1"), "")), p, &arena, &hardened,
				 &findings, &err),
		-1);
	ck_assert_str_eq(err.field, "/linux/uidMappings/0");
	ck_assert_str_eq(err.rule, "identity");
	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET USER_NS, ID_MAPS("0", "327680", "1"), "")), p, &arena, &hardened,
				 &findings, &err),
		0);
}
END_TEST

START_TEST(an_annotation_can_only_shorten_a_life)
{
	const struct bw_profile *p = profile_of("{\"version\":1,\"annotations\":{\"ttl\":true}}", lives[_i].profile);
	struct bw_spec *hardened = NULL;
	const char *top = bw_arena_printf(&arena, ",\"annotations\":{\"org.bulwark.ttl\":\"%s\"}", lives[_i].annotation);
	struct bw_findings findings = {0};
	const struct bw_finding *f;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET, "", top)), p, &arena, &hardened, &findings, &err),
		lives[_i].refused ? -1 : 0);
	f = find(&findings, "/annotations/org.bulwark.ttl");
	ck_assert_int_eq(f != NULL, lives[_i].said != NULL);
	if (f)
		ck_assert_str_eq(f->reason, lives[_i].said);
	if (lives[_i].refused) {
		ck_assert_int_eq(err.code, BW_E_DENIED);
		ck_assert_str_eq(err.rule, "session");
		return;
	}
	ck_assert_uint_eq(hardened->hardening ? hardened->hardening->ttl_ms.v : 0, lives[_i].ttl_ms);
	/* Once more, as of a stored container. */
	ck_assert_ptr_null(bw_check_idempotent(hardened, p, &arena));
}
END_TEST

static struct bw_spec_process *exec_of(const struct bw_spec *spec, const char *cwd, const char *program)
{
	struct bw_spec_process *process = bw_schema_copy(&bw_spec_process_schema, spec->process, &arena);

	ck_assert_ptr_nonnull(process);
	process->cwd = bw_arena_strdup(&arena, cwd);
	process->args.v[0] = bw_arena_strdup(&arena, program);
	return process;
}

static const struct {
	const char *cwd, *program;
	bool listed;
} programs[] = {
	{"/", "python3", true},
	{"/", "python3.12", true},
	{"/", "node", true},
	{"/", "pip", true},
	{"/", "env", true},
	{"/", "/usr/bin/python3", true},
	{"/", "/usr//bin/./python3.11", true},
	{"/", "/srv/../usr/bin/node", true},
	{"/usr/bin", "./python3", true},
	{"/usr/local", "bin/node", true},
	{"/", "/sbin/docker-init", true},
	{"/", "sh", false},
	{"/", "", false},
	{"/", "python", true},
	{"/", "xpython3", false},
	{"/", "nodex", false},
	{"/", "/bin/sh", false},
	{"/", "/usr/bin/python3/../sh", false},
	{"/", "/usr/bin/../bin/bash", false},
	{"/", "/tmp/python3", false},
	{"/tmp", "./python3", false},
	{"/usr/bin/x", "./python3", false},
	{"/", "/usr/bin/python3/x", false},
	{"/", "/usr/bin", false},
	{"/", "/", false},
	{"/", "/lib64/ld-linux-x86-64.so.2", false},
	{"/", "ld-linux-x86-64.so.2", false},
	{"/", "busybox", false},
};

#define NOT_LISTED "Direct shell access denied: \"%s\" is not among the programs that profile \"untrusted-code\" allows (programs.allow)"

START_TEST(no_program_is_started_that_is_not_listed)
{
	const struct bw_profile *p = profile_of(NULL, U);
	struct bw_spec *spec = parse(config("", NEW_NET, "", "")), *hardened = NULL;
	struct bw_spec_process *process = exec_of(spec, programs[_i].cwd, programs[_i].program), *clamped = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};
	const char *reason = bw_arena_printf(&arena, NOT_LISTED, programs[_i].program);
	const struct bw_finding *f;

	/* As a further process of a container of Python. */
	ck_assert_int_eq(bw_harden_exec(process, spec, p, &arena, &clamped, &findings, &err), programs[_i].listed ? 0 : -1);
	f = find(&findings, "/args/0");
	ck_assert_int_eq(f != NULL, !programs[_i].listed);
	if (f) {
		ck_assert_str_eq(f->reason, reason);
		ck_assert_int_eq(err.code, BW_E_DENIED);
		ck_assert_str_eq(err.rule, "exec.programs");
	}
	/* As the first. */
	err = (struct bw_err){0};
	spec->process = process;
	ck_assert_int_eq(bw_harden(spec, p, &arena, &hardened, &findings, &err), programs[_i].listed ? 0 : -1);
	f = find(&findings, "/process/args/0");
	ck_assert_int_eq(f != NULL, !programs[_i].listed);
	if (!f) {
		ck_assert_ptr_nonnull(hardened->hardening->programs);
		return;
	}
	ck_assert_str_eq(f->reason, reason);
	ck_assert_str_eq(err.rule, "programs");
	ck_assert_str_eq(err.field, "/process/args/0");
	ck_assert_ptr_nonnull(strstr(err.text, reason));
}
END_TEST

static const struct {
	const char *members; /* of a profile over untrusted-code */
	bool noexec, memfd, has;
	const char *events;
} layers[] = {
	{"", true, true, true, "prefer"},
	{",\"loosens\":[\"programs.restrict\"],\"programs\":{\"restrict\":false}", false, false, false, NULL},
	{",\"loosens\":[\"programs.noexec\"],\"programs\":{\"noexec\":false}", false, true, true, "prefer"},
	{",\"loosens\":[\"programs.memfdNoexec\"],\"programs\":{\"memfdNoexec\":false}", true, false, true, "prefer"},
	{",\"loosens\":[\"programs.events\"],\"programs\":{\"events\":\"off\"}", true, true, true, NULL},
	{",\"programs\":{\"events\":\"require\"}", true, true, true, "require"},
	{",\"programs\":{\"allow\":[]}", true, true, true, "prefer"},
	{",\"mode\":\"audit\",\"loosens\":[\"mode\"]", false, false, false, NULL},
};

START_TEST(each_layer_of_the_list_is_a_switch_of_its_own)
{
	const struct bw_profile *p = profile_of(bw_arena_printf(&arena,
		"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\"%s}}}", layers[_i].members), "x");
	struct bw_spec *spec = parse(config("", NEW_NET, "", "")), *hardened = NULL;
	const struct bw_spec_programs *programs_found;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	spec->process->args = (struct bw_strs){0};
	ck_assert_msg(bw_harden(spec, p, &arena, &hardened, &findings, &err) == 0, "%s", err.text);
	programs_found = hardened->hardening->programs;
	ck_assert_int_eq(programs_found != NULL, layers[_i].has);
	if (!programs_found)
		return;
	ck_assert_ptr_nonnull(programs_found->allow.v);
	ck_assert_int_eq(programs_found->noexec.v, layers[_i].noexec);
	ck_assert_int_eq(programs_found->memfd_noexec.v, layers[_i].memfd);
	ck_assert(bw_streq0(programs_found->events, layers[_i].events) || (!programs_found->events && !layers[_i].events));
	ck_assert_ptr_null(bw_check_idempotent(hardened, p, &arena));
}
END_TEST

#define ENGINES(dst, src, opts) MOUNT(dst, "bind", src, "\"bind\"" opts)

static const struct {
	const char *mount, *option; /* that it must have afterwards */
	bool has;
} executable_mounts[] = {
	{MOUNT("/x", "tmpfs", "tmpfs", "\"exec\",\"ro\""), "noexec", true},
	{MOUNT("/x", "tmpfs", "tmpfs", "\"exec\",\"ro\""), "exec", false},
	{MOUNT("/proc", "proc", "proc", ""), "noexec", true},
	{ENGINES("/sbin/docker-init", "/usr/bin/docker-init", ",\"ro\""), "noexec", false},
	{ENGINES("/run/podman-init", "/usr/libexec/podman/catatonit", ",\"ro\""), "noexec", false},
	{ENGINES("/sbin/docker-init", "/usr/bin/docker-init", ""), "noexec", true},
	{ENGINES("/sbin/other", "/usr/bin/docker-init", ",\"ro\""), "noexec", true},
	{ENGINES("/usr/bin/python3", "/var/lib/docker/containers/x/hosts", ",\"ro\""), "noexec", true},
};

START_TEST(nothing_that_is_mounted_can_be_executed_but_an_engines_init)
{
	const struct bw_profile *p = profile_of(NULL, U);
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};
	size_t at = 0;

	ck_assert_msg(bw_harden(parse(config("", NEW_NET, "", executable_mounts[_i].mount)), p, &arena, &hardened, &findings,
			      &err) == 0,
		"%s", err.text);
	/* A tmpfs of ours may stand before it. */
	while (bw_streq(hardened->mounts.v[at].destination, "/run"))
		at++;
	ck_assert_int_eq(bw_strs_has(&hardened->mounts.v[at].options, executable_mounts[_i].option), executable_mounts[_i].has);
	ck_assert_ptr_null(bw_check_idempotent(hardened, p, &arena));
}
END_TEST

#define OWN_TMPFS "tmpfs on /workspace [\"nosuid\", \"nodev\", "
#define REST(size, inodes) "\"mode=0750\", \"size=" size "\", \"nr_inodes=" inodes "\", \"uid=1001\", \"gid=1001\"]"
#define EXEC_SPACE ",\"loosens\":[\"workspace.exec\"],\"workspace\":{\"exec\":true}"

#define OWN_DISK "ext4 on /workspace [\"nosuid\", \"nodev\", "
#define EXEC_DISK ",\"loosens\":[\"workspace.exec\"],\"workspace\":{\"exec\":true,\"disk\":{\"directory\":\"/srv/disks\"}}"

static const struct {
	const char *members; /* of a profile over untrusted-code */
	const char *top;
	const char *mounted; /* NULL: nothing of ours */
	bool weaker;
} workspaces[] = {
	{"", "", OWN_TMPFS "\"noexec\", " REST("2147483648", "262144"), false},
	{",\"workspace\":{\"size\":4096,\"inodes\":7}", "", OWN_TMPFS "\"noexec\", " REST("4096", "7"), false},
	{EXEC_SPACE, "", OWN_TMPFS REST("2147483648", "262144"), true},
	{",\"workspace\":{\"disk\":{\"directory\":\"/srv/disks\"}}", "", OWN_DISK "\"noexec\", " REST("2147483648", "262144"), false},
	{EXEC_DISK, "", OWN_DISK REST("2147483648", "262144"), true},
	{EXEC_DISK, MOUNT("/workspace", "tmpfs", "tmpfs", "\"exec\""), NULL, false},
	{"", MOUNT("/workspace/", "tmpfs", "tmpfs", "\"exec\""), NULL, false},
	{EXEC_SPACE, MOUNT("/workspace", "tmpfs", "tmpfs", "\"exec\""), NULL, false},
};

START_TEST(a_workspace_is_the_users_own_and_data_unless_the_policy_says_more)
{
	const struct bw_profile *p = profile_of(bw_arena_printf(&arena,
		"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\"%s}}}", workspaces[_i].members), "x");
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	const struct bw_finding *f = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_harden(parse(config("", NEW_NET, "", workspaces[_i].top)), p, &arena, &hardened, &findings, &err) == 0,
		"%s", err.text);
	for (size_t i = 0; i < findings.n; i++)
		if (bw_streq(findings.v[i].rule, "workspace") && bw_after_prefix(findings.v[i].pointer, "/mounts"))
			f = &findings.v[i];
	ck_assert_int_eq(f != NULL, workspaces[_i].mounted != NULL);
	/* Only what the rule has mounted itself is made a disk. */
	ck_assert_int_eq(hardened->hardening->scratch != NULL, f && bw_after_prefix(f->after, OWN_DISK));
	if (f) {
		ck_assert_str_eq(f->after, workspaces[_i].mounted);
		ck_assert_int_eq(strstr(f->reason, "weaker") != NULL, workspaces[_i].weaker);
	} else {
		ck_assert(bw_strs_has(&hardened->mounts.v[0].options, "noexec"));
		ck_assert(!bw_strs_has(&hardened->mounts.v[0].options, "exec"));
	}
	ck_assert_ptr_null(bw_check_idempotent(hardened, p, &arena));
}
END_TEST

/* A session's own workspace needs both names; whoever says them. */
static const struct {
	const char *tenant, *session, *cwd, *begins, *missing; /* missing: in the words of the refusal */
} per_session[] = {
	{"acme", "s1", "/", "/workspace/acme/s1", NULL},
	{"acme", "s1", "/srv", "/srv", NULL},
	{"acme", NULL, "/", NULL, "nobody says which session it is,"},
	{NULL, "s1", "/", NULL, "nobody says whose the container is,"},
	{NULL, NULL, "/", NULL, "nobody says whose the container is, nor which session it is,"},
};

START_TEST(a_workspace_of_each_session_lies_beneath_its_names)
{
	const struct bw_profile *p = profile_of("{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\","
						"\"workspace\":{\"perSession\":true}}}}",
		"x");
	struct bw_spec_hardening given = {
		.tenant = (char *)(uintptr_t)per_session[_i].tenant, .session = (char *)(uintptr_t)per_session[_i].session};
	struct bw_spec *asked = parse(config("", NEW_NET, "", "")), *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	asked->hardening = &given;
	asked->process->cwd = (char *)(uintptr_t)per_session[_i].cwd;
	ck_assert_int_eq(bw_harden(asked, p, &arena, &hardened, &findings, &err), per_session[_i].missing ? -1 : 0);
	if (per_session[_i].missing) {
		ck_assert_str_eq(err.rule, "workspace");
		ck_assert_ptr_nonnull(strstr(err.text, per_session[_i].missing));
		return;
	}
	ck_assert_str_eq(hardened->hardening->workspace, "/workspace/acme/s1");
	ck_assert_str_eq(hardened->process->cwd, per_session[_i].begins);
	ck_assert_str_eq(hardened->mounts.v[hardened->mounts.n - 1].destination, "/workspace/acme/s1");
	ck_assert_ptr_null(bw_check_idempotent(hardened, p, &arena));
}
END_TEST

#define VOLUMES(more)                                                                                  \
	"{\"version\":1,\"annotations\":{\"tenant\":true},\"profiles\":{\"x\":{\"extends\":\"untrusted-code\"," \
	"\"mounts\":{\"only\":[\"/srv\"]},\"loosens\":[\"mounts.only\",\"workspace.volumes\"],"          \
	"\"workspace\":{\"volumes\":[{\"source\":\"/srv/tenants\",\"destination\":\"/data\"" more "}]}}}}"
#define OF_ACME ",\"annotations\":{\"org.bulwark.tenant\":\"acme\"}"
#define VOLUME_OPTIONS "\"bind\",\"nosuid\",\"nodev\",\"noexec\",\"nosymfollow\""

/* What becomes of a mount that the author of config.json asks for. */
static const struct {
	const char *more, *top;
	const char *refused; /* the field of the refusal; NULL: there are so many mounts, and the last has the option */
	size_t mounts;
	const char *option;
} tenants_binds[] = {
	{"", OF_ACME, NULL, 5, "nosymfollow"},
	{",\"readonly\":true", OF_ACME, NULL, 5, "ro"},
	{"", "", "/annotations", 0, NULL},
	{"", OF_ACME MOUNT("/data", "bind", "/srv/tenants/acme", VOLUME_OPTIONS), NULL, 5, "nosymfollow"},
	{"", OF_ACME MOUNT("/data", "bind", "/srv/tenants/acme", "\"bind\",\"exec\""), NULL, 5, "nosymfollow"},
	{"", OF_ACME MOUNT("/data", "bind", "/srv/tenants/acme", "\"bind\",\"ro\""), "/mounts", 0, NULL},
	{"", OF_ACME MOUNT("/data/", "tmpfs", "tmpfs", ""), "/mounts", 0, NULL},
	{"", OF_ACME MOUNT("/x", "bind", "/srv/tenants/other", "\"bind\""), "/mounts/0/source", 0, NULL},
	{"", OF_ACME MOUNT("/x", "bind", "/srv/tenants/acme/../other", "\"bind\""), "/mounts/0/source", 0, NULL},
	{"", OF_ACME MOUNT("/x", "bind", "/srv/tenants/acme2", "\"bind\""), "/mounts/0/source", 0, NULL},
	{"", OF_ACME MOUNT("/x", "bind", "/srv/tenants", "\"bind\""), "/mounts/0/source", 0, NULL},
	{"", OF_ACME MOUNT("/x", "bind", "/srv/other", "\"bind\""), NULL, 6, "nosymfollow"},
	{"", OF_ACME MOUNT("/x", "bind", "/srv/tenants/acme/deep", "\"bind\",\"suid\",\"symfollow\""), NULL, 6, "nosymfollow"},
};

START_TEST(a_tenant_gets_its_own_directory_and_no_other_one)
{
	const struct bw_profile *p = profile_of(
		bw_arena_printf(&arena, "%s", tenants_binds[_i].more[0] ? VOLUMES(",\"readonly\":true") : VOLUMES("")), "x");
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	const struct bw_spec_mount *last;
	struct bw_err err = {0};
	int r = bw_harden(parse(config("", NEW_NET, "", tenants_binds[_i].top)), p, &arena, &hardened, &findings, &err);

	ck_assert_msg(r == (tenants_binds[_i].refused ? -1 : 0), "%s", err.text);
	if (r < 0) {
		ck_assert_str_eq(err.field, tenants_binds[_i].refused);
		return;
	}
	ck_assert_uint_eq(hardened->mounts.n, tenants_binds[_i].mounts);
	last = &hardened->mounts.v[hardened->mounts.n - 1];
	for (size_t i = 0; i < hardened->mounts.n; i++)
		if (bw_streq(hardened->mounts.v[i].destination, "/data"))
			last = &hardened->mounts.v[i];
	ck_assert_str_eq(last->source, "/srv/tenants/acme");
	ck_assert(bw_strs_has(&last->options, tenants_binds[_i].option));
	for (size_t i = 0; i < hardened->mounts.n; i++)
		if (bw_after_prefix(hardened->mounts.v[i].source, "/srv/tenants/acme"))
			ck_assert(bw_strs_has(&hardened->mounts.v[i].options, "nosymfollow") &&
				  bw_strs_has(&hardened->mounts.v[i].options, "nosuid") &&
				  !bw_strs_has(&hardened->mounts.v[i].options, "suid") &&
				  !bw_strs_has(&hardened->mounts.v[i].options, "symfollow"));
	ck_assert_uint_eq(hardened->hardening->volumes.n, 1);
	ck_assert_uint_eq(hardened->hardening->volumes.v[0].uid.v, 1001);
	ck_assert_uint_eq(hardened->hardening->volumes.v[0].mode.v, 0750);
	ck_assert(bw_strs_has(&hardened->hardening->refused_sources, "/srv/tenants"));
	ck_assert(bw_strs_has(&hardened->hardening->own_sources, "/srv/tenants/acme"));
	ck_assert(hardened->hardening->plain_sources.v && hardened->hardening->check_mounts.v);
}
END_TEST

START_TEST(what_must_be_encrypted_is_for_the_host_to_look_at)
{
	const struct bw_profile *p = profile_of("{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"compat\",\"requireMemoryEncryption\":true,"
						"\"requireEncryptedBinds\":true,\"encryptedBindsExcept\":[\"/srv/efs\"],"
						"\"mounts\":{\"except\":[\"/run/e/hosts\"]}}}}", "x");
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	ck_assert_msg(bw_harden(parse(config("", NEW_NET, "", "")), p, &arena, &hardened, &findings, &err) == 0, "%s", err.text);
	ck_assert(hardened->hardening->memory_encryption.v);
	ck_assert(hardened->hardening->encrypted_sources.v);
	ck_assert_str_eq(hardened->hardening->unencrypted_sources.v[0], "/srv/efs");
	ck_assert_str_eq(hardened->hardening->engine_files.v[0], "/run/e/hosts");
	ck_assert_ptr_null(bw_check_idempotent(hardened, p, &arena));
}
END_TEST

START_TEST(audit_mode_lets_pass_what_it_records)
{
	const struct bw_profile *p =
		profile_of("{\"version\":1,\"profiles\":{\"watch\":{\"extends\":\"hardened\","
			   "\"mode\":\"audit\",\"loosens\":[\"mode\"]}}}",
			"watch");
	struct bw_findings findings = {0};
	struct bw_spec *hardened = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET, "", BIND("/proc"))), p, &arena,
				 &hardened, &findings, &err),
		0);
	ck_assert_int_eq(find(&findings, "/mounts/0/source")->verdict, BW_DENIED);
}
END_TEST

START_TEST(no_value_of_the_environment_is_in_a_finding)
{
	static const char *const names[] = {H, U};
	struct bw_spec *asked =
		parse(config(",\"env\":[\"AWS_SECRET_ACCESS_KEY=hunter2\",\"AWS_METADATA_SERVICE_"
			     "TIMEOUT=hunter2\",\"X_TOKEN=hunter2\"]",
			NEW_NET, "", ""));
	struct bw_findings findings = {0};
	struct bw_spec *hardened = NULL;
	struct bw_err err = {0};

	for (size_t k = 0; k < BW_COUNT(names); k++) {
		ck_assert_int_eq(bw_harden(asked, profile_of(NULL, names[k]), &arena, &hardened,
					 &findings, &err),
			0);
		for (size_t i = 0; i < findings.n; i++) {
			ck_assert(
				!findings.v[i].before || !strstr(findings.v[i].before, "hunter2"));
			ck_assert(!findings.v[i].after || !strstr(findings.v[i].after, "hunter2"));
		}
	}
	ck_assert_uint_eq(hardened->process->env.n, 3);
}
END_TEST

#define A_SECRETS(more) "\"secrets\":{\"files\":[{\"name\":\"pw\",\"env\":\"DB_PASSWORD\"" more "}]}"

/* Values are gone by then; what is left are names. */
static const struct {
	const char *secrets, *env; /* of the profile over untrusted-code; of config.json */
	const char *lin, *top;
	const char *denied; /* pointer, or NULL */
	const char *variable; /* DB_PASSWORD_FILE=..., or NULL */
} secret_cases[] = {
	{A_SECRETS(""), "\"DB_PASSWORD=\"", "", "", NULL, "DB_PASSWORD_FILE=/run/secrets/pw"},
	{A_SECRETS(""), "\"DB_PASSWORD=\",\"DB_PASSWORD_FILE=/mine\",\"DB_PASSWORD=\"", "", "", NULL,
		"DB_PASSWORD_FILE=/run/secrets/pw"},
	{A_SECRETS(""), "\"DB_PASSWORDS=x\"", "", "", "/process/env", NULL},
	{A_SECRETS(",\"optional\":true"), "\"A=b\"", "", "", NULL, NULL},
	{A_SECRETS(""), "\"DB_PASSWORD=\"", ",\"rootfsPropagation\":\"shared\"", "", NULL, "DB_PASSWORD_FILE=/run/secrets/pw"},
	{A_SECRETS("") ",\"mounts\":{\"private\":false}", "\"DB_PASSWORD=\"",
		",\"rootfsPropagation\":\"rshared\"", "", "/linux/rootfsPropagation", "DB_PASSWORD_FILE=/run/secrets/pw"},
	{A_SECRETS("") ",\"mounts\":{\"private\":false}", "\"DB_PASSWORD=\"", "",
		MOUNT("/elsewhere", "bind", "/srv", "\"rbind\",\"rshared\""), "/mounts/0/options", "DB_PASSWORD_FILE=/run/secrets/pw"},
};

START_TEST(a_secret_variable_becomes_a_file_whose_place_is_told)
{
	const struct bw_profile *p = profile_of(bw_arena_printf(&arena,
		"{\"version\":1,\"profiles\":{\"x\":{\"extends\":\"untrusted-code\",\"mode\":\"audit\",%s}}}",
		bw_arena_printf(&arena, "%s,\"loosens\":[\"mode\"%s]", secret_cases[_i].secrets,
			strstr(secret_cases[_i].secrets, "private") ? ",\"mounts.private\"" : "")), "x");
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};
	const char *told = NULL;

	ck_assert_msg(bw_harden(parse(config(bw_arena_printf(&arena, ",\"env\":[%s]", secret_cases[_i].env), NEW_NET,
				      secret_cases[_i].lin, secret_cases[_i].top)), p, &arena, &hardened, &findings, &err) == 0,
		"%s", err.text);
	for (size_t i = 0; i < hardened->process->env.n; i++) {
		ck_assert(!bw_after_prefix(hardened->process->env.v[i], "DB_PASSWORD="));
		if (bw_after_prefix(hardened->process->env.v[i], "DB_PASSWORD_FILE="))
			told = hardened->process->env.v[i];
	}
	ck_assert_int_eq(told != NULL, secret_cases[_i].variable != NULL);
	ck_assert(!told || bw_streq(told, secret_cases[_i].variable));
	ck_assert_int_eq(hardened->hardening->secrets != NULL, told != NULL);
	for (size_t i = 0; i < findings.n; i++)
		if (bw_streq(findings.v[i].rule, "secrets") && findings.v[i].verdict == BW_DENIED)
			ck_assert_str_eq(findings.v[i].pointer, secret_cases[_i].denied ? secret_cases[_i].denied : "");
	ck_assert(!secret_cases[_i].denied || find(&findings, secret_cases[_i].denied));
	if (!secret_cases[_i].denied)
		ck_assert_ptr_null(bw_check_idempotent(hardened, p, &arena));
}
END_TEST

/* Of those that are secrets and have no place in a program's environment, each as people write it. */
static const char *const scrubbed[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_BEARER_TOKEN_BEDROCK",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "ECS_CONTAINER_METADATA_URI_V4", "ECS_AGENT_URI", "GOOGLE_APPLICATION_CREDENTIALS",
	"CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_CONFIG", "GCE_METADATA_IP", "AZURE_STORAGE_KEY", "AZURE_CLIENT_ID", "MSI_ENDPOINT",
	"IDENTITY_HEADER", "ALICLOUD_ACCESS_KEY", "TENCENTCLOUD_SECRET_ID", "OCI_CLI_USER", "OS_AUTH_URL", "SCW_ACCESS_KEY",
	"CLOUDFLARE_API_KEY", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "BITBUCKET_BUILD_NUMBER", "npm_config_//registry.example/:_authToken",
	"npm_config__auth", "POETRY_PYPI_TOKEN_MAIN", "DOCKER_HOST", "KUBECONFIG", "KUBERNETES_SERVICE_HOST", "VAULT_ADDR",
	"SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "OPENAI_API_KEY", "ANTHROPIC_AUTH_TOKEN", "HF_TOKEN",
	"STRIPE_KEY", "SLACK_BOT_TOKEN", "DATABASE_URL", "PGPASSWORD", "MYSQL_PWD", "REDIS_URL", "SENTRY_DSN", "MY_SECRET_THING",
	"my_password", "SSL_PRIVATE_KEY_FILE", "SOME_APIKEY", "GIT_CREDENTIALS", "LD_PRELOAD", "LD_AUDIT", "GLIBC_TUNABLES",
	"NODE_OPTIONS", "PYTHONPATH", "BASH_ENV", "ENV", "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "GCONV_PATH"};

START_TEST(what_the_lists_name_is_in_no_environment_of_untrusted_code)
{
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(config(bw_arena_printf(&arena, ",\"env\":[\"%s=x\",\"LANG=C\"]", scrubbed[_i]), NEW_NET,
				      "", "")), profile_of(NULL, U), &arena, &hardened, &findings, &err), 0);
	ck_assert(bw_strs_has(&hardened->process->env, "LANG=C"));
	for (size_t i = 0; i < hardened->process->env.n; i++)
		ck_assert_ptr_null(bw_after_prefix(hardened->process->env.v[i], scrubbed[_i]));
}
END_TEST

START_TEST(metadata_is_blocked_and_task_credentials_are_a_switch_of_their_own)
{
	struct bw_spec *asked = parse(config("", NEW_NET, "", "")), *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};
	const struct bw_strs *blocked;

	ck_assert_int_eq(
		bw_harden(asked, profile_of(NULL, H), &arena, &hardened, &findings, &err), 0);
	blocked = &hardened->hardening->block_endpoints;
	ck_assert(bw_strs_has(blocked, "169.254.169.254"));
	ck_assert(bw_strs_has(blocked, "fd00:ec2::254"));
	ck_assert(!bw_strs_has(blocked, "169.254.170.2"));
	ck_assert(!bw_strs_has(blocked, "169.254.169.253"));
	ck_assert(!bw_strs_has(blocked, "169.254.169.123"));
	ck_assert_int_eq(
		bw_harden(asked, profile_of(NULL, U), &arena, &hardened, &findings, &err), 0);
	blocked = &hardened->hardening->block_endpoints;
	ck_assert(bw_strs_has(blocked, "169.254.170.2"));
	ck_assert(!bw_strs_has(blocked, "169.254.169.253"));
	ck_assert(!bw_strs_has(blocked, "169.254.169.123"));
}
END_TEST

START_TEST(the_control_gets_the_whole_list_of_sources_and_its_exceptions)
{
	const struct bw_profile_mounts *mounts = profile_of(NULL, H)->mounts;
	const struct bw_spec_hardening *hardening;
	struct bw_findings findings = {0};
	struct bw_spec *hardened = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden(parse(config("", NEW_NET, "", "")), profile_of(NULL, H), &arena,
				 &hardened, &findings, &err),
		0);
	hardening = hardened->hardening;
	ck_assert_uint_eq(hardening->refused_sources.n, mounts->refuse.n);
	ck_assert(bw_strs_has(&hardening->refused_sources, "/run/docker.sock"));
	ck_assert(bw_strs_has(&hardening->refused_sources, "/home/*/.ssh"));
	ck_assert_uint_eq(hardening->excepted_sources.n, mounts->except.n);
	ck_assert(bw_strs_has(&hardening->excepted_sources, "/var/lib/docker/containers/*/hosts"));
}
END_TEST

/* Engines take these words for another failure (docker: 126 and 127, podman: its own texts). */
static const char *const engine_words[] = {"permission denied", "operation not permitted",
	"no such file or directory", "not found", "does not exist", "is a directory",
	"not a directory"};

static void check_words(const char *text)
{
	for (size_t i = 0; text && i < BW_COUNT(engine_words); i++)
		ck_assert_msg(!strcasestr(text, engine_words[i]), "\"%s\" has \"%s\"", text,
			engine_words[i]);
}

START_TEST(no_reason_has_words_that_engines_take_for_another_failure)
{
	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		struct bw_findings findings = {0};
		struct bw_spec *hardened = NULL;
		struct bw_err err = {0};

		(void)!bw_harden(parse(config(rows[i].process, rows[i].namespaces, rows[i].lin,
					 rows[i].top)),
			profile_of(NULL, rows[i].profile), &arena, &hardened, &findings, &err);
		check_words(err.text);
		check_words(err.hint);
		for (size_t k = 0; k < findings.n; k++) {
			check_words(findings.v[k].reason);
			check_words(findings.v[k].hint);
		}
	}
}
END_TEST

/* Reasons that no row reaches stand in the sources; they are held to the same. */
START_TEST(no_source_of_a_rule_has_such_words_in_a_string)
{
	const char *srcdir = getenv("srcdir");
	const char *dir = bw_arena_printf(&arena, "%s/runtime/policy", srcdir ? srcdir : ".");
	auto_closedir DIR *d = opendir(dir);
	struct dirent *entry;
	size_t seen = 0;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d))) {
		auto_free char *text = NULL;
		struct bw_err err = {0};

		if (strncmp(entry->d_name, "rule_", 5) != 0)
			continue;
		ck_assert_int_eq(bw_read_file(bw_arena_printf(&arena, "%s/%s", dir, entry->d_name),
					 1 << 20, &text, NULL, &err),
			0);
		check_words(text);
		seen++;
	}
	ck_assert_uint_ge(seen, 10);
}
END_TEST

/* ---- properties ---- */

static char **samples(size_t *ret_n)
{
	auto_closedir DIR *d = opendir(data_dir());
	char **names = bw_arena_alloc(&arena, 128 * sizeof *names);
	struct dirent *entry;
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) && n < 128) {
		struct bw_arena scratch = BW_ARENA_INIT;
		auto_free char *text = NULL;
		struct bw_err err = {0};

		if (!bw_has_suffix(entry->d_name, ".json"))
			continue;
		ck_assert_int_eq(
			bw_read_file(bw_arena_printf(&arena, "%s/%s", data_dir(), entry->d_name),
				1 << 22, &text, NULL, &err),
			0);
		if (strstr(text, "\"ociVersion\""))
			names[n++] = bw_arena_strdup(&arena, text);
		bw_arena_done(&scratch);
	}
	ck_assert_uint_ge(n, 19);
	*ret_n = n;
	return names;
}

START_TEST(the_properties_hold_for_every_sample)
{
	size_t n;
	char **texts = samples(&n);

	for (size_t i = 0; i < n; i++) {
		struct bw_arena scratch = BW_ARENA_INIT;
		struct bw_spec *spec = parse(texts[i]);
		const char *wrong = bw_check_all(spec, bw_builtin_profiles[_i], &scratch);

		ck_assert_msg(!wrong, "%s: %.60s: %s", bw_builtin_profiles[_i], texts[i], wrong);
		/* And where the program is no reason to refuse the rest. */
		if (spec->process && spec->process->args.n)
			spec->process->args.v[0] = bw_arena_strdup(&arena, "python3");
		wrong = bw_check_all(spec, bw_builtin_profiles[_i], &scratch);
		ck_assert_msg(!wrong, "%s: python3: %.60s: %s", bw_builtin_profiles[_i], texts[i], wrong);
		bw_arena_done(&scratch);
	}
}
END_TEST

/* What a caller might write, in place of what callers do write. */
static const char *const mutations[][2] = {{"\"ro\"", "\"rw\""}, {"\"nosuid\"", "\"suid\""},
	{"\"noexec\"", "\"exec\""}, {"\"rprivate\"", "\"rshared\""}, {"\"rbind\"", "\"bind\""},
	{"CAP_CHOWN", "CAP_SYS_ADMIN"}, {"/var/lib/docker/containers/", "/proc/"},
	{"\"uid\":0", "\"uid\":33"}, {"\"gid\":0", "\"gid\":33"},
	{"\"additionalGids\":[0]", "\"additionalGids\":[0,4,0,27]"},
	{"\"tmpfs\",\"source\"", "\"ext4\",\"source\""},
	{"\"type\":\"ipc\"", "\"type\":\"ipc\",\"path\":\"/proc/1/ns/ipc\""},
	{"{\"type\":\"pid\"},", ""}, {"{\"type\":\"uts\"},", ""}, {"{\"type\":\"network\"},", ""},
	{"\"/proc/kcore\"", "\"/proc\""}, {"\"/dev/shm\"", "\"/run/lock\""},
	{"\"/dev/mqueue\"", "\"/var/tmp/x/../\""}, {"PATH=/bin", "AWS_SECRET_ACCESS_KEY=x"},
	{"HOSTNAME=", "LD_PRELOAD="}, {"\"oomScoreAdj\":0", "\"oomScoreAdj\":-9"},
	{"\"architectures\"", "\"flags\":[\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],\"architectures\""},
	{"\"SCMP_ARCH_X86_64\",", ""}, {"\"allow\":false", "\"allow\":true"},
	{"\"readonlyPaths\"", "\"rootfsPropagation\":\"shared\",\"readonlyPaths\""},
	{"\"oomScoreAdj\":0", "\"scheduler\":{\"policy\":\"SCHED_FIFO\"}"},
	{"\"destination\":\"/t\"", "\"destination\":\"/tmp/\""},
	{"\"cwd\":", "\"apparmorProfile\":\"unconfined\",\"cwd\":"},
	{"\"cwd\":", "\"noNewPrivileges\":false,\"cwd\":"}, {"\"hard\":1024", "\"hard\":4096"},
	{"\"mode=755\"", "\"mode=755\",\"dev\""},
	{"\"ociVersion\"", "\"annotations\":{\"org.bulwark.x\":\"y\"},\"ociVersion\""},
	{"\"ociVersion\"", "\"annotations\":{\"org.systemd.property.TasksMax\":\"uint64 9\"},\"ociVersion\""}};

static uint64_t chance(uint64_t *state)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return *state >> 33;
}

/* text with one of the occurrences of from replaced; NULL when there is none. */
static char *replace_one(
	struct bw_arena *in, const char *text, const char *from, const char *to, uint64_t which)
{
	const char *places[64];
	size_t n = 0;

	for (const char *p = text; n < BW_COUNT(places) && (p = strstr(p, from)); p += strlen(from))
		places[n++] = p;
	if (!n)
		return NULL;
	text = bw_arena_printf(in, "%.*s%s%s", (int)(places[which % n] - text), text, to,
		places[which % n] + strlen(from));
	return (char *)(uintptr_t)text;
}

START_TEST(the_properties_hold_for_what_chance_makes_of_the_samples)
{
	uint64_t state = 20240229U + (unsigned)_i;
	size_t n, checked = 0;
	char **texts = samples(&n);

	for (int round = 0; round < 250; round++) {
		struct bw_arena scratch = BW_ARENA_INIT;
		char *text = texts[chance(&state) % n];
		struct bw_spec *spec = NULL;
		struct bw_err err = {0};
		const char *wrong;

		for (uint64_t k = 1 + chance(&state) % 5; k > 0; k--) {
			uint64_t m = chance(&state) % BW_COUNT(mutations);
			char *mutated = replace_one(
				&scratch, text, mutations[m][0], mutations[m][1], chance(&state));

			text = mutated ? mutated : text;
		}
		if (bw_spec_parse(text, strlen(text), "mutated", &scratch, &spec, NULL, &err) ==
			0) {
			if (spec->process && spec->process->args.n && chance(&state) % 4)
				spec->process->args.v[0] = bw_arena_strdup(&scratch, "python3");
			wrong = bw_check_all(spec, bw_builtin_profiles[_i], &scratch);
			ck_assert_msg(!wrong, "%s: %s: %.500s", bw_builtin_profiles[_i], wrong, text);
			checked++;
		}
		bw_arena_done(&scratch);
	}
	ck_assert_uint_ge(checked, 150);
}
END_TEST

START_TEST(compat_changes_nothing)
{
	size_t n;
	char **texts = samples(&n);

	for (size_t i = 0; i < n; i++) {
		struct bw_spec *asked = parse(texts[i]), *hardened = NULL;
		struct bw_findings findings = {0};
		struct bw_err err = {0};

		ck_assert_int_eq(bw_harden(asked, profile_of(NULL, "compat"), &arena, &hardened,
					 &findings, &err),
			0);
		ck_assert_uint_eq(findings.n, 0);
		ck_assert_uint_eq(
			bw_schema_diff(&bw_hardened_schema, asked, hardened, NULL, NULL), 0);
	}
}
END_TEST

/* ---- exec ---- */

static const char container_text[] =
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/"
	"\",\"args\":[\"python3\"],"
	"\"user\":{\"uid\":1001,\"gid\":1001,\"additionalGids\":[20]},\"apparmorProfile\":\"docker-"
	"default\","
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\"]},\"noNewPrivileges\":true,\"oomScoreAdj\":"
	"100,"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":10,\"hard\":20},{\"type\":\"RLIMIT_"
	"CORE\",\"soft\":0,\"hard\":0}]},"
	"\"linux\":{\"namespaces\":[{\"type\":\"network\"}]}}";

static struct bw_spec_process *exec_process(const char *members)
{
	const char *text = bw_arena_printf(&arena, "{\"cwd\":\"/\",\"args\":[\"sh\"]%s}", members);
	struct bw_json *tree = NULL;
	void *object = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_json_parse(text, strlen(text), "process", &arena, &tree, &err) == 0 &&
			      bw_schema_read(&bw_spec_process_schema, tree, BW_E_SPEC, &arena,
				      &object, NULL, &err) == 0,
		"%s", err.text);
	return object;
}

static const struct exec_row {
	const char *members, *pointer, *before, *after;
} exec_rows[] = {
	{"", "/user/uid", NULL, "1001"},
	{",\"user\":{\"uid\":0,\"gid\":0}", "/user/gid", "0", "1001"},
	{",\"user\":{\"uid\":8,\"gid\":8,\"additionalGids\":[20,1001,27]}", "/user/additionalGids",
		"*", "*"},
	{",\"user\":{\"uid\":8,\"gid\":8,\"additionalGids\":[20]}", "!/user/additionalGids", "*",
		"*"},
	{",\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_SYS_ADMIN\"]}",
		"/capabilities/bounding", "*", "[\"CAP_KILL\"]"},
	{",\"capabilities\":{\"effective\":[\"CAP_SYS_ADMIN\"]}", "/capabilities/effective", "*",
		NULL},
	{",\"noNewPrivileges\":false", "/noNewPrivileges", "false", "true"},
	{",\"apparmorProfile\":\"unconfined\"", "/apparmorProfile", "\"unconfined\"",
		"\"docker-default\""},
	{",\"selinuxLabel\":\"a:b:spc_t:s0\"", "/selinuxLabel", "*", NULL},
	{",\"env\":[\"AWS_SECRET_ACCESS_KEY=x\"]", "/env", "[\"AWS_SECRET_ACCESS_KEY\"]", NULL},
	{",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":30,\"hard\":30}]", "/rlimits/0/hard",
		"30", "20"},
	{",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":30,\"hard\":30}]", "/rlimits/0/soft",
		"30", "20"},
	{",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":5,\"hard\":5}]", "!/rlimits/0/hard",
		"*", "*"},
	{"", "/rlimits/1", NULL, "RLIMIT_CORE=0"},
	{",\"oomScoreAdj\":0", "/oomScoreAdj", "0", "100"},
	{",\"oomScoreAdj\":200", "!/oomScoreAdj", "*", "*"},
	{",\"scheduler\":{\"policy\":\"SCHED_RR\"}", "/scheduler", "SCHED_RR", NULL},
};

static void note_silent(const char *pointer, void *ctx)
{
	const struct bw_findings *findings = ctx;
	bool covered = false;

	for (size_t i = 0; i < findings->n; i++)
		covered = covered || bw_after_prefix(pointer, findings->v[i].pointer) ||
			  bw_after_prefix(findings->v[i].pointer, pointer);
	ck_assert_msg(covered, "%s changed in silence", pointer);
}

START_TEST(exec_never_exceeds_the_container)
{
	const struct exec_row *row = &exec_rows[_i];
	struct bw_spec_process *asked = exec_process(row->members), *clamped = NULL, *again = NULL;
	const struct bw_profile *p = profile_of(NULL, H);
	struct bw_spec *container = parse(container_text);
	bool must_be = row->pointer[0] != '!';
	struct bw_findings findings = {0}, second = {0};
	const struct bw_finding *f;
	struct bw_err err = {0};

	ck_assert_int_eq(bw_harden_exec(asked, container, p, &arena, &clamped, &findings, &err), 0);
	f = find(&findings, row->pointer + !must_be);
	ck_assert_int_eq(f != NULL, must_be);
	if (f) {
		ck_assert_msg(fits(row->before, f->before), "before: %s",
			f->before ? f->before : "(absent)");
		ck_assert_msg(
			fits(row->after, f->after), "after: %s", f->after ? f->after : "(absent)");
	}
	bw_schema_diff(&bw_spec_process_schema, asked, clamped, note_silent, &findings);
	ck_assert_int_eq(bw_harden_exec(clamped, container, p, &arena, &again, &second, &err), 0);
	ck_assert_uint_eq(second.n, 0);
}
END_TEST

START_TEST(exec_under_compat_is_as_asked)
{
	struct bw_spec_process *asked = exec_process(
		",\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMIN\"]},\"noNewPrivileges\":false");
	struct bw_spec_process *clamped = NULL;
	struct bw_spec *container = parse(container_text);
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	container->process->no_new_privileges.v = false;
	ck_assert_int_eq(bw_harden_exec(asked, container, profile_of(NULL, "compat"), &arena,
				 &clamped, &findings, &err),
		0);
	ck_assert_uint_eq(findings.n, 0);
	ck_assert_uint_eq(bw_schema_diff(&bw_spec_process_schema, asked, clamped, NULL, NULL), 0);
}
END_TEST

/* ---- update ---- */

static struct bw_spec_resources *resources_of(const char *text)
{
	struct bw_spec_resources *resources = NULL;
	struct bw_err err = {0};

	ck_assert_msg(bw_spec_parse_resources(text, strlen(text), "update", &arena, &resources, &err) == 0,
		"%s", err.text);
	return resources;
}

/* What a container has that was created under the profile with these resources. */
static struct bw_spec *created(const char *profile, const char *resources)
{
	const char *lin = *resources ? bw_arena_printf(&arena, ",\"resources\":{%s}", resources) : "";
	struct bw_spec *hardened = NULL;
	struct bw_findings findings = {0};
	struct bw_err err = {0};

	ck_assert_msg(bw_harden(parse(config("", NEW_NET, lin, "")), profile_of(NULL, profile), &arena, &hardened,
			      &findings, &err) == 0,
		"%s", err.text);
	return hardened;
}

static const struct update_row {
	const char *profile, *container, *asked;
	const char *pointer; /* of the finding; NULL: none */
	enum bw_verdict verdict;
	const char *after; /* of the finding */
} update_rows[] = {
	{H, "", "{\"pids\":{\"limit\":512}}", NULL, BW_NOTED, NULL},
	{H, "", "{\"pids\":{\"limit\":5}}", NULL, BW_NOTED, NULL},
	{H, "", "{\"pids\":{\"limit\":0}}", NULL, BW_NOTED, NULL},
	{H, "", "{\"pids\":{\"limit\":513}}", "/pids/limit", BW_DENIED, NULL},
	{H, "", "{\"pids\":{\"limit\":-1}}", "/pids/limit", BW_CHANGED, "512"},
	/* what was asked for at create may be asked for again */
	{H, "\"pids\":{\"limit\":2048}", "{\"pids\":{\"limit\":2048}}", NULL, BW_NOTED, NULL},
	{H, "\"pids\":{\"limit\":2048}", "{\"pids\":{\"limit\":2049}}", "/pids/limit", BW_DENIED, NULL},
	{H, "\"pids\":{\"limit\":9}", "{\"pids\":{\"limit\":512}}", NULL, BW_NOTED, NULL},
	{H, "", "{\"memory\":{\"limit\":-1}}", NULL, BW_NOTED, NULL},
	{H, "", "{\"cpu\":{\"quota\":-1},\"unified\":{\"memory.max\":\"max\"}}", NULL, BW_NOTED, NULL},
	{H, "", "{\"unified\":{\"pids.max\":\"max\"}}", "/unified/pids.max", BW_DENIED, NULL},
	{H, "", "{\"pids\":{\"limit\":5},\"unified\":{\"pids.max\":\"6\"}}", "/unified/pids.max", BW_DENIED, NULL},
	{H, "", "{\"unified\":{\"pids.max\":\"6\"}}", NULL, BW_NOTED, NULL},
	{U, "", "{\"memory\":{\"limit\":1073741824}}", "/memory/swap", BW_CHANGED, "1073741824"},
	{U, "", "{\"memory\":{\"limit\":1073741825}}", "/memory/limit", BW_DENIED, NULL},
	{U, "", "{\"memory\":{\"limit\":-1}}", "/memory/limit", BW_CHANGED, "1073741824"},
	{U, "", "{\"memory\":{\"limit\":-1}}", "/memory/swap", BW_CHANGED, "1073741824"},
	{U, "", "{\"memory\":{\"limit\":1048576}}", "/memory/swap", BW_CHANGED, "1048576"},
	{U, "", "{\"memory\":{\"limit\":1048576,\"swap\":1048577}}", "/memory/swap", BW_DENIED, NULL},
	{U, "", "{\"memory\":{\"limit\":1048576,\"swap\":-1}}", "/memory/swap", BW_CHANGED, "1048576"},
	{U, "", "{\"memory\":{\"swap\":-1}}", "/memory/swap", BW_CHANGED, "1073741824"},
	{U, "", "{\"memory\":{\"swap\":1073741825}}", "/memory/swap", BW_DENIED, NULL},
	{U, "\"memory\":{\"limit\":4194304,\"swap\":5242880}", "{\"memory\":{\"limit\":2097152}}", "/memory/swap",
		BW_CHANGED, "3145728"},
	{U, "\"memory\":{\"limit\":4294967296}", "{\"memory\":{\"limit\":4294967296,\"swap\":4294967296}}", NULL,
		BW_NOTED, NULL},
	{U, "", "{\"unified\":{\"memory.swap.max\":\"1\"}}", "/unified/memory.swap.max", BW_DENIED, NULL},
	{U, "", "{\"cpu\":{\"quota\":100000}}", NULL, BW_NOTED, NULL},
	{U, "", "{\"cpu\":{\"quota\":100001}}", "/cpu/quota", BW_DENIED, NULL},
	{U, "", "{\"cpu\":{\"quota\":-1}}", "/cpu/quota", BW_CHANGED, "100000"},
	{U, "", "{\"cpu\":{\"quota\":-1,\"period\":50000}}", "/cpu/quota", BW_CHANGED, "50000"},
	{U, "", "{\"cpu\":{\"period\":1000}}", "/cpu/period", BW_DENIED, NULL},
	{U, "", "{\"cpu\":{\"period\":200000}}", NULL, BW_NOTED, NULL},
	{U, "", "{\"cpu\":{\"quota\":50000,\"period\":50000}}", NULL, BW_NOTED, NULL},
	{U, "", "{\"cpu\":{\"quota\":50001,\"period\":50000}}", "/cpu/quota", BW_DENIED, NULL},
	{U, "\"cpu\":{\"quota\":400000}", "{\"cpu\":{\"quota\":400000}}", NULL, BW_NOTED, NULL},
	{U, "\"cpu\":{\"quota\":400000}", "{\"cpu\":{\"quota\":400001}}", "/cpu/quota", BW_DENIED, NULL},
	{U, "", "{\"cpu\":{\"shares\":1024,\"cpus\":\"0\",\"idle\":1}}", NULL, BW_NOTED, NULL},
	{U, "", "{\"unified\":{\"cpu.max\":\"max\"}}", "/unified/cpu.max", BW_DENIED, NULL},
	{U, "", "{\"unified\":{\"memory.max\":\"2147483648\"}}", "/unified/memory.max", BW_DENIED, NULL},
	{"compat", "\"pids\":{\"limit\":5}",
		"{\"pids\":{\"limit\":-1},\"memory\":{\"limit\":-1},\"cpu\":{\"quota\":-1},\"unified\":{"
		"\"pids.max\":\"max\"}}",
		NULL, BW_NOTED, NULL},
};

START_TEST(update_raises_no_limit_of_the_profile)
{
	const struct update_row *row = &update_rows[_i];
	struct bw_spec_resources *asked = resources_of(row->asked), *clamped = NULL, *again = NULL;
	const struct bw_profile *p = profile_of(NULL, row->profile);
	struct bw_spec *container = created(row->profile, row->container);
	struct bw_findings findings = {0}, second = {0};
	const struct bw_finding *f;
	struct bw_err err = {0};
	bool denied = row->pointer && row->verdict == BW_DENIED;

	ck_assert_int_eq(bw_harden_update(asked, container, p, &arena, &clamped, &findings, &err), denied ? -1 : 0);
	f = row->pointer ? find(&findings, row->pointer) : NULL;
	ck_assert_int_eq(f != NULL, row->pointer != NULL);
	ck_assert_int_eq(findings.n == 0, row->pointer == NULL);
	if (f) {
		ck_assert_int_eq(f->verdict, row->verdict);
		ck_assert_msg(fits(row->after, f->after), "after: %s", f->after ? f->after : "(absent)");
	}
	if (denied) {
		ck_assert_int_eq(err.code, BW_E_DENIED);
		ck_assert_str_eq(err.field, row->pointer);
		return;
	}
	bw_schema_diff(&bw_spec_resources_schema, asked, clamped, note_silent, &findings);
	ck_assert_int_eq(bw_harden_update(clamped, container, p, &arena, &again, &second, &err), 0);
	ck_assert_uint_eq(second.n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("harden");
	TCase *one = tcase_create("rules"), *properties = tcase_create("properties"),
	      *exec = tcase_create("exec"), *update = tcase_create("update");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(one, setup, teardown);
	tcase_add_loop_test(one, each_decision_has_its_finding, 0, (int)BW_COUNT(rows));
	tcase_add_test(one, a_denial_is_one_sentence_with_rule_place_and_hint);
	tcase_add_test(one, maps_keep_off_the_ranges_of_other_profiles);
	tcase_add_test(one, a_file_for_what_was_used_is_the_policys_alone);
	tcase_add_loop_test(one, an_annotation_names_the_tenant_where_it_is_heard, 0, (int)BW_COUNT(tenants));
	tcase_add_loop_test(one, an_annotation_names_the_session_where_it_is_heard, 0, (int)BW_COUNT(tenants));
	tcase_add_loop_test(one, what_the_host_knows_names_before_an_annotation_does, 0, (int)BW_COUNT(named));
	tcase_add_loop_test(one, an_annotation_can_only_shorten_a_life, 0, (int)BW_COUNT(lives));
	tcase_add_loop_test(one, no_program_is_started_that_is_not_listed, 0, BW_COUNT(programs));
	tcase_add_loop_test(one, each_layer_of_the_list_is_a_switch_of_its_own, 0, BW_COUNT(layers));
	tcase_add_loop_test(one, nothing_that_is_mounted_can_be_executed_but_an_engines_init, 0,
		BW_COUNT(executable_mounts));
	tcase_add_test(one, what_must_be_encrypted_is_for_the_host_to_look_at);
	tcase_add_loop_test(one, a_workspace_is_the_users_own_and_data_unless_the_policy_says_more, 0,
		BW_COUNT(workspaces));
	tcase_add_loop_test(one, a_workspace_of_each_session_lies_beneath_its_names, 0, BW_COUNT(per_session));
	tcase_add_loop_test(one, a_tenant_gets_its_own_directory_and_no_other_one, 0, BW_COUNT(tenants_binds));
	tcase_add_test(one, audit_mode_lets_pass_what_it_records);
	tcase_add_test(one, no_value_of_the_environment_is_in_a_finding);
	tcase_add_loop_test(one, a_secret_variable_becomes_a_file_whose_place_is_told, 0, (int)BW_COUNT(secret_cases));
	tcase_add_loop_test(one, what_the_lists_name_is_in_no_environment_of_untrusted_code, 0, (int)BW_COUNT(scrubbed));
	tcase_add_test(one, metadata_is_blocked_and_task_credentials_are_a_switch_of_their_own);
	tcase_add_test(one, the_control_gets_the_whole_list_of_sources_and_its_exceptions);
	tcase_add_test(one, no_reason_has_words_that_engines_take_for_another_failure);
	tcase_add_test(one, no_source_of_a_rule_has_such_words_in_a_string);
	suite_add_tcase(s, one);
	tcase_add_checked_fixture(properties, setup, teardown);
	tcase_set_timeout(properties, 120);
	tcase_add_loop_test(properties, the_properties_hold_for_every_sample, 0, 3);
	tcase_add_loop_test(
		properties, the_properties_hold_for_what_chance_makes_of_the_samples, 0, 3);
	tcase_add_test(properties, compat_changes_nothing);
	suite_add_tcase(s, properties);
	tcase_add_checked_fixture(exec, setup, teardown);
	tcase_add_loop_test(exec, exec_never_exceeds_the_container, 0, (int)BW_COUNT(exec_rows));
	tcase_add_test(exec, exec_under_compat_is_as_asked);
	suite_add_tcase(s, exec);
	tcase_add_checked_fixture(update, setup, teardown);
	tcase_add_loop_test(update, update_raises_no_limit_of_the_profile, 0, (int)BW_COUNT(update_rows));
	suite_add_tcase(s, update);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
