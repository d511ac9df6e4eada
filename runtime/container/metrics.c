/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - `bulwark metrics`: what has ended and what is there, added up by tenant and profile. Both are read under
 * the lock of the totals: a container that ends meanwhile is in one of them, not in both and not in neither, so no
 * counter goes down. */
#include "container/bulwark.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "container/lease.h"
#include "container/measure.h"
#include "container/registry.h"
#include "container/stopped.h"
#include "metrics/report.h"

struct bw_metrics {
	struct bw_arena arena;
	struct bw_report report;
	uint64_t unix_ms;
};

/* What grows while we look. */
struct gathering {
	struct bw_metrics *metrics;
	struct bw_report_set *sets;
	size_t sets_n, sets_room;
	struct {
		struct bw_report_one *v;
		size_t n;
	} ones;
};

_Static_assert(BW_STATUS_CREATING == 0 && BW_STATUS_STOPPED == BW_REPORT_STATES - 1, "a count for each state");

static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t both;

	return __builtin_add_overflow(a, b, &both) ? UINT64_MAX : both;
}

static struct bw_report_set *new_set(struct gathering *g, const char *tenant, const char *profile)
{
	struct bw_report_set *set;

	if (g->sets_n == g->sets_room) {
		set = reallocarray(g->sets, g->sets_room + 64, sizeof *set);
		if (!set)
			return NULL;
		g->sets = set;
		g->sets_room += 64;
	}
	set = &g->sets[g->sets_n++];
	*set = (struct bw_report_set){0};
	snprintf(set->totals.tenant, BW_LABEL_SIZE, "%s", tenant);
	snprintf(set->totals.profile, BW_LABEL_SIZE, "%s", profile);
	return set;
}

static struct bw_report_set *set_of(struct gathering *g, const char *tenant, const char *profile)
{
	for (size_t i = 0; i < g->sets_n; i++)
		if (bw_streq(g->sets[i].totals.tenant, tenant) && bw_streq(g->sets[i].totals.profile, profile))
			return &g->sets[i];
	return new_set(g, tenant, profile);
}

/* What is told of one that is there. */
static int put_one(struct gathering *g, const struct bw_registered *r, const struct bw_container *container,
	const struct bw_measures *measures, struct bw_err *err)
{
	struct bw_arena *arena = &g->metrics->arena;
	struct bw_report_one *one = bw_push(arena, &g->ones);

	if (!one)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	*one = (struct bw_report_one){
		.root = bw_arena_strdup(arena, r->root),
		.id = bw_arena_strdup(arena, r->id),
		.tenant = bw_arena_strdup(arena, r->tenant ? r->tenant : ""),
		.profile = bw_arena_strdup(arena, container->state->profile ? container->state->profile : ""),
		.measures = *measures,
	};
	return one->root && one->id && one->tenant && one->profile ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
}

/* Its numbers to those of its set. One whose counters are in the totals has ended. */
static int add(struct gathering *g, const struct bw_registered *r, const struct bw_container *container, struct bw_err *err)
{
	const char *profile = container->state->profile ? container->state->profile : "";
	struct bw_report_set *set = set_of(g, r->tenant ? r->tenant : "", profile);
	struct bw_measures measures;

	if (!set)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	set->states[bw_container_status(container)]++;
	set->degraded += container->state->degraded.n > 0;
	if (bw_totals_has(container->dir))
		return 0;
	bw_measure(container, &measures);
	if (bw_measure_lasts(container))
		bw_counts_add(set->totals.count, measures.count);
	for (size_t i = 0; i < BW_GAUGE_END; i++)
		set->gauge[i] = sum(set->gauge[i], measures.gauge[i]);
	return put_one(g, r, container, &measures, err);
}

/* One that goes away while we look, or is half made, is not there. */
static int look(struct gathering *g, const struct bw_registered *r, struct bw_err *err)
{
	const struct bw_context where = {.root = r->root};
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct bw_err gone = {0};

	if (!r->prefix || bw_container_open(&where, r->id, false, false, &arena, &container, &gone) < 0)
		return 0;
	return add(g, r, &container, err);
}

