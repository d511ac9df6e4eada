/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - what a rule is and how it changes the spec. A rule looks at a const spec and changes it
 * by the functions below alone; each of them records a finding. So there is no silent change, and
 * the property test "total" holds every difference against the findings. Private to policy/. */
#ifndef BW_POLICY_RULES_H
#define BW_POLICY_RULES_H

#include "policy/profile.h"

/* One run of the rules over one spec. Rules do not fail: when memory is out they stop changing, and
 * bw_harden() fails in the end. */
struct bw_run {
	const struct bw_profile *profile;
	const struct bw_spec *spec; /* the copy under way */
	struct bw_arena *arena;
	struct bw_findings *findings;
	const char *rule; /* id of the rule that runs */
	bool out_of_memory;
};

struct bw_rule {
	const char *id;	   /* in findings, errors and the log */
	const char *about; /* one sentence */
	void (*run)(struct bw_run *r);
};
extern const struct bw_rule bw_rules[]; /* in their order; ends with id NULL */

/* The changes. pointer and reason are copied where they do not last; a member that has the value
 * already gives no finding. */
void bw_change_bool(struct bw_run *r, const struct bw_opt_bool *member, bool value,
	const char *pointer, const char *reason);
void bw_change_uint(struct bw_run *r, const struct bw_opt_uint *member, uint64_t value,
	const char *pointer, const char *reason);
void bw_change_int(struct bw_run *r, const struct bw_opt_int *member, int64_t value,
	const char *pointer, const char *reason);
/* value NULL: removed. */
void bw_change_string(struct bw_run *r, char *const *member, const char *value, const char *pointer,
	const char *reason);
/* The whole list; value->v NULL: absent. */
void bw_change_strs(struct bw_run *r, const struct bw_strs *member, const struct bw_strs *value,
	const char *pointer, const char *reason);
/* A list of ids, of which value is a part. */
void bw_change_ids(struct bw_run *r, const struct bw_uints *member, const struct bw_uints *value,
	const char *pointer, const char *reason);
void bw_collect_id(struct bw_run *r, struct bw_uints *list, uint64_t id);
/* Sets the object behind member to NULL; shown stands for it in the finding. */
void bw_change_gone(struct bw_run *r, const void *member, const char *shown, const char *pointer,
	const char *reason);
/* Replaces a whole typed list ({ T *v; size_t n; }); before and after stand for it in the finding.
 */
void bw_change_list(struct bw_run *r, const void *member, const void *v, size_t n,
	const char *before, const char *after, const char *pointer, const char *reason);
/* Puts the element (size bytes) at index into a typed list. */
void bw_insert(struct bw_run *r, const void *list, size_t index, const void *element, size_t size,
	const char *after, const char *pointer, const char *reason);
/* environment lists: only names are ever shown. */
void bw_change_env(struct bw_run *r, const struct bw_strs *member, const struct bw_strs *value,
	const char *before, const char *after, const char *pointer, const char *reason);

/* The object behind the pointer member, made empty where there is none: by itself no change of
 * meaning, so no finding. NULL when memory is out. */
const void *bw_ensure_object(struct bw_run *r, const void *member, size_t size);
#define bw_ensure(r, member)                                                                       \
	((const __typeof__(**(member)) *)bw_ensure_object((r), (member), sizeof **(member)))

/* Refusals and remarks; before, hint may be NULL. */
void bw_deny(struct bw_run *r, const char *pointer, const char *before, const char *reason,
	const char *hint);
void bw_note(struct bw_run *r, const char *pointer, const char *before, const char *reason);

/* Text in the run's arena; when memory is out the run is marked and "" returned. */
const char *bw_text(struct bw_run *r, const char *fmt, ...) BW_PRINTF(2, 3);
/* ["a", "b"] */
const char *bw_list_text(struct bw_run *r, const struct bw_strs *list);
/* Appends to a list that the rule is building itself. */
void bw_collect(struct bw_run *r, struct bw_strs *list, const char *text);

/* harden.c: what comes of a run: out of memory, the refusals as one error, or nothing. */
int bw_run_end(const struct bw_run *r, struct bw_err *err) BW_MUST_CHECK;

/* Whether an optional switch of the profile is on. */
static inline bool bw_is_on(const struct bw_opt_bool *flag)
{
	return flag->set && flag->v;
}

