/* SPDX-License-Identifier: Apache-2.0 */
/* spec_table.c - rows of the top of config.json: root, mounts, hooks, annotations (runtime-spec
 * config.md), and of our own decisions that are stored with it. */
#include "spec/spec_table.h"

static const char *const strengths[] = {"prefer", "require", NULL};

static const struct bw_field root_fields[] = {
	BW_FIELD(struct bw_spec_root, path, "path", .flags = BW_REQUIRED | BW_NOT_EMPTY,
		.doc = "root filesystem, absolute or relative to the bundle"),
	BW_FIELD(struct bw_spec_root, readonly, "readonly",
		.doc = "whether the root filesystem is read-only in the container"),
	BW_END};
static const struct bw_schema root_schema = {
	"root", sizeof(struct bw_spec_root), BW_UNKNOWN_NOTE, root_fields};

static const struct bw_field mount_fields[] = {
	BW_FIELD(struct bw_spec_mount, destination, "destination",
		.flags = BW_REQUIRED | BW_NOT_EMPTY, .doc = "where, in the container"),
	BW_FIELD(struct bw_spec_mount, type, "type", .flags = BW_EMPTY_IS_ABSENT,
		.doc = "filesystem type; without meaning for bind mounts"),
	BW_FIELD(struct bw_spec_mount, source, "source", .flags = BW_EMPTY_IS_ABSENT,
		.doc = "device or path; for bind mounts absolute or relative to the bundle"),
	BW_FIELD(struct bw_spec_mount, options, "options",
		.doc = "options of mount(8), what is not known goes to the filesystem"),
	BW_LIST_OF(struct bw_spec_mount, uid_mappings, "uidMappings", &bw_spec_id_mapping_schema,
		.doc = "user ids of an id-mapped mount"),
	BW_LIST_OF(struct bw_spec_mount, gid_mappings, "gidMappings", &bw_spec_id_mapping_schema,
		.doc = "group ids of an id-mapped mount"),
	BW_END};
static const struct bw_schema mount_schema = {
	"mount", sizeof(struct bw_spec_mount), BW_UNKNOWN_NOTE, mount_fields};

static const struct bw_field hook_fields[] = {
	BW_FIELD(struct bw_spec_hook, path, "path", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "program"),
	BW_FIELD(struct bw_spec_hook, args, "args", .doc = "arguments, from argv[0] on"),
	BW_FIELD(struct bw_spec_hook, env, "env", .check = bw_check_env,
		.doc = "environment, NAME=value"),
	BW_FIELD(struct bw_spec_hook, timeout, "timeout", .min = 1, .max = INT32_MAX,
		.doc = "seconds until the hook is killed"),
	BW_END};
static const struct bw_schema hook_schema = {
	"hook", sizeof(struct bw_spec_hook), BW_UNKNOWN_NOTE, hook_fields};

static const struct bw_field hooks_fields[] = {
	BW_LIST_OF(struct bw_spec_hooks, prestart, "prestart", &hook_schema,
		.doc = "out of use: before createRuntime, on the host"),
	BW_LIST_OF(struct bw_spec_hooks, create_runtime, "createRuntime", &hook_schema,
		.doc = "during create, on the host, before the root is changed"),
	BW_LIST_OF(struct bw_spec_hooks, create_container, "createContainer", &hook_schema,
		.doc = "during create, in the container's namespaces, before the root is changed"),
	BW_LIST_OF(struct bw_spec_hooks, start_container, "startContainer", &hook_schema,
		.doc = "during start, in the container, before the program runs"),
	BW_LIST_OF(struct bw_spec_hooks, poststart, "poststart", &hook_schema,
		.doc = "after the program was started, on the host"),
	BW_LIST_OF(struct bw_spec_hooks, poststop, "poststop", &hook_schema,
		.doc = "after the container was deleted, on the host"),
	BW_END};
static const struct bw_schema hooks_schema = {
	"hooks", sizeof(struct bw_spec_hooks), BW_UNKNOWN_NOTE, hooks_fields};

/* Ours alone. A name that this version does not know may be a protection that it would not give:
 * refused. */
