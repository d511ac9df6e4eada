/* SPDX-License-Identifier: Apache-2.0 */
/* bulwark.h - the facade: all that cli/ and shim/ include besides base/err.h, base/log.h and base/arena.h.
 * One function per verb of runc(8). Functions fill *err and return -1 on failure; nothing here prints. */
#ifndef BW_CONTAINER_BULWARK_H
#define BW_CONTAINER_BULWARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/err.h"
#include "proto/wire.h"

/* Global options, as on the command line. */
struct bw_context {
	const char *root;        /* state root, absolute: /run/bulwark */
	bool root_is_default;    /* not named by the caller: may be missing */
	const char *policy_path; /* --policy, or NULL for the default place */
	const char *profile;     /* --profile, or NULL */
	bool systemd_cgroup;
	bool systemd_by_path;    /* also for a cgroupsPath "slice:prefix:name": engines say no more than that to a shim */
	bool no_cgroup;          /* --cgroup-manager disabled: the container stays in the caller's */
	enum bw_rootless { BW_ROOTLESS_AUTO, BW_ROOTLESS_TRUE, BW_ROOTLESS_FALSE } rootless;
	bool debug;
};

/* What `run --learn` has come to, for a sentence about it. */
struct bw_learning {
	size_t calls, new_calls;   /* in the profile; of them, those that the file did not have before */
	size_t values, new_values; /* the same of combinations of arguments */
	unsigned long long nameless; /* calls made that have no name and are not in the profile */
};

struct bw_create_options {
	const char *bundle;         /* absolute */
	const char *console_socket; /* or NULL */
	const char *pid_file;       /* absolute, or NULL */
	const char *pidfd_socket;   /* absolute, or NULL */
	int console_fd;             /* connected socket, instead of console_socket; 0: none. Stays the caller's. */
	bool no_pivot, no_new_keyring;
	unsigned preserve_fds;
	bool detach;   /* run */
	bool keep;     /* run */
	pid_t *ret_pid; /* gets the init's id; or NULL */
	bool no_subreaper;
	const char *learn; /* run: absolute path of the seccomp profile that is learned; or NULL */
	struct bw_learning *ret_learning; /* run: gets what was learned; or NULL */
	bool keeps_time; /* the caller ends it by bw_watch_time_limit(); else bulwark-keeper does, unless we stay beside it */
};

struct bw_exec_options {
	const char *process_path;   /* --process, or NULL: the flags below over the container's own process */
	const char *const *args;    /* NULL-terminated */
	const char *cwd;
	const char *const *env;     /* NULL-terminated KEY=VALUE, or NULL */
	const char *user;           /* "uid[:gid]" or NULL */
	const char *const *additional_gids;
	const char *const *caps;
	const char *const *cgroups; /* "PATH" or "CONTROLLER[,CONTROLLER]:PATH" beneath the container's cgroup */
	const char *apparmor, *process_label;
	const char *console_socket, *pid_file, *pidfd_socket;
	int console_fd; /* connected socket, instead of console_socket; 0: none */
	bool tty, detach, no_new_privs, ignore_paused;
	bool tty_decides; /* tty counts, whatever the file of process_path says */
	pid_t *ret_pid;   /* gets the process's id; or NULL */
	unsigned preserve_fds;
};

/* What `stage` brings into a container's workspace. */
struct bw_stage_options {
	const char *const *sources;  /* NULL-terminated files and directories of the host; "-": standard input */
	const char *destination;     /* seen from the workspace */
	const char *const *patterns; /* NULL-terminated texts to warn of besides the policy's; or NULL */
	bool force;                  /* files that are there are replaced */
};

/* Every member is as it stands on the command line, or NULL: numbers in digits, sizes such as "50M". */
struct bw_update_options {
	const char *resources; /* file with JSON, "-" for standard input: then nothing else counts */
	const char *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime,
		*cpu_idle, *cpuset_cpus, *cpuset_mems, *memory, *memory_reservation, *memory_swap, *kernel_memory,
		*kernel_memory_tcp, *pids_limit, *l3_cache_schema, *mem_bw_schema;
};

/* Of checkpoint and restore, as on the command line; each has some of them. */
struct bw_image_options {
	const char *image_path;  /* absolute, or NULL: "checkpoint" in the working directory */
	const char *work_path;   /* absolute, or NULL: the same */
	const char *parent_path; /* seen from image_path, or NULL */
	const char *page_server; /* ADDRESS:PORT, or NULL */
	const char *status_fd;   /* digits, or NULL */
	const char *manage_cgroups_mode, *lsm_profile, *lsm_mount_context;
	const char *const *empty_ns;
	bool leave_running, tcp_established, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job, lazy_pages, file_locks,
		pre_dump, auto_dedup;
};

