/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.h - the cgroups of one container, for the verbs: which directories they are, making, limiting, listing,
 * freezing, killing and removing them. Parent side, ordinary code. Every operation works from the stored set
 * alone, so that whatever a crash leaves behind can be found again. */
#ifndef BW_CONTROL_CGROUP_H
#define BW_CONTROL_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

#include "control/guard_program.h"
#include "json/schema.h"

struct bw_host;
struct bw_request;
struct bw_spec;
struct bw_spec_resources;

enum { BW_CGROUP_MAX_DIRS = 32 };

/* The container's directory in one hierarchy: mountpoint + path. */
struct bw_cgroup_dir {
	char *controllers;	 /* "cpu,cpuacct", "name=systemd"; NULL: the unified hierarchy (v2) */
	char *mountpoint;	 /* absolute */
	char *path;		 /* beneath the mountpoint, begins with '/', clean, never "/" itself */
	struct bw_opt_uint made; /* how many of path's last components bw_cgroup_create() made */
};

struct bw_cgroup_set {
	char *mode; /* of the host: "v1", "hybrid", "v2" */
	char *unit; /* systemd's, which makes and removes its directories; NULL: all are our own */
	struct bw_opt_bool user_unit; /* of the user's own systemd */
	/* Of a caller who is not root: what the kernel keeps for root (the device lists) is not asked of it. */
	struct bw_opt_bool rootless;
	struct bw_opt_bool optional; /* a directory that may not be made is left out; limits there are refused then */
	struct {
		struct bw_cgroup_dir *v;
		size_t n;
	} dirs;
};

extern const struct bw_schema bw_cgroup_set_schema; /* for state.json */

/* Pure: where the container's cgroups lie, from the host's facts, linux.cgroupsPath (may be NULL) and the id.
 * An absolute cgroupsPath lies beneath each hierarchy's mountpoint, a relative one beneath our own cgroup (on
 * v2 beside it, as a cgroup with processes cannot give controllers to its children); none is "/<id>".
 * Refuses "..", the root cgroup and names that the kernel cannot take. Memory is the arena's. */
int bw_cgroup_set_make(const struct bw_host *host, const char *cgroups_path, const char *id, struct bw_arena *arena,
	struct bw_cgroup_set **ret, struct bw_err *err) BW_MUST_CHECK;
/* The same for a scope of systemd: linux.cgroupsPath is "slice:prefix:name", none is "bulwark-<id>.scope" in the
 * default slice. user: of the user's own systemd. Refuses names that systemd cannot take, and hosts without it. */
int bw_cgroup_set_make_unit(const struct bw_host *host, const char *cgroups_path, const char *id, bool user,
	struct bw_arena *arena, struct bw_cgroup_set **ret, struct bw_err *err) BW_MUST_CHECK;

/* A set without directories: the container stays in its caller's cgroups. A limit is refused then. */
int bw_cgroup_set_make_none(const struct bw_host *host, struct bw_arena *arena, struct bw_cgroup_set **ret,
	struct bw_err *err) BW_MUST_CHECK;

/* Whether the text of a /proc/PID/cgroup is that of a process in the set's cgroups or beneath them. Pure. */
bool bw_cgroup_holds(const struct bw_cgroup_set *set, const char *proc_cgroup);

/* Refuses when a directory of the set exists and holds processes or is frozen: it is somebody else's. To be
 * asked before the set is stored, lest a later delete ends processes that are not ours. */
int bw_cgroup_check_unused(const struct bw_cgroup_set *set, struct bw_err *err) BW_MUST_CHECK;
/* Makes the directories, parents too; notes in the set what was made. Checks as bw_cgroup_check_unused(). What
 * a failed call made is gone again, and the set is empty: it may name somebody else's cgroup. */
int bw_cgroup_create(struct bw_cgroup_set *set, struct bw_err *err) BW_MUST_CHECK;
/* Makes and limits the request's cgroups and brings a process of ours into them, pid, whose children will be the
 * container's. What a failure leaves is for bw_cgroup_kill() and bw_cgroup_remove(). */
int bw_cgroup_adopt(const struct bw_request *request, pid_t pid, struct bw_err *err) BW_MUST_CHECK;
/* On the unified hierarchy: makes a cgroup of that name beneath the set's, and brings a process of ours there. */
int bw_cgroup_move_beneath(const struct bw_cgroup_set *set, const char *name, pid_t pid, struct bw_err *err) BW_MUST_CHECK;
/* Takes back what bw_cgroup_create() made and nothing else: for a create that fails later on, when its
 * processes are gone. Cannot fail; what is busy stays. */
