/* SPDX-License-Identifier: Apache-2.0 */
/* tell.c - see tell.h. */
#include "keeper/tell.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "warden/keeper.h"
#include "warden/line.h"

enum { LINE_MAX_BYTES = 4096, TEXT_MAX = 512 };

void bw_tell(const struct bw_keeping *k, enum bw_audit_event event, const char *reason, const struct bw_audit_more *more,
	size_t more_n)
{
	const struct bw_keeper_settings *settings = k->settings;
	const struct bw_audit_record record = {.event = event,
		.id = settings->id,
		.tenant = settings->tenant,
		.session = settings->session,
		.profile = settings->profile,
		.policy = settings->policy,
		.reason = reason,
		.more = more,
		.more_n = more_n};
	struct bw_err ignored = {0};

	if (settings->audit)
		(void)!bw_audit_write(settings->audit, &record, &ignored);
}

void bw_tell_flood(const struct bw_keeping *k, struct bw_kept_flood *flood, uint64_t now_ms, enum bw_audit_event event,
	const char *reason, const struct bw_audit_more *more, size_t more_n)
{
	struct bw_audit_more all[BW_TELL_MORE + 1];
	char held_back[24];

	if (!bw_meter_take(&flood->meter, now_ms)) {
		flood->held_back++;
		return;
	}
	memcpy(all, more, more_n * sizeof *more);
	snprintf(held_back, sizeof held_back, "%llu", (unsigned long long)flood->held_back);
	if (flood->held_back)
		all[more_n++] = (struct bw_audit_more){"held_back", held_back};
	flood->held_back = 0;
	bw_tell(k, event, reason, all, more_n);
}

void bw_tell_rest(const struct bw_keeping *k, struct bw_kept_flood *flood, enum bw_audit_event event)
{
	struct bw_audit_more held_back;
	char number[24];

	if (!flood->held_back)
		return;
	snprintf(number, sizeof number, "%llu", (unsigned long long)flood->held_back);
	held_back = (struct bw_audit_more){"held_back", number};
	flood->held_back = 0;
	bw_tell(k, event, "further ones, of which there were too many for a record each", &held_back, 1);
}

/* One write: lines of two processes do not mix. */
static void append(const char *text, size_t len)
{
	auto_close int fd =
		openat(BW_KEEPER_STATE, BW_ALERTS_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size + (off_t)len <= BW_ALERTS_MAX)
		(void)!write(fd, text, len);
}

void bw_tell_alert(const struct bw_keeping *k, const char *name, const char *action, const char *reason)
{
	const struct bw_audit_more more[] = {{"alert", name}, {"action", action}};
	char line[LINE_MAX_BYTES];
	struct bw_buf buf = bw_buf_over(line, sizeof line);
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	bw_line_begin(&buf, &now, "alert", k->settings->id);
	bw_line_text(&buf, "alert", name, TEXT_MAX);
	bw_line_text(&buf, "action", action, TEXT_MAX);
	bw_line_text(&buf, "reason", reason, TEXT_MAX);
	bw_line_end(&buf);
	append(line, buf.len);
	bw_tell(k, BW_AUDIT_ALERT, reason, more, 2);
}
