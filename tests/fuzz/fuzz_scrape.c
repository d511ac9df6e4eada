/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_scrape.c - any bytes as the head of a request for metrics, also as far as they have come. What is answered with the text
 * begins with one of two words and the path; and when something has been decided, more bytes of a head decide nothing else. */
#include <string.h>

#include "cli/scrape.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *head = (const char *)data;
	size_t len = size > BW_SCRAPE_MAX_REQUEST ? BW_SCRAPE_MAX_REQUEST : size;
	enum bw_scrape_verdict verdict = bw_scrape_judge(head, len);

	must(verdict != BW_SCRAPE_MORE || len < BW_SCRAPE_MAX_REQUEST);
	if (verdict == BW_SCRAPE_TEXT)
		must(len >= 23 && memcmp(head, "GET /metrics", 12) == 0 && (head[12] == ' ' || head[12] == '?'));
	if (verdict == BW_SCRAPE_HEAD)
		must(len >= 24 && memcmp(head, "HEAD /metrics", 13) == 0 && (head[13] == ' ' || head[13] == '?'));
	for (size_t part = 0; part < len && part < 64; part++) {
		enum bw_scrape_verdict early = bw_scrape_judge(head, part);

		must(early == BW_SCRAPE_MORE || early == verdict || verdict == BW_SCRAPE_BAD);
	}
	return 0;
}