static const struct bw_field egress_fields[] = {
	BW_FIELD(struct bw_spec_egress, allow, "allow", .doc = "names to which TLS connections may be made"),
	BW_FIELD(struct bw_spec_egress, plain, "plain", .doc = "names to which HTTP without TLS may be spoken"),
	BW_FIELD(struct bw_spec_egress, ports, "ports", .doc = "ports of TLS connections"),
	BW_FIELD(struct bw_spec_egress, refuse, "refuse", .doc = "addresses to which no name may lead"),
	BW_FIELD(struct bw_spec_egress, nameservers, "nameservers", .doc = "name servers that the gate asks"),
	BW_FIELD(struct bw_spec_egress, connections, "connections", .doc = "connections at once"),
	BW_FIELD(struct bw_spec_egress, connections_per_minute, "connectionsPerMinute", .doc = "new connections a minute"),
	BW_FIELD(struct bw_spec_egress, bytes, "bytes", .doc = "bytes in both directions in the container's life"),
	BW_FIELD(struct bw_spec_egress, on_death, "onDeath", .doc = "what becomes of the container when the gate dies"),
	BW_END};
static const struct bw_schema egress_schema = {
	"egress", sizeof(struct bw_spec_egress), BW_UNKNOWN_REFUSE, egress_fields};

static const struct bw_field programs_fields[] = {
	BW_FIELD(struct bw_spec_programs, allow, "allow", .flags = BW_ABSOLUTE_PATH | BW_EMPTY_IS_SET,
		.doc = "paths that may be executed, as patterns"),
	BW_FIELD(struct bw_spec_programs, libraries, "libraries", .flags = BW_ABSOLUTE_PATH,
		.doc = "directories whose files may be mapped for execution, as patterns"),
	BW_FIELD(struct bw_spec_programs, noexec, "noexec",
		.doc = "whether everything else lies on mounts with noexec"),
	BW_FIELD(struct bw_spec_programs, memfd_noexec, "memfdNoexec",
		.doc = "whether files in memory cannot be executed either"),
	BW_FIELD(struct bw_spec_programs, events, "events", .names = strengths,
		.doc = "whether executions are witnessed if possible, or must be"),
	BW_FIELD(struct bw_spec_programs, files, "files", .flags = BW_ABSOLUTE_PATH,
		.doc = "the programs that were found, without links"),
	BW_FIELD(struct bw_spec_programs, interpreters, "interpreters", .flags = BW_ABSOLUTE_PATH,
		.doc = "the ELF interpreters that they name, without links"),
	BW_FIELD(struct bw_spec_programs, directories, "directories", .flags = BW_ABSOLUTE_PATH,
		.doc = "the library directories that were found, without links"),
	BW_END};
static const struct bw_schema programs_schema = {
	"programs", sizeof(struct bw_spec_programs), BW_UNKNOWN_REFUSE, programs_fields};

static const struct bw_field secret_fields[] = {
	BW_FIELD(struct bw_spec_secret, name, "name", .flags = BW_REQUIRED, .doc = "name of the file"),
	BW_FIELD(struct bw_spec_secret, file, "file", .flags = BW_ABSOLUTE_PATH, .doc = "file of the host"),
	BW_FIELD(struct bw_spec_secret, env, "env", .doc = "variable of config.json"),
	BW_FIELD(struct bw_spec_secret, optional, "optional", .doc = "whether the file of the host may be missing"),
	BW_END};
static const struct bw_schema secret_schema = {
	"secret", sizeof(struct bw_spec_secret), BW_UNKNOWN_REFUSE, secret_fields};

static const struct bw_field secrets_fields[] = {
	BW_FIELD(struct bw_spec_secrets, directory, "directory", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "where they are in the container"),
	BW_LIST_OF(struct bw_spec_secrets, files, "files", &secret_schema, .doc = "where each comes from"),
	BW_END};
static const struct bw_schema secrets_schema = {
	"secrets", sizeof(struct bw_spec_secrets), BW_UNKNOWN_REFUSE, secrets_fields};

static const struct bw_field user_range_fields[] = {
	BW_FIELD(struct bw_spec_user_range, first, "first", .flags = BW_REQUIRED,
		.doc = "first id that containers may have"),
	BW_FIELD(struct bw_spec_user_range, count, "count", .flags = BW_REQUIRED,
		.doc = "how many ranges there are"),
	BW_FIELD(struct bw_spec_user_range, idmap, "idmap", .names = strengths, .flags = BW_REQUIRED,
		.doc = "whether files of the rootfs are shown as the container's if possible, or must be"),
	BW_FIELD(struct bw_spec_user_range, images, "images", .flags = BW_ABSOLUTE_PATH,
		.doc = "directories beneath which the rootfs may lie for that, besides the bundle"),
	BW_END};
