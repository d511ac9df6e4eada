/* SPDX-License-Identifier: Apache-2.0 */
/* test_warden_parsers.c - what a container sends to the gate: heads of requests, ClientHellos, questions; and what is
 * written down about it. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "json/json.h"
#include "scratch.h"
#include "warden/clienthello.h"
#include "warden/connect.h"
#include "warden/dns.h"
#include "warden/events.h"

/* ---- heads ---- */

static const struct {
	const char *text;
	int status; /* 0: fine */
	const char *said; /* name, or reason */
} heads[] = {
	{"CONNECT pypi.example:443 HTTP/1.1\r\nHost: pypi.example:443\r\n\r\n", 0, "pypi.example"},
	{"CONNECT PyPI.example.:443 HTTP/1.1\r\nHost: pypi.EXAMPLE\r\nUser-Agent: x\r\n\r\n", 0, "pypi.example"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\n\r\n", 0, "pypi.example"},
	{"CONNECT pypi.example:443 HTTP/1.1\r\nHost:pypi.example\r\nContent-Length: 0\r\n\r\n", 0, "pypi.example"},
	{"GET http://deb.example/a?b HTTP/1.1\r\nHost: other\r\n\r\n", 0, "deb.example"},
	{"HEAD HTTP://deb.example HTTP/1.0\r\n\r\n", 0, "deb.example"},
	{"CONNECT pypi.example:443 HTTP/1.1\r\n\r\n", 400, "no Host"},
	{"CONNECT pypi.example:443 HTTP/1.1\r\nHost: npm.example\r\n\r\n", 400, "Host is not the target"},
	{"CONNECT pypi.example:443 HTTP/1.1\r\nHost: pypi.example:444\r\n\r\n", 400, "Host is not the target"},
	{"CONNECT pypi.example:443 HTTP/1.1\r\nHost: pypi.example\r\nHost: pypi.example\r\n\r\n", 400, "more than one Host"},
	{"CONNECT pypi.example HTTP/1.0\r\n\r\n", 400, "the port is not a port"},
	{"CONNECT pypi.example: HTTP/1.0\r\n\r\n", 400, "the port is not a port"},
	{"CONNECT pypi.example:0443 HTTP/1.0\r\n\r\n", 400, "the port is not a port"},
	{"CONNECT pypi.example:65536 HTTP/1.0\r\n\r\n", 400, "the port is not a port"},
	{"CONNECT pypi.example:+443 HTTP/1.0\r\n\r\n", 400, "the port is not a port"},
	{"CONNECT user@pypi.example:443 HTTP/1.0\r\n\r\n", 400, "user information before the host"},
	{"CONNECT user:443@pypi.example:443 HTTP/1.0\r\n\r\n", 400, "user information before the host"},
	{"CONNECT 9.9.9.9:443 HTTP/1.0\r\n\r\n", 403, "the host is an address, not a name"},
	{"CONNECT 0x09090909:443 HTTP/1.0\r\n\r\n", 403, "the host is an address, not a name"},
	{"CONNECT [::ffff:9.9.9.9]:443 HTTP/1.0\r\n\r\n", 403, "the host is an address, not a name"},
	{"CONNECT ::1:443 HTTP/1.0\r\n\r\n", 403, "the host is an address, not a name"},
	{"CONNECT http://pypi.example:443 HTTP/1.0\r\n\r\n", 403, "the host is an address, not a name"},
	{"CONNECT localhost:443 HTTP/1.0\r\n\r\n", 400, "the host is not a host name"},
	{"CONNECT pypi.example/:443 HTTP/1.0\r\n\r\n", 400, "the host is not a host name"},
	{"CONNECT  pypi.example:443 HTTP/1.0\r\n\r\n", 400, "malformed request line"},
	{"CONNECT pypi.example:443  HTTP/1.0\r\n\r\n", 400, "malformed request line"},
	{"CONNECT\tpypi.example:443 HTTP/1.0\r\n\r\n", 400, "malformed request line"},
	{"CONNECT pypi.example:443 HTTP/1.0 \r\n\r\n", 400, "malformed request line"},
	{"CONNECT pypi.example:443 HTTP/2.0\r\n\r\n", 400, "malformed request line"},
	{"CONNECT pypi.example:443\r\n\r\n", 400, "malformed request line"},
	{"\r\nCONNECT pypi.example:443 HTTP/1.0\r\n\r\n", 400, "malformed request line"},
	{"connect pypi.example:443 HTTP/1.0\r\n\r\n", 400, "malformed request line"},
	{"CONNECT pypi.example:443 HTTP/1.0\n\n", 400, "malformed line"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\nA: b\n\r\n", 400, "malformed line"},
	{"CONNECT pypi.example:443 HTTP/1.0\rA: b\r\n\r\n", 400, "malformed line"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\r\n\r\n", 400, "malformed line"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\nA : b\r\n\r\n", 400, "malformed header field"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\nA: b\r\n c\r\n\r\n", 400, "malformed header field"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\n: b\r\n\r\n", 400, "malformed header field"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\nA\r\n\r\n", 400, "malformed header field"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\nA: \x01\r\n\r\n", 400, "malformed header field"},
	{"CONNECT pypi.example:443 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "a request with a body"},
	{"GET http://deb.example/ HTTP/1.0\r\ncontent-length: 5\r\n\r\n", 400, "a request with a body"},
	{"GET http://deb.example/ HTTP/1.0\r\nContent-Length: 0, 5\r\n\r\n", 400, "a request with a body"},
	{"GET https://deb.example/ HTTP/1.0\r\n\r\n", 400, "the target is not an absolute http URL"},
	{"GET / HTTP/1.0\r\n\r\n", 400, "the target is not an absolute http URL"},
	{"GET http://deb.example\\@evil.test/ HTTP/1.0\r\n\r\n", 400, "the target is not an absolute http URL"},
	{"GET http://deb.example/#x HTTP/1.0\r\n\r\n", 400, "the target is not an absolute http URL"},
	{"GET http://evil.test@deb.example/ HTTP/1.0\r\n\r\n", 400, "user information before the host"},
	{"GET http://10.0.0.1/ HTTP/1.0\r\n\r\n", 403, "the host is an address, not a name"},
	{"GET http:///x HTTP/1.0\r\n\r\n", 400, "the host is not a host name"},
	{"PUT http://deb.example/ HTTP/1.0\r\n\r\n", 405, "only CONNECT, GET and HEAD are known"},
};

START_TEST(a_head_can_be_read_in_one_way_or_is_refused)
{
	size_t len = strlen(heads[_i].text);
	struct bw_head head;
	enum bw_head_result r = bw_head_read(heads[_i].text, len, &head);

	ck_assert_msg(r == (heads[_i].status ? BW_HEAD_BAD : BW_HEAD_FINE), "%s", heads[_i].text);
	ck_assert_int_eq(head.status, heads[_i].status);
	ck_assert_str_eq(heads[_i].status ? head.reason : head.name, heads[_i].said);
	if (heads[_i].status)
		return;
	ck_assert_uint_eq(head.len, len);
	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(bw_head_read(heads[_i].text, n, &head), BW_HEAD_MORE);
}
END_TEST

START_TEST(a_head_has_a_length_and_a_number_of_fields)
{
	char text[BW_HEAD_MAX + 512];
	struct bw_buf buf = bw_buf_over(text, sizeof text);
	struct bw_head head;

	bw_buf_add(&buf, "CONNECT pypi.example:443 HTTP/1.0\r\n");
	for (int i = 0; i < BW_HEAD_MAX_FIELDS; i++)
		bw_buf_add(&buf, "a: b\r\n");
	bw_buf_add(&buf, "\r\n");
	ck_assert_int_eq(bw_head_read(text, buf.len, &head), BW_HEAD_FINE);
	text[buf.len - 2] = '\0';
	buf.len -= 2;
	bw_buf_add(&buf, "a: b\r\n\r\n");
	ck_assert_int_eq(bw_head_read(text, buf.len, &head), BW_HEAD_BAD);
	ck_assert_str_eq(head.reason, "too many header fields");

	memset(text, 'a', sizeof text);
	memcpy(text, "GET ", 4);
	ck_assert_int_eq(bw_head_read(text, BW_HEAD_MAX - 1, &head), BW_HEAD_MORE);
	ck_assert_int_eq(bw_head_read(text, BW_HEAD_MAX, &head), BW_HEAD_BAD);
	ck_assert_int_eq(head.status, 431);
}
END_TEST

START_TEST(a_plain_request_is_written_anew)
{
	const char text[] = "GET http://deb.example?q HTTP/1.1\r\nHost: evil.test\r\nProxy-Authorization: x\r\n"
			    "Accept:  */*\t\r\nConnection: keep-alive\r\nupgrade: h2c\r\nExpect: 100-continue\r\n\r\n";
	char out[512];
	struct bw_buf buf = bw_buf_over(out, sizeof out);
	struct bw_head head;

	ck_assert_int_eq(bw_head_read(text, strlen(text), &head), BW_HEAD_FINE);
	ck_assert_int_eq(head.port, 80);
	bw_head_rewrite(&head, &buf);
	ck_assert_str_eq(out, "GET /?q HTTP/1.1\r\nHost: deb.example\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}
END_TEST

START_TEST(an_answer_has_its_reason_in_one_line)
{
	char out[512];
	struct bw_buf buf = bw_buf_over(out, sizeof out);

	bw_head_answer(403, "the name is not on the list", &buf);
	ck_assert_str_eq(out, "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 37\r\n"
			      "Connection: close\r\n\r\nbulwark: the name is not on the list\n");
}
END_TEST

/* ---- ClientHellos ---- */

enum { ROOM = 40000 };

/* A message under construction. */
struct message {
	uint8_t bytes[ROOM];
	size_t len;
};

static void put(struct message *m, const void *bytes, size_t len)
{
	ck_assert(m->len + len <= sizeof m->bytes);
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put_number(struct message *m, size_t value, size_t bytes)
{
	while (bytes-- > 0) {
		uint8_t byte = (uint8_t)(value >> (8 * bytes));

		put(m, &byte, 1);
	}
}

static void put_extension(struct message *m, unsigned type, const void *data, size_t len)
{
	put_number(m, type, 2);
	put_number(m, len, 2);
	put(m, data, len);
}

static void put_name(struct message *m, const char *name)
{
	static struct message data;

	data.len = 0;
	put_number(&data, strlen(name) + 3, 2);
	put_number(&data, 0, 1);
	put_number(&data, strlen(name), 2);
	put(&data, name, strlen(name));
	put_extension(m, 0, data.bytes, data.len);
}

/* The message around these extensions; extensions NULL: none. */
static void put_hello(struct message *m, const struct message *extensions)
{
	static const uint8_t start[] = {3, 3}, random[32], rest[] = {0, 0, 2, 0x13, 1, 1, 0};
	size_t len = sizeof start + sizeof random + sizeof rest + (extensions ? 2 + extensions->len : 0);

	put_number(m, 1, 1);
	put_number(m, len, 3);
	put(m, start, sizeof start);
	put(m, random, sizeof random);
	put(m, rest, sizeof rest);
	if (extensions) {
		put_number(m, extensions->len, 2);
		put(m, extensions->bytes, extensions->len);
	}
}

/* In records of size bytes. */
static void put_records(struct message *raw, const struct message *m, size_t size)
{
	for (size_t at = 0; at < m->len; at += size) {
		size_t len = m->len - at < size ? m->len - at : size;

		put(raw, "\x16\x03\x01", 3);
		put_number(raw, len, 2);
		put(raw, m->bytes + at, len);
	}
}

static struct message extensions, message, raw;

static void begin(void)
{
	extensions.len = message.len = raw.len = 0;
}

/* The hello of these extensions, in one record. */
static enum bw_hello_result read_it(struct bw_hello *ret)
{
	put_hello(&message, &extensions);
	put_records(&raw, &message, 16384);
	return bw_hello_read(raw.bytes, raw.len, ret);
}

START_TEST(a_client_hello_gives_its_name)
{
	struct bw_hello hello;

	put_extension(&extensions, 0x2b, "\x02\x03\x04", 3);
	put_name(&extensions, "PyPI.example");
	ck_assert_int_eq(read_it(&hello), BW_HELLO_FINE);
	ck_assert_str_eq(hello.name, "pypi.example");
	ck_assert_uint_eq(hello.raw_len, raw.len);
	for (size_t n = 0; n < raw.len; n++)
		ck_assert_int_eq(bw_hello_read(raw.bytes, n, &hello), BW_HELLO_MORE);
}
END_TEST

START_TEST(a_client_hello_may_be_cut_by_records_anywhere)
{
	struct bw_hello hello;

	put_name(&extensions, "pypi.example");
	put_hello(&message, &extensions);
	for (size_t size = 1; size <= message.len; size++) {
		raw.len = 0;
		put_records(&raw, &message, size);
		ck_assert_int_eq(bw_hello_read(raw.bytes, raw.len - 1, &hello), BW_HELLO_MORE);
		ck_assert_int_eq(bw_hello_read(raw.bytes, raw.len, &hello), BW_HELLO_FINE);
		ck_assert_str_eq(hello.name, "pypi.example");
		ck_assert_uint_eq(hello.raw_len, raw.len);
	}
}
END_TEST

static void must_be_bad(enum bw_hello_result r, const struct bw_hello *hello, const char *reason)
{
	ck_assert_int_eq(r, BW_HELLO_BAD);
	ck_assert_str_eq(hello->reason, reason);
	ck_assert_int_ne(hello->alert, 0);
	ck_assert_str_eq(hello->name, "");
}

static const struct {
	unsigned type;
	const char *reason;
} forbidden[] = {
	{0xfe0d, "encrypted ClientHello"},
	{0xfe08, "encrypted ClientHello"},
	{0xfd00, "encrypted ClientHello"},
	{0xffce, "encrypted server name"},
	{42, "early data"},
};

START_TEST(nothing_in_a_client_hello_is_encrypted_or_early)
{
	struct bw_hello hello;

	put_name(&extensions, "pypi.example");
	put_extension(&extensions, forbidden[_i].type, "", 0);
	must_be_bad(read_it(&hello), &hello, forbidden[_i].reason);
}
END_TEST

START_TEST(a_client_hello_has_one_name)
{
	struct bw_hello hello;

	must_be_bad(read_it(&hello), &hello, "no server name");
	begin();
	put_hello(&message, NULL);
	put_records(&raw, &message, 16384);
	must_be_bad(bw_hello_read(raw.bytes, raw.len, &hello), &hello, "no server name");
	begin();
	put_name(&extensions, "pypi.example");
	put_name(&extensions, "npm.example");
	must_be_bad(read_it(&hello), &hello, "the same extension twice");
	begin();
	/* Two names in one list. */
	put_extension(&extensions, 0, "\0\x14\0\0\7a.b.c.d\0\0\7a.b.c.e", 22);
	must_be_bad(read_it(&hello), &hello, "malformed ClientHello");
	begin();
	put_extension(&extensions, 0, "\0\x0a\1\0\7a.b.c.d", 12);
	must_be_bad(read_it(&hello), &hello, "server name is no host name");
}
END_TEST

START_TEST(the_name_is_a_host_name)
{
	static const char *const wrong[] = {"9.9.9.9", "pypi.example.", "pypi", "pypi_.example", "2852039166", "[::1]", "a b.c"};
	struct bw_hello hello;

	for (size_t i = 0; i < BW_COUNT(wrong); i++) {
		begin();
		put_name(&extensions, wrong[i]);
		must_be_bad(read_it(&hello), &hello, "server name is no host name");
	}
	begin();
	put_extension(&extensions, 0, "\0\x0a\0\0\7a.b\0c.d", 12);
	must_be_bad(read_it(&hello), &hello, "server name is no host name");
	begin();
	put_name(&extensions, "");
	ck_assert_int_eq(read_it(&hello), BW_HELLO_BAD);
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	static const uint8_t padding[17000];
	struct bw_hello hello;

	put_name(&extensions, "pypi.example");
	put_extension(&extensions, 21, padding, 16000);
	ck_assert_int_eq(read_it(&hello), BW_HELLO_FINE);
	/* Records of few bytes, with five of header each. */
	raw.len = 0;
	put_records(&raw, &message, 8);
	must_be_bad(bw_hello_read(raw.bytes, BW_HELLO_MAX_RAW + 8, &hello), &hello, "ClientHello in too many records");
	begin();
	put_name(&extensions, "pypi.example");
	put_extension(&extensions, 21, padding, sizeof padding);
	must_be_bad(read_it(&hello), &hello, "ClientHello is too long");
	/* It is known from the first bytes. */
	must_be_bad(bw_hello_read(raw.bytes, 9, &hello), &hello, "ClientHello is too long");
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	const char *reason;
} rubbish[] = {
	{"GET / HTTP/1.1\r\n", 16, "not a TLS handshake"},
	{"G", 1, "not a TLS handshake"},
	{"\x80\x2e\x01\x00\x02\x00", 6, "SSLv2 hello"},
	{"\x17\x03\x03\x00\x05", 5, "not a TLS handshake"},
	{"\x16\x02\x00\x00\x05\x01", 6, "not a TLS handshake"},
	{"\x16\x03\x01\x00\x00", 5, "TLS record of a size that is not allowed"},
	{"\x16\x03\x01\x40\x01\x01", 6, "TLS record of a size that is not allowed"},
	{"\x16\x03\x01\x00\x04\x02", 6, "not a ClientHello"},
	{"\x16\x03\x01\x00\x05\x01\x00\x00\x00\x00", 10, "data behind the ClientHello in its record"},
	{"\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9, "not a version of TLS"},
};

START_TEST(what_is_no_client_hello_is_refused_at_once)
{
	struct bw_hello hello;

	must_be_bad(bw_hello_read((const uint8_t *)rubbish[_i].bytes, rubbish[_i].len, &hello), &hello, rubbish[_i].reason);
}
END_TEST

START_TEST(every_byte_of_a_client_hello_counts)
{
	struct bw_hello hello;

	put_name(&extensions, "pypi.example");
	put_extension(&extensions, 0x2b, "\x02\x03\x04", 3);
	ck_assert_int_eq(read_it(&hello), BW_HELLO_FINE);
	/* Whatever is changed: no other name than this one, or one that differs in that byte, and no crash. */
	for (size_t i = 0; i < raw.len; i++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t was = raw.bytes[i];

			raw.bytes[i] = (uint8_t)value;
			if (bw_hello_read(raw.bytes, raw.len, &hello) == BW_HELLO_FINE)
				ck_assert_uint_eq(strlen(hello.name), strlen("pypi.example"));
			raw.bytes[i] = was;
		}
	}
}
END_TEST

START_TEST(a_server_that_wants_a_second_client_hello_is_understood)
{
	uint8_t answer[BW_HELLO_ANSWER] = {22, 3, 3, 0, 88, 2, 0, 0, 84, 3, 3, 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe,
		0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2,
		0xc8, 0xa8, 0x33, 0x9c};

	ck_assert_int_eq(bw_hello_asks_again(answer, sizeof answer), BW_HELLO_FINE);
	for (size_t n = 0; n < sizeof answer; n++)
		ck_assert_int_eq(bw_hello_asks_again(answer, n), BW_HELLO_MORE);
	for (size_t i = 11; i < sizeof answer; i++) {
		answer[i] ^= 1;
		ck_assert_int_eq(bw_hello_asks_again(answer, sizeof answer), BW_HELLO_BAD);
		answer[i] ^= 1;
	}
	/* An alert; a record that is too short to show it; a message that may hide it. */
	ck_assert_int_eq(bw_hello_asks_again((const uint8_t *)"\x15", 1), BW_HELLO_BAD);
	ck_assert_int_eq(bw_hello_asks_again((const uint8_t *)"\x16\x03\x03\x00\x04\x02", 6), BW_HELLO_FINE);
	answer[5] = 4;
	ck_assert_int_eq(bw_hello_asks_again(answer, sizeof answer), BW_HELLO_FINE);
}
END_TEST

START_TEST(a_second_client_hello_is_found)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum bw_hello_result result;
		size_t offset;
	} rows[] = {
		{"", 0, BW_HELLO_MORE, 0},
		{"\x16", 1, BW_HELLO_FINE, 0},
		{"\x14\x03\x03", 3, BW_HELLO_MORE, 0},
		{"\x14\x03\x03\x00\x01\x01", 6, BW_HELLO_MORE, 0},
		{"\x14\x03\x03\x00\x01\x01\x16", 7, BW_HELLO_FINE, 6},
		{"\x14\x03\x03\x00\x01\x01\x14", 7, BW_HELLO_BAD, 0},
		{"\x14\x03\x03\x00\x02", 5, BW_HELLO_BAD, 0},
		{"\x17", 1, BW_HELLO_BAD, 0},
		{"\x14\x03\x03\x00\x01\x01\x17", 7, BW_HELLO_BAD, 0},
		{"\x15", 1, BW_HELLO_BAD, 0},
	};

	for (size_t i = 0; i < BW_COUNT(rows); i++) {
		size_t offset = 0;

		ck_assert_int_eq(bw_hello_again((const uint8_t *)rows[i].bytes, rows[i].len, &offset), rows[i].result);
		ck_assert_uint_eq(offset, rows[i].offset);
	}
}
END_TEST

/* ---- questions ---- */

#define HEAD	 "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define NAME	 "\x04pypi\x07" "example\0"
#define QUESTION HEAD NAME "\x00\x01\x00\x01"

static const struct {
	const char *query;
	size_t len;
	enum bw_dns_result result;
	const char *name;
} queries[] = {
	{QUESTION, sizeof QUESTION - 1, BW_DNS_QUESTION, "pypi.example"},
	{HEAD "\x04PyPi\x07" "example\0\x00\x1c\x00\x01", 30, BW_DNS_QUESTION, "pypi.example"},
	{HEAD "\0\x00\x01\x00\x01", 17, BW_DNS_QUESTION, ""},
	/* A dot within a label. */
	{HEAD "\x0cpypi.example\0\x00\x01\x00\x01", 30, BW_DNS_QUESTION, ""},
	{HEAD "\x04" "a\0bc\x07" "example\0\x00\x01\x00\x01", 30, BW_DNS_QUESTION, ""},
	/* EDNS behind it. */
	{"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" NAME "\x00\x01\x00\x01\0\0\x29\x02\0\0\0\0\0\0\0", 41, BW_DNS_QUESTION,
		"pypi.example"},
	{HEAD, 11, BW_DNS_DROP, NULL},
	{"", 0, BW_DNS_DROP, NULL},
	{"\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00" NAME "\x00\x01\x00\x01", 30, BW_DNS_DROP, NULL},
	{"\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00" NAME "\x00\x01\x00\x01", 30, BW_DNS_NOT_KNOWN, NULL},
	{"\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00" NAME "\x00\x01\x00\x01", 30, BW_DNS_MALFORMED, NULL},
	{"\x12\x34\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00" NAME "\x00\x01\x00\x01", 30, BW_DNS_MALFORMED, NULL},
	{"\x12\x34\x03\x00\x00\x01\x00\x00\x00\x00\x00\x00" NAME "\x00\x01\x00\x01", 30, BW_DNS_MALFORMED, NULL},
	{QUESTION, sizeof QUESTION - 2, BW_DNS_MALFORMED, NULL},
	{QUESTION "x", sizeof QUESTION, BW_DNS_MALFORMED, NULL},
	{HEAD "\xc0\x0c\x00\x01\x00\x01", 18, BW_DNS_MALFORMED, NULL},
	{HEAD "\x04pypi\xc0\x0c\x00\x01\x00\x01", 23, BW_DNS_MALFORMED, NULL},
	{HEAD "\x40", 13, BW_DNS_MALFORMED, NULL},
	{HEAD "\x05" "pypi", 17, BW_DNS_MALFORMED, NULL},
};

START_TEST(a_question_is_one_plain_name)
{
	struct bw_question question;

	ck_assert_int_eq(bw_dns_read((const uint8_t *)queries[_i].query, queries[_i].len, &question), queries[_i].result);
	if (queries[_i].name)
		ck_assert_str_eq(question.name, queries[_i].name);
}
END_TEST

START_TEST(a_name_of_a_question_has_255_bytes)
{
	uint8_t query[BW_DNS_MAX_QUERY] = HEAD;
	struct bw_question question;
	size_t len = 12;

	for (int i = 0; i < 4; i++) {
		size_t label = i < 3 ? 63 : 61;

		query[len] = (uint8_t)label;
		memset(query + len + 1, 'a', label);
		len += 1 + label;
	}
	ck_assert_int_eq(bw_dns_read(query, len + 5, &question), BW_DNS_QUESTION);
	ck_assert_uint_eq(question.text_len, 253);
	query[len - 62] = 62;
	ck_assert_int_eq(bw_dns_read(query, len + 6, &question), BW_DNS_MALFORMED);
}
END_TEST

static const struct {
	uint16_t type, class;
	bool is_listed, with_ipv6;
	enum bw_dns_answer answer;
} decisions[] = {
	{1, 1, true, true, BW_DNS_LOOPBACK},
	{1, 1, true, false, BW_DNS_LOOPBACK},
	{28, 1, true, true, BW_DNS_LOOPBACK},
	{28, 1, true, false, BW_DNS_NO_DATA},
	{65, 1, true, true, BW_DNS_NO_DATA},
	{64, 1, true, true, BW_DNS_NO_DATA},
	{16, 1, true, true, BW_DNS_NO_DATA},
	{255, 1, true, true, BW_DNS_NO_DATA},
	{1, 1, false, true, BW_DNS_NO_NAME},
	{16, 1, false, true, BW_DNS_NO_NAME},
	{1, 3, true, true, BW_DNS_REFUSED},
	{1, 255, false, true, BW_DNS_REFUSED},
};

START_TEST(listed_names_are_here_and_others_nowhere)
{
	const struct bw_question question = {.type = decisions[_i].type, .class = decisions[_i].class};

	ck_assert_int_eq(bw_dns_decide(&question, decisions[_i].is_listed, decisions[_i].with_ipv6), decisions[_i].answer);
}
END_TEST

START_TEST(a_reply_has_the_question_and_the_address)
{
	static const char a[] = "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" NAME "\x00\x01\x00\x01"
				"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01";
	static const char none[] = "\x12\x34\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00" NAME "\x00\x01\x00\x01";
	static const char malformed[] = "\x12\x34\x81\x81\x00\x00\x00\x00\x00\x00\x00\x00";
	const uint8_t *query = (const uint8_t *)QUESTION;
	uint8_t reply[BW_DNS_MAX_REPLY];
	struct bw_question question;

	ck_assert_int_eq(bw_dns_read(query, sizeof QUESTION - 1, &question), BW_DNS_QUESTION);
	ck_assert_uint_eq(bw_dns_reply(query, BW_DNS_QUESTION, &question, BW_DNS_LOOPBACK, reply), sizeof a - 1);
	ck_assert_mem_eq(reply, a, sizeof a - 1);
	ck_assert_uint_eq(bw_dns_reply(query, BW_DNS_QUESTION, &question, BW_DNS_NO_NAME, reply), sizeof none - 1);
	ck_assert_mem_eq(reply, none, sizeof none - 1);
	ck_assert_uint_eq(bw_dns_reply(query, BW_DNS_MALFORMED, NULL, BW_DNS_REFUSED, reply), sizeof malformed - 1);
	ck_assert_mem_eq(reply, malformed, sizeof malformed - 1);
	question.type = 28;
	ck_assert_uint_eq(bw_dns_reply(query, BW_DNS_QUESTION, &question, BW_DNS_LOOPBACK, reply), sizeof none - 1 + 28);
	ck_assert_int_eq(reply[sizeof none - 1 + 27], 1);
}
END_TEST

/* ---- events ---- */

START_TEST(an_event_is_a_line_of_json_whatever_the_name)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct timespec time = {1795850000, 123456789};
	char name[300], line[BW_EVENT_MAX_LINE];
	struct bw_buf buf = bw_buf_over(line, sizeof line);
	struct bw_err err = {0};
	struct bw_json *tree;

	for (size_t i = 0; i < sizeof name; i++)
		name[i] = (char)i;
	bw_event_format(&(struct bw_event){.kind = BW_EVENT_REFUSED, .name = name, .name_len = sizeof name, .port = 443,
				.address = "9.9.9.9", .reason = "\"why\""},
		"c\n1", &time, 7, &buf);
	ck_assert(!buf.overflow && strchr(line, '\n') == line + buf.len - 1);
	/* NUL is an escape that our own reader refuses, rightly; others take it. */
	memcpy(strstr(line, "\\u0000"), "\\u0001", 6);
	ck_assert_msg(bw_json_parse(line, buf.len, "event", &arena, &tree, &err) == 0, "%s", err.text);
	ck_assert_str_eq(bw_json_get(tree, "time")->text, "2026-11-28T07:13:20.123Z");
	ck_assert_str_eq(bw_json_get(tree, "id")->text, "c\n1");
	ck_assert_str_eq(bw_json_get(tree, "reason")->text, "\"why\"");
	ck_assert_str_eq(bw_json_get(tree, "held_back")->text, "7");
	ck_assert_ptr_null(bw_json_get(tree, "bytes_in"));
}
END_TEST

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

START_TEST(a_log_is_bounded_and_says_what_it_lacks)
{
	const struct bw_event event = {.kind = BW_EVENT_CONNECT, .name = "a.example", .name_len = 9};
	struct bw_err err = {0};
	auto_free char *text = NULL;
	struct bw_events events;
	struct scratch s = {.dir = -1};
	char path[300];
	int fd;

	scratch_make(&s);
	snprintf(path, sizeof path, "%s/log", s.path);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	bw_events_init(&events, fd, "c1", 16384, 0);
	for (int i = 0; i < 500; i++)
		bw_events_write(&events, &event, 0);
	bw_events_end(&events);
	ck_assert_int_eq(bw_read_file(path, 1 << 20, &text, NULL, &err), 0);
	ck_assert_uint_le(strlen(text), 16384);
	ck_assert_ptr_nonnull(strstr(text, "\"reason\":\"the log is full\""));
	snprintf(path, sizeof path, "\"reason\":\"the container is gone, %zu events were left out\"}\n", 500 - (lines_of(text) - 2));
	ck_assert_msg(strstr(text, path) != NULL, "%s not in %s", path, text + strlen(text) - 300);
	close(fd);
	scratch_remove(&s);
}
END_TEST

START_TEST(refusals_are_held_back_and_counted)
{
	const struct bw_event refusal = {.kind = BW_EVENT_DNS_REFUSED, .reason = "x"};
	struct bw_err err = {0};
	auto_free char *text = NULL;
	struct bw_events events;
	struct scratch s = {.dir = -1};
	char path[300];
	int fd;

	scratch_make(&s);
	snprintf(path, sizeof path, "%s/log", s.path);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	bw_events_init(&events, fd, "c1", 1 << 20, 0);
	for (int i = 0; i < 1000; i++)
		bw_events_write(&events, &refusal, 0);
	bw_events_write(&events, &(struct bw_event){.kind = BW_EVENT_CONNECT}, 0);
	ck_assert_int_eq(bw_read_file(path, 1 << 20, &text, NULL, &err), 0);
	ck_assert_uint_eq(lines_of(text), 301);
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"connect\",\"id\":\"c1\",\"held_back\":700}"));
	close(fd);
	scratch_remove(&s);
}
END_TEST

START_TEST(a_full_disk_is_counted_and_nothing_else)
{
	struct bw_events events;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	bw_events_init(&events, fd, "c1", 1 << 20, 0);
	bw_events_write(&events, &(struct bw_event){.kind = BW_EVENT_CONNECT}, 0);
	ck_assert_uint_eq(events.left_out, 1);
	close(fd);
}
END_TEST

static TCase *head_cases(void)
{
	TCase *t = tcase_create("heads");

	tcase_add_loop_test(t, a_head_can_be_read_in_one_way_or_is_refused, 0, BW_COUNT(heads));
	tcase_add_test(t, a_head_has_a_length_and_a_number_of_fields);
	tcase_add_test(t, a_plain_request_is_written_anew);
	tcase_add_test(t, an_answer_has_its_reason_in_one_line);
	return t;
}

static TCase *hello_cases(void)
{
	TCase *t = tcase_create("hellos");

	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, a_client_hello_gives_its_name);
	tcase_add_test(t, a_client_hello_may_be_cut_by_records_anywhere);
	tcase_add_loop_test(t, nothing_in_a_client_hello_is_encrypted_or_early, 0, BW_COUNT(forbidden));
	tcase_add_test(t, a_client_hello_has_one_name);
	tcase_add_test(t, the_name_is_a_host_name);
	tcase_add_test(t, what_is_too_long_is_refused);
	tcase_add_loop_test(t, what_is_no_client_hello_is_refused_at_once, 0, BW_COUNT(rubbish));
	tcase_add_test(t, every_byte_of_a_client_hello_counts);
	tcase_add_test(t, a_server_that_wants_a_second_client_hello_is_understood);
	tcase_add_test(t, a_second_client_hello_is_found);
	return t;
}

static TCase *other_cases(void)
{
	TCase *t = tcase_create("questions and events");

	tcase_add_loop_test(t, a_question_is_one_plain_name, 0, BW_COUNT(queries));
	tcase_add_test(t, a_name_of_a_question_has_255_bytes);
	tcase_add_loop_test(t, listed_names_are_here_and_others_nowhere, 0, BW_COUNT(decisions));
	tcase_add_test(t, a_reply_has_the_question_and_the_address);
	tcase_add_test(t, an_event_is_a_line_of_json_whatever_the_name);
	tcase_add_test(t, a_log_is_bounded_and_says_what_it_lacks);
	tcase_add_test(t, refusals_are_held_back_and_counted);
	tcase_add_test(t, a_full_disk_is_counted_and_nothing_else);
	return t;
}

int main(void)
{
	Suite *suite = suite_create("warden: parsers");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, head_cases());
	suite_add_tcase(suite, hello_cases());
	suite_add_tcase(suite, other_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
