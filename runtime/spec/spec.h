/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - the OCI runtime-spec 1.3 configuration for Linux as C structs, words as in the spec
 * (config.md, config-linux.md). spec_table.c holds the rows; spec.c loads and cross-checks.
 * Policy decisions that OCI has no words for are in struct bw_spec_hardening, which is never read
 * from config.json, only written by policy/ and stored with the container. */
#ifndef BW_SPEC_SPEC_H
#define BW_SPEC_SPEC_H

#include "audit/audit.h"
#include "json/schema.h"

struct bw_spec_user {
	struct bw_opt_uint uid, gid, umask;
	struct bw_uints additional_gids;
	char *username; /* Windows; ignored */
};
struct bw_spec_console_size {
	struct bw_opt_uint height, width;
};
struct bw_spec_rlimit {
	char *type; /* RLIMIT_NOFILE, ... */
	struct bw_opt_uint soft, hard;
};
struct bw_spec_capabilities {
	struct bw_strs bounding, effective, inheritable, permitted, ambient;
};
struct bw_spec_scheduler {
	char *policy; /* SCHED_OTHER, ... */
	struct bw_opt_int nice, priority;
	struct bw_strs flags;
	struct bw_opt_uint runtime, deadline, period;
};
struct bw_spec_io_priority {
	char *class_; /* IOPRIO_CLASS_RT, _BE, _IDLE */
	struct bw_opt_int priority;
};
struct bw_spec_cpu_affinity {
	char *initial, *final; /* cpu lists: "0-3,7" */
};
struct bw_spec_process {
	struct bw_opt_bool terminal;
	struct bw_spec_console_size *console_size;
	struct bw_spec_user *user;
	struct bw_strs args;
	char *command_line; /* Windows; ignored */
	struct bw_strs env;
	char *cwd;
	struct bw_spec_capabilities *capabilities;
	struct {
		struct bw_spec_rlimit *v;
		size_t n;
	} rlimits;
	struct bw_opt_bool no_new_privileges;
	char *apparmor_profile;
	struct bw_opt_int oom_score_adj;
	struct bw_spec_scheduler *scheduler;
	char *selinux_label;
	struct bw_spec_io_priority *io_priority;
	struct bw_spec_cpu_affinity *exec_cpu_affinity;
};

struct bw_spec_root {
	char *path;
	struct bw_opt_bool readonly;
};

struct bw_spec_id_mapping {
	struct bw_opt_uint container_id, host_id, size;
};
struct bw_spec_id_mappings {
	struct bw_spec_id_mapping *v;
	size_t n;
};
struct bw_spec_mount {
	char *destination, *type, *source;
	struct bw_strs options;
	struct bw_spec_id_mappings uid_mappings, gid_mappings;
};

struct bw_spec_hook {
	char *path;
	struct bw_strs args, env;
	struct bw_opt_int timeout; /* seconds, > 0 */
};
struct bw_spec_hook_list {
	struct bw_spec_hook *v;
	size_t n;
};
struct bw_spec_hooks {
	struct bw_spec_hook_list prestart, create_runtime, create_container, start_container, poststart, poststop;
};

struct bw_spec_namespace {
	char *type; /* pid network mount ipc uts user cgroup time */
	char *path;
};
struct bw_spec_device {
	char *type; /* c b u p */
	char *path;
	struct bw_opt_int major, minor;
	struct bw_opt_uint file_mode, uid, gid;
};
struct bw_spec_net_device {
	char *key; /* name on the host */
	char *name;
};
struct bw_spec_time_offset {
	char *key; /* monotonic or boottime */
	struct bw_opt_int secs;
	struct bw_opt_uint nanosecs;
};

struct bw_spec_device_rule {
	struct bw_opt_bool allow;
	char *type; /* a c b, or absent: a */
	struct bw_opt_int major, minor;
	char *access; /* subset of rwm */
};
struct bw_spec_memory {
	struct bw_opt_int limit, reservation, swap, kernel, kernel_tcp; /* bytes, -1: none */
	struct bw_opt_uint swappiness;
	struct bw_opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};
