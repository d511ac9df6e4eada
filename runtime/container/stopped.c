/* SPDX-License-Identifier: Apache-2.0 */
/* stopped.c - LOCALSTATEDIR/lib/bulwark/stopped/<tenant>, and ".all" there, which is no tenant's name. That the file is there
 * decides, not what it says. */
#include "container/stopped.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "json/schema.h"
#include "json/text.h"
#include "policy/policy.h"

#define PARENT	  BW_LOCALSTATEDIR "/lib"
#define DIRECTORY PARENT "/bulwark/stopped"
#define ALL	  ".all"

enum { FILE_MAX = 4096, PATH_ROOM = 512 };

static const struct bw_field stopped_fields[] = {
	BW_FIELD(struct bw_stopped, tenant, "tenant", .doc = "who is stopped; absent: everybody"),
	BW_FIELD(struct bw_stopped, since, "since", .doc = "when, RFC 3339 in UTC"),
	BW_FIELD(struct bw_stopped, mode, "mode", .doc = "kill or quarantine"),
	BW_FIELD(struct bw_stopped, reason, "reason", .doc = "why"),
	BW_END,
};
static const struct bw_schema stopped_schema = {
	.name = "stopped",
	.size = sizeof(struct bw_stopped),
	.unknown = BW_UNKNOWN_NOTE,
	.fields = stopped_fields,
};

static const char *name_of(const char *tenant)
{
	return tenant ? tenant : ALL;
}

/* --- reading --- */

/* What the file says, as far as it can be read: empty rather than an error, for that it is there is enough. */
static struct bw_stopped read_one(int dir, const char *name, struct bw_arena *arena)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_free char *text = NULL;
	struct bw_stopped none = {.tenant = bw_streq(name, ALL) ? NULL : bw_arena_strdup(arena, name)}, *read;
	struct bw_err ignored = {0};
	struct bw_json *tree;
	void *object;
	size_t len;

	if (fd < 0 || bw_read_fd(fd, name, FILE_MAX, &text, &len, &ignored) < 0 ||
		bw_json_parse(text, len, name, arena, &tree, &ignored) < 0 ||
		bw_schema_read(&stopped_schema, tree, BW_E_STATE, arena, &object, NULL, &ignored) < 0)
		return none;
	read = object;
	read->tenant = none.tenant;
	if (read->reason)
		bw_text_make_printable(read->reason);
	if (read->since)
		bw_text_make_printable(read->since);
	return *read;
}

static int refuse(const char *tenant, const char *name, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_close int dir = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bw_stopped stopped = read_one(dir, name, &arena);
	struct bw_buf rule;
	char who[80];

	if (bw_streq(name, ALL))
		snprintf(who, sizeof who, "every container of this host");
	else
		snprintf(who, sizeof who, "tenant \"%.63s\"", tenant);
	bw_fail(err, BW_E_DENIED, 0, "%s is stopped by the kill switch%s%.40s%s%.*s", who, stopped.since ? " since " : "",
		stopped.since ? stopped.since : "", stopped.reason ? ": " : "", BW_STOPPED_REASON_MAX,
		stopped.reason ? stopped.reason : "");
	if (err) {
		rule = bw_buf_over(err->rule, sizeof err->rule);
		bw_buf_add(&rule, "kill-switch");
	}
	return bw_hint(err, "bulwark kill-switch %s%s --lift ends that", bw_streq(name, ALL) ? "--all" : "--tenant ",
		bw_streq(name, ALL) ? "" : tenant);
}

