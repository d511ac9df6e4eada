/* SPDX-License-Identifier: Apache-2.0 */
/* cleanup.c - the action `delete`, which containerd calls for every container once its connection to the server is closed:
 * after an ordinary end, too, when nothing is left, and when the server has died, when everything is. Works in a process of
 * its own, since containerd waits five seconds and takes a silence for a failure of unknown kind. */
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "container/bulwark.h"
#include "shim/address.h"
#include "shim/bundle_file.h"
#include "shim/messages.h"
#include "shim/rootfs_mounts.h"

enum { BUDGET_MS = 4000, EXIT_STATUS = 128 + SIGKILL, ADDRESS_MAX_BYTES = 4096 };

struct remains {
	const char *id, *bundle; /* NULL: containerd has removed it */
	struct bw_bundle_file file;
};

/* containerd names a bundle after its container. Another directory, of a call by hand, is not touched. */
static int find_bundle(const struct bw_shim_call *call, struct bw_arena *arena, const char **ret, struct bw_err *err)
{
	char cwd[PATH_MAX];
	const char *slash;

	*ret = NULL;
	if (call->bundle && chdir(call->bundle) < 0)
		return errno == ENOENT ? 0 : bw_fail(err, BW_E_USAGE, errno, "-bundle %s", call->bundle);
	if (!getcwd(cwd, sizeof cwd) || cwd[0] != '/') /* gone, or out of our reach */
		return 0;
	slash = strrchr(cwd, '/');
	if (!bw_streq(slash + 1, call->id))
		return 0;
	*ret = bw_arena_strdup(arena, cwd);
	return *ret ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "bundle");
}

/* A creation that has not come as far as to leave its file has left nothing else. */
static int find_remains(const struct bw_shim_call *call, struct bw_arena *arena, struct remains *ret, struct bw_err *err)
{
	struct bw_err none = {0};

	*ret = (struct remains){.id = call->id};
	if (find_bundle(call, arena, &ret->bundle, err) < 0)
		return -1;
	if (!ret->bundle || bw_bundle_file_read(ret->bundle, arena, &ret->file, &none) == 0)
		return 0;
	if (none.code == BW_E_NOT_FOUND)
		return 0;
	*err = none;
	return -1;
}

/* The container before its root: what still runs would hold the mounts. A failure with one is none of the other. */
static int remove_remains(const struct remains *remains, struct bw_err *err)
{
	const struct bw_context ctx = {
		.root = remains->file.root,
		.root_is_default = true, /* it may be gone with its last container */
		.policy_path = remains->file.policy,
		.profile = remains->file.profile,
		.systemd_cgroup = remains->file.systemd_cgroup,
	};
	struct bw_err other = {0};
	char rootfs[PATH_MAX];
	int r = ctx.root ? bw_container_delete(&ctx, remains->id, true, err) : 0;

	if (!remains->bundle)
		return r;
	if (snprintf(rootfs, sizeof rootfs, "%s/rootfs", remains->bundle) >= (int)sizeof rootfs)
		bw_fail(&other, BW_E_USAGE, ENAMETOOLONG, "%s/rootfs", remains->bundle);
	else if (bw_rootfs_unmount(rootfs, &other) == 0)
		return r;
	if (r == 0)
		*err = other;
	return -1;
}

/* The child: without our descriptors, since containerd reads our output to its end and this may take longer. */
static void work(const struct remains *remains, int report, struct bw_err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (remove_remains(remains, err) == 0)
		*err = (struct bw_err){0}; /* "no such container" is said and is success */
	(void)bw_write_all(report, err, sizeof *err);
	_exit(err->code == BW_E_NONE ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int await_work(int report, const char *id, struct bw_err *err)
{
	struct pollfd poll_fd = {.fd = report, .events = POLLIN};
	struct bw_err theirs;
	long n = TEMP_FAILURE_RETRY(poll(&poll_fd, 1, BUDGET_MS));

	if (n == 0)
		return bw_fail(err, BW_E_HOST, 0, "container %s is not gone after %d s; its removal goes on", id,
			BUDGET_MS / 1000);
	if (n < 0 || TEMP_FAILURE_RETRY(read(report, &theirs, sizeof theirs)) != (ssize_t)sizeof theirs)
		return bw_fail(err, BW_E_INTERNAL, 0, "removing container %s: the process that does it has died", id);
	if (theirs.code == BW_E_NONE)
		return 0;
	*err = theirs;
	return -1;
}

static int remove_in_time(const struct remains *remains, struct bw_err *err)
{
	auto_close int ours = -1;
	int report[2];
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "pipe2");
	ours = report[0];
	pid = fork();
	if (pid == 0)
		work(remains, report[1], err);
	close(report[1]);
	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "fork");
	return await_work(ours, remains->id, err);
}

/* The socket of a server that is dead. A server of a group has its name from the group, and may be another container's: it
 * takes its socket away itself, or the next `start` does. */
static int remove_socket(const struct bw_shim_call *call, struct bw_err *err)
{
	char address[ADDRESS_MAX_BYTES], wanted[BW_SOCKET_PATH_MAX];
	ssize_t len = bw_read_at(AT_FDCWD, "address", address, sizeof address);
	const char *path = len < 0 ? NULL : bw_after_prefix(address, "unix://"), *dir = BW_SOCKET_DIR;
	char *slash = path ? strrchr(address, '/') : NULL;
	struct bw_err ignored = {0};
	int r;

	if (path && (path[0] != '/' || slash <= path))
		return 0;
	/* Where it would be when the server was killed before it was written down. */
	if (path) {
		*slash = '\0';
		dir = path;
	}
	r = bw_socket_path(dir, call->address ? call->address : "", call->namespace, call->id, wanted, &ignored);
	if (path)
		*slash = '/';
	return r < 0 || (path && !bw_streq(path, wanted)) ? 0 : bw_socket_remove_dead(wanted, err);
}

static int print_response(pid_t pid, struct bw_err *err)
{
	auto_wire struct bw_wire bytes = {0};
	struct timespec now;
	struct bw_timestamp at;
	struct bw_task_response response = {.pid = (uint64_t)pid, .exit_status = EXIT_STATUS, .exited_at = &at};
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	at = (struct bw_timestamp){(uint64_t)now.tv_sec, (uint64_t)now.tv_nsec};
	bw_proto_write(bw_task_layouts[BW_TASK_DELETE].response, &response, &bytes);
	if (bytes.no_memory)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "answer");
	r = bw_write_all(STDOUT_FILENO, bytes.bytes, bytes.len);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "writing to standard output") : 0;
}

int bw_shim_delete(const struct bw_shim_call *call, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	struct remains remains;

	if (bw_shim_name_check("-namespace", call->namespace, err) < 0 || bw_shim_name_check("-id", call->id, err) < 0 ||
		find_remains(call, &arena, &remains, err) < 0 || remove_in_time(&remains, err) < 0 ||
		(remains.bundle && remove_socket(call, err) < 0))
		return -1;
	return print_response(remains.file.pid, err);
}
