/* SPDX-License-Identifier: Apache-2.0 */
/* lease.h - numbers that containers hold and that nobody else may have meanwhile: a range of ids each, a category of
 * SELinux for each tenant. The store is one for the whole host, because ids and labels are, whatever --root says. */
#ifndef BW_CONTAINER_LEASE_H
#define BW_CONTAINER_LEASE_H

#include <limits.h>
#include <stdint.h>

#include "base/err.h"

enum { BW_LEASE_NAME = PATH_MAX + 48 };

/* The directory that all leases of this host lie in, made when it is missing: a descriptor, or -1. It must be root's,
 * and nobody else may write to it. */
int bw_lease_open(struct bw_err *err) BW_MUST_CHECK;

/* What a container is called here: device and inode of its directory dir, and its path without links. Two mount namespaces
 * can have one path for two containers. 0 or -1. */
int bw_lease_name(int dir, char ret[BW_LEASE_NAME], struct bw_err *err) BW_MUST_CHECK;

/* A number from first to first + count - 1 that is free, or whose containers are all gone, for key among those of kind
 * ("userns", "mcs"), in *ret. root: bw_lease_open(). A key that has a number already gets the same one, and shares it.
 * container: bw_lease_name() of the container's directory: when that is not there any more the lease is void. A container holds one number of a kind: another one that it held is given back. The search begins at start (modulo
 * count), so it is short as long as start is well mixed. 0 or -1; BW_E_HOST when all are in use. */
int bw_lease_take_from(int root, const char *kind, const char *key, const char *container, uint32_t first, uint32_t count,
	uint32_t start, uint32_t *ret, struct bw_err *err) BW_MUST_CHECK;
/* The same with the numbers from 0 to count - 1. */
int bw_lease_take(int root, const char *kind, const char *key, const char *container, uint32_t count, uint32_t start,
	uint32_t *ret, struct bw_err *err) BW_MUST_CHECK;
/* Gives back what container holds of kind; nothing to give back is no error. Only when none of its processes is left. */
int bw_lease_release(int root, const char *kind, const char *container, struct bw_err *err) BW_MUST_CHECK;

#endif
