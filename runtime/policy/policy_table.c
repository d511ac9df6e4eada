/* SPDX-License-Identifier: Apache-2.0 */
/* policy_table.c - the rows of the policy file. Each row's sentence is its entry in
 * bulwark-policy(5) and in config-schema/policy.schema.json. Choices stand from the loosest to the
 * strictest: policy_order.c compares by place. */
#include "policy/policy_values.h"
#include "policy/profile.h"

static const char *const allow_refuse[] = {"allow", "refuse", NULL};
static const char *const allow_block[] = {"allow", "block", NULL};
static const char *const off_prefer_require[] = {"off", "prefer", "require", NULL};
static const char *const off_auto_on[] = {"off", "auto", "on", NULL};
static const char *const prefer_require[] = {"prefer", "require", NULL};
static const char *const keep_replace[] = {"keep", "replace", NULL};
static const char *const off_refusals_all[] = {"off", "refusals", "all", NULL};
static const char *const continue_refuse[] = {"continue", "refuse", NULL};
static const char *const modes[] = {"audit", "enforce", NULL};
static const char *const profile_flags[] = {"any", "stricter", "never", NULL};
static const char *const unreadables[] = {"default", "refuse", NULL};
static const char *const roots[] = {"keep", "remap", "userns", "refuse", NULL};
static const char *const root_groups[] = {"keep", "drop", NULL};
static const char *const baselines[] = {"none", "baseline", "python-node", NULL};
static const char *const device_types[] = {"c", "b", NULL};
static const char *const namespace_types[] = {"pid", "ipc", "uts", "mount", "cgroup", NULL};
static const char *const scrub_lists[] = {
	"cloudKeys", "taskCredentials", "tokens", "injection", NULL};

#define SECTION(id, fields_)                                                                       \
	static const struct bw_schema id##_schema = {.name = #id,                                  \
		.size = sizeof(struct bw_profile_##id),                                            \
		.unknown = BW_UNKNOWN_REFUSE,                                                      \
		.fields = (fields_)}

static const struct bw_field range_fields[] = {
	BW_FIELD(struct bw_profile_range, first, "first", .min = BW_RANGE_IDS,
		.max = 4294967295U - BW_RANGE_IDS, .check = bw_row_first,
		.doc = "First id of the host that containers may have: a multiple of 65536."),
	BW_FIELD(struct bw_profile_range, count, "count", .min = 1, .max = 65534,
		.doc = "Number of ranges of 65536 ids from there on, which is how many containers there can be at once."),
	BW_END};
SECTION(range, range_fields);

static const struct bw_field user_fields[] = {
	BW_FIELD(struct bw_profile_user, root, "root", .names = roots,
		.doc = "What becomes of user id 0 and group id 0 where there is no user namespace: "
		       "keep, remap to "
		       "uid and gid, userns for a user namespace with ids of the container's own, or refuse."),
	BW_FIELD(struct bw_profile_user, always, "always",
		.doc = "Whether root applies inside a user namespace as well; userns: whether those "
		       "who are not root get one, too."),
	BW_FIELD(struct bw_profile_user, uid, "uid", .min = 1, .max = 4294967294U,
		.doc = "User id that takes the place of 0."),
	BW_FIELD(struct bw_profile_user, gid, "gid", .min = 1, .max = 4294967294U,
		.doc = "Group id that takes the place of 0."),
	BW_FIELD(struct bw_profile_user, root_group, "rootGroup", .names = root_groups,
		.doc = "Whether group 0 may stay among the additional groups."),
	BW_NESTED(struct bw_profile_user, range, "range", &range_schema,
		.doc = "Where the ids of root userns lie."),
	BW_FIELD(struct bw_profile_user, idmap, "idmap", .names = prefer_require,
		.doc = "root userns: whether files of the root file system must look inside as they "
		       "do outside, or go to nobody where the kernel cannot map them."),
	BW_FIELD(struct bw_profile_user, images, "images",
		.flags = BW_EMPTY_IS_SET | BW_ABSOLUTE_PATH,
		.doc = "Directories beneath which a root file system that is a mount, besides one in the "
		       "bundle, may be shown with other owners."),
	BW_END};
SECTION(user, user_fields);

static const struct bw_field tmpfs_fields[] = {
	BW_FIELD(struct bw_profile_tmpfs, destination, "destination",
		.flags = BW_REQUIRED | BW_ABSOLUTE_PATH, .doc = "Directory in the container."),
	BW_FIELD(struct bw_profile_tmpfs, size, "size", .flags = BW_REQUIRED, .min = 4096,
		.max = 1ULL << 50, .doc = "Largest size in bytes."),
	BW_FIELD(struct bw_profile_tmpfs, inodes, "inodes", .flags = BW_REQUIRED, .min = 1,
		.max = 1ULL << 32, .doc = "Largest number of files."),
	BW_FIELD(struct bw_profile_tmpfs, mode, "mode", .flags = BW_REQUIRED, .check = bw_row_octal,
		.doc = "Mode in octal digits; a directory that is not 1777 belongs to the "
		       "container's user."),
	BW_END};
SECTION(tmpfs, tmpfs_fields);

static const struct bw_field rootfs_fields[] = {
	BW_FIELD(struct bw_profile_rootfs, readonly, "readonly",
		.doc = "Whether the root file system is read-only."),
	BW_LIST_OF(struct bw_profile_rootfs, tmpfs, "tmpfs", &tmpfs_schema,
		.flags = BW_EMPTY_IS_SET,
		.doc = "Scratch directories that are mounted where the caller mounts nothing."),
	BW_END};
SECTION(rootfs, rootfs_fields);

static const struct bw_field volume_fields[] = {
	BW_FIELD(struct bw_profile_volume, source, "source", .flags = BW_REQUIRED, .check = bw_row_workspace,
		.doc = "Directory of the host in which each tenant has one of its own name; it and what lies above it must "
		       "be root's, writable by nobody else and reached without symbolic links."),
	BW_FIELD(struct bw_profile_volume, destination, "destination", .flags = BW_REQUIRED, .check = bw_row_workspace,
		.doc = "Directory in the container on which the tenant's is mounted, with nosuid, nodev, noexec and "
		       "nosymfollow."),
	BW_FIELD(struct bw_profile_volume, uid, "uid", .max = 4294967294U,
		.doc = "Owner that the tenant's directory must have; absent: the container's user."),
	BW_FIELD(struct bw_profile_volume, gid, "gid", .max = 4294967294U,
		.doc = "Group that it must have; absent: that of the container's user."),
	BW_FIELD(struct bw_profile_volume, mode, "mode", .check = bw_row_octal,
		.doc = "Mode that it must have, in octal digits; absent: 0750."),
	BW_FIELD(struct bw_profile_volume, readonly, "readonly", .doc = "Whether it is mounted read-only."),
	BW_FIELD(struct bw_profile_volume, create, "create",
		.doc = "Whether a directory that is missing is made; absent: the container is refused."),
	BW_END};