/* Whether the file is there: 1, 0, or -1. */
static int is_there(const char *name, struct bw_err *err)
{
	char path[PATH_ROOM];
	struct stat st;

	snprintf(path, sizeof path, DIRECTORY "/%.64s", name);
	if (lstat(path, &st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	/* The containers of a caller who is not root are not in the switch's reach anyway. */
	if (errno == EACCES && geteuid() != 0)
		return 0;
	return bw_fail(err, BW_E_HOST, errno, "looking whether the kill switch has stopped it: %s", path);
}

int bw_stopped_check(const char *tenant, struct bw_err *err)
{
	int r = is_there(ALL, err);

	if (r < 0)
		return -1;
	if (r > 0)
		return refuse(tenant, ALL, err);
	r = tenant ? is_there(tenant, err) : 0;
	return r <= 0 ? r : refuse(tenant, tenant, err);
}

static int by_name(const void *a, const void *b)
{
	const struct bw_stopped *x = a, *y = b;

	return strcmp(x->tenant ? x->tenant : "", y->tenant ? y->tenant : "");
}

int bw_stopped_read(struct bw_arena *arena, struct bw_stopped_list *ret, struct bw_err *err)
{
	auto_closedir DIR *dir = opendir(DIRECTORY);
	struct dirent *entry;

	*ret = (struct bw_stopped_list){0};
	if (!dir && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!dir)
		return bw_fail(err, BW_E_HOST, errno, "reading %s", DIRECTORY);
	while ((entry = readdir(dir))) {
		struct bw_stopped *one;

		if (!bw_streq(entry->d_name, ALL) && !bw_is_plain_name(entry->d_name))
			continue;
		one = bw_push(arena, ret);
		if (!one)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "reading %s", DIRECTORY);
		*one = read_one(dirfd(dir), entry->d_name, arena);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_name);
	return 0;
}

/* --- writing --- */

static int sync_directory(const char *path, struct bw_err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? bw_fail(err, BW_E_HOST, errno, "writing %s to disk", path) : 0;
}

/* Each directory is on disk in its parent before anything is in it. Readable for all: callers who are not root look, too. */
static int make_directory(struct bw_err *err)
{
	static const struct {
		const char *path, *in;
	} steps[] = {{BW_LOCALSTATEDIR, NULL}, {PARENT, BW_LOCALSTATEDIR}, {PARENT "/bulwark", PARENT},
		{DIRECTORY, PARENT "/bulwark"}};

	for (size_t i = 0; i < BW_COUNT(steps); i++) {
		if (mkdir(steps[i].path, 0755) < 0) {
			if (errno == EEXIST)
				continue;
			return bw_fail(err, BW_E_HOST, errno, "making the directory %s", steps[i].path);
		}
		if (steps[i].in && sync_directory(steps[i].in, err) < 0)
			return -1;
	}
	return 0;
}

static int open_directory(struct bw_err *err)
{
	auto_close int dir = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0)
		return bw_fail(err, BW_E_HOST, errno, "opening %s", DIRECTORY);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return bw_fail(err, BW_E_HOST, 0, "%s must be writable for root alone, found owner %u and mode %o", DIRECTORY,
			(unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	return take_fd(&dir);
}

static char *now_text(struct bw_arena *arena)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return bw_arena_strdup(arena, text);
}

/* By another name first, and synced before it is renamed: after a crash there is the whole file, or none. */
static int put_text(int dir, const char *name, const char *text, size_t len)
{
	char temporary[NAME_MAX + 1];
	auto_close int fd = -1;
	int why;

	snprintf(temporary, sizeof temporary, "#%.64s.%d", name, (int)getpid());
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0 && bw_write_all(fd, text, len) == 0 && fsync(fd) == 0 && renameat(dir, temporary, dir, name) == 0 &&
		fsync(dir) == 0)
		return 0;
	why = errno;
	(void)unlinkat(dir, temporary, 0);
	errno = why;
	return -1;
}

static int put_name(int dir, const char *name)
{
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);

	return fd >= 0 && fsync(fd) == 0 ? fsync(dir) : -1;
}

/* A disk that is full, as those who are to be stopped may have filled it, mostly has room for a name, and that decides. */
static int put(int dir, const char *name, const char *text, size_t len, struct bw_err *err)
{
	int why;

	if (put_text(dir, name, text, len) == 0)
		return 0;
	why = errno;
	if (put_name(dir, name) < 0)
		return bw_fail(err, BW_E_HOST, why, "writing %s/%s", DIRECTORY, name);
	bw_log(BW_LOG_WARNING, "%s/%s is there, but does not say since when and why: %s", DIRECTORY, name,
		bw_errno_words(why));
	return 0;
}

int bw_stopped_write(const char *tenant, const char *reason, bool quarantine, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_close int dir = -1;
	auto_free char *text = NULL;
	struct bw_stopped stopped;
	struct bw_json_writer *w;
	char kill[] = "kill", held[] = "quarantine";
	size_t len;
	int r;

	if (make_directory(err) < 0)
		return -1;
	dir = open_directory(err);
	if (dir < 0)
		return -1;
	stopped = read_one(dir, name_of(tenant), &arena);
	if (!stopped.since)
		stopped.since = now_text(&arena);
	stopped.tenant = tenant ? bw_arena_strdup(&arena, tenant) : NULL;
	stopped.reason = reason ? bw_arena_strdup(&arena, reason) : NULL;
	stopped.mode = quarantine ? held : kill;
	if (stopped.reason)
		bw_text_make_printable(stopped.reason);
	w = bw_json_writer_new(false);
	if (!w)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "kill switch");
	bw_schema_write(&stopped_schema, &stopped, w);
	r = bw_json_writer_end(w, &text, &len, err);
	bw_json_writer_free(w);
	return r < 0 ? -1 : put(dir, name_of(tenant), text, len, err);
}

int bw_stopped_lift(const char *tenant, struct bw_err *err)
{
	auto_close int dir = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (dir >= 0 && unlinkat(dir, name_of(tenant), 0) < 0 && errno == ENOENT)
		return 0;
	if (dir < 0 || faccessat(dir, name_of(tenant), F_OK, AT_SYMLINK_NOFOLLOW) == 0 || fsync(dir) < 0)
		return bw_fail(err, BW_E_HOST, errno, "removing %s/%s", DIRECTORY, name_of(tenant));
	return 1;
}
