/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - what there is to tell about a host's containers at one moment, and the two texts that tell it. Pure, but for
 * bw_emf_append(). */
#ifndef BW_METRICS_REPORT_H
#define BW_METRICS_REPORT_H

#include "metrics/metrics.h"

enum { BW_REPORT_STATES = 5 };

/* All containers of one tenant and profile: those that have ended and those that are there. */
struct bw_report_set {
	struct bw_totals totals;
	uint64_t gauge[BW_GAUGE_END];
	uint64_t states[BW_REPORT_STATES]; /* how many there are: creating, created, running, paused, stopped */
	uint64_t degraded;		   /* of those, the ones that lack something that was preferred */
};
/* One that is there. */
struct bw_report_one {
	const char *root, *id, *tenant, *profile;
	struct bw_measures measures;
};
struct bw_report {
	struct bw_report_set *sets;
	size_t sets_n;
	const struct bw_report_one *ones; /* none unless they are asked for one by one */
	size_t ones_n;
	const char *const *stopped; /* tenants of whom the kill switch lets nothing start; NULL: not known */
	size_t stopped_n;
	bool stopped_all; /* it lets nobody's start */
	size_t unread;	  /* files of the totals that could not be read */
	const char *version;
};

/* The text format of Prometheus, 0.0.4, malloc'd. */
int bw_report_prometheus(const struct bw_report *report, char **ret, struct bw_err *err) BW_MUST_CHECK;

/* A document of CloudWatch's Embedded Metric Format a line, one for each set, malloc'd. With past the counters are what
 * has come since then; without, since the host was started. */
int bw_report_emf(const struct bw_report *report, const struct bw_report *past, const char *name_space,
	uint64_t unix_ms, char **ret, struct bw_err *err) BW_MUST_CHECK;

/* One container that has ended, as a document for a file of them. */
struct bw_emf_end {
	const char *name_space; /* NULL: BW_EMF_NAMESPACE */
	const char *id, *tenant, *profile; /* the two last may be NULL */
	const struct bw_measures *last;
	uint64_t unix_ms;
};
#define BW_EMF_NAMESPACE "Bulwark"
enum { BW_EMF_MAX_BYTES = 16 << 20 };

/* Without a newline, malloc'd. */
int bw_emf_text(const struct bw_emf_end *end, char **ret, struct bw_err *err) BW_MUST_CHECK;
/* Appends it as a line, in one write, to file (absolute path, not through a link in its last component). One that has reached
 * BW_EMF_MAX_BYTES becomes file.1 first. */
int bw_emf_append(const char *file, const struct bw_emf_end *end, struct bw_err *err) BW_MUST_CHECK;
/* The same with lines that are there. */
int bw_emf_append_lines(const char *file, const char *lines, struct bw_err *err) BW_MUST_CHECK;
/* Whether CloudWatch takes that name: 1 to 255 letters, digits, and . - _ / # : and not AWS/ at the beginning. */
bool bw_emf_namespace_fits(const char *name);

#endif
