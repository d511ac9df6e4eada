/* SPDX-License-Identifier: Apache-2.0 */
/* rtnl.c - laying out netlink messages: header, fixed part, attributes, all padded to four bytes.
 */
#include "control/rtnl.h"

#include <string.h>
#include <linux/rtnetlink.h>

struct bw_rtnl bw_rtnl_over(void *bytes, size_t size)
{
	return (struct bw_rtnl){.bytes = bytes, .size = size};
}

/* len bytes and their padding at the end of the batch, zeroed; NULL when they do not fit. */
static void *take(struct bw_rtnl *batch, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);
	unsigned char *at = batch->bytes + batch->len;

	if (batch->overflow || padded < len || padded > batch->size - batch->len) {
		batch->overflow = true;
		return NULL;
	}
	memset(at, 0, padded);
	batch->len += padded;
	return at;
}

/* The message's length counts its padding, but for the last attribute's, which the kernel does not
 * mind. */
static void set_length(struct bw_rtnl *batch)
{
	uint32_t len = (uint32_t)(batch->len - batch->open);

	memcpy(batch->bytes + batch->open + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof len);
}

void bw_rtnl_begin(
	struct bw_rtnl *batch, uint16_t type, uint16_t flags, const void *fixed, size_t fixed_len)
{
	struct nlmsghdr head = {
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = ++batch->seq,
	};
	unsigned char *at;

	batch->open = batch->len;
	at = take(batch, sizeof head + fixed_len);
	if (!at)
		return;
	memcpy(at, &head, sizeof head);
	memcpy(at + sizeof head, fixed, fixed_len);
	set_length(batch);
}

void bw_rtnl_attr(struct bw_rtnl *batch, uint16_t type, const void *value, size_t len)
{
	struct rtattr head = {.rta_type = type, .rta_len = (unsigned short)(sizeof head + len)};
	unsigned char *at = take(batch, sizeof head + len);

	if (!at)
		return;
	memcpy(at, &head, sizeof head);
	if (len)
		memcpy(at + sizeof head, value, len);
	set_length(batch);
}

size_t bw_rtnl_nest(struct bw_rtnl *batch, uint16_t type)
{
	size_t at = batch->len;

	bw_rtnl_attr(batch, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void bw_rtnl_nest_end(struct bw_rtnl *batch, size_t nest)
{
	struct rtattr head;

	if (batch->overflow)
		return;
	memcpy(&head, batch->bytes + nest, sizeof head);
	head.rta_len = (unsigned short)(batch->len - nest);
	memcpy(batch->bytes + nest, &head, sizeof head);
}
