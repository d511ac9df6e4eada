/* SPDX-License-Identifier: Apache-2.0 */
/* rule_namespaces.c - what the caller would share with the host becomes the container's own.
 * Namespaces that others made and that are joined by path (those of a pod) stay. The network is
 * rule_network.c's. */
#include "base/auto.h"
#include "base/str.h"
#include "policy/rules.h"

/* By its words alone: what a path really is, the namespaces control knows. */
static bool is_of_host(const char *path)
{
	char clean[256];
	struct bw_buf buf = bw_buf_over(clean, sizeof clean);

	bw_buf_add(&buf, path);
	return bw_after_prefix(clean, "/proc/1/ns/") ||
	       bw_after_prefix(clean, "/proc/1/task/1/ns/") ||
	       bw_after_prefix(clean, "/proc/self/ns/") ||
	       bw_after_prefix(clean, "/proc/thread-self/ns/");
}

static void refuse_host(struct bw_run *r)
{
	const struct bw_spec_linux *lin = r->spec->linux_;

	for (size_t i = 0; i < lin->namespaces.n; i++) {
		const struct bw_spec_namespace *ns = &lin->namespaces.v[i];

		if (ns->path && is_of_host(ns->path) && !bw_streq(ns->type, "network"))
			bw_deny(r, bw_text(r, "/linux/namespaces/%zu/path", i), ns->path,
				bw_text(r, "is the host's own %s namespace", ns->type),
				"leave the path out for a new namespace");
	}
}

/* A path has many names, and the namespaces of a process of the host are the host's. */
static void hold_against_host(struct bw_run *r)
{
	static const char *const types[] = {"pid", "ipc", "uts", "mount", "cgroup"};
	const struct bw_spec_hardening *h = r->spec->hardening;
	const struct bw_profile_network *network = r->profile->network;
	struct bw_strs own = {0};

	if (!h)
		return;
	for (size_t i = 0; i < BW_COUNT(types); i++)
		bw_collect(r, &own, types[i]);
	if (network && bw_streq0(network->host, "refuse"))
		bw_collect(r, &own, "network");
	bw_change_strs(r, &h->own_namespaces, &own, "/hardening/ownNamespaces",
		"held against what each path really is");
}

void bw_rule_namespaces(struct bw_run *r)
{
	const struct bw_profile_namespaces *policy = r->profile->namespaces;
	const struct bw_spec_linux *lin = r->spec->linux_;

	if (policy && policy->own.n)
		lin = bw_ensure(r, &r->spec->linux_);
	if (!policy || !lin)
		return;
	if (bw_streq0(policy->host, "refuse")) {
		refuse_host(r);
		hold_against_host(r);
	}
	for (size_t i = 0; i < policy->own.n; i++) {
		struct bw_spec_namespace ns = {.type = policy->own.v[i]};

		if (bw_spec_namespace(r->spec, ns.type))
			continue;
		bw_insert(r, &lin->namespaces, lin->namespaces.n, &ns, sizeof ns,
			bw_text(r, "{\"type\": \"%s\"}", ns.type),
			bw_text(r, "/linux/namespaces/%zu", lin->namespaces.n),
			bw_text(r, "the %s namespace of the host is not for containers", ns.type));
	}
}