enum bw_status { BW_STATUS_CREATING, BW_STATUS_CREATED, BW_STATUS_RUNNING, BW_STATUS_PAUSED, BW_STATUS_STOPPED };
const char *bw_status_word(enum bw_status status);

/* What `state` and `list` show of one container. Strings live in the arena given. */
struct bw_container_info {
	const char *oci_version, *id, *bundle, *rootfs, *created, *owner;
	pid_t pid; /* 0 when stopped */
	enum bw_status status;
	const struct bw_annotation {
		const char *key, *value;
	} * annotations;
	size_t annotations_n;
	const char *profile, *profile_reason;
	const char *tenant, *session; /* NULL: it has no such name */
	const char *guard; /* "cgroup", "routing": what keeps the blocked endpoints from it; NULL: nothing */
	pid_t gate; /* its egress gate's process; 0: none, or it has died */
	pid_t witness; /* the process that sees its programs start; 0: none, or it has died */
	pid_t keeper; /* the process that keeps its time; 0: none, or it has died */
	const char *programs; /* what that has counted; NULL: there was none */
	const char *backend; /* the program of the other runtime that has made it; NULL: we have */
	const char *const
		*layers; /* NULL-terminated: "landlock: ABI 7: writing"; none under a profile that decides nothing */
	const char *const *degraded; /* NULL-terminated: "landlock: this kernel has none" */
};

int bw_container_create(const struct bw_context *ctx, const char *id, const struct bw_create_options *options,
	struct bw_err *err) BW_MUST_CHECK;
int bw_container_start(const struct bw_context *ctx, const char *id, struct bw_err *err) BW_MUST_CHECK;
/* create + start + (unless detach) wait and delete. *ret_code: the program's exit code (0 when detached). */
int bw_container_run(const struct bw_context *ctx, const char *id, const struct bw_create_options *options,
	int *ret_code, struct bw_err *err) BW_MUST_CHECK;
int bw_container_exec(const struct bw_context *ctx, const char *id, const struct bw_exec_options *options,
	int *ret_code, struct bw_err *err) BW_MUST_CHECK;
/* Copies files of the host into the workspace of a container, within the limits of the profile that decided at create. A
 * file that cannot be staged is an error, and nothing is staged then; what one has that becomes too large or is changed
 * meanwhile stays out, and so do those after it. */
int bw_container_stage(const struct bw_context *ctx, const char *id, const struct bw_stage_options *options,
	struct bw_err *err) BW_MUST_CHECK;
/* all: every process of the container (obsolete --all). */
int bw_container_kill(const struct bw_context *ctx, const char *id, int signal, bool all, struct bw_err *err) BW_MUST_CHECK;
/* Stops every process of the container; "container not running" unless it is created or running. */
int bw_container_pause(const struct bw_context *ctx, const char *id, struct bw_err *err) BW_MUST_CHECK;
/* The opposite; "container not paused" otherwise. */
int bw_container_resume(const struct bw_context *ctx, const char *id, struct bw_err *err) BW_MUST_CHECK;
/* Other limits; what is not asked for stays. Clamped by the profile that decided at create. "container not
 * running" for one that has stopped. */
int bw_container_update(const struct bw_context *ctx, const char *id, const struct bw_update_options *options,
	struct bw_err *err) BW_MUST_CHECK;
/* Saves a container by criu(8) into a directory; then it is gone, unless it shall go on. */
int bw_container_checkpoint(const struct bw_context *ctx, const char *id, const struct bw_image_options *image,
	struct bw_err *err) BW_MUST_CHECK;
/* A new container whose processes are those of such a directory; else as bw_container_run(). */
int bw_container_restore(const struct bw_context *ctx, const char *id, const struct bw_image_options *image,
	const struct bw_create_options *options, int *ret_code, struct bw_err *err) BW_MUST_CHECK;
int bw_container_delete(const struct bw_context *ctx, const char *id, bool force, struct bw_err *err) BW_MUST_CHECK;
int bw_container_info(const struct bw_context *ctx, const char *id, struct bw_arena *arena,
	struct bw_container_info *ret, struct bw_err *err) BW_MUST_CHECK;