SECTION(volume, volume_fields);

static const struct bw_field disk_fields[] = {
	BW_FIELD(struct bw_profile_disk, directory, "directory", .flags = BW_REQUIRED, .check = bw_row_clean_path,
		.doc = "Directory of the host whose file system has the room: the whole size is reserved there as long "
		       "as the "
		       "container lives, in a file without a name."),
	BW_END};
SECTION(disk, disk_fields);

static const struct bw_field workspace_fields[] = {
	BW_FIELD(struct bw_profile_workspace, destination, "destination", .check = bw_row_workspace,
		.doc = "Directory in the container; absent: /workspace."),
	BW_FIELD(struct bw_profile_workspace, size, "size", .min = 4096, .max = 1ULL << 50,
		.doc = "Largest size in bytes; absent: 2147483648."),
	BW_FIELD(struct bw_profile_workspace, inodes, "inodes", .min = 1, .max = 1ULL << 32,
		.doc = "Largest number of files; absent: 262144."),
	BW_FIELD(struct bw_profile_workspace, exec, "exec",
		.doc = "Whether what lies in it can be executed and mapped for execution, as native wheels must be: "
		       "weaker, for then only Landlock or an LSM still keeps programs in it from being executed."),
	BW_FIELD(struct bw_profile_workspace, per_session, "perSession",
		.doc = "Whether it lies at destination/TENANT/SESSION; a container without both names is refused "
		       "then."),
	BW_FIELD(struct bw_profile_workspace, cwd, "cwd",
		.doc = "Whether programs begin in it where the caller says no other directory than /."),
	BW_LIST_OF(struct bw_profile_workspace, volumes, "volumes", &volume_schema, .flags = BW_EMPTY_IS_SET,
		.doc = "Directories of the host that outlive the container, one for each tenant; a container without a "
		       "tenant's name is refused then, no other tenant's can be mounted or be the root, and besides "
		       "binds only "
		       "the kernel's own file systems are mounted."),
	BW_NESTED(struct bw_profile_workspace, disk, "disk", &disk_schema,
		.doc = "Has it on a disk instead of in memory, encrypted with a key that is the kernel's alone and "
		       "ends with "
		       "the container."),
	BW_END};
SECTION(workspace, workspace_fields);

static const struct bw_field stage_fields[] = {
	BW_FIELD(struct bw_profile_stage, file_bytes, "fileBytes", .min = 1, .max = 1ULL << 40,
		.doc = "Largest size of one file in bytes, holes counted; absent: 1048576."),
	BW_FIELD(struct bw_profile_stage, files, "files", .min = 1, .max = 100000,
		.doc = "Largest number of files and directories in one call; absent: 1000."),
	BW_FIELD(struct bw_profile_stage, bytes, "bytes", .min = 1, .max = 1ULL << 40,
		.doc = "Largest size of all files of one call in bytes; absent: 67108864."),
	BW_FIELD(struct bw_profile_stage, patterns, "patterns", .flags = BW_EMPTY_IS_SET, .check = bw_row_stage_patterns,
		.doc = "Texts that are warned of when a file has one of them; the file is staged all the same, for a text "
		       "is easily written otherwise."),
	BW_END};
SECTION(stage, stage_fields);

static const struct bw_field capabilities_fields[] = {
	BW_FIELD(struct bw_profile_capabilities, allow, "allow", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_capabilities,
		.doc = "Capabilities that may stay where the caller asks for them; absent: all, "
		       "empty: none."),
	BW_FIELD(struct bw_profile_capabilities, lock_securebits, "lockSecurebits",
		.doc = "Whether the secure bits that keep user id 0 without privilege are set and "
		       "locked."),
	BW_END};
SECTION(capabilities, capabilities_fields);

static const struct bw_field seccomp_fields[] = {
	BW_FIELD(struct bw_profile_seccomp, baseline, "baseline", .names = baselines,
		.doc = "Filter of our own that stands beside the caller's, also where the caller "
		       "has none."),
	BW_FIELD(struct bw_profile_seccomp, allow, "allow", .flags = BW_EMPTY_IS_SET,
		.doc = "Families of system calls that the baseline leaves alone, such as "
		       "io_uring."),
	BW_FIELD(struct bw_profile_seccomp, native_only, "nativeOnly",
		.doc = "Whether the caller's filter is reduced to the machine's own architecture."),
	BW_FIELD(struct bw_profile_seccomp, keep_mitigations, "keepMitigations",
		.doc = "Whether filters leave the mitigation of speculative store bypass on: runc "
		       "and crun switch it "
		       "off where the caller's filter has no flags."),
	BW_FIELD(struct bw_profile_seccomp, listeners, "listeners", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_paths,
		.doc = "The only agents that a caller's filter may ask (SCMP_ACT_NOTIFY): paths of "
		       "their sockets, which must be root's own; absent: any."),
	BW_END};
SECTION(seccomp, seccomp_fields);

static const struct bw_field programs_fields[] = {
	BW_FIELD(struct bw_profile_programs, restrict_, "restrict",
		.doc = "Whether a container may execute only what allow lists, where there is a list; absent: true."),
	BW_FIELD(struct bw_profile_programs, allow, "allow", .flags = BW_EMPTY_IS_SET, .check = bw_row_clean_paths,
		.doc = "Paths of programs in the container, '*' matches within one component: both the path that is "
		       "asked for and the file that it leads to must be among them; absent: any."),
	BW_FIELD(struct bw_profile_programs, libraries, "libraries", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_clean_paths,
		.doc = "Directories whose files programs may map for execution: shared libraries and extension "
		       "modules; '*' matches within one component; absent: none."),
	BW_FIELD(struct bw_profile_programs, noexec, "noexec",
		.doc = "Whether everything in a container but the listed programs and libraries lies on mounts with "
		       "noexec."),
	BW_FIELD(struct bw_profile_programs, memfd_noexec, "memfdNoexec",
		.doc = "Whether files that are in memory alone (memfd_create) can be executed by nobody in the "
		       "container (vm.memfd_noexec, Linux 6.3)."),
	BW_FIELD(struct bw_profile_programs, events, "events", .names = off_prefer_require,
		.doc = "What it means when executions cannot be witnessed: nothing is, a degraded container, or a "
		       "refusal."),
	BW_END};
