/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - the policy file as structs, in the words of the file. Private to policy/: everybody
 * else sees the opaque structs of policy.h. The rows are in policy_table.c, the order of strictness
 * in policy_order.c. */
#ifndef BW_POLICY_PROFILE_H
#define BW_POLICY_PROFILE_H

#include "policy/policy.h"

struct bw_profile_range {
	struct bw_opt_uint first, count; /* id of the host; how many ranges of BW_RANGE_IDS ids */
};
struct bw_profile_user {
	char *root; /* keep, remap, userns, refuse */
	struct bw_opt_bool always;
	struct bw_opt_uint uid, gid;
	char *root_group; /* keep, drop */
	struct bw_profile_range *range;
	char *idmap;		/* prefer, require */
	struct bw_strs images;
};
struct bw_profile_tmpfs {
	char *destination;
	struct bw_opt_uint size, inodes; /* bytes; number */
	char *mode;			 /* octal digits, as in the mount option */
};
struct bw_profile_rootfs {
	struct bw_opt_bool readonly;
	struct {
		struct bw_profile_tmpfs *v;
		size_t n;
	} tmpfs;
};
/* A directory for each tenant beneath source, which is mounted on destination. */
struct bw_profile_volume {
	char *source, *destination;
	struct bw_opt_uint uid, gid; /* absent: the container's user's */
	char *mode;		     /* octal digits; absent: 0750 */
	struct bw_opt_bool readonly, create;
};
struct bw_profile_disk {
	char *directory; /* of the host */
};
struct bw_profile_workspace {
	char *destination; /* absent: /workspace */
	struct bw_opt_uint size, inodes; /* absent: 2 GiB; 262144 */
	struct bw_opt_bool exec, per_session, cwd;
	struct {
		struct bw_profile_volume *v;
		size_t n;
	} volumes;
	struct bw_profile_disk *disk; /* absent: in memory */
};
/* Absent, in the order of the members: 1 MiB, 1000, 64 MiB, none. */
struct bw_profile_stage {
	struct bw_opt_uint file_bytes, files, bytes;
	struct bw_strs patterns;
};
struct bw_profile_capabilities {
	struct bw_strs allow; /* v NULL: as asked */
	struct bw_opt_bool lock_securebits;
};
struct bw_profile_seccomp {
	char *baseline; /* none, baseline, python-node */
	struct bw_strs allow;
	struct bw_opt_bool native_only, keep_mitigations;
	struct bw_strs listeners; /* v NULL: any */
};
/* With a list, nothing else can be executed, unless restrict is false. */
struct bw_profile_programs {
	struct bw_opt_bool restrict_;
	struct bw_strs allow;	  /* v NULL: any */
	struct bw_strs libraries; /* absent: none */
	struct bw_opt_bool noexec, memfd_noexec;
	char *events; /* off, prefer, require */
};
struct bw_profile_lsm {
	char *apparmor, *selinux; /* off, prefer, require */
	char *apparmor_profile;
	char *caller_profile; /* keep, replace */
	struct bw_opt_bool drop_unconfined;
	char *selinux_type;
	char *caller_type; /* keep, replace */
};
struct bw_profile_mounts {
	struct bw_opt_bool check_sources;
	struct bw_strs refuse, refuse_names, except;
	struct bw_strs only, types; /* v NULL: any */
	char *mapped_ids;	    /* allow, refuse */
	struct bw_opt_bool nosuid_nodev, noexec_writable, private_, readonly_kernel, guard_kernel;
};
struct bw_profile_paths {
	struct bw_strs masked, readonly;
};
struct bw_profile_hooks {
	struct bw_strs allow; /* v NULL: any */
	struct bw_strs env;
	struct bw_opt_bool root_owned;
};
struct bw_profile_loggers {
	struct bw_strs allow; /* absent is none */
	struct bw_strs files; /* v NULL: anywhere */
};
struct bw_profile_device {
	char *type; /* c or b */
	struct bw_opt_int major, minor;
	char *access;
};
struct bw_profile_devices {
	struct bw_opt_bool restricted;
	struct {
		struct bw_profile_device *v;
		size_t n;
	} allow;
};
struct bw_profile_namespaces {
	struct bw_strs own;
	char *host; /* allow, refuse */
};
/* Present, it leaves a container the loopback and the warden's gate, unless restrict is false. */
struct bw_profile_egress {
	struct bw_opt_bool restrict_;
	struct bw_strs allow, plain; /* names, "*.name"; "@registry" until it is folded, which puts the hosts in */
	struct bw_uints ports;
	struct bw_strs refuse, nameservers;
	struct bw_opt_uint connections, connections_per_minute, bytes;
	char *on_death; /* keep, kill */
};
struct bw_profile_network {
	char *host, *joined, *devices;			/* allow, refuse */
	char *metadata, *task_credentials, *dns, *time; /* allow, block */
	char *guard;					/* prefer, require */
	struct bw_profile_egress *egress;
};
struct bw_profile_sysctl {
	struct bw_strs allow; /* v NULL: as asked */
};
struct bw_profile_environment {
	struct bw_strs scrub_lists, scrub, keep;
	struct bw_pairs set;
};
struct bw_profile_secret {
	char *name;	  /* of the file */
	char *file, *env; /* one of the two: a file of the host, a variable of config.json */
	struct bw_opt_bool optional;
};
struct bw_profile_secrets {
	char *directory; /* absent: /run/secrets */
	struct {
		struct bw_profile_secret *v;
		size_t n;
	} files;
};
struct bw_profile_keyring {
	struct bw_opt_bool private_;
};
struct bw_profile_descriptors {
	struct bw_opt_bool refuse_inherited;
};
struct bw_profile_systemd {
	struct bw_strs properties; /* v NULL: as asked */
};
struct bw_profile_rlimit {
	char *type;
	struct bw_opt_uint value;
};
struct bw_profile_limits {
	struct bw_opt_uint pids, memory, cpu_quota, cpu_period;
	struct bw_opt_bool no_swap, no_realtime;
	char *intel_rdt; /* allow, refuse */
	struct {
		struct bw_profile_rlimit *v;
		size_t n;
	} rlimits;
	struct bw_opt_int oom_score_adj_min;
};