/* Sorted by id. A root that does not exist is empty when it is the default one, else an error. */
int bw_container_list(const struct bw_context *ctx, struct bw_arena *arena, struct bw_container_info **ret, size_t *ret_n,
	struct bw_err *err) BW_MUST_CHECK;
/* Every container of this host that can be reached from here, under whatever root, but for those of callers who are not
 * root; in no order, in arena. root and id are for a context of their own. One may be gone by the time it is looked at. */
struct bw_host_container {
	const char *root, *id, *tenant; /* tenant NULL: nobody's by name */
};
int bw_host_containers(
	struct bw_arena *arena, struct bw_host_container **ret, size_t *ret_n, struct bw_err *err) BW_MUST_CHECK;
/* The kill switch: what is done to all containers of a tenant, or to all of the host, and to their new ones. */
struct bw_kill_switch_options {
	const char *tenant; /* NULL: see all */
	bool all;
	bool quarantine; /* stop them where they are and cut them off from the network, instead of killing */
	bool lift;	 /* new ones may start again */
	const char *reason; /* or NULL */
	bool json;
};
/* With neither tenant nor all: who is stopped. Text malloc'd. *ret_verdict: 0; 1: the text says which container could not be
 * reached as it should have been. */
int bw_kill_switch(const struct bw_context *ctx, const struct bw_kill_switch_options *options, char **ret_text,
	int *ret_verdict, struct bw_err *err) BW_MUST_CHECK;
/* `reap`: removes what a crash has left of containers under every root of this host, and under that of ctx. Text malloc'd,
 * empty when there was nothing. *ret_verdict: 0; 1: the text says what could not be removed. */
struct bw_reap_options {
	bool dry_run, json;
	uint64_t older_than_ms; /* what has been left for so long */
};
int bw_reap(const struct bw_context *ctx, const struct bw_reap_options *options, char **ret_text, int *ret_verdict,
	struct bw_err *err) BW_MUST_CHECK;
/* Gets one event, a JSON object in one line; -1 with *err filled ends the stream. */
typedef int bw_event_fn(const char *event, void *ctx, struct bw_err *err);
/* Statistics each interval_ms, the first time after as much, and "oom", until the container ends; interval_ms 0:
 * statistics once. "container with id ID is not running" for one that has stopped. */
int bw_container_events(const struct bw_context *ctx, const char *id, int64_t interval_ms, bw_event_fn *seen, void *fn_ctx,
	struct bw_err *err) BW_MUST_CHECK;
/* The pids in the container's cgroup, sorted, malloc'd. */
int bw_container_pids(
	const struct bw_context *ctx, const char *id, pid_t **ret, size_t *ret_n, struct bw_err *err) BW_MUST_CHECK;

/* ---- the audit trail ---- */

/* Whom a record is about, and what was decided at create about records of it. */
struct bw_spec_audit;
struct bw_audited {
	const struct bw_spec_audit *audit; /* NULL: nothing is recorded */
	const char *id, *tenant, *session, *profile;
};
/* Of a container that is there, from its state; strings in arena. */
int bw_audit_of(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct bw_audited *ret,
	struct bw_err *err) BW_MUST_CHECK;
/* Records an event of it, as far as the policy wants such events; reason and more may be NULL. 0 as well when it could not
 * be recorded: then there is a warning in the log. -1 where the policy does not let what it is about go on, which is so of
 * create, start and exec alone. */
int bw_audit_note(const struct bw_audited *who, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err) BW_MUST_CHECK;
/* Both at once, for what happens seldom. */
int bw_container_record(const struct bw_context *ctx, const char *id, enum bw_audit_event event, const char *reason,
	const struct bw_audit_more *more, size_t more_n, struct bw_err *err) BW_MUST_CHECK;
/* `audit verify`: files (absolute paths, oldest first, NULL-terminated) as one chain; none: the trail of the policy, with
 * the files that rotation has left. anchor: "SEQ:HASH" of a line, kept elsewhere, or NULL. text malloc'd: a line for each
 * finding, and one about all. *ret_verdict: 0 whole, 1 damaged, 3 only what a crash explains. */
int bw_audit_verify(const struct bw_context *ctx, const char *const *files, const char *anchor, char **ret_text,
	int *ret_verdict, struct bw_err *err) BW_MUST_CHECK;
/* `audit show`: what to show of it; each may be NULL. since: a time such as 2026-11-28T17:00 in UTC, or as long ago as
 * "15m" says. */