SECTION(programs, programs_fields);

static const struct bw_field lsm_fields[] = {
	BW_FIELD(struct bw_profile_lsm, apparmor, "apparmor", .names = off_prefer_require,
		.doc = "What a kernel without AppArmor means: nothing, a degraded container, or a "
		       "refusal."),
	BW_FIELD(struct bw_profile_lsm, apparmor_profile, "apparmorProfile", .check = bw_row_apparmor_profile,
		.doc = "AppArmor profile of our own, where apparmor is not off; absent: bulwark-default."),
	BW_FIELD(struct bw_profile_lsm, caller_profile, "callerProfile", .names = keep_replace,
		.doc = "Whether an AppArmor profile that the caller names takes the place of our own, or our own "
		       "takes its place wherever it can be had."),
	BW_FIELD(struct bw_profile_lsm, selinux, "selinux", .names = off_prefer_require,
		.doc = "What a kernel without SELinux means: nothing, a degraded container, or a "
		       "refusal."),
	BW_FIELD(struct bw_profile_lsm, drop_unconfined, "dropUnconfined",
		.doc = "Whether labels that mean unconfined are removed, so that the default "
		       "applies."),
	BW_FIELD(struct bw_profile_lsm, selinux_type, "selinuxType", .check = bw_row_selinux_type,
		.doc = "Type of the SELinux context of a container without a label: "
		       "system_u:system_r:TYPE:s0:cA,cB, with a pair of categories for each tenant; absent: none."),
	BW_FIELD(struct bw_profile_lsm, caller_type, "callerType", .names = keep_replace,
		.doc = "Whether an SELinux label that the caller gives stays, or selinuxType takes the place of its type "
		       "wherever that can be had; its pair of categories stays."),
	BW_END};
SECTION(lsm, lsm_fields);

static const struct bw_field mounts_fields[] = {
	BW_FIELD(struct bw_profile_mounts, check_sources, "checkSources",
		.doc = "Whether bind sources are also checked for what they are: sockets, devices, "
		       "kernel file "
		       "systems, and what refuse names by another name."),
	BW_FIELD(struct bw_profile_mounts, refuse, "refuse", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_paths,
		.doc = "Host paths that may not be a bind source, nor lie beneath or above one; "
		       "'*' matches within "
		       "one component."),
	BW_FIELD(struct bw_profile_mounts, refuse_names, "refuseNames", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_file_names,
		.doc = "File names that no bind source may have, wherever it lies."),
	BW_FIELD(struct bw_profile_mounts, except, "except", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_paths,
		.doc = "Sources that are allowed although refuse or only would refuse them: the "
		       "engines' own files; "
		       "'*' matches within one component."),
	BW_FIELD(struct bw_profile_mounts, only, "only", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_paths,
		.doc = "The only host directories beneath which bind sources may lie; absent: "
		       "any."),
	BW_FIELD(struct bw_profile_mounts, types, "types", .flags = BW_EMPTY_IS_SET,
		.doc = "File system types that a caller may mount, bind mounts apart; absent: "
		       "any."),
	BW_FIELD(struct bw_profile_mounts, mapped_ids, "mappedIds", .names = allow_refuse,
		.doc = "Binds that show files with other owners (uidMappings, idmap): through one a "
		       "container writes to the host as a user that it is not."),
	BW_FIELD(struct bw_profile_mounts, nosuid_nodev, "nosuidNodev",
		.doc = "Whether every mount is nosuid and, but for /dev and devpts, nodev."),
	BW_FIELD(struct bw_profile_mounts, noexec_writable, "noexecWritable",
		.doc = "Whether every writable mount is noexec."),
	BW_FIELD(struct bw_profile_mounts, private_, "private",
		.doc = "Whether mounts never propagate between host and container."),
	BW_FIELD(struct bw_profile_mounts, readonly_kernel, "readonlyKernel",
		.doc = "Whether sysfs and cgroup mounts are read-only."),
	BW_FIELD(struct bw_profile_mounts, guard_kernel, "guardKernel",
		.doc = "Whether mounts over /proc and /sys are refused but for the usual ones."),
	BW_END};
SECTION(mounts, mounts_fields);

static const struct bw_field paths_fields[] = {
	BW_FIELD(struct bw_profile_paths, masked, "masked", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_paths,
		.doc = "Paths that are hidden besides those that the caller hides."),
	BW_FIELD(struct bw_profile_paths, readonly, "readonly", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_paths,
		.doc = "Paths that are read-only besides those of the caller."),
	BW_END};
SECTION(paths, paths_fields);

static const struct bw_field hooks_fields[] = {
	BW_FIELD(struct bw_profile_hooks, allow, "allow", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_hook_patterns,
		.doc = "What may be a hook on the host: the program's path and then its arguments "
		       "from the zeroth on, as patterns; \"...\" at the end: any further. "
		       "Absent: any."),
	BW_FIELD(struct bw_profile_hooks, env, "env",
		.doc = "Variables that those hooks may be given, as patterns."),
	BW_FIELD(struct bw_profile_hooks, root_owned, "rootOwned",
		.doc = "Whether hooks must be programs that root owns and nobody else can write."),
	BW_END};
SECTION(hooks, hooks_fields);

static const struct bw_field loggers_fields[] = {
	BW_FIELD(struct bw_profile_loggers, allow, "allow", .flags = BW_EMPTY_IS_SET, .check = bw_row_clean_paths,
		.doc = "Programs of the host to which a container's output may be handed (containerd's binary:// "
		       "addresses), by the path at which each really is; they run as root, with arguments that the "
		       "caller chooses; absent: none."),
	BW_FIELD(struct bw_profile_loggers, files, "files", .flags = BW_EMPTY_IS_SET, .check = bw_row_clean_paths,
		.doc = "Directories of the host beneath which a container's output may be appended to files "
		       "(containerd's file:// addresses), by the path at which each really is; what is missing of a "
		       "path is made, as root; absent: anywhere, empty: nowhere."),
	BW_END};
