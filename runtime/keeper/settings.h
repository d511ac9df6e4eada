/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the configuration of the keeper as a struct, read by table. Pure. */
#ifndef BW_KEEPER_SETTINGS_H
#define BW_KEEPER_SETTINGS_H

#include "audit/audit.h"
#include "base/arena.h"
#include "base/err.h"
#include "json/schema.h"

/* When to speak up, and what to do then. */
struct bw_keeper_alert {
	char *action; /* alert, throttle, kill */
	struct bw_opt_uint percent, spread, count, window_ms;
};

struct bw_keeper_settings {
	char *root, *id;
	char *tenant, *session, *profile, *policy;
	struct bw_opt_uint ttl_ms, grace_ms;
	struct bw_opt_bool metrics, listen;
	struct bw_opt_uint interval_ms, throttle_percent;
	struct bw_keeper_alert *cpu, *steady, *destinations, *writes;
	struct bw_audit_trail *audit; /* NULL: nothing is recorded */
};

extern const struct bw_schema bw_keeper_settings_schema;

/* Reads text[0..len). Everything lives in arena. Fails with BW_E_SPEC and the place. */
int bw_keeper_settings_parse(const char *text, size_t len, struct bw_arena *arena, const struct bw_keeper_settings **ret,
	struct bw_err *err) BW_MUST_CHECK;

#endif
