/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c - the control that keeps a container from the blocked endpoints: it chooses the way, has the programs
 * loaded before anything is made, and lets the child prove that the kernel refuses. Attaching them is the control
 * cgroup's work, routing rules are netns's.
 *
 * The proof costs a few system calls and no packet: connect(2) of a datagram socket is refused by either way before
 * it looks for a route. Without it a kernel that does not look at this hierarchy (before 5.15 a class of net_cls set
 * somewhere is enough: cgroup_sk_alloc_disable()) would leave the container unguarded and nobody would know. */
#include "control/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/cgroup_files.h"
#include "control/control.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_PROVE };

/* One address of each family stands for all: they are in the same programs and rules. Port 0, which is not counted. */
struct proof {
	uint16_t way;
	uint16_t endpoints; /* how many are blocked; 0: all but loopback */
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6; /* sin_family, sin6_family: 0 where there is none */
};

static const char *const ways[] = {[BW_GUARD_CGROUP] = "cgroup", [BW_GUARD_ROUTING] = "routing"};

const char *bw_guard_word(enum bw_guard_way way)
{
	return ways[way];
}

enum bw_guard_way bw_guard_way_of(const char *word)
{
	for (size_t i = 0; i < BW_COUNT(ways); i++)
		if (ways[i] && bw_streq0(word, ways[i]))
			return (enum bw_guard_way)i;
	return BW_GUARD_NONE;
}

/* ---- what is refused ---- */

bool bw_guard_is_wanted(const struct bw_spec *spec)
{
	return spec->hardening && (spec->hardening->block_endpoints.n || spec->hardening->only_loopback.v);
}

int bw_guard_rules_of(const struct bw_spec *spec, struct bw_guard_rules *ret, struct bw_err *err)
{
	ret->only_loopback = spec->hardening->only_loopback.v;
	return bw_endpoints_parse(&spec->hardening->block_endpoints, ret->endpoints, &ret->n, err);
}

/* ---- choosing the way ---- */

/* Why programs on the cgroup cannot be had, or NULL. */
static const char *cgroup_obstacle(const struct bw_request *request)
{
	const struct bw_cgroup_set *set = request->cgroups;

	if (!request->host->bpf_guard.v)
		return "this host lets us attach no programs to cgroups of version 2";
	if (!set || set->rootless.v || bw_cgroup_find(set, NULL) < 0)
		return "the container has no cgroup of version 2 of its own";
	return NULL;
}

/* Why routing rules cannot be had, or NULL. */
static const char *routing_obstacle(const struct bw_request *request)
{
	if (!bw_spec_has_new_namespace(request->spec, "network"))
		return "the network namespace is not the container's own";
	if (request->host->policy_routing.set && !request->host->policy_routing.v)
		return "this kernel has no routing rules (CONFIG_IP_MULTIPLE_TABLES)";
	return NULL;
}

/* The policy's sentence for it: refuse, or go on and have it on record. No value counts as require. */
static int cannot_guard(const struct bw_request *request, const char *cgroup, const char *routing, struct bw_plan *plan,
	struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	bool own = bw_spec_has_new_namespace(request->spec, "network");
	char words[160];

	if (bw_streq0(hardening->endpoints, "prefer")) {
		snprintf(words, sizeof words, "blocked endpoints are not blocked: %s, and %s", routing, cgroup);
		bw_plan_degrade(plan, BW_CONTROL_guard, words);
		return 0;
	}
	if (hardening->only_loopback.v)
		snprintf(words, sizeof words, "everything but loopback");
	else
		snprintf(words, sizeof words, "%s and %zu more endpoints", hardening->block_endpoints.v[0],
			hardening->block_endpoints.n - 1);
	bw_fail(err, own ? BW_E_HOST : BW_E_DENIED, 0, "%s must be blocked, but %s, and %s", words, routing, cgroup);
	return bw_at(err, "/linux/namespaces");
}

int bw_guard_choose(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const char *cgroup = cgroup_obstacle(request), *routing = routing_obstacle(request);
	struct bw_guard *guard = request->guard;
	struct bw_guard_rules rules;

	if (bw_guard_rules_of(request->spec, &rules, err) < 0)
		return -1;
	if (cgroup && routing)
		return cannot_guard(request, cgroup, routing, plan, err);
	if (!cgroup && bw_guard_load(&rules, guard->programs, err) == 0) {
		guard->way = BW_GUARD_CGROUP;
		return 0;
	}
	if (routing)
		return -1;
	*err = (struct bw_err){0};
	guard->way = BW_GUARD_ROUTING;
	return 0;
}

/* ---- preparing ---- */

