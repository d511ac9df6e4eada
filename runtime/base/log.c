/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - log lines as runc writes them, because callers parse them: containerd takes the last
 * "level":"error" object's msg, podman looks for "level" and "msg". Must not allocate. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static struct {
	int fd;
	bool json;
	enum bw_log_level level;
} sink = {.fd = -1, .level = BW_LOG_INFO};

static const char *const level_words[] = {
	[BW_LOG_ERROR] = "error",
	[BW_LOG_WARNING] = "warning",
	[BW_LOG_INFO] = "info",
	[BW_LOG_DEBUG] = "debug",
};

int bw_log_open(const char *file, bool json, enum bw_log_level level, struct bw_err *err)
{
	int fd = -1;

	if (file) {
		fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
		if (fd < 0)
			return bw_fail(err, BW_E_USAGE, errno, "open log file %s", file);
	}
	sink.fd = fd;
	sink.json = json;
	sink.level = level;
	return 0;
}

void bw_log_to(int fd, bool json, enum bw_log_level level)
{
	sink.fd = fd;
	sink.json = json;
	sink.level = level;
}

void bw_log_move(int fd)
{
	sink.fd = fd;
}

/* JSON string content; control characters escaped, other bytes kept. */
static void add_quoted(struct bw_buf *line, const char *text)
{
	bw_buf_add(line, "\"");
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			bw_buf_addf(line, "\\%c", c);
		else if (c == '\n')
			bw_buf_add(line, "\\n");
		else if (c < 0x20)
			bw_buf_addf(line, "\\u%04x", (unsigned)c);
		else
			bw_buf_addn(line, p, 1);
	}
	bw_buf_add(line, "\"");
}

static void add_member(struct bw_buf *line, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	if (sink.json) {
		bw_buf_addf(line, "%s\"%s\":", line->len > 1 ? "," : "", key);
		add_quoted(line, value);
	} else {
		bw_buf_addf(line, "%s%s=", line->len ? " " : "", key);
		if (value[strcspn(value, " \"=\\\n\t")])
			add_quoted(line, value);
		else
			bw_buf_add(line, value);
	}
}

static void add_head(struct bw_buf *line, enum bw_log_level level, const char *msg)
{
	struct tm tm;
	char when[40] = "";
	time_t now = time(NULL);

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (sink.json) {
		bw_buf_add(line, "{");
		add_member(line, "level", level_words[level]);
		add_member(line, "msg", msg);
		add_member(line, "time", when);
	} else {
		add_member(line, "time", when);
		add_member(line, "level", level_words[level]);
		add_member(line, "msg", msg);
	}
}

/* One write per line, so that lines of two processes do not mix. A log that cannot be written must
 * not stop a container: the result is dropped. */
static void put_line(int fd, struct bw_buf *line)
{
	if (line->overflow)
		line->len = line->size - 2;
	line->text[line->len] = '\n';
	(void)bw_write_all(fd, line->text, line->len + 1);
}

void bw_log(enum bw_log_level level, const char *fmt, ...)
{
	char msg[1024], text[2600];
	struct bw_buf line = bw_buf_over(text, sizeof text - 1);
	va_list ap;

	if (level > sink.level)
		return;
	/* Callers merge stderr with the output they parse: without a log file a success is silent. */
	if (sink.fd < 0 && level > BW_LOG_WARNING && sink.level != BW_LOG_DEBUG)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	add_head(&line, level, msg);
	if (sink.json)
		bw_buf_add(&line, "}");
	put_line(sink.fd >= 0 ? sink.fd : STDERR_FILENO, &line);
}

/* Callers compare the sentence about a program that cannot be executed whole, where they see standard error; in the
 * log they take it apart by its words, and it is all that an engine's user gets to see. */
static const char *log_sentence(const struct bw_err *err, char *buf, size_t size)
{
	if (err->code != BW_E_PROGRAM || !err->hint[0])
		return err->text;
	snprintf(buf, size, "%s: %s", err->text, err->hint);
	return buf;
}

void bw_log_error(const struct bw_err *err, const char *id)
{
	char text[4096], sentence[sizeof err->text + sizeof err->hint + 4];
	struct bw_buf line = bw_buf_over(text, sizeof text - 1);
	const char *sys = err->sys ? bw_errno_name(err->sys) : NULL;
	bool program = err->code == BW_E_PROGRAM;

	if (sink.fd >= 0) {
		add_head(&line, BW_LOG_ERROR, log_sentence(err, sentence, sizeof sentence));
		add_member(&line, "code", bw_code_name(err->code));
		add_member(&line, "errno", sys);
		add_member(&line, "rule", err->rule);
		add_member(&line, "field", err->field);
		add_member(&line, "hint", err->hint);
		add_member(&line, "id", id);
		if (sink.json)
			bw_buf_add(&line, "}");
		put_line(sink.fd, &line);
	}
	line = bw_buf_over(text, sizeof text - 1);
	/* The sentence about a program that cannot be executed stands alone, as if a shell had said it. */
	bw_buf_addf(&line, "%s%s", program ? "" : "bulwark: ", err->text);
	if (err->hint[0] && program && isatty(STDERR_FILENO))
		bw_buf_addf(&line, "\nbulwark: %s", err->hint);
	else if (err->hint[0] && !program)
		bw_buf_addf(&line, " (%s)", err->hint);
	put_line(STDERR_FILENO, &line);
}
