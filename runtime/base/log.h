/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the one writer of log lines: runc's shape, text (logrus) or JSON, to --log's file and
 * stderr. Library code reports by struct bw_err; only the programs' main files and debug lines come
 * here. */
#ifndef BW_BASE_LOG_H
#define BW_BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

enum bw_log_level { BW_LOG_ERROR, BW_LOG_WARNING, BW_LOG_INFO, BW_LOG_DEBUG };

/* Opens the log (append, created 0600). file NULL: stderr alone. The descriptor is CLOEXEC. */
int bw_log_open(
	const char *file, bool json, enum bw_log_level level, struct bw_err *err) BW_MUST_CHECK;
/* The same to a descriptor, which stays the caller's; what it does not take at once is lost. */
void bw_log_to(int fd, bool json, enum bw_log_level level);
/* From now on to that descriptor, in the form and from the level on that were set. */
void bw_log_move(int fd);
/* One line {"level":..,"msg":..,"time":..}. Below the level: nothing. With a log file it goes there
 * only. */
void bw_log(enum bw_log_level level, const char *fmt, ...) BW_PRINTF(2, 3);
/* Debug line, a no-op unless --debug. */
#define bw_debug(...) bw_log(BW_LOG_DEBUG, __VA_ARGS__)
/* The final error: JSON line with code, errno, rule, field, hint, id to the log file (when there is
 * one), and the sentence on stderr in any case. id may be NULL. */
void bw_log_error(const struct bw_err *err, const char *id);

#endif
