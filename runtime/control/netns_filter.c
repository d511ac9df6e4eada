/* SPDX-License-Identifier: Apache-2.0 */
/* netns_filter.c - routing rules are not all of it in IPv4: for a socket that is bound to an interface (SO_BINDTODEVICE,
 * IP_UNICAST_IF, IP_PKTINFO, none of which needs a right) the kernel takes a destination for which it finds no route, or a
 * prohibiting one, to be on the link (ip_route_output_key_hash_rcu()). So the same addresses are dropped where packets
 * leave the stack. See linux/netfilter/nf_tables.h; what it says there in the order of the network is so here. */
#include "control/netns_filter.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>

enum {
	PRIORITY = -300, /* before connection tracking and translation of addresses */
	DESTINATION = 16, /* in the header of IPv4 */
	LOOPBACK_INDEX = 1,
};

static void begin(struct bw_rtnl *batch, uint16_t type, uint16_t flags)
{
	const struct nfgenmsg head = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};

	bw_rtnl_begin(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &head, sizeof head);
}

static void mark(struct bw_rtnl *batch, uint16_t type)
{
	const struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};

	bw_rtnl_begin(batch, type, 0, &head, sizeof head);
}

static void put_text(struct bw_rtnl *batch, uint16_t type, const char *text)
{
	bw_rtnl_attr(batch, type, text, strlen(text) + 1);
}

static void put_number(struct bw_rtnl *batch, uint16_t type, uint32_t number)
{
	number = htonl(number);
	bw_rtnl_attr(batch, type, &number, sizeof number);
}

static void put_value(struct bw_rtnl *batch, uint16_t type, const void *value)
{
	size_t nest = bw_rtnl_nest(batch, type);

	bw_rtnl_attr(batch, NFTA_DATA_VALUE, value, 4);
	bw_rtnl_nest_end(batch, nest);
}

/* An expression under construction: its element of the list, and its data. */
struct expression {
	size_t element, data;
};

static struct expression begin_expression(struct bw_rtnl *batch, const char *name)
{
	struct expression e = {.element = bw_rtnl_nest(batch, NFTA_LIST_ELEM)};

	put_text(batch, NFTA_EXPR_NAME, name);
	e.data = bw_rtnl_nest(batch, NFTA_EXPR_DATA);
	return e;
}

static void end_expression(struct bw_rtnl *batch, struct expression e)
{
	bw_rtnl_nest_end(batch, e.data);
	bw_rtnl_nest_end(batch, e.element);
}

static void load_destination(struct bw_rtnl *batch)
{
	struct expression e = begin_expression(batch, "payload");

	put_number(batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(batch, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put_number(batch, NFTA_PAYLOAD_OFFSET, DESTINATION);
	put_number(batch, NFTA_PAYLOAD_LEN, 4);
	end_expression(batch, e);
}

static void load_interface(struct bw_rtnl *batch)
{
	struct expression e = begin_expression(batch, "meta");

	put_number(batch, NFTA_META_DREG, NFT_REG_1);
	put_number(batch, NFTA_META_KEY, NFT_META_OIF);
	end_expression(batch, e);
}

static void mask_prefix(struct bw_rtnl *batch, unsigned bits)
{
	const uint32_t mask = htonl(UINT32_MAX << (32 - bits)), nothing = 0;
	struct expression e = begin_expression(batch, "bitwise");

	put_number(batch, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(batch, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(batch, NFTA_BITWISE_LEN, 4);
	put_value(batch, NFTA_BITWISE_MASK, &mask);
	put_value(batch, NFTA_BITWISE_XOR, &nothing);
	end_expression(batch, e);
}

static void compare(struct bw_rtnl *batch, enum nft_cmp_ops op, const void *value)
{
	struct expression e = begin_expression(batch, "cmp");

	put_number(batch, NFTA_CMP_SREG, NFT_REG_1);
	put_number(batch, NFTA_CMP_OP, op);
	put_value(batch, NFTA_CMP_DATA, value);
	end_expression(batch, e);
}

static void drop(struct bw_rtnl *batch)
{
	struct expression e = begin_expression(batch, "immediate");
	size_t data, verdict;

	put_number(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = bw_rtnl_nest(batch, NFTA_IMMEDIATE_DATA);
	verdict = bw_rtnl_nest(batch, NFTA_DATA_VERDICT);
	put_number(batch, NFTA_VERDICT_CODE, NF_DROP);
	bw_rtnl_nest_end(batch, verdict);
	bw_rtnl_nest_end(batch, data);
	end_expression(batch, e);
}

static size_t begin_rule(struct bw_rtnl *batch, bool last)
{
	begin(batch, NFT_MSG_NEWRULE, (uint16_t)(NLM_F_CREATE | NLM_F_APPEND | (last ? NLM_F_ACK : 0)));
	put_text(batch, NFTA_RULE_TABLE, BW_NETNS_TABLE);
	put_text(batch, NFTA_RULE_CHAIN, BW_NETNS_CHAIN);
	return bw_rtnl_nest(batch, NFTA_RULE_EXPRESSIONS);
}

static void drop_endpoint(struct bw_rtnl *batch, const struct bw_endpoint *endpoint, bool last)
{
	size_t rule = begin_rule(batch, last);

	load_destination(batch);
	if (endpoint->bits < 32)
		mask_prefix(batch, endpoint->bits);
	compare(batch, NFT_CMP_EQ, endpoint->addr);
	drop(batch);
	bw_rtnl_nest_end(batch, rule);
}

static void drop_other_interfaces(struct bw_rtnl *batch, bool last)
{
	const uint32_t loopback = LOOPBACK_INDEX; /* a register of the kernel's: in the host's order */
	size_t rule = begin_rule(batch, last);

	load_interface(batch);
	compare(batch, NFT_CMP_NEQ, &loopback);
	drop(batch);
	bw_rtnl_nest_end(batch, rule);
}

static void make_chain(struct bw_rtnl *batch)
{
	size_t hook;

	begin(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_text(batch, NFTA_TABLE_NAME, BW_NETNS_TABLE);
	begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	put_text(batch, NFTA_CHAIN_TABLE, BW_NETNS_TABLE);
	put_text(batch, NFTA_CHAIN_NAME, BW_NETNS_CHAIN);
	hook = bw_rtnl_nest(batch, NFTA_CHAIN_HOOK);
	put_number(batch, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
	put_number(batch, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
	bw_rtnl_nest_end(batch, hook);
	put_number(batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
	put_text(batch, NFTA_CHAIN_TYPE, "filter");
}

uint32_t bw_netns_filter(struct bw_rtnl *batch, const struct bw_guard_rules *rules)
{
	size_t left = rules->only_loopback;
	uint32_t last;

	for (size_t i = 0; i < rules->n; i++)
		left += rules->endpoints[i].family == AF_INET;
	if (!left)
		return 0;
	mark(batch, NFNL_MSG_BATCH_BEGIN);
	make_chain(batch);
	if (rules->only_loopback)
		drop_other_interfaces(batch, --left == 0);
	for (size_t i = 0; i < rules->n; i++)
		if (rules->endpoints[i].family == AF_INET)
			drop_endpoint(batch, &rules->endpoints[i], --left == 0);
	last = batch->seq;
	mark(batch, NFNL_MSG_BATCH_END);
	return last;
}
