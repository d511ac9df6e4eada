/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - the file that the trail is written to. One write(2) for each line, under a lock, behind what is there; what a
 * full disk has let through of it is taken back. A writer that was killed leaves a torn line, which the next one closes and
 * says so. Never follows a link, and writes to nothing that others may write to. */
#include "audit/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "audit/line.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"

/* How much is looked at to find the last line: mostly the first is enough; more than the second nobody can have left. */
enum { NEAR = 4 << 10, FAR = 1 << 20 };

/* 0, or -1 and errno: a file that has become shorter meanwhile is EIO. */
static int pread_all(int fd, char *buf, size_t len, off_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, buf + done, len - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* ---- names ---- */

static int user_file(char *buf, size_t size, struct bw_err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n = -1;

	if (state && *state == '/')
		n = snprintf(buf, size, "%s/bulwark/audit.jsonl", state);
	else if (home && *home == '/')
		n = snprintf(buf, size, "%s/.local/state/bulwark/audit.jsonl", home);
	else
		return bw_fail(err, BW_E_HOST, 0,
			"audit: neither XDG_STATE_HOME nor HOME is an absolute path, so there is no place for a file");
	return n < (int)size ? 0 : bw_fail(err, BW_E_HOST, ENAMETOOLONG, "audit: %.200s", state ? state : home);
}

int bw_audit_default_file(char *buf, size_t size, struct bw_err *err)
{
	if (geteuid() != 0 || !bw_proc_in_initial_userns())
		return user_file(buf, size, err);
	snprintf(buf, size, "%s", BW_LOCALSTATEDIR "/log/bulwark/audit.jsonl");
	return 0;
}

/* ---- opening ---- */

static int beneath_no_link(const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	return bw_openat2(AT_FDCWD, path, &how);
}

/* Descriptor, or -1 and errno. The last of what is made is for nobody else. */
static int open_path(const char *path, bool make, mode_t mode)
{
	auto_close int above = -1;
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd = beneath_no_link(*path ? path : "/");

	if (fd >= 0 || errno != ENOENT || !make || !slash || slash == path - 1)
		return fd;
	snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
	above = open_path(parent, make, 0755);
	if (above < 0 || (mkdirat(above, slash + 1, mode) < 0 && errno != EEXIST))
		return -1;
	return beneath_no_link(path);
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() || bw_proc_is_root(st->st_uid);
}

int bw_audit_directory(const char *path, bool make, const char **ret_name, struct bw_err *err)
{
	auto_close int fd = -1;
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	struct stat st;

	if (path[0] != '/' || !slash[1] || strlen(path) >= sizeof directory)
		return bw_fail(err, BW_E_POLICY, 0, "audit: %.200s: must be the absolute path of a file", path);
	snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
	fd = open_path(directory, make, 0700);
	if (fd < 0 && errno == ELOOP)
		return bw_fail(err, BW_E_HOST, 0, "audit: the path of the directory %.200s has a symbolic link in it",
			directory);
	if (fd < 0)
		return bw_fail(err, errno == ENOENT ? BW_E_NOT_FOUND : BW_E_KERNEL, errno,
			"audit: open the directory %.200s", directory);
	if (make && (fstat(fd, &st) < 0 || !is_ours(&st) || (st.st_mode & 022)))
		return bw_fail(err, BW_E_HOST, 0, "audit: the directory %.200s can be written by others",
			*directory ? directory : "/");
	*ret_name = slash + 1;
	return take_fd(&fd);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0 or -errno: EWOULDBLOCK when others have it until then. */
static int lock_until(int fd, int lock, int64_t deadline)
{
	struct timespec pause = {0, 200000};

	while (flock(fd, lock | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (now_ms() >= deadline)
			return -EWOULDBLOCK;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 10000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

static bool is_still(int fd, int dir, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int bw_audit_lock(int dir, const char *name, int flags, int lock, const char *path, struct bw_err *err)
{
	int64_t deadline = now_ms() + BW_AUDIT_WAIT_MS;

	do {
		auto_close int fd = openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
		int r;

		if (fd < 0 && errno == ELOOP)
			return bw_fail(err, BW_E_HOST, 0, "audit: %.200s is a symbolic link", path);
		if (fd < 0)
			return bw_fail(
				err, errno == ENOENT ? BW_E_NOT_FOUND : BW_E_KERNEL, errno, "audit: open %.200s", path);
		r = lock_until(fd, lock, deadline);
		if (r == -EWOULDBLOCK)
			break;
		if (r < 0)
			return bw_fail(err, BW_E_KERNEL, -r, "audit: lock %.200s", path);
		/* Who rotates has the lock of the old one. */
		if (is_still(fd, dir, name))
			return take_fd(&fd);
	} while (now_ms() < deadline);
	return bw_fail(err, BW_E_HOST, 0, "audit: %.200s is locked by another process for more than %d ms", path,
		BW_AUDIT_WAIT_MS);
}

/* ---- where the chain ends ---- */

struct end {
	struct bw_audit_link link;   /* for the next line */
	uint64_t torn;		     /* bytes behind the last newline */
	char after[BW_SHA256_HEX];   /* hash of the last line that has one */
};

static size_t line_begin(const char *text, size_t end)
{
	const char *newline = end ? memrchr(text, '\n', end) : NULL;

	return newline ? (size_t)(newline - text) + 1 : 0;
}

/* text: the last bytes of the file; all: that is all of it. False when more of it is needed. */
static bool find_end(const char *text, size_t len, bool all, struct end *ret)
{
	size_t begin = line_begin(text, len), end;
	uint64_t seq;
	bool found = false;

	ret->torn = len - begin;
	snprintf(ret->after, sizeof ret->after, "%s", bw_audit_nothing);
	if (ret->torn)
		bw_audit_line_hash(text + begin, ret->torn, ret->link.previous);
	/* Of what stands there and is no line of ours the number is not known, but the hash is. */
	for (bool last = true; begin > 0 && !found; last = false) {
		end = begin - 1;
		begin = line_begin(text, end);
		if (begin == 0 && !all)
			return false;
		if (last)
			bw_audit_line_hash(text + begin, end - begin, ret->after);
		found = bw_audit_line_seq(text + begin, end - begin, &seq);
	}
	if (!ret->torn)
		memcpy(ret->link.previous, ret->after, sizeof ret->link.previous);
	ret->link.seq = found ? seq + 1 : 1;
	return found || all;
}

static int look_at_end(int fd, uint64_t size, const char *path, struct end *ret, struct bw_err *err)
{
	char near[NEAR];
	auto_free char *far = NULL;
	size_t n = size < NEAR ? (size_t)size : NEAR;

	if (pread_all(fd, near, n, (off_t)(size - n)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "audit: read %.200s", path);
	if (find_end(near, n, n == size, ret))
		return 0;
	n = size < FAR ? (size_t)size : FAR;
	far = malloc(n);
	if (!far)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "audit: read %.200s", path);
	if (pread_all(fd, far, n, (off_t)(size - n)) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "audit: read %.200s", path);
	/* What is longer has no line of ours anywhere near its end: whoever checks will say so. */
	(void)find_end(far, n, true, ret);
	return 0;
}

/* ---- writing ---- */

/* All or nothing of it at the end of a file that has size bytes. */
static int put(int fd, uint64_t size, const char *text, size_t len, bool sync, const char *path, struct bw_err *err)
{
	struct rlimit limit;
	size_t done = 0;
	int why = 0;

	/* Beyond it a write is a signal that ends us. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size + len > limit.rlim_cur)
		return bw_fail(err, BW_E_HOST, EFBIG, "audit: write %.200s", path);
	while (done < len && !why) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno != EINTR)
			why = errno;
		else if (n == 0)
			why = ENOSPC;
		else if (n > 0)
			done += (size_t)n;
	}
	if (!why && sync && fdatasync(fd) < 0)
		why = errno;
	if (!why)
		return 0;
	/* Half a line would be one that the next writer has to explain. */
	if (done && ftruncate(fd, (off_t)size) < 0)
		return bw_fail(err, BW_E_KERNEL, why, "audit: write %.200s, where half a line stays", path);
	return bw_fail(err, BW_E_KERNEL, why, "audit: write %.200s", path);
}

static void name_of(const char *name, uint64_t n, char buf[NAME_MAX + 1])
{
	if (n)
		snprintf(buf, NAME_MAX + 1, "%s.%llu", name, (unsigned long long)n);
	else
		snprintf(buf, NAME_MAX + 1, "%s", name);
}

static bool same(int dir, const char *a, const char *b)
{
	struct stat x, y;

	return fstatat(dir, a, &x, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(dir, b, &y, AT_SYMLINK_NOFOLLOW) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Makes name.1 another name of the file, after each older one has moved on. A kill on the way leaves all of them; who
 * comes next goes on. */
static int move_on(int dir, const char *name, uint64_t keep, const char *path, struct bw_err *err)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];
	uint64_t last = 1;

	name_of(name, 1, to);
	if (keep == 0 || same(dir, name, to))
		return 0;
	/* Up to the first gap: what lies behind it was moved already, or is not ours. */
	for (; last < keep; last++) {
		name_of(name, last, to);
		if (faccessat(dir, to, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			break;
	}
	for (; last > 1; last--) {
		name_of(name, last - 1, from);
		name_of(name, last, to);
		if (renameat(dir, from, dir, to) < 0 && errno != ENOENT)
			return bw_fail(err, BW_E_KERNEL, errno, "audit: rename %.200s to %s", path, to);
	}
	name_of(name, 1, to);
	if (unlinkat(dir, to, 0) < 0 && errno != ENOENT)
		return bw_fail(err, BW_E_KERNEL, errno, "audit: remove %.200s.1", path);
	return linkat(dir, name, dir, to, 0) == 0 ? 0 : bw_fail(err, BW_E_KERNEL, errno, "audit: link %.200s.1", path);
}

/* A new file with this text in the place of the one whose lock we have. At no moment there is none: who found none
 * would begin a chain of his own. */
static int rotate(int dir, const char *name, const struct bw_audit_trail *trail, const char *text, size_t len,
	const char *path, struct bw_err *err)
{
	uint64_t keep = trail->keep.set ? trail->keep.v : BW_AUDIT_KEEP;
	char next[NAME_MAX + 1];
	auto_close int fd = -1;

	if (snprintf(next, sizeof next, "%s.new", name) >= (int)sizeof next)
		return bw_fail(err, BW_E_POLICY, ENAMETOOLONG, "audit: %.200s.new", path);
	(void)unlinkat(dir, next, 0);
	fd = openat(dir, next, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "audit: create %.200s.new", path);
	if (put(fd, 0, text, len, trail->sync.v, path, err) < 0 || move_on(dir, name, keep, path, err) < 0) {
		(void)unlinkat(dir, next, 0);
		return -1;
	}
	if (renameat(dir, next, dir, name) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "audit: rename %.200s.new", path);
	return 0;
}

static int check_file(int fd, const char *path, uint64_t *ret_size, struct bw_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "audit: %.200s", path);
	if (!S_ISREG(st.st_mode))
		return bw_fail(err, BW_E_HOST, 0, "audit: %.200s is no regular file", path);
	if (!is_ours(&st) || (st.st_mode & 022))
		return bw_fail(err, BW_E_HOST, 0, "audit: %.200s can be written by others (uid %u, mode %04o)", path,
			st.st_uid, st.st_mode & 07777U);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

/* A newline for a torn line, what says so, and the record: what is to be written in one piece. */
static int build(const struct bw_audit_record *record, struct end *end, struct bw_audit_text *text,
	struct bw_audit_place *ret_place, size_t *ret_len, struct bw_err *err)
{
	struct bw_buf all = bw_buf_over(text->all, sizeof text->all), line = bw_buf_over(text->line, sizeof text->line);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (end->torn) {
		struct bw_buf torn = bw_buf_over(text->torn, sizeof text->torn);

		bw_audit_line_build_torn(&torn, &end->link, end->after, end->torn, &now);
		bw_audit_line_hash(torn.text, torn.len, end->link.previous);
		end->link.seq++;
		bw_buf_addf(&all, "\n%s\n", torn.text);
	}
	bw_audit_line_build(&line, record, &end->link, &now);
	bw_audit_line_hash(line.text, line.len, ret_place->hash);
	ret_place->seq = end->link.seq;
	bw_buf_add(&line, "\n");
	bw_buf_addn(&all, line.text, line.len);
	if (line.overflow || all.overflow)
		return bw_fail(err, BW_E_INTERNAL, 0, "audit: a line of more than %d bytes", BW_AUDIT_LINE_MAX);
	text->len = line.len;
	*ret_len = all.len;
	return 0;
}

static int append_locked(int dir, int fd, const char *name, const struct bw_audit_trail *trail,
	const struct bw_audit_record *record, struct bw_audit_text *text, struct bw_audit_place *ret_place, const char *path,
	struct bw_err *err)
{
	uint64_t size, max = trail->max_bytes.set ? trail->max_bytes.v : BW_AUDIT_MAX_BYTES;
	struct end end = {0};
	size_t len;

	if (check_file(fd, path, &size, err) < 0 || look_at_end(fd, size, path, &end, err) < 0 ||
		build(record, &end, text, ret_place, &len, err) < 0)
		return -1;
	/* A torn line is closed where it is. */
	if (size && !end.torn && size + len > max)
		return rotate(dir, name, trail, text->all, len, path, err);
	return put(fd, size, text->all, len, trail->sync.v, path, err);
}

int bw_audit_append(const struct bw_audit_trail *trail, const struct bw_audit_record *record, struct bw_audit_text *text,
	struct bw_audit_place *ret_place, struct bw_err *err)
{
	static const struct bw_audit_trail plain;
	auto_close int dir = -1, fd = -1;
	char path[PATH_MAX];
	const char *name;
	int r;

	if (!trail)
		trail = &plain;
	if (trail->file && strlen(trail->file) < sizeof path)
		snprintf(path, sizeof path, "%s", trail->file);
	else if (bw_audit_default_file(path, sizeof path, err) < 0)
		return -1;
	dir = bw_audit_directory(path, true, &name, err);
	if (dir < 0)
		return -1;
	fd = bw_audit_lock(dir, name, O_RDWR | O_APPEND | O_CREAT, LOCK_EX, path, err);
	if (fd < 0)
		return -1;
	r = append_locked(dir, fd, name, trail, record, text, ret_place, path, err);
	/* Not left to close: whoever is forked by another thread just now has the lock, too. */
	(void)flock(fd, LOCK_UN);
	return r;
}
