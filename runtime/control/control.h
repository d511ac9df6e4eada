/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - one mechanism, one file: what it can see (probe), what it wants done (prepare), how to say it
 * (say), and the two places where it acts: apply in the child, settle in the parent. */
#ifndef BW_CONTROL_CONTROL_H
#define BW_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct bw_spec;
struct bw_spec_process;
struct bw_host;
struct bw_plan;
struct bw_arena;
struct bw_cgroup_set;
struct bw_rdt;
struct bw_guard;
struct bw_settling;
struct bw_opt_uint;
struct bw_recorder;
struct bw_secret_values;

/* Ids of the controls, from the one list. */
enum bw_control_id {
#define BW_CONTROL(name) BW_CONTROL_##name,
#include "control/list.h"
#undef BW_CONTROL
	BW_CONTROL_COUNT
};

/* SELinux labels of what we mount, where they are ours and not the caller's; else NULL. */
struct bw_mount_labels {
	const char *files; /* of a file system with noexec */
	const char *code;  /* of another one */
};

/* What a control knows when it prepares. Everything is const and outlives the plan's building. */
struct bw_request {
	const struct bw_spec *spec;            /* hardened */
	const struct bw_spec_process *process; /* spec->process, or that of the exec */
	const struct bw_host *host;
	struct bw_arena *arena;
	bool exec;               /* a further process in a running container */
	const char *id;
	const char *bundle;      /* absolute */
	const char *state_dir;   /* absolute: <root>/<id> */
	int state_fd;            /* the same, opened */
	const char *console_socket; /* or NULL */
	bool foreground_terminal; /* we copy what it says ourselves */
	int terminal_fd;         /* connected socket that gets the terminal, in place of console_socket; or -1 */
	unsigned preserve_fds;
	bool no_pivot, no_new_keyring;
	bool in_user_namespace;	 /* we have entered the user namespace that spec names: a caller who is not root, see
				    rootless.h */
	bool wait_for_start;     /* create: stop before FILTER until start */
	pid_t target_pid;        /* exec: the container's init */
	int target_pidfd;        /* exec: its pidfd */
	int host_proc;           /* O_PATH of the host's /proc, verified; inherited by the child */
	const char *const *sub_cgroups; /* exec: where beneath them, NULL-terminated words of --cgroup; or NULL */
	struct bw_cgroup_set *cgroups; /* the container's (cgroup.h); create: stored before they are made, `made` is noted */
	struct bw_mount_labels *mount_labels; /* create: filled by the control selinux, before mounts reads them; NULL:
					       * nothing is mounted */
	struct bw_rdt **rdt;     /* its place in resctrl (intel_rdt.h); create: filled by prepare; NULL: not kept */
	struct bw_guard *guard;	 /* guard.h: create: filled by the control guard; exec: how the container is guarded;
				    never NULL */
	struct bw_opt_uint *root_mount; /* create: filled with the id of the rootfs's mount, where it is in our own
					   mount namespace; NULL: not kept */
	int start_sock;          /* listening socket on which the child waits for `start`, or -1 */
	struct bw_recorder
		*recorder; /* run --learn: who answers for a filter that stands in for the container's own; or NULL */
	bool keeps_time;         /* create: our caller ends it when its life is over */
	struct bw_secret_values *
		secrets; /* create: of variables (secrets.h), wiped when their files are there; NULL: nothing is made */
	uint64_t caller_files;   /* soft limit of open files that the caller gave us, where we have raised it; else 0 */
};

/* So much of what a hook has written goes into the message about its failure. */
enum { BW_SAID_MAX = 240 };

/* Of send_over, in sendmsg(2); a Unix socket heeds the last alone. */
#define BW_SEND_OVER_FLAGS (MSG_DONTROUTE | MSG_CONFIRM | MSG_MORE | MSG_NOSIGNAL)

/* What a child step may use: a few descriptors, set up by launch/child.c and by earlier steps. No pointers
 * into the heap, nothing to free. */
struct bw_child {
	int root;       /* rootfs as O_PATH, from ROOTFS until the end; -1 before */
	int host_proc;  /* the host's procfs until PIVOT, then -1 */
	int null;       /* the host's /dev/null as O_PATH, while masks are put; else -1 */
	int scratch;    /* a step may leave one descriptor for the next step of the same control; -1 if none */
	int terminal;   /* pty peer, or -1 */
	int channel;    /* to the parent, later to `start`; CLOEXEC, so that its end says "running" */
	int start_sock; /* see struct bw_request */
	const char *path; /* of the program, in the pool, from PROGRAM on */
	unsigned preserve_fds;
	bool cwd_done;  /* the working directory was reached before the rights were given up */
	const unsigned char *pool;
	/* Loads the container's filters: for a program other than the last one (startContainer hooks). */
	int (*filter)(struct bw_child *child);
	/* Gives the parent a descriptor that this step made, for its control's receive(), and waits until it has
	 * it. By write(2) and read(2) alone: after a filter nothing else is certain. */
	int (*hand_over)(struct bw_child *child, int fd);
	/* The same where the filter lets sendmsg(2) through with these flags, which nobody else has a use for together:
	 * the descriptor goes along, and the parent need not be one who may trace the child. */
	int (*send_over)(struct bw_child *child, int fd);
	uint32_t step; /* the one that is being done */
	char said[BW_SAID_MAX]; /* what the hook that fails has written, NUL-terminated; else empty */
	const void *setup; /* launch only */
	char **argv; /* of the program, from PROGRAM on: pointers into memory mapped for them */
	char **envp;
};

/* What a parent step may use. */
struct bw_settling {
	pid_t pid;     /* of the container's init, as we see it */
	int pidfd;
	int host_proc;
	const struct bw_request *request;
};

struct bw_control {
	const char *name;  /* in logs, `features`, the policy and the plan */
	const char *about; /* one sentence for `bulwark check` and the man page */
	/* Looks, changes nothing; fills its facts in host. NULL: nothing to find out. */
	int (*probe)(struct bw_host *host, struct bw_arena *arena, struct bw_err *err);
	/* Adds steps. Fails when something required cannot be had; bw_plan_degrade() for "prefer". */
	int (*prepare)(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err);
	/* "load filter (214 instructions)": what the step does, for the plan listing and for errors. */
	void (*say)(uint16_t op, const void *data, size_t len, char *buf, size_t size);
	/* A parent step (bw_plan_add_parent), run while the child waits. NULL: the control has none. */
	int (*settle)(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err);
	/* Takes a descriptor that a step of the child's made (hand_over), once; fd stays the caller's. NULL: the
	 * control has none. */
	int (*receive)(const struct bw_settling *now, uint16_t op, const void *data, size_t len, int fd,
		struct bw_err *err);
	/* Looks, once the program runs, whether a child step has had its effect on it. A failure ends the container.
	 * NULL: the step cannot succeed without. */
	int (*verify)(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err);
	/* Replaces the usual "<name>: <say>: <errno words>" where callers match a sentence. NULL: the usual. */
	void (*complain)(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err);
};

/* Runs in the child after clone(): system calls on prepared data, nothing else (tests/rules/child-symbols.sh
 * proves it). 0 or -errno. */
typedef int bw_apply_fn(struct bw_child *child, uint16_t op, const void *data, size_t len);

#define BW_CONTROL(name)                                                                           \
	extern const struct bw_control bw_##name;                                                  \
	bw_apply_fn bw_##name##_apply;
#include "control/list.h"
#undef BW_CONTROL

#endif
