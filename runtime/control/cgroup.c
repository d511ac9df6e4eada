/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.c - the control: makes and limits the container's cgroups before the clone and lets its
 * init begin in them. On the unified hierarchy it is cloned into its cgroup (CLONE_INTO_CGROUP: a
 * tenth of a millisecond, where moving a process waits for a grace period); each v1 hierarchy is
 * joined by its first steps, before a cgroup namespace is made, whose root is where we are at that
 * moment. A scope of systemd needs a process to begin with: there the init is cloned first and
 * waits at its first step until it has been moved and its limits are in force. */
#include "control/control.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "control/cgroup_unit.h"
#include "control/guard.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_JOIN, OP_UNIT, OP_ENTER };

struct join {
	int fd; /* of the directory's cgroup.procs; owned by the plan */
		/* then the directory's path, for people */
};

enum { MAX_PROC_BYTES = 16 << 20 };

/* --- probe --- */

static int split_words(char *text, struct bw_arena *arena, struct bw_strs *list, struct bw_err *err)
{
	char *word;

	while ((word = strsep(&text, " \n")))
		if (*word && bw_strs_add(arena, list, word) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "looking at the cgroups");
	return 0;
}

static void probe_kernel(struct bw_host *host)
{
	uint64_t major = host->kernel_major.v, minor = host->kernel_minor.v;

	/* The root cgroup does not have the file, so the version has to answer. */
	host->cgroup_kill =
		(struct bw_opt_bool){.set = true, .v = major > 5 || (major == 5 && minor >= 14)};
}

static int probe_unified(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	auto_close int root = open(host->cgroup2_mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[4096];

	host->bpf_cgroup =
		(struct bw_opt_bool){.set = true, .v = root >= 0 && bw_device_can_attach(root)};
	host->bpf_guard = (struct bw_opt_bool){.set = true, .v = root >= 0 && bw_guard_can_attach(root)};
	if (root < 0 || bw_read_at(root, "cgroup.controllers", text, sizeof text) < 0)
		return 0;
	return split_words(text, arena, &host->cgroup2_controllers, err);
}

static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	auto_free char *mountinfo = NULL;
	auto_free char *self = NULL;

	if (bw_read_file("/proc/self/mountinfo", MAX_PROC_BYTES, &mountinfo, NULL, err) < 0 ||
		bw_read_file("/proc/self/cgroup", MAX_PROC_BYTES, &self, NULL, err) < 0 ||
		bw_cgroup_parse(host, mountinfo, self, arena, err) < 0)
		return -1;
	if (!host->cgroup2_mountpoint)
		return 0;
	probe_kernel(host);
	return probe_unified(host, arena, err);
}

/* --- prepare --- */

