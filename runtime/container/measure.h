/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h - one container's numbers, for `bulwark metrics` and for whoever removes it. */
#ifndef BW_CONTAINER_MEASURE_H
#define BW_CONTAINER_MEASURE_H

#include "container/state.h"
#include "metrics/metrics.h"

/* What it has used so far: what the process beside it has written down, or what can be read from outside. */
void bw_measure(const struct bw_container *container, struct bw_measures *ret);
/* Whether its counters are to outlive it: it is held by a policy. */
bool bw_measure_lasts(const struct bw_container *container);
/* Before its cgroups are removed: adds its numbers to the host's totals, unless the process beside it has done so, or nobody
 * reads metrics and no such process was there; and writes the document that the policy asks for. Errors are logged. */
void bw_measure_end(const struct bw_container *container, const struct bw_spec_hardening *hardening);
/* A container has not come to be, or was not let start. Counted where somebody reads metrics. */
void bw_measure_refused(const char *tenant, const char *profile);

#endif
