/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - building and freezing the list of steps. */
#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { POOL_ALIGN = 8 };

static int grow(void **array, size_t *room, size_t want, size_t elem)
{
	size_t size = *room ? *room : 64;
	void *bigger;

	while (size < want)
		size *= 2;
	if (size == *room)
		return 0;
	bigger = realloc(*array, size * elem);
	if (!bigger)
		return -1;
	*array = bigger;
	*room = size;
	return 0;
}

/* Room for len bytes behind the pool's end, aligned so that structs can be read in place. */
static unsigned char *pool_take(struct bw_plan *plan, size_t len, struct bw_err *err)
{
	size_t at = (plan->pool_len + POOL_ALIGN - 1) & ~(size_t)(POOL_ALIGN - 1);
	void *pool = plan->pool;

	if (plan->frozen || len > BW_PLAN_MAX_POOL || at + len > BW_PLAN_MAX_POOL ||
		plan->n >= BW_PLAN_MAX_STEPS) {
		bw_fail(err, BW_E_INTERNAL, 0, "the plan has more than %d steps or %d bytes",
			BW_PLAN_MAX_STEPS, BW_PLAN_MAX_POOL);
		return NULL;
	}
	if (grow(&pool, &plan->pool_room, at + len, 1) < 0) {
		bw_fail(err, BW_E_MEMORY, ENOMEM, "planning");
		return NULL;
	}
	plan->pool = pool;
	memset(plan->pool + plan->pool_len, 0, at - plan->pool_len);
	plan->pool_len = at + len;
	return plan->pool + at;
}

static int add_step(struct bw_plan *plan, struct bw_step step, struct bw_err *err)
{
	void *steps = plan->steps;

	if (grow(&steps, &plan->room, plan->n + 1, sizeof step) < 0)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "planning");
	plan->steps = steps;
	plan->steps[plan->n++] = step;
	return 0;
}

int bw_plan_add(struct bw_plan *plan, uint16_t control, uint16_t op, enum bw_phase phase,
	const void *data, size_t len, struct bw_err *err)
{
	unsigned char *at = pool_take(plan, len, err);

	if (!at)
		return -1;
	if (len)
		memcpy(at, data, len);
	return add_step(plan,
		(struct bw_step){.control = control,
			.op = op,
			.phase = (uint16_t)phase,
			.off = (uint32_t)(at - plan->pool),
			.len = (uint32_t)len},
		err);
}

int bw_plan_add_text(struct bw_plan *plan, uint16_t control, uint16_t op, enum bw_phase phase,
	const void *head, size_t head_len, const char *text, struct bw_err *err)
{
	size_t text_len = strlen(text) + 1;
	unsigned char *at = pool_take(plan, head_len + text_len, err);

	if (!at)
		return -1;
	if (head_len)
		memcpy(at, head, head_len);
	memcpy(at + head_len, text, text_len);
	return add_step(plan,
		(struct bw_step){.control = control,
			.op = op,
			.phase = (uint16_t)phase,
			.off = (uint32_t)(at - plan->pool),
			.len = (uint32_t)(head_len + text_len)},
		err);
}

int bw_plan_add_parent(struct bw_plan *plan, uint16_t control, uint16_t op, enum bw_phase phase, const void *data,
	size_t len, struct bw_err *err)
{
	if (bw_plan_add(plan, control, op, phase, data, len, err) < 0)
		return -1;
	plan->steps[plan->n - 1].side = BW_SIDE_PARENT;
	return 0;
}

int bw_plan_own_fd(struct bw_plan *plan, int fd, struct bw_err *err)
{
	void *bigger;

	if (plan->fds_n >= BW_PLAN_MAX_FDS) {
		close(fd);
		return bw_fail(
			err, BW_E_SPEC, 0, "more than %d descriptors are needed", BW_PLAN_MAX_FDS);
	}
	bigger = realloc(plan->fds, (plan->fds_n + 1) * sizeof *plan->fds);
	if (!bigger) {
		close(fd);
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "planning");
	}
	plan->fds = bigger;
	plan->fds[plan->fds_n++] = fd;
	return fd;
}

void bw_plan_degrade(struct bw_plan *plan, uint16_t control, const char *why)
{
	struct bw_degraded *entry;

	if (plan->degraded_n >= sizeof plan->degraded / sizeof *plan->degraded)
		return;
	entry = &plan->degraded[plan->degraded_n++];
	entry->control = control;
	snprintf(entry->why, sizeof entry->why, "%s", why);
}

void bw_plan_layer(struct bw_plan *plan, uint16_t control, const char *what)
{
	struct bw_layer *layer;

	if (plan->layers_n >= sizeof plan->layers / sizeof *plan->layers)
		return;
	layer = &plan->layers[plan->layers_n++];
	layer->control = control;
	snprintf(layer->what, sizeof layer->what, "%s", what);
}

/* Stable counting sort by phase: within a phase the order of adding is the order of doing. */
static int sort_steps(struct bw_plan *plan, struct bw_err *err)
{
	struct bw_step *sorted = calloc(plan->n ? plan->n : 1, sizeof *sorted);
	size_t at = 0;

	if (!sorted)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "planning");
	for (unsigned phase = 0; phase < BW_PHASE_COUNT; phase++)
		for (size_t i = 0; i < plan->n; i++)
			if (plan->steps[i].phase == phase)
				sorted[at++] = plan->steps[i];
	free(plan->steps);
	plan->steps = sorted;
	plan->room = plan->n;
	return 0;
}

/* Copies into one mapping that is then read-only: nothing that runs later can change what was
 * decided. */
int bw_plan_freeze(struct bw_plan *plan, struct bw_err *err)
{
	size_t steps_len = plan->n * sizeof *plan->steps;
	size_t pool_at = (steps_len + 63) & ~(size_t)63;
	size_t len = pool_at + plan->pool_len + 1;
	unsigned char *map;

	if (sort_steps(plan, err) < 0)
		return -1;
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return bw_fail(err, BW_E_MEMORY, errno, "planning");
	memcpy(map, plan->steps, steps_len);
	if (plan->pool_len)
		memcpy(map + pool_at, plan->pool, plan->pool_len);
	free(plan->steps);
	free(plan->pool);
	plan->steps = (struct bw_step *)(void *)map;
	plan->pool = map + pool_at;
	plan->pool_room = len; /* of the mapping, for bw_plan_done */
	plan->frozen = true;
	if (mprotect(map, len, PROT_READ) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "mprotect");
	return 0;
}

void bw_plan_close(struct bw_plan *plan)
{
	for (size_t i = 0; i < plan->fds_n; i++)
		close(plan->fds[i]);
	plan->fds_n = 0;
	if (plan->cgroup_fd >= 0)
		close(plan->cgroup_fd);
	plan->cgroup_fd = -1;
}

void bw_plan_done(struct bw_plan *plan)
{
	bw_plan_close(plan);
	free(plan->fds);
	if (plan->frozen) {
		munmap(plan->steps, plan->pool_room);
	} else {
		free(plan->steps);
		free(plan->pool);
	}
	*plan = (struct bw_plan)BW_PLAN_INIT;
}