static int add_join(
	const struct bw_cgroup_dir *dir, int fd, struct bw_plan *plan, struct bw_err *err)
{
	auto_close int procs = openat(fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	char path[PATH_MAX];
	struct join join;

	snprintf(path, sizeof path, "%s%s", dir->mountpoint, dir->path);
	if (procs < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening cgroup.procs of %s", path);
	join.fd = bw_plan_own_fd(plan, take_fd(&procs), err);
	if (join.fd < 0)
		return -1;
	return bw_plan_add_text(
		plan, BW_CONTROL_cgroup, OP_JOIN, BW_PHASE_JOIN, &join, sizeof join, path, err);
}

/* Directory fd, borrowed, as the place of the new process. */
static int add_place(
	const struct bw_cgroup_dir *dir, int fd, struct bw_plan *plan, struct bw_err *err)
{
	if (dir->controllers)
		return add_join(dir, fd, plan, err);
	plan->cgroup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return plan->cgroup_fd < 0 ? bw_fail(err, BW_E_KERNEL, errno, "cgroup descriptor") : 0;
}

/* On a hybrid host the container is shown v1 hierarchies, which are not to be given away. */
static int delegate(const struct bw_request *request, struct bw_cgroup_handle *handle, struct bw_err *err)
{
	int i = bw_streq(handle->set->mode, "v2") ? bw_cgroup_find(handle->set, NULL) : -1;
	uid_t uid;

	if (i < 0 || !bw_cgroup_owner(request->spec, &uid))
		return 0;
	return bw_cgroup_delegate(handle->fds[i], uid, err);
}

static int limit(const struct bw_request *request, struct bw_cgroup_handle *handle, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;

	if (bw_cgroup_apply_resources_with(handle, linux_ ? linux_->resources : NULL, err) < 0)
		return bw_wrap(err, "unable to apply cgroup configuration");
	if (bw_cgroup_apply_devices_with(handle, request->spec, false, err) < 0)
		return bw_wrap(err, "unable to apply cgroup configuration");
	if (bw_cgroup_apply_guard_with(handle, request->guard, err) < 0)
		return bw_wrap(err, "unable to apply cgroup configuration");
	if (delegate(request, handle, err) < 0)
		return bw_wrap(err, "unable to apply cgroup configuration");
	return 0;
}

static int fill(const struct bw_request *request, struct bw_cgroup_handle *handle,
	struct bw_plan *plan, struct bw_err *err)
{
	for (size_t i = 0; i < handle->set->dirs.n; i++) {
		if (add_place(&handle->set->dirs.v[i], handle->fds[i], plan, err) == 0)
			continue;
		/* One that is there may be somebody else's to fill. */
		if (!handle->set->optional.v || !bw_cgroup_is_forbidden(err->sys))
			return -1;
		*err = (struct bw_err){0};
		bw_cgroup_leave_out(handle, request->cgroups, i--);
	}
	return limit(request, handle, err);
}

/* "UNIT in SLICE" and the message behind it. */
static int unit_data(const struct bw_request *request, char **ret, size_t *ret_len, struct bw_err *err)
{
	const struct bw_spec *spec = request->spec;
	const char *path = spec->linux_ ? spec->linux_->cgroups_path : NULL;
	const struct bw_cgroup_set *set = request->cgroups;
	auto_free char *devices = NULL;
	struct bw_unit_properties properties;
	struct bw_unit_names names;
	char *message, *data;
	size_t len, head;

	if (bw_unit_read_devices(&devices, err) < 0 ||
		bw_unit_names_parse(path, request->id, set->user_unit.v, request->arena, &names, err) < 0 ||
		bw_unit_properties(set, spec, &names, devices, request->arena, &properties, err) < 0 ||
		bw_unit_message_write(&properties, request->arena, &message, &len, err) < 0)
		return -1;
	head = strlen(names.unit) + strlen(" in ") + strlen(names.slice) + 1;
	data = bw_arena_alloc(request->arena, head + len);
	if (!data)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "properties for systemd");
	snprintf(data, head, "%s in %s", names.unit, names.slice);
	memcpy(data + head, message, len);
	*ret = data;
	*ret_len = head + len;
	return 0;
}

/* Nothing is made yet. */
static int prepare_unit(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	char *data;
	size_t len;

	if (unit_data(request, &data, &len, err) < 0)
		return -1;
	return bw_plan_add_parent(plan, BW_CONTROL_cgroup, OP_UNIT, BW_PHASE_JOIN, data, len, err);
}

static int prepare_create(
	const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;

	bw_cgroup_handle_init(&handle, request->cgroups);
	if (bw_cgroup_create_with(&handle, request->cgroups, err) < 0)
		return bw_wrap(err, "unable to apply cgroup configuration");
	if (fill(request, &handle, plan, err) < 0) {
		bw_cgroup_abandon(request->cgroups);
		return -1;
	}
	return 0;
}

/* A v2 cgroup that gives controllers to its children takes no processes itself (cgroup-v2.rst, "No
 * Internal Process Constraint"): an init such as systemd has moved into a child then. */
static bool takes_processes(int fd)
{
	char text[1024];

	return bw_read_at(fd, "cgroup.subtree_control", text, sizeof text) <= 0;
}

/* Where the container's init is now, in dir's hierarchy. Directory or -errno. */
static int init_place(const struct bw_request *request, const struct bw_cgroup_dir *dir)
{
	auto_close int root = bw_cgroup_root_fd(dir);
	char file[32], text[8192], path[PATH_MAX];
	ssize_t len;

	if (root < 0)
		return root;
	snprintf(file, sizeof file, "%d/cgroup", (int)request->target_pid);
	len = bw_read_at(request->host_proc, file, text, sizeof text);
	if (len < 0)
		return (int)len;
	if (!bw_cgroup_line(text, dir->controllers, path, sizeof path))
		return -ENOENT;
	return bw_open_in(root, path, O_RDONLY | O_DIRECTORY, 0);
}

/* Whether the kernel will refuse a process here, to say so with the place: it does where controllers that cannot
 * work on threads are given to children. */
static bool is_busy(int fd)
{
	char text[1024], *rest = text, *word;

	if (bw_read_at(fd, "cgroup.subtree_control", text, sizeof text) <= 0)
		return false;
	while ((word = strsep(&rest, " ")))
		if (!bw_word_in("cpu cpuset perf_event pids", word))
			return true;
	return false;
}

/* A place that was asked for is that or none. Directory or -errno. */
static int asked_place(const struct bw_cgroup_dir *dir, int own, const char *path)
{
	auto_close int fd = own < 0 ? own : bw_cgroup_open_beneath(own, path);

	if (fd >= 0 && !dir->controllers && is_busy(fd))
		return -EBUSY;
	return fd < 0 ? fd : take_fd(&fd);
}

/* The container's own cgroup, or its init's where that is gone or takes no processes. Directory or -errno. */
static int usual_place(const struct bw_request *request, const struct bw_cgroup_dir *dir, int own)
{
	int fd;

	if (own == -ENOENT || (own >= 0 && !dir->controllers && !takes_processes(own)))
		return init_place(request, dir);
	fd = own < 0 ? own : fcntl(own, F_DUPFD_CLOEXEC, 3);
	return fd == -1 ? -errno : fd;
}

/* The container's own cgroup, or where its init is beneath it when that takes no processes: as systemd has it. */
static int usual_path(const struct bw_request *request, const struct bw_cgroup_dir *dir, int own, char path[PATH_MAX])
{
	char file[32], text[PATH_MAX + 64];
	const char *beneath;
	ssize_t len;

	snprintf(path, PATH_MAX, "/");
	if (own < 0 || takes_processes(own))
		return 0;
	snprintf(file, sizeof file, "%d/cgroup", (int)request->target_pid);
	len = bw_read_at(request->host_proc, file, text, sizeof text);
	if (len < 0)
		return (int)len;
	beneath = bw_cgroup_line(text, NULL, path, PATH_MAX) ? bw_after_prefix(path, dir->path) : NULL;
	if (!beneath || *beneath != '/')
		return -ENOENT;
	memmove(path, beneath, strlen(beneath) + 1);
	return 0;
}

/* Between a session and a service of the user's own systemd only systemd may move processes. The step's data is the unit
 * and the path beneath its cgroup. */
static int prepare_enter(const struct bw_request *request, struct bw_cgroup_handle *handle, const char *const *paths,
	struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_cgroup_dir *dir = &handle->set->dirs.v[0];
	int own = bw_cgroup_dir_fd(handle, 0), r = 0;
	const char *unit = handle->set->unit;
	char path[PATH_MAX], *data;

	if (paths[0]) {
		auto_close int fd = asked_place(dir, own, paths[0]);

		r = fd < 0 ? fd : 0;
		snprintf(path, sizeof path, "%s%s", paths[0][0] == '/' ? "" : "/", paths[0]);
	} else {
		r = usual_path(request, dir, own, path);
	}
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "error adding pid 0 to cgroups: %s%s%s", dir->mountpoint, dir->path,
			paths[0] ? path : "");
	data = bw_arena_printf(request->arena, "%s%c%s", unit, '\0', path);
	if (!data)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "entering a systemd unit");
	return bw_plan_add_parent(
		plan, BW_CONTROL_cgroup, OP_ENTER, BW_PHASE_JOIN, data, strlen(unit) + strlen(path) + 2, err);
}

