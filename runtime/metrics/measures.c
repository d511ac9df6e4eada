/* SPDX-License-Identifier: Apache-2.0 */
/* measures.c - what one container has used so far, in its directory. */
#include "metrics/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "metrics/lines.h"
#include "metrics/rows.h"

#define TITLE "bulwark-measures 1"

static const struct bw_line_row rows[] = {
	{"started_unix_ms", offsetof(struct bw_measures, started_unix_ms), 0},
	{"duration_ms", offsetof(struct bw_measures, duration_ms), 0},
	BW_COUNT_ROWS(struct bw_measures),
	{"memory_bytes", offsetof(struct bw_measures, gauge[BW_GAUGE_MEMORY_BYTES]), 0},
	{"memory_limit_bytes", offsetof(struct bw_measures, gauge[BW_GAUGE_MEMORY_LIMIT_BYTES]), 0},
	{"pids", offsetof(struct bw_measures, gauge[BW_GAUGE_PIDS]), 0},
	{"pids_limit", offsetof(struct bw_measures, gauge[BW_GAUGE_PIDS_LIMIT]), 0},
	{"cpu_limit_milli", offsetof(struct bw_measures, gauge[BW_GAUGE_CPU_LIMIT_MILLI]), 0},
	{NULL, 0, 0},
};

_Static_assert(BW_COUNT(rows) == 3 + BW_COUNT_END + BW_GAUGE_END && BW_COUNT(rows) <= BW_LINES_MAX_ROWS,
	"each number has its row");

int bw_measures_write(int dir, const char *name, const struct bw_measures *measures, struct bw_err *err)
{
	char text[BW_LINES_MAX_BYTES];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	bw_lines_write(TITLE, rows, measures, &buf);
	if (buf.overflow)
		return bw_fail(err, BW_E_INTERNAL, 0, "writing %s: no room", name);
	return bw_replace_at(dir, name, text, buf.len, 0600, err);
}

int bw_measures_parse(const char *text, size_t len, const char *name, struct bw_measures *ret, struct bw_err *err)
{
	struct bw_measures measures = {0};

	if (bw_lines_read(text, len, name, TITLE, rows, &measures, err) < 0)
		return -1;
	*ret = measures;
	return 0;
}

int bw_measures_read(int dir, const char *name, struct bw_measures *ret, struct bw_err *err)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = NULL;
	size_t len;

	if (fd < 0)
		return bw_fail(err, errno == ENOENT ? BW_E_NOT_FOUND : BW_E_KERNEL, errno, "opening %s", name);
	if (bw_read_fd(fd, name, BW_LINES_MAX_BYTES, &text, &len, err) < 0)
		return -1;
	return bw_measures_parse(text, len, name, ret, err);
}

static uint64_t number_in(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	uint64_t number;

	text[n < 0 ? 0 : n] = '\0';
	return bw_parse_word(text, 0, UINT64_MAX / 2, &number) < 0 ? 0 : number;
}

uint64_t bw_size_violations(int dir)
{
	auto_close int fd = openat(dir, BW_SIZE_VIOLATIONS_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? 0 : number_in(fd);
}

int bw_size_violations_add(int dir, uint64_t more, struct bw_err *err)
{
	auto_close int fd = openat(dir, BW_SIZE_VIOLATIONS_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	char text[24];
	int len;

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "opening %s", BW_SIZE_VIOLATIONS_NAME);
	len = snprintf(text, sizeof text, "%llu\n", (unsigned long long)(number_in(fd) + more));
	/* It never becomes shorter, so whoever reads meanwhile reads a number. */
	if (pwrite(fd, text, (size_t)len, 0) != len)
		return bw_fail(err, BW_E_KERNEL, errno, "writing %s", BW_SIZE_VIOLATIONS_NAME);
	return 0;
}
