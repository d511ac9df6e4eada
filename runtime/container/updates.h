/* SPDX-License-Identifier: Apache-2.0 */
/* updates.h - what update has made of a container since create, for `explain`. */
#ifndef BW_CONTAINER_UPDATES_H
#define BW_CONTAINER_UPDATES_H

#include "policy/findings.h"
#include "spec/spec.h"

/* A finding for each of the resources that is not any more what was decided at create; either may be NULL. The
 * findings live in arena. */
int bw_updates_find(const struct bw_spec_resources *decided, const struct bw_spec_resources *now, struct bw_arena *arena,
	struct bw_findings *findings, struct bw_err *err) BW_MUST_CHECK;

#endif