struct bw_audit_filter {
	const char *tenant, *session, *id, *event, *since;
	bool json; /* the lines as they are, else for people */
};
/* Calls seen with each line of it. */
int bw_audit_show(const struct bw_context *ctx, const char *const *files, const struct bw_audit_filter *filter,
	int (*seen)(const char *line, void *ctx, struct bw_err *err), void *fn_ctx, struct bw_err *err) BW_MUST_CHECK;

/* ---- for a process that stays beside a container ---- */

/* What it keeps of one that is created: its cgroups, the time that the policy gives it. Nothing of this waits, and none of
 * it reads the container's files again. */
struct bw_watch;
int bw_watch_open(const struct bw_context *ctx, const char *id, struct bw_watch **ret, struct bw_err *err) BW_MUST_CHECK;
void bw_watch_free(struct bw_watch *watch);
/* To be polled for these events (poll(2)), whereupon bw_watch_oom_happened() is to be called; -1: this host does not tell. */
int bw_watch_oom_fd(const struct bw_watch *watch, short *ret_events);
/* Whether the kernel has killed for want of memory since the last call. */
bool bw_watch_oom_happened(struct bw_watch *watch);
/* As bw_container_pids(), of the whole tree of cgroups. */
int bw_watch_pids(const struct bw_watch *watch, pid_t **ret, size_t *ret_n, struct bw_err *err) BW_MUST_CHECK;
/* containerd's message with the statistics, io.containerd.cgroups.v1.Metrics or v2; *ret_type is its name.
 * BW_E_NOT_FOUND when the container has no cgroup any more. */
int bw_watch_metrics(
	const struct bw_watch *watch, struct bw_wire *ret, const char **ret_type, struct bw_err *err) BW_MUST_CHECK;
/* Sets the counters and gauges of metrics/metrics.h that the container's cgroups know, and no others. False: it has no cgroup
 * any more. limits: also what it may use, which seldom changes. From the first call on they are kept open. */
struct bw_measures;
bool bw_watch_sample(struct bw_watch *watch, bool limits, struct bw_measures *measures);
/* Whether killing the init ends every process: it has a pid namespace of its own. */
bool bw_watch_has_own_pids(const struct bw_watch *watch);
/* Whether the text of /proc/PID/cgroup, as the host's root reads it, is that of a process in its cgroups. */
bool bw_watch_holds(const struct bw_watch *watch, const char *proc_cgroup);
/* The pid of its first process; 0: it is not known. */
pid_t bw_watch_init(const struct bw_watch *watch);
/* Whether it has used processor time since that was cpu_usec, or it is not known: a container that has not has done
 * nothing, and there is nothing new to sample. */
bool bw_watch_has_run(struct bw_watch *watch, uint64_t cpu_usec);
/* How many processors it may run on; 0: not known. */
uint64_t bw_watch_processors(struct bw_watch *watch);
/* Lowers its quota of processor time; never raises it. */
int bw_watch_throttle(struct bw_watch *watch, uint64_t cpu_milli, struct bw_err *err) BW_MUST_CHECK;
/* Ends every process in its cgroups, and waits until they are gone (at most ten seconds). */
int bw_watch_kill(const struct bw_watch *watch, struct bw_err *err) BW_MUST_CHECK;
/* Calls fn with the path of each of its cgroups, until one call is negative: that is returned, else 0. */
int bw_watch_each_cgroup(const struct bw_watch *watch, int (*fn)(const char *path, void *ctx), void *ctx);
/* How long the container may live from its start on, and how long its first process has after SIGTERM before everything in
 * its cgroup is killed; false: there is no limit. For who has said keeps_time at create. */
bool bw_watch_time_limit(const struct bw_watch *watch, int64_t *ret_limit_ms, int64_t *ret_grace_ms);
/* Whether anything of it is recorded: else bw_container_record() need not be called. */
bool bw_watch_is_audited(const struct bw_watch *watch);
/* Whether the policy lets output go to that program (absolute path), which is started on the host: of a container that
 * is to be created from bundle, or with bundle NULL of one that is there. BW_E_DENIED when not. */
int bw_logger_check(const struct bw_context *ctx, const char *id, const char *bundle, const char *program,
	struct bw_err *err) BW_MUST_CHECK;
/* The same of output that is to be appended to a file of the host (absolute path). *ret_restricted: the policy says beneath
 * which directories, and then whoever opens the file must not follow a symbolic link anywhere in its path, for what was
 * looked at here can have been changed by then. */
int bw_logger_check_file(const struct bw_context *ctx, const char *id, const char *bundle, const char *path,
	bool *ret_restricted, struct bw_err *err) BW_MUST_CHECK;

