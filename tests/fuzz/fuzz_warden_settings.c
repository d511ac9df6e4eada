/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_warden_settings.c - any bytes as the warden's configuration. It is refused in words, or every number is within
 * its bounds, every name can match itself, and nothing that must never be allowed is. */
#include <string.h>

#include "fuzz.h"
#include "warden/names.h"
#include "warden/settings.h"
#include "warden/warden.h"

static void must_be_names(const struct bw_strs *list)
{
	must(list->n <= BW_WARDEN_MAX_NAMES);
	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->v[i];
		char name[BW_NAME_SIZE];

		text += text[0] == '*' ? 2 : 0;
		must(bw_name_normalise(text, strlen(text), name) == BW_NAME_FINE);
		must(!bw_name_never(name));
		must(text != list->v[i] || bw_names_match(list, name));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	const struct bw_settings *s;
	struct bw_err err = {0};

	if (bw_settings_parse((const char *)data, size, &arena, &s, &err) < 0) {
		must(err.text[0]);
		return 0;
	}
	must(s->user.v > 0 && s->user.v < UINT32_MAX && s->group.v > 0 && s->group.v < UINT32_MAX && s->id[0]);
	must(s->connections.v >= 1 && s->connections.v <= BW_WARDEN_MAX_CONNECTIONS);
	must(s->ports.n >= 1 && s->ports.n <= BW_WARDEN_MAX_PORTS && !bw_settings_has_port(s, BW_WARDEN_DNS_PORT));
	must(!bw_settings_has_port(s, (uint16_t)s->proxy_port.v));
	must(s->idle_s.v && s->handshake_s.v && s->per_minute.v);
	must(s->refused.n == s->refuse.n);
	must_be_names(&s->allow);
	must_be_names(&s->plain);
	return 0;
}
