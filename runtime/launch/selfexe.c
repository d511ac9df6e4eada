/* SPDX-License-Identifier: Apache-2.0 */
/* selfexe.c - the child's /proc/self/exe is ours until it has executed the program, and an image can make that
 * program "#!/proc/self/exe": then our file runs inside (CVE-2019-5736). Who runs it there may have no right to
 * write it, but can hand a descriptor of it to somebody who has: root of another container with which it shares
 * a volume. So whatever the container, it only ever sees a clone of us on a detached read-only mount: the
 * superblock is the host's, but a write through this path answers EROFS, for root too, and nobody can remount
 * what is in no mount namespace. */
#include "launch/selfexe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"

/* Without privileges we cannot make a mount, but then nobody inside is the host's root either, and the file's
 * mode is in the way of everybody else: owned by root, writable for nobody else. */
static bool is_guarded_by_mode(void)
{
	struct stat st;

	return geteuid() != 0 && stat("/proc/self/exe", &st) == 0 && st.st_uid == 0 &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static bool is_copy(void)
{
	auto_close int self = -1;
	struct statvfs fs;

	if (statvfs("/proc/self/exe", &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	return self >= 0 && fcntl(self, F_GET_SEALS) == SEALS;
}

/* The arguments as the kernel has them, since main() may have changed its own. */
static int own_arguments(char **ret_text, char ***ret_args, struct bw_err *err)
{
	size_t len, n = 0;
	char *text, **args;

	if (bw_read_file("/proc/self/cmdline", 8 << 20, ret_text, &len, err) < 0)
		return -1;
	text = *ret_text;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\0';
	args = calloc(n + 1, sizeof *args);
	if (!args)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "arguments");
	for (size_t i = 0; i < n; i++, text += strlen(text) + 1)
		args[i] = text;
	*ret_args = args;
	return 0;
}

static int open_copy(struct bw_err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
	auto_close int tree = -1;
	struct stat ours, theirs;

	if (len < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "protecting our own program: readlink /proc/self/exe");
	path[len] = '\0';
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "protecting our own program: read-only clone of %s", path);
	/* The name must still be the file that runs. */
	if (stat("/proc/self/exe", &ours) < 0 || fstat(tree, &theirs) < 0 || ours.st_dev != theirs.st_dev ||
		ours.st_ino != theirs.st_ino)
		return bw_fail(err, BW_E_HOST, 0, "protecting our own program: %s was replaced while it runs", path);
	return take_fd(&tree);
}

/* Who may make no mounts (and owns the file, or root's mode would be enough) runs from memory that nobody can write. */
static int open_memory_copy(struct bw_err *err)
{
	static const char what[] = "protecting our own program: copy in memory";
	auto_close int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_close int copy = memfd_create("bulwark", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	ssize_t sent;

	if (copy < 0 && errno == EINVAL) /* before Linux 6.3 every one could be executed */
		copy = memfd_create("bulwark", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (self < 0 || copy < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s", what);
	do
		sent = sendfile(copy, self, NULL, 1 << 20);
	while (sent > 0 || (sent < 0 && errno == EINTR));
	if (sent < 0 || fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s", what);
	return take_fd(&copy);
}

/* What the caller has given us (a process file as /dev/fd/63, --preserve-fds) must be there after the exec. Of
 * our own there is little yet, and all of it is marked again when we start. */
static void keep_descriptors(int but)
{
	auto_closedir DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t fd;

	while (dir && (entry = readdir(dir))) {
		if (bw_parse_u64(entry->d_name, INT32_MAX, &fd) < 0 || fd < 3 || (int)fd == but || (int)fd == dirfd(dir))
			continue;
		fcntl((int)fd, F_SETFD, 0);
	}
}

/* A descriptor of what nobody can write: a clone, or where no mount may be made a copy. */
static int open_protected(struct bw_err *err)
{
	int copy = open_copy(err);

	if (copy >= 0 || err->sys != EPERM)
		return copy;
	*err = (struct bw_err){0};
	return open_memory_copy(err);
}

int bw_selfexe_protect(struct bw_err *err)
{
	auto_free char *text = NULL;
	auto_free char **args = NULL;
	auto_close int copy = -1;

	if (is_copy() || is_guarded_by_mode())
		return 0;
	copy = open_protected(err);
	if (copy < 0 || own_arguments(&text, &args, err) < 0)
		return -1;
	bw_debug("running from a copy of our own program that nobody can write");
	keep_descriptors(copy);
	bw_execveat(copy, "", args, environ, AT_EMPTY_PATH);
	return bw_fail(err, BW_E_KERNEL, errno, "protecting our own program: execveat");
}

int bw_selfexe_execute(char *const args[], char *const env[], struct bw_err *err)
{
	auto_close int program = -1;

	program = is_copy() || is_guarded_by_mode() ? open("/proc/self/exe", O_PATH | O_CLOEXEC) : open_protected(err);
	if (program < 0)
		return err->code ? -1 : bw_fail(err, BW_E_KERNEL, errno, "protecting our own program: open /proc/self/exe");
	bw_execveat(program, "", args, env, AT_EMPTY_PATH);
	return bw_fail(err, BW_E_KERNEL, errno, "protecting our own program: execveat");
}