/* Becomes the calling program itself once more, from a file that nobody can write, not even who gets hold of it from within a
 * container (CVE-2019-5736), with other arguments and another environment; NULL-terminated. Descriptors as their CLOEXEC
 * says. What has been executed so does not execute itself again for a container. Returns on failure alone. */
int bw_self_execute(char *const args[], char *const env[], struct bw_err *err) BW_MUST_CHECK;
/* The same at the beginning of a program, with the arguments that it has: 0 when it runs from such a file; else it does not
 * return, but with a failure. */
int bw_self_protect(struct bw_err *err) BW_MUST_CHECK;

/* `explain` of a bundle (absolute path) or a container (id): format "text", "json" or "diff"; text malloc'd. here: text
 * and JSON say, too, what would be in force on this host, or is in the container; a bundle's plan is made for it.
 * *ret_verdict: 0 same, 3 changed, 4 would refuse. */
int bw_explain(const struct bw_context *ctx, const char *bundle_or_id, bool here, const char *format, char **ret_text,
	int *ret_verdict, struct bw_err *err) BW_MUST_CHECK;
/* `check`: what this host can enforce for the chosen profile. *ret_verdict: 0 all, 1 degraded, 2 unusable. */
int bw_check(const struct bw_context *ctx, bool json, char **ret_text, int *ret_verdict, struct bw_err *err) BW_MUST_CHECK;
/* `check ecs`: insecure settings in the files of an ECS host, whose root is host_root (NULL: this one). Text or JSON,
 * malloc'd. *ret_verdict: 0 none, 1 there are some. */
int bw_check_ecs(const char *host_root, bool json, char **ret_text, int *ret_verdict, struct bw_err *err) BW_MUST_CHECK;
/* `why`: the last failure of create, run, start, exec, checkpoint or restore of this id, also when the container is
 * gone; malloc'd. BW_E_NOT_FOUND when there is none on record. */
int bw_why_text(const struct bw_context *ctx, const char *id, bool json, char **ret_text, struct bw_err *err) BW_MUST_CHECK;
/* `policy lint|show|schema`: text for stdout, malloc'd. path may be NULL for the installed one. */
int bw_policy_text(const char *verb, const char *path, char **ret_text, struct bw_err *err) BW_MUST_CHECK;
/* `policy test`: which profile the policy at path (may be NULL) would choose for a bundle (absolute) and the facts of a
 * file, either of which may be NULL, and what each rule says; malloc'd. */
int bw_policy_test(const struct bw_context *ctx, const char *path, const char *bundle, const char *facts, bool json,
	char **ret_text, struct bw_err *err) BW_MUST_CHECK;
/* `metrics`: all of this host's containers at one moment, whatever their roots; also makes what has counters outlive their
 * containers from then on. To be freed. */
struct bw_metrics;
int bw_metrics_take(struct bw_metrics **ret, struct bw_err *err) BW_MUST_CHECK;
void bw_metrics_free(struct bw_metrics *metrics);
/* In Prometheus's text format, malloc'd; each: the containers one by one as well. */
int bw_metrics_prometheus(const struct bw_metrics *metrics, bool each, char **ret_text, struct bw_err *err) BW_MUST_CHECK;
/* In CloudWatch's Embedded Metric Format, malloc'd: counters as what has come since past, or since the host's start
 * with NULL. name_space NULL: "Bulwark". BW_E_USAGE for one that CloudWatch does not take. */
int bw_metrics_emf(const struct bw_metrics *metrics, const struct bw_metrics *past, const char *name_space, char **ret_text,
	struct bw_err *err) BW_MUST_CHECK;
/* Such documents at the end of a file (absolute path), which is moved to FILE.1 first when it has become large. */
int bw_metrics_emf_append(const char *file, const char *text, struct bw_err *err) BW_MUST_CHECK;
/* `plan BUNDLE`: the steps that create would take, one a line (for people and golden tests). */
int bw_plan_text(const struct bw_context *ctx, const char *bundle, char **ret_text, struct bw_err *err) BW_MUST_CHECK;
/* `features`: the JSON document. */
int bw_features_text(char **ret_text, struct bw_err *err) BW_MUST_CHECK;
/* `spec`: the default config.json. */
const char *bw_default_spec(bool rootless);
/* "bulwark version ...\ncommit: ...\nspec: ...\nlibseccomp: ...": no other line holds the word version. */
const char *bw_version_text(void);

#endif
