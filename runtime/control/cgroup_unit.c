/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_unit.c - the names of a container's scope, and where systemd puts it; see systemd.unit(5),
 * systemd.slice(5). Pure: texts in, names out. */
#include "control/cgroup_unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "host/host.h"

#define DEFAULT_PREFIX "bulwark"

enum { UNIT_NAME_MAX = 255 };

#define refuse(err, ...) (bw_fail(err, BW_E_SPEC, 0, __VA_ARGS__), bw_at(err, "/linux/cgroupsPath"))

static int out_of_memory(struct bw_err *err)
{
	return bw_fail(err, BW_E_MEMORY, ENOMEM, "systemd unit");
}

/* As systemd has it (systemd.unit(5)); anything else would be an error of its own words, later. */
static bool is_unit_name(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";
	size_t len = strlen(name);

	return len > 0 && len <= UNIT_NAME_MAX && strspn(name, allowed) == len && name[0] != '.';
}

static bool is_slice(const char *slice)
{
	size_t len = strlen(slice), stem = len - strlen(".slice");

	if (!is_unit_name(slice) || !bw_has_suffix(slice, ".slice") || !stem)
		return false;
	if (bw_streq(slice, "-.slice"))
		return true;
	/* Dashes are the levels: none may be empty. */
	return slice[0] != '-' && slice[stem - 1] != '-' && !strstr(slice, "--");
}

int bw_unit_slice_path(const char *slice, struct bw_arena *arena, char **ret, struct bw_err *err)
{
	size_t stem = strlen(slice) - strlen(".slice");
	char path[PATH_MAX];
	struct bw_buf buf = bw_buf_over(path, sizeof path);

	if (!is_slice(slice))
		return refuse(err, "invalid slice name: %.200s", slice);
	for (size_t i = 1; i <= stem && !bw_streq(slice, "-.slice"); i++)
		if (i == stem || slice[i] == '-')
			bw_buf_addf(&buf, "/%.*s.slice", (int)i, slice);
	if (buf.overflow)
		return refuse(err, "invalid slice name: %.200s", slice);
	*ret = bw_arena_strdup(arena, path);
	return *ret ? 0 : out_of_memory(err);
}

/* Cuts "slice:prefix:name"; the parts are in the arena. */
static int split(const char *path, struct bw_arena *arena, char *parts[3], struct bw_err *err)
{
	char *rest = bw_arena_strdup(arena, path);
	size_t colons = 0;

	if (!rest)
		return out_of_memory(err);
	for (const char *c = path; *c; c++)
		colons += *c == ':';
	if (colons != 2)
		return refuse(err,
			"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"%.200s\" instead", path);
	for (size_t i = 0; i < 3; i++)
		parts[i] = strsep(&rest, ":");
	return 0;
}

int bw_unit_names_parse(const char *cgroups_path, const char *id, bool user, struct bw_arena *arena,
	struct bw_unit_names *ret, struct bw_err *err)
{
	const char *default_slice = user ? "user.slice" : "system.slice";
	char *parts[3] = {NULL};

	*ret = (struct bw_unit_names){0};
	if (cgroups_path && *cgroups_path) {
		if (split(cgroups_path, arena, parts, err) < 0)
			return -1;
	} else {
		parts[1] = bw_arena_strdup(arena, DEFAULT_PREFIX);
		parts[2] = bw_arena_strdup(arena, id);
	}
	ret->slice = parts[0] && *parts[0] ? parts[0] : bw_arena_strdup(arena, default_slice);
	ret->name = parts[2];
	if (!ret->slice || !parts[1] || !parts[2])
		return out_of_memory(err);
	/* runc makes a slice of such a name, which takes no processes: nothing would run in it. */
	if (bw_has_suffix(ret->name, ".slice"))
		return refuse(err, "systemd unit \"%.200s\": a slice takes no processes", ret->name);
	ret->unit = bw_arena_printf(arena, "%s-%s.scope", parts[1], ret->name);
	if (!ret->unit)
		return out_of_memory(err);
	if (!*ret->name || !is_unit_name(ret->unit))
		return refuse(err, "\"%.200s\" is no name of a systemd unit", ret->unit);
	if (!is_slice(ret->slice))
		return refuse(err, "invalid slice name: %.200s", ret->slice);
	return 0;
}

/* --- the set --- */

/* Where the units of the user's own systemd begin: at the cgroup of user@UID.service. We run beneath it when a user
 * session started us; else it has its usual place. */
static int user_top(const struct bw_host *host, char top[PATH_MAX], struct bw_err *err)
{
	const char *own = host->cgroup2_own_path ? host->cgroup2_own_path : "/";
	char service[64];
	const char *at;
	int len;

	snprintf(service, sizeof service, "/user@%u.service", (unsigned)host->login_uid.v);
	at = strstr(own, service);
	if (at && (at[strlen(service)] == '/' || !at[strlen(service)]))
		len = snprintf(top, PATH_MAX, "%.*s", (int)(at - own + (ptrdiff_t)strlen(service)), own);
	else
		len = snprintf(top, PATH_MAX, "/user.slice/user-%u.slice%s", (unsigned)host->login_uid.v, service);
	return len < PATH_MAX ? 0 : bw_fail(err, BW_E_HOST, ENAMETOOLONG, "our own cgroup");
}

static int check_host(const struct bw_host *host, bool user, struct bw_err *err)
{
	if (!host->systemd.v)
		return bw_fail(err, BW_E_HOST, 0, "systemd not running on this host, cannot use systemd cgroups manager");
	if (!host->cgroup_mode || bw_streq(host->cgroup_mode, "none"))
		return bw_fail(err, BW_E_HOST, 0, "no cgroup hierarchy is mounted here");
	if (user && !bw_streq(host->cgroup_mode, "v2"))
		return bw_fail(err, BW_E_HOST, 0,
			"cgroup v2 not enabled on this host, can't use systemd (rootless) as cgroups manager");
	return 0;
}

int bw_cgroup_set_make_unit(const struct bw_host *host, const char *cgroups_path, const char *id, bool user,
	struct bw_arena *arena, struct bw_cgroup_set **ret, struct bw_err *err)
{
	struct bw_unit_names names;
	struct bw_cgroup_set *set;
	char top[PATH_MAX] = "", *slice, *path;

	if (check_host(host, user, err) < 0 ||
		bw_unit_names_parse(cgroups_path, id, user, arena, &names, err) < 0 ||
		bw_unit_slice_path(names.slice, arena, &slice, err) < 0 ||
		(user && user_top(host, top, err) < 0))
		return -1;
	path = bw_arena_printf(arena, "%s%s/%s", top, slice, names.unit);
	if (!path)
		return out_of_memory(err);
	if (bw_cgroup_set_make(host, path, id, arena, &set, err) < 0)
		return -1;
	set->unit = names.unit;
	set->user_unit = set->rootless = (struct bw_opt_bool){.set = user, .v = user};
	*ret = set;
	return 0;
}
