/* SPDX-License-Identifier: Apache-2.0 */
/* ps_table.h - the host's ps(1), and the lines of its table that belong to given processes. */
#ifndef BW_CLI_PS_TABLE_H
#define BW_CLI_PS_TABLE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct bw_pids {
	pid_t *v;
	size_t n;
};

/* Runs words (NULL-terminated, the first is "ps", found by PATH); its standard output, malloc'd, in
 * *ret. Fails when it cannot be run or ends with another status than 0. */
int bw_ps_read(const char *const *words, char **ret, struct bw_err *err) BW_MUST_CHECK;

/* Writes the heading and the lines of pids to standard output; takes text apart. Fails when the
 * heading has no PID. */
int bw_ps_put(char *text, const struct bw_pids *pids, struct bw_err *err) BW_MUST_CHECK;

#endif
