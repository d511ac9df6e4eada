/* SPDX-License-Identifier: Apache-2.0 */
/* clienthello.c - see clienthello.h. A cursor walks the message byte by byte and steps over the headers of records, so
 * that a name that is cut by one is whole for whoever reads. What the parser does not understand it refuses: a server
 * behind might understand it otherwise. */
#include "warden/clienthello.h"

#include <stdbool.h>
#include <string.h>

enum {
	RECORD_HEADER = 5,
	MESSAGE_HEADER = 4,
	RECORD_MAX = 1 << 14,
	CHANGE_CIPHER_SPEC = 20,
	HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	MAX_EXTENSIONS = 64,
};
enum { SERVER_NAME = 0, EARLY_DATA = 42, OUTER_EXTENSIONS = 0xfd00, ECH_FIRST = 0xfe08, ECH_LAST = 0xfe0d, ESNI = 0xffce };
/* Descriptions of alerts. */
enum {
	UNEXPECTED_MESSAGE = 10,
	RECORD_OVERFLOW = 22,
	ILLEGAL_PARAMETER = 47,
	DECODE_ERROR = 50,
	PROTOCOL_VERSION = 70,
	MISSING_EXTENSION = 109,
	UNRECOGNIZED_NAME = 112,
};

/* Where we are in the message. left: of the message or of a part of it that was entered. */
struct cursor {
	const uint8_t *raw;
	size_t at;
	size_t record_left;
	bool short_of; /* somebody wanted more than there was */
};

static size_t be16(const uint8_t *bytes)
{
	return (size_t)bytes[0] << 8 | bytes[1];
}

static enum bw_hello_result bad(struct bw_hello *ret, uint8_t alert, const char *reason)
{
	ret->alert = alert;
	ret->reason = reason;
	ret->name[0] = '\0';
	return BW_HELLO_BAD;
}

/* Records of a handshake hold at least one byte (RFC 8446, 5.1). */
static enum bw_hello_result check_record(const uint8_t *header, struct bw_hello *ret)
{
	if (header[0] & 0x80 && header[2] == CLIENT_HELLO)
		return bad(ret, PROTOCOL_VERSION, "SSLv2 hello");
	if (header[0] != HANDSHAKE || header[1] != 3 || header[2] > 4)
		return bad(ret, UNEXPECTED_MESSAGE, "not a TLS handshake");
	if (be16(header + 3) == 0 || be16(header + 3) > RECORD_MAX)
		return bad(ret, RECORD_OVERFLOW, "TLS record of a size that is not allowed");
	return BW_HELLO_FINE;
}

/* The first bytes are looked at as they come: who speaks something else need not be waited for. */
static enum bw_hello_result check_first_bytes(const uint8_t *raw, size_t len, struct bw_hello *ret)
{
	if (len >= 1 && raw[0] != HANDSHAKE && !(raw[0] & 0x80))
		return bad(ret, UNEXPECTED_MESSAGE, "not a TLS handshake");
	if (len >= RECORD_HEADER + 1 && raw[RECORD_HEADER] != CLIENT_HELLO && raw[0] == HANDSHAKE)
		return bad(ret, UNEXPECTED_MESSAGE, "not a ClientHello");
	return BW_HELLO_MORE;
}

/* Finds the end of the message: FINE when all of it is there, with its length and the records' end. */
static enum bw_hello_result measure(const uint8_t *raw, size_t len, size_t *ret_message, struct bw_hello *ret)
{
	uint8_t header[MESSAGE_HEADER] = {0};
	size_t have = 0, at = 0, want = MESSAGE_HEADER;

