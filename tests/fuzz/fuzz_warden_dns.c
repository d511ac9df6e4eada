/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_warden_dns.c - any bytes as a question. Whatever is answered fits, is an answer with the number of the question,
 * and holds nothing but the question and a loopback address. */
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "warden/dns.h"

static void must_be_an_answer(const uint8_t *query, enum bw_dns_result result, const struct bw_question *question,
	enum bw_dns_answer answer)
{
	uint8_t reply[BW_DNS_MAX_REPLY];
	size_t len = bw_dns_reply(query, result, question, answer, reply);
	size_t end = result == BW_DNS_QUESTION ? question->end : 12;

	must(len >= 12 && len <= sizeof reply);
	must(memcmp(reply, query, 2) == 0 && reply[2] & 0x80);
	must(memcmp(reply + 12, query + 12, end - 12) == 0);
	must(len == end || len == end + 16 || len == end + 28);
	must((len > end) == (result == BW_DNS_QUESTION && answer == BW_DNS_LOOPBACK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bw_question question;
	enum bw_dns_result r = bw_dns_read(data, size, &question);
	char again[BW_NAME_SIZE];

	must(question.text_len < sizeof question.text);
	if (r == BW_DNS_DROP)
		return 0;
	must(size >= 12 && size <= BW_DNS_MAX_QUERY);
	if (r == BW_DNS_QUESTION) {
		must(question.end <= size);
		if (question.name[0]) {
			must(bw_name_normalise(question.name, strlen(question.name), again) == BW_NAME_FINE);
			must(bw_streq(question.name, again));
		}
	}
	for (int listed = 0; listed < 2; listed++)
		for (int with_ipv6 = 0; with_ipv6 < 2; with_ipv6++)
			must_be_an_answer(data, r, &question, bw_dns_decide(&question, listed, with_ipv6));
	return 0;
}
