/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_denied.c - any bytes as a record of the kernel's audit log: what is taken of it ends within its bounds, and is
 * somebody's. */
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "keeper/denied.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {BW_RECORD_AVC, BW_RECORD_LANDLOCK_ACCESS, BW_RECORD_LANDLOCK_DOMAIN, 1300};
	static struct bw_denied denied;

	for (size_t i = 0; i < 4; i++) {
		enum bw_denied_kind kind = bw_denied_parse(types[i], (const char *)data, size, &denied);

		must(memchr(denied.path, '\0', sizeof denied.path) && memchr(denied.comm, '\0', sizeof denied.comm) &&
			memchr(denied.operation, '\0', sizeof denied.operation));
		must(kind == BW_DENIED_NOTHING || denied.pid > 0 || denied.domain);
		must(kind != BW_DENIED_WRITE || denied.operation[0]);
		must(kind != BW_DENIED_DOMAIN || (denied.pid > 0 && denied.domain));
	}
	return 0;
}