SECTION(loggers, loggers_fields);

static const struct bw_field device_fields[] = {
	BW_FIELD(struct bw_profile_device, type, "type", .flags = BW_REQUIRED,
		.names = device_types, .doc = "Character or block device."),
	BW_FIELD(struct bw_profile_device, major, "major", .flags = BW_REQUIRED, .min = 0,
		.max = 4095, .doc = "Major number."),
	BW_FIELD(struct bw_profile_device, minor, "minor", .min = 0, .max = 1048575,
		.doc = "Minor number; absent: any."),
	BW_FIELD(struct bw_profile_device, access, "access", .flags = BW_REQUIRED,
		.check = bw_row_access, .doc = "What may be done with it: r, w or rw."),
	BW_END};
SECTION(device, device_fields);

static const struct bw_field devices_fields[] = {
	BW_FIELD(struct bw_profile_devices, restricted, "restricted",
		.doc = "Whether only the default devices and those of allow can be had, and none "
		       "be made."),
	BW_LIST_OF(struct bw_profile_devices, allow, "allow", &device_schema,
		.flags = BW_EMPTY_IS_SET, .doc = "Further devices that a caller may ask for."),
	BW_END};
SECTION(devices, devices_fields);

static const struct bw_field namespaces_fields[] = {
	BW_FIELD(struct bw_profile_namespaces, own, "own", .flags = BW_EMPTY_IS_SET,
		.names = namespace_types,
		.doc = "Namespaces that are made new where the caller would share the host's."),
	BW_FIELD(struct bw_profile_namespaces, host, "host", .names = allow_refuse,
		.doc = "Whether a namespace of the host may be joined by its path."),
	BW_END};
SECTION(namespaces, namespaces_fields);

static const char *const on_deaths[] = {"keep", "kill", NULL};

static const struct bw_field egress_fields[] = {
	BW_FIELD(struct bw_profile_egress, restrict_, "restrict",
		.doc = "Whether a container may connect to its own loopback and, through the gate, to what is "
		       "listed, and to nothing else; absent: true."),
	BW_FIELD(struct bw_profile_egress, allow, "allow", .flags = BW_EMPTY_IS_SET, .check = bw_row_names,
		.doc = "Names to which TLS connections may be made; *.NAME stands for all below NAME, @npm for "
		       "the hosts of registries.npm."),
	BW_FIELD(struct bw_profile_egress, ports, "ports", .flags = BW_NOT_EMPTY, .check = bw_row_ports,
		.doc = "Ports of those connections; absent: 443."),
	BW_FIELD(struct bw_profile_egress, plain, "plain", .check = bw_row_names,
		.doc = "Names to which HTTP without TLS may be spoken, on port 80."),
	BW_FIELD(struct bw_profile_egress, refuse, "refuse", .check = bw_row_prefixes,
		.doc = "Addresses to which no name may lead, besides private, local and reserved ones."),
	BW_FIELD(struct bw_profile_egress, nameservers, "nameservers", .check = bw_row_addresses,
		.doc = "Name servers that the gate asks; absent: those of the host."),
	BW_FIELD(struct bw_profile_egress, connections, "connections", .min = 1, .max = 4096,
		.doc = "Connections through the gate at once; absent: 256."),
	BW_FIELD(struct bw_profile_egress, connections_per_minute, "connectionsPerMinute", .min = 1,
		.max = 1000000, .doc = "New connections through the gate a minute; absent: 600."),
	BW_FIELD(struct bw_profile_egress, bytes, "bytes", .min = 1, .max = INT64_MAX,
		.doc = "Bytes through the gate in both directions, in the container's life; absent: no limit."),
	BW_FIELD(struct bw_profile_egress, on_death, "onDeath", .names = on_deaths,
		.doc = "What becomes of a container whose gate has died, and which so has no network any more: "
		       "it is kept, or killed; absent: keep."),
	BW_END};
static const struct bw_schema egress_schema = {.name = "egress",
	.size = sizeof(struct bw_profile_egress),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = egress_fields};

static const struct bw_field network_fields[] = {
	BW_FIELD(struct bw_profile_network, host, "host", .names = allow_refuse,
		.doc = "Whether a container may use the network of the host."),
	BW_FIELD(struct bw_profile_network, joined, "joined", .names = allow_refuse,
		.doc = "Whether a container may join a network namespace that others made (pods, "
		       "container: mode)."),
	BW_FIELD(struct bw_profile_network, devices, "devices", .names = allow_refuse,
		.doc = "Whether network devices of the host may be moved into a container."),
	BW_FIELD(struct bw_profile_network, metadata, "metadata", .names = allow_block,
		.doc = "Instance metadata services of every cloud (profiles/endpoints.json)."),
	BW_FIELD(struct bw_profile_network, task_credentials, "taskCredentials",
		.names = allow_block,
		.doc = "Credential endpoints of tasks and pods, such as 169.254.170.2."),
	BW_FIELD(struct bw_profile_network, dns, "dns", .names = allow_block,
		.doc = "Link-local name servers of the cloud's network."),
	BW_FIELD(struct bw_profile_network, time, "time", .names = allow_block,
		.doc = "Link-local time servers of the cloud's network."),
	BW_FIELD(struct bw_profile_network, guard, "guard", .names = prefer_require,
		.doc = "What it means when the blocked endpoints cannot be blocked: a degraded "
		       "container or a refusal."),
	BW_NESTED(struct bw_profile_network, egress, "egress", &egress_schema,
		.doc = "What a container may connect to: without it all that is not blocked."),
	BW_END};
SECTION(network, network_fields);

static const struct bw_field sysctl_fields[] = {
	BW_FIELD(struct bw_profile_sysctl, allow, "allow", .flags = BW_EMPTY_IS_SET,
		.doc = "Kernel parameters that a caller may set, '*' matches any run; absent: as "
		       "the runtime allows."),
	BW_END};
SECTION(sysctl, sysctl_fields);

static const struct bw_field systemd_fields[] = {
	BW_FIELD(struct bw_profile_systemd, properties, "properties", .flags = BW_EMPTY_IS_SET,
		.doc = "Properties of its unit that a container may set by an annotation "
		       "org.systemd.property.NAME, other annotations of that kind are dropped; absent: "
		       "all."),
	BW_END};