static const struct bw_schema user_range_schema = {
	"userRange", sizeof(struct bw_spec_user_range), BW_UNKNOWN_REFUSE, user_range_fields};

static const struct bw_field audit_fields[] = {
	BW_FIELD(struct bw_spec_audit, record, "record", .doc = "which events are recorded"),
	BW_FIELD(struct bw_spec_audit, on_failure, "onFailure", .doc = "what a record that cannot be written means"),
	BW_FIELD(struct bw_spec_audit, policy, "policy", .doc = "hash of the policy file that decided"),
	BW_NESTED(struct bw_spec_audit, trail, "trail", &bw_audit_trail_schema, .doc = "where records go"),
	BW_END};
const struct bw_schema bw_spec_audit_schema = {
	"audit", sizeof(struct bw_spec_audit), BW_UNKNOWN_REFUSE, audit_fields};

static const struct bw_field stage_fields[] = {
	BW_FIELD(struct bw_spec_stage, file_bytes, "fileBytes", .flags = BW_REQUIRED, .doc = "bytes of one file"),
	BW_FIELD(struct bw_spec_stage, files, "files", .flags = BW_REQUIRED, .doc = "files and directories of one call"),
	BW_FIELD(struct bw_spec_stage, bytes, "bytes", .flags = BW_REQUIRED, .doc = "bytes of all files of one call"),
	BW_FIELD(struct bw_spec_stage, patterns, "patterns", .doc = "texts to warn of"),
	BW_END};
static const struct bw_schema stage_schema = {"stage", sizeof(struct bw_spec_stage), BW_UNKNOWN_REFUSE, stage_fields};

static const struct bw_field volume_fields[] = {
	BW_FIELD(struct bw_spec_volume, source, "source", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "directory of the host"),
	BW_FIELD(struct bw_spec_volume, uid, "uid", .flags = BW_REQUIRED, .doc = "its owner"),
	BW_FIELD(struct bw_spec_volume, gid, "gid", .flags = BW_REQUIRED, .doc = "its group"),
	BW_FIELD(struct bw_spec_volume, mode, "mode", .flags = BW_REQUIRED, .doc = "its mode"),
	BW_FIELD(struct bw_spec_volume, create, "create", .doc = "whether it is made where it is missing"),
	BW_END};
static const struct bw_schema volume_schema = {"volume", sizeof(struct bw_spec_volume), BW_UNKNOWN_REFUSE, volume_fields};

static const struct bw_field backend_fields[] = {
	BW_FIELD(struct bw_spec_backend, program, "program", .flags = BW_ABSOLUTE_PATH, .doc = "the other runtime"),
	BW_FIELD(struct bw_spec_backend, args, "args", .doc = "its global options"),
	BW_FIELD(struct bw_spec_backend, own_kernel, "ownKernel",
		.doc = "whether programs do not reach the host's kernel"),
	BW_FIELD(struct bw_spec_backend, offline, "offline",
		.doc = "whether its options leave a container nothing but loopback"),
	BW_FIELD(struct bw_spec_backend, lacks, "lacks", .doc = "what it does not put in force"),
	BW_FIELD(struct bw_spec_backend, timeout_ms, "timeoutMs", .doc = "milliseconds that one of its commands may take"),
	BW_END};
const struct bw_schema bw_spec_backend_schema = {
	"backend", sizeof(struct bw_spec_backend), BW_UNKNOWN_REFUSE, backend_fields};

static const struct bw_field emf_fields[] = {
	BW_FIELD(struct bw_spec_emf, file, "file", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH, .doc = "where they are appended"),
	BW_FIELD(struct bw_spec_emf, name_space, "namespace", .doc = "CloudWatch's namespace"),
	BW_END};
static const struct bw_schema emf_schema = {"emf", sizeof(struct bw_spec_emf), BW_UNKNOWN_REFUSE, emf_fields};

static const char *const alert_actions[] = {"alert", "throttle", "kill", NULL};
static const struct bw_field alert_fields[] = {BW_FIELD(struct bw_spec_alert, action, "action", .flags = BW_REQUIRED,
						       .names = alert_actions, .doc = "what is done besides saying so"),
	BW_FIELD(struct bw_spec_alert, percent, "percent", .max = 100,
		.doc = "of the processor time that the container may have"),
	BW_FIELD(struct bw_spec_alert, spread, "spread", .max = 100,
		.doc = "percentage points between the least and the greatest load"),
	BW_FIELD(struct bw_spec_alert, count, "count", .doc = "number of events"),
	BW_FIELD(struct bw_spec_alert, window_ms, "windowMs", .flags = BW_REQUIRED, .min = 1, .max = INT64_MAX,
		.doc = "milliseconds that it is looked at"),
	BW_END};
