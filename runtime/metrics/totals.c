/* SPDX-License-Identifier: Apache-2.0 */
/* totals.c - /run/bulwark/.metrics: what the containers that have ended came to, a file for each pair of tenant and
 * profile, so that an end costs the same however many there are. Its name is a digest of the two, which stand in it;
 * the number of files is bounded, for who starts containers may be who chooses the tenants. The directory itself is
 * what is locked. */
#include "metrics/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "metrics/lines.h"
#include "metrics/rows.h"

#define STORE	"/run/bulwark"
#define PLACE	".metrics"
#define COUNTED "counted"
#define TITLE	"bulwark-totals 1"

enum {
	SET_NAME = 2 + BW_SHA256_HEX,
	LOCK_WAIT_MS = 2000,
	MAX_OTHERS = 64, /* sets beyond the limit whose tenant is "other": one for each profile of the policy */
};

const uint64_t bw_duration_bounds[BW_DURATION_BOUNDS] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000, 14400000};

#define BUCKET_ROW(n) {"bucket_" #n, offsetof(struct bw_totals, bucket[n]), 0}
static const struct bw_line_row rows[] = {
	{"tenant", offsetof(struct bw_totals, tenant), BW_LABEL_SIZE},
	{"profile", offsetof(struct bw_totals, profile), BW_LABEL_SIZE},
	BW_COUNT_ROWS(struct bw_totals),
	{"ended", offsetof(struct bw_totals, ended), 0},
	{"duration_ms", offsetof(struct bw_totals, duration_ms), 0},
	BUCKET_ROW(0),
	BUCKET_ROW(1),
	BUCKET_ROW(2),
	BUCKET_ROW(3),
	BUCKET_ROW(4),
	BUCKET_ROW(5),
	BUCKET_ROW(6),
	BUCKET_ROW(7),
	BUCKET_ROW(8),
	BUCKET_ROW(9),
	BUCKET_ROW(10),
	BUCKET_ROW(11),
	BUCKET_ROW(12),
	BUCKET_ROW(13),
	BUCKET_ROW(14),
	BUCKET_ROW(15),
	{NULL, 0, 0},
};

_Static_assert(BW_COUNT(rows) == 5 + BW_COUNT_END + BW_DURATION_BOUNDS + 1 && BW_COUNT(rows) <= BW_LINES_MAX_ROWS,
	"each number has its row");

static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t both;

	return __builtin_add_overflow(a, b, &both) ? UINT64_MAX : both;
}

void bw_counts_add(uint64_t total[BW_COUNT_END], const uint64_t more[BW_COUNT_END])
{
	for (size_t i = 0; i < BW_COUNT_END; i++)
		total[i] = sum(total[i], more[i]);
}

static size_t bucket_of(uint64_t duration_ms)
{
	size_t i = 0;

	while (i < BW_DURATION_BOUNDS && duration_ms > bw_duration_bounds[i])
		i++;
	return i;
}

/* --- one file --- */

/* The name of a set; tenant and profile have no control characters. */
static void set_name(const char *tenant, const char *profile, char ret[SET_NAME])
{
	unsigned char digest[BW_SHA256_BYTES];
	char both[2 * BW_LABEL_SIZE];
	int len = snprintf(both, sizeof both, "%s\n%s", tenant, profile);

	bw_sha256_of(both, (size_t)len, digest);
	memcpy(ret, "t-", 2);
	bw_sha256_hex(digest, ret + 2);
}

int bw_totals_parse(const char *text, size_t len, const char *name, struct bw_totals *ret, struct bw_err *err)
{
	struct bw_totals totals = {0};

	if (bw_lines_read(text, len, name, TITLE, rows, &totals, err) < 0)
		return -1;
	*ret = totals;
	return 0;
}

