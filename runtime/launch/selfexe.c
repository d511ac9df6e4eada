/* SPDX-License-Identifier: Apache-2.0 */
/* selfexe.c - the child's /proc/self/exe is ours until it has executed the program, and an image
 * can make that program "#!/proc/self/exe": then our file runs inside, and whoever may write
 * root-owned files could open it for writing afterwards. Such a container gets a copy of us on a
 * detached read-only mount: its superblock is the host's, but a write through this path answers
 * EROFS and nobody inside can remount what is in no mount namespace of theirs. A process without
 * the right to write root-owned files needs no copy. */
#include "launch/selfexe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"

/* Owner root, and writable by nobody else: only then do file modes protect us. */
static bool exe_is_guarded_by_mode(void)
{
	struct stat st;

	return stat("/proc/self/exe", &st) == 0 && st.st_uid == 0 &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool has_capabilities(const struct bw_spec_capabilities *caps)
{
	return caps && (caps->bounding.n || caps->effective.n || caps->inheritable.n ||
			       caps->permitted.n || caps->ambient.n);
}

bool bw_selfexe_needed(const struct bw_spec *spec, const struct bw_spec_process *process)
{
	bool root = !process->user || process->user->uid.v == 0 || process->user->gid.v == 0;

	if (!exe_is_guarded_by_mode())
		return true;
	/* Root of a user namespace is nobody for a file of the host's root; a joined one may be
	 * anything. */
	if (bw_spec_has_new_namespace(spec, "user"))
		return false;
	for (size_t i = 0; process->user && i < process->user->additional_gids.n; i++)
		root = root || process->user->additional_gids.v[i] == 0;
	/* Without no_new_privs a setuid file of the image makes root. */
	return root || has_capabilities(process->capabilities) || !process->no_new_privileges.v;
}

static bool is_copy(void)
{
	struct statvfs fs;

	return statvfs("/proc/self/exe", &fs) == 0 && (fs.f_flag & ST_RDONLY);
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
		return bw_fail(err, BW_E_KERNEL, errno,
			"protecting our own program: readlink /proc/self/exe");
	path[len] = '\0';
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return bw_fail(err, BW_E_KERNEL, errno,
			"protecting our own program: read-only clone of %s", path);
	/* The name must still be the file that runs. */
	if (stat("/proc/self/exe", &ours) < 0 || fstat(tree, &theirs) < 0 ||
		ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
		return bw_fail(err, BW_E_HOST, 0,
			"protecting our own program: %s was replaced while it runs", path);
	return take_fd(&tree);
}

/* What the caller has given us (a process file as /dev/fd/63, --preserve-fds) must be there after
 * the exec. Of our own there is little yet, and all of it is marked again when we start. */
static void keep_descriptors(int but)
{
	auto_closedir DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t fd;

	while (dir && (entry = readdir(dir))) {
		if (bw_parse_u64(entry->d_name, INT32_MAX, &fd) < 0 || fd < 3 || (int)fd == but ||
			(int)fd == dirfd(dir))
			continue;
		fcntl((int)fd, F_SETFD, 0);
	}
}

static int run_copy(struct bw_err *err)
{
	auto_free char *text = NULL;
	auto_free char **args = NULL;
	auto_close int copy = -1;

	copy = open_copy(err);
	if (copy < 0 || own_arguments(&text, &args, err) < 0)
		return -1;
	bw_debug("running from a read-only clone of our own program");
	keep_descriptors(copy);
	bw_execveat(copy, "", args, environ, AT_EMPTY_PATH);
	return bw_fail(err, BW_E_KERNEL, errno, "protecting our own program: execveat");
}

int bw_selfexe_protect(
	const struct bw_spec *spec, const struct bw_spec_process *process, struct bw_err *err)
{
	return !bw_selfexe_needed(spec, process) || is_copy() ? 0 : run_copy(err);
}

int bw_selfexe_protect_exec(const struct bw_spec *spec, struct bw_err *err)
{
	/* Locked securebits come with empty sets and no root: exec is clamped to what the init has.
	 */
	bool clamped = spec->hardening && spec->hardening->lock_securebits.v;

	if (clamped && !bw_selfexe_needed(spec, spec->process))
		return 0;
	if (bw_spec_has_new_namespace(spec, "user") && exe_is_guarded_by_mode())
		return 0;
	return is_copy() ? 0 : run_copy(err);
}
