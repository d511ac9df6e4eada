/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_names.h - numbers of system calls by name, also of those that are younger than the
 * libseccomp we are linked with. Knows names only; what is allowed is no concern of it. */
#ifndef BW_CONTROL_SECCOMP_NAMES_H
#define BW_CONTROL_SECCOMP_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* The newest call that this version of bulwark knows by name (listns, Linux 6.19). Anything above
 * it is unknown to our own filters, which answer ENOSYS. */
enum { BW_SECCOMP_NEWEST = 470 };

/* What a name stands for on one architecture (SCMP_ARCH_*, not SCMP_ARCH_NATIVE). */
struct bw_seccomp_number {
	int number;   /* < 0: the call exists, but not on this architecture */
	bool younger; /* libseccomp does not know it: only raw numbers of the native architecture
			 work */
};

/* False when nobody knows the name. */
bool bw_seccomp_lookup(const char *name, uint32_t scmp_arch, struct bw_seccomp_number *ret);

/* The name of a call of the native architecture, malloc'd; NULL when nobody knows one (or memory is out). */
char *bw_seccomp_name(int number);

#endif
