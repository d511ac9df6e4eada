/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - numbers about containers: what one has used so far (a file in its directory), what all that have ended came to
 * (files beneath /run/bulwark/.metrics, so that no counter goes down when a container goes), and the texts that others read.
 * Knows no container, no cgroup and no policy: who calls has the numbers. */
#ifndef BW_METRICS_METRICS_H
#define BW_METRICS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Counters over one container's life. */
enum bw_count {
	BW_COUNT_EXECUTIONS,
	BW_COUNT_PROGRAMS_DENIED,
	BW_COUNT_PACKAGE_INSTALL_ATTEMPTS,
	BW_COUNT_FILE_SIZE_VIOLATIONS,
	BW_COUNT_NETWORK_CONNECTION_ATTEMPTS,
	BW_COUNT_DESTINATIONS_DENIED,
	BW_COUNT_WRITES_DENIED,
	BW_COUNT_ALERTS,
	BW_COUNT_CPU_USEC,
	BW_COUNT_CPU_THROTTLED_USEC,
	BW_COUNT_IO_READ_BYTES,
	BW_COUNT_IO_WRITE_BYTES,
	BW_COUNT_NET_IN_BYTES,
	BW_COUNT_NET_OUT_BYTES,
	BW_COUNT_OOM_KILLS,
	BW_COUNT_STARTS_REFUSED, /* of a container that never came to be: bw_totals_count() */
	BW_COUNT_END
};

/* What is so now; a limit of 0 is none. */
enum bw_gauge {
	BW_GAUGE_MEMORY_BYTES,
	BW_GAUGE_MEMORY_LIMIT_BYTES,
	BW_GAUGE_PIDS,
	BW_GAUGE_PIDS_LIMIT,
	BW_GAUGE_CPU_LIMIT_MILLI, /* thousandths of a processor */
	BW_GAUGE_END
};

struct bw_measures {
	uint64_t count[BW_COUNT_END];
	uint64_t gauge[BW_GAUGE_END];
	uint64_t started_unix_ms, duration_ms; /* duration: since then, at the time of writing; started 0: neither is known */
};

/* The name that a container's measures have in its directory. */
#define BW_MEASURES_NAME "measures"

/* A line for each number, replaced in one step. */
int bw_measures_write(int dir, const char *name, const struct bw_measures *measures, struct bw_err *err) BW_MUST_CHECK;
/* BW_E_NOT_FOUND when there is no such file. Numbers that it does not have are 0, further ones are overlooked. */
int bw_measures_read(int dir, const char *name, struct bw_measures *ret, struct bw_err *err) BW_MUST_CHECK;
/* The same of text (NUL-terminated, of len bytes); name is for messages. */
int bw_measures_parse(
	const char *text, size_t len, const char *name, struct bw_measures *ret, struct bw_err *err) BW_MUST_CHECK;

/* How many files `stage` has refused for their size: a number in a file of the container's directory, which is there when
 * there was one. Others write the container's measures meanwhile, and go by this one. */
#define BW_SIZE_VIOLATIONS_NAME "stage-violations"
uint64_t bw_size_violations(int dir);
int bw_size_violations_add(int dir, uint64_t more, struct bw_err *err) BW_MUST_CHECK;

/* ---- the host's totals ---- */

enum {
	BW_TOTALS_MAX_SETS = 1000,  /* pairs of tenant and profile; further tenants are counted as BW_TOTALS_OTHER */
	BW_LABEL_SIZE = 128,	    /* of a name with its end; a longer one counts as BW_TOTALS_OTHER */
	BW_DURATION_BOUNDS = 15,
};
#define BW_TOTALS_OTHER "other"

/* Upper bounds of the histogram's buckets, in milliseconds; one more bucket has whatever took longer. */
extern const uint64_t bw_duration_bounds[BW_DURATION_BOUNDS];

struct bw_totals {
	char tenant[BW_LABEL_SIZE], profile[BW_LABEL_SIZE]; /* "": none */
	uint64_t count[BW_COUNT_END];
	uint64_t ended, duration_ms;		   /* containers that have ended, and the sum of how long they ran */
	uint64_t bucket[BW_DURATION_BOUNDS + 1]; /* how many of them ended within each bound, not within the one before */
};

/* A container has ended: its last numbers are added to those of tenant and profile, either of which may be NULL, in
 * /run/bulwark/.metrics, under its lock. dir: the container's directory, in which the file "counted" says that this has
 * been done, so whoever comes second adds nothing (and has no failure); -1: there is none. Waits two seconds for the
 * lock at most. */
int bw_totals_add(int dir, const char *tenant, const char *profile, const struct bw_measures *last,
	struct bw_err *err) BW_MUST_CHECK;
/* So many more of what belongs to no container. */
int bw_totals_count(
	const char *tenant, const char *profile, enum bw_count which, uint64_t more, struct bw_err *err) BW_MUST_CHECK;

/* The directory of the totals; make: also when there is none, else that is BW_E_NOT_FOUND. Descriptor or -1. */
int bw_totals_open(bool make, struct bw_err *err) BW_MUST_CHECK;
/* Until it is closed nobody adds: who reads totals and living containers under this lock counts none twice and misses
 * none. */
int bw_totals_lock(int store, struct bw_err *err) BW_MUST_CHECK;
/* All of them, sorted by tenant and profile, malloc'd. A file that cannot be read is left out, *ret_bad of them. */
int bw_totals_read(int store, struct bw_totals **ret, size_t *ret_n, size_t *ret_bad, struct bw_err *err) BW_MUST_CHECK;
/* Whether the numbers of the container with that directory are in the totals. */
bool bw_totals_has(int dir);
/* As bw_totals_add(), in a directory that is not locked by the caller. */
int bw_totals_add_at(int store, int dir, const char *tenant, const char *profile, const struct bw_measures *last,
	struct bw_err *err) BW_MUST_CHECK;
int bw_totals_count_at(int store, const char *tenant, const char *profile, enum bw_count which, uint64_t more,
	struct bw_err *err) BW_MUST_CHECK;
/* One file of them from its text. */
int bw_totals_parse(const char *text, size_t len, const char *name, struct bw_totals *ret, struct bw_err *err) BW_MUST_CHECK;
/* Adds what one container has to what a pair of tenant and profile has; a sum that does not fit stays at the largest
 * number. */
void bw_counts_add(uint64_t sum[BW_COUNT_END], const uint64_t more[BW_COUNT_END]);

#endif
