/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - <store>/.containers/<device>-<inode> of a container's directory: a link whose text is "mount namespace, blank,
 * tenant or -, blank, device:inode, blank, path". A link, because it comes into being with its text, by one system call:
 * whatever is killed, nothing half written is left. It is there before the container's state is, and goes after its
 * directory; one whose directory is gone, or has another inode, counts for nothing, and who reads removes it. So a kill
 * at any moment leaves nothing to be repaired.
 *
 * Who enters holds the directory's lock shared, who removes what counts for nothing alone, and looks once more: meanwhile
 * another container could have got that inode. */
#include "container/registry.h"

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
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "container/bulwark.h"
#include "container/lease.h"
#include "container/state.h"

#define DIRECTORY ".containers"
#define NOBODY	  "-"

enum { NAME_ROOM = 40, LINE_ROOM = PATH_MAX };

static int open_directory(int store, bool make)
{
	int dir = openat(store, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir >= 0 || errno != ENOENT || !make)
		return dir;
	if (mkdirat(store, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return -1;
	return openat(store, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void name_of(const struct stat *st, char ret[NAME_ROOM])
{
	snprintf(ret, NAME_ROOM, "%llx-%llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
}

static uint64_t our_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/mnt", &st) < 0 ? 0 : st.st_ino;
}

/* A line, cut up. */
struct line {
	uint64_t namespace, dev, ino;
	const char *tenant; /* NULL: nobody */
	const char *path;
};

static bool parse_line(char *text, struct line *ret)
{
	char *rest = text, *namespace = strsep(&rest, " "), *tenant = strsep(&rest, " "), *number = strsep(&rest, " ");
	char *colon = number ? strchr(number, ':') : NULL;

	if (!colon || !rest || rest[0] != '/')
		return false;
	*colon = '\0';
	ret->tenant = bw_streq(tenant, NOBODY) ? NULL : tenant;
	ret->path = rest;
	return bw_parse_u64(namespace, UINT64_MAX, &ret->namespace) == 0 &&
	       bw_parse_u64(number, UINT64_MAX, &ret->dev) == 0 && bw_parse_u64(colon + 1, UINT64_MAX, &ret->ino) == 0;
}

static bool leads_there(const struct line *line, const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_dev == line->dev && st.st_ino == line->ino;
}

/* Reads entry name: 1, or 0 when there is none or it is no line. text has LINE_ROOM bytes, into which *ret points. */
static int read_line(int dir, const char *name, char *text, struct line *ret)
{
	ssize_t len = readlinkat(dir, name, text, LINE_ROOM - 1);

	if (len <= 0)
		return 0;
	text[len] = '\0';
	return parse_line(text, ret);
}

/* That a path of another mount namespace leads nowhere in ours says nothing. */
static bool is_void(const struct line *line, uint64_t namespace)
{
	return line->namespace == namespace && !leads_there(line, line->path);
}

static void sweep(int dir, const char *name, uint64_t namespace)
{
	char text[LINE_ROOM];
	struct line line;

	if (TEMP_FAILURE_RETRY(flock(dir, LOCK_EX)) < 0)
		return;
	if (read_line(dir, name, text, &line) && is_void(&line, namespace))
		(void)unlinkat(dir, name, 0);
	flock(dir, LOCK_UN);
}

/* --- containers of other mount namespaces --- */

/* Not one that a container has given another root: what lies there is its. The link shows how the root lies in the
 * process's own namespace. */
static bool has_whole_root(const char *prefix)
{
	char text[PATH_MAX];
	ssize_t len = readlink(prefix, text, sizeof text);

	return len == 1 && text[0] == '/';
}

/* By whom a mount namespace is reached: "/proc/PID/root". Looked for once for all containers of it, for there may be
 * thousands of processes and hundreds of containers. */
struct view {
	uint64_t namespace;
	const char *prefix;
	bool is_empty; /* nobody is left there */
};
struct views {
	struct view *v;
	size_t n;
};

static bool lives_in(const char *pid, uint64_t namespace)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%.32s/ns/mnt", pid);
	return stat(path, &st) == 0 && st.st_ino == namespace;
}

static bool leads_there_by(const char *prefix, const struct line *line)
{
	char path[LINE_ROOM + 64];

	snprintf(path, sizeof path, "%s%s", prefix, line->path);
	return leads_there(line, path);
}

static const char *find_prefix(const struct line *line, struct view *view, struct bw_arena *arena)
{
	auto_closedir DIR *proc = opendir("/proc");
	struct dirent *entry;
	char prefix[64];

	view->is_empty = true;
	while (proc && (entry = readdir(proc))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || !lives_in(entry->d_name, line->namespace))
			continue;
		view->is_empty = false;
		snprintf(prefix, sizeof prefix, "/proc/%.32s/root", entry->d_name);
		if (has_whole_root(prefix) && leads_there_by(prefix, line))
			return view->prefix = bw_arena_strdup(arena, prefix);
	}
	return NULL;
}

/* What leads to the line's directory, or NULL. */
static const char *prefix_of(const struct line *line, struct views *views, struct bw_arena *arena)
{
	struct view *view = views->v;

	while (view < views->v + views->n && view->namespace != line->namespace)
		view++;
	if (view == views->v + views->n) {
		view = bw_push(arena, views);
		if (!view)
			return NULL;
		*view = (struct view){.namespace = line->namespace};
	}
	if (view->is_empty)
		return NULL;
	return view->prefix && leads_there_by(view->prefix, line) ? view->prefix : find_prefix(line, view, arena);
}

static int add(const struct line *line, struct views *views, struct bw_arena *arena, struct bw_registry *registry,
	struct bw_err *err)
{
	struct bw_registered *r = bw_push(arena, registry);
	const char *slash = strrchr(line->path, '/');

	if (!r)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "containers of this host");
	r->prefix = leads_there(line, line->path) ? "" : prefix_of(line, views, arena);
	r->root = bw_arena_printf(arena, "%s%.*s", r->prefix ? r->prefix : "", (int)(slash - line->path), line->path);
	r->id = bw_arena_strdup(arena, slash + 1);
	r->tenant = line->tenant ? bw_arena_strdup(arena, line->tenant) : NULL;
	if (r->root && r->id && (r->tenant || !line->tenant))
		return 0;
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "containers of this host");
}

