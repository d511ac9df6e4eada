/* SPDX-License-Identifier: Apache-2.0 */
/* netns_verify.c - `start` looks whether the guard still holds: between create and start the engine
 * has plugged the namespace in, and a plugin may have flushed what it found. A child enters the
 * namespace and asks its routing; the caller itself never leaves its own namespaces, where it
 * serves other containers. */
#include "control/netns.h"

#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/sys.h"
#include "control/endpoint.h"
#include "control/netns_filter.h"
#include "control/rtnl.h"

enum verdict { HOLDS, ENTER_FAILED, ASK_FAILED, REACHABLE, UNGUARDED, UNFILTERED };

/* What the child found. */
struct finding {
	enum verdict verdict;
	int sys;
	size_t index; /* of the endpoint */
};

/* Sent and answered in one go: the kernel works within send(2). Returns 0 with a route, else the
 * negative error of the look-up; *ret_sys says when asking itself failed. */
static int ask_route(int sock, const struct bw_endpoint *endpoint, int *ret_sys)
{
	struct rtmsg route = {.rtm_family = (unsigned char)endpoint->family,
		.rtm_dst_len = (unsigned char)(8 * endpoint->len)};
	_Alignas(8) unsigned char bytes[1024];
	struct bw_rtnl rtnl = bw_rtnl_over(bytes, sizeof bytes);
	struct nlmsghdr head;
	struct nlmsgerr error;
	ssize_t len;

	*ret_sys = 0;
	bw_rtnl_begin(&rtnl, RTM_GETROUTE, 0, &route, sizeof route);
	bw_rtnl_attr(&rtnl, RTA_DST, endpoint->addr, endpoint->len);
	len = send(sock, bytes, rtnl.len, 0) < 0 ? -1
						 : recv(sock, bytes, sizeof bytes, MSG_DONTWAIT);
	if (len < (ssize_t)sizeof head) {
		*ret_sys = len < 0 ? errno : EPROTO;
		return 0;
	}
	memcpy(&head, bytes, sizeof head);
	if (head.nlmsg_type == RTM_NEWROUTE)
		return 0;
	if (head.nlmsg_type != NLMSG_ERROR || (size_t)len < sizeof head + sizeof error) {
		*ret_sys = EPROTO;
		return 0;
	}
	memcpy(&error, bytes + sizeof head, sizeof error);
	return error.error;
}

/* Whether the chain that drops what routing rules do not stop is there. */
static bool has_filter(void)
{
	auto_close int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	const struct nfgenmsg fixed = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	_Alignas(8) unsigned char bytes[1024];
	struct bw_rtnl rtnl = bw_rtnl_over(bytes, sizeof bytes);
	struct nlmsghdr head;

	bw_rtnl_begin(&rtnl, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, 0, &fixed, sizeof fixed);
	bw_rtnl_attr(&rtnl, NFTA_CHAIN_TABLE, BW_NETNS_TABLE, sizeof BW_NETNS_TABLE);
	bw_rtnl_attr(&rtnl, NFTA_CHAIN_NAME, BW_NETNS_CHAIN, sizeof BW_NETNS_CHAIN);
	if (sock < 0 || send(sock, bytes, rtnl.len, 0) < 0 ||
		recv(sock, bytes, sizeof bytes, MSG_DONTWAIT) < (ssize_t)sizeof head)
		return false;
	memcpy(&head, bytes, sizeof head);
	return head.nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN);
}

/* "No such family" is an answer as good as "prohibited" if no socket of it can be had. */
static bool is_absent(int family, int answer)
{
	auto_close int sock = -1;

	if (answer != -EAFNOSUPPORT && answer != -EOPNOTSUPP)
		return false;
	sock = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return sock < 0 && errno == EAFNOSUPPORT;
}

static enum verdict judge(int sock, const struct bw_endpoint *endpoint, int *ret_sys)
{
	int answer = ask_route(sock, endpoint, ret_sys);

	if (*ret_sys)
		return ASK_FAILED;
	if (answer == -EACCES || is_absent(endpoint->family, answer))
		return HOLDS;
	return answer == 0 ? REACHABLE : UNGUARDED;
}

