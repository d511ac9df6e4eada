/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c - processes by pid and start time, see proc_pid_stat(5) and pidfd_open(2). */
#include "base/proc.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

/* Words of /proc/<pid>/stat, counted from the state, which comes right behind the name. */
enum { STAT_PPID = 1, STAT_START_TIME = 19 };

int bw_proc_stat(pid_t pid, struct bw_proc_stat *ret)
{
	char path[48], text[1024];
	uint64_t ppid, start;
	const char *p;
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	len = bw_read_at(AT_FDCWD, path, text, sizeof text);
	if (len == -ENOENT)
		return -ESRCH;
	if (len < 0)
		return (int)len;
	/* The name in parentheses may hold blanks and parentheses: the fields begin behind the last
	 * ')'. */
	p = strrchr(text, ')');
	if (!p || p[1] != ' ' || bw_parse_word(p + 1, STAT_PPID, INT_MAX, &ppid) < 0 ||
		bw_parse_word(p + 1, STAT_START_TIME, UINT64_MAX, &start) < 0)
		return -EIO;
	*ret = (struct bw_proc_stat){.state = p[2], .ppid = (pid_t)ppid, .start_time = start};
	return 0;
}

bool bw_proc_alive(pid_t pid, uint64_t start_time)
{
	struct bw_proc_stat stat;

	return pid > 0 && bw_proc_stat(pid, &stat) == 0 && stat.start_time == start_time &&
	       stat.state != 'Z' && stat.state != 'X';
}

int bw_pidfd_of(pid_t pid, uint64_t start_time)
{
	int fd = bw_pidfd_open(pid, 0);

	if (fd < 0)
		return errno == EINVAL ? -ESRCH : -errno;
	/* The descriptor pins the process; only now does the start time prove which one it is. */
	if (!bw_proc_alive(pid, start_time)) {
		close(fd);
		return -ESRCH;
	}
	return fd;
}

/* The inode of the first user namespace is fixed (linux/nsfs.h, USER_NS_INIT_INO). */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDU

bool bw_proc_in_initial_userns(void)
{
	struct stat st;

	/* Without user namespaces there is only the initial one. */
	if (stat("/proc/self/ns/user", &st) < 0)
		return errno == ENOENT;
	return st.st_ino == INITIAL_USER_NAMESPACE;
}

bool bw_proc_is_root(uid_t uid)
{
	uint64_t nobody;
	char text[32];

	if (uid == 0 || bw_proc_in_initial_userns())
		return uid == 0;
	return bw_read_at(AT_FDCWD, "/proc/sys/kernel/overflowuid", text, sizeof text) >= 0 &&
	       bw_parse_word(text, 0, UINT32_MAX, &nobody) == 0 && uid == nobody;
}

/* What bw_proc_raise_files() has found: there is one limit for all of us. */
static struct rlimit files_before;
static bool files_raised;

bool bw_proc_raise_files(uint64_t *ret_soft)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
		return false;
	files_before = limit;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	files_raised = true;
	*ret_soft = files_before.rlim_cur;
	return true;
}

int bw_proc_give_back_files(void)
{
	if (files_raised && setrlimit(RLIMIT_NOFILE, &files_before) < 0)
		return -errno;
	return 0;
}

int bw_wait(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int bw_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int bw_signal_number(const char *text)
{
	const char *name = bw_after_prefix(text, "SIG");
	const char *realtime;
	uint64_t number;

	if (bw_parse_u64(text, 64, &number) == 0)
		return (int)number;
	name = name ? name : text;
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		const char *abbreviation = sigabbrev_np(sig);

		if (abbreviation && strcasecmp(abbreviation, name) == 0)
			return sig;
	}
	realtime = bw_after_prefix(name, "RTMIN");
	if (realtime && !*realtime)
		return SIGRTMIN;
	if (realtime && *realtime == '+' &&
		bw_parse_u64(realtime + 1, (uint64_t)(SIGRTMAX - SIGRTMIN), &number) == 0)
		return SIGRTMIN + (int)number;
	realtime = bw_after_prefix(name, "RTMAX");
	if (realtime && !*realtime)
		return SIGRTMAX;
	if (realtime && *realtime == '-' &&
		bw_parse_u64(realtime + 1, (uint64_t)(SIGRTMAX - SIGRTMIN), &number) == 0)
		return SIGRTMAX - (int)number;
	return -1;
}