void bw_cgroup_abandon(struct bw_cgroup_set *set);

/* Writes the limits that are set, to systemd first where the set has a unit; NULL is none. A limit that cannot be had is an
 * error with its JSON pointer in err->field. Devices are not among them: bw_cgroup_apply_devices(). */
int bw_cgroup_apply_resources(const struct bw_cgroup_set *set, const struct bw_spec_resources *resources,
	struct bw_err *err) BW_MUST_CHECK;
/* Says in the log which of them no kernel has any more. */
void bw_cgroup_warn_of_ignored(const struct bw_spec_resources *resources);
/* Device rules of the spec. live: processes run in the cgroup, no device that stays allowed is refused
 * meanwhile; a unit's systemd is told once more. */
int bw_cgroup_apply_devices(const struct bw_cgroup_set *set, const struct bw_spec *spec, bool live,
	struct bw_err *err) BW_MUST_CHECK;

/* Whether the network guard (guard.h) still hangs on the container's cgroup: BW_E_DENIED when it does not. */
int bw_cgroup_verify_guard(const struct bw_cgroup_set *set, struct bw_err *err) BW_MUST_CHECK;
/* How often it has refused, by hook (enum bw_guard_hook). */
int bw_cgroup_guard_counts(const struct bw_cgroup_set *set, uint64_t ret[BW_GUARD_HOOKS], struct bw_err *err) BW_MUST_CHECK;

/* The processes in the container's cgroup, and in those beneath it when recursive: sorted, malloc'd. None when
 * the cgroup does not exist. */
int bw_cgroup_pids(const struct bw_cgroup_set *set, bool recursive, pid_t **ret, size_t *ret_n,
	struct bw_err *err) BW_MUST_CHECK;
/* No process in any of the set's directories or beneath. A set that does not exist is empty. */
int bw_cgroup_is_empty(const struct bw_cgroup_set *set, bool *ret, struct bw_err *err) BW_MUST_CHECK;
/* Ends every process in the set, frozen and forking ones too, and waits until they are gone (at most ten
 * seconds). */
int bw_cgroup_kill(const struct bw_cgroup_set *set, struct bw_err *err) BW_MUST_CHECK;
/* The same without waiting, for who has many to end and waits afterwards; also where it cannot be done so. */
void bw_cgroup_kill_begin(const struct bw_cgroup_set *set);
/* Tells all processes to stop, without waiting. */
void bw_cgroup_freeze_begin(const struct bw_cgroup_set *set);
/* Stops or resumes all processes; returns when they have stopped (at most ten seconds, else they run again). */
int bw_cgroup_freeze(const struct bw_cgroup_set *set, bool freeze, struct bw_err *err) BW_MUST_CHECK;
/* Lets everybody in the set run, also those that a container has frozen itself in cgroups of its own: frozen
 * processes of v1 take no signal, not even SIGKILL. As far as it can be done; whether they end shows later. */
void bw_cgroup_thaw_all(const struct bw_cgroup_set *set);
int bw_cgroup_is_frozen(const struct bw_cgroup_set *set, bool *ret, struct bw_err *err) BW_MUST_CHECK;
/* What the memory controller has counted: the limit in bytes (UINT64_MAX: none) and the processes that the kernel
 * has killed for want of memory. False when the set has no such controller, or it cannot be asked. */
bool bw_cgroup_memory(const struct bw_cgroup_set *set, uint64_t *ret_limit_bytes, uint64_t *ret_kills);
/* Opens, for writing, cgroup.procs of where the memory of init counts, which is the container's first process: who writes
 * "0" there has what it takes from then on counted with it. *ret is -1 where nobody counts. */
int bw_cgroup_open_charge(const struct bw_cgroup_set *set, pid_t init, int *ret, struct bw_err *err) BW_MUST_CHECK;
/* Ends the set's unit, removes the container's directories and all beneath them; parents stay, as with runc. What is
 * missing is fine; what is busy is waited for (at most five seconds). */
int bw_cgroup_remove(const struct bw_cgroup_set *set, struct bw_err *err) BW_MUST_CHECK;

#endif
