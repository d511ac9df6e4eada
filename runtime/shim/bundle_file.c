/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_file.c - a small JSON object. The bundle is containerd's and root's alone; what is not quite this file is refused
 * all the same: `delete` ends whatever it names. */
#include "shim/bundle_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "json/json.h"
#include "json/schema.h"

enum { MAX_BYTES = 16384 };

struct content {
	char *root, *policy, *profile;
	struct bw_opt_bool systemd_cgroup;
	struct bw_opt_int pid;
};

static const struct bw_field fields[] = {
	BW_FIELD(struct content, root, "root", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH, .doc = "state root of the namespace"),
	BW_FIELD(struct content, policy, "policy", .flags = BW_ABSOLUTE_PATH, .doc = "policy file"),
	BW_FIELD(struct content, profile, "profile", .flags = BW_NOT_EMPTY, .doc = "profile asked for"),
	BW_FIELD(struct content, systemd_cgroup, "systemdCgroup", .doc = "systemd makes the cgroups"),
	BW_FIELD(struct content, pid, "pid", .min = 0, .max = INT32_MAX, .doc = "pid of the init"),
	BW_END,
};
static const struct bw_schema schema = {BW_BUNDLE_FILE, sizeof(struct content), BW_UNKNOWN_NOTE, fields};

static int open_bundle(const char *bundle, struct bw_err *err)
{
	int dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return bw_fail(err, errno == ENOENT ? BW_E_NOT_FOUND : BW_E_KERNEL, errno, "open bundle %s", bundle);
	return dir;
}

int bw_bundle_file_write(const char *bundle, const struct bw_bundle_file *file, struct bw_err *err)
{
	auto_close int dir = open_bundle(bundle, err);
	struct content content = {
		.root = (char *)(uintptr_t)file->root,
		.policy = (char *)(uintptr_t)file->policy,
		.profile = (char *)(uintptr_t)file->profile,
		.systemd_cgroup = {.set = true, .v = file->systemd_cgroup},
		.pid = {.set = true, .v = file->pid},
	};
	auto_free char *text = NULL;
	struct bw_json_writer *writer;
	size_t len = 0;
	int r;

	if (dir < 0)
		return -1;
	writer = bw_json_writer_new(false);
	if (!writer)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "writing %s", BW_BUNDLE_FILE);
	bw_schema_write(&schema, &content, writer);
	r = bw_json_writer_end(writer, &text, &len, err);
	bw_json_writer_free(writer);
	if (r < 0)
		return -1;
	return bw_replace_at(dir, BW_BUNDLE_FILE, text, len, 0600, err);
}

int bw_bundle_file_read(const char *bundle, struct bw_arena *arena, struct bw_bundle_file *ret,
	struct bw_err *err)
{
	auto_close int dir = open_bundle(bundle, err);
	auto_close int fd = dir < 0 ? -1 : openat(dir, BW_BUNDLE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	auto_free char *text = NULL;
	struct content *content = NULL;
	void *object = NULL;
	struct bw_json *tree;
	struct stat st;
	size_t len;

	if (dir < 0)
		return -1;
	if (fd < 0)
		return bw_fail(err, errno == ENOENT ? BW_E_NOT_FOUND : BW_E_KERNEL, errno, "open %s/%s", bundle,
			BW_BUNDLE_FILE);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return bw_fail(err, BW_E_HOST, 0, "%s/%s must be a regular file", bundle, BW_BUNDLE_FILE);
	/* It says which state, and with it which cgroups, belong to the container. */
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return bw_fail(err, BW_E_HOST, 0, "%s/%s must belong to user %u and be writable by nobody else", bundle,
			BW_BUNDLE_FILE, (unsigned)geteuid());
	if (bw_read_fd(fd, BW_BUNDLE_FILE, MAX_BYTES, &text, &len, err) < 0 ||
		bw_json_parse(text, len, BW_BUNDLE_FILE, arena, &tree, err) < 0 ||
		bw_schema_read(&schema, tree, BW_E_SPEC, arena, &object, NULL, err) < 0)
		return bw_wrap(err, "%s", bundle);
	content = object;
	*ret = (struct bw_bundle_file){
		.root = content->root,
		.policy = content->policy,
		.profile = content->profile,
		.systemd_cgroup = content->systemd_cgroup.set && content->systemd_cgroup.v,
		.pid = content->pid.set ? (pid_t)content->pid.v : 0,
	};
	return 0;
}
