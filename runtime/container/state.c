/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - the container's directory. Its parent is 0700 and ours: nothing of the container can reach it. */
#include "container/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "container/delegate.h"
#include "container/notify.h"

enum { ID_MAX = 1024, STATE_MAX = 1 << 20 };

static const struct bw_field state_fields[] = {
	BW_FIELD(struct bw_state, oci_version, "ociVersion", .flags = BW_REQUIRED,
		.doc = "version of the OCI runtime specification"),
	BW_FIELD(struct bw_state, id, "id", .flags = BW_REQUIRED, .doc = "the container's id"),
	BW_FIELD(struct bw_state, bundle, "bundle", .flags = BW_REQUIRED, .doc = "absolute path of the bundle"),
	BW_FIELD(struct bw_state, rootfs, "rootfs", .doc = "absolute path of the root file system"),
	BW_FIELD(struct bw_state, created, "created", .doc = "when, RFC 3339 in UTC"),
	BW_FIELD(struct bw_state, owner, "owner", .doc = "user that created it; empty for root"),
	BW_FIELD(struct bw_state, annotations, "annotations", .doc = "annotations of config.json"),
	BW_FIELD(struct bw_state, profile, "profile", .doc = "policy profile that decided"),
	BW_FIELD(struct bw_state, profile_reason, "profileReason", .doc = "why this profile"),
	BW_FIELD(struct bw_state, tenant, "tenant", .doc = "whose it is"),
	BW_FIELD(struct bw_state, session, "session", .doc = "which of the tenant's sessions it is of"),
	BW_FIELD(struct bw_state, degraded, "degraded", .doc = "preferred controls that this host lacks"),
	BW_FIELD(struct bw_state, layers, "layers", .doc = "locks that are in force"),
	BW_NESTED(struct bw_state, cgroups, "cgroups", &bw_cgroup_set_schema, .doc = "the container's cgroups"),
	BW_NESTED(struct bw_state, rdt, "rdt", &bw_rdt_schema, .doc = "the container's directories in resctrl"),
	BW_FIELD(struct bw_state, private_pids, "privatePids", .doc = "it has a pid namespace of its own"),
	BW_FIELD(struct bw_state, guard, "guard", .doc = "what keeps the blocked endpoints from it: cgroup, routing"),
	BW_FIELD(struct bw_state, late_steps, "lateSteps", .doc = "steps that are left for start, in words"),
	BW_FIELD(struct bw_state, late_from, "lateFrom", .doc = "number of the first of them"),
	BW_FIELD(struct bw_state, descriptors, "descriptors", .doc = "what the standard descriptors of its init are"),
	BW_FIELD(struct bw_state, ttl_ms, "ttlMs", .doc = "milliseconds that it may live from its start on"),
	BW_FIELD(struct bw_state, grace_ms, "graceMs", .doc = "milliseconds between SIGTERM and SIGKILL then"),
	BW_NESTED(struct bw_state, audit, "audit", &bw_spec_audit_schema, .doc = "what of it is recorded"),
	BW_FIELD(struct bw_state, categories, "categories", .doc = "SELinux level that nobody else has"),
	BW_FIELD(struct bw_state, host_ids, "hostIds", .doc = "first of the 65536 ids of the host that are its alone"),
	BW_NESTED(struct bw_state, backend, "backend", &bw_spec_backend_schema, .doc = "the runtime that has made it"),
	BW_FIELD(struct bw_state, root_mount, "rootMount", .doc = "id of the mount of the rootfs on the host"),
	BW_END,
};

const struct bw_schema bw_state_schema = {
	.name = "state",
	.size = sizeof(struct bw_state),
	.unknown = BW_UNKNOWN_NOTE,
	.fields = state_fields,
};

int bw_id_check(const char *id, struct bw_err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
	size_t len = strlen(id);

	if (len == 0)
		return bw_fail(err, BW_E_USAGE, 0, "container id cannot be empty");
	/* A leading dot is ours: the filter cache lives beside the containers. */
	if (len > ID_MAX || strspn(id, allowed) != len || id[0] == '.')
		return bw_fail(err, BW_E_USAGE, 0, "invalid container ID format: \"%.64s\"", id);
	return 0;
}

