/* SPDX-License-Identifier: Apache-2.0 */
/* mount_idmap.c - the kernel takes a map of ids from a user namespace. Where none has it yet, a process is born into a
 * new one, its maps are written, the namespace is opened, and the process ends; see mount_setattr(2). */
#include "control/mount_idmap.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/keeper.h"
#include "base/proc.h"
#include "base/sys.h"
#include "control/id_maps.h"
#include "spec/spec.h"

/* A user namespace with these maps: its descriptor, or -1. */
static int namespace_of(const struct bw_request *request, const struct bw_id_maps *maps, struct bw_err *err)
{
	struct bw_keeper keeper = {.pid = -1, .pipe = -1};
	char path[64];
	int fd = -1;

	if (bw_keeper_begin(&keeper, err) < 0)
		return -1;
	if (bw_id_maps_write(request->host_proc, keeper.pid, maps, err) == 0) {
		snprintf(path, sizeof path, "%d/ns/user", (int)keeper.pid);
		fd = openat(request->host_proc, path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			bw_fail(err, BW_E_KERNEL, errno, "opening the user namespace of a mount");
	}
	bw_keeper_end(&keeper);
	return fd;
}

static int find_namespace(const struct bw_request *request, size_t index, struct bw_err *err)
{
	const struct bw_spec_mount *mount = &request->spec->mounts.v[index];
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	const struct bw_spec_namespace *container = bw_spec_namespace(request->spec, "user");
	bool own = mount->uid_mappings.n > 0;
	auto_free struct bw_id_maps *maps = NULL;
	char pointer[64];
	int fd;

	if (!own && container && container->path) {
		fd = open(container->path, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? bw_fail(err, BW_E_SPEC, errno, "opening the user namespace %s", container->path) : fd;
	}
	maps = malloc(sizeof *maps);
	if (!maps)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "id maps");
	snprintf(pointer, sizeof pointer, own ? "/mounts/%zu" : "/linux", index);
	if (bw_id_maps_text(own ? &mount->uid_mappings : &linux_->uid_mappings,
		    own ? &mount->gid_mappings : &linux_->gid_mappings, pointer, maps, err) < 0)
		return -1;
	return namespace_of(request, maps, err);
}

int bw_mount_idmap(const struct bw_request *request, size_t index, bool recursive, int tree, struct bw_err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	auto_close int user = find_namespace(request, index, err);

	if (user < 0)
		return -1;
	attr.userns_fd = (unsigned)user;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), &attr, sizeof attr) < 0) {
		bw_fail(err, BW_E_KERNEL, errno, "/mounts/%zu: mapping the ids of %s", index,
			request->spec->mounts.v[index].source);
		if (err->sys == EINVAL)
			(void)bw_hint(err, "not every file system can be mounted with mapped ids");
		return bw_at(err, "/mounts/%zu", index);
	}
	return 0;
}

int bw_idmap_namespace(const struct bw_request *request, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	auto_free struct bw_id_maps *maps = malloc(sizeof *maps);

	if (!maps)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "id maps");
	if (bw_id_maps_text(&linux_->uid_mappings, &linux_->gid_mappings, "/linux", maps, err) < 0)
		return -1;
	return namespace_of(request, maps, err);
}
