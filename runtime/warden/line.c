/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - see line.h. */
#include "warden/line.h"

enum { MAX_ID = 255 };

void bw_line_bytes(struct bw_buf *buf, const char *key, const char *bytes, size_t len, size_t max)
{
	bw_buf_addf(buf, ",\"%s\":\"", key);
	for (size_t i = 0; i < len && i < max; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c < ' ' || c >= 0x7f)
			bw_buf_addf(buf, "\\u%04x", c);
		else
			bw_buf_addf(buf, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	bw_buf_add(buf, "\"");
}

void bw_line_text(struct bw_buf *buf, const char *key, const char *text, size_t max)
{
	if (text)
		bw_line_bytes(buf, key, text, strlen(text), max);
}

void bw_line_number(struct bw_buf *buf, const char *key, uint64_t value)
{
	bw_buf_addf(buf, ",\"%s\":%llu", key, (unsigned long long)value);
}

void bw_line_begin(struct bw_buf *buf, const struct timespec *time, const char *kind, const char *id)
{
	struct tm tm = {0};
	char text[32] = "";

	if (gmtime_r(&time->tv_sec, &tm))
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	bw_buf_addf(buf, "{\"time\":\"%s.%03ldZ\",\"event\":\"%s\"", text, time->tv_nsec / 1000000, kind);
	bw_line_text(buf, "id", id, MAX_ID);
}

void bw_line_end(struct bw_buf *buf)
{
	bw_buf_add(buf, "}\n");
}