/* The root of roots may lie anywhere; only its last component is made by us. */
static int make_root(const char *root, struct bw_err *err)
{
	char partial[4096];
	struct stat st;

	if (stat(root, &st) == 0)
		return 0;
	for (size_t i = 1; root[i - 1]; i++) {
		if (root[i] && root[i] != '/')
			continue;
		if (snprintf(partial, sizeof partial, "%.*s", (int)i, root) >= (int)sizeof partial)
			return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "%s", root);
		if (mkdir(partial, 0700) < 0 && errno != EEXIST)
			return bw_fail(err, BW_E_KERNEL, errno, "making the state directory %s", partial);
	}
	return 0;
}

static int open_dir(const struct bw_context *ctx, const char *id, struct bw_container *ret, struct bw_err *err)
{
	if (snprintf(ret->path, sizeof ret->path, "%s/%s", ctx->root, id) >= (int)sizeof ret->path)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "%s", ctx->root);
	ret->dir = open(ret->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->dir >= 0)
		return 0;
	if (errno == ENOENT)
		return bw_fail(err, BW_E_NOT_FOUND, 0, "container does not exist");
	return bw_fail(err, BW_E_KERNEL, errno, "open %s", ret->path);
}

static int make_dir(const char *root, const char *path, struct bw_err *err)
{
	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno == ENOENT) {
		if (make_root(root, err) < 0)
			return -1;
		if (mkdir(path, 0700) == 0)
			return 0;
	}
	if (errno == EEXIST)
		return bw_fail(err, BW_E_EXISTS, 0, "container with given ID already exists");
	return bw_fail(err, BW_E_KERNEL, errno, "mkdir %s", path);
}

int bw_container_new(const struct bw_context *ctx, const char *id, struct bw_container *ret, struct bw_err *err)
{
	char path[sizeof ret->path];

	*ret = (struct bw_container)BW_CONTAINER_INIT;
	if (bw_id_check(id, err) < 0)
		return -1;
	if (snprintf(path, sizeof path, "%s/%s", ctx->root, id) >= (int)sizeof path)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "%s", ctx->root);
	if (make_dir(ctx->root, path, err) < 0 || open_dir(ctx, id, ret, err) < 0)
		return -1;
	/* Nobody else can hold it: a verb that found the directory before its state sees "creating". */
	flock(ret->dir, LOCK_EX);
	return 0;
}

/* "pid start_time\n"; missing while the container is being created. */
static void read_init(struct bw_container *container)
{
	uint64_t pid, start;
	char text[64];

	if (bw_read_at(container->dir, "init", text, sizeof text) <= 0 ||
		bw_parse_word(text, 0, INT_MAX, &pid) < 0 ||
		bw_parse_word(text, 1, UINT64_MAX, &start) < 0)
		return;
	container->pid = (pid_t)pid;
	container->start_time = start;
}