SECTION(systemd, systemd_fields);

static const struct bw_field environment_fields[] = {
	BW_FIELD(struct bw_profile_environment, scrub_lists, "scrubLists", .flags = BW_EMPTY_IS_SET,
		.names = scrub_lists,
		.doc = "Lists of profiles/scrub.json whose variables are removed."),
	BW_FIELD(struct bw_profile_environment, scrub, "scrub", .flags = BW_EMPTY_IS_SET,
		.doc = "Further variables that are removed; '*' matches any run, capitals do not "
		       "matter."),
	BW_FIELD(struct bw_profile_environment, keep, "keep", .flags = BW_EMPTY_IS_SET,
		.doc = "Variables that stay although scrubLists or scrub name them."),
	BW_FIELD(struct bw_profile_environment, set, "set", .check = bw_row_environment,
		.doc = "Variables that are set, whatever the caller says."),
	BW_END};
SECTION(environment, environment_fields);

static const struct bw_field secret_fields[] = {
	BW_FIELD(struct bw_profile_secret, name, "name", .flags = BW_REQUIRED,
		.doc = "Name of the file in the container."),
	BW_FIELD(struct bw_profile_secret, file, "file",
		.doc = "File of the host, such as one of systemd's credentials: it must be root's own, and nobody else "
		       "may read it."),
	BW_FIELD(struct bw_profile_secret, env, "env",
		.doc = "Variable of config.json that is the secret: no program gets it, but NAME_FILE, which says where "
		       "the file is."),
	BW_FIELD(struct bw_profile_secret, optional, "optional",
		.doc = "Whether a container starts without the secret where there is no such file or variable."),
	BW_END};
SECTION(secret, secret_fields);

static const struct bw_field secrets_fields[] = {
	BW_FIELD(struct bw_profile_secrets, directory, "directory", .check = bw_row_secrets_directory,
		.doc = "Directory in the container; absent: /run/secrets."),
	BW_LIST_OF(struct bw_profile_secrets, files, "files", &secret_schema, .flags = BW_EMPTY_IS_SET,
		.check = bw_row_secrets,
		.doc = "The secrets: read-only files in memory that is never swapped out, of mode 0400, which belong to "
		       "the container's user."),
	BW_END};
SECTION(secrets, secrets_fields);

static const struct bw_field keyring_fields[] = {
	BW_FIELD(struct bw_profile_keyring, private_, "private",
		.doc = "Whether a container always has a session keyring of its own."),
	BW_END};
SECTION(keyring, keyring_fields);

static const struct bw_field descriptors_fields[] = {
	BW_FIELD(struct bw_profile_descriptors, refuse_inherited, "refuseInherited",
		.doc = "Whether --preserve-fds is refused, and LISTEN_FDS and NOTIFY_SOCKET of our caller "
		       "are left behind."),
	BW_END};
SECTION(descriptors, descriptors_fields);

static const struct bw_field rlimit_fields[] = {
	BW_FIELD(struct bw_profile_rlimit, type, "type", .flags = BW_REQUIRED,
		.check = bw_row_rlimit, .doc = "Name of the limit, such as RLIMIT_NOFILE."),
	BW_FIELD(struct bw_profile_rlimit, value, "value", .flags = BW_REQUIRED,
		.doc = "Soft and hard limit."),
	BW_END};
SECTION(rlimit, rlimit_fields);

static const struct bw_field limits_fields[] = {
	BW_FIELD(struct bw_profile_limits, pids, "pids", .min = 1, .max = 4194304,
		.doc = "Number of processes and threads where the caller sets no limit."),
	BW_FIELD(struct bw_profile_limits, memory, "memory", .min = 1 << 20, .max = 1ULL << 50,
		.doc = "Memory in bytes where the caller sets no limit."),
	BW_FIELD(struct bw_profile_limits, no_swap, "noSwap",
		.doc = "Whether swap is off where the caller sets no limit of its own."),
	BW_FIELD(struct bw_profile_limits, cpu_quota, "cpuQuota", .min = 1000, .max = 1ULL << 40,
		.doc = "Processor time in microseconds per cpuPeriod where the caller sets no "
		       "quota."),
	BW_FIELD(struct bw_profile_limits, cpu_period, "cpuPeriod", .min = 1000, .max = 1000000,
		.doc = "Period of cpuQuota in microseconds; absent: 100000."),
	BW_LIST_OF(struct bw_profile_limits, rlimits, "rlimits", &rlimit_schema,
		.flags = BW_EMPTY_IS_SET, .doc = "Process limits where the caller sets none."),
	BW_FIELD(struct bw_profile_limits, oom_score_adj_min, "oomScoreAdjMin", .min = -1000,
		.max = 1000,
		.doc = "Lowest oomScoreAdj: below 0 a container outlives the host's own programs."),
	BW_FIELD(struct bw_profile_limits, no_realtime, "noRealtime",
		.doc = "Whether real-time and deadline scheduling are removed."),
	BW_FIELD(struct bw_profile_limits, intel_rdt, "intelRdt", .names = allow_refuse,
		.doc = "Whether a caller may choose, make or change a class of service of cache and memory "
		       "bandwidth."),
	BW_END};
SECTION(limits, limits_fields);

static const struct bw_field session_fields[] = {
	BW_FIELD(struct bw_profile_session, ttl, "ttl", .check = bw_row_ttl,
		.doc = "How long a container lives at most from its start on, such as 15m: then its first process "
		       "gets SIGTERM; absent: no limit."),
	BW_FIELD(struct bw_profile_session, grace, "grace", .check = bw_row_grace,
		.doc = "How long it has after SIGTERM before all its processes are killed; absent: 10s."),
	BW_FIELD(struct bw_profile_session, starts_per_minute, "startsPerMinute", .min = 1, .max = 1000000,
		.doc = "How many containers of one tenant may be started in a minute, or at once after a rest; those "
		       "without a "
		       "tenant are counted together, for each profile and state root; absent: any number."),
	BW_END};
SECTION(session, session_fields);