/* The rules, one file per kind (rules.c has the list). */
void bw_rule_profile(struct bw_run *r);
void bw_rule_identity(struct bw_run *r);
void bw_rule_caps(struct bw_run *r);
void bw_rule_no_new_privs(struct bw_run *r);
void bw_rule_keyring(struct bw_run *r);
void bw_rule_seccomp(struct bw_run *r);
void bw_rule_lsm(struct bw_run *r);
void bw_rule_landlock(struct bw_run *r);
void bw_rule_mdwe(struct bw_run *r);
void bw_rule_namespaces(struct bw_run *r);
void bw_rule_network(struct bw_run *r);
void bw_rule_sysctl(struct bw_run *r);
void bw_rule_devices(struct bw_run *r);
void bw_rule_mount_sources(struct bw_run *r);
void bw_rule_mounts(struct bw_run *r);
void bw_rule_rootfs(struct bw_run *r);
void bw_rule_workspace(struct bw_run *r);
void bw_rule_volumes(struct bw_run *r);
void bw_rule_encryption(struct bw_run *r);
void bw_rule_programs(struct bw_run *r);
void bw_rule_paths(struct bw_run *r);
void bw_rule_hooks(struct bw_run *r);
void bw_rule_descriptors(struct bw_run *r);
void bw_rule_secrets(struct bw_run *r);
void bw_rule_environment(struct bw_run *r);
void bw_rule_limits(struct bw_run *r);
void bw_rule_session(struct bw_run *r);
void bw_rule_keeper(struct bw_run *r);
void bw_rule_tenant(struct bw_run *r);
void bw_rule_audit(struct bw_run *r);
void bw_rule_metrics(struct bw_run *r);
void bw_rule_annotations(struct bw_run *r);
void bw_rule_backend(struct bw_run *r);

/* Shared with harden_update.c. */
/* Whether a file of v2 would lift, against the numbers in resources, a limit that the profile sets. */
bool bw_unified_exceeds(const struct bw_profile_limits *policy, const struct bw_spec_resources *resources,
	const struct bw_pair *file);

/* Shared with harden_exec.c. */
/* Whether the container has a user namespace of its own in which nobody is the host's root. */
bool bw_has_own_users(const struct bw_spec *spec);
/* Says "none" where a process names no capabilities, which means all of root's. */
void bw_no_capabilities(
	struct bw_run *r, const struct bw_spec_process *process, const char *pointer);
/* The user of process to be hardened: its own, a new one where it has none and would be root, or
 * one that is nobody's where nothing will change; NULL when memory is out. */
const struct bw_spec_user *bw_own_user(
	struct bw_run *r, const struct bw_spec_process *process, bool user_namespace);
/* The user that takes the place of user, by the profile; pointer is the place of user. */
void bw_harden_user(struct bw_run *r, const struct bw_spec_user *user, bool user_namespace,
	const char *pointer);
/* Whether the profile makes a file of this variable. */
bool bw_is_secret_variable(const struct bw_profile *profile, const char *name);
/* Scrubs and sets an environment. */
void bw_harden_env(struct bw_run *r, const struct bw_strs *env, const char *pointer);
/* Scheduler, I/O priority and oomScoreAdj of a process. */
void bw_harden_priorities(
	struct bw_run *r, const struct bw_spec_process *process, const char *pointer);
/* Adds noexec to the options of m, rnoexec where it is recursive, and takes away what would undo it. */
void bw_make_noexec(struct bw_run *r, const struct bw_spec_mount *m, struct bw_strs *options);
/* Whether m is just what the rule workspace mounts, and the policy lets what lies there be executed. */
bool bw_is_workspace_for_programs(struct bw_run *r, const struct bw_spec_mount *m);
/* Whether something is mounted on destination; *ret_before: the first mount that lies beneath, or the end: a mount there
 * must come before, or it would hide that. */
bool bw_is_mounted(const struct bw_spec *spec, const char *destination, size_t *ret_before);
/* Whether m is just what the rule volumes mounts. */
bool bw_is_volume(struct bw_run *r, const struct bw_spec_mount *m);
/* Appends the directories that hold those of all tenants. */
void bw_collect_volumes(struct bw_run *r, struct bw_strs *list);
/* Brings the options of m to where nothing that a tenant has left behind gives anybody anything: no programs, no links,
 * no devices. */
void bw_restrict_volume(struct bw_run *r, const struct bw_spec_mount *m, struct bw_strs *options);
/* Whether m is the disk that the rule workspace has mounted: what a caller mounts never is. */
bool bw_is_disk_of_ours(struct bw_run *r, const struct bw_spec_mount *m);
/* Refuses a process whose program is not on the profile's list; pointer is the place of its arguments. */
void bw_check_program(
	struct bw_run *r, const struct bw_spec_process *process, const char *pointer);
/* Removes a label that means unconfined. */
void bw_harden_labels(struct bw_run *r, const struct bw_spec_process *process, const char *pointer);

#endif
