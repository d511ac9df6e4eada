/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_fuse.c - types "fuse.NAME" and "fuse3.NAME": a program mounts them, mount.fuse or mount.fuse3, and leaves the
 * server of the file system behind; see mount.fuse3(8). The options are the program's, none are ours. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "shim/rootfs_parts.h"

enum { MAX_OUTPUT = 300 };

struct call {
	char **argv;
	int output; /* a file: a pipe would stay open for as long as the server has it */
};

/* mount.fuse SOURCE PATH -o OPTION... -t NAME */
static char **words_of(const struct bw_rootfs_job *job, char *path)
{
	const struct bw_rootfs_mount *mount = job->mount;
	size_t most = 2 * mount->options.n + 6, n = 0;
	char **argv = bw_arena_alloc(job->arena, most * sizeof *argv);
	const char *dot = strchr(mount->type, '.');

	if (!argv)
		return NULL;
	argv[n++] = bw_arena_printf(job->arena, "mount.%.*s", (int)(dot - mount->type), mount->type);
	argv[n++] = bw_arena_strdup(job->arena, mount->source);
	argv[n++] = path;
	for (size_t i = 0; i < mount->options.n; i++) {
		argv[n++] = bw_arena_strdup(job->arena, "-o");
		argv[n++] = bw_arena_strdup(job->arena, mount->options.v[i]);
	}
	argv[n++] = bw_arena_strdup(job->arena, "-t");
	argv[n++] = bw_arena_strdup(job->arena, dot + 1);
	for (size_t i = 0; i < n; i++)
		if (!argv[i])
			return NULL;
	return argv;
}

/* In the new process: nothing of the shim's goes along, no descriptor and no blocked signal. */
static void execute(const struct call *call)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(call->output, 1) < 0 || dup2(call->output, 2) < 0)
		_exit(126);
	(void)bw_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	execvp(call->argv[0], call->argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* What the program has said, in one line. */
static const char *said(int output, char *text, size_t size)
{
	ssize_t n = pread(output, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = p[1] ? ' ' : '\0';
	return *text ? text : "it said nothing";
}

static int run(const struct call *call, struct bw_err *err)
{
	char text[MAX_OUTPUT];
	int status, code;
	pid_t pid = fork();

	if (pid == 0)
		execute(call);
	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "fork");
	code = bw_wait(pid, &status);
	if (code < 0)
		return bw_fail(err, BW_E_KERNEL, -code, "waiting for %s", call->argv[0]);
	code = bw_exit_code(status);
	if (code == 0)
		return 0;
	if (code == 127)
		return bw_fail(err, BW_E_HOST, 0, "expected the program %s in PATH, found none", call->argv[0]);
	return bw_fail(err, BW_E_KERNEL, 0, "%s ended with %d: %s", call->argv[0], code,
		said(call->output, text, sizeof text));
}

/* STATX_MNT_ID of what is at the place now, 0 when that cannot be found out. */
static uint64_t mount_id(int fd)
{
	struct statx st;

	/* A server that is still busy with its beginning is not asked. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return 0;
	return st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
}

static bool is_mounted(const struct bw_rootfs_job *job)
{
	auto_close int now = bw_rootfs_place_open(job->place, NULL);

	return now >= 0 && mount_id(now) != mount_id(job->at);
}

int bw_rootfs_fuse(const struct bw_rootfs_job *job, struct bw_err *err)
{
	struct bw_fd_path link = bw_fd_path(job->at);
	auto_close int output = memfd_create("mount.fuse", MFD_CLOEXEC);
	struct call call = {.output = output};
	char path[PATH_MAX];
	ssize_t n = readlink(link.text, path, sizeof path - 1);

	if (job->options.uid_map)
		return bw_fail(err, BW_E_SPEC, 0, "expected no uidmap: the server of a fuse file system maps ids by itself");
	if (output < 0 || n < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "preparing mount.fuse");
	path[n] = '\0';
	call.argv = words_of(job, path);
	if (!call.argv)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "words of mount.fuse");
	if (run(&call, err) < 0) {
		if (is_mounted(job))
			bw_rootfs_unmount_at(job->at, 1);
		return -1;
	}
	if (!is_mounted(job))
		return bw_fail(err, BW_E_KERNEL, 0, "%s ended well, and has mounted nothing", call.argv[0]);
	return 0;
}
