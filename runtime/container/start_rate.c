/* SPDX-License-Identifier: Apache-2.0 */
/* start_rate.c - <store>/.tenants/<bucket>/starts: how full the bucket was, in 60000ths of a token, and when, as two numbers
 * of sixteen hexadecimal digits; one write of a fixed length, so that a kill leaves the old ones or the new. Locked while
 * it is looked at and changed. */
#include "container/start_rate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sha256.h"
#include "base/str.h"
#include "container/lease.h"
#include "container/state.h"

enum { HOUR_MS = 3600000, MINUTE_MS = 60000, DIGITS = 16, LINE = 2 * DIGITS + 2, BUCKET_NAME = 80 };

struct bucket {
	uint64_t level, at_ms;
};

static int open_bucket(int store, const char *name)
{
	char path[BUCKET_NAME + 32];
	int fd;

	snprintf(path, sizeof path, ".tenants/%s/starts", name);
	fd = openat(store, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	(void)!mkdirat(store, ".tenants", 0700);
	snprintf(path, sizeof path, ".tenants/%s", name);
	(void)!mkdirat(store, path, 0700);
	snprintf(path, sizeof path, ".tenants/%s/starts", name);
	return openat(store, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Locked, and not one that a sweep has removed while we waited. */
static int lock_bucket(int store, const char *name)
{
	for (int tries = 0;;) {
		auto_close int fd = open_bucket(store, name);
		struct stat st;

		if (fd < 0 && errno == ENOENT && tries++ < 100)
			continue;
		if (fd < 0 || TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)) < 0 || fstat(fd, &st) < 0)
			return -1;
		if (st.st_nlink > 0)
			return take_fd(&fd);
	}
}

/* One that nobody has used, or whose file says nothing, is full. */
static struct bucket load(int fd, uint64_t full, uint64_t now_ms)
{
	struct bucket bucket = {.level = full, .at_ms = now_ms};
	uint64_t level, at_ms;
	char text[LINE + 1] = "", *end;

	if (pread(fd, text, LINE, 0) != LINE)
		return bucket;
	level = strtoull(text, &end, 16);
	if (end != text + DIGITS || *end != ' ')
		return bucket;
	at_ms = strtoull(text + DIGITS + 1, &end, 16);
	if (end != text + LINE - 1 || *end != '\n')
		return bucket;
	/* The clock begins anew with the host; a store that outlived that would be full. */
	if (at_ms > now_ms)
		return bucket;
	bucket.level = level;
	bucket.at_ms = at_ms;
	return bucket;
}

static bool fill(struct bucket *bucket, uint64_t per_minute, uint64_t full, uint64_t now_ms)
{
	uint64_t gained, level;

	if (__builtin_mul_overflow(now_ms - bucket->at_ms, per_minute, &gained) ||
		__builtin_add_overflow(bucket->level, gained, &level) || level > full)
		level = full;
	bucket->level = level;
	bucket->at_ms = now_ms;
	return level >= MINUTE_MS;
}

int bw_start_rate_take(int store, const char *name, uint64_t per_minute, uint64_t now_ms, uint64_t *ret_wait_ms,
	struct bw_err *err)
{
	auto_close int fd = lock_bucket(store, name);
	uint64_t full = per_minute * MINUTE_MS;
	struct bucket bucket;
	char text[LINE + 1];

	if (fd < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "counting the starts of %s", name);
	bucket = load(fd, full, now_ms);
	if (!fill(&bucket, per_minute, full, now_ms)) {
		*ret_wait_ms = (MINUTE_MS - bucket.level + per_minute - 1) / per_minute;
		return 1;
	}
	bucket.level -= MINUTE_MS;
	snprintf(text, sizeof text, "%016" PRIx64 " %016" PRIx64 "\n", bucket.level, bucket.at_ms);
	if (pwrite(fd, text, LINE, 0) != LINE)
		return bw_fail(err, BW_E_KERNEL, errno, "counting the starts of %s", name);
	return 0;
}

static void sweep_one(int tenants, const char *name, uint64_t now_ms)
{
	char path[NAME_MAX + 16];
	auto_close int fd = -1;
	struct bucket bucket;

	snprintf(path, sizeof path, "%s/starts", name);
	fd = openat(tenants, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)) == 0) {
		bucket = load(fd, 0, now_ms);
		if (now_ms - bucket.at_ms < HOUR_MS)
			return;
		(void)unlinkat(tenants, path, 0);
	}
	/* Not one in which somebody keeps other things. */
	(void)unlinkat(tenants, name, AT_REMOVEDIR);
}

