/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - see place.h. URIs are taken apart as Go's net/url does it: what is not quoted for it was never a URI that
 * worked. */
#include "shim/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/sys.h"

static const struct scheme {
	const char *prefix;
	enum bw_place_kind kind;
	bool is_uri; /* has a query, and is percent-encoded */
	bool by_byte;
} schemes[] = {
	{"fifo://", BW_PLACE_FIFO, false, false},
	{"file://", BW_PLACE_FILE, true, false},
	{"binary://", BW_PLACE_LOGGER, true, false},
	{"binary-v2://", BW_PLACE_LOGGER, true, true},
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* len bytes of text with %41 made A, and in a query + made a blank. NULL for what is no such text, a NUL too. */
static char *decode(const char *text, size_t len, bool is_query, struct bw_arena *arena)
{
	char *decoded = bw_arena_alloc(arena, len + 1), *out = decoded;

	for (size_t i = 0; decoded && i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			*out = text[i];
			if (is_query && *out == '+')
				*out = ' ';
			out++;
			continue;
		}
		high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
		low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return NULL;
		*out++ = (char)(high << 4 | low);
		i += 2;
	}
	return decoded;
}

static bool is_known(char *const argv[], size_t n, const char *key)
{
	for (size_t i = 1; i < n; i += 2)
		if (bw_streq(argv[i], key))
			return true;
	return false;
}

/* "k=v&k2=v2" behind argv[0]; of a key that comes twice the first value counts, one without a value has "". */
static int read_query(const char *query, size_t len, struct bw_arena *arena, char **argv)
{
	const char *end = query + len;
	size_t n = 1;

	for (const char *pair = query; pair < end;) {
		const char *next = memchr(pair, '&', (size_t)(end - pair));
		size_t size = (size_t)((next ? next : end) - pair);
		const char *equals = memchr(pair, '=', size);
		size_t key_len = equals ? (size_t)(equals - pair) : size;
		char *key = decode(pair, key_len, true, arena);
		char *value = equals ? decode(equals + 1, size - key_len - 1, true, arena) : bw_arena_strdup(arena, "");

		if (!key || !value)
			return -1;
		if (size && !is_known(argv, n, key)) {
			if (n + 2 > 2 * BW_PLACE_MAX_KEYS + 1)
				return -1;
			argv[n++] = key;
			argv[n++] = value;
		}
		pair += size + (next ? 1 : 0);
	}
	argv[n] = NULL;
	return 0;
}

static bool has_dotdot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2]))
			return true;
	return false;
}

static int read_uri(const char *text, struct bw_arena *arena, struct bw_place *place)
{
	size_t path_len = strcspn(text, "?#");
	const char *query = text[path_len] == '?' ? text + path_len + 1 : "";

	place->path = decode(text, path_len, false, arena);
	if (!place->path || place->kind != BW_PLACE_LOGGER)
		return place->path ? 0 : -1;
	place->argv = bw_arena_alloc(arena, (2 * BW_PLACE_MAX_KEYS + 2) * sizeof *place->argv);
	if (!place->argv || has_dotdot(place->path))
		return -1;
	place->argv[0] = (char *)(uintptr_t)place->path;
	return read_query(query, strcspn(query, "#"), arena, place->argv);
}

int bw_place_read(const char *uri, const char *stream, struct bw_arena *arena, struct bw_place *ret, struct bw_err *err)
{
	struct bw_place place = {.stream = stream, .kind = BW_PLACE_NONE};
	const struct scheme *scheme = NULL;
	const char *rest = NULL;

	if (!uri || !*uri) {
		*ret = place;
		return 0;
	}
	if (strlen(uri) > BW_PLACE_MAX_BYTES)
		return bw_fail(err, BW_E_USAGE, 0, "%s: a URI of more than %d bytes", stream, BW_PLACE_MAX_BYTES);
	for (size_t i = 0; i < BW_COUNT(schemes) && !rest; i++) {
		scheme = &schemes[i];
		rest = bw_after_prefix(uri, scheme->prefix);
	}
	if (!rest && *uri != '/')
		return bw_fail(err, BW_E_USAGE, 0,
			"%s: expected an absolute path of a fifo, fifo://, file://, binary:// or binary-v2://, found %.200s", stream, uri);
	place.kind = rest ? scheme->kind : BW_PLACE_FIFO;
	place.by_byte = rest && scheme->by_byte;
	place.path = rest ? rest : uri;
	if (rest && scheme->is_uri && read_uri(rest, arena, &place) < 0)
		return bw_fail(err, BW_E_USAGE, 0,
			"%s: expected an absolute path without .., percent-encoded, and at most %d keys, found %.200s", stream,
			BW_PLACE_MAX_KEYS, uri);
	if (*place.path != '/')
		return bw_fail(err, BW_E_USAGE, 0, "%s: expected an absolute path, found %.200s", stream, uri);
	*ret = place;
	return 0;
}