/* A namespace that belongs to a user namespace of ours is entered together with it. */
static int enter(int ns)
{
	if (setns(ns, CLONE_NEWNET) == 0)
		return 0;
	if (errno != EPERM)
		return -1;
	return setns(ns, CLONE_NEWUSER | CLONE_NEWNET);
}

static struct finding look(int ns, const struct bw_endpoint *endpoints, size_t n)
{
	struct finding finding = {.verdict = ENTER_FAILED};
	auto_close int sock = -1;

	if (enter(ns) < 0) {
		finding.sys = errno;
		return finding;
	}
	finding.verdict = ASK_FAILED;
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (sock < 0) {
		finding.sys = errno;
		return finding;
	}
	for (finding.index = 0; finding.index < n; finding.index++) {
		finding.verdict = judge(sock, &endpoints[finding.index], &finding.sys);
		if (finding.verdict != HOLDS)
			return finding;
	}
	for (finding.index = 0; finding.index < n && endpoints[finding.index].family != AF_INET; finding.index++)
		;
	finding.verdict = finding.index == n || has_filter() ? HOLDS : UNFILTERED;
	return finding;
}

struct errand {
	int ns;
	const struct bw_endpoint *endpoints;
	size_t n;
	struct finding finding;
};

static int run_errand(void *arg)
{
	struct errand *errand = arg;

	errand->finding = look(errand->ns, errand->endpoints, errand->n);
	return 0;
}

/* The child shares our memory and we wait until it is gone (as vfork(2)): nothing is copied, and
 * what it found is where it put it. Its namespaces are its own. */
static int look_from_child(struct errand *errand, struct bw_err *err)
{
	enum { STACK_SIZE = 64 << 10 };
	auto_free char *stack = malloc(STACK_SIZE);
	int status = -1;
	pid_t pid;

	if (!stack)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "checking the blocked endpoints");
	pid = clone(run_errand, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, errand);
	if (pid < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "checking the blocked endpoints: clone");
	if (bw_wait(pid, &status) < 0 || status != 0)
		return bw_fail(err, BW_E_KERNEL, 0,
			"checking the blocked endpoints: the checking process died");
	return 0;
}

static int report(const struct finding *finding, const struct bw_strs *names, struct bw_err *err)
{
	const char *name = finding->index < names->n ? names->v[finding->index] : "";

	switch (finding->verdict) {
	case HOLDS:
		return 0;
	case ENTER_FAILED:
		return bw_fail(err, BW_E_KERNEL, finding->sys,
			"checking the blocked endpoints: entering the network namespace");
	case ASK_FAILED:
		return bw_fail(err, BW_E_KERNEL, finding->sys,
			"checking the blocked endpoint %s: asking for the route", name);
	case REACHABLE:
		bw_fail(err, BW_E_DENIED, 0,
			"blocked endpoint %s is reachable from the container's network namespace",
			name);
		break;
	case UNGUARDED:
		bw_fail(err, BW_E_DENIED, 0,
			"blocked endpoint %s is no longer prohibited in the container's network "
			"namespace",
			name);
		break;
	case UNFILTERED:
		bw_fail(err, BW_E_DENIED, 0,
			"packets to the blocked endpoint %s are no longer dropped in the container's network namespace", name);
		break;
	}
	return bw_hint(err, "what was made at create is gone: see what configures the "
			    "network between create and start");
}

int bw_netns_verify(int ns, const struct bw_strs *endpoints, struct bw_err *err)
{
	struct bw_endpoint parsed[BW_MAX_ENDPOINTS];
	struct errand errand = {.ns = ns, .endpoints = parsed, .n = endpoints->n};

	if (endpoints->n > BW_COUNT(parsed))
		return bw_fail(err, BW_E_POLICY, 0, "%zu blocked endpoints are more than %d",
			endpoints->n, BW_MAX_ENDPOINTS);
	for (size_t i = 0; i < endpoints->n; i++)
		if (bw_endpoint_parse(endpoints->v[i], &parsed[i], err) < 0)
			return -1;
	if (endpoints->n == 0)
		return 0;
	if (look_from_child(&errand, err) < 0)
		return -1;
	return report(&errand.finding, endpoints, err);
}
