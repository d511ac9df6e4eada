/* SPDX-License-Identifier: Apache-2.0 */
/* docker_facts.c - docker's metadata of one container, read with suspicion. dockerd replaces its files by rename, and
 * has written them before it starts anything, so that one reading at create sees a whole file. */
#include "container/docker_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"

/* ---- what is in the files ---- */

struct image_config {
	char *image, *user;
	struct bw_pairs labels;
};
struct config_v2 {
	char *id, *name, *image;
	struct image_config *config;
};
struct host_config {
	char *network_mode, *cgroup_parent, *runtime;
	struct bw_opt_bool privileged;
};

static const struct bw_field image_config_fields[] = {
	BW_FIELD(struct image_config, image, "Image"),
	BW_FIELD(struct image_config, user, "User"),
	BW_FIELD(struct image_config, labels, "Labels"),
	BW_END,
};
static const struct bw_schema image_config_schema = {
	.name = "Config", .size = sizeof(struct image_config), .fields = image_config_fields};
static const struct bw_field config_v2_fields[] = {
	BW_FIELD(struct config_v2, id, "ID", .flags = BW_REQUIRED),
	BW_FIELD(struct config_v2, name, "Name", .flags = BW_REQUIRED),
	BW_FIELD(struct config_v2, image, "Image", .flags = BW_REQUIRED),
	BW_NESTED(struct config_v2, config, "Config", &image_config_schema, .flags = BW_REQUIRED),
	BW_END,
};
static const struct bw_schema config_v2_schema = {
	.name = "config.v2.json", .size = sizeof(struct config_v2), .fields = config_v2_fields};
static const struct bw_field host_config_fields[] = {
	BW_FIELD(struct host_config, network_mode, "NetworkMode"),
	BW_FIELD(struct host_config, cgroup_parent, "CgroupParent"),
	BW_FIELD(struct host_config, runtime, "Runtime"),
	BW_FIELD(struct host_config, privileged, "Privileged"),
	BW_END,
};
static const struct bw_schema host_config_schema = {
	.name = "hostconfig.json", .size = sizeof(struct host_config), .fields = host_config_fields};

/* The file has the container's environment, too: nothing of it is kept. */
static int parse(const struct bw_schema *schema, const char *place, const char *text, size_t len,
	struct bw_arena *arena, void **ret, struct bw_err *err)
{
	const char *name = bw_arena_printf(arena, "%s/%s", place, schema->name);
	auto_wiped_arena struct bw_arena scratch = BW_ARENA_INIT;
	struct bw_json *tree;

	if (!name)
		return bw_fail(err, BW_E_MEMORY, 0, "docker's metadata: out of memory");
	if (bw_json_parse(text, len, name, &scratch, &tree, err) < 0)
		return -1;
	return bw_schema_read(schema, tree, BW_E_HOST, arena, ret, NULL, err) < 0 ? bw_wrap(err, "%s", name) : 0;
}

/* Names of labels are unique in the text, so each is simply put behind the others. */
static int add_labels(struct bw_policy_facts *facts, const struct bw_pairs *labels, struct bw_arena *arena,
	struct bw_err *err)
{
	for (size_t i = 0; i < labels->n; i++) {
		char *key = bw_arena_printf(arena, "docker.label.%s", labels->v[i].key);
		struct bw_pair *pair = key ? bw_push(arena, &facts->values) : NULL;

		if (!pair)
			return bw_fail(err, BW_E_MEMORY, 0, "docker's metadata: out of memory");
		pair->key = key;
		pair->value = labels->v[i].value;
	}
	return 0;
}

static int add_facts(struct bw_policy_facts *facts, const struct config_v2 *config, const struct host_config *host,
	struct bw_arena *arena, struct bw_err *err)
{
	const struct {
		const char *name, *value;
	} rows[] = {
		{"docker.id", config->id},
		{"docker.name", config->name},
		{"docker.image", config->image},
		{"docker.imageName", config->config->image},
		{"docker.user", config->config->user},
		{"docker.networkMode", host ? host->network_mode : NULL},
		{"docker.cgroupParent", host ? host->cgroup_parent : NULL},
		{"docker.runtime", host ? host->runtime : NULL},
		{"docker.privileged", !host ? NULL : host->privileged.v ? "true" : "false"},
	};

	for (size_t i = 0; i < BW_COUNT(rows); i++)
		if (bw_policy_facts_add(facts, rows[i].name, rows[i].value, arena, err) < 0)
			return -1;
	return add_labels(facts, &config->config->labels, arena, err);
}

int bw_docker_facts_parse(const char *place, const char *id, const char *config_text, size_t config_len,
	const char *host_text, size_t host_len, struct bw_arena *arena, struct bw_policy_facts *facts,
	struct bw_err *err)
{
	struct bw_policy_facts whole = {0};
	const struct config_v2 *config;
	const struct host_config *host = NULL;
	void *object;

	if (parse(&config_v2_schema, place, config_text, config_len, arena, &object, err) < 0)
		return -1;
	config = object;
	if (!bw_streq(config->id, id))
		return bw_fail(err, BW_E_HOST, 0, "%s/config.v2.json: /ID: is of another container, \"%.64s\"", place,
			config->id);
	if (host_text) {
		if (parse(&host_config_schema, place, host_text, host_len, arena, &object, err) < 0)
			return -1;
		host = object;
	}
	for (size_t i = 0; i < facts->values.n; i++)
		if (bw_policy_facts_add(&whole, facts->values.v[i].key, facts->values.v[i].value, arena, err) < 0)
			return -1;
	if (add_facts(&whole, config, host, arena, err) < 0)
		return -1;
	facts->values = whole.values;
	return 0;
}

