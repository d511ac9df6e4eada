/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_warden_hello.c - any bytes as what a TLS client sends first. A verdict is never taken back when more bytes come,
 * is the same however the bytes were cut, and a name that is given is a name. */
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "warden/clienthello.h"

static void must_be_a_name(const char *name)
{
	char again[BW_NAME_SIZE];

	must(bw_name_normalise(name, strlen(name), again) == BW_NAME_FINE);
	must(bw_streq(name, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bw_hello hello, earlier;
	enum bw_hello_result r = bw_hello_read(data, size, &hello);
	size_t offset;

	for (size_t n = 0; n < size; n += 1 + n / 8) {
		enum bw_hello_result before = bw_hello_read(data, n, &earlier);

		must(before == BW_HELLO_MORE || before == r);
	}
	if (r == BW_HELLO_BAD)
		must(hello.reason && hello.alert && !hello.name[0]);
	if (r == BW_HELLO_MORE)
		must(size <= BW_HELLO_MAX_RAW);
	if (r == BW_HELLO_FINE) {
		must_be_a_name(hello.name);
		must(hello.raw_len <= size);
		must(bw_hello_read(data, hello.raw_len, &earlier) == BW_HELLO_FINE);
	}
	if (bw_hello_again(data, size, &offset) == BW_HELLO_FINE)
		must(offset < size && data[offset] == 22);
	must(bw_hello_asks_again(data, size) != BW_HELLO_MORE || size < BW_HELLO_ANSWER);
	return 0;
}
