/* SPDX-License-Identifier: Apache-2.0 */
/* intel_rdt.h - the container's directories in resctrl (the kernel's Documentation/filesystems/resctrl.rst), for
 * the control that makes and joins them and for the verbs that keep and remove them. */
#ifndef BW_CONTROL_INTEL_RDT_H
#define BW_CONTROL_INTEL_RDT_H

#include "json/schema.h"

struct bw_host;
struct bw_spec;

struct bw_rdt {
	char *root;    /* where resctrl is mounted */
	char *group;   /* class of service */
	char *monitor; /* monitoring group of the container's own, or NULL */
	struct bw_opt_bool ours; /* the class is made for this container and goes with it */
};

extern const struct bw_schema bw_rdt_schema; /* for state.json */

/* Where linux.intelRdt puts the container, *ret NULL when it says nothing. Looks at what there is, makes
 * nothing. BW_E_HOST in runc's words when this machine or kernel cannot do it. Memory is the arena's. */
int bw_rdt_find(const struct bw_host *host, const struct bw_spec *spec, const char *id, struct bw_arena *arena,
	struct bw_rdt **ret, struct bw_err *err) BW_MUST_CHECK;

/* Other shares for the class of a container; either text may be NULL or "". BW_E_HOST in runc's words when rdt is NULL,
 * a container without a class, or the machine has not what is asked. */
int bw_rdt_update(const struct bw_rdt *rdt, const char *l3_cache_schema, const char *mem_bw_schema,
	struct bw_err *err) BW_MUST_CHECK;

/* Removes what was made for the container. What is missing is fine; rdt may be NULL. */
int bw_rdt_remove(const struct bw_rdt *rdt, struct bw_err *err) BW_MUST_CHECK;

#endif