struct bw_spec_cpu {
	struct bw_opt_uint shares, period, realtime_period, burst;
	struct bw_opt_int quota, realtime_runtime, idle;
	char *cpus, *mems;
};
struct bw_spec_pids {
	struct bw_opt_int limit;
};
struct bw_spec_weight_device {
	struct bw_opt_int major, minor;
	struct bw_opt_uint weight, leaf_weight;
};
struct bw_spec_throttle_device {
	struct bw_opt_int major, minor;
	struct bw_opt_uint rate;
};
struct bw_spec_throttle_devices {
	struct bw_spec_throttle_device *v;
	size_t n;
};
struct bw_spec_block_io {
	struct bw_opt_uint weight, leaf_weight;
	struct {
		struct bw_spec_weight_device *v;
		size_t n;
	} weight_device;
	struct bw_spec_throttle_devices read_bps, write_bps, read_iops, write_iops;
};
struct bw_spec_hugepage_limit {
	char *page_size;
	struct bw_opt_uint limit;
};
struct bw_spec_interface_priority {
	char *name;
	struct bw_opt_uint priority;
};
struct bw_spec_network {
	struct bw_opt_uint class_id;
	struct {
		struct bw_spec_interface_priority *v;
		size_t n;
	} priorities;
};
struct bw_spec_rdma {
	char *key; /* device */
	struct bw_opt_uint hca_handles, hca_objects;
};
struct bw_spec_resources {
	struct {
		struct bw_spec_device_rule *v;
		size_t n;
	} devices;
	struct bw_spec_memory *memory;
	struct bw_spec_cpu *cpu;
	struct bw_spec_pids *pids;
	struct bw_spec_block_io *block_io;
	struct {
		struct bw_spec_hugepage_limit *v;
		size_t n;
	} hugepage_limits;
	struct bw_spec_network *network;
	struct {
		struct bw_spec_rdma *v;
		size_t n;
	} rdma;
	struct bw_pairs unified;
};

struct bw_spec_seccomp_arg {
	struct bw_opt_uint index, value, value_two;
	char *op;
};
struct bw_spec_seccomp_rule {
	struct bw_strs names;
	char *action;
	struct bw_opt_uint errno_ret;
	struct {
		struct bw_spec_seccomp_arg *v;
		size_t n;
	} args;
};
struct bw_spec_seccomp {
	char *default_action;
	struct bw_opt_uint default_errno_ret;
	struct bw_strs architectures;
	struct bw_strs flags; /* BW_EMPTY_IS_SET: [] differs from absent */
	char *listener_path, *listener_metadata;
	struct {
		struct bw_spec_seccomp_rule *v;
		size_t n;
	} syscalls;
};

struct bw_spec_intel_rdt {
	char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct bw_strs schemata;
	struct bw_opt_bool enable_cmt, enable_mbm, enable_monitoring;
};
struct bw_spec_memory_policy {
	char *mode;
	char *nodes;
	struct bw_strs flags;
};
struct bw_spec_personality {
	char *domain;
	struct bw_strs flags;
};
struct bw_spec_linux {
	struct bw_spec_id_mappings uid_mappings, gid_mappings;
	struct bw_pairs sysctl;
	struct bw_spec_resources *resources;
	char *cgroups_path;
	struct {
		struct bw_spec_namespace *v;
		size_t n;
	} namespaces;
	struct {
		struct bw_spec_device *v;
		size_t n;
	} devices;
	struct {
		struct bw_spec_net_device *v;
		size_t n;
	} net_devices;
	struct bw_spec_seccomp *seccomp;
	char *rootfs_propagation;
	struct bw_strs masked_paths, readonly_paths;
	char *mount_label;
	struct bw_spec_intel_rdt *intel_rdt;
	struct bw_spec_memory_policy *memory_policy;
	struct bw_spec_personality *personality;
	struct {
		struct bw_spec_time_offset *v;
		size_t n;
	} time_offsets;
};

/* What the warden's gate lets out of a container that has only its loopback. */
struct bw_spec_egress {
	struct bw_strs allow, plain;        /* names, "*.name": for TLS on ports; for HTTP on port 80 */
	struct bw_uints ports;
	struct bw_strs refuse, nameservers; /* prefixes; addresses */
	struct bw_opt_uint connections, connections_per_minute, bytes;
	char *on_death;                     /* keep, kill */
};

/* What alone may be executed. files, interpreters and directories are found once, at create,
 * before the controls prepare; exec goes by what was found then. */
struct bw_spec_programs {
	struct bw_strs allow;                /* patterns of paths that may be executed, as the policy has them */
	struct bw_strs libraries;            /* patterns of directories whose files may be mapped for execution */
	struct bw_opt_bool noexec;           /* rootfs, mounts: everything else lies on mounts with noexec */
	struct bw_opt_bool memfd_noexec;     /* sysctl: vm.memfd_noexec of a pid namespace of its own is 2 */
	char *events;                        /* watch: "prefer" or "require" a witness of execve; absent: none */
	struct bw_strs files, interpreters, directories; /* what allow and libraries were in the image at create: clean
	                                                  * absolute paths without links: programs, the ELF interpreters
	                                                  * that they name, library directories */
};

