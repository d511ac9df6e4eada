/* SPDX-License-Identifier: Apache-2.0 */
/* in_force.c - see in_force.h. A lock of the kernel's stays; one that is a process can end before the container. */
#include "container/in_force.h"

#include <errno.h>

#include "base/auto.h"
#include "base/str.h"
#include "control/gate.h"
#include "control/keeper.h"
#include "control/witness.h"

static const struct keeper {
	const char *layer; /* how its sentence begins */
	pid_t (*pid)(int state_dir);
	const char *dead;
} keepers[] = {
	{"gate: ", bw_gate_pid, "gate: bulwark-warden has ended: there is no way out any more"},
	{"witness: ", bw_witness_pid, "witness: bulwark-witness has ended: no program can be started any more"},
	{BW_KEEPER_LAYER, bw_keeper_pid, BW_KEEPER_LAYER "bulwark-keeper has ended: nobody does what it did"},
};

/* Why the lock of which layer tells holds no more, or NULL. */
static const char *why_dead(const struct bw_container *container, const char *layer)
{
	for (size_t i = 0; i < BW_COUNT(keepers); i++)
		if (bw_after_prefix(layer, keepers[i].layer) && keepers[i].pid(container->dir) == 0)
			return keepers[i].dead;
	return NULL;
}

int bw_in_force_now(const struct bw_container *container, struct bw_arena *arena, struct bw_strs *ret_layers,
	struct bw_strs *ret_degraded, struct bw_err *err)
{
	const struct bw_state *state = container->state;
	bool over = bw_container_status(container) == BW_STATUS_STOPPED;
	struct bw_strs layers = {0}, degraded = {0};

	for (size_t i = 0; i < state->degraded.n; i++)
		if (bw_strs_add(arena, &degraded, state->degraded.v[i]) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	for (size_t i = 0; i < state->layers.n; i++) {
		const char *dead = over ? NULL : why_dead(container, state->layers.v[i]);

		if (bw_strs_add(arena, dead ? &degraded : &layers, dead ? dead : state->layers.v[i]) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	}
	*ret_layers = layers;
	*ret_degraded = degraded;
	return 0;
}
