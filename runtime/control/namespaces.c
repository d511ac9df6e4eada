/* SPDX-License-Identifier: Apache-2.0 */
/* namespaces.c - which namespaces are made with the clone and which are entered before it; see
 * namespaces(7), config-linux.md "Namespaces". The user namespace's maps are userns.c's. */
#include "control/control.h"

#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_UNSHARE_CGROUP };

static const struct {
	const char *name;
	int flag;
	const char *file; /* in /proc/PID/ns */
} kinds[] = {
	{"pid", CLONE_NEWPID, "pid"},
	{"network", CLONE_NEWNET, "net"},
	{"mount", CLONE_NEWNS, "mnt"},
	{"ipc", CLONE_NEWIPC, "ipc"},
	{"uts", CLONE_NEWUTS, "uts"},
	{"cgroup", CLONE_NEWCGROUP, "cgroup"},
	{"time", CLONE_NEWTIME, "time"},
	/* The user namespace comes last: entering it gives up our rights over the others. */
	{"user", CLONE_NEWUSER, "user"},
};

static int add_join(struct bw_plan *plan, int fd, int type, struct bw_err *err)
{
	if (bw_plan_own_fd(plan, fd, err) < 0)
		return -1;
	plan->joins[plan->joins_n++] = (struct bw_join){.fd = fd, .type = type};
	return 0;
}

/* Whether fd is the namespace in which we are. */
static int is_ours(const struct bw_request *request, size_t kind, int fd, bool *ret, struct bw_err *err)
{
	char path[32];
	struct stat ours, theirs;

	snprintf(path, sizeof path, "self/ns/%s", kinds[kind].file);
	if (fstatat(request->host_proc, path, &ours, 0) < 0 || fstat(fd, &theirs) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "looking at our own %s namespace", kinds[kind].name);
	*ret = ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
	return 0;
}

/* The policy refuses the host's namespaces. By identity: any process of the host leads to one. */
static int check_own(const struct bw_request *request, const struct bw_spec_namespace *ns, size_t kind, int fd,
	size_t at, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	bool ours;

	if (!hardening || !bw_strs_has(&hardening->own_namespaces, ns->type))
		return 0;
	if (is_ours(request, kind, fd, &ours, err) < 0)
		return -1;
	if (!ours)
		return 0;
	bw_fail(err, BW_E_DENIED, 0, "/linux/namespaces/%zu/path: the policy refuses %s: it is the host's own %s namespace",
		at, ns->path, ns->type);
	snprintf(err->rule, sizeof err->rule, "namespaces");
	return bw_at(err, "/linux/namespaces/%zu/path", at);
}

/* In a mount namespace that is joined the container's rootfs becomes the root, as with runc: for every process in it. Ours,
 * and that of the first process that we see, is the host's. */
static int check_pivot(const struct bw_request *request, const char *path, int fd, size_t at, struct bw_err *err)
{
	static const char *const hosts[] = {"self/ns/mnt", "1/ns/mnt"};
	struct stat host, theirs;

	if (fstat(fd, &theirs) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "looking at the mount namespace %s", path);
	for (size_t i = 0; i < BW_COUNT(hosts); i++) {
		if (fstatat(request->host_proc, hosts[i], &host, 0) < 0 || host.st_dev != theirs.st_dev ||
			host.st_ino != theirs.st_ino)
			continue;
		bw_fail(err, BW_E_SPEC, 0,
			"/linux/namespaces/%zu/path: %s is the host's own mount namespace, whose root would be the container's", at, path);
		return bw_at(err, "/linux/namespaces/%zu/path", at);
	}
	return 0;
}

/* The file must be a namespace of the type it is listed under (a MUST of the spec): anything else, say a
 * mount namespace under "network", would leave the container in ours. */
static int join_path(const struct bw_request *request, const struct bw_spec_namespace *ns, size_t kind, size_t at,
	struct bw_plan *plan, struct bw_err *err)
{
	auto_close int fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool entered = false;

	if (fd < 0) {
		bw_fail(err, BW_E_SPEC, errno, "opening %s namespace %s", ns->type, ns->path);
		return bw_at(err, "/linux/namespaces/%zu/path", at);
	}
	if (ioctl(fd, NS_GET_NSTYPE) != kinds[kind].flag) {
		bw_fail(err, BW_E_SPEC, 0, "/linux/namespaces/%zu/path: %s is no %s namespace", at, ns->path, ns->type);
		return bw_at(err, "/linux/namespaces/%zu/path", at);
	}
	if (check_own(request, ns, kind, fd, at, err) < 0 ||
		(kinds[kind].flag == CLONE_NEWNS && check_pivot(request, ns->path, fd, at, err) < 0))
		return -1;
	/* The child is born there; the kernel lets nobody enter where he is. */
	if (request->in_user_namespace && kinds[kind].flag == CLONE_NEWUSER && is_ours(request, kind, fd, &entered, err) < 0)
		return -1;
	return entered ? 0 : add_join(plan, take_fd(&fd), kinds[kind].flag, err);
}