static int prepare_exec(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	const struct bw_cgroup_set *set = request->cgroups;
	const char *paths[BW_CGROUP_MAX_DIRS];

	bw_cgroup_handle_init(&handle, set);
	if (bw_cgroup_sub_paths(set, request->sub_cgroups, paths, err) < 0)
		return -1;
	if (set->user_unit.v)
		return prepare_enter(request, &handle, paths, plan, err);
	for (size_t i = 0; i < set->dirs.n; i++) {
		const struct bw_cgroup_dir *dir = &set->dirs.v[i];
		int own = bw_cgroup_dir_fd(&handle, i);
		auto_close int fd =
			paths[i] ? asked_place(dir, own, paths[i]) : usual_place(request, dir, own);

		/* 0 is what is written to cgroup.procs: whoever writes. */
		if (fd < 0)
			return bw_fail(err, BW_E_KERNEL, -fd, "error adding pid 0 to cgroups: %s%s%s%s",
				dir->mountpoint, dir->path, paths[i] && paths[i][0] != '/' ? "/" : "",
				paths[i] ? paths[i] : "");
		if (add_place(dir, fd, plan, err) < 0)
			return -1;
	}
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	if (!request->cgroups)
		return bw_fail(err, BW_E_INTERNAL, 0, "cgroup: no set of cgroups was computed");
	if (request->exec)
		return prepare_exec(request, plan, err);
	if (request->spec->linux_ && request->spec->linux_->resources)
		bw_cgroup_warn_of_ignored(request->spec->linux_->resources);
	return request->cgroups->unit ? prepare_unit(request, plan, err)
				      : prepare_create(request, plan, err);
}