static void prove_with(struct proof *proof, int family, const void *addr)
{
	if (family == AF_INET) {
		proof->ipv4 = (struct sockaddr_in){.sin_family = AF_INET};
		memcpy(&proof->ipv4.sin_addr, addr, sizeof proof->ipv4.sin_addr);
	} else {
		proof->ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
		memcpy(&proof->ipv6.sin6_addr, addr, sizeof proof->ipv6.sin6_addr);
	}
}

static int add_proof(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	/* Addresses of documentation: RFC 5737, RFC 3849. */
	static const unsigned char elsewhere4[4] = {192, 0, 2, 1}, elsewhere6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	struct proof proof = {.way = (uint16_t)request->guard->way};
	struct bw_guard_rules rules;

	if (bw_guard_rules_of(request->spec, &rules, err) < 0)
		return -1;
	if (rules.only_loopback) {
		prove_with(&proof, AF_INET, elsewhere4);
		prove_with(&proof, AF_INET6, elsewhere6);
	} else {
		proof.endpoints = (uint16_t)rules.n;
		for (size_t i = rules.n; i-- > 0;)
			prove_with(&proof, rules.endpoints[i].family, rules.endpoints[i].addr);
	}
	return bw_plan_add(plan, BW_CONTROL_guard, OP_PROVE, BW_PHASE_PRIVS, &proof, sizeof proof, err);
}

static void say_layer(const struct bw_request *request, struct bw_plan *plan)
{
	char what[120];

	snprintf(what, sizeof what, "%s, by %s",
		request->spec->hardening->only_loopback.v ? "nothing but loopback" : "blocked endpoints out of reach",
		request->guard->way == BW_GUARD_CGROUP ? "programs on its cgroup" : "routing rules");
	bw_plan_layer(plan, BW_CONTROL_guard, what);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	if (!bw_guard_is_wanted(request->spec))
		return 0;
	/* exec: the way is that of the container. */
	if (!request->exec && bw_guard_choose(request, plan, err) < 0)
		return -1;
	if (request->guard->way == BW_GUARD_NONE)
		return 0;
	say_layer(request, plan);
	return add_proof(request, plan, err);
}

static void name_address(const struct proof *proof, char *buf, size_t size)
{
	if (proof->ipv4.sin_family)
		inet_ntop(AF_INET, &proof->ipv4.sin_addr, buf, (socklen_t)size);
	else
		inet_ntop(AF_INET6, &proof->ipv6.sin6_addr, buf, (socklen_t)size);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct proof *proof = data;
	const char *way = proof->way == BW_GUARD_CGROUP ? "the cgroup's programs" : "routing rules";
	char address[INET6_ADDRSTRLEN];

	(void)op, (void)len;
	name_address(proof, address, sizeof address);
	if (proof->endpoints)
		snprintf(buf, size, "prove that %u endpoints are out of reach by %s (%s)", (unsigned)proof->endpoints, way, address);
	else
		snprintf(buf, size, "prove that all but loopback is out of reach by %s (%s)", way, address);
}

/* The child's only error of its own is EUNATCH. */
static void complain(uint16_t op, const void *data, size_t len, int sys, struct bw_err *err)
{
	const struct proof *proof = data;
	char address[INET6_ADDRSTRLEN];

	(void)op, (void)len;
	if (sys != EUNATCH)
		return;
	name_address(proof, address, sizeof address);
	bw_fail(err, BW_E_HOST, 0, "the kernel does not keep the container from %s and %s, although %s",
		address, proof->endpoints ? "the other blocked endpoints" : "all but loopback", proof->way == BW_GUARD_CGROUP ? "programs on its cgroup say so" : "routing rules say so");
}

const struct bw_control bw_guard = {
	.name = "guard",
	.about = "blocked endpoints are out of reach in every network mode, by programs on the container's cgroup or "
		 "routing rules",
	.prepare = prepare,
	.say = say,
	.complain = complain,
};

/* ---- the child ---- */

/* 0: refused, or no such sockets at all. */
static int expect_refusal(int family, const void *address, socklen_t len)
{
	int sock = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (sock < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	r = connect(sock, address, len) == 0 ? 0 : errno;
	close(sock);
	return r == EPERM || r == EACCES ? 0 : -EUNATCH;
}

int bw_guard_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct proof *proof = data;
	int r = 0;

	(void)child, (void)op, (void)len;
	if (proof->ipv4.sin_family)
		r = expect_refusal(AF_INET, &proof->ipv4, sizeof proof->ipv4);
	if (r == 0 && proof->ipv6.sin6_family)
		r = expect_refusal(AF_INET6, &proof->ipv6, sizeof proof->ipv6);
	return r;
}
