/* SPDX-License-Identifier: Apache-2.0 */
/* connect.h - the head of a request to a proxy (RFC 9112; RFC 9110, 9.3.6), read more strictly than servers do: what
 * could be read in two ways is refused. Pure. */
#ifndef BW_WARDEN_CONNECT_H
#define BW_WARDEN_CONNECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "warden/names.h"

enum { BW_HEAD_MAX = 8 << 10, BW_HEAD_MAX_FIELDS = 100 };

enum bw_head_result { BW_HEAD_MORE, BW_HEAD_FINE, BW_HEAD_BAD };
enum bw_head_method { BW_HEAD_CONNECT, BW_HEAD_GET, BW_HEAD_HEAD };

/* path and fields point into the text that was read. */
struct bw_head {
	enum bw_head_method method;
	char name[BW_NAME_SIZE]; /* normalised; of a refused literal: "" */
	uint16_t port;
	const char *target; /* as asked, for events; NULL when it was not found */
	size_t target_len;
	const char *path; /* of GET and HEAD: from the '/' or '?', maybe empty */
	size_t path_len;
	const char *fields; /* the lines behind the first, each with its CRLF */
	size_t fields_len;
	size_t len;	    /* of all, with the empty line */
	int status;	    /* BAD: 400, 403, 405, 431, 501 */
	const char *reason; /* BAD: a constant */
};

enum bw_head_result bw_head_read(const char *text, size_t len, struct bw_head *ret);

/* The head of GET or HEAD as the server gets it: origin-form, our Host, without the fields that are for a proxy or
 * announce a body, and with "Connection: close", since only the first request was looked at. Overflow: see buf. */
void bw_head_rewrite(const struct bw_head *head, struct bw_buf *buf);

/* The answer with this status, whose body is reason in one line; at most 512 bytes. */
void bw_head_answer(int status, const char *reason, struct bw_buf *buf);

#endif