const struct bw_schema bw_spec_alert_schema = {"alert", sizeof(struct bw_spec_alert), BW_UNKNOWN_REFUSE, alert_fields};

static const struct bw_field keeper_fields[] = {BW_FIELD(struct bw_spec_keeper, metrics, "metrics", .names = strengths,
							.doc = "whether its numbers are kept if possible, or must be"),
	BW_NESTED(struct bw_spec_keeper, cpu, "cpu", &bw_spec_alert_schema, .doc = "much load"),
	BW_NESTED(struct bw_spec_keeper, steady, "steady", &bw_spec_alert_schema,
		.doc = "steady load without input and output"),
	BW_NESTED(struct bw_spec_keeper, destinations, "destinations", &bw_spec_alert_schema,
		.doc = "many destinations that were denied"),
	BW_NESTED(
		struct bw_spec_keeper, writes, "writes", &bw_spec_alert_schema, .doc = "many writes that were denied"),
	BW_FIELD(struct bw_spec_keeper, interval_ms, "intervalMs", .flags = BW_REQUIRED, .min = 1, .max = INT64_MAX,
		.doc = "milliseconds between two looks"),
	BW_FIELD(struct bw_spec_keeper, throttle_percent, "throttlePercent", .flags = BW_REQUIRED, .min = 1, .max = 100,
		.doc = "what throttle leaves of its processor time"),
	BW_END};
static const struct bw_schema keeper_schema = {
	"keeper", sizeof(struct bw_spec_keeper), BW_UNKNOWN_REFUSE, keeper_fields};

