/* SPDX-License-Identifier: Apache-2.0 */
/* inherit.c - counting and telling. Passing them on is launch/child.c's. */
#include "container/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "container/notify.h"

enum { LISTEN_MAX = 65536 };

/* As sd_listen_fds(3) has it: only those that are meant for this very process. */
static unsigned count_listening(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t number, count;

	if (!pid || !fds || bw_parse_u64(pid, INT32_MAX, &number) < 0 || (pid_t)number != getpid() ||
		bw_parse_u64(fds, LISTEN_MAX, &count) < 0)
		return 0;
	return (unsigned)count;
}

/* What is close-on-exec is our own, such as the log. */
static bool is_callers(unsigned fd)
{
	int flags = fcntl((int)fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

int bw_inherited_count(unsigned preserve, bool listen, struct bw_inherited *ret, struct bw_err *err)
{
	struct bw_inherited inherited = {.listen = listen ? count_listening() : 0};

	for (unsigned i = 0; i < inherited.listen; i++)
		if (!is_callers(3 + i))
			return bw_fail(err, BW_E_USAGE, 0, "LISTEN_FDS is %u, but descriptor %u is not open", inherited.listen, 3 + i);
	inherited.total = inherited.listen + preserve;
	for (unsigned i = 0; i < preserve; i++) {
		unsigned fd = 3 + inherited.listen + i;

		if (!is_callers(fd))
			return bw_fail(err, BW_E_USAGE, ENOENT, "unable to stat preserved-fd %u (of %u): stat /proc/thread-self/fd/%u", i,
				preserve, fd);
	}
	*ret = inherited;
	return 0;
}

static int add_notify_mount(struct bw_spec *spec, const char *directory, struct bw_arena *arena)
{
	static const char *const options[] = {"bind", "nosuid", "noexec", "nodev", "ro"};
	struct bw_spec_mount *mounts = bw_arena_alloc(arena, (spec->mounts.n + 1) * sizeof *mounts);
	struct bw_spec_mount *mount = mounts ? &mounts[spec->mounts.n] : NULL;

	if (!mount)
		return -1;
	if (spec->mounts.n)
		memcpy(mounts, spec->mounts.v, spec->mounts.n * sizeof *mounts);
	mount->destination = bw_arena_strdup(arena, BW_NOTIFY_DIRECTORY);
	mount->type = bw_arena_strdup(arena, "bind");
	mount->source = bw_arena_strdup(arena, directory);
	for (size_t i = 0; i < BW_COUNT(options); i++)
		if (bw_strs_add(arena, &mount->options, options[i]) < 0)
			return -1;
	spec->mounts.v = mounts;
	spec->mounts.n++;
	return mount->destination && mount->type && mount->source ? 0 : -1;
}

static int add_variables(const struct bw_inherited *inherited, struct bw_spec_process *process, struct bw_arena *arena)
{
	struct bw_strs env = {0};
	char text[32];

	for (size_t i = 0; i < process->env.n; i++)
		if (bw_strs_add(arena, &env, process->env.v[i]) < 0)
			return -1;
	if (inherited->notify && bw_strs_add(arena, &env, "NOTIFY_SOCKET=" BW_NOTIFY_SOCKET) < 0)
		return -1;
	snprintf(text, sizeof text, "LISTEN_FDS=%u", inherited->listen);
	if (inherited->listen && (bw_strs_add(arena, &env, text) < 0 || bw_strs_add(arena, &env, "LISTEN_PID=1") < 0))
		return -1;
	process->env = env;
	return 0;
}

int bw_inherited_spec(const struct bw_inherited *inherited, const struct bw_spec *spec, const char *notify_dir,
	struct bw_arena *arena, const struct bw_spec **ret, struct bw_err *err)
{
	struct bw_spec *copy = bw_arena_alloc(arena, sizeof *copy);
	struct bw_spec_process *process = bw_arena_alloc(arena, sizeof *process);

	*ret = spec;
	if (!inherited->listen && !inherited->notify)
		return 0;
	if (!copy || !process)
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "environment");
	*copy = *spec;
	*process = *spec->process;
	copy->process = process;
	if (add_variables(inherited, process, arena) < 0 ||
		(inherited->notify && add_notify_mount(copy, notify_dir, arena) < 0))
		return bw_fail(err, BW_E_MEMORY, ENOMEM, "environment");
	*ret = copy;
	return 0;
}
