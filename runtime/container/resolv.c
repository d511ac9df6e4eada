/* SPDX-License-Identifier: Apache-2.0 */
/* resolv.c - the engine's resolv.conf names servers that the container cannot reach; the gate answers for the names that
 * it lets out (bulwark-warden(8)). After the policy: this mount is ours, not the caller's, and no rule judges it. */
#include "container/resolv.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"

#define NAME	    "resolv.conf"
#define DESTINATION "/etc/resolv.conf"

static const char content[] = "# the egress gate of bulwark\nnameserver 127.0.0.1\noptions timeout:2 attempts:2\n";

static int set_mount(struct bw_spec_mount *mount, const char *source, struct bw_arena *arena)
{
	static const char *const options[] = {"bind", "ro", "nosuid", "nodev", "noexec"};

	*mount = (struct bw_spec_mount){
		.destination = bw_arena_strdup(arena, DESTINATION),
		.type = bw_arena_strdup(arena, "bind"),
		.source = bw_arena_strdup(arena, source),
	};
	for (size_t i = 0; i < BW_COUNT(options); i++)
		if (bw_strs_add(arena, &mount->options, options[i]) < 0)
			return -1;
	return mount->destination && mount->type && mount->source ? 0 : -1;
}

static int replace_mount(struct bw_spec *spec, const char *source, struct bw_arena *arena)
{
	struct bw_spec_mount *mounts = bw_arena_alloc(arena, (spec->mounts.n + 1) * sizeof *mounts);
	size_t n = 0;

	if (!mounts)
		return -1;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (!bw_streq(spec->mounts.v[i].destination, DESTINATION))
			mounts[n++] = spec->mounts.v[i];
	if (set_mount(&mounts[n++], source, arena) < 0)
		return -1;
	spec->mounts.v = mounts;
	spec->mounts.n = n;
	return 0;
}

/* The policy keeps sources such as our own directories from containers, but for those. */
static int except(struct bw_spec *spec, const char *source, struct bw_arena *arena)
{
	struct bw_spec_hardening *hardening = bw_arena_alloc(arena, sizeof *hardening);
	struct bw_strs excepted = {0};

	if (!hardening)
		return -1;
	*hardening = *spec->hardening;
	for (size_t i = 0; i < hardening->excepted_sources.n; i++)
		if (bw_strs_add(arena, &excepted, hardening->excepted_sources.v[i]) < 0)
			return -1;
	if (bw_strs_add(arena, &excepted, source) < 0)
		return -1;
	hardening->excepted_sources = excepted;
	spec->hardening = hardening;
	return 0;
}

int bw_resolv_spec(const struct bw_container *container, const struct bw_spec *spec, struct bw_arena *arena,
	const struct bw_spec **ret, struct bw_err *err)
{
	struct bw_spec *copy;
	char *source;

	*ret = spec;
	if (!spec->hardening || !spec->hardening->egress)
		return 0;
	if (bw_replace_at(container->dir, NAME, content, sizeof content - 1, 0644, err) < 0)
		return -1;
	copy = bw_arena_alloc(arena, sizeof *copy);
	source = bw_arena_printf(arena, "%s/" NAME, container->path);
	if (!copy || !source)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, DESTINATION);
	*copy = *spec;
	if (replace_mount(copy, source, arena) < 0 || except(copy, source, arena) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, DESTINATION);
	*ret = copy;
	return 0;
}
