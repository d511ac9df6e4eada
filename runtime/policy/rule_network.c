/* SPDX-License-Identifier: Apache-2.0 */
/* rule_network.c - the network: none of the host's, by policy none that others made, and the endpoints
 * that stay out of reach in each of them. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/rules.h"

#define OWN_HINT "use a network of the container's own, or a profile with network.%s: allow"

static bool refuses(const char *choice)
{
	return bw_streq0(choice, "refuse");
}

/* docker keeps the host's network namespace under this name. */
static bool is_host_path(const char *path)
{
	return bw_has_suffix(path, "/docker/netns/default") ||
	       bw_after_prefix(path, "/proc/1/ns/") || bw_after_prefix(path, "/proc/self/ns/");
}

static void deny_host(struct bw_run *r, const char *pointer, const char *before)
{
	bw_deny(r, pointer, before,
		"shares the network of the host, with all that listens there for the host alone",
		bw_text(r, OWN_HINT, "host"));
}

/* Whether the container will have a network that is not its own; denied where the policy refuses
 * it. */
static void check_namespace(struct bw_run *r, const struct bw_profile_network *policy)
{
	const struct bw_spec_namespace *ns = bw_spec_namespace(r->spec, "network");

	if (!ns || (ns->path && is_host_path(ns->path))) {
		if (refuses(policy->host))
			deny_host(r, "/linux/namespaces", ns ? ns->path : NULL);
	} else if (ns->path && refuses(policy->joined)) {
		bw_deny(r, "/linux/namespaces", ns->path,
			"joins a network that others made, with all that listens there",
			bw_text(r, OWN_HINT, "joined"));
	}
}

static void check_devices(struct bw_run *r)
{
	const struct bw_spec_linux *lin = r->spec->linux_;

	for (size_t i = 0; lin && i < lin->net_devices.n; i++)
		bw_deny(r, bw_text(r, "/linux/netDevices/%s", lin->net_devices.v[i].key), NULL,
			"takes a network device away from the host",
			"network.devices: allow in the policy");
}

/* What the gate lets out. */
static void open_gate(struct bw_run *r)
{
	static const char reason[] = "nothing else may be connected to";
	const struct bw_profile_egress *policy = r->profile->network->egress;
	const struct bw_spec_egress *gate = bw_ensure(r, &r->spec->hardening->egress);
	static uint64_t standard[] = {443};
	const struct bw_uints usual = {standard, 1};

	if (!gate)
		return;
	bw_change_strs(r, &gate->allow, &policy->allow, "/hardening/egress/allow", reason);
	bw_change_strs(r, &gate->plain, &policy->plain, "/hardening/egress/plain", reason);
	bw_change_ids(r, &gate->ports, policy->ports.n ? &policy->ports : &usual, "/hardening/egress/ports", reason);
	bw_change_strs(r, &gate->refuse, &policy->refuse, "/hardening/egress/refuse", reason);
	bw_change_strs(r, &gate->nameservers, &policy->nameservers, "/hardening/egress/nameservers",
		"the policy names them");
	bw_change_uint(r, &gate->connections, policy->connections.set ? policy->connections.v : 256,
		"/hardening/egress/connections", "limit of the gate");
	bw_change_uint(r, &gate->connections_per_minute,
		policy->connections_per_minute.set ? policy->connections_per_minute.v : 600,
		"/hardening/egress/connectionsPerMinute", "limit of the gate");
	if (policy->bytes.set)
		bw_change_uint(r, &gate->bytes, policy->bytes.v, "/hardening/egress/bytes", "limit of the gate");
	bw_change_string(r, &gate->on_death, policy->on_death ? policy->on_death : "keep", "/hardening/egress/onDeath",
		"what the death of the gate means");
}

static void restrict_egress(struct bw_run *r)
{
	const struct bw_profile_egress *policy = r->profile->network->egress;
	const struct bw_spec_namespace *ns = bw_spec_namespace(r->spec, "network");

	if (!ns || (ns->path && is_host_path(ns->path)))
		bw_deny(r, "/linux/namespaces", ns ? ns->path : NULL,
			"shares the network of the host, where no egress gate can be put", NULL);
	bw_change_bool(r, &r->spec->hardening->only_loopback, true, "/hardening/onlyLoopback",
		"nothing but the egress gate may be reached");
	if (policy->allow.n || policy->plain.n)
		open_gate(r);
}

/* On its loopback Docker has a name server that would ask the outside anything. */
static void collect_endpoints(struct bw_run *r, struct bw_strs *ret)
{
	const struct bw_strs *endpoints = &r->profile->derived.endpoints;

	for (size_t i = 0; i < endpoints->n; i++)
		bw_collect(r, ret, endpoints->v[i]);
	if (r->profile->derived.gated)
		bw_collect(r, ret, "127.0.0.11");
}

void bw_rule_network(struct bw_run *r)
{
	const struct bw_profile_network *policy = r->profile->network;
	const struct bw_spec_hardening *h = r->spec->hardening;
	struct bw_strs endpoints = {0};

	if (!policy)
		return;
	check_namespace(r, policy);
	if (refuses(policy->devices))
		check_devices(r);
	if (h && r->profile->derived.gated)
		restrict_egress(r);
	collect_endpoints(r, &endpoints);
	if (!h || endpoints.n == 0)
		return;
	bw_change_strs(r, &h->block_endpoints, &endpoints, "/hardening/blockEndpoints",
		"metadata services hand out the host's credentials");
	bw_change_string(r, &h->endpoints, policy->guard ? policy->guard : "require",
		"/hardening/endpoints", "what it means when they cannot be blocked");
}

void bw_rule_sysctl(struct bw_run *r)
{
	const struct bw_profile_sysctl *policy = r->profile->sysctl;
	const struct bw_spec_linux *lin = r->spec->linux_;

	if (!policy || !policy->allow.v || !lin)
		return;
	for (size_t i = 0; i < lin->sysctl.n; i++) {
		const char *key = lin->sysctl.v[i].key;
		char name[BW_SYSCTL_NAME_SIZE];
		size_t k = 0;

		/* Written with slashes it is the same parameter; what is no name at all fits nothing. */
		if (!bw_spec_sysctl_name(key, name))
			k = policy->allow.n;
		while (k < policy->allow.n && !bw_glob_match(policy->allow.v[k], name))
			k++;
		if (k == policy->allow.n)
			bw_deny(r, bw_text(r, "/linux/sysctl/%s", key), NULL,
				"sets a kernel parameter that sysctl.allow of the policy does not "
				"name",
				"leave it out, or name it in sysctl.allow");
	}
}
