/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_open.c - see rootfs_open.h. Whoever writes config.json names the root, too: what no mount may show, no root may. */
#include "control/rootfs_open.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/sys.h"
#include "control/host_side.h"
#include "control/refused_sources.h"
#include "spec/spec.h"

static int deny(const char *rule, const char *path, const char *what, struct bw_err *err)
{
	bw_fail(err, BW_E_DENIED, 0, "/root/path: the policy refuses the rootfs %s: it is %s", path, what);
	snprintf(err->rule, sizeof err->rule, "%s", rule);
	return bw_at(err, "/root/path");
}

/* The host's own tree, whatever it is called, is no image: it holds what mount sources are refused for. */
static int check_not_the_hosts(const struct stat *st, const char *path, struct bw_err *err)
{
	struct stat host;

	if (stat("/", &host) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "rootfs: examining the host's root");
	if (host.st_dev != st->st_dev || host.st_ino != st->st_ino)
		return 0;
	return deny("rootfs", path, "the root of the host", err);
}

/* The directories in which the tenants' are. */
static int collect_tenants(const struct bw_request *request, struct bw_strs *ret, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;

	for (size_t i = 0; i < hardening->volumes.n; i++) {
		const char *source = hardening->volumes.v[i].source;
		const char *slash = strrchr(source, '/');
		char *directory = bw_arena_strndup(request->arena, source, slash ? (size_t)(slash - source) : 0);

		if (!directory || bw_strs_add(request->arena, ret, directory) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "rootfs");
	}
	return 0;
}

/* As for the sources of mounts: by name, by what it is, and by its place in the file system. Nobody's is excepted: a tenant's
 * own is for a mount that gives no more than the policy wants it to. */
static int check_not_of_tenants(const struct bw_request *request, int fd, const struct stat *st, struct bw_err *err)
{
	struct bw_spec_hardening tenants = {0};
	struct bw_spec spec = {.hardening = &tenants};
	struct bw_request look = *request;
	struct bw_refused_sources *refused;
	char real[PATH_MAX];
	const char *found;

	if (collect_tenants(request, &tenants.refused_sources, err) < 0)
		return -1;
	look.spec = &spec;
	if (bw_refused_sources_look(&look, &refused, err) < 0)
		return -1;
	if (bw_real_path(fd, real) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "rootfs: finding its place");
	found = bw_refused_sources_find(refused, fd, real, st, false);
	return found ? deny("volumes", request->spec->root->path, found, err) : 0;
}

/* A symlink as the last component is refused: whoever can replace it chooses what the container runs on. */
int bw_rootfs_open(const struct bw_request *request, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const char *path = request->spec->root->path;
	auto_close int bundle = open(request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int dir = -1;
	struct stat st;

	if (bundle < 0)
		return bw_fail(err, BW_E_SPEC, errno, "opening the bundle %s", request->bundle);
	dir = openat(bundle, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0) {
		bw_fail(err, BW_E_SPEC, errno, "/root/path: opening the rootfs %s", path);
		return bw_at(err, "/root/path");
	}
	if (fstat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		bw_fail(err, BW_E_SPEC, 0, "/root/path: the rootfs %s must be a real directory, not %s", path,
			S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
		return bw_at(err, "/root/path");
	}
	if (hardening && hardening->restrict_rootfs.v && check_not_the_hosts(&st, path, err) < 0)
		return -1;
	if (hardening && hardening->volumes.n && check_not_of_tenants(request, dir, &st, err) < 0)
		return -1;
	return take_fd(&dir);
}
