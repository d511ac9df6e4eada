/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - see sandbox.h. What comes later could not be done once the earlier was given up; the filter is last,
 * because it forbids all of this. */
#include "warden/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sys.h"

static int failed(struct bw_err *err, const char *what)
{
	return bw_fail(err, BW_E_KERNEL, errno, "sandbox: %s", what);
}

/* What is mounted over a directory that every host has becomes the root; the host's mounts are then beneath nothing.
 * Private first: else they would be unmounted on the host as well. */
static int new_root(const char *type, const char *options, const char *fewer_options, struct bw_err *err)
{
	static const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC) < 0)
		return failed(err, "namespaces of its own");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed(err, "private mounts");
	if ((mount("none", "/proc", type, flags, options) < 0 &&
		    (!fewer_options || mount("none", "/proc", type, flags, fewer_options) < 0)) ||
		chdir("/proc") < 0)
		return failed(err, "a root of its own");
	if (bw_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return failed(err, "leaving the host's root");
	return 0;
}

int bw_sandbox_empty_root(struct bw_err *err)
{
	return new_root("tmpfs", "size=4k,nr_inodes=1,mode=555", NULL, err);
}

/* Before 5.8 there is no subset. */
int bw_sandbox_proc_root(struct bw_err *err)
{
	return new_root("proc", "subset=pid", "", err);
}

static int set_limits(uint64_t files, struct bw_err *err)
{
	const struct {
		int resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_NOFILE, files}, {RLIMIT_CORE, 0}, {RLIMIT_NPROC, 0}, {RLIMIT_MEMLOCK, 0}, {RLIMIT_MSGQUEUE, 0}};

	for (size_t i = 0; i < BW_COUNT(limits); i++) {
		const struct rlimit limit = {limits[i].value, limits[i].value};

		if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "sandbox: a limit of %llu %s", (unsigned long long)limits[i].value,
				limits[i].resource == RLIMIT_NOFILE ? "open files" : "for a resource");
	}
	return 0;
}

/* The bounding set while there is still CAP_SETPCAP. */
static int drop_bounding(struct bw_err *err)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return failed(err, "an empty bounding set");
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ? failed(err, "an empty ambient set") : 0;
}

static int drop_ids(const struct bw_sandbox *sandbox, struct bw_err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = sandbox->caps, .permitted = sandbox->caps}};

	if (setgroups(0, NULL) < 0)
		return failed(err, "no groups");
	if (sandbox->caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return failed(err, "keeping capabilities");
	if (setresgid(sandbox->group, sandbox->group, sandbox->group) < 0 ||
		setresuid(sandbox->user, sandbox->user, sandbox->user) < 0)
		return failed(err, "a user of its own");
	if (syscall(SYS_capset, &header, kept) < 0)
		return failed(err, "no capabilities");
	if (sandbox->caps && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return failed(err, "keeping capabilities");
	return 0;
}

static int load_filter(const struct bw_sandbox *sandbox, struct bw_err *err)
{
	/* The kernel copies it. */
	const struct sock_fprog program = {
		.len = (unsigned short)sandbox->filter_n, .filter = (struct sock_filter *)(uintptr_t)sandbox->filter};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return failed(err, "a filter of system calls");
	return 0;
}

int bw_sandbox_enter(const struct bw_sandbox *sandbox, struct bw_err *err)
{
	if (set_limits(sandbox->files, err) < 0 || drop_bounding(err) < 0 || drop_ids(sandbox, err) < 0)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed(err, "no new privileges");
	return load_filter(sandbox, err);
}
