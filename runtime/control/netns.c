/* SPDX-License-Identifier: Apache-2.0 */
/* netns.c - a new network namespace gets its loopback up, and before anybody can plug it in, the
 * endpoints that hand out the host's credentials are prohibited in it, where the guard (guard.c) can
 * have no programs on the container's cgroup. It must not touch a namespace that it did not make:
 * others live there.
 *
 * This way of the guard is routing rules (ip-rule(8)), not routes: a prohibit rule per address with preference
 * 0, and the rule for table local moved behind them. The kernel takes the first rule that matches,
 * so that no route in any table, no address of an interface and no later rule can win (but a socket
 * that is bound to an interface can, in IPv4: netns_filter.c is for those): a rule cannot be placed before preference 0, and among equals a new one comes last. Rules belong to no
 * interface; IPv6 prohibit routes hang on lo and go when it goes down. And table main stays as the
 * engines expect it: CNI plugins that add a blackhole route for an address would fail over a route
 * that is there already. Measured for 10 + 6 addresses, together with lo up (120 us): rules 150-165
 * us, routes 150-180 us. Clients get EACCES at once. */
#include "control/control.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/sys.h"
#include "control/endpoint.h"
#include "control/guard.h"
#include "control/netns_filter.h"
#include "control/rtnl.h"
#include "host/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_OPEN_LOOPBACK, OP_FILTER };

/* Index of lo in every network namespace, since the kernel makes it first and checks
 * (LOOPBACK_IFINDEX). */
enum { LOOPBACK_INDEX = 1 };

/* A rule message takes at most 64 bytes; an endpoint of IPv4 has one and four of its forms in IPv6; lo comes on top, and for
 * each family two rules for table local, one about loopback and one about all the rest. */
enum { RULE_SIZE = 64, FORMS = 5, OTHERS = 10 };

/* Followed by len bytes of netlink messages: rtnetlink's, or with OP_FILTER nfnetlink's. Only the last one, number last, asks for an answer.
 */
struct batch {
	uint32_t len, last;
	uint32_t ipv6_first, ipv6_last; /* the numbers of those about IPv6; 0: none */
	uint32_t endpoints;
	uint32_t only_loopback; /* flag */
};

/* ---- the batch ---- */

/* For one prefix, or with none for all addresses. */
static void add_rule(struct bw_rtnl *rtnl, int family, uint8_t action, const void *dst, unsigned bits)
{
	struct fib_rule_hdr rule = {
		.family = (uint8_t)family,
		.dst_len = (uint8_t)bits,
		.action = action,
		.table = action == FR_ACT_TO_TBL ? RT_TABLE_LOCAL : RT_TABLE_UNSPEC,
	};
	uint32_t preference = 0;

	bw_rtnl_begin(rtnl, RTM_NEWRULE, NLM_F_CREATE, &rule, sizeof rule);
	if (bits)
		bw_rtnl_attr(rtnl, FRA_DST, dst, family == AF_INET ? 4 : 16);
	bw_rtnl_attr(rtnl, FRA_PRIORITY, &preference, sizeof preference);
}

/* The first rule for table local: the one that was there. */
static void delete_local(struct bw_rtnl *rtnl, int family)
{
	struct fib_rule_hdr rule = {
		.family = (uint8_t)family, .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL};
	uint32_t preference = 0;

	bw_rtnl_begin(rtnl, RTM_DELRULE, 0, &rule, sizeof rule);
	bw_rtnl_attr(rtnl, FRA_PRIORITY, &preference, sizeof preference);
}

/* A second rule for table local, behind ours, before the old one goes: never without one. */
static void move_local_behind(struct bw_rtnl *rtnl, int family)
{
	add_rule(rtnl, family, FR_ACT_TO_TBL, NULL, 0);
	delete_local(rtnl, family);
}

/* Table local for loopback, and nothing for the rest. */
static void keep_loopback_only(struct bw_rtnl *rtnl, int family)
{
	static const unsigned char loopback4[4] = {127}, loopback6[16] = {[15] = 1};

	if (family == AF_INET)
		add_rule(rtnl, family, FR_ACT_TO_TBL, loopback4, 8);
	else
		add_rule(rtnl, family, FR_ACT_TO_TBL, loopback6, 128);
	add_rule(rtnl, family, FR_ACT_PROHIBIT, NULL, 0);
	delete_local(rtnl, family);
}

