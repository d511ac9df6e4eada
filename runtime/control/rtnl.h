/* SPDX-License-Identifier: Apache-2.0 */
/* rtnl.h - rtnetlink messages (rtnetlink(7)) built into a buffer of the caller's: several in one
 * buffer are one batch, sent with one sendto(2). Building only; no socket is opened here. */
#ifndef BW_CONTROL_RTNL_H
#define BW_CONTROL_RTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Like struct bw_buf: once it overflows it stays overflowed; test at the end. */
struct bw_rtnl {
	unsigned char *bytes; /* aligned for struct nlmsghdr */
	size_t size, len;
	size_t open;  /* where the message under construction begins */
	uint32_t seq; /* of the last message */
	bool overflow;
};

/* An empty batch over size bytes at bytes. */
struct bw_rtnl bw_rtnl_over(void *bytes, size_t size);
/* Begins a message: NLM_F_REQUEST | flags, sequence numbers from 1, then the family's fixed part.
 */
void bw_rtnl_begin(
	struct bw_rtnl *batch, uint16_t type, uint16_t flags, const void *fixed, size_t fixed_len);
/* Adds an attribute to the message begun last. */
void bw_rtnl_attr(struct bw_rtnl *batch, uint16_t type, const void *value, size_t len);
/* An attribute that holds others: those that are added until bw_rtnl_nest_end() is given what this returns. */
size_t bw_rtnl_nest(struct bw_rtnl *batch, uint16_t type);
void bw_rtnl_nest_end(struct bw_rtnl *batch, size_t nest);

#endif
