/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - the lines of a trail, as they were at one moment: who writes meanwhile neither waits for us nor disturbs us. */
#include "audit/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "audit/line.h"
#include "base/auto.h"

static const struct bw_field entry_fields[] = {
	BW_FIELD(struct bw_audit_entry, seq, "seq", .flags = BW_REQUIRED, .min = 1, .max = INT64_MAX, .doc = "counts from 1"),
	BW_FIELD(struct bw_audit_entry, time, "time", .flags = BW_REQUIRED, .doc = "RFC 3339, in UTC"),
	BW_FIELD(struct bw_audit_entry, event, "event", .flags = BW_REQUIRED, .doc = "what has happened"),
	BW_FIELD(struct bw_audit_entry, id, "id", .doc = "the container"),
	BW_FIELD(struct bw_audit_entry, tenant, "tenant", .doc = "whose it is"),
	BW_FIELD(struct bw_audit_entry, session, "session", .doc = "and for which session"),
	BW_FIELD(struct bw_audit_entry, profile, "profile", .doc = "the profile that decided"),
	BW_FIELD(struct bw_audit_entry, rule, "rule", .doc = "the rule that refused"),
	BW_FIELD(struct bw_audit_entry, policy, "policy", .doc = "SHA-256 of the policy file"),
	BW_FIELD(struct bw_audit_entry, reason, "reason", .doc = "a sentence"),
	BW_FIELD(struct bw_audit_entry, more, "more", .doc = "what belongs to this kind of event"),
	BW_FIELD(struct bw_audit_entry, previous, "previous", .flags = BW_REQUIRED, .doc = "SHA-256 of the line before"),
	BW_END,
};

const struct bw_schema bw_audit_entry_schema = {
	.name = "auditEntry",
	.size = sizeof(struct bw_audit_entry),
	.unknown = BW_UNKNOWN_NOTE,
	.fields = entry_fields,
};

int bw_audit_parse(const char *text, size_t len, struct bw_arena *arena, struct bw_audit_entry **ret, struct bw_err *err)
{
	struct bw_json *tree;
	void *entry;
	uint64_t seq;

	if (len >= BW_AUDIT_LINE_MAX)
		return bw_fail(err, BW_E_STATE, 0, "a line of %zu bytes", len);
	if (bw_json_parse(text, len, "line", arena, &tree, err) < 0 ||
		bw_schema_read(&bw_audit_entry_schema, tree, BW_E_STATE, arena, &entry, NULL, err) < 0)
		return -1;
	*ret = entry;
	/* What a writer would not know again is not ours, whatever a reader of JSON makes of it. */
	if (!bw_audit_line_seq(text, len, &seq) || seq != (*ret)->seq.v || strlen((*ret)->previous) != BW_SHA256_HEX - 1)
		return bw_fail(err, BW_E_STATE, 0, "it does not begin with seq and end with previous");
	return 0;
}

/* ---- files ---- */

void bw_audit_files_close(struct bw_audit_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		close(files->v[i].fd);
	free(files->v);
	*files = (struct bw_audit_files)BW_AUDIT_FILES_INIT;
}

/* Takes the descriptor over. */
static int keep(struct bw_audit_files *files, const char *path, int fd, struct bw_err *err)
{
	auto_close int ours = fd;
	struct bw_audit_file *all;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return bw_fail(err, BW_E_STATE, 0, "%.200s is no regular file", path);
	all = reallocarray(files->v, files->n + 1, sizeof *all);
	if (!all)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "%.200s", path);
	files->v = all;
	all[files->n] = (struct bw_audit_file){.fd = take_fd(&ours), .bytes = (uint64_t)st.st_size};
	snprintf(all[files->n].path, sizeof all->path, "%s", path);
	files->n++;
	return 0;
}