static const struct bw_field audit_fields[] = {
	BW_FIELD(struct bw_profile_audit, record, "record", .names = off_refusals_all,
		.doc = "Which events are recorded: none; refusals, what was denied and what is degraded; or the container's "
		       "life as well; absent: off."),
	BW_FIELD(struct bw_profile_audit, on_failure, "onFailure", .names = continue_refuse,
		.doc = "What becomes of a create, start or exec whose record cannot be written to the file: it goes on, with "
		       "a warning in the log, or is refused; absent: continue."),
	BW_END};
SECTION(audit, audit_fields);

static const struct bw_field backend_fields[] = {
	BW_FIELD(struct bw_profile_backend, delegate, "delegate", .check = bw_row_clean_path,
		.doc = "Absolute path of an OCI runtime, such as /usr/bin/runsc, which only root can change; absent: bulwark "
		       "makes the container itself."),
	BW_FIELD(struct bw_profile_backend, args, "args",
		.doc = "Global options for it, before the command: \"--network=none\"."),
	BW_FIELD(struct bw_profile_backend, ignores, "ignores", .check = bw_row_ignores,
		.doc = "Controls without which a container may be started because the delegate does not put them in force; "
		       "each is recorded as degraded. What it lacks and this list does not name is refused."),
	BW_FIELD(struct bw_profile_backend, timeout, "timeout", .check = bw_row_ttl,
		.doc = "How long one command of the delegate may take (default 30s)."),
	BW_END};
SECTION(backend, backend_fields);

static const struct bw_field metrics_fields[] = {
	BW_FIELD(struct bw_profile_metrics, record, "record", .names = off_prefer_require,
		.doc = "Whether numbers of a container are kept while it runs and added to the host's when it has ended: "
		       "processor time, memory, processes, input and output, what it has executed and tried to reach; "
		       "require: a container that nobody counts is refused; absent: off."),
	BW_FIELD(struct bw_profile_metrics, interval, "interval", .check = bw_row_interval,
		.doc = "How often it is looked at, for numbers and alerts; absent: 15s."),
	BW_END};
SECTION(metrics, metrics_fields);

static const char *const alert_actions[] = {"off", "alert", "throttle", "kill", NULL};
#define ALERT_ACTION                                                                               \
	BW_FIELD(struct bw_profile_alert, action, "action", .names = alert_actions,                \
		.doc = "What is done: nothing; a record in the audit trail; less processor time, too; or the end of the " \
		       "container; absent: alert.")
static const struct bw_field cpu_alert_fields[] = {
	BW_FIELD(struct bw_profile_alert, percent, "percent", .min = 1, .max = 100,
		.doc = "Load, in percent of the processor time that the container may have, above which it is told; absent: "
		       "80."),
	BW_FIELD(struct bw_profile_alert, window, "for", .check = bw_row_window,
		.doc = "How long it must be so, on the average; absent: 5m."),
	ALERT_ACTION, BW_END};
static const struct bw_schema cpu_alert_schema = {.name = "cpuAlert",
	.size = sizeof(struct bw_profile_alert),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = cpu_alert_fields};
static const struct bw_field steady_alert_fields[] = {
	BW_FIELD(struct bw_profile_alert, percent, "percent", .min = 1, .max = 100,
		.doc = "Load that is never left; absent: 95."),
	BW_FIELD(struct bw_profile_alert, spread, "spread", .max = 100,
		.doc = "Percentage points between the least and the greatest load at most; absent: 3."),
	BW_FIELD(struct bw_profile_alert, window, "for", .check = bw_row_window,
		.doc = "How long it must be so; absent: 10m."),
	ALERT_ACTION, BW_END};
static const struct bw_schema steady_alert_schema = {.name = "steadyAlert",
	.size = sizeof(struct bw_profile_alert),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = steady_alert_fields};
#define COUNT_ALERT(which, what)                                                                                \
	static const struct bw_field which##_alert_fields[] = {                                                 \
		BW_FIELD(struct bw_profile_alert, count, "count", .min = 1, .max = 1000000,                     \
			.doc = "Number of " what " that were denied from which on it is told; absent: 20."),    \
		BW_FIELD(struct bw_profile_alert, window, "per", .check = bw_row_window,                         \
			.doc = "Within which time; absent: 1m."),                                               \
		ALERT_ACTION, BW_END};                                                                          \
	static const struct bw_schema which##_alert_schema = {.name = #which "Alert",                           \
		.size = sizeof(struct bw_profile_alert),                                                        \
		.unknown = BW_UNKNOWN_REFUSE,                                                                   \
		.fields = which##_alert_fields}
COUNT_ALERT(destinations, "destinations");
COUNT_ALERT(writes, "writes");
static const struct bw_field alerts_fields[] = {
	BW_NESTED(struct bw_profile_alerts, cpu, "cpu", &cpu_alert_schema, .doc = "Much load for long."),
	BW_NESTED(struct bw_profile_alerts, steady, "steady", &steady_alert_schema,
		.doc = "Full load without a pause and without input and output, as of who mines: or of who "
		       "calculates."),
	BW_NESTED(struct bw_profile_alerts, destinations, "destinations", &destinations_alert_schema,
		.doc = "Attempts to reach what the gate does not let out."),
	BW_NESTED(struct bw_profile_alerts, writes, "writes", &writes_alert_schema,
		.doc = "Attempts to write where a security module of the kernel's does not let it, as far as that is "
		       "told: see "
		       "bulwark-keeper(8)."),
	BW_FIELD(struct bw_profile_alerts, throttle_percent, "throttlePercent", .min = 1, .max = 100,
		.doc = "What throttle leaves, in percent of the processor time that the container may have; absent: "
		       "20."),
	BW_END};
SECTION(alerts, alerts_fields);

