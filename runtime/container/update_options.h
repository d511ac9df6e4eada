/* SPDX-License-Identifier: Apache-2.0 */
/* update_options.h - what `update` is asked on the command line, as the resources that a JSON file would name. */
#ifndef BW_CONTAINER_UPDATE_OPTIONS_H
#define BW_CONTAINER_UPDATE_OPTIONS_H

#include "container/bulwark.h"
#include "spec/spec.h"

/* The resources that options ask for, in arena: those of the file when one is named (then nothing else counts, as
 * with runc), else those of the other options. Members that are not asked for are absent. Fails with BW_E_USAGE for
 * an option that is no number, BW_E_SPEC for a value that the table does not allow. */
int bw_update_asked(const struct bw_update_options *options, struct bw_arena *arena, struct bw_spec_resources **ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
