/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - see measure.h. */
#include "container/measure.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "control/cgroup_sample.h"
#include "control/guard.h"
#include "control/witness.h"
#include "metrics/report.h"

/* What counts by itself, whoever else is there. */
static void look(const struct bw_container *container, struct bw_measures *measures)
{
	uint64_t refused[BW_GUARD_HOOKS];
	struct bw_witness_counts programs;
	struct bw_err ignored = {0};

	measures->count[BW_COUNT_FILE_SIZE_VIOLATIONS] = bw_size_violations(container->dir);
	if (bw_witness_counts(container->dir, &programs)) {
		measures->count[BW_COUNT_EXECUTIONS] = programs.allowed;
		measures->count[BW_COUNT_PROGRAMS_DENIED] = programs.denied;
	}
	if (bw_guard_way_of(container->state->guard) != BW_GUARD_CGROUP ||
		bw_cgroup_guard_counts(container->state->cgroups, refused, &ignored) < 0)
		return;
	for (size_t i = 0; i < BW_GUARD_HOOKS; i++)
		if (i != BW_GUARD_EGRESS)
			measures->count[BW_COUNT_DESTINATIONS_DENIED] += refused[i];
	measures->count[BW_COUNT_NETWORK_CONNECTION_ATTEMPTS] = measures->count[BW_COUNT_DESTINATIONS_DENIED];
}

void bw_measure(const struct bw_container *container, struct bw_measures *ret)
{
	struct bw_err why = {0};

	*ret = (struct bw_measures){0};
	if (bw_measures_read(container->dir, BW_MEASURES_NAME, ret, &why) == 0)
		return;
	if (why.code != BW_E_NOT_FOUND)
		bw_debug("%s/%s", container->path, why.text);
	if (!container->state || !container->state->cgroups)
		return;
	look(container, ret);
	(void)bw_cgroup_sample(container->state->cgroups, ret);
}

bool bw_measure_lasts(const struct bw_container *container)
{
	return container->state && container->state->layers.n > 0;
}

/* As it is at the end. */
static void measure_last(const struct bw_container *container, struct bw_measures *ret)
{
	bw_measure(container, ret);
	/* What a process beside it has written may be older, if that has been killed: the kernel has counted on. */
	if (container->state->cgroups)
		(void)bw_cgroup_sample(container->state->cgroups, ret);
}

static uint64_t unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void write_document(const struct bw_container *container, const struct bw_spec_hardening *hardening,
	const struct bw_measures *last)
{
	const struct bw_emf_end end = {.name_space = hardening->emf->name_space,
		.id = container->state->id,
		.tenant = hardening->tenant,
		.profile = container->state->profile,
		.last = last,
		.unix_ms = unix_ms()};
	struct bw_err err = {0};

	if (bw_emf_append(hardening->emf->file, &end, &err) < 0)
		bw_log(BW_LOG_WARNING, "cleaning up: %s", err.text);
}

/* The directory of the totals, where its numbers belong there and are not there yet; -1. */
static int open_totals(const struct bw_container *container)
{
	bool kept = faccessat(container->dir, BW_MEASURES_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	struct bw_err err = {0};
	int store = bw_totals_has(container->dir) ? -1 : bw_totals_open(kept, &err);

	if (store < 0 && err.code != BW_E_NONE && err.code != BW_E_NOT_FOUND)
		bw_log(BW_LOG_WARNING, "cleaning up: %s", err.text);
	return store;
}

void bw_measure_end(const struct bw_container *container, const struct bw_spec_hardening *hardening)
{
	bool document = hardening && hardening->emf, lasts = bw_measure_lasts(container) && geteuid() == 0;
	auto_close int store = lasts ? open_totals(container) : -1;
	struct bw_measures last;
	struct bw_err err = {0};

	if (!lasts || (store < 0 && !document))
		return;
	measure_last(container, &last);
	if (document)
		write_document(container, hardening, &last);
	if (store >= 0 && bw_totals_add_at(store, container->dir, hardening ? hardening->tenant : NULL,
				  container->state->profile, &last, &err) < 0)
		bw_log(BW_LOG_WARNING, "cleaning up: %s", err.text);
}

void bw_measure_refused(const char *tenant, const char *profile)
{
	struct bw_err err = {0};
	auto_close int store = geteuid() == 0 ? bw_totals_open(false, &err) : -1;

	if (store >= 0 && bw_totals_count_at(store, tenant, profile, BW_COUNT_STARTS_REFUSED, 1, &err) < 0)
		bw_log(BW_LOG_WARNING, "counting a refusal: %s", err.text);
}
