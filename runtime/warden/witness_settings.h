/* SPDX-License-Identifier: Apache-2.0 */
/* witness_settings.h - the configuration of the witness as a struct, read by table. Pure. */
#ifndef BW_WARDEN_WITNESS_SETTINGS_H
#define BW_WARDEN_WITNESS_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "json/schema.h"

struct bw_witness_settings {
	char *id;
	struct bw_opt_uint user, group, pid;
	struct bw_strs programs, interpreters;
};

extern const struct bw_schema bw_witness_settings_schema;

/* Reads text[0..len). Everything lives in arena. Fails with BW_E_SPEC and the place. */
int bw_witness_settings_parse(const char *text, size_t len, struct bw_arena *arena, const struct bw_witness_settings **ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
