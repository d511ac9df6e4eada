/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the configuration of the gate as a struct, read by table. Pure. */
#ifndef BW_WARDEN_SETTINGS_H
#define BW_WARDEN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "json/schema.h"
#include "warden/ranges.h"

struct bw_settings {
	char *id;
	struct bw_opt_uint user, group;
	struct bw_strs allow, plain, refuse, nameservers;
	struct bw_uints ports;
	struct bw_opt_uint connections, per_minute, bytes, idle_s, handshake_s, proxy_port;
	char *on_death; /* "keep", "kill" */
	struct bw_prefixes refused; /* refuse, parsed */
};

extern const struct bw_schema bw_settings_schema;

/* Reads text[0..len) and fills in the defaults, so that every number is set. Everything lives in arena. Fails with
 * BW_E_SPEC and the place: unknown members, wrong values, ports that clash. */
int bw_settings_parse(const char *text, size_t len, struct bw_arena *arena, const struct bw_settings **ret,
	struct bw_err *err) BW_MUST_CHECK;

bool bw_settings_has_port(const struct bw_settings *settings, uint16_t port);

#endif
