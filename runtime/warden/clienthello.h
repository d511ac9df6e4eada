/* SPDX-License-Identifier: Apache-2.0 */
/* clienthello.h - the first message of a TLS client (RFC 8446, 4.1.2; RFC 6066, 3), read from the bytes that have come
 * so far, across segments and records. Pure; copies nothing. */
#ifndef BW_WARDEN_CLIENTHELLO_H
#define BW_WARDEN_CLIENTHELLO_H

#include <stddef.h>
#include <stdint.h>

#include "warden/names.h"

enum {
	BW_HELLO_MAX = 16 << 10, /* the message */
	BW_HELLO_MAX_RAW = BW_HELLO_MAX + 1024, /* with the headers of its records: ever shorter ones run out of room */
};

enum bw_hello_result { BW_HELLO_MORE, BW_HELLO_FINE, BW_HELLO_BAD };

struct bw_hello {
	char name[BW_NAME_SIZE]; /* of the server, as bw_name_normalise() writes it; "" unless FINE */
	size_t raw_len;		 /* FINE: bytes of the records that hold it */
	const char *reason;	 /* BAD: a constant */
	uint8_t alert;		 /* BAD: the description (RFC 8446, 6.2) that tells the client */
};

/* What raw[0..len) is: a whole ClientHello with one server name and nothing encrypted or early in it; the beginning of
 * one; or neither, which no further byte changes. */
enum bw_hello_result bw_hello_read(const uint8_t *raw, size_t len, struct bw_hello *ret);

/* What the server's first bytes are: FINE when they ask for a second ClientHello (RFC 8446, 4.1.4), or when that is not
 * to be seen in them because they are cut in small pieces; BAD when they are something else, after which no second one
 * is taken; MORE as long as there are fewer than BW_HELLO_ANSWER of them and it is not clear. */
enum { BW_HELLO_ANSWER = 43 };
enum bw_hello_result bw_hello_asks_again(const uint8_t *raw, size_t len);

/* Where the second ClientHello begins in what the client sends then: behind one record of ChangeCipherSpec, or at
 * once. BAD when something else comes. */
enum bw_hello_result bw_hello_again(const uint8_t *raw, size_t len, size_t *ret_offset);

/* The fatal alert as a record of 7 bytes. */
enum { BW_ALERT_SIZE = 7 };
void bw_hello_alert(uint8_t description, uint8_t ret[BW_ALERT_SIZE]);

#endif