static const struct bw_field hardening_fields[] = {
	BW_FIELD(struct bw_spec_hardening, profile, "profile", .doc = "the profile that decided"),
	BW_FIELD(struct bw_spec_hardening, check_mounts, "checkMounts",
		.doc = "whether bind sources are checked for what they really are"),
	BW_FIELD(struct bw_spec_hardening, refused_sources, "refusedSources",
		.flags = BW_ABSOLUTE_PATH, .doc = "host paths that are no sources"),
	BW_FIELD(struct bw_spec_hardening, excepted_sources, "exceptedSources",
		.flags = BW_ABSOLUTE_PATH, .doc = "host paths beneath those that may be sources"),
	BW_FIELD(struct bw_spec_hardening, own_sources, "ownSources",
		.flags = BW_ABSOLUTE_PATH, .doc = "host paths beneath those that may be sources with all in them"),
	BW_FIELD(struct bw_spec_hardening, plain_sources, "plainSources",
		.doc = "whether a bind source may have no symbolic link in its path"),
	BW_FIELD(struct bw_spec_hardening, restrict_rootfs, "restrictRootfs",
		.doc = "whether the rootfs is nosuid and nodev"),
	BW_FIELD(struct bw_spec_hardening, ceilings, "ceilings",
		.doc = "types of process limits that are at most what was set"),
	BW_FIELD(struct bw_spec_hardening, exact_devices, "exactDevices",
		.doc = "whether resources.devices is the whole list of devices"),
	BW_FIELD(struct bw_spec_hardening, own_namespaces, "ownNamespaces",
		.doc = "types of namespaces that must not be the host's"),
	BW_FIELD(struct bw_spec_hardening, check_hooks, "checkHooks",
		.doc = "whether hooks must be programs that only root can change"),
	BW_FIELD(struct bw_spec_hardening, hooks, "hooks", .flags = BW_EMPTY_IS_SET,
		.doc = "programs with their arguments that may be hooks"),
	BW_FIELD(struct bw_spec_hardening, hook_env, "hookEnv",
		.doc = "variables that hooks may be given"),
	BW_FIELD(struct bw_spec_hardening, lock_securebits, "lockSecurebits",
		.doc = "whether uid 0 gains no capabilities by being 0"),
	BW_FIELD(struct bw_spec_hardening, private_keyring, "privateKeyring",
		.doc = "whether a new session keyring is always made"),
	BW_FIELD(struct bw_spec_hardening, seccomp_baseline, "seccompBaseline",
		.doc = "filter that is applied besides the one asked for"),
	BW_FIELD(struct bw_spec_hardening, seccomp_allow, "seccompAllow",
		.doc = "families of system calls exempt from the baseline"),
	BW_FIELD(struct bw_spec_hardening, check_listener, "checkListener",
		.doc = "whether the socket of the seccomp agent must be one that only root can have made"),
	BW_FIELD(struct bw_spec_hardening, landlock, "landlock", .names = strengths,
		.doc = "whether Landlock is used if there, or must be there"),
	BW_FIELD(struct bw_spec_hardening, landlock_scope, "landlockScope",
		.doc = "whether Landlock also closes abstract sockets and signals to the outside"),
	BW_FIELD(struct bw_spec_hardening, landlock_connect, "landlockConnect", .flags = BW_EMPTY_IS_SET,
		.doc = "ports that may be connected to"),
	BW_FIELD(struct bw_spec_hardening, landlock_bind, "landlockBind", .flags = BW_EMPTY_IS_SET,
		.doc = "ports that sockets may be bound to"),
	BW_FIELD(struct bw_spec_hardening, mdwe, "mdwe", .names = strengths,
		.doc = "whether memory that was written is never executed if kernel and programs allow it, or always"),
	BW_FIELD(struct bw_spec_hardening, apparmor, "apparmor", .names = strengths,
		.doc = "whether AppArmor is used if there, or must be there"),
	BW_FIELD(struct bw_spec_hardening, apparmor_profile, "apparmorProfile",
		.doc = "AppArmor profile of our own"),
	BW_FIELD(struct bw_spec_hardening, apparmor_always, "apparmorAlways",
		.doc = "whether our own profile comes before the one asked for"),
	BW_FIELD(struct bw_spec_hardening, selinux, "selinux", .names = strengths,
		.doc = "whether SELinux is used if there, or must be there"),
	BW_FIELD(struct bw_spec_hardening, selinux_type, "selinuxType",
		.doc = "type of the context of a container that has no label"),
	BW_FIELD(struct bw_spec_hardening, selinux_always, "selinuxAlways",
		.doc = "whether it also stands in the place of the caller's type"),
	BW_FIELD(struct bw_spec_hardening, selinux_level, "selinuxLevel",
		.doc = "categories of that context, taken at create"),
	BW_FIELD(struct bw_spec_hardening, tenant, "tenant", .doc = "whose the container is"),
	BW_FIELD(struct bw_spec_hardening, session, "session", .doc = "which of the tenant's sessions it is of"),
	BW_FIELD(struct bw_spec_hardening, starts_per_minute, "startsPerMinute",
		.doc = "how many containers of the tenant may be started in a minute"),
	BW_FIELD(struct bw_spec_hardening, endpoints, "endpoints", .names = strengths,
		.doc = "whether blockEndpoints are blocked if possible, or must be"),
	BW_FIELD(struct bw_spec_hardening, block_endpoints, "blockEndpoints",
		.doc = "addresses that must not be reachable"),
	BW_NESTED(struct bw_spec_hardening, egress, "egress", &egress_schema,
		.doc = "what the gate lets out"),
	BW_NESTED(struct bw_spec_hardening, secrets, "secrets", &secrets_schema,
		.doc = "files that the container's user alone can read"),
	BW_NESTED(struct bw_spec_hardening, emf, "emf", &emf_schema, .doc = "documents of what it has used, for CloudWatch"),
	BW_FIELD(struct bw_spec_hardening, workspace, "workspace", .flags = BW_ABSOLUTE_PATH,
		.doc = "where a tmpfs is not swapped out"),
	BW_FIELD(struct bw_spec_hardening, scratch, "scratch", .flags = BW_ABSOLUTE_PATH,
		.doc = "directory of the host in which the workspace is, encrypted"),
	BW_NESTED(struct bw_spec_hardening, stage, "stage", &stage_schema,
		.doc = "what may be brought into the workspace"),
	BW_LIST_OF(struct bw_spec_hardening, volumes, "volumes", &volume_schema,
		.doc = "directories of the host that are the tenant's"),
	BW_FIELD(struct bw_spec_hardening, memory_encryption, "memoryEncryption",
		.doc = "whether the host's memory must be encrypted"),
	BW_FIELD(struct bw_spec_hardening, encrypted_sources, "encryptedSources",
		.doc = "whether bind sources must lie on something encrypted"),
	BW_FIELD(struct bw_spec_hardening, unencrypted_sources, "unencryptedSources", .flags = BW_ABSOLUTE_PATH,
		.doc = "host paths of which that is not asked"),
	BW_FIELD(struct bw_spec_hardening, engine_files, "engineFiles", .flags = BW_ABSOLUTE_PATH,
		.doc = "files of which that is not asked either"),
	BW_NESTED(struct bw_spec_hardening, programs, "programs", &programs_schema,
		.doc = "what alone may be executed"),
	BW_NESTED(struct bw_spec_hardening, user_range, "userRange", &user_range_schema,
		.doc = "where ids of the container's own are taken from"),
	BW_NESTED(struct bw_spec_hardening, backend, "backend", &bw_spec_backend_schema,
		.doc = "another runtime that makes the container"),
	BW_FIELD(struct bw_spec_hardening, only_loopback, "onlyLoopback",
		.doc = "whether nothing but loopback may be reachable"),
	BW_FIELD(struct bw_spec_hardening, ttl_ms, "ttlMs",
		.doc = "milliseconds that the container may live from its start on"),
	BW_FIELD(struct bw_spec_hardening, grace_ms, "graceMs",
		.doc = "milliseconds between SIGTERM and SIGKILL then"),
	BW_NESTED(struct bw_spec_hardening, audit, "audit", &bw_spec_audit_schema,
		.doc = "what goes to the audit trail"),
	BW_NESTED(struct bw_spec_hardening, keeper, "keeper", &keeper_schema,
		.doc = "what is counted of it, and what is told"),
	BW_FIELD(struct bw_spec_hardening, forbid_leaks, "forbidLeaks",
		.doc = "whether descriptors of the caller are refused"),
	BW_END};
