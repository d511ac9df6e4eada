/* SPDX-License-Identifier: Apache-2.0 */
/* spec_update.c - resources that are to change: what a caller means by them, and what a container has when they
 * have been laid over its own. Pure. */
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "spec/spec.h"

/* ---- what is asked ---- */

/* 0 is how callers written in Go say "not set". */
static void forget_zero_int(struct bw_opt_int *number)
{
	if (number->v == 0)
		*number = (struct bw_opt_int){0};
}

static void forget_zero_uint(struct bw_opt_uint *number)
{
	if (number->v == 0)
		*number = (struct bw_opt_uint){0};
}

static void forget_memory(struct bw_spec_memory *memory)
{
	struct bw_opt_int *const members[] = {&memory->limit, &memory->reservation, &memory->swap, &memory->kernel,
		&memory->kernel_tcp};

	for (size_t i = 0; i < BW_COUNT(members); i++)
		forget_zero_int(members[i]);
	/* As on the command line of everybody: no limit of memory is none of swap either. */
	if (memory->limit.v == -1 && !memory->swap.set)
		memory->swap = (struct bw_opt_int){.set = true, .v = -1};
}

/* idle and burst are said with 0, too. */
static void forget_cpu(struct bw_spec_cpu *cpu)
{
	forget_zero_uint(&cpu->shares);
	forget_zero_uint(&cpu->period);
	forget_zero_uint(&cpu->realtime_period);
	forget_zero_int(&cpu->quota);
	forget_zero_int(&cpu->realtime_runtime);
}

void bw_resources_forget_unset(struct bw_spec_resources *resources)
{
	resources->devices.v = NULL;
	resources->devices.n = 0;
	if (resources->memory)
		forget_memory(resources->memory);
	if (resources->cpu)
		forget_cpu(resources->cpu);
	if (resources->block_io) {
		forget_zero_uint(&resources->block_io->weight);
		forget_zero_uint(&resources->block_io->leaf_weight);
	}
}

/* ---- what comes of it ---- */

struct merge {
	struct bw_arena *arena;
	bool out_of_memory;
};

/* The element of list that same() says is about the same thing as element is replaced; else it goes behind. */
static void upsert(struct merge *merge, void *member, const void *element, size_t size,
	bool (*same)(const void *a, const void *b))
{
	struct bw_any_list list;
	unsigned char *room;

	memcpy(&list, member, sizeof list);
	for (size_t i = 0; i < list.n; i++) {
		unsigned char *old = (unsigned char *)list.v + i * size;

		if (same(old, element)) {
			memcpy(old, element, size);
			return;
		}
	}
	room = bw_arena_alloc(merge->arena, bw_arena_room(list.n + 1) * size);
	if (!room) {
		merge->out_of_memory = true;
		return;
	}
	if (list.n)
		memcpy(room, list.v, list.n * size);
	memcpy(room + list.n * size, element, size);
	list = (struct bw_any_list){room, list.n + 1};
	memcpy(member, &list, sizeof list);
}

static bool same_throttle(const void *a, const void *b)
{
	const struct bw_spec_throttle_device *x = a, *y = b;

	return x->major.v == y->major.v && x->minor.v == y->minor.v;
}

static bool same_weight(const void *a, const void *b)
{
	const struct bw_spec_weight_device *x = a, *y = b;

	return x->major.v == y->major.v && x->minor.v == y->minor.v;
}

static bool same_page_size(const void *a, const void *b)
{
	const struct bw_spec_hugepage_limit *x = a, *y = b;

	return bw_streq(x->page_size, y->page_size);
}

static bool same_rdma(const void *a, const void *b)
{
	const struct bw_spec_rdma *x = a, *y = b;

	return bw_streq(x->key, y->key);
}

#define UPSERT_ALL(merge, to, from, same)                                                          \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < (from).n; i_++)                                           \
			upsert(merge, &(to), &(from).v[i_], sizeof *(from).v, same);               \
	} while (0)