	while (have < want) {
		size_t size, here;

		if (len - at < RECORD_HEADER)
			return len > BW_HELLO_MAX_RAW ? bad(ret, RECORD_OVERFLOW, "ClientHello in too many records") :
							check_first_bytes(raw, len, ret);
		if (check_record(raw + at, ret) == BW_HELLO_BAD)
			return BW_HELLO_BAD;
		size = be16(raw + at + 3);
		at += RECORD_HEADER;
		here = size < len - at ? size : len - at;
		for (size_t i = 0; i < here && have + i < MESSAGE_HEADER; i++)
			header[have + i] = raw[at + i];
		have += here;
		if (have >= MESSAGE_HEADER) {
			want = MESSAGE_HEADER + ((size_t)header[1] << 16 | be16(header + 2));
			if (header[0] != CLIENT_HELLO)
				return bad(ret, UNEXPECTED_MESSAGE, "not a ClientHello");
			if (want > BW_HELLO_MAX)
				return bad(ret, RECORD_OVERFLOW, "ClientHello is too long");
			if (have > want)
				return bad(ret, UNEXPECTED_MESSAGE, "data behind the ClientHello in its record");
		}
		at += here;
		if (here < size)
			return at > BW_HELLO_MAX_RAW ? bad(ret, RECORD_OVERFLOW, "ClientHello in too many records") :
						       check_first_bytes(raw, len, ret);
	}
	ret->raw_len = at;
	*ret_message = want - MESSAGE_HEADER;
	return BW_HELLO_FINE;
}

/* Next byte of the message. All of it is there, as measure() has found. */
static uint8_t next(struct cursor *c)
{
	if (c->record_left == 0) {
		c->record_left = be16(c->raw + c->at + 3);
		c->at += RECORD_HEADER;
	}
	c->record_left--;
	return c->raw[c->at++];
}

/* Takes n bytes off *left as a number; 0 and short_of when there are not so many. */
static size_t number(struct cursor *c, size_t *left, size_t n)
{
	size_t value = 0;

	if (c->short_of || *left < n) {
		c->short_of = true;
		return 0;
	}
	*left -= n;
	while (n-- > 0)
		value = value << 8 | next(c);
	return value;
}

static void skip(struct cursor *c, size_t *left, size_t n)
{
	if (c->short_of || *left < n) {
		c->short_of = true;
		return;
	}
	*left -= n;
	while (n-- > 0)
		next(c);
}

static enum bw_hello_result malformed(struct bw_hello *ret)
{
	return bad(ret, DECODE_ERROR, "malformed ClientHello");
}

/* One entry of type host_name, and no other (RFC 6066, 3). */
static enum bw_hello_result read_server_name(struct cursor *c, size_t size, struct bw_hello *ret)
{
	size_t list = number(c, &size, 2), type = number(c, &list, 1), len = number(c, &list, 2);
	char text[BW_NAME_SIZE];

	if (c->short_of || size < 5 || list != len || size != len + 3)
		return malformed(ret);
	if (type != 0 || len >= sizeof text)
		return bad(ret, UNRECOGNIZED_NAME, "server name is no host name");
	for (size_t i = 0; i < len; i++)
		text[i] = (char)next(c);
	if (bw_name_normalise(text, len, ret->name) != BW_NAME_FINE || text[len - 1] == '.')
		return bad(ret, UNRECOGNIZED_NAME, "server name is no host name");
	return BW_HELLO_FINE;
}

static enum bw_hello_result read_extension(struct cursor *c, size_t type, size_t size, struct bw_hello *ret)
{
	if ((type >= ECH_FIRST && type <= ECH_LAST) || type == OUTER_EXTENSIONS)
		return bad(ret, ILLEGAL_PARAMETER, "encrypted ClientHello");
	if (type == ESNI)
		return bad(ret, ILLEGAL_PARAMETER, "encrypted server name");
	/* What follows it could be a second ClientHello that nobody has looked at. */
	if (type == EARLY_DATA)
		return bad(ret, ILLEGAL_PARAMETER, "early data");
	if (type == SERVER_NAME)
		return read_server_name(c, size, ret);
	skip(c, &size, size);
	return BW_HELLO_FINE;
}

static enum bw_hello_result read_extensions(struct cursor *c, size_t left, struct bw_hello *ret)
{
	uint16_t seen[MAX_EXTENSIONS];
	size_t n = 0;