/* Looked at first and opened then, by the same inode: opening a device or a terminal can do something already. */
static int open_fifo(const struct bw_place *place, int flags, struct bw_err *err)
{
	auto_close int inode = open(place->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char self[32];
	struct stat st;
	int fd;

	if (inode < 0 || fstat(inode, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s: open %s", place->stream, place->path);
	if (!S_ISFIFO(st.st_mode))
		return bw_fail(err, BW_E_USAGE, 0, "%s: expected a fifo, found something else at %s", place->stream, place->path);
	snprintf(self, sizeof self, "/proc/self/fd/%d", inode);
	fd = open(self, flags | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 ? fd : bw_fail(err, BW_E_KERNEL, errno, "%s: open %s", place->stream, place->path);
}

int bw_place_open_output_fifo(const struct bw_place *place, struct bw_err *err)
{
	return open_fifo(place, O_RDWR, err);
}

/* In this order: a fifo that nobody reads cannot be opened for writing without waiting. And the same fifo twice, whatever
 * lies at the path by now. */
int bw_place_open_input_fifo(const struct bw_place *place, int *ret_keeper, struct bw_err *err)
{
	auto_close int fd = open_fifo(place, O_RDONLY, err);
	char self[32];
	int keeper;

	if (fd < 0)
		return -1;
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	keeper = open(self, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (keeper < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s: open %s for writing", place->stream, place->path);
	*ret_keeper = keeper;
	return take_fd(&fd);
}

/* The directory name in at, made when it is missing. Descriptor or -errno. */
static int enter(int at, const char *name, uint64_t resolve)
{
	const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = resolve};
	int fd = bw_openat2(at, name, &how);

	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : -errno;
	if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = bw_openat2(at, name, &how);
	return fd >= 0 ? fd : -errno;
}

/* The directory of path, and *ret_name what is behind it. From one descriptor to the next: nobody can put a link in the place
 * of a directory that was looked at. */
static int open_parent(const char *path, uint64_t resolve, const char **ret_name)
{
	auto_close int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char copy[PATH_MAX], *name = copy;
	size_t len = strlen(path);

	if (len >= sizeof copy)
		return -ENAMETOOLONG;
	memcpy(copy, path, len + 1);
	for (char *slash = strchr(name, '/'); slash; name = slash + 1, slash = strchr(name, '/')) {
		int next;

		*slash = '\0';
		if (slash == name)
			continue;
		next = enter(at, name, resolve);
		if (next < 0)
			return next;
		close(at);
		at = next;
	}
	*ret_name = path + (name - copy);
	return at >= 0 ? take_fd(&at) : -errno;
}

static bool takes_output(const struct stat *st)
{
	return S_ISREG(st->st_mode) || (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3));
}

static int refuse_kind(const struct bw_place *place, struct bw_err *err)
{
	return bw_fail(err, BW_E_USAGE, 0, "%s: expected a file, found something else at %s", place->stream, place->path);
}

/* What is there is looked at before it is opened, too: a device may do something as soon as somebody opens it. The last
 * component is no link in any case; with no_links it is the same rule by which bw_logger_check_file() has looked. */
int bw_place_open_file(const struct bw_place *place, bool no_links, struct bw_err *err)
{
	const char *name;
	auto_close int dir = open_parent(place->path, no_links ? RESOLVE_NO_SYMLINKS : 0, &name), fd = -1;
	struct stat st;

	if (dir < 0)
		return bw_fail(err, BW_E_KERNEL, -dir, "%s: the directories of %s", place->stream, place->path);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(st.st_mode) && !takes_output(&st))
		return refuse_kind(place, err);
	/* O_NONBLOCK for a fifo that has come meanwhile alone: a file is waited for. */
	fd = openat(dir, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	if (fd < 0 || fstat(fd, &st) < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "%s: open %s", place->stream, place->path);
	return takes_output(&st) ? take_fd(&fd) : refuse_kind(place, err);
}
