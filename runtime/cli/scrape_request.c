/* SPDX-License-Identifier: Apache-2.0 */
/* scrape_request.c - as much of HTTP as there is to being asked for one thing. */
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/scrape.h"

#define PATH "/metrics"

static bool is_word(const char *at, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(at, word, len) == 0;
}

/* "METHOD SP TARGET SP HTTP/1.x" */
static enum bw_scrape_verdict judge_line(const char *line, size_t len)
{
	const char *target = memchr(line, ' ', len), *version, *end = line + len;
	size_t path;

	if (!target || target == line)
		return BW_SCRAPE_BAD;
	target++;
	version = memchr(target, ' ', (size_t)(end - target));
	if (!version || version == target || !(is_word(version + 1, (size_t)(end - version - 1), "HTTP/1.1") ||
						      is_word(version + 1, (size_t)(end - version - 1), "HTTP/1.0")))
		return BW_SCRAPE_BAD;
	path = strcspn(target, " ?");
	if (!is_word(line, (size_t)(target - line - 1), "GET") && !is_word(line, (size_t)(target - line - 1), "HEAD"))
		return BW_SCRAPE_NO_SUCH_METHOD;
	if (!is_word(target, path, PATH))
		return BW_SCRAPE_NO_SUCH_PATH;
	return line[0] == 'H' ? BW_SCRAPE_HEAD : BW_SCRAPE_TEXT;
}

enum bw_scrape_verdict bw_scrape_judge(const char *head, size_t len)
{
	char copy[BW_SCRAPE_MAX_REQUEST + 1];
	const char *end;

	if (memchr(head, '\0', len))
		return BW_SCRAPE_BAD;
	if (len >= sizeof copy)
		return BW_SCRAPE_TOO_LONG;
	memcpy(copy, head, len);
	copy[len] = '\0';
	if (!strstr(copy, "\r\n\r\n") && !strstr(copy, "\n\n"))
		return len == BW_SCRAPE_MAX_REQUEST ? BW_SCRAPE_TOO_LONG : BW_SCRAPE_MORE;
	end = copy + strcspn(copy, "\r\n");
	return judge_line(copy, (size_t)(end - copy));
}