/* Files in the container that hold what nobody else may see. Here is where each comes from; what it holds is in no spec. */
enum { BW_SECRETS_MAX = 64 };
struct bw_spec_secret {
	char *name;
	char *file, *env; /* one of the two */
	struct bw_opt_bool optional;
};
struct bw_spec_secrets {
	char *directory;
	struct {
		struct bw_spec_secret *v;
		size_t n;
	} files;
};

/* Where a document with its numbers is appended when it is deleted. */
struct bw_spec_emf {
	char *file, *name_space;
};

/* Ids of the host that are the container's alone: where they are taken from, BW_RANGE_IDS for each. Which they are the
 * mappings of the user namespace say. */
enum { BW_RANGE_IDS = 65536 };
struct bw_spec_user_range {
	struct bw_opt_uint first, count; /* id, a multiple of BW_RANGE_IDS; number of ranges */
	char *idmap;                     /* rootfs: "prefer" or "require" its files with the owners that they have outside */
	struct bw_strs images;           /* directories beneath which it may lie, besides the bundle, to be shown so */
};

/* Which events go to the audit trail, and what a trail that cannot be written means. */
struct bw_spec_audit {
	char *record;                  /* "refusals" or "all" */
	char *on_failure;              /* "continue" or "refuse" */
	char *policy;                  /* SHA-256 of the policy file that decided, or "built-in" */
	struct bw_audit_trail *trail;  /* NULL: the default file */
};

/* What `stage` may bring into the workspace. */
enum { BW_STAGE_PATTERNS = 32, BW_STAGE_PATTERN_LONGEST = 200 };
struct bw_spec_stage {
	struct bw_opt_uint file_bytes, files, bytes; /* one file; files and directories of a call; all of its files */
	struct bw_strs patterns;                     /* texts to warn of */
};

/* A directory of the host that is the tenant's: a bind of it is mounted only if it is like this. */
struct bw_spec_volume {
	char *source;                    /* clean; the last component is the tenant's name */
	struct bw_opt_uint uid, gid, mode;
	struct bw_opt_bool create;       /* make it where it is missing */
};

/* Another runtime that makes the container, from what is decided here. */
struct bw_spec_backend {
	char *program;            /* absolute path */
	struct bw_strs args;      /* its global options */
	struct bw_opt_bool own_kernel; /* the container's programs do not reach the host's kernel */
	struct bw_opt_bool offline;    /* it has a loopback and no other network, by args */
	struct bw_strs lacks;     /* sentences: what it does not put in force, and the policy goes on without */
	struct bw_opt_uint timeout_ms; /* of one of its commands */
};

/* When the keeper speaks up, and what it does then. What a kind of alert does not have is absent. */
struct bw_spec_alert {
	char *action;                        /* alert, throttle, kill */
	struct bw_opt_uint percent, spread;  /* of the processor time that it may have; percentage points */
	struct bw_opt_uint count, window_ms;
};
/* What bulwark-keeper does besides ending it in time. */
struct bw_spec_keeper {
	char *metrics;                       /* "prefer" or "require" that its numbers are kept; absent: they are not */
	struct bw_spec_alert *cpu, *steady, *destinations, *writes; /* NULL: none */
	struct bw_opt_uint interval_ms;      /* between two looks */
	struct bw_opt_uint throttle_percent; /* what is left of its processor time by throttle */
};