struct bw_profile_session {
	char *ttl, *grace; /* as bw_parse_duration_ms() reads them */
	struct bw_opt_uint starts_per_minute; /* absent: any */
};

/* What a fact of the host says of a container's name. */
struct bw_named {
	const char *fact;  /* the one that decides; NULL: none does */
	const char *value; /* as it is; NULL: it has none */
	const char *doubt; /* why it cannot be known; NULL: it can */
};

struct bw_profile_audit {
	char *record;	  /* off, refusals, all */
	char *on_failure; /* continue, refuse */
};
struct bw_profile_backend {
	char *delegate; /* absolute path of another runtime; NULL: none */
	struct bw_strs args, ignores;
	char *timeout; /* as bw_parse_duration_ms() reads it */
};

/* What is known of another runtime, by the name of its program (profiles/backends.json). Words are those of
 * bw_backend_controls[]. */
struct bw_backend_known {
	char *key;
	char *kernel;		/* own: no program reaches the host's; host */
	struct bw_strs offline; /* arguments with which a container has its loopback and nothing else */
	struct bw_strs has, lacks;
};

struct bw_profile_metrics {
	char *record; /* off, prefer, require */
	char *interval; /* as bw_parse_duration_ms() reads it */
};
/* One that is absent, or whose action is off, is none. */
struct bw_profile_alert {
	char *action; /* off, alert, throttle, kill */
	struct bw_opt_uint percent, spread, count;
	char *window; /* as bw_parse_duration_ms() reads it */
};
struct bw_profile_alerts {
	struct bw_profile_alert *cpu, *steady, *destinations, *writes;
	struct bw_opt_uint throttle_percent;
};

/* What follows from the rows and the data files once a profile is folded; no rows of its own. */
struct bw_profile_ranges {
	struct bw_profile_range *v;
	size_t n;
};
struct bw_policy_metrics;
struct bw_profile_derived {
	struct bw_strs endpoints; /* addresses that must not be reachable */
	struct bw_strs scrub;	  /* every pattern of scrub_lists and scrub, in capitals */
	bool gated;		  /* egress is restricted */
	struct bw_pairs proxy;	  /* variables by which programs find the gate */
	bool hears_tenant;	  /* /annotations/tenant: the annotation org.bulwark.tenant says whose a container is */
	bool hears_session;	  /* /annotations/session: the same of org.bulwark.session */
	struct bw_named tenant, session; /* of the container at hand: bw_policy_name() */
	bool hears_ttl;		  /* /annotations/ttl: the annotation org.bulwark.ttl may shorten a life */
	const struct bw_audit_trail *trail; /* /audit; NULL: the default file */
	const struct bw_policy_metrics *metrics; /* /metrics; NULL: absent */
	struct bw_profile_ranges ranges; /* user.range of all profiles of the file */
	const struct bw_backend_known *backend; /* what is known of backend.delegate; NULL: nothing */
};