static bool is_the_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* newest: a rotation that was cut short has left two names for it. */
static int keep_older(
	struct bw_audit_files *files, int dir, const char *path, const char *name, int newest, struct bw_err *err)
{
	for (unsigned n = BW_AUDIT_KEEP_MAX; n > 0; n--) {
		char older[NAME_MAX + 1], whole[PATH_MAX];
		auto_close int fd = -1;

		if (snprintf(older, sizeof older, "%s.%u", name, n) >= (int)sizeof older)
			continue;
		fd = openat(dir, older, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		snprintf(whole, sizeof whole, "%s.%u", path, n);
		if (fd < 0 && errno != ENOENT)
			return bw_fail(err, BW_E_KERNEL, errno, "open %.200s", whole);
		if (fd >= 0 && !(newest >= 0 && is_the_same(fd, newest)) && keep(files, whole, take_fd(&fd), err) < 0)
			return -1;
	}
	return 0;
}

int bw_audit_files_open(const char *path, struct bw_audit_files *ret, struct bw_err *err)
{
	auto_close int dir = -1, fd = -1;
	struct bw_err why = {0};
	const char *name;
	int r;

	dir = bw_audit_directory(path, false, &name, err);
	if (dir < 0)
		return -1;
	fd = bw_audit_lock(dir, name, O_RDONLY, LOCK_SH, path, &why);
	if (fd < 0 && why.code != BW_E_NOT_FOUND) {
		*err = why;
		return -1;
	}
	r = keep_older(ret, dir, path, name, fd, err);
	if (r == 0 && fd >= 0) {
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

		r = copy < 0 ? bw_fail(err, BW_E_KERNEL, errno, "open %.200s", path) : keep(ret, path, copy, err);
		(void)flock(fd, LOCK_UN);
	}
	if (r == 0 && ret->n == 0)
		*err = why;
	return r < 0 || ret->n == 0 ? -1 : 0;
}

int bw_audit_files_add(struct bw_audit_files *files, const char *path, struct bw_err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return bw_fail(err, errno == ENOENT ? BW_E_NOT_FOUND : BW_E_KERNEL, errno, "open %.200s", path);
	/* A moment without a writer, so that no line is half there; of a copy nobody is one. */
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		(void)flock(fd, LOCK_UN);
	return keep(files, path, fd, err);
}

/* ---- lines ---- */

struct reading {
	const struct bw_audit_file *file;
	char *text; /* BW_AUDIT_READ_MAX bytes */
	size_t len;
	uint64_t number;
	bw_audit_line_fn *seen;
	void *ctx;
};

static int hand_over(struct reading *r, bool whole, struct bw_err *err)
{
	const struct bw_audit_line line = {
		.file = r->file->path, .number = ++r->number, .text = r->text, .len = r->len, .whole = whole};

	r->len = 0;
	return r->seen(&line, r->ctx, err);
}

static int take_bytes(struct reading *r, const char *bytes, size_t n, struct bw_err *err)
{
	while (n) {
		const char *newline = memchr(bytes, '\n', n);
		size_t part = newline ? (size_t)(newline - bytes) : n, room = BW_AUDIT_READ_MAX - r->len;
		int ended;

		memcpy(r->text + r->len, bytes, part < room ? part : room);
		r->len += part < room ? part : room;
		if (!newline)
			return 0;
		ended = hand_over(r, true, err);
		if (ended)
			return ended;
		bytes += part + 1;
		n -= part + 1;
	}
	return 0;
}

static int read_file(struct reading *r, struct bw_err *err)
{
	char bytes[8 << 10];
	uint64_t at = 0;
	int ended = 0;

	while (!ended && at < r->file->bytes) {
		uint64_t left = r->file->bytes - at;
		ssize_t n = pread(r->file->fd, bytes, left < sizeof bytes ? (size_t)left : sizeof bytes, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bw_fail(err, BW_E_KERNEL, errno, "read %.200s", r->file->path);
		if (n == 0)
			break;
		ended = take_bytes(r, bytes, (size_t)n, err);
		at += (uint64_t)n;
	}
	return ended || !r->len ? ended : hand_over(r, false, err);
}

int bw_audit_each(const struct bw_audit_files *files, bw_audit_line_fn *seen, void *ctx, struct bw_err *err)
{
	auto_free char *text = malloc(BW_AUDIT_READ_MAX);

	if (!text)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "audit");
	for (size_t i = 0; i < files->n; i++) {
		struct reading reading = {.file = &files->v[i], .text = text, .seen = seen, .ctx = ctx};
		int r = read_file(&reading, err);

		if (r)
			return r < 0 ? -1 : 0;
	}
	return 0;
}
