/* SPDX-License-Identifier: Apache-2.0 */
/* witness_log.c - see witness_log.h. Lines are made in one static buffer: an event allocates nothing. */
#include "warden/witness_log.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "warden/line.h"
#include "warden/witness.h"

/* Events in the log: at once, and in a minute. RESERVE: room for the last lines. Six bytes for each of a path: a line fits. */
enum { BURST = 300, DENIED_PER_MINUTE = 1200, OTHERS_PER_MINUTE = 600, RESERVE = 2048, MAX_PATH = 768, MAX_TEXT = 256 };

static char line[BW_WITNESS_MAX_LINE];

static const char *const result_names[] = {
	[BW_EXEC_ALLOWED] = "allowed", [BW_EXEC_DENIED] = "denied", [BW_EXEC_UNRESOLVED] = "unresolved"};

static void put_text(struct bw_buf *buf, const char *key, const char *text, size_t max)
{
	if (text && *text)
		bw_line_text(buf, key, text, max);
}

void bw_exec_format(const struct bw_exec_event *event, const char *id, const struct timespec *time, uint64_t held_back,
	struct bw_buf *buf)
{
	bw_line_begin(buf, time, "exec", id);
	bw_line_text(buf, "result", result_names[event->result], MAX_TEXT);
	bw_line_text(buf, "path", event->path, MAX_PATH);
	put_text(buf, "file", event->file, MAX_PATH);
	put_text(buf, "reason", event->reason, MAX_TEXT);
	put_text(buf, "arg0", event->arg0, MAX_TEXT);
	bw_line_number(buf, "pid", event->pid);
	if (event->inside_pid)
		bw_line_number(buf, "inside_pid", event->inside_pid);
	bw_line_number(buf, "uid", event->uid);
	put_text(buf, "comm", event->comm, MAX_TEXT);
	if (held_back)
		bw_line_number(buf, "held_back", held_back);
	bw_line_end(buf);
}

void bw_witness_log_init(struct bw_witness_log *log, int fd, int counts_fd, const char *id, uint64_t limit, uint64_t now_ms)
{
	struct stat st;

	*log = (struct bw_witness_log){
		.fd = fd,
		.counts_fd = counts_fd,
		.id = id,
		.limit = limit,
		.denied = bw_meter_make(DENIED_PER_MINUTE, BURST, now_ms),
		.others = bw_meter_make(OTHERS_PER_MINUTE, BURST, now_ms),
	};
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		log->size = (uint64_t)st.st_size;
}

/* One write: lines of two processes do not mix. What a full disk has cut is no line; the next begins a new one. */
static void put_line(struct bw_witness_log *log, const struct bw_buf *buf)
{
	ssize_t n;

	do
		n = write(log->fd, buf->text, buf->len);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		log->size += (uint64_t)n;
	if (n == (ssize_t)buf->len) {
		log->held_back = 0;
		return;
	}
	log->left_out++;
	if (n > 0 && write(log->fd, "\n", 1) == 1)
		log->size++;
}

static struct timespec clock_time(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

static void put_plain(struct bw_witness_log *log, const char *kind, const char *reason, bool with_counts)
{
	struct bw_buf buf = bw_buf_over(line, sizeof line);
	const struct timespec now = clock_time();

	bw_line_begin(&buf, &now, kind, log->id);
	put_text(&buf, "reason", reason, MAX_TEXT);
	for (size_t i = 0; with_counts && i < BW_COUNT(result_names); i++)
		bw_line_number(&buf, result_names[i], log->counts[i]);
	if (with_counts && log->left_out)
		bw_line_number(&buf, "left_out", log->left_out);
	bw_line_end(&buf);
	put_line(log, &buf);
}

/* Always as long, so that whoever reads it sees old or new digits, and no end that is missing. */
static void put_counts(const struct bw_witness_log *log)
{
	char text[BW_WITNESS_COUNTS_SIZE + 1];
	struct bw_buf buf = bw_buf_over(text, sizeof text);

	for (size_t i = 0; i < BW_COUNT(result_names); i++)
		bw_buf_addf(&buf, "%-10s %020llu\n", result_names[i], (unsigned long long)log->counts[i]);
	(void)!pwrite(log->counts_fd, text, buf.len, 0);
}

/* Whoever starts allowed programs without end shall not hide what is denied afterwards. */
static bool has_room(const struct bw_witness_log *log, const struct bw_exec_event *event)
{
	uint64_t limit = event->result == BW_EXEC_DENIED ? log->limit : log->limit / 2;

	return !log->is_full && log->size + BW_WITNESS_MAX_LINE + RESERVE <= limit;
}

void bw_witness_log_exec(struct bw_witness_log *log, const struct bw_exec_event *event, uint64_t now_ms)
{
	struct bw_meter *meter = event->result == BW_EXEC_DENIED ? &log->denied : &log->others;
	struct bw_buf buf = bw_buf_over(line, sizeof line);
	const struct timespec now = clock_time();

	log->counts[event->result]++;
	put_counts(log);
	if (!has_room(log, event)) {
		log->left_out++;
		if (event->result == BW_EXEC_DENIED && !log->is_full) {
			put_plain(log, "end", "the log is full", false);
			log->is_full = true;
		}
		return;
	}
	if (!bw_meter_take(meter, now_ms)) {
		log->held_back++;
		return;
	}
	bw_exec_format(event, log->id, &now, log->held_back, &buf);
	put_line(log, &buf);
}

void bw_witness_log_start(struct bw_witness_log *log)
{
	put_plain(log, "start", NULL, false);
	put_counts(log);
}

void bw_witness_log_end(struct bw_witness_log *log)
{
	put_plain(log, "end", "the container is gone", true);
}
