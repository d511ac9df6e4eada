/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the rows of the configuration; see settings.h and bulwark-warden(8), which has a paragraph for each. */
#include "warden/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>

#include "base/auto.h"
#include "base/str.h"
#include "warden/names.h"
#include "warden/warden.h"

enum { HTTP_PORT = 80, MAX_ID = UINT32_MAX - 1 };

static const char *const on_deaths[] = {"keep", "kill", NULL};

static int check_id(const void *member, struct bw_err *err)
{
	const char *text = *(char *const *)member;

	if (strlen(text) > BW_WARDEN_MAX_ID)
		return bw_fail(err, BW_E_SPEC, 0, "must have at most %d bytes", BW_WARDEN_MAX_ID);
	return 0;
}

static int check_count(size_t n, size_t max, struct bw_err *err)
{
	return n <= max ? 0 : bw_fail(err, BW_E_SPEC, 0, "must have at most %zu elements, has %zu", max, n);
}

static int check_names(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	if (check_count(list->n, BW_WARDEN_MAX_NAMES, err) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++)
		if (bw_name_check_pattern(list->v[i], err) < 0)
			return bw_at(err, "/%zu", i);
	return 0;
}

static int check_prefixes(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;
	struct bw_prefix prefix;

	if (check_count(list->n, BW_WARDEN_MAX_PREFIXES, err) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++)
		if (bw_prefix_parse(list->v[i], &prefix) < 0) {
			bw_fail(err, BW_E_SPEC, 0, "\"%s\" is not an address or a prefix such as 10.0.0.0/8", list->v[i]);
			return bw_at(err, "/%zu", i);
		}
	return 0;
}

/* "address", or with a port "a.b.c.d:53", "[v6]:53". */
static bool is_nameserver(const char *text)
{
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *colon = end ? end + 1 : strchr(text, '.') ? strchr(text, ':') : NULL;
	size_t len = end ? (size_t)(end - text - 1) : colon ? (size_t)(colon - text) : strlen(text);
	char address[INET6_ADDRSTRLEN + 1], bytes[16];
	uint64_t port;

	if (len >= sizeof address)
		return false;
	memcpy(address, text + (end != NULL), len);
	address[len] = '\0';
	if (inet_pton(end ? AF_INET6 : AF_INET, address, bytes) != 1 &&
		(end || colon || inet_pton(AF_INET6, address, bytes) != 1))
		return false;
	if (!colon || (end && !*colon))
		return true;
	return *colon == ':' && bw_parse_u64(colon + 1, UINT16_MAX, &port) == 0 && port > 0;
}

static int check_nameservers(const void *member, struct bw_err *err)
{
	const struct bw_strs *list = member;

	if (check_count(list->n, BW_WARDEN_MAX_NAMESERVERS, err) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++)
		if (!is_nameserver(list->v[i])) {
			bw_fail(err, BW_E_SPEC, 0, "\"%s\" is not an address with or without a port", list->v[i]);
			return bw_at(err, "/%zu", i);
		}
	return 0;
}

static int check_ports(const void *member, struct bw_err *err)
{
	const struct bw_uints *list = member;

	if (check_count(list->n, BW_WARDEN_MAX_PORTS, err) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		uint64_t port = list->v[i];

		if (port == 0 || port > UINT16_MAX || port == BW_WARDEN_DNS_PORT || port == HTTP_PORT) {
			bw_fail(err, BW_E_SPEC, 0, "%llu is not a port for TLS", (unsigned long long)port);
			return bw_at(err, "/%zu", i);
		}
		for (size_t j = 0; j < i; j++)
			if (list->v[j] == port)
				return bw_fail(err, BW_E_SPEC, 0, "%llu is there twice", (unsigned long long)port);
	}
	return 0;
}