static void add_loopback_up(struct bw_rtnl *rtnl)
{
	struct ifinfomsg link = {
		.ifi_index = LOOPBACK_INDEX, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	bw_rtnl_begin(rtnl, RTM_NEWLINK, NLM_F_ACK, &link, sizeof link);
}

/* Where a network translates, an address of IPv4 can be reached by one of IPv6: NAT64, SIIT, 6to4, and IPv4-compatible. */
static void add_forms_of_ipv4(struct bw_rtnl *rtnl, const struct bw_endpoint *endpoint)
{
	static const struct {
		unsigned char prefix[12];
		size_t len;
	} forms[] = {{{0, 0x64, 0xff, 0x9b}, 12}, {{[8] = 0xff, [9] = 0xff}, 12}, {{0x20, 0x02}, 2}, {{0}, 12}};

	for (size_t i = 0; i < BW_COUNT(forms); i++) {
		unsigned char addr[16] = {0};

		memcpy(addr, forms[i].prefix, sizeof forms[i].prefix);
		memcpy(addr + forms[i].len, endpoint->addr, 4);
		add_rule(rtnl, AF_INET6, FR_ACT_PROHIBIT, addr, (unsigned)(8 * forms[i].len) + endpoint->bits);
	}
}

static void add_prohibits(struct bw_rtnl *rtnl, int family, const struct bw_guard_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct bw_endpoint *endpoint = &rules->endpoints[i];

		if (endpoint->family == family)
			add_rule(rtnl, family, FR_ACT_PROHIBIT, endpoint->addr, endpoint->bits);
		else if (family == AF_INET6 && !rules->only_loopback)
			add_forms_of_ipv4(rtnl, endpoint);
	}
}

/* How many messages were added for the family. */
static uint32_t add_family(struct bw_rtnl *rtnl, int family, const struct bw_guard_rules *rules)
{
	uint32_t before = rtnl->seq;

	add_prohibits(rtnl, family, rules);
	if (rules->only_loopback)
		keep_loopback_only(rtnl, family);
	else if (rtnl->seq != before)
		move_local_behind(rtnl, family);
	return rtnl->seq - before;
}

static int add_batch(const struct bw_guard_rules *rules, struct bw_plan *plan, struct bw_err *err)
{
	size_t size = RULE_SIZE * (FORMS * rules->n + OTHERS);
	auto_free struct batch *data = calloc(1, sizeof *data + size);
	struct bw_rtnl rtnl;

	if (!data)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "rules of the network namespace");
	rtnl = bw_rtnl_over(data + 1, size);
	add_family(&rtnl, AF_INET, rules);
	data->ipv6_first = rtnl.seq + 1;
	data->ipv6_last = rtnl.seq + add_family(&rtnl, AF_INET6, rules);
	add_loopback_up(&rtnl);
	if (rtnl.overflow)
		return bw_fail(err, BW_E_INTERNAL, 0, "netns: the batch outgrew its buffer");
	data->len = (uint32_t)rtnl.len;
	data->last = rtnl.seq;
	data->endpoints = (uint32_t)rules->n;
	data->only_loopback = rules->only_loopback;
	return bw_plan_add(plan, BW_CONTROL_netns, OP_OPEN_LOOPBACK, BW_PHASE_NETWORK, data, sizeof *data + rtnl.len, err);
}

static int add_filter(const struct bw_guard_rules *rules, struct bw_plan *plan, struct bw_err *err)
{
	size_t size = BW_NETNS_FILTER_RULE * (rules->n + 1) + BW_NETNS_FILTER_FIXED;
	auto_free struct batch *data = calloc(1, sizeof *data + size);
	struct bw_rtnl batch;

	if (!data)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "filter of the network namespace");
	batch = bw_rtnl_over(data + 1, size);
	data->last = bw_netns_filter(&batch, rules);
	if (!data->last)
		return 0;
	if (batch.overflow)
		return bw_fail(err, BW_E_INTERNAL, 0, "netns: the filter outgrew its buffer");
	data->len = (uint32_t)batch.len;
	data->endpoints = (uint32_t)rules->n;
	data->only_loopback = rules->only_loopback;
	return bw_plan_add(plan, BW_CONTROL_netns, OP_FILTER, BW_PHASE_NETWORK, data, sizeof *data + batch.len, err);
}

