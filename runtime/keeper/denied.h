/* SPDX-License-Identifier: Apache-2.0 */
/* denied.h - what a record of the kernel's audit log says of a write that a security module has denied. Pure. The text is
 * the kernel's, and names in it were chosen by whoever was denied. */
#ifndef BW_KEEPER_DENIED_H
#define BW_KEEPER_DENIED_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Types of records: AUDIT_AVC is AppArmor's and SELinux's; those of Landlock are of Linux 6.15, and headers may lack them. */
enum { BW_RECORD_AVC = 1400, BW_RECORD_LANDLOCK_ACCESS = 1423, BW_RECORD_LANDLOCK_DOMAIN = 1424 };

enum bw_denied_kind {
	BW_DENIED_NOTHING, /* something else was denied, nothing was, or it is no such record */
	BW_DENIED_WRITE,
	BW_DENIED_DOMAIN, /* Landlock: the process pid has made the domain; comes behind its first denial */
};

enum { BW_DENIED_OPERATION = 128, BW_DENIED_COMM = 64 };

struct bw_denied {
	const char *by;	    /* "apparmor", "selinux", "landlock" */
	uint64_t at_ms;	    /* the record's time, of CLOCK_REALTIME */
	pid_t pid;	    /* as the first pid namespace counts; 0: not said (Landlock) */
	uint64_t domain;    /* Landlock's number of it */
	char operation[BW_DENIED_OPERATION]; /* in the module's own words: "mkdir", "write add_name", "fs.make_reg" */
	char path[PATH_MAX];		       /* "": not said */
	bool is_name;			       /* path is the last component alone */
	char comm[BW_DENIED_COMM];	       /* of the process; "": not said */
};

/* type and text[0..len) are those of one record. *ret is filled when it is not BW_DENIED_NOTHING. */
enum bw_denied_kind bw_denied_parse(uint16_t type, const char *text, size_t len, struct bw_denied *ret);

#endif
