/* SPDX-License-Identifier: Apache-2.0 */
/* sinks.c - the same record for journald (its native protocol) and for syslog (RFC 3164, as syslog(3) writes it). Sockets
 * that never block: who does not take it at once gets a warning in the log, and the file has it. */
#include "audit/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "json/text.h"

/* What these two take: fixed, for who names another socket is somebody else's reader. */
static const char journal_path[] = "/run/systemd/journal/socket", syslog_path[] = "/dev/log";

static int priority_of(enum bw_audit_event event)
{
	switch (event) {
	case BW_AUDIT_CREATE:
	case BW_AUDIT_START:
	case BW_AUDIT_EXEC:
	case BW_AUDIT_EXIT:
	case BW_AUDIT_KILL:
	case BW_AUDIT_PAUSE:
	case BW_AUDIT_RESUME:
	case BW_AUDIT_UPDATE:
	case BW_AUDIT_CHECKPOINT:
	case BW_AUDIT_DELETE:
	case BW_AUDIT_STAGE:
	case BW_AUDIT_REAP:
	case BW_AUDIT_EVENTS:
		return LOG_INFO;
	case BW_AUDIT_DEGRADED:
	case BW_AUDIT_TIME_LIMIT:
	case BW_AUDIT_KILL_SWITCH:
		return LOG_NOTICE;
	case BW_AUDIT_REFUSAL:
	case BW_AUDIT_PROGRAM_DENIED:
	case BW_AUDIT_DESTINATION_DENIED:
	case BW_AUDIT_SIZE_VIOLATION:
	case BW_AUDIT_WRITE_DENIED:
	case BW_AUDIT_ALERT:
		return LOG_WARNING;
	}
	return LOG_INFO;
}

/* Connected, or -errno. */
static int reach(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	return connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? -errno : take_fd(&fd);
}

/* ---- journald ---- */

/* A value with a newline in it has its length before it, so that it can hold no field of its own. */
static void add_field(struct bw_buf *buf, const char *name, const char *value)
{
	uint64_t len;
	char little[8];

	if (!value || !*value)
		return;
	bw_buf_add(buf, name);
	if (strchr(value, '\n')) {
		len = strlen(value);
		for (int i = 0; i < 8; i++)
			little[i] = (char)(len >> (8 * i));
		bw_buf_add(buf, "\n");
		bw_buf_addn(buf, little, sizeof little);
	} else {
		bw_buf_add(buf, "=");
	}
	bw_buf_add(buf, value);
	bw_buf_add(buf, "\n");
}

static void add_number(struct bw_buf *buf, const char *name, uint64_t number)
{
	bw_buf_addf(buf, "%s=%llu\n", name, (unsigned long long)number);
}

/* Of a value that is cut off at this the rest is in the file. */
static void cut(const char *text, char *buf, size_t size)
{
	snprintf(buf, size, "%s", text ? text : "");
}

static void journal_text(const struct bw_audit_record *record, const struct bw_audit_text *text,
	const struct bw_audit_place *place, struct bw_buf *buf)
{
	const struct {
		const char *name, *value;
	} fields[] = {
		{"BULWARK_ID", record->id},
		{"BULWARK_TENANT", record->tenant},
		{"BULWARK_SESSION", record->session},
		{"BULWARK_PROFILE", record->profile},
		{"BULWARK_RULE", record->rule},
		{"BULWARK_POLICY", record->policy},
		{"BULWARK_REASON", record->reason},
	};
	char value[BW_AUDIT_TEXT_MAX + 1], message[3 * BW_AUDIT_TEXT_MAX];

	snprintf(message, sizeof message, "%s%s%.1000s%s%.1000s", bw_audit_word(record->event), record->id ? " " : "",
		record->id ? record->id : "", record->reason ? ": " : "", record->reason ? record->reason : "");
	add_field(buf, "MESSAGE", message);
	add_number(buf, "PRIORITY", (uint64_t)priority_of(record->event));
	add_field(buf, "SYSLOG_IDENTIFIER", "bulwark");
	add_number(buf, "SYSLOG_FACILITY", LOG_FAC(LOG_AUTHPRIV));
	add_field(buf, "BULWARK_EVENT", bw_audit_word(record->event));
	for (size_t i = 0; i < BW_COUNT(fields); i++) {
		cut(fields[i].value, value, sizeof value);
		add_field(buf, fields[i].name, value);
	}
	if (!place)
		return;
	add_number(buf, "BULWARK_SEQ", place->seq);
	add_field(buf, "BULWARK_HASH", place->hash);
	bw_buf_add(buf, "BULWARK_RECORD=");
	bw_buf_addn(buf, text->line, text->len); /* with its newline, the only one */
}

