/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - what child and parent say to each other: fixed-size messages over a SOCK_SEQPACKET pair. The child
 * sends numbers; words are made by the parent, from the plan. Only what a failed hook has written comes as text, and is
 * trusted no more than the hook. */
#ifndef BW_LAUNCH_WIRE_H
#define BW_LAUNCH_WIRE_H

#include <stdint.h>

#include "control/control.h"

enum bw_message_kind {
	BW_MSG_PID = 1,     /* joiner -> parent: value is the init's pid */
	BW_MSG_JOIN_FAILED, /* joiner -> parent: which join, value is an errno */
	BW_MSG_SYNC,        /* child -> parent: I stand before phase `which` */
	BW_MSG_GO,          /* parent -> child, start -> child: go on */
	BW_MSG_READY,       /* child -> parent: waiting for start */
	BW_MSG_EXEC,        /* child -> parent or start: all is set up, filter and execve are next */
	BW_MSG_FAILED,      /* child -> parent or start: step `which` failed with errno value */
	BW_MSG_FD,          /* child -> parent: step `which` made descriptor value, which is for you; -1: it comes along */
};

struct bw_message {
	uint32_t kind;
	uint32_t which;
	int32_t value;
	char said[BW_SAID_MAX]; /* BW_MSG_FAILED of a hook; else empty */
};

/* BW_MSG_JOIN_FAILED, which: what is not one of the plan's joins. */
enum { BW_JOIN_TIME_OFFSETS = 100, BW_JOIN_CLONE = 101 };

#endif