int bw_start_rate_sweep(int store, uint64_t now_ms, struct bw_err *err)
{
	auto_closedir DIR *stream = NULL;
	int fd = openat(store, ".tenants", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;

	if (fd < 0 && errno == ENOENT)
		return 0;
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return bw_fail(err, BW_E_KERNEL, errno, "reading the counts of starts");
	while ((entry = readdir(stream)))
		if (!bw_streq(entry->d_name, ".") && !bw_streq(entry->d_name, ".."))
			sweep_one(dirfd(stream), entry->d_name, now_ms);
	return 0;
}

/* Without a tenant those of one profile and state root are counted together; no tenant is called like that. */
static int name_bucket(const struct bw_context *ctx, const struct bw_spec_hardening *hardening, char ret[BUCKET_NAME])
{
	unsigned char digest[BW_SHA256_BYTES];
	char hex[BW_SHA256_HEX];
	struct bw_sha256 hash;

	if (hardening->tenant)
		return snprintf(ret, BUCKET_NAME, "%s", hardening->tenant) < BUCKET_NAME ? 0 : -1;
	bw_sha256_begin(&hash);
	bw_sha256_add(&hash, hardening->profile, strlen(hardening->profile) + 1);
	bw_sha256_add(&hash, ctx->root, strlen(ctx->root));
	bw_sha256_end(&hash, digest);
	bw_sha256_hex(digest, hex);
	snprintf(ret, BUCKET_NAME, ".%.16s", hex);
	return 0;
}

static int refuse(const struct bw_spec_hardening *hardening, uint64_t per_minute, uint64_t wait_ms, struct bw_err *err)
{
	struct bw_buf rule;
	char who[80] = "containers without a tenant";

	if (hardening->tenant)
		snprintf(who, sizeof who, "tenant \"%.63s\"", hardening->tenant);
	bw_fail(err, BW_E_DENIED, 0,
		"%s may start %" PRIu64 " in a minute (session.startsPerMinute of profile %s), and has", who,
		per_minute, hardening->profile);
	if (err) {
		rule = bw_buf_over(err->rule, sizeof err->rule);
		bw_buf_add(&rule, "session");
	}
	return bw_hint(err, "the next one can start in %" PRIu64 ".%" PRIu64 " s", wait_ms / 1000, wait_ms % 1000 / 100);
}

static int degrade(struct bw_state *state, const char *why, struct bw_arena *arena, struct bw_err *err)
{
	char *text = bw_arena_printf(arena, "session: starts are not counted: %s", why);

	if (!text || bw_strs_add(arena, &state->degraded, text) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	bw_log(BW_LOG_INFO, "degraded: %s", text);
	return 0;
}

int bw_start_rate_check(const struct bw_context *ctx, const struct bw_spec_hardening *hardening, struct bw_state *state,
	struct bw_arena *arena, struct bw_err *err)
{
	auto_close int store = -1;
	char name[BUCKET_NAME];
	struct bw_err why = {0};
	struct timespec now;
	uint64_t wait_ms = 0;
	int r;

	if (!hardening || !hardening->starts_per_minute.set)
		return 0;
	if (geteuid() != 0)
		return degrade(state, "the caller is not root", arena, err);
	if (name_bucket(ctx, hardening, name) < 0)
		return bw_fail(err, BW_E_INTERNAL, 0, "a tenant's name of more than %d bytes", BUCKET_NAME);
	clock_gettime(CLOCK_BOOTTIME, &now);
	store = bw_lease_open(&why);
	r = store < 0 ? -1 : bw_start_rate_take(store, name, hardening->starts_per_minute.v,
		(uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, &wait_ms, &why);
	if (r < 0 && !bw_proc_in_initial_userns())
		return degrade(state, why.text, arena, err);
	if (r < 0) {
		*err = why;
		return -1;
	}
	return r == 0 ? 0 : refuse(hardening, hardening->starts_per_minute.v, wait_ms, err);
}
