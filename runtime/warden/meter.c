/* SPDX-License-Identifier: Apache-2.0 */
/* meter.c - see meter.h. */
#include "warden/meter.h"

enum { TOKEN = 60000, FULL_AFTER_MS = 3600000 };

struct bw_meter bw_meter_make(uint64_t per_minute, uint64_t burst, uint64_t now_ms)
{
	return (struct bw_meter){per_minute, burst, burst * TOKEN, now_ms};
}

bool bw_meter_take(struct bw_meter *meter, uint64_t now_ms)
{
	uint64_t passed = now_ms > meter->last_ms ? now_ms - meter->last_ms : 0;

	/* No product here is larger than 2^64: an hour is as good as forever. */
	if (passed > FULL_AFTER_MS)
		passed = FULL_AFTER_MS;
	meter->units += passed * meter->per_minute;
	if (meter->units > meter->burst * TOKEN)
		meter->units = meter->burst * TOKEN;
	meter->last_ms = now_ms > meter->last_ms ? now_ms : meter->last_ms;
	if (meter->units < TOKEN)
		return false;
	meter->units -= TOKEN;
	return true;
}
