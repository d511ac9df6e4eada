/* SPDX-License-Identifier: Apache-2.0 */
/* dns.c - see dns.h. */
#include "warden/dns.h"

#include <string.h>

enum { HEADER = 12, MAX_LABEL = 63, MAX_NAME = 255 };
enum { TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1 };
enum { NO_ERROR = 0, FORMAT_ERROR = 1, NAME_ERROR = 3, NOT_IMPLEMENTED = 4, REFUSED = 5 };

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* A dot within a label would make two names of one. */
static bool has_dot(const uint8_t *label, size_t len)
{
	return memchr(label, '.', len) != NULL;
}

/* The name at query[HEADER]; its end, or 0 when it is malformed. Pointers are: a question needs none, and they are how
 * parsers run in circles. */
static size_t read_name(const uint8_t *query, size_t len, struct bw_question *ret)
{
	bool is_plain = true;
	size_t at = HEADER;

	for (;;) {
		size_t label;

		if (at >= len)
			return 0;
		label = query[at++];
		if (label == 0)
			break;
		if (label > MAX_LABEL || label > len - at || at + label - HEADER >= MAX_NAME)
			return 0;
		if (ret->text_len > 0)
			ret->text[ret->text_len++] = '.';
		memcpy(ret->text + ret->text_len, query + at, label);
		ret->text_len += label;
		is_plain = is_plain && !has_dot(query + at, label);
		at += label;
	}
	if (!is_plain || bw_name_normalise(ret->text, ret->text_len, ret->name) != BW_NAME_FINE)
		ret->name[0] = '\0';
	return at;
}

enum bw_dns_result bw_dns_read(const uint8_t *query, size_t len, struct bw_question *ret)
{
	size_t at;

	memset(ret, 0, sizeof *ret);
	if (len < HEADER || query[2] & 0x80 || len > BW_DNS_MAX_QUERY)
		return BW_DNS_DROP;
	if (query[2] & 0x78)
		return BW_DNS_NOT_KNOWN;
	if (get16(query + 4) != 1 || get16(query + 6) != 0 || get16(query + 8) != 0 || get16(query + 10) > 1 ||
		query[2] & 0x02)
		return BW_DNS_MALFORMED;
	at = read_name(query, len, ret);
	if (at == 0 || len - at < 4)
		return BW_DNS_MALFORMED;
	ret->type = get16(query + at);
	ret->class = get16(query + at + 2);
	ret->end = at + 4;
	if (len > ret->end && get16(query + 10) == 0)
		return BW_DNS_MALFORMED;
	return BW_DNS_QUESTION;
}

enum bw_dns_answer bw_dns_decide(const struct bw_question *question, bool is_listed, bool with_ipv6)
{
	if (question->class != CLASS_IN)
		return BW_DNS_REFUSED;
	if (!is_listed)
		return BW_DNS_NO_NAME;
	if (question->type == TYPE_A || (question->type == TYPE_AAAA && with_ipv6))
		return BW_DNS_LOOPBACK;
	return BW_DNS_NO_DATA;
}

static unsigned code_of(enum bw_dns_result result, enum bw_dns_answer answer)
{
	switch (result) {
	case BW_DNS_MALFORMED:
		return FORMAT_ERROR;
	case BW_DNS_NOT_KNOWN:
		return NOT_IMPLEMENTED;
	case BW_DNS_DROP:
		return REFUSED;
	case BW_DNS_QUESTION:
		break;
	}
	switch (answer) {
	case BW_DNS_LOOPBACK:
	case BW_DNS_NO_DATA:
		return NO_ERROR;
	case BW_DNS_NO_NAME:
		return NAME_ERROR;
	case BW_DNS_REFUSED:
		break;
	}
	return REFUSED;
}

/* A record of the loopback address for the name of the question; its length. */
static size_t add_record(uint16_t type, uint8_t *at)
{
	static const uint8_t ipv4[4] = {127, 0, 0, 1}, ipv6[16] = {[15] = 1};
	size_t size = type == TYPE_A ? sizeof ipv4 : sizeof ipv6;

	put16(at, 0xc000 | HEADER); /* where the name stands */
	put16(at + 2, type);
	put16(at + 4, CLASS_IN);
	put16(at + 6, 0);
	put16(at + 8, BW_DNS_TTL_S);
	put16(at + 10, (unsigned)size);
	memcpy(at + 12, type == TYPE_A ? ipv4 : ipv6, size);
	return 12 + size;
}

size_t bw_dns_reply(const uint8_t *query, enum bw_dns_result result, const struct bw_question *question,
	enum bw_dns_answer answer, uint8_t ret[BW_DNS_MAX_REPLY])
{
	bool has_question = result == BW_DNS_QUESTION && question;
	size_t len = has_question ? question->end : HEADER;

	memcpy(ret, query, len);
	ret[2] = (uint8_t)(0x80 | (query[2] & 0x79)); /* an answer; operation and "recursion desired" as asked */
	ret[3] = (uint8_t)(0x80 | code_of(result, answer));
	put16(ret + 4, has_question ? 1 : 0);
	put16(ret + 6, has_question && answer == BW_DNS_LOOPBACK ? 1 : 0);
	put16(ret + 8, 0);
	put16(ret + 10, 0);
	if (has_question && answer == BW_DNS_LOOPBACK)
		len += add_record(question->type, ret + len);
	return len;
}
