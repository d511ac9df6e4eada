/* SPDX-License-Identifier: Apache-2.0 */
/* scrape.h - one text by HTTP, for who asks for it again and again. */
#ifndef BW_CLI_SCRAPE_H
#define BW_CLI_SCRAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What a client has sent so far. */
enum bw_scrape_verdict {
	BW_SCRAPE_MORE,
	BW_SCRAPE_TEXT,
	BW_SCRAPE_HEAD,
	BW_SCRAPE_BAD,
	BW_SCRAPE_NO_SUCH_PATH,
	BW_SCRAPE_NO_SUCH_METHOD,
	BW_SCRAPE_TOO_LONG
};
enum { BW_SCRAPE_MAX_REQUEST = 8192, BW_SCRAPE_CLIENTS = 16, BW_SCRAPE_TIMEOUT_MS = 5000 };

/* Pure: of the head of a request, len bytes. "GET /metrics", or HEAD, with or without a query. */
enum bw_scrape_verdict bw_scrape_judge(const char *head, size_t len);

/* A socket that listens at path (absolute; mode 0600), in the place of one that nobody listens at any more. Descriptor
 * or -1. */
int bw_scrape_listen(const char *path, struct bw_err *err) BW_MUST_CHECK;
/* The one that a service manager has handed over (sd_listen_fds(3)). */
int bw_scrape_inherited(struct bw_err *err) BW_MUST_CHECK;

/* The text, malloc'd; -1 with *err filled is told to the client as 503. */
typedef int bw_scrape_fn(void *ctx, char **ret, struct bw_err *err);
/* Answers until SIGTERM or SIGINT comes. Who is slow is given up after BW_SCRAPE_TIMEOUT_MS, and when there are too many, who
 * has been there longest. */
int bw_scrape_serve(int listener, bw_scrape_fn *make, void *ctx, struct bw_err *err) BW_MUST_CHECK;

/* Blocks SIGTERM and SIGINT, by which what runs until then ends, and waits for one of them, for so long; true: it has
 * come. */
void bw_until_signal_begin(void);
bool bw_until_signal(long long wait_ms);

#endif