/* --- settle --- */

/* Where a process is in dir's hierarchy is where the container shall be. */
static bool is_there(const char *cgroups, const struct bw_cgroup_dir *dir)
{
	char path[PATH_MAX];

	return bw_cgroup_line(cgroups, dir->controllers, path, sizeof path) && bw_streq(path, dir->path);
}

/* systemd makes the hierarchies that it knows; the others (cpuset, freezer, net_cls of v1) are ours. */
static int enter_dir(const struct bw_settling *now, struct bw_cgroup_handle *handle, size_t i, const char *cgroups,
	struct bw_err *err)
{
	struct bw_cgroup_set *set = now->request->cgroups;
	bool joined = is_there(cgroups, &set->dirs.v[i]);
	char pid[16];
	int r;

	if (bw_cgroup_create_one(handle, set, i, joined, err) < 0)
		return -1;
	if (joined)
		return 0;
	snprintf(pid, sizeof pid, "%d", (int)now->pid);
	r = bw_write_at(handle->fds[i], "cgroup.procs", pid);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "cgroup: join %s%s", set->dirs.v[i].mountpoint, set->dirs.v[i].path)
		     : 0;
}

static int begin_unit(const struct bw_settling *now, const char *data, size_t len, struct bw_err *err)
{
	const struct bw_request *request = now->request;
	struct bw_cgroup_set *set = request->cgroups;
	auto_cgroup_handle struct bw_cgroup_handle handle;
	struct bw_unit_properties properties;
	size_t head = strlen(data) + 1;
	char file[32], cgroups[8192];
	ssize_t r;

	bw_cgroup_handle_init(&handle, set);
	if (bw_unit_message_read(data + head, len - head, request->arena, &properties, err) < 0 ||
		bw_unit_begin(set, &properties, now->pid, request->arena, err) < 0)
		return bw_wrap(err, "unable to apply cgroup configuration");
	snprintf(file, sizeof file, "%d/cgroup", (int)now->pid);
	r = bw_read_at(now->host_proc, file, cgroups, sizeof cgroups);
	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, (int)-r, "reading the cgroups of the container's init");
	for (size_t i = 0; i < set->dirs.n; i++)
		if (enter_dir(now, &handle, i, cgroups, err) < 0)
			return -1;
	return limit(request, &handle, err);
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	if (op == OP_ENTER)
		return bw_unit_enter(now->request->cgroups, (const char *)data + strlen(data) + 1, now->pid, err);
	return begin_unit(now, data, len, err);
}