/* ---- preparing ---- */

/* One dump request in our own namespace: a kernel without routing rules answers with an error,
 * another with the list, of which nothing is read but the first message's type. */
static int probe(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	auto_close int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct fib_rule_hdr rule = {.family = AF_INET};
	_Alignas(8) unsigned char bytes[8192];
	struct bw_rtnl rtnl = bw_rtnl_over(bytes, sizeof bytes);
	struct nlmsghdr head;

	(void)arena, (void)err;
	bw_rtnl_begin(&rtnl, RTM_GETRULE, NLM_F_DUMP, &rule, sizeof rule);
	host->policy_routing.set =
		sock >= 0 && send(sock, bytes, rtnl.len, 0) >= 0 &&
		recv(sock, bytes, sizeof bytes, MSG_DONTWAIT) >= (ssize_t)sizeof head;
	if (!host->policy_routing.set)
		return 0;
	memcpy(&head, bytes, sizeof head);
	host->policy_routing.v = head.nlmsg_type == RTM_NEWRULE;
	return 0;
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	struct bw_guard_rules rules = {0};

	if (request->exec || !bw_spec_has_new_namespace(request->spec, "network"))
		return 0;
	if (request->guard->way == BW_GUARD_ROUTING && bw_guard_rules_of(request->spec, &rules, err) < 0)
		return -1;
	return add_batch(&rules, plan, err) < 0 ? -1 : add_filter(&rules, plan, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct batch *batch = data;

	(void)len;
	if (op == OP_FILTER)
		snprintf(buf, size, "drop packets to %s",
			batch->only_loopback ? "all but loopback" : "the blocked endpoints");
	else if (batch->only_loopback)
		snprintf(buf, size, "prohibit all but loopback, bring up lo");
	else if (batch->endpoints)
		snprintf(buf, size, "prohibit %u endpoints, bring up lo",
			(unsigned)batch->endpoints);
	else
		snprintf(buf, size, "bring up lo");
}

const struct bw_control bw_netns = {
	.name = "netns",
	.about = "loopback up, and where the guard needs them routing rules, in a new network namespace",
	.probe = probe,
	.prepare = prepare,
	.say = say,
};

/* ---- the child ---- */

static bool has_ipv6_sockets(void)
{
	int sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock >= 0)
		close(sock);
	return sock >= 0 || errno != EAFNOSUPPORT;
}

/* Without IPv6 in the kernel there is nothing to prohibit, as long as there really are no such
 * sockets. */
static bool may_fail(const struct batch *batch, uint32_t seq, int error)
{
	if (seq < batch->ipv6_first || seq > batch->ipv6_last)
		return false;
	return (error == -EAFNOSUPPORT || error == -EOPNOTSUPP) && !has_ipv6_sockets();
}

/* One answer; 1: it was the last. */
static int take_answer(int sock, const struct batch *batch)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		unsigned char rest[512]; /* a failed message is quoted */
	} answer;
	/* Requests are done within sendto(2): an answer is there, or will never be. */
	ssize_t len = recv(sock, &answer, sizeof answer, MSG_DONTWAIT);

	if (len < 0)
		return errno == EINTR ? 0 : -errno;
	if ((size_t)len < sizeof answer.head + sizeof answer.error ||
		answer.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	if (answer.error.error && !may_fail(batch, answer.head.nlmsg_seq, answer.error.error))
		return answer.error.error;
	return answer.head.nlmsg_seq == batch->last;
}

int bw_netns_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	const struct batch *batch = data;
	const unsigned char *messages = (const unsigned char *)data + len - batch->len;
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, op == OP_FILTER ? NETLINK_NETFILTER : NETLINK_ROUTE);
	int r;

	(void)child;
	if (sock < 0)
		return -errno;
	if (sendto(sock, messages, batch->len, 0, (const struct sockaddr *)&kernel, sizeof kernel) <
		0)
		r = -errno;
	else
		do
			r = take_answer(sock, batch);
		while (r == 0);
	close(sock);
	return r < 0 ? r : 0;
}