/* --- */

int bw_registry_enter(int store, int dir, const char *tenant, struct bw_err *err)
{
	auto_close int directory = -1;
	char name[NAME_ROOM], line[LINE_ROOM], container[BW_LEASE_NAME];
	struct stat st;

	if (bw_lease_name(dir, container, err) < 0)
		return -1;
	if (fstat(dir, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the container's directory");
	name_of(&st, name);
	if (snprintf(line, sizeof line, "%llu %s %s", (unsigned long long)our_namespace(), tenant ? tenant : NOBODY,
		    container) >= (int)sizeof line)
		return bw_fail(err, BW_E_USAGE, ENAMETOOLONG, "entering the container into the list of this host's");
	directory = open_directory(store, true);
	if (directory < 0 || TEMP_FAILURE_RETRY(flock(directory, LOCK_SH)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the list of this host's containers");
	if (symlinkat(line, directory, name) == 0)
		return 0;
	/* Of one that had this inode. */
	if (errno == EEXIST && unlinkat(directory, name, 0) == 0 && symlinkat(line, directory, name) == 0)
		return 0;
	return bw_fail(err, BW_E_KERNEL, errno, "entering the container into the list of this host's");
}

int bw_registry_strike(int store, int dir, struct bw_err *err)
{
	char name[NAME_ROOM], path[NAME_ROOM + sizeof DIRECTORY];
	struct stat st;

	if (fstat(dir, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the container's directory");
	name_of(&st, name);
	snprintf(path, sizeof path, DIRECTORY "/%s", name);
	if (unlinkat(store, path, 0) == 0 || errno == ENOENT)
		return 0;
	return bw_fail(err, BW_E_KERNEL, errno, "taking the container from the list of this host's");
}

int bw_registry_read(int store, struct bw_arena *arena, struct bw_registry *ret, struct bw_err *err)
{
	auto_closedir DIR *stream = NULL;
	auto_close int dir = open_directory(store, false);
	uint64_t namespace = our_namespace();
	struct views views = {0};
	char text[LINE_ROOM];
	struct dirent *entry;
	struct line line;
	int fd;

	*ret = (struct bw_registry){0};
	if (dir < 0 && errno == ENOENT)
		return 0;
	fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return bw_fail(err, BW_E_KERNEL, errno, "reading the list of this host's containers");
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.' || !read_line(dir, entry->d_name, text, &line))
			continue;
		if (is_void(&line, namespace))
			sweep(dir, entry->d_name, namespace);
		else if (add(&line, &views, arena, ret, err) < 0)
			return -1;
	}
	return 0;
}

int bw_registry_each(int (*fn)(const struct bw_registered *r, void *ctx), void *ctx, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_close int store = bw_lease_open(err);
	struct bw_registry registry;
	int r = 0;

	if (store < 0 || bw_registry_read(store, &arena, &registry, err) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < registry.n; i++)
		r = fn(&registry.v[i], ctx);
	return r;
}

int bw_registry_take(const struct bw_container *container, const struct bw_spec_hardening *hardening, struct bw_err *err)
{
	auto_close int store = -1;
	struct bw_err why = {0};

	/* Whoever is not root, or root of a user namespace alone, has nothing that others could rely on. */
	if (geteuid() != 0)
		return 0;
	store = bw_lease_open(&why);
	if (store >= 0 && bw_registry_enter(store, container->dir, hardening ? hardening->tenant : NULL, &why) == 0)
		return 0;
	if (hardening && bw_proc_in_initial_userns()) {
		*err = why;
		return -1;
	}
	bw_debug("the kill switch does not know of this container: %s", why.text);
	return 0;
}

void bw_registry_give_back(const struct bw_container *container)
{
	auto_close int store = -1;
	struct bw_err err = {0};

	if (geteuid() != 0)
		return;
	store = bw_lease_open(&err);
	if (store < 0 || bw_registry_strike(store, container->dir, &err) < 0)
		bw_debug("cleaning up: %s", err.text);
}

int bw_host_containers(struct bw_arena *arena, struct bw_host_container **ret, size_t *ret_n, struct bw_err *err)
{
	auto_close int store = bw_lease_open(err);
	struct bw_registry registry;
	struct bw_host_container *v;
	size_t n = 0;

	if (store < 0 || bw_registry_read(store, arena, &registry, err) < 0)
		return -1;
	v = bw_arena_alloc(arena, (registry.n + 1) * sizeof *v);
	if (!v)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "containers of this host");
	for (size_t i = 0; i < registry.n; i++)
		if (registry.v[i].prefix)
			v[n++] = (struct bw_host_container){registry.v[i].root, registry.v[i].id, registry.v[i].tenant};
	*ret = v;
	*ret_n = n;
	return 0;
}
