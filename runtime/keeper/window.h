/* SPDX-License-Identifier: Apache-2.0 */
/* window.h - what happened within the last so many milliseconds: a rate, how steady it was, a number of events. In memory of
 * fixed size, whatever the window. Pure; who asks has the clock, in milliseconds. */
#ifndef BW_KEEPER_WINDOW_H
#define BW_KEEPER_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum { BW_WINDOW_POINTS = 32, BW_WINDOW_BUCKETS = 31 };

/* A point: what the counters were then. A window is as long as the last point that is older than it says. */
struct bw_window_point {
	uint64_t at_ms, cpu_usec, bytes;
};
struct bw_window {
	uint64_t span_ms;
	struct bw_window_point points[BW_WINDOW_POINTS]; /* a ring; the newest is at (first + n - 1) */
	uint32_t first, n;
	bool fired;
};

/* What a window that is full comes to. Shares in hundredths of a percent of capacity. */
struct bw_window_load {
	uint64_t mean, least, most; /* least, most: of the pieces between its points */
	uint64_t bytes_per_second;
};

void bw_window_begin(struct bw_window *window, uint64_t span_ms);
/* The counters are so now. Points are kept at a distance of a thirtieth of the span at least. */
void bw_window_add(struct bw_window *window, uint64_t now_ms, uint64_t cpu_usec, uint64_t bytes);
/* False: it does not reach back as far as it should. capacity_milli: thousandths of a processor. */
bool bw_window_load(const struct bw_window *window, uint64_t now_ms, uint64_t capacity_milli, struct bw_window_load *ret);

/* Whether load is over the limit now and was not when this was asked before: at or above high; once it has fired it is
 * silent until load is below low. */
bool bw_window_fires(bool *fired, bool high, bool low);

struct bw_counter {
	uint64_t span_ms, newest; /* number of the newest bucket */
	uint32_t buckets[BW_WINDOW_BUCKETS];
	bool fired;
};
void bw_counter_begin(struct bw_counter *counter, uint64_t span_ms);
void bw_counter_add(struct bw_counter *counter, uint64_t now_ms, uint64_t n);
/* How many within the span before now. */
uint64_t bw_counter_sum(struct bw_counter *counter, uint64_t now_ms);

#endif
