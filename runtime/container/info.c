/* SPDX-License-Identifier: Apache-2.0 */
/* info.c - what `state`, `list` and `ps` show. Reads only. */
#include "container/bulwark.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/in_force.h"
#include "container/state.h"
#include "control/gate.h"
#include "control/keeper.h"
#include "control/witness.h"

static const char *const *text_list(const struct bw_strs *list, struct bw_arena *arena)
{
	const char **texts = bw_arena_alloc(arena, (list->n + 1) * sizeof *texts);

	for (size_t i = 0; texts && i < list->n; i++)
		texts[i] = list->v[i];
	return texts;
}

static int describe(const struct bw_container *container, struct bw_arena *arena, struct bw_container_info *ret,
	struct bw_err *err)
{
	const struct bw_state *state = container->state;
	struct bw_annotation *annotations = bw_arena_alloc(arena, (state->annotations.n + 1) * sizeof *annotations);
	const char *const *degraded, *const *layers;
	struct bw_strs in_force, lacks;
	struct bw_witness_counts counts;

	if (bw_in_force_now(container, arena, &in_force, &lacks, err) < 0)
		return -1;
	degraded = text_list(&lacks, arena);
	layers = text_list(&in_force, arena);
	if (!annotations || !degraded || !layers)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	for (size_t i = 0; i < state->annotations.n; i++)
		annotations[i] = (struct bw_annotation){state->annotations.v[i].key, state->annotations.v[i].value};
	*ret = (struct bw_container_info){
		.oci_version = state->oci_version,
		.id = state->id,
		.bundle = state->bundle,
		.rootfs = state->rootfs,
		.created = state->created,
		.owner = state->owner ? state->owner : "",
		.status = bw_container_status(container),
		.annotations = annotations,
		.annotations_n = state->annotations.n,
		.profile = state->profile,
		.profile_reason = state->profile_reason,
		.tenant = state->tenant,
		.session = state->session,
		.guard = state->guard,
		.backend = state->backend ? state->backend->program : NULL,
		.gate = bw_gate_pid(container->dir),
		.layers = layers,
		.witness = bw_witness_pid(container->dir),
		.keeper = bw_keeper_pid(container->dir),
		.degraded = degraded,
	};
	if (bw_witness_counts(container->dir, &counts))
		ret->programs = bw_arena_printf(arena, "%llu allowed, %llu denied, %llu unresolved",
			(unsigned long long)counts.allowed, (unsigned long long)counts.denied,
			(unsigned long long)counts.unresolved);
	ret->pid = ret->status == BW_STATUS_STOPPED ? 0 : container->pid;
	return 0;
}

int bw_container_info(const struct bw_context *ctx, const char *id, struct bw_arena *arena,
	struct bw_container_info *ret, struct bw_err *err)
{
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	if (bw_container_open(ctx, id, false, false, arena, &container, err) < 0)
		return -1;
	return describe(&container, arena, ret, err);
}

struct infos {
	struct bw_container_info *v;
	size_t n;
};

static int by_id(const void *a, const void *b)
{
	const struct bw_container_info *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* A container that goes away while we look, or is half made, is not listed. */
static int add(const struct bw_context *ctx, const char *id, struct bw_arena *arena, struct infos *infos,
	struct bw_err *err)
{
	auto_container struct bw_container container = BW_CONTAINER_INIT;
	struct bw_err gone = {0};
	struct bw_container_info *info;
	struct stat st;

	if (bw_container_open(ctx, id, false, false, arena, &container, &gone) < 0)
		return 0;
	info = bw_push(arena, infos);
	if (!info)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "list");
	if (describe(&container, arena, info, err) < 0)
		return -1;
	/* runc names the owner in `list` and not in `state`; user databases are not ours to read. */
	if (fstat(container.dir, &st) == 0)
		info->owner = st.st_uid == 0 ? "root" : bw_arena_printf(arena, "#%u", st.st_uid);
	return info->owner ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "list");
}

int bw_container_list(const struct bw_context *ctx, struct bw_arena *arena, struct bw_container_info **ret, size_t *ret_n,
	struct bw_err *err)
{
	auto_closedir DIR *dir = opendir(ctx->root);
	struct infos infos = {0};
	struct dirent *entry;

	*ret = NULL;
	*ret_n = 0;
	if (!dir && errno == ENOENT && ctx->root_is_default)
		return 0;
	if (!dir)
		return bw_fail(err, BW_E_USAGE, errno, "open %s", ctx->root);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && add(ctx, entry->d_name, arena, &infos, err) < 0)
			return -1;
	}
	if (infos.n)
		qsort(infos.v, infos.n, sizeof *infos.v, by_id);
	*ret = infos.v;
	*ret_n = infos.n;
	return 0;
}

int bw_container_pids(const struct bw_context *ctx, const char *id, pid_t **ret, size_t *ret_n, struct bw_err *err)
{
	auto_arena struct bw_arena arena = BW_ARENA_INIT;
	auto_container struct bw_container container = BW_CONTAINER_INIT;

	*ret = NULL;
	*ret_n = 0;
	if (bw_container_open(ctx, id, false, false, &arena, &container, err) < 0)
		return -1;
	if (!container.state->cgroups)
		return 0;
	return bw_cgroup_pids(container.state->cgroups, true, ret, ret_n, err);
}
