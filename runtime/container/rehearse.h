/* SPDX-License-Identifier: Apache-2.0 */
/* rehearse.h - the plan that create would make here and now, without a container: for `plan` and `explain`. */
#ifndef BW_CONTAINER_REHEARSE_H
#define BW_CONTAINER_REHEARSE_H

#include "container/decide.h"
#include "container/prepare.h"

/* Compiles the decision's hardened spec against this host into preparation->plan, as create would. What preparing
 * makes, cgroups, is taken away again before it returns. A caller who is not root is in a user namespace of his own
 * afterwards, as after create. -1 and err with what create would fail with. preparation is the caller's to close, after
 * an error, too. */
int bw_rehearse(const struct bw_context *ctx, const char *bundle, const struct bw_decision *decision, struct bw_arena *arena,
	struct bw_preparation *preparation, struct bw_err *err) BW_MUST_CHECK;

#endif
