/* SPDX-License-Identifier: Apache-2.0 */
/* call.h - the calls of systemd that a container needs: its scope is started, changed, entered and stopped. */
#ifndef BW_SYSTEMD_CALL_H
#define BW_SYSTEMD_CALL_H

#include "systemd/bus.h"
#include "systemd/message.h"

/* A transient unit with these properties; waits until it is there. A failed leftover of that name is reset first.
 * ret_cgroup: its path in systemd's hierarchy, malloc'd. BW_E_EXISTS when there is a living unit of that name. */
int bw_unit_start(struct bw_bus *bus, const char *unit, const struct bw_unit_properties *properties, char **ret_cgroup,
	struct bw_err *err) BW_MUST_CHECK;
/* New values for the properties of a unit, until it ends. */
int bw_unit_change(struct bw_bus *bus, const char *unit, const struct bw_unit_properties *properties,
	struct bw_err *err) BW_MUST_CHECK;
/* Moves the processes of the property PIDs into the unit, beneath its cgroup at the path in Subcgroup: these two it takes. */
int bw_unit_attach(struct bw_bus *bus, const char *unit, const struct bw_unit_properties *properties,
	struct bw_err *err) BW_MUST_CHECK;
/* Stops the unit and makes systemd forget it, failed or not. One that does not exist is stopped. */
int bw_unit_stop(struct bw_bus *bus, const char *unit, struct bw_err *err) BW_MUST_CHECK;

#endif
