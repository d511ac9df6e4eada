/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h - what bulwark-keeper and whoever starts it must agree on. Includes nothing. */
#ifndef BW_WARDEN_KEEPER_H
#define BW_WARDEN_KEEPER_H

/* The descriptors that it inherits, by fixed number; everything above is closed. */
enum bw_keeper_fd {
	BW_KEEPER_CONFIG = 3, /* pipe or memfd, read to its end: JSON as runtime/keeper/settings.c has it */
	BW_KEEPER_INIT = 4,   /* pidfd of the container's init */
	BW_KEEPER_ANSWER = 5, /* pipe: "ok\n", or one line with the reason; then it is closed */
	BW_KEEPER_STATE = 6,  /* the container's directory */
	BW_KEEPER_NET = 7,    /* /proc/PID/net/dev of the init */
	BW_KEEPER_FD_END,
};

/* In libexecdir, beside the other programs. No arguments. */
#define BW_KEEPER_PROGRAM "bulwark-keeper"
#define BW_KEEPER_OK	  "ok\n"

/* Its files in the container's directory: "PID START-TIME"; and what is there until the life begins. */
#define BW_KEEPER_PID_FILE "keeper"
#define BW_KEEPER_WAITS	   "start.sock"
/* Files of the witness and of the warden there, see control/witness.h and control/gate.h. */
#define BW_KEEPER_PROGRAMS	 "programs.jsonl"
#define BW_KEEPER_PROGRAM_COUNTS "programs"
#define BW_KEEPER_EGRESS	 "egress.jsonl"

/* Its exit statuses: the container is gone; something failed; it was used wrongly. */
enum { BW_KEEPER_ENDED = 0, BW_KEEPER_FAILED = 1, BW_KEEPER_USAGE = 2 };

enum { BW_KEEPER_MAX_CONFIG = 1 << 20 };

#endif