static const struct bw_field profile_fields[] = {
	BW_FIELD(struct bw_profile, extends, "extends", .check = bw_row_profile_name,
		.doc = "Profile whose rows hold where this one says nothing; its own name means the built-in of that "
		       "name; "
		       "absent: that built-in where there is one, else hardened."),
	BW_FIELD(struct bw_profile, mode, "mode", .names = modes,
		.doc = "Whether refusals stop the container (enforce) or are only recorded "
		       "(audit)."),
	BW_FIELD(struct bw_profile, loosens, "loosens",
		.doc = "Rows, such as network.host, in which this profile is looser than what it "
		       "extends; each must "
		       "be named."),
	BW_NESTED(struct bw_profile, user, "user", &user_schema, .doc = "Users and groups."),
	BW_NESTED(struct bw_profile, rootfs, "rootfs", &rootfs_schema, .doc = "The root file system."),
	BW_NESTED(struct bw_profile, workspace, "workspace", &workspace_schema,
		.doc = "A directory for a session's files, which belongs to the container's user and ends with the "
		       "container; where the caller mounts something, that stays."),
	BW_NESTED(struct bw_profile, stage, "stage", &stage_schema,
		.doc = "What bulwark stage copies into the workspace at most."),
	BW_NESTED(struct bw_profile, capabilities, "capabilities", &capabilities_schema, .doc = "Capabilities."),
	BW_FIELD(struct bw_profile, no_new_privileges, "noNewPrivileges", .doc = "Whether no_new_privs is forced."),
	BW_NESTED(struct bw_profile, seccomp, "seccomp", &seccomp_schema, .doc = "System call filters."),
	BW_NESTED(struct bw_profile, programs, "programs", &programs_schema, .doc = "What alone may be executed."),
	BW_NESTED(struct bw_profile, lsm, "lsm", &lsm_schema, .doc = "AppArmor and SELinux."),
	BW_FIELD(struct bw_profile, landlock, "landlock", .names = off_prefer_require,
		.doc = "Landlock rules that follow from the mounts, and from the rows whose names begin so: "
		       "writing only where a mount is writable."),
	BW_FIELD(struct bw_profile, landlock_scope, "landlockScope",
		.doc = "Whether Landlock also closes abstract sockets of, and signals to, "
		       "processes outside; to what exec has started, the container's first process is outside, and "
		       "the other way round."),
	BW_FIELD(struct bw_profile, landlock_connect, "landlockConnect", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_connect,
		.doc = "Ports to which alone TCP may connect and, from Landlock ABI 10 on, UDP send; absent: any."),
	BW_FIELD(struct bw_profile, landlock_bind, "landlockBind", .flags = BW_EMPTY_IS_SET, .check = bw_row_bind,
		.doc = "Ports to which alone TCP and, from Landlock ABI 10 on, UDP sockets may be bound, 0 for one of "
		       "the "
		       "kernel's choice; absent: any."),
	BW_FIELD(struct bw_profile, memory_deny_write_execute, "memoryDenyWriteExecute", .names = off_auto_on,
		.doc = "Whether memory that was written can never be executed (PR_SET_MDWE, Linux 6.3), which ends "
		       "programs that compile at run time; auto: unless one of the container's programs is known to, "
		       "or the "
		       "kernel cannot."),
	BW_FIELD(struct bw_profile, require_memory_encryption, "requireMemoryEncryption",
		.doc = "Whether a container is refused where the host's memory is not seen to be encrypted (AMD SME, "
		       "TSME or SEV, "
		       "Intel TME or TDX)."),
	BW_FIELD(struct bw_profile, require_encrypted_binds, "requireEncryptedBinds",
		.doc = "Whether a bind mount is refused where its source is not seen to lie on something encrypted: on "
		       "dm-crypt "
		       "below whatever else, in a directory of fscrypt, or in memory that no plain swap takes."),
	BW_FIELD(struct bw_profile, encrypted_binds_except, "encryptedBindsExcept", .flags = BW_EMPTY_IS_SET,
		.check = bw_row_clean_paths,
		.doc = "Host paths of which requireEncryptedBinds does not ask it, nor of what lies beneath them: a "
		       "network file "
		       "system whose server encrypts, which cannot be seen from here; '*' matches within one "
		       "component."),
	BW_NESTED(struct bw_profile, mounts, "mounts", &mounts_schema, .doc = "Mounts and their sources."),
	BW_NESTED(struct bw_profile, paths, "paths", &paths_schema, .doc = "Hidden and read-only kernel files."),
	BW_NESTED(struct bw_profile, hooks, "hooks", &hooks_schema, .doc = "Hooks."),
	BW_NESTED(struct bw_profile, loggers, "loggers", &loggers_schema,
		.doc = "Programs and files that take a container's output."),
	BW_NESTED(struct bw_profile, devices, "devices", &devices_schema, .doc = "Devices."),
	BW_NESTED(struct bw_profile, namespaces, "namespaces", &namespaces_schema, .doc = "Namespaces."),
	BW_NESTED(struct bw_profile, network, "network", &network_schema, .doc = "Network."),
	BW_NESTED(struct bw_profile, sysctl, "sysctl", &sysctl_schema, .doc = "Kernel parameters."),
	BW_NESTED(
		struct bw_profile, environment, "environment", &environment_schema, .doc = "Environment of programs."),
	BW_NESTED(struct bw_profile, secrets, "secrets", &secrets_schema,
		.doc = "Secrets as files. Nothing of config.json chooses or moves them."),
	BW_NESTED(struct bw_profile, keyring, "keyring", &keyring_schema, .doc = "Kernel keyrings."),
	BW_NESTED(struct bw_profile, descriptors, "descriptors", &descriptors_schema, .doc = "File descriptors."),
	BW_NESTED(struct bw_profile, limits, "limits", &limits_schema, .doc = "Limits."),
	BW_NESTED(struct bw_profile, systemd, "systemd", &systemd_schema,
		.doc = "Units of systemd, with --systemd-cgroup."),
	BW_NESTED(struct bw_profile, session, "session", &session_schema,
		.doc = "How long a container may live. Time is kept by containerd-shim-bulwark-v2, by run and "
		       "restore in the foreground, and elsewhere by bulwark-keeper."),
	BW_NESTED(struct bw_profile, metrics, "metrics", &metrics_schema, .doc = "Numbers of a container."),
	BW_NESTED(struct bw_profile, alerts, "alerts", &alerts_schema,
		.doc = "What is told of a container while it runs."),
	BW_FIELD(struct bw_profile, checkpoint, "checkpoint", .names = allow_refuse,
		.doc = "Whether a container may be saved, and restored from an image: the image says "
		       "with which ids, capabilities, filters and memory, and criu obeys as root."),
	BW_NESTED(struct bw_profile, audit, "audit", &audit_schema,
		.doc = "What goes to the audit trail, for which the section audit of the file says where it is."),
	BW_NESTED(struct bw_profile, backend, "backend", &backend_schema,
		.doc = "Another runtime that makes the container, from the hardened configuration: for isolation that "
		       "bulwark has not."),
	BW_END};