#define TAKE(to, from)                                                                             \
	do {                                                                                       \
		if ((from).set)                                                                    \
			(to) = (from);                                                             \
	} while (0)
#define TAKE_TEXT(to, from) ((to) = (from) ? (from) : (to))

static void *own(struct merge *merge, void *object, size_t size)
{
	object = object ? object : bw_arena_alloc(merge->arena, size);
	merge->out_of_memory = merge->out_of_memory || !object;
	return object;
}
#define OWN(merge, member) ((member) = own(merge, (member), sizeof *(member)))

static void merge_memory(struct bw_spec_memory *to, const struct bw_spec_memory *from)
{
	TAKE(to->limit, from->limit);
	TAKE(to->reservation, from->reservation);
	TAKE(to->swap, from->swap);
	TAKE(to->kernel, from->kernel);
	TAKE(to->kernel_tcp, from->kernel_tcp);
	TAKE(to->swappiness, from->swappiness);
	TAKE(to->disable_oom_killer, from->disable_oom_killer);
	TAKE(to->use_hierarchy, from->use_hierarchy);
	TAKE(to->check_before_update, from->check_before_update);
}

static void merge_cpu(struct bw_spec_cpu *to, const struct bw_spec_cpu *from)
{
	TAKE(to->shares, from->shares);
	TAKE(to->quota, from->quota);
	TAKE(to->burst, from->burst);
	TAKE(to->period, from->period);
	TAKE(to->realtime_runtime, from->realtime_runtime);
	TAKE(to->realtime_period, from->realtime_period);
	TAKE(to->idle, from->idle);
	TAKE_TEXT(to->cpus, from->cpus);
	TAKE_TEXT(to->mems, from->mems);
}

static void merge_block_io(struct merge *merge, struct bw_spec_block_io *to, const struct bw_spec_block_io *from)
{
	TAKE(to->weight, from->weight);
	TAKE(to->leaf_weight, from->leaf_weight);
	UPSERT_ALL(merge, to->weight_device, from->weight_device, same_weight);
	UPSERT_ALL(merge, to->read_bps, from->read_bps, same_throttle);
	UPSERT_ALL(merge, to->write_bps, from->write_bps, same_throttle);
	UPSERT_ALL(merge, to->read_iops, from->read_iops, same_throttle);
	UPSERT_ALL(merge, to->write_iops, from->write_iops, same_throttle);
}

struct bw_spec_resources *bw_resources_merge(
	const struct bw_spec_resources *container, const struct bw_spec_resources *asked, struct bw_arena *arena)
{
	static const struct bw_spec_resources none;
	struct merge merge = {.arena = arena};
	struct bw_spec_resources *to =
		bw_schema_copy(&bw_spec_resources_schema, container ? container : &none, arena);
	struct bw_spec_resources *from = to ? bw_schema_copy(&bw_spec_resources_schema, asked, arena) : NULL;

	if (!from)
		return NULL;
	if (from->memory && OWN(&merge, to->memory))
		merge_memory(to->memory, from->memory);
	if (from->cpu && OWN(&merge, to->cpu))
		merge_cpu(to->cpu, from->cpu);
	if (from->pids && OWN(&merge, to->pids))
		TAKE(to->pids->limit, from->pids->limit);
	if (from->block_io && OWN(&merge, to->block_io))
		merge_block_io(&merge, to->block_io, from->block_io);
	UPSERT_ALL(&merge, to->hugepage_limits, from->hugepage_limits, same_page_size);
	UPSERT_ALL(&merge, to->rdma, from->rdma, same_rdma);
	to->network = from->network ? from->network : to->network;
	for (size_t i = 0; i < from->unified.n; i++)
		if (bw_pairs_set(arena, &to->unified, from->unified.v[i].key, from->unified.v[i].value) < 0)
			merge.out_of_memory = true;
	return merge.out_of_memory ? NULL : to;
}
