/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - one event as a JSON object in a line: what a container has chosen is escaped and cut. Pure. */
#ifndef BW_WARDEN_LINE_H
#define BW_WARDEN_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/str.h"

/* {"time":…,"event":kind,"id":id; whoever begins it ends it. */
void bw_line_begin(struct bw_buf *buf, const struct timespec *time, const char *kind, const char *id);
/* A member. Everything but printable ASCII becomes an escape; of more than max bytes the first. */
void bw_line_bytes(struct bw_buf *buf, const char *key, const char *bytes, size_t len, size_t max);
/* The same for a text; NULL: no member. */
void bw_line_text(struct bw_buf *buf, const char *key, const char *text, size_t max);
void bw_line_number(struct bw_buf *buf, const char *key, uint64_t value);
void bw_line_end(struct bw_buf *buf);

#endif
