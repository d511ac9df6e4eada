/* SPDX-License-Identifier: Apache-2.0 */
/* dns.h - one question of DNS and the answers that the gate gives itself (RFC 1035; RFC 6891). Pure. Nothing that a
 * container asks ever becomes a question to anybody else. */
#ifndef BW_WARDEN_DNS_H
#define BW_WARDEN_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "warden/names.h"

/* Names for events may hold any byte. */
enum { BW_DNS_MAX_QUERY = 512, BW_DNS_MAX_REPLY = 512, BW_DNS_NAME_SIZE = 256, BW_DNS_TTL_S = 60 };

enum bw_dns_result {
	BW_DNS_DROP, /* an answer, or too short to be answered */
	BW_DNS_QUESTION,
	BW_DNS_MALFORMED,
	BW_DNS_NOT_KNOWN, /* another operation than a query */
};

struct bw_question {
	char text[BW_DNS_NAME_SIZE]; /* as asked, labels with dots between */
	size_t text_len;
	char name[BW_NAME_SIZE]; /* normalised; "" when it is no host name */
	uint16_t type, class;
	size_t end; /* of the question in the query */
};

/* What is said to a question. */
enum bw_dns_answer {
	BW_DNS_LOOPBACK, /* 127.0.0.1, ::1 */
	BW_DNS_NO_DATA,	 /* the name is there, without records of that type */
	BW_DNS_NO_NAME,	 /* NXDOMAIN */
	BW_DNS_REFUSED,
};

/* One question, uncompressed, with at most one record behind it (EDNS). */
enum bw_dns_result bw_dns_read(const uint8_t *query, size_t len, struct bw_question *ret);

/* The answer to a question about a name that is listed or not; with_ipv6: we listen on ::1 too. HTTPS and SVCB are
 * among the types without records: with them a client would learn a key for an encrypted ClientHello. */
enum bw_dns_answer bw_dns_decide(const struct bw_question *question, bool is_listed, bool with_ipv6);

/* Writes the reply; its length. question may be NULL when the query could not be read: the answer to result. */
size_t bw_dns_reply(const uint8_t *query, enum bw_dns_result result, const struct bw_question *question,
	enum bw_dns_answer answer, uint8_t ret[BW_DNS_MAX_REPLY]);

#endif