	while (left > 0) {
		size_t type = number(c, &left, 2), size = number(c, &left, 2);

		if (c->short_of || size > left)
			return malformed(ret);
		for (size_t i = 0; i < n; i++)
			if (seen[i] == type)
				return bad(ret, ILLEGAL_PARAMETER, "the same extension twice");
		if (n == MAX_EXTENSIONS)
			return bad(ret, ILLEGAL_PARAMETER, "too many extensions");
		seen[n++] = (uint16_t)type;
		left -= size;
		if (read_extension(c, type, size, ret) == BW_HELLO_BAD)
			return BW_HELLO_BAD;
	}
	return ret->name[0] ? BW_HELLO_FINE : bad(ret, MISSING_EXTENSION, "no server name");
}

enum bw_hello_result bw_hello_read(const uint8_t *raw, size_t len, struct bw_hello *ret)
{
	struct cursor c = {.raw = raw};
	size_t left, size, header = MESSAGE_HEADER;
	enum bw_hello_result r;

	memset(ret, 0, sizeof *ret);
	r = measure(raw, len, &left, ret);
	if (r != BW_HELLO_FINE)
		return r;
	skip(&c, &header, MESSAGE_HEADER);
	if (number(&c, &left, 1) != 3)
		return bad(ret, PROTOCOL_VERSION, "not a version of TLS");
	skip(&c, &left, 1 + 32);
	size = number(&c, &left, 1); /* session */
	if (size > 32)
		return malformed(ret);
	skip(&c, &left, size);
	size = number(&c, &left, 2); /* ciphers */
	if (size == 0 || size % 2)
		return malformed(ret);
	skip(&c, &left, size);
	size = number(&c, &left, 1); /* compression */
	if (size == 0)
		return malformed(ret);
	skip(&c, &left, size);
	if (!c.short_of && left == 0)
		return bad(ret, MISSING_EXTENSION, "no server name");
	size = number(&c, &left, 2);
	if (c.short_of || size != left)
		return malformed(ret);
	return read_extensions(&c, left, ret);
}

enum bw_hello_result bw_hello_asks_again(const uint8_t *raw, size_t len)
{
	/* What stands for the random number: SHA-256 of "HelloRetryRequest". */
	static const uint8_t retry[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65,
		0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	const size_t random_at = RECORD_HEADER + MESSAGE_HEADER + 2;

	if (len > 0 && raw[0] != HANDSHAKE)
		return BW_HELLO_BAD;
	if (len > RECORD_HEADER && (be16(raw + 3) < BW_HELLO_ANSWER - RECORD_HEADER || raw[RECORD_HEADER] != SERVER_HELLO))
		return BW_HELLO_FINE;
	if (len < BW_HELLO_ANSWER)
		return BW_HELLO_MORE;
	return memcmp(raw + random_at, retry, sizeof retry) == 0 ? BW_HELLO_FINE : BW_HELLO_BAD;
}

enum bw_hello_result bw_hello_again(const uint8_t *raw, size_t len, size_t *ret_offset)
{
	static const uint8_t change[] = {CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1};
	size_t at = 0;

	if (len > 0 && raw[0] == CHANGE_CIPHER_SPEC) {
		if (memcmp(raw, change, len < sizeof change ? len : sizeof change) != 0)
			return BW_HELLO_BAD;
		at = len < sizeof change ? len : sizeof change;
	}
	if (at == len)
		return BW_HELLO_MORE;
	if (raw[at] != HANDSHAKE)
		return BW_HELLO_BAD;
	*ret_offset = at;
	return BW_HELLO_FINE;
}

void bw_hello_alert(uint8_t description, uint8_t ret[BW_ALERT_SIZE])
{
	const uint8_t alert[BW_ALERT_SIZE] = {21, 3, 1, 0, 2, 2, description};

	memcpy(ret, alert, sizeof alert);
}