struct bw_profile {
	char *key; /* the name */
	char *extends, *mode;
	struct bw_strs loosens;
	struct bw_profile_user *user;
	struct bw_profile_rootfs *rootfs;
	struct bw_profile_workspace *workspace;
	struct bw_profile_stage *stage;
	struct bw_profile_capabilities *capabilities;
	struct bw_opt_bool no_new_privileges;
	struct bw_profile_seccomp *seccomp;
	struct bw_profile_programs *programs;
	struct bw_profile_lsm *lsm;
	char *landlock; /* off, prefer, require */
	struct bw_opt_bool landlock_scope;
	struct bw_uints landlock_connect, landlock_bind; /* v NULL: any port */
	char *memory_deny_write_execute; /* off, auto, on */
	struct bw_opt_bool require_memory_encryption, require_encrypted_binds;
	struct bw_strs encrypted_binds_except;
	struct bw_profile_mounts *mounts;
	struct bw_profile_paths *paths;
	struct bw_profile_hooks *hooks;
	struct bw_profile_loggers *loggers;
	struct bw_profile_devices *devices;
	struct bw_profile_namespaces *namespaces;
	struct bw_profile_network *network;
	struct bw_profile_sysctl *sysctl;
	struct bw_profile_environment *environment;
	struct bw_profile_secrets *secrets;
	struct bw_profile_keyring *keyring;
	struct bw_profile_descriptors *descriptors;
	struct bw_profile_limits *limits;
	struct bw_profile_systemd *systemd;
	struct bw_profile_session *session;
	struct bw_profile_metrics *metrics;
	struct bw_profile_alerts *alerts;
	char *checkpoint; /* allow, refuse */
	struct bw_profile_audit *audit;
	struct bw_profile_backend *backend;
	struct bw_profile_derived derived;
};

struct bw_policy_rule {
	char *name;
	struct bw_strs_map when;
	char *profile;
};
struct bw_policy_annotations {
	struct bw_strs profile;
	struct bw_opt_bool tenant, session, ttl;
};
struct bw_policy_names {
	struct bw_strs tenant, session; /* facts: the first that has a value names it */
};
struct bw_policy_docker {
	struct bw_strs data_roots;
	char *unreadable; /* default, refuse */
};
struct bw_policy_metrics {
	char *emf, *name_space;
};
struct bw_policy_profiles {
	struct bw_profile *v;
	size_t n;
};
/* What was read and folded so far: a container start needs one or two profiles of many. */
struct bw_policy_cache {
	struct bw_arena *arena;
	char hash[BW_SHA256_HEX]; /* of the file; "": there is none */
	void *files[8]; /* the built-in files, in the order of bw_builtins[] */
	struct {
		struct bw_profile **v;
		size_t n;
	} folded;
	struct bw_profile_ranges ranges;
};
struct bw_policy {
	struct bw_opt_uint version;
	char *default_, *profile_flag; /* stricter, any, never */
	struct {
		struct bw_policy_rule *v;
		size_t n;
	} rules;
	struct bw_policy_annotations *annotations;
	struct bw_policy_docker *docker;
	struct bw_audit_trail *audit;
	struct bw_policy_names *names;
	struct bw_policy_metrics *metrics;
	struct bw_policy_profiles profiles;
	struct bw_strs_map registries;
	struct bw_policy_cache *cache;
};

extern const struct bw_schema bw_policy_schema;
extern const struct bw_schema bw_policy_metrics_schema;
extern const struct bw_schema bw_profile_schema;

/* The built-in files, as compiled in (profiles/embed.sh). */
struct bw_builtin {
	const char *name; /* "hardened.json" */
	const char *text;
};
extern const struct bw_builtin bw_builtins[];
extern const size_t bw_builtins_n;

/* rule_keeper.c: what an alert (by its name in alerts; NULL: none) comes to, with what it does not say filled in.
 * False: there is none. */
struct bw_alert_terms {
	const char *action;
	uint64_t percent, spread, count, window_ms;
};
bool bw_alert_terms(const char *name, const struct bw_profile_alert *alert, struct bw_alert_terms *ret);

/* Whether name is a built-in profile: compat, hardened, untrusted-code. */
bool bw_profile_is_builtin(const char *name);

/* The names in the order of strictness, NULL-terminated. */
extern const char *const bw_builtin_profiles[];

/* policy.c: whether there is such a profile, in the file or built in. */
bool bw_policy_has_profile(const struct bw_policy *policy, const char *name);

/* rule_backend.c: whether word is one by which backend.ignores can name a control. */
bool bw_backend_is_control(const char *word);

/* policy_fold.c: name with everything it extends folded in; cached. NULL and err when there is
 * none, the chain is too deep or goes in a circle. */
const struct bw_profile *bw_policy_fold(
	const struct bw_policy *policy, const char *name, struct bw_err *err);

/* policy_fold.c: checks every profile of the file: chains, and that what it loosens is said in
 * `loosens`. */
int bw_policy_check_profiles(const struct bw_policy *policy, struct bw_err *err) BW_MUST_CHECK;

/* policy_order.c: calls looser(name, ctx) for each row ("network.host") in which a is not at least
 * as strict as b. Returns how many there are; 0: a is at least as strict as b. Both folded. */
size_t bw_profile_looser(const struct bw_profile *a, const struct bw_profile *b,
	void (*looser)(const char *row, void *ctx), void *ctx);

/* policy_order.c: whether a is looser than b in any row; the name of the first is put into row. */
bool bw_profile_looser_in(const struct bw_profile *a, const struct bw_profile *b, char *row, size_t size);

/* policy_order.c: whether row ("network.host") has a place in the order; for the test that all rows
 * have. */
bool bw_profile_row_is_ordered(const char *row);

#endif