static int adopt_by_systemd(const struct bw_request *request, pid_t pid, struct bw_err *err)
{
	const struct bw_settling now = {.pid = pid, .pidfd = -1, .host_proc = request->host_proc, .request = request};
	char *data;
	size_t len;

	return unit_data(request, &data, &len, err) < 0 ? -1 : begin_unit(&now, data, len, err);
}

int bw_cgroup_adopt(const struct bw_request *request, pid_t pid, struct bw_err *err)
{
	struct bw_cgroup_set *set = request->cgroups;
	auto_cgroup_handle struct bw_cgroup_handle handle;
	char text[16];

	if (set->unit)
		return adopt_by_systemd(request, pid, err);
	bw_cgroup_handle_init(&handle, set);
	if (bw_cgroup_create_with(&handle, set, err) < 0)
		return bw_wrap(err, "unable to apply cgroup configuration");
	if (limit(request, &handle, err) < 0)
		return -1;
	snprintf(text, sizeof text, "%d", (int)pid);
	for (size_t i = 0; i < set->dirs.n; i++) {
		int r = bw_write_at(handle.fds[i], "cgroup.procs", text);

		if (r < 0)
			return bw_fail(err, BW_E_KERNEL, -r, "cgroup: join %s%s", set->dirs.v[i].mountpoint,
				set->dirs.v[i].path);
	}
	return 0;
}

int bw_cgroup_move_beneath(const struct bw_cgroup_set *set, const char *name, pid_t pid, struct bw_err *err)
{
	auto_cgroup_handle struct bw_cgroup_handle handle;
	int i = bw_cgroup_find(set, NULL), dir, r;
	auto_close int leaf = -1;
	char text[16];

	bw_cgroup_handle_init(&handle, set);
	dir = i < 0 ? -ENOENT : bw_cgroup_dir_fd(&handle, (size_t)i);
	if (dir >= 0 && mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		dir = -errno;
	leaf = dir < 0 ? dir : bw_cgroup_open_beneath(dir, name);
	snprintf(text, sizeof text, "%d", (int)pid);
	r = leaf < 0 ? leaf : bw_write_at(leaf, "cgroup.procs", text);
	return r < 0 ? bw_fail(err, BW_E_KERNEL, -r, "moving process %d into cgroup %s", (int)pid, name) : 0;
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)len;
	if (op == OP_JOIN)
		snprintf(buf, size, "join %s", (const char *)data + sizeof(struct join));
	else
		snprintf(buf, size, "%s systemd unit %s", op == OP_UNIT ? "start" : "enter", (const char *)data);
}

const struct bw_control bw_cgroup = {
	.name = "cgroup",
	.about = "cgroups of the container's own with its resource limits and device rules, v1 and "
		 "v2",
	.probe = probe,
	.prepare = prepare,
	.say = say,
	.settle = settle,
};

int bw_cgroup_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct join *join = data;
	ssize_t wrote;

	(void)child, (void)op, (void)len;
	do
		wrote = write(join->fd, "0", 1); /* 0: whoever writes */
	while (wrote < 0 && errno == EINTR);
	if (wrote < 0)
		return -errno;
	close(join->fd);
	return 0;
}
