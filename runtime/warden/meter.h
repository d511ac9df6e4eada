/* SPDX-License-Identifier: Apache-2.0 */
/* meter.h - a token bucket: so many at once, so many more each minute. Pure; who asks has the clock. */
#ifndef BW_WARDEN_METER_H
#define BW_WARDEN_METER_H

#include <stdbool.h>
#include <stdint.h>

struct bw_meter {
	uint64_t per_minute, burst;
	uint64_t units;	  /* 60,000 are one token */
	uint64_t last_ms; /* when units was right */
};

/* Full at the start. */
struct bw_meter bw_meter_make(uint64_t per_minute, uint64_t burst, uint64_t now_ms);

/* Takes a token; false when there is none. A clock that stands still or goes back adds nothing. */
bool bw_meter_take(struct bw_meter *meter, uint64_t now_ms);

#endif
