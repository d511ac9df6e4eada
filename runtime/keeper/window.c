/* SPDX-License-Identifier: Apache-2.0 */
/* window.c - see window.h. */
#include "keeper/window.h"

#include <string.h>

enum { PIECES = BW_WINDOW_POINTS - 2, WHOLE = 10000 };

/* ---- a rate ---- */

static const struct bw_window_point *point(const struct bw_window *window, uint32_t i)
{
	return &window->points[(window->first + i) % BW_WINDOW_POINTS];
}

void bw_window_begin(struct bw_window *window, uint64_t span_ms)
{
	*window = (struct bw_window){.span_ms = span_ms};
}

/* All but the last point that is as old as the window. */
static void forget(struct bw_window *window, uint64_t now_ms)
{
	while (window->n >= 2 && point(window, 1)->at_ms + window->span_ms <= now_ms) {
		window->first = (window->first + 1) % BW_WINDOW_POINTS;
		window->n--;
	}
}

void bw_window_add(struct bw_window *window, uint64_t now_ms, uint64_t cpu_usec, uint64_t bytes)
{
	const struct bw_window_point *newest = window->n ? point(window, window->n - 1) : NULL;

	forget(window, now_ms);
	if (newest && now_ms < newest->at_ms + window->span_ms / PIECES)
		return;
	if (window->n == BW_WINDOW_POINTS) {
		window->first = (window->first + 1) % BW_WINDOW_POINTS;
		window->n--;
	}
	window->points[(window->first + window->n++) % BW_WINDOW_POINTS] =
		(struct bw_window_point){.at_ms = now_ms, .cpu_usec = cpu_usec, .bytes = bytes};
}

/* In hundredths of a percent: a millisecond of one processor is 1000 microseconds. */
static uint64_t share(const struct bw_window_point *from, const struct bw_window_point *to, uint64_t capacity_milli)
{
	uint64_t room_usec = (to->at_ms - from->at_ms) * capacity_milli;

	return room_usec && to->cpu_usec > from->cpu_usec ? (to->cpu_usec - from->cpu_usec) * WHOLE / room_usec : 0;
}

bool bw_window_load(const struct bw_window *window, uint64_t now_ms, uint64_t capacity_milli, struct bw_window_load *ret)
{
	const struct bw_window_point *oldest = point(window, 0), *newest;

	if (window->n < 2 || !capacity_milli || oldest->at_ms + window->span_ms > now_ms)
		return false;
	newest = point(window, window->n - 1);
	if (newest->at_ms - oldest->at_ms < window->span_ms - window->span_ms / PIECES)
		return false;
	*ret = (struct bw_window_load){.mean = share(oldest, newest, capacity_milli), .least = UINT64_MAX};
	for (uint32_t i = 1; i < window->n; i++) {
		uint64_t piece = share(point(window, i - 1), point(window, i), capacity_milli);

		ret->least = piece < ret->least ? piece : ret->least;
		ret->most = piece > ret->most ? piece : ret->most;
	}
	ret->bytes_per_second =
		newest->bytes > oldest->bytes ? (newest->bytes - oldest->bytes) * 1000 / (newest->at_ms - oldest->at_ms) : 0;
	return true;
}

bool bw_window_fires(bool *fired, bool high, bool low)
{
	if (*fired) {
		*fired = !low;
		return false;
	}
	*fired = high;
	return high;
}

/* ---- a number ---- */

static uint64_t bucket_of(const struct bw_counter *counter, uint64_t now_ms)
{
	uint64_t width = counter->span_ms / (BW_WINDOW_BUCKETS - 1);

	return now_ms / (width ? width : 1);
}

static void move_on(struct bw_counter *counter, uint64_t now_ms)
{
	uint64_t now = bucket_of(counter, now_ms);

	if (now >= counter->newest + BW_WINDOW_BUCKETS)
		memset(counter->buckets, 0, sizeof counter->buckets);
	else
		for (uint64_t i = counter->newest + 1; i <= now; i++)
			counter->buckets[i % BW_WINDOW_BUCKETS] = 0;
	if (now > counter->newest)
		counter->newest = now;
}

void bw_counter_begin(struct bw_counter *counter, uint64_t span_ms)
{
	*counter = (struct bw_counter){.span_ms = span_ms};
}

void bw_counter_add(struct bw_counter *counter, uint64_t now_ms, uint64_t n)
{
	uint32_t *bucket;

	move_on(counter, now_ms);
	bucket = &counter->buckets[counter->newest % BW_WINDOW_BUCKETS];
	*bucket = n > UINT32_MAX - *bucket ? UINT32_MAX : *bucket + (uint32_t)n;
}

uint64_t bw_counter_sum(struct bw_counter *counter, uint64_t now_ms)
{
	uint64_t sum = 0;

	move_on(counter, now_ms);
	for (int i = 0; i < BW_WINDOW_BUCKETS; i++)
		sum += counter->buckets[i];
	return sum;
}
