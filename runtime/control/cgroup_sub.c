/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_sub.c - where beneath the container's cgroups a further process is put: what exec --cgroup says, for each
 * directory of the set. Pure. A path stays beneath the container's own cgroup by its words already; openat2 sees to
 * it again when the directory is opened. */
#include "control/cgroup_files.h"

#include <stdio.h>

#include "base/auto.h"
#include "base/str.h"

static bool leads_out(const char *path)
{
	for (const char *part = path; *part;) {
		size_t len = strcspn(part, "/");

		if (len == 2 && strncmp(part, "..", 2) == 0)
			return true;
		part += len + (part[len] == '/');
	}
	return false;
}

/* One controller of a word. Two controllers may share a hierarchy, which has room for one path. */
static int put_one(const struct bw_cgroup_set *set, const char *controller, const char *path, const char **paths,
	struct bw_err *err)
{
	int i = bw_cgroup_find(set, controller);

	if (i < 0)
		return bw_fail(err, BW_E_USAGE, 0, "unknown controller %s in --cgroup", controller);
	if (paths[i] && !bw_streq(paths[i], path))
		return bw_fail(err, BW_E_USAGE, 0,
			"invalid --cgroup argument(s): controller %s specified multiple times", controller);
	paths[i] = path;
	return 0;
}

/* "memory,cpu" in front of the colon at colon. */
static int put_named(const struct bw_cgroup_set *set, const char *word, const char *colon, const char **paths,
	struct bw_err *err)
{
	char controller[64];

	for (const char *at = word; at < colon;) {
		size_t len = strcspn(at, ",:");

		if (len == 0 || len >= sizeof controller)
			return bw_fail(err, BW_E_USAGE, 0, "unknown controller \"%.*s\" in --cgroup", (int)len, at);
		snprintf(controller, sizeof controller, "%.*s", (int)len, at);
		if (put_one(set, controller, colon + 1, paths, err) < 0)
			return -1;
		at += len + 1;
	}
	return 0;
}

int bw_cgroup_sub_paths(const struct bw_cgroup_set *set, const char *const *words, const char **paths, struct bw_err *err)
{
	for (size_t i = 0; i < set->dirs.n; i++)
		paths[i] = NULL;
	for (const char *const *word = words; word && *word; word++) {
		const char *colon = strchr(*word, ':'), *path = colon ? colon + 1 : *word;

		if (leads_out(path))
			return bw_fail(err, BW_E_USAGE, 0, "bad sub cgroup path: %s", path);
		if (colon && colon > *word) {
			if (put_named(set, *word, colon, paths, err) < 0)
				return -1;
			continue;
		}
		if (words[1])
			return bw_fail(err, BW_E_USAGE, 0,
				"invalid --cgroup argument: %s (missing <controller>: prefix)", *word);
		for (size_t i = 0; i < set->dirs.n; i++)
			paths[i] = path;
	}
	return 0;
}