static int read_state(struct bw_container *container, struct bw_arena *arena, struct bw_err *err)
{
	auto_close int fd = openat(container->dir, "state.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *text = NULL;
	struct bw_json *tree;
	void *state;
	size_t len;

	if (fd < 0)
		return bw_fail(err, BW_E_STATE, errno, "reading %s/state.json", container->path);
	if (bw_read_fd(fd, "state.json", STATE_MAX, &text, &len, err) < 0 ||
		bw_json_parse(text, len, "state.json", arena, &tree, err) < 0 ||
		bw_schema_read(&bw_state_schema, tree, BW_E_STATE, arena, &state, NULL, err) < 0)
		return -1;
	container->state = state;
	return 0;
}

/* While we waited it may have been deleted, and another one of its name be there. */
int bw_container_lock(const struct bw_container *container, struct bw_err *err)
{
	struct stat ours, there;

	if (TEMP_FAILURE_RETRY(flock(container->dir, LOCK_EX)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "locking %s", container->path);
	if (fstat(container->dir, &ours) == 0 && lstat(container->path, &there) == 0 && ours.st_dev == there.st_dev &&
		ours.st_ino == there.st_ino)
		return 0;
	return bw_fail(err, BW_E_NOT_FOUND, 0, "container does not exist");
}

bool bw_container_try_lock(struct bw_container *container, struct bw_arena *arena)
{
	struct bw_err ignored = {0};

	if (flock(container->dir, LOCK_EX | LOCK_NB) < 0 || bw_container_lock(container, &ignored) < 0)
		return false;
	/* What was read before may be of a creation that has ended since. */
	container->pid = 0;
	container->state = NULL;
	read_init(container);
	(void)!read_state(container, arena, &ignored);
	return true;
}

int bw_container_open(const struct bw_context *ctx, const char *id, bool lock, bool broken_ok, struct bw_arena *arena,
	struct bw_container *ret, struct bw_err *err)
{
	*ret = (struct bw_container)BW_CONTAINER_INIT;
	if (bw_id_check(id, err) < 0 || open_dir(ctx, id, ret, err) < 0)
		return -1;
	if (lock && bw_container_lock(ret, err) < 0) {
		bw_container_close(ret);
		return -1;
	}
	read_init(ret);
	if (read_state(ret, arena, err) == 0)
		return 0;
	if (broken_ok) {
		*err = (struct bw_err){0};
		return 0;
	}
	bw_container_close(ret);
	return -1;
}

void bw_container_close(struct bw_container *container)
{
	if (container->dir >= 0)
		close(container->dir);
	container->dir = -1;
}

/* Ends the writer and puts its text into the container's directory. */
static int finish(const struct bw_container *container, const char *name, struct bw_json_writer *w, struct bw_err *err)
{
	auto_free char *text = NULL;
	size_t len;
	int r = bw_json_writer_end(w, &text, &len, err);

	bw_json_writer_free(w);
	return r < 0 ? -1 : bw_replace_at(container->dir, name, text, len, 0600, err);
}

static int save(const struct bw_container *container, const char *name, const struct bw_schema *schema,
	const void *object, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "writing %s", name);
	bw_schema_write(schema, object, w);
	return finish(container, name, w, err);
}

int bw_state_save(const struct bw_container *container, struct bw_err *err)
{
	return save(container, "state.json", &bw_state_schema, container->state, err);
}

int bw_state_save_spec(const struct bw_container *container, const struct bw_spec *spec, struct bw_err *err)
{
	return save(container, "config.json", &bw_hardened_schema, spec, err);
}

int bw_state_load_spec(const struct bw_container *container, struct bw_arena *arena, struct bw_spec **ret,
	struct bw_err *err)
{
	auto_close int fd = openat(container->dir, "config.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *text = NULL;
	struct bw_json *tree;
	void *spec;
	size_t len;

	if (fd < 0)
		return bw_fail(err, BW_E_STATE, errno, "reading %s/config.json", container->path);
	if (bw_read_fd(fd, "config.json", BW_JSON_MAX_BYTES, &text, &len, err) < 0 ||
		bw_json_parse(text, len, "config.json", arena, &tree, err) < 0 ||
		bw_schema_read(&bw_hardened_schema, tree, BW_E_STATE, arena, &spec, NULL, err) < 0)
		return -1;
	*ret = spec;
	return 0;
}

int bw_state_save_profile(const struct bw_container *container, const struct bw_profile *profile, struct bw_err *err)
{
	struct bw_json_writer *w = bw_json_writer_new(false);

	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "writing policy.json");
	bw_profile_write(profile, w);
	return finish(container, "policy.json", w, err);
}

int bw_state_load_profile(const struct bw_container *container, struct bw_arena *arena,
	const struct bw_profile **ret, struct bw_err *err)
{
	auto_close int fd = openat(container->dir, "policy.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *text = NULL;
	const struct bw_policy *policy;
	size_t len;

	if (fd < 0)
		return bw_fail(err, BW_E_STATE, errno, "reading %s/policy.json", container->path);
	if (bw_read_fd(fd, "policy.json", STATE_MAX, &text, &len, err) < 0 ||
		bw_policy_parse(text, len, "policy.json", arena, &policy, err) < 0)
		return -1;
	*ret = bw_policy_profile(policy, container->state->profile);
	if (*ret)
		return 0;
	return bw_fail(err, BW_E_STATE, 0, "%s/policy.json does not hold profile \"%s\"", container->path,
		container->state->profile);
}

int bw_state_save_init(struct bw_container *container, pid_t pid, struct bw_err *err)
{
	struct bw_proc_stat stat;
	char text[64];
	int len, r = bw_proc_stat(pid, &stat);

	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "looking at process %d", (int)pid);
	len = snprintf(text, sizeof text, "%d %llu\n", (int)pid, (unsigned long long)stat.start_time);
	if (bw_replace_at(container->dir, "init", text, (size_t)len, 0600, err) < 0)
		return -1;
	container->pid = pid;
	container->start_time = stat.start_time;
	return 0;
}

int bw_state_begin_life(const struct bw_container *container, struct bw_err *err)
{
	if (!container->state->ttl_ms.set || utimensat(container->dir, "state.json", NULL, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return bw_fail(err, BW_E_KERNEL, errno, "keeping when the container's life begins");
}

int bw_state_life(const struct bw_container *container, struct stat *ret)
{
	return fstatat(container->dir, "state.json", ret, AT_SYMLINK_NOFOLLOW);
}

/* A freezer that cannot be asked says nothing about a process that is alive. */
static bool is_paused(const struct bw_container *container)
{
	struct bw_err ignored = {0};
	bool frozen = false;

	if (!container->state || !container->state->cgroups)
		return false;
	return bw_cgroup_is_frozen(container->state->cgroups, &frozen, &ignored) == 0 && frozen;
}

bool bw_container_waits(const struct bw_container *container)
{
	struct stat st;

	return fstatat(container->dir, "start.sock", &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       (container->state && container->state->backend &&
		       fstatat(container->dir, BW_DELEGATE_WAITS, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

enum bw_status bw_container_status(const struct bw_container *container)
{
	/* Without a pid somebody is creating it, or was killed doing so: only a holder of the lock is at work. */
	if (container->pid <= 0) {
		if (flock(container->dir, LOCK_SH | LOCK_NB) < 0)
			return BW_STATUS_CREATING;
		return BW_STATUS_STOPPED;
	}
	if (!bw_proc_alive(container->pid, container->start_time))
		return BW_STATUS_STOPPED;
	/* Also a created container can be paused; start must not wait for an init that cannot answer. */
	if (is_paused(container))
		return BW_STATUS_PAUSED;
	return bw_container_waits(container) ? BW_STATUS_CREATED : BW_STATUS_RUNNING;
}

int bw_container_open_live(const struct bw_context *ctx, const char *id, bool lock, const char *dead, struct bw_arena *arena,
	struct bw_container *ret, struct bw_err *err)
{
	if (bw_container_open(ctx, id, lock, false, arena, ret, err) < 0)
		return -1;
	switch (bw_container_status(ret)) {
	case BW_STATUS_CREATED:
	case BW_STATUS_RUNNING:
	case BW_STATUS_PAUSED:
		break;
	case BW_STATUS_CREATING:
	case BW_STATUS_STOPPED:
		return bw_fail(err, BW_E_STATE, 0, "%s", dead);
	}
	return ret->state->cgroups ? 0 : bw_fail(err, BW_E_STATE, 0, "the container has no cgroup");
}

/* What another runtime has left beneath dir, itself included. Nothing of a container's can be in it. */
static int remove_tree(int dir, const char *name, int depth)
{
	auto_closedir DIR *stream = NULL;
	struct dirent *entry;
	int fd;

	if (unlinkat(dir, name, 0) == 0)
		return 0;
	if (errno != EISDIR || depth == 0)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return -1;
	while ((entry = readdir(stream)))
		if (!bw_streq(entry->d_name, ".") && !bw_streq(entry->d_name, "..") &&
			remove_tree(fd, entry->d_name, depth - 1) < 0 && errno != ENOENT)
			return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

/* A file; the only directories are that of the socket of notify.h, and a backend's. */
static int remove_entry(int dir, const char *name)
{
	enum { BACKEND_DEPTH = 8 };

	if (unlinkat(dir, name, 0) == 0)
		return 0;
	if (errno == EISDIR && (bw_streq(name, "backend") || bw_streq(name, "bundle")))
		return remove_tree(dir, name, BACKEND_DEPTH);
	if (errno != EISDIR || !bw_streq(name, BW_NOTIFY_NAME))
		return -1;
	if (unlinkat(dir, BW_NOTIFY_NAME "/notify.sock", 0) < 0 && errno != ENOENT)
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

int bw_container_forget(struct bw_container *container, struct bw_err *err)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	int fd = fcntl(container->dir, F_DUPFD_CLOEXEC, 3);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return bw_fail(err, BW_E_KERNEL, errno, "reading %s", container->path);
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		if (bw_streq(entry->d_name, ".") || bw_streq(entry->d_name, ".."))
			continue;
		if (remove_entry(container->dir, entry->d_name) < 0 && errno != ENOENT)
			return bw_fail(err, BW_E_KERNEL, errno, "removing %s/%s", container->path, entry->d_name);
	}
	if (rmdir(container->path) < 0 && errno != ENOENT)
		return bw_fail(err, BW_E_KERNEL, errno, "removing %s", container->path);
	return 0;
}
