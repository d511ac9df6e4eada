/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what is kept of a container in <root>/<id>/: state.json (written before anything is made, so that
 * whatever is left after a kill can be found), config.json (the hardened spec), policy.json (the profile that decided),
 * init (pid and start time), and start.sock while it waits for start. */
#ifndef BW_CONTAINER_STATE_H
#define BW_CONTAINER_STATE_H

#include <sys/stat.h>

#include "base/proc.h"
#include "container/bulwark.h"
#include "control/cgroup.h"
#include "control/intel_rdt.h"
#include "policy/policy.h"
#include "spec/spec.h"

/* state.json */
struct bw_state {
	char *oci_version, *id, *bundle, *rootfs, *created, *owner;
	struct bw_pairs annotations;
	char *profile, *profile_reason;
	char *tenant, *session;            /* as in its hardened spec */
	struct bw_strs degraded, layers;   /* sentences of controls: what this host lacks; what is in force */
	struct bw_cgroup_set *cgroups;
	struct bw_rdt *rdt;
	struct bw_opt_bool private_pids;   /* has a pid namespace of its own: killing the init kills all */
	char *guard;                       /* what keeps the blocked endpoints from it (bw_guard_word()); NULL: nothing */
	struct bw_strs late_steps;         /* words of the steps after WAIT, for errors of `start` */
	struct bw_opt_uint late_from;      /* index of the first of them in the plan */
	struct bw_strs descriptors;        /* what 0, 1 and 2 of its init are: "pipe:[1234]"; none when no one is a pipe */
	struct bw_opt_uint ttl_ms, grace_ms; /* as in its hardened spec */
	struct bw_spec_audit *audit;       /* what of it is recorded; NULL: nothing */
	char *categories;                  /* SELinux level that it holds (categories.h); NULL: none */
	struct bw_opt_uint host_ids;       /* the first of the ids of the host that are its alone */
	struct bw_spec_backend *backend;   /* the other runtime that has made it; NULL: we have */
	struct bw_opt_uint root_mount;     /* id of the mount that its rootfs is, in the host's mount namespace */
};

extern const struct bw_schema bw_state_schema;

/* An opened container directory. */
struct bw_container {
	int dir;            /* <root>/<id>, locked when asked for */
	char path[4096];
	struct bw_state *state; /* in the arena given to open */
	pid_t pid;          /* of the init; 0: not known */
	uint64_t start_time;
};

#define BW_CONTAINER_INIT {.dir = -1}
#define auto_container    __attribute__((cleanup(bw_container_close)))

/* "invalid container ID format" unless 1..1024 of [A-Za-z0-9_+.-], not beginning with a dot. */
int bw_id_check(const char *id, struct bw_err *err) BW_MUST_CHECK;
/* New directory (0711 root of roots, 0700 itself); BW_E_EXISTS when there is one. Locked. */
int bw_container_new(
	const struct bw_context *ctx, const char *id, struct bw_container *ret, struct bw_err *err) BW_MUST_CHECK;
/* BW_E_NOT_FOUND "container does not exist". lock: wait for the exclusive lock first. A state.json that cannot
 * be read leaves ret->state NULL only when broken_ok. */
int bw_container_open(const struct bw_context *ctx, const char *id, bool lock, bool broken_ok, struct bw_arena *arena,
	struct bw_container *ret, struct bw_err *err) BW_MUST_CHECK;
/* The same for one that lives (created, running or paused) and has a cgroup; of one that does not live the sentence is
 * dead (BW_E_STATE). To be closed after an error, too. */
int bw_container_open_live(const struct bw_context *ctx, const char *id, bool lock, const char *dead, struct bw_arena *arena,
	struct bw_container *ret, struct bw_err *err) BW_MUST_CHECK;
/* Waits for the lock of an opened one: BW_E_NOT_FOUND when it has been deleted meanwhile. */
int bw_container_lock(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* The same without waiting, for one that was opened as broken_ok: it is then as nobody changes it any more. False: somebody
 * is at work on it, or it is gone. */
bool bw_container_try_lock(struct bw_container *container, struct bw_arena *arena) BW_MUST_CHECK;
void bw_container_close(struct bw_container *container);

int bw_state_save(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* For start: the life of a container with a time limit begins now. */
int bw_state_begin_life(const struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;
/* When it has: of state.json, which create and restore have written and start has touched, and which stays as it is from then
 * on. Of the directory that cannot be said: who counts and watches writes there again and again. 0, or -1 and errno. */
int bw_state_life(const struct bw_container *container, struct stat *ret) BW_MUST_CHECK;
int bw_state_save_spec(const struct bw_container *container, const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;
int bw_state_load_spec(const struct bw_container *container, struct bw_arena *arena, struct bw_spec **ret,
	struct bw_err *err) BW_MUST_CHECK;
/* The profile that decided, as it was then. */
int bw_state_save_profile(
	const struct bw_container *container, const struct bw_profile *profile, struct bw_err *err) BW_MUST_CHECK;
int bw_state_load_profile(const struct bw_container *container, struct bw_arena *arena,
	const struct bw_profile **ret, struct bw_err *err) BW_MUST_CHECK;
/* pid and start time of the init. */
int bw_state_save_init(struct bw_container *container, pid_t pid, struct bw_err *err) BW_MUST_CHECK;
/* What the container is now, from the process table and the files. */
/* Whether nobody has started it yet, paused or not. */
bool bw_container_waits(const struct bw_container *container);
enum bw_status bw_container_status(const struct bw_container *container);
/* Removes the directory and everything in it. */
int bw_container_forget(struct bw_container *container, struct bw_err *err) BW_MUST_CHECK;

#endif