static int begin_with_totals(struct gathering *g, int store, struct bw_err *err)
{
	auto_free struct bw_totals *totals = NULL;
	size_t n;

	if (bw_totals_read(store, &totals, &n, &g->metrics->report.unread, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct bw_report_set *set = new_set(g, "", "");

		if (!set)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
		set->totals = totals[i];
	}
	return 0;
}

static int gather(struct gathering *g, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_close int totals = bw_totals_open(true, err), store = totals < 0 ? -1 : bw_lease_open(err);
	struct bw_registry registry;

	if (store < 0 || bw_totals_lock(totals, err) < 0 || begin_with_totals(g, totals, err) < 0 ||
		bw_registry_read(store, &arena, &registry, err) < 0)
		return -1;
	for (size_t i = 0; i < registry.n; i++)
		if (look(g, &registry.v[i], err) < 0)
			return -1;
	return 0;
}

/* Whom the kill switch has stopped. That it cannot be read is no reason to be without the rest: then nothing is said of
 * it. */
static int look_at_kill_switch(struct bw_metrics *metrics, struct bw_err *err)
{
	struct bw_stopped_list list;
	struct bw_err why = {0};
	const char **tenants;
	size_t n = 0;

	if (bw_stopped_read(&metrics->arena, &list, &why) < 0) {
		bw_log(BW_LOG_WARNING, "%s", why.text);
		return 0;
	}
	tenants = bw_arena_alloc(&metrics->arena, (list.n + 1) * sizeof *tenants);
	if (!tenants)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	for (size_t i = 0; i < list.n; i++) {
		if (list.v[i].tenant)
			tenants[n++] = list.v[i].tenant;
		else
			metrics->report.stopped_all = true;
	}
	metrics->report.stopped = tenants;
	metrics->report.stopped_n = n;
	return 0;
}

static int by_labels(const void *a, const void *b)
{
	const struct bw_report_set *x = a, *y = b;
	int r = strcmp(x->totals.tenant, y->totals.tenant);

	return r ? r : strcmp(x->totals.profile, y->totals.profile);
}

int bw_metrics_take(struct bw_metrics **ret, struct bw_err *err)
{
	struct bw_metrics *metrics = calloc(1, sizeof *metrics);
	struct gathering g = {.metrics = metrics};
	struct timespec now;
	int r;

	if (!metrics)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "metrics");
	metrics->arena = (struct bw_arena)BW_ARENA_INIT;
	clock_gettime(CLOCK_REALTIME, &now);
	metrics->unix_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	r = gather(&g, err) < 0 ? -1 : look_at_kill_switch(metrics, err);
	metrics->report.sets = g.sets;
	if (r < 0) {
		bw_metrics_free(metrics);
		return -1;
	}
	if (g.sets_n > 1)
		qsort(g.sets, g.sets_n, sizeof *g.sets, by_labels);
	metrics->report.sets_n = g.sets_n;
	metrics->report.ones = g.ones.v;
	metrics->report.ones_n = g.ones.n;
	metrics->report.version = BW_VERSION;
	*ret = metrics;
	return 0;
}

void bw_metrics_free(struct bw_metrics *metrics)
{
	if (!metrics)
		return;
	free(metrics->report.sets);
	bw_arena_done(&metrics->arena);
	free(metrics);
}

int bw_metrics_prometheus(const struct bw_metrics *metrics, bool each, char **ret_text, struct bw_err *err)
{
	struct bw_report report = metrics->report;

	report.ones_n = each ? report.ones_n : 0;
	return bw_report_prometheus(&report, ret_text, err);
}

int bw_metrics_emf(const struct bw_metrics *metrics, const struct bw_metrics *past, const char *name_space, char **ret_text,
	struct bw_err *err)
{
	if (name_space && !bw_emf_namespace_fits(name_space))
		return bw_fail(err, BW_E_USAGE, 0,
			"\"%s\" is no namespace of CloudWatch: 1 to 255 letters, digits, and . - _ / # : and not AWS/ "
			"at the beginning",
			name_space);
	return bw_report_emf(&metrics->report, past ? &past->report : NULL, name_space ? name_space : BW_EMF_NAMESPACE,
		metrics->unix_ms, ret_text, err);
}

int bw_metrics_emf_append(const char *file, const char *text, struct bw_err *err)
{
	return bw_emf_append_lines(file, text, err);
}