static const struct bw_schema hardening_schema = {
	"hardening", sizeof(struct bw_spec_hardening), BW_UNKNOWN_REFUSE, hardening_fields};

/* The rows that what was asked for and what is stored have in common. */
#define SPEC_ROWS                                                                                  \
	BW_FIELD(struct bw_spec, oci_version, "ociVersion", .flags = BW_REQUIRED | BW_NOT_EMPTY,   \
		.doc = "version of the runtime specification that the document obeys"),            \
		BW_NESTED(struct bw_spec, process, "process", &bw_spec_process_schema,             \
			.doc = "the container's first process"),                                   \
		BW_NESTED(struct bw_spec, root, "root", &root_schema, .doc = "root filesystem"),   \
		BW_FIELD(struct bw_spec, hostname, "hostname", .flags = BW_EMPTY_IS_ABSENT,        \
			.check = bw_check_host_name, .doc = "host name in the container"),         \
		BW_FIELD(struct bw_spec, domainname, "domainname", .flags = BW_EMPTY_IS_ABSENT,    \
			.check = bw_check_host_name, .doc = "NIS domain name in the container"),   \
		BW_LIST_OF(struct bw_spec, mounts, "mounts", &mount_schema,                        \
			.doc = "mounts besides the root, in this order"),                          \
		BW_NESTED(struct bw_spec, hooks, "hooks", &hooks_schema,                           \
			.doc = "programs to run at stages of the container's life"),               \
		BW_FIELD(struct bw_spec, annotations, "annotations", .check = bw_check_keys,       \
			.doc = "arbitrary metadata"),                                              \
		BW_NESTED(struct bw_spec, linux_, "linux", &bw_spec_linux_schema, .doc = "Linux")

static const struct bw_field spec_fields[] = {SPEC_ROWS, BW_IGNORE("solaris", .doc = "Solaris"),
	BW_IGNORE("windows", .doc = "Windows"),
	/* Who wants the isolation of a virtual machine must not get less without a word. */
	BW_REFUSE("vm", .doc = "it asks for a virtual machine"),
	BW_IGNORE("zos", .doc = "z/OS"), BW_IGNORE("freebsd", .doc = "FreeBSD"), BW_END};
const struct bw_schema bw_spec_schema = {
	"config", sizeof(struct bw_spec), BW_UNKNOWN_NOTE, spec_fields};

static const struct bw_field hardened_fields[] = {SPEC_ROWS,
	BW_NESTED(struct bw_spec, hardening, "hardening", &hardening_schema,
		.doc = "what the policy decided"),
	BW_END};
const struct bw_schema bw_hardened_schema = {
	"hardenedConfig", sizeof(struct bw_spec), BW_UNKNOWN_REFUSE, hardened_fields};
