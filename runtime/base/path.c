/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - resolution beneath a descriptor (openat2(2)). The functions marked [child] in path.h run
 * after clone: no allocation, no stdio. */
#include "base/path.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"

/* With RESOLVE_IN_ROOT and ".." a concurrent rename anywhere gives EAGAIN; measured worst case is a
 * few hundred retries under attack, so a bound of 4096 ends only a real livelock. */
enum { MAX_RETRIES = 4096 };

int bw_open_in(int root, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd;

	for (int i = 0; i < MAX_RETRIES; i++) {
		fd = bw_openat2(root, *path ? path : ".", &how);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* Copies the next component of *path to name and moves *path behind it. 0: no more; -errno: too
 * long. */
static int next_component(const char **path, char *name, size_t size)
{
	const char *p = *path;
	size_t len;

	while (*p == '/')
		p++;
	for (len = 0; p[len] && p[len] != '/'; len++)
		;
	*path = p + len;
	if (len == 0)
		return 0;
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(name, p, len);
	name[len] = '\0';
	return 1;
}

/* Where a symlink (say /etc/resolv.conf -> ../run/x) leads to nothing yet, its target is to be
 * made: the walk goes on with the link's text put in front of the rest, still in root. Each symlink
 * is read once, from the descriptor of its directory. */
struct walk {
	int root, at;	     /* at: O_PATH of the directory reached; owned */
	char done[PATH_MAX]; /* the components that led there, all real directories: "/a/b" */
	char rest[PATH_MAX]; /* what is still to be walked */
	int links;
};

static void walk_end(struct walk *w)
{
	if (w->at >= 0)
		close(w->at);
	w->at = -1;
}

static int walk_begin(struct walk *w, int root, const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof w->rest)
		return -ENAMETOOLONG;
	memcpy(w->rest, path, len + 1);
	w->root = root;
	w->links = 0;
	w->done[0] = '\0';
	w->at = bw_open_in(root, ".", O_PATH | O_DIRECTORY, 0);
	return w->at < 0 ? w->at : 0;
}

static int walk_restart(struct walk *w)
{
	int fd = bw_open_in(w->root, ".", O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	walk_end(w);
	w->at = fd;
	w->done[0] = '\0';
	return 0;
}

/* Puts the symlink's text before what follows it (tail). */
static int walk_expand(struct walk *w, const char *name, const char *tail)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t len = readlinkat(w->at, name, target, sizeof target - 1);
	size_t tail_len = strlen(tail);

	if (len < 0)
		return -errno;
	if (++w->links > 40)
		return -ELOOP;
	if ((size_t)len + 1 + tail_len >= sizeof joined)
		return -ENAMETOOLONG;
	memcpy(joined, target, (size_t)len);
	joined[len] = '/';
	memcpy(joined + len + 1, tail, tail_len + 1);
	memcpy(w->rest, joined, (size_t)len + 1 + tail_len + 1);
	return target[0] == '/' ? walk_restart(w) : 0;
}

/* One directory deeper, made when missing. */
static int walk_into(struct walk *w, const char *name, mode_t mode)
{
	size_t done = strlen(w->done), len = strlen(name);
	int fd;

	if (done + 1 + len >= sizeof w->done)
		return -ENAMETOOLONG;
	if (mkdirat(w->at, name, mode) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(w->at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	walk_end(w);
	w->at = fd;
	w->done[done] = '/';
	memcpy(w->done + done + 1, name, len + 1);
	return 0;
}

/* ".." in a symlink's text. Never openat(at, ".."): the directory may have been moved out of root
 * meanwhile. The shorter path is resolved again from root, and may meet no symlink, because it met
 * none before. */
static int walk_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');
	int fd;

	if (!slash)
		return 0;
	*slash = '\0';
	fd = bw_open_in(w->root, w->done, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return fd;
	walk_end(w);
	w->at = fd;
	return 0;
}

static bool is_last(const struct walk *w)
{
	const char *p = w->rest;

	while (*p == '/')
		p++;
	return !*p;
}

static bool is_link(const struct walk *w, const char *name)
{
	struct stat st;

	return fstatat(w->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

static bool is_dots(const char *name, size_t n)
{
	return name[0] == '.' && (n == 1 || name[1] == '.') && !name[n];
}

/* Takes the next component and does what it says. 1: it was the last and stays in name; 0: go on,
 * or, with an empty name, the path has ended. */
static int walk_one(struct walk *w, char *name, size_t size, bool follow)
{
	const char *p = w->rest;
	int r = next_component(&p, name, size);

	if (r <= 0)
		return r;
	memmove(w->rest, p, strlen(p) + 1);
	if (is_dots(name, 1))
		return 0;
	if (is_dots(name, 2))
		return walk_up(w);
	if ((follow || !is_last(w)) && is_link(w, name)) {
		char tail[PATH_MAX];

		memcpy(tail, w->rest, strlen(w->rest) + 1);
		return walk_expand(w, name, tail);
	}
	return is_last(w) ? 1 : walk_into(w, name, 0755);
}

/* Walks all but the last component; leaves the last in name ("" when path is the root itself, or
 * ends in dots). follow: a symlink in the last place is walked, too. */
static int walk_to_parent(struct walk *w, char *name, size_t size, bool follow)
{
	int r;

	do {
		name[0] = '\0';
		if (is_last(w))
			return 0;
		r = walk_one(w, name, size, follow);
	} while (r == 0);
	return r < 0 ? r : 0;
}

static int open_parent(int root, const char *path, char *name, size_t size, bool follow)
{
	struct walk w;
	int r = walk_begin(&w, root, path);

	if (r < 0)
		return r;
	r = walk_to_parent(&w, name, size, follow);
	if (r == 0 && !name[0])
		r = -EINVAL;
	if (r < 0) {
		walk_end(&w);
		return r;
	}
	return w.at;
}

int bw_parent_in(int root, const char *path, char *name, size_t size)
{
	return open_parent(root, path, name, size, false);
}

int bw_mkdir_in(int root, const char *path, mode_t mode)
{
	char name[NAME_MAX + 1];
	struct walk w;
	int r = bw_open_in(root, path, O_PATH | O_DIRECTORY, 0);

	if (r >= 0 || r != -ENOENT)
		return r;
	r = walk_begin(&w, root, path);
	if (r < 0)
		return r;
	r = walk_to_parent(&w, name, sizeof name, true);
	if (r == 0 && name[0])
		r = walk_into(&w, name, mode);
	if (r < 0) {
		walk_end(&w);
		return r;
	}
	return w.at;
}

int bw_mkfile_in(int root, const char *path, mode_t mode)
{
	char name[NAME_MAX + 1];
	int parent, fd, r = bw_open_in(root, path, O_PATH, 0);

	if (r >= 0 || r != -ENOENT)
		return r;
	parent = open_parent(root, path, name, sizeof name, true);
	if (parent < 0)
		return parent;
	if (mknodat(parent, name, S_IFREG | mode, 0) < 0 && errno != EEXIST) {
		r = -errno;
		close(parent);
		return r;
	}
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : fd;
	close(parent);
	return r;
}

bool bw_path_clean(const char *path, char *buf, size_t size)
{
	size_t len = 0, n;

	if (size < 2)
		return false;
	while (*path) {
		while (*path == '/')
			path++;
		for (n = 0; path[n] && path[n] != '/'; n++)
			;
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len && buf[--len] != '/')
				;
		} else if (n && !(n == 1 && path[0] == '.')) {
			if (len + n + 2 > size)
				return false;
			buf[len++] = '/';
			memcpy(buf + len, path, n);
			len += n;
		}
		path += n;
	}
	if (len == 0)
		buf[len++] = '/';
	buf[len] = '\0';
	return true;
}

bool bw_path_beneath(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return true;
	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}
