/* SPDX-License-Identifier: Apache-2.0 */
/* describe.c - from a decision to a state. */
#include "container/describe.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "container/user_range.h"

static char *now_text(struct bw_arena *arena)
{
	struct timespec now;
	struct tm tm;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	return bw_arena_printf(arena, "%s.%09ldZ", text, now.tv_nsec);
}

static char *absolute_rootfs(const struct bw_spec *spec, const char *bundle, struct bw_arena *arena)
{
	const char *path = spec->root->path;

	return path[0] == '/' ? bw_arena_strdup(arena, path) : bw_arena_printf(arena, "%s/%s", bundle, path);
}

static char *copy(struct bw_arena *arena, const char *text)
{
	return text ? bw_arena_strdup(arena, text) : NULL;
}

/* The init gets ours, unless it has a terminal. Whoever restores it must put others in the place of pipes, which criu
 * knows by these names; other files it finds itself. */
static int name_descriptors(const struct bw_spec *spec, struct bw_arena *arena, struct bw_state *state, struct bw_err *err)
{
	char link[32], name[PATH_MAX];
	bool pipes = false;

	for (int fd = 0; fd < 3 && !(spec->process && spec->process->terminal.v); fd++) {
		ssize_t len;

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		len = readlink(link, name, sizeof name - 1);
		name[len > 0 ? len : 0] = '\0';
		pipes = pipes || bw_after_prefix(name, "pipe:");
		if (bw_strs_add(arena, &state->descriptors, name) < 0)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	}
	if (!pipes)
		state->descriptors = (struct bw_strs){0};
	return 0;
}

int bw_describe_guard(struct bw_state *state, const struct bw_guard *guard, struct bw_arena *arena, struct bw_err *err)
{
	const char *word = bw_guard_word(guard->way);

	state->guard = copy(arena, word);
	return word && !state->guard ? bw_fail(err, BW_E_MEMORY, ENOMEM, "state") : 0;
}

int bw_describe(const struct bw_context *ctx, const char *id, const char *bundle, const struct bw_decision *decision,
	struct bw_preparation *preparation, struct bw_arena *arena, struct bw_state **ret, struct bw_err *err)
{
	const struct bw_spec *spec = decision->hardened;
	struct bw_state *state = bw_arena_alloc(arena, sizeof *state);

	if (!state)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "state");
	state->oci_version = spec->oci_version;
	state->id = copy(arena, id);
	state->bundle = copy(arena, bundle);
	state->rootfs = absolute_rootfs(spec, bundle, arena);
	state->created = now_text(arena);
	state->owner = copy(arena, "");
	state->annotations = spec->annotations;
	state->profile = copy(arena, bw_profile_name(decision->profile));
	state->profile_reason = copy(arena, decision->reason);
	state->private_pids = (struct bw_opt_bool){.set = true, .v = bw_spec_has_new_namespace(spec, "pid")};
	state->host_ids = bw_user_range_first(spec);
	if (spec->hardening) {
		state->audit = spec->hardening->audit;
		state->ttl_ms = spec->hardening->ttl_ms;
		state->grace_ms = spec->hardening->grace_ms;
		state->tenant = spec->hardening->tenant;
		state->session = spec->hardening->session;
		state->backend = spec->hardening->backend;
	}
	if (bw_preparation_name_cgroups(preparation, ctx, spec->linux_->cgroups_path, id, &state->cgroups, err) < 0 ||
		bw_cgroup_check_unused(state->cgroups, err) < 0)
		return -1;
	if (name_descriptors(spec, arena, state, err) < 0)
		return -1;
	*ret = state;
	return 0;
}
