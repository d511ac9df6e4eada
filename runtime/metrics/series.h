/* SPDX-License-Identifier: Apache-2.0 */
/* series.h - the names of the metrics, for both texts. */
#ifndef BW_METRICS_SERIES_H
#define BW_METRICS_SERIES_H

#include <stddef.h>

/* A number of struct bw_report_set. What it counts is divided by 10 to the power of `decimals`. */
struct bw_series {
	const char *prometheus, *help;
	const char *emf, *unit; /* unit: CloudWatch's word */
	size_t offset;
	unsigned decimals;
};

/* Each ends with an empty row. */
extern const struct bw_series bw_series_counters[], bw_series_gauges[];

/* A number with so many decimals, "12.345"; trailing zeros go, and the point with them. */
enum { BW_DECIMAL_SIZE = 32 };
void bw_decimal(unsigned long long value, unsigned decimals, char ret[BW_DECIMAL_SIZE]);

#endif
