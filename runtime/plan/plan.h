/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - how a container will be made: a flat list of steps over one pool of bytes, no pointers.
 * Built with ordinary code before clone, frozen read-only, interpreted by launch/child.c. Offsets,
 * not pointers, so that it could be sent to another program as it is. */
#ifndef BW_PLAN_PLAN_H
#define BW_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The order of the child's work is the security argument of the program; one sentence each. */
enum bw_phase {
	BW_PHASE_JOIN, /* be in the right cgroups and namespaces; ids mapped; before this nothing is
			  ours */
	BW_PHASE_IDENTITY, /* become root of our own user namespace, so that what we make belongs to
			      it */
	BW_PHASE_NETWORK,  /* close the namespace (prohibit routes) before anybody can plug it in */
	BW_PHASE_HOOKS,	   /* the host's hooks see namespaces but no container yet (prestart,
			      createRuntime) */
	BW_PHASE_ROOTFS,   /* mounts, devices, masks: by descriptor beneath one rootfs descriptor */
	BW_PHASE_NODE,	   /* hostname, sysctl, rlimits, oom, scheduler: through the host's procfs,
			      before it goes */
	BW_PHASE_LABEL, /* AppArmor, SELinux labels for the next exec: written while host procfs is
			   in reach */
	BW_PHASE_PIVOT, /* the host's tree goes; from here no host directory is held */
	BW_PHASE_PRIVS, /* keyring, terminal, Landlock (needs the final tree), no_new_privs */
	BW_PHASE_EARLY_FILTER, /* seccomp where no_new_privs is off: needs CAP_SYS_ADMIN, so before
				  CREDS */
	BW_PHASE_CREDS,	       /* bounding set before uid, groups before uid, ambient after */
	BW_PHASE_PROGRAM,      /* look the program up as the container's user, chdir, check cwd */
	BW_PHASE_WAIT,	       /* created: wait for start; startContainer hooks */
	BW_PHASE_FILTER,       /* seccomp last, so that nothing of ours needs a hole in it */
	BW_PHASE_EXEC,
	BW_PHASE_COUNT
};

/* Who does it. A parent step makes the child stop at the beginning of the step's phase until it is done. */
enum bw_side { BW_SIDE_CHILD, BW_SIDE_PARENT };

/* A step: which control, which of its operations, with which data (pool + off, len bytes). */
struct bw_step {
	uint16_t control, op;
	uint16_t phase;
	uint16_t side; /* enum bw_side */
	uint32_t off, len;
};

enum { BW_PLAN_MAX_STEPS = 8192, BW_PLAN_MAX_POOL = 16 << 20, BW_PLAN_MAX_FDS = 1024 };

enum { BW_DEGRADED_MAX = 160 };

struct bw_degraded {
	uint16_t control;
	char why[BW_DEGRADED_MAX];
};

/* A lock that is in force when the program runs; the container would not have started otherwise. */
struct bw_layer {
	uint16_t control;
	char what[120];
};

/* A namespace to enter before the container's init is cloned. */
struct bw_join {
	int fd;   /* of a namespace, or a pidfd; owned by the plan's fds */
	int type; /* CLONE_NEW*, one or several for a pidfd */
};

struct bw_plan {
	struct bw_step *steps;
	size_t n, room;
	unsigned char *pool;
	size_t pool_len, pool_room;
	uint64_t clone_flags; /* CLONE_NEW* of the container's init */
	int cgroup_fd;	      /* for CLONE_INTO_CGROUP, or -1; owned */
	struct bw_join joins[8];
	size_t joins_n;
	char time_offsets[160]; /* for /proc/self/timens_offsets before the clone; "" for none */
	int *fds;	      /* descriptors that steps name; owned, closed by bw_plan_done */
	size_t fds_n;
	struct bw_degraded degraded[16]; /* controls marked prefer that this host lacks */
	size_t degraded_n;
	struct bw_layer layers[16];
	size_t layers_n;
	bool frozen;
};

#define BW_PLAN_INIT                                                                               \
	{                                                                                          \
		.cgroup_fd = -1                                                                    \
	}

/* Appends a step with a copy of data. Order within a phase is the order of adding. */
int bw_plan_add(struct bw_plan *plan, uint16_t control, uint16_t op, enum bw_phase phase,
	const void *data, size_t len, struct bw_err *err) BW_MUST_CHECK;
/* The same for a fixed struct followed by a NUL-terminated text (the usual shape: numbers, then a
 * path). */
int bw_plan_add_text(struct bw_plan *plan, uint16_t control, uint16_t op, enum bw_phase phase,
	const void *head, size_t head_len, const char *text, struct bw_err *err) BW_MUST_CHECK;
/* A step of the parent's (BW_SIDE_PARENT), at the beginning of phase. */
int bw_plan_add_parent(struct bw_plan *plan, uint16_t control, uint16_t op, enum bw_phase phase, const void *data,
	size_t len, struct bw_err *err) BW_MUST_CHECK;
/* Hands a descriptor to the plan (closed with it); returns the descriptor, or -1 when the table is
 * full. */
int bw_plan_own_fd(struct bw_plan *plan, int fd, struct bw_err *err) BW_MUST_CHECK;
/* A control marked "prefer" cannot be had: recorded, shown in state, log and audit. */
void bw_plan_degrade(struct bw_plan *plan, uint16_t control, const char *why);
/* What a control puts in force with the steps that it adds, in words: shown by state and explain. To be said only
 * where a failure of those steps ends the start. */
void bw_plan_layer(struct bw_plan *plan, uint16_t control, const char *what);
/* Sorts steps by phase (stable), trims, makes both arrays read-only. */
int bw_plan_freeze(struct bw_plan *plan, struct bw_err *err) BW_MUST_CHECK;
static inline const void *bw_plan_data(const struct bw_plan *plan, const struct bw_step *step)
{
	return plan->pool + step->off;
}
/* Closes the descriptors that the plan owns; its steps can still be put into words. */
void bw_plan_close(struct bw_plan *plan);
/* Accepts a half-built plan. */
void bw_plan_done(struct bw_plan *plan);

#endif