/* ---- where the files are ---- */

/* Engines take "no such file or directory" and its like for a program that is missing: so our own words. */
static int fail_open(const char *path, int error, struct bw_err *err)
{
	switch (error) {
	case ENOENT:
		return bw_fail(err, BW_E_HOST, 0, "%s is missing", path);
	case ELOOP:
		return bw_fail(err, BW_E_HOST, 0, "%s is a symbolic link", path);
	case ENOTDIR:
		return bw_fail(err, BW_E_HOST, 0, "%s is no directory", path);
	default:
		return bw_fail(err, BW_E_HOST, 0, "%s cannot be opened (%s)", path, bw_errno_name(error));
	}
}

/* Who can write a directory can replace what is in it. An access list shows in the bits of the group. */
static int check_owner(int fd, uid_t owner, mode_t type, const char *path, struct bw_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_open(path, errno, err);
	if ((st.st_mode & S_IFMT) != type)
		return bw_fail(err, BW_E_HOST, 0, "%s is no %s", path, type == S_IFDIR ? "directory" : "regular file");
	if (st.st_uid != owner)
		return bw_fail(err, BW_E_HOST, 0, "%s belongs to user %u, not to %u", path, (unsigned)st.st_uid,
			(unsigned)owner);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return bw_fail(err, BW_E_HOST, 0, "%s is writable by group or others (mode %04o)", path,
			(unsigned)(st.st_mode & 07777));
	return 0;
}

/* The directory top/path, each of its components looked at on the descriptor by which the next is opened. 1: it is
 * not there; *ret is written with 0 only. */
static int walk(int top, uid_t owner, const char *path, int *ret, struct bw_err *err)
{
	auto_close int at = bw_open_in(top, ".", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	char name[NAME_MAX + 1];
	size_t end = 0;

	if (at < 0)
		return fail_open("/", -at, err);
	if (check_owner(at, owner, S_IFDIR, "/", err) < 0)
		return -1;
	while (path[end]) {
		size_t begin = end + 1; /* behind a slash: the path is absolute and clean */
		char done[PATH_MAX];
		int next;

		end = begin + strcspn(path + begin, "/");
		snprintf(done, sizeof done, "%.*s", (int)end, path);
		if (end - begin >= sizeof name || end >= sizeof done)
			return fail_open(path, ENAMETOOLONG, err);
		memcpy(name, path + begin, end - begin);
		name[end - begin] = '\0';
		next = bw_open_in(at, name, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
		if (next == -ENOENT)
			return 1;
		if (next < 0)
			return fail_open(done, -next, err);
		close(at);
		at = next;
		if (check_owner(at, owner, S_IFDIR, done, err) < 0)
			return -1;
	}
	*ret = take_fd(&at);
	return 0;
}

static int read_file(int dir, uid_t owner, const char *place, const char *name, char **ret, size_t *ret_len,
	struct bw_err *err)
{
	/* O_NONBLOCK: a fifo must not hold us up before it is refused. */
	auto_close int fd = bw_open_in(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_NO_SYMLINKS);
	char path[PATH_MAX + NAME_MAX];

	snprintf(path, sizeof path, "%s/%s", place, name);
	if (fd < 0)
		return fail_open(path, -fd, err);
	if (check_owner(fd, owner, S_IFREG, path, err) < 0)
		return -1;
	return bw_read_fd(fd, path, BW_DOCKER_FACTS_MAX, ret, ret_len, err);
}

static int read_dir(int dir, uid_t owner, const char *place, const char *id, bool want_host, struct bw_arena *arena,
	struct bw_policy_facts *facts, struct bw_err *err)
{
	auto_wiped_text struct bw_wiped_text config = {0};
	auto_free char *host = NULL;
	size_t host_len = 0;

	if (read_file(dir, owner, place, "config.v2.json", &config.v, &config.len, err) < 0)
		return -1;
	if (want_host && read_file(dir, owner, place, "hostconfig.json", &host, &host_len, err) < 0)
		return -1;
	return bw_docker_facts_parse(place, id, config.v, config.len, host, host_len, arena, facts, err);
}

int bw_docker_facts_read(int top, uid_t owner, const struct bw_strs *roots, const char *id, bool want_host,
	struct bw_arena *arena, struct bw_policy_facts *facts, struct bw_err *err)
{
	for (size_t i = 0; i < roots->n; i++) {
		const char *root = bw_streq(roots->v[i], "/") ? "" : roots->v[i];
		const char *place = bw_arena_printf(arena, "%s/containers/%s", root, id);
		auto_close int dir = -1;
		int r;

		if (!place)
			return bw_fail(err, BW_E_MEMORY, 0, "docker's metadata: out of memory");
		r = walk(top, owner, place, &dir, err);
		if (r < 0)
			return -1;
		if (r == 0)
			return read_dir(dir, owner, place, id, want_host, arena, facts, err);
	}
	if (roots->n == 1)
		return bw_fail(err, BW_E_HOST, 0, "%s/containers/%s is missing", roots->v[0], id);
	return bw_fail(err, BW_E_HOST, 0, "containers/%s is missing in all %zu of docker.dataRoots", id, roots->n);
}
