/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - see events.h. Lines are made in a buffer on the stack: an event allocates nothing. */
#include "warden/events.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "warden/line.h"

/* Refusals in the log: at once, and in a minute. RESERVE: room for the last lines. */
enum { BURST = 300, PER_MINUTE = 1200, RESERVE = 4096, MAX_NAME = 255 };

static const char *kind_name(enum bw_event_kind kind)
{
	switch (kind) {
	case BW_EVENT_START:
		return "start";
	case BW_EVENT_CONNECT:
		return "connect";
	case BW_EVENT_REFUSED:
		return "refused";
	case BW_EVENT_FAILED:
		return "failed";
	case BW_EVENT_CLOSED:
		return "closed";
	case BW_EVENT_DNS_REFUSED:
		return "dns-refused";
	case BW_EVENT_END:
		break;
	}
	return "end";
}

void bw_event_format(const struct bw_event *event, const char *id, const struct timespec *time, uint64_t held_back,
	struct bw_buf *buf)
{
	bw_line_begin(buf, time, kind_name(event->kind), id);
	if (event->name)
		bw_line_bytes(buf, "name", event->name, event->name_len, MAX_NAME);
	if (event->port)
		bw_line_number(buf, "port", event->port);
	bw_line_text(buf, "address", event->address, MAX_NAME);
	bw_line_text(buf, "reason", event->reason, MAX_NAME);
	if (event->kind == BW_EVENT_CLOSED || event->bytes_out || event->bytes_in) {
		bw_line_number(buf, "bytes_out", event->bytes_out);
		bw_line_number(buf, "bytes_in", event->bytes_in);
	}
	if (held_back)
		bw_line_number(buf, "held_back", held_back);
	bw_line_end(buf);
}

void bw_events_init(struct bw_events *events, int fd, const char *id, uint64_t limit, uint64_t now_ms)
{
	struct stat st;

	*events = (struct bw_events){.fd = fd, .id = id, .limit = limit, .meter = bw_meter_make(PER_MINUTE, BURST, now_ms)};
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		events->size = (uint64_t)st.st_size;
}

/* One write: lines of two processes do not mix. What a full disk has cut is no line; the next begins a new one. */
static void put(struct bw_events *events, const struct bw_event *event)
{
	char line[BW_EVENT_MAX_LINE];
	struct bw_buf buf = bw_buf_over(line, sizeof line);
	struct timespec now = {0};
	ssize_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	bw_event_format(event, events->id, &now, events->held_back, &buf);
	do
		n = write(events->fd, line, buf.len);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		events->size += (uint64_t)n;
	if (n != (ssize_t)buf.len) {
		events->left_out++;
		if (n > 0 && write(events->fd, "\n", 1) == 1)
			events->size++;
		return;
	}
	events->held_back = 0;
}

static bool is_refusal(enum bw_event_kind kind)
{
	return kind == BW_EVENT_REFUSED || kind == BW_EVENT_DNS_REFUSED || kind == BW_EVENT_FAILED;
}

void bw_events_write(struct bw_events *events, const struct bw_event *event, uint64_t now_ms)
{
	if (events->is_full || events->size + BW_EVENT_MAX_LINE + RESERVE > events->limit) {
		events->left_out++;
		if (!events->is_full)
			put(events, &(struct bw_event){.kind = BW_EVENT_END, .reason = "the log is full"});
		events->is_full = true;
		return;
	}
	if (is_refusal(event->kind) && !bw_meter_take(&events->meter, now_ms)) {
		events->held_back++;
		return;
	}
	put(events, event);
}

void bw_events_end(struct bw_events *events)
{
	char reason[96];
	struct bw_buf buf = bw_buf_over(reason, sizeof reason);

	bw_buf_add(&buf, "the container is gone");
	if (events->left_out)
		bw_buf_addf(&buf, ", %llu events were left out", (unsigned long long)events->left_out);
	put(events, &(struct bw_event){.kind = BW_EVENT_END, .reason = reason});
}