/* What the policy decided and OCI cannot say. All absent: plain OCI behaviour (profile compat). */
struct bw_spec_hardening {
	char *profile;                      /* name of the profile that decided */
	struct bw_strs refused_sources;     /* host paths that must not be a source, nor lie beneath or above one; '*' */
	struct bw_strs excepted_sources;    /* of those beneath one of them, which may */
	struct bw_strs own_sources;         /* of those beneath one of them, those that may with all that is in them */
	struct bw_strs ceilings;            /* rlimits: types whose limit the policy set: a lower one of ours will do */
	struct bw_strs own_namespaces;      /* namespaces: types that must not be ours, whatever path names them */
	struct bw_strs hooks;               /* hooks: "PROGRAM ARGUMENT..." as patterns, nothing else may be one; NULL: any */
	struct bw_strs hook_env;            /* hooks: names of variables that they may be given, where hooks is set */
	char *seccomp_baseline;             /* seccomp: "baseline", "python-node", or absent */
	struct bw_strs seccomp_allow;       /* seccomp: names of families exempt from the baseline ("io_uring") */
	char *landlock;                     /* "prefer" or "require" */
	char *mdwe;                         /* "prefer": where kernel and programs allow it, or "require" */
	char *apparmor, *selinux;           /* "prefer" or "require": what absence of the LSM means for our own label */
	char *apparmor_profile;             /* apparmor: the name of our own; absent: bulwark-default */
	struct bw_opt_bool apparmor_always; /* apparmor: also where the caller names another */
	char *selinux_type;                 /* selinux: of a context of ours where the caller gave no label */
	struct bw_opt_bool selinux_always;  /* selinux: and in the place of a caller's type, whose level stays */
	char *selinux_level;                /* selinux: "s0:cA,cB" of a context of ours, which create took for the tenant */
	char *tenant;                       /* whose the container is, where the policy hears who says so */
	char *session;                      /* which of the tenant's sessions it is of, the same way */
	struct bw_opt_uint starts_per_minute; /* of the tenant's containers; absent: any number */
	char *endpoints;                    /* guard: "prefer" or "require": block_endpoints must be unreachable */
	struct bw_strs block_endpoints;     /* addresses, IPv4 and IPv6, and prefixes of them (endpoint.h) */
	struct bw_spec_egress *egress;      /* gate: what its warden lets out; NULL: there is none */
	struct bw_spec_secrets *secrets;    /* secrets */
	struct bw_spec_emf *emf;            /* container: CloudWatch's numbers; NULL: nowhere */
	char *workspace;                    /* mounts: a tmpfs there is noswap where the kernel can; stage: where it writes */
	char *scratch; /* mounts: directory of the host; the workspace is an encrypted disk on a file in it */
	struct bw_spec_stage *stage;        /* stage: its limits; NULL: it brings nothing in */
	struct {
		struct bw_spec_volume *v;
		size_t n;
	} volumes;                          /* mounts: directories of the tenant's, checked as they are mounted */
	struct bw_opt_bool memory_encryption; /* host: its memory must be seen to be encrypted */
	struct bw_opt_bool encrypted_sources; /* mounts: what sources lie on must be seen to be encrypted */
	struct bw_strs unencrypted_sources; /* of those beneath one of these, it need not be; '*' */
	struct bw_strs engine_files;        /* nor of a source that is one of these and a file; '*' */
	struct bw_spec_programs *programs;  /* what alone may be executed; NULL: anything */
	struct bw_spec_user_range *user_range; /* userns: ids of its own; NULL: as linux says */
	struct bw_spec_backend *backend;    /* who makes the container; NULL: we do */
	struct bw_opt_uint ttl_ms;          /* how long it may live from its start on */
	struct bw_opt_uint grace_ms;        /* and how long after SIGTERM, where ttl_ms is set */
	struct bw_spec_audit *audit;        /* container: NULL: nothing is recorded */
	struct bw_spec_keeper *keeper;      /* keeper: numbers and alerts; NULL: none */
	struct bw_opt_bool only_loopback;   /* guard: all but loopback is blocked, as endpoints says */
	struct bw_opt_bool check_mounts;    /* mounts: check what bind sources really are (type, dev:ino, fstype) */
	struct bw_opt_bool plain_sources;   /* mounts: no symbolic link in a source: its name was judged */
	struct bw_opt_bool restrict_rootfs; /* rootfs: nosuid and nodev */
	struct bw_opt_bool exact_devices;   /* cgroup: resources.devices is all, nothing is allowed besides */
	struct bw_opt_bool check_hooks;     /* hooks: only programs owned by root and writable by nobody else */
	struct bw_opt_bool lock_securebits; /* caps: NOROOT, NO_SETUID_FIXUP, KEEP_CAPS locked */
	struct bw_opt_bool private_keyring; /* keyring: always a new session keyring, whatever --no-new-keyring says */
	struct bw_opt_bool check_listener;  /* seccomp: the agent's socket must be root's own */
	struct bw_opt_bool landlock_scope;  /* landlock: no abstract sockets and signals to the outside (ABI 6) */
	struct bw_uints landlock_connect, landlock_bind; /* landlock: ports; v NULL: any (ABI 4) */
	struct bw_opt_bool forbid_leaks;    /* launch: --preserve-fds and LISTEN_FDS refused */
};

