/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - a struct of numbers and short names as text: a first line that says what it is, then "name value". */
#ifndef BW_METRICS_LINES_H
#define BW_METRICS_LINES_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* One member: a uint64_t, or with size a text of so many bytes, which may be empty. */
struct bw_line_row {
	const char *name; /* NULL ends the table */
	size_t offset, size;
};

enum { BW_LINES_MAX_BYTES = 8192, BW_LINES_MAX_ROWS = 64 };

void bw_lines_write(const char *title, const struct bw_line_row *rows, const void *object, struct bw_buf *buf);
/* object is zeroed by the caller. Names that no row has are overlooked, one that comes twice is refused (BW_E_STATE), and so
 * is a control character or a line that is no such line. */
int bw_lines_read(const char *text, size_t len, const char *name, const char *title, const struct bw_line_row *rows,
	void *object, struct bw_err *err) BW_MUST_CHECK;

/* Whether a text can be written so: no control characters. */
bool bw_line_fits(const char *text);

#endif
