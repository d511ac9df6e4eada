/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.c - see alerts.h; bulwark-keeper(8) says what each alert means, and what else looks like it. */
#include "keeper/alerts.h"

#include <stdio.h>

#include "base/str.h"
#include "keeper/life.h"
#include "keeper/tell.h"

/* REARM: percentage points below, and only then it speaks up again. QUIET: bytes a second of disk and network that are next
 * to nothing: what a miner says to its pool. */
enum { WHOLE = 100, REARM = 5, QUIET_BYTES = 16384 };

static uint64_t window_of(const struct bw_keeper_alert *alert)
{
	return alert ? alert->window_ms.v : 0;
}

void bw_alerts_begin(struct bw_keeping *k)
{
	bw_window_begin(&k->kept->cpu, window_of(k->settings->cpu));
	bw_window_begin(&k->kept->steady, window_of(k->settings->steady));
	bw_counter_begin(&k->kept->denied, window_of(k->settings->destinations));
	bw_counter_begin(&k->kept->writes_denied, window_of(k->settings->writes));
}

static void throttle(struct bw_keeping *k)
{
	uint64_t left = k->kept->capacity_milli * k->settings->throttle_percent.v / WHOLE;
	struct bw_err err = {0};

	k->kept->throttled = true;
	if (bw_watch_throttle(k->watch, left ? left : 1, &err) < 0)
		bw_tell(k, BW_AUDIT_DEGRADED, err.text, NULL, 0);
}

static void act(struct bw_keeping *k, const struct bw_keeper_alert *alert, const char *name, const char *reason,
	uint64_t now_ms)
{
	k->kept->measures.count[BW_COUNT_ALERTS]++;
	bw_tell_alert(k, name, alert->action, reason);
	if (bw_streq(alert->action, "throttle"))
		throttle(k);
	if (bw_streq(alert->action, "kill"))
		bw_life_end_now(&k->kept->life, now_ms);
}

static void look_at_load(struct bw_keeping *k, uint64_t now_ms)
{
	const struct bw_keeper_alert *alert = k->settings->cpu;
	struct bw_window *window = &k->kept->cpu;
	struct bw_window_load load;
	char reason[160];

	bw_window_add(window, now_ms, k->kept->measures.count[BW_COUNT_CPU_USEC], 0);
	if (!bw_window_load(window, now_ms, k->kept->capacity_milli, &load))
		return;
	if (!bw_window_fires(&window->fired, load.mean >= alert->percent.v * WHOLE,
		    load.mean + (uint64_t)REARM * WHOLE < alert->percent.v * WHOLE))
		return;
	snprintf(reason, sizeof reason, "%llu %% of its processor time in %.10g s, of which %llu %% are told",
		(unsigned long long)load.mean / WHOLE, (double)alert->window_ms.v / 1000,
		(unsigned long long)alert->percent.v);
	act(k, alert, "cpu", reason, now_ms);
}

/* Full load all the time, next to no difference, and nothing comes or goes. */
static void look_at_steadiness(struct bw_keeping *k, uint64_t now_ms)
{
	const struct bw_keeper_alert *alert = k->settings->steady;
	const uint64_t *count = k->kept->measures.count;
	uint64_t bytes = count[BW_COUNT_IO_READ_BYTES] + count[BW_COUNT_IO_WRITE_BYTES] + count[BW_COUNT_NET_IN_BYTES] +
			 count[BW_COUNT_NET_OUT_BYTES];
	struct bw_window *window = &k->kept->steady;
	struct bw_window_load load;
	char reason[160];
	bool steady;

	bw_window_add(window, now_ms, count[BW_COUNT_CPU_USEC], bytes);
	if (!bw_window_load(window, now_ms, k->kept->capacity_milli, &load))
		return;
	steady = load.least >= alert->percent.v * WHOLE && load.most - load.least <= alert->spread.v * WHOLE &&
		 load.bytes_per_second < QUIET_BYTES;
	if (!bw_window_fires(&window->fired, steady, load.mean + (uint64_t)REARM * WHOLE < alert->percent.v * WHOLE))
		return;
	snprintf(reason, sizeof reason,
		"from %llu %% to %llu %% of its processor time all of %.10g s, with %llu bytes a second",
		(unsigned long long)load.least / WHOLE, (unsigned long long)load.most / WHOLE,
		(double)alert->window_ms.v / 1000, (unsigned long long)load.bytes_per_second);
	act(k, alert, "steady", reason, now_ms);
}

static void look_at_number(struct bw_keeping *k, const struct bw_keeper_alert *alert, struct bw_counter *denied,
	const char *name, uint64_t now_ms)
{
	uint64_t sum = bw_counter_sum(denied, now_ms);
	char reason[160];

	if (!bw_window_fires(&denied->fired, sum >= alert->count.v, sum < alert->count.v / 2 || sum == 0))
		return;
	snprintf(reason, sizeof reason, "%llu %s were denied within %.10g s, of which %llu are told",
		(unsigned long long)sum, name, (double)alert->window_ms.v / 1000, (unsigned long long)alert->count.v);
	act(k, alert, name, reason, now_ms);
}

void bw_alerts_look(struct bw_keeping *k, uint64_t now_ms)
{
	if (k->settings->cpu)
		look_at_load(k, now_ms);
	if (k->settings->steady)
		look_at_steadiness(k, now_ms);
	if (k->settings->destinations)
		look_at_number(k, k->settings->destinations, &k->kept->denied, "destinations", now_ms);
	if (k->settings->writes)
		look_at_number(k, k->settings->writes, &k->kept->writes_denied, "writes", now_ms);
}