/* 1, 0 when there is none, or -1. */
static int load(int store, const char *name, struct bw_totals *ret, struct bw_err *err)
{
	auto_close int fd = openat(store, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = NULL;
	size_t len;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the totals %s", name);
	if (bw_read_fd(fd, name, BW_LINES_MAX_BYTES, &text, &len, err) < 0)
		return -1;
	return bw_totals_parse(text, len, name, ret, err) < 0 ? -1 : 1;
}

static int save(int store, const char *name, const struct bw_totals *totals, struct bw_err *err)
{
	char text[BW_LINES_MAX_BYTES];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	bw_lines_write(TITLE, rows, totals, &buf);
	if (buf.overflow)
		return bw_fail(err, BW_E_INTERNAL, 0, "writing the totals %s: no room", name);
	return bw_replace_at(store, name, text, buf.len, 0600, err);
}

/* --- the directory --- */

/* Another description of the same directory: its place in the list and its lock are its own. */
static int open_again(int store)
{
	return openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What a killed writer has left behind goes away meanwhile: the caller has the lock. */
static int count_sets(int store, size_t *ret, struct bw_err *err)
{
	int fd = open_again(store);
	auto_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0;

	if (!dir)
		return bw_fail(err, BW_E_KERNEL, errno, "listing the totals");
	for (const struct dirent *entry; (entry = readdir(dir));) {
		n += bw_after_prefix(entry->d_name, "t-") != NULL;
		if (bw_after_prefix(entry->d_name, ".t-"))
			(void)unlinkat(store, entry->d_name, 0);
	}
	*ret = n;
	return 0;
}

static const char *label(const char *name)
{
	if (!name)
		return "";
	return strlen(name) < BW_LABEL_SIZE && bw_line_fits(name) ? name : BW_TOTALS_OTHER;
}

/* The set of these two, or the one that it is counted with; name: of its file. One that cannot be read begins anew: its
 * numbers are lost, and those of all that end from now on need not be. */
static int find(int store, const char *tenant, const char *profile, char name[SET_NAME], struct bw_totals *ret,
	struct bw_err *err)
{
	const char *names[][2] = {{label(tenant), label(profile)}, {BW_TOTALS_OTHER, label(profile)},
		{BW_TOTALS_OTHER, BW_TOTALS_OTHER}};
	const size_t room[] = {BW_TOTALS_MAX_SETS, BW_TOTALS_MAX_SETS + MAX_OTHERS, SIZE_MAX};
	size_t n = SIZE_MAX;

	for (size_t i = 0; i < BW_COUNT(names); i++) {
		struct bw_totals totals = {0};
		struct bw_err ignored = {0};
		int r;

		set_name(names[i][0], names[i][1], name);
		r = load(store, name, &totals, &ignored);
		if (r == 0 && n == SIZE_MAX && count_sets(store, &n, err) < 0)
			return -1;
		if (r == 0 && n >= room[i])
			continue;
		if (r < 0)
			memset(&totals, 0, sizeof totals);
		snprintf(totals.tenant, sizeof totals.tenant, "%s", names[i][0]);
		snprintf(totals.profile, sizeof totals.profile, "%s", names[i][1]);
		*ret = totals;
		return 0;
	}
	return bw_fail(err, BW_E_INTERNAL, 0, "totals: no set is left");
}

/* --- */

int bw_totals_open(bool make, struct bw_err *err)
{
	auto_close int dir = -1;
	struct stat st;

	if (make && ((mkdir(STORE, 0700) < 0 && errno != EEXIST) || (mkdir(STORE "/" PLACE, 0700) < 0 && errno != EEXIST)))
		return bw_fail(err, BW_E_KERNEL, errno, "making the directory %s", STORE "/" PLACE);
	dir = open(STORE "/" PLACE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0)
		return bw_fail(err, errno == ENOENT ? BW_E_NOT_FOUND : BW_E_KERNEL, errno, "opening %s", STORE "/" PLACE);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return bw_fail(err, BW_E_HOST, 0,
			"%s must be writable for its owner alone, who must be the caller; found owner %u and mode %o",
			STORE "/" PLACE, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	return take_fd(&dir);
}

int bw_totals_lock(int store, struct bw_err *err)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int waited_ms = 0; TEMP_FAILURE_RETRY(flock(store, LOCK_EX | LOCK_NB)) < 0; waited_ms += 2) {
		if (errno != EWOULDBLOCK)
			return bw_fail(err, BW_E_KERNEL, errno, "locking the totals");
		if (waited_ms >= LOCK_WAIT_MS)
			return bw_fail(err, BW_E_HOST, 0, "the totals have been locked by somebody else for %d ms",
				LOCK_WAIT_MS);
		nanosleep(&pause, NULL);
	}
	return 0;
}

bool bw_totals_has(int dir)
{
	struct stat st;

	return fstatat(dir, COUNTED, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* 1: it is ours to count; 0: it has been counted; -1. The mark comes before the sum: a kill in between loses one container's
 * numbers, the other order would count them twice. */
static int claim(int dir, struct bw_err *err)
{
	auto_close int fd = -1;

	if (dir < 0)
		return 1;
	fd = openat(dir, COUNTED, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EEXIST || errno == ENOENT))
		return 0;
	return fd < 0 ? bw_fail(err, BW_E_KERNEL, errno, "creating %s", COUNTED) : 1;
}

int bw_totals_add_at(int store, int dir, const char *tenant, const char *profile, const struct bw_measures *last,
	struct bw_err *err)
{
	auto_close int locked = open_again(store);
	struct bw_totals totals;
	char name[SET_NAME];
	int r;

	if (locked < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the totals");
	if (bw_totals_lock(locked, err) < 0 || find(store, tenant, profile, name, &totals, err) < 0)
		return -1;
	r = claim(dir, err);
	if (r <= 0)
		return r;
	bw_counts_add(totals.count, last->count);
	if (last->started_unix_ms) {
		totals.ended = sum(totals.ended, 1);
		totals.duration_ms = sum(totals.duration_ms, last->duration_ms);
		totals.bucket[bucket_of(last->duration_ms)]++;
	}
	return save(store, name, &totals, err);
}

int bw_totals_add(int dir, const char *tenant, const char *profile, const struct bw_measures *last, struct bw_err *err)
{
	auto_close int store = bw_totals_open(true, err);

	return store < 0 ? -1 : bw_totals_add_at(store, dir, tenant, profile, last, err);
}

int bw_totals_count_at(
	int store, const char *tenant, const char *profile, enum bw_count which, uint64_t more, struct bw_err *err)
{
	auto_close int locked = open_again(store);
	struct bw_totals totals;
	char name[SET_NAME];

	if (locked < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening the totals");
	if (bw_totals_lock(locked, err) < 0 || find(store, tenant, profile, name, &totals, err) < 0)
		return -1;
	totals.count[which] = sum(totals.count[which], more);
	return save(store, name, &totals, err);
}

int bw_totals_count(const char *tenant, const char *profile, enum bw_count which, uint64_t more, struct bw_err *err)
{
	auto_close int store = bw_totals_open(true, err);

	return store < 0 ? -1 : bw_totals_count_at(store, tenant, profile, which, more, err);
}

/* --- all of them --- */

static int by_labels(const void *a, const void *b)
{
	const struct bw_totals *x = a, *y = b;
	int r = strcmp(x->tenant, y->tenant);

	return r ? r : strcmp(x->profile, y->profile);
}

/* Whether the file of that name is the one in which those totals belong. */
static bool is_at_home(const struct bw_totals *totals, const char *name)
{
	char home[SET_NAME];

	set_name(totals->tenant, totals->profile, home);
	return bw_streq(home, name);
}

int bw_totals_read(int store, struct bw_totals **ret, size_t *ret_n, size_t *ret_bad, struct bw_err *err)
{
	enum { MOST = BW_TOTALS_MAX_SETS + MAX_OTHERS + 1 };
	int fd = open_again(store);
	auto_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	auto_free struct bw_totals *all = NULL;
	size_t n = 0, room = 0, bad = 0;

	if (!dir)
		return bw_fail(err, BW_E_KERNEL, errno, "listing the totals");
	for (const struct dirent *entry; n < MOST && (entry = readdir(dir));) {
		struct bw_err ignored = {0};

		if (!bw_after_prefix(entry->d_name, "t-"))
			continue;
		if (n == room) {
			struct bw_totals *more = reallocarray(all, room + 64, sizeof *all);

			if (!more)
				return bw_fail(err, BW_E_MEMORY, ENOMEM, "totals");
			all = more;
			room += 64;
		}
		if (load(store, entry->d_name, &all[n], &ignored) == 1 && is_at_home(&all[n], entry->d_name))
			n++;
		else
			bad++;
	}
	if (n > 1)
		qsort(all, n, sizeof *all, by_labels);
	*ret = take_ptr(&all);
	*ret_n = n;
	*ret_bad = bad;
	return 0;
}
