/* SPDX-License-Identifier: Apache-2.0 */
/* filesystem.c - see filesystem.h, mke2fs(8), ext4(5). What is made here is thrown away: no journal, no reserve for root,
 * no barriers, and tables are not zeroed (as long as no file uses a part of one, the kernel does not read it). */
#include "scratch/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/sys.h"

static const char *const makers[] = {"/usr/sbin/mke2fs", "/sbin/mke2fs"};

const char *bw_filesystem_maker(struct bw_err *err)
{
	for (size_t i = 0; i < BW_COUNT(makers); i++)
		if (access(makers[i], X_OK) == 0)
			return makers[i];
	(void)bw_fail(err, BW_E_HOST, 0, "this host has no mke2fs (e2fsprogs)");
	return NULL;
}

/* 0 or errno. It inherits nothing but said, for what it says to somebody who looks on. */
static int spawn(const char *const *args, int said, pid_t *ret_pid)
{
	/* What the host's mke2fs.conf wishes is not asked for: beside the nodes there is no such file. */
	static const char *const env[] = {"MKE2FS_CONFIG=./mke2fs.conf", NULL};
	posix_spawn_file_actions_t files;
	int r;

	if (posix_spawn_file_actions_init(&files))
		return ENOMEM;
	r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, said, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn(
			ret_pid, args[0], &files, NULL, (char *const *)(uintptr_t)args, (char *const *)(uintptr_t)env);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

/* Runs it to its end: exit code, or -1. The beginning of what it has said is in said. */
static int run(const char *const *args, char *said, size_t size, struct bw_err *err)
{
	auto_close int in = -1;
	int ends[2], status, r;
	ssize_t len;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "running %s: pipe", args[0]);
	in = ends[0];
	r = spawn(args, ends[1], &pid);
	close(ends[1]);
	if (r)
		return bw_fail(err, BW_E_HOST, r, "running %s", args[0]);
	/* It has no more to say than a pipe holds. */
	r = bw_wait(pid, &status);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "waiting for %s", args[0]);
	len = TEMP_FAILURE_RETRY(read(in, said, size - 1));
	said[len > 0 ? len : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return bw_exit_code(status);
}

int bw_filesystem_make(const char *device, const struct bw_wishes *wishes, struct bw_err *err)
{
	const char *maker = bw_filesystem_maker(err);
	char inodes[32], path[64], said[160];
	static const char features[] =
		"none,dir_index,dir_nlink,extent,extra_isize,filetype,flex_bg,huge_file,large_file,sparse_super,uninit_bg";
	const char *const args[] = {maker, "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-N", inodes, "-O", features,
		"-E", "lazy_itable_init=1,nodiscard", path, NULL};
	int code;

	if (!maker)
		return -1;
	snprintf(inodes, sizeof inodes, "%llu", (unsigned long long)wishes->inodes);
	snprintf(path, sizeof path, "./%s", device);
	code = run(args, said, sizeof said, err);
	if (code > 0)
		return bw_fail(err, BW_E_HOST, 0, "%s made no file system: exit code %d%s%s", maker, code,
			said[0] ? ": " : "", said);
	return code;
}

static int set(int fs, const char *key, const char *value)
{
	return value ? fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) : fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
}

static int configure(int fs, const char *device, const struct bw_wishes *wishes)
{
	if (set(fs, "source", device) < 0 || set(fs, "noinit_itable", NULL) < 0 || set(fs, "nobarrier", NULL) < 0 ||
		set(fs, "errors", "remount-ro") < 0)
		return -1;
	if (wishes->context && set(fs, "context", wishes->context) < 0)
		return -1;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

/* The directory for what fsck finds is of no use to anybody. */
static int furnish(int tree, const struct bw_wishes *wishes, struct bw_err *err)
{
	auto_close int top = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || unlinkat(top, "lost+found", AT_REMOVEDIR) < 0 ||
		fchown(top, (uid_t)wishes->uid, (gid_t)wishes->gid) < 0 || fchmod(top, (mode_t)wishes->mode) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "giving the file system its owner");
	return 0;
}

int bw_filesystem_mount(const char *device, const struct bw_wishes *wishes, struct bw_err *err)
{
	auto_close int fs = fsopen("ext4", FSOPEN_CLOEXEC);
	auto_close int tree = -1;

	if (fs < 0)
		return bw_fail(err, BW_E_HOST, errno, "this kernel has no ext4");
	if (configure(fs, device, wishes) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mounting the file system");
	tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (tree < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mounting the file system");
	return furnish(tree, wishes, err) < 0 ? -1 : take_fd(&tree);
}
