/* SPDX-License-Identifier: Apache-2.0 */
/* prepare.c - the host side of every launch. */
#include "container/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/str.h"

enum { PROC_ROOT_INODE = 1 };

/* Labels and sysctls are written through this descriptor: if /proc were anything else, the writes would go
 * astray and the container run without them (CVE-2019-16884, CVE-2025-52881). */
int bw_preparation_open_proc(struct bw_err *err)
{
	auto_close int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_HOST, errno, "opening the host's /proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return bw_fail(err, BW_E_HOST, 0, "the host's /proc is no procfs");
	return take_fd(&fd);
}

/* The program inherits them. From a directory of the host it would walk on to the rest of the host. */
static int check_stdio(struct bw_err *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fcntl(fd, F_GETFL);
		struct stat st;

		if (flags < 0 || fstat(fd, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) || (flags & O_PATH))
			return bw_fail(err, BW_E_USAGE, 0, "descriptor %d is %s: it would let the container out", fd,
				S_ISDIR(st.st_mode) ? "a directory" : "no open file (O_PATH)");
	}
	return 0;
}

int bw_preparation_open(struct bw_preparation *preparation, struct bw_arena *arena, struct bw_err *err)
{
	if (check_stdio(err) < 0)
		return -1;
	preparation->host_proc = bw_preparation_open_proc(err);
	if (preparation->host_proc < 0)
		return -1;
	if (bw_probe(&preparation->host, arena, err) < 0)
		return -1;
	preparation->request = (struct bw_request){
		.host = &preparation->host,
		.guard = &preparation->guard,
		.mount_labels = &preparation->mount_labels,
		.arena = arena,
		.state_fd = -1,
		.terminal_fd = -1,
		.target_pidfd = -1,
		.host_proc = preparation->host_proc,
		.start_sock = -1,
	};
	(void)bw_proc_raise_files(&preparation->request.caller_files);
	return 0;
}

static bool is_rootless(const struct bw_context *ctx, const struct bw_host *host)
{
	switch (ctx->rootless) {
	case BW_ROOTLESS_TRUE:
		return true;
	case BW_ROOTLESS_FALSE:
		return false;
	case BW_ROOTLESS_AUTO:
		break;
	}
	return !host->root.v;
}

/* "slice:prefix:name"; a path of directories has no two colons in its first component. */
static bool is_unit_path(const char *path)
{
	const char *colon = path ? strchr(path, ':') : NULL;

	return colon && path[0] != '/' && strchr(colon + 1, ':');
}

int bw_preparation_name_cgroups(struct bw_preparation *preparation, const struct bw_context *ctx, const char *path,
	const char *id, struct bw_cgroup_set **ret, struct bw_err *err)
{
	const struct bw_host *host = &preparation->host;
	struct bw_arena *arena = preparation->request.arena;
	bool rootless = is_rootless(ctx, host), named = path && *path;

	if (ctx->no_cgroup)
		return bw_cgroup_set_make_none(host, arena, ret, err);
	if (ctx->systemd_cgroup || (ctx->systemd_by_path && is_unit_path(path)))
		return bw_cgroup_set_make_unit(host, path, id, rootless, arena, ret, err);
	if (rootless && bw_streq0(host->cgroup_mode, "none") && !named)
		return bw_cgroup_set_make_none(host, arena, ret, err);
	/* Beside or beneath our own: that is where a caller who is not root may have been given rights. */
	if (bw_cgroup_set_make(host, rootless && !named ? id : path, id, arena, ret, err) < 0)
		return -1;
	(*ret)->optional = (struct bw_opt_bool){.set = rootless && !named, .v = rootless && !named};
	(*ret)->rootless = (struct bw_opt_bool){.set = rootless, .v = rootless};
	return 0;
}

/* The path of a socket is at most 107 bytes; through the directory's descriptor any state root will do. */
int bw_preparation_listen(struct bw_preparation *preparation, const struct bw_container *container, struct bw_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/start.sock", container->dir);
	if (sock < 0 || bind(sock, (const struct sockaddr *)&address, sizeof address) < 0 || listen(sock, 1) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making %s/start.sock", container->path);
	preparation->start_sock = take_fd(&sock);
	preparation->request.start_sock = preparation->start_sock;
	preparation->request.wait_for_start = true;
	return 0;
}

void bw_preparation_close(struct bw_preparation *preparation)
{
	bw_plan_close(&preparation->plan);
	bw_guard_done(&preparation->guard);
	if (preparation->host_proc >= 0)
		close(preparation->host_proc);
	if (preparation->start_sock >= 0)
		close(preparation->start_sock);
	preparation->host_proc = preparation->start_sock = -1;
}

void bw_preparation_done(struct bw_preparation *preparation)
{
	bw_preparation_close(preparation);
	bw_plan_done(&preparation->plan);
}
