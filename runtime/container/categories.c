/* SPDX-License-Identifier: Apache-2.0 */
/* categories.c - see categories.h. */
#include "container/categories.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "container/lease.h"
#include "host/host.h"
#include "spec/context.h"

#define KIND "mcs"

/* Which pair is wanted, and for whom. */
struct wish {
	const char *key;
	bool asked; /* the caller has labelled files with it: no other one will do */
	uint32_t number;
};

/* FNV-1a: where the search begins only has to be well mixed. */
static uint32_t number_of(const char *key)
{
	uint64_t hash = 0xcbf29ce484222325U;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3U;
	return (uint32_t)((hash ^ hash >> 32) % BW_CATEGORY_PAIRS);
}

/* A tenant's containers share their pair. Without tenants a container stands alone, but those for which an engine asks one
 * and the same pair belong together: a pod. */
static const char *key_of(const struct bw_spec_hardening *hardening, const char *container, const char *level,
	struct bw_arena *arena)
{
	const char *tenant = hardening->tenant;

	if (level && tenant)
		return bw_arena_printf(arena, "tenant %s, level %s", tenant, level);
	if (level)
		return bw_arena_printf(arena, "level %s", level);
	return tenant ? bw_arena_printf(arena, "tenant %s", tenant) : bw_arena_printf(arena, "container %s", container);
}

/* 1, 0: no pair is needed, -1: no memory. */
static int wish_of(const struct bw_spec *spec, const struct bw_host *host, const char *container, struct bw_arena *arena,
	struct wish *ret, struct bw_err *err)
{
	const struct bw_spec_hardening *hardening = spec->hardening;
	const char *label = spec->process ? spec->process->selinux_label : NULL;
	const char *level = label ? bw_context_level(label) : NULL;
	char text[BW_LEVEL_MAX];

	if (!hardening || !hardening->selinux || !host->selinux.v || !host->root.v)
		return 0;
	ret->asked = bw_level_pair(level, &ret->number);
	if (!ret->asked && (!hardening->selinux_type || (label && !hardening->selinux_always.v)))
		return 0;
	if (ret->asked)
		bw_level_of_pair(ret->number, text);
	ret->key = key_of(hardening, container, ret->asked ? text : NULL, arena);
	if (!ret->key)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "categories");
	if (!ret->asked)
		ret->number = number_of(ret->key);
	return 1;
}

static int put_level(struct bw_spec *spec, uint32_t number, struct bw_arena *arena, struct bw_err *err)
{
	char text[BW_LEVEL_MAX];

	bw_level_of_pair(number, text);
	spec->hardening->selinux_level = bw_arena_strdup(arena, text);
	return spec->hardening->selinux_level ? 0 : bw_fail(err, BW_E_MEMORY, ENOMEM, "categories");
}

static int take_asked(int root, const struct wish *wish, const char *container, uint32_t *ret, struct bw_err *err)
{
	if (bw_lease_take_from(root, KIND, wish->key, container, wish->number, 1, 0, ret, err) == 0)
		return 0;
	if (err->code != BW_E_HOST)
		return -1;
	bw_fail(err, BW_E_DENIED, 0, "selinuxLabel: another tenant or container of this host has these categories");
	return bw_at(err, "/process/selinuxLabel");
}

int bw_categories_take(struct bw_container *container, struct bw_spec *spec, const struct bw_host *host,
	struct bw_arena *arena, struct bw_err *err)
{
	auto_close int root = -1;
	char name[BW_LEASE_NAME];
	struct wish wish;
	uint32_t number;
	int r;

	if (bw_lease_name(container->dir, name, err) < 0)
		return -1;
	r = wish_of(spec, host, name, arena, &wish, err);
	if (r <= 0)
		return r;
	root = bw_lease_open(err);
	if (root < 0)
		return -1;
	r = wish.asked ? take_asked(root, &wish, name, &number, err)
		       : bw_lease_take(root, KIND, wish.key, name, BW_CATEGORY_PAIRS, wish.number, &number, err);
	if (r < 0 || put_level(spec, number, arena, err) < 0)
		return -1;
	container->state->categories = spec->hardening->selinux_level;
	return 0;
}

int bw_categories_guess(struct bw_spec *spec, const struct bw_host *host, const char *id, struct bw_arena *arena,
	struct bw_err *err)
{
	struct wish wish;
	int r = wish_of(spec, host, id, arena, &wish, err);

	return r <= 0 ? r : put_level(spec, wish.number, arena, err);
}

int bw_categories_release(const struct bw_container *container, struct bw_err *err)
{
	auto_close int root = -1;
	char name[BW_LEASE_NAME];

	if (!container->state || !container->state->categories)
		return 0;
	root = bw_lease_open(err);
	if (root < 0 || bw_lease_name(container->dir, name, err) < 0)
		return -1;
	return bw_lease_release(root, KIND, name, err);
}