/* What is too large for a datagram goes as a file that can no longer be changed. 0 or -errno. */
static int send_sealed(int sock, const char *text, size_t len)
{
	auto_close int fd = memfd_create("bulwark-audit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof control};

	if (fd < 0)
		return -errno;
	if (bw_write_all(fd, text, len) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -EIO;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	return sendmsg(sock, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int tell_journal(const struct bw_audit_record *record, struct bw_audit_text *text, const struct bw_audit_place *place)
{
	enum { ROOM = BW_AUDIT_LINE_MAX + 16 * BW_AUDIT_TEXT_MAX };
	auto_free char *all = malloc(ROOM);
	struct bw_buf buf = {0};
	auto_close int sock = reach(journal_path);

	if (sock < 0 || !all)
		return sock < 0 ? sock : -ENOMEM;
	buf = bw_buf_over(all, ROOM);
	journal_text(record, text, place, &buf);
	if (buf.overflow)
		return -EMSGSIZE;
	if (send(sock, buf.text, buf.len, MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == EMSGSIZE || errno == ENOBUFS ? send_sealed(sock, buf.text, buf.len) : -errno;
}

/* ---- syslog ---- */

/* One line: what a file has no line for, and what a datagram has no room for, is its event and its id. */
static size_t syslog_text(const struct bw_audit_record *record, const struct bw_audit_text *text,
	const struct bw_audit_place *place, bool brief, char *line, size_t size)
{
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct bw_buf buf = bw_buf_over(line, size);
	char id[256], reason[512];
	time_t now = time(NULL);
	struct tm tm = {0};

	localtime_r(&now, &tm);
	bw_buf_addf(&buf, "<%d>%s %2d %02d:%02d:%02d bulwark[%d]: ", LOG_AUTHPRIV | priority_of(record->event),
		months[tm.tm_mon % 12], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, getpid());
	if (place)
		bw_buf_addf(&buf, "seq=%llu hash=%s ", (unsigned long long)place->seq, place->hash);
	if (place && !brief) {
		bw_buf_addn(&buf, text->line, text->len - 1);
		return buf.len;
	}
	cut(record->id, id, sizeof id);
	cut(record->reason, reason, sizeof reason);
	bw_text_make_printable(id);
	bw_text_make_printable(reason);
	bw_buf_addf(&buf, "%s %s %s", bw_audit_word(record->event), id, reason);
	return buf.len;
}

static int tell_syslog(const struct bw_audit_record *record, struct bw_audit_text *text, const struct bw_audit_place *place)
{
	auto_close int sock = reach(syslog_path);
	size_t len;

	if (sock < 0)
		return sock;
	len = syslog_text(record, text, place, false, text->all, sizeof text->all);
	if (send(sock, text->all, len, MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno != EMSGSIZE)
		return -errno;
	len = syslog_text(record, text, place, true, text->all, sizeof text->all);
	return send(sock, text->all, len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static const struct {
	const char *name, *path;
	int (*tell)(const struct bw_audit_record *record, struct bw_audit_text *text, const struct bw_audit_place *place);
} kinds[] = {
	{"journald", journal_path, tell_journal},
	{"syslog", syslog_path, tell_syslog},
};

void bw_audit_tell(const struct bw_audit_trail *trail, const struct bw_audit_record *record, struct bw_audit_text *text,
	const struct bw_audit_place *place)
{
	for (size_t i = 0; i < BW_COUNT(kinds); i++) {
		int r = bw_strs_has(&trail->sinks, kinds[i].name) ? kinds[i].tell(record, text, place) : 0;

		if (r < 0)
			bw_log(BW_LOG_WARNING, "audit: %s was not told of %s: %s: %s", kinds[i].name,
				bw_audit_word(record->event), kinds[i].path, bw_errno_words(-r));
	}
}