const struct bw_schema bw_profile_schema = {.name = "profile",
	.size = sizeof(struct bw_profile),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = profile_fields};

static const struct bw_field rule_fields[] = {
	BW_FIELD(struct bw_policy_rule, name, "name", .flags = BW_REQUIRED | BW_NOT_EMPTY,
		.doc = "Name of the rule, for log and state."),
	BW_FIELD(struct bw_policy_rule, when, "when", .flags = BW_REQUIRED | BW_NOT_EMPTY,
		.check = bw_row_when,
		.doc = "Facts that must all hold: a pattern or a list of patterns for each, '*' "
		       "matches any run; "
		       "docker.label.absent names labels that must not be there."),
	BW_FIELD(struct bw_policy_rule, profile, "profile", .flags = BW_REQUIRED,
		.check = bw_row_profile_name, .doc = "Profile of the containers that match."),
	BW_END};
static const struct bw_schema rule_schema = {.name = "rule",
	.size = sizeof(struct bw_policy_rule),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = rule_fields};

static const struct bw_field annotations_fields[] = {
	BW_FIELD(struct bw_policy_annotations, profile, "profile",
		.doc = "Profiles that the annotation org.bulwark.profile may choose where they are "
		       "at least as strict "
		       "as the default."),
	BW_FIELD(struct bw_policy_annotations, tenant, "tenant",
		.doc = "Whether the annotation org.bulwark.tenant says whose a container is (at most 63 of a-z, 0-9, "
		       "dot, "
		       "underscore and hyphen, beginning with a letter or digit); absent: it is not heard, and each "
		       "container stands alone."),
	BW_FIELD(struct bw_policy_annotations, session, "session",
		.doc = "Whether the annotation org.bulwark.session says which session of a tenant a container is of: a "
		       "name "
		       "of the same form; absent: it is not heard."),
	BW_FIELD(struct bw_policy_annotations, ttl, "ttl",
		.doc = "Whether the annotation org.bulwark.ttl may give a container a shorter life than session.ttl; "
		       "absent: it is not heard."),
	BW_END};
static const struct bw_schema annotations_schema = {.name = "annotations",
	.size = sizeof(struct bw_policy_annotations),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = annotations_fields};

static const struct bw_field docker_fields[] = {
	BW_FIELD(struct bw_policy_docker, data_roots, "dataRoots", .flags = BW_EMPTY_IS_SET, .check = bw_row_clean_paths,
		.doc = "Directories in which docker keeps its data, without symbolic links in them; absent: "
		       "/var/lib/docker."),
	BW_FIELD(struct bw_policy_docker, unreadable, "unreadable", .names = unreadables,
		.doc = "What a container gets of which a rule asks docker's metadata and they cannot be trusted: "
		       "the default profile, or a refusal; absent: default."),
	BW_END};
static const struct bw_schema docker_schema = {.name = "docker",
	.size = sizeof(struct bw_policy_docker),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = docker_fields};

static const struct bw_field names_fields[] = {
	BW_FIELD(struct bw_policy_names, tenant, "tenant", .check = bw_row_facts,
		.doc = "Facts of which the first that has a value names the tenant, before any annotation: what stands "
		       "behind "
		       "its last slash, if that is such a name as annotations.tenant has it; else the container is "
		       "refused."),
	BW_FIELD(struct bw_policy_names, session, "session", .check = bw_row_facts, .doc = "The same for the session."),
	BW_END};
static const struct bw_schema names_schema = {.name = "names",
	.size = sizeof(struct bw_policy_names),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = names_fields};

static const struct bw_field policy_metrics_fields[] = {
	BW_FIELD(struct bw_policy_metrics, emf, "emf", .check = bw_row_clean_path,
		.doc = "File to which a document of CloudWatch's Embedded Metric Format is appended for each container "
		       "that a "
		       "profile holds, when it is deleted; its directory should be root's alone."),
	BW_FIELD(struct bw_policy_metrics, name_space, "namespace", .check = bw_row_namespace,
		.doc = "CloudWatch's namespace of these; absent: Bulwark."),
	BW_END};
const struct bw_schema bw_policy_metrics_schema = {.name = "metricsOfHost",
	.size = sizeof(struct bw_policy_metrics),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = policy_metrics_fields};

static const struct bw_field policy_fields[] = {
	BW_FIELD(struct bw_policy, version, "version", .flags = BW_REQUIRED, .min = 1, .max = 1,
		.doc = "Version of this format: 1."),
	BW_FIELD(struct bw_policy, default_, "default", .check = bw_row_profile_name,
		.doc = "Profile of containers for which nothing else chooses one; absent: "
		       "hardened."),
	BW_FIELD(struct bw_policy, profile_flag, "profileFlag", .names = profile_flags,
		.doc = "Whether --profile may choose any profile, only one at least as strict, or "
		       "none; absent: any."),
	BW_LIST_OF(struct bw_policy, rules, "rules", &rule_schema,
		.doc = "Rules that choose a profile by facts that a container's author cannot "
		       "forge; the first that "
		       "matches decides."),
	BW_NESTED(struct bw_policy, annotations, "annotations", &annotations_schema,
		.doc = "What annotations org.bulwark.* may ask for."),
	BW_NESTED(struct bw_policy, docker, "docker", &docker_schema,
		.doc = "Where docker's own metadata are, by which rules can know its containers."),
	BW_NESTED(struct bw_policy, audit, "audit", &bw_audit_trail_schema,
		.doc = "Where the audit trail of this host goes."),
	BW_NESTED(struct bw_policy, names, "names", &names_schema,
		.doc = "What the host knows by which tenants and sessions are named."),
	BW_NESTED(struct bw_policy, metrics, "metrics", &bw_policy_metrics_schema,
		.doc = "Where numbers of containers that have ended go, beside what bulwark-metrics(8) tells."),
	BW_MAP_OF(struct bw_policy, profiles, "profiles", &bw_profile_schema,
		.doc = "Profiles of this host; a built-in name changes the built-in."),
	BW_FIELD(struct bw_policy, registries, "registries", .check = bw_row_hosts,
		.doc = "Hosts of package registries by short name, for lists that name @npm or "
		       "@pypi."),
	BW_END};
const struct bw_schema bw_policy_schema = {.name = "policy",
	.size = sizeof(struct bw_policy),
	.unknown = BW_UNKNOWN_REFUSE,
	.fields = policy_fields};
