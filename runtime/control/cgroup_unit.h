/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_unit.h - a container's cgroup as a scope of systemd: its names, its properties, and asking systemd for it.
 * What the cgroup_*.c files share; nobody else includes it. */
#ifndef BW_CONTROL_CGROUP_UNIT_H
#define BW_CONTROL_CGROUP_UNIT_H

#include "control/cgroup_files.h"
#include "systemd/message.h"

struct bw_pairs;

/* --- cgroup_unit.c: names, pure --- */

struct bw_unit_names {
	char *slice; /* "system.slice" */
	char *unit;  /* "docker-1234.scope" */
	char *name;  /* "1234" */
};

/* From linux.cgroupsPath "slice:prefix:name" (NULL or "": defaults and the id). user: of the user's own systemd, which
 * has another default slice. What systemd would not take as names is refused here. */
int bw_unit_names_parse(const char *cgroups_path, const char *id, bool user, struct bw_arena *arena,
	struct bw_unit_names *ret, struct bw_err *err) BW_MUST_CHECK;
/* Where a slice lies: "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "". Fails on what is no slice. */
int bw_unit_slice_path(const char *slice, struct bw_arena *arena, char **ret, struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_annotations.c: pure --- */

/* Appends the annotations org.systemd.property.NAME, values in the text form of GVariant: booleans, numbers, strings
 * and arrays of them. NAMESec is a number of seconds and becomes NAMEUSec. */
int bw_unit_annotations(const struct bw_pairs *annotations, struct bw_arena *arena, struct bw_unit_properties *list,
	struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_unit_properties.c: pure --- */

/* Appends what systemd is told of the limits: it writes them again whenever it reloads, and would write its own. All of
 * them are in the cgroup's files besides, so a systemd that does not know one loosens nothing. */
int bw_unit_limits(const struct bw_cgroup_set *set, const struct bw_spec_resources *resources, struct bw_arena *arena,
	struct bw_unit_properties *list, struct bw_err *err) BW_MUST_CHECK;
/* Appends DevicePolicy and DeviceAllow. proc_devices: text of /proc/devices, where systemd finds its groups. */
int bw_unit_devices(const struct bw_cgroup_set *set, const struct bw_spec *spec, const char *proc_devices,
	struct bw_arena *arena, struct bw_unit_properties *list, struct bw_err *err) BW_MUST_CHECK;
/* All properties of a new scope but its PIDs. */
int bw_unit_properties(const struct bw_cgroup_set *set, const struct bw_spec *spec, const struct bw_unit_names *names,
	const char *proc_devices, struct bw_arena *arena, struct bw_unit_properties *ret, struct bw_err *err) BW_MUST_CHECK;

/* --- cgroup_systemd.c: by bulwark-systemd --- */

/* Starts the set's unit with these properties and this process in it. On a unit of that name that is alive the set is
 * empty afterwards: it is somebody else's. Fails, too, when systemd puts it elsewhere than the set says. */
int bw_unit_begin(struct bw_cgroup_set *set, struct bw_unit_properties *properties, pid_t pid, struct bw_arena *arena,
	struct bw_err *err) BW_MUST_CHECK;
/* Gives systemd the new limits of a running container. */
int bw_unit_update(const struct bw_cgroup_set *set, const struct bw_spec_resources *resources, struct bw_err *err) BW_MUST_CHECK;
/* /proc/devices as bw_unit_devices() takes it, malloc'd. */
int bw_unit_read_devices(char **ret, struct bw_err *err) BW_MUST_CHECK;
/* Gives systemd the device rules of a running container once more: whatever they have become there, they are these
 * again. */
int bw_unit_update_devices(const struct bw_cgroup_set *set, const struct bw_spec *spec, struct bw_err *err) BW_MUST_CHECK;
/* Brings a further process into the set's unit, at path beneath its cgroup: "/", "/sub". */
int bw_unit_enter(const struct bw_cgroup_set *set, const char *path, pid_t pid, struct bw_err *err) BW_MUST_CHECK;
/* Ends the set's unit; fine when there is none. */
int bw_unit_end(const struct bw_cgroup_set *set, struct bw_err *err) BW_MUST_CHECK;

#endif
