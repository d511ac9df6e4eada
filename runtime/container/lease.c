/* SPDX-License-Identifier: Apache-2.0 */
/* lease.c - <store>/.leases/<kind>/<number>: the key in the first line, and in each further one a container, as "mount
 * namespace, blank, name". Two kinds of links lead there without a search, k-<hash of the key> and c-<hash of the
 * container>; a link counts only when the file says the same. A new file's links are made before it and
 * those of a removed one go after it, so what a kill leaves is a link that does not count, or a lease whose container
 * is gone, which the next search takes over. The kind's directory is locked meanwhile. */
#include "container/lease.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "base/str.h"

#define STORE "/run/bulwark"

/* A file of so many bytes has room for some ten thousand containers of one key. */
enum { MAX_BYTES = 1 << 20 };

struct store {
	int dir; /* of the kind; locked */
	const char *kind;
	uint64_t namespace; /* of our mounts: paths of others may lead elsewhere */
};

#define auto_store __attribute__((cleanup(store_close)))

static void store_close(const struct store *store)
{
	bw_close_p(&store->dir);
}

/* make: also when there is none. 1, 0 when there is none, or -1. */
static int store_open(int root, const char *kind, bool make, struct store *ret, struct bw_err *err)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, ".leases/%s", kind);
	if (make && mkdirat(root, path, 0700) < 0 && errno == ENOENT) {
		if ((mkdirat(root, ".leases", 0700) < 0 && errno != EEXIST) ||
			(mkdirat(root, path, 0700) < 0 && errno != EEXIST))
			return bw_fail(err, BW_E_KERNEL, errno, "making the leases of kind %s", kind);
	}
	ret->kind = kind;
	ret->dir = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->dir < 0 && errno == ENOENT && !make)
		return 0;
	if (ret->dir < 0 || TEMP_FAILURE_RETRY(flock(ret->dir, LOCK_EX)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the leases of kind %s", kind);
	ret->namespace = stat("/proc/self/ns/mnt", &st) < 0 ? 0 : st.st_ino;
	return 1;
}

/* --- links --- */

enum { LINK_NAME = 2 + BW_SHA256_HEX };

static void link_name(char letter, const char *of, size_t len, char ret[LINK_NAME])
{
	unsigned char digest[BW_SHA256_BYTES];

	bw_sha256_of(of, len, digest);
	ret[0] = letter;
	ret[1] = '-';
	bw_sha256_hex(digest, ret + 2);
}

/* The number that a link names. */
static bool follow(const struct store *store, const char *link, uint32_t *ret)
{
	char text[16];
	ssize_t len = readlinkat(store->dir, link, text, sizeof text - 1);
	uint64_t n;

	if (len <= 0)
		return false;
	text[len] = '\0';
	if (bw_parse_u64(text, UINT32_MAX, &n) < 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static int lead(const struct store *store, char letter, const char *of, uint32_t n, struct bw_err *err)
{
	char link[LINK_NAME], text[16];

	link_name(letter, of, strlen(of), link);
	snprintf(text, sizeof text, "%u", (unsigned)n);
	if ((unlinkat(store->dir, link, 0) < 0 && errno != ENOENT) || symlinkat(text, store->dir, link) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "lease of kind %s: making a link", store->kind);
	return 0;
}

/* Removes the link that leads to n, if it does. */
static void mislead(const struct store *store, char letter, const char *of, size_t len, uint32_t n)
{
	char link[LINK_NAME];
	uint32_t there;

	link_name(letter, of, len, link);
	if (follow(store, link, &there) && there == n)
		(void)unlinkat(store->dir, link, 0);
}

/* --- files --- */

/* The text of number n, malloc'd: 1, 0 when nobody has it, or -1. */
static int load(const struct store *store, uint32_t n, char **ret, struct bw_err *err)
{
	auto_close int fd = -1;
	char name[16];

	snprintf(name, sizeof name, "%u", (unsigned)n);
	fd = openat(store->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "lease of kind %s: opening number %s", store->kind, name);
	return bw_read_fd(fd, name, MAX_BYTES, ret, NULL, err) < 0 ? -1 : 1;
}

/* The line at *at, without its end, and goes on to the next one; NULL behind the last. */
static const char *next_line(const char **at, size_t *ret_len)
{
	const char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*ret_len = (size_t)(end - line);
	*at = end + 1;
	return line;
}

static bool has_key(const char *text, const char *key)
{
	size_t len;
	const char *line = next_line(&text, &len);

	return line && len == strlen(key) && memcmp(line, key, len) == 0;
}

/* A container as its line has it. */
struct holder {
	uint64_t namespace;
	const char *name;
	size_t len;
};

static bool next_holder(const char **at, struct holder *ret)
{
	size_t len, digits;
	const char *line = next_line(at, &len);

	if (!line)
		return false;
	digits = strcspn(line, " \n");
	ret->namespace = strtoull(line, NULL, 10);
	ret->name = digits < len ? line + digits + 1 : line + len;
	ret->len = (size_t)(line + len - ret->name);
	return true;
}

static bool is_called(const struct holder *holder, const char *container)
{
	return holder->len == strlen(container) && memcmp(holder->name, container, holder->len) == 0;
}

/* What a container's name begins with. */
static void put_inode(const struct stat *st, char *buf, size_t size)
{
	snprintf(buf, size, "%llu:%llu ", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
}

/* Its path leads nowhere, or to another directory by now. That a path of another mount namespace leads nowhere in ours
 * says nothing. */
static bool is_gone(const struct store *store, const struct holder *holder)
{
	char name[BW_LEASE_NAME + 1], inode[64];
	struct stat st;

	if (holder->namespace != store->namespace || holder->len >= BW_LEASE_NAME)
		return false;
	memcpy(name, holder->name, holder->len);
	name[holder->len] = name[holder->len + 1] = '\0';
	if (lstat(name + strcspn(name, " ") + 1, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	put_inode(&st, inode, sizeof inode);
	return !bw_after_prefix(name, inode);
}

/* text: as load() gives it. */
static bool has_holder(const char *text, const char *container)
{
	struct holder holder;
	size_t len;

	if (!next_line(&text, &len))
		return false;
	while (next_holder(&text, &holder))
		if (is_called(&holder, container))
			return true;
	return false;
}

static bool are_all_gone(const struct store *store, const char *text)
{
	struct holder holder;
	size_t len;

	if (!next_line(&text, &len))
		return true;
	while (next_holder(&text, &holder))
		if (!is_gone(store, &holder))
			return false;
	return true;
}

/* The containers in text that are there and not called without, as lines at the end of buf. */
static size_t keep_others(const struct store *store, const char *text, const char *without, struct bw_buf *buf)
{
	struct holder holder;
	size_t len, kept = 0;

	if (!next_line(&text, &len))
		return 0;
	for (const char *line = text; next_holder(&text, &holder); line = text) {
		if (is_called(&holder, without) || is_gone(store, &holder))
			continue;
		bw_buf_addn(buf, line, (size_t)(text - line));
		kept++;
	}
	return kept;
}

/* The links of the containers in text that are gone, and of the one called without. */
static void forget_links(const struct store *store, const char *text, uint32_t n, const char *without)
{
	struct holder holder;
	size_t len;

	if (!next_line(&text, &len))
		return;
	while (next_holder(&text, &holder))
		if (is_called(&holder, without) || is_gone(store, &holder))
			mislead(store, 'c', holder.name, holder.len, n);
}

static int save(const struct store *store, uint32_t n, const struct bw_buf *buf, struct bw_err *err)
{
	char name[16];

	snprintf(name, sizeof name, "%u", (unsigned)n);
	if (buf->overflow || buf->len > MAX_BYTES)
		return bw_fail(err, BW_E_HOST, 0, "lease of kind %s: number %s has no room for another container",
			store->kind, name);
	return bw_replace_at(store->dir, name, buf->text, buf->len, 0600, err);
}

/* Number n is key's, and container is among those that hold it; text: what it says by now, or NULL. */
static int hold(const struct store *store, uint32_t n, const char *text, const char *key, const char *container,
	struct bw_err *err)
{
	size_t size = (text ? strlen(text) : 0) + strlen(key) + strlen(container) + 64, len = 0;
	auto_free char *room = malloc(size);
	bool same = text && has_key(text, key);
	const char *rest = text;
	struct bw_buf buf;

	if (!room)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "leases");
	buf = bw_buf_over(room, size);
	bw_buf_addf(&buf, "%s\n", key);
	if (same)
		keep_others(store, text, container, &buf);
	bw_buf_addf(&buf, "%llu %s\n", (unsigned long long)store->namespace, container);
	if (text)
		forget_links(store, text, n, "");
	if (text && !same && next_line(&rest, &len))
		mislead(store, 'k', text, len, n);
	if ((!same && lead(store, 'k', key, n, err) < 0) || lead(store, 'c', container, n, err) < 0)
		return -1;
	return save(store, n, &buf, err);
}

/* container holds number n no longer; text: what it says by now. */
static int drop(const struct store *store, uint32_t n, const char *text, const char *container, struct bw_err *err)
{
	size_t size = strlen(text) + 1, len = 0;
	auto_free char *room = malloc(size);
	const char *rest = text;
	char name[16];
	struct bw_buf buf;

	if (!room)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "leases");
	buf = bw_buf_over(room, size);
	if (next_line(&rest, &len))
		bw_buf_addn(&buf, text, len + 1);
	if (keep_others(store, text, container, &buf) > 0) {
		if (save(store, n, &buf, err) < 0)
			return -1;
	} else {
		snprintf(name, sizeof name, "%u", (unsigned)n);
		if (unlinkat(store->dir, name, 0) < 0 && errno != ENOENT)
			return bw_fail(err, BW_E_KERNEL, errno, "lease of kind %s: removing number %s", store->kind, name);
		mislead(store, 'k', text, len, n);
	}
	forget_links(store, text, n, container);
	return 0;
}

/* --- who has what --- */

/* The number that a link of this letter leads to, and its text (malloc'd), where that says the same: 1, 0 or -1. */
static int find(const struct store *store, char letter, const char *of, uint32_t *ret_n, char **ret, struct bw_err *err)
{
	bool (*says)(const char *text, const char *of) = letter == 'k' ? has_key : has_holder;
	auto_free char *text = NULL;
	char link[LINK_NAME];
	int r;

	link_name(letter, of, strlen(of), link);
	if (!follow(store, link, ret_n))
		return 0;
	r = load(store, *ret_n, &text, err);
	if (r <= 0 || !says(text, of))
		return r < 0 ? -1 : 0;
	*ret = take_ptr(&text);
	return 1;
}

/* A number that nobody has; *ret: what is left of who had it, or NULL. */
static int search(const struct store *store, uint32_t first, uint32_t count, uint32_t start, uint32_t *ret_n, char **ret,
	struct bw_err *err)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = first + (uint32_t)(((uint64_t)start + i) % count);
		auto_free char *text = NULL;
		int r = load(store, n, &text, err);

		if (r < 0)
			return -1;
		if (r > 0 && !are_all_gone(store, text))
			continue;
		*ret_n = n;
		*ret = take_ptr(&text);
		return 0;
	}
	return bw_fail(err, BW_E_HOST, 0, "all %u numbers of kind %s from %u on are held by containers", (unsigned)count,
		store->kind, (unsigned)first);
}

/* What container has of key's. Whatever else it holds is of one that had its name: 1, 0 or -1. */
static int has_already(const struct store *store, const char *key, const char *container, uint32_t first, uint32_t count,
	uint32_t *ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	uint32_t n = 0;
	int r = find(store, 'c', container, &n, &text, err);

	if (r <= 0)
		return r;
	if (!has_key(text, key) || n < first || n - first >= count)
		return drop(store, n, text, container, err);
	*ret = n;
	return 1;
}

/* They are lines of a file. */
static int check_line(const char *text, struct bw_err *err)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			return bw_fail(err, BW_E_USAGE, 0, "a lease needs names without control characters");
	return *text ? 0 : bw_fail(err, BW_E_INTERNAL, 0, "a lease without a name");
}

/* --- */

int bw_lease_open(struct bw_err *err)
{
	auto_close int dir = -1;
	struct stat st;

	if (mkdir(STORE, 0700) < 0 && errno != EEXIST)
		return bw_fail(err, BW_E_KERNEL, errno, "making the directory %s", STORE);
	dir = open(STORE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening %s", STORE);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return bw_fail(err, BW_E_HOST, 0, "%s must be writable for root alone, found owner %u and mode %o", STORE,
			(unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	return take_fd(&dir);
}

int bw_lease_name(int dir, char ret[BW_LEASE_NAME], struct bw_err *err)
{
	char link[64];
	struct stat st;
	ssize_t n;
	size_t len;

	if (fstat(dir, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "examining the container's directory");
	put_inode(&st, ret, BW_LEASE_NAME);
	len = strlen(ret);
	snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
	n = readlink(link, ret + len, BW_LEASE_NAME - len - 1);
	if (n < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "reading %s", link);
	ret[len + (size_t)n] = '\0';
	return 0;
}

int bw_lease_take_from(int root, const char *kind, const char *key, const char *container, uint32_t first, uint32_t count,
	uint32_t start, uint32_t *ret, struct bw_err *err)
{
	auto_store struct store store = {.dir = -1};
	auto_free char *text = NULL;
	uint32_t n = 0;
	int r;

	if (check_line(key, err) < 0 || check_line(container, err) < 0 || store_open(root, kind, true, &store, err) < 0)
		return -1;
	r = has_already(&store, key, container, first, count, ret, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	r = find(&store, 'k', key, &n, &text, err);
	if (r < 0)
		return -1;
	if (r == 0 || n < first || n - first >= count) {
		free(take_ptr(&text));
		if (search(&store, first, count, start, &n, &text, err) < 0)
			return -1;
	}
	if (hold(&store, n, text, key, container, err) < 0)
		return -1;
	*ret = n;
	return 0;
}

int bw_lease_take(int root, const char *kind, const char *key, const char *container, uint32_t count, uint32_t start,
	uint32_t *ret, struct bw_err *err)
{
	return bw_lease_take_from(root, kind, key, container, 0, count, start, ret, err);
}

int bw_lease_release(int root, const char *kind, const char *container, struct bw_err *err)
{
	auto_store struct store store = {.dir = -1};
	auto_free char *text = NULL;
	uint32_t n = 0;
	int r = store_open(root, kind, false, &store, err);

	if (r <= 0)
		return r;
	r = find(&store, 'c', container, &n, &text, err);
	return r <= 0 ? r : drop(&store, n, text, container, err);
}
