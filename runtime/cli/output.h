/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - standard output: data only, and a full disk is an error. */
#ifndef BW_CLI_OUTPUT_H
#define BW_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/* Writes text to standard output, a newline behind it if it has none. Empty text writes nothing. */
int bw_put_text(const char *text, struct bw_err *err) BW_MUST_CHECK;

/* What stdio still holds goes out; says whether all of it arrived. */
int bw_put_done(struct bw_err *err) BW_MUST_CHECK;

/* A heading of the help, bold where a person looks at it: a terminal, NO_COLOR not set. */
void bw_put_heading(const char *heading);

#endif