static const struct bw_field fields[] = {
	BW_FIELD(struct bw_settings, id, "id", .flags = BW_REQUIRED | BW_NOT_EMPTY, .check = check_id,
		.doc = "Name of the container in events."),
	BW_FIELD(struct bw_settings, user, "user", .flags = BW_REQUIRED, .min = 1, .max = MAX_ID,
		.doc = "User ID that the gate runs with, which nobody else should have."),
	BW_FIELD(struct bw_settings, group, "group", .flags = BW_REQUIRED, .min = 1, .max = MAX_ID, .doc = "Group ID, likewise."),
	BW_FIELD(struct bw_settings, allow, "allow", .check = check_names,
		.doc = "Names to which TLS connections are let out."),
	BW_FIELD(struct bw_settings, ports, "ports", .flags = BW_NOT_EMPTY, .check = check_ports,
		.doc = "Ports of these connections."),
	BW_FIELD(struct bw_settings, plain, "plain", .check = check_names,
		.doc = "Names to which GET and HEAD without TLS are let out, to port 80."),
	BW_FIELD(struct bw_settings, refuse, "refuse", .check = check_prefixes,
		.doc = "Addresses that are never connected to, beside those that never are."),
	BW_FIELD(struct bw_settings, nameservers, "nameservers", .flags = BW_NOT_EMPTY, .check = check_nameservers,
		.doc = "Name servers by address; when absent those of the host."),
	BW_FIELD(struct bw_settings, connections, "connections", .min = 1, .max = BW_WARDEN_MAX_CONNECTIONS,
		.doc = "Connections at once."),
	BW_FIELD(struct bw_settings, per_minute, "connectionsPerMinute", .min = 1, .max = 1000000,
		.doc = "New connections in a minute."),
	BW_FIELD(struct bw_settings, bytes, "bytes", .max = INT64_MAX,
		.doc = "Bytes in both directions over the whole life of the container; 0: as many as it likes."),
	BW_FIELD(struct bw_settings, idle_s, "idleSeconds", .min = 1, .max = 86400,
		.doc = "After so long without a byte a connection ends."),
	BW_FIELD(struct bw_settings, handshake_s, "handshakeSeconds", .min = 1, .max = 300,
		.doc = "Time for the request, for resolving and connecting, and for the ClientHello, each."),
	BW_FIELD(struct bw_settings, proxy_port, "proxyPort", .min = 1, .max = UINT16_MAX, .doc = "Port of the proxy."),
	BW_FIELD(struct bw_settings, on_death, "onDeath", .names = on_deaths,
		.doc = "What happens to the container when the gate dies: it keeps running without a network, or is killed."),
	BW_END,
};

const struct bw_schema bw_settings_schema = {"warden", sizeof(struct bw_settings), BW_UNKNOWN_REFUSE, fields};

static void set_default(struct bw_opt_uint *number, uint64_t value)
{
	if (!number->set)
		*number = (struct bw_opt_uint){true, value};
}

static int add_default_port(struct bw_settings *s, struct bw_arena *arena)
{
	uint64_t *port;

	if (s->ports.n > 0)
		return 0;
	port = bw_push(arena, &s->ports);
	if (!port)
		return -1;
	*port = 443;
	return 0;
}

static int parse_prefixes(struct bw_settings *s, struct bw_arena *arena)
{
	for (size_t i = 0; i < s->refuse.n; i++) {
		struct bw_prefix *prefix = bw_push(arena, &s->refused);

		if (!prefix || bw_prefix_parse(s->refuse.v[i], prefix) < 0)
			return -1;
	}
	return 0;
}

int bw_settings_parse(const char *text, size_t len, struct bw_arena *arena, const struct bw_settings **ret,
	struct bw_err *err)
{
	struct bw_settings *s;
	struct bw_json *tree;
	void *object;

	if (bw_json_parse(text, len, "configuration", arena, &tree, err) < 0 ||
		bw_schema_read(&bw_settings_schema, tree, BW_E_SPEC, arena, &object, NULL, err) < 0)
		return -1;
	s = object;
	set_default(&s->connections, BW_WARDEN_CONNECTIONS);
	set_default(&s->per_minute, BW_WARDEN_PER_MINUTE);
	set_default(&s->bytes, 0);
	set_default(&s->idle_s, BW_WARDEN_IDLE_S);
	set_default(&s->handshake_s, BW_WARDEN_HANDSHAKE_S);
	set_default(&s->proxy_port, BW_WARDEN_PROXY_PORT);
	if (add_default_port(s, arena) < 0 || parse_prefixes(s, arena) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "configuration");
	if (s->proxy_port.v == BW_WARDEN_DNS_PORT || bw_settings_has_port(s, (uint16_t)s->proxy_port.v)) {
		bw_fail(err, BW_E_SPEC, 0, "/proxyPort: %llu is the port of something else", (unsigned long long)s->proxy_port.v);
		return bw_at(err, "/proxyPort");
	}
	*ret = s;
	return 0;
}

bool bw_settings_has_port(const struct bw_settings *settings, uint16_t port)
{
	for (size_t i = 0; i < settings->ports.n; i++)
		if (settings->ports.v[i] == port)
			return true;
	return false;
}