/* timens_offsets must be written before the first process enters the namespace (time_namespaces(7)), so a
 * time namespace with offsets is unshared before the clone, one without comes with it. */
static int time_offsets(const struct bw_spec *spec, struct bw_plan *plan, struct bw_err *err)
{
	struct bw_buf buf = bw_buf_over(plan->time_offsets, sizeof plan->time_offsets);

	for (size_t i = 0; i < spec->linux_->time_offsets.n; i++) {
		const struct bw_spec_time_offset *offset = &spec->linux_->time_offsets.v[i];

		bw_buf_addf(&buf, "%s %lld %llu\n", offset->key, (long long)offset->secs.v,
			(unsigned long long)offset->nanosecs.v);
	}
	if (buf.overflow)
		return bw_fail(err, BW_E_SPEC, 0, "/linux/timeOffsets: too long");
	return 0;
}

static int prepare_kind(const struct bw_request *request, size_t kind, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;

	for (size_t i = 0; i < linux_->namespaces.n; i++) {
		const struct bw_spec_namespace *ns = &linux_->namespaces.v[i];

		if (!bw_streq(ns->type, kinds[kind].name))
			continue;
		if (ns->path)
			return join_path(request, ns, kind, i, plan, err);
		/* copy_cgroup_ns() takes the cloning task's cgroup as the root, not the one cloned into. */
		if (kinds[kind].flag == CLONE_NEWCGROUP)
			return bw_plan_add(plan, BW_CONTROL_namespaces, OP_UNSHARE_CGROUP, BW_PHASE_IDENTITY, NULL, 0, err);
		if (kinds[kind].flag == CLONE_NEWTIME && time_offsets(request->spec, plan, err) < 0)
			return -1;
		if (kinds[kind].flag != CLONE_NEWTIME || !plan->time_offsets[0])
			plan->clone_flags |= (uint64_t)(unsigned)kinds[kind].flag;
	}
	return 0;
}

/* A further process enters what the container's init is in, by its pidfd in one call: the kernel finds the
 * right order, and no path under /proc is followed. */
static int prepare_exec(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;
	int all = 0, fd;

	for (size_t i = 0; i < linux_->namespaces.n; i++)
		for (size_t k = 0; k < BW_COUNT(kinds); k++)
			if (bw_streq(linux_->namespaces.v[i].type, kinds[k].name))
				all |= kinds[k].flag;
	fd = fcntl(request->target_pidfd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "entering the container");
	return add_join(plan, fd, all, err);
}

/* Without one, as runc allows, what a container mounts is mounted on the host, and its root is no more than a chroot; in
 * one that it joins, it is mounted for whoever is there, and sources and rootfs are what paths lead to in there. No policy
 * that looks at mounts can mean that. */
static bool may_share_mounts(const struct bw_spec *spec)
{
	const struct bw_spec_hardening *hardening = spec->hardening;

	return !hardening || (!hardening->check_mounts.v && !hardening->restrict_rootfs.v &&
				     !(hardening->programs && hardening->programs->noexec.v) &&
				     !bw_strs_has(&hardening->own_namespaces, "mount"));
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	if (request->exec)
		return prepare_exec(request, plan, err);
	if (!bw_spec_has_new_namespace(request->spec, "mount") && !may_share_mounts(request->spec)) {
		bw_fail(err, BW_E_SPEC, 0, "/linux/namespaces: a new mount namespace is required");
		return bw_at(err, "/linux/namespaces");
	}
	for (size_t kind = 0; kind < BW_COUNT(kinds); kind++) {
		if (prepare_kind(request, kind, plan, err) < 0)
			return -1;
	}
	return 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "new cgroup namespace");
}

const struct bw_control bw_namespaces = {
	.name = "namespaces",
	.about = "new and joined pid, network, mount, ipc, uts, user, cgroup and time namespaces",
	.prepare = prepare,
	.say = say,
};

int bw_namespaces_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return unshare(CLONE_NEWCGROUP) < 0 ? -errno : 0;
}