struct bw_spec {
	char *oci_version;
	struct bw_spec_process *process;
	struct bw_spec_root *root;
	char *hostname, *domainname;
	struct {
		struct bw_spec_mount *v;
		size_t n;
	} mounts;
	struct bw_spec_hooks *hooks;
	struct bw_pairs annotations;
	struct bw_spec_linux *linux_; /* "linux" is a macro of GNU C */
	struct bw_spec_hardening *hardening;
};

extern const struct bw_schema bw_spec_schema;         /* config.json: hardening is unknown there */
extern const struct bw_schema bw_hardened_schema;     /* the stored spec: with hardening */
extern const struct bw_schema bw_spec_audit_schema;
extern const struct bw_schema bw_spec_alert_schema;   /* for the keeper */
extern const struct bw_schema bw_spec_process_schema; /* exec --process */
extern const struct bw_schema bw_spec_resources_schema; /* update --resources */
extern const struct bw_schema bw_spec_seccomp_schema; /* run --learn */
extern const struct bw_schema bw_spec_backend_schema; /* state.json */

/* Reads <bundle>/config.json: strict parse, table, cross-field checks. Everything in arena. */
int bw_spec_load(const char *bundle, struct bw_arena *arena, struct bw_spec **ret, struct bw_notes *notes,
	struct bw_err *err) BW_MUST_CHECK;
/* The same from text (name for messages); for tests, fuzzing and stdin. */
int bw_spec_parse(const char *text, size_t len, const char *name, struct bw_arena *arena, struct bw_spec **ret,
	struct bw_notes *notes, struct bw_err *err) BW_MUST_CHECK;
/* A process file (exec --process); name is a path or "-"; same checks as /process. */
int bw_spec_load_process(
	const char *path, struct bw_arena *arena, struct bw_spec_process **ret, struct bw_err *err) BW_MUST_CHECK;
/* Resources that are to change (update --resources); path "-" is standard input. Letter case of names does not
 * count. What is "not set" in them is absent afterwards, as bw_resources_forget_unset() has it. */
int bw_spec_load_resources(const char *path, struct bw_arena *arena, struct bw_spec_resources **ret,
	struct bw_err *err) BW_MUST_CHECK;
/* The same from text; name for messages. */
int bw_spec_parse_resources(const char *text, size_t len, const char *name, struct bw_arena *arena,
	struct bw_spec_resources **ret, struct bw_err *err) BW_MUST_CHECK;
/* Takes out what callers mean by "leave it": 0 where 0 is no limit, and device rules, which create decides over.
 * Memory without a limit is swap without a limit, unless that is said. */
void bw_resources_forget_unset(struct bw_spec_resources *resources);
/* What a container has after an update: its own resources (may be NULL) with what is asked laid over them; lists
 * by device, page size and key. In arena; NULL when memory is out. */
struct bw_spec_resources *bw_resources_merge(const struct bw_spec_resources *container,
	const struct bw_spec_resources *asked, struct bw_arena *arena);
/* Checks across fields (spec MUSTs: duplicate rlimits, mappings without user namespace, offsets without time
 * namespace, netDevices, seccomp errnoRet, scheduler, ...). */
int bw_spec_check(const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;
/* What needs a namespace of the container's own (host name, masked paths, network devices): asked of the spec
 * that is put in force, since the policy adds namespaces. */
int bw_spec_check_needs(const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;
int bw_spec_check_process(const struct bw_spec_process *process, struct bw_err *err) BW_MUST_CHECK;
/* The same for what `update --resources` reads. Pointers begin at the object given. */
int bw_spec_check_resources(const struct bw_spec_resources *resources, struct bw_err *err) BW_MUST_CHECK;

/* The namespace entry of this type, or NULL. */
const struct bw_spec_namespace *bw_spec_namespace(const struct bw_spec *spec, const char *type);
/* Whether a namespace of this type is newly made (entry without path). */
bool bw_spec_has_new_namespace(const struct bw_spec *spec, const char *type);
/* Whether one of this type that others made is joined (entry with path). */
bool bw_spec_joins_namespace(const struct bw_spec *spec, const char *type);
/* A sysctl's name in dots, as sysctl(8) has it: where the first separator is a slash, "net/ipv4/conf/eno2.100/x",
 * the two change places: "net.ipv4.conf.eno2/100.x". False when key is too long or no such name. */
enum { BW_SYSCTL_NAME_SIZE = 512 };
bool bw_spec_sysctl_name(const char *key, char name[BW_SYSCTL_NAME_SIZE]);
/* The default configuration of `bulwark spec` (runc-compat.md 1), rootless or not; text is static. */
const char *bw_spec_default_text(bool rootless, bool cgroup_namespace);

#endif
