/* SPDX-License-Identifier: Apache-2.0 */
/* warden.h - what bulwark-warden and whoever starts it must agree on. Includes nothing. */
#ifndef BW_WARDEN_WARDEN_H
#define BW_WARDEN_WARDEN_H

/* The descriptors that it inherits, by fixed number; everything above is closed. */
enum bw_warden_fd {
	BW_WARDEN_CONFIG = 3, /* pipe or memfd, read to its end: JSON as config.c has it */
	BW_WARDEN_NETNS = 4,  /* the container's network namespace */
	BW_WARDEN_INIT = 5,   /* pidfd of the container's init */
	BW_WARDEN_ANSWER = 6, /* pipe: "ok\n", or one line with the reason; then it is closed */
	BW_WARDEN_EVENTS = 7, /* log, opened with O_APPEND; or /dev/null */
	BW_WARDEN_KILL = 8,   /* cgroup.kill of the container, for writing; or /dev/null */
	BW_WARDEN_FD_END,
};

/* In libexecdir, beside the other programs. No arguments. */
#define BW_WARDEN_PROGRAM "bulwark-warden"
#define BW_WARDEN_OK	  "ok\n"

/* Its exit statuses: the container is gone; something failed; it was used wrongly. */
enum { BW_WARDEN_ENDED = 0, BW_WARDEN_FAILED = 1, BW_WARDEN_USAGE = 2 };

/* Defaults and bounds of the configuration. */
enum {
	BW_WARDEN_PROXY_PORT = 3128,
	BW_WARDEN_DNS_PORT = 53,
	BW_WARDEN_CONNECTIONS = 256,
	BW_WARDEN_MAX_CONNECTIONS = 4096,
	BW_WARDEN_PER_MINUTE = 600,
	BW_WARDEN_IDLE_S = 60,
	BW_WARDEN_HANDSHAKE_S = 10,
	BW_WARDEN_MAX_CONFIG = 1 << 20,
	BW_WARDEN_MAX_NAMES = 4096,
	BW_WARDEN_MAX_PORTS = 16,
	BW_WARDEN_MAX_PREFIXES = 4096,
	BW_WARDEN_MAX_NAMESERVERS = 8,
	BW_WARDEN_MAX_ID = 255,
	BW_WARDEN_MAX_LOG = 4 << 20,
};

#endif
