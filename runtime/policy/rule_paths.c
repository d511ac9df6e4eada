/* SPDX-License-Identifier: Apache-2.0 */
/* rule_paths.c - kernel files: hidden or read-only besides those that the caller names. Each costs
 * a mount, so what already lies beneath one is not named again. */
#include "base/path.h"
#include "base/str.h"
#include "policy/rules.h"

static bool is_covered(const struct bw_strs *by, const char *path)
{
	for (size_t i = 0; i < by->n; i++)
		if (bw_streq(by->v[i], path) || bw_path_beneath(path, by->v[i]))
			return true;
	return false;
}

static void unite(struct bw_run *r, const struct bw_strs *asked, const struct bw_strs *ours,
	const char *pointer, const char *reason)
{
	struct bw_strs all = {0};

	for (size_t i = 0; i < asked->n; i++)
		bw_collect(r, &all, asked->v[i]);
	for (size_t i = 0; i < ours->n; i++)
		if (!is_covered(&all, ours->v[i]))
			bw_collect(r, &all, ours->v[i]);
	if (all.n > asked->n)
		bw_change_strs(r, asked, &all, pointer, reason);
}

void bw_rule_paths(struct bw_run *r)
{
	const struct bw_profile_paths *policy = r->profile->paths;
	const struct bw_spec_linux *lin;

	if (!policy || (!policy->masked.n && !policy->readonly.n))
		return;
	lin = bw_ensure(r, &r->spec->linux_);
	if (!lin)
		return;
	unite(r, &lin->masked_paths, &policy->masked, "/linux/maskedPaths",
		"these tell about the host or change it");
	unite(r, &lin->readonly_paths, &policy->readonly, "/linux/readonlyPaths",
		"these change the host");
}
