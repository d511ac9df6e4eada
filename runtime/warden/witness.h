/* SPDX-License-Identifier: Apache-2.0 */
/* witness.h - what bulwark-witness and whoever starts it must agree on. Includes nothing. */
#ifndef BW_WARDEN_WITNESS_H
#define BW_WARDEN_WITNESS_H

/* The descriptors that it inherits, by fixed number; everything above is closed. */
enum bw_witness_fd {
	BW_WITNESS_CONFIG = 3,	 /* pipe or memfd, read to its end: JSON as witness_settings.c has it */
	BW_WITNESS_INIT = 4,	 /* pidfd of the container's init */
	BW_WITNESS_ANSWER = 5,	 /* pipe: "ok\n", or one line with the reason; then it is closed */
	BW_WITNESS_EVENTS = 6,	 /* log, opened with O_APPEND */
	BW_WITNESS_COUNTS = 7,	 /* file of BW_WITNESS_COUNTS_SIZE bytes that it writes again and again */
	BW_WITNESS_LISTENER = 8, /* of the filter of the container's init */
	BW_WITNESS_SOCKET = 9,	 /* SOCK_SEQPACKET, listening: each connection brings one more listener, and gets "ok\n" */
	BW_WITNESS_FD_END,
};

/* In libexecdir, beside the other programs. No arguments. */
#define BW_WITNESS_PROGRAM "bulwark-witness"
#define BW_WITNESS_OK	   "ok\n"

/* Its exit statuses: the container is gone; something failed; it was used wrongly. */
enum { BW_WITNESS_ENDED = 0, BW_WITNESS_FAILED = 1, BW_WITNESS_USAGE = 2 };

enum {
	BW_WITNESS_MAX_CONFIG = 1 << 20,
	BW_WITNESS_MAX_FILES = 1024, /* programs and interpreters */
	BW_WITNESS_MAX_ID = 255,
	BW_WITNESS_MAX_LOG = 2 << 20,
	BW_WITNESS_MAX_LISTENERS = 256, /* of the processes of exec that live, and those that they have made */
	BW_WITNESS_PATIENCE_S = 10,	/* for one look at a process; then it ends, and no program can be started */
	BW_WITNESS_COUNTS_SIZE = 96,
};

#endif
