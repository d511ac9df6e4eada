/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_warden_head.c - any bytes as a request to the gate's proxy. What is taken has a name that stays the same when it
 * is normalised again and no address in it; more bytes change no verdict; what is written anew is taken again. */
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "warden/connect.h"

static void must_be_a_name(const char *name)
{
	char again[BW_NAME_SIZE];

	must(bw_name_normalise(name, strlen(name), again) == BW_NAME_FINE);
	must(bw_streq(name, again));
}

/* A server that reads it must find one head, one Host and no body. */
static void must_be_rewritten(const struct bw_head *head)
{
	char text[BW_HEAD_MAX + 512];
	struct bw_buf buf = bw_buf_over(text, sizeof text);
	const char *end;

	bw_head_rewrite(head, &buf);
	must(!buf.overflow);
	end = memmem(text, buf.len, "\r\n\r\n", 4);
	must(end && end + 4 == text + buf.len);
	must(memchr(text, '\0', buf.len) == NULL);
	must(bw_after_prefix(text, head->method == BW_HEAD_GET ? "GET /" : "HEAD /"));
	must(!strcasestr(text, "\r\nTransfer-Encoding:") && !strcasestr(text, "\r\nContent-Length:"));
	end = strcasestr(text, "\r\nHost:");
	must(end && !strcasestr(end + 1, "\r\nHost:"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct bw_head head, shorter;
	enum bw_head_result r = bw_head_read(text, size, &head);

	if (r == BW_HEAD_BAD) {
		must(head.reason && head.status >= 400 && head.status < 600);
		return 0;
	}
	if (r == BW_HEAD_MORE) {
		must(size < BW_HEAD_MAX);
		return 0;
	}
	must(head.len <= size && head.len <= BW_HEAD_MAX && head.port > 0);
	must_be_a_name(head.name);
	must(bw_head_read(text, head.len, &shorter) == BW_HEAD_FINE && shorter.len == head.len);
	must(bw_head_read(text, head.len - 1, &shorter) == BW_HEAD_MORE);
	if (head.method != BW_HEAD_CONNECT)
		must_be_rewritten(&head);
	return 0;
}
