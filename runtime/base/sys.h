/* SPDX-License-Identifier: Apache-2.0 */
/* sys.h - system calls and constants that the oldest supported libc lacks; numbers and structs
 * nowhere else. Thin: each returns what the kernel returns, -1 and errno on failure. All
 * async-signal-safe. */
#ifndef BW_BASE_SYS_H
#define BW_BASE_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The machine that we are built for, as seccomp filters compare it (linux/audit.h) and as OCI calls it. */
#if defined(__x86_64__)
#define BW_NATIVE_AUDIT_ARCH AUDIT_ARCH_X86_64
#define BW_NATIVE_SCMP_ARCH  "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define BW_NATIVE_AUDIT_ARCH AUDIT_ARCH_AARCH64
#define BW_NATIVE_SCMP_ARCH  "SCMP_ARCH_AARCH64"
#else
#error "bulwark knows the system calls of x86-64 and AArch64"
#endif

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Landlock (landlock(7), uapi linux/landlock.h): rights and the ruleset of ABI 10. A kernel of an older ABI takes the
 * ruleset as long as the members and bits that it does not know are 0. */
#define BW_LANDLOCK_EXECUTE	     (1ULL << 0)
#define BW_LANDLOCK_WRITE_FILE	     (1ULL << 1)
#define BW_LANDLOCK_REMOVE_DIR	     (1ULL << 4)
#define BW_LANDLOCK_REMOVE_FILE	     (1ULL << 5)
#define BW_LANDLOCK_MAKE_CHAR	     (1ULL << 6)
#define BW_LANDLOCK_MAKE_DIR	     (1ULL << 7)
#define BW_LANDLOCK_MAKE_REG	     (1ULL << 8)
#define BW_LANDLOCK_MAKE_SOCK	     (1ULL << 9)
#define BW_LANDLOCK_MAKE_FIFO	     (1ULL << 10)
#define BW_LANDLOCK_MAKE_BLOCK	     (1ULL << 11)
#define BW_LANDLOCK_MAKE_SYM	     (1ULL << 12)
#define BW_LANDLOCK_REFER	     (1ULL << 13) /* ABI 2 */
#define BW_LANDLOCK_TRUNCATE	     (1ULL << 14) /* ABI 3 */
#define BW_LANDLOCK_IOCTL_DEV	     (1ULL << 15) /* ABI 5 */
#define BW_LANDLOCK_RESOLVE_UNIX     (1ULL << 16) /* ABI 9: reaching named unix sockets made outside */
#define BW_LANDLOCK_BIND_TCP	     (1ULL << 0)  /* ABI 4 */
#define BW_LANDLOCK_CONNECT_TCP	     (1ULL << 1)  /* ABI 4 */
#define BW_LANDLOCK_BIND_UDP	     (1ULL << 2)  /* ABI 10 */
#define BW_LANDLOCK_SEND_UDP	     (1ULL << 3)  /* ABI 10: connect, and send to an address */
#define BW_LANDLOCK_SCOPE_ABSTRACT   (1ULL << 0)  /* ABI 6: abstract unix sockets */
#define BW_LANDLOCK_SCOPE_SIGNAL     (1ULL << 1)  /* ABI 6 */
#define BW_LANDLOCK_LOG_NEW_EXEC_ON  (1U << 1)    /* ABI 7: audit records after execve, too */
#define BW_LANDLOCK_LOG_SUBDOMAINS_OFF (1U << 2)  /* ABI 7: none of domains that the program makes itself */
#define BW_LANDLOCK_CREATE_VERSION   (1U << 0)
#define BW_LANDLOCK_CREATE_ERRATA    (1U << 1)
#define BW_LANDLOCK_RULE_PATH_BENEATH 1
#define BW_LANDLOCK_RULE_NET_PORT    2 /* ABI 4 */
struct bw_landlock_ruleset {
	uint64_t handled_fs, handled_net, scoped;
};
struct bw_landlock_path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));
struct bw_landlock_net_port {
	uint64_t allowed, port; /* in host order */
};

#ifndef SYS_lsm_list_modules
#define SYS_lsm_list_modules 461 /* 6.8; the same number on every architecture */
#endif

/* clone_args of linux/sched.h, which cannot be included beside sched.h everywhere. */
struct bw_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

/* sched_attr of linux/sched/types.h, the version with util clamps (56 bytes); the same trouble. */
struct bw_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static inline long bw_clone3(struct bw_clone_args *args)
{
	return syscall(SYS_clone3, args, sizeof *args);
}
static inline int bw_openat2(int dirfd, const char *path, const struct open_how *how)
{
	return (int)syscall(SYS_openat2, dirfd, path, how, sizeof *how);
}
static inline int bw_sched_setattr(pid_t pid, const struct bw_sched_attr *attr)
{
	return (int)syscall(SYS_sched_setattr, pid, attr, 0);
}
static inline int bw_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
static inline int bw_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}
static inline int bw_pidfd_send_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}
/* A copy of descriptor fd of another process, CLOEXEC. */
static inline int bw_pidfd_getfd(int pidfd, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}
/* fork(2) with a pidfd, by the old call: profiles of engines refuse clone3, whose flags a filter cannot see. */
static inline long bw_fork_pidfd(int *pidfd)
{
	return syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0UL, pidfd, 0UL, 0UL);
}
static inline int bw_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}
static inline int bw_landlock_create_ruleset(const struct bw_landlock_ruleset *attr, size_t size, unsigned flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}
static inline int bw_landlock_add_path(int ruleset, const struct bw_landlock_path_beneath *rule)
{
	return (int)syscall(SYS_landlock_add_rule, ruleset, BW_LANDLOCK_RULE_PATH_BENEATH, rule, 0);
}
static inline int bw_landlock_add_port(int ruleset, const struct bw_landlock_net_port *rule)
{
	return (int)syscall(SYS_landlock_add_rule, ruleset, BW_LANDLOCK_RULE_NET_PORT, rule, 0);
}
static inline int bw_landlock_restrict_self(int ruleset, unsigned flags)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset, flags);
}
/* LSM_ID_* of the active modules, in order; *size in bytes. How many, or -1. */
static inline int bw_lsm_list_modules(uint64_t *ids, uint32_t *size)
{
	return (int)syscall(SYS_lsm_list_modules, ids, size, 0);
}
static inline int bw_execveat(
	int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dirfd, path, argv, envp, flags);
}

#endif
