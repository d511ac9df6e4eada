/* SPDX-License-Identifier: Apache-2.0 */
/* measures.c - what one container has used so far, in its directory. */
#include "metrics/metrics.h"

#include <errno.h>
#include <fcntl.h>

#include "base/auto.h"
#include "base/fd.h"
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
