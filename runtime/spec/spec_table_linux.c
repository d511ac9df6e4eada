/* SPDX-License-Identifier: Apache-2.0 */
/* spec_table_linux.c - rows of "linux" but its resources (runtime-spec config-linux.md). */
#include <string.h>

#include "spec/spec_table.h"

static const char *const namespace_types[] = {
	"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time", NULL};
static const char *const device_types[] = {"c", "b", "u", "p", NULL};
/* The recursive forms are runc's; the spec has the plain ones. */
static const char *const propagations[] = {"private", "rprivate", "shared", "rshared", "slave",
	"rslave", "unbindable", "runbindable", NULL};
static const char *const domains[] = {"LINUX", "LINUX32", NULL};
static const char *const actions[] = {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", NULL};
static const char *const operators[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL};
static const char *const architectures[] = {"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",
	"SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
	"SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
	"SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", NULL};
static const char *const filter_flags[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL};
static const char *const memory_modes[] = {"MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE",
	"MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL", NULL};
static const char *const memory_flags[] = {
	"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL};

/* ---- checks ---- */

static bool is_among(const char *const *names, const char *text)
{
	while (*names && strcmp(*names, text) != 0)
		names++;
	return *names != NULL;
}

/* Engines look for the words "invalid memory policy" in what we say. */
static int check_memory_mode(const void *member, struct bw_err *err)
{
	const char *mode = *(char *const *)member;

	if (!is_among(memory_modes, mode))
		return bw_fail(err, BW_E_SPEC, 0,
			"invalid memory policy mode \"%.60s\": must be MPOL_DEFAULT, MPOL_BIND, "
			"...",
			mode);
	return 0;
}

static int check_memory_flags(const void *member, struct bw_err *err)
{
	const struct bw_strs *flags = member;

	for (size_t i = 0; i < flags->n; i++) {
		if (is_among(memory_flags, flags->v[i]))
			continue;
		bw_fail(err, BW_E_SPEC, 0, "invalid memory policy flag \"%.60s\"", flags->v[i]);
		return bw_at(err, "/%zu", i);
	}
	return 0;
}

static int check_memory_nodes(const void *member, struct bw_err *err)
{
	if (bw_check_cpu_list(member, err) < 0)
		return bw_wrap(err, "invalid memory policy nodes");
	return 0;
}

static int check_sysctl(const void *member, struct bw_err *err)
{
	const struct bw_pairs *pairs = member;
	char name[BW_SYSCTL_NAME_SIZE];

	for (size_t i = 0; i < pairs->n; i++) {
		if (!bw_spec_sysctl_name(pairs->v[i].key, name))
			return bw_fail(err, BW_E_SPEC, 0,
				"must have keys such as \"net.ipv4.ip_forward\", not \"%.60s\"",
				pairs->v[i].key);
	}
	return 0;
}

/* By component: "/a/../b" leads out, "/a..b" does not. */
static int check_cgroups_path(const void *member, struct bw_err *err)
{
	const char *path = *(char *const *)member, *step = path;
	size_t len;

	for (;; step += len + 1) {
		len = strcspn(step, "/");
		if (len == 2 && step[0] == '.' && step[1] == '.')
			return bw_fail(
				err, BW_E_SPEC, 0, "must not contain \"..\": \"%.60s\"", path);
		if (!step[len])
			return bw_check_one_line(member, err);
	}
}

/* The directory below /sys/fs/resctrl; "/" is the default class. */
static int check_clos_id(const void *member, struct bw_err *err)
{
	const char *id = *(char *const *)member;

	if (strcmp(id, "/") == 0)
		return 0;
	if (strchr(id, '/') || !strcmp(id, ".") || !strcmp(id, ".."))
		return bw_fail(err, BW_E_SPEC, 0, "invalid intelRdt.ClosID \"%.60s\": must be one name or \"/\"", id);
	return bw_check_one_line(member, err);
}

static int check_schemata(const void *member, struct bw_err *err)
{
	const struct bw_strs *lines = member;

	for (size_t i = 0; i < lines->n; i++) {
		if (bw_check_one_line(&lines->v[i], err) < 0)
			return bw_at(err, "/%zu", i);
	}
	return 0;
}

/* ---- rows ---- */

static const struct bw_field id_mapping_fields[] = {
	BW_FIELD(struct bw_spec_id_mapping, container_id, "containerID", .flags = BW_REQUIRED,
		.max = BW_ID_MAX, .doc = "first id in the container"),
	BW_FIELD(struct bw_spec_id_mapping, host_id, "hostID", .flags = BW_REQUIRED,
		.max = BW_ID_MAX, .doc = "first id on the host"),
	BW_FIELD(struct bw_spec_id_mapping, size, "size", .flags = BW_REQUIRED, .min = 1,
		.max = UINT32_MAX, .doc = "how many ids"),
	BW_END};
const struct bw_schema bw_spec_id_mapping_schema = {
	"idMapping", sizeof(struct bw_spec_id_mapping), BW_UNKNOWN_NOTE, id_mapping_fields};

static const struct bw_field namespace_fields[] = {
	BW_FIELD(struct bw_spec_namespace, type, "type", .flags = BW_REQUIRED,
		.names = namespace_types, .doc = "kind of namespace"),
	BW_FIELD(struct bw_spec_namespace, path, "path",
		.flags = BW_ABSOLUTE_PATH | BW_EMPTY_IS_ABSENT,
		.doc = "namespace file to join; absent: a new namespace"),
	BW_END};
static const struct bw_schema namespace_schema = {
	"namespace", sizeof(struct bw_spec_namespace), BW_UNKNOWN_NOTE, namespace_fields};

static const struct bw_field device_fields[] = {
	BW_FIELD(struct bw_spec_device, type, "type", .flags = BW_REQUIRED, .names = device_types,
		.doc = "c, u: character, b: block, p: fifo"),
	BW_FIELD(struct bw_spec_device, path, "path", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "where the node is made in the container"),
	BW_FIELD(struct bw_spec_device, major, "major", .max = UINT32_MAX, .doc = "major number"),
	BW_FIELD(struct bw_spec_device, minor, "minor", .max = UINT32_MAX, .doc = "minor number"),
	/* Callers pass a whole st_mode or Go's own bits: only the permissions count. */
	BW_FIELD(struct bw_spec_device, file_mode, "fileMode", .max = UINT32_MAX,
		.doc = "permissions, in decimal"),
	BW_FIELD(struct bw_spec_device, uid, "uid", .max = BW_ID_MAX,
		.doc = "owner in the container's user namespace"),
	BW_FIELD(struct bw_spec_device, gid, "gid", .max = BW_ID_MAX,
		.doc = "group in the container's user namespace"),
	BW_END};
static const struct bw_schema device_schema = {
	"device", sizeof(struct bw_spec_device), BW_UNKNOWN_NOTE, device_fields};

static const struct bw_field net_device_fields[] = {
	BW_FIELD(struct bw_spec_net_device, name, "name", .flags = BW_EMPTY_IS_ABSENT,
		.doc = "name in the container; absent: as on the host"),
	BW_END};
static const struct bw_schema net_device_schema = {
	"netDevice", sizeof(struct bw_spec_net_device), BW_UNKNOWN_NOTE, net_device_fields};

static const struct bw_field time_offset_fields[] = {
	BW_FIELD(struct bw_spec_time_offset, secs, "secs", .doc = "seconds"),
	BW_FIELD(struct bw_spec_time_offset, nanosecs, "nanosecs", .max = 999999999,
		.doc = "nanoseconds, added to the seconds"),
	BW_END};
static const struct bw_schema time_offset_schema = {
	"timeOffset", sizeof(struct bw_spec_time_offset), BW_UNKNOWN_NOTE, time_offset_fields};

static const struct bw_field seccomp_arg_fields[] = {
	BW_FIELD(struct bw_spec_seccomp_arg, index, "index", .flags = BW_REQUIRED, .max = 5,
		.doc = "which argument of the system call, from 0"),
	BW_FIELD(struct bw_spec_seccomp_arg, value, "value", .flags = BW_REQUIRED,
		.doc = "what it is compared with (SCMP_CMP_MASKED_EQ: the mask)"),
	BW_FIELD(struct bw_spec_seccomp_arg, value_two, "valueTwo",
		.doc = "SCMP_CMP_MASKED_EQ: what the masked argument is compared with"),
	BW_FIELD(struct bw_spec_seccomp_arg, op, "op", .flags = BW_REQUIRED, .names = operators,
		.doc = "how it is compared"),
	BW_END};
static const struct bw_schema seccomp_arg_schema = {
	"seccompArg", sizeof(struct bw_spec_seccomp_arg), BW_UNKNOWN_NOTE, seccomp_arg_fields};

static const struct bw_field seccomp_rule_fields[] = {
	BW_FIELD(struct bw_spec_seccomp_rule, names, "names", .flags = BW_REQUIRED | BW_NOT_EMPTY,
		.doc = "system calls"),
	BW_FIELD(struct bw_spec_seccomp_rule, action, "action", .flags = BW_REQUIRED,
		.names = actions, .doc = "what happens"),
	BW_FIELD(struct bw_spec_seccomp_rule, errno_ret, "errnoRet", .max = UINT16_MAX,
		.doc = "errno (SCMP_ACT_ERRNO) or message (SCMP_ACT_TRACE)"),
	BW_LIST_OF(struct bw_spec_seccomp_rule, args, "args", &seccomp_arg_schema,
		.doc = "conditions on arguments, all of which must hold"),
	BW_END};
static const struct bw_schema seccomp_rule_schema = {
	"seccompRule", sizeof(struct bw_spec_seccomp_rule), BW_UNKNOWN_NOTE, seccomp_rule_fields};

static const struct bw_field seccomp_fields[] = {
	BW_FIELD(struct bw_spec_seccomp, default_action, "defaultAction", .flags = BW_REQUIRED,
		.names = actions, .doc = "what happens to system calls that no rule names"),
	BW_FIELD(struct bw_spec_seccomp, default_errno_ret, "defaultErrnoRet", .max = UINT16_MAX,
		.doc = "errno or message of the default action"),
	BW_FIELD(struct bw_spec_seccomp, architectures, "architectures", .names = architectures,
		.doc = "architectures besides the native one"),
	BW_FIELD(struct bw_spec_seccomp, flags, "flags", .flags = BW_EMPTY_IS_SET,
		.names = filter_flags, .doc = "flags of seccomp(2)"),
	BW_FIELD(struct bw_spec_seccomp, listener_path, "listenerPath", .flags = BW_EMPTY_IS_ABSENT,
		.doc = "socket of the agent that answers for SCMP_ACT_NOTIFY"),
	BW_FIELD(struct bw_spec_seccomp, listener_metadata, "listenerMetadata",
		.flags = BW_EMPTY_IS_ABSENT, .doc = "opaque text for the agent"),
	BW_LIST_OF(
		struct bw_spec_seccomp, syscalls, "syscalls", &seccomp_rule_schema, .doc = "rules"),
	BW_END};
const struct bw_schema bw_spec_seccomp_schema = {
	"seccomp", sizeof(struct bw_spec_seccomp), BW_UNKNOWN_NOTE, seccomp_fields};

static const struct bw_field intel_rdt_fields[] = {
	BW_FIELD(struct bw_spec_intel_rdt, clos_id, "closID", .flags = BW_EMPTY_IS_ABSENT,
		.check = check_clos_id, .doc = "class of service; \"/\" is the default class"),
	BW_FIELD(struct bw_spec_intel_rdt, schemata, "schemata", .check = check_schemata,
		.doc = "lines of the schemata file"),
	BW_FIELD(struct bw_spec_intel_rdt, l3_cache_schema, "l3CacheSchema",
		.flags = BW_EMPTY_IS_ABSENT, .check = bw_check_one_line,
		.doc = "schema of the L3 cache"),
	BW_FIELD(struct bw_spec_intel_rdt, mem_bw_schema, "memBwSchema",
		.flags = BW_EMPTY_IS_ABSENT, .check = bw_check_one_line,
		.doc = "schema of memory bandwidth"),
	BW_FIELD(struct bw_spec_intel_rdt, enable_cmt, "enableCMT",
		.doc = "monitoring of cache occupancy (until runtime-spec 1.2)"),
	BW_FIELD(struct bw_spec_intel_rdt, enable_mbm, "enableMBM",
		.doc = "monitoring of memory bandwidth (until runtime-spec 1.2)"),
	BW_FIELD(struct bw_spec_intel_rdt, enable_monitoring, "enableMonitoring",
		.doc = "whether the container gets a monitoring group"),
	BW_END};
static const struct bw_schema intel_rdt_schema = {
	"intelRdt", sizeof(struct bw_spec_intel_rdt), BW_UNKNOWN_NOTE, intel_rdt_fields};

static const struct bw_field memory_policy_fields[] = {
	BW_FIELD(struct bw_spec_memory_policy, mode, "mode", .check = check_memory_mode,
		.doc = "NUMA policy, as in set_mempolicy(2)"),
	BW_FIELD(struct bw_spec_memory_policy, nodes, "nodes", .flags = BW_EMPTY_IS_ABSENT,
		.check = check_memory_nodes, .doc = "memory nodes"),
	BW_FIELD(struct bw_spec_memory_policy, flags, "flags", .check = check_memory_flags,
		.doc = "flags of the mode"),
	BW_END};
static const struct bw_schema memory_policy_schema = {"memoryPolicy",
	sizeof(struct bw_spec_memory_policy), BW_UNKNOWN_NOTE, memory_policy_fields};

static const struct bw_field personality_fields[] = {
	BW_FIELD(struct bw_spec_personality, domain, "domain", .flags = BW_REQUIRED,
		.names = domains, .doc = "execution domain, as in personality(2)"),
	BW_FIELD(struct bw_spec_personality, flags, "flags", .doc = "flags; none is defined"),
	BW_END};
static const struct bw_schema personality_schema = {
	"personality", sizeof(struct bw_spec_personality), BW_UNKNOWN_NOTE, personality_fields};

static const struct bw_field linux_fields[] = {
	BW_LIST_OF(struct bw_spec_linux, uid_mappings, "uidMappings", &bw_spec_id_mapping_schema,
		.doc = "user ids of the user namespace"),
	BW_LIST_OF(struct bw_spec_linux, gid_mappings, "gidMappings", &bw_spec_id_mapping_schema,
		.doc = "group ids of the user namespace"),
	BW_FIELD(struct bw_spec_linux, sysctl, "sysctl", .check = check_sysctl,
		.doc = "kernel parameters of the container's namespaces"),
	BW_NESTED(struct bw_spec_linux, resources, "resources", &bw_spec_resources_schema,
		.doc = "limits, by control groups"),
	BW_FIELD(struct bw_spec_linux, cgroups_path, "cgroupsPath", .flags = BW_EMPTY_IS_ABSENT,
		.check = check_cgroups_path,
		.doc = "place in the cgroup hierarchy, or slice:prefix:name"),
	BW_LIST_OF(struct bw_spec_linux, namespaces, "namespaces", &namespace_schema,
		.doc = "namespaces that are made or joined"),
	BW_LIST_OF(struct bw_spec_linux, devices, "devices", &device_schema,
		.doc = "device nodes besides the default ones"),
	BW_MAP_OF(struct bw_spec_linux, net_devices, "netDevices", &net_device_schema,
		.doc = "network interfaces to move into the container"),
	BW_NESTED(struct bw_spec_linux, seccomp, "seccomp", &bw_spec_seccomp_schema,
		.doc = "filter of system calls"),
	BW_FIELD(struct bw_spec_linux, rootfs_propagation, "rootfsPropagation",
		.flags = BW_EMPTY_IS_ABSENT, .names = propagations,
		.doc = "mount propagation of the root"),
	BW_FIELD(struct bw_spec_linux, masked_paths, "maskedPaths", .flags = BW_ABSOLUTE_PATH,
		.doc = "paths that cannot be read in the container"),
	BW_FIELD(struct bw_spec_linux, readonly_paths, "readonlyPaths", .flags = BW_ABSOLUTE_PATH,
		.doc = "paths that cannot be written in the container"),
	BW_FIELD(struct bw_spec_linux, mount_label, "mountLabel", .flags = BW_EMPTY_IS_ABSENT,
		.check = bw_check_one_line, .doc = "SELinux label of mounts"),
	BW_NESTED(struct bw_spec_linux, intel_rdt, "intelRdt", &intel_rdt_schema,
		.doc = "cache and memory bandwidth (resctrl)"),
	BW_NESTED(struct bw_spec_linux, memory_policy, "memoryPolicy", &memory_policy_schema,
		.doc = "NUMA memory policy"),
	BW_NESTED(struct bw_spec_linux, personality, "personality", &personality_schema,
		.doc = "execution domain"),
	BW_MAP_OF(struct bw_spec_linux, time_offsets, "timeOffsets", &time_offset_schema,
		.doc = "offsets of the clocks monotonic and boottime"),
	BW_END};
const struct bw_schema bw_spec_linux_schema = {
	"linux", sizeof(struct bw_spec_linux), BW_UNKNOWN_NOTE, linux_fields};
